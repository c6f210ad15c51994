//! A resolved site: what `site.yaml` means after every default is filled in and every reference
//! is checked.

use crate::asset::{
    Battery, Charger, FlowMeter, Generator, Grid, Inverter, LiftStation, Lighting, Pump, Shiftable,
    Tank,
};
use crate::district::District;
use crate::electrical::Electrical;
pub use crate::endpoint::{Endpoint, Parity, SerialLine};
use crate::holidays::Holidays;
use crate::ids::{AssetId, DeviceId};
use crate::tariff::{Calendar, Tariff};
use crate::units::{Energy, Power, Price, Ratio};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The most devices a site may have. A bound for queues and tables.
pub const DEVICES_MAX: usize = 1000;

/// How a link is treated, beyond where it leads. Devices that share a link share this.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LinkOptions {
    /// Pause after the connection is opened, before the first request.
    pub connect_pause: Duration,
    /// Pause between an answer and the next request.
    pub request_pause: Duration,
    /// Certificates, for Modbus/TCP Security.
    pub security: Option<LinkSecurity>,
}

/// Who we are and whom we trust on a link with TLS. All files are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSecurity {
    /// The authority (or several) that signed the device's certificate.
    pub authority: PathBuf,
    /// Our certificate, which carries our role, and those between it and its authority.
    pub certificate: PathBuf,
    /// The key of our certificate.
    pub key: PathBuf,
    /// The name in the device's certificate, when it is not the host of the address.
    pub server_name: Option<String>,
}

/// One Modbus unit behind a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// The name of its profile (its register map).
    pub profile: String,
    /// The profile's file, when the site names one; otherwise the profile is built in.
    pub profile_file: Option<PathBuf>,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Modbus unit, 1 to 247 (0 and 255 are used by some TCP devices).
    pub unit: u8,
    /// How often its fast points are read.
    pub poll: Duration,
    /// A sample older than this is bad.
    pub max_age: Duration,
    /// How long an answer may take. Always real time.
    pub timeout: Duration,
    /// How its link is treated.
    pub link: LinkOptions,
    /// Where the device stands in the site file, for findings that come later.
    pub place: crate::text::Place,
}

/// The pace of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Time from one cycle to the next.
    pub cycle: Duration,
    /// Time from one look of the guard to the next, between cycles.
    pub poll: Duration,
    /// How far the plan looks ahead.
    pub horizon: Duration,
    /// Pump combinations are chosen anew at least this often.
    pub switching: Duration,
    /// A plan may be used this long.
    pub plan_valid: Duration,
    /// The optimiser's time limit for choosing pump combinations.
    pub solve: Duration,
    /// Good cycles before a controlled asset is written to.
    pub observe_cycles: u32,
}

/// The water network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Water {
    /// The EPANET file.
    pub network: PathBuf,
    /// Where it is named in the site file.
    pub place: crate::text::Place,
    /// Demand by local hour, as factors of the file's base demands.
    pub demand_profile: [f64; 24],
    /// Spread of the demand about its profile, one standard deviation.
    pub demand_spread: Ratio,
    /// What missing a reserve or leaving a band costs per m3.
    pub shortfall_price: f64,
}

/// Buildings and others that Régie only sees at the meter: a first guess until it has learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaseLoad {
    /// Mean load.
    pub mean: Power,
}

/// A file with a forecast that others make. It may come and go while the daemon runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideForecast {
    /// The file.
    pub file: PathBuf,
    /// It is not used when its first row is older than this.
    pub max_age: Duration,
    /// One's own forecast passes into it over this time from now.
    pub blend: Duration,
}

/// One load of the simulated field that follows a recorded profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulatedLoad {
    /// Column of the recorded days.
    pub profile: String,
    /// Power at the profile's value 1.
    pub rated_power: Power,
}

/// Vehicles that come to the simulated chargers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SimulatedCharging {
    /// Visits without a booking, per charger and day, on average.
    pub visits_per_day: f64,
    /// What a visitor wants, on average.
    pub energy: Energy,
    /// How long a visitor stays, on average.
    pub stay: Duration,
    /// Share of booked sessions to which nobody comes.
    pub no_show: Ratio,
}

/// What `regie-sim` is told about the field that stands in for the real one. The daemon never
/// looks at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Level of every tank at the start, as a share of its height.
    pub initial_level: Ratio,
    /// Days before a replay on which the site was watched: what it has learned when it begins.
    pub learn_days: u32,
    /// State of charge of every battery at the start.
    pub initial_charge: Ratio,
    /// Who comes to charge.
    pub charging: SimulatedCharging,
    /// Recorded profiles.
    pub profiles: Option<PathBuf>,
    /// Recorded weather.
    pub weather: Option<PathBuf>,
    /// Buildings.
    pub loads: Vec<SimulatedLoad>,
    /// Columns of the recorded days that stand for the inverters, in order.
    pub pv_profiles: Vec<String>,
    /// How far the true plant is from its description, as one standard deviation: roughness,
    /// pump curves, demand.
    pub mismatch: Ratio,
    /// Noise of the demand from minute to minute.
    pub demand_noise: Ratio,
}

/// A resolved site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// Its short name, a metric label.
    pub id: AssetId,
    /// Its name for people.
    pub name: String,
    /// Time zone of tariffs, calendars and reports.
    #[serde(with = "jiff::fmt::serde::tz::required")]
    pub zone: TimeZone,
    /// Whose public holidays count.
    pub holidays: Holidays,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The pace.
    pub pace: Pace,
    /// Where metrics, health and status are served. Loopback only.
    pub listen: SocketAddr,
    /// Where state and history are kept, when the site says so.
    pub state: Option<PathBuf>,
    /// Devices in order of their names.
    pub devices: Vec<Device>,
    /// The water network, when there is one.
    pub water: Option<Water>,
    /// Pumps in order of their names.
    pub pumps: Vec<Pump>,
    /// Tanks in order of their names.
    pub tanks: Vec<Tank>,
    /// Flow meters in order of their names.
    pub flow_meters: Vec<FlowMeter>,
    /// Districts in order of their names.
    pub districts: Vec<District>,
    /// Inverters in order of their names.
    pub inverters: Vec<Inverter>,
    /// Lighting cabinets in order of their names.
    pub lighting: Vec<Lighting>,
    /// Batteries in order of their names.
    pub batteries: Vec<Battery>,
    /// Chargers in order of their names.
    pub chargers: Vec<Charger>,
    /// Loads that may wait, in order of their names.
    pub shiftable: Vec<Shiftable>,
    /// Lift stations in order of their names.
    pub lift_stations: Vec<LiftStation>,
    /// Generators in order of their names.
    pub generators: Vec<Generator>,
    /// The low-voltage network, when it is declared.
    pub electrical: Option<Electrical>,
    /// The point of common coupling.
    pub grid: Grid,
    /// Load seen only at the meter.
    pub base_load: BaseLoad,
    /// The tariff.
    pub tariff: Tariff,
    /// A forecast that others make, when there is one.
    pub outside: Option<OutsideForecast>,
    /// For the simulator alone.
    pub simulation: Simulation,
}

impl Site {
    /// A device by name.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| &device.id == id)
    }
    /// A pump by name.
    #[must_use]
    pub fn pump(&self, id: &AssetId) -> Option<&Pump> {
        self.pumps.iter().find(|pump| &pump.id == id)
    }
    /// A tank by name.
    #[must_use]
    pub fn tank(&self, id: &AssetId) -> Option<&Tank> {
        self.tanks.iter().find(|tank| &tank.id == id)
    }
    /// A flow meter by name.
    #[must_use]
    pub fn flow_meter(&self, id: &AssetId) -> Option<&FlowMeter> {
        self.flow_meters.iter().find(|meter| &meter.id == id)
    }
    /// The price that a demand shortfall bears, never below the dearest class: a wish must not be
    /// given up to save money.
    #[must_use]
    pub fn dearest_price(&self) -> Price {
        self.tariff.dearest()
    }
    /// Local time and public holidays.
    #[must_use]
    pub fn calendar(&self) -> Calendar<'_> {
        Calendar { zone: &self.zone, holidays: self.holidays }
    }
}
