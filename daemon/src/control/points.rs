//! The points as they are at any instant, for those who look on. The cycle sees nothing of it.

use super::Controller;
use crate::status::PointsStatus;
use drivers::profile::Profile;
use drivers::{Clock, Window};
use site::{DeviceId, Site};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Live points of a running field.
#[derive(Debug, Clone)]
pub struct Points {
    site: Arc<Site>,
    profiles: Arc<BTreeMap<DeviceId, Arc<Profile>>>,
    window: Window,
    clock: Clock,
}

impl Points {
    /// The points of a field that polls a site's devices.
    #[must_use]
    pub fn new(
        site: Arc<Site>,
        profiles: BTreeMap<DeviceId, Arc<Profile>>,
        window: Window,
        clock: Clock,
    ) -> Self {
        Self { site, profiles: Arc::new(profiles), window, clock }
    }

    /// All points now.
    #[must_use]
    pub fn now(&self) -> PointsStatus {
        let snapshot = self.window.freeze(self.clock.now());
        PointsStatus::new(&self.site, &self.profiles, &snapshot)
    }
}

impl Controller {
    /// Where people look at points.
    #[must_use]
    pub fn points(&self) -> Points {
        let (site, profiles) = (Arc::clone(&self.loaded.site), self.loaded.profiles.clone());
        Points::new(site, profiles, self.field.window(), self.clock.follower())
    }
}
