//! What forecasts never do, whatever the meters say, and what they remember over a restart.

use jiff::{Timestamp, ToSpan};
use policies::forecast::{Learned, expected, forecast, steps};
use proptest::prelude::*;
use site::plan::{Basis, Estimate, Estimated, Forecast, LoadState};
use site::units::{Flow, Power, Ratio};
use site::{Now, Site};
use std::path::Path;
use std::sync::LazyLock;

/// The shipped commune: two inverters, water, buildings.
static SITE: LazyLock<Site> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&file).expect("it is there");
    site::file::read(&text, &file).expect("the shipped site has no findings").site
});

/// The network's base demand.
fn base() -> Flow {
    Flow::new(0.14)
}

/// What the meters of one image say; none is a meter in trouble.
#[derive(Debug, Clone, Copy)]
struct Image {
    minutes: i64,
    demand: Option<f64>,
    load: Option<f64>,
    sun: Option<f64>,
    limit: f64,
}

fn estimate(at: Timestamp, image: Image) -> Estimate {
    let basis = Basis::Measured;
    let inverter = LoadState {
        power: image.sun.map(|share| Power::from_kw(60.0 * share)),
        setting: Some(Ratio::new(image.limit)),
        unavailable: None,
    };
    Estimate {
        now: Now { utc: at, ..Now::default() },
        demand: image.demand.map(|share| Estimated {
            value: base() * share,
            spread: Flow::ZERO,
            basis,
        }),
        base_load: image.load.map(|kilowatts| Estimated {
            value: Power::from_kw(kilowatts),
            spread: Power::ZERO,
            basis,
        }),
        inverters: SITE.inverters.iter().map(|i| (i.id.clone(), inverter.clone())).collect(),
        ..Estimate::default()
    }
}

fn midnight() -> Timestamp {
    "2026-03-26T23:00:00Z".parse().expect("two days before the clocks change")
}

/// Shows images, and gives the last estimate.
fn lived(learned: &mut Learned, images: &[Image]) -> Estimate {
    let mut at = midnight();
    let mut last = Estimate::default();
    for image in images {
        at += image.minutes.minutes();
        last = estimate(at, *image);
        learned.observe(&SITE, &last, base());
    }
    last
}

fn sound(forecast: &Forecast) -> Result<(), TestCaseError> {
    let count = forecast.steps.len();
    let watts = |series: &[Power]| series.iter().map(|power| power.get()).collect::<Vec<f64>>();
    let flows = |series: &[Flow]| series.iter().map(|flow| flow.get()).collect::<Vec<f64>>();
    let mut all = vec![
        ("demand", flows(&forecast.demand)),
        ("its spread", flows(&forecast.demand_spread)),
        ("base load", watts(&forecast.base_load)),
        ("its spread", watts(&forecast.base_load_spread)),
    ];
    for inverter in &SITE.inverters {
        let (powers, spreads) = (&forecast.pv[&inverter.id], &forecast.pv_spread[&inverter.id]);
        prop_assert!(powers.iter().all(|power| *power <= inverter.rated_power), "{powers:?}");
        all.extend([("pv", watts(powers)), ("its spread", watts(spreads))]);
    }
    for (name, series) in all {
        prop_assert_eq!(series.len(), count, "{}", name);
        prop_assert!(series.iter().all(|v| v.is_finite() && *v >= 0.0), "{name}: {series:?}");
    }
    Ok(())
}

fn image() -> impl Strategy<Value = Image> {
    let maybe = |most: f64| prop::option::weighted(0.9, 0.0..most);
    let limit = prop_oneof![4 => Just(1.0), 1 => 0.0..1.0_f64];
    (1..600_i64, maybe(50.0), maybe(1e5), maybe(1.0), limit)
        .prop_map(|(minutes, demand, load, sun, limit)| Image { minutes, demand, load, sun, limit })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_negative_too_large_or_no_number(
        images in prop::collection::vec(image(), 1..150),
    ) {
        let mut learned = Learned::new(&SITE);
        let last = lived(&mut learned, &images);
        let now = last.now.utc;
        sound(&forecast(&SITE, &learned, &last, base(), steps(&SITE, now)))?;
        sound(&expected(&SITE, &learned, now, base(), steps(&SITE, now)))?;
    }

    #[test]
    fn a_restart_forgets_nothing(images in prop::collection::vec(image(), 1..80)) {
        let (before, after) = images.split_at(images.len() / 2);
        let mut learned = Learned::new(&SITE);
        lived(&mut learned, before);
        let text = serde_json::to_string(&learned).expect("it can be written");
        let mut again: Learned = serde_json::from_str(&text).expect("it can be read");
        prop_assert_eq!(&again, &learned);
        lived(&mut learned, after);
        lived(&mut again, after);
        prop_assert_eq!(again, learned);
    }
}

/// A day in images of a quarter of an hour: the same demand and load throughout, a bell of sun.
fn day() -> Vec<Image> {
    let sun = |quarter: i32| (1.0 - ((f64::from(quarter) / 4.0 - 12.5) / 4.5).powi(2)).max(0.0);
    let image = |quarter: i32| Image {
        minutes: 15,
        demand: Some(1.5),
        load: Some(20.0),
        sun: Some(0.6 * sun(quarter)),
        limit: 1.0,
    };
    (0..96).map(image).collect()
}

#[test]
fn where_a_forecast_comes_from_is_said() {
    let mut learned = Learned::new(&SITE);
    let all = |learned: &Learned, now: Timestamp| {
        expected(&SITE, learned, now, base(), steps(&SITE, now)).basis
    };
    let first = all(&learned, midnight());
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(names, ["PV1", "PV2", "base_load", "demand"]);
    assert!(first.values().all(|basis| *basis == Basis::Default), "{first:?}");
    let now = lived(&mut learned, &day()).now.utc;
    // A Saturday follows this Friday: its kind of day was not seen, the sun was.
    let second = all(&learned, now + 12.hours());
    assert_eq!((second["PV1"], second["base_load"]), (Basis::Modelled, Basis::Default));
    let monday = all(&learned, now + 60.hours());
    assert_eq!((monday["demand"], monday["base_load"]), (Basis::Modelled, Basis::Modelled));
}

#[test]
fn a_curtailed_inverter_teaches_nothing_of_the_sky() {
    let (mut free, mut held) = (Learned::new(&SITE), Learned::new(&SITE));
    lived(&mut free, &day());
    let limited = day().into_iter().map(|image| {
        let sun = image.sun.map(|sun| sun.min(0.2));
        Image { sun, limit: 0.2, ..image }
    });
    let now = lived(&mut held, &limited.collect::<Vec<_>>()).now.utc;
    let noon = |learned: &Learned| {
        let forecast = expected(&SITE, learned, now, base(), steps(&SITE, now));
        let first = &SITE.inverters[0].id;
        forecast.pv[first].iter().map(|power| power.kw()).fold(0.0, f64::max)
    };
    let (free, held) = (noon(&free), noon(&held));
    assert!(free > 25.0, "the sky gave 36 kW: {free}");
    assert!(held > 15.0, "12 kW were the limit, not the sky: {held}");
}

#[test]
fn a_power_that_no_array_of_its_size_gives_is_not_believed() {
    let mut site = SITE.clone();
    let peak = Power::from_kw(1.0);
    site.inverters[0].peak_power = peak;
    let mut learned = Learned::new(&site);
    let mut at = midnight();
    for image in day() {
        at += image.minutes.minutes();
        learned.observe(&site, &estimate(at, image), base());
    }
    let forecast = expected(&site, &learned, at, base(), steps(&site, at));
    let pv = &forecast.pv[&site.inverters[0].id];
    assert!(pv.iter().any(|power| *power > peak * 0.5), "{pv:?}");
    assert!(pv.iter().all(|power| *power < peak * 2.0), "36 kW of 1 kW: {pv:?}");
}

#[test]
fn a_state_of_before_is_taken_up() {
    let hours = vec![2.0; 24];
    let profile = serde_json::json!({
        "hours": [hours, hours], "recent": 1.0, "last": null,
        "steady": {"shaped": true, "ratio": 1.0, "scatter": 0.0, "hours": 10.0},
    });
    let sky = serde_json::json!({"recent": 0.7, "mean": 0.5, "last": "2026-03-26T12:00:00Z"});
    let state = serde_json::json!({
        "demand": profile, "base_load": profile, "clearness": {"PV1": sky, "PV2": sky},
    });
    let learned: Learned = serde_json::from_value(state).expect("it is understood");
    let now = midnight();
    let forecast = expected(&SITE, &learned, now, base(), steps(&SITE, now));
    assert!((forecast.base_load[0].kw() - 2.0).abs() < 0.1, "{:?}", forecast.base_load[0]);
    assert!(forecast.pv.values().flatten().any(|power| power.kw() > 1.0), "the sun still rises");
}
