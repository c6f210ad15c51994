//! What is published from day to day: colours and spot prices; and what exports earn.

use super::Around;
use crate::file::water::time_of_day;
use crate::tariff::{DayColours, FeedIn, Spot, SpotSource, read_colours, read_prices};
use crate::text::{Findings, Section, Tree};
use crate::units::{self, Price, Ratio};
use jiff::civil::{Time, time};
use std::path::Path;

/// What spot prices of an address must begin with: there is no encryption on board.
const PLAIN_HTTP: &str = "http://";

pub(super) fn day_colours(section: Section<'_>, around: &Around<'_>) -> Option<DayColours> {
    let word = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
    section.need("names");
    let names: Vec<String> = section
        .list("names")
        .iter()
        .filter_map(|node| section.scalar(node, "wrong-kind", word))
        .collect();
    let assume = section.need("assume").and_then(|node| {
        section.scalar(node, "unknown-colour", |text| {
            let found = names.iter().position(|name| name == text);
            found.ok_or_else(|| format!("'{text}' is not among 'names'"))
        })
    });
    let day_begins = clock(&section, "day_begins", Time::midnight());
    let known_from = clock(&section, "known_from", time(11, 0, 0, 0));
    let file = section.get("file").map(|_| around.file(&section, "file"));
    section.finish();
    let mut colours = DayColours {
        names,
        assume: assume?,
        day_begins: day_begins?,
        known_from: known_from?,
        file: None,
        days: Default::default(),
    };
    if let Some(opened) = file {
        let (path, text) = opened?;
        let findings = Findings::new(&path);
        colours.days = read_colours(&text, &colours.names, &findings);
        around.keep(findings);
        colours.file = Some(path);
    }
    Some(colours)
}

pub(super) fn spot(section: Section<'_>, around: &Around<'_>) -> Option<Spot> {
    let factor = section.quantity_or("factor", Ratio::ONE);
    let add = section.quantity_or("add", Price::ZERO);
    let known_from = clock(&section, "known_from", time(13, 0, 0, 0));
    let assume = section.quantity_maybe::<Price>("assume");
    let url = section.get("url");
    let address = url.and_then(|node| {
        section.scalar(node, "wrong-address", |text| {
            let rest = text.strip_prefix(PLAIN_HTTP).filter(|rest| !rest.is_empty());
            rest.map(|_| text.to_owned())
                .ok_or_else(|| format!("'{text}' is not an address that begins with {PLAIN_HTTP}"))
        })
    });
    let file = section.get("file").map(|_| around.file(&section, "file"));
    if file.is_some() == url.is_some() {
        let message = "one of 'file' and 'url' must be there, and not both";
        section.complain("missing-key", section.place(), message, "say where prices come from");
    } else if url.is_some() && assume.is_none() {
        let message = "'assume' is missing: until the address answers, nothing is known";
        section.complain("missing-key", section.place(), message, "add it, as EUR/kWh");
    }
    section.finish();
    let known_from = known_from?;
    let spot = |source, prices, assume| Spot { source, factor, add, known_from, assume, prices };
    let Some(opened) = file else {
        return Some(spot(SpotSource::Url(address?), Default::default(), assume?));
    };
    let (path, text) = opened?;
    let findings = Findings::new(Path::new(&path));
    let prices = read_prices(&text, &findings);
    let good = findings.is_empty();
    around.keep(findings);
    let known = prices.intervals();
    #[expect(clippy::cast_precision_loss, reason = "a file has fewer lines than 2^52")]
    let mean = known.iter().map(|one| one.price.get()).sum::<f64>() / known.len().max(1) as f64;
    let assume = assume.unwrap_or(Price::new(mean));
    good.then(|| spot(SpotSource::File(path), prices, assume))
}

/// What exports earn: a price, or a map that follows the market.
pub(super) fn feed_in(section: &Section<'_>, has_spot: bool) -> FeedIn {
    let Some(node) = section.get("feed_in") else { return FeedIn::Fixed(Price::ZERO) };
    if !matches!(node.tree, Tree::Map(_)) {
        let price = section.scalar(node, "wrong-unit", units::parse::<Price>);
        return FeedIn::Fixed(price.unwrap_or(Price::ZERO));
    }
    if let Some(follows) = section.section("feed_in") {
        let factor = follows.quantity_or("factor", Ratio::ONE);
        let add = follows.quantity_or("add", Price::ZERO);
        follows.finish();
        if !has_spot {
            let message = "'feed_in' follows the market, and there is no 'spot'";
            section.complain("missing-key", node.place, message, "add 'spot', or write a price");
        }
        return FeedIn::Spot { factor, add };
    }
    FeedIn::Fixed(Price::ZERO)
}

/// A local time of day, or a default; none when it cannot be read.
fn clock(section: &Section<'_>, key: &'static str, default: Time) -> Option<Time> {
    let Some(node) = section.get(key) else { return Some(default) };
    section.scalar(node, "wrong-time", time_of_day)
}
