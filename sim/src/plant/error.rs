//! What keeps a plant from being made.

use std::path::PathBuf;

use crate::electrical::FlowError;
use hydraulics::HydraulicsError;
use site::AssetId;
use thiserror::Error;

/// Why there is no plant.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlantError {
    // --- the site file ---
    /// The site has a water network, or assets that need one, and none was given.
    #[error(
        "the site needs a water network and none was loaded; name its file under 'water: network'"
    )]
    NoNetwork,
    /// An asset names something that the network file does not have.
    #[error(
        "{asset}: the network has no {kind} called '{name}'; correct its name in the site file"
    )]
    NotInNetwork {
        /// The asset.
        asset: AssetId,
        /// What was looked for.
        kind: &'static str,
        /// The name looked for.
        name: String,
    },
    /// A leak is asked for at a junction that the network file does not have.
    #[error("the network has no junction called '{junction}' to leak at; it has: {known}")]
    UnknownJunction {
        /// The name asked for.
        junction: String,
        /// The names there are.
        known: String,
    },
    /// The simulation names a column that the recorded days do not have.
    #[error(
        "'simulation' names the recorded column '{column}', and the recorded days have: {known}"
    )]
    UnknownColumn {
        /// The column.
        column: String,
        /// The columns there are.
        known: String,
    },
    /// There are inverters and no recorded column for them.
    #[error(
        "inverters are declared and 'simulation: pv_profiles' is empty; name a recorded column"
    )]
    NoSun,

    /// The electrical network of the site has no power flow.
    #[error("'electrical': {0}")]
    Wiring(#[from] FlowError),

    // --- the network file ---
    /// The network file was there when it was loaded and cannot be read any more.
    #[error("network file {} cannot be read again ({reason}); put it back", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
    /// The network cannot be opened or started.
    #[error(transparent)]
    Network(HydraulicsError),
}

impl PlantError {
    pub(super) fn missing(asset: &AssetId, kind: &'static str, name: &str) -> Self {
        Self::NotInNetwork { asset: asset.clone(), kind, name: name.to_owned() }
    }
}
