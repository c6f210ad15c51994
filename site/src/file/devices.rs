//! Devices and their links: where they are and how often they are read.

use super::{Context, seconds};
use crate::ids::DeviceId;
use crate::model::{DEVICES_MAX, Device, Endpoint, LinkOptions, LinkSecurity};
use crate::text::{Node, Place, Section};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest pause on a link that is no typing error.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The units that devices on a serial line may have (Modbus over serial line V1.02, §2.2).
const RTU_UNITS: std::ops::RangeInclusive<u8> = 1..=247;

/// The names of links that devices may use.
struct Links(BTreeMap<String, (Endpoint, LinkOptions)>);

pub(super) fn read(root: &Section<'_>, context: &Context<'_>) -> Vec<Device> {
    let links = links(root, context);
    let mut devices = Vec::new();
    let mut seen: BTreeMap<(Endpoint, u8), String> = BTreeMap::new();
    for (name, place, section) in root.named("devices", "device") {
        let id = DeviceId::new(name)
            .map_err(|error| section.complain("wrong-name", place, error, ""))
            .ok();
        let Some(device) = device(id, &section, &links, context) else {
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
    one_way_per_place(root, &devices);
    devices.sort_by(|a, b| a.id.cmp(&b.id));
    devices
}

/// Two ways to speak on one port or line cannot both be right.
fn one_way_per_place(root: &Section<'_>, devices: &[Device]) {
    let mut ways: Vec<&Device> = Vec::new();
    for device in devices {
        let same = |other: &&&Device| other.endpoint.is_same_place(&device.endpoint);
        match ways.iter().find(same) {
            Some(other) if other.endpoint != device.endpoint => {
                let message = format!(
                    "'{}' is at {}, and '{}' at {}: one port or line, and two ways to speak on it",
                    device.id, device.endpoint, other.id, other.endpoint
                );
                let help = "write the same address for both, or name one link for both in 'links'";
                root.complain("link-conflict", device.place, message, help);
            }
            Some(_) => {}
            None => ways.push(device),
        }
    }
}

fn device(
    id: Option<DeviceId>,
    section: &Section<'_>,
    links: &Links,
    context: &Context<'_>,
) -> Option<Device> {
    let profile = section.text("profile");
    let profile_file = context.path(section, "profile_file");
    let way = links.of(section);
    let unit = section.number_or::<u8>("unit", 1, 0..=255);
    let poll = seconds(section, "poll", 10);
    let max_age = section.duration_or("max_age", poll * 3, poll..=Duration::from_secs(86_400));
    let timeout = seconds(section, "timeout", 1);
    let (id, profile, (endpoint, link), place) = (id?, profile?, way?, section.place());
    if endpoint.is_rtu() && !RTU_UNITS.contains(&unit) {
        let message = format!("unit {unit} on a serial line, where devices have 1 to 247");
        section.complain("out-of-range", place, message, "unit 0 is every device at once");
    }
    Some(Device { id, profile, profile_file, endpoint, unit, poll, max_age, timeout, link, place })
}

impl Links {
    /// Where a device is: its own `connect`, or the `link` it names.
    fn of(&self, section: &Section<'_>) -> Option<(Endpoint, LinkOptions)> {
        if let Some(node) = section.get("link") {
            if let Some(stray) = section.get("connect") {
                let message = "the device has both 'connect' and 'link'";
                section.complain("wrong-address", stray.place, message, "remove one of them");
            }
            return section.scalar(node, "unknown-link", |text| {
                let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
                let wrong =
                    || format!("no link is called '{text}'; there is: {}", known.join(", "));
                self.0.get(text).cloned().ok_or_else(wrong)
            });
        }
        let node = section.need("connect")?;
        let endpoint = section.scalar(node, "wrong-address", Endpoint::read)?;
        // A device may write the address of a declared link instead of its name.
        if let Some(declared) = self.0.values().find(|(other, _)| *other == endpoint) {
            return Some(declared.clone());
        }
        if let Endpoint::Tls { .. } = endpoint {
            no_certificates(section, node.place);
        }
        Some((endpoint, LinkOptions::default()))
    }
}

fn links(root: &Section<'_>, context: &Context<'_>) -> Links {
    let mut links = BTreeMap::new();
    for (name, _, section) in root.named("links", "link") {
        let read = |node: &Node| section.scalar(node, "wrong-address", Endpoint::read);
        let endpoint = section.need("connect").and_then(read);
        let pause = |key| section.duration_or(key, Duration::ZERO, Duration::ZERO..=PAUSE_MAX);
        let (connect_pause, request_pause) = (pause("connect_pause"), pause("request_pause"));
        let security = security(&section, endpoint.as_ref(), context);
        section.finish();
        let options = LinkOptions { connect_pause, request_pause, security };
        links.extend(endpoint.map(|endpoint| (name.to_owned(), (endpoint, options))));
    }
    Links(links)
}

/// The certificates of a link: all three files with TLS, none without.
fn security(
    section: &Section<'_>,
    endpoint: Option<&Endpoint>,
    context: &Context<'_>,
) -> Option<LinkSecurity> {
    let authority = context.path(section, "authority");
    let certificate = context.path(section, "certificate");
    let key = context.path(section, "key");
    let server_name = section.text_maybe("server_name");
    let any = authority.is_some() || certificate.is_some() || key.is_some();
    let is_tls = matches!(endpoint, Some(Endpoint::Tls { .. }));
    if any && !is_tls && endpoint.is_some() {
        let message = "certificates go with a tls:// address";
        section.complain("wrong-address", section.place(), message, "correct 'connect'");
    }
    match (authority, certificate, key) {
        (Some(authority), Some(certificate), Some(key)) => {
            Some(LinkSecurity { authority, certificate, key, server_name })
        }
        _ => {
            if is_tls || any && endpoint.is_none() {
                no_certificates(section, section.place());
            }
            None
        }
    }
}

fn no_certificates(section: &Section<'_>, place: Place) {
    let message = "a tls:// address needs 'authority', 'certificate' and 'key', all PEM files";
    let help = "declare it in 'links' with these three and name it with 'link' in the device";
    section.complain("missing-key", place, message, help);
}
