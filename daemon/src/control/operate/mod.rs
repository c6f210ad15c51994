//! Writing by hand: one value of one point, through the guard like everybody's wishes, and on
//! record before the field is written. It stands until the next cycle; then the plan goes on.

mod map;
mod wish;

pub use wish::{WriteError, WriteReport, WriteWish};

use super::Controller;
use super::next;
use crate::status::PointStatus;
use crate::store::{WriteEnd, WriteEntry, WriteIntent, WriteOutcome};
use map::Order;
use policies::guard::Allowed;
use site::command::{
    Authority, Delivery, Outcome, Proposal, Receipt, Setpoint, Verdict, Verification,
};
use site::plan::Rung;
use site::{AssetId, PointId, Snapshot};
use std::collections::BTreeMap;

/// The longest name of somebody who writes, in characters.
const WHO_MAX: usize = 64;
/// The longest reason, in characters.
const REASON_MAX: usize = 200;

/// A write by hand that stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Override {
    id: u64,
    proposal: Proposal,
    verified: bool,
}

/// Writes by hand that stand, one for an asset.
pub(super) type Overrides = BTreeMap<AssetId, Override>;

/// What one look of the guard came to.
pub(super) struct Look {
    pub(super) allowed: Allowed,
    pub(super) receipts: Vec<Receipt>,
}

impl Controller {
    /// Writes what somebody wants, or says what would come of it.
    pub(super) async fn operate(&mut self, wish: &WriteWish) -> Result<WriteReport, WriteError> {
        checked("who", &wish.who, 1..=WHO_MAX)?;
        checked("reason", &wish.reason, 0..=REASON_MAX)?;
        let order = map::order(&self.loaded, &wish.point, &wish.value)?;
        if self.decision.rung == Rung::Release {
            let because = self.decision.because.clone();
            let because = because.unwrap_or_else(|| "the daemon is starting".to_owned());
            return Err(WriteError::Observing { because });
        }
        let now = self.clock.now();
        let snapshot = self.freeze(now);
        let report = self.report(&order, &snapshot);
        let reason = if wish.reason.is_empty() { "no reason given" } else { wish.reason.as_str() };
        let proposal = Proposal {
            asset: order.asset.clone(),
            setpoint: order.setpoint,
            authority: Authority::Operator,
            why: format!("{} by hand: {reason}", wish.who),
        };
        if wish.dry {
            return Ok(self.expect(report, proposal, &snapshot));
        }
        self.carry_out(report, proposal, wish).await
    }

    fn report(&self, order: &Order, snapshot: &Snapshot) -> WriteReport {
        let site = &self.loaded.site;
        let due = next(snapshot.now.mono, site.pace.cycle);
        let seconds = due.since(snapshot.now.mono).as_secs_f64();
        WriteReport {
            id: None,
            point: order.point.clone(),
            asset: order.asset.clone(),
            old: self.shown(&order.point, snapshot),
            new: order.new.clone(),
            setpoint: order.setpoint.to_string(),
            told: None,
            verdicts: Vec::new(),
            end: None,
            until: site::time::add_seconds(snapshot.now.utc, seconds),
            at: snapshot.now.utc,
            time_zone: site.zone.iana_name().unwrap_or("UTC").to_owned(),
        }
    }

    /// What a point reads, in words; points that are only written are never read.
    fn shown(&self, point: &PointId, snapshot: &Snapshot) -> String {
        let spec = self.loaded.profiles.get(point.device()).and_then(|p| p.point(point.name()));
        let Some(sample) = snapshot.sample(point) else { return "not readable".to_owned() };
        let status = PointStatus::new(point, sample, spec, snapshot);
        match &status.because {
            None => status.words(),
            Some(because) => format!("{} ({}: {because})", status.words(), status.quality),
        }
    }

    /// What the guard would say now. Nothing is written.
    fn expect(
        &mut self,
        report: WriteReport,
        proposal: Proposal,
        snapshot: &Snapshot,
    ) -> WriteReport {
        let asset = proposal.asset.clone();
        let asked = Override { id: 0, proposal, verified: true };
        let before = self.overrides.insert(asset.clone(), asked);
        let proposals = self.propose(snapshot, &self.decision);
        match before {
            Some(before) => self.overrides.insert(asset, before),
            None => self.overrides.remove(&asset),
        };
        let site = &self.loaded.site;
        let allowed = policies::guard::guard(site, snapshot, &self.state.guard, &proposals);
        judged(report, &allowed, &proposals).0
    }

    /// On record first, then one look of the guard, then the record is completed.
    async fn carry_out(
        &mut self,
        report: WriteReport,
        proposal: Proposal,
        wish: &WriteWish,
    ) -> Result<WriteReport, WriteError> {
        let intent = WriteIntent {
            at: report.at,
            who: wish.who.clone(),
            point: report.point.clone(),
            asset: report.asset.clone(),
            old: report.old.clone(),
            new: report.new.clone(),
            setpoint: report.setpoint.clone(),
            reason: wish.reason.clone(),
        };
        let id = self.history.begin_write(&intent).map_err(WriteError::Disk)?;
        let asset = report.asset.clone();
        self.overrides.insert(asset.clone(), Override { id, proposal, verified: false });
        let look = self.tick().await;
        let (mut report, told) = judged(report, &look.allowed, &self.proposals);
        report.id = Some(id);
        let receipt = look.receipts.iter().find(|receipt| receipt.asset == asset);
        let (end, failure) = match (&report.told, receipt.map(|receipt| &receipt.delivery)) {
            (None, _) | (_, None) => (WriteEnd::Blocked, None),
            (Some(_), Some(Delivery::Failed(why))) => (WriteEnd::Failed, Some(why.clone())),
            (Some(_), Some(Delivery::Unchanged | Delivery::Refreshed)) => {
                (WriteEnd::Unchanged, None)
            }
            (Some(_), Some(Delivery::Sent)) => (WriteEnd::Written, None),
        };
        report.end = Some(end);
        self.stand(&asset, told.filter(|_| matches!(end, WriteEnd::Written | WriteEnd::Unchanged)));
        let outcome = WriteOutcome {
            at: self.clock.now().utc,
            end,
            told: report.told.clone(),
            verdicts: report.verdicts.clone(),
            failure: failure.clone(),
        };
        self.history.end_write(id, &outcome);
        let (point, new, who) = (&report.point, &report.new, &intent.who);
        tracing::warn!(id, %point, new, who, reason = intent.reason, end = end.word(), "by hand");
        match (end, failure) {
            (WriteEnd::Blocked, _) => Err(WriteError::Blocked { why: in_words(&report.verdicts) }),
            (_, Some(why)) => Err(WriteError::Failed { why }),
            _ => Ok(report),
        }
    }

    /// One write and no more: what was let through stands, and what the guard took away is not
    /// asked for again. What came to nothing, or to somebody else's wish, does not stand.
    fn stand(&mut self, asset: &AssetId, told: Option<(Setpoint, Authority)>) {
        match (self.overrides.get_mut(asset), told) {
            (Some(standing), Some((setpoint, Authority::Operator))) => {
                standing.proposal.setpoint = setpoint;
            }
            _ => {
                self.overrides.remove(asset);
            }
        }
    }

    /// Notes whether the field shows what was written by hand.
    pub(super) fn verify_overrides(&mut self, verified: &BTreeMap<AssetId, Verification>) {
        let at = self.clock.now().utc;
        for (asset, standing) in self.overrides.iter_mut().filter(|(_, one)| !one.verified) {
            let word = match verified.get(asset) {
                Some(Verification::Confirmed) => "confirmed",
                Some(Verification::Mismatch(_)) => "differs",
                Some(Verification::Lost) => "cannot be read back",
                Some(Verification::Released) => "released",
                Some(Verification::Pending) | None => continue,
            };
            // A difference may still turn into a confirmation.
            standing.verified = word == "confirmed";
            self.history.verify_write(at, standing.id, word);
        }
    }

    /// The numbers of the writes that stand, to be ended when the cycle that begins now decides.
    pub(super) fn standing(&self) -> Vec<u64> {
        self.overrides.values().map(|standing| standing.id).collect()
    }

    /// The plan takes over from these.
    pub(super) fn end_overrides(&mut self, standing: &[u64]) {
        self.overrides.retain(|_, one| !standing.contains(&one.id));
    }

    /// What operators want instead of the plan.
    pub(super) fn overrides(&self) -> Vec<Proposal> {
        self.overrides.values().map(|standing| standing.proposal.clone()).collect()
    }

    /// The last writes by hand.
    pub(super) fn written(&self, limit: usize) -> Result<Vec<WriteEntry>, WriteError> {
        self.history.writes(limit).map_err(WriteError::Disk)
    }
}

/// The report with the guard's word, and what is let through with whose authority.
fn judged(
    mut report: WriteReport,
    allowed: &Allowed,
    proposals: &[Proposal],
) -> (WriteReport, Option<(Setpoint, Authority)>) {
    let asset = &report.asset;
    let verdicts = allowed.verdicts.iter().filter(|verdict| verdict.asset == *asset);
    report.verdicts = verdicts.cloned().collect();
    let command = allowed.commands.iter().find(|command| command.get().asset == *asset);
    let told = command.map(|command| (command.get().setpoint, command.get().authority));
    if let Some((setpoint, authority)) = told.filter(|(_, by)| *by != Authority::Operator) {
        let above = |one: &&Proposal| one.asset == *asset && one.authority == authority;
        let why = proposals.iter().rfind(above).map_or("", |one| one.why.as_str());
        report.verdicts.push(Verdict {
            asset: asset.clone(),
            check: "authority".to_owned(),
            outcome: Outcome::Narrowed,
            reason: format!("{} stands above it: {setpoint} ({why})", authority.word()),
        });
    }
    report.told = told.map(|(setpoint, _)| setpoint.to_string());
    (report, told)
}

/// What the guard said, for people.
fn in_words(verdicts: &[Verdict]) -> String {
    let words = verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Passed);
    let words: Vec<String> =
        words.map(|verdict| format!("{}: {}", verdict.check, verdict.reason)).collect();
    if words.is_empty() { "nothing was proposed".to_owned() } else { words.join("; ") }
}

fn checked(
    what: &str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), WriteError> {
    let (least, most) = (length.start(), length.end());
    if !length.contains(&text.chars().count()) {
        let why = format!("'{what}' has {least} to {most} characters");
        return Err(WriteError::Value { why });
    }
    if text.chars().any(char::is_control) {
        return Err(WriteError::Value { why: format!("'{what}' is one line of text") });
    }
    Ok(())
}
