//! Nobody is told to fill a tank that is seen to be full, or to empty one that is seen to be low.

use super::{Moment, Rule, whole};
use site::asset::{Pump, Tank};
use std::collections::BTreeMap;

/// A transmitter is wrong by a few centimetres.
const TRANSMITTER_M: f64 = 0.05;

#[derive(Default)]
pub(super) struct Levels {
    /// Since when a tank has been beyond a limit, s: by tank, above and below.
    beyond: BTreeMap<(site::AssetId, bool), u32>,
}

impl Rule for Levels {
    fn name(&self) -> &'static str {
        "levels"
    }

    fn tick(&mut self, moment: &Moment<'_>, found: &mut Vec<String>) {
        for tank in &moment.scene.site.tanks {
            let Some(truth) = moment.truth.tanks.get(&tank.id) else { continue };
            let (level, height) = (truth.level.get(), tank.height.get());
            let full = level > tank.overflow.get() * height + TRANSMITTER_M;
            let low = level < tank.low.get() * height - TRANSMITTER_M;
            for (key, is_beyond) in [(true, full), (false, low)] {
                let key = (tank.id.clone(), key);
                if is_beyond {
                    self.beyond.entry(key).or_insert(moment.at);
                } else {
                    self.beyond.remove(&key);
                }
            }
        }
        for (at, told) in moment.told.iter().filter(|(_, told)| !told.local && !told.deaf) {
            let runs = told.orders.iter().any(|(order, _)| order == "run");
            let pump = moment.scene.site.pumps.iter().find(|pump| pump.device == told.device);
            let Some(pump) = pump.filter(|_| runs) else { continue };
            self.judge(moment, *at, pump, found);
        }
    }
}

impl Levels {
    fn judge(&self, moment: &Moment<'_>, at: u32, pump: &Pump, found: &mut Vec<String>) {
        let site = moment.scene.site;
        let source = pump.draws_from.as_ref().and_then(|id| site.tank(id));
        for (tank, full) in [(site.tank(&pump.fills), true), (source, false)] {
            let Some(tank) = tank else { continue };
            let Some(since) = self.beyond.get(&(tank.id.clone(), full)) else { continue };
            let device = tank.level.device();
            let notice = moment.scene.notice_s(device);
            let patience = notice + rest(pump);
            let seen = !moment.scene.troubled(device, since.saturating_sub(notice), at)
                && !moment.scene.host_troubled(since.saturating_sub(notice), at);
            if seen && at > since + patience {
                let word = if full { "full" } else { "low" };
                let (tank, after) = (name(tank), at - since);
                found.push(format!(
                    "{} was told to run, {after} s after {tank} was {word}",
                    pump.id
                ));
            }
        }
    }
}

/// A stop may wait for nothing; a switch that was just made may be on its way.
fn rest(pump: &Pump) -> u32 {
    whole(pump.min_run.as_secs_f64().min(60.0))
}

fn name(tank: &Tank) -> &site::AssetId {
    &tank.id
}
