//! Who sees what is written to devices, whatever becomes of it.

use jiff::Timestamp;
use site::DeviceId;
use std::sync::{Arc, Mutex, PoisonError};

/// One write, as a device received it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// To which device.
    pub device: DeviceId,
    /// It stood on local.
    pub local: bool,
    /// It acknowledged and did nothing.
    pub deaf: bool,
    /// The orders of its profile that its registers hold now and that the write was a part of,
    /// with their arguments in the unit used inside. None for a heartbeat.
    pub orders: Vec<(String, Option<f64>)>,
}

/// What was written since the witness was last asked. A clone is the same witness.
#[derive(Debug, Clone, Default)]
pub struct Witness(Arc<Mutex<Vec<Told>>>);

impl Witness {
    pub(super) fn tell(&self, told: Told) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }

    /// What was written since the last call, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
