//! The tariff: in the site file, or in a file of its own that several sites share.

mod classes;
mod market;
mod power;

pub(super) use classes::hours;

use crate::holidays::Holidays;
use crate::tariff::{Calendar, Tariff, TariffClass};
use crate::text::{self, Finding, Findings, Node, Section};
use crate::units::Price;
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The version of a tariff file's format.
const VERSION: u32 = 1;
/// Name of the class of a tariff that has spot prices and no classes of its own.
const SPOT_CLASS: &str = "spot";

/// Opens a file that another one names: its text, or in words why there is none. This crate opens
/// no files itself.
pub type Open<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// What the readers of a tariff's parts share.
pub(super) struct Around<'a> {
    /// Paths are relative to this folder.
    pub(super) folder: &'a Path,
    pub(super) open: Open<'a>,
    /// Findings in the files that are named.
    pub(super) more: &'a RefCell<Vec<Finding>>,
    /// The site's, when the tariff belongs to one.
    pub(super) site: Option<(&'a TimeZone, Holidays)>,
}

impl Around<'_> {
    /// The text of a file named below `key`, and its path. A file that cannot be opened is a
    /// finding where it is named.
    fn file(&self, section: &Section<'_>, key: &'static str) -> Option<(PathBuf, String)> {
        let node = section.get(key)?;
        let path = section.scalar(node, "wrong-kind", |text| {
            Ok::<_, std::convert::Infallible>(self.folder.join(text))
        })?;
        match (self.open)(&path) {
            Ok(text) => Some((path, text)),
            Err(why) => {
                let help = "correct the path; it is relative to the folder of this file";
                section.complain("missing-file", node.place, why, help);
                None
            }
        }
    }

    /// Keeps findings of a file that is named.
    fn keep(&self, findings: Findings) {
        self.more.borrow_mut().extend(findings.into_sorted());
    }
}

/// A tariff file by itself, with what it needs to be looked at without a site.
#[derive(Debug, Clone)]
pub struct TariffFile {
    /// The tariff.
    pub tariff: Tariff,
    /// Its time zone.
    pub zone: TimeZone,
}

impl TariffFile {
    /// Its calendar.
    #[must_use]
    pub fn calendar(&self) -> Calendar<'_> {
        let holidays = self.tariff.holidays.unwrap_or_else(|| Holidays::usual(&self.zone));
        Calendar { zone: &self.zone, holidays }
    }
}

/// Whether a text is a tariff file and not a site file, told by its keys.
#[must_use]
pub fn is_tariff(text: &str) -> bool {
    let key = |line: &str| line.starts_with("regie_tariff:");
    text.lines().any(key)
}

/// Reads a tariff file by itself.
///
/// # Errors
/// All findings, of the file and of the tables it names.
pub fn read_tariff(text: &str, origin: &Path, open: Open<'_>) -> Result<TariffFile, Vec<Finding>> {
    let more = RefCell::default();
    let folder = origin.parent().unwrap_or(Path::new(""));
    let around = Around { folder, open, more: &more, site: None };
    let findings = Findings::new(origin);
    let read = document(text, &findings, &around);
    if let Some((_, None)) = &read {
        let place = crate::text::Place { line: 1, column: 1 };
        let message = "'time_zone' is missing: without a site, nothing else says when a day begins";
        findings.add("missing-key", place, message, "add time_zone, such as Europe/Paris");
    }
    let mut found = findings.into_sorted();
    found.extend(more.into_inner());
    match read {
        Some((tariff, Some(zone))) if found.is_empty() => Ok(TariffFile { tariff, zone }),
        _ => Err(found),
    }
}

/// The text of a tariff file: the tariff, and its time zone when it says one.
fn document(
    text: &str,
    findings: &Findings,
    around: &Around<'_>,
) -> Option<(Tariff, Option<TimeZone>)> {
    let root = text::parse(text, findings)?;
    let section = Section::open(&root, "the tariff", findings)?;
    section.number::<u32>("regie_tariff", VERSION..=VERSION);
    let zone = section.get("time_zone").and_then(|node| zone(&section, node));
    if let (Some(own), Some((site, _))) = (&zone, around.site)
        && own.iana_name() != site.iana_name()
    {
        let name = site.iana_name().unwrap_or("of another zone");
        let message = format!("'time_zone' is not the site's, which is {name}");
        section.complain("wrong-time-zone", section.place(), message, "use one zone for both");
    }
    let holidays = section.choice_maybe("holidays", &Holidays::WORDS);
    let usual = zone.as_ref().map_or(Holidays::None, Holidays::usual);
    let usual = around.site.map_or(usual, |(_, holidays)| holidays);
    let tariff = tariff(section, around, (holidays, usual))?;
    Some((tariff, zone))
}

/// Reads the name of a time zone.
pub(super) fn zone(section: &Section<'_>, node: &Node) -> Option<TimeZone> {
    section.scalar(node, "unknown-time-zone", |text| {
        TimeZone::get(text)
            .map_err(|_| format!("'{text}' is not a time zone; write a name such as Europe/Paris"))
    })
}

/// The section `tariff` of a site file: the tariff itself, or `file` and nothing else.
pub(super) fn read(section: Section<'_>, around: &Around<'_>) -> Option<Tariff> {
    if section.get("file").is_none() {
        let usual = around.site.map_or(Holidays::None, |(_, holidays)| holidays);
        return tariff(section, around, (None, usual));
    }
    let opened = around.file(&section, "file");
    section.finish();
    let (path, text) = opened?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let findings = Findings::new(&path);
    let read = document(&text, &findings, &Around { folder, ..*around });
    // A file that is wrong is no tariff: what follows would only be found because of it.
    let good = findings.is_empty();
    around.keep(findings);
    read.map(|(tariff, _)| tariff).filter(|_| good)
}

/// The keys of a tariff, wherever it stands. `holidays` are its own and the usual ones.
fn tariff(
    section: Section<'_>,
    around: &Around<'_>,
    (holidays, usual): (Option<Holidays>, Holidays),
) -> Option<Tariff> {
    let name = section.text_maybe("name");
    let day_colours = section.section_maybe("day_colours");
    let has_colours = day_colours.is_some();
    let day_colours = day_colours.and_then(|colours| market::day_colours(colours, around));
    let spot = section.section_maybe("spot");
    let has_spot = spot.is_some();
    let spot = spot.and_then(|spot| market::spot(spot, around));
    let (mut classes, mut whole) = classes::read(&section);
    if classes.is_empty() && whole && has_spot {
        classes.push(TariffClass::always(SPOT_CLASS, Price::ZERO));
    } else if section.need("classes").is_none() {
        whole = false;
    }
    let feed_in = market::feed_in(&section, has_spot);
    let names: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let demand_charges = power::demand_charges(&section, &names);
    let subscribed =
        section.section_maybe("subscribed").and_then(|one| power::subscribed(one, &names));
    let broken = (has_colours && day_colours.is_none()) || (has_spot && spot.is_none());
    let tariff =
        Tariff { name, classes, holidays, day_colours, spot, feed_in, demand_charges, subscribed };
    if whole
        && !broken
        && let Err(error) = tariff.covers(usual)
    {
        let help = "together the classes must cover each minute exactly once";
        section.complain("tariff-cover", section.place(), error, help);
    }
    section.finish();
    (!broken).then_some(tariff)
}

/// Adds a finding about a key's own value.
fn complain_at(section: &Section<'_>, key: &'static str, message: impl Display, help: &str) {
    let place = section.get(key).map_or(section.place(), |node| node.place);
    section.complain("out-of-range", place, message, help);
}
