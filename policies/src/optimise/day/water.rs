//! Pumps and tanks as data.

use super::data::{PumpData, ReserveData, StationData, TankData, WaterData};
use crate::optimise::Inputs;
use crate::optimise::tanks::{CUSHION_PRICE, CUSHION_SHARE_MAX, SPARED, SPILL_PRICE, UNMET_PRICE};
use crate::optimise::trajectory::Trajectory;
use crate::water::{Effect, Group, WaterModel};
use site::plan::Step;

pub(super) fn water(inputs: &Inputs<'_>, trajectory: &Trajectory) -> Option<WaterData> {
    let water = inputs.water?;
    let hourly = |effect: &Effect| effect.inflow.iter().map(|flow| flow * 3600.0).collect();
    let inflow = |of_step: &Vec<Effect>| of_step.iter().map(hourly).collect();
    let power = |of_step: &Vec<Effect>| of_step.iter().map(|effect| effect.power).collect();
    Some(WaterData {
        stations: water.groups.iter().filter_map(|group| station(inputs, group)).collect(),
        combinations: water.tables.combinations().iter().map(|c| c.0.clone()).collect(),
        power_kw: trajectory.effects.iter().map(power).collect(),
        inflow_m3_per_h: trajectory.effects.iter().map(inflow).collect(),
        tanks: (0..inputs.site.tanks.len()).map(|k| tank(inputs, (water, trajectory), k)).collect(),
        left_eur_per_m3: trajectory.water_worth,
    })
}

/// None for a group whose pumps the site does not have: there is none such.
fn station(inputs: &Inputs<'_>, group: &Group) -> Option<StationData> {
    let first = inputs.site.pump(group.pumps.first()?)?;
    let pump = |id: &site::AssetId| {
        let (known, state) = (inputs.site.pump(id), inputs.estimate.pumps.get(id));
        PumpData {
            id: id.clone(),
            commandable: inputs.commandable(id),
            min_run_s: known.map_or(0.0, |pump| pump.min_run.as_secs_f64()),
            min_stop_s: known.map_or(0.0, |pump| pump.min_stop.as_secs_f64()),
            running: state.is_some_and(|state| state.running == Some(true)),
            in_state_s: state.map_or(0.0, |state| state.in_state_for.as_secs_f64()),
            starts_last_hour: state.map_or(0, |state| state.starts_last_hour),
        }
    };
    let rated = group.pumps.iter().filter_map(|id| inputs.site.pump(id));
    Some(StationData {
        pumps: group.pumps.iter().map(pump).collect(),
        rated_kw: rated.map(|pump| pump.rated_power.kw()).fold(0.0, f64::max),
        min_run_s: first.min_run.as_secs_f64(),
        min_stop_s: first.min_stop.as_secs_f64(),
        max_starts_per_hour: first.max_starts_per_hour,
        start_eur: first.start_cost.get(),
    })
}

fn tank(
    inputs: &Inputs<'_>,
    (water, trajectory): (&WaterModel, &Trajectory),
    k: usize,
) -> TankData {
    let tank = &inputs.site.tanks[k];
    let shape = &water.network.tanks()[water.tanks[k]];
    let volume = |share: f64| shape.volume_m3(share * tank.height.get());
    let tolerance = tank.level_tolerance.get() / tank.height.get();
    let steps = &inputs.forecast.steps;
    let most = CUSHION_SHARE_MAX * (volume(tank.band_high.get()) - volume(tank.band_low.get()));
    let price = inputs.shortfall_price();
    // Water that is not there could spare being outside the band until the horizon's end.
    let spared = |t: usize| SPARED * price * steps[t..].iter().map(Step::hours).sum::<f64>();
    TankData {
        id: tank.id.clone(),
        volume_now_m3: shape.volume_m3(trajectory.start[k]),
        bottom_m3: shape.volume_min_m3(),
        top_m3: shape.volume_max_m3(),
        band_low_m3: volume(tank.band_low.get() + tolerance),
        band_high_m3: volume(tank.band_high.get() - tolerance),
        outside_band_eur_per_m3_hour: price,
        cushion_m3: (0..steps.len()).map(|t| trajectory.cushion(inputs, t).min(most)).collect(),
        cushion_eur_per_m3_hour: CUSHION_PRICE,
        reserve: tank.reserve.map(|reserve| ReserveData {
            at: reserve.at,
            volume_m3: volume(reserve.level.get()),
            missing_eur_per_m3: price,
        }),
        unmet_eur_per_m3: (0..steps.len()).map(|t| UNMET_PRICE + spared(t)).collect(),
        overflow_eur_per_m3: (0..steps.len()).map(|t| SPILL_PRICE + spared(t)).collect(),
    }
}
