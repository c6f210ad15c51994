//! What keeps a device from being simulated. All of these are the site's.

use site::{AssetId, DeviceId};
use thiserror::Error;

/// Why a device cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// No profile was given for the device.
    #[error("device {device}: no profile was loaded for it")]
    NoProfile {
        /// The device.
        device: DeviceId,
    },
    /// Two assets act through one device; its orders carry no name of an asset.
    #[error(
        "device {device} (profile {profile}): {first} and {second} both act through it, and the \
         simulator has no such device; give each its own"
    )]
    TwoActors {
        /// The device.
        device: DeviceId,
        /// Its profile.
        profile: String,
        /// One asset.
        first: AssetId,
        /// The other.
        second: AssetId,
    },
    /// The profile has a point in a SunSpec model that the simulator has no length for.
    #[error(
        "device {device} (profile {profile}): point {point} lies in SunSpec model {model}, which \
         the simulator does not know; it has the models of the built-in profiles"
    )]
    ModelNotSimulated {
        /// The device.
        device: DeviceId,
        /// Its profile.
        profile: String,
        /// The point.
        point: String,
        /// The model.
        model: u16,
    },
}
