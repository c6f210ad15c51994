//! Price classes as written.

use crate::file::days::days;
use crate::file::water::time_of_day;
use crate::tariff::{FIRST_DATE, Hours, LAST_DATE, TariffClass};
use crate::text::{Node, Section, Tree};
use crate::units::Price;
use jiff::civil::Date;

/// The classes, and whether each of them could be read.
pub(super) fn read(section: &Section<'_>) -> (Vec<TariffClass>, bool) {
    let (mut classes, mut whole) = (Vec::new(), true);
    for class in section.sections("classes") {
        let read = one(&class);
        class.finish();
        whole &= read.is_some();
        classes.extend(read);
    }
    (classes, whole)
}

fn one(class: &Section<'_>) -> Option<TariffClass> {
    let (name, price) = (class.text("name"), class.quantity::<Price>("price"));
    let months = match class.get("months") {
        Some(Node { tree: Tree::List(ranges), .. }) => {
            let ranges = ranges.iter().map(|node| class.scalar(node, "wrong-months", months));
            ranges.collect::<Option<Vec<_>>>().map(|ranges| ranges.concat())
        }
        Some(node) => class.scalar(node, "wrong-months", months),
        None => Some((1..=12).collect()),
    };
    let read = |node: &Node| class.scalar(node, "wrong-time", hours);
    let hours: Option<Vec<Hours>> = match class.get("hours") {
        Some(_) => class.list("hours").iter().map(read).collect(),
        None => Some(vec![Hours::WHOLE_DAY]),
    };
    let days = days(class);
    let (from, until) = (date(class, "from"), date(class, "until"));
    if let (Some(Some(from)), Some(Some(until))) = (from, until)
        && until < from
    {
        let message = "'until' is before 'from'";
        super::complain_at(class, "until", message, "it is the last date, and included");
    }
    let word = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
    let colours = class.list("colours").iter();
    let colours: Option<Vec<String>> =
        colours.map(|node| class.scalar(node, "wrong-kind", word)).collect();
    Some(TariffClass {
        name: name?,
        price: price?,
        months: months?,
        hours: hours?,
        days: days?,
        from: from?,
        until: until?,
        colours: colours?,
    })
}

/// A date; `Some(None)` when the key is not there, `None` when it cannot be read.
fn date(class: &Section<'_>, key: &'static str) -> Option<Option<Date>> {
    let Some(node) = class.get(key) else { return Some(None) };
    let read = |text: &str| match text.parse::<Date>() {
        Ok(date) if (FIRST_DATE..=LAST_DATE).contains(&date) => Ok(date),
        Ok(date) => Err(format!("{date} is not between {FIRST_DATE} and {LAST_DATE}")),
        Err(_) => Err(format!("'{text}' is not a date; write 2025-11-01")),
    };
    class.scalar(node, "wrong-date", read).map(Some)
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
pub(crate) fn hours(text: &str) -> Result<Hours, String> {
    let wrong = || format!("'{text}' is not a range of hours; write \"22:00-06:00\"");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    Ok(Hours { from: time_of_day(from.trim())?, to: time_of_day(to.trim())? })
}
