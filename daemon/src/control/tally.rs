//! Counters since the start, for status and metrics.

use crate::solver::Failure;
use crate::status::{BillStatus, GuardStatus, SolverStatus, WriteStatus};
use policies::billing::{Bill, GAP_SECONDS_MAX, Reading};
use policies::optimise::Work;
use site::command::{Delivery, Outcome, Receipt, Verdict, Verification};
use site::plan::Rung;
use site::units::Power;
use site::{AssetId, Mono, Now, Site};
use std::collections::BTreeMap;

/// The most solve times that are kept for statistics.
const SOLVE_TIMES_MAX: usize = 100_000;

/// What happened since the start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) cycles: u64,
    pub(super) overruns: u64,
    pub(super) last_due: Option<Mono>,
    pub(super) rungs: BTreeMap<Rung, u64>,
    pub(super) guard: GuardStatus,
    pub(super) writes: WriteStatus,
    pub(super) solver: SolverStatus,
    bill: Bill,
    pub(super) solve_ms: Vec<f64>,
    /// Times in a row that the solver gave no answer.
    failed_in_a_row: u32,
    metered: Option<(Now, Power)>,
    verified: BTreeMap<AssetId, Verification>,
    interlocked: BTreeMap<AssetId, String>,
    latest: BTreeMap<AssetId, (String, Outcome)>,
}

impl Tally {
    pub(super) fn cycle(&mut self, rung: Rung) {
        self.cycles += 1;
        *self.rungs.entry(rung).or_default() += 1;
    }

    /// Energy and money at the meter: a reading holds until the next one.
    pub(super) fn metered(&mut self, site: &Site, now: Now, import: Option<Power>) {
        if let Some((since, power)) = self.metered {
            let seconds = now.mono.since(since.mono).as_secs_f64();
            if seconds <= GAP_SECONDS_MAX {
                let reading = Reading::held(since.utc, now.utc, power, seconds / 3600.0);
                self.bill.book(site, &reading);
            }
        }
        self.metered = import.map(|power| (now, power));
    }

    /// The energy part of the bill.
    pub(super) fn bill(&self) -> BillStatus {
        BillStatus {
            import_watthours: 1e3 * self.bill.imported_kwh(),
            export_watthours: 1e3 * self.bill.feed_in.kwh,
            energy_eur: self.bill.energy_eur(),
            classes: self.bill.classes.clone(),
            ..BillStatus::default()
        }
    }

    /// Counts an intervention when it begins, not at every look.
    pub(super) fn judged(&mut self, verdicts: &[Verdict]) {
        let mut now = BTreeMap::new();
        let mut interlocked = BTreeMap::new();
        for verdict in verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Passed) {
            let seen = (verdict.check.clone(), verdict.outcome);
            if self.latest.get(&verdict.asset) != Some(&seen) {
                *self.guard.interventions.entry(verdict.check.clone()).or_default() += 1;
            }
            if verdict.check == "interlock" {
                if !self.interlocked.contains_key(&verdict.asset) {
                    self.guard.interlocks += 1;
                }
                interlocked.insert(verdict.asset.clone(), verdict.reason.clone());
            }
            now.insert(verdict.asset.clone(), seen);
        }
        (self.latest, self.interlocked) = (now, interlocked);
    }

    pub(super) fn delivered(&mut self, receipts: &[Receipt]) {
        for receipt in receipts {
            match receipt.delivery {
                Delivery::Sent => {
                    self.writes.commands += 1;
                    let asset = receipt.asset.clone();
                    let before = self.verified.insert(asset, Verification::Pending);
                    let overtaken = before == Some(Verification::Pending);
                    self.writes.superseded += u64::from(overtaken);
                }
                Delivery::Refreshed => self.writes.refreshes += 1,
                Delivery::Failed(_) => self.writes.failures += 1,
                Delivery::Unchanged => {}
            }
        }
    }

    /// Counts each command once when it is confirmed, and each mismatch when it is seen.
    pub(super) fn verified(&mut self, verifications: &BTreeMap<AssetId, Verification>) {
        for (asset, verification) in verifications {
            let before = self.verified.insert(asset.clone(), verification.clone());
            if before.as_ref() == Some(verification) {
                continue;
            }
            match verification {
                Verification::Confirmed if before.is_some() => self.writes.confirmed += 1,
                Verification::Mismatch(_) => self.writes.mismatches += 1,
                _ => {}
            }
        }
        let pending = self.verified.values().filter(|v| **v == Verification::Pending).count();
        self.writes.pending = u64::try_from(pending).unwrap_or(u64::MAX);
    }

    /// Counts a solver that gave no answer; how many times in a row that was now.
    pub(super) fn failed(&mut self, reason: &str) -> u32 {
        self.solver.failures += 1;
        *self.solver.failures_by_reason.entry(reason.to_owned()).or_default() += 1;
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        self.failed_in_a_row
    }

    pub(super) fn solved(&mut self, work: Work, milliseconds: f64, good: bool) {
        if !good {
            self.failed(Failure::NO_PLAN);
        }
        self.failed_in_a_row = 0;
        self.solver.linear_solves += u64::from(work.linear);
        self.solver.switching_solves += u64::from(work.switching);
        self.solver.audits += u64::from(work.audits);
        self.solver.audits_failed += u64::from(work.rejected);
        self.solver.plans_repaired += u64::from(work.repaired);
        if work.switching > 0 {
            self.solver.switching_ms = milliseconds;
        } else {
            self.solver.linear_ms = milliseconds;
        }
        if self.solve_ms.len() < SOLVE_TIMES_MAX {
            self.solve_ms.push(milliseconds);
        }
    }
}
