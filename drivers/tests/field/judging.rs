//! What is made of readings that cannot be true, and of memory that wears out.

use crate::peer::{
    Asked, Peer, Reply, clock, device, echo, from_table, number, point, read, start,
};
use drivers::profile::Profile;
use site::command::{Authority, Command, Delivery, Guarded, Setpoint};
use site::units::Ratio;
use site::{AssetId, DeviceId, Quality, Reason, Value};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Registers that a test changes while the field reads them.
type Registers = Arc<Mutex<Vec<(u16, u16)>>>;

fn served(registers: &Registers) -> impl FnMut(&Asked) -> Reply + Send + 'static {
    let registers = Arc::clone(registers);
    move |asked| {
        let mut held = registers.lock().expect("no test panics while holding it");
        if asked.writes() {
            let (address, value) = (asked.address(), asked.count());
            held.retain(|(known, _)| *known != address);
            held.push((address, value));
            return echo(asked);
        }
        from_table(asked, &held)
    }
}

fn set(registers: &Registers, to: &[(u16, u16)]) {
    *registers.lock().expect("no test panics while holding it") = to.to_vec();
}

fn points(points: &str) -> Arc<Profile> {
    let head = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n";
    read(&format!("{head}{points}"))
}

#[tokio::test(start_paused = true)]
async fn a_spike_is_never_good_and_an_old_level_never_fresh() {
    let (clock, registers) = (clock(), Registers::default());
    let peer = Peer::new(&clock, served(&registers));
    let profile = points("  level: {input: 0, kind: u16, scale: 0.001, unit: m, max_rate: 0.05}\n");
    set(&registers, &[(0, 2000)]);
    let field = start(vec![device("d", 1, &profile)], &peer, &clock);
    clock.sleep(seconds(15)).await;
    assert_eq!(number(&field.freeze(clock.now()), "d.level"), Some(2.0));
    set(&registers, &[(0, 9000)]);
    clock.sleep(seconds(10)).await;
    let snapshot = field.freeze(clock.now());
    let sample = snapshot.sample(&point("d.level")).expect("declared").clone();
    assert_eq!(sample.quality(), Quality::Uncertain(Reason::RateOfChange));
    assert_eq!(sample.value(), Some(&Value::Number(2.0)));
    assert!(snapshot.now.mono.since(sample.at) > seconds(10), "with the age it has");
    assert_eq!(snapshot.number(&point("d.level")), None, "nothing is decided on it");
    // Two levels in turn never agree, and what stood before grows too old.
    for i in 0..6 {
        set(&registers, &[(0, if i % 2 == 0 { 20_000 } else { 30_000 })]);
        clock.sleep(seconds(10)).await;
        assert_eq!(number(&field.freeze(clock.now()), "d.level"), None);
    }
    let snapshot = field.freeze(clock.now());
    let sample = snapshot.sample(&point("d.level")).expect("declared");
    assert_eq!((sample.value(), sample.quality()), (None, Quality::Bad(Reason::RateOfChange)));
    clock.sleep(seconds(20)).await;
    let back = number(&field.freeze(clock.now()), "d.level");
    assert_eq!(back, Some(30.0), "three readings agree");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_counter_follows_its_scale_factor_and_its_new_beginnings_are_counted() {
    let (clock, registers) = (clock(), Registers::default());
    let peer = Peer::new(&clock, served(&registers));
    let profile = points(
        "  energy: {input: 0, kind: u16, unit: Wh, scale_point: factor, counter: true}\n  \
         factor: {input: 1, kind: i16, slow: true}\n  \
         starts: {input: 2, kind: u16, counter: true}\n",
    );
    set(&registers, &[(0, 65_530), (1, 2), (2, 500)]);
    let field = start(vec![device("d", 1, &profile)], &peer, &clock);
    clock.sleep(seconds(15)).await;
    assert_eq!(number(&field.freeze(clock.now()), "d.energy"), Some(6_553_000.0));
    set(&registers, &[(0, 10), (1, 2), (2, 3)]);
    clock.sleep(seconds(10)).await;
    let snapshot = field.freeze(clock.now());
    assert_eq!(number(&snapshot, "d.energy"), Some(6_554_600.0), "a hundred each, 65536 of them");
    assert_eq!(number(&snapshot, "d.starts"), None, "a drop is not believed at once");
    clock.sleep(seconds(20)).await;
    assert_eq!(number(&field.freeze(clock.now()), "d.starts"), Some(503.0));
    let health = &field.health()[0];
    assert_eq!((health.counter_rollovers, health.counter_resets), (1, 1));
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_is_stuck_only_while_its_companion_is_on() {
    let (clock, registers) = (clock(), Registers::default());
    let peer = Peer::new(&clock, served(&registers));
    let profile = points(
        "  flow: {input: 0, kind: u16, stuck_after: 1 min, stuck_while: running}\n  \
         running: {input: 1, kind: bit, bit: 0}\n",
    );
    set(&registers, &[(0, 7)]);
    let field = start(vec![device("d", 1, &profile)], &peer, &clock);
    clock.sleep(seconds(600)).await;
    assert_eq!(number(&field.freeze(clock.now()), "d.flow"), Some(7.0), "the pump stands");
    set(&registers, &[(0, 7), (1, 1)]);
    clock.sleep(seconds(50)).await;
    assert_eq!(number(&field.freeze(clock.now()), "d.flow"), Some(7.0));
    clock.sleep(seconds(30)).await;
    let snapshot = field.freeze(clock.now());
    assert_eq!(snapshot.trouble(&point("d.flow")), Some(Reason::Stuck));
    assert_eq!(snapshot.number(&point("d.flow")), None);
    set(&registers, &[(0, 8), (1, 1)]);
    clock.sleep(seconds(10)).await;
    assert_eq!(number(&field.freeze(clock.now()), "d.flow"), Some(8.0));
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn memory_that_wears_out_is_written_within_its_budget() {
    let (clock, registers) = (clock(), Registers::default());
    let peer = Peer::new(&clock, served(&registers));
    let profile = read(
        "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n  \
         limit: {holding: 0, kind: u16, unit: \"%\", access: read-write, storage: eeprom, \
         writes_per_day: 3}\n\
         commands:\n  limit:\n    write: [{point: limit, value: percent}]\n    \
         confirm: [{point: limit, equals: percent, tolerance: 1}]\n",
    );
    let field = start(vec![device("d", 1, &profile)], &peer, &clock);
    clock.sleep(seconds(15)).await;
    let limit = |percent: f64, authority| {
        [Guarded::by_guard(Command {
            asset: AssetId::new("A").expect("a valid test value"),
            device: DeviceId::new("d").expect("a valid test value"),
            setpoint: Setpoint::Limit(Ratio::new(percent / 100.0)),
            authority,
        })]
    };
    let deliver = async |percent, authority| {
        let receipts = field.write(clock.now(), &limit(percent, authority)).await;
        receipts[0].delivery.clone()
    };
    let plan = Authority::Plan;
    assert_eq!(deliver(0.0, plan).await, Delivery::Sent);
    assert_eq!(peer.writes(), [], "the register holds 0 already");
    for percent in [40.0, 50.0, 60.0] {
        assert_eq!(deliver(percent, plan).await, Delivery::Sent);
    }
    field.forget(&AssetId::new("A").expect("a valid test value"));
    assert_eq!(deliver(60.0, plan).await, Delivery::Sent);
    assert_eq!(peer.writes().len(), 3, "it was read and not written again");
    let Delivery::Failed(words) = deliver(70.0, plan).await else { panic!("a fourth write") };
    for part in ["'limit'", "3 times today", "2026-06-02T00:00:00Z"] {
        assert!(words.contains(part), "{part} is not in: {words}");
    }
    assert_eq!(field.health()[0].last_error.as_deref(), Some(words.as_str()));
    assert_eq!(peer.writes().len(), 3);
    assert_eq!(deliver(80.0, Authority::Interlock).await, Delivery::Sent, "safety is not rationed");
    assert_eq!(peer.writes().len(), 4);
    clock.sleep(seconds(12 * 3600)).await;
    assert_eq!(deliver(70.0, plan).await, Delivery::Sent, "a new day");
    assert_eq!(peer.writes().len(), 5);
    field.stop().await;
}
