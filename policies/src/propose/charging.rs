//! From the plan's power to a charger's current.

use jiff::Timestamp;
use site::asset::Charger;
use site::plan::Session;
use site::time::seconds_between;
use site::units::{Current, Power};

/// A session is urgent when what is still wanted takes more than this share of the time left.
const URGENT_SHARE: f64 = 0.75;
/// Powers below this are none, W.
const NOTHING: f64 = 1.0;

/// The current for a planned power: a pause below half of the least one, at least the least above
/// it. An urgent session is rounded up, to whole amperes and to the least current.
pub(super) fn current(
    charger: &Charger,
    planned: Power,
    session: Option<&Session>,
    now: Timestamp,
) -> Current {
    let urgent = session.is_some_and(|session| is_urgent(charger, session, now));
    let wanted = charger.current_at(planned.max(Power::ZERO));
    let (least, most) = (charger.min_current, charger.max_current);
    if planned.get() < NOTHING || (!urgent && wanted.get() < least.get() / 2.0) {
        return Current::ZERO;
    }
    let rounded = if urgent { Current::new(wanted.get().ceil()) } else { wanted };
    rounded.max(least).min(most)
}

fn is_urgent(charger: &Charger, session: &Session, now: Timestamp) -> bool {
    let left = seconds_between(now, session.departure).max(1.0) / 3600.0;
    session.wanted.get() > URGENT_SHARE * left * charger.max_power().get()
}
