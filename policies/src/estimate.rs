//! From a frozen process image to what is believed: measured where possible, held for a short
//! while, otherwise unknown. Nothing is invented.

mod charging;
mod storage;
mod switched;

use crate::forecast::sun::is_night;
use crate::guard::GuardMemory;
use charging::Visit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::plan::{Basis, Estimate, Estimated, LoadState, PumpState};
use site::units::{Flow, Level, Power, Ratio, Voltage};
use site::{AssetId, PointId, Site, Snapshot};
use std::collections::BTreeMap;
use std::time::Duration;
use switched::RunToday;

/// How long a measured value may stand for one that is missing.
const HOLD: Duration = Duration::from_secs(300);
/// Spread of a level transmitter, m.
const LEVEL_SPREAD: f64 = 0.01;
/// How much wider a held level's spread is, m.
const HELD_LEVEL_SPREAD: f64 = 0.1;

/// What the estimator remembers: the last measured values and when.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EstimateMemory {
    /// Tanks and wells.
    levels: BTreeMap<AssetId, (Timestamp, Level)>,
    base_load: Option<(Timestamp, Power)>,
    charges: BTreeMap<AssetId, (Timestamp, Ratio)>,
    visits: BTreeMap<AssetId, Visit>,
    runs: BTreeMap<AssetId, RunToday>,
}

/// Makes the estimate.
#[must_use]
pub fn estimate(
    site: &Site,
    snapshot: &Snapshot,
    memory: &mut EstimateMemory,
    guard: &GuardMemory,
    peaks: Vec<Power>,
) -> Estimate {
    let pumps: BTreeMap<AssetId, PumpState> = site
        .pumps
        .iter()
        .map(|pump| (pump.id.clone(), pump_state(pump, snapshot, guard)))
        .collect();
    let inverters = site.inverters.iter().map(|i| (i.id.clone(), inverter_state(i, snapshot)));
    let lighting = site.lighting.iter().map(|l| (l.id.clone(), lighting_state(l, snapshot)));
    let tanks = site.tanks.iter().map(|tank| Gauge::of_tank(tank).read(snapshot, memory));
    let tanks = tanks.collect();
    let switched = switched::states(site, snapshot, guard);
    let mut estimate = Estimate {
        now: snapshot.now,
        tanks,
        pumps,
        inverters: inverters.collect(),
        lighting: lighting.collect(),
        demand: demand(site, snapshot),
        import: snapshot.number(&site.grid.power).map(Power::new),
        base_load: None,
        peaks,
        batteries: storage::states(site, snapshot, memory, guard),
        chargers: charging::states(site, snapshot, memory),
        run_today: switched::run_today(site, snapshot.now.utc, memory, &switched),
        switched,
        wells: switched::wells(site, snapshot, memory),
        generator: switched::generator(site, snapshot),
        busbar: busbar(site, snapshot),
        ..Estimate::default()
    };
    estimate.base_load = base_load(site, &estimate, memory);
    estimate
}

fn held<T: Copy>(entry: Option<&(Timestamp, T)>, now: Timestamp) -> Option<T> {
    let (at, value) = entry?;
    let age = site::time::seconds_between(*at, now);
    (0.0..=HOLD.as_secs_f64()).contains(&age).then_some(*value)
}

/// A level transmitter and the height above which it cannot be right.
struct Gauge<'a> {
    id: &'a AssetId,
    point: &'a PointId,
    height: Level,
}

impl<'a> Gauge<'a> {
    const fn of_tank(tank: &'a site::asset::Tank) -> Self {
        Self { id: &tank.id, point: &tank.level, height: tank.height }
    }

    /// The level, or the last one for a short while.
    fn read(
        &self,
        snapshot: &Snapshot,
        memory: &mut EstimateMemory,
    ) -> (AssetId, Option<Estimated<Level>>) {
        let (now, id) = (snapshot.now.utc, self.id.clone());
        if let Some(metres) = snapshot.number(self.point) {
            let value = Level::new(metres.clamp(0.0, self.height.get()));
            memory.levels.insert(id.clone(), (now, value));
            let spread = Level::new(LEVEL_SPREAD);
            return (id, Some(Estimated { value, spread, basis: Basis::Measured }));
        }
        let spread = Level::new(HELD_LEVEL_SPREAD);
        let value = held(memory.levels.get(&id), now);
        (id, value.map(|value| Estimated { value, spread, basis: Basis::Held }))
    }
}

/// Between phases, from what is measured between a phase and neutral.
fn busbar(site: &Site, snapshot: &Snapshot) -> Option<Voltage> {
    let point = site.electrical.as_ref()?.busbar_voltage.as_ref()?;
    snapshot.number(point).map(|volts| Voltage::new(volts * 3_f64.sqrt()))
}

fn pump_state(pump: &site::asset::Pump, snapshot: &Snapshot, guard: &GuardMemory) -> PumpState {
    let now = snapshot.now.utc;
    let points = &pump.points;
    PumpState {
        running: snapshot.flag(&points.running),
        power: snapshot.number(&points.power).map(Power::new),
        in_state_for: guard.in_state_for(&pump.id, now).unwrap_or_default(),
        starts_last_hour: guard.starts_last_hour(&pump.id, now),
        unavailable: unavailable(
            snapshot,
            &[&points.running],
            Some(&points.remote),
            points.fault.as_ref(),
        )
        .or_else(|| tripped(guard, &pump.id)),
    }
}

fn inverter_state(inverter: &site::asset::Inverter, snapshot: &Snapshot) -> LoadState {
    let points = &inverter.points;
    LoadState {
        power: snapshot.number(&points.power).map(Power::new),
        setting: snapshot.number(&points.limit).map(|percent| Ratio::new(percent / 100.0)),
        unavailable: unavailable(snapshot, &[&points.limit], None, None),
    }
}

fn lighting_state(lighting: &site::asset::Lighting, snapshot: &Snapshot) -> LoadState {
    let points = &lighting.points;
    let lit = snapshot.flag(&points.lit);
    let level = snapshot.number(&points.level).map(|percent| Ratio::new(percent / 100.0));
    let setting = lit.and_then(|lit| if lit { level } else { Some(Ratio::ZERO) });
    let metered = points.power.as_ref().and_then(|point| snapshot.number(point)).map(Power::new);
    LoadState {
        power: metered.or_else(|| setting.map(|s| lighting.rated_power * s.get())),
        setting,
        unavailable: unavailable(snapshot, &[&points.lit], Some(&points.remote), None),
    }
}

/// Why the plan cannot count on an asset, in words.
fn unavailable(
    snapshot: &Snapshot,
    needed: &[&PointId],
    remote: Option<&PointId>,
    fault: Option<&PointId>,
) -> Option<String> {
    for point in needed.iter().copied().chain(remote) {
        if let Some(reason) = snapshot.trouble(point) {
            return Some(format!("{point}: {}", reason.words()));
        }
    }
    if remote.is_some_and(|point| snapshot.flag(point) == Some(false)) {
        return Some("switched to local at the device".into());
    }
    let fault = fault.filter(|point| snapshot.flag(point) == Some(true))?;
    Some(format!("{fault} is present"))
}

/// Why the plan cannot count on an asset that has tripped.
fn tripped(guard: &GuardMemory, asset: &AssetId) -> Option<String> {
    guard.trip(asset).map(|trip| format!("tripped ({}): {}", trip.cause.word(), trip.reason))
}

/// The sum of the meters that feed consumers, when all of them are good.
fn demand(site: &Site, snapshot: &Snapshot) -> Option<Estimated<Flow>> {
    let mut meters = site.flow_meters.iter().filter(|meter| meter.feeds_demand).peekable();
    meters.peek()?;
    let flows: Option<Vec<f64>> = meters.map(|meter| snapshot.number(&meter.flow)).collect();
    let value = Flow::new(flows?.iter().sum::<f64>().max(0.0));
    Some(Estimated { value, spread: value * 0.02, basis: Basis::Measured })
}

/// Import minus all that is metered one by one. A missing meter makes it unknown, not wrong.
fn base_load(
    site: &Site,
    estimate: &Estimate,
    memory: &mut EstimateMemory,
) -> Option<Estimated<Power>> {
    let now = estimate.now.utc;
    let sum = |states: &mut dyn Iterator<Item = Option<Power>>| states.sum::<Option<Power>>();
    let parts = || {
        let pumps = sum(&mut estimate.pumps.values().map(|pump| pump.power))?;
        let lights = sum(&mut estimate.lighting.values().map(|light| light.power))?;
        // Many inverters sleep at night and say nothing; what they give then is known all the same.
        let asleep = is_night(site, now).then_some(Power::ZERO);
        let pv = sum(&mut estimate.inverters.values().map(|inverter| inverter.power.or(asleep)))?;
        let batteries = sum(&mut estimate.batteries.values().map(|battery| battery.power))?;
        let chargers = sum(&mut estimate.chargers.values().map(|charger| charger.power))?;
        let switched = sum(&mut estimate.switched.values().map(|load| load.power))?;
        let moved = pumps + lights + batteries + chargers + switched;
        Some((estimate.import? - moved + pv).max(Power::ZERO))
    };
    if let Some(value) = parts() {
        memory.base_load = Some((now, value));
        return Some(Estimated { value, spread: value * 0.1, basis: Basis::Measured });
    }
    let fallback = Estimated {
        value: site.base_load.mean,
        spread: site.base_load.mean * 0.5,
        basis: Basis::Default,
    };
    let held = held(memory.base_load.as_ref(), now);
    Some(held.map_or(fallback, |value| Estimated {
        value,
        spread: value * 0.2,
        basis: Basis::Held,
    }))
}
