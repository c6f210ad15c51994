//! What the daemon shows of every asset.

use super::Controller;
use crate::status::{AssetDetails, AssetKind, AssetStatus};
use site::AssetId;
use site::asset::Mode;
use site::plan::{LoadState, PumpState};
use site::record::CycleRecord;
use site::units::{Current, Power, Ratio};
use std::collections::BTreeMap;

/// Below this nothing flows, W.
const NOTHING: f64 = 50.0;

impl Controller {
    /// Every asset that takes commands, as the record has it.
    pub(super) fn assets(&self, record: &CycleRecord) -> BTreeMap<AssetId, AssetStatus> {
        let (site, estimate) = (&self.loaded.site, &record.estimate);
        let mut all = BTreeMap::new();
        for pump in &site.pumps {
            let state = estimate.pumps.get(&pump.id);
            let status = asset(record, &pump.id, AssetKind::Pump, pump.control.mode);
            all.insert(pump.id.clone(), motor(status, state));
        }
        for inverter in &site.inverters {
            let state = estimate.inverters.get(&inverter.id);
            let status = asset(record, &inverter.id, AssetKind::Inverter, inverter.control.mode);
            all.insert(inverter.id.clone(), graded(status, state));
        }
        for lighting in &site.lighting {
            let state = estimate.lighting.get(&lighting.id);
            let status = asset(record, &lighting.id, AssetKind::Lighting, lighting.control.mode);
            all.insert(lighting.id.clone(), graded(status, state));
        }
        self.storage(record, &mut all);
        self.charging(record, &mut all);
        self.switched(record, &mut all);
        for (id, status) in &mut all {
            status.tripped = self.state.guard.trip(id).cloned();
        }
        all
    }

    fn storage(&self, record: &CycleRecord, all: &mut BTreeMap<AssetId, AssetStatus>) {
        for battery in &self.loaded.site.batteries {
            let mut status = asset(record, &battery.id, AssetKind::Battery, battery.control.mode);
            if let Some(state) = record.estimate.batteries.get(&battery.id) {
                let power = state.power.map(Power::get);
                status.active = power.map(|watts| watts.abs() > NOTHING);
                status.power_watts = power;
                status.unavailable.clone_from(&state.unavailable);
                status.details.charge_ratio = state.charge.map(|charge| charge.value.get());
                status.details.setting_watts = state.setting.map(Power::get);
            }
            all.insert(battery.id.clone(), status);
        }
    }

    fn charging(&self, record: &CycleRecord, all: &mut BTreeMap<AssetId, AssetStatus>) {
        for charger in &self.loaded.site.chargers {
            let mut status = asset(record, &charger.id, AssetKind::Charger, charger.control.mode);
            if let Some(state) = record.estimate.chargers.get(&charger.id) {
                let power = state.power.map(Power::get);
                status.active = power.map(|watts| watts > NOTHING);
                status.power_watts = power;
                status.unavailable.clone_from(&state.unavailable);
                status.details.setting_amperes = state.setting.map(Current::get);
                status.details.connected = state.connected;
                status.details.session = state.session.map(Into::into);
            }
            all.insert(charger.id.clone(), status);
        }
    }

    fn switched(&self, record: &CycleRecord, all: &mut BTreeMap<AssetId, AssetStatus>) {
        let (site, estimate) = (&self.loaded.site, &record.estimate);
        for load in &site.shiftable {
            let state = estimate.switched.get(&load.id);
            let status = asset(record, &load.id, AssetKind::Shiftable, load.control.mode);
            let mut status = motor(status, state);
            let run = estimate.run_today.get(&load.id);
            status.details.run_today_seconds = run.map(std::time::Duration::as_secs_f64);
            status.details.daily_run_seconds = Some(load.daily_run.as_secs_f64());
            all.insert(load.id.clone(), status);
        }
        for station in &site.lift_stations {
            let state = estimate.switched.get(&station.id);
            let status = asset(record, &station.id, AssetKind::LiftStation, station.control.mode);
            let mut status = motor(status, state);
            let level = estimate.wells.get(&station.id).copied().flatten();
            let height = station.height.get();
            status.details.level_ratio = level.map(|level| level.value.get() / height);
            all.insert(station.id.clone(), status);
        }
    }
}

fn asset(record: &CycleRecord, id: &AssetId, kind: AssetKind, mode: Mode) -> AssetStatus {
    let command = record.commands.iter().find(|command| &command.asset == id);
    AssetStatus {
        kind,
        mode,
        active: None,
        power_watts: None,
        setting_ratio: None,
        command: command.map(|command| command.setpoint.to_string()),
        verification: record.verifications.get(id).cloned(),
        starts_last_hour: None,
        unavailable: None,
        tripped: None,
        details: AssetDetails::default(),
    }
}

fn motor(mut status: AssetStatus, state: Option<&PumpState>) -> AssetStatus {
    if let Some(state) = state {
        status.active = state.running;
        status.power_watts = state.power.map(Power::get);
        status.starts_last_hour = Some(state.starts_last_hour);
        status.unavailable.clone_from(&state.unavailable);
    }
    status
}

fn graded(mut status: AssetStatus, state: Option<&LoadState>) -> AssetStatus {
    if let Some(state) = state {
        let setting = state.setting.map(Ratio::get);
        let power = state.power.map(Power::get);
        status.active = match status.kind {
            AssetKind::Lighting => setting.map(|level| level > 0.0),
            _ => power.map(|watts| watts > 0.0),
        };
        (status.power_watts, status.setting_ratio) = (power, setting);
        status.unavailable.clone_from(&state.unavailable);
    }
    status
}
