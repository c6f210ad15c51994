//! A gateway on loopback with devices that keep what is written to them: Modbus frames made by
//! hand, so that nothing of ours is tested against itself.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// A unit, a table by its reading function, an address.
type Place = (u8, u8, u16);

/// Devices behind one address.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    registers: BTreeMap<Place, u16>,
    writes: Vec<(u8, u16, u16)>,
}

/// Units that answer.
const UNITS: [u8; 5] = [1, 2, 3, 4, 9];

impl Gateway {
    /// Four chargers with vehicles, the fourth one switched to local, and a meter.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let gateway = Self { port, state: Arc::default() };
        for unit in 1..=4 {
            gateway.set((unit, 2, 0), 1);
            gateway.set((unit, 2, 1), u16::from(unit != 4));
            for address in [4, 5, 6] {
                gateway.set((unit, 4, address), 0xFFFF);
            }
        }
        let serving = gateway.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let gateway = serving.clone();
                std::thread::spawn(move || gateway.talk(stream));
            }
        });
        gateway
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }

    pub(crate) fn set(&self, place: Place, word: u16) {
        self.state().registers.insert(place, word);
    }

    /// What was written to holding registers since the start: unit, address, word.
    pub(crate) fn writes(&self) -> Vec<(u8, u16, u16)> {
        self.state().writes.clone()
    }

    /// The limits of current that a charger was told, in order, in tenths of an ampere.
    pub(crate) fn told(&self, unit: u8) -> Vec<u16> {
        let writes = self.writes().into_iter();
        writes.filter(|(of, at, _)| (*of, *at) == (unit, 0)).map(|(_, _, word)| word).collect()
    }

    fn talk(&self, mut stream: TcpStream) {
        let mut head = [0; 7];
        while stream.read_exact(&mut head).is_ok() {
            let length = usize::from(u16::from_be_bytes([head[4], head[5]])) - 1;
            let mut request = vec![0; length];
            if stream.read_exact(&mut request).is_err() {
                return;
            }
            let reply = self.reply(head[6], &request);
            let length = u16::try_from(reply.len() + 1).expect("a frame is short").to_be_bytes();
            head[4..6].copy_from_slice(&length);
            if stream.write_all(&[&head[..], &reply].concat()).is_err() {
                return;
            }
        }
    }

    fn reply(&self, unit: u8, request: &[u8]) -> Vec<u8> {
        let function = request[0];
        if !UNITS.contains(&unit) {
            return vec![function | 0x80, 0x0B];
        }
        if !matches!(function, 1..=6) {
            return vec![function | 0x80, 1];
        }
        let word = |at: usize| u16::from_be_bytes([request[at], request[at + 1]]);
        let (first, count) = (word(1), word(3));
        if first >= 1000 && function <= 4 {
            return vec![function | 0x80, 2];
        }
        let mut state = self.state();
        if function > 4 {
            state.registers.insert((unit, 3, first), count);
            state.writes.push((unit, first, count));
            return request[..5].to_vec();
        }
        let read = |at: u16| state.registers.get(&(unit, function, at)).copied().unwrap_or(0);
        let mut data: Vec<u8> = Vec::new();
        if function <= 2 {
            data.resize(usize::from(count.div_ceil(8)), 0);
            for bit in (0..count).filter(|bit| read(first + bit) != 0) {
                data[usize::from(bit / 8)] |= 1 << (bit % 8);
            }
        } else {
            data.extend((first..first + count).flat_map(|at| read(at).to_be_bytes()));
        }
        [&[function, u8::try_from(data.len()).expect("a short answer")], &data[..]].concat()
    }
}

/// The site's file in a folder of its own, with free ports put in, and a daemon when it is started.
pub(crate) struct Yard {
    pub folder: tempfile::TempDir,
    pub address: String,
    pub daemon: Option<Child>,
}

impl Drop for Yard {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            // It may have ended already.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

impl Yard {
    pub(crate) fn lay(gateway: &Gateway) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("it has one").to_string();
        let folder = tempfile::tempdir().expect("a folder");
        let site =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/commissioning/site.yaml");
        let text = std::fs::read_to_string(site).expect("it is in the tree");
        let text = text.replace("127.0.0.1:19920", &address);
        let text = text.replace(":15502", &format!(":{}", gateway.port));
        std::fs::write(folder.path().join("site.yaml"), text).expect("a temporary folder");
        Self { folder, address, daemon: None }
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.folder.path().join("site.yaml")
    }

    /// Starts the daemon.
    pub(crate) fn start(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a folder");
        let child = Command::new(env!("CARGO_BIN_EXE_regie"))
            .args(["run", "--site"])
            .arg(self.site())
            .env("STATE_DIRECTORY", self.folder.path().join("state"))
            .env("RUST_LOG", "info")
            .env_remove("NOTIFY_SOCKET")
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("regie runs");
        self.daemon = Some(child);
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs `regie` with these words: exit code, standard output, standard error.
    pub(crate) fn regie(&self, words: &[&str]) -> (i32, String, String) {
        told(Command::new(env!("CARGO_BIN_EXE_regie")).args(words).env("REGIE_SITE", self.site()))
    }
}

/// Runs a command to its end, with nobody at its standard input.
pub(crate) fn told(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().expect("it can be run");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("it ended by itself"), text(stdout), text(stderr))
}

/// Waits until something holds.
pub(crate) fn wait(what: &str, seconds: u64, holds: impl Fn() -> bool, log: impl Fn() -> String) {
    for _ in 0..seconds * 10 {
        if holds() {
            return;
        }
        pause();
    }
    panic!("{what}: not within {seconds} s\n{}", log());
}

#[expect(clippy::disallowed_methods, reason = "other processes live in real time")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}
