//! What `schedule`, `audit` and `baseline` print.

use super::team::Found;
use hydraulics::{Audit, Network, Schedule};
use policies::scheduling::Problem;
use serde::Serialize;
use serde_json::Number;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A report; its fields are the JSON's.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    network: String,
    /// What made the pumps run.
    by: String,
    pub(crate) feasible: bool,
    /// Reasons in one word each.
    reasons: Vec<&'static str>,
    /// Where, when and by how much.
    faults: Vec<String>,
    /// In the currency of the prices; nothing where there are none.
    cost: Option<f64>,
    /// The cost if tanks ended as they started: what changed counts at the mean cost of a m3.
    cost_at_equal_storage: Option<f64>,
    energy_kwh: f64,
    /// No schedule costs less, as far as the planner's tables go (kWh where there is no price).
    bound: Option<f64>,
    /// How far the cost lies above the bound, as a share of the cost.
    gap: Option<f64>,
    wall_seconds: f64,
    /// Steady states that the planner solved.
    #[serde(skip_serializing_if = "Option::is_none")]
    steady_states: Option<u64>,
    starts: BTreeMap<String, u32>,
    energy_kwh_by_pump: BTreeMap<String, f64>,
    cost_by_price: Vec<AtPrice>,
    demand_charge: Option<f64>,
    /// Levels, m above the floor.
    tanks: BTreeMap<String, Levels>,
    storage_change_m3: f64,
    inflow_m3: f64,
    demand_m3: f64,
    /// Water made or lost, as a share of the demand.
    mass_balance_error: Option<f64>,
    hydraulic_steps: u32,
    min_pressure: Option<Lowest>,
    /// Lowest pressure of each junction with demand, m.
    min_pressures: BTreeMap<String, f64>,
    warnings: Vec<String>,
    step_seconds: u32,
    schedule: BTreeMap<String, Vec<Number>>,
}

#[derive(Debug, Serialize)]
struct AtPrice {
    per_kwh: f64,
    energy_kwh: f64,
    cost: f64,
}

#[derive(Debug, Serialize)]
struct Levels {
    min: f64,
    max: f64,
    start: f64,
    end: f64,
}

#[derive(Debug, Serialize)]
struct Lowest {
    node: String,
    /// m of water.
    value: f64,
}

impl Report {
    /// Of a schedule that was planned.
    pub(crate) fn of_schedule(
        network: &Network,
        problem: &Problem<'_>,
        found: &Found,
        wall_seconds: f64,
    ) -> Self {
        let mut report =
            Self::of_audit(network, problem, (&found.schedule, &found.audit), wall_seconds);
        report.by = "the planner".to_owned();
        report.bound = found.bound;
        report.steady_states = Some(found.solved);
        let price = found.audit.cost.unwrap_or(report.energy_kwh);
        let gap = |bound: f64| if price > 0.0 { ((price - bound) / price).max(0.0) } else { 0.0 };
        report.gap = found.bound.map(gap).filter(|_| report.feasible);
        report
    }

    /// Of a schedule that was given.
    pub(crate) fn of_audit(
        network: &Network,
        problem: &Problem<'_>,
        (schedule, audit): (&Schedule, &Audit),
        wall_seconds: f64,
    ) -> Self {
        let schedule = by_name(network, schedule);
        Self::new(network, problem, ("the schedule", audit), (schedule, wall_seconds))
    }

    /// Of what the network does by itself.
    pub(crate) fn of_baseline(
        network: &Network,
        problem: &Problem<'_>,
        (by, audit): (&str, &Audit),
        wall_seconds: f64,
    ) -> Self {
        let schedule = policies::scheduling::sampled(problem, &audit.applied);
        let schedule = by_name(network, &schedule);
        Self::new(network, problem, (by, audit), (schedule, wall_seconds))
    }

    fn new(
        network: &Network,
        problem: &Problem<'_>,
        (by, audit): (&str, &Audit),
        (schedule, wall_seconds): (BTreeMap<String, Vec<Number>>, f64),
    ) -> Self {
        let pump = |p: usize| network.pumps()[p].id.clone();
        let mut reasons: Vec<_> = audit.faults.iter().map(|fault| fault.reason.as_str()).collect();
        reasons.dedup();
        let volumes = audit.balance.volumes();
        let storage_change_m3 = audit.storage_change_m3();
        let per_m3 =
            |cost: f64| if volumes.inflow_m3 > 0.0 { cost / volumes.inflow_m3 } else { 0.0 };
        let pressures = network.junctions().iter().zip(&audit.lowest_pressure);
        let tanks = network.tanks().iter().zip(&audit.tanks);
        Self {
            network: network.path().display().to_string(),
            by: by.to_owned(),
            feasible: audit.feasible(),
            reasons,
            faults: audit.faults.iter().map(|fault| fault.text.clone()).collect(),
            cost: audit.cost,
            cost_at_equal_storage: audit.cost.map(|cost| cost - storage_change_m3 * per_m3(cost)),
            energy_kwh: audit.energy_kwh(),
            bound: None,
            gap: None,
            wall_seconds,
            steady_states: None,
            starts: audit.starts.iter().enumerate().map(|(p, &n)| (pump(p), n)).collect(),
            energy_kwh_by_pump: (audit.energy_j.iter().enumerate())
                .map(|(p, joule)| (pump(p), joule / 3.6e6))
                .collect(),
            cost_by_price: (audit.cost_by_price.iter())
                .map(|share| AtPrice {
                    per_kwh: share.per_kwh,
                    energy_kwh: share.energy_kwh,
                    cost: share.cost,
                })
                .collect(),
            demand_charge: audit.demand_charge.map(|charge| charge.cost),
            tanks: tanks
                .map(|(tank, course)| {
                    let (min, max) = (course.min_m, course.max_m);
                    let (start, end) = (course.start_m, course.end_m);
                    (tank.id.clone(), Levels { min, max, start, end })
                })
                .collect(),
            storage_change_m3,
            inflow_m3: volumes.inflow_m3,
            demand_m3: volumes.delivered_m3,
            mass_balance_error: audit.balance.error_share().map(f64::abs),
            hydraulic_steps: audit.hydraulic_steps,
            min_pressure: (audit.lowest.as_ref())
                .map(|lowest| Lowest { node: lowest.node.clone(), value: lowest.metres }),
            min_pressures: pressures
                .filter_map(|(junction, low)| Some((junction.id.clone(), low.as_ref()?.metres)))
                .collect(),
            warnings: audit.warnings.iter().map(|warning| format!("{warning:?}")).collect(),
            step_seconds: problem.step_s,
            schedule,
        }
    }

    /// As JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has only finite numbers and text")
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let verdict = if self.feasible { "keeps all limits" } else { "BREAKS LIMITS" };
        let _ = writeln!(text, "{}, {}: {verdict}", self.network, self.by);
        for fault in &self.faults {
            let _ = writeln!(text, "  {fault}");
        }
        let or_none = |value: Option<f64>| value.map_or("none".to_owned(), |v| format!("{v:.2}"));
        let _ = writeln!(
            text,
            "cost {}, at equal storage {}; energy {:.1} kWh; bound {}; {:.1} s",
            or_none(self.cost),
            or_none(self.cost_at_equal_storage),
            self.energy_kwh,
            or_none(self.bound),
            self.wall_seconds
        );
        for (tank, levels) in &self.tanks {
            let Levels { min, max, start, end } = levels;
            let line = format!("{start:.3} -> {end:.3} m, between {min:.3} and {max:.3} m");
            let _ = writeln!(text, "tank {tank:<12} {line}");
        }
        if let Some(Lowest { node, value }) = &self.min_pressure {
            let _ = writeln!(text, "lowest pressure {value:.1} m at {node}");
        }
        for (pump, speeds) in &self.schedule {
            let starts = self.starts.get(pump).copied().unwrap_or(0);
            let _ = writeln!(text, "pump {pump:<12} {} ({starts} starts)", row(speeds));
        }
        text.trim_end().to_owned()
    }
}

/// A schedule by the pumps' names.
fn by_name(network: &Network, schedule: &Schedule) -> BTreeMap<String, Vec<Number>> {
    let pumps = network.pumps().iter().zip(&schedule.speed);
    let speeds = |speeds: &Vec<f64>| speeds.iter().copied().map(number).collect();
    pumps.map(|(pump, of_pump)| (pump.id.clone(), speeds(of_pump))).collect()
}

/// A pump's steps: digits where it is on or off, else speeds.
fn row(speeds: &[Number]) -> String {
    let whole = speeds.iter().all(Number::is_u64);
    let words: Vec<String> = speeds.iter().map(Number::to_string).collect();
    words.join(if whole { "" } else { " " })
}

/// 0 and 1 without a fraction, as on and off are written.
#[expect(clippy::float_cmp, reason = "off and nominal are exactly 0 and 1")]
fn number(speed: f64) -> Number {
    if speed == 0.0 {
        Number::from(0)
    } else if speed == 1.0 {
        Number::from(1)
    } else {
        let rounded = (speed * 1e6).round() / 1e6;
        Number::from_f64(rounded).unwrap_or_else(|| Number::from(0))
    }
}
