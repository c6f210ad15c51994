//! Batteries.

use super::assets::{Points, control, device, name};
use super::{Context, share};
use crate::asset::{Battery, BatteryPoints};
use crate::ids::AssetId;
use crate::text::Section;
use crate::units::{Energy, Power, Price};

pub(super) fn batteries(root: &Section<'_>, context: &Context<'_>) -> Vec<Battery> {
    let mut batteries = Vec::new();
    for (id, place, section) in root.named("batteries", "battery") {
        let battery = name(id, place, &section).and_then(|id| battery(id, &section, context));
        section.finish();
        batteries.extend(battery);
    }
    batteries.sort_by(|a, b| a.id.cmp(&b.id));
    batteries
}

fn battery(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Battery> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["power"]);
    let capacity = section.quantity::<Energy>("capacity");
    let charge_power = section.quantity::<Power>("charge_power");
    let discharge_power = section.quantity_maybe::<Power>("discharge_power").or(charge_power);
    let efficiency = share(section, "efficiency", Some(0.88));
    let charge_low = share(section, "charge_low", Some(0.05));
    let charge_high = share(section, "charge_high", Some(0.95));
    let reserve = share(section, "reserve", charge_low.map(|low| low.get()));
    let wear = section.quantity_or("wear", Price::new(0.02));
    let points = device.clone().and_then(|device| {
        let points = Points::open(section, context, device);
        let (charge, power, setpoint) =
            (points.need("charge"), points.need("power"), points.need("setpoint"));
        let (remote, fault) = (points.maybe("remote"), points.maybe("fault"));
        points.finish();
        Some(BatteryPoints { charge: charge?, power: power?, setpoint: setpoint?, remote, fault })
    });
    let battery = Battery {
        id,
        device: device?,
        control: control?,
        capacity: capacity?,
        charge_power: charge_power?,
        discharge_power: discharge_power?,
        efficiency: efficiency?,
        charge_low: charge_low?,
        charge_high: charge_high?,
        reserve: reserve?,
        wear,
        points: points?,
    };
    check(&battery, section);
    Some(battery)
}

fn check(battery: &Battery, section: &Section<'_>) {
    let complain = |message: &str, help: &str| {
        section.complain("out-of-range", section.place(), message, help);
    };
    let powers = [battery.charge_power, battery.discharge_power];
    if battery.capacity <= Energy::ZERO || powers.iter().any(|power| *power <= Power::ZERO) {
        complain("'capacity' and its powers must be above zero", "");
    }
    if battery.efficiency.get() < 0.3 {
        complain("'efficiency' is below 30 %", "write what comes back of what was taken: 88 %");
    }
    if battery.charge_low >= battery.charge_high {
        complain("'charge_low' is not below 'charge_high'", "leave room between the two");
    }
    if !(battery.charge_low..=battery.charge_high).contains(&battery.reserve) {
        complain("'reserve' lies outside 'charge_low' to 'charge_high'", "");
    }
    if battery.wear.get() < 0.0 {
        complain("'wear' is below zero", "a battery is not paid for wearing out");
    }
}
