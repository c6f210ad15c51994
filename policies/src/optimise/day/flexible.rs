//! Batteries, chargers and loads that are on or off as data.

use super::data::{
    BatteryData, ChargerData, LiftStationData, SessionData, ShiftableData, SwitchedData,
};
use crate::optimise::Inputs;
use crate::optimise::battery::{Market, OUTSIDE_FACTOR, counted_on, wear};
use crate::optimise::chargers::{self, after_kwh, early, missing_price};
use crate::optimise::switched::{self, BAND_PRICE, DRY_PRICE, Load, SPILL_PRICE, commandable};
use site::asset::{Battery, Charger, LiftStation, Shiftable};
use site::plan::Session;

pub(super) fn batteries(inputs: &Inputs<'_>) -> Vec<BatteryData> {
    let market = Market::new(inputs);
    inputs.site.batteries.iter().map(|battery| one_battery(inputs, battery, &market)).collect()
}

fn one_battery(inputs: &Inputs<'_>, battery: &Battery, market: &Market) -> BatteryData {
    let state = inputs.estimate.batteries.get(&battery.id);
    let charge = state.and_then(|state| state.charge);
    let capacity = battery.capacity.kwh();
    let dear = inputs.dearest_price();
    BatteryData {
        id: battery.id.clone(),
        commandable: counted_on(inputs, battery).is_some(),
        power_now_kw: state.and_then(|state| state.power).map_or(0.0, |power| power.kw()),
        energy_now_kwh: charge.map_or(0.0, |charge| charge.value.get().clamp(0.0, 1.0)) * capacity,
        capacity_kwh: capacity,
        charge_kw: battery.charge_power.kw(),
        discharge_kw: battery.discharge_power.kw(),
        efficiency: battery.efficiency.get(),
        low_kwh: battery.charge_low.get() * capacity,
        high_kwh: battery.charge_high.get() * capacity,
        outside_eur_per_kwh_hour: OUTSIDE_FACTOR * dear,
        reserve_kwh: battery.reserve.get() * capacity,
        reserve_eur_per_kwh_hour: OUTSIDE_FACTOR * dear,
        wear_eur_per_kwh: wear(battery),
        left_eur_per_kwh: market.worth(battery),
    }
}

pub(super) fn chargers(inputs: &Inputs<'_>) -> Vec<ChargerData> {
    let steps = &inputs.forecast.steps;
    let session = |charger: &Charger, session: &Session| SessionData {
        arrival: session.arrival,
        departure: session.departure,
        power_kw: session.draw_at(charger).most.kw(),
        wanted_kwh: session.wanted.kwh(),
        after_kwh: after_kwh(charger, session, steps),
        later_eur_per_kwh_hour: early(session),
    };
    let end = steps.last().map_or(inputs.estimate.now.utc, |step| step.end);
    let one = |charger: &Charger| {
        let sessions = inputs.forecast.sessions.get(&charger.id).into_iter().flatten();
        let sessions = sessions.filter(|session| session.arrival < end);
        ChargerData {
            id: charger.id.clone(),
            commandable: chargers::commandable(inputs, charger),
            sessions: sessions.map(|one| session(charger, one)).collect(),
            missing_eur_per_kwh: missing_price(inputs, charger),
            after_eur_per_kwh: inputs.mean_price(),
        }
    };
    inputs.site.chargers.iter().map(one).collect()
}

/// What loads that are on or off have in common, shiftable ones first.
fn in_common(inputs: &Inputs<'_>) -> Vec<SwitchedData> {
    let one = |load: Load<'_>| {
        let state = inputs.estimate.switched.get(load.id);
        SwitchedData {
            id: load.id.clone(),
            commandable: commandable(load, state),
            rated_kw: load.rated_power.kw(),
            running: state.is_some_and(|state| state.running == Some(true)),
            in_state_s: state.map_or(0.0, |state| state.in_state_for.as_secs_f64()),
            min_run_s: load.min_run.as_secs_f64(),
            min_stop_s: load.min_stop.as_secs_f64(),
            start_eur: load.start_cost.get(),
        }
    };
    switched::loads(inputs).map(one).collect()
}

pub(super) fn shiftable(inputs: &Inputs<'_>) -> Vec<ShiftableData> {
    let one = |(load, switched): (&Shiftable, SwitchedData)| {
        let run = inputs.estimate.run_today.get(&load.id).copied().unwrap_or_default();
        ShiftableData {
            switched,
            from: load.hours.from,
            to: load.hours.to,
            daily_run_h: load.daily_run.as_secs_f64() / 3600.0,
            run_today_h: run.as_secs_f64() / 3600.0,
            missing_eur_per_h: load.value.get(),
        }
    };
    inputs.site.shiftable.iter().zip(in_common(inputs)).map(one).collect()
}

pub(super) fn lift_stations(inputs: &Inputs<'_>) -> Vec<LiftStationData> {
    let stations = inputs.site.lift_stations.iter();
    let in_common = in_common(inputs).into_iter().skip(inputs.site.shiftable.len());
    let one = |(station, switched): (&LiftStation, SwitchedData)| {
        let known = inputs.estimate.wells.get(&station.id).copied().flatten();
        let level = known.map_or(0.5, |level| level.value.get() / station.height.get());
        let (whole, hourly) = (station.volume.get(), |flow: site::units::Flow| flow.get() * 3600.0);
        let inflow = inputs.forecast.inflow.get(&station.id);
        let steps = 0..inputs.forecast.steps.len();
        LiftStationData {
            flow_m3_per_h: hourly(station.flow),
            inflow_m3_per_h: steps
                .map(|t| hourly(inflow.map_or(station.inflow, |inflow| inflow[t])))
                .collect(),
            volume_m3: whole,
            volume_now_m3: level.clamp(0.0, 1.0) * whole,
            band_low_m3: station.band_low.get() * whole,
            band_high_m3: station.band_high.get() * whole,
            outside_band_eur_per_m3_hour: BAND_PRICE,
            overflow_eur_per_m3: SPILL_PRICE,
            dry_eur_per_m3: DRY_PRICE,
            left_eur_per_m3: switched.rated_kw / hourly(station.flow) * inputs.mean_price(),
            switched,
        }
    };
    stations.zip(in_common).map(one).collect()
}
