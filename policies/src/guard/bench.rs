//! A small site and a field of samples for tests: everything is well until a test says otherwise.

use site::command::{Authority, Proposal, Setpoint};
use site::{AssetId, Mono, Now, PointId, Reason, Sample, Site, Snapshot, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Two tanks; P1 and P2 fill T1, P3 lifts from T1 to T2; P4 is shadowed and P5 observed. A battery,
/// a charger, a load that may wait, a lift station, and a generator that carries P1 and the
/// station.
const SITE: &str = r#"
regie: 1
site: {id: bench, name: Bench, time_zone: Europe/Paris, latitude: 47, longitude: 5}
devices:
  d1: {profile: pump-drive, connect: "tcp://127.0.0.1:1"}
  d2: {profile: pump-drive, connect: "tcp://127.0.0.1:2"}
  d3: {profile: pump-drive, connect: "tcp://127.0.0.1:3"}
  d4: {profile: pump-drive, connect: "tcp://127.0.0.1:4"}
  d5: {profile: pump-drive, connect: "tcp://127.0.0.1:5"}
  s1: {profile: sunspec-inverter, connect: "tcp://127.0.0.1:6"}
  s2: {profile: sunspec-inverter, connect: "tcp://127.0.0.1:7"}
  c1: {profile: lighting-cabinet, connect: "tcp://127.0.0.1:8"}
  m1: {profile: eastron-sdm630, connect: "tcp://127.0.0.1:9"}
  l1: {profile: level-transmitter, connect: "tcp://127.0.0.1:10"}
  l2: {profile: level-transmitter, connect: "tcp://127.0.0.1:11"}
  l3: {profile: level-transmitter, connect: "tcp://127.0.0.1:12"}
  b1: {profile: battery-inverter, connect: "tcp://127.0.0.1:13"}
  v1: {profile: charger, connect: "tcp://127.0.0.1:14"}
  v2: {profile: charger, connect: "tcp://127.0.0.1:14", unit: 2}
  f1: {profile: switch-panel, connect: "tcp://127.0.0.1:15"}
  w1: {profile: switch-panel, connect: "tcp://127.0.0.1:16"}
  g1: {profile: generator-panel, connect: "tcp://127.0.0.1:17"}
  q1: {profile: flow-meter, connect: "tcp://127.0.0.1:18"}
  q2: {profile: flow-meter, connect: "tcp://127.0.0.1:19"}
water: {network: bench.inp}
tanks:
  T1: {node: t1, level: l1.level, height: 5 m, low: 15 %, band_low: 20 %, overflow: 97 %}
  T2: {node: t2, level: l2.level, height: 10 m, low: 15 %, band_low: 20 %, overflow: 97 %}
pumps:
  P1: &pump
    device: d1
    link: p1
    mode: control
    safe_state: local
    rated_power: 30 kW
    min_run: 10 min
    min_stop: 10 min
    max_starts_per_hour: 2
    fills: T1
    level_control: {start_below: 40 %, stop_above: 90 %}
    points: {fault: fault, dry: dry}
  P2: {<<: *pump, device: d2, link: p2, measured_flow: q2.flow, rated_flow: 20 l/s}
  P3: {<<: *pump, device: d3, link: p3, fills: T2, draws_from: T1}
  P4: {<<: *pump, device: d4, link: p4, mode: shadow}
  P5: {<<: *pump, device: d5, link: p5, mode: observe}
inverters:
  PV1: &pv
    device: s1
    mode: control
    safe_state: release
    rated_power: 60 kW
    min_limit: 5 %
  PV2: {<<: *pv, device: s2, rated_power: 40 kW}
lighting:
  L1: {device: c1, mode: control, safe_state: on, rated_power: 9 kW,
       program: [{from: dusk, level: 100 %}]}
batteries:
  B1: {device: b1, mode: control, safe_state: stop, capacity: 100 kWh, charge_power: 50 kW,
       discharge_power: 40 kW, charge_low: 10 %, charge_high: 90 %, reserve: 20 %,
       points: {remote: remote, fault: fault}}
chargers:
  C1: &charger
    device: v1
    mode: control
    safe_state: local
    max_current: 32 A
    usual: {energy: 12 kWh, stay: 4 h}
    bookings:
      - {days: working, arrival: "17:00", departure: "07:30", energy: 22 kWh}
    points: {wanted: wanted, leaves_in: leaves_in, remote: remote}
  C2: {<<: *charger, device: v2, max_current: 16 A, bookings: []}
shiftable:
  S1: {device: f1, mode: control, safe_state: local, rated_power: 7 kW, daily_run: 4 h,
       hours: "08:00-20:00", min_run: 30 min, min_stop: 10 min,
       points: {power: power, fault: fault}}
lift_stations:
  W1: {device: w1, mode: control, safe_state: local, rated_power: 9 kW, flow: 18 l/s,
       inflow: 5 l/s, level: l3.level, height: 3 m, volume: 36 m3, low: 10 %, band_low: 20 %,
       band_high: 70 %, high: 85 %, min_run: 2 min, min_stop: 2 min, max_starts_per_hour: 3,
       nameplate: "a test's", measured_flow: q1.flow,
       points: {power: power, fault: fault}}
generators:
  G1: {running: g1.running, carries: [P1, W1]}
grid: {power: m1.power, export_limit: 40 kW}
tariff:
  feed_in: 0.08 EUR/kWh
  classes: [{name: all, price: 0.15 EUR/kWh, months: 1-12, hours: ["00:00-00:00"]}]
"#;

/// The site above, resolved.
pub(crate) fn site() -> Site {
    site::file::read(SITE, Path::new("bench.yaml"))
        .unwrap_or_else(|findings| {
            panic!("{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>())
        })
        .site
}

pub(crate) fn id(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

pub(crate) fn wish(asset: &str, setpoint: Setpoint, authority: Authority) -> Proposal {
    Proposal { asset: id(asset), setpoint, authority, why: "a test wishes it".to_owned() }
}

/// The samples of a field and its clocks.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) now: Now,
    values: BTreeMap<PointId, Result<Value, Reason>>,
}

impl Field {
    /// All motors stand still on remote, tanks, well and battery are half full, PV gives nothing,
    /// lights are off, nobody charges.
    pub(crate) fn usual() -> Self {
        let utc = "2025-06-01T10:00:00Z".parse().unwrap();
        let now = Now { mono: Mono::new(Duration::from_secs(1000)), utc };
        let mut field = Self { now, values: BTreeMap::new() };
        for device in ["d1", "d2", "d3", "d4", "d5"] {
            for (name, value) in
                [("running", false), ("remote", true), ("fault", false), ("dry", false)]
            {
                field.flag(&format!("{device}.{name}"), value);
            }
        }
        for (point, value) in [
            ("l1.level", 2.5),
            ("l2.level", 5.0),
            ("l3.level", 1.5),
            ("m1.power", 5e3),
            ("q1.flow", 0.018),
            ("q2.flow", 0.02),
            ("b1.charge", 50.0),
            ("b1.power", 0.0),
            ("b1.setpoint", 0.0),
        ] {
            field.number(point, value);
        }
        for switch in ["f1", "w1"] {
            for (name, value) in [("running", false), ("remote", true), ("fault", false)] {
                field.flag(&format!("{switch}.{name}"), value);
            }
            field.number(&format!("{switch}.power"), 0.0);
        }
        for charger in ["v1", "v2"] {
            field.flag(&format!("{charger}.connected"), false);
            field.flag(&format!("{charger}.remote"), true);
            for name in ["current", "power", "session"] {
                field.number(&format!("{charger}.{name}"), 0.0);
            }
            for name in ["wanted", "leaves_in"] {
                field.lost(&format!("{charger}.{name}"), Reason::NotAvailable);
            }
        }
        field.flag("b1.remote", true);
        field.flag("b1.fault", false);
        field.flag("g1.running", false);
        for inverter in ["s1", "s2"] {
            field.number(&format!("{inverter}.power"), 0.0);
            field.number(&format!("{inverter}.limit"), 100.0);
        }
        field.flag("c1.lit", false);
        field.flag("c1.remote", true);
        field.number("c1.level", 0.0);
        field
    }
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.values.insert(point(name), Ok(Value::Flag(value)));
    }
    pub(crate) fn number(&mut self, name: &str, value: f64) {
        self.values.insert(point(name), Ok(Value::Number(value)));
    }
    pub(crate) fn bad(&mut self, name: &str) {
        self.lost(name, Reason::Stale);
    }
    pub(crate) fn lost(&mut self, name: &str, why: Reason) {
        self.values.insert(point(name), Err(why));
    }
    /// Both clocks go on.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let by = Duration::from_secs(seconds);
        self.now.mono = self.now.mono.after(by);
        self.now.utc = self.now.utc.checked_add(by).unwrap();
    }
    /// Somebody sets the wall clock.
    pub(crate) fn step_clock(&mut self, seconds: i64) {
        let by = jiff::SignedDuration::from_secs(seconds);
        self.now.utc = self.now.utc.checked_add(by).unwrap();
    }
    pub(crate) fn snapshot(&self) -> Snapshot {
        let samples = self.values.iter().map(|(point, value)| {
            let sample = match value {
                Ok(value) => Sample::good(value.clone(), self.now.mono),
                Err(reason) => Sample::bad(*reason, self.now.mono),
            };
            (point.clone(), sample)
        });
        Snapshot::new(self.now, samples.collect())
    }
}

fn point(name: &str) -> PointId {
    PointId::try_from(name.to_owned()).unwrap()
}
