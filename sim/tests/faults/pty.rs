//! A few rows on real time, over pairs of pseudo-terminals: all at once, each on a line of its own.

#[path = "../interop/process.rs"]
#[expect(dead_code, reason = "the tests next door also need ports and other programs")]
mod process;

use crate::run::misfit;
use crate::stand::{MAX_AGE, POLL, STRUCK, UNITS, clock, device, endpoint, millis, name};
use crate::unit::{LIMIT, PLAIN, STAMPED, Telling, telling};
use drivers::{Clock, Field, Live};
use futures::future::join_all;
use process::Line;
use regie_sim::modbus::faults::{
    FaultEvent, FaultPlan, FaultyLine, Framing, When, WireFault, carry,
};
use regie_sim::modbus::{Bus, RtuLine, UnknownUnit, open_serial, serve_rtu};
use site::{Mono, PointId};
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

/// What happens on a line, and whether the neighbours of the struck unit go on as if nothing was.
fn rows() -> Vec<(&'static str, Option<WireFault>, bool)> {
    let noise = vec![0x00, 0xFF, 0x13, 0x01];
    [
        ("late answer", WireFault::Delay { ms: 400 }, true),
        ("slower than we wait", WireFault::Delay { ms: 2000 }, false),
        ("answer to A while B waits", WireFault::UntilNextRequest, true),
        ("byte by byte, slowly", WireFault::Drip { gap_ms: 2 }, true),
        ("answer twice", WireFault::Duplicate, true),
        ("one register too many", WireFault::Registers { more: 1 }, true),
        ("another unit, a neighbour", WireFault::Unit { add: 1 }, true),
        ("another function of writing", WireFault::Function { code: 16 }, true),
        ("wrong checksum", WireFault::Checksum, true),
        ("only half of it", WireFault::Truncate { bytes: 4 }, true),
        ("noise before", WireFault::NoiseBefore { bytes: noise }, true),
        ("the line's own echo", WireFault::Echo, true),
        ("never answers", WireFault::LoseRequest, true),
    ]
    .into_iter()
    .map(|(name, fault, alone)| (name, Some(fault), alone))
    .chain([("no fault", None, true)])
    .collect()
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
    let profile = telling();
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
        for point in STAMPED.map(|(name, _)| name).into_iter().chain([PLAIN.0, LIMIT]) {
            let id = PointId::try_from(format!("{}.{point}", name(unit))).expect("a point");
            let at = snapshot.sample(&id).expect("it is a point").at;
            match snapshot.number(&id) {
                None => seen.bad_at_end.push(id.to_string()),
                Some(value) => {
                    let what = misfit(unit, point, value, (at, now));
                    seen.wrong.extend(what.map(|what| format!("{id} {what}")));
                }
            }
            if point == STAMPED[0].0
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
    let rows = rows();
    let cells = rows.iter().map(|(_, fault, _)| tokio::spawn(cell(fault.clone())));
    let seen = join_all(cells).await;
    let mut findings = Vec::new();
    for ((name, fault, alone), seen) in rows.into_iter().zip(seen) {
        let seen = seen.expect("no panic");
        let share = seen.good.map(|good| f64::from(good) / f64::from(seen.looks));
        println!(
            "pty {name:30} wrong {} good {share:.2?} gaps {:.2?}",
            seen.wrong.len(),
            seen.gaps
        );
        let Seen { wrong, bad_at_end, gaps, .. } = &seen;
        let mut demand = |holds: bool, what: String| {
            if !holds {
                findings.push(format!("{name}: {what}"));
            }
        };
        demand(wrong.is_empty(), format!("wrong values: {wrong:?}"));
        demand(bad_at_end.is_empty(), format!("not good again: {bad_at_end:?}"));
        let lost = matches!(
            fault,
            Some(
                WireFault::Registers { .. }
                    | WireFault::Unit { .. }
                    | WireFault::Function { .. }
                    | WireFault::Checksum
                    | WireFault::Truncate { .. }
                    | WireFault::LoseRequest
            )
        );
        demand(!lost || gaps[1] >= TO - FROM - POLL, "the fault was not noticed".to_owned());
        // With a fault a neighbour waits for the time of an answer, and as long again in which the
        // line is left alone, and comes up to half a period earlier otherwise.
        let most = if fault.is_some() { MAX_AGE } else { POLL + POLL / 2 };
        let longest = gaps[0].max(gaps[2]);
        demand(!alone || longest <= most, format!("a neighbour was not read for {longest:?}"));
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
