//! A commune without water for tests: what stands in its site file, what is believed and what is
//! expected, all of it as the test says.

use jiff::Timestamp;
use policies::optimise::{Hold, Inputs, Planner, examine};
use site::plan::{
    Basis, BatteryState, ChargerState, Draw, Estimate, Estimated, Forecast, LightingWindow,
    LoadState, Plan, PumpState, Session, Step,
};
use site::units::{Energy, Level, Power, Price, Ratio};
use site::{AssetId, Now, Site};
use std::path::Path;
use std::time::Duration;

const HEAD: &str = r#"
regie: 1
site: {id: c, name: C, time_zone: Europe/Paris, latitude: 45, longitude: 5}
devices: {d: {profile: p, connect: "tcp://127.0.0.1:1"}}
grid: {power: d.power GRID}
tariff:
  feed_in: 0.05 EUR/kWh
  classes: [{name: all, price: 0.20 EUR/kWh, months: 1-12, hours: ["00:00-00:00"]}]
"#;

pub(crate) fn id(name: &str) -> AssetId {
    AssetId::new(name).expect("a fixture")
}

/// A commune at an instant, with steps of equal length ahead.
#[derive(Clone)]
pub(crate) struct Commune {
    pub(crate) site: Site,
    pub(crate) estimate: Estimate,
    pub(crate) forecast: Forecast,
}

impl Commune {
    /// `grid` continues the grid's section, `assets` stand as they are in the site file. Nothing is
    /// consumed, no sun shines, batteries are half full, nobody charges, everything stands still.
    pub(crate) fn new(grid: &str, assets: &str, (steps, minutes): (usize, i64)) -> Self {
        let text = format!("{}{assets}", HEAD.replace(" GRID", grid));
        let site = site::file::read(&text, Path::new("c.yaml")).unwrap_or_else(|findings| {
            panic!("{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>())
        });
        let site = site.site;
        let start: Timestamp = "2026-01-13T23:00:00Z".parse().expect("a fixture");
        let at = |k: usize| {
            start + jiff::SignedDuration::from_mins(minutes) * i32::try_from(k).expect("a fixture")
        };
        let step = |k: usize| Step { start: at(k), end: at(k + 1) };
        let no_light = LightingWindow { level: Ratio::ZERO, may_dim_to: Ratio::ZERO };
        let price = Price::new(0.2);
        let forecast = Forecast {
            steps: (0..steps).map(step).collect(),
            base_load: vec![Power::ZERO; steps],
            price: vec![price; steps],
            class: vec!["all".into(); steps],
            feed_in: vec![Price::new(0.05); steps],
            subscribed: vec![None; steps],
            pv: site.inverters.iter().map(|i| (i.id.clone(), vec![Power::ZERO; steps])).collect(),
            lighting: site.lighting.iter().map(|l| (l.id.clone(), vec![no_light; steps])).collect(),
            ..Forecast::default()
        };
        let estimate = estimate(&site, start);
        Self { site, estimate, forecast }
    }

    /// Prices by step, EUR/kWh.
    pub(crate) fn prices(&mut self, price: impl Fn(usize) -> f64) {
        let steps = 0..self.forecast.steps.len();
        self.forecast.price = steps.map(|t| Price::new(price(t))).collect();
    }

    /// Load of the buildings by step, kW.
    pub(crate) fn load(&mut self, kw: impl Fn(usize) -> f64) {
        let steps = 0..self.forecast.steps.len();
        self.forecast.base_load = steps.map(|t| Power::from_kw(kw(t))).collect();
    }

    /// What an inverter could give by step, kW.
    pub(crate) fn sun(&mut self, inverter: &str, kw: impl Fn(usize) -> f64) {
        let steps = 0..self.forecast.steps.len();
        let power = steps.map(|t| Power::from_kw(kw(t))).collect();
        self.forecast.pv.insert(id(inverter), power);
    }

    /// A vehicle at a charger from the beginning of a step to that of another. It takes all that
    /// three phases of 32 A give.
    pub(crate) fn vehicle(&mut self, charger: &str, (from, to): (usize, usize), kwh: f64) {
        let session = Session {
            arrival: self.forecast.steps[from].start,
            departure: self.forecast.steps[to].start,
            wanted: Energy::from_kwh(kwh),
            basis: Basis::Measured,
            draw: Some(Draw { most: Power::new(3.0 * 230.0 * 32.0), per_ampere: 690.0 }),
        };
        self.forecast.sessions.entry(id(charger)).or_default().push(session);
    }

    /// State of charge of a battery.
    pub(crate) fn charge(&mut self, battery: &str, share: f64) {
        let value = Ratio::new(share);
        let charge = Estimated { value, spread: Ratio::new(0.01), basis: Basis::Measured };
        self.estimate.batteries.get_mut(&id(battery)).expect("a fixture").charge = Some(charge);
    }

    /// Level of a well, m.
    pub(crate) fn well(&mut self, station: &str, metres: f64) {
        let value = Level::new(metres);
        let level = Estimated { value, spread: Level::new(0.01), basis: Basis::Measured };
        self.estimate.wells.insert(id(station), Some(level));
    }

    /// The plan.
    pub(crate) fn plan(&self) -> Plan {
        self.plan_with(&[])
    }

    /// The plan while something is held fast.
    pub(crate) fn plan_with(&self, holds: &[Hold]) -> Plan {
        let Self { site, estimate, forecast } = self;
        let inputs = Inputs { site, water: None, estimate, forecast, holds };
        let plan = Planner::default().optimise(&inputs).0.expect("there always is a plan");
        assert_eq!(examine(&inputs, &plan), Ok(()));
        plan
    }
}

fn estimate(site: &Site, now: Timestamp) -> Estimate {
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
            value: Ratio::new(0.5),
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
    let shiftable = site.shiftable.iter().map(|load| load.id.clone());
    let stations = site.lift_stations.iter().map(|station| station.id.clone());
    Estimate {
        now: Now { utc: now, ..Now::default() },
        inverters: site.inverters.iter().map(|i| (i.id.clone(), free())).collect(),
        lighting: site.lighting.iter().map(|l| (l.id.clone(), free())).collect(),
        batteries: site.batteries.iter().map(|b| (b.id.clone(), battery())).collect(),
        chargers: site.chargers.iter().map(|c| (c.id.clone(), charger())).collect(),
        switched: shiftable.chain(stations).map(|id| (id, still())).collect(),
        ..Estimate::default()
    }
}

/// Energy of a power over the steps of a plan, kWh, where `only` says so.
pub(crate) fn energy(plan: &Plan, power: &[Power], only: impl Fn(usize) -> bool) -> f64 {
    let steps = plan.steps.iter().zip(power).enumerate().filter(|(t, _)| only(*t));
    steps.map(|(_, (step, power))| power.kw() * step.hours()).sum()
}
