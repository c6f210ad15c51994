//! What each point of a device shows: found from what the site's assets say about it, and from
//! the usual names of points that no asset needs.

use std::collections::BTreeMap;

use site::model::Device;
use site::{PointId, Site};

use super::battery::BatteryPoint;
use super::charger::ChargerPoint;
use super::inverter::InverterPoint;
use super::lighting::LightingPoint;
use super::pump::PumpPoint;
use super::sources_energy::{self, GeneratorPoint};
use super::switch::SwitchPoint;
use super::{inverter, lighting, pump};
use crate::plant::Plant;

/// Where a point's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The drive of the device's pump.
    Pump(PumpPoint),
    /// The device's inverter.
    Inverter(InverterPoint),
    /// The device's lighting cabinet.
    Lighting(LightingPoint),
    /// The inverter of the device's battery.
    Battery(BatteryPoint),
    /// The device's charger.
    Charger(ChargerPoint),
    /// The device's panel.
    Switch(SwitchPoint),
    /// The panel of a generator, by its place.
    Generator(usize, GeneratorPoint),
    /// The transmitter of a lift station's well, by the station's place.
    WellLevel(usize),
    /// The transmitter of a tank, by the tank's place.
    Level(usize),
    /// A flow meter, by its place.
    Flow(usize),
    /// Its totaliser.
    FlowTotal(usize),
    /// The meter at the point of common coupling.
    Grid(GridPoint),
}

/// What a point of the grid's meter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GridPoint {
    Power,
    Voltage,
    Current,
    Frequency,
    Import,
    Export,
}

/// Usual names of a meter's points.
const METER: [(&str, GridPoint); 10] = [
    ("power", GridPoint::Power),
    ("voltage_1", GridPoint::Voltage),
    ("voltage_2", GridPoint::Voltage),
    ("voltage_3", GridPoint::Voltage),
    ("current_1", GridPoint::Current),
    ("current_2", GridPoint::Current),
    ("current_3", GridPoint::Current),
    ("frequency", GridPoint::Frequency),
    ("import_energy", GridPoint::Import),
    ("export_energy", GridPoint::Export),
];

/// Usual name of a flow meter's totaliser.
const TOTAL: &str = "total";

/// The sources of a device's points, by name.
pub(crate) type Sources = BTreeMap<String, Source>;

/// Finds the sources of a device. What the site says of a point goes before its usual name.
pub(crate) fn find(site: &Site, device: &Device) -> Sources {
    let mut sources = Finder { device, sources: Sources::new() };
    for pump in site.pumps.iter().filter(|pump| pump.device == device.id) {
        let points = &pump.points;
        sources.usual(pump::USUAL.map(|(name, point)| (name, Source::Pump(point))));
        sources.named(Some(&points.running), Source::Pump(PumpPoint::Running));
        sources.named(Some(&points.remote), Source::Pump(PumpPoint::Remote));
        sources.named(Some(&points.power), Source::Pump(PumpPoint::Power));
        sources.named(points.fault.as_ref(), Source::Pump(PumpPoint::Fault));
        sources.named(points.dry.as_ref(), Source::Pump(PumpPoint::Dry));
        sources.named(points.starts.as_ref(), Source::Pump(PumpPoint::Starts));
    }
    for inverter in site.inverters.iter().filter(|inverter| inverter.device == device.id) {
        let points = &inverter.points;
        sources.usual(inverter::USUAL.map(|(name, point)| (name, Source::Inverter(point))));
        sources.named(Some(&points.power), Source::Inverter(InverterPoint::Power));
        sources.named(Some(&points.limit), Source::Inverter(InverterPoint::Limit));
        sources.named(points.energy.as_ref(), Source::Inverter(InverterPoint::Energy));
    }
    for cabinet in site.lighting.iter().filter(|cabinet| cabinet.device == device.id) {
        let points = &cabinet.points;
        sources.usual(lighting::USUAL.map(|(name, point)| (name, Source::Lighting(point))));
        sources.named(Some(&points.lit), Source::Lighting(LightingPoint::Lit));
        sources.named(Some(&points.remote), Source::Lighting(LightingPoint::Remote));
        sources.named(Some(&points.level), Source::Lighting(LightingPoint::Level));
        sources.named(points.dark.as_ref(), Source::Lighting(LightingPoint::Dark));
        sources.named(points.power.as_ref(), Source::Lighting(LightingPoint::Power));
    }
    sources_energy::find(site, device, &mut sources);
    let grid = &site.grid;
    if grid.power.device() == &device.id {
        let free = METER.iter().filter(|(name, _)| !sources.sources.contains_key(*name));
        let free: Vec<_> = free.map(|(name, point)| (*name, Source::Grid(*point))).collect();
        sources.usual(free);
    }
    sources.named(Some(&grid.power), Source::Grid(GridPoint::Power));
    sources.named(grid.import_energy.as_ref(), Source::Grid(GridPoint::Import));
    sources.named(grid.export_energy.as_ref(), Source::Grid(GridPoint::Export));
    for (place, meter) in site.flow_meters.iter().enumerate() {
        if meter.flow.device() == &device.id {
            sources.usual([(TOTAL, Source::FlowTotal(place))]);
        }
        sources.named(Some(&meter.flow), Source::Flow(place));
    }
    for (place, tank) in site.tanks.iter().enumerate() {
        sources.named(Some(&tank.level), Source::Level(place));
    }
    sources.sources
}

/// Sources as they are found, the later ones in the place of the earlier ones.
pub(super) struct Finder<'a> {
    device: &'a Device,
    sources: Sources,
}

impl Finder<'_> {
    pub(super) fn usual<'n>(&mut self, points: impl IntoIterator<Item = (&'n str, Source)>) {
        let points = points.into_iter().map(|(name, source)| (name.to_owned(), source));
        self.sources.extend(points);
    }

    pub(super) fn named(&mut self, point: Option<&PointId>, source: Source) {
        if let Some(point) = point.filter(|point| point.device() == &self.device.id) {
            self.sources.insert(point.name().to_owned(), source);
        }
    }
}

impl GridPoint {
    pub(crate) fn show(self, plant: &Plant) -> f64 {
        let view = plant.grid();
        match self {
            Self::Power => view.power_w,
            Self::Voltage => view.voltage_v,
            Self::Current => view.current_a,
            Self::Frequency => view.frequency_hz,
            Self::Import => view.import_wh,
            Self::Export => view.export_wh,
        }
    }
}
