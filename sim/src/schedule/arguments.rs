//! The options of `schedule`, `audit` and `baseline`.

use super::ScheduleError;
use clap::{Args, ValueEnum};
use hydraulics::{ClockTariff, Network};
use policies::scheduling;
use std::path::PathBuf;

/// What is asked about a network, whoever schedules it.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// The network, an EPANET input file.
    #[arg(long, value_name = "FILE.inp")]
    pub(crate) network: PathBuf,
    /// Length of the horizon.
    #[arg(long, default_value = "24h", value_parser = span)]
    pub(crate) horizon: u32,
    /// Prices by the time of day instead of the file's, for example
    /// 22:00-06:00=0.08,else=0.20 per kWh.
    #[arg(long)]
    pub(crate) tariff: Option<ClockTariff>,
    /// The most starts of each pump.
    #[arg(long, value_name = "N")]
    pub(crate) max_starts: Option<u32>,
    /// The most starts of all pumps together.
    #[arg(long, value_name = "N")]
    pub(crate) total_starts: Option<u32>,
    /// Lowest pressure at a junction, metres of water.
    #[arg(long, value_name = "NODE=METRES", num_args = 1..)]
    pub(crate) min_pressure: Vec<String>,
    /// Lowest pressure at every junction with demand, metres of water.
    #[arg(long, value_name = "METRES", allow_negative_numbers = true)]
    pub(crate) min_pressure_all: Option<f64>,
    /// Where tanks have to stand at the end.
    #[arg(long, value_enum, default_value_t = End::Start)]
    pub(crate) end_level: End,
    /// How far tanks keep from both limits, metres.
    #[arg(long, default_value_t = hydraulics::LEVEL_MARGIN_M, value_name = "METRES")]
    pub(crate) level_margin: f64,
    /// Shortest run of a pump.
    #[arg(long, default_value = "0m", value_parser = span)]
    pub(crate) min_run: u32,
    /// Shortest stop of a pump.
    #[arg(long, default_value = "0m", value_parser = span)]
    pub(crate) min_stop: u32,
    /// The schedule repeats: starts are also counted around the end of the horizon.
    #[arg(long)]
    pub(crate) periodic: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where tanks have to stand at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum End {
    /// Not below their levels at the start.
    Start,
    /// Anywhere.
    Free,
}

/// `schedule`
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) question: Question,
    /// Length of a step.
    #[arg(long, default_value = "60m", value_parser = span)]
    pub(crate) step: u32,
    /// Speeds a pump may run at, as multiples of its nominal one; for pumps with a variable-speed
    /// drive that the network file does not show.
    #[arg(long, value_name = "PUMP=LEAST-MOST")]
    pub(crate) speed: Vec<String>,
    /// How long to search. The best schedule found until then is returned.
    #[arg(long, default_value = "60s", value_parser = seconds)]
    pub(crate) time_limit: f64,
    /// Seed of the search.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Also write the JSON to FILE.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `audit`
#[derive(Debug, Args)]
pub(crate) struct Judge {
    #[command(flatten)]
    pub(crate) question: Question,
    /// The schedule: JSON with "step_seconds" and "schedule", as `schedule --output` writes it.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) schedule: PathBuf,
}

/// `baseline`
#[derive(Debug, Args)]
pub(crate) struct Baseline {
    #[command(flatten)]
    pub(crate) question: Question,
    /// Length of the steps in which what the pumps did is written down.
    #[arg(long, default_value = "60m", value_parser = span)]
    pub(crate) step: u32,
}

impl Plan {
    /// The speeds of every pump.
    pub(crate) fn speeds(&self, network: &Network) -> Result<Vec<Vec<f64>>, ScheduleError> {
        let mut speeds = scheduling::speeds_of_file(network);
        for text in &self.speed {
            let wrong = |why: &str| {
                let example = "write PUMP=LEAST-MOST, for example P1=0.7-1.0";
                ScheduleError::Input(format!("--speed {text}: {why}; {example}"))
            };
            let (id, bounds) = text.split_once('=').ok_or_else(|| wrong("no '='"))?;
            let (least, most) = bounds.split_once('-').ok_or_else(|| wrong("no '-'"))?;
            let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| *n > 0.0);
            let least = number(least).ok_or_else(|| wrong("the least is no number above 0"))?;
            let most = number(most).ok_or_else(|| wrong("the most is no number above 0"))?;
            if least > most || most > 3.0 {
                return Err(wrong("the range is empty or beyond 3 times the nominal speed"));
            }
            let pump = network.pumps().iter().position(|pump| pump.id == id.trim());
            let pump = pump.ok_or_else(|| wrong(&unknown("pump", id, pumps(network))))?;
            speeds[pump] = scheduling::range(least, most);
        }
        Ok(speeds)
    }
}

/// Names of all pumps.
pub(super) fn pumps(network: &Network) -> impl Iterator<Item = &str> {
    network.pumps().iter().map(|pump| pump.id.as_str())
}

/// How many names an error message lists.
const NAMES_MAX: usize = 12;

/// That something is not in the network, and what is.
pub(super) fn unknown<'a>(what: &str, id: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.take(NAMES_MAX + 1).collect();
    let more = if known.len() > NAMES_MAX { ", ..." } else { "" };
    let names = known[..known.len().min(NAMES_MAX)].join(", ");
    format!("the network has no {what} '{id}'; it has {names}{more}")
}

/// A whole number of seconds such as 60m, 24h or 90s.
fn span(text: &str) -> Result<u32, String> {
    let seconds = seconds(text)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    if (0.0..=31.0 * 86_400.0).contains(&seconds) && (seconds - seconds.round()).abs() < 1e-9 {
        return Ok(seconds.round() as u32);
    }
    Err(format!("'{text}' is not a whole number of seconds up to 31 days"))
}

/// Seconds such as 60s, 1.5m or 600.
fn seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let units = [("s", 1.0), ("min", 60.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let unit = units.iter().find(|(unit, _)| text.ends_with(unit));
    let (number, factor) =
        unit.map_or((text, 1.0), |(unit, factor)| (&text[..text.len() - unit.len()], *factor));
    match number.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number * factor),
        _ => Err(format!("'{text}' is not a time; write 90s, 60m, 24h or 1d")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        let times = [("60m", 3600), ("24h", 86_400), ("90s", 90), ("30min", 1800), ("0m", 0)];
        for (text, seconds) in times {
            assert_eq!(span(text), Ok(seconds), "{text}");
        }
        assert_eq!(seconds("600"), Ok(600.0));
        for wrong in ["", "m", "1x", "-5m", "nan", "inf", "40d", "0.5s"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
