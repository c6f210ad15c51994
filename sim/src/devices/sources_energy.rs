//! What the points of batteries, chargers, panels and generators show.

use site::Site;
use site::model::Device;

use super::sources::{Finder, Source};
use super::{battery, charger, switch};
use crate::devices::battery::BatteryPoint;
use crate::devices::charger::ChargerPoint;
use crate::devices::encode::flag;
use crate::devices::switch::SwitchPoint;
use crate::plant::Plant;

/// What a point of a generator's panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GeneratorPoint {
    Running,
    Fault,
    Power,
    Fuel,
}

/// Usual names of a generator panel's points.
const GENERATOR: [(&str, GeneratorPoint); 4] = [
    ("running", GeneratorPoint::Running),
    ("fault", GeneratorPoint::Fault),
    ("power", GeneratorPoint::Power),
    ("fuel", GeneratorPoint::Fuel),
];

impl GeneratorPoint {
    pub(crate) fn show(self, generator: usize, plant: &Plant) -> f64 {
        let view = plant.generator(generator);
        match self {
            Self::Running => flag(view.running),
            Self::Fault => flag(false),
            Self::Power => view.power_w,
            Self::Fuel => view.fuel * 100.0,
        }
    }
}

/// Finds the sources of a device's points. What the site says of a point goes before its usual
/// name.
pub(super) fn find(site: &Site, device: &Device, sources: &mut Finder<'_>) {
    for (place, generator) in site.generators.iter().enumerate() {
        if generator.running.device() == &device.id {
            let source = |point| Source::Generator(place, point);
            sources.usual(GENERATOR.map(|(name, point)| (name, source(point))));
            sources.named(Some(&generator.running), source(GeneratorPoint::Running));
        }
    }
    for battery in site.batteries.iter().filter(|one| one.device == device.id) {
        let points = &battery.points;
        sources.usual(battery::USUAL.map(|(name, point)| (name, Source::Battery(point))));
        sources.named(Some(&points.charge), Source::Battery(BatteryPoint::Charge));
        sources.named(Some(&points.power), Source::Battery(BatteryPoint::Power));
        sources.named(Some(&points.setpoint), Source::Battery(BatteryPoint::Setpoint));
        sources.named(points.remote.as_ref(), Source::Battery(BatteryPoint::Remote));
        sources.named(points.fault.as_ref(), Source::Battery(BatteryPoint::Fault));
    }
    for charger in site.chargers.iter().filter(|one| one.device == device.id) {
        let points = &charger.points;
        sources.usual(charger::USUAL.map(|(name, point)| (name, Source::Charger(point))));
        sources.named(Some(&points.connected), Source::Charger(ChargerPoint::Connected));
        sources.named(Some(&points.current), Source::Charger(ChargerPoint::Current));
        sources.named(Some(&points.power), Source::Charger(ChargerPoint::Power));
        sources.named(Some(&points.session), Source::Charger(ChargerPoint::Session));
        sources.named(points.wanted.as_ref(), Source::Charger(ChargerPoint::Wanted));
        sources.named(points.leaves_in.as_ref(), Source::Charger(ChargerPoint::LeavesIn));
        sources.named(points.remote.as_ref(), Source::Charger(ChargerPoint::Remote));
    }
    let loads = site.shiftable.iter().map(|one| (&one.device, &one.points));
    let lifts = site.lift_stations.iter().map(|one| (&one.device, &one.points));
    for (_, points) in loads.chain(lifts).filter(|(own, _)| **own == device.id) {
        sources.usual(switch::USUAL.map(|(name, point)| (name, Source::Switch(point))));
        let named = [
            (Some(&points.running), SwitchPoint::Running),
            (Some(&points.remote), SwitchPoint::Remote),
            (points.power.as_ref(), SwitchPoint::Power),
            (points.fault.as_ref(), SwitchPoint::Fault),
        ];
        named.into_iter().for_each(|(point, shown)| sources.named(point, Source::Switch(shown)));
    }
    for (place, station) in site.lift_stations.iter().enumerate() {
        sources.named(Some(&station.level), Source::WellLevel(place));
    }
}
