//! A link that is there for ten seconds and gone for ten, for five minutes.

use crate::links::{Links, Road, Trouble};
use crate::points::Points;
use crate::stand::{clock, device, endpoint, limit};
use crate::unit::Telling;
use drivers::Field;
use regie_sim::modbus::{Bus, UnknownUnit};
use site::command::Delivery;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const PHASE: Duration = Duration::from_secs(10);
const PHASES: u16 = 30;
/// Cycles come at times that have nothing to do with the link's.
const CYCLE: Duration = Duration::from_millis(2300);

/// SAFETY 10, over TCP and on serial frames over TCP.
#[tokio::test(start_paused = true)]
async fn a_flapping_link_is_held_off_and_its_setpoints_arrive_once() {
    for text in ["tcp://flaps:502", "rtu+tcp://flaps:4001"] {
        let clock = clock();
        let bus = Bus::new(UnknownUnit::Silent);
        let unit = Telling::new(7, &clock);
        bus.insert(7, unit.clone());
        let (endpoint, road) = (endpoint(text), Road::new(&clock, bus, None));
        let links = Links(BTreeMap::from([(endpoint.clone(), road.clone())]));
        let devices = vec![device("unit7", &endpoint, 7, &Points::Stamped.profile())];
        let field = Field::start(devices, Arc::new(links), clock.clone());
        let flap = async {
            for phase in 1..=PHASES {
                clock.sleep_until(site::Mono::new(PHASE * u32::from(phase))).await;
                let gone = phase % 2 == 1;
                road.set_trouble(if gone { Trouble::Refuses } else { Trouble::None });
                if gone {
                    road.hang_up();
                }
            }
        };
        // A new setpoint every 30 s; in half of the cycles there is nobody to tell it to.
        let mut failed = 0;
        let cycles = async {
            while clock.now().mono.since_start() < PHASE * u32::from(PHASES + 2) {
                clock.sleep(CYCLE).await;
                let percent = percent(clock.now().mono.since_start());
                let receipts = field.write(clock.now(), &[limit("unit7", percent)]).await;
                match &receipts[0].delivery {
                    Delivery::Failed(why) => {
                        failed += 1;
                        assert!(why.contains("flaps"), "{why}");
                    }
                    _ => assert_eq!(unit.memory().limit, percent, "as the receipt claims"),
                }
            }
        };
        tokio::join!(flap, cycles);
        let (attempts, open_most) = {
            let log = road.log();
            (log.attempts.len(), log.open_most)
        };
        println!(
            "{text}: {attempts} attempts to connect in {PHASES} phases, {failed} writes failed, {:?} \
             acknowledged",
            unit.memory().acknowledged
        );
        // In ten seconds without link at 0, 1, 3 and 7 s, and one attempt that brings it back.
        assert!(attempts <= usize::from(PHASES) / 2 * 5 + 1, "{attempts} attempts");
        assert_eq!(open_most, 1);
        assert!(failed > 0, "some writes met no link");
        let mut told = unit.memory().acknowledged.clone();
        let all = told.len();
        told.dedup();
        assert_eq!(told.len(), all, "nothing was told twice: the device keeps it");
        let last = percent(PHASE * u32::from(PHASES + 2));
        assert_eq!(unit.memory().limit, last, "the last setpoint arrived");
        field.stop().await;
    }
}

fn percent(since: Duration) -> u16 {
    10 + u16::try_from(since.as_secs() / 30).expect("minutes")
}
