//! What profiles learn, how soon, and how they survive.

use super::*;
use jiff::ToSpan;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use site::holidays::Holidays;

static ZONE: TimeZone = TimeZone::UTC;
const UTC: Calendar<'static> = Calendar { zone: &ZONE, holidays: Holidays::France };

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Shows a profile some days, by the quarter of an hour.
fn live(profile: &mut Profile, start: &str, days: i64, value: impl Fn(Timestamp) -> f64) {
    let mut now = at(start);
    for _ in 0..days * 96 {
        profile.observe(now, value(now), UTC);
        now += 15.minutes();
    }
}

#[test]
fn a_deviation_is_followed_and_fades() {
    let shaped = std::array::from_fn(|hour| if hour < 12 { 9.0 } else { 11.0 });
    let mut profile = Profile::new(shaped);
    live(&mut profile, "2026-01-05T00:00Z", 8, |now| profile_value(&shaped, now));
    let mut now = at("2026-01-13T00:00Z");
    for _ in 0..240 {
        profile.observe(now, 12.0, UTC);
        now += 1.minute();
    }
    let ratio = |hours: i64| {
        let then = now + hours.hours();
        profile.expect(now, then, UTC) / profile.typical(then, UTC)
    };
    assert!(ratio(0) > 1.2, "{}", ratio(0));
    assert!(ratio(44) < 1.1, "yesterday's surprise is not tomorrow's: {}", ratio(44));
}

fn profile_value(hours: &[f64; 24], now: Timestamp) -> f64 {
    let hour = TimeZone::UTC.to_datetime(now).hour();
    hours[usize::try_from(hour).expect("0 to 23")]
}

#[test]
fn kinds_of_day_are_learned_apart_and_holidays_are_sundays() {
    let mut profile = Profile::new([10.0; 24]);
    let truth = |now: Timestamp| match TimeZone::UTC.to_datetime(now).weekday() {
        Weekday::Saturday => 15.0,
        Weekday::Sunday => 20.0,
        _ => 10.0,
    };
    live(&mut profile, "2026-04-13T00:00Z", 14, truth);
    let noon = |day: &str| profile.typical(at(&format!("{day}T12:30Z")), UTC);
    assert!((noon("2026-04-28") - 10.0).abs() < 0.3, "{}", noon("2026-04-28"));
    assert!((noon("2026-05-02") - 15.0).abs() < 0.9, "{}", noon("2026-05-02"));
    assert!((noon("2026-05-03") - 20.0).abs() < 1.6, "{}", noon("2026-05-03"));
    assert!((noon("2026-05-01") - noon("2026-05-03")).abs() < 1e-9, "Labour Day, a Friday");
}

#[test]
fn a_kind_never_seen_borrows_from_the_others() {
    let mut profile = Profile::new([10.0; 24]);
    live(&mut profile, "2026-01-12T00:00Z", 5, |_| 30.0);
    let (saturday, monday) = (at("2026-01-17T12:00Z"), at("2026-01-19T12:00Z"));
    assert!(profile.typical(saturday, UTC) > 28.0);
    assert!(profile.knows(monday, UTC) && !profile.knows(saturday, UTC));
}

#[test]
fn one_day_is_enough_to_learn_a_flat_guess_away() {
    let mut profile = Profile::new([10.0; 24]);
    let truth = |now: Timestamp| if TimeZone::UTC.to_datetime(now).hour() < 8 { 4.0 } else { 24.0 };
    live(&mut profile, "2026-01-13T00:00Z", 1, truth);
    let tomorrow = |hour: i64| profile.typical(at("2026-01-14T00:00Z") + hour.hours(), UTC);
    assert!((tomorrow(4) - 4.0).abs() < 1.0, "{}", tomorrow(4));
    assert!((tomorrow(15) - 24.0).abs() < 1.5, "{}", tomorrow(15));
}

#[test]
fn the_nights_of_two_kinds_of_day_meet_at_midnight() {
    let mut profile = Profile::new([10.0; 24]);
    let weekend = |now| TimeZone::UTC.to_datetime(now).weekday() == Weekday::Saturday;
    live(&mut profile, "2026-01-12T00:00Z", 14, |now| if weekend(now) { 20.0 } else { 10.0 });
    let friday = at("2026-01-30T23:59:59Z");
    let jump = profile.typical(friday + 1.second(), UTC) - profile.typical(friday, UTC);
    assert!(jump.abs() < 0.05, "{jump}");
}

#[test]
fn what_was_learned_is_stored_and_an_older_form_is_taken_up() {
    let mut profile = Profile::new([10.0; 24]);
    live(&mut profile, "2026-01-12T00:00Z", 3, |_| 12.0);
    let text = serde_json::to_string(&profile).expect("it can be written");
    let back: Profile = serde_json::from_str(&text).expect("it can be read");
    assert_eq!(back, profile);
    let (work, free) = (vec![5.0; 24], vec![8.0; 24]);
    let old = serde_json::json!({
        "hours": [work, free], "recent": 1.1, "last": "2026-01-15T12:00:00Z",
        "steady": {"shaped": true, "ratio": 1.05, "scatter": 0.01, "hours": 30.0},
    });
    let old: Profile = serde_json::from_value(old).expect("it is understood");
    assert!((old.typical(at("2026-01-14T12:00Z"), UTC) - 5.0).abs() < 0.5);
    assert!((old.typical(at("2026-01-18T12:00Z"), UTC) - 8.0).abs() < 1.0);
    assert!(old.level().is_some_and(|(ratio, _)| (ratio - 1.05).abs() < 1e-9));
}

proptest! {
    #[test]
    fn nothing_is_negative_or_no_number(
        values in prop::collection::vec(0.0..1e6_f64, 1..300),
        minutes in prop::collection::vec(1..2000_i64, 300),
        guess in 0.0..100.0_f64,
    ) {
        let mut profile = Profile::new([guess; 24]);
        let mut now = at("2026-03-27T00:00Z");
        for (value, minutes) in values.iter().zip(minutes) {
            profile.observe(now, *value, UTC);
            now += minutes.minutes();
            for hours in [0, 1, 7, 24, 48] {
                let then = now + hours.hours();
                let expected = profile.expect(now, then, UTC);
                let spread = profile.spread((now, then), 0.1, UTC);
                prop_assert!(expected.is_finite() && expected >= 0.0, "{expected}");
                prop_assert!(spread.is_finite() && spread >= 0.0, "{spread}");
            }
        }
    }
}
