//! `days` as written, wherever it stands: one word, or a list of days of the week.

use crate::days::{Days, Weekdays};
use crate::text::{Node, Section, Tree};
use jiff::civil::Weekday;

const KINDS: [(&str, Days); 3] =
    [("all", Days::All), ("working", Days::Working), ("free", Days::Free)];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// The days under the key `days`, every day when it is not there; none, with a finding, when it
/// cannot be read.
pub(super) fn days(section: &Section<'_>) -> Option<Days> {
    let Some(node) = section.get("days") else { return Some(Days::All) };
    if let Tree::List(_) = &node.tree {
        let read = |node: &Node| section.scalar(node, "unknown-word", weekday);
        let named: Option<Weekdays> = section.list("days").iter().map(read).collect();
        return named.map(Days::Named);
    }
    section.scalar(node, "unknown-word", |text| {
        if let Some((_, days)) = KINDS.iter().find(|(word, _)| *word == text) {
            return Ok::<_, String>(*days);
        }
        let day = weekday(text).map_err(|_| {
            format!(
                "'days' is '{text}', and must be all, working, free, a day such as mon, or a list \
                 of days"
            )
        })?;
        Ok(Days::Named(std::iter::once(day).collect()))
    })
}

fn weekday(text: &str) -> Result<Weekday, String> {
    let found = WEEKDAYS.iter().find(|(word, _)| *word == text);
    found.map(|(_, day)| *day).ok_or_else(|| {
        let words: Vec<&str> = WEEKDAYS.iter().map(|(word, _)| *word).collect();
        format!("'{text}' is not a day of the week; the words are: {}", words.join(", "))
    })
}
