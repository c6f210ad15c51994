//! A site made ready for simulation: loaded as the daemon loads it, with its recorded days.

use crate::days::{DaysError, Recording};
use crate::field::{FieldError, SimulatedField};
use crate::ledger::Ledger;
use crate::perturb::{PerturbError, Perturbation};
use crate::plant::{LeakRequest, Plant, PlantError, Scout};
use drivers::clock::Clock;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use regie::load::{Loaded, load};
use regie::store::StoreError;
use site::text::Finding;
use site::{AssetId, Site};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use thiserror::Error;

/// How often the truth is booked, site time.
const BOOK_EVERY: Duration = Duration::from_secs(10);

/// Why a site cannot be simulated.
#[derive(Debug, Error)]
pub enum WorldError {
    /// The site file has findings.
    #[error("{}", .0.iter().map(|finding| format!("{finding}\n")).collect::<String>())]
    Site(Vec<Finding>),
    /// No recorded days are named.
    #[error(
        "the site names no recorded {what}: add 'simulation: {what}: FILE' to the site file, or \
         give --{what} FILE"
    )]
    NoRecording {
        /// Which file.
        what: &'static str,
    },
    /// The recorded days cannot be read.
    #[error(transparent)]
    Days(#[from] DaysError),
    /// The plant cannot be made.
    #[error(transparent)]
    Plant(#[from] PlantError),
    /// The field cannot be made.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// What is to be perturbed is not there.
    #[error(transparent)]
    Perturb(#[from] PerturbError),
    /// The trace cannot be written.
    #[error("the trace '{path}' cannot be written: {error}")]
    Trace {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: String,
    },
    /// The folder for the history of a replay already holds one.
    #[error("'{path}' is there already: a replay begins a history of its own; name another folder")]
    HistoryThere {
        /// The file.
        path: PathBuf,
    },
    /// The history of a replay cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A local day does not exist.
    #[error("{0} is not a day of this calendar")]
    Day(Date),
}

/// A loaded site and its recorded days.
#[derive(Debug, Clone)]
pub struct World {
    /// As the daemon loads it.
    pub loaded: Loaded,
    /// Leaks that the plant will have.
    pub leaks: Vec<LeakRequest>,
    recording: Recording,
    perturbation: Perturbation,
}

impl World {
    /// Loads a site, with recorded days other than its own where given.
    ///
    /// # Errors
    /// When the site has findings or the recorded days cannot be read.
    pub fn load(
        path: &Path,
        profiles: Option<PathBuf>,
        weather: Option<PathBuf>,
    ) -> Result<Self, WorldError> {
        let loaded = load(path).map_err(WorldError::Site)?;
        let simulation = &loaded.site.simulation;
        let profiles = profiles.or_else(|| simulation.profiles.clone());
        let weather = weather.or_else(|| simulation.weather.clone());
        let profiles = profiles.ok_or(WorldError::NoRecording { what: "profiles" })?;
        let weather = weather.ok_or(WorldError::NoRecording { what: "weather" })?;
        let recording = Recording::load(&profiles, &weather)?;
        let perturbation = Perturbation::default();
        Ok(Self { loaded, leaks: Vec::new(), recording, perturbation })
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.loaded.site
    }

    /// Perturbs the truth of every plant made from now on.
    ///
    /// # Errors
    /// When the site does not have what is to be perturbed.
    pub fn perturb(&mut self, perturbation: Perturbation) -> Result<(), WorldError> {
        perturbation.check(self.site())?;
        self.perturbation = perturbation;
        Ok(())
    }

    /// How the truth is perturbed on purpose.
    #[must_use]
    pub fn perturbation(&self) -> &Perturbation {
        &self.perturbation
    }

    /// Changes the site before it is run.
    pub fn change_site(&mut self, change: impl FnOnce(&mut Site)) {
        let mut site = (*self.loaded.site).clone();
        change(&mut site);
        self.loaded.site = Arc::new(site);
    }

    /// The first instant of a local day.
    ///
    /// # Errors
    /// When there is no such day.
    pub fn start_of(&self, day: Date) -> Result<Timestamp, WorldError> {
        let start = day.to_zoned(self.site().zone.clone()).and_then(|day| day.start_of_day());
        start.map(|start| start.timestamp()).map_err(|_| WorldError::Day(day))
    }

    /// The first instant after `days` local days from `day`: days of 23 and 25 hours count as one.
    ///
    /// # Errors
    /// When there is no such day.
    pub fn end_of(&self, day: Date, days: u32) -> Result<Timestamp, WorldError> {
        let last = day.checked_add(i64::from(days).days()).map_err(|_| WorldError::Day(day))?;
        self.start_of(last)
    }

    /// The simulated field at the start of `clock`.
    ///
    /// # Errors
    /// When the plant or a device cannot be made.
    pub fn field(&self, seed: u64, clock: &Clock) -> Result<SimulatedField, WorldError> {
        let plant = self.plant(seed, clock.now().utc)?;
        Ok(SimulatedField::new(self.site(), &self.loaded.profiles, plant, clock.clone())?)
    }

    /// The true plant at an instant.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn plant(&self, seed: u64, start: Timestamp) -> Result<Plant, WorldError> {
        let network = self.loaded.water.as_ref().map(|water| &water.network);
        let truth = (seed, &self.perturbation);
        let mut plant = Plant::new(self.site(), network, &self.recording, truth, start)?;
        for leak in &self.leaks {
            plant.leak(&leak.junction, leak.share, self.start_of(leak.day)?)?;
        }
        Ok(plant)
    }

    /// A scout of what nobody commands, for the plant of the same seed and start. Leaks are not
    /// its business: they are no demand.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scout(&self, seed: u64, start: Timestamp) -> Result<Scout, WorldError> {
        let network = self.loaded.water.as_ref().map(|water| &water.network);
        let truth = (seed, &self.perturbation);
        Ok(Scout::new(self.site(), network, &self.recording, truth, start)?)
    }

    /// Water stored at the start and at the end of a ledger, m3.
    #[must_use]
    pub fn stored(&self, ledger: &Ledger) -> (f64, f64) {
        let Some(water) = &self.loaded.water else { return (0.0, 0.0) };
        let volume = |level: &dyn Fn(&AssetId) -> f64| {
            let tanks = self.site().tanks.iter().enumerate();
            tanks
                .map(|(k, tank)| water.network.tanks()[water.tanks[k]].volume_m3(level(&tank.id)))
                .sum()
        };
        let tanks = ledger.tanks();
        (volume(&|id| tanks[id].start), volume(&|id| tanks[id].end))
    }
}

/// Books the truth for as long as it lives.
pub struct Bookkeeper {
    ledger: Arc<Mutex<Ledger>>,
    field: SimulatedField,
    task: tokio::task::JoinHandle<()>,
}

impl Bookkeeper {
    /// Opens a ledger on a field and books on.
    #[must_use]
    pub fn start(site: &Site, field: &SimulatedField, clock: &Clock) -> Self {
        let ledger = Arc::new(Mutex::new(Ledger::open(site, field.truth())));
        let (books, seen, clock) = (Arc::clone(&ledger), field.clone(), clock.clone());
        let task = tokio::spawn(async move {
            let mut next = clock.now().mono;
            loop {
                next = next.after(BOOK_EVERY);
                clock.sleep_until(next).await;
                book(&books, &seen);
            }
        });
        Self { ledger, field: field.clone(), task }
    }

    /// The books as they stand now.
    #[must_use]
    pub fn look(&self) -> Ledger {
        book(&self.ledger, &self.field)
    }
}

impl Drop for Bookkeeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn book(ledger: &Mutex<Ledger>, field: &SimulatedField) -> Ledger {
    let truth = field.truth();
    let mut ledger = ledger.lock().expect("nobody panics while booking");
    ledger.book(truth);
    ledger.clone()
}
