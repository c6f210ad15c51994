//! A winter morning in the example commune, made by hand: one record, one plan, one status. The
//! other tests of the daemon's edges share it.

use jiff::{Timestamp, ToSpan};
use regie::status::{
    AssetDetails, AssetKind, AssetStatus, BillStatus, DeviceStatus, ForecastStatus, GridStatus,
    GuardStatus, LinkStatus, ModelStatus, SolverStatus, Status, TankStatus, WriteStatus,
};
use site::asset::Mode;
use site::command::{
    Authority, Command, Delivery, Outcome, Proposal, Receipt, Setpoint, Verdict, Verification,
};
use site::plan::{Basis, Estimate, Estimated, Plan, PumpState, Rung, Shortfall, Step, Why};
use site::record::CycleRecord;
use site::time::Now;
use site::units::{Flow, Level, Money, Power, Price, Ratio};
use site::{AssetId, DeviceId, Mono, PointId, Reason, Sample, Snapshot, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// 08:00 in Paris, a winter Monday.
pub(crate) fn start() -> Timestamp {
    "2026-01-12T07:00:00Z".parse().expect("a timestamp")
}

pub(crate) fn minutes(count: u64) -> Timestamp {
    start().checked_add(i64::try_from(count).expect("small").minutes()).expect("in range")
}

pub(crate) fn asset(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

pub(crate) fn point(name: &str) -> PointId {
    PointId::try_from(name.to_owned()).expect("a point")
}

pub(crate) fn command(name: &str, setpoint: Setpoint) -> Command {
    let device = DeviceId::new("pump1").expect("a name");
    Command { asset: asset(name), device, setpoint, authority: Authority::Plan }
}

/// Cycle `cycle`, frozen so many minutes after the start.
pub(crate) fn record(cycle: u64) -> CycleRecord {
    let mono = Mono::new(Duration::from_millis(cycle * 60_000 + 137));
    let now = Now { mono, utc: minutes(cycle) };
    let level = 2.5 + 0.1 * f64::from(u32::try_from(cycle).expect("small"));
    let samples = BTreeMap::from([
        (point("level1.level"), Sample::good(Value::Number(level), mono)),
        (point("pump1.running"), Sample::good(Value::Flag(cycle.is_multiple_of(2)), mono)),
        (point("pump1.serial"), Sample::good(Value::Text("SN-1".to_owned()), mono)),
        (point("flow2.flow"), Sample::bad(Reason::Timeout, mono)),
    ]);
    let commands = vec![command("P1", Setpoint::Run), command("P2", Setpoint::Stop)];
    let verdict = |name: &str, outcome| Verdict {
        asset: asset(name),
        check: "min_run".to_owned(),
        outcome,
        reason: "has run 4 min of 10 min".to_owned(),
    };
    CycleRecord {
        cycle,
        snapshot: Snapshot::new(now, samples),
        estimate: estimate(now, level),
        plan: Some(plan()),
        rung: Rung::Optimal,
        because: None,
        proposals: vec![Proposal {
            asset: asset("P1"),
            setpoint: Setpoint::Run,
            authority: Authority::Plan,
            why: "cheap hours".to_owned(),
        }],
        verdicts: vec![verdict("P1", Outcome::Passed), verdict("P2", Outcome::Blocked)],
        commands,
        receipts: vec![
            Receipt { asset: asset("P1"), delivery: Delivery::Sent },
            Receipt { asset: asset("P2"), delivery: Delivery::Failed("no answer".to_owned()) },
        ],
        verifications: BTreeMap::from([(asset("P1"), Verification::Mismatch(2))]),
    }
}

fn estimate(now: Now, level: f64) -> Estimate {
    let level =
        Estimated { value: Level::new(level), spread: Level::new(0.01), basis: Basis::Measured };
    let pump = PumpState {
        running: Some(true),
        power: Some(Power::from_kw(151.25)),
        in_state_for: Duration::from_secs(240),
        starts_last_hour: 1,
        unavailable: None,
    };
    Estimate {
        now,
        tanks: BTreeMap::from([(asset("T1"), Some(level)), (asset("T2"), None)]),
        pumps: BTreeMap::from([(asset("P1"), pump)]),
        inverters: BTreeMap::new(),
        lighting: BTreeMap::new(),
        demand: Some(Estimated {
            value: Flow::new(0.1 + 0.2),
            spread: Flow::new(0.004),
            basis: Basis::Modelled,
        }),
        import: Some(Power::from_kw(182.5)),
        base_load: None,
        peaks: vec![Power::from_kw(212.0)],
        ..Estimate::default()
    }
}

/// Six hours in half-hour steps from the start: both main pumps until 09:00, P1 alone for the
/// first half of the hour after, and P2 for a third of the last.
pub(crate) fn plan() -> Plan {
    let half_hours = 12_u64;
    let steps: Vec<Step> = (0..half_hours)
        .map(|k| Step { start: minutes(30 * k), end: minutes(30 * k + 30) })
        .collect();
    let numbers = || (0..half_hours).map(|k| f64::from(u32::try_from(k).expect("small")));
    let shares = |text: [f64; 12]| text.map(Ratio::new).to_vec();
    let pumps = [
        ("P1", shares([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])),
        ("P2", shares([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.4])),
        ("P3", shares([0.0; 12])),
    ];
    Plan {
        rung: Rung::Relaxed,
        made_at: start(),
        expires_at: minutes(30),
        switching_made_at: start(),
        steps,
        pumps: pumps.into_iter().map(|(name, runs)| (asset(name), runs)).collect(),
        tanks: BTreeMap::from([
            (asset("T1"), numbers().map(|k| Level::new(2.5 + 0.2 * k)).collect()),
            (asset("T2"), numbers().map(|k| Level::new(6.0 - 0.1 * k)).collect()),
        ]),
        limits: BTreeMap::from([(asset("PV1"), vec![None; 12])]),
        lighting: BTreeMap::from([(asset("L1"), vec![Ratio::ZERO; 12])]),
        import: numbers().map(|k| Power::from_kw(330.0 - 30.75 * k)).collect(),
        price: numbers().map(|k| Price::new(if k < 10.0 { 0.21 } else { 0.14 })).collect(),
        class: numbers()
            .map(|k| if k < 10.0 { "winter-peak" } else { "winter-off-peak" }.to_owned())
            .collect(),
        peaks: vec![Power::from_kw(330.0)],
        cost: Money::new(218.4),
        why: Why {
            shortfalls: vec![shortfall()],
            switching: "chosen anew: 15 min have passed".to_owned(),
            ..Why::default()
        },
        ..Plan::default()
    }
}

fn shortfall() -> Shortfall {
    Shortfall {
        wish: "T2.reserve".to_owned(),
        from: minutes(300),
        amount: 4.25,
        unit: "m3".to_owned(),
        penalty: Money::new(8.5),
    }
}

fn working(kind: AssetKind, watts: f64) -> AssetStatus {
    AssetStatus {
        kind,
        mode: Mode::Control,
        active: Some(watts > 0.0),
        power_watts: Some(watts),
        setting_ratio: None,
        command: None,
        verification: Some(Verification::Confirmed),
        starts_last_hour: None,
        unavailable: None,
        tripped: None,
        details: AssetDetails::default(),
    }
}

fn assets() -> BTreeMap<AssetId, AssetStatus> {
    let pump = |watts: f64, command: &str, starts| AssetStatus {
        command: Some(command.to_owned()),
        starts_last_hour: Some(starts),
        ..working(AssetKind::Pump, watts)
    };
    let lamp = |setting, command: &str| AssetStatus {
        setting_ratio: Some(setting),
        command: Some(command.to_owned()),
        ..working(AssetKind::Lighting, 0.0)
    };
    let solar = |watts, setting, command: &str| AssetStatus {
        setting_ratio: Some(setting),
        command: Some(command.to_owned()),
        ..working(AssetKind::Inverter, watts)
    };
    let rows = [
        ("P1", pump(151_250.0, "run", 1)),
        (
            "P2",
            AssetStatus { verification: Some(Verification::Mismatch(2)), ..pump(0.0, "run", 2) },
        ),
        (
            "P3",
            AssetStatus {
                active: None,
                power_watts: None,
                command: None,
                verification: None,
                mode: Mode::Shadow,
                unavailable: Some("the switch stands on local".to_owned()),
                ..pump(0.0, "stop", 0)
            },
        ),
        ("PV1", solar(4_310.0, 1.0, "release")),
        ("PV2", solar(2_790.5, 0.6, "limit 60 %")),
        ("L1", lamp(0.0, "dark")),
        ("L2", lamp(0.0, "dark")),
        ("L3", AssetStatus { mode: Mode::Observe, ..lamp(0.0, "dark") }),
    ];
    rows.into_iter().map(|(name, row)| (asset(name), row)).collect()
}

fn links() -> Vec<LinkStatus> {
    vec![LinkStatus {
        link: "serial:///dev/ttyUSB0?baud=9600&parity=even".to_owned(),
        devices: 5,
        connected: true,
        busy: 0.231,
        requests: 12_345,
        unasked_bytes: 18,
        waiting: 0,
    }]
}

fn devices() -> Vec<DeviceStatus> {
    let names = [
        "flow1", "flow2", "flow3", "level1", "level2", "light1", "light2", "light3", "meter1",
        "pump1", "pump2", "pump3", "solar1", "solar2",
    ];
    let mut devices: Vec<DeviceStatus> = (15101_u32..)
        .zip(names)
        .map(|(port, name)| DeviceStatus {
            device: name.to_owned(),
            endpoint: format!("tcp://127.0.0.1:{port}"),
            good: true,
            trouble: None,
            last_answer_at: Some(minutes(90)),
            requests: 540,
            failures: 0,
            connects: 1,
            counter_rollovers: 2,
            refused_writes: 0,
            counter_resets: 1,
        })
        .collect();
    devices[1].good = false;
    devices[1].trouble = Some("no answer".to_owned());
    devices[1].last_answer_at = None;
    devices[1].failures = 90;
    devices
}

/// What an operator sees 90 minutes after the start.
pub(crate) fn status() -> Status {
    let tank = |level: f64, ratio, ahead: [f64; 3]| TankStatus {
        level_metres: Some(level),
        level_ratio: Some(ratio),
        ahead: ahead.to_vec(),
    };
    Status {
        site: "val-clair".to_owned(),
        name: "Val-Clair".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: start(),
        at: minutes(90),
        time_zone: "Europe/Paris".into(),
        speed: 1.0,
        cycle: 4242,
        cycles_since_start: 90,
        overruns: 2,
        rung: Some(Rung::Relaxed),
        because: Some("T2.reserve was given up by 4.25 m3".to_owned()),
        rungs: BTreeMap::from([(Rung::Optimal, 80), (Rung::Relaxed, 9), (Rung::Rules, 1)]),
        tariff_class: "winter-peak".to_owned(),
        price_eur_per_kwh: 0.21,
        price_assumed: false,
        tariff_trouble: None,
        tanks: BTreeMap::from([
            (asset("T1"), tank(2.512, 0.5024, [0.55, 0.71, 0.9])),
            (asset("T2"), TankStatus { level_metres: None, level_ratio: None, ahead: vec![] }),
        ]),
        districts: BTreeMap::new(),
        assets: assets(),
        grid: GridStatus {
            import_watts: Some(182_500.0),
            peak_watts: 212_000.0,
            ..GridStatus::default()
        },
        devices: devices(),
        links: links(),
        bad_points: BTreeMap::from([("flow2.flow".to_owned(), "no answer".to_owned())]),
        guard: GuardStatus {
            interventions: BTreeMap::from([("min_run".to_owned(), 3), ("starts".to_owned(), 1)]),
            interlocks: 1,
            trips: BTreeMap::new(),
            latest: vec![Verdict {
                asset: asset("P2"),
                check: "min_run".to_owned(),
                outcome: Outcome::Blocked,
                reason: "has run 4 min of 10 min".to_owned(),
            }],
        },
        writes: WriteStatus {
            superseded: 0,
            commands: 12,
            refreshes: 640,
            failures: 1,
            confirmed: 11,
            mismatches: 2,
            pending: 1,
        },
        solver: solver(),
        model: ModelStatus::default(),
        forecast: ForecastStatus::default(),
        bill: BillStatus {
            import_watthours: 273_750.0,
            export_watthours: 1_250.0,
            energy_eur: 57.39,
            ..BillStatus::default()
        },
        record_hash: "5f2a".to_owned(),
    }
}

fn solver() -> SolverStatus {
    SolverStatus {
        linear_solves: 90,
        switching_solves: 7,
        failures: 3,
        failures_by_reason: BTreeMap::from([("late".to_owned(), 2), ("no_plan".to_owned(), 1)]),
        starts: 4,
        audits: 97,
        audits_failed: 2,
        plans_repaired: 1,
        linear_ms: 14.5,
        switching_ms: 850.0,
        shortfalls: vec![shortfall()],
        plan_expires_at: Some(minutes(120)),
        plan_cost_eur: Some(218.4),
    }
}

#[test]
fn what_the_edges_carry_survives_its_own_text() {
    fn same<T>(thing: &T)
    where
        T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let text = serde_json::to_string(thing).expect("JSON");
        assert_eq!(&serde_json::from_str::<T>(&text).expect("JSON"), thing);
    }
    same(&record(3));
    same(&status());
}
