//! What must never happen, whatever goes wrong. The oracle looks at the true plant, at what the
//! devices were told and at the daemon's own records; it shares no code with the guard, and it is
//! told which troubles there were, so that it can say what nobody could have known.
//!
//! One rule per file. Each is asked at every tick and at every record.

mod bounded;
mod dead_man;
mod envelope;
mod labels;
mod levels;
mod local;
mod starts;
mod unseen;

use super::plan::{FaultPlan, Trouble};
use crate::field::Told;
use crate::plant::Truth;
use drivers::profile::Profile;
use serde::Serialize;
use site::record::CycleRecord;
use site::{DeviceId, Site};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most violations of one rule that are reported of one run.
const REPORTED_MAX: usize = 5;

/// What must not have happened, and has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Violation {
    /// The run's seed.
    pub seed: u64,
    /// When, s of site time since the start.
    pub at: u32,
    /// Which rule.
    pub rule: &'static str,
    /// What was seen, with the numbers.
    pub detail: String,
    /// The command that shows it again.
    pub repeat: String,
}

/// What everybody knows about a run.
pub(super) struct Scene<'a> {
    pub(super) site: &'a Site,
    pub(super) profiles: &'a BTreeMap<DeviceId, Arc<Profile>>,
    pub(super) plan: &'a FaultPlan,
}

impl Scene<'_> {
    /// Whether something troubled a device or its link between two instants, s.
    pub(super) fn troubled(&self, device: &DeviceId, from: u32, to: u32) -> bool {
        let link = |id: &DeviceId| self.site.device(id).map(|device| &device.endpoint);
        self.plan.any_between(from, to, |trouble| match trouble {
            Trouble::Wire { device: it, .. } => link(it) == link(device),
            Trouble::Device { device: it, fault } => {
                it == device || (*fault == crate::field::Fault::Refuse && link(it) == link(device))
            }
            Trouble::Reboot { device: it } => it == device,
            _ => false,
        })
    }

    /// Whether something happened to the daemon's host between two instants, s.
    pub(super) fn host_troubled(&self, from: u32, to: u32) -> bool {
        self.plan.any_between(from, to, Trouble::is_of_host)
    }

    /// How long the daemon may take to see what happened at a device and to act upon it, s: its
    /// reading may be as old as it is believed, and then the guard looks twice.
    pub(super) fn notice_s(&self, device: &DeviceId) -> u32 {
        let age = self
            .site
            .device(device)
            .map_or(0.0, |device| (device.max_age + device.timeout * 4).as_secs_f64());
        whole(age + 2.0 * self.site.pace.poll.as_secs_f64() + 10.0)
    }
}

/// One tick of a run.
pub(super) struct Moment<'a> {
    pub(super) scene: &'a Scene<'a>,
    /// Since the start, s.
    pub(super) at: u32,
    pub(super) truth: &'a Truth,
    /// What devices were told since the last tick, with the seconds since the start.
    pub(super) told: &'a [(u32, Told)],
}

/// Something that must hold. Its state is what it has seen so far.
trait Rule {
    /// Its name in reports.
    fn name(&self) -> &'static str;
    /// Looks at a tick.
    fn tick(&mut self, _moment: &Moment<'_>, _found: &mut Vec<String>) {}
    /// Looks at a record, which was made so many seconds after the start.
    fn cycle(
        &mut self,
        _scene: &Scene<'_>,
        _at: u32,
        _record: &CycleRecord,
        _found: &mut Vec<String>,
    ) {
    }
}

/// All rules, and what they found.
pub(super) struct Oracle {
    rules: Vec<Box<dyn Rule>>,
    pub(super) found: Vec<(u32, &'static str, String)>,
}

impl Oracle {
    pub(super) fn new() -> Self {
        let rules: Vec<Box<dyn Rule>> = vec![
            Box::new(envelope::Envelope),
            Box::new(local::Local::default()),
            Box::new(starts::Starts::default()),
            Box::new(levels::Levels::default()),
            Box::new(unseen::Unseen),
            Box::new(dead_man::DeadMan::default()),
            Box::new(labels::Labels::default()),
            Box::new(bounded::Bounded),
        ];
        Self { rules, found: Vec::new() }
    }

    pub(super) fn tick(&mut self, moment: &Moment<'_>) {
        self.each(moment.at, |rule, found| rule.tick(moment, found));
    }

    pub(super) fn cycle(&mut self, scene: &Scene<'_>, at: u32, record: &CycleRecord) {
        self.each(at, |rule, found| rule.cycle(scene, at, record, found));
    }

    /// What somebody else found.
    pub(super) fn add(&mut self, at: u32, rule: &'static str, detail: String) {
        if self.found.iter().filter(|(_, name, _)| *name == rule).count() < REPORTED_MAX {
            self.found.push((at, rule, detail));
        }
    }

    fn each(&mut self, at: u32, mut ask: impl FnMut(&mut dyn Rule, &mut Vec<String>)) {
        let mut all = Vec::new();
        for rule in &mut self.rules {
            let mut found = Vec::new();
            ask(rule.as_mut(), &mut found);
            all.extend(found.into_iter().map(|detail| (rule.name(), detail)));
        }
        for (name, detail) in all {
            self.add(at, name, detail);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held within the range before"
)]
pub(super) fn whole(seconds: f64) -> u32 {
    seconds.clamp(0.0, f64::from(u32::MAX)).ceil() as u32
}
