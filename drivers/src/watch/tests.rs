use super::*;
use proptest::prelude::*;
use site::Quality;
use std::path::Path;
use std::time::Duration;

fn watch(point: &str) -> Watch {
    let text = format!(
        "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\n\
         points:\n  pump: {{input: 99, kind: bit, bit: 0}}\n  a: {{input: 0, {point}}}\n"
    );
    let profile = crate::profile::read(&text, Path::new("p.yaml")).expect("no findings");
    Watch::new(profile.point("a").expect("declared")).expect("it is watched")
}

const PLAIN: Around = Around { exponent: Some(0), moving: true };

fn at(seconds: u64) -> Mono {
    Mono::new(Duration::from_secs(seconds))
}

fn good(value: f64, seconds: u64) -> Sample {
    Sample::good(Value::Number(value), at(seconds))
}

/// Shows readings, one every ten seconds, and gives what the point shows.
fn shown(watch: &mut Watch, readings: &[f64]) -> Vec<(Option<f64>, Quality)> {
    let one = |(i, value): (usize, &f64)| {
        let seconds = 10 * u64::try_from(i).expect("few");
        let sample = watch.see(good(*value, seconds), PLAIN).sample;
        (sample.value().and_then(Value::number), sample.quality())
    };
    readings.iter().enumerate().map(one).collect()
}

/// The good numbers among what is shown; what is doubted is absent.
fn numbers(watch: &mut Watch, readings: &[f64]) -> Vec<Option<f64>> {
    let believed = |(value, quality): (Option<f64>, Quality)| match quality {
        Quality::Good => value,
        Quality::Uncertain(_) | Quality::Bad(_) => None,
    };
    shown(watch, readings).into_iter().map(believed).collect()
}

const GOOD: Quality = Quality::Good;
const FAST: Quality = Quality::Uncertain(Reason::RateOfChange);

#[test]
fn a_point_without_such_keys_is_not_watched() {
    let text = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\n\
                points: {a: {input: 0, kind: u16}}\n";
    let profile = crate::profile::read(text, Path::new("p.yaml")).expect("no findings");
    assert!(Watch::new(&profile.points[0]).is_none());
}

#[test]
fn a_number_without_a_name_is_bad() {
    let mut watch = watch("kind: u16, names: {1: off, 0x10: running}");
    let found = shown(&mut watch, &[16.0, 2.0, 1.0]);
    let unknown = (None, Quality::Bad(Reason::UnknownCode));
    assert_eq!(found, [(Some(16.0), GOOD), unknown, (Some(1.0), GOOD)]);
}

#[test]
fn a_spike_is_not_believed_and_what_stood_before_grows_old() {
    let mut watch = watch("kind: f32, unit: m, max_rate: 0.05");
    assert_eq!(watch.see(good(2.0, 0), PLAIN).withheld, None);
    let seen = watch.see(good(9.0, 10), PLAIN);
    let held = Sample::uncertain(Value::Number(2.0), Reason::RateOfChange, at(0));
    assert_eq!(seen, Seen { sample: held, withheld: Some(Reason::RateOfChange) });
    assert_eq!(watch.see(good(2.3, 20), PLAIN).sample, good(2.3, 20), "0.5 m in 10 s and no more");
}

#[test]
fn a_new_level_is_believed_when_three_readings_agree() {
    let mut level = watch("kind: f32, unit: m, max_rate: 0.05");
    let (old, new) = ((Some(2.0), FAST), (Some(9.2), GOOD));
    let found = shown(&mut level, &[2.0, 9.0, 9.1, 9.2]);
    assert_eq!(found, [(Some(2.0), GOOD), old, old, new]);
    let mut level = watch("kind: f32, unit: m, max_rate: 0.05");
    let found = shown(&mut level, &[2.0, 9.0, 5.0, 9.0, 5.1, 5.2]);
    assert_eq!(found[1..5], [old; 4], "what jumps about does not agree");
    assert_eq!(found[5].1, FAST, "5.1 and 5.2 are two in a row");
}

#[test]
fn readings_without_value_break_the_row_and_a_long_gap_explains_any_level() {
    let mut level = watch("kind: f32, unit: m, max_rate: 0.05");
    level.see(good(2.0, 0), PLAIN);
    level.see(good(9.0, 10), PLAIN);
    level.see(good(9.0, 20), PLAIN);
    let lost = Sample::bad(Reason::NotAvailable, at(30));
    assert_eq!(level.see(lost.clone(), PLAIN).sample, lost);
    assert_eq!(level.see(good(9.0, 40), PLAIN).withheld, Some(Reason::RateOfChange));
    assert_eq!(level.see(good(9.0, 140), PLAIN).withheld, None, "7 m in 140 s");
}

#[test]
fn one_step_of_the_registers_is_never_too_fast() {
    let mut coarse = watch("kind: u16, scale: 0.1, unit: m, max_rate: 0.0001");
    let found = numbers(&mut coarse, &[2.0, 2.1, 2.0, 2.3]);
    assert_eq!(found, [Some(2.0), Some(2.1), Some(2.0), None]);
}

#[test]
fn the_rate_is_in_the_unit_of_the_point() {
    let mut flow = watch("kind: f32, unit: m3/h, max_rate: 36");
    // 36 m3/h a second is 0.01 m3/s a second.
    assert_eq!(numbers(&mut flow, &[0.0, 0.099, 0.3]), [Some(0.0), Some(0.099), None]);
}

#[test]
fn a_value_that_stands_too_long_is_doubted_until_it_moves() {
    let mut watch = watch("kind: u16, stuck_after: 20 s");
    let stuck = (Some(7.0), Quality::Uncertain(Reason::Stuck));
    let fine = (Some(7.0), GOOD);
    let found = shown(&mut watch, &[7.0, 7.0, 7.0, 7.0, 8.0]);
    assert_eq!(found, [fine, fine, stuck, stuck, (Some(8.0), GOOD)]);
}

#[test]
fn time_counts_only_while_the_point_should_move() {
    let mut watch = watch("kind: u16, stuck_after: 20 s, stuck_while: pump");
    let mut see = |seconds, moving| {
        watch.see(good(7.0, seconds), Around { exponent: Some(0), moving }).sample.is_good()
    };
    for seconds in (0..=3600).step_by(10) {
        assert!(see(seconds, false), "the pump stands");
    }
    assert!(see(3610, true), "it has just begun to run");
    assert!(see(3620, true));
    assert!(see(3625, false), "it stopped");
    assert!(see(3630, true));
    assert!(!see(3640, true), "20 s of running, in two parts");
}

#[test]
fn a_full_counter_begins_anew_and_the_total_goes_on() {
    let mut starts = watch("kind: u16, counter: true");
    let found = numbers(&mut starts, &[65_530.0, 65_534.0, 2.0, 10.0]);
    assert_eq!(found, [65_530.0, 65_534.0, 65_538.0, 65_546.0].map(Some));
    assert_eq!((starts.rollovers(), starts.resets()), (1, 0));
    let mut digits = watch("kind: bcd32, scale: 0.1, unit: kWh, counter: true");
    let found = numbers(&mut digits, &[9_999_999.0 * 1e3, 1e3]);
    assert_eq!(found[1], Some(10_000_001.0 * 1e3), "eight digits, of which one is a tenth");
    let mut signed = watch("kind: i16, counter: true");
    assert_eq!(numbers(&mut signed, &[32_767.0, -32_768.0])[1], Some(32_768.0));
}

#[test]
fn a_counter_may_end_before_its_registers_do() {
    let mut total = watch("kind: f32, unit: m3, counter: true, rollover: 1000000");
    let found = numbers(&mut total, &[999_990.0, 5.0, 15.0]);
    assert_eq!(found, [999_990.0, 1_000_005.0, 1_000_015.0].map(Some));
    assert_eq!((total.rollovers(), total.resets()), (1, 0));
    let mut early = watch("kind: u32, counter: true, rollover: 1000");
    let found = numbers(&mut early, &[5_000.0, 3.0, 3.0, 3.0]);
    assert_eq!(found, [Some(5_000.0), None, None, Some(5_003.0)], "it held more than that");
    assert_eq!((early.rollovers(), early.resets()), (0, 1));
}

#[test]
fn a_rollover_follows_the_scale_factor() {
    let text = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n  \
                a: {input: 0, kind: u32, unit: Wh, scale_point: f, counter: true}\n  \
                f: {input: 2, kind: i16}\n";
    let profile = crate::profile::read(text, Path::new("p.yaml")).expect("no findings");
    let mut energy = Watch::new(&profile.points[0]).expect("it is watched");
    let tens = Around { exponent: Some(1), moving: true };
    energy.see(good(42_949_672_950.0, 0), tens);
    assert_eq!(energy.see(good(50.0, 10), tens).sample, good(42_949_673_010.0, 10));
    let unknown = Around { exponent: None, moving: true };
    energy.see(good(42_949_672_950.0, 20), unknown);
    assert!(!energy.see(good(50.0, 30), unknown).sample.is_good(), "nobody knows where it ends");
}

#[test]
fn a_reset_counts_what_was_counted_before() {
    let mut energy = watch("kind: u32, counter: true");
    let found = numbers(&mut energy, &[5_000.0, 5_100.0, 20.0, 30.0, 40.0, 50.0]);
    let (a, b) = (Some(5_140.0), Some(5_150.0));
    assert_eq!(found, [Some(5_000.0), Some(5_100.0), None, None, a, b]);
    assert_eq!((energy.rollovers(), energy.resets()), (0, 1));
}

#[test]
fn an_exchanged_meter_goes_on_from_where_the_old_one_was() {
    let mut energy = watch("kind: u32, counter: true");
    let found = numbers(&mut energy, &[5_000.0, 3_000.0, 3_010.0, 3_020.0, 3_025.0]);
    assert_eq!(found[3..], [Some(5_000.0), Some(5_005.0)], "3000 were counted elsewhere");
    let mut limited = watch("kind: u32, counter: true, max_rate: 2");
    let found = numbers(&mut limited, &[5_000.0, 90_000.0, 90_010.0, 90_020.0, 90_030.0]);
    assert_eq!(found, [Some(5_000.0), None, None, Some(5_000.0), Some(5_010.0)]);
    assert_eq!(limited.resets(), 1);
}

#[test]
fn a_counter_that_shows_zero_for_a_moment_was_not_reset() {
    let mut energy = watch("kind: u32, counter: true");
    let found = numbers(&mut energy, &[5_000.0, 0.0, 0.0, 5_001.0]);
    assert_eq!(found, [Some(5_000.0), None, None, Some(5_001.0)]);
    assert_eq!(energy.resets(), 0);
}

#[test]
fn a_step_backwards_is_held() {
    let mut energy = watch("kind: u32, scale: 0.1, unit: kWh, counter: true");
    let found = numbers(&mut energy, &[5_000.0, 4_900.0, 5_100.0]);
    assert_eq!(found, [5_000.0, 5_000.0, 5_100.0].map(Some));
    let mut single = watch("kind: f32, counter: true");
    assert_eq!(numbers(&mut single, &[1e6, 1e6 - 0.125])[1], Some(1e6));
    assert_eq!((energy.resets(), single.resets()), (0, 0));
}

proptest! {
    /// Whatever a device shows, its total never goes back, and doubt never looks good.
    #[test]
    fn a_total_never_goes_back(
        readings in prop::collection::vec(0u16..=u16::MAX, 1..60),
        kind in prop::sample::select(vec!["u16", "u32", "i16", "f32"]),
        rate in prop::sample::select(vec!["", ", max_rate: 100"]),
    ) {
        let mut watch = watch(&format!("kind: {kind}, counter: true{rate}"));
        let readings: Vec<f64> = readings.into_iter().map(f64::from).collect();
        let mut total = f64::NEG_INFINITY;
        for found in numbers(&mut watch, &readings).into_iter().flatten() {
            prop_assert!(found >= total, "{found} after {total}");
            total = found;
        }
    }

    /// A counter that is read often enough is counted to the last unit over any rollovers.
    #[test]
    fn nothing_is_lost_over_rollovers(gains in prop::collection::vec(0u32..6_000, 1..200)) {
        let mut watch = watch("kind: u16, counter: true");
        let mut truth = 60_000u32;
        let first = f64::from(truth);
        let mut readings = vec![first];
        for gain in gains {
            truth += gain;
            readings.push(f64::from(truth % 65_536));
        }
        let found = numbers(&mut watch, &readings);
        prop_assert_eq!(found.last().copied().flatten(), Some(f64::from(truth)));
        prop_assert_eq!(watch.rollovers(), u64::from(truth / 65_536));
        prop_assert_eq!(watch.resets(), 0);
    }

    /// No reading is shown as good that is further from the last good one than the rate allows,
    /// but for a level that three readings bear out.
    #[test]
    fn good_readings_keep_to_the_rate_or_are_borne_out(
        readings in prop::collection::vec(-100.0..100.0f64, 1..80),
    ) {
        let mut watch = watch("kind: f32, max_rate: 2");
        let found = numbers(&mut watch, &readings);
        let mut last: Option<(usize, f64)> = None;
        for (i, value) in found.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, v))) {
            let Some((before, level)) = last.replace((i, value)) else { continue };
            let seconds = 10.0 * f64::from(u32::try_from(i - before).expect("few"));
            if (value - level).abs() > 2.0 * seconds * (1.0 + 1e-6) {
                prop_assert!(i - before >= 3, "three readings at least");
                let three = &readings[i - 2..=i];
                prop_assert!(three.windows(2).all(|w| (w[1] - w[0]).abs() <= 20.0 * (1.0 + 1e-6)));
            }
        }
    }
}
