//! What must hold between the points of a profile.

use super::{Kind, Location, PointSpec, Table, WriteFunction};
use site::text::{Place, Section};

/// Checks each point and each pair of points.
pub(super) fn points(root: &Section<'_>, points: &[(Place, PointSpec)], max_registers: u16) {
    for (place, point) in points {
        table(root, *place, point);
        writing(root, *place, point);
        extent(root, *place, point, max_registers);
        if let Some(scale) = &point.encoding.scale_point {
            let found = points.iter().find(|(_, other)| &other.name == scale);
            scaling(root, *place, point, found.map(|(_, other)| other), max_registers);
        }
        if let Some(wanted) = point.stuck.as_ref().and_then(|stuck| stuck.while_on.as_ref()) {
            let found = points.iter().find(|(_, other)| &other.name == wanted);
            companion(root, *place, point, wanted, found.map(|(_, other)| other));
        }
    }
    overlaps(root, points);
}

fn table(root: &Section<'_>, place: Place, point: &PointSpec) {
    let Location::Register { table, .. } = point.location else {
        if point.encoding.kind == Kind::Flag {
            let message = format!("point {}: a SunSpec model holds no flags", point.name);
            root.complain("wrong-kind", place, message, "use kind 'bit' or 'u16'");
        }
        return;
    };
    if table.is_bits() != (point.encoding.kind == Kind::Flag) {
        let message = format!("point {}: its kind does not fit the table", point.name);
        let help = "coil and discrete hold 'flag'; holding and input hold all the others";
        root.complain("wrong-kind", place, message, help);
    }
}

fn writing(root: &Section<'_>, place: Place, point: &PointSpec) {
    if !point.access.writes() {
        return;
    }
    let PointSpec { name, encoding, .. } = point;
    if let Location::Register { table: table @ (Table::Discrete | Table::Input), .. } =
        point.location
    {
        let message = format!("point {name}: the table '{}' cannot be written", table.word());
        root.complain("not-writable", place, message, "remove 'access', or correct the table");
    }
    if encoding.kind.bits().is_some() || matches!(encoding.kind, Kind::Text(_)) {
        let message = format!("point {name}: bits of a register and texts are not written");
        root.complain("not-writable", place, message, "write the whole register as kind 'u16'");
    }
    if point.write_function == WriteFunction::Single && encoding.kind.width() > 1 {
        let message = format!("point {name}: several registers do not fit 'single'");
        root.complain("not-writable", place, message, "write 'write_function: multiple'");
    }
}

fn extent(root: &Section<'_>, place: Place, point: &PointSpec, max_registers: u16) {
    let (_, start, end) = span(point);
    if end > 0x1_0000 {
        let message = format!("point {}: it begins at {start} and ends past 65535", point.name);
        root.complain("out-of-range", place, message, "correct the address");
    }
    if point.encoding.kind.width() > max_registers {
        let message =
            format!("point {}: it is longer than 'max_registers', {max_registers}", point.name);
        root.complain("out-of-range", place, message, "a value is never read in two parts");
    }
}

/// A point and its scale factor are read in one request, so they must fit into one.
fn scaling(
    root: &Section<'_>,
    place: Place,
    point: &PointSpec,
    scale: Option<&PointSpec>,
    max_registers: u16,
) {
    let name = &point.name;
    let Some(scale) = scale else {
        let wanted = point.encoding.scale_point.as_deref().unwrap_or_default();
        let message = format!("point {name}: no point is called '{wanted}'");
        root.complain("unknown-point", place, message, "declare the scale factor as a point");
        return;
    };
    if !matches!(scale.encoding.kind, Kind::I16 | Kind::U16) || scale.encoding.scale_point.is_some()
    {
        let message = format!("point {name}: '{}' cannot be a scale factor", scale.name);
        root.complain("wrong-kind", place, message, "a scale factor is a plain i16 or u16");
    }
    if !scale.access.reads() {
        let message = format!("point {name}: its scale factor '{}' is never read", scale.name);
        root.complain("wrong-kind", place, message, "give it 'access: read'");
    }
    let ((space, start, end), (other, from, to)) = (span(point), span(scale));
    if space != other || end.max(to) - start.min(from) > u32::from(max_registers) {
        let message = format!("point {name}: it and '{}' do not fit into one request", scale.name);
        let help = "a value and its scale factor are read together or not at all";
        root.complain("wrong-location", place, message, help);
    }
}

/// The point that says whether a value should be moving.
fn companion(
    root: &Section<'_>,
    place: Place,
    point: &PointSpec,
    wanted: &str,
    found: Option<&PointSpec>,
) {
    let name = &point.name;
    let Some(found) = found else {
        let message = format!("point {name}: no point is called '{wanted}'");
        let help = "'stuck_while' names a flag or a number of the same profile";
        root.complain("unknown-point", place, message, help);
        return;
    };
    let fits = found.access.reads() && !matches!(found.encoding.kind, Kind::Text(_));
    if !fits || found.name == *name {
        let message = format!("point {name}: '{wanted}' cannot say when it should move");
        let help = "name another point in 'stuck_while': a flag or a number that is read";
        root.complain("wrong-kind", place, message, help);
    }
}

fn overlaps(root: &Section<'_>, points: &[(Place, PointSpec)]) {
    let mut sorted: Vec<_> =
        points.iter().map(|(place, point)| (span(point), place, point)).collect();
    sorted.sort_by_key(|(span, place, _)| (*span, **place));
    for (i, ((space, start, end), place, point)) in sorted.iter().enumerate() {
        let later = sorted.iter().skip(i + 1);
        let within = later.take_while(|((other, from, _), _, _)| other == space && from < end);
        for ((_, from, _), other_place, other) in within {
            let (a, b) = (point.encoding.kind, other.encoding.kind);
            let apart = match (a.bits(), b.bits()) {
                (Some(one), Some(two)) => start == from && a.width() == b.width() && one & two == 0,
                _ => false,
            };
            if !apart {
                let place = **place.max(other_place);
                let message =
                    format!("the points '{}' and '{}' overlap at {from}", point.name, other.name);
                let help = "correct the address or the kind of one of them";
                root.complain("register-overlap", place, message, help);
            }
        }
    }
}

/// The space a point lies in, where it begins, and where it has ended.
fn span(point: &PointSpec) -> ((u8, u16), u32, u32) {
    let (space, start) = match point.location {
        Location::Register { table, address } => {
            let table = match table {
                Table::Coil => 0,
                Table::Discrete => 1,
                Table::Holding => 2,
                Table::Input => 3,
            };
            ((table, 0), address)
        }
        Location::Model { model, offset } => ((4, model), offset),
    };
    let start = u32::from(start);
    (space, start, start + u32::from(point.encoding.kind.width()))
}
