//! What the daemon shows, made once per cycle from what it knows.

use super::Controller;
use crate::http::View;
use crate::status::{
    BillStatus, DeviceStatus, ForecastStatus, GridStatus, GuardStatus, LimitStatus, LinkStatus,
    SolverStatus, Status, TankStatus,
};
use jiff::Timestamp;
use policies::explain::explain;
use site::command::Outcome;
use site::plan::Plan;
use site::record::CycleRecord;
use site::units::Power;
use site::{AssetId, Reason, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// After this many cycles without a view the daemon is not healthy.
const STALLED_CYCLES: u32 = 3;
/// How far ahead a tank's planned level is shown, in hours.
const AHEAD_HOURS: [f64; 3] = [1.0, 3.0, 6.0];

impl Controller {
    /// Publishes the view after a cycle (or, before the first one, what there is).
    pub(super) fn show(&self, record: Option<&CycleRecord>, snapshot: &Snapshot) {
        let plan = record.and_then(|record| record.plan.clone());
        let site = &self.loaded.site;
        let explanations = record.map_or_else(BTreeMap::new, |record| {
            let motors = site.motors().map(|motor| motor.id);
            let ids = motors
                .chain(site.inverters.iter().map(|inverter| &inverter.id))
                .chain(site.lighting.iter().map(|lighting| &lighting.id))
                .chain(site.batteries.iter().map(|battery| &battery.id))
                .chain(site.chargers.iter().map(|charger| &charger.id));
            ids.filter_map(|id| Some((id.clone(), explain(site, record, id)?))).collect()
        });
        let status = self.status(record, plan.as_ref(), snapshot);
        let healthy = record.is_some();
        self.view.send_replace(Arc::new(View { status, plan, explanations, healthy }));
    }

    /// Watches the views go by, on a task of its own, and takes health away when they stop: a
    /// loop that hangs cannot say so itself.
    pub fn oversee(&self) -> impl Future<Output = ()> + Send + use<> {
        let (view, clock) = (self.view.clone(), self.clock.clone());
        let mut seen = self.view.subscribe();
        let limit = self.loaded.site.pace.cycle * STALLED_CYCLES;
        async move {
            loop {
                tokio::select! {
                    biased;
                    changed = seen.changed() => if changed.is_err() { return },
                    () = clock.sleep(limit) => view.send_modify(stalled),
                }
            }
        }
    }

    /// Publishes newer counters and trips with what the last cycle showed.
    pub(super) fn show_again(&self) {
        self.view.send_modify(|view| {
            let view = Arc::make_mut(view);
            view.status.writes = self.tally.writes.clone();
            view.status.guard = self.guard_status();
            for (id, asset) in &mut view.status.assets {
                asset.tripped = self.state.guard.trip(id).cloned();
            }
        });
    }

    /// Publishes newer limits with what the last cycle showed.
    pub(super) fn show_limits(&self) {
        let limits = self.limits(self.clock.now().utc);
        self.view.send_modify(|view| Arc::make_mut(view).status.grid.limits = limits);
    }

    /// Limits from outside, in force or to come: those that people entered, then the device's.
    fn limits(&self, now: Timestamp) -> Vec<LimitStatus> {
        let limits = &self.state.limits;
        let orders = limits.orders(now).map(|order| LimitStatus::of_order(order, now));
        let remote = limits.remote(now).map(|limit| LimitStatus::new(None, &limit, now));
        orders.chain(remote).collect()
    }

    fn status(
        &self,
        record: Option<&CycleRecord>,
        plan: Option<&Plan>,
        snapshot: &Snapshot,
    ) -> Status {
        let (site, now) = (&self.loaded.site, snapshot.now);
        let priced = site.tariff.expected_at(now.utc, now.utc, site.calendar());
        let peaks = self.state.peak.peaks(&site.tariff).into_iter();
        let highest = peaks.fold(Power::ZERO, Power::max);
        Status {
            site: site.id.to_string(),
            name: site.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            at: now.utc,
            time_zone: site.zone.iana_name().unwrap_or("UTC").to_owned(),
            speed: self.clock.speed(),
            cycle: self.state.cycle,
            cycles_since_start: self.tally.cycles,
            overruns: self.tally.overruns,
            rung: self.rung,
            because: self.because.clone(),
            rungs: self.tally.rungs.clone(),
            tariff_class: priced.class.to_owned(),
            price_eur_per_kwh: priced.price.get(),
            price_assumed: priced.assumed,
            tariff_trouble: self.tariff_trouble.clone(),
            tanks: self.tanks(snapshot, plan),
            districts: self.state.districts.reports(site),
            assets: record.map_or_else(BTreeMap::new, |record| self.assets(record)),
            grid: GridStatus {
                import_watts: snapshot.number(&site.grid.power),
                peak_watts: highest.get(),
                limits: self.limits(now.utc),
                generator: record.and_then(|record| record.estimate.generator.clone()),
            },
            devices: self.devices(snapshot),
            links: self.links(),
            bad_points: bad_points(snapshot),
            guard: self.guard_status(),
            writes: self.tally.writes.clone(),
            solver: self.solver(plan),
            model: self.model_status(),
            forecast: ForecastStatus {
                basis: self.basis.clone(),
                refused: self.outside.refused().map(ToString::to_string),
            },
            bill: self.bill(),
            record_hash: self.state.hash.clone(),
        }
    }

    fn bill(&self) -> BillStatus {
        let (tariff, peaks) = (&self.loaded.site.tariff, &self.state.peak);
        BillStatus {
            demand: peaks.demand(tariff),
            overrun_eur: peaks.overrun_eur(tariff),
            ..self.tally.bill()
        }
    }

    fn tanks(&self, snapshot: &Snapshot, plan: Option<&Plan>) -> BTreeMap<AssetId, TankStatus> {
        let now = snapshot.now.utc;
        let tank = |tank: &site::asset::Tank| {
            let height = tank.height.get();
            let level = snapshot.number(&tank.level);
            let at = |hours: &f64| {
                let plan = plan?;
                let t = plan.step_at(site::time::add_seconds(now, hours * 3600.0))?;
                Some(plan.tanks.get(&tank.id)?.get(t)?.get() / height)
            };
            let status = TankStatus {
                level_metres: level,
                level_ratio: level.map(|level| level / height),
                ahead: AHEAD_HOURS.iter().filter_map(at).collect(),
            };
            (tank.id.clone(), status)
        };
        self.loaded.site.tanks.iter().map(tank).collect()
    }

    fn devices(&self, snapshot: &Snapshot) -> Vec<DeviceStatus> {
        let status = |health: drivers::DeviceHealth| {
            let mut points = snapshot.of_device(&health.id);
            // A device that says "not available" answers: an inverter sleeps every night.
            let trouble = points.find_map(|(point, _)| match snapshot.trouble(point)? {
                Reason::NotAvailable => None,
                reason => Some(format!("{}: {}", point.name(), reason.words())),
            });
            DeviceStatus {
                device: health.id.to_string(),
                endpoint: health.endpoint.to_string(),
                good: trouble.is_none(),
                trouble: trouble.map(|trouble| match &health.last_error {
                    Some(error) => format!("{trouble} ({error})"),
                    None => trouble,
                }),
                last_answer_at: health.last_answer.map(|at| snapshot.now.utc_of(at)),
                requests: health.reads_ok + health.writes_ok,
                failures: health.reads_failed + health.writes_failed,
                connects: health.reconnects + u64::from(health.last_answer.is_some()),
                counter_rollovers: health.counter_rollovers,
                counter_resets: health.counter_resets,
                refused_writes: health.writes_outside,
            }
        };
        self.field.health().into_iter().map(status).collect()
    }

    fn links(&self) -> Vec<LinkStatus> {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let status = |health: drivers::LinkHealth| LinkStatus {
            link: health.endpoint.to_string(),
            devices: count(health.devices),
            connected: health.connected,
            busy: health.busy,
            requests: health.requests,
            unasked_bytes: health.unasked_bytes,
            waiting: count(health.waiting),
        };
        self.field.links().into_iter().map(status).collect()
    }

    fn guard_status(&self) -> GuardStatus {
        let mut guard = self.tally.guard.clone();
        let latest = self.verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Passed);
        guard.latest = latest.cloned().collect();
        guard
    }

    fn solver(&self, plan: Option<&Plan>) -> SolverStatus {
        let mut solver = self.tally.solver.clone();
        if let Some(plan) = plan {
            solver.shortfalls.clone_from(&plan.why.shortfalls);
            solver.plan_expires_at = Some(plan.expires_at);
            solver.plan_cost_eur = Some(plan.cost.get());
        }
        solver
    }
}

fn stalled(view: &mut Arc<View>) {
    let view = Arc::make_mut(view);
    view.healthy = false;
    view.status.because = Some("no cycle was completed in time".into());
}

fn bad_points(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let bad = |(point, _): (&site::PointId, &site::Sample)| {
        Some((point.to_string(), snapshot.trouble(point)?.words().to_owned()))
    };
    snapshot.iter().filter_map(bad).collect()
}
