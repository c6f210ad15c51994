use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::super::{Recording, Weather};
use super::{SHIPPED, WRITTEN, at, paris, profiles_file, written};

const PLANTS: [&str; 4] = ["pv1", "pv2", "pv3", "pv4"];

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

fn share(column: &str, at: Timestamp) -> f64 {
    SHIPPED.profile(column, at, &paris()).unwrap()
}

fn dates_of(year: i16) -> impl Iterator<Item = Date> {
    date(year, 1, 1).series(1.day()).take_while(move |day| day.year() == year)
}

/// The instant of a time on the clocks of Paris.
fn on_clocks(day: Date, hour: i8) -> Timestamp {
    day.at(hour, 0, 0, 0).to_zoned(paris()).unwrap().timestamp()
}

#[test]
fn the_columns_are_those_of_the_file() {
    let columns = ["pv1", "pv2", "pv3", "pv4", "h0_a", "h0_b", "g1_a", "g3_a", "l1_a"];
    assert_eq!(SHIPPED.columns(), columns);
    let now = at("2026-06-21T10:00:00Z");
    assert!(columns.iter().all(|column| SHIPPED.profile(column, now, &paris()).is_some()));
    assert_eq!(SHIPPED.profile("pv5", now, &paris()), None);
    assert_eq!(SHIPPED.profile("time", now, &paris()), None);
    assert_eq!(SHIPPED.profile("", now, &paris()), None);
}

#[test]
fn plants_are_dark_at_midnight_and_brighter_at_summer_noon() {
    let mean_at_noon = |column, month: i8| {
        let noons: Vec<f64> = dates_of(2026)
            .filter(|day| day.month() == month)
            .map(|day| share(column, on_clocks(day, 12)))
            .collect();
        noons.iter().sum::<f64>() / f64::from(u8::try_from(noons.len()).unwrap())
    };
    for plant in PLANTS {
        for day in dates_of(2026) {
            assert_close(share(plant, on_clocks(day, 0)), 0.0);
        }
        let (summer, winter) = (mean_at_noon(plant, 6), mean_at_noon(plant, 12));
        assert!(summer > 1.5 * winter && winter > 0.0, "{plant}: {summer} {winter}");
    }
}

#[test]
fn every_date_of_2026_takes_the_nearest_recorded_day_of_its_weekday() {
    let shape = SHIPPED.day_shape();
    for day in dates_of(2026) {
        let recorded = shape.recorded_date(day);
        assert_eq!(recorded.year(), 2016);
        assert_eq!(recorded.weekday(), day.weekday(), "{day}");
        let same_day_2016 = date(2016, day.month(), day.day());
        // Weekdays come every seventh day, but for the year's end, where 2016 meets itself.
        let away = (recorded - same_day_2016).get_days().abs();
        let limit = if day.month() == 1 && day.day() <= 3 { 366 } else { 3 };
        assert!(away <= limit || 366 - away <= limit, "{day} takes {recorded}");
    }
    let examples = [
        ((7, 14), (7, 12)), // a Tuesday
        ((2, 28), (2, 27)), // a Saturday
        ((3, 1), (2, 28)),  // a Sunday; 28 February is two days off, 6 March five
        ((5, 1), (4, 29)),  // a Friday
        ((1, 1), (12, 29)), // a Thursday: the last of the year is three days off, the first six
        ((1, 2), (1, 1)),   // a Friday
        ((12, 30), (12, 28)),
        ((12, 31), (12, 29)),
    ];
    for ((month, day), (recorded_month, recorded_day)) in examples {
        let found = shape.recorded_date(date(2026, month, day));
        assert_eq!(found, date(2016, recorded_month, recorded_day), "{month}-{day}");
    }
}

#[test]
fn no_recorded_day_of_the_same_weekday_is_nearer() {
    let place = |day: Date| date(2016, day.month(), day.day()).day_of_year();
    for day in (2023..=2034).flat_map(dates_of) {
        let away = |recorded: Date| {
            let straight = (place(recorded) - place(day)).abs();
            straight.min(366 - straight)
        };
        let nearest = dates_of(2016)
            .filter(|recorded| recorded.weekday() == day.weekday())
            .min_by_key(|recorded| (away(*recorded), *recorded))
            .unwrap();
        assert_eq!(SHIPPED.day_shape().recorded_date(day), nearest, "{day}");
    }
}

/// Checks all quarter hours of a local day against the rows from `first` on.
#[track_caller]
fn check_day(day: Date, zone: &TimeZone, quarters: usize, first: jiff::civil::DateTime) {
    let begin: Zoned = day.to_zoned(zone.clone()).unwrap();
    let end = day.tomorrow().unwrap().to_zoned(zone.clone()).unwrap();
    let instants: Vec<Timestamp> = begin
        .timestamp()
        .series(15.minutes())
        .take_while(|instant| *instant < end.timestamp())
        .collect();
    assert_eq!(instants.len(), quarters);
    for (instant, row) in instants.iter().zip(first.series(15.minutes())) {
        for (number, column) in SHIPPED.columns().iter().enumerate() {
            let found = SHIPPED.profile(column, *instant, zone).unwrap();
            assert_close(found, written(row, number));
        }
    }
}

#[test]
fn days_of_24_23_and_25_hours_run_in_standard_time() {
    check_day(date(2026, 1, 13), &paris(), 96, date(2016, 1, 12).at(0, 0, 0, 0));
    check_day(date(2026, 7, 14), &paris(), 96, date(2016, 7, 11).at(23, 0, 0, 0));
    // Clocks go forward: the day ends at 23:00 standard time.
    check_day(date(2026, 3, 29), &paris(), 92, date(2016, 3, 27).at(0, 0, 0, 0));
    // Clocks go back: it begins at 23:00 of the eve and ends at midnight.
    check_day(date(2026, 10, 25), &paris(), 100, date(2016, 10, 22).at(23, 0, 0, 0));
}

#[test]
fn the_shipped_labels_follow_the_clocks_on_the_wall() {
    // Although they say +01:00 all year: an hour is missing in March and comes twice in October.
    let label = |at| {
        let number = WRITTEN.iter().position(|(label, _)| label == at).unwrap();
        (WRITTEN[number + 1].0.as_str(), &WRITTEN[number].1)
    };
    assert_eq!(label("2016-03-27T01:45:00+01:00").0, "2016-03-27T03:00:00+01:00");
    assert_eq!(label("2016-10-30T02:45:00+01:00").0, "2016-10-30T02:00:00+01:00");
    // So a time on the clocks of a simulated summer or winter finds its label.
    for (simulated, recorded) in [
        ("2026-07-14T12:45:00+02:00", "2016-07-12T12:45:00+01:00"),
        ("2026-01-13T12:45:00+01:00", "2016-01-12T12:45:00+01:00"),
    ] {
        for (number, column) in SHIPPED.columns().iter().enumerate() {
            assert_close(share(column, at(simulated)), label(recorded).1[number]);
        }
    }
}

#[test]
fn the_first_and_the_last_day_of_the_year() {
    check_day(date(2026, 1, 1), &paris(), 96, date(2016, 12, 29).at(0, 0, 0, 0));
    check_day(date(2026, 12, 31), &paris(), 96, date(2016, 12, 29).at(0, 0, 0, 0));
    // A Saturday takes the last recorded day, whose last quarter runs into the first row.
    check_day(date(2022, 12, 31), &paris(), 96, date(2016, 12, 31).at(0, 0, 0, 0));
    // Where January is summer, the first recorded day begins an hour early, in its last row.
    let auckland = TimeZone::get("Pacific/Auckland").unwrap();
    let begin = date(2027, 1, 1).to_zoned(auckland.clone()).unwrap().timestamp();
    let found = SHIPPED.profile("g3_a", begin, &auckland).unwrap();
    assert_close(found, written(date(2016, 12, 31).at(23, 0, 0, 0), 7));
}

#[test]
fn winter_called_the_exception_is_standard_time_all_the_same() {
    // Irish law makes the summer hour the rule; the sun does not mind.
    let dublin = TimeZone::get("Europe/Dublin").unwrap();
    check_day(date(2026, 7, 14), &dublin, 96, date(2016, 7, 11).at(23, 0, 0, 0));
    check_day(date(2026, 1, 13), &dublin, 96, date(2016, 1, 12).at(0, 0, 0, 0));
}

#[test]
fn plants_run_straight_and_loads_hold() {
    // 14 July 2026, 12:50 on clocks is 11:50 in standard time: a third of a quarter after 11:45.
    let (early, late) = (date(2016, 7, 12).at(11, 45, 0, 0), date(2016, 7, 12).at(12, 0, 0, 0));
    let instant = at("2026-07-14T12:50:00+02:00");
    for (number, plant) in PLANTS.iter().enumerate() {
        let (from, to) = (written(early, number), written(late, number));
        assert!((from - to).abs() > 1e-4, "{plant}: the test needs a slope");
        assert_close(share(plant, instant), from + (to - from) / 3.0);
        // The middle of the first second, too.
        let half = at("2026-07-14T12:45:00.5+02:00");
        assert_close(share(plant, half), from + (to - from) / 1800.0);
    }
    let load = written(early, 4);
    assert!((load - written(late, 4)).abs() > 1e-4, "the test needs a step");
    assert_close(share("h0_a", instant), load);
    assert_close(share("h0_a", at("2026-07-14T12:59:59.999999999+02:00")), load);
    assert_close(share("h0_a", at("2026-07-14T13:00:00+02:00")), written(late, 4));
}

#[test]
fn fractions_of_a_second_before_1970_count_forwards() {
    // 13 July 1969 was a Sunday, and takes Sunday 10 July.
    let day = date(2016, 7, 10);
    let (from, to) = (written(day.at(11, 0, 0, 0), 0), written(day.at(11, 15, 0, 0), 0));
    assert!((from - to).abs() > 1e-4, "the test needs a slope");
    for (second, text) in [(1.25, "01.25"), (1.75, "01.75"), (2.0, "02"), (2.25, "02.25")] {
        let instant = at(&format!("1969-07-13T11:00:{text}+01:00"));
        assert_close(share("pv1", instant), from + (to - from) * second / 900.0);
    }
}

#[test]
fn the_order_of_calls_does_not_matter() {
    let instants: Vec<Timestamp> =
        at("2026-01-01T00:00:00Z").series(37.minutes()).take(14_000).collect();
    let ask =
        |instant: &Timestamp| (share("pv3", *instant).to_bits(), share("l1_a", *instant).to_bits());
    let forwards: Vec<_> = instants.iter().map(ask).collect();
    let mut backwards: Vec<_> = instants.iter().rev().map(ask).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    // Strides through all seasons, against a recording loaded afresh.
    let again = Recording::load(&profiles_file(), &super::weather_file()).unwrap();
    for n in 0..instants.len() {
        let n = n * 6007 % instants.len();
        let found = again.profile("pv3", instants[n], &paris()).unwrap();
        assert_eq!(found.to_bits(), forwards[n].0);
    }
}

fn weather(text: &str) -> Weather {
    SHIPPED.weather(at(text), &paris())
}

#[test]
fn weather_is_that_of_the_hour_in_standard_time() {
    // Line 13 of the file: 1 January, the hour that ends at 12.
    let noon = weather("2026-01-01T11:59:59+01:00");
    assert_close(noon.air_temperature_c, 4.2);
    assert_close(noon.direct_horizontal_w_m2, 8.0);
    assert_close(noon.diffuse_horizontal_w_m2, 108.0);
    assert_close(noon.global_horizontal_w_m2(), 116.0);
    assert_close(noon.wind_m_s, 3.0);
    assert_close(noon.relative_humidity_pct, 76.0);
    assert_eq!(weather("2026-01-01T11:00:00+01:00"), noon);
    assert_ne!(weather("2026-01-01T12:00:00+01:00"), noon);
    // The first and the last hour of the year.
    assert_close(weather("2026-01-01T00:00:00+01:00").air_temperature_c, 6.5);
    assert_close(weather("2026-12-31T23:30:00+01:00").air_temperature_c, 7.9);
    // On summer clocks midnight is the last hour of the eve, also across the end of a month.
    let eve =
        SHIPPED.weather(at("2026-06-30T23:30:00+01:00"), &TimeZone::fixed(jiff::tz::offset(1)));
    assert_eq!(weather("2026-07-01T00:30:00+02:00"), eve);
    assert_eq!(weather("2025-06-30T23:30:00+01:00"), eve, "every year is the mean year");
}

#[test]
fn a_leap_day_takes_the_weather_of_its_eve() {
    for hour in 0..24 {
        let hours = hour.hours();
        let eve = at("2028-02-28T00:30:00+01:00") + hours;
        let leap_day = at("2028-02-29T00:30:00+01:00") + hours;
        assert_eq!(SHIPPED.weather(leap_day, &paris()), SHIPPED.weather(eve, &paris()));
    }
    let march = weather("2028-03-01T00:30:00+01:00");
    assert_eq!(march, weather("2026-03-01T00:30:00+01:00"));
    assert_ne!(march, weather("2028-02-29T00:30:00+01:00"));
}
