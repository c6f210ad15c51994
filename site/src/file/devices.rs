//! Devices: where they are and how often they are read.

use super::{Context, seconds};
use crate::ids::DeviceId;
use crate::model::{DEVICES_MAX, Device, Endpoint};
use crate::text::Section;
use std::collections::BTreeMap;
use std::time::Duration;

/// Modbus TCP's registered port.
const PORT: u16 = 502;

pub(super) fn read(root: &Section<'_>, context: &Context<'_>) -> Vec<Device> {
    let mut devices = Vec::new();
    let mut seen: BTreeMap<(Endpoint, u8), String> = BTreeMap::new();
    for (name, place, section) in root.named("devices", "device") {
        let id = DeviceId::new(name)
            .map_err(|error| section.complain("wrong-name", place, error, ""))
            .ok();
        let Some(device) = device(id, &section, context) else {
            section.finish();
            continue;
        };
        if let Some(other) = seen.insert((device.endpoint.clone(), device.unit), name.to_owned()) {
            let message = format!(
                "'{name}' and '{other}' are both unit {} at {}: their registers overlap",
                device.unit, device.endpoint
            );
            let help = "one device per unit; correct the address or the unit of one of them";
            section.complain("register-overlap", place, message, help);
        }
        section.finish();
        devices.push(device);
    }
    if devices.len() > DEVICES_MAX {
        let message = format!("{} devices, at most {DEVICES_MAX}", devices.len());
        root.complain("out-of-range", root.place(), message, "split the site");
    }
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    devices
}

fn device(id: Option<DeviceId>, section: &Section<'_>, context: &Context<'_>) -> Option<Device> {
    let profile = section.text("profile");
    let profile_file = context.path(section, "profile_file");
    let connect =
        section.need("connect").and_then(|node| section.scalar(node, "wrong-address", endpoint));
    let unit = section.number_or::<u8>("unit", 1, 0..=255);
    let poll = seconds(section, "poll", 10);
    let max_age = section.duration_or("max_age", poll * 3, poll..=Duration::from_secs(86_400));
    let timeout = seconds(section, "timeout", 1);
    let (id, profile, endpoint, place) = (id?, profile?, connect?, section.place());
    Some(Device { id, profile, profile_file, endpoint, unit, poll, max_age, timeout, place })
}

/// Reads `tcp://host:port`; the port is 502 when it is left out.
///
/// # Errors
/// In words, when the text is no such address.
pub fn endpoint(text: &str) -> Result<Endpoint, String> {
    let wrong = || format!("'{text}' is not an address; write tcp://192.0.2.10:502");
    let rest = text.strip_prefix("tcp://").ok_or_else(wrong)?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, PORT),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(['/', ' ', '@']) {
        return Err(wrong());
    }
    Ok(Endpoint { host: host.to_owned(), port })
}
