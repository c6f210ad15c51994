//! pymodbus on a serial line: its server for our drivers, and its client's broadcast for simulated
//! devices. Over TCP the daemon's own tests have it, over TLS `secured`.

use crate::driver::{Driver, device};
use crate::mbpoll::GAP;
use crate::process::{Line, Running, start, until};
use crate::unit::Memory;
use drivers::profile;
use regie_sim::modbus::{RtuLine, Table, open_serial, serve_rtu};
use site::command::{Delivery, Setpoint};
use site::units::Ratio;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// What the registers of its two units mean, exactly.
const NUMBERS: [(&str, f64); 11] = [
    ("roof1.drift", -0.0125),
    ("roof1.energy", 3_000_000_000.0),
    ("roof1.count", 123_456_789.0),
    ("roof1.power", 50_000.0),
    ("roof1.limit", 100.0),
    ("roof1.ready", 1.0),
    ("roof1.alarm", 0.0),
    ("roof1.sunny", 1.0),
    ("roof1.enabled", 0.0),
    ("meter1.power", -50_000.0),
    ("meter1.reactive", -0.15625),
];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../daemon/tests")
}

/// The Python with pymodbus that the tests' set-up made.
pub(crate) fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-venv/bin/python");
    std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from)
}

/// The script of the daemon's tests.
fn pymodbus(word: &str, path: &Path) -> Running {
    start(Command::new(python()).arg(tests().join("pymodbus_server.py")).arg(word).arg(path))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_server_is_read_and_told_on_a_serial_line() {
    let line = Line::pair().await;
    let _server = pymodbus("serve-rtu", &line.far());
    let address = format!("serial://{}?baud=19200&parity=none", line.near().display());
    let shipped = |name: &str, unit, file: &str| {
        let path = tests().join("sites/pymodbus").join(file);
        let text = std::fs::read_to_string(&path).expect("it is in the tree");
        let profile = Arc::new(profile::read(&text, &path).expect("no findings"));
        device(name, &address, unit, &profile, Duration::from_secs(2))
    };
    let devices = vec![shipped("roof1", 1, "inverter.yaml"), shipped("meter1", 2, "meter.yaml")];
    let driver = Driver::start(devices);
    let all = || NUMBERS.map(|(point, _)| driver.number(point));
    until("all points are good", || all().iter().all(Option::is_some).then_some(())).await;
    for ((point, expected), found) in NUMBERS.iter().zip(all()) {
        let found = found.expect("good");
        assert!((found - expected).abs() <= expected.abs() * 1e-12, "{point}: {found}");
    }
    let limit = Setpoint::Limit(Ratio::new(0.653));
    assert_eq!(driver.command("roof1", limit).await, Delivery::Sent);
    until("the limit is read back", || {
        let limit = driver.number("roof1.limit")?;
        let enabled = driver.number("roof1.enabled")?;
        ((limit - 65.3).abs() < 1e-9 && enabled > 0.5).then_some(())
    })
    .await;
    driver.field.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_broadcast_reaches_every_unit_of_a_simulated_line() {
    let (first, second) = (Memory::new(), Memory::new());
    let bus = first.bus();
    bus.insert(2, second.clone());
    let line = Line::pair().await;
    let port = open_serial(&line.far(), 19_200).unwrap();
    tokio::spawn(serve_rtu(port, bus, RtuLine::serial(19_200).with_gap(GAP)));
    let _client = pymodbus("broadcast", &line.near());
    for memory in [first, second] {
        until("the unit has heard it", || {
            (memory.get(Table::HoldingRegisters, 7, 1)? == [42]).then_some(())
        })
        .await;
    }
}
