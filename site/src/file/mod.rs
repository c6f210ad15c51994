//! `site.yaml`: text in, a resolved [`Site`] or all its findings out.

mod assets;
mod charging;
mod days;
mod devices;
mod districts;
mod electrical;
mod energy;
mod flexible;
mod forecast;
mod lighting;
mod motor;
mod simulation;
mod storage;
mod tariff;
mod water;

pub use tariff::{Open, TariffFile, is_tariff, read_tariff};

use crate::holidays::Holidays;
use crate::ids::{AssetId, DeviceId, PointId};
use crate::model::{BaseLoad, Device, Pace, Site, Water};
use crate::tariff::Tariff;
use crate::text::{self, Finding, Findings, Place, Section};
use crate::units::{Angle, Power, Quantity, Ratio};
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the file's format. A file says which it was written for.
const VERSION: u32 = 1;

/// The sections whose assets take or give power.
const POWERED: [&str; 7] =
    ["pumps", "inverters", "lighting", "batteries", "chargers", "shiftable", "lift_stations"];

/// A file that the site names; whoever can open files checks that it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReference {
    /// Its path, made absolute or relative to the current folder as the site file's own path is.
    pub path: PathBuf,
    /// Where it is named.
    pub place: Place,
}

/// A point or command that the site needs a device to have; checked against the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A point that is read.
    Point {
        /// The point.
        point: PointId,
        /// Where it is needed.
        place: Place,
    },
    /// A command by its name in the profile, and whether a dead-man must stand behind it.
    Command {
        /// The device.
        device: DeviceId,
        /// The command.
        operation: &'static str,
        /// The site accepts that there is no dead-man.
        accept_no_deadman: bool,
        /// Where it is needed.
        place: Place,
    },
}

/// What the readers of all parts share.
pub(crate) struct Context<'a> {
    folder: &'a Path,
    pub(crate) files: RefCell<Vec<FileReference>>,
    pub(crate) needs: RefCell<Vec<Need>>,
    /// Names as written, whether or not what they name could be read.
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) tanks: Vec<AssetId>,
    pub(crate) flow_meters: Vec<AssetId>,
    /// Everything that may hang on a feeder or a generator.
    pub(crate) powered: Vec<AssetId>,
    /// Opens what must be read together with the site file.
    open: Open<'a>,
    /// Findings in those files.
    more: RefCell<Vec<Finding>>,
}

impl Context<'_> {
    /// A list of names of assets that take or give power.
    pub(crate) fn asset_list(&self, section: &Section<'_>, key: &'static str) -> Vec<AssetId> {
        let read = |text: &str| {
            let found = self.powered.iter().find(|id| id.as_str() == text);
            found
                .cloned()
                .ok_or_else(|| format!("nothing that takes or gives power is called '{text}'"))
        };
        let nodes = section.list(key).iter();
        nodes.filter_map(|node| section.scalar(node, "unknown-asset", read)).collect()
    }

    /// A path named in the file, relative to the file's folder.
    pub(crate) fn path(&self, section: &Section<'_>, key: &'static str) -> Option<PathBuf> {
        let node = section.get(key)?;
        let read = |text: &str| Ok::<_, std::convert::Infallible>(self.folder.join(text));
        let path = section.scalar(node, "wrong-kind", read)?;
        self.files.borrow_mut().push(FileReference { path: path.clone(), place: node.place });
        Some(path)
    }
}

/// A resolved site together with what must still be checked outside this crate.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The site.
    pub site: Site,
    /// Files that must exist.
    pub files: Vec<FileReference>,
    /// Points and commands that the profiles must have.
    pub needs: Vec<Need>,
}

/// All that could be read of a site file, and all that is wrong with it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The site, when its indispensable parts could be read.
    pub site: Option<Site>,
    /// Devices that could be read.
    pub devices: Vec<Device>,
    /// The water network, when it could be read.
    pub water: Option<Water>,
    /// Files that must exist.
    pub files: Vec<FileReference>,
    /// Points and commands that the profiles must have.
    pub needs: Vec<Need>,
    /// All findings, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a site file as far as it can be read, so that whoever opens the files it names can add
/// their findings to these. A tariff in a file of its own, and its tables, are read with `open`.
#[must_use]
pub fn read_all(text: &str, origin: &Path, open: Open<'_>) -> Reading {
    let findings = Findings::new(origin);
    let reading = text::parse(text, &findings).and_then(|root| {
        let section = Section::open(&root, "the site file", &findings)?;
        Some(whole(section, origin, open))
    });
    let nothing = Reading {
        site: None,
        devices: Vec::new(),
        water: None,
        files: Vec::new(),
        needs: Vec::new(),
        findings: Vec::new(),
    };
    let mut reading = reading.unwrap_or(nothing);
    let of_others = std::mem::replace(&mut reading.findings, findings.into_sorted());
    reading.findings.extend(of_others);
    reading
}

/// Reads a site file whose tariff stands in it.
///
/// # Errors
/// All findings, in the order of the file; a tariff in a file of its own is one.
pub fn read(text: &str, origin: &Path) -> Result<Resolved, Vec<Finding>> {
    let closed = |path: &Path| Err(format!("'{}' is not opened here", path.display()));
    let Reading { site, files, needs, findings, .. } = read_all(text, origin, &closed);
    match site {
        Some(site) if findings.is_empty() => Ok(Resolved { site, files, needs }),
        _ => Err(findings),
    }
}

fn context<'a>(root: &Section<'_>, origin: &'a Path, open: Open<'a>) -> Context<'a> {
    root.number::<u32>("regie", VERSION..=VERSION);
    Context {
        folder: origin.parent().unwrap_or(Path::new("")),
        files: RefCell::default(),
        needs: RefCell::default(),
        devices: root.names("devices"),
        tanks: root.names("tanks"),
        flow_meters: root.names("flow_meters"),
        powered: POWERED.iter().flat_map(|key| root.names::<AssetId>(key)).collect(),
        open,
        more: RefCell::default(),
    }
}

fn check_water(root: &Section<'_>, missing: bool) {
    if missing {
        let message = "pumps are declared and 'water' is missing";
        root.complain("missing-key", root.place(), message, "add 'water' with the network's file");
    }
}

fn whole(root: Section<'_>, origin: &Path, open: Open<'_>) -> Reading {
    let context = context(&root, origin, open);
    let about = root.section("site").map(about);
    let pace = pace(root.section_maybe("pace"));
    let (listen, state) = service(root.section_maybe("service"), &context);
    let devices = devices::read(&root, &context);
    let water = root.section_maybe("water").and_then(|section| water::water(section, &context));
    let tanks = water::tanks(&root, &context);
    let pumps = water::pumps(&root, &context);
    let flow_meters = water::flow_meters(&root, &context);
    let districts = districts::read(&root, &context);
    let inverters = energy::inverters(&root, &context);
    let lighting = lighting::lighting(&root, &context);
    let batteries = storage::batteries(&root, &context);
    let chargers = charging::chargers(&root, &context);
    let shiftable = flexible::shiftable(&root, &context);
    let lift_stations = flexible::lift_stations(&root, &context);
    let generators = flexible::generators(&root, &context);
    let electrical = electrical::read(root.section_maybe("electrical"), &context);
    let grid = root.section("grid").and_then(|section| energy::grid(section, &context));
    let tariff = tariff(&root, &context, about.as_ref().and_then(Option::as_ref));
    let base_load = base_load(root.section_maybe("base_load"));
    let outside = forecast::read(root.section_maybe("forecast"), &context);
    let simulation = simulation::read(root.section_maybe("simulation"), &context);
    check_water(&root, water.is_none() && !pumps.is_empty());
    assets::unique(&root);
    root.finish();
    let (network, known) = (water.clone(), devices.clone());
    let site = about.flatten().zip(grid.zip(tariff)).map(|(about, (grid, tariff))| {
        let About { id, name, zone, holidays, latitude, longitude } = about;
        Site {
            id,
            name,
            zone,
            holidays,
            latitude,
            longitude,
            pace,
            listen,
            state,
            devices,
            water,
            pumps,
            tanks,
            flow_meters,
            districts,
            inverters,
            lighting,
            batteries,
            chargers,
            shiftable,
            lift_stations,
            generators,
            electrical,
            grid,
            base_load,
            tariff,
            outside,
            simulation,
        }
    });
    Reading {
        site,
        devices: known,
        water: network,
        files: context.files.into_inner(),
        needs: context.needs.into_inner(),
        findings: context.more.into_inner(),
    }
}

fn tariff(root: &Section<'_>, context: &Context<'_>, place: Option<&About>) -> Option<Tariff> {
    let around = tariff::Around {
        folder: context.folder,
        open: context.open,
        more: &context.more,
        site: place.map(|about| (&about.zone, about.holidays)),
    };
    root.section("tariff").and_then(|section| tariff::read(section, &around))
}

/// Where a site is and what it is called.
struct About {
    id: AssetId,
    name: String,
    zone: TimeZone,
    holidays: Holidays,
    latitude: f64,
    longitude: f64,
}

fn about(section: Section<'_>) -> Option<About> {
    let id = section.need("id").and_then(|node| section.scalar(node, "wrong-name", AssetId::new));
    let name = section.text("name");
    let zone = section.need("time_zone").and_then(|node| tariff::zone(&section, node));
    let holidays = section.choice_maybe("holidays", &Holidays::WORDS);
    let latitude = section.number::<f64>("latitude", -90.0..=90.0);
    let longitude = section.number::<f64>("longitude", -180.0..=180.0);
    section.finish();
    let zone = zone?;
    let usual = Holidays::usual(&zone);
    Some(About {
        id: id?,
        name: name?,
        holidays: holidays.unwrap_or(usual),
        zone,
        latitude: latitude?,
        longitude: longitude?,
    })
}

fn pace(section: Option<Section<'_>>) -> Pace {
    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3600);
    let mut pace = Pace {
        cycle: MINUTE,
        poll: Duration::from_secs(10),
        horizon: HOUR * 24,
        switching: MINUTE * 15,
        plan_valid: MINUTE * 30,
        solve: Duration::from_secs(10),
        observe_cycles: 3,
    };
    let Some(section) = section else { return pace };
    let second = Duration::from_secs(1);
    pace.cycle = section.duration_or("cycle", pace.cycle, second * 5..=MINUTE * 15);
    pace.poll = section.duration_or("poll", pace.poll, second..=MINUTE);
    pace.horizon = section.duration_or("horizon", pace.horizon, HOUR * 2..=HOUR * 48);
    pace.switching = section.duration_or("switching", pace.switching, MINUTE..=HOUR * 2);
    pace.plan_valid = section.duration_or("plan_valid", pace.plan_valid, MINUTE..=HOUR * 4);
    // The optimiser is given up after three times its limit, and that has to be within the cycle.
    let solve = section.duration_or("solve", pace.solve, second..=MINUTE * 5);
    pace.solve = solve.min(pace.cycle / 4);
    pace.observe_cycles = section.number_or("observe_cycles", pace.observe_cycles, 1..=1000);
    if pace.poll > pace.cycle {
        let message = "'poll' is longer than 'cycle'";
        section.complain("out-of-range", section.place(), message, "poll at least once per cycle");
    }
    section.finish();
    pace
}

fn service(section: Option<Section<'_>>, context: &Context<'_>) -> (SocketAddr, Option<PathBuf>) {
    let default = SocketAddr::from(([127, 0, 0, 1], 9920));
    let Some(section) = section else { return (default, None) };
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let listen = section.get("listen").and_then(|node| {
        section.scalar(node, "wrong-address", |text| match text.parse::<SocketAddr>() {
            Ok(address) if loopback.contains(&address.ip()) => Ok(address),
            Ok(address) => {
                Err(format!("'{address}' is not 127.0.0.1 or [::1]; write 127.0.0.1:9920"))
            }
            Err(_) => Err(format!("'{text}' is not an address; write 127.0.0.1:9920")),
        })
    });
    let state = section.text_maybe("state").map(|text| context.folder.join(text));
    section.finish();
    (listen.unwrap_or(default), state)
}

fn base_load(section: Option<Section<'_>>) -> BaseLoad {
    let Some(section) = section else { return BaseLoad { mean: Power::ZERO } };
    let base_load = BaseLoad { mean: section.quantity("mean").unwrap_or(Power::ZERO) };
    section.finish();
    base_load
}

/// A ratio between 0 and 1.
pub(crate) fn share(
    section: &Section<'_>,
    key: &'static str,
    default: Option<f64>,
) -> Option<Ratio> {
    let node = match default {
        Some(default) if section.get(key).is_none() => return Some(Ratio::new(default)),
        _ => section.need(key)?,
    };
    section.scalar(node, "out-of-range", |text| match crate::units::parse::<Ratio>(text) {
        Ok(ratio) if (0.0..=1.0).contains(&ratio.get()) => Ok(ratio),
        Ok(ratio) => Err(format!("'{key}' is {} %, and must lie in 0 to 100 %", ratio.percent())),
        Err(error) => Err(error.to_string()),
    })
}

/// A length of time as a plain duration, with a default in seconds.
pub(crate) fn seconds(section: &Section<'_>, key: &'static str, default: u64) -> Duration {
    let longest = Duration::from_secs(7 * 86_400);
    section.duration_or(key, Duration::from_secs(default), Duration::ZERO..=longest)
}

/// An angle in degrees with a default.
pub(crate) fn angle(section: &Section<'_>, key: &'static str, default: f64) -> Angle {
    section.quantity_or(key, Angle::try_from_base(default).unwrap_or(Angle::ZERO))
}
