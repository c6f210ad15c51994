//! Loads that are on or off and may wait, and generators.

use super::assets::{Points, control, device, full_point, full_point_maybe, name};
use super::motor::{Bears, bears};
use super::{Context, share, tariff};
use crate::asset::{Generator, LiftStation, Shiftable, SwitchPoints};
use crate::ids::AssetId;
use crate::tariff::Hours;
use crate::text::Section;
use crate::units::{Flow, Level, Money, Power, Volume};
use jiff::civil::Time;
use std::time::Duration;

pub(super) fn shiftable(root: &Section<'_>, context: &Context<'_>) -> Vec<Shiftable> {
    let mut loads = Vec::new();
    for (id, place, section) in root.named("shiftable", "shiftable load") {
        let load = name(id, place, &section).and_then(|id| load(id, &section, context));
        section.finish();
        loads.extend(load);
    }
    loads.sort_by(|a, b| a.id.cmp(&b.id));
    loads
}

fn load(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Shiftable> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["run", "stop"]);
    let rated_power = section.quantity::<Power>("rated_power");
    section.need("daily_run");
    let day = Duration::from_secs(86_400);
    let daily_run = section.duration_or("daily_run", Duration::ZERO, Duration::ZERO..=day);
    let whole = Hours { from: Time::midnight(), to: Time::midnight() };
    let hours = match section.get("hours") {
        Some(node) => section.scalar(node, "wrong-time", tariff::hours),
        None => Some(whole),
    };
    let Bears { min_run, min_stop, starts_per_hour, starts_per_day, nameplate } =
        bears(section, rated_power, Some((1800, 900)));
    let start_cost = section.quantity_or("start_cost", Money::new(0.2));
    let value = section.quantity_or("value", Money::new(10.0));
    let points = switch(section, context, device.clone());
    Some(Shiftable {
        id,
        device: device?,
        control: control?,
        rated_power: rated_power?,
        daily_run,
        hours: hours?,
        min_run,
        min_stop,
        max_starts_per_hour: starts_per_hour,
        max_starts_per_day: starts_per_day,
        nameplate,
        start_cost,
        value,
        points: points?,
    })
}

fn switch(
    section: &Section<'_>,
    context: &Context<'_>,
    device: Option<crate::ids::DeviceId>,
) -> Option<SwitchPoints> {
    let points = Points::open(section, context, device?);
    let (running, remote) = (points.need("running"), points.need("remote"));
    let (power, fault) = (points.maybe("power"), points.maybe("fault"));
    points.finish();
    Some(SwitchPoints { running: running?, remote: remote?, power, fault })
}

pub(super) fn lift_stations(root: &Section<'_>, context: &Context<'_>) -> Vec<LiftStation> {
    let mut stations = Vec::new();
    for (id, place, section) in root.named("lift_stations", "lift station") {
        let station = name(id, place, &section).and_then(|id| station(id, &section, context));
        section.finish();
        stations.extend(station);
    }
    stations.sort_by(|a, b| a.id.cmp(&b.id));
    stations
}

fn station(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<LiftStation> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["run", "stop"]);
    let rated_power = section.quantity::<Power>("rated_power");
    let (flow, inflow) = (section.quantity::<Flow>("flow"), section.quantity::<Flow>("inflow"));
    let level = full_point(section, context, "level");
    let (height, volume) =
        (section.quantity::<Level>("height"), section.quantity::<Volume>("volume"));
    let low = share(section, "low", Some(0.1));
    let (band_low, band_high) =
        (share(section, "band_low", Some(0.2)), share(section, "band_high", Some(0.7)));
    let high = share(section, "high", Some(0.85));
    let Bears { min_run, min_stop, starts_per_hour, starts_per_day, nameplate } =
        bears(section, rated_power, None);
    let measured_flow = full_point_maybe(section, context, "measured_flow");
    let start_cost = section.quantity_or("start_cost", Money::new(0.05));
    let points = switch(section, context, device.clone());
    let station = LiftStation {
        id,
        device: device?,
        control: control?,
        rated_power: rated_power?,
        flow: flow?,
        measured_flow,
        inflow: inflow?,
        level: level?,
        height: height?,
        volume: volume?,
        low: low?,
        band_low: band_low?,
        band_high: band_high?,
        high: high?,
        min_run,
        min_stop,
        max_starts_per_hour: starts_per_hour,
        max_starts_per_day: starts_per_day,
        nameplate,
        start_cost,
        points: points?,
    };
    check(&station, section);
    Some(station)
}

fn check(station: &LiftStation, section: &Section<'_>) {
    let order = [station.low, station.band_low, station.band_high, station.high];
    let empty = station.height <= Level::ZERO || station.volume <= Volume::ZERO;
    if order.windows(2).any(|pair| pair[0] > pair[1]) || empty {
        let message = "low <= band_low <= band_high <= high does not hold, or the well is empty";
        section.complain("out-of-range", section.place(), message, "put them in this order");
    }
    if station.inflow >= station.flow {
        let message = "'inflow' is not below 'flow': the well would overflow whatever is done";
        section.complain("out-of-range", section.place(), message, "check the pump's flow");
    }
}

pub(super) fn generators(root: &Section<'_>, context: &Context<'_>) -> Vec<Generator> {
    let mut generators = Vec::new();
    for (id, place, section) in root.named("generators", "generator") {
        let id = name(id, place, &section);
        let running = full_point(&section, context, "running");
        let carries = context.asset_list(&section, "carries");
        section.finish();
        if let (Some(id), Some(running)) = (id, running) {
            generators.push(Generator { id, running, carries });
        }
    }
    generators.sort_by(|a, b| a.id.cmp(&b.id));
    generators
}
