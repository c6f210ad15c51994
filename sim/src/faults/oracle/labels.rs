//! A fallback is said to be one, with its reason, and cycles come round in time.

use super::{Rule, Scene, whole};
use site::plan::Rung;
use site::record::CycleRecord;

/// Cycles may come so many periods apart before somebody has to be told.
const PERIODS_MAX: f64 = 3.0;

#[derive(Default)]
pub(super) struct Labels {
    last: Option<(u32, u64)>,
}

impl Rule for Labels {
    fn name(&self) -> &'static str {
        "labels"
    }

    fn cycle(&mut self, scene: &Scene<'_>, at: u32, record: &CycleRecord, found: &mut Vec<String>) {
        let (rung, number) = (record.rung, record.cycle);
        let because = record.because.as_deref().unwrap_or_default();
        if rung != Rung::Optimal && because.is_empty() {
            found.push(format!(
                "cycle {number} is on the rung '{}' and does not say why",
                rung.word()
            ));
        }
        if matches!(rung, Rung::Optimal | Rung::Relaxed | Rung::LastPlan) && record.plan.is_none() {
            found.push(format!("cycle {number} is on the rung '{}' without a plan", rung.word()));
        }
        let apart = whole(PERIODS_MAX * scene.site.pace.cycle.as_secs_f64());
        if let Some((last, before)) = self.last {
            let late = at.saturating_sub(last) > apart;
            if late && !scene.host_troubled(last, at) {
                found.push(format!("cycle {number} came {} s after cycle {before}", at - last));
            }
        }
        self.last = Some((at, number));
    }
}
