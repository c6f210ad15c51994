//! The rows: what goes wrong on one link, where the row comes from, and what has to be seen on each
//! way that bytes travel.

use crate::links::Trouble;
use crate::stand::{ANSWER_MAX, Strike, TIMEOUT, Way};
use regie_sim::modbus::faults::WireFault;
use std::time::Duration;

/// What becomes of the struck unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Its values are lost for the time of the fault, and its last trouble has these words.
    Lost(&'static str),
    /// Nothing.
    Good,
    /// Some answers get through.
    Partly,
    /// The row has no sense on this way, for a reason.
    NotHere(&'static str),
}

/// What a question to the struck unit costs those that come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Costs {
    /// No more than an answer.
    Nothing,
    /// The time for an answer; on serial frames the same again, in which the line is left alone.
    Timeout,
    /// Its five answers, each so much later, and one that was too late.
    Slow(Duration),
    /// The connection; on serial frames an answer is not believed, asked for again, and after both
    /// the line is left alone.
    Connection,
}

/// Which faults of docs/faults.md a row stands for, and what it is called there.
pub(crate) type Name = (&'static str, &'static str);

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: Name,
    pub(crate) strike: Strike,
    costs: Costs,
    /// While the others wait for a slow unit, they are good for at least this share of the time.
    neighbours: f64,
    pub(crate) tcp: Then,
    /// On serial frames, over TCP and on a line.
    pub(crate) frames: Then,
}

impl Row {
    /// Whether the link itself is gone, so that nothing can be demanded of the neighbours of the
    /// struck unit. Over TCP another connection helps.
    pub(crate) fn strikes_link(&self, way: Way) -> bool {
        match &self.strike {
            Strike::Link(trouble) => matches!(trouble, Trouble::Refuses | Trouble::Swallows),
            Strike::Bytes(WireFault::HalfOpen) => way != Way::Tcp,
            _ => false,
        }
    }

    /// Whether the link waits for the struck unit longer than we do. Over TCP another connection
    /// helps.
    pub(crate) fn holds_up(&self, way: Way) -> bool {
        match &self.strike {
            Strike::Bytes(WireFault::Delay { ms }) => {
                way != Way::Tcp && u128::from(*ms) > ANSWER_MAX.as_millis()
            }
            _ => false,
        }
    }

    /// What a question costs: over TCP an answer that is given up costs no more than its timeout.
    pub(crate) fn costs(&self, way: Way) -> Costs {
        match (self.costs, way, self.tcp) {
            (Costs::Slow(_), Way::Tcp, Then::Lost(_)) => Costs::Timeout,
            (costs, ..) => costs,
        }
    }

    /// The least share of the fault's time in which the neighbours of the struck unit are good.
    pub(crate) fn neighbours(&self, way: Way) -> f64 {
        let waited_for = matches!(self.costs(way), Costs::Slow(_)) || self.holds_up(way);
        if waited_for { self.neighbours } else { 1.0 }
    }

    fn with_neighbours(self, least: f64) -> Row {
        Row { neighbours: least, ..self }
    }

    pub(crate) fn then(&self, way: Way) -> Then {
        match (way, &self.strike) {
            (Way::Serial, Strike::Link(Trouble::Refuses | Trouble::Swallows)) => {
                Then::NotHere("a port opens at once or fails at once")
            }
            (Way::Tcp, _) => self.tcp,
            (Way::RtuOverTcp | Way::Serial, _) => self.frames,
        }
    }
}

/// Serial frames have no transaction and no length that could be wrong.
const NO_HEADER: Then = Then::Good;
/// TCP has its checksum below Modbus.
const NO_CHECKSUM: Then = Then::Good;

fn bytes(name: Name, fault: WireFault, costs: Costs, (tcp, frames): (Then, Then)) -> Row {
    Row { name, strike: Strike::Bytes(fault), costs, neighbours: 1.0, tcp, frames }
}

fn link(name: Name, trouble: Trouble, costs: Costs, then: Then) -> Row {
    Row { name, strike: Strike::Link(trouble), costs, neighbours: 1.0, tcp: then, frames: then }
}

fn of_unit(name: Name, strike: Strike, costs: Costs, then: Then) -> Row {
    Row { name, strike, costs, neighbours: 1.0, tcp: then, frames: then }
}

/// Answers of the struck unit come later, and do not hold up the others.
fn late_by(name: Name, ms: u64, tcp: Then, frames: Then) -> Row {
    let strike = Strike::Link(Trouble::Late(Duration::from_millis(ms)));
    Row { name, strike, costs: Costs::Slow(TIMEOUT * 2), neighbours: 1.0, tcp, frames }
}

/// Every answer of the struck unit is so slow, and the others wait for it.
fn slow(name: Name, fault: WireFault, each: Duration, then: (Then, Then)) -> Row {
    bytes(name, fault, Costs::Slow(each), then)
}

fn exception(name: Name, code: u8, words: &'static str) -> Row {
    // On 0A and 0B a unit is left alone; on the others it goes on being asked.
    let fault = WireFault::Exception { code };
    bytes(name, fault, Costs::Nothing, (Then::Lost(words), Then::Lost(words)))
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    [late(), pieces(), closed(), unfit(), refused(), spoiled(), lost(), written()]
        .into_iter()
        .flatten()
        .collect()
}

/// Answers that come too late.
fn late() -> Vec<Row> {
    use Costs::{Connection, Nothing, Timeout};
    use Then::{Good, Lost, Partly};
    const SLOW: &str = "no answer within";
    let delay = |ms| WireFault::Delay { ms };
    let slow = |name, ms| {
        let each = Duration::from_millis(ms).max(TIMEOUT * 2);
        slow(name, delay(ms), each, (Partly, Partly))
    };
    let over = |name, ms| bytes(name, delay(ms), Timeout, (Lost(SLOW), Lost(SLOW)));
    let held = |name, fault| bytes(name, fault, Timeout, (Lost(SLOW), Partly));
    vec![
        bytes(("B C", "slow, and in time"), delay(50), Nothing, (Good, Good)),
        slow(("4 A C", "late answer"), 400),
        slow(("B C", "always slower"), 500),
        slow(("B C", "slow by 0.7 s"), 700),
        slow(("B C", "slow by 0.84 s"), 840).with_neighbours(0.96),
        over(("B C", "slow by 1.4 s"), 1400).with_neighbours(0.96),
        over(("B C", "slower than we wait"), 2000).with_neighbours(0.9),
        held(("4 A C", "answer to A while B waits"), WireFault::UntilNextRequest),
        held(("4 A C", "answers in another order"), WireFault::SwapWithNext),
        late_by(("4 A C", "late, and passed by others"), 700, Partly, Partly),
        late_by(("4 A C", "late by 2.5 s, and passed"), 2500, Lost(SLOW), Partly),
        late_by(("4 A C", "late by 3.9 s, and passed"), 3900, Lost(SLOW), Partly),
        late_by(("4 A C", "late by 7 s, and passed"), 7000, Lost(SLOW), Partly),
        bytes(("4 C", "answer twice"), WireFault::Duplicate, Connection, (Partly, Partly)),
    ]
}

/// Answers in pieces.
fn pieces() -> Vec<Row> {
    use Costs::Nothing;
    use Then::{Good, Lost, Partly};
    const SLOW: &str = "no answer within";
    let drip = |gap_ms| WireFault::Drip { gap_ms };
    let good = |name, gap_ms| bytes(name, drip(gap_ms), Nothing, (Good, Good));
    vec![
        good(("6", "byte by byte"), 0),
        good(("6", "byte by byte, paused"), 1),
        good(("6", "byte by byte, slowly"), 2),
        slow(("D", "half before the timeout"), drip(40), TIMEOUT * 2, (Partly, Partly)),
        slow(("6 D", "byte by byte, for a second"), drip(120), ANSWER_MAX, (Lost(SLOW), Partly))
            .with_neighbours(0.95),
        slow(("6 D", "byte by byte, for two"), drip(200), ANSWER_MAX, (Lost(SLOW), Lost(SLOW)))
            .with_neighbours(0.96),
        link(("6", "one byte at a time"), Trouble::Pieces(1), Nothing, Good),
        link(("6", "in pieces of 7"), Trouble::Pieces(7), Nothing, Good),
        link(("6", "in pieces of 12"), Trouble::Pieces(12), Nothing, Good),
    ]
}

/// The connection ends, or cannot be had.
fn closed() -> Vec<Row> {
    use Costs::{Connection, Timeout};
    use Then::Lost;
    const CLOSED: &str = "closed the connection";
    let (none, some) = (WireFault::Close { after_bytes: 0 }, WireFault::Close { after_bytes: 5 });
    vec![
        bytes(("E", "closes before answering"), none, Connection, (Lost(CLOSED), Lost(""))),
        bytes(("E", "closes within the answer"), some, Connection, (Lost(CLOSED), Lost(""))),
        bytes(
            ("9", "half-open"),
            WireFault::HalfOpen,
            Timeout,
            (Lost("no answer within"), Lost("no answer within")),
        ),
        link(("1", "connection refused"), Trouble::Refuses, Connection, Lost("refused")),
        link(
            ("2", "attempt to connect swallowed"),
            Trouble::Swallows,
            Connection,
            Lost("timed out"),
        ),
    ]
}

/// Answers that do not fit their questions.
fn unfit() -> Vec<Row> {
    use Costs::Connection;
    use Then::Lost;
    const UNFIT: &str = "the answer does not fit";
    const SLOW: &str = "no answer within";
    let of = |name, fault| bytes(name, fault, Connection, (Lost(UNFIT), Lost(UNFIT)));
    let transaction = |name, add| {
        bytes(name, WireFault::Transaction { add }, Connection, (Lost(UNFIT), NO_HEADER))
    };
    let length = |name, length| {
        bytes(name, WireFault::HeaderLength { length }, Connection, (Lost(UNFIT), NO_HEADER))
    };
    vec![
        of(("F", "one register too few"), WireFault::Registers { more: -1 }),
        of(("F", "one register too many"), WireFault::Registers { more: 1 }),
        of(("F", "many registers too many"), WireFault::Registers { more: 120 }),
        transaction(("5 I", "wrong transaction"), 1),
        transaction(("5 I", "wrong transaction, the last"), 0xFFFF),
        of(("5 I", "another unit, a neighbour"), WireFault::Unit { add: 1 }),
        of(("5 I", "another unit, the one before"), WireFault::Unit { add: 0xFF }),
        of(("5 I", "another unit, nobody"), WireFault::Unit { add: 90 }),
        of(("5 I", "another function of reading"), WireFault::Function { code: 4 }),
        // Serial frames end where their function says: this one has no end that is right.
        bytes(
            ("5 I", "another function of writing"),
            WireFault::Function { code: 16 },
            Connection,
            (Lost(UNFIT), Lost(SLOW)),
        ),
        length(("7", "length 0"), 0),
        length(("7", "length 1"), 1),
        length(("7", "length 255"), 255),
        length(("7 G", "length 65535"), 0xFFFF),
    ]
}

/// Exceptions.
fn refused() -> Vec<Row> {
    vec![
        exception(("8", "exception 01"), 1, "exception 0x01"),
        exception(("8", "exception 02"), 2, "exception 0x02"),
        exception(("8", "exception 03"), 3, "exception 0x03"),
        exception(("8", "exception 04"), 4, "exception 0x04"),
        exception(("8 H", "exception 06, busy"), 6, "exception 0x06"),
        exception(("8 H", "exception 0A, no path"), 0x0A, "exception 0x0A"),
        exception(("8 H", "exception 0B, no target"), 0x0B, "exception 0x0B"),
    ]
}

/// Bytes that nobody sent.
fn spoiled() -> Vec<Row> {
    use Costs::{Connection, Timeout};
    use Then::{Lost, Partly};
    const SLOW: &str = "no answer within";
    let noise = || vec![0x00, 0xFF, 0x13, 0x01];
    vec![
        bytes(("J", "wrong checksum"), WireFault::Checksum, Timeout, (NO_CHECKSUM, Lost(SLOW))),
        bytes(
            ("J", "one bit wrong"),
            WireFault::FlipBit { bit: 29 },
            Timeout,
            (Then::NotHere("TCP has its checksum below Modbus"), Lost(SLOW)),
        ),
        bytes(
            ("6 D", "the end of it is missing"),
            WireFault::Truncate { bytes: 8 },
            Timeout,
            (Lost(SLOW), Partly),
        ),
        bytes(
            ("6 D", "only half of it"),
            WireFault::Truncate { bytes: 4 },
            Timeout,
            (Lost(SLOW), Lost(SLOW)),
        ),
        bytes(
            ("J", "noise before"),
            WireFault::NoiseBefore { bytes: noise() },
            Connection,
            (Lost(""), Partly),
        ),
        bytes(
            ("J", "noise after"),
            WireFault::NoiseAfter { bytes: noise() },
            Connection,
            (Partly, Partly),
        ),
        bytes(("5", "the line's own echo"), WireFault::Echo, Connection, (Lost(""), Partly)),
    ]
}

/// Silence.
fn lost() -> Vec<Row> {
    use Costs::Timeout;
    const SLOW: &str = "no answer within";
    let then = Then::Lost(SLOW);
    vec![
        bytes(("3", "never answers"), WireFault::LoseRequest, Timeout, (then, then)),
        bytes(("3", "answers are lost"), WireFault::LoseAnswer, Timeout, (then, then)),
        of_unit(("3", "deaf"), Strike::Deaf, Timeout, then),
    ]
}

/// Writes that are not what they seem.
fn written() -> Vec<Row> {
    use Costs::{Nothing, Timeout};
    use Then::{Good, Partly};
    vec![
        of_unit(("13", "acknowledged, not applied"), Strike::Ignores, Nothing, Good),
        link(("14", "applied, reply lost"), Trouble::LosesWriteAnswers, Timeout, Partly),
        link(("14", "write lost"), Trouble::LosesWrites, Timeout, Partly),
    ]
}
