//! Points whose values say where they belong, and some of them when they were told.

use crate::stand::{ANSWER_MAX, MAX_AGE};
use drivers::profile::{self, Profile};
use site::Mono;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Which points the units have. They are far apart, so that each is a question of its own, and
/// their answers look alike from outside: the worst case for lines without transaction numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Points {
    /// Two answers of two registers look alike, and two of one; a third of two differs by its
    /// function alone. What is late shows by the instant at which it was told.
    Stamped,
    /// Three answers of one register look alike.
    Alike,
}

/// What the value of a point says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Its place in the first register, and in the second when it was told.
    Stamp(u16),
    /// Its place.
    Place(u16),
    /// Its place in the first register, and the next place in the second.
    Places(u16),
    /// What the unit was told to do.
    Limit,
}

/// A point that all units have, whichever points they have: how long it is not read is measured.
pub(crate) const FIRST: &str = "a";
/// Where the point is that is written, among holding registers.
pub(crate) const LIMIT_AT: u16 = 300;
/// Input registers have their places from here on, to tell them from holding registers.
pub(crate) const INPUTS_FROM: u16 = 500;

const STAMPED: &str = "
  a: {holding: 0, kind: u32}
  b: {holding: 100, kind: u32}
  c: {input: 0, kind: u32}
  d: {holding: 200, kind: u16}
";
const ALIKE: &str = "
  a: {holding: 0, kind: u16}
  b: {holding: 10, kind: u16}
  wide: {holding: 400, kind: u32}
";
const LIMIT: &str = "
  limit: {holding: 300, kind: u16, access: read-write, write_function: single}
commands:
  limit:
    write: [{point: limit, value: percent}]
    confirm: [{point: limit, equals: percent, tolerance: 0.5}]
    settle: 1 s
";

impl Points {
    pub(crate) const ALL: [Points; 2] = [Points::Stamped, Points::Alike];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Points::Stamped => "stamped",
            Points::Alike => "alike",
        }
    }

    /// Their names and what they say.
    pub(crate) fn each(self) -> &'static [(&'static str, Says)] {
        match self {
            Points::Stamped => &[
                (FIRST, Says::Stamp(0)),
                ("b", Says::Stamp(100)),
                ("c", Says::Stamp(INPUTS_FROM)),
                ("d", Says::Place(200)),
                ("limit", Says::Limit),
            ],
            Points::Alike => &[
                (FIRST, Says::Place(0)),
                ("b", Says::Place(10)),
                ("wide", Says::Places(400)),
                ("limit", Says::Limit),
            ],
        }
    }

    pub(crate) fn profile(self) -> Arc<Profile> {
        let (word, points) = match self {
            Points::Stamped => (self.word(), STAMPED),
            Points::Alike => (self.word(), ALIKE),
        };
        let text = format!(
            "profile: {word}\nversion: 1\ndescription: values that say where they belong\n\
             first_address: 0\nmax_gap: 0\npoints:{}{}",
            points.trim_end(),
            LIMIT,
        );
        let read = profile::read(&text, Path::new("telling.yaml"));
        Arc::new(read.unwrap_or_else(|findings| panic!("{findings:?}")))
    }
}

/// The grain of the instants.
const TICK: Duration = Duration::from_millis(100);
/// Instants are counted from here on, so that none is the place of a unit up to 29.
const TICKS_FROM: u16 = 30_000;

/// The place of a register, as its value says it: different for all points of up to 200 units.
pub(crate) fn place(unit: u8, address: u16) -> u16 {
    u16::from(unit).wrapping_mul(1000).wrapping_add(address)
}

/// An instant as a register says it.
pub(crate) fn ticks(now: Mono) -> u16 {
    let ticks = now.since_start().as_millis() / TICK.as_millis();
    TICKS_FROM + u16::try_from(ticks).expect("a run is shorter than half an hour")
}

/// What is wrong with the value of a good sample, which was taken `at` and is looked at `now`; none
/// when it is the point's own, and young enough.
pub(crate) fn misfit(unit: u8, says: Says, value: f64, (at, now): (Mono, Mono)) -> Option<String> {
    match says {
        Says::Stamp(address) => misfit_of_stamp(place(unit, address), value, (at, now)),
        Says::Place(address) => unlike(value, f64::from(place(unit, address))),
        Says::Places(address) => {
            let [first, second] = [address, address + 1].map(|it| u32::from(place(unit, it)));
            unlike(value, f64::from((first << 16) + second))
        }
        Says::Limit => {
            // Each unit is told limits of a ten of its own; before the first it has zero.
            let ten = f64::from(unit) * 10.0;
            let fits = value < 0.5 || (ten..ten + 10.0).contains(&value);
            (!fits).then(|| format!("shows {value}"))
        }
    }
}

fn unlike(value: f64, own: f64) -> Option<String> {
    ((value - own).abs() >= 0.5).then(|| format!("shows {value}, not {own}"))
}

fn misfit_of_stamp(own: u16, value: f64, (at, now): (Mono, Mono)) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, reason = "two registers make 32 bits")]
    #[expect(clippy::cast_sign_loss, reason = "an unsigned point")]
    let bits = value as u32;
    let [high, more, low, least] = bits.to_be_bytes();
    let (found, ticks) = (u16::from_be_bytes([high, more]), u16::from_be_bytes([low, least]));
    if found != own {
        return Some(format!("shows the value of {found}, not of {own}"));
    }
    let Some(ticks) = ticks.checked_sub(TICKS_FROM) else {
        return Some(format!("shows {ticks} where an instant should be"));
    };
    let told = Mono::new(TICK * u32::from(ticks));
    if told > at {
        return Some(format!("was taken {at:?}, and told only at {told:?}"));
    }
    let (on_its_way, old) = (at.since(told), now.since(told));
    let in_time = on_its_way <= ANSWER_MAX + TICK && old <= MAX_AGE + ANSWER_MAX + TICK;
    (!in_time).then(|| format!("was told {on_its_way:?} before it was taken"))
}
