//! Two hundred devices, each with a link of its own, of which one, half or all are lost.

use crate::links::{Links, Road, Trouble};
use crate::points::{FIRST, Points, misfit};
use crate::stand::{MAX_AGE, POLL, clock, device, endpoint, name, point};
use crate::unit::Telling;
use drivers::{Clock, DeviceHealth, Field};
use regie_sim::modbus::{Bus, UnknownUnit};
use site::{Mono, PointId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DEVICES: u8 = 200;
const POINTS: Points = Points::Stamped;
/// Samples are dated by the drivers, so that it is enough to look more often than they are read.
const LOOK: Duration = Duration::from_millis(500);
/// Trouble begins here.
const FROM: Duration = Duration::from_secs(20);

/// The running field, and its links in the order of their devices.
struct Crowd {
    clock: Clock,
    field: Field,
    roads: Vec<Road>,
    ids: Vec<PointId>,
}

/// What was seen: when each device was read, and looks at which it was bad.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    read: Vec<Vec<Mono>>,
    bad: Vec<Vec<Duration>>,
    wrong: Vec<String>,
}

impl Crowd {
    fn new() -> Crowd {
        let clock = clock();
        let profile = POINTS.profile();
        let (mut links, mut roads, mut devices) = (BTreeMap::new(), Vec::new(), Vec::new());
        for unit in 1..=DEVICES {
            let bus = Bus::new(UnknownUnit::Silent);
            bus.insert(unit, Telling::new(unit, &clock));
            let endpoint = endpoint(&format!("tcp://10.20.0.{unit}:502"));
            let road = Road::new(&clock, bus, None);
            links.insert(endpoint.clone(), road.clone());
            roads.push(road);
            devices.push(device(&name(unit), &endpoint, unit, &profile));
        }
        let field = Field::start(devices, Arc::new(Links(links)), clock.clone());
        let ids = (1..=DEVICES).map(|unit| point(&name(unit), FIRST)).collect();
        Crowd { clock, field, roads, ids }
    }

    /// Looks until an instant.
    async fn watch(&self, seen: &mut Seen, until: Duration) {
        seen.read.resize_with(self.ids.len(), Vec::new);
        seen.bad.resize_with(self.ids.len(), Vec::new);
        while self.clock.now().mono.since_start() < until {
            self.clock.sleep(LOOK).await;
            let now = self.clock.now();
            let snapshot = self.field.freeze(now);
            for (i, (unit, id)) in (1..=DEVICES).zip(&self.ids).enumerate() {
                let sample = snapshot.sample(id).expect("it is a point");
                if seen.read[i].last() != Some(&sample.at) {
                    seen.read[i].push(sample.at);
                }
                match snapshot.number(id) {
                    None => seen.bad[i].push(now.mono.since_start()),
                    Some(value) => {
                        let what = misfit(unit, POINTS.each()[0].1, value, (sample.at, now.mono));
                        seen.wrong.extend(what.map(|what| format!("{id} {what}")));
                    }
                }
            }
        }
    }

    fn health(&self, device: usize) -> DeviceHealth {
        let (all, name) = (self.field.health(), name(u8::try_from(device + 1).expect("200")));
        all.into_iter().find(|health| health.id.as_str() == name).expect("it is there")
    }

    fn strike(&self, trouble: Trouble, lost: usize) {
        for road in &self.roads[..lost] {
            road.set_trouble(trouble);
            road.hang_up();
        }
    }

    fn heal(&self) {
        for road in &self.roads {
            road.set_trouble(Trouble::None);
        }
    }

    /// Attempts to connect from an instant on, over all links, in order.
    fn attempts_from(&self, from: Duration) -> Vec<Duration> {
        let mut all: Vec<Duration> =
            self.roads.iter().flat_map(|road| road.log().attempts.clone()).collect();
        all.retain(|at| *at >= from);
        all.sort_unstable();
        all
    }

    async fn end(self) {
        let most = self.roads.iter().map(|road| road.log().open_most).max();
        assert_eq!(most, Some(1), "one connection to each endpoint at a time");
        self.field.stop().await;
    }
}

/// The first `lost` links are lost from the beginning of the trouble to the end.
async fn five_minutes(trouble: Trouble, lost: usize) -> (Crowd, Seen) {
    let crowd = Crowd::new();
    let mut seen = Seen::default();
    crowd.watch(&mut seen, FROM).await;
    crowd.strike(trouble, lost);
    crowd.watch(&mut seen, Duration::from_secs(300)).await;
    assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
    (crowd, seen)
}

/// SAFETY 1 and 2, and the other devices unchanged.
#[tokio::test(start_paused = true)]
async fn lost_devices_leave_the_others_their_period() {
    let (crowd, usual) = five_minutes(Trouble::None, 0).await;
    assert!(usual.bad.iter().all(|bad| bad.last() <= Some(&(POLL + LOOK))), "all are good");
    crowd.end().await;
    for (trouble, lost, words) in [
        (Trouble::Refuses, 1, "refused"),
        (Trouble::Swallows, 1, "timed out"),
        (Trouble::Refuses, 100, "refused"),
        (Trouble::Swallows, 100, "timed out"),
    ] {
        let (crowd, seen) = five_minutes(trouble, lost).await;
        assert_eq!(seen.read[lost..], usual.read[lost..], "{trouble:?} of {lost}");
        assert_eq!(seen.bad[lost..], usual.bad[lost..], "{trouble:?} of {lost}");
        let attempts: Vec<Duration> = crowd.attempts_from(FROM);
        let pauses: Vec<u64> = {
            let own = crowd.roads[0].log().attempts.clone();
            own.windows(2).skip(1).map(|pair| (pair[1] - pair[0]).as_secs()).collect()
        };
        println!(
            "{trouble:?}: {lost} of 200 lost, {} attempts to connect in 280 s, pauses {pauses:?} s",
            attempts.len()
        );
        let bad_from = seen.bad[0].iter().find(|at| **at > FROM);
        assert!(bad_from <= Some(&(FROM + MAX_AGE + LOOK)), "bad from {bad_from:?}");
        let error = crowd.health(0).last_error.unwrap_or_default();
        assert!(error.contains(words) && error.contains("10.20.0.1:502"), "{error}");
        // The connection that broke was the first failure: 2, 4 up to 60 s, and up to a quarter
        // more. What is swallowed takes two seconds itself.
        let held = if trouble == Trouble::Swallows { 2 } else { 0 };
        for (pause, least) in pauses.iter().zip([2, 4, 8, 16, 32, 60, 60, 60]) {
            assert!((least + held..=least * 5 / 4 + held + 1).contains(pause), "{pauses:?}");
        }
        assert!((7..=9).contains(&pauses.len()), "{pauses:?}");
        crowd.end().await;
    }
}

/// SAFETY 11: a switch is gone for a while, and with it all links.
#[tokio::test(start_paused = true)]
async fn two_hundred_devices_come_back_without_a_stampede() {
    for outage in [5, 30, 120, 600].map(Duration::from_secs) {
        let crowd = Crowd::new();
        let mut seen = Seen::default();
        crowd.watch(&mut seen, FROM).await;
        crowd.strike(Trouble::Refuses, 200);
        crowd.watch(&mut seen, FROM + outage).await;
        crowd.heal();
        let back = crowd.clock.now().mono.since_start();
        crowd.watch(&mut seen, back + Duration::from_secs(90)).await;
        assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
        let healed = seen.bad.iter().filter_map(|bad| bad.last()).max().expect("all were bad");
        let healed = healed.saturating_sub(back);
        let attempts = crowd.attempts_from(FROM);
        let burst = most_within(&attempts, Duration::from_millis(100));
        let later: Vec<Duration> = attempts.iter().copied().filter(|at| *at >= back).collect();
        let burst_back = most_within(&later, Duration::from_millis(100));
        println!(
            "all lost for {outage:?}: {} attempts, most within 100 ms {burst}, after they are back \
             {burst_back}; all good after {healed:?}",
            attempts.len(),
        );
        assert!(burst_back <= BURST_MAX, "{burst_back} attempts within 100 ms");
        // No pause is longer than the outage, nor than 75 s; then one round.
        let most = outage.min(Duration::from_secs(75)) + POLL * 2;
        assert!(healed <= most, "{healed:?} after {outage:?}");
        crowd.end().await;
    }
}

/// After five seconds all of two hundred wait for four, and up to a quarter more: 20 in each tenth
/// of a second on average, and by chance some more.
const BURST_MAX: usize = 40;

/// The most instants within a span.
fn most_within(instants: &[Duration], span: Duration) -> usize {
    let within = |first: &Duration| {
        instants.iter().filter(|at| (*first..*first + span).contains(*at)).count()
    };
    instants.iter().map(within).max().unwrap_or_default()
}
