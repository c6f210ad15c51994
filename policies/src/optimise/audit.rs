//! The audit of a plan's pumps: EPANET's own stepping from the levels as they are, over the hours
//! in which pump combinations are decisions. A plan that fails is repaired with the same search
//! that makes whole days' schedules, and audited again; what still fails is nobody's plan.

use super::model::SolveError;
use super::trajectory::demand_factor;
use super::{Inputs, Schedule, Work, extract, fixed};
use crate::scheduling::{Near, NearPump, NearStep, NearTank, repair};
use crate::water::WaterModel;
use hydraulics::{AuditOptions, Auditor, Demand, Drive, EndLevel, Limits, Prices};
use site::AssetId;
use site::plan::{Plan, Rung, Shortfall};
use site::units::{Money, Ratio};

/// Steps of the audit, s: a plan's own steps begin at any minute.
const STEP_S: u32 = 300;
/// How far outside its band a level may get in the audit, as a share of the tank's height: the
/// demand is known no better.
const BAND_TOLERANCE: f64 = 0.02;
/// A repair may end this much lower than the plan it repairs, as a share of the tank's height.
const END_TOLERANCE: f64 = 0.02;

/// What an audit finds wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// Physics: nobody acts on such a plan.
    Hard(String),
    /// A tank leaves its band although the plan did not say so: a wish that cannot be kept.
    Wish(Shortfall),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hard(text) => f.write_str(text),
            Self::Wish(missed) => {
                write!(f, "{} missed by {:.2} {}", missed.wish, missed.amount, missed.unit)
            }
        }
    }
}

/// Returns the plan if it passes, or a repaired one. What no repair can keep is said: a wish makes
/// the plan a relaxed one.
///
/// # Errors
/// [`SolveError::Audit`] where physics stands against it.
pub(super) fn passed(
    inputs: &Inputs<'_>,
    (plan, schedule): (Plan, Schedule),
    work: &mut Work,
) -> Result<(Plan, Schedule), SolveError> {
    let Some(fault) = fault(inputs, &plan, work) else { return Ok((plan, schedule)) };
    let words = format!("{}; repaired after the audit: {fault}", plan.why.switching);
    let Some(repaired) = repaired(inputs, &plan, &schedule) else {
        return Ok((admitted(plan, fault)?, schedule));
    };
    work.linear += 1;
    let better = fixed(inputs, &repaired, &words)?;
    match self::fault(inputs, &better, work) {
        None => {
            work.repaired += 1;
            Ok((better, repaired))
        }
        Some(fault) => Ok((admitted(better, fault)?, repaired)),
    }
}

/// The plan with a missed wish said; physics is not to be missed.
pub(super) fn admitted(mut plan: Plan, fault: Fault) -> Result<Plan, SolveError> {
    match fault {
        Fault::Hard(text) => Err(SolveError::Audit(text)),
        Fault::Wish(missed) => {
            plan.rung = Rung::Relaxed;
            plan.why.shortfalls.push(missed);
            Ok(plan)
        }
    }
}

/// What the audit finds wrong with a plan; nothing where it passes.
pub(super) fn fault(inputs: &Inputs<'_>, plan: &Plan, work: &mut Work) -> Option<Fault> {
    let water = inputs.water?;
    let steps = near(inputs, plan);
    let seconds: f64 = steps.iter().map(|&t| plan.steps[t].hours() * 3600.0).sum();
    let slots = slots(seconds);
    if slots == 0 {
        return None;
    }
    work.audits += 1;
    let schedule = sampled(inputs, water, plan, slots);
    let options = AuditOptions {
        duration_s: STEP_S * slots,
        initial_level_m: Some(levels(inputs, water)),
        demand: Demand::Factors { step_s: STEP_S, factor: factors(inputs, water, plan, slots) },
        prices: Prices::File,
        limits: Limits { end_level: EndLevel::Free, ..Limits::default() },
        begins_s: Some(time_of_day(inputs)),
    };
    let fault = match Auditor::open(&water.network).audit(&Drive::Schedule(&schedule), &options) {
        Err(error) => Some(Fault::Hard(error.to_string())),
        Ok(audit) => {
            let worst = audit.faults.first().map(|fault| Fault::Hard(fault.text.clone()));
            worst.or_else(|| outside(inputs, water, plan, &audit.tanks).map(Fault::Wish))
        }
    };
    work.rejected += u32::from(fault.is_some());
    fault
}

/// The local time of day, s after midnight.
fn time_of_day(inputs: &Inputs<'_>) -> u32 {
    let time = inputs.estimate.now.utc.to_zoned(inputs.site.zone.clone()).time();
    let [hour, minute, second] =
        [time.hour(), time.minute(), time.second()].map(|part| u32::try_from(part).unwrap_or(0));
    hour * 3600 + minute * 60 + second
}

/// Steps of the plan in which pump combinations are decisions.
fn near(inputs: &Inputs<'_>, plan: &Plan) -> Vec<usize> {
    let until = super::near_until(inputs);
    (0..plan.steps.len()).filter(|&t| plan.steps[t].start < until).collect()
}

/// Whole audit steps in some seconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hours at most")]
fn slots(seconds: f64) -> u32 {
    (seconds / f64::from(STEP_S)).floor().clamp(0.0, 1000.0) as u32
}

/// The step of the plan at the middle of an audit step.
fn step_of(inputs: &Inputs<'_>, plan: &Plan, slot: u32) -> usize {
    let middle = f64::from(STEP_S) * (f64::from(slot) + 0.5);
    let at = site::time::add_seconds(inputs.estimate.now.utc, middle);
    plan.step_at(at).unwrap_or(0)
}

/// The plan's pumps in audit steps.
fn sampled(
    inputs: &Inputs<'_>,
    water: &WaterModel,
    plan: &Plan,
    slots: u32,
) -> hydraulics::Schedule {
    let of_pump = |link: &hydraulics::Pump| {
        let shares = shares(inputs, plan, link);
        let on = |slot| shares.is_some_and(|s| runs(s, step_of(inputs, plan, slot)));
        (0..slots).map(|slot| f64::from(u8::from(on(slot)))).collect()
    };
    let speed = water.network.pumps().iter().map(of_pump).collect();
    hydraulics::Schedule { step_s: STEP_S, speed }
}

/// The site's pump at a link of the network.
fn pump_of<'a>(inputs: &Inputs<'a>, link: &hydraulics::Pump) -> Option<&'a site::asset::Pump> {
    inputs.site.pumps.iter().find(|pump| pump.link == link.id)
}

/// What the plan has a pump of the network do, as shares of its steps.
fn shares<'a>(
    inputs: &Inputs<'_>,
    plan: &'a Plan,
    link: &hydraulics::Pump,
) -> Option<&'a Vec<Ratio>> {
    pump_of(inputs, link).and_then(|pump| plan.pumps.get(&pump.id))
}

fn runs(shares: &[Ratio], t: usize) -> bool {
    shares.get(t).is_some_and(|share| share.get() >= 0.5)
}

/// Demand in each audit step as a multiple of the base demand.
fn factors(inputs: &Inputs<'_>, water: &WaterModel, plan: &Plan, slots: u32) -> Vec<f64> {
    (0..slots).map(|slot| factor(inputs, water, step_of(inputs, plan, slot))).collect()
}

fn factor(inputs: &Inputs<'_>, water: &WaterModel, t: usize) -> f64 {
    demand_factor(inputs, water, t).max(0.0)
}

/// Level of each tank of the network now, m.
fn levels(inputs: &Inputs<'_>, water: &WaterModel) -> Vec<f64> {
    let mut levels: Vec<f64> =
        water.network.tanks().iter().map(|tank| tank.level_initial_m).collect();
    for (tank, &place) in inputs.site.tanks.iter().zip(&water.tanks) {
        let known = inputs.estimate.tanks.get(&tank.id).copied().flatten();
        let shape = &water.network.tanks()[place];
        if let Some(level) = known {
            levels[place] = level.value.get().clamp(shape.level_min_m, shape.level_max_m);
        }
    }
    levels
}

/// A tank that leaves its band although the plan did not say so.
fn outside(
    inputs: &Inputs<'_>,
    water: &WaterModel,
    plan: &Plan,
    courses: &[hydraulics::TankCourse],
) -> Option<Shortfall> {
    for (tank, &place) in inputs.site.tanks.iter().zip(&water.tanks) {
        let height = tank.height.get();
        let (low, high) = (tank.band_low.get() * height, tank.band_high.get() * height);
        let course = &courses[place];
        let said = plan.why.shortfalls.iter().any(|missed| about(&missed.wish, &tank.id));
        if said || !(low..=high).contains(&course.start_m) {
            continue;
        }
        let (below, above) = (low - course.min_m, course.max_m - high);
        let (rule, amount, at_s) = if below > above {
            ("band_low", below, course.min_at_s)
        } else {
            ("band_high", above, course.max_at_s)
        };
        if amount > BAND_TOLERANCE * height {
            return Some(Shortfall {
                wish: format!("{}.{rule}", tank.id),
                from: site::time::add_seconds(inputs.estimate.now.utc, f64::from(at_s)),
                amount,
                unit: "m".to_owned(),
                penalty: Money::ZERO,
            });
        }
    }
    None
}

fn about(wish: &str, tank: &AssetId) -> bool {
    wish.split_once('.').is_some_and(|(owner, _)| owner == tank.as_str())
}

/// The same schedule with other combinations in its near steps, such that EPANET sees as little
/// broken as can be; nothing where the tables do not know them.
fn repaired(inputs: &Inputs<'_>, plan: &Plan, schedule: &Schedule) -> Option<Schedule> {
    let water = inputs.water?;
    let steps = near(inputs, plan);
    let near = question(inputs, water, plan, &steps);
    let of_pump = |link: &hydraulics::Pump| {
        let shares = shares(inputs, plan, link);
        let on = |&t: &usize| shares.is_some_and(|shares| runs(shares, t));
        steps.iter().map(|t| f64::from(u8::from(on(t)))).collect()
    };
    let speed = water.network.pumps().iter().map(of_pump).collect();
    let found = repair(&near, &hydraulics::Schedule { step_s: 0, speed }).ok()?;
    let mut repaired = schedule.clone();
    for (place, &t) in steps.iter().enumerate() {
        let count = |group: &crate::water::Group| {
            group.links.iter().filter(|&&link| found.speed[link][place] > 0.0).count()
        };
        let counts: Vec<usize> = water.groups.iter().map(count).collect();
        let combinations = water.tables.combinations();
        let wanted = combinations.iter().position(|combination| combination.0 == counts)?;
        repaired.mixes[t] = extract::only(wanted, combinations.len());
    }
    Some(repaired)
}

/// What the repair is asked.
fn question<'a>(
    inputs: &Inputs<'_>,
    water: &'a WaterModel,
    plan: &Plan,
    steps: &[usize],
) -> Near<'a> {
    let step = |&t: &usize| NearStep {
        seconds: plan.steps[t].hours() * 3600.0,
        demand_factor: factor(inputs, water, t),
        per_kwh: plan.why.energy_value.get(t).unwrap_or(&plan.price[t]).get().max(0.0),
    };
    let now = levels(inputs, water);
    let last = steps.last().copied();
    let tank = |place: usize| {
        let shape = &water.network.tanks()[place];
        let of_site = water.tanks.iter().position(|&other| other == place);
        let Some(tank) = of_site.map(|k| &inputs.site.tanks[k]) else {
            let band_m = (shape.level_min_m, shape.level_max_m);
            return NearTank { level_m: now[place], band_m, end_m: shape.level_min_m };
        };
        let height = tank.height.get();
        let (low, high) = (tank.band_low.get() * height, tank.band_high.get() * height);
        let planned = last.and_then(|t| Some(plan.tanks.get(&tank.id)?.get(t)?.get()));
        let end_m = planned.unwrap_or(low).min(high) - END_TOLERANCE * height;
        NearTank { level_m: now[place], band_m: (low, high), end_m }
    };
    Near {
        network: &water.network,
        steps: steps.iter().map(step).collect(),
        tanks: (0..water.network.tanks().len()).map(tank).collect(),
        pumps: water.network.pumps().iter().map(|link| pump(inputs, link)).collect(),
        starts_max: None,
    }
}

/// What a pump does now and may do.
fn pump(inputs: &Inputs<'_>, link: &hydraulics::Pump) -> NearPump {
    let pump = pump_of(inputs, link);
    let state = pump.and_then(|pump| inputs.estimate.pumps.get(&pump.id));
    let on = state.is_some_and(|state| state.running == Some(true));
    NearPump {
        now: (on, state.map_or(0.0, |state| state.in_state_for.as_secs_f64())),
        min_run_s: pump.map_or(0.0, |pump| pump.min_run.as_secs_f64()),
        min_stop_s: pump.map_or(0.0, |pump| pump.min_stop.as_secs_f64()),
        free: pump.is_some_and(|pump| inputs.commandable(&pump.id)),
    }
}
