//! The tariff's part of the site file.

use super::seconds;
use super::water::time_of_day;
use crate::tariff::{Billing, DemandCharge, Hours, Tariff, TariffClass};
use crate::text::{Node, Section};
use crate::units::{PowerPrice, Price};

pub(super) fn read(section: Section<'_>) -> Option<Tariff> {
    let mut classes = Vec::new();
    let mut whole = true;
    for class in section.sections("classes") {
        let read = read_class(&class);
        class.finish();
        whole &= read.is_some();
        classes.extend(read);
    }
    let feed_in = section.quantity_or("feed_in", Price::ZERO);
    let demand_charge = section.section_maybe("demand_charge").and_then(|charge| {
        let price = charge.quantity::<PowerPrice>("price");
        let average = seconds(&charge, "average", 600);
        charge.finish();
        if average.as_secs() == 0 || 3600 % average.as_secs() != 0 {
            let message = "'average' must divide an hour";
            section.complain("out-of-range", section.place(), message, "write 10 min, or 15 min");
            return None;
        }
        Some(DemandCharge { price: price?, average, billing: Billing::Month })
    });
    let tariff = Tariff { classes, feed_in, demand_charge };
    if let (true, Err(error)) = (whole, tariff.covers()) {
        let help = "together the classes must cover each minute of each month exactly once";
        section.complain("tariff-cover", section.place(), error, help);
    }
    section.finish();
    Some(tariff)
}

fn read_class(class: &Section<'_>) -> Option<TariffClass> {
    let (name, price) = (class.text("name"), class.quantity::<Price>("price"));
    let months = class.need("months").and_then(|node| class.scalar(node, "wrong-months", months));
    let read = |node: &Node| class.scalar(node, "wrong-time", hours);
    class.need("hours");
    let hours: Vec<Hours> = class.list("hours").iter().filter_map(read).collect();
    Some(TariffClass { name: name?, price: price?, months: months?, hours })
}

/// Reads "11-03" (November to March) or "7".
fn months(text: &str) -> Result<Vec<i8>, String> {
    let wrong = || format!("'{text}' is not a range of months; write \"11-03\"");
    let month = |text: &str| {
        let month: i8 = text.trim().parse().map_err(|_| wrong())?;
        if (1..=12).contains(&month) { Ok(month) } else { Err(wrong()) }
    };
    let Some((first, last)) = text.split_once('-') else { return Ok(vec![month(text)?]) };
    let (first, last) = (month(first)?, month(last)?);
    let mut months = vec![first];
    let mut next = first;
    while next != last {
        next = next % 12 + 1;
        months.push(next);
    }
    Ok(months)
}

/// Reads "22:00-06:00".
pub(super) fn hours(text: &str) -> Result<Hours, String> {
    let wrong = || format!("'{text}' is not a range of hours; write \"22:00-06:00\"");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    Ok(Hours { from: time_of_day(from.trim())?, to: time_of_day(to.trim())? })
}
