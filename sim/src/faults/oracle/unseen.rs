//! Nobody is told to run on a level that nobody has seen for longer than it is believed.

use super::{Moment, Rule};
use crate::faults::plan::Trouble;
use crate::field::Fault;
use site::DeviceId;

pub(super) struct Unseen;

impl Rule for Unseen {
    fn name(&self) -> &'static str {
        "unseen"
    }

    fn tick(&mut self, moment: &Moment<'_>, found: &mut Vec<String>) {
        let site = moment.scene.site;
        for (at, told) in moment.told {
            let runs = told.orders.iter().any(|(order, _)| order == "run");
            let pump = site.pumps.iter().find(|pump| pump.device == told.device);
            let Some(pump) = pump.filter(|_| runs) else { continue };
            let Some(tank) = site.tank(&pump.fills) else { continue };
            let device = tank.level.device();
            let notice = moment.scene.notice_s(device);
            if *at > notice && is_dark(moment, device, at - notice, *at) {
                let (id, tank) = (&pump.id, &tank.id);
                found.push(format!(
                    "{id} was told to run while the level of {tank} could not be read for {notice} s"
                ));
            }
        }
    }
}

/// Whether one fault kept a device from showing anything for a whole span, s.
fn is_dark(moment: &Moment<'_>, device: &DeviceId, from: u32, to: u32) -> bool {
    moment.scene.plan.events.iter().any(|event| {
        let dark = matches!(
            &event.trouble,
            Trouble::Device { device: it, fault: Fault::Silent | Fault::Refuse } if it == device
        );
        dark && event.at_s <= from && event.end_s() >= to
    })
}
