//! Chargers and the sessions that are known before.

use super::assets::{Points, control, device, name};
use super::days::days;
use super::water::time_of_day;
use super::{Context, seconds};
use crate::asset::{Booking, Charger, ChargerPoints, UsualSession};
use crate::ids::AssetId;
use crate::text::Section;
use crate::units::{Current, Energy, Price, Voltage};
use std::time::Duration;

pub(super) fn chargers(root: &Section<'_>, context: &Context<'_>) -> Vec<Charger> {
    let mut chargers = Vec::new();
    for (id, place, section) in root.named("chargers", "charger") {
        let charger = name(id, place, &section).and_then(|id| charger(id, &section, context));
        section.finish();
        chargers.extend(charger);
    }
    chargers.sort_by(|a, b| a.id.cmp(&b.id));
    chargers
}

fn charger(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Charger> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["charge", "pause"]);
    let phases = section.number_or::<u8>("phases", 3, 1..=3);
    let voltage = section.quantity_or("voltage", Voltage::new(230.0));
    let min_current = section.quantity_or("min_current", Current::new(6.0));
    let max_current = section.quantity::<Current>("max_current");
    let value = section.quantity_or("value", Price::new(1.0));
    let usual = section.section_maybe("usual").map_or(Some(USUAL), usual);
    let bookings = section.sections("bookings").into_iter().filter_map(booking).collect();
    let points = device.clone().and_then(|device| {
        let points = Points::open(section, context, device);
        let all = charger_points(&points);
        points.finish();
        all
    });
    let charger = Charger {
        id,
        device: device?,
        control: control?,
        phases,
        voltage,
        min_current,
        max_current: max_current?,
        value,
        usual: usual?,
        bookings,
        points: points?,
    };
    if charger.phases == 2 {
        let message = "'phases' is 2: a charger has 1 or 3";
        section.complain("out-of-range", section.place(), message, "");
    }
    if !(charger.min_current.get() > 0.0 && charger.min_current <= charger.max_current) {
        let message = "0 A < 'min_current' <= 'max_current' does not hold";
        let help = "vehicles charge from 6 A upwards";
        section.complain("out-of-range", section.place(), message, help);
    }
    Some(charger)
}

const USUAL: UsualSession =
    UsualSession { energy: Energy::ZERO, stay: Duration::from_secs(8 * 3600) };

fn usual(section: Section<'_>) -> Option<UsualSession> {
    let energy = section.quantity::<Energy>("energy");
    let stay = seconds(&section, "stay", USUAL.stay.as_secs());
    section.finish();
    Some(UsualSession { energy: energy?, stay })
}

fn booking(section: Section<'_>) -> Option<Booking> {
    let days = days(&section);
    let time =
        |key| section.need(key).and_then(|node| section.scalar(node, "wrong-time", time_of_day));
    let (arrival, departure) = (time("arrival"), time("departure"));
    let energy = section.quantity::<Energy>("energy");
    section.finish();
    Some(Booking { days: days?, arrival: arrival?, departure: departure?, energy: energy? })
}

fn charger_points(points: &Points<'_, '_>) -> Option<ChargerPoints> {
    let (connected, current) = (points.need("connected"), points.need("current"));
    let (power, session) = (points.need("power"), points.need("session"));
    let (wanted, leaves_in) = (points.maybe("wanted"), points.maybe("leaves_in"));
    Some(ChargerPoints {
        connected: connected?,
        current: current?,
        power: power?,
        session: session?,
        wanted,
        leaves_in,
        remote: points.maybe("remote"),
    })
}
