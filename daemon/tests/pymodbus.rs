//! Devices that are not ours: `regie run` against a server of pymodbus, which shares no code with
//! it. Values, a setpoint read back, the loss of the devices and their return.

use drivers::clock::Clock;
use regie::status::Status;
use regie::store::{Reading, Store};
use serde_json::{Value, json};
use site::command::Verification;
use site::{AssetId, PointId, Quality};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// What the registers of the server mean, exactly: each number is one that its encoding holds.
const NUMBERS: [(&str, f64); 7] = [
    ("roof1.drift", -0.0125),
    ("roof1.energy", 3_000_000_000.0),
    ("roof1.count", 123_456_789.0),
    ("roof1.power", 50_000.0),
    ("meter1.power", -50_000.0),
    ("meter1.reactive", -0.15625),
    ("roof1.limit", 65.3),
];
const FLAGS: [(&str, f64); 4] =
    [("roof1.ready", 1.0), ("roof1.alarm", 0.0), ("roof1.sunny", 1.0), ("roof1.enabled", 1.0)];

/// The age at which the site's samples turn bad, and a cycle, s.
const MAX_AGE: u64 = 3;
const CYCLE: u64 = 5;

/// A process that does not outlive the test, however the test ends.
struct Process(Child);

impl Process {
    fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it was ours");
    }
    fn has_ended(&mut self) -> Option<i32> {
        let status = self.0.try_wait().expect("it is ours")?;
        Some(status.code().expect("it ended by itself"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The Python with pymodbus that the tests' set-up made.
fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-venv/bin/python");
    let python = std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from);
    assert!(
        python.is_file(),
        "no Python with pymodbus at '{}': run `make test`, or scripts/setup.sh --tests once",
        python.display()
    );
    python
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The server of pymodbus and what it says.
struct Server {
    process: Process,
    port: u16,
    lines: Receiver<String>,
}

impl Server {
    /// Starts it on a port; on any free one when that is 0.
    fn start(port: u16) -> Self {
        let mut child = Command::new(python())
            .arg(tests().join("pymodbus_server.py"))
            .args(["serve", &port.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let stdout = child.stdout.take().expect("it was asked for");
        let process = Process(child);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut server = Self { process, port, lines };
        let port = server.says(Duration::from_secs(20))["port"].as_u64().expect("a port");
        server.port = u16::try_from(port).expect("a port");
        server
    }

    /// The next thing it says.
    fn says(&self, patience: Duration) -> Value {
        match self.lines.recv_timeout(patience) {
            Ok(line) => serde_json::from_str(&line).expect("JSON"),
            Err(RecvTimeoutError::Timeout) => panic!("the server said nothing in {patience:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the server ended; see its words above"),
        }
    }

    /// What a client of pymodbus reads there.
    fn read(&self) -> Value {
        let output = Command::new(python())
            .arg(tests().join("pymodbus_server.py"))
            .args(["read", &self.port.to_string()])
            .output()
            .expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

/// A running `regie`, its folder and its address.
struct Daemon {
    process: Process,
    folder: tempfile::TempDir,
    address: String,
}

impl Daemon {
    fn start(devices: u16) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("it has one").to_string();
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["site.yaml", "inverter.yaml", "meter.yaml"] {
            let text = std::fs::read_to_string(tests().join("sites/pymodbus").join(file));
            let text = text.expect("it is in the tree").replace("127.0.0.1:19920", &address);
            let text = text.replace(":15502", &format!(":{devices}"));
            std::fs::write(folder.path().join(file), text).expect("a temporary folder");
        }
        let log = std::fs::File::create(folder.path().join("log")).expect("a temporary folder");
        drop(free);
        let child = Command::new(env!("CARGO_BIN_EXE_regie"))
            .args(["run", "--log", "json", "--site"])
            .arg(folder.path().join("site.yaml"))
            .env("STATE_DIRECTORY", folder.path().join("state"))
            .env("RUST_LOG", "info")
            .env_remove("NOTIFY_SOCKET")
            .stderr(log)
            .spawn()
            .expect("regie runs");
        Self { process: Process(child), folder, address }
    }

    /// An answer and its HTTP status; none while nobody listens.
    fn ask(&self, path: &str) -> Option<(u16, String)> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .http_status_as_error(false)
            .proxy(None);
        let agent: ureq::Agent = config.build().into();
        let mut answer = agent.get(format!("http://{}{path}", self.address)).call().ok()?;
        let text = answer.body_mut().read_to_string().expect("text");
        Some((answer.status().as_u16(), text))
    }

    fn status(&self) -> Option<Status> {
        let (code, text) = self.ask("/api/status")?;
        assert_eq!(code, 200, "{text}");
        Some(serde_json::from_str(&text).expect("a status"))
    }

    /// The first status of which `holds` is true.
    fn wait(
        &mut self,
        for_what: &str,
        seconds: u64,
        holds: impl Fn(&Status) -> bool,
    ) -> Box<Status> {
        let clock = stopwatch();
        loop {
            assert_eq!(self.process.has_ended(), None, "the daemon ended\n{}", self.log());
            let status = self.status();
            match status.filter(|status| holds(status)) {
                Some(status) => return Box::new(status),
                None if clock() < Duration::from_secs(seconds) => pause(),
                None => {
                    panic!(
                        "{for_what}: not within {seconds} s\n{:#?}\n{}",
                        self.status(),
                        self.log()
                    )
                }
            }
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Tells it to end, and gives its folder when it has ended well.
    fn end(mut self) -> tempfile::TempDir {
        let id = self.process.0.id().to_string();
        let told = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status();
        assert!(told.expect("a shell").success());
        let clock = stopwatch();
        loop {
            match self.process.has_ended() {
                Some(code) => {
                    assert_eq!(code, 0, "{}", self.log());
                    return self.folder;
                }
                None if clock() < Duration::from_secs(10) => pause(),
                None => panic!("it does not end\n{}", self.log()),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "other processes live in real time")]
fn stopwatch() -> impl Fn() -> Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "no executor runs here")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

fn confirmed(status: &Status) -> bool {
    let verification = status.assets.values().map(|asset| asset.verification.as_ref());
    verification.eq([Some(&Verification::Confirmed)])
}

/// The limit that keeps export at 98 % of 40 kW: 50 kW less 10.8 kW, of 60 kW, in tenths of a per
/// cent; and each time the coil that enables it. While the inverter is read and the meter is not,
/// its part of the 40 kW is allowed blindly.
fn assert_told(server: &Server) {
    const LIMIT: u64 = 653;
    const BLIND: u64 = 667;
    loop {
        let told = server.says(Duration::from_secs(30));
        let limit = told["values"][0].as_u64().expect("a register");
        assert_eq!(told, json!({"unit": 1, "wrote": "holding", "address": 20, "values": [limit]}));
        assert!([LIMIT, BLIND].contains(&limit), "{limit}");
        let enabled = json!({"unit": 1, "wrote": "coil", "address": 3, "values": [true]});
        assert_eq!(server.says(Duration::from_secs(30)), enabled);
        if limit == LIMIT {
            return assert_eq!(server.read(), json!({"limit": LIMIT, "enabled": true}));
        }
    }
}

#[test]
fn foreign_devices_are_read_told_lost_and_found_again() {
    let server = Server::start(0);
    let mut daemon = Daemon::start(server.port);
    assert_told(&server);
    let status = daemon.wait("the limit is confirmed", 3 * CYCLE, confirmed);
    assert_eq!(status.bad_points, BTreeMap::new());
    assert_eq!(status.grid.import_watts, Some(-50_000.0));
    let roof = &status.assets[&AssetId::new("PV1").expect("a name")];
    assert_eq!((roof.power_watts, roof.setting_ratio), (Some(50_000.0), Some(0.653)));
    assert_eq!((status.writes.confirmed, status.writes.failures), (1, 0));

    let port = server.port;
    server.process.kill();
    let points = NUMBERS.len() + FLAGS.len();
    // A status is made once a cycle.
    let status = daemon.wait("all points turn bad", MAX_AGE + CYCLE + 2, |status| {
        status.bad_points.len() == points
    });
    assert!(status.bad_points.values().all(|why| why == "link down"), "{:?}", status.bad_points);
    for device in &status.devices {
        let trouble = device.trouble.as_deref().unwrap_or_default();
        assert!(!device.good && trouble.contains("check power, cable and address"), "{trouble}");
    }
    assert_eq!(status.assets.values().next().and_then(|pv| pv.command.clone()), None);
    let (code, health) = daemon.ask("/healthz").expect("it lives");
    assert_eq!((code, health.as_str()), (200, "ok\n"), "a lost device is no fault of the daemon");

    // Power was gone: the server comes back with no limit, and is told again without being asked.
    let server = Server::start(port);
    assert_told(&server);
    let back = |status: &Status| status.bad_points.is_empty() && confirmed(status);
    let status = daemon.wait("all is good again", 30, back);
    assert!(status.devices.iter().all(|device| device.good), "{:?}", status.devices);
    assert_eq!(status.grid.import_watts, Some(-50_000.0));

    let folder = daemon.end();
    assert_history(&folder.path().join("state/regie.db"));
}

/// What was kept: exact values, then none while the devices were gone, then exact ones again.
fn assert_history(path: &Path) {
    let now = Clock::system().now().utc;
    let opened = Store::open(path, now).expect("it was let go");
    assert_eq!(opened.notice(), None);
    assert_eq!(opened.store.interrupted().expect("it reads"), []);
    for (point, value) in NUMBERS.into_iter().chain(FLAGS) {
        let id = PointId::try_from(point.to_owned()).expect("a point");
        let from = now - jiff::SignedDuration::from_mins(10);
        let readings = opened.store.samples(&id, from, now).expect("it reads");
        assert_readings(point, &readings, value);
    }
}

fn assert_readings(point: &str, readings: &[Reading], value: f64) {
    let missing = |reading: &Reading| reading.1.is_none();
    assert!(
        readings.iter().all(|(_, value, quality)| value.is_some() == (*quality == Quality::Good)),
        "{point}: no value without quality: {readings:?}"
    );
    let lost = readings.iter().position(missing).expect("it was lost");
    let (before, after) = readings.split_at(lost);
    let back = after.iter().position(|reading| !missing(reading)).expect("it came back");
    for (_, found, _) in [before.last().expect("read before"), &after[after.len() - 1]] {
        let found = found.expect("good");
        assert!((found - value).abs() <= value.abs() * 1e-12, "{point}: {found}, not {value}");
    }
    assert!(after[back..].iter().all(|reading| !missing(reading)), "{point}: {readings:?}");
}
