//! Grid, tariff, network, sun and light.

use serde::Serialize;
use site::AssetId;

/// Prices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TariffData {
    /// What an imported kWh costs, EUR, `[step]`.
    pub import_eur_per_kwh: Vec<f64>,
    /// What an exported kWh earns, EUR, `[step]`. The plan reckons with no more than the price of
    /// an imported one.
    pub export_eur_per_kwh: Vec<f64>,
    /// What an imported kWh costs more per hour that it comes later: among equals, sooner.
    pub later_eur_per_kwh_hour: f64,
    /// Charges on the highest import.
    pub demand_charges: Vec<DemandChargeData>,
    /// Power subscribed, where there is any.
    pub subscribed: Option<SubscribedData>,
}

/// A charge on the highest import of a period: what is above the highest one so far is borne by
/// the days that are left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemandChargeData {
    /// Its name.
    pub name: String,
    /// For the whole period, EUR/kW.
    pub eur_per_kw: f64,
    /// Days of the period that are left; a horizon bears `eur_per_kw / days_left`.
    pub days_left: f64,
    /// The highest import that counts already, kW.
    pub so_far_kw: f64,
    /// Whether imports of a step count, `[step]`.
    pub counts: Vec<bool>,
}

/// Subscribed power.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubscribedData {
    /// Import that is subscribed, kW, `[step]`; none where nothing is said.
    pub limit_kw: Vec<Option<f64>>,
    /// What a kWh above costs besides, EUR, `[step]`.
    pub above_eur_per_kwh: Vec<f64>,
}

/// The point of common coupling.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GridData {
    /// Spread of the net import, one standard deviation, kW, `[step]`.
    pub spread_kw: Vec<f64>,
    /// In each step with a spread, for each slope and height: what is bought is at least slope
    /// times the net import and height times the spread.
    pub bought_at_least: Vec<(f64, f64)>,
    /// The most import, kW.
    pub import_limit_kw: Option<f64>,
    /// The most export, kW.
    pub export_limit_kw: Option<f64>,
    /// What a kWh above one of them costs, EUR.
    pub above_limit_eur_per_kwh: f64,
    /// What a kWh above an ordered limit costs, EUR.
    pub above_order_eur_per_kwh: f64,
}

/// A radial network behind one busbar. What no section names hangs on the busbar.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkData {
    /// Nominal voltage between phases, V.
    pub nominal_v: f64,
    /// How far a node's voltage may lie from the nominal one, as a share of it.
    pub band: f64,
    /// How far inside the band the plan stays, as a share of the nominal voltage.
    pub margin: f64,
    /// Voltage above the transformer, as a share of the nominal one.
    pub upstream: f64,
    /// Power factor (lagging) of buildings, pumps, lamps and switched loads; what stands behind
    /// an inverter takes no reactive power. Ratings in kVA are used at this power factor.
    pub power_factor: f64,
    /// The transformer.
    pub transformer: Option<TransformerData>,
    /// The feeders.
    pub feeders: Vec<FeederData>,
    /// What a kWh above a feeder's limit or the transformer's rating costs, EUR.
    pub overload_eur_per_kwh: f64,
    /// What one per cent of voltage outside the band costs at each node. One per cent is 0.02 of
    /// the square of the voltage.
    pub voltage_eur_per_percent_hour: f64,
}

/// A transformer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransformerData {
    /// Rating, kVA.
    pub rating_kva: f64,
    /// Resistance of a phase seen from below, ohm.
    pub resistance_ohm: f64,
    /// Reactance of a phase seen from below, ohm.
    pub reactance_ohm: f64,
}

/// A feeder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeederData {
    /// Its name.
    pub id: AssetId,
    /// The most it may carry either way, kVA.
    pub limit_kva: Option<f64>,
    /// Its cable sections.
    pub sections: Vec<SectionData>,
}

/// A cable section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectionData {
    /// The node at its end.
    pub node: AssetId,
    /// The node at its beginning; none is the busbar.
    pub from: Option<AssetId>,
    /// Resistance of a phase over its length, ohm.
    pub resistance_ohm: f64,
    /// Reactance of a phase over its length, ohm.
    pub reactance_ohm: f64,
    /// Share of the buildings' load at the node.
    pub base_load_share: f64,
    /// Assets at the node.
    pub assets: Vec<AssetId>,
}

/// A PV inverter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InverterData {
    /// Its name.
    pub id: AssetId,
    /// Whether it can be limited.
    pub commandable: bool,
    /// What it could give, kW, `[step]`.
    pub available_kw: Vec<f64>,
}

/// A lighting cabinet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LightingData {
    /// Its name.
    pub id: AssetId,
    /// Power at full level, kW; in proportion to the level.
    pub rated_kw: f64,
    /// The level that is wished, 0 to 1, `[step]`.
    pub wished: Vec<f64>,
    /// The lowest level that the plan may choose, 0 to 1, `[step]`.
    pub may_dim_to: Vec<f64>,
    /// What a kWh of light costs that was wished and is not given, EUR.
    pub missing_eur_per_kwh: f64,
}
