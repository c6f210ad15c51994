//! From a profile's text to a [`Profile`], or to all its findings.

use super::point::{self, Frame};
use super::{Profile, check, commands};
use site::text::{self, Finding, Findings, Section};
use std::path::Path;
use std::time::Duration;

/// The most points a profile may have: more than any device of the field lists.
const POINTS_MAX: usize = 500;

/// The most registers Modbus gives in one answer.
const REGISTERS_MAX: u16 = 125;

/// The longest pause of a device that is no typing error.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Reads a profile. `origin` is the file named in findings.
///
/// # Errors
/// All findings, in the order of the file.
pub fn read(text: &str, origin: &Path) -> Result<Profile, Vec<Finding>> {
    let findings = Findings::new(origin);
    let profile = text::parse(text, &findings)
        .and_then(|root| Section::open(&root, "the profile", &findings).and_then(whole));
    match profile {
        Some(profile) if findings.is_empty() => Ok(profile),
        _ => Err(findings.into_sorted()),
    }
}

fn whole(root: Section<'_>) -> Option<Profile> {
    let name = root.text("profile");
    let version = root.number::<u32>("version", 1..=u32::MAX);
    let description = root.text("description");
    let first_address = root.number::<u16>("first_address", 0..=1);
    let max_registers = root.number_or("max_registers", REGISTERS_MAX, 1..=REGISTERS_MAX);
    let max_gap = root.number_or("max_gap", 50, 0..=REGISTERS_MAX);
    let pause = |key| root.duration_or(key, Duration::ZERO, Duration::ZERO..=PAUSE_MAX);
    let (connect_pause, request_pause) = (pause("connect_pause"), pause("request_pause"));
    let sunspec = root.flag_or("sunspec", false);
    let frame = Frame { first_address: first_address.unwrap_or(0), max_registers, sunspec };
    let mut placed = Vec::new();
    let sections = root.named("points", "point");
    if sections.is_empty() {
        root.complain(
            "missing-key",
            root.place(),
            "there are no points",
            "declare them in 'points'",
        );
    }
    if sections.len() > POINTS_MAX {
        let message = format!("{} points, at most {POINTS_MAX} are read", sections.len());
        root.complain("out-of-range", root.place(), message, "leave out what nobody uses");
    }
    for (name, place, section) in sections {
        let point = point::read(name, place, &section, &frame);
        section.finish();
        placed.extend(point.map(|point| (place, point)));
    }
    check::points(&root, &placed, max_registers);
    let points: Vec<_> = placed.into_iter().map(|(_, point)| point).collect();
    let commands = commands::read(&root, &points);
    let dead_man =
        root.section_maybe("dead_man").and_then(|s| commands::dead_man(s, &points, &commands));
    root.finish();
    Some(Profile {
        name: name?,
        version: version?,
        description: description?,
        max_registers,
        max_gap,
        connect_pause,
        request_pause,
        sunspec,
        points,
        commands,
        dead_man,
    })
}
