//! Street lighting.

use super::assets::{Points, control, device, name};
use super::days::days;
use super::water::time_of_day;
use super::{Context, share, tariff};
use crate::asset::{
    CalendarLine, Dates, Extinction, Lighting, LightingPoints, NamedProgram, PlannedOverride,
    ProgramLine, ProgramStart,
};
use crate::ids::AssetId;
use crate::text::Section;
use crate::units::{Power, Price};
use jiff::civil::{Date, DateTime};

pub(super) fn lighting(root: &Section<'_>, context: &Context<'_>) -> Vec<Lighting> {
    let mut cabinets = Vec::new();
    for (id, place, section) in root.named("lighting", "lighting") {
        let cabinet = name(id, place, &section).and_then(|id| cabinet(id, &section, context));
        section.finish();
        cabinets.extend(cabinet);
    }
    cabinets.sort_by(|a, b| a.id.cmp(&b.id));
    cabinets
}

fn cabinet(id: AssetId, section: &Section<'_>, context: &Context<'_>) -> Option<Lighting> {
    let device = device(section, context);
    let control = control(section, context, device.as_ref(), &["light", "dark"]);
    let rated_power = section.quantity::<Power>("rated_power");
    let value = section.quantity_or("value", Price::new(0.5));
    let safety = section.flag_or("safety", false);
    let usual = program(section, "program");
    let programs = programs(section);
    let calendar = calendar(section, &programs);
    let (extinction, overrides) = (extinction(section), overrides(section));
    check_safety(section, safety, (&usual, &programs), &extinction);
    let points = device.clone().and_then(|device| {
        let points = Points::open(section, context, device);
        let (lit, remote, level) =
            (points.need("lit"), points.need("remote"), points.need("level"));
        let (dark, power) = (points.maybe("dark"), points.maybe("power"));
        points.finish();
        Some(LightingPoints { lit: lit?, remote: remote?, level: level?, dark, power })
    });
    Some(Lighting {
        id,
        device: device?,
        control: control?,
        rated_power: rated_power?,
        program: usual,
        safety,
        programs,
        calendar,
        extinction,
        overrides,
        value,
        points: points?,
    })
}

fn program(section: &Section<'_>, key: &'static str) -> Vec<ProgramLine> {
    let mut lines = Vec::new();
    for line in section.sections(key) {
        let from = line.need("from").and_then(|node| {
            line.scalar(node, "wrong-time", |text| match text {
                "dusk" => Ok(ProgramStart::Dusk),
                clock => time_of_day(clock).map(ProgramStart::Clock),
            })
        });
        let level = share(&line, "level", None);
        let least = level.map_or(1.0, |level| level.get());
        let may_dim_to = share(&line, "may_dim_to", Some(least));
        if let (Some(level), Some(dim)) = (level, may_dim_to)
            && dim > level
        {
            let message = "'may_dim_to' is above 'level'";
            line.complain("out-of-range", line.place(), message, "dim downwards");
        }
        line.finish();
        if let (Some(from), Some(level), Some(may_dim_to)) = (from, level, may_dim_to) {
            lines.push(ProgramLine { from, level, may_dim_to });
        }
    }
    if lines.first().is_none_or(|line| line.from != ProgramStart::Dusk) {
        let message = "the program does not begin with a line 'from: dusk'";
        section.complain("program-without-dusk", section.place(), message, "add it as the first");
    }
    lines
}

fn programs(section: &Section<'_>) -> Vec<NamedProgram> {
    let mut programs = Vec::new();
    for (name, _, inner) in section.named("programs", "program") {
        let lines = program(&inner, "lines");
        inner.finish();
        programs.push(NamedProgram { name: name.to_owned(), lines });
    }
    programs
}

fn calendar(section: &Section<'_>, programs: &[NamedProgram]) -> Vec<CalendarLine> {
    let mut lines = Vec::new();
    for line in section.sections("calendar") {
        let dates = dates_maybe(&line, "dates");
        let days = days(&line);
        let program = line.need("program").and_then(|node| {
            line.scalar(node, "unknown-program", |text| {
                let known = programs.iter().any(|program| program.name == text);
                let wrong = || format!("'programs' has no program '{text}'");
                known.then(|| text.to_owned()).ok_or_else(wrong)
            })
        });
        line.finish();
        let read = program.zip(days);
        lines.extend(read.map(|(program, days)| CalendarLine { dates, days, program }));
    }
    lines
}

fn extinction(section: &Section<'_>) -> Vec<Extinction> {
    let mut orders = Vec::new();
    for order in section.sections("extinction") {
        let reference = order.text("reference");
        let from = order.need("from").and_then(|n| order.scalar(n, "wrong-date", date));
        let until = order.get("until").and_then(|n| order.scalar(n, "wrong-date", date));
        let hours = order.need("hours").and_then(|n| order.scalar(n, "wrong-time", tariff::hours));
        let days = days(&order);
        let read = |node| order.scalar(node, "wrong-date", dates);
        let exceptions = order.list("exceptions").iter().filter_map(read).collect();
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            let message = "'until' lies before 'from'";
            order.complain("out-of-range", order.place(), message, "");
        }
        order.finish();
        if let (Some(reference), Some(from), Some(hours), Some(days)) =
            (reference, from, hours, days)
        {
            orders.push(Extinction { reference, from, until, hours, days, exceptions });
        }
    }
    orders
}

fn overrides(section: &Section<'_>) -> Vec<PlannedOverride> {
    let mut orders = Vec::new();
    for order in section.sections("overrides") {
        let time = |key| order.need(key).and_then(|n| order.scalar(n, "wrong-time", date_time));
        let (from, until) = (time("from"), time("until"));
        let (level, reason) = (share(&order, "level", None), order.text("reason"));
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            order.complain("out-of-range", order.place(), "'until' is not after 'from'", "");
        }
        order.finish();
        if let (Some(from), Some(until), Some(level), Some(reason)) = (from, until, level, reason) {
            orders.push(PlannedOverride { from, until, level, reason });
        }
    }
    orders
}

fn check_safety(
    section: &Section<'_>,
    safety: bool,
    (usual, programs): (&[ProgramLine], &[NamedProgram]),
    extinction: &[Extinction],
) {
    if !safety {
        return;
    }
    let all = programs.iter().flat_map(|program| &program.lines).chain(usual);
    let help = "take the line out, or the cabinet out of the safety class";
    if all.clone().any(|line| line.may_dim_to < line.level) {
        let message = "a safety segment is never dimmed for a price, and 'may_dim_to' allows it";
        section.complain("safety-dimmed", section.place(), message, help);
    }
    if !extinction.is_empty() {
        let message = "a safety segment has an 'extinction'";
        section.complain("safety-dimmed", section.place(), message, help);
    }
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("'{text}' is not a date; write \"2026-05-01\""))
}

fn date_time(text: &str) -> Result<DateTime, String> {
    let wrong = |_| format!("'{text}' is not a local time; write \"2026-07-13T21:00\"");
    text.parse().map_err(wrong)
}

fn dates_maybe(section: &Section<'_>, key: &'static str) -> Option<Dates> {
    section.scalar(section.get(key)?, "wrong-date", dates)
}

/// Reads "12-20..01-02" (every year), "2026-07-13..2026-07-14", or one date alone.
fn dates(text: &str) -> Result<Dates, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (from.trim(), to.trim());
    let wrong = || {
        format!(
            "'{text}' is no date or range of dates; write \"12-24\" or \"2026-07-13..2026-07-14\""
        )
    };
    if let (Ok(from), Ok(to)) = (from.parse::<Date>(), to.parse::<Date>()) {
        return if from <= to { Ok(Dates::Once { from, to }) } else { Err(wrong()) };
    }
    let month_day = |text: &str| {
        // A leap year knows every day there is.
        let date = format!("2024-{text}").parse::<Date>().map_err(|_| wrong())?;
        Ok::<_, String>((date.month(), date.day()))
    };
    Ok(Dates::Yearly { from: month_day(from)?, to: month_day(to)? })
}
