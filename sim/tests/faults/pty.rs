//! A few rows on real time, over pairs of pseudo-terminals: all at once, each on a line of its own.

#[path = "../interop/process.rs"]
#[expect(dead_code, reason = "the tests next door also need ports and other programs")]
mod process;

use crate::points::{FIRST, Points, misfit};
use crate::rows::{Row, Then, rows};
use crate::stand::{
    MAX_AGE, POLL, STRUCK, Strike, UNITS, Way, clock, device, endpoint, millis, name, point,
};
use crate::unit::Telling;
use drivers::{Clock, Field, Live};
use futures::future::join_all;
use process::Line;
use regie_sim::modbus::faults::{
    FaultEvent, FaultPlan, FaultyLine, Framing, When, WireFault, carry,
};
use regie_sim::modbus::{Bus, RtuLine, UnknownUnit, open_serial, serve_rtu};
use site::Mono;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::duplex;

const BAUD: u32 = 19_200;
/// A busy machine hands bytes over with pauses that a line does not have.
const GAP: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_millis(50);
/// The fault's begin and end, and ours.
const FROM: Duration = Duration::from_secs(5);
const TO: Duration = Duration::from_secs(12);
const END: Duration = Duration::from_secs(27);

/// Which rows of the matrix.
const ROWS: [&str; 13] = [
    "late answer",
    "slower than we wait",
    "answer to A while B waits",
    "byte by byte, slowly",
    "answer twice",
    "one register too many",
    "another unit, a neighbour",
    "another function of writing",
    "wrong checksum",
    "only half of it",
    "noise before",
    "the line's own echo",
    "never answers",
];
const POINTS: Points = Points::Stamped;

fn chosen() -> Vec<Row> {
    let chosen: Vec<Row> = rows().into_iter().filter(|row| ROWS.contains(&row.name.1)).collect();
    assert_eq!(chosen.len(), ROWS.len(), "each of them is a row of the matrix");
    chosen
}

fn fault(row: &Row) -> WireFault {
    let Strike::Bytes(fault) = &row.strike else { panic!("{row:?} is not of bytes") };
    fault.clone()
}

/// The far end: units behind the faults, behind a terminal.
fn serve(line: &Line, clock: &Clock, fault: Option<WireFault>) {
    let bus = Bus::new(UnknownUnit::Silent);
    for unit in UNITS {
        bus.insert(unit, Telling::new(unit, clock));
    }
    let when = When::Between { from_ms: millis(FROM), to_ms: millis(TO) };
    let event = |fault| FaultEvent { when, unit: Some(STRUCK), fault };
    let faulty = FaultyLine::new(
        FaultPlan { events: fault.map(event).into_iter().collect() },
        clock.clone(),
    );
    let rtu = RtuLine::serial(BAUD).with_gap(GAP);
    let port = open_serial(&line.far(), BAUD).expect("socat made it");
    let (ours, theirs) = duplex(4096);
    tokio::spawn(serve_rtu(theirs, bus, rtu));
    tokio::spawn(carry(port, ours, Framing::Rtu(rtu), faulty));
}

/// What was seen on one line.
#[derive(Debug, Default)]
struct Seen {
    wrong: Vec<String>,
    /// Looks during the fault, and those at which all points of each unit were good.
    looks: u32,
    good: [u32; 3],
    /// The longest time between two answers of each unit.
    gaps: [Duration; 3],
    bad_at_end: Vec<String>,
}

async fn cell(fault: Option<WireFault>) -> Seen {
    let clock = clock();
    let line = Line::pair().await;
    serve(&line, &clock, fault);
    let path = line.near();
    let endpoint = endpoint(&format!("serial://{}?baud={BAUD}&parity=even", path.display()));
    let profile = POINTS.profile();
    let devices = UNITS.iter().map(|unit| device(&name(*unit), &endpoint, *unit, &profile));
    let field = Field::start(devices.collect(), Arc::new(Live::default()), clock.clone());
    let mut seen = Seen::default();
    let mut read = [None::<Mono>; 3];
    while clock.now().mono.since_start() < END {
        clock.sleep(LOOK).await;
        look(&field, &clock, &mut seen, &mut read);
    }
    field.stop().await;
    seen
}

fn look(field: &Field, clock: &Clock, seen: &mut Seen, read: &mut [Option<Mono>; 3]) {
    let snapshot = field.freeze(clock.now());
    let now = snapshot.now.mono;
    let struck = (FROM..TO).contains(&now.since_start());
    seen.looks += u32::from(struck);
    seen.bad_at_end.clear();
    for (n, unit) in UNITS.into_iter().enumerate() {
        let bad_before = seen.bad_at_end.len();
        for (it, says) in POINTS.each() {
            let id = point(&name(unit), it);
            let at = snapshot.sample(&id).expect("it is a point").at;
            match snapshot.number(&id) {
                None => seen.bad_at_end.push(id.to_string()),
                Some(value) => {
                    let what = misfit(unit, *says, value, (at, now));
                    seen.wrong.extend(what.map(|what| format!("{id} {what}")));
                }
            }
            if *it == FIRST
                && let Some(last) = read[n].replace(at).filter(|last| *last > Mono::default())
            {
                seen.gaps[n] = seen.gaps[n].max(at.since(last));
            }
        }
        seen.good[n] += u32::from(struck && seen.bad_at_end.len() == bad_before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_pseudo_terminals() {
    let rows: Vec<Option<Row>> = chosen().into_iter().map(Some).chain([None]).collect();
    let cells = rows.iter().map(|row| tokio::spawn(cell(row.as_ref().map(fault))));
    let seen = join_all(cells).await;
    let mut findings = Vec::new();
    for (row, seen) in rows.iter().zip(seen) {
        let seen = seen.expect("no panic");
        let name = row.as_ref().map_or("no fault", |row| row.name.1);
        let share = seen.good.map(|good| f64::from(good) / f64::from(seen.looks));
        println!(
            "pty {name:30} wrong {} good {share:.2?} gaps {:.2?}",
            seen.wrong.len(),
            seen.gaps
        );
        let found = seen.findings(row.as_ref());
        findings.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

impl Seen {
    fn findings(&self, row: Option<&Row>) -> Vec<String> {
        let Seen { wrong, bad_at_end, gaps, .. } = self;
        let mut found = Vec::new();
        let mut demand = |holds: bool, what: String| {
            if !holds {
                found.push(what);
            }
        };
        demand(wrong.is_empty(), format!("wrong values: {wrong:?}"));
        demand(bad_at_end.is_empty(), format!("not good again: {bad_at_end:?}"));
        let lost = row.is_some_and(|row| matches!(row.then(Way::Serial), Then::Lost(_)));
        demand(!lost || gaps[1] >= TO - FROM - POLL, "the fault was not noticed".to_owned());
        // With a fault a neighbour waits for the time of an answer, and as long again in which the
        // line is left alone, and comes up to half a period earlier otherwise.
        let most = if row.is_some() { MAX_AGE } else { POLL + POLL / 2 };
        let longest = gaps[0].max(gaps[2]);
        let held = |row: &Row| row.strikes_link(Way::Serial) || row.holds_up(Way::Serial);
        let alone = !row.is_some_and(held);
        demand(!alone || longest <= most, format!("a neighbour was not read for {longest:?}"));
        found
    }
}
