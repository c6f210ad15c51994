//! A commune that stands still: devices that answer Modbus over streams in memory, and stay as they
//! are whatever is written to them.

use drivers::connect::{BoxedStream, Connect};
use regie::load::{Loaded, load};
use site::model::Endpoint;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Devices that are what these registers say, whatever is written.
pub(crate) struct Still;

impl Connect for Still {
    fn connect<'a>(
        &'a self,
        endpoint: &'a Endpoint,
    ) -> Pin<Box<dyn Future<Output = io::Result<BoxedStream>> + Send + 'a>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (_, port) = endpoint.host_and_port().expect("an address");
        tokio::spawn(answer(theirs, port));
        Box::pin(async move { Ok(Box::new(ours) as BoxedStream) })
    }
}

/// Answers requests until the other end is gone.
async fn answer(mut stream: DuplexStream, port: u16) {
    let mut header = [0; 7];
    while stream.read_exact(&mut header).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([header[4], header[5]])) - 1;
        let mut request = vec![0; length];
        if stream.read_exact(&mut request).await.is_err() {
            return;
        }
        let reply = reply(&request, (port, header[6]));
        let length = u16::try_from(reply.len() + 1).expect("a frame is short").to_be_bytes();
        header[4..6].copy_from_slice(&length);
        if stream.write_all(&[&header[..], &reply].concat()).await.is_err() {
            return;
        }
    }
}

fn reply(request: &[u8], device: (u16, u8)) -> Vec<u8> {
    let word = |at: usize| u16::from_be_bytes([request[at], request[at + 1]]);
    let (code, first, count) = (request[0], word(1), word(3));
    match code {
        1 | 2 => {
            let bytes = count.div_ceil(8);
            let mut reply = vec![code, u8::try_from(bytes).expect("few")];
            reply.resize(2 + usize::from(bytes), 0);
            // P3 is in remote.
            if (code, device, first) == (2, (15103, 3), 0) && count > 1 {
                reply[2] = 0b10;
            }
            reply
        }
        3 | 4 => {
            let mut reply = vec![code, u8::try_from(2 * count).expect("few")];
            let registers = first..first + count;
            reply.extend(registers.flat_map(|at| register(device, code, at).to_be_bytes()));
            reply
        }
        // Writes are echoed, and change nothing.
        _ => request[..5].to_vec(),
    }
}

/// P1 runs, P2 and P3 stand, all in remote. Tanks and meters show what they show; inverters and
/// cabinets say nothing that makes sense.
fn register(device: (u16, u8), code: u8, at: u16) -> u16 {
    let float = |number: f32| {
        let bits = number.to_bits();
        let halves = [bits >> 16, bits & 0xffff];
        halves.get(usize::from(at)).map_or(0, |half| u16::try_from(*half).expect("half"))
    };
    match (device, code) {
        ((15101, 1), 4) if at == 0 => 0b11,
        ((15102, 1), 4) if at == 0 => 0b10,
        ((15111, 1), 4) => float(2.5),
        ((15111, 2), 4) => float(5.0),
        ((15121, 2 | 3), 4) => float(180.0),
        _ => 0,
    }
}

/// The shipped commune, with a cycle of four seconds.
pub(crate) fn commune() -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let mut loaded = load(&path).expect("the example has no findings");
    let mut site = (*loaded.site).clone();
    (site.pace.cycle, site.pace.poll) = (Duration::from_secs(4), Duration::from_secs(1));
    site.pace.observe_cycles = 1;
    loaded.site = Arc::new(site);
    loaded
}
