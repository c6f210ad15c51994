//! What `regie` does with its arguments.

use super::arguments::{Action, ForecastAction, Log, Question, Target};
use super::client::{Client, ClientError};
use super::{exit, import, limits, points, probe, render, tariff, trips, what_if, write};
use crate::load::{Loaded, load};
use crate::past;
use crate::resident::{self, ResidentError};
use crate::solver::{self, ServeError};
use crate::store::StoreError;
use policies::district::DistrictReport;
use site::AssetId;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// Does it; returns the exit code. Everything has been printed.
#[must_use]
pub fn run(action: &Action) -> u8 {
    match action {
        Action::Run { site, log } => resident(site, *log),
        Action::Check { site } => check(site),
        Action::Probe(arguments) => probe::run(arguments),
        Action::Import(arguments) => import::run(arguments),
        Action::Points(arguments) => points::run(arguments),
        Action::Write(arguments) => write::run(arguments),
        Action::Tariff { question } => tariff::run(question),
        Action::Limit { action } => {
            answer(action.question(), |client, json| limits::ask(client, action, json))
        }
        Action::Trip { action } => {
            answer(action.question(), |client, json| trips::ask(client, action, json))
        }
        Action::Status { question } => answer(question, |client, json| {
            let answer = client.status()?;
            Ok(if json { answer.text } else { render::status(&answer.value) })
        }),
        Action::Plan { question } => answer(question, |client, json| {
            let answer = client.plan()?;
            if json {
                return Ok(answer.text);
            }
            Ok(render::plan(&answer.value, &client.status()?.value.zone()))
        }),
        Action::Districts { history: Some(days), state, question } => {
            past(question, *days, state.as_deref())
        }
        Action::Districts { history: None, question, .. } => answer(question, |client, json| {
            let reports = client.status()?.value.districts;
            Ok(districts(&reports, json))
        }),
        Action::Forecast { action: ForecastAction::Backtest(arguments) } => {
            super::forecast::backtest(arguments)
        }
        Action::Explain { asset, at, question } => {
            answer(question, |client, json| what_if::explain(client, asset, at.as_deref(), json))
        }
        Action::WhatIf(arguments) => {
            answer(&arguments.question, |client, json| what_if::ask(client, arguments, json))
        }
        Action::Solver => solver(),
    }
}

/// Serves the daemon that started this process, until it is gone.
fn solver() -> u8 {
    match solver::serve(solver::MEMORY_BYTES_MAX) {
        Ok(()) => exit::OK,
        Err(error) => {
            eprintln!("regie: {error}");
            if matches!(error, ServeError::NoDaemon(_)) { exit::USAGE } else { exit::INTERNAL }
        }
    }
}

fn districts(reports: &BTreeMap<AssetId, DistrictReport>, json: bool) -> String {
    if json {
        serde_json::to_string_pretty(reports).expect("names and numbers become JSON")
    } else {
        render::districts(reports)
    }
}

/// Reckons the districts again from the history.
fn past(question: &Question, days: u32, state: Option<&Path>) -> u8 {
    let Target::Site(site) = question.target() else {
        eprintln!("regie: the history is beside the daemon: name its site file, not its address");
        return exit::USAGE;
    };
    let loaded = match loaded(&site) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let folder = state.map_or_else(|| resident::state_folder(&loaded.site), Path::to_path_buf);
    match past::districts(&loaded, &folder, days) {
        Ok(reports) => {
            println!("{}", districts(&reports, question.json).trim_end());
            exit::OK
        }
        Err(error) => {
            eprintln!("regie: {error}");
            store_code(&error)
        }
    }
}

pub(super) fn store_code(error: &StoreError) -> u8 {
    match error {
        StoreError::Denied { .. } => exit::PERMISSION,
        StoreError::Missing { .. } | StoreError::InUse { .. } => exit::UNAVAILABLE,
        _ => exit::INTERNAL,
    }
}

/// Loads a site; prints all findings when there are any.
pub(super) fn loaded(site: &Path) -> Result<Loaded, u8> {
    load(site).map_err(|findings| {
        eprint!("{}", render::findings(&findings));
        exit::CONFIGURATION
    })
}

fn check(site: &Path) -> u8 {
    match loaded(site) {
        Ok(loaded) => {
            let site = &loaded.site;
            println!(
                "{}: {} devices, {} pumps, {} tanks, {} inverters, {} lighting cabinets{}; no \
                 findings",
                site.name,
                site.devices.len(),
                site.pumps.len(),
                site.tanks.len(),
                site.inverters.len(),
                site.lighting.len(),
                flexible(site)
            );
            exit::OK
        }
        Err(code) => code,
    }
}

/// Kinds of assets that not every site has, with their numbers.
fn flexible(site: &site::Site) -> String {
    let kinds = [
        (site.batteries.len(), "batteries"),
        (site.chargers.len(), "chargers"),
        (site.shiftable.len(), "shiftable loads"),
        (site.lift_stations.len(), "lift stations"),
        (site.generators.len(), "generators"),
    ];
    let named = kinds.into_iter().filter(|(count, _)| *count > 0);
    named.map(|(count, kind)| format!(", {count} {kind}")).collect()
}

/// The daemon that is asked. What is wrong with the site or the address has been printed.
pub(super) fn client(question: &Question) -> Result<Client, u8> {
    match question.target() {
        Target::Site(site) => Ok(Client::at(loaded(&site)?.site.listen)),
        Target::Url(url) => Client::new(&url).map_err(|error| {
            eprintln!("regie: {error}");
            error.exit_code()
        }),
    }
}

fn answer(
    question: &Question,
    ask: impl FnOnce(&Client, bool) -> Result<String, ClientError>,
) -> u8 {
    let client = match client(question) {
        Ok(client) => client,
        Err(code) => return code,
    };
    match ask(&client, question.json) {
        Ok(text) => {
            println!("{}", text.trim_end());
            exit::OK
        }
        Err(error) => {
            eprintln!("regie: {error}");
            error.exit_code()
        }
    }
}

fn resident(site: &Path, log: Log) -> u8 {
    let loaded = match loaded(site) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    open_log(log);
    let runtime = match runtime(Builder::new_multi_thread().worker_threads(2)) {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    match runtime.block_on(async { resident::run(loaded, stop()).await }) {
        Ok(()) => exit::OK,
        Err(error) => {
            tracing::error!(%error, "ended");
            code_of(&error)
        }
    }
}

/// A runtime with clock and sockets.
///
/// # Errors
/// The exit code, when it cannot start; why has been said.
pub(super) fn runtime(builder: &mut Builder) -> Result<Runtime, u8> {
    builder.enable_all().build().map_err(|error| {
        eprintln!("regie: the runtime cannot start: {error}");
        exit::INTERNAL
    })
}

fn code_of(error: &ResidentError) -> u8 {
    match error {
        ResidentError::Store(StoreError::Denied { .. }) => exit::PERMISSION,
        ResidentError::Listen { error, .. }
            if error.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            exit::PERMISSION
        }
        ResidentError::Listen { .. } | ResidentError::Store(StoreError::InUse { .. }) => {
            exit::UNAVAILABLE
        }
        ResidentError::Store(_) | ResidentError::Serve(_) => exit::INTERNAL,
    }
}

/// Resolves when the process is told to end.
async fn stop() {
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
        // Without signals only the service manager's kill ends it; the dead-men then take over.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Logs go to standard error; RUST_LOG chooses what.
fn open_log(log: Log) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match log {
        Log::Text => builder.init(),
        Log::Json => builder.json().init(),
    }
}
