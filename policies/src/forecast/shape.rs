//! A course over the day for each kind of day, learned at its half hours. What was not seen yet is
//! borrowed: a first Sunday from the Saturdays and working days before it, a first day from the
//! site file.

use super::calendar::{self, KINDS};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use site::tariff::Calendar;

/// Nodes of a day, in the middles of half hours.
const NODES: usize = 48;
/// The same as a number, and nodes per hour.
const NODES_F: f64 = 48.0;
const PER_HOUR: f64 = NODES_F / 24.0;
/// Days that a node stands for at most; older ones are forgotten, those of rare kinds no sooner
/// than a month.
const DAYS_MAX: [f64; KINDS] = [8.0, 4.0, 4.0];
/// What others say of a node counts like this many days of its own.
const BORROWED_DAYS: f64 = 0.15;
/// A guess with a shape counts like this many days, a flat one like this many.
const GUESS_DAYS: f64 = 0.8;
const FLAT_DAYS: f64 = 0.05;

/// Courses of the day by kind of day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// By kind of day and node: the mean, and the days that it stands for.
    rows: [Vec<(f64, f64)>; KINDS],
    /// The first guess, by hour, and the days that it counts for.
    guess: Vec<f64>,
    guess_days: f64,
}

/// What a shape says of an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Typical {
    /// The value.
    pub(super) value: f64,
    /// How much of it was observed on days of the same kind, 0 to 1.
    pub(super) known: f64,
    /// How much of it is more than a flat guess, 0 to 1.
    pub(super) shaped: f64,
}

impl Default for Shape {
    fn default() -> Self {
        Self::guess(&[0.0; 24])
    }
}

impl Shape {
    /// A first guess by local hour.
    pub(super) fn guess(hours: &[f64; 24]) -> Self {
        let shaped = hours.iter().any(|hour| (hour - hours[0]).abs() > 1e-6);
        let guess_days = if shaped { GUESS_DAYS } else { FLAT_DAYS };
        let empty = || vec![(0.0, 0.0); NODES];
        Self { rows: [empty(), empty(), empty()], guess: hours.to_vec(), guess_days }
    }

    /// What was learned before as hourly means of working days and of others.
    pub(super) fn learned(hours: &[[f64; 24]; 2]) -> Self {
        let mut shape = Self::guess(&hours[0]);
        for (kind, row) in shape.rows.iter_mut().enumerate() {
            for (node, (mean, days)) in row.iter_mut().enumerate() {
                (*mean, *days) = (of_hours(&hours[kind.min(1)], node), 1.0);
            }
        }
        shape
    }

    /// What is usual at an instant: straight lines between the nodes, over midnight too.
    pub(super) fn at(&self, at: Timestamp, calendar: Calendar<'_>) -> Typical {
        let mut typical = Typical { value: 0.0, known: 0.0, shaped: 0.0 };
        for (kind, node, share) in nodes(at, calendar) {
            let one = self.node(kind, node);
            typical.value += share * one.value;
            typical.known += share * one.known;
            typical.shaped += share * one.shaped;
        }
        typical
    }

    /// A node: what it was seen to be, or what is borrowed from others until then.
    fn node(&self, kind: usize, node: usize) -> Typical {
        let (mean, days) = self.rows[kind][node];
        let (pool, weight, guess) = self.pool(kind, node);
        let borrowed = weight / (days + weight);
        Typical {
            value: if days > 0.0 { mean } else { pool },
            known: 1.0 - borrowed,
            shaped: if self.guess_days > FLAT_DAYS { 1.0 } else { 1.0 - borrowed * guess },
        }
    }

    /// What the guess and other kinds of day say of a node, the days that this counts for, and
    /// the share of the guess in it.
    fn pool(&self, kind: usize, node: usize) -> (f64, f64, f64) {
        let guess = of_hours(&self.guess, node);
        let others = (0..KINDS).filter(|other| *other != kind).map(|other| self.rows[other][node]);
        let (mut sum, mut days) = (self.guess_days * guess, self.guess_days);
        for (mean, known) in others {
            sum += known * mean;
            days += known;
        }
        let share = self.guess_days / days;
        (sum / days, share * self.guess_days + (1.0 - share) * BORROWED_DAYS, share)
    }

    /// The mean over a working day.
    pub(super) fn mean(&self) -> f64 {
        (0..NODES).map(|node| self.node(0, node).value).sum::<f64>() / NODES_F
    }

    /// Learns from a value that held for some hours before an instant.
    pub(super) fn observe(
        &mut self,
        at: Timestamp,
        value: f64,
        hours: f64,
        calendar: Calendar<'_>,
    ) {
        let near = nodes(at, calendar).map(|(kind, node, share)| {
            (kind, node, share, self.node(kind, node), self.pool(kind, node).1)
        });
        let miss = value - near.iter().map(|(.., share, own, _)| share * own.value).sum::<f64>();
        for (kind, node, share, own, borrowed) in near {
            let new = share * hours * PER_HOUR;
            if new > 0.0 {
                // A node begins where others would have it, and that counts for some days.
                let (mean, days) = &mut self.rows[kind][node];
                *days = (*days + new).min(DAYS_MAX[kind]);
                *mean = own.value + new / (borrowed + *days) * miss;
            }
        }
    }
}

/// The two nodes next to an instant, by kind of day and place in it, and their shares. Near
/// midnight one is of the day before or after.
fn nodes(at: Timestamp, calendar: Calendar<'_>) -> [(usize, usize, f64); 2] {
    let (date, hour) = calendar::place(calendar, at);
    let place = hour * PER_HOUR - 0.5;
    let lower = place.floor();
    let share = place - lower;
    let one = |place: f64| {
        let (date, place) = if place < 0.0 {
            (neighbour(date, date.yesterday().ok()), NODES_F - 1.0)
        } else if place >= NODES_F {
            (neighbour(date, date.tomorrow().ok()), 0.0)
        } else {
            (date, place)
        };
        (calendar::kind(calendar, date), whole(place))
    };
    let ((kind, node), (next_kind, next_node)) = (one(lower), one(lower + 1.0));
    [(kind, node, 1.0 - share), (next_kind, next_node, share)]
}

/// The calendar's ends have no neighbour; the day itself does as well.
fn neighbour(date: Date, other: Option<Date>) -> Date {
    other.unwrap_or(date)
}

/// A place as an index.
fn whole(place: f64) -> usize {
    (0_u8..48).rfind(|node| f64::from(*node) <= place).map_or(0, usize::from)
}

/// The value at a node of a course given by hourly means: straight lines between the middles of
/// the hours.
fn of_hours(hours: &[f64], node: usize) -> f64 {
    let (hour, late) = (node / 2, node % 2 == 1);
    let other = if late { (hour + 1) % 24 } else { (hour + 23) % 24 };
    0.75 * hours[hour] + 0.25 * hours[other]
}
