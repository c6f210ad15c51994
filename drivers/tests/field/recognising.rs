//! SunSpec: finding models, doing without those a device lacks, and not taking one device for
//! another.

use crate::peer::{
    Asked, Peer, Reply, builtin, clock, device, echo, guarded, number, point, registers, start,
};
use site::command::{Command, Delivery, Guarded, Setpoint, Verification};
use site::units::Ratio;
use site::{Reason, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The registers of an inverter with these models after model 1, at this base.
fn inverter(base: u16, models: &[u16]) -> BTreeMap<u16, u16> {
    let mut map = BTreeMap::from([(base, 0x5375), (base + 1, 0x6E53)]);
    let mut at = base + 2;
    for &model in [1].iter().chain(models) {
        let (length, values): (u16, Vec<(u16, u16)>) = match model {
            // "Ac", "SN"
            1 => (66, vec![(2, 0x4163), (18, 0x4D31), (50, 0x534E)]),
            // 12.34 kW, 70_000 * 10 Wh
            103 => {
                let values = vec![(14, 1234), (15, 1), (24, 1), (25, 4464), (26, 1), (38, 4)];
                (50, values)
            }
            120 => (26, vec![(3, 600), (4, 2)]),
            121 => (30, vec![(2, 600), (22, 2)]),
            // 100.00 %
            123 => (24, vec![(4, 1), (5, 10_000), (7, 0), (9, 0), (23, 0xFFFE)]),
            other => panic!("model {other}"),
        };
        for offset in 2..length + 2 {
            map.insert(at + offset, 0);
        }
        map.extend([(at, model), (at + 1, length)]);
        map.extend(values.into_iter().map(|(offset, word)| (at + offset, word)));
        at += length + 2;
    }
    map.extend([(at, 0xFFFF), (at + 1, 0)]);
    map
}

type Map = Arc<Mutex<BTreeMap<u16, u16>>>;

fn answer(map: &Map, asked: &Asked) -> Reply {
    let mut map = map.lock().expect("no test panics while holding it");
    if asked.function == 16 {
        let words =
            asked.data[5..].chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        for (address, word) in (asked.address()..).zip(words) {
            if map.insert(address, word).is_none() {
                return Reply::Exception(2);
            }
        }
        return echo(asked);
    }
    let wanted = asked.address()..asked.address() + asked.count();
    let words: Option<Vec<u16>> = wanted.map(|address| map.get(&address).copied()).collect();
    words.map_or(Reply::Exception(2), |words| Reply::Data(registers(&words)))
}

fn limit(share: f64) -> [Guarded<Command>; 1] {
    [guarded("PV1", "solar1", Setpoint::Limit(Ratio::new(share)))]
}

#[tokio::test(start_paused = true)]
async fn an_inverter_is_found_and_read_from_whichever_base() {
    for base in [40_000, 0, 50_000] {
        let clock = clock();
        let map: Map = Arc::new(Mutex::new(inverter(base, &[103, 120, 121, 123])));
        let peer = Peer::new(&clock, move |asked| answer(&map, asked));
        let field = start(vec![device("solar1", 1, &builtin("sunspec-inverter"))], &peer, &clock);
        clock.sleep(seconds(5)).await;
        let snapshot = field.freeze(clock.now());
        for (name, wanted) in [
            ("solar1.power", 12_340.0),
            ("solar1.energy", 700_000.0),
            ("solar1.rating", 60_000.0),
            ("solar1.max_power", 60_000.0),
            ("solar1.limit", 100.0),
            ("solar1.state", 4.0),
        ] {
            let found = number(&snapshot, name).unwrap_or(f64::NAN);
            assert!((found - wanted).abs() < 1e-6, "{name} at {base}: {found}");
        }
        let maker = snapshot.sample(&point("solar1.manufacturer")).and_then(|s| s.value().cloned());
        assert_eq!(maker, Some(Value::Text("Ac".into())));
        assert_eq!(field.health()[0].last_error, None, "looking for it is no trouble");
        field.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_model_is_not_available_and_never_register_zero() {
    let clock = clock();
    let map: Map = Arc::new(Mutex::new(inverter(40_000, &[103])));
    let peer = Peer::new(&clock, move |asked| answer(&map, asked));
    let field = start(vec![device("solar1", 1, &builtin("sunspec-inverter"))], &peer, &clock);
    clock.sleep(seconds(45)).await;
    let snapshot = field.freeze(clock.now());
    assert!(number(&snapshot, "solar1.power").is_some());
    for name in ["solar1.limit", "solar1.rating", "solar1.max_power"] {
        assert_eq!(snapshot.trouble(&point(name)), Some(Reason::NotAvailable), "{name}");
    }
    let failed = field.write(clock.now(), &limit(0.5)).await[0].delivery.clone();
    let Delivery::Failed(words) = failed else { panic!("{failed:?}") };
    assert!(words.contains("does not have the point 'limit_revert'"), "{words}");
    assert!(peer.writes().is_empty(), "no byte was written");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_written_with_its_reversion_first_and_repeated_for_the_dead_man() {
    let clock = clock();
    let map: Map = Arc::new(Mutex::new(inverter(40_000, &[103, 120, 121, 123])));
    let shared = Arc::clone(&map);
    let peer = Peer::new(&clock, move |asked| answer(&shared, asked));
    let field = start(vec![device("solar1", 1, &builtin("sunspec-inverter"))], &peer, &clock);
    clock.sleep(seconds(5)).await;
    let command = limit(0.423);
    assert_eq!(field.write(clock.now(), &command).await[0].delivery, Delivery::Sent);
    let one = |writes: &[(u8, u16, Vec<u8>)]| -> Vec<(u16, u16)> {
        writes.iter().map(|(_, at, data)| (*at, u16::from_be_bytes([data[3], data[4]]))).collect()
    };
    // Model 123 begins behind the marker and models of 68, 52, 28 and 32 registers.
    let base = 40_002 + 68 + 52 + 28 + 32;
    let wanted = [(base + 7, 60), (base + 5, 4230), (base + 9, 1)];
    assert_eq!(one(&peer.writes()), wanted, "the scale factor is -2");
    clock.sleep(seconds(20)).await;
    assert_eq!(field.write(clock.now(), &command).await[0].delivery, Delivery::Refreshed);
    assert_eq!(one(&peer.writes()[3..]), wanted, "a third of 60 s later, all of it again");
    let verified = field.verify(&field.freeze(clock.now()), &command);
    assert_eq!(verified.into_values().next(), Some(Verification::Confirmed));
    let release = [guarded("PV1", "solar1", Setpoint::NoLimit)];
    assert_eq!(field.write(clock.now(), &release).await[0].delivery, Delivery::Sent);
    assert_eq!(one(&peer.writes()[6..]), [(base + 9, 0)]);
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_scale_factor_out_of_bounds_is_no_value_and_no_write() {
    let clock = clock();
    let map: Map = Arc::new(Mutex::new(inverter(0, &[103, 123])));
    for word in map
        .lock()
        .expect("no test panics while holding it")
        .values_mut()
        .filter(|word| **word == 0xFFFE)
    {
        *word = 0x8000;
    }
    let shared = Arc::clone(&map);
    let peer = Peer::new(&clock, move |asked| answer(&shared, asked));
    let field = start(vec![device("solar1", 1, &builtin("sunspec-inverter"))], &peer, &clock);
    clock.sleep(seconds(5)).await;
    let snapshot = field.freeze(clock.now());
    assert_eq!(snapshot.trouble(&point("solar1.limit")), Some(Reason::BadScale));
    let failed = field.write(clock.now(), &limit(0.5)).await[0].delivery.clone();
    assert!(
        matches!(&failed, Delivery::Failed(words) if words.contains("scale factor of 'limit'"))
    );
    let limits = peer.writes().iter().filter(|(_, at, _)| *at == 2 + 68 + 52 + 5).count();
    assert_eq!(limits, 0);
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn another_device_at_the_same_address_is_neither_read_nor_written() {
    let clock = clock();
    let map: Map = Arc::new(Mutex::new(inverter(40_000, &[103, 120, 121, 123])));
    let shared = Arc::clone(&map);
    let closing = Arc::new(Mutex::new(false));
    let close = Arc::clone(&closing);
    let peer = Peer::new(&clock, move |asked| {
        if std::mem::take(&mut *close.lock().expect("no test panics while holding it")) {
            Reply::Close
        } else {
            answer(&shared, asked)
        }
    });
    let field = start(vec![device("solar1", 1, &builtin("sunspec-inverter"))], &peer, &clock);
    clock.sleep(seconds(5)).await;
    assert!(number(&field.freeze(clock.now()), "solar1.power").is_some());
    // The link breaks, and behind it stands an inverter with another serial number.
    map.lock().expect("no test panics while holding it").insert(40_002 + 50, 0x5858);
    map.lock().expect("no test panics while holding it").insert(40_002 + 68 + 14, 9999);
    *closing.lock().expect("no test panics while holding it") = true;
    for _ in 0..25 {
        clock.sleep(seconds(1)).await;
        let power = number(&field.freeze(clock.now()), "solar1.power");
        assert!(power.is_none_or(|power| power < 99_990.0), "the other's value: {power:?}");
    }
    let snapshot = field.freeze(clock.now());
    assert_eq!(snapshot.trouble(&point("solar1.power")), Some(Reason::WrongAnswer));
    let failed = field.write(clock.now(), &limit(0.5)).await[0].delivery.clone();
    let Delivery::Failed(words) = failed else { panic!("{failed:?}") };
    assert!(words.contains("serial number 'XX' instead of 'SN'"), "{words}");
    assert!(peer.writes().is_empty());
    field.stop().await;
}
