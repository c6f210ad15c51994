//! When a device stops to listen: its own dead-man.

use drivers::profile::{Profile, Refresh};
use jiff::{SignedDuration, Timestamp};

use super::memory::place;

/// A device's dead-man. A device without one never lets go.
#[derive(Debug, Clone)]
pub(crate) struct DeadMan {
    /// How long silence may last; none for a device without a dead-man.
    timeout: Option<SignedDuration>,
    /// Place of the point that must change; none where any order will do.
    heartbeat: Option<usize>,
    /// When it was last fed.
    fed: Option<Timestamp>,
}

impl DeadMan {
    pub(crate) fn new(profile: &Profile) -> Self {
        let spec = profile.dead_man.as_ref();
        let timeout = spec.map(|spec| {
            SignedDuration::try_from(spec.timeout).expect("the profile's reader bounds it")
        });
        let heartbeat = match spec.map(|spec| &spec.refresh) {
            Some(Refresh::Heartbeat(point)) => place(profile, point),
            Some(Refresh::Command) | None => None,
        };
        Self { timeout, heartbeat, fed: None }
    }

    /// Whether nothing has been heard for too long at an instant. A device with a dead-man begins
    /// this way.
    pub(crate) fn tripped(&self, at: Timestamp) -> bool {
        let Some(timeout) = self.timeout else { return false };
        self.fed.is_none_or(|fed| at.duration_since(fed) >= timeout)
    }

    /// Handles a write to the point at a place: a heartbeat feeds when it changes, and an order
    /// feeds where the device wants nothing else.
    pub(crate) fn handle_write(&mut self, write: Write, at: Timestamp) {
        let feeds = match self.heartbeat {
            Some(heartbeat) => write.point == heartbeat && write.changed,
            None => write.of_an_order,
        };
        if feeds {
            self.fed = Some(at);
        }
    }

    /// Whether `since` is too long ago, at an instant, to be still meant.
    pub(crate) fn is_old(&self, since: Option<Timestamp>, at: Timestamp) -> bool {
        let timeout = self.timeout.unwrap_or(SignedDuration::ZERO);
        since.is_none_or(|since| at.duration_since(since) >= timeout)
    }
}

/// A write to one point, for whoever acts on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    /// The point's place in the profile.
    pub(crate) point: usize,
    /// The registers hold something else now.
    pub(crate) changed: bool,
    /// The point belongs to an order.
    pub(crate) of_an_order: bool,
}
