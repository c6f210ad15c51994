//! Batteries, chargers, panels and generators at the byte level: requests and answers as on the
//! wire, and what each does when nobody speaks to it any more.

use site::Site;

use super::tests::Bench;
use crate::plant::energy_tests::{SOLEIL, soleil};

fn bench(name: &str, start: &str) -> Bench {
    bench_of(&SOLEIL, name, start)
}

fn bench_of(site: &Site, name: &str, start: &str) -> Bench {
    Bench::on(site, name, soleil(site, 1, start))
}

const MORNING: &str = "2026-01-13T08:00:00Z";

/// Writes a signed 32-bit number to two registers, function 16.
fn set_long(bench: &mut Bench, address: u16, value: i32) {
    let ([a, b], [c, d, e, f]) = (address.to_be_bytes(), value.to_be_bytes());
    assert_eq!(bench.ask(&[16, a, b, 0, 2, 4, c, d, e, f]), [16, a, b, 0, 2]);
}

/// Switches coil 0.
fn set_coil(bench: &mut Bench, on: bool) {
    let request = [5, 0, 0, if on { 0xFF } else { 0 }, 0];
    assert_eq!(bench.ask(&request), request);
}

fn long(words: &[u16]) -> i32 {
    let high = u32::from(words[0]) << 16;
    (high | u32::from(words[1])).cast_signed()
}

#[test]
fn a_battery_follows_its_setpoint_and_idles_when_left_alone() {
    let mut battery = bench("battery1", MORNING);
    assert_eq!(battery.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b101], "remote, and nobody has spoken");
    let charge = battery.words(4, 0, 1)[0];
    assert!((480..=520).contains(&charge), "half full, in tenths of a per cent: {charge}");
    assert!(battery.words(4, 3, 1)[0] > 150, "warmer than 15 degrees");
    set_long(&mut battery, 0, -40_000);
    battery.set(2, 1);
    assert_eq!(long(&battery.words(3, 0, 2)), -40_000, "in force with its heartbeat");
    assert_eq!(battery.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b001]);
    battery.pass(30);
    let power = long(&battery.words(4, 1, 2));
    assert!((-40_500..=-39_000).contains(&power), "it gives: {power} W");
    for beat in 2..40 {
        battery.set(2, beat);
        battery.pass(50);
    }
    let shown = battery.words(4, 0, 1)[0];
    assert!(shown + 70 < charge, "21 kWh of 200 and losses: {shown}");
    assert_eq!(long(&battery.words(3, 0, 2)), -40_000);
    // The heartbeat is written again and does not change: the heart has stopped.
    battery.set(2, 39);
    battery.pass(9);
    assert_eq!(long(&battery.words(3, 0, 2)), -40_000, "59 s since it last changed");
    battery.pass(1);
    assert_eq!(long(&battery.words(3, 0, 2)), 0, "60 s");
    assert_eq!(battery.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b101]);
    battery.pass(30);
    let idle = long(&battery.words(4, 1, 2));
    assert!((50..=250).contains(&idle), "its own consumption: {idle} W");
    battery.set(2, 99);
    battery.pass(20);
    assert_eq!(long(&battery.words(3, 0, 2)), 0, "a heartbeat alone orders nothing");
}

#[test]
fn a_battery_switched_to_local_obeys_nobody() {
    let mut battery = bench("battery1", MORNING);
    battery.device.set_local(true);
    set_long(&mut battery, 0, 30_000);
    battery.set(2, 1);
    battery.pass(30);
    assert_eq!(battery.ask(&[2, 0, 0, 0, 3]), [2, 1, 0], "not remote");
    assert_eq!(long(&battery.words(3, 0, 2)), 0);
    assert!(long(&battery.words(4, 1, 2)) < 300);
}

/// A charger at the beginning of its first session that is told or not, and that session.
fn at_session(name: &str, told: bool) -> (Bench, crate::plant::SessionAhead) {
    let mut charger = bench(name, MORNING);
    let place = SOLEIL.chargers.iter().position(|one| one.device.as_str() == name).unwrap();
    let until = "2026-02-13T00:00:00Z".parse().unwrap();
    let ahead = charger.plant.sessions_ahead(until);
    let mut sessions = ahead[&SOLEIL.chargers[place].id].iter();
    let session = sessions.find(|one| one.told == told && one.arrival > charger.at).unwrap();
    let wait = site::time::seconds_between(charger.at, session.arrival);
    let wait: i64 = format!("{wait:.0}").parse().unwrap();
    charger.pass(wait);
    (charger, session.clone())
}

#[test]
fn a_charger_says_what_its_driver_said_or_nothing() {
    let (mut charger, session) = at_session("charger4", true);
    assert_eq!(charger.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b1011], "connected, remote, left alone");
    let wanted = long(&charger.words(4, 4, 2));
    assert!((f64::from(wanted) - session.wanted.get()).abs() <= 0.5, "{wanted} Wh");
    let stay = site::time::seconds_between(session.arrival, session.departure) / 60.0;
    assert!((f64::from(charger.words(4, 6, 1)[0]) - stay).abs() <= 0.5);
    let (mut silent, _) = at_session("charger4", false);
    assert_eq!(silent.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b1011]);
    assert_eq!(silent.words(4, 4, 3), [0xFFFF, 0xFFFF, 0xFFFF], "no wish, no departure");
}

#[test]
fn a_charger_pauses_charges_and_falls_back_to_the_least() {
    let (mut charger, session) = at_session("charger1", true);
    // Left alone it offers 6 A: three phases of a little more or less than 230 V.
    assert_eq!(charger.words(3, 0, 1), [60]);
    charger.pass(20);
    let least = long(&charger.words(4, 0, 2));
    assert!((3850..=4450).contains(&least), "{least} W");
    charger.set(0, 0);
    charger.set(1, 1);
    charger.pass(10);
    assert_eq!(charger.words(3, 0, 1), [0]);
    assert_eq!(long(&charger.words(4, 0, 2)), 0, "paused");
    let paused_at = long(&charger.words(4, 2, 2));
    charger.set(1, 2);
    charger.pass(50);
    assert_eq!(long(&charger.words(4, 2, 2)), paused_at, "nothing is charged while it pauses");
    charger.set(0, 100);
    charger.set(1, 3);
    charger.pass(10);
    let ten = long(&charger.words(4, 0, 2));
    assert!((f64::from(ten) / f64::from(least) - 10.0 / 6.0).abs() < 0.01, "{ten} W");
    charger.set(0, 59);
    charger.pass(10);
    assert_eq!(long(&charger.words(4, 0, 2)), 0, "below the least it pauses");
    charger.set(0, 320);
    charger.pass(10);
    let most = f64::from(long(&charger.words(4, 0, 2)));
    assert!((most / session.draw.most.get() - 1.0).abs() < 0.01, "all the vehicle takes: {most}");
    // The daemon dies.
    charger.pass(29);
    assert_eq!(charger.words(3, 0, 1), [320]);
    charger.pass(1);
    assert_eq!((charger.words(3, 0, 1), charger.ask(&[2, 0, 0, 0, 4])), (vec![60], vec![2, 1, 11]));
    charger.pass(10);
    assert!((long(&charger.words(4, 0, 2)) - least).abs() <= 1);
    charger.pass(20);
    charger.set(1, 4);
    assert_eq!(charger.words(3, 0, 1), [60], "a heartbeat alone changes nothing");
    charger.device.set_local(true);
    charger.pass(10);
    assert_eq!(charger.words(3, 0, 1), [320], "switched to local it offers all it has");
}

#[test]
fn a_vehicle_leaves_on_time_and_its_session_is_told() {
    let (mut charger, session) = at_session("charger4", true);
    let stay = site::time::seconds_between(charger.at, session.departure);
    let stay: i64 = format!("{stay:.0}").parse().unwrap();
    charger.pass(stay - 10);
    assert_eq!(charger.ask(&[2, 0, 0, 0, 1]), [2, 1, 1]);
    assert_eq!(charger.words(4, 6, 1), [0], "less than half a minute");
    charger.pass(10);
    assert_eq!(charger.ask(&[2, 0, 0, 0, 1]), [2, 1, 0]);
    assert_eq!(charger.words(4, 2, 2), [0, 0]);
    let truth = charger.plant.truth();
    let mut mine = truth.sessions.iter().filter(|one| one.charger.as_str() == "C4");
    let told = mine.next_back().expect("it has ended");
    assert_eq!((told.arrival, told.departure), (session.arrival, session.departure));
    let (delivered, possible) = (told.delivered.get(), told.possible.get());
    assert!(delivered > 100.0 && delivered <= possible + 70.0, "to a step's energy: {told:?}");
}

#[test]
fn a_lift_station_left_alone_keeps_between_its_floats() {
    let mut lift = bench("lift1", MORNING);
    assert_eq!(lift.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b1010], "remote, left alone, half full");
    let (mut lowest, mut highest, mut starts) = (1.0_f64, 0.0_f64, 0);
    let mut ran = false;
    for _ in 0..24 * 60 {
        lift.pass(60);
        let share = lift.plant.true_well_share(0);
        (lowest, highest) = (lowest.min(share), highest.max(share));
        let runs = lift.ask(&[2, 0, 0, 0, 1])[2] == 1;
        starts += u32::from(runs && !ran);
        ran = runs;
    }
    assert!(
        (0.17..0.20).contains(&lowest) && (0.70..0.73).contains(&highest),
        "{lowest} {highest}"
    );
    assert!((10..80).contains(&starts), "{starts} starts a day");
    let view = lift.plant.lift(0, lift.at);
    let words = lift.words(4, 3, 4);
    assert_eq!(i64::from(long(&words[..2])), i64::try_from(view.starts).unwrap());
    assert!((f64::from(long(&words[2..])) / 10.0 - view.run_hours).abs() <= 0.05 + 1e-9);
    assert!(lift.plant.truth().wells.values().all(|well| well.spilled.get().abs() < 1e-12));
}

#[test]
fn a_lift_station_obeys_until_its_dead_man_lets_go() {
    let mut lift = bench("lift1", MORNING);
    set_coil(&mut lift, true);
    lift.set(0, 1);
    lift.pass(10);
    assert_eq!(lift.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b0011]);
    lift.pass(10);
    let power = lift.words(4, 0, 1)[0];
    assert!((820..=980).contains(&power), "9 kW in tens of W: {power}");
    set_coil(&mut lift, false);
    for beat in 2..200 {
        lift.set(0, beat);
        lift.pass(50);
    }
    assert_eq!(lift.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b0010], "told to stop, it stops");
    let share = lift.plant.true_well_share(0);
    assert!(share > 0.75, "above its float, as ordered: {share}");
    lift.pass(9);
    assert_eq!(lift.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b0010]);
    lift.pass(1);
    lift.pass(10);
    assert_eq!(lift.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b1011], "left alone, it pumps");
    assert_eq!(lift.ask(&[1, 0, 0, 0, 1]), [1, 1, 1], "and its command says so");
}

#[test]
fn a_filter_left_alone_runs_by_its_clock() {
    let mut filter = bench("filter1", "2026-01-12T23:00:00Z");
    let mut hours: Vec<u32> = Vec::new();
    for hour in 0..24 {
        filter.pass(1800);
        if filter.ask(&[2, 0, 0, 0, 1])[2] == 1 {
            hours.push(hour);
        }
        filter.pass(1800);
    }
    assert_eq!(hours, (6..14).collect::<Vec<u32>>(), "eight hours from six, local time");
    let truth = filter.plant.truth();
    let run = truth.switched.iter().find(|(id, _)| id.as_str() == "filter").unwrap().1.run_time;
    assert!((run.get() - 8.0 * 3600.0).abs() < 30.0, "{run:?}");
    filter.set(0, 1);
    set_coil(&mut filter, true);
    filter.pass(10);
    assert_eq!(filter.ask(&[2, 0, 0, 0, 1]), [2, 1, 1], "spoken to, it obeys at any hour");
}

#[test]
fn a_well_and_a_generator_are_told_by_their_own_devices() {
    let mut level = bench("level_w", MORNING);
    let words = level.words(4, 0, 2);
    let shown = f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1]));
    assert!((f64::from(shown) - level.plant.measured_well_m(0)).abs() < 1e-6 && shown > 1.0);
    let mut generator = bench("generator1", MORNING);
    assert_eq!(generator.ask(&[2, 0, 0, 0, 2]), [2, 1, 0]);
    assert_eq!(generator.words(4, 0, 2), [0, 860]);
    generator.plant.command_lift(0, true, generator.at);
    generator.plant.run_generator(0, true);
    generator.pass(30);
    assert_eq!(generator.ask(&[2, 0, 0, 0, 2]), [2, 1, 1]);
    let power = generator.words(4, 0, 1)[0];
    assert!((82..=98).contains(&power), "the lift station in tenths of a kW: {power}");
}
