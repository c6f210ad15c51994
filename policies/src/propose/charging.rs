//! From the plan's power to a charger's current.

use jiff::Timestamp;
use site::asset::Charger;
use site::plan::{Draw, Session, Step};
use site::time::seconds_between;
use site::units::{Current, Power};

/// A session is urgent when what is still wanted takes more than this share of the time left.
const URGENT_SHARE: f64 = 0.75;
/// Powers below this are none, W.
const NOTHING: f64 = 1.0;
/// A vehicle that is to take all it was seen to take is offered this much more: it may take that
/// too, and nobody would know otherwise.
const MORE: f64 = 1.25;
/// That is when the plan asks for this share of it.
const ALL: f64 = 0.97;

/// The current for the power that is planned in a step: a pause below half of the least one, at
/// least the least above it. An urgent session is rounded up, to whole amperes and to the least
/// current.
pub(super) fn current(
    charger: &Charger,
    (planned, step): (Power, &Step),
    session: Option<&Session>,
    now: Timestamp,
) -> Current {
    let urgent = session.is_some_and(|session| is_urgent(charger, session, now));
    let draw = session.map_or_else(|| Draw::unseen(charger), |session| session.draw_at(charger));
    let share = session.map_or(1.0, |session| there(session, step));
    let power = planned.max(Power::ZERO) * (1.0 / share);
    let wanted = draw.current_for(power);
    let (least, most) = (charger.min_current, charger.max_current);
    if planned.get() < NOTHING || (!urgent && wanted.get() < least.get() / 2.0) {
        return Current::ZERO;
    }
    let seen = session.is_some_and(|session| session.draw.is_some());
    let all = seen && power.get() >= ALL * draw.most.get();
    let offered = if all { wanted * MORE } else { wanted };
    let rounded = if urgent { Current::new(offered.get().ceil()) } else { offered };
    rounded.max(least).min(most)
}

/// The share of a step for which a vehicle stays: the plan's power is a mean over the whole step.
fn there(session: &Session, step: &Step) -> f64 {
    let stays = seconds_between(step.start, session.departure.min(step.end));
    let share = stays / seconds_between(step.start, step.end).max(1.0);
    if share > 0.0 { share.min(1.0) } else { 1.0 }
}

fn is_urgent(charger: &Charger, session: &Session, now: Timestamp) -> bool {
    let left = seconds_between(now, session.departure).max(1.0) / 3600.0;
    session.wanted.get() > URGENT_SHARE * left * session.draw_at(charger).most.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::bench::site;
    use site::plan::Basis;
    use site::time::add_seconds;
    use site::units::Energy;

    const START: &str = "2026-01-13T10:00:00Z";

    /// The current for a planned power of a quarter hour, for a vehicle that stays some minutes,
    /// wants some energy and was seen to take so much, kW and W/A.
    fn amperes(planned: f64, stays: f64, wanted: f64, draw: Option<(f64, f64)>) -> f64 {
        let start: Timestamp = START.parse().expect("a fixture");
        let step = Step { start, end: add_seconds(start, 900.0) };
        let seen = |(most, per_ampere)| Draw { most: Power::from_kw(most), per_ampere };
        let session = Session {
            arrival: start,
            departure: add_seconds(start, 60.0 * stays),
            wanted: Energy::from_kwh(wanted),
            basis: Basis::Measured,
            draw: draw.map(seen),
        };
        let planned = (Power::from_kw(planned), &step);
        current(&site().chargers[0], planned, Some(&session), start).get()
    }

    #[test]
    fn before_it_charged_a_vehicle_is_taken_for_one_with_all_phases() {
        assert!((amperes(6.9, 300.0, 5.0, None) - 10.0).abs() < 1e-9);
        assert!(amperes(2.0, 300.0, 5.0, None).abs() < 1e-9, "below half of the least: a pause");
        assert!((amperes(3.0, 300.0, 5.0, None) - 6.0).abs() < 1e-9, "above it: the least");
    }

    #[test]
    fn one_phase_takes_three_times_the_current() {
        let one_phase = Some((7.36, 230.0));
        assert!((amperes(2.3, 300.0, 5.0, one_phase) - 10.0).abs() < 1e-9);
        assert!((amperes(7.36, 300.0, 5.0, one_phase) - 32.0).abs() < 1e-9);
    }

    #[test]
    fn who_takes_all_that_was_seen_is_offered_more() {
        let three = Some((11.04, 690.0));
        assert!((amperes(11.04, 300.0, 20.0, three) - 20.0).abs() < 1e-9);
        assert!((amperes(9.66, 300.0, 20.0, three) - 14.0).abs() < 1e-9, "not when it is paced");
    }

    #[test]
    fn a_vehicle_that_leaves_within_the_step_gets_its_energy_before() {
        let three = Some((11.04, 690.0));
        // 2.3 kW over a quarter of an hour in a third of it.
        assert!((amperes(2.3, 5.0, 0.575, three) - 10.0).abs() < 1e-9);
    }
}
