//! Chargers: the energy that each session wants, between its arrival and its departure.

use super::Inputs;
use super::bus::{Buses, Reactive};
use super::model::Model;
use super::problem::Wish;
use good_lp::{Expression, Variable};
use site::asset::{Charger, Mode};
use site::plan::{Basis, Session, Step};
use site::time::seconds_between;

/// A session counts as served within this, kWh.
const SERVED: f64 = 0.2;
/// What a kWh is worth less per hour that it comes later, EUR: at equal prices a vehicle is charged
/// early, because drivers leave before they said. A vehicle of which nothing is known may leave at
/// any time.
const EARLY: f64 = 2e-3;
const EARLY_UNKNOWN: f64 = 0.02;

/// [`EARLY`] for one session.
pub(super) fn early(session: &Session) -> f64 {
    if session.basis == Basis::Default { EARLY_UNKNOWN } else { EARLY }
}

/// Power of one charger in each step, kW; none in steps without a vehicle.
pub(super) type ChargerColumns = Vec<Option<Variable>>;

/// Adds all chargers.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> Vec<ChargerColumns> {
    let chargers = inputs.site.chargers.iter();
    chargers.map(|charger| one(model, inputs, charger, buses, wishes)).collect()
}

fn one(
    model: &mut Model,
    inputs: &Inputs<'_>,
    charger: &Charger,
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> ChargerColumns {
    let steps = &inputs.forecast.steps;
    let place = buses.place(&charger.id);
    let whole = charger.max_power().kw();
    buses.may(place, 0.0, whole);
    let mut columns: ChargerColumns = vec![None; steps.len()];
    let free = commandable(inputs, charger);
    let sessions = inputs.forecast.sessions.get(&charger.id).map_or(&[][..], Vec::as_slice);
    let mut wish = Wish {
        name: format!("{}.session", charger.id),
        unit: "kWh",
        tolerance: SERVED,
        slack: Vec::new(),
    };
    let end = steps.last().map_or(inputs.estimate.now.utc, |step| step.end);
    for session in sessions.iter().filter(|session| session.arrival < end) {
        if !free {
            by_itself(inputs, (charger, session), buses);
            continue;
        }
        let most = session.draw_at(charger).most.kw();
        let mut delivered = Expression::default();
        let mut last = 0;
        for (t, step) in steps.iter().enumerate() {
            let hours = overlap(session, step);
            if hours <= 0.0 {
                continue;
            }
            let share = hours / step.hours();
            let limit = if inputs.may_draw(&charger.id) { most * share } else { 0.0 };
            let limit = inputs.held_power(&charger.id, step).map_or(limit, |kw| kw.min(limit));
            let power = model.column(&format!("{}.power[{t}]", charger.id), 0.0, limit.max(0.0));
            let late = seconds_between(inputs.estimate.now.utc, step.start).max(0.0) / 3600.0;
            model.cost("early", early(session) * late * step.hours(), power);
            buses.take((place, t), 1.0, power, Reactive::None);
            delivered.add_mul(step.hours(), power);
            // Two sessions may share a step: their powers add up in it.
            columns[t] = Some(columns[t].map_or(power, |other| {
                let sum = model.column(&format!("{}.both[{t}]", charger.id), 0.0, whole);
                model.row(format!("{}.both[{t}]", charger.id), (power + other).eq(sum));
                sum
            }));
            last = t;
        }
        let short = wish.slack(model, last, missing_price(inputs, charger));
        let wanted = model.finite("session", session.wanted.kwh());
        // A vehicle that stays beyond the horizon need not be full at its end.
        let room = after_kwh(charger, session, steps);
        let later = model.column(&format!("{}.after", charger.id), 0.0, room.max(0.0));
        model.cost("charged after the horizon", inputs.mean_price(), later);
        let served = delivered.clone() + short + later;
        model.row(format!("{}[{last}]", wish.name), served.geq(wanted));
        model.row(format!("{}.full[{last}]", charger.id), delivered.leq(wanted));
    }
    wishes.push(wish);
    columns
}

/// Hours that a session and a step have in common.
fn overlap(session: &Session, step: &Step) -> f64 {
    let from = session.arrival.max(step.start);
    let to = session.departure.min(step.end);
    (seconds_between(from, to) / 3600.0).max(0.0)
}

/// Whether the plan can count on telling a charger something.
pub(super) fn commandable(inputs: &Inputs<'_>, charger: &Charger) -> bool {
    let state = inputs.estimate.chargers.get(&charger.id);
    charger.control.mode == Mode::Control && state.is_none_or(|state| state.unavailable.is_none())
}

/// What a kWh that is wanted and not given costs, EUR.
pub(super) fn missing_price(inputs: &Inputs<'_>, charger: &Charger) -> f64 {
    charger.value.get().max(inputs.penalty_per_kwh())
}

/// Energy that may be left for the time after the last step, kWh: what the vehicle can take
/// then until it leaves, and no more than is wanted.
pub(super) fn after_kwh(charger: &Charger, session: &Session, steps: &[Step]) -> f64 {
    let end = steps.last().map_or(session.departure, |step| step.end);
    let hours = seconds_between(end.max(session.arrival), session.departure) / 3600.0;
    (session.draw_at(charger).most.kw() * hours.max(0.0)).min(session.wanted.kwh())
}

/// Nobody tells this charger anything: it charges at once, as fast as it can.
fn by_itself(inputs: &Inputs<'_>, (charger, session): (&Charger, &Session), buses: &mut Buses<'_>) {
    let place = buses.place(&charger.id);
    let most = session.draw_at(charger).most.kw();
    let mut left = session.wanted.kwh();
    for (t, step) in inputs.forecast.steps.iter().enumerate() {
        let energy = (overlap(session, step) * most).min(left);
        left -= energy;
        if energy > 0.0 {
            buses.fixed((place, t), energy / step.hours(), Reactive::None);
        }
    }
}
