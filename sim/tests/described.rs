//! Devices that describe themselves in SunSpec models of any kind, simulated for a site, read and
//! told by the real drivers: a battery, a meter, inverters of the 700 series and of two makers.

#[path = "common/field.rs"]
mod field;

use drivers::{Clock, Field, FieldDevice};
use field::field_of;
use regie_sim::connect::DuplexConnect;
use regie_sim::field::SimulatedField;
use regie_sim::world::World;
use site::command::{Authority, Command, Delivery, Guarded, Setpoint, Verification};
use site::units::{Power, Ratio};
use site::{AssetId, DeviceId, PointId, Snapshot};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

const NOON: &str = "2026-06-15T10:00:00Z";

/// What the devices are instead of what they are in the shipped site.
const PROFILES: [(&str, &str, &str); 5] = [
    ("solar1", "sunspec-inverter", "sunspec-der"),
    ("solar2", "sunspec-inverter", "fronius-gen24"),
    ("solar3", "sunspec-inverter", "solaredge"),
    ("battery1", "battery-inverter", "sunspec-storage"),
    ("meter1", "eastron-sdm630", "sunspec-meter"),
];

/// The shipped site that has all of these assets, in a folder that is gone when it is dropped.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Copy {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let examples = examples.canonicalize().expect("the examples are there");
        let shipped = examples.join("sites/val-soleil/site.yaml");
        let text = std::fs::read_to_string(shipped).expect("it is in the tree");
        let mut text = text.replace("../..", &examples.display().to_string());
        for (device, was, is) in PROFILES {
            let (was, is) =
                (format!("{device}: {{profile: {was},"), format!("{device}: {{profile: {is},"));
            assert!(text.contains(&was), "{was}");
            text = text.replace(&was, &is);
        }
        // Its panel told of faults; these models tell them otherwise.
        text = text.replace("points: {remote: remote, fault: fault}", "points: {remote: remote}");
        // An address of its own: other tests serve the shipped one.
        text = text.replace("tcp://127.0.0.1:", "tcp://127.77.3.1:");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("site.yaml"), text).expect("it is ours");
        Copy(folder)
    }

    fn site(&self) -> PathBuf {
        self.0.path().join("site.yaml")
    }
}

/// The simulated field, and our drivers at the other end of its links.
struct Pair {
    simulated: SimulatedField,
    field: Field,
    clock: Clock,
}

impl Pair {
    async fn polled(start: &str) -> Pair {
        let copy = Copy::new();
        let world = World::load(&copy.site(), None, None).unwrap_or_else(|error| panic!("{error}"));
        let (simulated, clock) = field_of(&world, start, 1.0);
        let changed = |device: &&site::model::Device| {
            PROFILES.iter().any(|(name, ..)| device.id.as_str() == *name)
        };
        let device = |device: &site::model::Device| FieldDevice {
            device: device.clone(),
            profile: Arc::clone(&world.loaded.profiles[&device.id]),
            envelopes: world.site().envelopes(&device.id),
        };
        let devices = world.site().devices.iter().filter(changed).map(device).collect();
        let links = Arc::new(DuplexConnect::new(simulated.clone()));
        let field = Field::start(devices, links, clock.clone());
        let pair = Pair { simulated, field, clock };
        // What is read only now and then is read every ten minutes.
        pair.pass(700).await;
        pair
    }

    async fn pass(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    fn look(&self) -> Snapshot {
        self.field.freeze(self.clock.now())
    }

    fn number(&self, point: &str) -> f64 {
        let point = PointId::try_from(point.to_owned()).expect("a point");
        let snapshot = self.look();
        let trouble = snapshot.trouble(&point).map(|reason| reason.words());
        snapshot.number(&point).unwrap_or_else(|| panic!("{point}: {trouble:?}"))
    }

    /// Tells a device something, and reads it back.
    async fn told(&self, asset: &str, device: &str, setpoint: Setpoint) {
        let commands = [Guarded::by_guard(Command {
            asset: AssetId::new(asset).expect("a name"),
            device: DeviceId::new(device).expect("a name"),
            setpoint,
            authority: Authority::Plan,
        })];
        let receipts = self.field.write(self.clock.now(), &commands).await;
        assert_eq!(receipts[0].delivery, Delivery::Sent, "{device}");
        self.pass(25).await;
        let verified = self.field.verify(&self.look(), &commands);
        let found: Vec<&Verification> = verified.values().collect();
        assert_eq!(found, [&Verification::Confirmed], "{device}");
    }

    fn solar(&self, asset: &str) -> (f64, f64) {
        let truth = self.simulated.truth();
        let one = &truth.inverters[&AssetId::new(asset).expect("a name")];
        (one.power.get(), one.available.get())
    }

    fn battery(&self) -> (f64, f64) {
        let truth = self.simulated.truth();
        let one = &truth.batteries[&AssetId::new("B200").expect("a name")];
        (one.power.get(), one.charge.get())
    }
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, and not {expected} +- {tolerance}");
}

#[tokio::test(start_paused = true)]
async fn they_show_the_truth_or_that_there_is_nothing() {
    let pair = Pair::polled(NOON).await;
    for (point, asset) in [("solar1", "PV1"), ("solar2", "PV2"), ("solar3", "PV3")] {
        let (power, _) = pair.solar(asset);
        assert!(power > 10e3, "{asset} gives {power} W");
        // The last poll is some seconds old, and clouds pass.
        near(pair.number(&format!("{point}.power")), power, 0.4 * power);
    }
    near(pair.number("solar1.rating"), 90e3, 1.0);
    near(pair.number("solar1.limit"), 100.0, 1e-9);
    near(pair.number("solar1.remote"), 1.0, 1e-9);
    // 3: running; 4: producing.
    near(pair.number("solar1.state"), 3.0, 1e-9);
    near(pair.number("solar2.state"), 4.0, 1e-9);
    // It counts its charge, and errs a little.
    near(pair.number("battery1.charge"), 100.0 * pair.battery().1, 5.0);
    near(pair.number("battery1.power"), pair.battery().0, 100.0);
    near(pair.number("meter1.power"), pair.simulated.truth().grid.power.get(), 15e3);
    near(pair.number("meter1.voltage_1"), 230.0, 25.0);
    near(pair.number("meter1.frequency"), 50.0, 0.5);
    assert!(pair.number("meter1.import_energy") >= 1.0 && pair.number("solar1.energy") >= 1.0);

    let snapshot = pair.look();
    let wrong: Vec<String> = snapshot
        .iter()
        .filter_map(|(point, sample)| {
            let words = sample.quality();
            let absent = snapshot.trouble(point) == Some(site::Reason::NotAvailable);
            (!sample.is_good() && !absent).then(|| format!("{point}: {words:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "what is not good says that there is nothing: {wrong:?}");
    for (point, text) in [
        ("battery1.manufacturer", "Regie"),
        ("battery1.model_name", "Simulated sunspec-storage"),
        ("meter1.serial", "SIM-meter1"),
    ] {
        let id = PointId::try_from(point.to_owned()).expect("a point");
        let value = snapshot.sample(&id).and_then(|sample| sample.value()).cloned();
        assert_eq!(value, Some(site::Value::Text(text.to_owned())), "{point}");
    }
    pair.field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn inverters_are_limited_and_let_go_when_nobody_speaks() {
    let pair = Pair::polled(NOON).await;
    for (asset, device) in [("PV1", "solar1"), ("PV2", "solar2"), ("PV3", "solar3")] {
        pair.told(asset, device, Setpoint::Limit(Ratio::new(0.1))).await;
        let (power, available) = pair.solar(asset);
        assert!(power <= 9e3 * 1.001 && available > 10e3, "{asset}: {power} of {available} W");
        near(pair.number(&format!("{device}.limit")), 10.0, 0.5);
    }
    pair.pass(120).await;
    for asset in ["PV1", "PV2", "PV3"] {
        let (power, available) = pair.solar(asset);
        near(power, available, 1.0);
    }
    for (asset, device) in [("PV1", "solar1"), ("PV2", "solar2"), ("PV3", "solar3")] {
        pair.field.forget(&AssetId::new(asset).expect("a name"));
        pair.told(asset, device, Setpoint::Limit(Ratio::new(0.1))).await;
        pair.told(asset, device, Setpoint::NoLimit).await;
        let (power, available) = pair.solar(asset);
        near(power, available, 1.0);
    }
    pair.field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_battery_takes_and_gives_and_idles_when_nobody_speaks() {
    let pair = Pair::polled(NOON).await;
    for watts in [40e3, -25e3] {
        pair.told("B200", "battery1", Setpoint::Power(Power::new(watts))).await;
        // It ramps, and is then polled once more; its dead-man waits for a minute.
        pair.pass(15).await;
        near(pair.battery().0, watts, 1e3);
        near(pair.number("battery1.power"), watts, 1e3);
        near(pair.number("battery1.setpoint"), watts, 1.0);
    }
    pair.pass(120).await;
    near(pair.battery().0, 0.0, 2e3);
    pair.field.stop().await;
}

#[test]
fn a_site_with_them_starts() {
    let copy = Copy::new();
    let mut served = std::process::Command::new(env!("CARGO_BIN_EXE_regie-sim"))
        .args(["serve", "--site"])
        .arg(copy.site())
        .stdout(Stdio::piped())
        .spawn()
        .expect("regie-sim runs");
    let stdout = served.stdout.take().expect("it was asked for");
    let lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let said: Vec<String> = lines.take_while(|line| line != "Ctrl-C ends it.").collect();
    served.kill().expect("it runs");
    served.wait().expect("it was ours");
    for (device, ..) in PROFILES {
        assert!(said.iter().any(|line| line.contains(&format!("{device} (unit 1)"))), "{said:?}");
    }
}
