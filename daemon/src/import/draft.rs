//! A point on its way from a foreign list to a profile.

use super::{Journal, words::Names};
use crate::cli::render::one_line;
use drivers::profile::{self, Access, Table};
use std::fmt::Write;
use std::path::Path;

/// The most points of a profile.
const POINTS_MAX: usize = 500;

/// The longest comment beside a point, in characters.
const COMMENT_MAX: usize = 80;

/// What stands in the registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A coil or a discrete input.
    Flag,
    /// A number, by its kind in profiles.
    Number(&'static str),
    /// A bit of a register.
    Bit(u8),
    /// Half a register as an unsigned number: its lowest bit is 0 or 8.
    Half(u8),
    /// A text of so many registers.
    Text(u16),
}

impl Shape {
    /// Registers (or bits) that it takes.
    pub(super) fn width(self) -> u16 {
        match self {
            Self::Flag | Self::Bit(_) | Self::Half(_) => 1,
            Self::Text(registers) => registers,
            Self::Number("u32" | "i32" | "f32" | "bcd32") => 2,
            Self::Number("u64" | "i64" | "f64" | "bcd64") => 4,
            Self::Number(_) => 1,
        }
    }
}

/// One point as a list has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    /// The line of the list.
    pub(super) line: u64,
    /// What the list calls it.
    pub(super) label: String,
    /// Where it is.
    pub(super) table: Table,
    /// Its first register or bit, 0-based.
    pub(super) address: u16,
    /// Its number in the list, when that is another.
    pub(super) number: Option<String>,
    /// What it is.
    pub(super) shape: Shape,
    /// The low word comes first.
    pub(super) low_word_first: bool,
    /// The bytes of each register are exchanged.
    pub(super) swap_bytes: bool,
    /// Factor to its unit.
    pub(super) scale: f64,
    /// Added after that.
    pub(super) add: f64,
    /// A unit that profiles know.
    pub(super) unit: Option<String>,
    /// What may be done with it.
    pub(super) access: Access,
    /// What the list says of it.
    pub(super) comment: Option<String>,
}

impl Draft {
    /// A point without anything special about it.
    pub(super) fn new(line: u64, label: &str, place: (Table, u16), shape: Shape) -> Self {
        Self {
            line,
            label: label.to_owned(),
            table: place.0,
            address: place.1,
            number: None,
            shape,
            low_word_first: false,
            swap_bytes: false,
            scale: 1.0,
            add: 0.0,
            unit: None,
            access: Access::Read,
            comment: None,
        }
    }

    fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.shape.width())
    }

    /// Whether both cannot be in one profile. Several bits of one register can.
    fn collides(&self, other: &Self) -> bool {
        let apart = self.table != other.table
            || self.end() <= u32::from(other.address)
            || other.end() <= u32::from(self.address);
        let bits = match (self.bits(), other.bits()) {
            (Some(a), Some(b)) => a & b == 0 && self.address == other.address,
            _ => false,
        };
        !apart && !bits
    }

    /// Which bits of its register it takes, when it does not take all of it.
    fn bits(&self) -> Option<u16> {
        let taken = match self.shape {
            Shape::Bit(bit) => 1_u16.checked_shl(bit.into()).unwrap_or(0),
            Shape::Half(lowest) => 0xFF_u16.checked_shl(lowest.into()).unwrap_or(0),
            Shape::Flag | Shape::Number(_) | Shape::Text(_) => return None,
        };
        Some(if self.swap_bytes { taken.swap_bytes() } else { taken })
    }

    /// The point on one line of YAML, below `points:`.
    fn yaml(&self, name: &str) -> String {
        let mut text = format!("  {name}: {{{}: {}", self.table.word(), self.address);
        let _ = match self.shape {
            Shape::Flag => write!(text, ", kind: flag"),
            Shape::Number(kind) => write!(text, ", kind: {kind}"),
            Shape::Bit(bit) => write!(text, ", kind: bit, bit: {bit}"),
            Shape::Half(bit) => write!(text, ", kind: bits, bit: {bit}, count: 8"),
            Shape::Text(length) => write!(text, ", kind: text, length: {length}"),
        };
        if self.low_word_first && self.shape.width() > 1 {
            text.push_str(", low_word_first: true");
        }
        if self.swap_bytes && self.shape != Shape::Flag {
            text.push_str(", swap_bytes: true");
        }
        if matches!(self.shape, Shape::Number(_)) {
            if (self.scale - 1.0).abs() > 1e-12 {
                let _ = write!(text, ", scale: {}", self.scale);
            }
            if self.add.abs() > 1e-12 {
                let _ = write!(text, ", add: {}", self.add);
            }
        }
        if let Some(unit) = &self.unit {
            let _ = write!(text, ", unit: \"{unit}\"");
        }
        match self.access {
            Access::Read => {}
            Access::Write => text.push_str(", access: write"),
            Access::ReadWrite => text.push_str(", access: read-write"),
        }
        text.push('}');
        if let Some(number) = &self.number {
            let _ = write!(text, "  # {number}");
        }
        text.push('\n');
        text
    }
}

/// The points of a profile as YAML and their number; what cannot stand beside the others is told.
pub(super) fn settle(mut drafts: Vec<Draft>, journal: &mut Journal) -> Option<(String, usize)> {
    for draft in &mut drafts {
        tame(draft, journal);
    }
    let mut kept: Vec<Draft> = Vec::new();
    for draft in drafts {
        if draft.end() > 0x1_0000 {
            journal.lose(draft.line, format!("'{}' ends past register 65535", draft.label));
        } else if let Some(other) = kept.iter().find(|other| draft.collides(other)) {
            let (label, line) = (&draft.label, other.line);
            let text = format!(
                "'{label}' lies on the same register as '{}' of line {line}; keep one of them",
                other.label
            );
            journal.lose(draft.line, text);
        } else if kept.len() == POINTS_MAX {
            let text = format!("'{}': a profile has {POINTS_MAX} points at most", draft.label);
            journal.lose(draft.line, text);
        } else {
            kept.push(draft);
        }
    }
    readable(kept, journal)
}

/// What a profile cannot say of a point is left out, and told.
fn tame(draft: &mut Draft, journal: &mut Journal) {
    let written = draft.access != Access::Read;
    let read_only = matches!(draft.table, Table::Discrete | Table::Input);
    let no_number = matches!(draft.shape, Shape::Bit(_) | Shape::Half(_) | Shape::Text(_));
    if written && (read_only || no_number) {
        let why = if read_only { "its table cannot be written" } else { "bits and texts are not" };
        journal.note(draft.line, format!("'{}' is only read: {why}", draft.label));
        draft.access = Access::Read;
    }
    let plain = (draft.scale - 1.0).abs() < 1e-12 && draft.add.abs() < 1e-12;
    if !matches!(draft.shape, Shape::Number(_)) && (!plain || draft.unit.is_some()) {
        journal
            .note(draft.line, format!("'{}': bits and texts have no scale or unit", draft.label));
        (draft.scale, draft.add, draft.unit) = (1.0, 0.0, None);
    }
    if !draft.scale.is_finite() || draft.scale.abs() < 1e-12 || draft.scale.abs() > 1e12 {
        journal
            .note(draft.line, format!("'{}': a scale of {} is not used", draft.label, draft.scale));
        draft.scale = 1.0;
    }
}

/// Drops what the reader of profiles still minds, until it minds nothing.
fn readable(mut kept: Vec<Draft>, journal: &mut Journal) -> Option<(String, usize)> {
    loop {
        let mut names = Names::default();
        let (mut body, mut lines) = (String::new(), Vec::new());
        for draft in &kept {
            if let Some(comment) = &draft.comment {
                let comment: String = comment.chars().take(COMMENT_MAX).collect();
                let _ = writeln!(body, "  # {}", one_line(&comment));
            }
            let name = names.take(&draft.label);
            if name != draft.label {
                let text = format!("'{}' is called {name}", one_line(&draft.label));
                journal.note(draft.line, text);
            }
            body.push_str(&draft.yaml(&name));
            lines.push(u64::try_from(body.lines().count()).unwrap_or(u64::MAX));
        }
        let head = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n";
        let shift = u64::try_from(head.lines().count()).unwrap_or_default();
        match profile::read(&format!("{head}{body}"), Path::new("import")) {
            Ok(_) => return Some((body, kept.len())),
            Err(findings) => {
                let wrong = |line: &u64| findings.iter().find(|one| one.place.line == line + shift);
                let found: Vec<Option<String>> =
                    lines.iter().map(|line| wrong(line).map(|one| one.message.clone())).collect();
                if kept.is_empty() || found.iter().all(Option::is_none) {
                    return None;
                }
                let mut found = found.into_iter();
                kept.retain(|draft| match found.next().flatten() {
                    Some(why) => {
                        journal.lose(draft.line, format!("'{}': {why}", draft.label));
                        false
                    }
                    None => true,
                });
            }
        }
    }
}

/// A whole profile.
pub(super) fn profile(name: &str, description: &str, file: &str, body: &str) -> String {
    let (description, file) = (one_line(description), one_line(file));
    let description = description.replace(['"', '\\'], "'");
    format!(
        "# Taken over from {file}. Check it against the device (regie probe ... --read), give ranges\n\
         # and sentinels, and add the commands that it takes: see docs/commissioning.md.\n\
         profile: {name}\nversion: 1\ndescription: \"{description}\"\nfirst_address: 0\n\
         max_registers: 125\nmax_gap: 20\n\npoints:\n{body}"
    )
}
