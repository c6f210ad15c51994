//! The commands and the dead-man of a profile's file.

use super::{
    Argument, CommandSpec, ConfirmSpec, DeadMan, Kind, PointSpec, Refresh, Storage, WriteSpec,
};
use crate::codec;
use site::command::{OPERATIONS, Operation};
use site::text::{Node, Place, Section};
use std::collections::BTreeMap;
use std::time::Duration;

/// Writes of one command, and points that confirm it.
const STEPS_MAX: usize = 16;

/// The longest time a device may take to obey.
const SETTLE_MAX: Duration = Duration::from_secs(600);

/// Dead-men outside these bounds are typing errors.
const DEAD_MAN: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(3)..=Duration::from_secs(86_400);

/// Reads all commands; what is wrong becomes findings.
pub(super) fn read(root: &Section<'_>, points: &[PointSpec]) -> BTreeMap<String, CommandSpec> {
    let mut commands = BTreeMap::new();
    for (name, place, section) in root.named("commands", "command") {
        let Some(operation) = Operation::find(name) else {
            let known = OPERATIONS.map(|operation| operation.name);
            let message = format!("'{name}' is not a command");
            section.complain("unknown-command", place, message, &known.join(", "));
            continue;
        };
        let reader = Reader { points, operation };
        let command = reader.command(&section, place);
        section.finish();
        commands.insert(name.to_owned(), command);
    }
    commands
}

struct Reader<'a> {
    points: &'a [PointSpec],
    operation: Operation,
}

impl Reader<'_> {
    fn command(&self, section: &Section<'_>, place: Place) -> CommandSpec {
        let mut writes = Vec::new();
        for write in section.sections("write") {
            writes.extend(self.write(&write));
            write.finish();
        }
        let mut confirm = Vec::new();
        for one in section.sections("confirm") {
            confirm.extend(self.confirm(&one));
            one.finish();
        }
        for (key, length) in
            [("write", section.list("write").len()), ("confirm", section.list("confirm").len())]
        {
            if length == 0 || length > STEPS_MAX {
                let message = format!("'{key}' has {length} entries, and needs 1 to {STEPS_MAX}");
                let help = "a command that cannot be read back is never known to be obeyed";
                section.complain("out-of-range", place, message, help);
            }
        }
        let usual = Duration::from_secs(5);
        let settle = section.duration_or("settle", usual, Duration::ZERO..=SETTLE_MAX);
        CommandSpec { writes, confirm, settle }
    }

    fn write(&self, section: &Section<'_>) -> Option<WriteSpec> {
        let point = point(section, self.points);
        let node = section.need("value");
        let value = node.and_then(|node| self.argument(section, node));
        let (point, value) = (point?, value?);
        if !point.access.writes() {
            let message = format!("the point '{}' is not writable", point.name);
            section.complain(
                "not-writable",
                section.place(),
                message,
                "give it 'access: read-write'",
            );
        } else if let Argument::Constant(constant) = value
            && point.encoding.scale_point.is_none()
            && let Err(error) = codec::encode(&point.encoding, constant, 0)
        {
            let place = node.map_or(section.place(), |node| node.place);
            let message = format!("the point '{}' cannot hold {constant}: {error}", point.name);
            section.complain("out-of-range", place, message, "");
        } else {
            self.named(section, point, value);
        }
        Some(WriteSpec { point: point.name.clone(), value })
    }

    fn confirm(&self, section: &Section<'_>) -> Option<ConfirmSpec> {
        let point = point(section, self.points);
        let equals = section.need("equals").and_then(|node| self.argument(section, node));
        let tolerance = section.number_or("tolerance", 0.0, 0.0..=1e12);
        let (point, equals) = (point?, equals?);
        let readable = point.access.reads() && !matches!(point.encoding.kind, Kind::Text(_));
        if !readable || point.slow {
            let message = format!("the point '{}' cannot confirm a command", point.name);
            let help = "use a point that is read in every round and holds a number or a flag";
            section.complain("not-readable", section.place(), message, help);
        }
        self.named(section, point, equals);
        Some(ConfirmSpec { point: point.name.clone(), equals, tolerance })
    }

    /// A number without a name is bad when it is read, so it can neither be meant nor come back.
    fn named(&self, section: &Section<'_>, point: &PointSpec, value: Argument) {
        let Argument::Constant(constant) = value else { return };
        if !point.names.is_empty() && point.name_of(constant).is_none() {
            let message = format!("{constant} is not among the 'names' of '{}'", point.name);
            section.complain("out-of-range", section.place(), message, "name it there");
        }
    }

    fn argument(&self, section: &Section<'_>, node: &Node) -> Option<Argument> {
        let own = self.operation.argument.map(|argument| argument.word);
        section.scalar(node, "wrong-kind", |text| match (text.parse::<f64>(), own) {
            (Ok(number), _) if number.is_finite() => Ok(Argument::Constant(number)),
            (_, Some(own)) if text == own => Ok(Argument::Own),
            (_, Some(own)) => Err(format!("'{text}' is neither a number nor the word '{own}'")),
            (_, None) => {
                let name = self.operation.name;
                Err(format!("'{text}' is not a number, and '{name}' carries nothing of its own"))
            }
        })
    }
}

fn point<'p>(section: &Section<'_>, points: &'p [PointSpec]) -> Option<&'p PointSpec> {
    let node = section.need("point")?;
    section.scalar(node, "unknown-point", |text| {
        points
            .iter()
            .find(|point| point.name == text)
            .ok_or_else(|| format!("no point is called '{text}'"))
    })
}

/// Reads the dead-man.
pub(super) fn dead_man(
    section: Section<'_>,
    points: &[PointSpec],
    commands: &BTreeMap<String, CommandSpec>,
) -> Option<DeadMan> {
    if section.get("timeout").is_none() {
        section.need("timeout");
    }
    let timeout = section.duration_or("timeout", Duration::from_secs(60), DEAD_MAN);
    let heartbeat = section.choice("refresh", &[("heartbeat", true), ("command", false)]);
    let refresh = match heartbeat {
        Some(true) => point(&section, points).and_then(|point| heart(&section, point)),
        Some(false) => {
            refreshed(&section, points, commands);
            Some(Refresh::Command)
        }
        None => None,
    };
    section.finish();
    Some(DeadMan { timeout, refresh: refresh? })
}

fn heart(section: &Section<'_>, point: &PointSpec) -> Option<Refresh> {
    if !point.access.writes() || !matches!(point.encoding.kind, Kind::U16 | Kind::U32) {
        let message = format!("the point '{}' cannot be a heartbeat", point.name);
        let help = "a heartbeat is a writable u16 or u32";
        section.complain("not-writable", section.place(), message, help);
        return None;
    }
    if point.storage != Storage::Volatile {
        let message = format!("the heartbeat '{}' would wear out the device's memory", point.name);
        let help = "use a register that the device does not keep, or no dead-man";
        section.complain("wears-out", section.place(), message, help);
    }
    Some(Refresh::Heartbeat(point.name.clone()))
}

/// What is written again and again must not lie in memory that wears out.
fn refreshed(
    section: &Section<'_>,
    points: &[PointSpec],
    commands: &BTreeMap<String, CommandSpec>,
) {
    for (name, command) in commands {
        let written = command
            .writes
            .iter()
            .filter_map(|write| points.iter().find(|point| point.name == write.point));
        for point in written.filter(|point| point.storage != Storage::Volatile) {
            let message = format!(
                "'refresh: command' would write '{}' of the command '{name}' again and again, \
                 and wear out the device's memory",
                point.name
            );
            let help =
                "refresh with a heartbeat, or write a register that the device does not keep";
            section.complain("wears-out", section.place(), message, help);
        }
    }
}
