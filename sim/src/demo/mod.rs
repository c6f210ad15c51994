//! The demonstration: a simulated commune behind real Modbus TCP devices on loopback, the daemon
//! against it, and beside it the same commune under level control, to compare the cost.

mod plain;
mod screen;
mod summary;

use crate::connect::{DuplexConnect, ServeError, Serving, serve_field};
use crate::world::{Bookkeeper, World, WorldError};
use drivers::clock::Clock;
use jiff::Timestamp;
use jiff::civil::DateTime;
use regie::control::{Controller, Parts, Policy};
use regie::http::{self, View};
use regie::resident::{live, open_state};
use regie::solver::Solver;
use regie::store::StoreError;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use tokio::net::TcpListener;

/// Polls to wait at the end for the last commands to be read back.
const LAST_LOOKS: u32 = 6;

/// Why the demonstration cannot be given.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The site cannot be simulated.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The devices cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// State and history cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Status and metrics cannot be served, or the terminal failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The start is no instant in the site's time zone.
    #[error("{0} is not a time in the site's time zone")]
    Start(DateTime),
}

/// How to give it.
#[derive(Debug, Clone)]
pub struct Demo {
    /// How many times faster than real time.
    pub speed: f64,
    /// End after so many cycles; none goes on until Ctrl-C.
    pub cycles: Option<u64>,
    /// Seed of the truth.
    pub seed: u64,
    /// Local date and time of the start.
    pub start: DateTime,
    /// Folder for state and history.
    pub state: PathBuf,
    /// What its links take that the site does not say.
    pub serving: Serving,
    /// Draw a screen instead of plain lines.
    pub screen: bool,
}

/// What the view shows beside the daemon's own.
pub(crate) struct Scene {
    pub(crate) view: Arc<View>,
    pub(crate) zone: jiff::tz::TimeZone,
    pub(crate) cost: f64,
    pub(crate) baseline: f64,
    pub(crate) pv_available_watts: f64,
    pub(crate) curtailed_kwh: f64,
    pub(crate) demand_m3h: f64,
    pub(crate) address: SocketAddr,
    pub(crate) history: PathBuf,
}

/// Serves the field alone until Ctrl-C.
///
/// # Errors
/// When the field cannot be made or served.
pub async fn serve(
    world: &World,
    speed: f64,
    seed: u64,
    start: Option<DateTime>,
    serving: &Serving,
) -> Result<(), DemoError> {
    let start = match start {
        Some(start) => instant(world, start)?,
        None => Clock::system().now().utc,
    };
    let clock = Clock::scaled(start, speed);
    let field = world.field(seed, &clock)?;
    let mut served = serve_field(&field, serving).await?;
    println!("{} at {speed} times real time, seed {seed}:", world.site().name);
    for (endpoint, place) in served.places() {
        let devices = world.site().devices.iter().filter(|device| &device.endpoint == endpoint);
        let devices: Vec<String> =
            devices.map(|device| format!("{} (unit {})", device.id, device.unit)).collect();
        println!("  {place}  {}", devices.join(", "));
    }
    println!("Ctrl-C ends it.");
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended?,
        failed = served.failed() => failed?,
    }
    Ok(())
}

fn instant(world: &World, start: DateTime) -> Result<Timestamp, DemoError> {
    let zoned = start.to_zoned(world.site().zone.clone());
    zoned.map(|zoned| zoned.timestamp()).map_err(|_| DemoError::Start(start))
}

impl Demo {
    /// Gives the demonstration; returns whether every command was confirmed and no interlock
    /// had to hold.
    ///
    /// # Errors
    /// When it cannot start, or the terminal fails.
    pub async fn run(&self, mut world: World) -> Result<bool, DemoError> {
        let start = instant(&world, self.start)?;
        world.change_site(|site| site.tariff.bill_over(start, 30));
        let slack = world.site().pace.poll * 3 / 2;
        let clock = Clock::governed(start, self.speed, slack);
        let field = world.field(self.seed, &clock.follower())?;
        let _served = serve_field(&field, &self.serving).await?;
        let books = Bookkeeper::start(world.site(), &field, &clock);
        let baseline = Baseline::start(&world, self.seed, &clock)?;
        // A demonstration begins anew: yesterday's state belongs to another commune.
        let folder = self.state.join(format!("run-{}", std::process::id()));
        let (store, _) = open_state(&folder, world.site(), start)?;
        let listener = self.listener(&world).await?;
        let address = listener.local_addr()?;
        let mut controller = Controller::new(Parts {
            loaded: world.loaded.clone(),
            connect: live(&world.site().devices),
            clock: clock.clone(),
            store: Some(store),
            state: None,
            policy: Policy::Optimal,
            solver: Solver::in_process(),
        });
        let view = controller.view();
        let sources = http::Sources::new(controller.view(), controller.desk())
            .with_what_if(controller.what_if())
            .with_points(controller.points());
        let serving = tokio::spawn(http::serve(listener, sources, std::future::pending()));
        let scene = || {
            let ledger = books.look();
            let pv = ledger.last().inverters.values();
            Scene {
                view: view.borrow().clone(),
                zone: world.site().zone.clone(),
                cost: ledger.cost(),
                baseline: baseline.cost(),
                pv_available_watts: pv.clone().map(|pv| pv.available.get()).sum(),
                curtailed_kwh: pv.map(|pv| pv.curtailed.kwh()).sum(),
                demand_m3h: ledger.last().water.as_ref().map_or(0.0, |w| w.demand.get() * 3600.0),
                address,
                history: folder.join("regie.db"),
            }
        };
        self.show(&mut controller, scene).await?;
        let good = summary::print(&scene(), &books.look(), self.speed);
        controller.stop().await;
        baseline.stop();
        serving.abort();
        Ok(good)
    }

    /// The site's own address, or any free one when somebody has it.
    async fn listener(&self, world: &World) -> std::io::Result<TcpListener> {
        match TcpListener::bind(world.site().listen).await {
            Ok(listener) => Ok(listener),
            Err(_) => TcpListener::bind(("127.0.0.1", 0)).await,
        }
    }

    /// Runs cycles and shows them until the end, Ctrl-C, or `q` on the screen.
    async fn show(
        &self,
        controller: &mut Controller,
        scene: impl Fn() -> Scene,
    ) -> Result<(), DemoError> {
        let mut screen = if self.screen { Some(screen::Screen::open()?) } else { None };
        if screen.is_none() {
            plain::head(&scene());
        }
        let ctrl_c = tokio::signal::ctrl_c();
        tokio::pin!(ctrl_c);
        while self.cycles.is_none_or(|cycles| controller.cycles() < cycles) {
            tokio::select! {
                biased;
                ended = &mut ctrl_c => { ended?; break; }
                _ = controller.next_cycle() => {}
            }
            match &mut screen {
                Some(screen) => {
                    screen.draw(&scene())?;
                    if screen.wants_to_end()? {
                        break;
                    }
                }
                None => plain::line(&scene()),
            }
        }
        settle(controller).await;
        Ok(())
    }
}

/// Waits a few polls for the last commands to be read back.
async fn settle(controller: &mut Controller) {
    for _ in 0..LAST_LOOKS {
        if controller.pending() == 0 {
            return;
        }
        controller.look().await;
    }
}

/// The same commune under level control, over in-memory links, on the same clock.
struct Baseline {
    books: Bookkeeper,
    task: tokio::task::JoinHandle<()>,
}

impl Baseline {
    fn start(world: &World, seed: u64, clock: &Clock) -> Result<Self, WorldError> {
        let clock = &clock.follower();
        let field = world.field(seed, clock)?;
        let books = Bookkeeper::start(world.site(), &field, clock);
        let mut controller = Controller::new(Parts {
            loaded: world.loaded.clone(),
            connect: Arc::new(DuplexConnect::new(field)),
            clock: clock.clone(),
            store: None,
            state: None,
            policy: Policy::Rules,
            solver: Solver::in_process(),
        });
        let task = tokio::spawn(async move {
            loop {
                controller.next_cycle().await;
            }
        });
        Ok(Self { books, task })
    }

    fn cost(&self) -> f64 {
        self.books.look().cost()
    }

    fn stop(self) {
        self.task.abort();
    }
}
