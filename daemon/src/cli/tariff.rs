//! `regie tariff`: what a kWh costs, interval by interval, so that a bill can be checked.

use super::arguments::TariffQuestion;
use super::{exit, render};
use crate::load;
use crate::resident::state_folder;
use crate::tables::Tables;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use site::file::TariffFile;
use site::tariff::Priced;
use site::text::Finding;
use site::time::seconds_between;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The longest time that is shown: four years.
const DAYS_MAX: i32 = 1461;

/// One row: nothing about the price changes within it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// First instant, with the offset of the tariff's time zone.
    pub start: String,
    /// First instant after it.
    pub end: String,
    /// Length, h.
    pub hours: f64,
    /// Price class.
    pub class: String,
    /// Price of imported energy.
    pub price_eur_per_kwh: f64,
    /// What exported energy earns.
    pub feed_in_eur_per_kwh: f64,
    /// Subscribed power; null where there is none.
    pub subscribed_kw: Option<f64>,
    /// A colour or spot price behind it is not known.
    pub assumed: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriceList {
    /// Name of the tariff; null when it has none.
    pub name: Option<String>,
    /// Time zone.
    pub time_zone: String,
    /// First local date.
    pub from: Date,
    /// First local date after it.
    pub to: Date,
    /// When it is asked, if only what is known by then counts.
    pub seen_from: Option<Timestamp>,
    /// Price by price.
    pub intervals: Vec<Row>,
    /// Hours of each class.
    pub hours: BTreeMap<String, f64>,
}

/// Answers; returns the exit code. Everything has been printed.
#[must_use]
pub fn run(question: &TariffQuestion) -> u8 {
    let file = match read(&question.file) {
        Ok(file) => file,
        Err(findings) => {
            eprint!("{}", render::findings(&findings));
            return exit::CONFIGURATION;
        }
    };
    match list(&file, question) {
        Ok(list) if question.json => {
            println!("{}", serde_json::to_string_pretty(&list).expect("names and numbers"));
            exit::OK
        }
        Ok(list) => {
            println!("{}", render::tariff(&list).trim_end());
            exit::OK
        }
        Err(why) => {
            eprintln!("regie: {why}");
            exit::USAGE
        }
    }
}

/// A tariff file, or the tariff of a site file with the spot prices that its daemon has kept.
fn read(path: &Path) -> Result<TariffFile, Vec<Finding>> {
    match load::open(path) {
        Ok(text) if site::file::is_tariff(&text) => {
            return site::file::read_tariff(&text, path, &load::open);
        }
        // The loader says what is wrong with a file that cannot be opened.
        _ => {}
    }
    let site = load::load(path)?.site;
    let (newer, _) = Tables::new(&site.tariff, &state_folder(&site)).look(&site.tariff);
    let mut tariff = newer.unwrap_or_else(|| site.tariff.clone());
    tariff.holidays = tariff.holidays.or(Some(site.holidays));
    Ok(TariffFile { tariff, zone: site.zone.clone() })
}

/// Makes the list.
///
/// # Errors
/// In words, when the dates make no sense.
fn list(file: &TariffFile, question: &TariffQuestion) -> Result<PriceList, String> {
    let TariffQuestion { from, to, step, .. } = question;
    let to = to.unwrap_or(from.saturating_add(1.day()));
    let days = from.until(to).map_or(0, |span| span.get_days());
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(format!(
            "from {from} to {to} are {days} days; '--to' is the first day that is not shown, and \
             at most {DAYS_MAX} days are"
        ));
    }
    let seen_from = match &question.seen_from {
        Some(text) => Some(instant(text, &file.zone)?),
        None => None,
    };
    let midnight = |date: Date| {
        let start = date.to_zoned(file.zone.clone());
        start.map(|start| start.timestamp()).map_err(|error| error.to_string())
    };
    let (start, end) = (midnight(*from)?, midnight(to)?);
    let intervals = rows(file, (start, end), seen_from, *step);
    let mut hours: BTreeMap<String, f64> = BTreeMap::new();
    for row in &intervals {
        *hours.entry(row.class.clone()).or_default() += row.hours;
    }
    let (name, time_zone) = (file.tariff.name.clone(), zone_name(&file.zone));
    Ok(PriceList { name, time_zone, from: *from, to, seen_from, intervals, hours })
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

/// An instant with an offset, or a local date and time.
fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
    local
        .map(|local| local.timestamp())
        .ok_or_else(|| format!("'{text}' is not a time; write 2026-01-14T12:00, or with an offset"))
}

/// Rows from one change to the next, or of the same length where a step is given.
fn rows(
    file: &TariffFile,
    (start, end): (Timestamp, Timestamp),
    seen_from: Option<Timestamp>,
    step: Option<Duration>,
) -> Vec<Row> {
    let (tariff, calendar) = (&file.tariff, file.calendar());
    let priced = |at| match seen_from {
        Some(seen) => tariff.expected_at(at, seen, calendar),
        None => tariff.price_at(at, calendar),
    };
    let mut rows: Vec<(Timestamp, Timestamp, Priced<'_>)> = Vec::new();
    let mut from = start;
    while from < end {
        let now = priced(from);
        let to = match step {
            Some(step) => from.saturating_add(step).unwrap_or(end),
            None => tariff.next_boundary(from, calendar),
        };
        let to = to.min(end);
        match rows.last_mut() {
            Some((_, last, same)) if step.is_none() && *same == now => *last = to,
            _ => rows.push((from, to, now)),
        }
        from = to;
    }
    let local =
        |at: Timestamp| at.to_zoned(file.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let row = |(start, end, now): (Timestamp, Timestamp, Priced<'_>)| Row {
        start: local(start),
        end: local(end),
        hours: seconds_between(start, end) / 3600.0,
        class: now.class.to_owned(),
        price_eur_per_kwh: now.price.get(),
        feed_in_eur_per_kwh: now.feed_in.get(),
        subscribed_kw: tariff.subscribed_in(now.class).map(site::units::Power::kw),
        assumed: now.assumed,
    };
    rows.into_iter().map(row).collect()
}
