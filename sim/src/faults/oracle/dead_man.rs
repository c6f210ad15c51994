//! What is said to be commanded is refreshed before its dead-man expires.

use super::{Moment, Rule, Scene, whole};
use crate::faults::stage::TICK_S;
use site::DeviceId;
use site::command::Verification;
use site::record::CycleRecord;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct DeadMan {
    told: BTreeMap<DeviceId, u32>,
}

impl Rule for DeadMan {
    fn name(&self) -> &'static str {
        "dead_man"
    }

    fn tick(&mut self, moment: &Moment<'_>, _found: &mut Vec<String>) {
        for (at, told) in moment.told {
            self.told.insert(told.device.clone(), *at);
        }
    }

    fn cycle(&mut self, scene: &Scene<'_>, at: u32, record: &CycleRecord, found: &mut Vec<String>) {
        for command in &record.commands {
            let confirmed = record.verifications.get(&command.asset);
            if confirmed != Some(&Verification::Confirmed) {
                continue;
            }
            let dead_man = scene.profiles.get(&command.device).and_then(|p| p.dead_man.as_ref());
            let Some(dead_man) = dead_man else { continue };
            let patience = whole(dead_man.timeout.as_secs_f64());
            let Some(told) = self.told.get(&command.device) else { continue };
            let silent = at.saturating_sub(*told);
            // Both instants are those of the ticks after them.
            if silent > patience + TICK_S && !scene.host_troubled(told.saturating_sub(1), at) {
                let (asset, setpoint) = (&command.asset, command.setpoint);
                found.push(format!(
                    "{asset} is said to follow '{setpoint}', and was told nothing for {silent} s of {patience} s"
                ));
            }
        }
    }
}
