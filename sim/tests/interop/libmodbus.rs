//! libmodbus' own test server, with the faults it injects, and our drivers as its client: whatever
//! it does, no value reaches a wrong point, and what it answers well stays good.
//!
//! The server is compiled from the examples of the library's package. Its port, its serial port
//! and the pauses between its lives are ours; it ends with each TCP connection and is started
//! again, with all its registers zero.

use crate::driver::{Driver, device, profile};
use crate::process::{Line, Running, free_port, missing, start, until};
use site::command::{Delivery, Setpoint};
use site::units::Ratio;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The unit over TCP that its raw answers have, and its own on a serial line.
const TCP_UNIT: u8 = 255;
const RTU_UNIT: u8 = 17;
/// Time for an answer that is not meant to be missed.
const AMPLE: Duration = Duration::from_secs(2);

/// What it answers well. The input register holds 10 from its start on, and so do the bits.
const WELL: &str = "
profile: libmodbus
version: 1
description: What libmodbus' unit-test server answers well
first_address: 0
points:
  input: {input: 264, kind: u16}
  bit_2: {discrete: 454, kind: flag}
  bit_6: {discrete: 458, kind: flag}
  coil: {coil: 320, kind: flag, access: read-write}
  limit: {holding: 352, kind: u16, scale: 0.1, unit: '%', range: [0, 100], access: read-write}
  real: {holding: 354, kind: f32, access: read-write}
commands:
  limit:
    write:
      - {point: limit, value: percent}
      - {point: real, value: percent}
      - {point: coil, value: 1}
    confirm: [{point: limit, equals: percent, tolerance: 0.1}]
    settle: 1 s
";

/// A profile with one register that the server treats in its own way.
fn odd(address: u16) -> String {
    format!(
        "{{profile: odd, version: 1, description: one register, first_address: 0, \
          points: {{value: {{holding: {address}, kind: u16, unit: V}}}}}}"
    )
}

/// Two registers: the count that it answers with one too few.
const SHORT: &str = "{profile: short, version: 1, description: two registers, first_address: 0, \
                      points: {value: {holding: 360, kind: u32}}}";

/// The server's program, compiled for a TCP port or a serial port.
struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    fn compiled(port: u16, serial: &Path) -> Server {
        let examples = std::env::var_os("REGIE_LIBMODBUS_EXAMPLES")
            .map_or_else(|| PathBuf::from("/usr/share/doc/libmodbus-dev/examples"), PathBuf::from);
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["unit-test-server.c", "unit-test.h"] {
            let text = std::fs::read(examples.join(file));
            let text = text.unwrap_or_else(|error| panic!("{}", missing(file, &error)));
            let text = String::from_utf8_lossy(&text)
                .replace("1502", &port.to_string())
                .replace("/dev/ttyUSB0", &serial.display().to_string());
            std::fs::write(folder.path().join(file), text).expect("a temporary folder");
        }
        let compiled = Command::new("cc")
            .current_dir(folder.path())
            .args(["-w", "-I/usr/include/modbus", "-o", "server", "unit-test-server.c", "-lmodbus"])
            .output()
            .unwrap_or_else(|error| panic!("{}", missing("cc", &error)));
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        Server { folder }
    }

    fn start(&self, way: &str) -> Running {
        start(Command::new(self.folder.path().join("server")).arg(way))
    }

    /// Starts it again whenever it has ended.
    fn keep(self, way: &'static str) -> Kept {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let keeper = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                let mut running = self.start(way);
                while !told.load(Ordering::Relaxed)
                    && running.0.try_wait().expect("it is ours").is_none()
                {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        });
        Kept { over, keeper: Some(keeper) }
    }
}

/// A server that is there until this is dropped.
struct Kept {
    over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.take() {
            keeper.thread().unpark();
            // Its panic would have been a failed assertion, and was printed.
            let _ = keeper.join();
        }
    }
}

/// A TCP server, and the address of its port.
fn over_tcp() -> (Kept, String) {
    let port = free_port();
    let server = Server::compiled(port, Path::new("/nowhere"));
    (server.keep("tcp"), format!("tcp://127.0.0.1:{port}"))
}

/// A server on a serial line, and the address of the line's near end.
async fn on_a_line() -> (Kept, Line, String) {
    let line = Line::pair().await;
    let server = Server::compiled(free_port(), &line.far());
    let address = format!("serial://{}?baud=115200&parity=none", line.near().display());
    (server.keep("rtu"), line, address)
}

/// Everything that is answered well, read and written.
async fn is_read_and_told(address: &str, unit: u8) {
    let well = device("well", address, unit, &profile(WELL), AMPLE);
    let driver = Driver::start(vec![well]);
    let all_good = || {
        let numbers = ["input", "bit_2", "bit_6", "coil", "limit", "real"]
            .map(|point| driver.number(&format!("well.{point}")));
        numbers.iter().all(Option::is_some).then(|| numbers.map(Option::unwrap_or_default))
    };
    let numbers = until("all points are good", all_good).await;
    assert!((numbers[0] - 10.0).abs() < 1e-12, "{numbers:?}");
    assert!(numbers[1] > 0.5 && numbers[2] < 0.5, "{numbers:?}");
    let limit = Setpoint::Limit(Ratio::new(0.655));
    // The connection may go down once before the first answer: the server has just begun.
    assert_eq!(driver.command("well", limit).await, Delivery::Sent);
    until("what was written is read", || {
        let numbers = all_good()?;
        (numbers[3] > 0.5 && (numbers[4] - 65.5).abs() < 1e-9 && (numbers[5] - 65.5).abs() < 1e-9)
            .then_some(())
    })
    .await;
    driver.field.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn is_read_and_told_over_tcp() {
    let (_server, address) = over_tcp();
    is_read_and_told(&address, TCP_UNIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn is_read_and_told_on_a_serial_line() {
    let (_server, _line, address) = on_a_line().await;
    is_read_and_told(&address, RTU_UNIT).await;
}

/// A device that is answered well and one that is not, on one link. Gives the trouble of the
/// second in words once it was there so many times; meanwhile no point has a value that is not its
/// own, and in the end the first device is good.
async fn trouble(address: &str, unit: u8, odd: &str, times: u64) -> String {
    let driver = Driver::start(vec![
        device("well", address, unit, &profile(WELL), AMPLE),
        device("odd", address, unit, &profile(odd), Duration::from_millis(300)),
    ]);
    let words = until("the device is in trouble", || {
        assert_eq!(driver.number("odd.value").filter(|it| it.abs() > 0.0), None);
        let input = driver.number("well.input");
        assert!(input.is_none_or(|it| (it - 10.0).abs() < 1e-12), "{input:?}");
        let health = driver.health("odd");
        (health.reads_failed >= times).then_some(health.last_error).flatten()
    })
    .await;
    until("the neighbour is good", || driver.number("well.input")).await;
    assert_eq!(driver.number("odd.value"), None, "{words}");
    driver.field.stop().await;
    words
}

/// A device that is slow or answers in pieces, and is read all the same.
async fn is_read(address: &str, unit: u8, odd: &str) {
    let driver = Driver::start(vec![
        device("well", address, unit, &profile(WELL), AMPLE),
        device("odd", address, unit, &profile(odd), AMPLE),
    ]);
    let reads = || {
        let value = driver.number("odd.value")?;
        assert!(value.abs() < 1e-12, "{value}");
        (driver.health("odd").reads_ok >= 4 && driver.number("well.input").is_some()).then_some(())
    };
    until("it is read again and again", reads).await;
    let failed = driver.health("odd").reads_failed;
    assert_eq!(failed, 0, "{:?}", driver.health("odd").last_error);
    driver.field.stop().await;
}

/// Its addresses for faults: an exception, a wrong transaction or unit, a sleep, and pieces.
const BUSY: u16 = 0x170;
const STRANGE: u16 = 0x171;
const SLOW: u16 = 0x172;
const PIECES: u16 = 0x173;

#[tokio::test(flavor = "multi_thread")]
async fn its_faults_over_tcp() {
    let (_server, address) = over_tcp();
    let words = trouble(&address, TCP_UNIT, &odd(BUSY), 3).await;
    assert!(words.contains("Server device busy"), "{words}");
    is_read(&address, TCP_UNIT, &odd(SLOW)).await;
    is_read(&address, TCP_UNIT, &odd(PIECES)).await;
    let words = trouble(&address, TCP_UNIT, &odd(STRANGE), 1).await;
    assert!(words.contains("another transaction or unit"), "{words}");
    let words = trouble(&address, TCP_UNIT, SHORT, 1).await;
    assert!(words.contains("1 register"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_faults_on_a_serial_line() {
    let (_server, _line, address) = on_a_line().await;
    let words = trouble(&address, RTU_UNIT, &odd(BUSY), 3).await;
    assert!(words.contains("Server device busy"), "{words}");
    is_read(&address, RTU_UNIT, &odd(SLOW)).await;
    // The answer of another unit, or to the question by which the driver makes sure: one register
    // too few, since it is for two.
    let words = trouble(&address, RTU_UNIT, &odd(STRANGE), 2).await;
    assert!(words.contains("the answer does not fit"), "{words}");
    let words = trouble(&address, RTU_UNIT, SHORT, 2).await;
    assert!(words.contains("1 register"), "{words}");
    // On a serial line it does not answer at all here.
    let words = trouble(&address, RTU_UNIT, &odd(PIECES), 2).await;
    assert!(words.contains("no answer"), "{words}");
}
