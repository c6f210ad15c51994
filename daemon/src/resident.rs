//! The resident process: start, run until told to stop, end in order.

use crate::control::{Controller, Parts, Policy, State};
use crate::http;
use crate::load::Loaded;
use crate::solver::{Program, Solver};
use crate::store::{Opened, Store, StoreError};
use crate::tables::Tables;
use drivers::clock::Clock;
use drivers::connect::{Connect, Live};
use jiff::Timestamp;
use site::model::Device;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;

/// The name of the state file in its folder.
pub const STATE_FILE: &str = "regie.db";

/// Why the resident could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ResidentError {
    /// The state could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address for status and metrics could not be bound.
    #[error(
        "cannot serve status and metrics at {address}: {error}; another Régie may run there, or the port needs more rights"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        error: std::io::Error,
    },
    /// Serving status and metrics ended with an error.
    #[error("serving status and metrics ended: {0}")]
    Serve(std::io::Error),
}

/// How the real field is reached. Whoever talks to devices, daemon or tool, does it through this.
#[must_use]
pub fn live(devices: &[Device]) -> Arc<dyn Connect> {
    Arc::new(Live::new(devices))
}

/// The folder of state and history: what systemd gives, what the site says, or a folder here.
#[must_use]
pub fn state_folder(site: &site::Site) -> PathBuf {
    let given = std::env::var_os("STATE_DIRECTORY").map(PathBuf::from);
    given.or_else(|| site.state.clone()).unwrap_or_else(|| PathBuf::from("regie-state"))
}

/// Opens the state in a folder and takes up what was remembered.
///
/// # Errors
/// When the folder cannot be used or another instance holds it.
pub fn open_state(
    folder: &Path,
    site: &site::Site,
    now: Timestamp,
) -> Result<(Store, State), StoreError> {
    let opened = Store::open(&folder.join(STATE_FILE), now)?;
    if let Some(notice) = opened.notice() {
        tracing::error!("{notice}");
    }
    let Opened { store, state, .. } = opened;
    for (at, command) in store.interrupted()? {
        let asset = command.asset.as_str();
        tracing::warn!(asset, %at, "was being commanded when the last run ended; reading back first");
    }
    let last = store.last_cycle()?.unwrap_or_default();
    let state = match state.map(State::restore) {
        Some(Ok(state)) => state,
        Some(Err(why)) => {
            tracing::warn!(%why, "the stored state is not taken up; learning begins anew");
            State::new(site).after(last)
        }
        None => State::new(site),
    };
    Ok((store, state))
}

/// Runs a site on real time over TCP until `stop`.
///
/// # Errors
/// When it cannot start, or serving status ends with an error.
pub async fn run(loaded: Loaded, stop: impl Future<Output = ()>) -> Result<(), ResidentError> {
    let clock = Clock::system();
    let address = loaded.site.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| ResidentError::Listen { address, error })?;
    let folder = state_folder(&loaded.site);
    let (store, state) = open_state(&folder, &loaded.site, clock.now().utc)?;
    tracing::info!(
        site = %loaded.site.id, devices = loaded.site.devices.len(), %address,
        state = %folder.display(), "started; observing before anything is written"
    );
    let connect = live(&loaded.site.devices);
    let parts = Parts {
        loaded,
        connect,
        clock,
        store: Some(store),
        state: Some(state),
        policy: Policy::Optimal,
        solver: Solver::child(Program::own()),
    };
    let mut controller = Controller::new(parts);
    let mut tables = Tables::new(controller.tariff(), &folder);
    let (tariff, trouble) = tables.look(controller.tariff());
    controller.renew_tariff(tariff, trouble);
    let fetching = tables.fetch(controller.tariff()).map(tokio::spawn);
    let overseer = tokio::spawn(controller.oversee());
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let sources = http::Sources::new(controller.view(), controller.desk())
        .with_what_if(controller.what_if())
        .with_points(controller.points());
    let serve = http::serve(listener, sources, async {
        let _ = ended.await;
    });
    let serve = tokio::spawn(serve);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            record = controller.next_cycle() => after_cycle(&record),
        }
        let (tariff, trouble) = tables.look(controller.tariff());
        controller.renew_tariff(tariff, trouble);
        if serve.is_finished() {
            break;
        }
    }
    notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("stopping: commands end, every device's own dead-man takes over");
    overseer.abort();
    if let Some(fetching) = fetching {
        fetching.abort();
    }
    controller.stop().await;
    let _ = end.send(());
    serve
        .await
        .map_err(std::io::Error::other)
        .and_then(|served| served)
        .map_err(ResidentError::Serve)
}

/// Tells systemd and the log. The watchdog is fed here and nowhere else: after a good record.
fn after_cycle(record: &site::record::CycleRecord) {
    let status = format!("cycle {}: {}", record.cycle, record.rung.word());
    notify(&[
        sd_notify::NotifyState::Ready,
        sd_notify::NotifyState::Status(&status),
        sd_notify::NotifyState::Watchdog,
    ]);
    tracing::info!(
        cycle = record.cycle,
        rung = record.rung.word(),
        because = record.because.as_deref().unwrap_or(""),
        commands = record.commands.len(),
        verdicts = record.verdicts.len(),
        "cycle"
    );
}

/// Without systemd there is nobody to tell, and that is no error.
fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
