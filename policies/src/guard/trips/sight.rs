//! What one look shows for and against a trip. Only what is surely seen counts: a sample that is
//! not good is the business of `quality` and `interlock`, and latches nothing.

use super::Cause;
use crate::guard::{Asset, interlock};
use site::asset::{LiftStation, Tank};
use site::units::Ratio;
use site::{PointId, Site, Snapshot};

/// A pump gives next to nothing below this share of its rated flow.
const FLOW_LEAST: f64 = 0.1;
/// After a dry run the suction level must be so much above its low mark, as a share of the height.
const WATER_AGAIN: f64 = 0.05;

/// One asset and what the field shows.
pub(super) struct Sight<'a> {
    pub(super) site: &'a Site,
    pub(super) snapshot: &'a Snapshot,
    pub(super) asset: Asset<'a>,
}

/// What was seen. Texts are reasons, with the numbers.
#[derive(Debug, Default)]
pub(super) struct Signs {
    pub(super) running: Option<bool>,
    /// It runs, and there is no water to pump.
    pub(super) dry: Option<String>,
    /// It runs, and next to nothing flows.
    pub(super) flowless: Option<String>,
    /// It runs, and the tank that it fills is full.
    pub(super) overfull: Option<String>,
    /// There is water again, with room to spare.
    pub(super) watered: bool,
    pub(super) faulty: Option<bool>,
    pub(super) fault: Option<PointId>,
    /// The same as `dry` and `overfull`, whether or not it runs.
    waterless: Option<String>,
    full: Option<String>,
}

impl Signs {
    /// What of a cause is still there when it was reset.
    pub(super) fn persists(&self, cause: Cause) -> Option<(Cause, String)> {
        let words = match cause {
            Cause::DryRun => self.waterless.clone(),
            Cause::Overflow => self.full.clone(),
            Cause::Fault if self.faulty == Some(true) => {
                self.fault.as_ref().map(|point| format!("{point} is on"))
            }
            Cause::RunsOn if self.running == Some(true) => Some("it runs on".to_owned()),
            // The next command to run shows it.
            Cause::Fault | Cause::RunsOn | Cause::StandsStill => None,
        };
        words.map(|words| (cause, words))
    }
}

impl Sight<'_> {
    /// Whether the device is ours to command; one without a switch is.
    pub(super) fn is_remote(&self) -> bool {
        let remote = match self.asset {
            Asset::Battery(battery) => battery.points.remote.as_ref(),
            asset => asset.motor(self.site).map(|motor| motor.remote),
        };
        remote.is_none_or(|point| self.snapshot.flag(point) == Some(true))
    }

    pub(super) fn signs(&self) -> Signs {
        let running = self.asset.motor(self.site).map(|motor| motor.running);
        let running = running.and_then(|point| self.snapshot.flag(point));
        let runs = running == Some(true);
        let (waterless, full) = (self.waterless(), self.full());
        let fault = self.asset.fault().cloned();
        Signs {
            running,
            dry: waterless.clone().filter(|_| runs),
            flowless: self.flowless().filter(|_| runs),
            overfull: full.clone().filter(|_| runs),
            watered: self.watered(),
            faulty: fault.as_ref().and_then(|point| self.snapshot.flag(point)),
            fault,
            waterless,
            full,
        }
    }

    fn waterless(&self) -> Option<String> {
        match self.asset {
            Asset::Pump(pump) => {
                let dry = pump.points.dry.as_ref();
                let dry = dry.filter(|point| self.snapshot.flag(point) == Some(true));
                dry.map(|point| format!("{point} is on")).or_else(|| {
                    let tank = self.source()?;
                    let level = self.snapshot.number(&tank.level)?;
                    let low = level <= interlock::mark(tank, tank.low);
                    let relation = "at or below its low mark";
                    low.then(|| interlock::words(tank, Some(level), relation, tank.low))
                })
            }
            Asset::LiftStation(station) => {
                let level = self.snapshot.number(&station.level)?;
                let mark = above_bottom(station, station.low.get());
                (level <= mark)
                    .then(|| format!("its well stands at {level:.2} m, not above {mark:.2} m"))
            }
            _ => None,
        }
    }

    /// Whether nothing seen speaks against water, with room to spare.
    fn watered(&self) -> bool {
        match self.asset {
            Asset::Pump(pump) => {
                let dry = pump.points.dry.as_ref();
                let wet = dry.is_none_or(|point| self.snapshot.flag(point) == Some(false));
                let enough = |tank: &Tank| {
                    let share = Ratio::new(tank.low.get() + WATER_AGAIN);
                    let level = self.snapshot.number(&tank.level);
                    level.is_some_and(|level| level > interlock::mark(tank, share))
                };
                // A source that the site names and does not have was refused when it was read.
                wet && self.source().is_none_or(enough)
            }
            Asset::LiftStation(station) => {
                let mark = above_bottom(station, station.low.get() + WATER_AGAIN);
                self.snapshot.number(&station.level).is_some_and(|level| level > mark)
            }
            _ => true,
        }
    }

    fn flowless(&self) -> Option<String> {
        let (point, rated) = match self.asset {
            Asset::Pump(pump) => {
                let flow = pump.flow.as_ref()?;
                (&flow.point, flow.rated)
            }
            Asset::LiftStation(station) => (station.measured_flow.as_ref()?, station.flow),
            _ => return None,
        };
        let flow = self.snapshot.number(point)?;
        let litres = |flow: f64| 1e3 * flow;
        (flow < FLOW_LEAST * rated.get()).then(|| {
            let (flow, rated, percent) = (litres(flow), litres(rated.get()), 100.0 * FLOW_LEAST);
            format!("{point} shows {flow:.2} l/s, below {percent:.0} % of {rated:.2} l/s")
        })
    }

    fn full(&self) -> Option<String> {
        let Asset::Pump(pump) = self.asset else { return None };
        let tank = self.site.tank(&pump.fills)?;
        let level = self.snapshot.number(&tank.level)?;
        let relation = "at or above its overflow mark";
        let full = level >= interlock::mark(tank, tank.overflow);
        full.then(|| interlock::words(tank, Some(level), relation, tank.overflow))
    }

    fn source(&self) -> Option<&Tank> {
        let Asset::Pump(pump) = self.asset else { return None };
        pump.draws_from.as_ref().and_then(|id| self.site.tank(id))
    }
}

/// A share of a well's height, in metres above its bottom.
fn above_bottom(station: &LiftStation, share: f64) -> f64 {
    share * station.height.get()
}
