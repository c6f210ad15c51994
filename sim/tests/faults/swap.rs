//! A gateway that comes back with its two inverters in each other's place.

use crate::links::{Links, Road};
use crate::stand::{clock, device, endpoint, limit, point};
use drivers::profile::{self, Profile};
use drivers::{Clock, Field};
use regie_sim::devices::shelf::Shelf;
use regie_sim::modbus::{Bus, UnknownUnit};
use site::command::{Command, Delivery, Guarded};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What each of them gives, in W.
const POWERS: [f64; 2] = [1000.0, 2000.0];

fn sunspec() -> Arc<Profile> {
    let text = profile::builtin("sunspec-inverter").expect("a built-in profile");
    Arc::new(profile::read(text, Path::new("sunspec-inverter")).expect("no findings"))
}

fn inverter(profile: &Profile, number: usize) -> Shelf {
    let shelf = Shelf::new(profile);
    shelf.set_text("serial", &format!("SN-{number}"));
    shelf.set("power", POWERS[number]);
    shelf
}

fn limits(percents: [u16; 2]) -> Vec<Guarded<Command>> {
    let command = |(number, percent)| limit(&format!("solar{number}"), percent);
    percents.into_iter().enumerate().map(command).collect()
}

/// Looks for a while; gives whether both were good at the end.
async fn watch(field: &Field, clock: &Clock, seconds: u64) -> bool {
    let mut good = false;
    for _ in 0..seconds * 10 {
        clock.sleep(Duration::from_millis(100)).await;
        let snapshot = field.freeze(clock.now());
        good = true;
        for (number, own) in POWERS.iter().enumerate() {
            let id = point(&format!("solar{number}"), "power");
            let power = snapshot.number(&id);
            assert!(power.is_none_or(|power| (power - own).abs() < 0.5), "{id} shows {power:?}");
            good &= power.is_some();
        }
    }
    good
}

/// SAFETY 15.
#[tokio::test(start_paused = true)]
async fn swapped_inverters_are_neither_read_nor_written() {
    for text in ["tcp://gateway:502", "rtu+tcp://gateway:4001"] {
        let (clock, profile) = (clock(), sunspec());
        let bus = Bus::new(UnknownUnit::GatewayTargetFailed);
        let shelves = [0, 1].map(|number| inverter(&profile, number));
        let place = |crossed: bool| {
            for (unit, number) in [(1, usize::from(crossed)), (2, usize::from(!crossed))] {
                bus.insert(unit, shelves[number].clone());
            }
        };
        place(false);
        let (endpoint, road) = (endpoint(text), Road::new(&clock, bus.clone(), None));
        let devices = vec![
            device("solar0", &endpoint, 1, &profile),
            device("solar1", &endpoint, 2, &profile),
        ];
        let links = Links(BTreeMap::from([(endpoint, road.clone())]));
        let field = Field::start(devices, Arc::new(links), clock.clone());
        assert!(watch(&field, &clock, 10).await, "both are read");
        for receipt in field.write(clock.now(), &limits([50, 60])).await {
            assert_eq!(receipt.delivery, Delivery::Sent);
        }
        assert!(shelves.iter().all(|shelf| !shelf.take_written().is_empty()), "both were written");

        place(true);
        road.hang_up();
        // At once, before anything was read.
        for cycle in 0..12 {
            for receipt in field.write(clock.now(), &limits([30, 40])).await {
                let Delivery::Failed(why) = receipt.delivery else { panic!("{receipt:?}") };
                let known =
                    why.contains("another device than before") || why.contains("left alone");
                assert!(known || why.contains("no connection"), "cycle {cycle}: {why}");
            }
            assert!(!watch(&field, &clock, 5).await || cycle == 0, "what was read grows old");
        }
        assert!(shelves.iter().all(|shelf| shelf.take_written().is_empty()), "none was written");
        for (health, own) in field.health().iter().zip(["SN-0", "SN-1"]) {
            let error = health.last_error.clone().unwrap_or_default();
            assert!(error.contains("another device") && error.contains(own), "{error}");
        }

        place(false);
        road.hang_up();
        assert!(watch(&field, &clock, 90).await, "good again");
        for receipt in field.write(clock.now(), &limits([30, 40])).await {
            assert_eq!(receipt.delivery, Delivery::Sent);
        }
        assert!(shelves.iter().all(|shelf| !shelf.take_written().is_empty()), "both were written");
        field.stop().await;
    }
}
