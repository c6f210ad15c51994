//! Loads that are on or off: shiftable loads with their hours a day, and the pumps of lift
//! stations. Near steps are decisions, later ones shares.

use super::bus::{Buses, Reactive};
use super::model::Model;
use super::problem::Wish;
use super::{Inputs, Switching};
use crate::forecast;
use good_lp::{Expression, Variable};
use site::AssetId;
use site::asset::{Control, LiftStation, Mode, Shiftable};
use site::plan::{PumpState, Step};
use site::units::{Money, Power};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a m3 below or above a well's band costs per hour, EUR.
pub(super) const BAND_PRICE: f64 = 2.0;
/// What a m3 that overflows costs, EUR: sewage in a street.
pub(super) const SPILL_PRICE: f64 = 500.0;
/// What a m3 that the pump would draw from an empty well costs, EUR.
pub(super) const DRY_PRICE: f64 = 1.0;

/// Columns of all loads that are on or off, in the order of [`loads`].
pub(super) struct SwitchedColumns {
    /// Share of each step in which a load runs: `on[load][step]`.
    pub(super) on: Vec<Vec<Variable>>,
    /// Volume of each lift station's well at the end of each step, m3.
    pub(super) wells: Vec<Vec<Variable>>,
}

/// What shiftable loads and lift stations have in common.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) id: &'a AssetId,
    pub(super) control: &'a Control,
    pub(super) rated_power: Power,
    pub(super) min_run: Duration,
    pub(super) min_stop: Duration,
    pub(super) start_cost: Money,
}

/// Shiftable loads, then lift stations, in the order of the site.
pub(super) fn loads<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = Load<'a>> {
    let shiftable = inputs.site.shiftable.iter().map(|load| Load {
        id: &load.id,
        control: &load.control,
        rated_power: load.rated_power,
        min_run: load.min_run,
        min_stop: load.min_stop,
        start_cost: load.start_cost,
    });
    shiftable.chain(inputs.site.lift_stations.iter().map(|station| Load {
        id: &station.id,
        control: &station.control,
        rated_power: station.rated_power,
        min_run: station.min_run,
        min_stop: station.min_stop,
        start_cost: station.start_cost,
    }))
}

/// Adds all of them.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    switching: &Switching<'_>,
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> SwitchedColumns {
    let mut on = Vec::new();
    for (k, load) in loads(inputs).enumerate() {
        let columns = shares(model, inputs, (switching, k), load);
        let place = buses.place(load.id);
        buses.may(place, 0.0, load.rated_power.kw());
        for (t, &column) in columns.iter().enumerate() {
            buses.take((place, t), load.rated_power.kw(), column, Reactive::Usual);
        }
        starts(model, inputs, switching, load, &columns);
        on.push(columns);
    }
    let (shiftable, stations) = on.split_at(inputs.site.shiftable.len());
    for (load, columns) in inputs.site.shiftable.iter().zip(shiftable) {
        wishes.push(daily(model, inputs, load, columns));
    }
    let wells = inputs.site.lift_stations.iter().zip(stations);
    let wells = wells.map(|(station, on)| well(model, inputs, station, on, wishes)).collect();
    SwitchedColumns { on, wells }
}

/// What a load must or may do in a step, from what it does now.
pub(super) fn bounds(inputs: &Inputs<'_>, load: Load<'_>, t: usize) -> (f64, f64) {
    let steps = &inputs.forecast.steps;
    let step = &steps[t];
    let state = inputs.estimate.switched.get(load.id);
    let running = state.is_some_and(|state| state.running == Some(true));
    if !commandable(load, state) {
        // It does what it does now, as far as anybody knows.
        let on = f64::from(u8::from(running));
        return (on, on);
    }
    if !inputs.may_draw(load.id) {
        return (0.0, 0.0);
    }
    let window = inputs.site.shiftable.iter().find(|other| &other.id == load.id);
    let most = window.map_or(1.0, |load| allowed(inputs, load, step));
    let offset = step.start.duration_since(steps[0].start).unsigned_abs();
    let lasted = state.map_or(Duration::ZERO, |state| state.in_state_for) + offset;
    if running && lasted < load.min_run {
        (most, most)
    } else if !running && lasted < load.min_stop {
        (0.0, 0.0)
    } else if let Some(kw) = inputs.held_power(load.id, step) {
        let on = if kw > 0.0 { most } else { 0.0 };
        (on, on)
    } else {
        (0.0, most)
    }
}

pub(super) fn commandable(load: Load<'_>, state: Option<&PumpState>) -> bool {
    load.control.mode == Mode::Control && state.is_some_and(|state| state.unavailable.is_none())
}

/// Share of a step in which a shiftable load may run; a near step is a whole one or none.
fn allowed(inputs: &Inputs<'_>, load: &Shiftable, step: &Step) -> f64 {
    let inside = |second: f64| {
        let at = site::time::add_seconds(step.start, second);
        load.hours.contains(at.to_zoned(inputs.site.zone.clone()).time())
    };
    // Steps are cut at quarter hours, and so are most clocks.
    let seconds = step.hours() * 3600.0;
    let parts =
        [0.125, 0.375, 0.625, 0.875].map(|part| f64::from(u8::from(inside(part * seconds))));
    parts.iter().sum::<f64>() / 4.0
}

fn shares(
    model: &mut Model,
    inputs: &Inputs<'_>,
    (switching, k): (&Switching<'_>, usize),
    load: Load<'_>,
) -> Vec<Variable> {
    let known = switching.schedule().and_then(|schedule| schedule.switched.get(k));
    let column = |t: usize| {
        let (least, most) = bounds(inputs, load, t);
        let name = format!("{}.on[{t}]", load.id);
        if !switching.whole(inputs, t) {
            return model.column(&name, least, most);
        }
        let guess = known.is_some_and(|shares| shares.get(t).is_some_and(|share| *share > 0.5));
        if switching.is_fixed() {
            // What must or may be now narrows what stood.
            let on = if guess { most } else { least };
            return model.column(&name, on, on);
        }
        match (least > 0.999, most > 0.999) {
            (true, _) => model.column(&name, most, most),
            (false, false) => model.column(&name, 0.0, 0.0),
            (false, true) => model.binary(None, guess),
        }
    };
    (0..inputs.forecast.steps.len()).map(column).collect()
}

/// Starts cost wear, and what has started goes on for a while.
fn starts(
    model: &mut Model,
    inputs: &Inputs<'_>,
    switching: &Switching<'_>,
    load: Load<'_>,
    on: &[Variable],
) {
    let steps = &inputs.forecast.steps;
    let state = inputs.estimate.switched.get(load.id);
    let running = state.is_some_and(|state| state.running == Some(true));
    let mut previous: Expression = f64::from(u8::from(running)).into();
    let mut started: Vec<Variable> = Vec::new();
    for (t, &column) in on.iter().enumerate() {
        let start = model.column(&format!("{}.start[{t}]", load.id), 0.0, 1.0);
        model.cost("start", load.start_cost.get(), start);
        let row = (Expression::from(column) - previous).leq(start);
        model.row(format!("{}.starts[{t}]", load.id), row);
        if switching.whole(inputs, t) && !switching.is_fixed() {
            let young = |s: &usize| {
                steps[t].start.duration_since(steps[*s].start).unsigned_abs() < load.min_run
            };
            let begun: Expression = (0..t).filter(young).map(|s| started[s]).sum();
            model.row(format!("{}.min_run[{t}]", load.id), (begun - column).leq(0.0));
        }
        started.push(start);
        previous = column.into();
    }
}

/// The hours that a shiftable load has to run in each local day of the horizon.
fn daily(model: &mut Model, inputs: &Inputs<'_>, load: &Shiftable, on: &[Variable]) -> Wish {
    let mut wish = Wish {
        name: format!("{}.daily_run", load.id),
        unit: "h",
        tolerance: 0.1,
        slack: Vec::new(),
    };
    let zone = &inputs.site.zone;
    let mut days: BTreeMap<jiff::civil::Date, (Expression, usize)> = BTreeMap::new();
    for (t, step) in inputs.forecast.steps.iter().enumerate() {
        let middle = site::time::add_seconds(step.start, step.hours() * 1800.0);
        let day = days.entry(middle.to_zoned(zone.clone()).date()).or_default();
        day.0.add_mul(step.hours(), on[t]);
        day.1 = t;
    }
    let today = inputs.estimate.now.utc.to_zoned(zone.clone()).date();
    let end = inputs.forecast.steps.last().map(|step| step.end);
    for (date, (hours, last)) in days {
        let mut need = load.daily_run.as_secs_f64() / 3600.0;
        if date == today {
            let run = inputs.estimate.run_today.get(&load.id).copied().unwrap_or_default();
            need -= run.as_secs_f64() / 3600.0;
        }
        // What there is time for after the horizon need not be done within it.
        need -= end.map_or(0.0, |end| forecast::hours_left(inputs.site, load.hours, date, end));
        if need <= 0.0 {
            continue;
        }
        let short = wish.slack(model, last, load.value.get());
        model.row(format!("{}[{last}]", wish.name), (hours + short).geq(need));
    }
    wish
}

fn well(
    model: &mut Model,
    inputs: &Inputs<'_>,
    station: &LiftStation,
    on: &[Variable],
    wishes: &mut Vec<Wish>,
) -> Vec<Variable> {
    let whole = station.volume.get();
    let known = inputs.estimate.wells.get(&station.id).copied().flatten();
    let level = known.map_or(0.5, |level| level.value.get() / station.height.get());
    let wish = |what: &str, share: f64| Wish {
        name: format!("{}.{what}", station.id),
        unit: "m3",
        tolerance: share * whole,
        slack: Vec::new(),
    };
    let (mut below, mut above) = (wish("band_low", 0.05), wish("band_high", 0.05));
    let mut spilt = wish("overflow", 0.01);
    let mut before: Expression = (level.clamp(0.0, 1.0) * whole).into();
    let mut volumes = Vec::new();
    for (t, step) in inputs.forecast.steps.iter().enumerate() {
        let (hours, seconds) = (step.hours(), step.hours() * 3600.0);
        let name = |what: &str| format!("{}.{what}[{t}]", station.id);
        let inflow = inputs.forecast.inflow.get(&station.id).map_or(station.inflow, |f| f[t]);
        let inflow = model.finite("inflow", inflow.get() * seconds);
        let volume = model.column(&name("volume"), 0.0, whole);
        let dry = model.column(&name("dry"), 0.0, f64::INFINITY);
        model.cost("dry", DRY_PRICE, dry);
        let over = spilt.slack(model, t, SPILL_PRICE);
        let after = before + inflow + dry - over - station.flow.get() * seconds * on[t];
        model.row(name("balance"), after.eq(volume));
        let low = below.slack(model, t, BAND_PRICE * hours);
        model.row(name("band_low"), (volume + low).geq(station.band_low.get() * whole));
        let high = above.slack(model, t, BAND_PRICE * hours);
        model.row(name("band_high"), (volume - high).leq(station.band_high.get() * whole));
        volumes.push(volume);
        before = volume.into();
    }
    if let Some(&last) = volumes.last() {
        // What is left has to be pumped out later.
        let per_m3 = station.rated_power.kw() / (station.flow.get() * 3600.0);
        model.cost("water left in the well", per_m3 * inputs.mean_price(), last);
    }
    wishes.extend([below, above, spilt]);
    volumes
}
