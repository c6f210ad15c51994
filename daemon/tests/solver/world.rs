//! What solvers are asked here: the shipped communes at an instant, with all their devices well.

use policies::estimate::{EstimateMemory, estimate};
use policies::forecast::{Learned, forecast, steps};
use policies::guard::GuardMemory;
use policies::optimise::Planner;
use regie::load::load;
use regie::solver::{Answer, Asked, Failure, Planned, Program, Question, Solver};
use site::plan::{Basis, BatteryState, ChargerState, Estimate, Estimated, LoadState, PumpState};
use site::units::{Level, Power, Ratio};
use site::{Mono, Now, Site, Snapshot};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Long enough for any solve here, on a machine that does other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon's own program as a solver.
pub(crate) fn own() -> Solver {
    Solver::child(Program::new(env!("CARGO_BIN_EXE_regie"), ["solver"]))
}

/// What a shipped commune's plan is asked at an instant.
pub(crate) fn asked(name: &str, at: &str) -> Asked {
    let path = format!("{}/../examples/sites/{name}/site.yaml", env!("CARGO_MANIFEST_DIR"));
    let loaded = load(Path::new(&path)).expect("the example has no findings");
    let asked = Asked {
        site: loaded.site,
        water: loaded.water,
        estimate: Estimate::default(),
        forecast: site::plan::Forecast::default(),
    };
    moved(&asked, at, 0.6)
}

/// A commune without anything that is switched: a question that takes milliseconds.
pub(crate) fn small() -> Asked {
    let at = "2026-01-14T05:00:00Z";
    let mut asked = asked("val-soleil", at);
    let mut site = (*asked.site).clone();
    (site.pumps, site.tanks, site.water) = (Vec::new(), Vec::new(), None);
    (site.lift_stations, site.shiftable) = (Vec::new(), Vec::new());
    (asked.site, asked.water) = (Arc::new(site), None);
    moved(&asked, at, 0.5)
}

/// The same commune at another instant, tanks and batteries filled to a share.
pub(crate) fn moved(asked: &Asked, at: &str, share: f64) -> Asked {
    let site = &asked.site;
    let utc = at.parse().expect("a time");
    let dark = Snapshot::new(Now { mono: Mono::default(), utc }, BTreeMap::new());
    let (mut memory, guard) = (EstimateMemory::default(), GuardMemory::default());
    let peaks = vec![Power::ZERO; site.tariff.demand_charges.len()];
    let mut estimate = estimate(site, &dark, &mut memory, &guard, peaks);
    fill(site, &mut estimate, share);
    let base = asked.water.as_ref().map(|water| water.base_demand()).unwrap_or_default();
    let learned = Learned::new(site);
    let forecast = forecast(site, &learned, &estimate, base, steps(site, utc));
    Asked { site: Arc::clone(site), water: asked.water.clone(), estimate, forecast }
}

fn fill(site: &Site, estimate: &mut Estimate, share: f64) {
    let level = |height: Level| {
        let (value, spread) = (height * share, Level::new(0.01));
        Some(Estimated { value, spread, basis: Basis::Measured })
    };
    let still = || PumpState {
        running: Some(false),
        power: Some(Power::ZERO),
        in_state_for: Duration::from_secs(7200),
        starts_last_hour: 0,
        unavailable: None,
    };
    let free = || LoadState { power: None, setting: None, unavailable: None };
    let battery = || BatteryState {
        charge: Some(Estimated {
            value: Ratio::new(share),
            spread: Ratio::new(0.01),
            basis: Basis::Measured,
        }),
        power: Some(Power::ZERO),
        setting: Some(Power::ZERO),
        unavailable: None,
    };
    let charger = || ChargerState {
        connected: Some(false),
        power: Some(Power::ZERO),
        setting: None,
        session: None,
        unavailable: None,
    };
    let loads = site.shiftable.iter().map(|load| &load.id);
    let loads = loads.chain(site.lift_stations.iter().map(|station| &station.id));
    estimate.tanks = site.tanks.iter().map(|t| (t.id.clone(), level(t.height))).collect();
    estimate.wells = site.lift_stations.iter().map(|s| (s.id.clone(), level(s.height))).collect();
    estimate.pumps = site.pumps.iter().map(|pump| (pump.id.clone(), still())).collect();
    estimate.switched = loads.map(|id| (id.clone(), still())).collect();
    estimate.inverters = site.inverters.iter().map(|i| (i.id.clone(), free())).collect();
    estimate.lighting = site.lighting.iter().map(|l| (l.id.clone(), free())).collect();
    estimate.batteries = site.batteries.iter().map(|b| (b.id.clone(), battery())).collect();
    estimate.chargers = site.chargers.iter().map(|c| (c.id.clone(), charger())).collect();
}

/// Asks for a plan.
pub(crate) async fn plan(
    solver: &Solver,
    asked: &Arc<Asked>,
    planner: &Planner,
    limit: Duration,
) -> Result<Planned, Failure> {
    let question = Question::Plan { planner: Box::new(planner.clone()) };
    match solver.ask(asked, question, limit).await? {
        Answer::Plan(planned) => Ok(*planned),
        Answer::WhatIf(other) => panic!("{other:?}"),
    }
}
