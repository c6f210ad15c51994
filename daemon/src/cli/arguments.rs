//! The arguments, and what `--help` says of them.

use super::exit;
use super::import::ImportArguments;
use super::points::PointsArguments;
use super::probe::ProbeArguments;
use super::trips::TripAction;
use super::write::WriteArguments;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use policies::forecast::backtest::LEAD_QUARTERS_MAX;
use site::AssetId;
use site::external::Direction;
use site::units::Seconds;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Where a site file is when nothing else is said.
pub const SITE_DEFAULT: &str = "/etc/regie/site.yaml";

/// The control room for a commune's energy and water.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "regie", version, after_help = exit::HELP, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What `regie` can do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Action {
    /// Run the daemon: poll the field, plan, and write setpoints
    #[command(after_help = exit::HELP)]
    Run {
        /// The site file
        #[arg(long, value_name = "FILE", env = "REGIE_SITE", default_value = SITE_DEFAULT)]
        site: PathBuf,
        /// How log lines look
        #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
        log: Log,
    },
    /// Check a site file and every file it names, and say all that is wrong
    #[command(after_help = exit::HELP)]
    Check {
        /// The site file
        #[arg(value_name = "FILE", env = "REGIE_SITE", default_value = SITE_DEFAULT)]
        site: PathBuf,
    },
    /// Ask a device what it is and what stands in its registers; nothing is ever written
    #[command(after_help = exit::HELP)]
    Probe(ProbeArguments),
    /// Make a profile of a Telegraf configuration or of a register list in CSV
    #[command(after_help = exit::HELP)]
    Import(ImportArguments),
    /// Show what every point reads now, its quality and its age
    #[command(after_help = exit::HELP)]
    Points(PointsArguments),
    /// Write one value of one point by hand, through the guard and on record
    #[command(after_help = exit::HELP)]
    Write(WriteArguments),
    /// Take up, show and clear limits of import and export that the grid's operator orders
    Limit {
        /// What to do.
        #[command(subcommand)]
        action: LimitAction,
    },
    /// Show which assets have tripped, and reset them
    Trip {
        /// What to do.
        #[command(subcommand)]
        action: TripAction,
    },
    /// Show what a kWh costs, price by price, so that a bill can be checked
    #[command(after_help = exit::HELP)]
    Tariff {
        /// Which tariff and which days.
        #[command(flatten)]
        question: TariffQuestion,
    },
    /// Show what a running daemon sees and does
    #[command(after_help = exit::HELP)]
    Status {
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Show the plan in force, hour by hour
    #[command(after_help = exit::HELP)]
    Plan {
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Show the districts: night flows, leak alarms, volume balances
    #[command(after_help = exit::HELP)]
    Districts {
        /// Reckon the last so many days again from the history on disk, without asking a daemon
        #[arg(long, value_name = "DAYS", conflicts_with = "url",
              value_parser = clap::value_parser!(u32).range(1..=366))]
        history: Option<u32>,
        /// Where that history is, when the site file does not say it
        #[arg(long, value_name = "FOLDER", requires = "history")]
        state: Option<PathBuf>,
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Put the forecasts to the test
    #[command(after_help = exit::HELP)]
    Forecast {
        /// What to do.
        #[command(subcommand)]
        action: ForecastAction,
    },
    /// Say why an asset does what it does
    #[command(after_help = exit::HELP)]
    Explain {
        /// The asset, for example P1
        #[arg(value_name = "ASSET", value_parser = asset)]
        asset: AssetId,
        /// What the plan has in store then, for example 06:00; with --json all steps are printed
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Say what it would cost to hold an asset until some time; nothing is changed
    #[command(after_help = exit::HELP)]
    WhatIf(WhatIfArguments),
    /// Solve for the daemon that started this process; nobody else can use it
    #[command(hide = true)]
    Solver,
}

/// What would be held, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct WhatIfArguments {
    /// The asset, for example P2
    #[arg(value_name = "ASSET", value_parser = asset)]
    pub asset: AssetId,
    /// off, on, or a power such as 10 kW (a battery gives with a minus: -10 kW, in two words)
    #[arg(value_name = "off|on|POWER", num_args = 1..=2, required = true,
          allow_negative_numbers = true)]
    pub hold: Vec<String>,
    /// 06:00 (the next one, in the site's time), or an instant such as 2026-01-15T06:00:00+01:00
    #[arg(long, value_name = "TIME")]
    pub until: String,
    /// Which daemon, and in which form.
    #[command(flatten)]
    pub question: Question,
}

/// A question about a tariff. No daemon is asked.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TariffQuestion {
    /// A site file, or a tariff file
    #[arg(value_name = "FILE", env = "REGIE_SITE", default_value = SITE_DEFAULT)]
    pub file: PathBuf,
    /// First local day
    #[arg(long, value_name = "DATE")]
    pub from: Date,
    /// First local day that is not shown; the day after the first when left out
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// Rows of this length, such as 30min, instead of one for each price
    #[arg(long, value_name = "TIME", value_parser = step)]
    pub step: Option<Duration>,
    /// Use only what was published by this time, such as 2026-01-14T12:00
    #[arg(long, value_name = "TIME")]
    pub seen_from: Option<String>,
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// What can be done with forecasts.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ForecastAction {
    /// Forecast over the history on disk as if it were live, and compare with what came
    ///
    /// Each quantity is learned as the history is read, forecast for each lead time, and compared
    /// with the mean of the quarter of an hour that ends then. Persistence takes the same quarter
    /// of the day before; skill is 1 less the ratio of the two mean absolute errors.
    #[command(after_help = exit::HELP)]
    Backtest(BacktestArguments),
}

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BacktestArguments {
    /// The site file
    #[arg(value_name = "FILE", env = "REGIE_SITE", default_value = SITE_DEFAULT)]
    pub site: PathBuf,
    /// The folder of the history, when it is not where the site file says
    #[arg(long, value_name = "FOLDER")]
    pub history: Option<PathBuf>,
    /// Compare from this local day on; what lies before is learned from all the same
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// Compare up to the end of this local day
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// Lead times, a quarter of an hour to two days
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = lead,
          default_value = "1h,6h,24h")]
    pub lead: Vec<u16>,
    /// Print JSON instead of a table, for programs
    #[arg(long)]
    pub json: bool,
}

/// What `regie limit` can do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum LimitAction {
    /// Take up a limit that was ordered
    #[command(after_help = exit::HELP)]
    Set {
        /// Which way
        #[arg(value_enum, value_name = "DIRECTION")]
        direction: Way,
        /// The most that may flow, for example 80 kW
        #[arg(value_name = "POWER", num_args = 1..=2, required = true)]
        power: Vec<String>,
        /// When.
        #[command(flatten)]
        time: LimitTime,
        /// Who ordered it, for example Enedis
        #[arg(long, value_name = "WHO")]
        by: String,
        /// Why, in their words
        #[arg(long, value_name = "WORDS")]
        reason: String,
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Show the limits in force and to come
    #[command(after_help = exit::HELP)]
    List {
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Clear a limit that was entered
    #[command(after_help = exit::HELP)]
    Clear {
        /// Its number, as `regie limit list` shows it
        #[arg(value_name = "NUMBER", required_unless_present = "all")]
        id: Option<u64>,
        /// All that were entered
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
}

/// When a limit holds.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(skip)]
pub struct LimitTime {
    /// From now (or its beginning) for so long, for example 2h
    #[arg(
        long = "for",
        value_name = "TIME",
        required_unless_present = "until",
        conflicts_with = "until"
    )]
    pub length: Option<String>,
    /// Until an instant, for example 2026-01-15T18:00:00+01:00
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<Timestamp>,
    /// From an instant that is still to come
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<Timestamp>,
}

/// Which way power flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// From the grid
    Import,
    /// Into the grid
    Export,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Import => Self::Import,
            Way::Export => Self::Export,
        }
    }
}

/// A question to a running daemon.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Question {
    /// The site file, which says where the daemon listens
    #[arg(long, value_name = "FILE", env = "REGIE_SITE", default_value = SITE_DEFAULT)]
    site: PathBuf,
    /// Ask here instead of where the site file says, for example http://127.0.0.1:9920
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print the daemon's answer as JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// Where a running daemon is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Where this site file says that it listens.
    Site(PathBuf),
    /// Here.
    Url(String),
}

impl Question {
    /// The same, for another site file.
    #[must_use]
    pub fn at_site(self, site: PathBuf) -> Self {
        Self { site, ..self }
    }

    /// Where to ask. An address wins over a file: the file has a default, the address has none.
    #[must_use]
    pub fn target(&self) -> Target {
        match &self.url {
            Some(url) => Target::Url(url.clone()),
            None => Target::Site(self.site.clone()),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Log {
    /// A line of text for each event
    #[default]
    Text,
    /// A JSON object for each event
    Json,
}

fn step(text: &str) -> Result<Duration, String> {
    let step = site::units::parse::<Seconds>(text).map_err(|error| error.to_string())?;
    let bounds = Duration::from_secs(60)..=Duration::from_secs(86_400);
    let step = step.duration();
    if bounds.contains(&step) { Ok(step) } else { Err("write 1 min to 24 h".into()) }
}

/// Reads a lead time such as 15min, 1h or 24h, as quarters of an hour.
fn lead(text: &str) -> Result<u16, String> {
    let wrong = || {
        format!("'{text}' is not a lead time; write whole quarters of an hour, such as 15min or 6h")
    };
    let (number, quarters) = match text.trim() {
        text if text.ends_with("min") => (text.trim_end_matches("min"), 1.0 / 15.0),
        text => (text.strip_suffix('h').ok_or_else(wrong)?, 4.0),
    };
    let quarters = number.trim().parse::<f64>().map_err(|_| wrong())? * quarters;
    let whole = (1..=LEAD_QUARTERS_MAX).find(|whole| (f64::from(*whole) - quarters).abs() < 1e-9);
    whole.ok_or_else(wrong)
}

pub(super) fn asset(text: &str) -> Result<AssetId, String> {
    AssetId::new(text).map_err(|error| error.to_string())
}

/// Reads the command line, the program's name first. Help and version go to standard output with
/// [`exit::OK`]; what is wrong goes to standard error with [`exit::USAGE`].
///
/// # Errors
/// The exit code, when there is nothing left to do: everything has been printed.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, u8> {
    Arguments::try_parse_from(words).map_err(|error| {
        // Nobody is left to tell when the terminal itself is gone.
        let _ = error.print();
        match error.kind() {
            clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => {
                exit::OK
            }
            _ => exit::USAGE,
        }
    })
}
