//! The truth, for reports and tests. No device shows it and the daemon never sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use site::AssetId;
use site::units::{ApparentPower, Current, Energy, Flow, Level, Power, Ratio, Seconds, Volume};

use super::charger::SessionTruth;

/// The state of the plant at the end of a step. Counters run from the plant's start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// The instant.
    pub at: Timestamp,
    /// Tanks by name.
    pub tanks: BTreeMap<AssetId, TankTruth>,
    /// Pumps by name.
    pub pumps: BTreeMap<AssetId, PumpTruth>,
    /// Flow at each flow meter, without its error.
    pub flows: BTreeMap<AssetId, Flow>,
    /// Inverters by name.
    pub inverters: BTreeMap<AssetId, SolarTruth>,
    /// Lighting cabinets by name.
    pub lighting: BTreeMap<AssetId, LampTruth>,
    /// Batteries by name.
    pub batteries: BTreeMap<AssetId, BatteryTruth>,
    /// Chargers by name.
    pub chargers: BTreeMap<AssetId, ChargerTruth>,
    /// Loads that may wait and pumps of lift stations, by name.
    pub switched: BTreeMap<AssetId, SwitchedTruth>,
    /// Wells of lift stations, by name.
    pub wells: BTreeMap<AssetId, WellTruth>,
    /// Charging sessions that have ended since the start, in order of their departure.
    #[serde(serialize_with = "shared")]
    pub sessions: Arc<Vec<SessionTruth>>,
    /// Buildings together.
    pub load: Power,
    /// The point of common coupling.
    pub grid: GridTruth,
    /// The low-voltage network; none where the site declares none.
    pub network: Option<NetworkTruth>,
    /// The water network as a whole; none without water.
    pub water: Option<WaterTruth>,
}

/// A tank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TankTruth {
    /// Its level.
    pub level: Level,
    /// Net flow into it.
    pub inflow: Flow,
    /// It stood full or empty in the last step.
    pub at_limit: bool,
}

/// A pump.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PumpTruth {
    /// The motor runs.
    pub running: bool,
    /// What it lifts.
    pub flow: Flow,
    /// Electrical power.
    pub power: Power,
    /// Starts.
    pub starts: u64,
    /// Time running.
    pub run_time: Seconds,
    /// Electrical energy.
    pub energy: Energy,
}

/// An inverter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SolarTruth {
    /// What it would give without a limit.
    pub available: Power,
    /// What it gives.
    pub power: Power,
    /// The limit in force, as a share of its rating.
    pub limit: Ratio,
    /// Energy given.
    pub produced: Energy,
    /// Energy available and not given.
    pub curtailed: Energy,
}

/// A lighting cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LampTruth {
    /// The contactor is closed.
    pub lit: bool,
    /// The level in force.
    pub level: Ratio,
    /// Its photocell sees darkness.
    pub dark: bool,
    /// Electrical power.
    pub power: Power,
    /// Electrical energy.
    pub energy: Energy,
}

/// A battery. Energies run from the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BatteryTruth {
    /// State of charge, 0 to 1.
    pub charge: Ratio,
    /// Energy in its cells.
    pub stored: Energy,
    /// Power at the busbar, what its inverter draws by itself included; positive when it takes.
    pub power: Power,
    /// Taken from the busbar to charge.
    pub taken: Energy,
    /// Given to the busbar.
    pub given: Energy,
    /// Drawn by its inverter by itself.
    pub standby: Energy,
}

/// A charger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChargerTruth {
    /// A vehicle is plugged in.
    pub connected: bool,
    /// What it is offered for each phase.
    pub offered: Current,
    /// What it draws for each of its phases.
    pub drawn: Current,
    /// Power.
    pub power: Power,
    /// What its driver wants; none without a vehicle.
    pub wanted: Option<Energy>,
    /// What it was given; none without a vehicle.
    pub session: Option<Energy>,
    /// Electrical energy of all sessions.
    pub energy: Energy,
}

/// A load that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SwitchedTruth {
    /// It runs.
    pub running: bool,
    /// Mean electrical power over the last step.
    pub power: Power,
    /// Starts.
    pub starts: u64,
    /// Time running.
    pub run_time: Seconds,
    /// Electrical energy.
    pub energy: Energy,
}

/// The well of a lift station. Volumes run from the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WellTruth {
    /// Its level.
    pub level: Level,
    /// How full it is, 1 at the overflow.
    pub share: Ratio,
    /// What flows in.
    pub inflow: Flow,
    /// What flowed in.
    pub flowed_in: Volume,
    /// What was lifted out.
    pub lifted: Volume,
    /// What spilled.
    pub spilled: Volume,
}

/// The point of common coupling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GridTruth {
    /// Power, import positive.
    pub power: Power,
    /// Energy imported.
    pub import: Energy,
    /// Energy exported.
    pub export: Energy,
}

/// The low-voltage network, by an AC power flow. Nothing is known of a voltage that collapsed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkTruth {
    /// Voltage of each node, as a share of the nominal one.
    pub voltages: BTreeMap<AssetId, Ratio>,
    /// Current of each section that has an ampacity, as a share of it, by the node at its end.
    pub sections: BTreeMap<AssetId, Ratio>,
    /// What each feeder carries.
    pub feeders: BTreeMap<AssetId, ApparentPower>,
    /// What the transformer carries, when the site has its own.
    pub transformer: Option<ApparentPower>,
    /// What cables and transformer turn to heat.
    pub losses: Power,
    /// Steps since the start in which the load was more than the network can carry.
    pub unsolved_steps: u64,
}

/// The water network as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaterTruth {
    /// What consumers ask for.
    pub demand: Flow,
    /// Lowest pressure where water is taken.
    pub lowest_pressure: Option<PressureTruth>,
    /// What entered the network.
    pub inflow: Volume,
    /// What consumers were given, leaks included.
    pub delivered: Volume,
    /// What of it ran out through leaks.
    pub leaked: Volume,
    /// What tanks hold more than at the start.
    pub storage_change: Volume,
    /// What spilled.
    pub overflow: Volume,
    /// What the audit cannot account for, as a share of what was delivered; none before anything
    /// was.
    pub balance_error: Option<f64>,
    /// Parts of steps in which the network had no solution and no water moved.
    pub unsolved_steps: u64,
}

/// The lowest pressure among the nodes where water is taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PressureTruth {
    /// The node.
    pub node: String,
    /// Its pressure.
    pub head: Level,
}

fn shared<S: serde::Serializer>(
    sessions: &Arc<Vec<SessionTruth>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    sessions.as_slice().serialize(serializer)
}

impl Truth {
    /// Feeds every number into a hash, so that two runs can be compared to the last bit.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        serde_json::to_writer(hasher, self).expect("numbers and names become JSON");
    }
}
