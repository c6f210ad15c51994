//! Telegraf's `[[inputs.modbus]]`: the styles "register", "request" and "metric".

mod fields;
mod source;

use super::{Group, Journal, Remark};
use drivers::profile::Table;
use fields::{Frame, Style};
use source::{Plugin, Source};

/// Keys of a plugin that are understood here or in [`source`], or that say nothing about registers
/// and connection.
const KNOWN: [&str; 22] = [
    "name",
    "slave_id",
    "timeout",
    "controller",
    "baud_rate",
    "data_bits",
    "parity",
    "stop_bits",
    "transmission_mode",
    "configuration_type",
    "discrete_inputs",
    "coils",
    "holding_registers",
    "input_registers",
    "request",
    "metric",
    "interval",
    "debug_connection",
    "log_level",
    "alias",
    "name_override",
    "name_prefix",
];

/// Keys that Régie has its own way for, and that way.
const OTHERWISE: [(&str, &str); 6] = [
    ("busy_retries", "a busy device is asked again in its next round"),
    ("busy_retries_wait", "a busy device is asked again in its next round"),
    ("workarounds", "see docs/site-yaml.md for pauses on a link"),
    ("rs485", "direction control is the driver's of the serial port"),
    ("tags", "points have names, and no tags"),
    ("optimization", "requests are put together by itself"),
];

/// The tables of the style "register".
const TABLES: [(&str, Table); 4] = [
    ("coils", Table::Coil),
    ("discrete_inputs", Table::Discrete),
    ("holding_registers", Table::Holding),
    ("input_registers", Table::Input),
];

/// Reads all plugins: a group for each device.
pub(super) fn read(text: &str, journal: &mut Journal) -> Result<Vec<Group>, Remark> {
    let source = Source::new(text);
    let plugins = source.plugins()?;
    let mut groups = Vec::new();
    for (index, plugin) in plugins.iter().enumerate() {
        groups.extend(of_plugin(plugin, index, journal));
    }
    Ok(groups)
}

fn of_plugin(plugin: &Plugin<'_>, index: usize, journal: &mut Journal) -> Vec<Group> {
    unknown_keys(plugin, journal);
    let connect = match source::connect(plugin, journal) {
        Ok(connect) => connect,
        Err(why) => {
            journal.lose(plugin.line(), format!("the whole plugin: {why}"));
            return Vec::new();
        }
    };
    let name = plugin.text("name").unwrap_or_else(|| format!("device{}", index + 1));
    let blank = |unit: u8, many: bool| Group {
        line: plugin.line(),
        device: if many { format!("{name}_{unit}") } else { name.clone() },
        description: format!("{name}, from Telegraf"),
        connect: connect.clone(),
        unit,
        poll: plugin.text("interval").and_then(|length| source::length(&length)),
        timeout: plugin.text("timeout").and_then(|length| source::length(&length)),
        drafts: Vec::new(),
    };
    let mut found = Vec::new();
    let own = source::unit(plugin, journal).unwrap_or(1);
    for (key, table) in TABLES {
        let frame = Frame { style: Style::Register, table: Some(table), order: None };
        for field in plugin.tables(key) {
            found.extend(fields::read(&field, frame, journal).map(|draft| (own, draft)));
        }
    }
    for (key, style) in [("request", Style::Request), ("metric", Style::Metric)] {
        for block in plugin.tables(key) {
            let Some(frame) = fields::frame(&block, style, journal) else { continue };
            for key in block.keys() {
                if let Some((key, way)) = OTHERWISE.iter().find(|(known, _)| *known == key) {
                    journal.lose(block.line_of(key), format!("'{key}': {way}"));
                }
            }
            let unit = source::unit(&block, journal).unwrap_or(own);
            for field in block.tables("fields") {
                found.extend(fields::read(&field, frame, journal).map(|draft| (unit, draft)));
            }
        }
    }
    let mut units: Vec<u8> = found.iter().map(|(unit, _)| *unit).collect();
    units.sort_unstable();
    units.dedup();
    if units.is_empty() {
        journal.lose(plugin.line(), format!("'{name}' has no fields that can be read"));
    }
    let many = units.len() > 1;
    let group = |unit: u8| {
        let of_unit = found.iter().filter(|(of, _)| *of == unit).map(|(_, draft)| draft.clone());
        Group { drafts: of_unit.collect(), ..blank(unit, many) }
    };
    units.iter().map(|unit| group(*unit)).collect()
}

fn unknown_keys(plugin: &Plugin<'_>, journal: &mut Journal) {
    for key in plugin.keys() {
        if KNOWN.contains(&key) {
            continue;
        }
        let line = plugin.line_of(key);
        match OTHERWISE.iter().find(|(known, _)| *known == key) {
            Some((_, way)) => journal.lose(line, format!("'{key}': {way}")),
            None => journal.lose(line, format!("'{key}' is not understood")),
        }
    }
}
