//! The true future of a simulated run: what the policy `foresight` is told, so that what forecasts
//! cost can be read beside it. And what was seen before a run: profiles learned on the days before.

use crate::plant::{Exogenous, Scout, SessionAhead};
use jiff::Timestamp;
use policies::forecast::Learned;
use policies::sessions::ready_by;
use regie::control::Outlook;
use site::plan::{Basis, Estimate, Estimated, Forecast, LoadState, Session, Step};
use site::time::{add_seconds, seconds_between};
use site::units::{Energy, Flow, Power, Ratio};
use site::{AssetId, Now, Site, Snapshot};
use std::collections::BTreeMap;

/// The future is kept as means of so many seconds.
const GRAIN_S: f64 = 60.0;
/// Steps of a plant in a grain.
const LOOK_S: f64 = 10.0;
/// What is learned from before a run is looked at this often, s.
const LEARN_S: f64 = 300.0;

/// A quantity over time as running sums of its means, so that a mean over any time is two look-ups.
#[derive(Debug, Clone, Default)]
struct Course {
    sums: Vec<f64>,
}

impl Course {
    fn push(&mut self, mean: f64) {
        self.sums.push(self.sums.last().copied().unwrap_or(0.0) + mean);
    }

    /// The mean from one number of grains after the start to another; the last value goes on.
    fn mean(&self, from: f64, to: f64) -> f64 {
        let (from, to) = (from.max(0.0), to.max(from.max(0.0) + 1e-9));
        (self.sum(to) - self.sum(from)) / (to - from)
    }

    fn sum(&self, grains: f64) -> f64 {
        let last = self.sums.len();
        let before = |k: usize| if k == 0 { 0.0 } else { self.sums[k - 1] };
        if last == 0 {
            return 0.0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "grains of a run are counted in small numbers"
        )]
        let whole = (grains.floor() as usize).min(last - 1);
        let rate = before(whole + 1) - before(whole);
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let part = grains - whole as f64;
        before(whole) + part * rate
    }
}

/// What will happen to a site whatever is commanded.
pub struct Future {
    start: Timestamp,
    demand: Course,
    load: Course,
    sun: BTreeMap<AssetId, Course>,
    inflow: BTreeMap<AssetId, Course>,
    sessions: BTreeMap<AssetId, Vec<SessionAhead>>,
}

impl Future {
    /// Follows a scout to an instant and writes down what it meets.
    #[must_use]
    pub fn of(mut scout: Scout, until: Timestamp) -> Self {
        let start = scout.now();
        let mut future = Self {
            start,
            demand: Course::default(),
            load: Course::default(),
            sun: BTreeMap::new(),
            inflow: BTreeMap::new(),
            sessions: scout.sessions_ahead(until),
        };
        while scout.now() < until {
            let mut seen = Vec::new();
            let end = add_seconds(scout.now(), GRAIN_S);
            while scout.now() < end {
                let next = add_seconds(scout.now(), LOOK_S);
                scout.advance(next);
                seen.push(scout.exogenous());
            }
            future.take(&seen);
        }
        future
    }

    /// The means of one grain.
    fn take(&mut self, seen: &[Exogenous]) {
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let count = seen.len().max(1) as f64;
        let mean = |value: &dyn Fn(&Exogenous) -> f64| seen.iter().map(value).sum::<f64>() / count;
        self.demand.push(mean(&|one| one.demand.map_or(0.0, Flow::get)));
        self.load.push(mean(&|one| one.load.get()));
        let Some(last) = seen.last() else { return };
        for id in last.available.keys() {
            self.sun.entry(id.clone()).or_default().push(mean(&|one| one.available[id].get()));
        }
        for id in last.inflow.keys() {
            self.inflow.entry(id.clone()).or_default().push(mean(&|one| one.inflow[id].get()));
        }
    }

    fn mean(&self, course: &Course, step: &Step) -> f64 {
        let grains = |at| seconds_between(self.start, at) / GRAIN_S;
        course.mean(grains(step.start), grains(step.end))
    }

    /// The vehicles of a charger from now on; the one that is there wants what it did not get yet.
    fn vehicles(&self, charger: &site::asset::Charger, snapshot: &Snapshot) -> Vec<Session> {
        let now = snapshot.now.utc;
        let delivered = snapshot.number(&charger.points.session).unwrap_or(0.0);
        let connected = snapshot.flag(&charger.points.connected) == Some(true);
        let all = self.sessions.get(&charger.id).map_or(&[][..], Vec::as_slice);
        let coming = all.iter().filter(|session| session.departure > now);
        let one = |session: &SessionAhead| {
            let here = connected && session.arrival <= now;
            let got = if here { delivered } else { 0.0 };
            Session {
                arrival: session.arrival,
                departure: ready_by(now.max(session.arrival), session.departure),
                wanted: Energy::new((session.wanted.get() - got).max(0.0)),
                basis: Basis::Measured,
                draw: Some(session.draw),
            }
        };
        coming.map(one).collect()
    }
}

impl Outlook for Future {
    fn correct(&self, site: &Site, snapshot: &Snapshot, _: &Estimate, forecast: &mut Forecast) {
        let steps = forecast.steps.clone();
        let over = |course: &Course| -> Vec<f64> {
            steps.iter().map(|step| self.mean(course, step).max(0.0)).collect()
        };
        forecast.demand = over(&self.demand).into_iter().map(Flow::new).collect();
        forecast.demand_spread = vec![Flow::ZERO; steps.len()];
        forecast.base_load = over(&self.load).into_iter().map(Power::new).collect();
        forecast.base_load_spread = vec![Power::ZERO; steps.len()];
        for (id, course) in &self.sun {
            forecast.pv.insert(id.clone(), over(course).into_iter().map(Power::new).collect());
            forecast.pv_spread.insert(id.clone(), vec![Power::ZERO; steps.len()]);
        }
        for (id, course) in &self.inflow {
            forecast.inflow.insert(id.clone(), over(course).into_iter().map(Flow::new).collect());
        }
        for charger in &site.chargers {
            forecast.sessions.insert(charger.id.clone(), self.vehicles(charger, snapshot));
        }
    }
}

/// What would have been learned had the site been watched on the way of a scout up to an instant.
#[must_use]
pub fn learned(site: &Site, mut scout: Scout, until: Timestamp) -> Learned {
    let mut learned = Learned::new(site);
    while scout.now() < until {
        scout.advance(add_seconds(scout.now(), LEARN_S));
        let seen = scout.exogenous();
        let free = |power: Power| LoadState {
            power: Some(power),
            setting: Some(Ratio::ONE),
            unavailable: None,
        };
        let basis = Basis::Measured;
        let estimate = Estimate {
            now: Now { utc: seen.at, ..Now::default() },
            demand: seen.demand.map(|value| Estimated { value, spread: Flow::ZERO, basis }),
            base_load: Some(Estimated { value: seen.load, spread: Power::ZERO, basis }),
            inverters: seen
                .available
                .iter()
                .map(|(id, power)| (id.clone(), free(*power)))
                .collect(),
            ..Estimate::default()
        };
        learned.observe(site, &estimate, scout.base_demand());
    }
    learned
}
