//! One cycle, phase by phase, and the guard's look between cycles.

use super::ladder::{self, Decision};
use super::operate::Look;
use super::{Controller, DECISION_CYCLES, Policy};
use jiff::Timestamp;
use policies::district::Image;
use policies::estimate::estimate;
use policies::forecast::{self, forecast};
use policies::guard::{Allowed, guard};
use policies::propose::{Circumstances, propose};
use policies::sessions;
use site::command::{Outcome, Receipt, Verdict, Verification};
use site::plan::{Estimate, Forecast, Plan, Rung};
use site::record::CycleRecord;
use site::units::{Flow, Power, Ratio};
use site::{AssetId, Now, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

impl Controller {
    /// One cycle: poll, freeze, estimate, forecast, optimise, propose, guard, write, verify,
    /// record. The field is polled by its own tasks; freezing takes what they have read.
    pub(super) async fn cycle(&mut self) -> CycleRecord {
        let now = self.clock.now();
        let by_hand = self.standing();
        let snapshot = self.freeze(now);
        let estimate = self.estimate(&snapshot);
        let forecast = self.forecast(&estimate);
        let forecast = self.foreseen(&snapshot, &estimate, forecast);
        let plan = match (self.policy, ladder::obstacle(&self.loaded.site, &estimate)) {
            (Policy::Rules, _) => Err("the rules decide".to_owned()),
            (Policy::Optimal, Some(obstacle)) => Err(obstacle),
            (Policy::Optimal, None) => self.optimise(&estimate, &forecast).await,
        };
        let decision = self.decide(now.utc, plan);
        self.believed = estimate.clone();
        self.expected = forecast;
        self.publish_moment(&decision);
        // The guard looks at the newest image: while a solve ran, it may have moved on.
        let newest = self.newest(snapshot);
        self.decision = decision.clone();
        self.decided_until = now.mono.after(self.loaded.site.pace.cycle * DECISION_CYCLES);
        self.end_overrides(&by_hand);
        self.proposals = self.propose(&newest, &decision);
        let allowed = self.guard(&newest);
        let receipts = self.write(newest.now, &allowed).await;
        let verifications = self.verify(&newest);
        self.verify_overrides(&verifications);
        self.record((newest, estimate, decision), allowed, receipts, verifications)
    }

    /// The guard's look between cycles: the same decision, newer inputs. A level that falls low,
    /// an export that grows, dusk: none of them waits for the next cycle.
    pub(super) async fn tick(&mut self) -> Look {
        let now = self.clock.now();
        let snapshot = self.freeze(now);
        if now.mono > self.decided_until && self.decision.rung != Rung::Release {
            // The cycle has not come round: what it decided is too old to be acted upon.
            self.decision = Decision { rung: Rung::Rules, plan: None, because: None };
        }
        self.proposals = self.propose(&snapshot, &self.decision);
        let allowed = self.guard(&snapshot);
        let receipts = self.write(now, &allowed).await;
        let verifications = self.verify(&snapshot);
        self.tally.judged(&allowed.verdicts);
        self.tally.delivered(&receipts);
        self.tally.verified(&verifications);
        self.verify_overrides(&verifications);
        Look { allowed, receipts }
    }

    pub(super) fn freeze(&mut self, now: Now) -> Snapshot {
        self.clock.step();
        let snapshot = self.field.freeze(now);
        let site = &self.loaded.site;
        let tripped = self.tripped();
        self.state.guard.observe(site, &snapshot);
        self.state.limits.observe(site, &snapshot);
        let import = snapshot.number(&site.grid.power).map(Power::new);
        self.state.peak.observe(site, now.utc, import);
        self.tally.metered(site, now, import);
        self.watch_trips(&tripped);
        snapshot
    }

    /// The newest image: `snapshot`, unless time has passed since it was frozen.
    fn newest(&mut self, snapshot: Snapshot) -> Snapshot {
        let now = self.clock.now();
        if now.mono == snapshot.now.mono { snapshot } else { self.freeze(now) }
    }

    fn base_demand(&self) -> Flow {
        self.loaded.water.as_ref().map_or(Flow::ZERO, |water| water.base_demand())
    }

    fn estimate(&mut self, snapshot: &Snapshot) -> Estimate {
        let base = self.base_demand();
        let state = &mut self.state;
        let site = &self.loaded.site;
        let peaks = state.peak.peaks(&site.tariff);
        let mut estimate = estimate(site, snapshot, &mut state.estimate, &state.guard, peaks);
        estimate.external = state.limits.all(snapshot.now.utc);
        state.learned.observe(site, &estimate, base);
        state.habits.observe(site, &estimate);
        state.inflows.observe(site, &estimate);
        if let Some(water) = &self.loaded.water {
            state.fit.observe(site, water, &estimate, &state.learned);
        }
        estimate
    }

    fn forecast(&mut self, estimate: &Estimate) -> Forecast {
        let (site, now) = (&self.loaded.site, estimate.now.utc);
        let steps = forecast::steps(site, now);
        let state = &self.state;
        let mut forecast = forecast(site, &state.learned, estimate, self.base_demand(), steps);
        forecast.inflow = state.inflows.expected(site, now, &forecast.steps);
        forecast.sessions = sessions::expected(site, estimate, &state.habits, &forecast.steps);
        self.outside.lay_over(site, now, &mut forecast);
        self.basis.clone_from(&forecast.basis);
        forecast
    }

    fn decide(&mut self, now: Timestamp, plan: Result<Plan, String>) -> Decision {
        let observed = self.tally.cycles;
        let needed = u64::from(self.loaded.site.pace.observe_cycles);
        let decision = ladder::decide(now, plan, self.state.plan.as_ref(), (observed, needed));
        if decision.plan.is_some() && decision.rung <= Rung::Relaxed {
            self.state.plan.clone_from(&decision.plan);
        }
        decision
    }

    pub(super) fn propose(
        &self,
        snapshot: &Snapshot,
        decision: &Decision,
    ) -> Vec<site::command::Proposal> {
        let site = &self.loaded.site;
        let program = |lighting: &site::asset::Lighting| {
            let now = snapshot.now.utc;
            let window = forecast::lighting::window_at(site, lighting, now);
            (lighting.id.clone(), window.level)
        };
        let program: BTreeMap<AssetId, Ratio> = site.lighting.iter().map(program).collect();
        let limits = self.state.limits.all(snapshot.now.utc);
        let known = Circumstances::new(program, limits, &self.believed);
        let known = known.with_overrides(self.overrides());
        propose(site, snapshot, decision.plan.as_ref(), decision.rung, &known)
    }

    fn guard(&self, snapshot: &Snapshot) -> Allowed {
        guard(&self.loaded.site, snapshot, &self.state.guard, &self.proposals)
    }

    /// Writes what the guard let through; what is about to change is put on disk first.
    async fn write(&mut self, now: Now, allowed: &Allowed) -> Vec<Receipt> {
        let changed = allowed.commands.iter().any(|command| !self.commands.contains(command));
        self.commands.clone_from(&allowed.commands);
        self.verdicts.clone_from(&allowed.verdicts);
        if changed {
            let commands = allowed.commands.iter().map(|command| command.get().clone());
            self.history.intend(now.utc, &commands.collect::<Vec<_>>());
        }
        let receipts = self.field.write(now, &allowed.commands).await;
        self.state.guard.commanded(now.utc, &allowed.commands);
        self.state.guard.delivered(&receipts);
        receipts
    }

    fn verify(&self, snapshot: &Snapshot) -> BTreeMap<AssetId, Verification> {
        self.field.verify(snapshot, &self.commands)
    }

    fn record(
        &mut self,
        (snapshot, estimate, decision): (Snapshot, Estimate, Decision),
        allowed: Allowed,
        receipts: Vec<Receipt>,
        verifications: BTreeMap<AssetId, Verification>,
    ) -> CycleRecord {
        self.state.cycle += 1;
        self.watch_districts(&snapshot);
        self.tally.judged(&allowed.verdicts);
        self.tally.delivered(&receipts);
        self.tally.verified(&verifications);
        self.tally.cycle(decision.rung);
        (self.rung, self.because) = (Some(decision.rung), decision.because.clone());
        let record = CycleRecord {
            cycle: self.state.cycle,
            snapshot,
            estimate,
            plan: decision.plan,
            rung: decision.rung,
            because: decision.because,
            proposals: self.proposals.clone(),
            verdicts: worth_keeping(allowed.verdicts),
            commands: allowed.commands.iter().map(|command| command.get().clone()).collect(),
            receipts,
            verifications,
        };
        self.keep(&record);
        self.show(Some(&record), &record.snapshot);
        record
    }

    /// Shows the districts what is recorded, so that the history can tell the same again.
    fn watch_districts(&mut self, snapshot: &Snapshot) {
        let number = |point: &site::PointId| snapshot.number(point);
        let network = self.loaded.water.as_ref().map(|water| &water.network);
        let image = Image { at: snapshot.now.utc, number: &number, network };
        let districts = &mut self.state.districts;
        let before: BTreeSet<AssetId> = districts.alarms().map(|(id, _)| id.clone()).collect();
        districts.observe(&self.loaded.site, &image);
        for (district, alarm) in districts.alarms().filter(|(id, _)| !before.contains(*id)) {
            let (since, size) = (alarm.since, alarm.size_m3h);
            tracing::warn!(%district, %since, "leak alarm: {size:.1} m3/h more at night than usual");
        }
        for district in before {
            if districts.alarms().all(|(id, _)| *id != district) {
                tracing::info!(%district, "the leak alarm has ended");
            }
        }
    }

    /// Chains the record's hash and puts record and state on disk. A disk that fails degrades the
    /// history; control goes on.
    fn keep(&mut self, record: &CycleRecord) {
        let text = serde_json::to_vec(record).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.state.hash.as_bytes());
        hasher.update(&text);
        self.state.hash = hasher.finalize().to_hex().to_string();
        let state = self.remembered();
        self.history.complete(record, &state, &self.state.hash);
    }
}

/// Verdicts that say something: what passed without a change fills the history with nothing.
fn worth_keeping(verdicts: Vec<Verdict>) -> Vec<Verdict> {
    verdicts.into_iter().filter(|verdict| verdict.outcome != Outcome::Passed).collect()
}
