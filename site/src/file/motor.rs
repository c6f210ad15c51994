//! What a motor bears: run times, rests, starts. A site file may ask less of a motor than is usual
//! as it likes; to ask more it must cite the nameplate, because nobody else knows.

use super::seconds;
use crate::text::Section;
use crate::units::Power;
use std::time::Duration;

/// Up to this rated power a motor is small, W.
const SMALL: f64 = 22_000.0;
/// Starts in an hour and in 24 hours that every small motor bears, and every large one: below what
/// makers of borehole motors allow.
const STARTS_SMALL: (u32, u32) = (4, 96);
const STARTS_LARGE: (u32, u32) = (2, 48);
/// Every motor runs and rests at least so long, s.
const MIN_RUN: u64 = 180;
const MIN_STOP: u64 = 360;
/// The most starts in an hour that a site file may allow.
const STARTS_PER_HOUR_MAX: u32 = 60;
/// The most starts in 24 hours that a site file may allow: what makers allow the smallest motors.
const STARTS_PER_DAY_MAX: u32 = 300;
/// The longest citation, in characters.
const NAMEPLATE_MAX: usize = 200;

/// What a motor bears, every default filled in.
pub(super) struct Bears {
    pub(super) min_run: Duration,
    pub(super) min_stop: Duration,
    pub(super) starts_per_hour: u32,
    pub(super) starts_per_day: u32,
    pub(super) nameplate: Option<String>,
}

/// Reads what a motor bears. `usual` are the run time and the rest where the file names none, s;
/// they are no shorter than every motor's.
pub(super) fn bears(
    section: &Section<'_>,
    rated: Option<Power>,
    usual: Option<(u64, u64)>,
) -> Bears {
    let small = rated.is_some_and(|power| power.get() <= SMALL);
    let (per_hour, per_day) = if small { STARTS_SMALL } else { STARTS_LARGE };
    let (run, stop) = usual.unwrap_or((MIN_RUN, MIN_STOP));
    let bears = Bears {
        min_run: seconds(section, "min_run", run),
        min_stop: seconds(section, "min_stop", stop),
        starts_per_hour: section.number_or(
            "max_starts_per_hour",
            per_hour,
            1..=STARTS_PER_HOUR_MAX,
        ),
        starts_per_day: section.number_or("max_starts_per_day", per_day, 1..=STARTS_PER_DAY_MAX),
        nameplate: nameplate(section),
    };
    // One that cannot be read is a finding of its own.
    if section.get("nameplate").is_none() {
        for (key, found, bound) in bears.asks_more(per_hour, per_day) {
            let node = section.get(key).map_or(section.place(), |node| node.place);
            let message = format!("'{key}' is {found}, and no nameplate is cited for it: {bound}");
            let help = "cite maker, type and what they allow, nameplate: \"..\", or remove the key";
            section.complain("no-nameplate", node, message, help);
        }
    }
    bears
}

impl Bears {
    /// What is asked beyond what every motor bears: the key, what stands there, and the bound.
    fn asks_more(&self, per_hour: u32, per_day: u32) -> Vec<(&'static str, String, String)> {
        let mut more = Vec::new();
        for (key, time, least) in
            [("min_run", self.min_run, MIN_RUN), ("min_stop", self.min_stop, MIN_STOP)]
        {
            if time < Duration::from_secs(least) {
                let bound = format!("at least {least} s then");
                more.push((key, format!("{:.0} s", time.as_secs_f64()), bound));
            }
        }
        for (key, starts, most) in [
            ("max_starts_per_hour", self.starts_per_hour, per_hour),
            ("max_starts_per_day", self.starts_per_day, per_day),
        ] {
            if starts > most {
                more.push((key, starts.to_string(), format!("at most {most} then")));
            }
        }
        more
    }
}

fn nameplate(section: &Section<'_>) -> Option<String> {
    let node = section.get("nameplate")?;
    section.scalar(node, "wrong-kind", |text| {
        let length = text.trim().chars().count();
        if (1..=NAMEPLATE_MAX).contains(&length) && !text.chars().any(char::is_control) {
            Ok(text.trim().to_owned())
        } else {
            Err(format!("'nameplate' must be one line of 1 to {NAMEPLATE_MAX} characters"))
        }
    })
}
