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
    /// The profile is SunSpec and the asset is not an inverter.
    #[error(
        "device {device} (profile {profile}): {asset} is {kind}, and the simulator has SunSpec \
         inverters only; use a profile with registers of its own"
    )]
    NotSimulated {
        /// The device.
        device: DeviceId,
        /// Its profile.
        profile: String,
        /// The asset.
        asset: String,
        /// What it is.
        kind: &'static str,
    },
    /// The profile has a point in a SunSpec model that the simulated inverter lacks.
    #[error(
        "device {device} (profile {profile}): point {point} lies in SunSpec model {model}, and \
         the simulated inverter has the models 1, 103, 120, 121 and 123"
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
