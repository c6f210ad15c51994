//! The daemon as a process of its own against a field over TCP: killed at any moment it goes on
//! where it was, a second one is refused, and told to end it ends well.
//!
//! The process is this test program, started again to be the daemon: `regie` belongs to another
//! package, and only what is compiled with this test is certain to be of the same day. It runs
//! what the `main` of `regie` runs.

#[path = "common/copy.rs"]
mod copy;

use copy::Copy;
use drivers::Clock;
use regie::cli::client::Client;
use regie::cli::{self, Action, Log, exit};
use regie::status::{AssetStatus, Status};
use regie::store::Store;
use regie_sim::connect::{ServedField, serve_tcp};
use regie_sim::world::World;
use site::AssetId;
use site::plan::Rung;
use site::units::Ratio;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use tokio::runtime::Runtime;

const PACE: &str = "{cycle: 5 s, poll: 1 s, observe_cycles: 1}";

/// A pump that is seen for the first time counts as just stopped; here it need not wait.
const MIN_STOP: &str = "0 s";

/// Names the site file to a process that is to be the daemon.
const BE_THE_DAEMON: &str = "REGIE_TEST_BE_THE_DAEMON";

/// The name of the function below.
const DAEMON: &str = "what_the_daemon_is_told_is_understood";

/// In a process that [`Daemon::start`] made, this is the daemon and never returns.
#[test]
fn what_the_daemon_is_told_is_understood() {
    let site = std::env::var_os(BE_THE_DAEMON).map(PathBuf::from);
    let named = site.clone().unwrap_or_else(|| "site.yaml".into());
    let words = ["regie".into(), "run".into(), "--site".into(), named.clone().into_os_string()];
    let arguments = cli::parse(words).expect("regie understands it");
    assert_eq!(arguments.action, Action::Run { site: named, log: Log::Text });
    if site.is_some() {
        std::process::exit(i32::from(cli::run::run(&arguments.action)));
    }
}

/// A daemon that does not outlive its test.
struct Daemon {
    process: Child,
    log: PathBuf,
    address: SocketAddr,
}

impl Daemon {
    fn start(site: &Path, state: &Path) -> Self {
        let log = state.with_extension("log");
        let stderr = File::options().create(true).append(true).open(&log).expect("it is ours");
        let process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", DAEMON, "--nocapture", "--test-threads=1"])
            .env(BE_THE_DAEMON, site)
            .env("STATE_DIRECTORY", state)
            .env("RUST_LOG", "info")
            .env_remove("NOTIFY_SOCKET")
            .stdout(stderr.try_clone().expect("a file"))
            .stderr(stderr)
            .spawn()
            .expect("it runs");
        let address = World::load(site, None, None).expect("no findings").site().listen;
        Self { process, log, address }
    }

    /// The first status of which `holds` is true.
    fn wait(&mut self, what: &str, holds: impl Fn(&Status) -> bool) -> Status {
        let (client, clock) = (Client::at(self.address), stopwatch());
        loop {
            let ended = self.process.try_wait().expect("it is ours");
            assert_eq!(ended, None, "{what}: the daemon ended\n{}", self.log());
            match client.status().map(|answer| answer.value) {
                Ok(status) if holds(&status) => return status,
                answer if clock() > Duration::from_secs(40) => {
                    panic!("{what}: never\n{answer:#?}\n{}", self.log())
                }
                _ => pause(Duration::from_millis(100)),
            }
        }
    }

    /// As a power cut does: the process has no say in it.
    fn kill(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was ours");
    }

    /// Its exit code, when it ends within `limit`.
    fn ended(&mut self, limit: Duration) -> i32 {
        let clock = stopwatch();
        while clock() < limit {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                return status.code().unwrap_or_else(|| panic!("{status}\n{}", self.log()));
            }
            pause(Duration::from_millis(50));
        }
        panic!("it has not ended in {limit:?}\n{}", self.log());
    }

    fn end(mut self) {
        let id = self.process.id().to_string();
        let told = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status();
        assert!(told.expect("a shell").success());
        assert_eq!(self.ended(Duration::from_secs(5)), i32::from(exit::OK), "{}", self.log());
    }

    /// A GET by hand: the status line and the text.
    fn get(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "another process lives in real time")]
fn stopwatch() -> impl Fn() -> Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "no executor runs on this thread")]
fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// A field on the site's ports for as long as the answer lives, with tanks that begin at `level`.
fn serve(runtime: &Runtime, site: &Path, level: f64) -> ServedField {
    let mut world = World::load(site, None, None).expect("no findings");
    world.change_site(|site| site.simulation.initial_level = Ratio::new(level));
    let clock = Clock::scaled(Clock::system().now().utc, 1.0);
    let field = world.field(1, &clock).expect("a field");
    runtime.block_on(serve_tcp(&field)).expect("its ports are free")
}

fn pump(status: &Status) -> Option<&AssetStatus> {
    status.assets.get(&AssetId::new("P1").expect("a name"))
}

/// Whether P1 is seen to run or to stand, with so many starts in the last hour.
fn shows(status: &Status, runs: bool, starts: u32) -> bool {
    let seen = pump(status).map(|pump| (pump.active, pump.starts_last_hour));
    seen == Some((Some(runs), Some(starts)))
}

#[test]
fn killed_at_any_moment_it_goes_on_where_it_was() {
    let runtime = Runtime::new().expect("threads");
    let copy = Copy::new(PACE, MIN_STOP);
    let (site, state) = (copy.site(), copy.folder().join("state"));
    // Below the low mark the pumps are started whatever the hour and the price.
    let low = serve(&runtime, &site, 0.1);
    let mut daemon = Daemon::start(&site, &state);
    let seen = daemon.wait("it sees P1 run", |s| s.cycle >= 2 && shows(s, true, 1));
    refuse_another(&state);
    assert_eq!(daemon.get("/healthz"), ("HTTP/1.0 200 OK".to_owned(), "ok\n".to_owned()));
    let (line, metrics) = daemon.get("/metrics");
    assert_eq!(line, "HTTP/1.0 200 OK");
    assert!(metrics.contains("\n# TYPE regie_"), "{metrics}");
    daemon.kill();

    // Before it listens, before its first cycle, in the midst of one, and between two.
    for milliseconds in [50, 700, 1_050, 4_000] {
        let daemon = Daemon::start(&site, &state);
        pause(Duration::from_millis(milliseconds));
        daemon.kill();
    }
    let mut daemon = Daemon::start(&site, &state);
    let status = daemon.wait("it goes on", |status| status.cycles_since_start >= 2);
    let before = status.cycle - status.cycles_since_start;
    // Each of the runs in between had time for one cycle at most.
    assert!((seen.cycle..=seen.cycle + 5).contains(&before), "{before} after {}", seen.cycle);
    assert!(shows(&status, true, 1), "the start is not counted again: {:?}", pump(&status));
    daemon.kill();

    // While nobody looked, the tanks were filled and the pumps stopped; there is no room for more.
    drop(low);
    let _high = serve(&runtime, &site, 0.94);
    let mut daemon = Daemon::start(&site, &state);
    let status = daemon.wait("it sees P1 stand", |status| shows(status, false, 1));
    assert!(status.cycle > before, "the start is remembered in cycle {}", status.cycle);
    let status = daemon.wait("it controls again", |status| status.rung < Some(Rung::Release));
    daemon.end();
    assert_unbroken(&state, status.cycle);

    let mut fresh = Daemon::start(&site, &copy.folder().join("fresh"));
    let status = fresh.wait("it sees P1 stand", |s| shows(s, false, 0));
    assert!(status.cycle <= 2, "without its memory it would have known of no start");
    fresh.end();
}

/// A second daemon on the same state, with ports of its own, must not touch the field.
fn refuse_another(state: &Path) {
    let other = Copy::new(PACE, MIN_STOP);
    let mut second = Daemon::start(&other.site(), state);
    assert_eq!(second.ended(Duration::from_secs(10)), i32::from(exit::UNAVAILABLE));
    let log = second.log();
    assert!(log.contains("another"), "it says why:\n{log}");
}

/// Every cycle from the first to the last is on disk once, in order, across all the kills.
fn assert_unbroken(state: &Path, reached: u64) {
    let now = Clock::system().now().utc;
    let opened = Store::open(&state.join("regie.db"), now).expect("it was let go");
    assert_eq!(opened.notice(), None, "nothing was damaged");
    assert_eq!(opened.store.interrupted().expect("it reads"), []);
    let from = now - jiff::SignedDuration::from_mins(10);
    let records = opened.store.records(from, now, 1000).expect("they read");
    let numbers: Vec<u64> = records.iter().map(|record| record.cycle).collect();
    let all: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, all);
    assert!(numbers.last() >= Some(&reached), "{numbers:?}, and {reached} was reached");
}
