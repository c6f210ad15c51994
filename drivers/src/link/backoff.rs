//! How long a link waits after a failure, and what failed, in words.

use std::io;
use std::time::Duration;

/// The first pause after a failed connection; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause between two attempts to connect, before jitter.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What broke, in words. For a peer that closed, the client library hands out whatever error the
/// operating system reported last, so only the kinds that a stream itself gives are believed.
pub(super) fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::InvalidData => {
            error.to_string()
        }
        io::ErrorKind::ConnectionAborted if error.get_ref().is_some() => error.to_string(),
        _ => "the device closed the connection".into(),
    }
}

/// Whether an error comes from the bytes of an answer and not from the connection. A frame with
/// nothing in it ends too early for the client library's decoder; a connection that ends has other
/// kinds.
pub(super) fn is_misfit(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Why an answer does not fit, in words.
pub(super) fn misfit(error: &tokio_modbus::Error) -> String {
    use tokio_modbus::ProtocolError::{FunctionCodeMismatch, HeaderMismatch};
    match error {
        tokio_modbus::Error::Transport(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it ends too early".into()
        }
        tokio_modbus::Error::Transport(error) => error.to_string(),
        tokio_modbus::Error::Protocol(HeaderMismatch { .. }) => {
            "it belongs to another transaction or unit".into()
        }
        tokio_modbus::Error::Protocol(FunctionCodeMismatch { .. }) => {
            "it belongs to another function".into()
        }
    }
}

/// The pause after so many failures: doubling, and up to a quarter longer by the seed.
pub(super) fn pause(failures: u32, seed: u64) -> Duration {
    let doubled = PAUSE_MIN * 2u32.saturating_pow(failures.saturating_sub(1).min(16));
    let pause = doubled.min(PAUSE_MAX);
    let share = u32::from(mixed(seed, failures).to_le_bytes()[0]);
    pause + pause * share / 1024
}

/// A number that looks random and is the same in every run.
fn mixed(seed: u64, step: u32) -> u64 {
    let mut mixed = seed ^ u64::from(step).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 29)
}

/// A seed from a name: the same in every run and on every machine (FNV-1a).
pub(crate) fn seed(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_differ_between_links() {
        let pauses: Vec<u64> = (1..=9).map(|n| pause(n, seed("pump1")).as_secs()).collect();
        for (pause, least) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!((least..=least * 5 / 4 + 1).contains(pause), "{pauses:?}");
        }
        assert_ne!(pause(7, seed("pump1")), pause(7, seed("pump2")));
        assert_eq!(pause(7, seed("pump1")), pause(7, seed("pump1")));
    }
}
