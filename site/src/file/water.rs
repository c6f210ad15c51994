//! The water side: network, tanks, pumps, flow meters.

use super::assets::{Points, control, device, full_point, name};
use super::motor::{Bears, bears};
use super::{Context, share};
use crate::asset::{FlowMeter, LevelBand, Pump, PumpFlow, PumpPoints, Reserve, Tank};
use crate::ids::AssetId;
use crate::model::Water;
use crate::text::{Section, Tree};
use crate::units::{Flow, Level, Money, Power, Ratio};
use jiff::civil::Time;
use std::path::PathBuf;

/// Tolerance of a level transmitter where the file names none, m, and the most that is taken by
/// default, as a share of the band.
const LEVEL_TOLERANCE: f64 = 0.10;
const LEVEL_TOLERANCE_SHARE: f64 = 0.05;
/// The most that a tolerance may take from each end of the band, as a share of it.
const LEVEL_TOLERANCE_SHARE_MAX: f64 = 0.25;

/// Where pumps that fill a tank are stopped softly when the file does not say it: a share of its
/// height, within its band and its overflow mark.
const SOFT_STOP: f64 = 0.95;

pub(super) fn water(section: Section<'_>, context: &Context<'_>) -> Option<Water> {
    let place = section.place();
    let network: Option<PathBuf> = match section.need("network") {
        Some(_) => context.path(&section, "network"),
        None => None,
    };
    let demand_profile = profile(&section);
    let demand_spread = share(&section, "demand_spread", Some(0.1));
    let shortfall_price = section.number_or("shortfall_price", 2.0, 0.01..=1000.0);
    section.finish();
    let (demand_profile, demand_spread) = (demand_profile?, demand_spread?);
    Some(Water { network: network?, place, demand_profile, demand_spread, shortfall_price })
}

fn profile(section: &Section<'_>) -> Option<[f64; 24]> {
    let Some(node) = section.get("demand_profile") else { return Some([1.0; 24]) };
    let Tree::List(nodes) = &node.tree else {
        section.complain("wrong-kind", node.place, "'demand_profile' must be a list", "");
        return None;
    };
    let read = |text: &str| match text.parse::<f64>() {
        Ok(factor) if (0.0..=20.0).contains(&factor) => Ok(factor),
        _ => Err(format!("'{text}' is not a factor from 0 to 20")),
    };
    let factors: Vec<f64> =
        nodes.iter().filter_map(|node| section.scalar(node, "out-of-range", read)).collect();
    let found = factors.len();
    let Ok(profile) = <[f64; 24]>::try_from(factors) else {
        let message = format!("'demand_profile' has {found} factors, and needs 24");
        section.complain(
            "out-of-range",
            node.place,
            message,
            "one factor per local hour from 00:00",
        );
        return None;
    };
    Some(profile)
}

pub(super) fn tanks(root: &Section<'_>, context: &Context<'_>) -> Vec<Tank> {
    let mut tanks = Vec::new();
    for (id, place, section) in root.named("tanks", "tank") {
        let tank = name(id, place, &section).and_then(|id| tank(id, &section, context));
        section.finish();
        tanks.extend(tank);
    }
    tanks.sort_by(|a, b| a.id.cmp(&b.id));
    tanks
}

fn tank(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Tank> {
    let node = section.text("node");
    let level = full_point(section, context, "level");
    let height = section.quantity::<Level>("height");
    let low = share(section, "low", Some(0.2));
    let band_low = share(section, "band_low", Some(0.25));
    let band_high = share(section, "band_high", Some(0.95));
    let overflow = share(section, "overflow", Some(0.97));
    let soft_stop = share(section, "soft_stop", Some(soft_stop(band_high, overflow)));
    let level_tolerance = section.quantity_maybe::<Level>("level_tolerance");
    let reserve = section.section_maybe("reserve").and_then(reserve);
    let (height, band_low, band_high) = (height?, band_low?, band_high?);
    let band = (band_high.get() - band_low.get()).max(0.0) * height.get();
    let usual = Level::new(LEVEL_TOLERANCE.min(LEVEL_TOLERANCE_SHARE * band));
    let tank = Tank {
        id,
        node: node?,
        level: level?,
        height,
        low: low?,
        band_low,
        band_high,
        soft_stop: soft_stop?,
        overflow: overflow?,
        level_tolerance: level_tolerance.unwrap_or(usual),
        reserve,
    };
    if !(0.0..=LEVEL_TOLERANCE_SHARE_MAX * band).contains(&tank.level_tolerance.get()) {
        let most = LEVEL_TOLERANCE_SHARE_MAX * band;
        let message =
            format!("'level_tolerance' must lie in 0 to {most:.2} m, a quarter of the band");
        let help =
            "a transmitter that may be this wrong needs calibrating, or the band is too narrow";
        section.complain("out-of-range", section.place(), message, help);
    }
    let order = [tank.low, tank.band_low, tank.band_high, tank.soft_stop, tank.overflow];
    if order.windows(2).any(|pair| pair[0] > pair[1]) || tank.height.get() <= 0.0 {
        let message = "low <= band_low <= band_high <= soft_stop <= overflow does not hold, or the height is \
             zero";
        section.complain("out-of-range", section.place(), message, "put them in this order");
    }
    Some(tank)
}

/// Above the band, so that it does not stand against the plan, and below the overflow mark.
fn soft_stop(band_high: Option<Ratio>, overflow: Option<Ratio>) -> f64 {
    let lowest = band_high.map_or(SOFT_STOP, |high| SOFT_STOP.max(high.get()));
    overflow.map_or(lowest, |overflow| lowest.min(overflow.get()))
}

fn reserve(section: Section<'_>) -> Option<Reserve> {
    let at = section.need("at").and_then(|node| section.scalar(node, "wrong-time", time_of_day));
    let level = share(&section, "level", None);
    section.finish();
    Some(Reserve { at: at?, level: level? })
}

/// Reads a local time of day, "22:00".
pub(super) fn time_of_day(text: &str) -> Result<Time, String> {
    let wrong = || format!("'{text}' is not a time of day; write \"22:00\" in quotes");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let (hour, minute) = (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    Time::new(hour, minute, 0, 0).map_err(|_| wrong())
}

pub(super) fn pumps(root: &Section<'_>, context: &Context<'_>) -> Vec<Pump> {
    let mut pumps = Vec::new();
    for (id, place, section) in root.named("pumps", "pump") {
        let pump = name(id, place, &section).and_then(|id| pump(id, &section, context));
        section.finish();
        pumps.extend(pump);
    }
    pumps.sort_by(|a, b| a.id.cmp(&b.id));
    pumps
}

fn pump(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Pump> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["run", "stop"]);
    let link = section.text("link");
    let rated_power = section.quantity::<Power>("rated_power");
    let Bears { min_run, min_stop, starts_per_hour, starts_per_day, nameplate } =
        bears(section, rated_power, None);
    let flow = pump_flow(section, context);
    let start_cost = section.quantity_or("start_cost", Money::new(1.0));
    let fills = section.need("fills").and_then(|_| tank_name(section, "fills", &context.tanks));
    let draws_from =
        section.get("draws_from").and_then(|_| tank_name(section, "draws_from", &context.tanks));
    let level_control = match section.section_maybe("level_control") {
        Some(band) => level_band(band),
        None => Some(LevelBand { start_below: Ratio::new(0.4), stop_above: Ratio::new(0.9) }),
    };
    let points = device.clone().and_then(|device| {
        let points = Points::open(section, context, device);
        let all = pump_points(&points);
        points.finish();
        all
    });
    Some(Pump {
        id,
        device: device?,
        link: link?,
        control: control?,
        rated_power: rated_power?,
        min_run,
        min_stop,
        max_starts_per_hour: starts_per_hour,
        max_starts_per_day: starts_per_day,
        nameplate,
        flow,
        fills: fills?,
        draws_from,
        level_control: level_control?,
        start_cost,
        points: points?,
    })
}

/// The meter behind a pump: its point and what is usual there, or neither.
fn pump_flow(section: &Section<'_>, context: &Context<'_>) -> Option<PumpFlow> {
    if section.get("measured_flow").is_none() && section.get("rated_flow").is_none() {
        return None;
    }
    let point = full_point(section, context, "measured_flow");
    let rated = section.quantity::<Flow>("rated_flow");
    if rated.is_some_and(|rated| rated <= Flow::ZERO) {
        let message = "'rated_flow' must be above zero";
        section.complain("out-of-range", section.place(), message, "see the pump's nameplate");
    }
    Some(PumpFlow { point: point?, rated: rated? })
}

fn pump_points(points: &Points<'_, '_>) -> Option<PumpPoints> {
    let (running, remote, power) =
        (points.need("running"), points.need("remote"), points.need("power"));
    let (fault, dry, starts) = (points.maybe("fault"), points.maybe("dry"), points.maybe("starts"));
    Some(PumpPoints { running: running?, remote: remote?, power: power?, fault, dry, starts })
}

fn tank_name(section: &Section<'_>, key: &'static str, tanks: &[AssetId]) -> Option<AssetId> {
    let node = section.get(key)?;
    section.scalar(node, "unknown-tank", |text| {
        let found = tanks.iter().find(|tank| tank.as_str() == text);
        found.cloned().ok_or_else(|| format!("no tank is called '{text}'"))
    })
}

fn level_band(section: Section<'_>) -> Option<LevelBand> {
    let start_below = share(&section, "start_below", Some(0.4));
    let stop_above = share(&section, "stop_above", Some(0.9));
    let (start_below, stop_above) = (start_below?, stop_above?);
    if start_below >= stop_above {
        let message = "'start_below' is not below 'stop_above'";
        section.complain("out-of-range", section.place(), message, "leave room between the two");
    }
    section.finish();
    Some(LevelBand { start_below, stop_above })
}

pub(super) fn flow_meters(root: &Section<'_>, context: &Context<'_>) -> Vec<FlowMeter> {
    let mut meters = Vec::new();
    for (id, place, section) in root.named("flow_meters", "flow meter") {
        let id = name(id, place, &section);
        let (flow, link) = (full_point(&section, context, "flow"), section.text("link"));
        let feeds_demand = section.flag_or("feeds_demand", false);
        section.finish();
        if let (Some(id), Some(flow), Some(link)) = (id, flow, link) {
            meters.push(FlowMeter { id, flow, link, feeds_demand });
        }
    }
    meters.sort_by(|a, b| a.id.cmp(&b.id));
    meters
}
