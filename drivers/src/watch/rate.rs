//! Changes that are too fast to be true: a spike, a word read half before and half after.

use super::{AGREEING, Doubted, Reading};

/// What is remembered of a point with a fastest change.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    /// In the unit used inside per second.
    max: f64,
    believed: Option<Reading>,
    doubted: Option<Doubted>,
}

impl Rate {
    /// Nothing was read yet: the first reading is believed, whatever it is. When it was a spike,
    /// three later ones that agree set it right.
    pub(super) const fn new(max: f64) -> Self {
        Self { max, believed: None, doubted: None }
    }

    /// Whether a reading is believed. What may have changed grows with the time since the last
    /// believed one, so a level is believed at once after a long gap. `step` is one step of the
    /// registers, which is never too fast.
    pub(super) fn see(&mut self, reading: Reading, step: f64) -> bool {
        let max = self.max;
        let agrees = |other: Reading| within(max, other, reading, step);
        if self.believed.is_none_or(agrees) {
            self.believe(reading);
            return true;
        }
        let doubted = Doubted::next(self.doubted, reading, agrees);
        self.doubted = Some(doubted);
        if doubted.agreeing >= AGREEING {
            self.believe(reading);
        }
        doubted.agreeing >= AGREEING
    }

    /// A reading without value.
    pub(super) const fn interrupt(&mut self) {
        self.doubted = None;
    }

    const fn believe(&mut self, reading: Reading) {
        self.believed = Some(reading);
        self.doubted = None;
    }
}

/// Whether one reading can follow another. Half a millionth is forgiven, for what is not exact in
/// binary.
pub(super) fn within(max: f64, from: Reading, to: Reading, step: f64) -> bool {
    let seconds = to.at.since(from.at).as_secs_f64();
    (to.value - from.value).abs() <= (max * seconds + step) * (1.0 + 0.5e-6)
}
