//! No motor is started more often than it bears, nor before it has rested.

use super::{Moment, Rule};
use site::AssetId;
use std::collections::{BTreeMap, VecDeque};

const HOUR_S: u32 = 3600;
/// A tick, and what a contactor takes: a switch is seen so much later than it was.
const SEEN_LATE_S: u32 = 20;

#[derive(Default)]
struct Seen {
    starts: VecDeque<u32>,
    counted: u64,
    running: bool,
    stopped: Option<u32>,
}

#[derive(Default)]
pub(super) struct Starts {
    motors: BTreeMap<AssetId, Seen>,
    /// When a device was last told to run while it could hear it.
    ordered: BTreeMap<site::DeviceId, u32>,
}

impl Rule for Starts {
    fn name(&self) -> &'static str {
        "starts"
    }

    fn tick(&mut self, moment: &Moment<'_>, found: &mut Vec<String>) {
        for (at, told) in moment.told.iter().filter(|(_, told)| !told.local && !told.deaf) {
            let runs = told.orders.iter().any(|(order, _)| order == "run");
            if runs {
                self.ordered.insert(told.device.clone(), *at);
            }
        }
        for pump in &moment.scene.site.pumps {
            let Some(truth) = moment.truth.pumps.get(&pump.id) else { continue };
            let seen = self.motors.entry(pump.id.clone()).or_default();
            let started = truth.starts > seen.counted;
            seen.counted = truth.starts;
            if seen.running && !truth.running {
                seen.stopped = Some(moment.at);
            }
            seen.running = truth.running;
            if !started {
                continue;
            }
            seen.starts.push_back(moment.at);
            seen.starts.retain(|start| start + HOUR_S > moment.at + SEEN_LATE_S);
            let by_order = self.ordered.get(&pump.device);
            if by_order.is_none_or(|at| at + SEEN_LATE_S < moment.at) {
                // Its own level switches started it.
                continue;
            }
            let most = usize::try_from(pump.max_starts_per_hour).unwrap_or(usize::MAX);
            if seen.starts.len() > most {
                let count = seen.starts.len();
                found.push(format!("{}: start {count} within an hour, of {most}", pump.id));
            }
            if let Some(stopped) = seen.stopped {
                let rested = f64::from(moment.at - stopped + SEEN_LATE_S);
                let least = pump.min_stop.as_secs_f64();
                if rested < least {
                    found.push(format!("{}: started after {rested:.0} s of {least:.0} s", pump.id));
                }
            }
        }
    }
}
