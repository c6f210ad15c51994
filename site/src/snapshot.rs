//! The process image: every point's sample, frozen once per cycle.

use crate::ids::{DeviceId, PointId};
use crate::sample::{Quality, Reason, Sample};
use crate::time::Now;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All samples at one instant. Immutable: nothing inside a cycle sees a newer value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was frozen.
    pub now: Now,
    samples: BTreeMap<PointId, Sample>,
}

impl Snapshot {
    /// Freezes `samples`; a caller has already aged them.
    #[must_use]
    pub const fn new(now: Now, samples: BTreeMap<PointId, Sample>) -> Self {
        Self { now, samples }
    }
    /// The sample of a point, when the site has such a point.
    #[must_use]
    pub fn sample(&self, point: &PointId) -> Option<&Sample> {
        self.samples.get(point)
    }
    /// The number of a point whose sample is good.
    #[must_use]
    pub fn number(&self, point: &PointId) -> Option<f64> {
        self.good(point)?.value()?.number()
    }
    /// The flag of a point whose sample is good.
    #[must_use]
    pub fn flag(&self, point: &PointId) -> Option<bool> {
        self.good(point)?.value()?.flag()
    }
    /// Why a point has no usable value; `None` when it has one.
    #[must_use]
    pub fn trouble(&self, point: &PointId) -> Option<Reason> {
        match self.samples.get(point).map(Sample::quality) {
            Some(Quality::Good) => None,
            Some(Quality::Uncertain(reason) | Quality::Bad(reason)) => Some(reason),
            None => Some(Reason::NeverRead),
        }
    }
    /// All points in order.
    pub fn iter(&self) -> impl Iterator<Item = (&PointId, &Sample)> {
        self.samples.iter()
    }
    /// The points of one device, in order.
    pub fn of_device<'a>(
        &'a self,
        device: &'a DeviceId,
    ) -> impl Iterator<Item = (&'a PointId, &'a Sample)> {
        self.samples.iter().filter(move |(point, _)| point.device() == device)
    }

    fn good(&self, point: &PointId) -> Option<&Sample> {
        self.samples.get(point).filter(|sample| sample.is_good())
    }
}
