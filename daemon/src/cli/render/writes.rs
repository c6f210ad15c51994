//! Writes by hand: what is expected, what came of it, and the record.

use super::{one_line, printable};
use crate::control::WriteReport;
use crate::store::{WriteEnd, WriteEntry};
use jiff::tz::TimeZone;
use site::command::{Outcome, Verdict};

/// What would come of a write, for the person who is asked.
#[must_use]
pub fn expected(report: &WriteReport) -> String {
    let guard = match &report.told {
        Some(told) => format!("would let through: {told}"),
        None => "would let nothing through".to_owned(),
    };
    let mut text = head(report);
    line(&mut text, "Guard", &guard);
    verdicts(&mut text, &report.verdicts);
    text
}

/// What came of a write.
#[must_use]
pub fn written(report: &WriteReport) -> String {
    let mut text = head(report);
    let told = report.told.as_deref().unwrap_or("nothing");
    line(&mut text, "Guard", &format!("let through: {told}"));
    verdicts(&mut text, &report.verdicts);
    let end = match report.end {
        Some(WriteEnd::Unchanged) => "nothing new to write: the device was told the same before",
        Some(end) => end.word(),
        None => "not written",
    };
    let id = report.id.map_or(String::new(), |id| format!("; entry {id} of regie write --list"));
    line(&mut text, "Device", &format!("{end}{id}"));
    text
}

fn head(report: &WriteReport) -> String {
    let zone = TimeZone::get(&report.time_zone).unwrap_or(TimeZone::UTC);
    let until = report.until.to_zoned(zone).strftime("%H:%M:%S").to_string();
    let seconds = report.until.duration_since(report.at).as_secs().max(0);
    let mut text = String::new();
    line(
        &mut text,
        "Point",
        &format!("{}: {} now, {} wanted", report.point, report.old, report.new),
    );
    line(&mut text, "Command", &format!("{} to {}", report.setpoint, report.asset));
    line(&mut text, "Once", &format!("the plan takes over again at {until}, in {seconds} s"));
    text
}

fn line(text: &mut String, title: &str, words: &str) {
    text.push_str(&format!("{title:<9} {}\n", one_line(words)));
}

fn verdicts(text: &mut String, verdicts: &[Verdict]) {
    for verdict in verdicts.iter().filter(|verdict| verdict.outcome != Outcome::Passed) {
        let words = format!("{} by {}: {}", verdict.outcome.word(), verdict.check, verdict.reason);
        line(text, "", &words);
    }
}

/// The record, the newest first.
#[must_use]
pub fn writes(entries: &[WriteEntry], zone: &TimeZone) -> String {
    if entries.is_empty() {
        return "nothing was written by hand\n".to_owned();
    }
    entries.iter().map(|entry| one(entry, zone)).collect()
}

fn one(entry: &WriteEntry, zone: &TimeZone) -> String {
    let intent = &entry.intent;
    let at = intent.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let (old, new) = (one_line(&intent.old), one_line(&intent.new));
    let reason = match intent.reason.as_str() {
        "" => String::new(),
        reason => format!(": {}", one_line(reason)),
    };
    let who = one_line(&intent.who);
    let mut text =
        format!("{:>4}  {at}  {}  {old} -> {new}  by {who}{reason}\n", entry.id, intent.point);
    let Some(outcome) = &entry.outcome else {
        text.push_str("        the daemon ended in between: the device may or may not have it\n");
        return text;
    };
    let told = outcome.told.as_ref().map_or(String::new(), |told| format!(": {told}"));
    let field = entry.verification.as_ref().map_or(String::new(), |word| format!("; {word}"));
    let failure = outcome.failure.as_ref().map_or(String::new(), |why| format!("; {why}"));
    let line = format!("{} to {}{told}{field}{failure}", outcome.end.word(), intent.asset);
    text.push_str(&format!("        {}\n", one_line(&line)));
    for verdict in outcome.verdicts.iter().filter(|one| one.outcome != Outcome::Passed) {
        let words = format!("{} by {}: {}", verdict.outcome.word(), verdict.check, verdict.reason);
        text.push_str(&format!("        {}\n", printable(&words)));
    }
    text
}
