//! What people read of a probe: one block for each unit that answers.

use super::{Look, ProbeReport, SunspecReport, UnitReport};
use std::fmt::Write;

/// Registers in one row of bits.
const BITS_IN_ROW: usize = 16;

/// All units, and what to do next.
#[must_use]
pub fn scan(report: &ProbeReport) -> String {
    let mut text = format!("{}\n", report.address);
    for unit in &report.units {
        text.push_str(&block(unit));
    }
    for (why, units) in silent(report) {
        let _ = writeln!(text, "Silent    {}: {why}", list(&units));
    }
    match report.units.first() {
        Some(unit) if best(unit).is_some_and(|fit| fit.commands) => {
            let (address, unit, name) = (&report.address, unit.unit, best(unit));
            let profile = name.map_or("", |fit| fit.profile.as_str());
            let _ = writeln!(
                text,
                "Next      in site.yaml, below devices:\n\
                 \u{20}           NAME: {{profile: {profile}, connect: \"{address}\", unit: {unit}}}"
            );
        }
        Some(unit) => {
            // Where something stands already; else where most lists of registers begin.
            let (table, from) = unit
                .reads
                .iter()
                .find(|read| read.refused.is_none())
                .map_or(("holding", 0), |read| (read.table, read.address));
            let (address, unit) = (&report.address, unit.unit);
            let _ = writeln!(
                text,
                "Next      regie probe {address} --unit {unit} --read {table}:{from}:10"
            );
        }
        None => text.push_str(
            "Nobody answers. The connection is there: try other units (--units 0-10,255), more\n\
             time (--timeout 5s), and see that no other program holds the device.\n",
        ),
    }
    text
}

/// The profile that fits best.
fn best(unit: &UnitReport) -> Option<&super::ProfileReport> {
    unit.sunspec.as_ref()?.profiles.first()
}

fn block(unit: &UnitReport) -> String {
    let trips = unit.round_trips;
    let mut text = format!(
        "Unit {} answers in {:.1} ms ({:.1} to {:.1} ms over {} reads)\n",
        unit.unit, trips.median, trips.least, trips.most, trips.count
    );
    let mut line = |title: &str, words: String| {
        if !words.is_empty() {
            let _ = writeln!(text, "  {title:<9} {}", super::super::render::one_line(&words));
        }
    };
    line("Reads", grouped(unit, None));
    let mut reasons: Vec<&String> =
        unit.reads.iter().filter_map(|read| read.refused.as_ref()).collect();
    reasons.sort();
    reasons.dedup();
    for reason in reasons {
        line("Refuses", format!("{}: {reason}", grouped(unit, Some(reason))));
    }
    let identity = unit.identity.iter().map(|(name, value)| format!("{name} {value}"));
    line("Identity", identity.collect::<Vec<_>>().join(", "));
    if let Some(server) = &unit.server {
        let runs = if server.runs { "runs" } else { "does not run" };
        let more =
            if server.more.is_empty() { String::new() } else { format!(": {}", server.more) };
        line("Server", format!("id {:#04X}, {runs}{more}", server.id));
    }
    match &unit.sunspec {
        Some(sunspec) => text.push_str(&of_sunspec(sunspec)),
        None => line("SunSpec", "no marker at 40000, 0 or 50000".to_owned()),
    }
    text
}

/// The addresses that were answered, or refused for one reason, table by table.
fn grouped(unit: &UnitReport, reason: Option<&String>) -> String {
    let mut tables: Vec<(&str, Vec<String>)> = Vec::new();
    for read in unit.reads.iter().filter(|read| read.refused.as_ref() == reason) {
        match tables.last_mut() {
            Some((table, addresses)) if *table == read.table => {
                addresses.push(read.address.to_string());
            }
            _ => tables.push((read.table, vec![read.address.to_string()])),
        }
    }
    let words = tables.iter().map(|(table, addresses)| format!("{table} {}", addresses.join(", ")));
    words.collect::<Vec<_>>().join("; ")
}

fn of_sunspec(sunspec: &SunspecReport) -> String {
    let named = |name: &&str| Some(format!("{name} {}", sunspec.names.get(*name)?));
    let names: Vec<String> =
        ["maker", "model", "version", "serial"].iter().filter_map(named).collect();
    let names = super::super::render::one_line(&names.join(", "));
    let mut text = format!("  SunSpec   marker at {}; {names}\n", sunspec.base);
    for model in &sunspec.models {
        let _ = writeln!(
            text,
            "              model {:<5} at {}, {} registers",
            model.id, model.address, model.length
        );
    }
    for fit in &sunspec.profiles {
        let commands = if fit.commands { "" } else { ", not all that its commands need" };
        let _ = writeln!(
            text,
            "  Profile   {}: {} of {} points{commands}",
            fit.profile, fit.points, fit.of
        );
    }
    if sunspec.profiles.is_empty() {
        text.push_str("  Profile   no built-in one has half of its points here\n");
    }
    text
}

/// Units that are silent for the same reason, together.
fn silent(report: &ProbeReport) -> Vec<(String, Vec<u8>)> {
    let mut reasons: Vec<(String, Vec<u8>)> = Vec::new();
    for one in &report.silent {
        match reasons.iter_mut().find(|(why, _)| *why == one.why) {
            Some((_, units)) => units.push(one.unit),
            None => reasons.push((one.why.clone(), vec![one.unit])),
        }
    }
    reasons
}

/// "unit 3", "units 2 to 10, 17".
fn list(units: &[u8]) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for &unit in units {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(unit) => *last = unit,
            _ => runs.push((unit, unit)),
        }
    }
    let words = runs.iter().map(|&(from, to)| match to - from {
        0 => from.to_string(),
        1 => format!("{from}, {to}"),
        _ => format!("{from} to {to}"),
    });
    let word = if units.len() == 1 { "unit" } else { "units" };
    format!("{word} {}", words.collect::<Vec<_>>().join(", "))
}

/// A range of registers or bits.
#[must_use]
pub fn look(look: &Look) -> String {
    let count = look.registers.len().max(look.bits.len());
    let shift = usize::from(look.from_one);
    let first = usize::from(look.first);
    let (wire, last) = (first, (first + count).saturating_sub(1));
    let mut text = format!(
        "Unit {}, {} {wire} to {last} counted from 0, {} to {} counted from 1 ({}{:05}), {:.1} ms\n",
        look.unit,
        look.table,
        wire + 1,
        last + 1,
        look.modicon(),
        wire + 1,
        look.milliseconds
    );
    if !look.registers.is_empty() {
        let title = if look.from_one { "from 1" } else { "from 0" };
        let _ = writeln!(text, "{title:>7}     hex     u16     i16");
    }
    for (place, word) in look.registers.iter().enumerate() {
        let signed = word.cast_signed();
        let number = first + place + shift;
        let _ = writeln!(text, "{number:>7}  0x{word:04X}  {word:>6}  {signed:>6}");
    }
    for (row, bits) in look.bits.chunks(BITS_IN_ROW).enumerate() {
        let bits: Vec<&str> = bits.iter().map(|bit| if *bit { "1" } else { "0" }).collect();
        let number = first + row * BITS_IN_ROW + shift;
        let _ = writeln!(text, "{number:>7}  {}", bits.join(" "));
    }
    if let Some(kind) = &look.kind {
        let _ = writeln!(text, "As {kind}");
        for shown in &look.values {
            let number = usize::from(shown.address) + shift;
            let _ = writeln!(text, "{number:>7}  {}", shown.value);
        }
    }
    if let Some(hint) = &look.hint {
        let _ = writeln!(text, "Hint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::scan::Answered;
    use super::*;

    /// What a probe suggests after these reads.
    fn next(reads: Vec<Answered>) -> String {
        let unit = UnitReport { unit: 3, reads, ..UnitReport::default() };
        let address = "tcp://10.0.0.9:502".to_owned();
        let text = scan(&ProbeReport { address, units: vec![unit], silent: Vec::new() });
        text.lines().last().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_next_read_is_one_that_is_answered() {
        let read = |table, address, refused: Option<&str>| Answered {
            table,
            address,
            refused: refused.map(str::to_owned),
        };
        let refused = read("holding", 0, Some("illegal data address (0x02)"));
        let found = next(vec![refused.clone(), read("input", 100, None), read("coil", 0, None)]);
        let expected = "Next      regie probe tcp://10.0.0.9:502 --unit 3 --read input:100:10";
        assert_eq!(found, expected);
        let found = next(vec![refused]);
        assert!(found.ends_with("--read holding:0:10"), "nothing better is known: {found}");
    }
}
