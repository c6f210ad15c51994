//! Districts: the last nights against the baseline, and the balance of the days.

use super::{UNKNOWN, one_line};
use jiff::civil::Date;
use policies::district::{Alarm, Day, DayVolumes, DistrictReport, Night};
use site::AssetId;
use std::collections::BTreeMap;

/// Nights that are shown; all that are kept are in `--json`.
const NIGHTS_SHOWN: usize = 14;

/// A table for each district.
#[must_use]
pub fn districts(reports: &BTreeMap<AssetId, DistrictReport>) -> String {
    if reports.is_empty() {
        return "no districts are declared in the site file\n".to_owned();
    }
    let tables: Vec<String> = reports.iter().map(|(id, report)| table(id, report)).collect();
    tables.join("\n")
}

/// An alarm in words.
pub(super) fn alarm(alarm: &Alarm) -> String {
    let share = alarm.demand_ratio;
    let share = share.map_or(String::new(), |r| format!(" ({:.0} % of demand)", 100.0 * r));
    format!("{:.1} m3/h more at night since {}{share}", alarm.size_m3h, alarm.since)
}

fn table(id: &AssetId, report: &DistrictReport) -> String {
    let title = if report.name == id.as_str() {
        id.to_string()
    } else {
        format!("{id} ({})", one_line(&report.name))
    };
    let mut lines = vec![title, format!("Night   {}", night_line(report))];
    lines.push(format!("Alarm   {}", alarm_line(report)));
    lines.push(HEADER.to_owned());
    let first = report.nights.len().saturating_sub(NIGHTS_SHOWN);
    lines.extend(report.nights[first..].iter().map(|night| row(night, day(report, night.date))));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

const HEADER: &str =
    "  date          m3/h expected  score   sum | m3 in    out stored    net   lost";

fn night_line(report: &DistrictReport) -> String {
    match (report.baseline_m3h, report.weekend_m3h, report.spread_m3h) {
        (Some(working), Some(weekend), Some(spread)) => format!(
            "{working:.1} m3/h usual, {weekend:.1} at weekends, spread {spread:.1}; sum {:.2} of \
             {:.2}",
            report.cusum, report.threshold
        ),
        _ => format!("learning, {} of {} nights", report.learned_nights, report.needed_nights),
    }
}

fn alarm_line(report: &DistrictReport) -> String {
    match (&report.alarm, &report.last_alarm) {
        (Some(now), _) => format!("{}, raised {}", alarm(now), now.raised),
        (None, Some(Alarm { since, ended: Some(ended), size_m3h, .. })) => {
            format!("none; the last one, of {size_m3h:.1} m3/h, lasted from {since} to {ended}")
        }
        (None, _) => "none".to_owned(),
    }
}

fn day(report: &DistrictReport, date: Date) -> Option<&DayVolumes> {
    let day: &Day = report.days.iter().find(|day| day.date == date)?;
    day.volumes.as_ref()
}

fn row(night: &Night, day: Option<&DayVolumes>) -> String {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or(UNKNOWN.to_owned(), |value| format!("{:.digits$}", value + 0.0))
    };
    let volume = |of: fn(&DayVolumes) -> Option<f64>| number(day.and_then(of), 0);
    format!(
        "  {} {:>7} {:>8} {:>6} {:>5} | {:>6} {:>6} {:>6} {:>6} {:>6}",
        night.date,
        number(night.flow_m3h, 1),
        number(night.expected_m3h, 1),
        number(night.score, 1),
        number(Some(night.cusum), 2),
        volume(|day| Some(day.inflow_m3)),
        volume(|day| Some(day.outflow_m3)),
        volume(|day| Some(day.storage_change_m3)),
        volume(|day| Some(day.net_m3)),
        volume(|day| day.losses_m3),
    )
}
