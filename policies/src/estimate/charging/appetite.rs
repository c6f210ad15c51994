//! What a vehicle takes of the current that it is offered: it has one phase or three, and charges
//! with 16 A or 32 A for each, and says neither.

use serde::{Deserialize, Serialize};
use site::asset::Charger;
use site::plan::Draw;
use site::units::Power;

/// Two looks at a current that differs by less than this have seen the same one, A: a vehicle
/// follows within seconds, and looks are a cycle apart.
const SAME: f64 = 0.5;
/// Below this share of what it took for each ampere before, a vehicle does not follow any more.
const FOLLOWS: f64 = 0.9;
/// Vehicles that follow are trusted to go on up to this current, A: the usual ones charge with
/// 16 A (11 kW on three phases).
const USUAL: f64 = 16.0;

/// What was seen of one vehicle: nothing at first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct Appetite {
    /// The current offered at the last look, A.
    offered: Option<f64>,
    /// The most power that was taken for one ampere, W/A; zero before it charged.
    per_ampere: f64,
    /// The highest current that it followed, A.
    followed: f64,
    /// What it took when it last did not follow, W.
    stopped_at: Option<f64>,
}

impl Appetite {
    /// Takes in a current offered, A, and the power that is taken, W; none while it rests.
    pub(super) fn observe(&mut self, charger: &Charger, offered: f64, power: f64) {
        let before = self.offered.replace(offered);
        let still = before.is_some_and(|before| (before - offered).abs() < SAME);
        if !still || offered < charger.min_current.get() || power <= 0.0 {
            return;
        }
        self.per_ampere = self.per_ampere.max(power / offered);
        if power < FOLLOWS * self.per_ampere * offered {
            self.stopped_at = Some(power);
            return;
        }
        self.followed = self.followed.max(offered);
        self.stopped_at = self.stopped_at.filter(|watts| *watts >= power);
    }

    /// What to reckon with; none before it has charged.
    pub(super) fn draw(&self, charger: &Charger) -> Option<Draw> {
        if self.per_ampere <= 0.0 {
            return None;
        }
        let amperes = self.followed.max(USUAL).min(charger.max_current.get());
        let most = self.stopped_at.unwrap_or(self.per_ampere * amperes);
        Some(Draw { most: Power::new(most), per_ampere: self.per_ampere })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::bench::site;

    fn after(looks: &[(f64, f64)]) -> Option<(f64, f64)> {
        let charger = &site().chargers[0];
        let mut appetite = Appetite::default();
        for &(offered, power) in looks {
            appetite.observe(charger, offered, power);
        }
        let draw = appetite.draw(charger)?;
        Some((draw.most.get(), draw.per_ampere))
    }

    #[test]
    fn nothing_is_known_before_it_has_charged_at_a_current_for_two_looks() {
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[(10.0, 0.0), (10.0, 0.0)]), None, "it rests");
        assert_eq!(after(&[(6.0, 4140.0), (10.0, 4140.0)]), None, "it has not followed yet");
        assert_eq!(after(&[(0.0, 500.0), (0.0, 500.0)]), None, "it is not offered anything");
    }

    #[test]
    fn one_phase_and_three_are_told_apart() {
        let three = after(&[(10.0, 6900.0), (10.0, 6900.0)]);
        assert_eq!(three, Some((690.0 * 16.0, 690.0)));
        let one = after(&[(10.0, 2300.0), (10.0, 2300.0)]);
        assert_eq!(one, Some((230.0 * 16.0, 230.0)));
        let more = after(&[(20.0, 4600.0), (20.0, 4600.0)]);
        assert_eq!(more, Some((4600.0, 230.0)), "it follows beyond what is usual");
    }

    #[test]
    fn what_it_does_not_follow_is_the_most_until_it_takes_more() {
        let full = [(10.0, 6900.0), (10.0, 6900.0), (20.0, 11_040.0), (20.0, 11_040.0)];
        assert_eq!(after(&full), Some((11_040.0, 690.0)));
        let tapers = [&full[..], &[(20.0, 5000.0)]].concat();
        assert_eq!(after(&tapers), Some((5000.0, 690.0)), "it is almost full");
        let less = [&full[..], &[(8.0, 5520.0), (8.0, 5520.0)]].concat();
        assert_eq!(after(&less), Some((11_040.0, 690.0)), "it could take more");
        let wakes = [&tapers[..], &[(16.0, 11_040.0), (16.0, 11_040.0)]].concat();
        assert_eq!(after(&wakes), Some((11_040.0, 690.0)), "it takes more again");
        // First seen at more than it takes: it looks like less per ampere until it is offered less.
        let first = [(32.0, 11_040.0), (32.0, 11_040.0), (16.0, 11_040.0), (16.0, 11_040.0)];
        assert_eq!(after(&first).map(|(_, per_ampere)| per_ampere), Some(690.0));
    }
}
