//! What instruments at the plant show: the devices put this into registers.

use jiff::Timestamp;
use site::Site;

use super::Plant;
use super::chance::Chance;

pub(super) const J_PER_WH: f64 = 3600.0;

/// Counters do not begin at zero: each machine has lived before the simulation.
#[derive(Debug, Clone)]
pub(super) struct EarlierLife {
    pumps: Vec<Earlier>,
    inverters: Vec<Earlier>,
    lamps: Vec<Earlier>,
    pub(super) batteries: Vec<Earlier>,
    pub(super) chargers: Vec<Earlier>,
    pub(super) shiftable: Vec<Earlier>,
    pub(super) lifts: Vec<Earlier>,
    import_wh: f64,
    export_wh: f64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Earlier {
    pub(super) hours: f64,
    pub(super) wh: f64,
    pub(super) starts: u64,
}

impl EarlierLife {
    pub(super) fn new(site: &Site, seed: u64) -> Self {
        let life = |id: &site::AssetId, rated_w: f64| {
            let mut chance = Chance::new(seed, &format!("earlier life {id}"));
            let hours = chance.between(1000.0, 9000.0).round();
            let starts = (0..20_000_u32).rfind(|n| f64::from(*n) <= hours * 0.4).unwrap_or(0);
            Earlier { hours, wh: (hours * rated_w * 0.5).round(), starts: starts.into() }
        };
        let mut grid = Chance::new(seed, "earlier life of the grid");
        Self {
            pumps: site.pumps.iter().map(|p| life(&p.id, p.rated_power.get())).collect(),
            inverters: site.inverters.iter().map(|i| life(&i.id, i.rated_power.get())).collect(),
            lamps: site.lighting.iter().map(|l| life(&l.id, l.rated_power.get())).collect(),
            batteries: site.batteries.iter().map(|b| life(&b.id, b.charge_power.get())).collect(),
            chargers: site.chargers.iter().map(|c| life(&c.id, c.max_power().get())).collect(),
            shiftable: site.shiftable.iter().map(|s| life(&s.id, s.rated_power.get())).collect(),
            lifts: site.lift_stations.iter().map(|l| life(&l.id, l.rated_power.get())).collect(),
            import_wh: grid.between(1e7, 5e7).round(),
            export_wh: grid.between(1e5, 1e6).round(),
        }
    }
}

/// A pump as its drive shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PumpView {
    /// The motor runs.
    pub running: bool,
    /// Active power, in W: a mean over the last step, so it follows `running` within a step.
    pub power_w: f64,
    /// Starts in its life.
    pub starts: u64,
    /// Energy in its life, in Wh.
    pub energy_wh: f64,
    /// Running hours in its life.
    pub run_hours: f64,
}

/// An inverter as it shows itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InverterView {
    /// What sun and inverter would give without a limit, in W.
    pub available_w: f64,
    /// Active power given, in W.
    pub power_w: f64,
    /// AC rating, in W.
    pub rated_w: f64,
    /// The limit in force, as a share of the rating.
    pub limit: f64,
    /// Energy in its life, in Wh.
    pub energy_wh: f64,
    /// Voltage of each phase where it is connected, in V.
    pub voltage_v: f64,
}

/// A lighting cabinet as it shows itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LampView {
    /// The contactor is closed.
    pub lit: bool,
    /// The photocell sees darkness.
    pub dark: bool,
    /// The level in force, 0 to 1.
    pub level: f64,
    /// Active power, in W.
    pub power_w: f64,
    /// Energy in its life, in Wh.
    pub energy_wh: f64,
}

/// The point of common coupling as its meter shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridView {
    /// Active power, in W; import positive.
    pub power_w: f64,
    /// Voltage of each phase, in V.
    pub voltage_v: f64,
    /// Current of each phase, in A.
    pub current_a: f64,
    /// Frequency, in Hz.
    pub frequency_hz: f64,
    /// Energy imported in the meter's life, in Wh.
    pub import_wh: f64,
    /// Energy exported in the meter's life, in Wh.
    pub export_wh: f64,
}

/// What instruments show. Indices are places in the site's lists.
impl Plant {
    /// A pump at an instant at or after [`Plant::now`].
    #[must_use]
    pub fn pump(&self, pump: usize, at: Timestamp) -> PumpView {
        let (machine, earlier) = (&self.machines[pump], &self.earlier.pumps[pump]);
        PumpView {
            running: machine.running_at(at),
            power_w: machine.power_w,
            starts: earlier.starts + machine.starts_at(at),
            energy_wh: earlier.wh + machine.energy_j / J_PER_WH,
            run_hours: earlier.hours + machine.run_s / 3600.0,
        }
    }

    /// True level of a tank, in m above its floor: what a level switch inside it feels.
    #[must_use]
    pub fn true_level_m(&self, tank: usize) -> f64 {
        self.water.as_ref().map_or(0.0, |water| water.level_m(tank))
    }

    /// Level of a tank as its transmitter measures it, in m.
    #[must_use]
    pub fn measured_level_m(&self, tank: usize) -> f64 {
        self.levels[tank].level_m
    }

    /// Flow as a meter measures it, in m3/s, and what it has counted, in m3.
    #[must_use]
    pub fn measured_flow(&self, meter: usize) -> (f64, f64) {
        (self.flows[meter].flow_m3s, self.flows[meter].total_m3)
    }

    /// An inverter.
    #[must_use]
    pub fn inverter(&self, inverter: usize) -> InverterView {
        let (solar, id) = (&self.solar[inverter], &self.site.inverters[inverter].id);
        let volts = self.wiring.as_ref().and_then(|wiring| wiring.voltage_v(id));
        InverterView {
            available_w: solar.available_w,
            power_w: solar.power_w,
            rated_w: self.site.inverters[inverter].rated_power.get(),
            limit: solar.limit,
            energy_wh: self.earlier.inverters[inverter].wh + solar.produced_j / J_PER_WH,
            voltage_v: volts.unwrap_or_else(|| self.coupling.voltage_v()),
        }
    }

    /// A lighting cabinet.
    #[must_use]
    pub fn lamps(&self, cabinet: usize) -> LampView {
        let lamps = &self.lamps[cabinet];
        LampView {
            lit: lamps.lit(),
            dark: lamps.cell.dark,
            level: lamps.level,
            power_w: lamps.power_w,
            energy_wh: self.earlier.lamps[cabinet].wh + lamps.energy_j / J_PER_WH,
        }
    }

    /// The point of common coupling.
    #[must_use]
    pub fn grid(&self) -> GridView {
        let before = (self.earlier.import_wh, self.earlier.export_wh);
        let (import_wh, export_wh) = self.coupling.shown_wh(before);
        GridView {
            power_w: self.coupling.shown_w(),
            voltage_v: self.coupling.voltage_v(),
            current_a: self.coupling.current_a(),
            frequency_hz: self.coupling.frequency_hz(),
            import_wh,
            export_wh,
        }
    }
}
