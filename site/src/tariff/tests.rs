use super::*;
use crate::days::Days;
use crate::units::Money;
use jiff::ToSpan;
use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

const ALL: [i8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

fn time(text: &str) -> Time {
    text.parse().expect("a time of day")
}
fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}
fn class(name: &str, price: f64, months: &[i8], from: &str, to: &str) -> TariffClass {
    let hours = vec![Hours { from: time(from), to: time(to) }];
    TariffClass { months: months.into(), hours, ..TariffClass::always(name, Price::new(price)) }
}
fn tariff(classes: Vec<TariffClass>) -> Tariff {
    Tariff { classes, ..Tariff::flat(Price::ZERO) }
}
fn night_and_day() -> Tariff {
    let night = class("night", 0.1, &ALL, "22:00", "06:00");
    tariff(vec![night, class("day", 0.2, &ALL, "06:00", "22:00")])
}
fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").expect("bundled zone")
}
fn french(zone: &TimeZone) -> Calendar<'_> {
    Calendar { zone, holidays: Holidays::France }
}
fn hours_of(tariff: &Tariff, name: &str, from: &str, to: &str) -> f64 {
    let (zone, mut now, mut hours) = (paris(), at(from), 0.0);
    while now < at(to) {
        let class = tariff.price_at(now, french(&zone)).class;
        let next = tariff.next_boundary(now, french(&zone)).min(at(to));
        if class == name {
            hours += seconds_between(now, next) / 3600.0;
        }
        now = next;
    }
    hours
}

#[test]
fn gaps_and_overlaps_are_found_and_told_exactly() {
    let covers = |classes| tariff(classes).covers(Holidays::France).map_err(|e| e.to_string());
    let (night, day) =
        (class("night", 0.1, &ALL, "22:00", "06:00"), class("day", 0.2, &ALL, "06:00", "22:00"));
    assert_eq!(covers(vec![night.clone(), day.clone()]), Ok(()));
    assert_eq!(
        covers(vec![night.clone()]),
        Err("no class gives a price from 06:00 to 22:00 on Thursday 2026-01-01".into())
    );
    let late = class("day", 0.2, &ALL, "06:00", "23:30");
    assert_eq!(
        covers(vec![night.clone(), late]),
        Err("classes 'night' and 'day' both give a price from 22:00 to 23:30 on Thursday \
             2026-01-01"
            .into())
    );
    // Weekdays by name leave public holidays in, "free" takes them too: Easter Monday has both.
    let named = TariffClass {
        days: Days::Named(std::iter::once(jiff::civil::Weekday::Monday).collect()),
        ..class("monday", 0.2, &[4], "00:00", "00:00")
    };
    let free = TariffClass { days: Days::Free, ..class("free", 0.1, &[4], "00:00", "00:00") };
    let others = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12];
    let others = class("others", 0.1, &others, "00:00", "00:00");
    let working = TariffClass {
        days: Days::Named(
            [
                jiff::civil::Weekday::Tuesday,
                jiff::civil::Weekday::Wednesday,
                jiff::civil::Weekday::Thursday,
                jiff::civil::Weekday::Friday,
            ]
            .into_iter()
            .collect(),
        ),
        ..class("working", 0.2, &[4], "00:00", "00:00")
    };
    let classes = vec![named, free, others, working];
    assert_eq!(
        covers(classes.clone()),
        Err("classes 'monday' and 'free' both give a price from 00:00 to 24:00 on Monday \
             2026-04-06"
            .into())
    );
    let nobodys = tariff(classes).covers(Holidays::None);
    assert_eq!(nobodys, Ok(()), "without holidays no Monday is free");
}

#[test]
fn dated_hours_leave_no_day_out() {
    let until = |class: TariffClass, date| TariffClass { until: Some(date), ..class };
    let from = |class: TariffClass, date| TariffClass { from: Some(date), ..class };
    let old = class("flat", 0.1, &ALL, "00:00", "00:00");
    let new = class("flat", 0.2, &ALL, "00:00", "00:00");
    let change =
        |last: Date, first: Date| tariff(vec![until(old.clone(), last), from(new.clone(), first)]);
    let good = change(date(2026, 3, 31), date(2026, 4, 1));
    assert_eq!(good.covers(Holidays::None), Ok(()));
    let zone = paris();
    let price = |text: &str| good.price_at(at(text), french(&zone)).price.get();
    assert!(price("2026-03-31T23:59+02:00") < 0.15 && price("2026-04-01T00:00+02:00") > 0.15);
    let missed = change(date(2026, 3, 30), date(2026, 4, 1)).covers(Holidays::None);
    let Err(TariffError::Gap(stretch)) = missed else { panic!("{missed:?}") };
    assert_eq!(stretch.date, date(2026, 3, 31));
    let twice = change(date(2026, 4, 1), date(2026, 4, 1)).covers(Holidays::None);
    assert!(
        matches!(twice, Err(TariffError::Overlap { place, .. }) if place.date == date(2026, 4, 1))
    );
}

#[test]
fn local_hours_hold_on_days_of_23_and_25_hours() {
    let tariff = night_and_day();
    let night = |from: &str, to: &str| hours_of(&tariff, "night", from, to);
    assert!((night("2026-03-27T23:00Z", "2026-03-28T23:00Z") - 8.0).abs() < 1e-9);
    assert!((night("2026-03-28T23:00Z", "2026-03-29T22:00Z") - 7.0).abs() < 1e-9, "23 h day");
    assert!((night("2026-10-24T22:00Z", "2026-10-25T23:00Z") - 9.0).abs() < 1e-9, "25 h day");
    let (zone, noon) = (paris(), at("2026-01-15T11:00Z"));
    assert_eq!(tariff.next_change(noon, noon, french(&zone)), at("2026-01-15T21:00Z"));
}

#[test]
fn an_hour_that_comes_twice_is_priced_twice() {
    // 02:30 to 03:00 comes twice on 25 October 2026; 02:30 to 02:45 not at all on 29 March.
    let early = class("early", 0.1, &ALL, "02:30", "02:45");
    let tariff = tariff(vec![early, class("rest", 0.2, &ALL, "02:45", "02:30")]);
    let early = |from: &str, to: &str| hours_of(&tariff, "early", from, to);
    assert!((early("2026-10-24T22:00Z", "2026-10-25T23:00Z") - 0.5).abs() < 1e-9);
    assert!(early("2026-03-28T23:00Z", "2026-03-29T22:00Z").abs() < 1e-9);
    let (zone, mut now, mut seen) = (paris(), at("2026-10-24T23:00Z"), Vec::new());
    for _ in 0..4 {
        now = tariff.next_change(now, now, french(&zone));
        seen.push(now.to_string());
    }
    let expected = ["00:30:00", "00:45:00", "01:30:00", "01:45:00"];
    assert_eq!(seen, expected.map(|clock| format!("2026-10-25T{clock}Z")));
}

fn tempo() -> Tariff {
    let of = |name: &str, price, from: &str, to: &str, colour: &str| TariffClass {
        colours: vec![colour.into()],
        ..class(name, price, &ALL, from, to)
    };
    let classes = vec![
        of("blue-peak", 0.16, "06:00", "22:00", "blue"),
        of("blue-off-peak", 0.13, "22:00", "06:00", "blue"),
        of("red-peak", 0.70, "06:00", "22:00", "red"),
        of("red-off-peak", 0.16, "22:00", "06:00", "red"),
    ];
    let day_colours = Some(DayColours {
        names: vec!["blue".into(), "red".into()],
        assume: 0,
        day_begins: time("06:00"),
        known_from: time("11:00"),
        file: None,
        days: [(date(2026, 1, 14), 0), (date(2026, 1, 15), 1)].into(),
    });
    Tariff { day_colours, ..tariff(classes) }
}

#[test]
fn a_colour_holds_from_six_to_six_and_is_known_the_day_before() {
    let (tariff, zone) = (tempo(), paris());
    assert_eq!(tariff.covers(Holidays::France), Ok(()));
    let billed = |text: &str| {
        let priced = tariff.price_at(at(text), french(&zone));
        (priced.class, priced.assumed)
    };
    assert_eq!(billed("2026-01-15T05:59+01:00"), ("blue-off-peak", false), "still yesterday's");
    assert_eq!(billed("2026-01-15T06:00+01:00"), ("red-peak", false));
    assert_eq!(billed("2026-01-16T05:59+01:00"), ("red-off-peak", false));
    assert_eq!(billed("2026-01-16T06:00+01:00"), ("blue-peak", true), "the file ends");
    let red = "2026-01-15T12:00+01:00";
    let expected = |seen: &str| {
        let priced = tariff.expected_at(at(red), at(seen), french(&zone));
        (priced.class, priced.assumed)
    };
    assert_eq!(expected("2026-01-14T10:59+01:00"), ("blue-peak", true));
    assert_eq!(expected("2026-01-14T11:00+01:00"), ("red-peak", false));
    let change = |seen: &str| {
        tariff.next_change(at("2026-01-15T04:00Z"), at(seen), french(&zone)).to_string()
    };
    assert_eq!(change("2026-01-15T04:00Z"), "2026-01-15T05:00:00Z");
}

#[test]
fn a_colour_lasts_over_the_change_of_the_clocks() {
    let mut tariff = tempo();
    if let Some(colours) = &mut tariff.day_colours {
        colours.days = [(date(2026, 10, 24), 1), (date(2026, 3, 28), 1)].into();
    }
    let red = |from: &str, to: &str| hours_of(&tariff, "red-off-peak", from, to);
    // From 22:00 of the red day to 06:00 of the next: nine hours in autumn, seven in spring.
    assert!((red("2026-10-24T00:00Z", "2026-10-26T00:00Z") - 9.0).abs() < 1e-9);
    assert!((red("2026-03-28T00:00Z", "2026-03-30T00:00Z") - 7.0).abs() < 1e-9);
}

#[test]
fn a_colour_nobody_has_is_found() {
    let mut tariff = tempo();
    tariff.classes[0].colours = vec!["green".into()];
    let error = tariff.covers(Holidays::France).expect_err("green");
    assert!(error.to_string().contains("'green'"), "{error}");
    // A class of blue nights only by day leaves blue days without a price.
    let mut tariff = tempo();
    tariff.classes.remove(0);
    let error = tariff.covers(Holidays::France).expect_err("a gap").to_string();
    assert_eq!(
        error,
        "no class gives a price from 06:00 to 22:00 on Thursday 2026-01-01 when the colour is blue"
    );
}

fn spot(text: &str) -> Tariff {
    let spot = Spot {
        source: SpotSource::Url("http://192.0.2.1/".into()),
        factor: Ratio::new(2.0),
        add: Price::new(0.01),
        known_from: time("13:00"),
        assume: Price::new(0.5),
        prices: SpotPrices::default(),
    };
    let feed_in = FeedIn::Spot { factor: Ratio::ONE, add: Price::new(-0.005) };
    let empty = Tariff {
        spot: Some(spot),
        feed_in,
        ..tariff(vec![TariffClass::always("spot", Price::new(0.03))])
    };
    empty.renewed(DataKind::Prices, text, Path::new("spot.csv")).expect("prices")
}

/// Two days of hourly prices, in EUR/MWh: 100 and the hour on the first, 200 and the hour on the
/// second; noon of the second costs less than nothing.
fn two_days() -> String {
    let mut text = "start;price (EUR/MWh)\n".to_owned();
    for hour in 0..48 {
        let start = at("2026-01-13T23:00Z") + hour.hours();
        let price = if hour == 36 { -50 } else { 100 * (1 + hour / 24) + hour % 24 };
        text.push_str(&format!("{start};{price}\n"));
    }
    text
}

#[test]
fn spot_prices_are_known_a_day_ahead_and_repeated_beyond() {
    let (tariff, zone) = (spot(&two_days()), paris());
    let billed = |text: &str| tariff.price_at(at(text), french(&zone));
    let priced = billed("2026-01-15T12:30+01:00");
    assert!((priced.price.get() - (2.0 * -0.05 + 0.01 + 0.03)).abs() < 1e-12, "{priced:?}");
    assert!((priced.feed_in.get() - -0.055).abs() < 1e-12 && !priced.assumed);
    // Beyond the file: the same hour of the last known day.
    let later = billed("2026-01-17T08:00+01:00");
    assert!((later.price.get() - (2.0 * 0.208 + 0.04)).abs() < 1e-12 && later.assumed, "{later:?}");
    let expected = |seen: &str| {
        let priced = tariff.expected_at(at("2026-01-15T08:00+01:00"), at(seen), french(&zone));
        ((priced.price.get() - 0.04) / 2.0, priced.assumed)
    };
    let (before, after) = (expected("2026-01-14T12:59+01:00"), expected("2026-01-14T13:00+01:00"));
    assert!((before.0 - 0.108).abs() < 1e-12 && before.1, "{before:?}");
    assert!((after.0 - 0.208).abs() < 1e-12 && !after.1, "{after:?}");
    // Before the file: the same hour of the first known day, unless that is not published yet.
    let earlier = billed("2026-01-10T08:00+01:00");
    assert!((earlier.price.get() - (2.0 * 0.108 + 0.04)).abs() < 1e-12, "{earlier:?}");
    let early = at("2026-01-10T08:00+01:00");
    let unpublished = tariff.expected_at(early, early, french(&zone));
    assert!((unpublished.price.get() - (2.0 * 0.5 + 0.04)).abs() < 1e-12 && unpublished.assumed);
    // Nothing known at all.
    let unknown = Tariff {
        spot: tariff.spot.clone().map(|s| Spot { prices: SpotPrices::default(), ..s }),
        ..tariff.clone()
    };
    let priced = unknown.price_at(at("2026-01-15T08:00Z"), french(&zone));
    assert!((priced.price.get() - (2.0 * 0.5 + 0.04)).abs() < 1e-12 && priced.assumed);
}

#[test]
fn a_step_has_the_mean_of_its_market_prices() {
    let (tariff, zone) = (spot(&two_days()), paris());
    let step = Step { start: at("2026-01-14T00:45Z"), end: at("2026-01-14T02:00Z") };
    let over = tariff.expected_over(&step, at("2026-01-14T00:45Z"), french(&zone));
    // A quarter of 101 and an hour of 102 EUR/MWh.
    let mean = (0.25 * 0.101 + 1.0 * 0.102) / 1.25;
    assert!((over.price.get() - (2.0 * mean + 0.04)).abs() < 1e-12, "{over:?}");
}

#[test]
fn tables_that_are_wrong_are_refused_whole() {
    let tariff = spot(&two_days());
    let found = |text: &str| {
        let refused = tariff.renewed(DataKind::Prices, text, Path::new("p.csv"));
        let findings = refused.expect_err("it is wrong");
        let line =
            |f: &crate::text::Finding| format!("{}:{} {}", f.place.line, f.place.column, f.code);
        findings.iter().map(line).collect::<Vec<_>>()
    };
    let head = "start,price_eur_per_kwh\n";
    let hour = |hours: &[&str]| {
        let line = |hour: &&str| format!("2026-01-14T{hour}:00Z,0.1\n");
        format!("{head}{}", hours.iter().map(line).collect::<String>())
    };
    assert_eq!(found(&hour(&["00:00", "01:00", "03:00", "04:00"])), ["4:1 price-gap"]);
    assert_eq!(found(&hour(&["00:00", "01:00", "01:00", "02:00"])), ["4:1 price-overlap"]);
    assert_eq!(found(&hour(&["02:00", "01:00"])), ["3:1 price-overlap"]);
    assert_eq!(
        found(
            "start,end,price_eur_per_kwh\n2026-01-14T00:00Z,2026-01-14T01:00Z,1\n2026-01-14T02:00Z,2026-01-14T03:00Z,1\n"
        ),
        ["3:1 price-gap"]
    );
    assert_eq!(found(head), ["1:1 wrong-table"]);
    assert_eq!(found("when,what\n"), ["1:1 wrong-table"]);
    assert_eq!(found(&format!("{head}2026-01-14,0.1\n")), ["2:1 wrong-time"]);
    assert_eq!(found(&format!("{head}2026-01-14T00:00Z,NaN\n")), ["2:19 wrong-table"]);
    // From hours to quarters is no gap.
    let mixed = hour(&["00:00", "01:00", "02:00", "02:15", "02:30"]);
    assert!(tariff.renewed(DataKind::Prices, &mixed, Path::new("p.csv")).is_ok());

    let colours = |text: &str| tempo().renewed(DataKind::Colours, text, Path::new("c.csv"));
    let wrong = colours("# a remark\ndate,colour\n2026-01-15,green\n2026-13-01,red\n");
    let codes: Vec<_> = wrong.expect_err("wrong").iter().map(|f| (f.place.line, f.code)).collect();
    assert_eq!(codes, [(3, "unknown-colour"), (4, "wrong-date")]);
    let good = colours("colour;date\nred;2026-02-01\n").expect("in any order");
    assert_eq!(good.day_colours.expect("colours").days, [(date(2026, 2, 1), 1)].into());
}

#[test]
fn fetched_prices_join_those_before() {
    let read = |text: &str| spot(text).spot.expect("spot").prices;
    let old = read(&two_days());
    let newer = read("start,price_eur_per_kwh\n2026-01-15T22:00Z,0.9\n2026-01-15T23:00Z,0.8\n");
    let joined = old.continued_by(&newer);
    assert_eq!(joined.intervals().len(), 49, "one replaced, one added");
    assert_eq!(read(&joined.table()), joined, "what is kept reads back the same");
    let far = read("start,price_eur_per_kwh\n2026-02-15T22:00Z,0.9\n");
    assert_eq!(old.continued_by(&far), far, "a gap cannot be kept");
}

#[test]
fn a_billing_period_knows_what_is_left() {
    let zone = paris();
    let (start, end) = Billing::Month.period(at("2026-01-15T12:00Z"), french(&zone));
    assert_eq!((start, end), (at("2025-12-31T23:00Z"), at("2026-01-31T23:00Z")));
    let fixed = Billing::Fixed { start: at("2026-01-15T00:00Z"), days: 30 };
    assert!((fixed.days_left(at("2026-01-16T00:00Z"), french(&zone)) - 29.0).abs() < 1e-9);
}

#[test]
fn the_plan_pays_for_overruns_by_the_kwh() {
    use crate::units::PowerPrice;
    let subscribed = |overrun| Subscribed {
        power: PerClass::All(Power::from_kw(100.0)),
        average: Duration::from_secs(600),
        overrun,
        billing: Billing::Month,
    };
    let price = |overrun| subscribed(overrun).plan_price("any").get();
    assert!((price(Overrun::PerEnergy(Price::new(0.3))) - 0.3).abs() < 1e-12);
    assert!((price(Overrun::RootSum(PerClass::All(PowerPrice::new(0.5)))) - 3.0).abs() < 1e-12);
    assert!((price(Overrun::PerHour(Money::new(11.0))) - 2.2).abs() < 1e-12);
}

/// Which of the classes hold, the slow way.
fn holding(tariff: &Tariff, date: Date, minute: i64, colour: Option<&str>) -> usize {
    let time = Time::midnight() + minute.minutes();
    let holds = |class: &&TariffClass| {
        class.on_date(date, Holidays::France) && class.on_colour(colour) && class.in_hours(time)
    };
    tariff.classes.iter().filter(holds).count()
}

/// A tariff cut from a whole: by season, kind of day, colour and hours; then perhaps spoilt.
fn cut_tariff() -> impl Strategy<Value = Tariff> {
    let hours = proptest::collection::btree_set(0_i64..96, 1..4);
    (hours, 1_i8..=12, any::<bool>(), any::<bool>(), 0_usize..4, 0_usize..8).prop_map(
        |(cuts, month, by_day, coloured, spoil, which)| {
            let cuts: Vec<i64> = cuts.into_iter().collect();
            let clock = |quarter: i64| Time::midnight() + (quarter * 15).minutes();
            let seasons = [(1..=month).collect::<Vec<i8>>(), (month + 1..=12).collect()];
            let days = if by_day { vec![Days::Working, Days::Free] } else { vec![Days::All] };
            let colours: &[&str] = if coloured { &["a", "b"] } else { &[] };
            let mut classes = Vec::new();
            for months in seasons.iter().filter(|months| !months.is_empty()) {
                for days in &days {
                    for (i, &from) in cuts.iter().enumerate() {
                        let to = cuts[(i + 1) % cuts.len()];
                        let class = TariffClass {
                            months: months.clone(),
                            days: *days,
                            hours: vec![Hours { from: clock(from), to: clock(to) }],
                            ..TariffClass::always("x", Price::ZERO)
                        };
                        if colours.is_empty() {
                            classes.push(class);
                        } else {
                            classes.extend(colours.iter().map(|colour| TariffClass {
                                colours: vec![(*colour).into()],
                                ..class.clone()
                            }));
                        }
                    }
                }
            }
            let which = which % classes.len();
            match spoil {
                1 => drop(classes.remove(which)),
                2 => classes[which].until = Some(date(2030, 6, 30)),
                3 => classes.push(TariffClass { days: Days::Free, ..classes[which].clone() }),
                _ => {}
            }
            let day_colours = coloured.then(|| DayColours {
                names: vec!["a".into(), "b".into()],
                assume: 0,
                day_begins: Time::midnight(),
                known_from: Time::midnight(),
                file: None,
                days: Default::default(),
            });
            Tariff { day_colours, ..tariff(classes) }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn covers_agrees_with_counting_every_quarter_hour(tariff in cut_tariff()) {
        let colours: Vec<Option<&str>> =
            if tariff.day_colours.is_some() { vec![Some("a"), Some("b")] } else { vec![None] };
        match tariff.covers(Holidays::France) {
            Ok(()) => {
                // Every third day of two years in which the end of a validity would show.
                for day in 0..244 {
                    let date = date(2029, 12, 1) + (3 * day).days();
                    for &colour in &colours {
                        for quarter in 0..96 {
                            prop_assert_eq!(holding(&tariff, date, 15 * quarter, colour), 1);
                        }
                    }
                }
            }
            Err(error) => {
                let (place, gap) = match &error {
                    TariffError::Gap(place) => (place, true),
                    TariffError::Overlap { place, .. } => (place, false),
                    TariffError::Colour { .. } => panic!("{error}"),
                };
                let minutes = |time: Time| {
                    i64::from(time.hour()) * 60 + i64::from(time.minute())
                };
                let (from, to) = (minutes(place.from), minutes(place.to));
                let to = if to == 0 { 1440 } else { to };
                let wrong = |minute: i64| {
                    let count = holding(&tariff, place.date, minute, place.colour.as_deref());
                    if gap { count == 0 } else { count > 1 }
                };
                prop_assert!((from..to).all(wrong), "{}", error);
                prop_assert!(from == 0 || !wrong(from - 1), "{} begins earlier", error);
                prop_assert!(to == 1440 || !wrong(to), "{} ends later", error);
            }
        }
    }
}
