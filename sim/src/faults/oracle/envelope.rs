//! No device is told anything outside what its asset bears, and none does it.

use super::{Moment, Rule};

/// Registers round.
const ROUNDING: f64 = 0.01;

pub(super) struct Envelope;

impl Rule for Envelope {
    fn name(&self) -> &'static str {
        "envelope"
    }

    fn tick(&mut self, moment: &Moment<'_>, found: &mut Vec<String>) {
        for (_, told) in moment.told {
            for (order, argument) in &told.orders {
                let Some(argument) = argument else { continue };
                let Some((low, high)) = bounds(moment, &told.device, order) else { continue };
                let slack = ROUNDING * (high - low).abs();
                let pauses = order == "charge" && argument.abs() < ROUNDING;
                if !pauses && !(low - slack..=high + slack).contains(argument) {
                    let device = &told.device;
                    found.push(format!(
                        "{device} was told '{order}' {argument:.2}, outside {low:.2} to {high:.2}"
                    ));
                }
            }
        }
    }
}

/// What the asset behind a device may be told, in the unit used inside.
fn bounds(moment: &Moment<'_>, device: &site::DeviceId, order: &str) -> Option<(f64, f64)> {
    let site = moment.scene.site;
    match order {
        "limit" => {
            let inverter = site.inverters.iter().find(|one| one.device == *device)?;
            Some((inverter.min_limit.percent(), 100.0))
        }
        "light" => Some((0.0, 100.0)),
        "power" => {
            let battery = site.batteries.iter().find(|one| one.device == *device)?;
            Some((-battery.discharge_power.get(), battery.charge_power.get()))
        }
        "charge" => {
            let charger = site.chargers.iter().find(|one| one.device == *device)?;
            Some((charger.min_current.get(), charger.max_current.get()))
        }
        _ => None,
    }
}
