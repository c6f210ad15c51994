//! From a point and a value to the command that writes them. Pure.

use super::WriteError;
use crate::load::Loaded;
use drivers::profile::{Argument, CommandSpec, DeadMan, PointSpec, Profile, Refresh};
use site::command::{Operation, Setpoint};
use site::{AssetId, DeviceId, PointId, Site};

/// What a point and a value mean for an asset.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    /// The point.
    pub(super) point: PointId,
    /// The value, as the point will show it, in words.
    pub(super) new: String,
    /// The asset whose device it is.
    pub(super) asset: AssetId,
    /// The command.
    pub(super) setpoint: Setpoint,
}

/// Finds the command of an asset that leaves `value` in `point`.
///
/// # Errors
/// In words, when there is none: why not, and what can be written instead.
pub(super) fn order(loaded: &Loaded, point: &str, value: &str) -> Result<Order, WriteError> {
    let unknown = |why: String| WriteError::Unknown { why, help: writable(loaded) };
    let point = PointId::try_from(point.to_owned())
        .map_err(|_| unknown(format!("'{point}' is not a point; write device.point")))?;
    let profile = loaded
        .profiles
        .get(point.device())
        .ok_or_else(|| unknown(format!("the site has no device '{}'", point.device())))?;
    let spec = profile.point(point.name()).ok_or_else(|| {
        unknown(format!("the profile '{}' has no point '{}'", profile.name, point.name()))
    })?;
    let (inside, new) = number(spec, value)?;
    let choice = choose(profile, spec, inside).map_err(|why| WriteError::NotWritable {
        why: format!("{point}: {why}"),
        help: of_device(point.device(), profile),
    })?;
    let Some(asset) = commanded(&loaded.site, point.device()) else {
        let why = format!("{point}: no asset of the site is commanded through {}", point.device());
        let help = "declare the pump, inverter, charger ... in the site file".to_owned();
        return Err(WriteError::NotWritable { why, help });
    };
    Ok(Order { point, new, asset, setpoint: choice })
}

/// A value as people write it, in the unit used inside, and in words: a number, with the point's
/// unit or without, or yes and no.
fn number(spec: &PointSpec, text: &str) -> Result<(f64, String), WriteError> {
    let text = text.trim();
    let unit = spec.unit.as_deref();
    let bare = unit.and_then(|unit| text.strip_suffix(unit)).unwrap_or(text).trim_end();
    let shown = match bare.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" => Some(1.0),
        "off" | "no" | "false" => Some(0.0),
        bare => bare.parse::<f64>().ok(),
    };
    let Some(shown) = shown.filter(|shown| shown.is_finite()) else {
        let unit = unit.map_or_else(|| "without a unit".to_owned(), |unit| format!("in {unit}"));
        let why = format!("'{text}' is no value for {}: write a number {unit}", spec.name);
        return Err(WriteError::Value { why });
    };
    let words = crate::status::digits(shown);
    let words = unit.map_or(words.clone(), |unit| format!("{words} {unit}"));
    Ok((spec.from_people(shown), words))
}

/// The asset that is commanded through a device.
fn commanded(site: &Site, device: &DeviceId) -> Option<AssetId> {
    let pumps = site.pumps.iter().map(|one| (&one.id, &one.device));
    let inverters = site.inverters.iter().map(|one| (&one.id, &one.device));
    let lighting = site.lighting.iter().map(|one| (&one.id, &one.device));
    let batteries = site.batteries.iter().map(|one| (&one.id, &one.device));
    let chargers = site.chargers.iter().map(|one| (&one.id, &one.device));
    let shiftable = site.shiftable.iter().map(|one| (&one.id, &one.device));
    let stations = site.lift_stations.iter().map(|one| (&one.id, &one.device));
    let all = pumps.chain(inverters).chain(lighting).chain(batteries).chain(chargers);
    let mut all = all.chain(shiftable).chain(stations);
    all.find(|(_, of)| *of == device).map(|(id, _)| id.clone())
}

/// What a command leaves in a point, when it writes it at all.
fn left(command: &CommandSpec, point: &str) -> Option<Argument> {
    // A sequence may pass through other values; the last one stays.
    command.writes.iter().rev().find(|write| write.point == point).map(|write| write.value)
}

fn choose(profile: &Profile, spec: &PointSpec, inside: f64) -> Result<Setpoint, String> {
    let heartbeat = |dead_man: &DeadMan| match &dead_man.refresh {
        Refresh::Heartbeat(point) => *point == spec.name,
        Refresh::Command => false,
    };
    if profile.dead_man.as_ref().is_some_and(heartbeat) {
        return Err("it is the heartbeat, which is written by itself".to_owned());
    }
    let writers: Vec<(&str, &CommandSpec, Argument)> = profile
        .commands
        .iter()
        .filter_map(|(name, command)| Some((name.as_str(), command, left(command, &spec.name)?)))
        .collect();
    if writers.is_empty() {
        return Err(format!("no command of the profile '{}' writes it", profile.name));
    }
    let mut together = None;
    for (name, command, argument) in &writers {
        let Argument::Constant(constant) = argument else { continue };
        if (constant - inside).abs() > 1e-9 * constant.abs().max(1.0) {
            continue;
        }
        // A command that carries a value of its own needs that value, and not this constant.
        match command.writes.iter().find(|write| write.value == Argument::Own) {
            Some(own) => together = Some((*name, own.point.as_str())),
            None => return Setpoint::of(name, 0.0).ok_or_else(|| unheard(name)),
        }
    }
    if let Some((name, _, _)) = writers.iter().find(|(_, _, left)| *left == Argument::Own) {
        let kind = Operation::find(name).and_then(|operation| operation.argument);
        let kind = kind.ok_or_else(|| unheard(name))?;
        let (low, high) = kind.range;
        if !(low..=high).contains(&inside) {
            let (low, high) = (spec.for_people(low), spec.for_people(high));
            return Err(format!("'{name}' takes {low} to {high}"));
        }
        return Setpoint::of(name, inside).ok_or_else(|| unheard(name));
    }
    Err(match together {
        Some((name, own)) => {
            format!("'{name}' writes it together with '{own}': write that point instead")
        }
        None => "no command writes this value into it".to_owned(),
    })
}

fn unheard(name: &str) -> String {
    format!("'{name}' cannot be given by hand")
}

/// What can be written on one device, in words.
fn of_device(device: &DeviceId, profile: &Profile) -> String {
    let mut ways = Vec::new();
    for (name, command) in &profile.commands {
        let own = command.writes.iter().find(|write| write.value == Argument::Own);
        let (point, value) = match (own, command.writes.last()) {
            (Some(own), _) => {
                let unit = profile.point(&own.point).and_then(|spec| spec.unit.as_deref());
                (
                    &own.point,
                    unit.map_or_else(|| "VALUE".to_owned(), |unit| format!("VALUE ({unit})")),
                )
            }
            (None, Some(last)) => match (profile.point(&last.point), last.value) {
                (Some(spec), Argument::Constant(constant)) => {
                    (&last.point, crate::status::digits(spec.for_people(constant)))
                }
                _ => continue,
            },
            (None, None) => continue,
        };
        ways.push(format!("{device}.{point} {value} is '{name}'"));
    }
    if ways.is_empty() {
        return format!("the profile '{}' has no commands: nothing can be written", profile.name);
    }
    format!("what can be written: {}", ways.join("; "))
}

/// Devices on which something can be written, in words.
fn writable(loaded: &Loaded) -> String {
    let devices = loaded.profiles.iter().filter(|(_, profile)| !profile.commands.is_empty());
    let names: Vec<&str> = devices.map(|(device, _)| device.as_str()).collect();
    if names.is_empty() {
        return "no device of this site takes commands".to_owned();
    }
    format!("devices that take commands: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::profile;
    use std::path::Path;

    fn profile(name: &str) -> Profile {
        let text = profile::builtin(name).expect("it is shipped");
        profile::read(text, Path::new(name)).expect("no findings")
    }

    fn chosen(name: &str, point: &str, value: &str) -> Result<String, String> {
        let profile = profile(name);
        let spec = profile.point(point).expect("it has the point");
        let (inside, _) = number(spec, value).map_err(|error| error.to_string())?;
        choose(&profile, spec, inside).map(|setpoint| setpoint.to_string())
    }

    #[test]
    fn a_point_and_a_value_are_the_command_that_leaves_them_there() {
        for (profile, point, value, command) in [
            ("pump-drive", "command", "1", "run"),
            ("pump-drive", "command", "0", "stop"),
            ("switch-panel", "command", "on", "run"),
            ("charger", "current", "16", "charge 16.0 A"),
            ("charger", "current", "16 A", "charge 16.0 A"),
            ("charger", "current", "0", "pause"),
            ("sunspec-inverter", "limit", "60 %", "limit 60 %"),
            ("sunspec-inverter", "limit_enable", "0", "release"),
            ("huawei-sun2000", "limit", "100", "release"),
            ("huawei-sun2000", "limit", "99.5", "limit 100 %"),
            ("battery-inverter", "setpoint", "-12000", "power -12.0 kW"),
        ] {
            let found = chosen(profile, point, value);
            assert_eq!(found.as_deref(), Ok(command), "{profile}.{point} {value}");
        }
    }

    #[test]
    fn what_no_command_leaves_there_is_refused_with_the_reason() {
        for (profile, point, value, why) in [
            ("pump-drive", "power", "5", "no command of the profile 'pump-drive' writes it"),
            ("pump-drive", "command", "2", "no command writes this value into it"),
            ("pump-drive", "heartbeat", "7", "it is the heartbeat, which is written by itself"),
            ("charger", "current", "-1", "'charge' takes 0 to 1000"),
            ("charger", "current", "16 kW", "'16 kW' is no value for current: write a number in A"),
            ("charger", "current", "NaN", "'NaN' is no value for current: write a number in A"),
            (
                "sunspec-inverter",
                "limit_enable",
                "1",
                "'limit' writes it together with 'limit': write that point instead",
            ),
        ] {
            assert_eq!(chosen(profile, point, value), Err(why.to_owned()), "{point} {value}");
        }
    }

    #[test]
    fn what_can_be_written_is_told_point_by_point() {
        let device = DeviceId::new("c1").expect("a name");
        assert_eq!(
            of_device(&device, &profile("charger")),
            "what can be written: c1.current VALUE (A) is 'charge'; c1.current 0 is 'pause'"
        );
        let meter = of_device(&device, &profile("eastron-sdm630"));
        assert_eq!(meter, "the profile 'eastron-sdm630' has no commands: nothing can be written");
    }
}
