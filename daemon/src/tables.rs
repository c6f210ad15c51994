//! The tables of a tariff while the daemon runs. Files are taken up anew when they change; spot
//! prices of an address are fetched beside the cycle and kept in the state folder, so that an
//! address that does not answer costs nothing but news.
//!
//! A table that is wrong is refused whole and the old one stays; it is said once, in the log and
//! in the status.

use crate::load;
use site::tariff::{DATA_BYTES_MAX, DataKind, SpotPrices, SpotSource, Tariff};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// The file with the last prices that an address gave, in the state folder.
pub const KEPT_PRICES: &str = "spot-prices.csv";
/// From one fetch to the next.
const FETCH_EVERY: Duration = Duration::from_secs(3600);
/// The same after a fetch that failed: twice as long each time, up to a limit. At boot the network
/// often comes seconds after the daemon.
const FETCH_AGAIN: Duration = Duration::from_secs(15);
const FETCH_AGAIN_MAX: Duration = Duration::from_secs(600);
/// How long an address may take to answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// A file as it was last seen: when it was changed, and its length.
type Seen = (SystemTime, u64);

/// The tables of a tariff, and what is wrong with them.
#[derive(Debug)]
pub struct Tables {
    files: Vec<Table>,
    kept: PathBuf,
    fetched: watch::Sender<Option<String>>,
}

#[derive(Debug)]
struct Table {
    kind: DataKind,
    path: PathBuf,
    /// A kept copy may be missing: nothing was fetched yet.
    optional: bool,
    seen: Option<Seen>,
    trouble: Option<String>,
}

impl Tables {
    /// Watches the tables of a tariff; what is fetched is kept in `folder`.
    #[must_use]
    pub fn new(tariff: &Tariff, folder: &Path) -> Self {
        let table = |kind, path: &Path, optional| Table {
            kind,
            path: path.to_owned(),
            optional,
            seen: None,
            trouble: None,
        };
        let named = tariff.data_files().into_iter();
        let mut files: Vec<Table> = named.map(|(kind, path)| table(kind, path, false)).collect();
        let kept = folder.join(KEPT_PRICES);
        if address(tariff).is_some() {
            files.push(table(DataKind::Prices, &kept, true));
        }
        Self { files, kept, fetched: watch::Sender::new(None) }
    }

    /// Looks at the files: the tariff with newer tables, when there are any, and what is wrong
    /// now, in words. Call it between cycles.
    pub fn look(&mut self, tariff: &Tariff) -> (Option<Tariff>, Option<String>) {
        let mut renewed: Option<Tariff> = None;
        for table in &mut self.files {
            let newer = table.look(renewed.as_ref().unwrap_or(tariff));
            renewed = newer.or(renewed);
        }
        let fetched = self.fetched.borrow().clone();
        let troubles = self.files.iter().filter_map(|table| table.trouble.clone());
        let troubles: Vec<String> = troubles.chain(fetched).collect();
        let trouble = Some(troubles.join("; ")).filter(|words| !words.is_empty());
        (renewed.filter(|newer| newer != tariff), trouble)
    }

    /// Asks the tariff's address from time to time, for ever; none when it has no address.
    pub fn fetch(&self, tariff: &Tariff) -> Option<impl Future<Output = ()> + Send + use<>> {
        let url: Arc<str> = address(tariff)?.into();
        let (kept, tariff) = (Arc::new(self.kept.clone()), Arc::new(tariff.clone()));
        let fetched = self.fetched.clone();
        Some(async move {
            let mut again = FETCH_AGAIN;
            loop {
                let (url, kept, tariff) = (url.clone(), kept.clone(), tariff.clone());
                let fetch = move || fetch_once(&url, &kept, &tariff);
                let result = tokio::task::spawn_blocking(fetch).await;
                let trouble = result.map_err(|error| error.to_string()).flatten().err();
                let pause = if trouble.is_some() { again } else { FETCH_EVERY };
                let longer = (again * 2).min(FETCH_AGAIN_MAX);
                again = if trouble.is_some() { longer } else { FETCH_AGAIN };
                fetched.send_if_modified(|known| {
                    let news = known.is_some() != trouble.is_some();
                    match &trouble {
                        Some(why) if news => tracing::warn!("{why}; the last prices stay"),
                        None if news => tracing::info!("spot prices are fetched again"),
                        _ => {}
                    }
                    *known = trouble;
                    news
                });
                tokio::time::sleep(pause).await;
            }
        })
    }
}

impl Table {
    fn look(&mut self, tariff: &Tariff) -> Option<Tariff> {
        let seen =
            std::fs::metadata(&self.path).and_then(|data| Ok((data.modified()?, data.len())));
        let seen = match seen {
            Ok(seen) => seen,
            Err(error) if self.optional && error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                let why = format!("'{}' cannot be read: {error}", self.path.display());
                self.say(why);
                return None;
            }
        };
        if self.seen.replace(seen) == Some(seen) {
            return None;
        }
        let renewed = load::open(&self.path).and_then(|text| {
            let renewed = tariff.renewed(self.kind, &text, &self.path);
            renewed.map_err(|findings| {
                findings.first().map_or(String::new(), ToString::to_string).replace('\n', ";")
            })
        });
        match renewed {
            Ok(renewed) => {
                if self.trouble.take().is_some() {
                    tracing::info!(file = %self.path.display(), "the table is good again");
                }
                Some(renewed)
            }
            Err(why) => {
                self.say(why);
                None
            }
        }
    }

    /// Once per fault.
    fn say(&mut self, why: String) {
        if self.trouble.as_ref() != Some(&why) {
            tracing::warn!("{why}; what was known stays");
            self.trouble = Some(why);
        }
    }
}

fn address(tariff: &Tariff) -> Option<&str> {
    match &tariff.spot.as_ref()?.source {
        SpotSource::Url(url) => Some(url),
        SpotSource::File(_) => None,
    }
}

/// Fetches once; prices that are good are joined to those that are kept.
fn fetch_once(url: &str, kept: &Path, tariff: &Tariff) -> Result<(), String> {
    let wrong = |why: String| format!("spot prices of {url}: {why}");
    let text = ask(url).map_err(wrong)?;
    let origin = Path::new(url);
    let newer = prices(tariff, &text, origin).map_err(wrong)?;
    let before = load::open(kept).ok().and_then(|text| prices(tariff, &text, kept).ok());
    let joined = before.unwrap_or_default().continued_by(&newer);
    // Written beside and moved into place: half a table is never read.
    let beside = kept.with_extension("new");
    std::fs::write(&beside, joined.table())
        .and_then(|()| std::fs::rename(&beside, kept))
        .map_err(|error| format!("'{}' cannot be written: {error}", kept.display()))
}

fn prices(tariff: &Tariff, text: &str, origin: &Path) -> Result<SpotPrices, String> {
    let renewed = tariff.renewed(DataKind::Prices, text, origin).map_err(|findings| {
        findings.first().map_or(String::new(), ToString::to_string).replace('\n', ";")
    })?;
    Ok(renewed.spot.map(|spot| spot.prices).unwrap_or_default())
}

fn ask(url: &str) -> Result<String, String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(FETCH_TIMEOUT)).build();
    let answer = ureq::Agent::new_with_config(config).get(url).call();
    let mut answer = answer.map_err(|error| error.to_string())?;
    let mut text = String::new();
    let limit = u64::try_from(DATA_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut body = answer.body_mut().as_reader().take(limit);
    body.read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}
