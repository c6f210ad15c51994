//! The rows, and what holds in each cell.

use crate::{STRUCK, Seen, run};
use regie_sim::modbus::faults::WireFault;

/// The kinds of link.
const TCP: &str = "tcp://struck:502";
const RTU_OVER_TCP: &str = "rtu+tcp://struck:502";
const SERIAL: &str = "serial:///dev/struck?baud=19200&parity=even";
const LINKS: [&str; 3] = [TCP, RTU_OVER_TCP, SERIAL];

/// Whether a row is told from a good answer, so that the unit it strikes cannot be good meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The unit is lost for the time of the fault.
    Lost,
    /// The answers are good all the same.
    Good,
    /// Some answers get through.
    Either,
}

/// Every fault, with what becomes of the unit over TCP and on serial frames.
fn rows() -> Vec<(WireFault, Then, Then)> {
    use Then::{Either, Good, Lost};
    let noise = vec![0x00, 0xFF, 0x13, 0x01];
    vec![
        (WireFault::LoseRequest, Lost, Lost),
        (WireFault::LoseAnswer, Lost, Lost),
        (WireFault::Delay { ms: 50 }, Good, Good),
        (WireFault::Delay { ms: 700 }, Either, Either),
        (WireFault::Delay { ms: 1400 }, Either, Either),
        (WireFault::UntilNextRequest, Lost, Either),
        (WireFault::SwapWithNext, Lost, Either),
        (WireFault::Duplicate, Either, Either),
        (WireFault::Truncate { bytes: 4 }, Lost, Lost),
        (WireFault::Truncate { bytes: 8 }, Lost, Either),
        (WireFault::Drip { gap_ms: 0 }, Good, Good),
        (WireFault::Drip { gap_ms: 1 }, Good, Good),
        (WireFault::Drip { gap_ms: 200 }, Either, Either),
        (WireFault::Transaction { add: 1 }, Lost, Good),
        (WireFault::Transaction { add: 0xFFFF }, Lost, Good),
        (WireFault::Unit { add: 1 }, Lost, Lost),
        (WireFault::Unit { add: 0xFF }, Lost, Lost),
        (WireFault::Function { code: 4 }, Lost, Lost),
        (WireFault::Function { code: 0x10 }, Lost, Lost),
        (WireFault::Registers { more: -1 }, Lost, Lost),
        (WireFault::Registers { more: 1 }, Lost, Lost),
        (WireFault::Registers { more: 120 }, Lost, Lost),
        (WireFault::HeaderLength { length: 0 }, Lost, Good),
        (WireFault::HeaderLength { length: 1 }, Lost, Good),
        (WireFault::HeaderLength { length: 255 }, Lost, Good),
        (WireFault::HeaderLength { length: 0xFFFF }, Lost, Good),
        (WireFault::Exception { code: 0x06 }, Lost, Lost),
        (WireFault::Exception { code: 0x0A }, Lost, Lost),
        (WireFault::Exception { code: 0x0B }, Lost, Lost),
        (WireFault::Exception { code: 0x02 }, Lost, Lost),
        (WireFault::Checksum, Good, Lost),
        (WireFault::NoiseBefore { bytes: noise.clone() }, Lost, Either),
        (WireFault::NoiseAfter { bytes: noise }, Either, Either),
        (WireFault::Echo, Lost, Either),
        (WireFault::HalfOpen, Lost, Either),
        (WireFault::Close { after_bytes: 0 }, Lost, Lost),
        (WireFault::Close { after_bytes: 5 }, Lost, Lost),
    ]
}

fn assert_cell(
    (link, fault, unit): (&str, &WireFault, Option<u8>),
    then: Then,
    seen: &Seen,
    usual: &Seen,
) {
    let cell = format!("{link} {fault:?}: {seen:#?}");
    assert!(seen.wrong.is_empty(), "a value reached a wrong point: {cell}");
    assert!(seen.bad_at_end.is_empty(), "not good again: {cell}");
    assert_eq!(seen.other_reads, usual.other_reads, "another link lost reads: {cell}");
    assert_eq!(seen.other_failed, 0, "{cell}");
    // Half-open is the connection, not the unit: on serial frames a silent unit looks the same, and
    // the line is opened anew only after some silence of its units.
    let whole = matches!(fault, WireFault::HalfOpen) && link != TCP;
    if unit == Some(STRUCK) && !whole {
        let neighbours = [seen.good[0], seen.good[2]];
        assert!(neighbours.iter().all(|share| *share > 0.95), "the neighbours lose: {cell}");
    }
    let share = seen.good[usize::from(STRUCK) - 1];
    match then {
        // Samples stay good until they are too old, and come back a while before we look again.
        Then::Lost => assert!(share < 0.25, "the fault was not noticed: {cell}"),
        Then::Good => assert!(share >= 1.0, "the fault should do no harm: {cell}"),
        Then::Either => {}
    }
}

/// One kind of link with every row, on one unit of it and on all.
async fn rows_of(link: &str) {
    let usual = run(link, None, None).await;
    assert!(usual.good.iter().all(|share| *share >= 1.0), "{usual:#?}");
    for (fault, over_tcp, on_serial) in rows() {
        let then = if link == TCP { over_tcp } else { on_serial };
        for unit in [Some(STRUCK), None] {
            let seen = run(link, Some(&fault), unit).await;
            println!(
                "{link:45} {:32} {} good {:.2} {:.2} {:.2}, reads {}, failed {}, reconnects {}",
                format!("{fault:?}"),
                if unit.is_some() { "one" } else { "all" },
                seen.good[0],
                seen.good[1],
                seen.good[2],
                seen.struck.reads_ok,
                seen.struck.reads_failed,
                seen.struck.reconnects,
            );
            assert_cell((link, &fault, unit), then, &seen, &usual);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn over_tcp() {
    rows_of(LINKS[0]).await;
}

#[tokio::test(start_paused = true)]
async fn as_serial_frames_over_tcp() {
    rows_of(LINKS[1]).await;
}

#[tokio::test(start_paused = true)]
async fn on_a_serial_line() {
    rows_of(LINKS[2]).await;
}
