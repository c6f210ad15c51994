//! Asking units what they are.

use super::ProbeArguments;
use drivers::Clock;
use drivers::profile::Table;
use drivers::raw::{Raw, RawError, Survey};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Where devices usually have something, by table. The first of each of the first two decides
/// whether a unit is there.
const USUAL: [(Table, &[u16]); 4] = [
    (Table::Holding, &[0, 1, 100, 1000]),
    (Table::Input, &[0, 1, 100, 1000]),
    (Table::Coil, &[0]),
    (Table::Discrete, &[0]),
];

/// The names of the basic objects of an identification.
const OBJECTS: [&str; 7] =
    ["vendor", "product", "revision", "url", "product_name", "model", "application"];

/// What is behind an address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeReport {
    /// The address.
    pub address: String,
    /// Units that answer.
    pub units: Vec<UnitReport>,
    /// Units that do not.
    pub silent: Vec<SilentUnit>,
}

/// A unit that answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct UnitReport {
    /// Its number.
    pub unit: u8,
    /// What was read at usual addresses, and what became of it.
    pub reads: Vec<Answered>,
    /// How long answers took.
    pub round_trips: RoundTrips,
    /// Its identification (functions 43 and 14); empty when it has none.
    pub identity: BTreeMap<String, String>,
    /// What it says to function 17.
    pub server: Option<ServerReport>,
    /// Its SunSpec models.
    pub sunspec: Option<SunspecReport>,
}

/// One small read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The table.
    pub table: &'static str,
    /// The address, 0-based.
    pub address: u16,
    /// Why it was refused, in words; none when it was answered.
    pub refused: Option<String>,
}

/// How long answers took, in milliseconds, real time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct RoundTrips {
    /// The quickest.
    pub least: f64,
    /// The middle one.
    pub median: f64,
    /// The slowest.
    pub most: f64,
    /// How many.
    pub count: usize,
}

/// The answer to function 17.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    /// The id.
    pub id: u8,
    /// Its run indicator.
    pub runs: bool,
    /// What else it says.
    pub more: String,
}

/// A SunSpec device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SunspecReport {
    /// Where the marker stands, 0-based.
    pub base: u16,
    /// Maker, model, version and serial number, as far as it says them.
    pub names: BTreeMap<&'static str, String>,
    /// The chain of models.
    pub models: Vec<SunspecModelReport>,
    /// Built-in profiles that could serve it, the best first.
    pub profiles: Vec<ProfileReport>,
}

/// One model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SunspecModelReport {
    /// Its number.
    pub id: u16,
    /// Where its id register stands, 0-based.
    pub address: u16,
    /// Its registers after id and length.
    pub length: u16,
}

/// A profile that could fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileReport {
    /// Its name.
    pub profile: String,
    /// Points that the device has.
    pub points: usize,
    /// Points that the profile names.
    pub of: usize,
    /// Every command finds its points.
    pub commands: bool,
}

/// A unit that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SilentUnit {
    /// Its number.
    pub unit: u8,
    /// What happened instead.
    pub why: String,
}

/// Asks all units, one after the other.
///
/// # Errors
/// When nobody is at the address at all.
pub(super) async fn scan(
    raw: &mut Raw,
    arguments: &ProbeArguments,
    clock: &Clock,
) -> Result<ProbeReport, RawError> {
    raw.open().await?;
    let mut report = ProbeReport {
        address: arguments.address.to_string(),
        units: Vec::new(),
        silent: Vec::new(),
    };
    let mut asking = Asking { raw, clock, within: arguments.timeout, took: Vec::new() };
    for &unit in &arguments.units.0 {
        progress(Some(unit));
        match asking.unit(unit).await {
            Ok(found) => report.units.push(found),
            Err(why) => report.silent.push(SilentUnit { unit, why }),
        }
    }
    progress(None);
    Ok(report)
}

/// Somebody who waits for two hundred silent units wants to see that something happens.
fn progress(unit: Option<u8>) {
    let mut terminal = std::io::stderr();
    if !terminal.is_terminal() {
        return;
    }
    let text = unit.map_or(String::new(), |unit| format!("asking unit {unit} ..."));
    // A terminal that is gone has nobody who waits.
    let _ = write!(terminal, "\r{text:<30}\r").and_then(|()| terminal.flush());
}

struct Asking<'a> {
    raw: &'a mut Raw,
    clock: &'a Clock,
    within: Duration,
    /// Round trips of the present unit, ms.
    took: Vec<f64>,
}

impl Asking<'_> {
    /// One unit, or why it is not there.
    async fn unit(&mut self, unit: u8) -> Result<UnitReport, String> {
        self.took.clear();
        self.is_there(unit).await?;
        let mut report = UnitReport { unit, ..UnitReport::default() };
        for (table, addresses) in USUAL {
            for &address in addresses {
                let outcome = self.read(unit, table, address).await;
                let refused = outcome.as_ref().err().map(words);
                report.reads.push(Answered { table: table.word(), address, refused });
                if outcome.is_err_and(|error| !error.is_answer()) {
                    // A table that is answered with silence is not asked again and again.
                    break;
                }
            }
        }
        if let Ok(Some(survey)) = self.raw.survey(unit, self.within).await {
            report.sunspec = Some(survey.into());
        }
        if let Ok(objects) = self.raw.identity(unit, self.within).await {
            let named = objects.into_iter().filter(|(_, text)| !text.is_empty());
            report.identity = named.map(|(number, text)| (object(number), text)).collect();
        }
        if let Ok(server) = self.raw.server_id(unit, self.within).await {
            let drivers::raw::ServerId { id, runs, more } = server;
            report.server = Some(ServerReport { id, runs, more });
        }
        report.round_trips = round_trips(&self.took);
        Ok(report)
    }

    /// Whether a unit answers anything at all.
    async fn is_there(&mut self, unit: u8) -> Result<(), String> {
        let mut why = String::new();
        for table in [Table::Holding, Table::Input] {
            match self.read(unit, table, 0).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_answer() => return Ok(()),
                Err(error) => why = words(&error),
            }
        }
        self.took.clear();
        Err(why)
    }

    async fn read(&mut self, unit: u8, table: Table, address: u16) -> Result<(), RawError> {
        // A new connection is no part of a round trip; a failure shows in the read itself.
        let _ = self.raw.open().await;
        let timer = self.clock.stopwatch();
        let outcome = self.raw.read(unit, table, (address, 1), self.within).await;
        if outcome.as_ref().map_or_else(RawError::is_answer, |_| true) {
            self.took.push(timer.elapsed_ms());
        }
        outcome.map(|_| ())
    }
}

fn words(error: &RawError) -> String {
    match error {
        RawError::Refused { code, words, .. } => {
            let mut letters = words.chars();
            let first = letters.next().map(|letter| letter.to_lowercase().to_string());
            format!("{}{} ({code:#04X})", first.unwrap_or_default(), letters.as_str())
        }
        RawError::Silent(_) => "no answer in time".to_owned(),
        RawError::Down(_) => "the connection is closed instead of an answer".to_owned(),
        RawError::Odd(text) => text.clone(),
        RawError::Beyond { .. } => error.to_string(),
    }
}

fn object(number: u8) -> String {
    let known = OBJECTS.get(usize::from(number));
    known.map_or_else(|| format!("object_{number}"), |name| (*name).to_owned())
}

fn round_trips(took: &[f64]) -> RoundTrips {
    let mut sorted = took.to_vec();
    sorted.sort_by(f64::total_cmp);
    RoundTrips {
        least: sorted.first().copied().unwrap_or_default(),
        median: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
        most: sorted.last().copied().unwrap_or_default(),
        count: sorted.len(),
    }
}

impl From<Survey> for SunspecReport {
    fn from(survey: Survey) -> Self {
        let names = [
            ("maker", survey.maker),
            ("model", survey.model),
            ("version", survey.version),
            ("serial", survey.serial),
        ];
        let models = survey.models.into_iter().map(|model| SunspecModelReport {
            id: model.id,
            address: model.address,
            length: model.length,
        });
        let profiles = survey.fits.into_iter().map(|fit| ProfileReport {
            profile: fit.profile,
            points: fit.found,
            of: fit.of,
            commands: fit.commands,
        });
        Self {
            base: survey.base,
            names: names.into_iter().filter_map(|(name, text)| Some((name, text?))).collect(),
            models: models.collect(),
            profiles: profiles.collect(),
        }
    }
}
