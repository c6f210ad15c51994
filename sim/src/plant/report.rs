//! The truth told.

use site::units::{Energy, Flow, Level, Power, Ratio, Seconds, Volume};

use super::Plant;
use super::truth::{
    GridTruth, LampTruth, PressureTruth, PumpTruth, SolarTruth, TankTruth, Truth, WaterTruth,
};
use super::water::Water;
use super::wiring::Wiring;

pub(super) fn energy(joules: f64) -> Energy {
    Energy::new(joules / 3600.0)
}

impl Plant {
    /// The state at [`Plant::now`].
    #[must_use]
    pub fn truth(&self) -> Truth {
        let site = &self.site;
        let tanks = site.tanks.iter().enumerate();
        let pumps = site.pumps.iter().enumerate();
        let meters = self.water.iter().flat_map(|water| &water.meter_m3s);
        let inverters = site.inverters.iter().zip(&self.solar);
        let cabinets = site.lighting.iter().zip(&self.lamps);
        let water = self.water.as_ref();
        Truth {
            at: self.at,
            tanks: tanks
                .filter_map(|(place, tank)| Some((tank.id.clone(), tank_truth(water?, place))))
                .collect(),
            pumps: pumps.map(|(place, pump)| (pump.id.clone(), self.pump_truth(place))).collect(),
            flows: {
                let flows = site.flow_meters.iter().zip(meters);
                flows.map(|(meter, flow)| (meter.id.clone(), Flow::new(*flow))).collect()
            },
            inverters: inverters
                .map(|(inverter, solar)| {
                    let truth = SolarTruth {
                        available: Power::new(solar.available_w),
                        power: Power::new(solar.power_w),
                        limit: Ratio::new(solar.limit),
                        produced: energy(solar.produced_j),
                        curtailed: energy(solar.curtailed_j),
                    };
                    (inverter.id.clone(), truth)
                })
                .collect(),
            lighting: cabinets
                .map(|(cabinet, lamps)| {
                    let truth = LampTruth {
                        lit: lamps.lit(),
                        level: Ratio::new(lamps.level),
                        dark: lamps.cell.dark,
                        power: Power::new(lamps.power_w),
                        energy: energy(lamps.energy_j),
                    };
                    (cabinet.id.clone(), truth)
                })
                .collect(),
            batteries: self.battery_truths(),
            chargers: self.charger_truths(),
            switched: self.switched_truths(),
            wells: self.well_truths(),
            sessions: self.energy.sessions.clone(),
            load: Power::new(self.load_w()),
            grid: GridTruth {
                power: Power::new(self.coupling.power_w),
                import: energy(self.coupling.import_j),
                export: energy(self.coupling.export_j),
            },
            network: self.wiring.as_ref().map(Wiring::truth),
            water: water.map(water_truth),
        }
    }

    fn pump_truth(&self, place: usize) -> PumpTruth {
        let machine = &self.machines[place];
        PumpTruth {
            running: machine.running_at(self.at),
            flow: Flow::new(machine.flow_m3s),
            power: Power::new(machine.power_w),
            starts: machine.starts_at(self.at),
            run_time: Seconds::new(machine.run_s),
            energy: energy(machine.energy_j),
        }
    }
}

fn tank_truth(water: &Water, place: usize) -> TankTruth {
    let (inflow, at_limit) = water.tank(place);
    TankTruth { level: Level::new(water.level_m(place)), inflow: Flow::new(inflow), at_limit }
}

fn water_truth(water: &Water) -> WaterTruth {
    let volumes = water.balance.volumes();
    let lowest = water.last.as_ref().and_then(|last| last.lowest_pressure.as_ref());
    WaterTruth {
        demand: Flow::new(water.demand_m3s),
        lowest_pressure: lowest.map(|lowest| PressureTruth {
            node: lowest.node.clone(),
            head: Level::new(lowest.metres),
        }),
        inflow: Volume::new(volumes.inflow_m3),
        delivered: Volume::new(volumes.delivered_m3),
        leaked: Volume::new(water.leaked_m3),
        storage_change: Volume::new(volumes.storage_change_m3),
        overflow: Volume::new(volumes.overflow_m3),
        balance_error: water.balance.error_share(),
        unsolved_steps: water.unsolved_steps,
    }
}
