//! Counters that begin anew: what is shown is a total that never goes back.
//!
//! The total begins as what the device shows, so that people find the number of the display again.
//! What is added to it by rollovers and resets lasts as long as the daemon runs. It is not kept
//! over a restart: while nobody looked, the device may have been exchanged or its counter set, and
//! a number carried over would then be wrong for ever and nobody could see why. Whoever compares
//! totals over a restart of the daemon takes a fall for a new beginning, as Prometheus does with
//! counters.

use super::rate::within;
use super::{AGREEING, Doubted, Reading};

/// A counter is about to be full in the last tenth of its span, and has just begun anew in the
/// first.
const NEAR: f64 = 0.1;

/// Where a counter begins, and how much it holds until it begins anew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) begin: f64,
    pub(super) modulus: f64,
}

/// What is remembered of one counter.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    max_rate: Option<f64>,
    /// What the device showed last, as far as it is believed.
    last: Option<Reading>,
    /// What is added to that.
    base: f64,
    /// The total shown last.
    total: f64,
    doubted: Option<Doubted>,
    rollovers: u64,
    resets: u64,
}

impl Counter {
    /// Nothing was read yet.
    pub(super) const fn new(max_rate: Option<f64>) -> Self {
        Self {
            max_rate,
            last: None,
            base: 0.0,
            total: f64::NEG_INFINITY,
            doubted: None,
            rollovers: 0,
            resets: 0,
        }
    }

    /// The total after a reading; `None` while the reading is not believed. `step` is how far the
    /// counter may tremble.
    pub(super) fn see(&mut self, reading: Reading, step: f64, span: Option<Span>) -> Option<f64> {
        let Some(last) = self.last else { return Some(self.count_on(reading)) };
        let gain = reading.value - last.value;
        if gain >= 0.0 && self.possible(gain, last, reading, step) {
            return Some(self.count_on(reading));
        }
        if gain < 0.0 && -gain <= step {
            self.doubted = None;
            return Some(self.total);
        }
        if let Some(Span { modulus, .. }) = span.filter(|span| span.wraps(last, reading))
            && self.possible(gain + modulus, last, reading, step)
        {
            self.base += modulus;
            self.rollovers += 1;
            return Some(self.count_on(reading));
        }
        self.doubt(last, reading, step)
    }

    /// A reading without value.
    pub(super) const fn interrupt(&mut self) {
        self.doubted = None;
    }

    /// How often it began anew because it was full.
    pub(super) const fn rollovers(&self) -> u64 {
        self.rollovers
    }

    /// How often it began anew otherwise.
    pub(super) const fn resets(&self) -> u64 {
        self.resets
    }

    /// A drop, or a jump that is too fast. One such reading is more often a mistake than the truth
    /// (devices show zero while they start), so it is believed when three in a row agree.
    fn doubt(&mut self, last: Reading, reading: Reading, step: f64) -> Option<f64> {
        let agrees = |before: Reading| {
            let gain = reading.value - before.value;
            gain >= -step && self.possible(gain, before, reading, step)
        };
        let doubted = Doubted::next(self.doubted, reading, agrees);
        self.doubted = Some(doubted);
        if doubted.agreeing < AGREEING {
            return None;
        }
        self.resets += 1;
        // A small number has been counted since the counter began anew at zero. Any other is
        // where an exchanged meter began, or what a device remembered that lost its last hours:
        // nothing of it was counted here, and the total goes on from where it was.
        let anew = reading.value >= 0.0
            && reading.value < last.value * NEAR
            && self.possible(reading.value, last, reading, step);
        self.base += if anew { last.value } else { last.value - reading.value };
        Some(self.count_on(reading))
    }

    /// Whether so much can have been counted between two readings.
    fn possible(&self, gain: f64, from: Reading, to: Reading, step: f64) -> bool {
        let (from, to) = (Reading { value: 0.0, ..from }, Reading { value: gain, ..to });
        self.max_rate.is_none_or(|max| within(max, from, to, step))
    }

    /// The sum of large numbers is rounded, and even so the total never goes back.
    fn count_on(&mut self, reading: Reading) -> f64 {
        self.last = Some(reading);
        self.doubted = None;
        self.total = self.total.max(self.base + reading.value);
        self.total
    }
}

impl Span {
    /// Whether a counter that was about to be full has just begun anew. One that has shown more
    /// than it is said to hold does not end there.
    fn wraps(self, from: Reading, to: Reading) -> bool {
        let part = |reading: Reading| (reading.value - self.begin) / self.modulus;
        (1.0 - NEAR..1.0).contains(&part(from)) && (0.0..NEAR).contains(&part(to))
    }
}
