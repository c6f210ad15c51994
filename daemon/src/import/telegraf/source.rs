//! The TOML behind a configuration, with lines, and what a plugin says of its connection.

use super::{Journal, Remark};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Line speed that Telegraf's own example has.
const BAUD: &str = "9600";

/// A file of TOML.
pub(super) struct Source<'t> {
    text: &'t str,
}

/// A table of it: a plugin, a request, a field.
pub(super) struct Plugin<'t> {
    text: &'t str,
    start: usize,
    table: DeTable<'t>,
}

impl<'t> Source<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text }
    }

    /// Every `[[inputs.modbus]]`.
    pub(super) fn plugins(&self) -> Result<Vec<Plugin<'t>>, Remark> {
        let whole = DeTable::parse(self.text).map_err(|error| Remark {
            line: line(self.text, error.span().map_or(0, |span| span.start)),
            text: format!("this is no TOML: {}", error.message()),
        })?;
        let start = whole.span().start;
        let whole = Plugin { text: self.text, start, table: whole.into_inner() };
        let inputs = whole.table("inputs");
        let plugins = inputs.map_or_else(Vec::new, |inputs| inputs.tables("modbus"));
        if plugins.is_empty() {
            let text = "there is no [[inputs.modbus]] in it".to_owned();
            return Err(Remark { line: 0, text });
        }
        Ok(plugins)
    }
}

impl<'t> Plugin<'t> {
    /// The line it begins at.
    pub(super) fn line(&self) -> u64 {
        line(self.text, self.start)
    }

    /// The line of a key.
    pub(super) fn line_of(&self, key: &str) -> u64 {
        let found = self.table.keys().find(|known| known.get_ref() == key);
        found.map_or_else(|| self.line(), |known| line(self.text, known.span().start))
    }

    /// Its keys.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.table.keys().map(|key| key.get_ref().as_ref()).collect()
    }

    fn get(&self, key: &str) -> Option<&Spanned<DeValue<'t>>> {
        self.table.iter().find(|(known, _)| known.get_ref() == key).map(|(_, value)| value)
    }

    /// A text, or a number as text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        scalar(self.get(key)?.get_ref())
    }

    /// A list of scalars as texts; a single one is a list of one.
    pub(super) fn list(&self, key: &str) -> Vec<String> {
        match self.get(key).map(Spanned::get_ref) {
            Some(DeValue::Array(items)) => {
                items.iter().filter_map(|item| scalar(item.get_ref())).collect()
            }
            Some(value) => scalar(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// A table within.
    fn table(&self, key: &str) -> Option<Self> {
        self.nested(self.get(key)?)
    }

    /// The tables of a list, inline or with headers of their own; a single table is a list of one.
    pub(super) fn tables(&self, key: &str) -> Vec<Self> {
        match self.get(key) {
            None => Vec::new(),
            Some(value) => match value.get_ref() {
                DeValue::Array(items) => items.iter().filter_map(|one| self.nested(one)).collect(),
                _ => self.nested(value).into_iter().collect(),
            },
        }
    }

    fn nested(&self, value: &Spanned<DeValue<'t>>) -> Option<Self> {
        let table = value.get_ref().as_table()?.clone();
        // A table with a header of its own has the header's place; an inline one its own.
        Some(Self { text: self.text, start: value.span().start, table })
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(whole.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> u64 {
    let before = text.as_bytes().iter().take(at);
    let breaks = before.filter(|byte| **byte == b'\n').count();
    u64::try_from(breaks + 1).unwrap_or(u64::MAX)
}

/// The Modbus unit that a table names.
pub(super) fn unit(of: &Plugin<'_>, journal: &mut Journal) -> Option<u8> {
    let text = of.text("slave_id")?;
    let unit = text.parse().ok();
    if unit.is_none() {
        let why = format!("'slave_id = {text}' is no unit (0 to 255); 1 is taken");
        journal.note(of.line_of("slave_id"), why);
    }
    unit
}

/// Telegraf's lengths, `1s` or `500ms`, as Régie writes them.
pub(super) fn length(text: &str) -> Option<String> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let unit = match unit.trim() {
        "s" => "s",
        "ms" => "ms",
        "m" => "min",
        "h" => "h",
        _ => return None,
    };
    number.trim().parse::<f64>().ok().map(|number| format!("{number} {unit}"))
}

/// Where the device is, as a site file writes it; none when the plugin does not say.
///
/// # Errors
/// In words, when Régie has no such connection.
pub(super) fn connect(
    plugin: &Plugin<'_>,
    journal: &mut Journal,
) -> Result<Option<String>, String> {
    let Some(controller) = plugin.text("controller") else {
        journal.note(plugin.line(), "it names no controller: put in the address");
        return Ok(None);
    };
    let mode = plugin.text("transmission_mode").unwrap_or_default();
    if mode.to_ascii_lowercase().contains("ascii") {
        return Err(format!("'{mode}' frames are not spoken; set the device to RTU or TCP"));
    }
    if let Some(rest) = controller.strip_prefix("tcp://") {
        let scheme = if mode.eq_ignore_ascii_case("RTUoverTCP") { "rtu+tcp" } else { "tcp" };
        return Ok(Some(format!("{scheme}://{rest}")));
    }
    let Some(path) = controller.strip_prefix("file://") else {
        let line = plugin.line_of("controller");
        journal.note(line, format!("'{controller}' is no address of this machine: put it in"));
        return Ok(None);
    };
    if plugin.text("data_bits").is_some_and(|bits| bits != "8") {
        return Err("RTU has eight data bits".to_owned());
    }
    let parity = match plugin.text("parity").unwrap_or_default().to_ascii_uppercase().as_str() {
        "E" | "EVEN" => "even",
        "O" | "ODD" => "odd",
        _ => "none",
    };
    let baud = plugin.text("baud_rate").unwrap_or_else(|| BAUD.to_owned());
    let stop = plugin.text("stop_bits").unwrap_or_else(|| "1".to_owned());
    for key in ["baud_rate", "parity", "stop_bits"] {
        if plugin.text(key).is_none() {
            let line = plugin.line_of("controller");
            journal.note(line, format!("'{key}' is not said: check how the line is set"));
        }
    }
    Ok(Some(format!("serial://{path}?baud={baud}&parity={parity}&stop_bits={stop}")))
}
