//! What a replay prints: one report per policy, as JSON and as a table.

use crate::ledger::{AssetLedger, BillLedger, Ledger, NetworkLedger, TankLedger};
use crate::perturb::Perturbation;
use policies::district::{Alarm, DistrictReport};
use regie::control::Controller;
use regie::status::{ModelStatus, Status};
use serde::Serialize;
use site::AssetId;
use std::collections::BTreeMap;

/// A replay of one or more policies on the same truth.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The site's short name.
    pub site: String,
    /// First simulated day, local.
    pub day: String,
    /// Number of days.
    pub days: u32,
    /// Seed of the truth.
    pub seed: u64,
    /// How the truth was perturbed on purpose; left out where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perturbed: Option<Perturbation>,
    /// One report per policy, by its name.
    pub policies: BTreeMap<String, PolicyReport>,
}

/// Milliseconds of the optimiser's calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SolveTimes {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// What one policy did.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyReport {
    /// Energy bought minus sold, and N/30 of the demand charge, EUR.
    pub cost: f64,
    /// The cost if tanks and batteries had ended as they began, EUR: water stored more or less is
    /// taken at the policy's own mean energy per m3, and this energy and that in the batteries'
    /// cells at its own mean price.
    pub cost_at_equal_storage: f64,
    /// Of which energy, EUR.
    pub energy_cost: f64,
    /// What the cost is made of: energy by price class, demand charges, overruns.
    pub bill: BillLedger,
    /// Energy of the pumps, kWh.
    pub energy_kwh: f64,
    /// Imported, kWh.
    pub import_kwh: f64,
    /// Exported, kWh.
    pub export_kwh: f64,
    /// Given by the inverters, kWh.
    pub pv_used_kwh: f64,
    /// Available and not given, kWh.
    pub pv_curtailed_kwh: f64,
    /// Highest average import, kW.
    pub peak_kw: f64,
    /// Starts per pump.
    pub starts: BTreeMap<AssetId, u64>,
    /// Levels per tank, m.
    pub tanks: BTreeMap<AssetId, TankLedger>,
    /// Batteries, charging sessions, wells, loads that may wait, and lamps.
    pub assets: AssetLedger,
    /// The low-voltage network; none where the site declares none.
    pub network: Option<NetworkLedger>,
    /// Change of the stored water as a share of what was stored at the start.
    pub storage_change: f64,
    /// Lowest pressure where water is taken, m.
    pub min_pressure_m: Option<f64>,
    /// Inflow minus demand minus change in storage, as a share of demand.
    pub mass_balance_error: Option<f64>,
    /// What ran out through leaks, m3.
    pub leaked_m3: f64,
    /// The leak alarm that lasts at the end, by district.
    pub leak_alarms: BTreeMap<AssetId, Alarm>,
    /// Times the guard began to narrow or block.
    pub guard_interventions: u64,
    /// Interlocks among them.
    pub interlocks: u64,
    /// How the planner's model fits at the end: corrections with spread, and misfits.
    pub model: ModelStatus,
    /// Cycles by rung.
    pub fallbacks: BTreeMap<String, u64>,
    /// Cycles in which the plan gave up each wish, by the wish's name.
    pub given_up: BTreeMap<String, u64>,
    /// Commands sent, confirmed by read-back, and not acknowledged.
    pub commands: CommandCounts,
    /// Cycles.
    pub cycles: u64,
    /// Real time of the optimiser's calls.
    pub solve_ms: SolveTimes,
    /// Real time of the replay.
    pub wall_seconds: f64,
    /// Hash over all cycle records.
    pub record_hash: String,
}

/// What became of the commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandCounts {
    /// Sent because something changed.
    pub sent: u64,
    /// Read back and equal.
    pub confirmed: u64,
    /// Overtaken by another one before they were read back.
    pub superseded: u64,
    /// Not acknowledged.
    pub failed: u64,
    /// Read back and different.
    pub mismatched: u64,
}

impl PolicyReport {
    /// Makes the report when a replay has ended.
    #[must_use]
    pub fn new(
        ledger: &Ledger,
        controller: &Controller,
        status: &Status,
        given_up: BTreeMap<String, u64>,
        volumes: (f64, f64),
        wall_seconds: f64,
    ) -> Self {
        let (first, last) = (ledger.first(), ledger.last());
        let pumps = || last.pumps.iter().map(|(id, pump)| (id, pump, &first.pumps[id]));
        let inverters = || last.inverters.iter().map(|(id, pv)| (pv, &first.inverters[id]));
        let pv_used: f64 = inverters().map(|(a, b)| (a.produced - b.produced).kwh()).sum();
        let curtailed: f64 = inverters().map(|(a, b)| (a.curtailed - b.curtailed).kwh()).sum();
        let rung = |(rung, n): (&site::plan::Rung, &u64)| (rung.word().to_owned(), *n);
        let writes = &status.writes;
        Self {
            cost: ledger.cost(),
            cost_at_equal_storage: ledger.cost() - stored_worth(ledger, volumes),
            energy_cost: ledger.energy_cost(),
            bill: ledger.bill(),
            energy_kwh: pumps().map(|(_, a, b)| (a.energy - b.energy).kwh()).sum(),
            import_kwh: (last.grid.import - first.grid.import).kwh(),
            export_kwh: (last.grid.export - first.grid.export).kwh(),
            pv_used_kwh: pv_used,
            pv_curtailed_kwh: curtailed,
            peak_kw: ledger.peak().kw(),
            starts: pumps().map(|(id, a, b)| (id.clone(), a.starts - b.starts)).collect(),
            tanks: ledger.tanks().clone(),
            assets: ledger.assets(),
            network: ledger.network().cloned(),
            storage_change: if volumes.0 > 0.0 { volumes.1 / volumes.0 - 1.0 } else { 0.0 },
            min_pressure_m: ledger.lowest_pressure(),
            mass_balance_error: last.water.as_ref().and_then(|water| water.balance_error),
            leaked_m3: last.water.as_ref().map_or(0.0, |water| water.leaked.get()),
            leak_alarms: {
                let alarm = |(id, report): (&AssetId, &DistrictReport)| {
                    Some((id.clone(), report.alarm.clone()?))
                };
                status.districts.iter().filter_map(alarm).collect()
            },
            guard_interventions: status.guard.interventions.values().sum(),
            interlocks: status.guard.interlocks,
            model: status.model.clone(),
            fallbacks: status.rungs.iter().map(rung).collect(),
            given_up,
            commands: CommandCounts {
                sent: writes.commands,
                confirmed: writes.confirmed,
                superseded: writes.superseded,
                failed: writes.failures,
                mismatched: writes.mismatches,
            },
            cycles: status.cycles_since_start,
            solve_ms: percentiles(controller.solve_times()),
            wall_seconds,
            record_hash: controller.record_hash().to_owned(),
        }
    }
}

/// What the change of stored water and of stored energy is worth, EUR.
fn stored_worth(ledger: &Ledger, (before, after): (f64, f64)) -> f64 {
    let (first, last) = (ledger.first(), ledger.last());
    let pumped: f64 =
        last.pumps.iter().map(|(id, p)| (p.energy - first.pumps[id].energy).kwh()).sum();
    let inflow = last.water.as_ref().map_or(0.0, |water| water.inflow.get());
    let imported = (last.grid.import - first.grid.import).kwh();
    if imported <= 0.0 {
        return 0.0;
    }
    let water = if inflow > 0.0 { (after - before) * pumped / inflow } else { 0.0 };
    let batteries = ledger.assets().batteries;
    let cells: f64 = batteries.values().map(|battery| battery.stored_kwh).sum();
    (water + cells) * ledger.energy_cost() / imported
}

fn percentiles(times: &[f64]) -> SolveTimes {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |per_cent: usize| {
        let last = sorted.len().saturating_sub(1);
        sorted.get(last * per_cent / 100).copied().unwrap_or(0.0)
    };
    SolveTimes { p50: at(50), p99: at(99) }
}
