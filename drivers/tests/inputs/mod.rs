//! What the fuzzer throws at the drivers: bytes instead of an answer, registers instead of values,
//! text instead of a profile. None of it may panic, take much memory, or give a value that is not
//! in the bytes. `make fuzz` looks for such inputs; those of `tests/corpus` are tried in each run
//! of the tests.

mod serial_frame;

use drivers::profile::{self, Table};
use drivers::raw::{Content, Raw};
use drivers::{BoxedStream, Clock, Connect};
use futures::future::BoxFuture;
use serial_frame::sealed;
use site::Value;
use site::model::{Endpoint, SerialLine};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// No input of a few kilobytes may make the drivers take more than this, in bytes.
pub(crate) const MEMORY_MAX: usize = 64 << 20;

/// A peer that answers each request with the given bytes.
struct Peer {
    answer: Vec<u8>,
    /// Cuts the answer into pieces of this length.
    piece: usize,
    rtu: bool,
    /// Gives the answer the request's transaction number, or the right CRC.
    fit: bool,
}

impl Connect for Peer {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let (answer, piece, rtu, fit) = (self.answer.clone(), self.piece, self.rtu, self.fit);
        tokio::spawn(async move {
            let mut request = [0; 12];
            let length = if rtu { 8 } else { 12 };
            while theirs.read_exact(&mut request[..length]).await.is_ok() {
                for piece in fitted(&answer, &request, rtu, fit).chunks(piece) {
                    if theirs.write_all(piece).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
        Box::pin(async move { Ok(Box::new(ours) as BoxedStream) })
    }
}

fn fitted(answer: &[u8], request: &[u8], rtu: bool, fit: bool) -> Vec<u8> {
    let mut bytes = answer.to_vec();
    match (fit, rtu) {
        (true, true) => return sealed(answer),
        (true, false) if bytes.len() >= 2 => bytes[..2].copy_from_slice(&request[..2]),
        _ => {}
    }
    bytes
}

/// Bytes instead of an answer, over TCP and RTU: whatever is read stands in them.
pub(crate) fn frames(data: &[u8]) {
    let &[how, piece, count, ref answer @ ..] = data else { return };
    let (rtu, fit, bits) = (how & 1 == 1, how & 2 == 2, how & 4 == 4);
    let count = u16::from(count).clamp(1, 125);
    let peer = Peer { answer: answer.to_vec(), piece: usize::from(piece).max(1), rtu, fit };
    let endpoint = if rtu {
        Endpoint::Serial { path: "/dev/line".into(), line: SerialLine::default() }
    } else {
        Endpoint::Tcp { host: "peer".into(), port: 502 }
    };
    let table = if bits { Table::Discrete } else { Table::Input };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let read = runtime.block_on(async {
        let mut raw = Raw::new(endpoint, Arc::new(peer), Clock::system());
        raw.read(7, table, (0, count), Duration::from_secs(1)).await
    });
    let Ok(reading) = read else { return };
    match reading.content {
        Content::Registers(words) => {
            assert_eq!(words.len(), usize::from(count));
            let mut body = vec![7, 4, u8::try_from(words.len() * 2).expect("at most 250")];
            body.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            assert!(contains(answer, &body), "{body:?} is not in {answer:?}");
        }
        Content::Bits(flags) => {
            assert_eq!(flags.len(), usize::from(count));
            let mut body = vec![7, 2, u8::try_from(flags.len().div_ceil(8)).expect("at most 16")];
            let found = answer.windows(body.len()).any(|window| window == body);
            body.clear();
            assert!(found, "no such answer in {answer:?}");
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

const KINDS: [&str; 14] = [
    "u16",
    "i16",
    "u32",
    "i32",
    "u64",
    "i64",
    "f32",
    "f64",
    "bcd16",
    "bcd32",
    "bcd64",
    "text, length: 3",
    "bit, bit: 9",
    "bits, bit: 3, count: 5",
];

/// Registers instead of values: a value that is read and can be written says the same again.
pub(crate) fn registers(data: &[u8]) {
    let &[kind, order, scale, exponent, ref rest @ ..] = data else { return };
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let scale = ["1", "0.1", "0.001", "-2.5", "1e9", "1e-9"][usize::from(scale) % 6];
    let plain = kind.starts_with("text") || kind.starts_with("bit");
    let low_word_first = order & 1 == 1;
    let scaled = if plain {
        String::new()
    } else {
        format!(", scale: {scale}, low_word_first: {low_word_first}")
    };
    let text = format!(
        "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n  \
         a: {{holding: 0, kind: {kind}, swap_bytes: {}{scaled}}}\n",
        order & 2 == 2,
    );
    let profile = profile::read(&text, Path::new("fuzz.yaml")).expect("a profile without findings");
    let point = &profile.points[0];
    let words = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let words: Vec<u16> = words.collect();
    let exponent = i32::from(exponent.cast_signed()) % 11;
    let width = usize::from(point.encoding.kind.width());
    for words in [&words[..], words.get(..width).unwrap_or_default()] {
        let Ok(Value::Number(value)) = point.decode(words, exponent) else { continue };
        assert!(value.is_finite());
        let Ok(again) = point.encode(value, exponent) else { continue };
        let back = point.decode(&again, exponent).ok().and_then(|value| value.number());
        let back = back.expect("what was written can be read");
        let grain = value.abs() * 1e-6;
        assert!((back - value).abs() <= grain, "{value} became {back} in {text}");
    }
}

/// Text instead of a profile: findings, or a profile whose points can be decoded.
pub(crate) fn profiles(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match profile::read(text, Path::new("fuzz.yaml")) {
        Err(findings) => {
            assert!(!findings.is_empty(), "a refusal says why");
            for finding in findings {
                assert!(!finding.to_string().is_empty());
            }
        }
        Ok(profile) => {
            for point in &profile.points {
                let words = vec![0x1234; usize::from(point.encoding.kind.width())];
                let _ = point.decode(&words, 0);
            }
        }
    }
}
