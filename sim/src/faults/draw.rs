//! A plan from a seed. Each kind of trouble has a generator of its own, so that one more kind
//! leaves what the others do alone.

use super::plan::{Event, FaultPlan, FileTrouble, Trouble};
use crate::field::Fault;
use crate::modbus::faults::WireFault;
use crate::plant::Chance;
use jiff::{Timestamp, ToSpan};
use regie::load::Loaded;
use site::external::Direction;
use site::{DeviceId, Site};

/// The year in which runs begin.
const YEAR: &str = "2026-01-01T00:00:00Z";
/// How often a device is struck in an hour, on average, by its wire and by itself.
const STRUCK_PER_HOUR: f64 = 0.5;
/// How often something happens to the host in an hour, on average.
const HOST_PER_HOUR: f64 = 0.5;
/// How often somebody takes a hand in it in an hour, on average.
const HANDS_PER_HOUR: f64 = 1.0;
/// The most events of one kind.
const EVENTS_MAX: usize = 40;

/// The plan of a seed for a site: so many cycles, of which the last sixth is left to heal.
#[must_use]
pub fn draw(loaded: &Loaded, seed: u64, cycles: u32) -> FaultPlan {
    let site = &loaded.site;
    let mut chance = Chance::new(seed, "faults: start");
    let year: Timestamp = YEAR.parse().expect("an instant");
    let hours = chance.between(24.0, 8700.0).round();
    let start = year.saturating_add(SPAN_OF_AN_HOUR.hours()).expect("in range");
    let start = site::time::add_seconds(start, hours * 3600.0);
    let healed_cycles = (cycles / 6).max(1).min(cycles);
    let faulty_cycles = cycles - healed_cycles;
    let span_s = f64::from(faulty_cycles) * site.pace.cycle.as_secs_f64();
    let mut events = Vec::new();
    for device in &site.devices {
        events.extend(of_device(&device.id, seed, span_s));
    }
    events.extend(of_host(site, seed, span_s));
    events.extend(of_hands(loaded, seed, span_s));
    events.retain(|event| f64::from(event.end_s()) <= span_s);
    events.sort_by_key(|event| (event.at_s, event.for_s));
    FaultPlan { seed, start, faulty_cycles, healed_cycles, events }
}

/// The first hour of a year is left out: nothing is recorded before it.
const SPAN_OF_AN_HOUR: i64 = 1;

/// Draws as many events as happen in a span, each made by `make`.
fn several(
    chance: &mut Chance,
    (per_hour, span_s): (f64, f64),
    mut make: impl FnMut(&mut Chance) -> (f64, Trouble),
) -> Vec<Event> {
    let count = chance.count(per_hour * span_s / 3600.0, EVENTS_MAX);
    (0..count)
        .map(|_| {
            let at = chance.between(0.0, span_s);
            let (length, trouble) = make(chance);
            Event { at_s: whole(at), for_s: whole(length), trouble }
        })
        .collect()
}

fn of_device(device: &DeviceId, seed: u64, span_s: f64) -> Vec<Event> {
    let rate = (STRUCK_PER_HOUR / 2.0, span_s);
    let mut chance = Chance::new(seed, &format!("faults: wire of {device}"));
    let mut events = several(&mut chance, rate, |chance| {
        let alone = chance.happens(0.7);
        let trouble = Trouble::Wire { device: device.clone(), alone, fault: wire(chance) };
        (length(chance, 600.0), trouble)
    });
    let mut chance = Chance::new(seed, &format!("faults: {device}"));
    events.extend(several(&mut chance, rate, |chance| {
        let device = device.clone();
        let fault = match chance.pick(&[2.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0]) {
            0 => Fault::Silent,
            1 => Fault::Refuse,
            2 => Fault::Local,
            3 => Fault::Stuck,
            4 => Fault::Blind,
            5 => Fault::Deaf,
            _ => return (0.0, Trouble::Reboot { device }),
        };
        (length(chance, 900.0), Trouble::Device { device, fault })
    }));
    events
}

/// How long something lasts, s: most of it short, some of it long.
fn length(chance: &mut Chance, mean: f64) -> f64 {
    chance.log_normal(mean, 1.0).max(1.0)
}

fn wire(chance: &mut Chance) -> WireFault {
    let byte = |chance: &mut Chance| u8::try_from(whole(chance.between(0.0, 255.0))).unwrap_or(0);
    match chance.pick(&[1.0; 16]) {
        0 => WireFault::LoseRequest,
        1 => WireFault::LoseAnswer,
        2 => WireFault::Delay { ms: u64::from(whole(chance.between(100.0, 8000.0))) },
        3 => WireFault::UntilNextRequest,
        4 => WireFault::SwapWithNext,
        5 => WireFault::Duplicate,
        6 => WireFault::Truncate { bytes: usize::from(byte(chance) / 8) },
        7 => WireFault::Drip { gap_ms: u64::from(whole(chance.between(0.0, 200.0))) },
        8 => WireFault::Transaction { add: 1 },
        9 => WireFault::Unit { add: byte(chance).max(1) },
        10 => WireFault::Registers { more: if chance.happens(0.5) { 1 } else { -1 } },
        11 => WireFault::HeaderLength { length: u16::from(byte(chance)) },
        12 => WireFault::Exception { code: [1, 2, 3, 4, 6, 10, 11][chance.pick(&[1.0; 7])] },
        13 => WireFault::HalfOpen,
        14 => WireFault::Close { after_bytes: usize::from(byte(chance) / 16) },
        _ => WireFault::Function { code: 4 },
    }
}

fn of_host(site: &Site, seed: u64, span_s: f64) -> Vec<Event> {
    let rate = (HOST_PER_HOUR, span_s);
    let mut chance = Chance::new(seed, "faults: host");
    let cycle = site.pace.cycle.as_secs_f64();
    several(&mut chance, rate, |chance| match chance.pick(&[2.0, 1.0, 1.0, 3.0, 2.0]) {
        0 => {
            let by = [-86_400.0, -3600.0, -30.0, 30.0, 3600.0, 86_400.0, -1.6e9];
            let by = by[chance.pick(&[1.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0])];
            (length(chance, 900.0), Trouble::SetClock { by_s: seconds(by) })
        }
        1 => (length(chance, 600.0).min(7200.0), Trouble::Suspend),
        2 => (length(chance, 3.0 * cycle), Trouble::Stall),
        3 => {
            let file = match chance.pick(&[4.0, 1.0, 1.0]) {
                0 => FileTrouble::Whole,
                1 => {
                    let left = u16::try_from(whole(chance.between(0.0, 1000.0))).unwrap_or(0);
                    FileTrouble::TornJournal(left)
                }
                _ => FileTrouble::FlippedByte(whole(chance.between(0.0, 1e6))),
            };
            let wakes = whole(chance.between(0.0, 200.0));
            (length(chance, 60.0), Trouble::Kill { wakes, file })
        }
        _ => (length(chance, 1200.0), Trouble::DiskFull),
    })
}

fn of_hands(loaded: &Loaded, seed: u64, span_s: f64) -> Vec<Event> {
    let mut chance = Chance::new(seed, "faults: hands");
    let order = |device: &DeviceId| {
        let run = loaded.profiles.get(device)?.commands.get("run")?;
        Some(format!("{device}.{}", run.writes.first()?.point))
    };
    let motors: Vec<String> =
        loaded.site.pumps.iter().filter_map(|pump| order(&pump.device)).collect();
    let mut events = several(&mut chance, (HANDS_PER_HOUR, span_s), |chance| {
        if chance.happens(0.3) || motors.is_empty() {
            let direction = if chance.happens(0.5) { Direction::Export } else { Direction::Import };
            let trouble = Trouble::Limit { direction, kw: chance.between(0.0, 60.0).round() };
            return (length(chance, 900.0), trouble);
        }
        let point = motors[chance.pick(&vec![1.0; motors.len()])].clone();
        let value = if chance.happens(0.5) { "1" } else { "0" };
        (0.0, Trouble::ByHand { point, value: value.into() })
    });
    // Two people who do not know of each other.
    let again: Vec<Event> = events
        .iter()
        .filter_map(|event| {
            let Trouble::ByHand { point, value } = &event.trouble else { return None };
            let value = if value == "1" { "0" } else { "1" }.to_owned();
            let trouble = Trouble::ByHand { point: point.clone(), value };
            chance.happens(0.5).then(|| Event { at_s: event.at_s + 5, for_s: 0, trouble })
        })
        .collect();
    events.extend(again);
    events
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held within the range before"
)]
fn whole(number: f64) -> u32 {
    number.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "at most fifty years")]
fn seconds(number: f64) -> i64 {
    number.round() as i64
}
