//! A look at the process image from elsewhere: for those who only want to see.

use crate::image::{self, DeviceHealth, Image};
use site::{Now, Snapshot};
use std::sync::Arc;

/// The samples of a running field, at any time. It outlives the field and then shows how its
/// samples grow old.
#[derive(Debug, Clone)]
pub struct Window {
    images: Arc<[Arc<Image>]>,
}

impl Window {
    pub(crate) fn new(images: impl Iterator<Item = Arc<Image>>) -> Self {
        Self { images: images.collect() }
    }

    /// The process image at `now`, as the field itself would freeze it.
    #[must_use]
    pub fn freeze(&self, now: Now) -> Snapshot {
        image::freeze(self.images.iter().map(AsRef::as_ref), now)
    }

    /// How the talking with each device goes, in the order of their names.
    #[must_use]
    pub fn health(&self) -> Vec<DeviceHealth> {
        self.images.iter().map(|image| image.health()).collect()
    }
}
