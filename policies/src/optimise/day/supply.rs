//! Grid, tariff, network, sun and light as data.

use super::data::{
    DemandChargeData, FeederData, GridData, InverterData, LightingData, NetworkData, SectionData,
    SubscribedData, TariffData, TransformerData,
};
use crate::optimise::Inputs;
use crate::optimise::energy;
use crate::optimise::grid::{ORDER_PRICE, PATIENCE, counts};
use crate::optimise::network::{OVERLOAD_PRICE, VOLTAGE_MARGIN, VOLTAGE_PRICE, upstream_square};
use crate::optimise::uncertainty::{TANGENTS, spread_kw};
use crate::voltage::Sensitivity;
use site::asset::{Inverter, Lighting};
use site::electrical::{CableSection, Electrical, Feeder};
use site::tariff::{DemandCharge, Subscribed};
use site::units::{Power, Price};

pub(super) fn tariff(inputs: &Inputs<'_>) -> TariffData {
    let (forecast, tariff) = (inputs.forecast, &inputs.site.tariff);
    let eur = |prices: &[Price]| prices.iter().map(|price| price.get()).collect();
    let charge = |(i, charge): (usize, &DemandCharge)| DemandChargeData {
        name: charge.name.clone(),
        eur_per_kw: charge.price.get(),
        days_left: charge.billing.days_left(inputs.estimate.now.utc, inputs.site.calendar()),
        so_far_kw: inputs.estimate.peaks.get(i).map_or(0.0, |peak| peak.kw()).max(0.0),
        counts: (0..forecast.steps.len()).map(|t| counts(inputs, i, t)).collect(),
    };
    let subscribed = |contract: &Subscribed| SubscribedData {
        limit_kw: forecast.subscribed.iter().map(|power| power.map(Power::kw)).collect(),
        above_eur_per_kwh: forecast.class.iter().map(|c| contract.plan_price(c).get()).collect(),
    };
    TariffData {
        import_eur_per_kwh: eur(&forecast.price),
        export_eur_per_kwh: eur(&forecast.feed_in),
        later_eur_per_kwh_hour: PATIENCE,
        demand_charges: tariff.demand_charges.iter().enumerate().map(charge).collect(),
        subscribed: tariff.subscribed.as_ref().map(subscribed),
    }
}

pub(super) fn grid(inputs: &Inputs<'_>) -> GridData {
    let grid = &inputs.site.grid;
    GridData {
        spread_kw: (0..inputs.forecast.steps.len()).map(|t| spread_kw(inputs, t)).collect(),
        bought_at_least: TANGENTS.to_vec(),
        import_limit_kw: grid.import_limit.map(Power::kw),
        export_limit_kw: grid.export_limit.map(Power::kw),
        above_limit_eur_per_kwh: OVERLOAD_PRICE,
        above_order_eur_per_kwh: ORDER_PRICE,
    }
}

pub(super) fn network(inputs: &Inputs<'_>) -> Option<NetworkData> {
    let electrical: &Electrical = inputs.site.electrical.as_ref()?;
    let sensitivity = Sensitivity::new(electrical).ok()?;
    let section = |section: &CableSection| SectionData {
        node: section.node.clone(),
        from: section.from.clone(),
        resistance_ohm: section.ohms().0,
        reactance_ohm: section.ohms().1,
        base_load_share: section.load.get(),
        assets: section.assets.clone(),
    };
    let feeder = |feeder: &Feeder| FeederData {
        id: feeder.id.clone(),
        limit_kva: feeder.limit.map(|limit| limit.kva()),
        sections: feeder.sections.iter().map(section).collect(),
    };
    let transformer = electrical.transformer.map(|plate| TransformerData {
        rating_kva: plate.rating.kva(),
        resistance_ohm: plate.ohms(electrical.nominal).0,
        reactance_ohm: plate.ohms(electrical.nominal).1,
    });
    Some(NetworkData {
        nominal_v: electrical.nominal.get(),
        band: electrical.band.get(),
        margin: VOLTAGE_MARGIN,
        upstream: upstream_square(inputs, electrical, &sensitivity).max(0.0).sqrt(),
        power_factor: electrical.power_factor.get(),
        transformer,
        feeders: electrical.feeders.iter().map(feeder).collect(),
        overload_eur_per_kwh: OVERLOAD_PRICE,
        voltage_eur_per_percent_hour: VOLTAGE_PRICE,
    })
}

pub(super) fn inverters(inputs: &Inputs<'_>) -> Vec<InverterData> {
    let one = |inverter: &Inverter| InverterData {
        id: inverter.id.clone(),
        commandable: energy::commandable(inputs, inverter),
        available_kw: inputs.forecast.pv[&inverter.id].iter().map(|power| power.kw()).collect(),
    };
    inputs.site.inverters.iter().map(one).collect()
}

pub(super) fn lighting(inputs: &Inputs<'_>) -> Vec<LightingData> {
    let one = |lighting: &Lighting| {
        let windows = &inputs.forecast.lighting[&lighting.id];
        LightingData {
            id: lighting.id.clone(),
            rated_kw: lighting.rated_power.kw(),
            wished: windows.iter().map(|window| window.level.get()).collect(),
            may_dim_to: windows.iter().map(|window| window.may_dim_to.get()).collect(),
            missing_eur_per_kwh: lighting.value.get(),
        }
    };
    inputs.site.lighting.iter().map(one).collect()
}
