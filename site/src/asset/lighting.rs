//! Street lighting: programs by the night, a calendar of nights, extinction by order of the mayor,
//! and overrides, in the words of TALQ (control program, calendar, override).

use super::Control;
use crate::days::Days;
use crate::holidays::Holidays;
use crate::ids::{AssetId, DeviceId, PointId};
use crate::tariff::Hours;
use crate::units::{Power, Price, Ratio};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// When a line of a lighting program begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramStart {
    /// At dusk (end of civil twilight).
    Dusk,
    /// At a local time of day.
    Clock(Time),
}

/// One line of a lighting program; it holds until the next line, and the last until dawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProgramLine {
    /// When it begins.
    pub from: ProgramStart,
    /// The level wanted.
    pub level: Ratio,
    /// The plan may dim down to this.
    pub may_dim_to: Ratio,
}

/// A street-lighting cabinet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lighting {
    /// Its name.
    pub id: AssetId,
    /// Its device.
    pub device: DeviceId,
    /// How it is controlled.
    pub control: Control,
    /// Power at full level.
    pub rated_power: Power,
    /// The usual program, from dusk to dawn.
    pub program: Vec<ProgramLine>,
    /// Crossings, emergency services: never dimmed or switched off for a price.
    pub safety: bool,
    /// Other programs, for nights that the calendar names.
    pub programs: Vec<NamedProgram>,
    /// Which program holds in which nights; the first line that fits, otherwise the usual one.
    pub calendar: Vec<CalendarLine>,
    /// Hours of darkness ordered by the mayor.
    pub extinction: Vec<Extinction>,
    /// Levels ordered for certain hours, above everything else that the file says.
    pub overrides: Vec<PlannedOverride>,
    /// What a kWh of light that was wished and not given is worth.
    pub value: Price,
    /// Its points.
    pub points: LightingPoints,
}

/// The points of a lighting cabinet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LightingPoints {
    /// Feedback: the contactor is closed.
    pub lit: PointId,
    /// The local/remote switch stands on remote.
    pub remote: PointId,
    /// The dimming level in force, in per cent.
    pub level: PointId,
    /// The photocell sees darkness.
    pub dark: Option<PointId>,
    /// Active power in W.
    pub power: Option<PointId>,
}

/// A program by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedProgram {
    /// Its name.
    pub name: String,
    /// Its lines.
    pub lines: Vec<ProgramLine>,
}

/// A range of dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    /// From one month and day to another, every year; it may go over the new year.
    Yearly {
        /// Month and day of the first date.
        from: (i8, i8),
        /// Month and day of the last date.
        to: (i8, i8),
    },
    /// Once.
    Once {
        /// The first date.
        from: Date,
        /// The last date.
        to: Date,
    },
}

impl Dates {
    /// Whether a date lies in it.
    #[must_use]
    pub fn contain(&self, day: Date) -> bool {
        match *self {
            Self::Once { from, to } => (from..=to).contains(&day),
            Self::Yearly { from, to } => {
                let day = (day.month(), day.day());
                if from <= to { (from..=to).contains(&day) } else { day >= from || day <= to }
            }
        }
    }
}

/// A line of the calendar: nights are named by the date of their evening.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarLine {
    /// On which dates; none is all.
    pub dates: Option<Dates>,
    /// On which days of the week.
    pub days: Days,
    /// The program that holds then.
    pub program: String,
}

/// Darkness by order: in France a decree of the mayor (CGCT L2212-2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extinction {
    /// The order, so that everybody can look it up.
    pub reference: String,
    /// The first night in which it is in force.
    pub from: Date,
    /// The last one; none until it is revoked.
    pub until: Option<Date>,
    /// Local hours of darkness.
    pub hours: Hours,
    /// In which nights of the week.
    pub days: Days,
    /// Nights in which the lamps stay on all the same.
    pub exceptions: Vec<Dates>,
}

/// A level ordered for some hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedOverride {
    /// Local time at which it begins.
    pub from: DateTime,
    /// Local time at which it ends.
    pub until: DateTime,
    /// The level; zero is off.
    pub level: Ratio,
    /// Why.
    pub reason: String,
}

/// The date of the evening in which the night of an instant began: nights go from noon to noon.
fn night_of(at: Timestamp, zone: &TimeZone) -> Date {
    let local = at.to_zoned(zone.clone());
    let date = local.date();
    if local.hour() < 12 { date.checked_sub(1.day()).unwrap_or(date) } else { date }
}

impl Lighting {
    /// The order by which it is dark at an instant; none where nobody ordered it.
    #[must_use]
    pub fn extinct(
        &self,
        at: Timestamp,
        zone: &TimeZone,
        holidays: Holidays,
    ) -> Option<&Extinction> {
        let (night, time) = (night_of(at, zone), at.to_zoned(zone.clone()).time());
        self.extinction.iter().find(|order| {
            order.from <= night
                && order.until.is_none_or(|until| night <= until)
                && order.hours.contains(time)
                && order.days.contain(night, holidays)
                && !order.exceptions.iter().any(|dates| dates.contain(night))
        })
    }

    /// The program of the night of an instant.
    #[must_use]
    pub fn program_at(&self, at: Timestamp, zone: &TimeZone, holidays: Holidays) -> &[ProgramLine] {
        let night = night_of(at, zone);
        let line = self.calendar.iter().find(|line| {
            line.dates.is_none_or(|dates| dates.contain(night))
                && line.days.contain(night, holidays)
        });
        let named = line.and_then(|line| self.programs.iter().find(|p| p.name == line.program));
        named.map_or(&self.program, |program| &program.lines)
    }

    /// The override in force at an instant.
    #[must_use]
    pub fn override_at(&self, at: Timestamp, zone: &TimeZone) -> Option<&PlannedOverride> {
        let local = at.to_zoned(zone.clone()).datetime();
        self.overrides.iter().find(|order| order.from <= local && local < order.until)
    }

    /// The least level that any of its programs asks for at night: for a safety segment, what it
    /// must never fall below while it is dark.
    #[must_use]
    pub fn least_level(&self) -> Ratio {
        let programs = self.programs.iter().map(|program| &program.lines);
        let lines = programs.chain([&self.program]).flatten();
        lines.map(|line| line.level).fold(Ratio::ONE, Ratio::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const SITE: &str = r#"
regie: 1
site: {id: s, name: S, time_zone: Europe/Paris, latitude: 47, longitude: 5}
devices: {d: {profile: p, connect: "tcp://127.0.0.1:1"}}
grid: {power: d.power}
tariff: {classes: [{name: all, price: 0.1 EUR/kWh, months: 1-12, hours: ["00:00-00:00"]}]}
lighting:
  L:
    device: d
    safe_state: on
    rated_power: 3 kW
    program: [{from: dusk, level: 100 %}]
    programs: {feast: {lines: [{from: dusk, level: 90 %}]}}
    calendar: [{dates: "12-20..01-02", program: feast}]
    extinction:
      - {reference: "2025-17", from: "2025-10-01", until: "2026-06-30", hours: "23:30-05:00",
         exceptions: ["12-31", "2026-03-21"]}
    overrides: [{from: "2026-01-10T22:00", until: "2026-01-11T01:00", level: 50 %, reason: film}]
"#;

    fn cabinet(text: &str) -> Result<Lighting, Vec<crate::text::Finding>> {
        let read = crate::file::read(text, std::path::Path::new("site.yaml"));
        read.map(|resolved| resolved.site.lighting[0].clone())
    }

    fn at(local: &str) -> Timestamp {
        format!("{local}[Europe/Paris]").parse::<jiff::Zoned>().unwrap().timestamp()
    }

    #[test]
    fn an_order_holds_from_its_evening_to_the_next_morning_but_for_its_exceptions() {
        let (cabinet, zone) = (cabinet(SITE).unwrap(), TimeZone::get("Europe/Paris").unwrap());
        let dark = |local: &str| cabinet.extinct(at(local), &zone, Holidays::France).is_some();
        assert!(!dark("2025-10-01T02:00"), "this night began the evening before the order did");
        assert!(!dark("2025-10-01T23:00") && dark("2025-10-01T23:30"));
        assert!(dark("2025-10-02T04:59") && !dark("2025-10-02T05:00"));
        assert!(!dark("2026-01-01T01:00"), "the night of New Year's Eve");
        assert!(dark("2026-01-02T01:00") && !dark("2026-03-22T02:00"));
        assert!(dark("2026-07-01T02:00") && !dark("2026-07-01T23:45"), "its last night is over");
        // The night of the clock change has an hour less, and the order holds all the same.
        assert!(dark("2026-03-29T04:30"));
        assert_eq!(night_of(at("2026-01-01T03:00"), &zone), date(2025, 12, 31));
    }

    #[test]
    fn the_calendar_names_the_program_of_a_night_and_an_override_stands_above_it() {
        let (cabinet, zone) = (cabinet(SITE).unwrap(), TimeZone::get("Europe/Paris").unwrap());
        let level = |local: &str| {
            cabinet.program_at(at(local), &zone, Holidays::France)[0].level.percent().round()
        };
        assert!((level("2025-12-19T20:00") - 100.0).abs() < 1e-9);
        assert!((level("2025-12-20T20:00") - 90.0).abs() < 1e-9);
        assert!((level("2026-01-03T03:00") - 90.0).abs() < 1e-9, "the night of 2 January");
        assert!((level("2026-01-03T20:00") - 100.0).abs() < 1e-9);
        assert!(cabinet.override_at(at("2026-01-10T23:30"), &zone).is_some());
        assert!(cabinet.override_at(at("2026-01-11T01:00"), &zone).is_none());
        assert!((cabinet.least_level().get() - 0.9).abs() < 1e-9);
    }

    #[test]
    fn a_safety_segment_cannot_be_dimmed_or_switched_off() {
        let safe = SITE.replace("safe_state: on", "safe_state: on\n    safety: true");
        let found = cabinet(&safe).expect_err("it has an extinction");
        assert!(found.iter().any(|f| f.code == "safety-dimmed"), "{found:?}");
        let wrong = SITE.replace("program: feast}]", "program: fest}]");
        let found = cabinet(&wrong).expect_err("no such program");
        assert!(found.iter().any(|f| f.message.contains("no program 'fest'")), "{found:?}");
        for dates in ["13-01", "2026-02-30", "12-31..2026-01-01", "2026-05-02..2026-05-01"] {
            let wrong = SITE.replace("12-20..01-02", dates);
            let found = cabinet(&wrong).expect_err("no such date");
            assert!(found.iter().any(|f| f.code == "wrong-date"), "{dates}: {found:?}");
        }
    }
}
