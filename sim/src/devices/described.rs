//! A device that describes itself in SunSpec models, whichever its profile names.
//!
//! Its points lie along a chain, its numbers are in the powers of ten that suit its size, what it
//! does not measure reads as "not implemented", and what whoever commissioned it has to set stands
//! as the profile wants it. What it does with orders is its actor's business, as for a device with
//! registers of its own. An inverter of the models 1, 103, 120, 121 and 123 is in
//! [`super::sunspec`], laid out without the profile.

use std::collections::BTreeMap;

use drivers::profile::{Argument, Kind, Location, PointSpec, Profile};
use site::Site;
use site::model::Device;

use super::chain;
use super::encode;
use super::error::DeviceError;
use super::memory::Memory;
use super::shelf;
use super::sources::Sources;

/// Model 1, where a device says who it is, and what stands at which offset of it.
const COMMON: u16 = 1;
const MANUFACTURER: u16 = 2;
const MODEL: u16 = 18;
const VERSION: u16 = 42;
const SERIAL: u16 = 50;

/// Meters of a connection without a limit are made for this much, in W.
const METER_W: f64 = 250e3;

/// Powers go above what is rated by so much.
const ABOVE_RATING: f64 = 1.2;

/// What points show that nothing measures and that are no use as "not implemented": a device that
/// works is connected and switched on.
const AT_WORK: [(&str, f64); 3] =
    [("connected", 1.0), ("operating", 1.0), ("may_enter_service", 1.0)];

/// A profile whose models have addresses.
pub(super) struct Described {
    /// The profile: every point at an address, every scale factor reckoned into its encoding.
    pub(super) profile: Profile,
    /// The registers of the chain.
    pub(super) chain: BTreeMap<u16, u16>,
    /// The power of ten of each scale factor, by the name of its point.
    exponents: BTreeMap<String, i32>,
    /// What each text of model 1 says, by the name of its point.
    texts: BTreeMap<String, String>,
}

impl Described {
    /// Lays out the models of a device's profile.
    ///
    /// # Errors
    /// When a model is not known here.
    pub(super) fn lay(
        site: &Site,
        device: &Device,
        profile: &Profile,
    ) -> Result<Described, DeviceError> {
        for point in &profile.points {
            if let Location::Model { model, .. } = point.location
                && shelf::length_of(model).is_none()
            {
                return Err(DeviceError::ModelNotSimulated {
                    device: device.id.clone(),
                    profile: profile.name.clone(),
                    point: point.name.clone(),
                    model,
                });
            }
        }
        let texts = profile.points.iter().filter_map(|point| {
            let Location::Model { model: COMMON, offset } = point.location else { return None };
            let text = match offset {
                MANUFACTURER => "Regie".to_owned(),
                MODEL => format!("Simulated {}", profile.name),
                VERSION => "1.0".to_owned(),
                SERIAL => format!("SIM-{}", device.id),
                _ => return None,
            };
            Some((point.name.clone(), text))
        });
        let texts = texts.collect();
        let exponents = exponents(profile, Size::of(site, device));
        let mut laid = profile.clone();
        let chain = chain::lay(&mut laid, &shelf::models(profile));
        for point in &mut laid.points {
            if let Some(scale) = point.encoding.scale_point.take() {
                point.encoding.scale *= 10_f64.powi(exponents.get(&scale).copied().unwrap_or(0));
            }
        }
        Ok(Described { profile: laid, chain, exponents, texts })
    }

    /// What the registers hold before anybody has written: scale factors, who the device is, what
    /// it was commissioned with, and "not implemented" where nothing is measured.
    pub(super) fn fill(&self, sources: &Sources, memory: &mut Memory) {
        let profile = &self.profile;
        for (place, point) in profile.points.iter().enumerate() {
            let name = point.name.as_str();
            if sources.contains_key(name) || point.access.writes() {
                continue;
            }
            if let Some(exponent) = self.exponents.get(name) {
                memory.set(profile, name, f64::from(*exponent));
            } else if let (Some(text), Kind::Text(registers)) =
                (self.texts.get(name), point.encoding.kind)
            {
                memory.set_words(place, encode::text_words(text, registers));
            } else if let Some(value) = commissioned(profile, name).or_else(|| at_work(name)) {
                memory.set(profile, name, value);
            } else {
                memory.set_words(place, not_implemented(point));
            }
        }
    }
}

/// How large a device is.
#[derive(Debug, Clone, Copy)]
struct Size {
    power_w: f64,
    energy_wh: f64,
}

impl Size {
    fn of(site: &Site, device: &Device) -> Size {
        let inverters = site.inverters.iter().filter(|one| one.device == device.id);
        let batteries = || site.batteries.iter().filter(|one| one.device == device.id);
        let limits = [site.grid.import_limit, site.grid.export_limit].into_iter().flatten();
        let meter = limits.map(|limit| limit.get().abs()).fold(METER_W, f64::max);
        let powers = inverters
            .map(|one| one.rated_power.get())
            .chain(batteries().map(|one| one.charge_power.get().max(one.discharge_power.get())))
            .chain((site.grid.power.device() == &device.id).then_some(meter));
        Size {
            power_w: powers.fold(0.0, f64::max) * ABOVE_RATING,
            energy_wh: batteries().map(|one| one.capacity.get()).fold(0.0, f64::max),
        }
    }
}

/// The power of ten of each scale factor: as fine as makes sense, and so coarse that whatever it
/// scales fits its registers.
fn exponents(profile: &Profile, size: Size) -> BTreeMap<String, i32> {
    let mut exponents: BTreeMap<String, i32> = BTreeMap::new();
    for point in &profile.points {
        let Some(scale) = &point.encoding.scale_point else { continue };
        let needed = exponent(point, size);
        let so_far = exponents.entry(scale.clone()).or_insert(needed);
        *so_far = needed.max(*so_far);
    }
    exponents
}

fn exponent(point: &PointSpec, size: Size) -> i32 {
    /// Volts between any two wires here, for what a current comes to.
    const VOLTS: f64 = 230.0;
    let counts = point.counter.is_some();
    let (finest, largest) = match point.unit.as_deref() {
        Some("W" | "VA" | "var") => (0, size.power_w),
        Some("Wh" | "VAh" | "varh") if !counts => (0, size.energy_wh),
        Some("A") => (-1, size.power_w / VOLTS),
        Some("V") => (-1, 1000.0),
        Some("Hz") => (-2, 70.0),
        Some("%") => (-1, 100.0),
        // Counters begin anew when they are full; what has no unit is a number as it is.
        _ => return 0,
    };
    let full = match point.encoding.kind {
        Kind::U16 => 65_534.0,
        Kind::I16 => 32_767.0,
        _ => return finest,
    };
    let largest = largest / (point.encoding.unit_factor * point.encoding.scale).abs();
    (finest..=10).find(|exponent| largest <= full * 10_f64.powi(*exponent)).unwrap_or(10)
}

/// What a read-back of an order wants of a point that no order writes: whoever commissioned the
/// device has set it.
fn commissioned(profile: &Profile, name: &str) -> Option<f64> {
    let confirms = profile.commands.values().flat_map(|command| &command.confirm);
    confirms.filter(|confirm| confirm.point == name).find_map(|confirm| match confirm.equals {
        Argument::Constant(value) => Some(value),
        Argument::Own => None,
    })
}

fn at_work(name: &str) -> Option<f64> {
    AT_WORK.iter().find(|(usual, _)| *usual == name).map(|(_, value)| *value)
}

/// The words of a point that says there is nothing: a sentinel, a float that is not a number, or
/// zeros where there is no way to say it.
fn not_implemented(point: &PointSpec) -> Vec<u16> {
    let mut encoding = point.encoding.clone();
    encoding.sentinels.extend(match encoding.kind {
        Kind::F32 => Some(u64::from(f32::NAN.to_bits())),
        Kind::F64 => Some(f64::NAN.to_bits()),
        _ => None,
    });
    encode::absent(&encoding)
}
