//! A device that somebody has switched to local is left alone.

use super::{Moment, Rule};
use crate::faults::plan::Trouble;
use crate::field::Fault;
use site::DeviceId;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Local {
    /// Since when a device has been in local, s.
    since: BTreeMap<DeviceId, u32>,
}

impl Rule for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn tick(&mut self, moment: &Moment<'_>, found: &mut Vec<String>) {
        let scene = moment.scene;
        for device in &scene.site.devices {
            let id = &device.id;
            let local = Trouble::Device { device: id.clone(), fault: Fault::Local };
            let is_local = |trouble: &Trouble| *trouble == local;
            if scene.plan.any_between(moment.at, moment.at, is_local) {
                self.since.entry(id.clone()).or_insert(moment.at);
            } else {
                self.since.remove(id);
            }
        }
        for (at, told) in moment.told.iter().filter(|(_, told)| told.local) {
            let Some(since) = self.since.get(&told.device) else { continue };
            let can_say_so = says_remote(moment, &told.device);
            if can_say_so && *at > since + scene.notice_s(&told.device) {
                let (device, after) = (&told.device, at - since);
                found.push(format!("{device} was written to {after} s after it was local"));
            }
        }
    }
}

/// Whether the device has a switch that the daemon can read.
fn says_remote(moment: &Moment<'_>, device: &DeviceId) -> bool {
    let motors: Vec<_> = moment.scene.site.motors().collect();
    motors.iter().any(|motor| motor.remote.device() == device)
}
