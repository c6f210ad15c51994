//! How good forecasts were: a row for each quantity and lead time.

use super::UNKNOWN;
use crate::past::BacktestReport;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policies::forecast::backtest::Score;

const HEADER: &str = "                     lead  quarters     mean      MAE     bias     RMSE \
                      | yesterday   skill  clear sky | in spread";

/// A table of the scores.
#[must_use]
pub fn backtest(report: &BacktestReport, zone: &TimeZone) -> String {
    let time = |at: Option<Timestamp>| {
        let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%F %R").to_string();
        at.map_or(UNKNOWN.to_owned(), local)
    };
    let (from, to, first) = (time(report.from), time(report.to), time(report.learned_from));
    let images = report.images;
    let mut lines =
        vec![format!("Forecasts from {from} to {to}, learned from {first} on, {images} images")];
    if report.scores.is_empty() {
        lines.push(
            "nothing to compare: the first day only teaches, and then both the value and \
                    that of the day before must have been measured"
                .to_owned(),
        );
    } else {
        lines.push(HEADER.to_owned());
        lines.extend(report.scores.iter().map(row));
        lines.push(
            "MAE mean absolute error; bias above 0: too much was forecast; yesterday, \
                    clear sky: MAE of persistence;"
                .to_owned(),
        );
        lines.push(
            "skill: 1 less MAE over yesterday's; in spread: about 68 % where spreads are \
                    right"
                .to_owned(),
        );
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn row(score: &Score) -> String {
    let Score { quantity, unit, lead_hours, count, mean, mae, bias, rmse, .. } = score;
    let name = format!("{quantity}, {unit}");
    let lead = format!("{lead_hours} h");
    let clear = score.clear_sky_persistence_mae.map_or(UNKNOWN.into(), |mae| format!("{mae:.2}"));
    format!(
        "{name:<16}{lead:>9}{count:>10}{mean:>9.2}{mae:>9.2}{bias:>+9.2}{rmse:>9.2} |{:>10.2}{:>6.0} %\
         {clear:>11} |{:>8.0} %",
        score.persistence_mae,
        100.0 * score.skill,
        100.0 * score.within_spread
    )
}
