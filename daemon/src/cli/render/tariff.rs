//! A list of prices for people.

use super::{UNKNOWN, one_line, table};
use crate::cli::tariff::{PriceList, Row};

/// One line per price, then the hours of each class.
#[must_use]
pub fn tariff(list: &PriceList) -> String {
    let name = list.name.as_deref().unwrap_or("tariff");
    let (from, to, zone) = (list.from, list.to, &list.time_zone);
    let mut text = format!("{}, from {from} to {to} ({zone})\n", one_line(name));
    if let Some(seen) = list.seen_from {
        text.push_str(&format!("as known at {seen}\n"));
    }
    let head = ["from", "class", "to", "", "EUR/kWh", "feed-in", "subscribed"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(list.intervals.iter().map(row));
    text.push_str(&table(&rows));
    for (class, hours) in &list.hours {
        text.push_str(&format!("Hours   {}: {hours:.2}\n", one_line(class)));
    }
    text
}

fn row(row: &Row) -> Vec<String> {
    let time = |text: &str| text.get(..16).unwrap_or(text).replace('T', " ");
    // Two hours of an autumn night have one name; the offset tells them apart.
    let offset = row.start.get(19..).unwrap_or_default();
    let subscribed = row.subscribed_kw.map_or(UNKNOWN.to_owned(), |kw| format!("{kw:.0} kW"));
    vec![
        format!("{} {offset}", time(&row.start)),
        one_line(&row.class),
        time(&row.end),
        if row.assumed { "assumed".to_owned() } else { String::new() },
        format!("{:.5}", row.price_eur_per_kwh),
        format!("{:.5}", row.feed_in_eur_per_kwh),
        subscribed,
    ]
}
