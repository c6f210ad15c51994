//! What panels have in common: they obey while they are spoken to, and are on their own otherwise.

use drivers::profile::Profile;
use jiff::Timestamp;

use super::deadman::{DeadMan, Write};

/// The local/remote switch of a panel, and its dead-man behind it.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    dead_man: DeadMan,
    /// The profile has the orders; a panel without them is always on its own.
    has_orders: bool,
    pub(crate) switched_to_local: bool,
    ordered_by_register: Option<Timestamp>,
}

impl Remote {
    pub(crate) fn new(profile: &Profile, orders: &[&str]) -> Self {
        Self {
            dead_man: DeadMan::new(profile),
            has_orders: orders.iter().all(|name| profile.commands.contains_key(*name)),
            switched_to_local: false,
            ordered_by_register: None,
        }
    }

    /// Handles a write, after the registers have taken it.
    pub(crate) fn handle_write(&mut self, write: Write, at: Timestamp) {
        self.dead_man.handle_write(write, at);
        if write.of_an_order {
            self.ordered_by_register = Some(at);
        }
    }

    /// Whether nothing has been heard for too long.
    pub(crate) fn tripped(&self, at: Timestamp) -> bool {
        self.dead_man.tripped(at)
    }

    /// Whether the panel is on its own.
    pub(crate) fn in_local(&self, at: Timestamp) -> bool {
        self.switched_to_local || !self.has_orders || self.tripped(at)
    }

    /// Whether the last order is too old to be still meant. While it is not, it waits for its
    /// heartbeat; once it is, the registers show what the panel does by itself, so that a heartbeat
    /// that comes back changes nothing.
    pub(crate) fn forgets(&self, at: Timestamp) -> bool {
        self.dead_man.is_old(self.ordered_by_register, at)
    }
}
