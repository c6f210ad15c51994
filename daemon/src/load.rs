//! From a site file to everything the daemon needs. `regie check` and start-up take this same
//! path, and both report all findings at once.

use drivers::profile::{self, Profile};
use hydraulics::{HydraulicsError, Network};
use policies::water::WaterModel;
use site::file::{FileReference, Need};
use site::model::{Device, Water};
use site::tariff::DATA_BYTES_MAX;
use site::text::{FILE_BYTES_MAX, Finding, Place};
use site::{DeviceId, Site};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A site with its profiles and its network.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The site.
    pub site: Arc<Site>,
    /// The profile of each device.
    pub profiles: BTreeMap<DeviceId, Arc<Profile>>,
    /// The water network, ready for planning.
    pub water: Option<Arc<WaterModel>>,
}

/// Reads a site file and all it names.
///
/// # Errors
/// All findings of all files.
pub fn load(path: &Path) -> Result<Loaded, Vec<Finding>> {
    let start = Place { line: 1, column: 1 };
    let text = read(path, FILE_BYTES_MAX).map_err(|message| {
        vec![finding(path, start, "missing-file", message, "check the path and who may read it")]
    })?;
    let mut reading = site::file::read_all(&text, path, &open);
    let mut findings = std::mem::take(&mut reading.findings);
    findings.extend(missing_files(path, &reading.files));
    let profiles = profiles(path, &reading.devices, &mut findings);
    certificates(path, &reading.devices, &mut findings);
    needs(path, &reading.needs, &profiles, &mut findings);
    let network = reading.water.as_ref().and_then(|water| network(path, water, &mut findings));
    let water = match (&reading.site, network) {
        // A model of a site that is not whole would find what follows from other findings.
        (Some(site), Some(network)) if findings.is_empty() => {
            model(path, site, &network, &mut findings)
        }
        _ => None,
    };
    if let (Some(site), true) = (reading.site, findings.is_empty()) {
        return Ok(Loaded { site: Arc::new(site), profiles, water });
    }
    findings.sort();
    findings.dedup();
    Err(findings)
}

fn finding(
    file: &Path,
    place: Place,
    code: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding { file: file.to_owned(), place, code, message: message.into(), help: help.into() }
}

/// Reads at most one byte more than the limit: a file larger than that is refused by the parser.
fn read(path: &Path, bytes_max: usize) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path);
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let result = file.and_then(|file| file.take(limit).read_to_string(&mut text));
    result.map(|_| text).map_err(|error| format!("'{}' cannot be read: {error}", path.display()))
}

/// Opens a tariff file, or a table that belongs to one.
///
/// # Errors
/// In words, when it cannot be read.
pub fn open(path: &Path) -> Result<String, String> {
    read(path, DATA_BYTES_MAX)
}

fn missing_files(path: &Path, files: &[FileReference]) -> Vec<Finding> {
    let missing = files.iter().filter(|file| !file.path.is_file());
    let report = |file: &FileReference| {
        let message = format!("the file '{}' does not exist", file.path.display());
        let help = "correct the path; it is relative to the folder of this file";
        finding(path, file.place, "missing-file", message, help)
    };
    missing.map(report).collect()
}

fn profiles(
    path: &Path,
    devices: &[Device],
    findings: &mut Vec<Finding>,
) -> BTreeMap<DeviceId, Arc<Profile>> {
    let mut known: BTreeMap<String, Option<Arc<Profile>>> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for device in devices {
        let key = format!("{} {:?}", device.profile, device.profile_file);
        let profile = known.entry(key).or_insert_with(|| match one_profile(path, device) {
            Ok(profile) => Some(Arc::new(profile)),
            Err(more) => {
                findings.extend(more);
                None
            }
        });
        if let Some(profile) = profile {
            all.insert(device.id.clone(), Arc::clone(profile));
        }
    }
    all
}

/// Looks at the certificates of each link with TLS, once, as a connection would.
fn certificates(path: &Path, devices: &[Device], findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for device in devices.iter().filter(|device| seen.insert(&device.endpoint)) {
        let Some(security) = &device.link.security else { continue };
        let files = [&security.authority, &security.certificate, &security.key];
        if files.iter().any(|file| !file.is_file()) {
            // A missing file is a finding of its own.
            continue;
        }
        if let Err(error) = drivers::connect::check_security(security) {
            let message = format!("device {}, {}: {error}", device.id, device.endpoint);
            let help = "see 'links' in docs/site-yaml.md";
            findings.push(finding(path, device.place, "wrong-certificate", message, help));
        }
    }
}

fn one_profile(path: &Path, device: &Device) -> Result<Profile, Vec<Finding>> {
    let complain = |code, message: String, help: String| {
        Err(vec![finding(path, device.place, code, message, help)])
    };
    let Some(file) = &device.profile_file else {
        return match profile::builtin(&device.profile) {
            Some(text) => profile::read(text, Path::new(&device.profile)),
            None => complain(
                "unknown-profile",
                format!("device {}: no profile is called '{}'", device.id, device.profile),
                format!(
                    "built in: {}; or name a profile_file",
                    profile::builtin_names().join(", ")
                ),
            ),
        };
    };
    // A missing file is reported at the place where it is named.
    let Ok(text) = read(file, FILE_BYTES_MAX) else { return Err(Vec::new()) };
    let read = profile::read(&text, file)?;
    if read.name == device.profile {
        return Ok(read);
    }
    let message =
        format!("device {}: '{}' holds profile '{}'", device.id, file.display(), read.name);
    complain("wrong-profile", message, format!("write 'profile: {}'", read.name))
}

/// Checks that the profiles have the points and commands that the assets need.
fn needs(
    path: &Path,
    needs: &[Need],
    profiles: &BTreeMap<DeviceId, Arc<Profile>>,
    findings: &mut Vec<Finding>,
) {
    for need in needs {
        match need {
            Need::Point { point, place } => {
                let Some(profile) = profiles.get(point.device()) else { continue };
                if profile.points.iter().any(|spec| spec.name == point.name()) {
                    continue;
                }
                let names: Vec<&str> = profile.points.iter().map(|p| p.name.as_str()).collect();
                let message = format!("profile '{}' has no point '{}'", profile.name, point.name());
                let help = format!("it has: {}", names.join(", "));
                findings.push(finding(path, *place, "unknown-point", message, help));
            }
            Need::Command { device, operation, accept_no_deadman, place } => {
                let Some(profile) = profiles.get(device) else { continue };
                if !profile.commands.contains_key(*operation) {
                    let message = format!(
                        "profile '{}' of device {device} has no command '{operation}'",
                        profile.name
                    );
                    let help = "add it to the profile, or put the asset in mode observe";
                    findings.push(finding(path, *place, "missing-command", message, help));
                }
                if profile.dead_man.is_none() && !accept_no_deadman {
                    let message = format!(
                        "device {device} has no dead-man: it would keep the last command for ever"
                    );
                    let help = "put the asset in mode observe, or write accept_no_deadman: true";
                    findings.push(finding(path, *place, "no-deadman", message, help));
                }
            }
        }
    }
}

fn network(path: &Path, water: &Water, findings: &mut Vec<Finding>) -> Option<Network> {
    match Network::load(&water.network) {
        Ok(network) => return Some(network),
        // A missing file is reported at the place where it is named.
        Err(HydraulicsError::Missing { .. }) => {}
        Err(HydraulicsError::Corrupt { findings: inner, .. }) => {
            for corrupt in inner {
                let line = corrupt.line.map_or(1, |line| u64::try_from(line).unwrap_or(1));
                let place = Place { line, column: 1 };
                let message = format!("{} {}", corrupt.text, corrupt.excerpt);
                let help = "correct the network file at this line";
                findings.push(finding(&water.network, place, "network", message.trim_end(), help));
            }
        }
        Err(error) => findings.push(finding(path, water.place, "network", error.to_string(), "")),
    }
    None
}

/// Fits the site to its network.
fn model(
    path: &Path,
    site: &Site,
    network: &Network,
    findings: &mut Vec<Finding>,
) -> Option<Arc<WaterModel>> {
    match WaterModel::new(site, network) {
        Ok(model) => Some(Arc::new(model)),
        Err(error) => {
            let place = site.water.as_ref().map_or_else(Place::default, |water| water.place);
            findings.push(finding(path, place, "network", error.to_string(), ""));
            None
        }
    }
}
