//! What a motor bears when the file does not say it, what it may say, and what may reach a device.

use site::asset::{Mode, Pump};
use site::envelope::{Envelope, Envelopes};
use site::units::{Current, Power, Ratio};
use site::{AssetId, DeviceId, Site};
use std::path::Path;
use std::time::Duration;

fn shipped(name: &str, change: impl Fn(String) -> String) -> Result<Site, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites").join(name);
    let text = change(std::fs::read_to_string(&path).expect("the example is there"));
    let open = |file: &Path| std::fs::read_to_string(file).map_err(|error| error.to_string());
    let read = site::file::read_all(&text, &path, &open);
    match read.site.filter(|_| read.findings.is_empty()) {
        Some(site) => Ok(site),
        None => Err(read.findings.iter().map(ToString::to_string).collect()),
    }
}

/// The first pump of the shipped site, with these lines for what it bears.
fn pump(power: &str, lines: &str) -> Result<Pump, Vec<String>> {
    let usual = "    min_run: 10 min\n    min_stop: 10 min\n    max_starts_per_hour: 2\n";
    let site = shipped("val-clair/site.yaml", |text| {
        assert!(text.contains(usual), "it says what its pumps bear");
        text.replacen(usual, lines, 1).replacen("200 kW", power, 1)
    })?;
    Ok(site.pumps[0].clone())
}

fn bears(pump: &Pump) -> (Duration, Duration, u32, u32) {
    (pump.min_run, pump.min_stop, pump.max_starts_per_hour, pump.max_starts_per_day)
}

#[test]
fn a_motor_of_which_nothing_is_said_is_spared_by_its_power() {
    let times = (Duration::from_secs(180), Duration::from_secs(360));
    for (power, per_hour, per_day) in [("22 kW", 4, 96), ("22.1 kW", 2, 48)] {
        let pump = pump(power, "").expect("no findings");
        assert_eq!(bears(&pump), (times.0, times.1, per_hour, per_day), "{power}");
        assert_eq!((pump.nameplate, pump.flow), (None, None));
    }
}

#[test]
fn who_spares_it_more_cites_nothing_and_who_asks_more_cites_the_nameplate() {
    let spared = "    min_run: 3 min\n    min_stop: 15 min\n    max_starts_per_hour: 2\n    \
                  max_starts_per_day: 48\n";
    assert!(pump("200 kW", spared).is_ok());
    for (line, words) in [
        ("min_run: 179 s", "'min_run' is 179 s, and no nameplate is cited for it: at least 180 s"),
        ("min_stop: 5 min", "'min_stop' is 300 s, and no nameplate is cited for it: at least 360"),
        ("max_starts_per_hour: 3", "'max_starts_per_hour' is 3, and no nameplate is cited for it"),
        ("max_starts_per_day: 49", "'max_starts_per_day' is 49, and no nameplate is cited for it"),
    ] {
        let found = pump("200 kW", &format!("    {line}\n")).expect_err(line);
        assert!(found[0].contains("no-nameplate") && found[0].contains(words), "{found:?}");
        let cited = format!("    {line}\n    nameplate: \" KSB UMA 200D, p. 41 \"\n");
        let pump = pump("200 kW", &cited).expect("it is cited");
        assert_eq!(pump.nameplate.as_deref(), Some("KSB UMA 200D, p. 41"));
    }
    for wrong in ["nameplate: \"\"".to_owned(), format!("nameplate: {}", "x".repeat(201))] {
        let found = pump("200 kW", &format!("    {wrong}\n")).expect_err(&wrong);
        assert!(found[0].contains("one line of 1 to 200 characters"), "{found:?}");
    }
    let found = pump("200 kW", "    max_starts_per_day: 301\n").expect_err("nobody bears that");
    assert!(found[0].contains("from 1 to 300"), "{found:?}");
}

#[test]
fn lift_stations_and_loads_are_motors_like_others() {
    let cited = "    nameplate: \"invented: submersible sewage pump of 9 kW, 15 starts an hour, no \
                 rest asked for\"\n";
    let found = shipped("val-soleil/site.yaml", |text| text.replacen(cited, "", 1));
    let found = found.expect_err("it asks for more than every motor bears");
    assert_eq!(found.len(), 2, "min_stop and starts per hour: {found:?}");
    let site = shipped("val-soleil/site.yaml", |text| text).expect("no findings");
    let station = &site.lift_stations[0];
    assert_eq!((station.max_starts_per_hour, station.max_starts_per_day), (6, 96));
    let load = &site.shiftable[0];
    assert_eq!((load.max_starts_per_hour, load.max_starts_per_day), (4, 96));
}

#[test]
fn a_meter_behind_a_pump_comes_with_what_is_usual_there() {
    let both = "    measured_flow: flow1.flow\n    rated_flow: 100 l/s\n";
    let flow = pump("200 kW", both).expect("no findings").flow.expect("it is there");
    assert!((flow.rated.get() - 0.1).abs() < 1e-12);
    assert_eq!(flow.point.to_string(), "flow1.flow");
    for (lines, words) in [
        ("    measured_flow: flow1.flow\n", "'rated_flow' is missing"),
        ("    rated_flow: 100 l/s\n", "'measured_flow' is missing"),
        ("    measured_flow: flow1.flow\n    rated_flow: 0 l/s\n", "must be above zero"),
        ("    measured_flow: flow7.flow\n    rated_flow: 9 l/s\n", "no device is called 'flow7'"),
    ] {
        let found = pump("200 kW", lines).expect_err(lines);
        assert!(found[0].contains(words), "{found:?}");
    }
}

#[test]
fn a_soft_stop_lies_between_the_band_and_the_overflow_mark() {
    let tank = |lines: &str| {
        let site = shipped("val-clair/site.yaml", |text| {
            text.replacen("    band_high: 95 %\n    overflow: 97 %\n", lines, 1)
        })?;
        Ok::<_, Vec<String>>(site.tanks[0].soft_stop.percent())
    };
    for (lines, expected) in [
        ("", 95.0),
        ("    band_high: 90 %\n", 95.0),
        ("    band_high: 96 %\n", 96.0),
        ("    band_high: 85 %\n    overflow: 90 %\n", 90.0),
        ("    band_high: 85 %\n    soft_stop: 88 %\n", 88.0),
    ] {
        let found = tank(lines).expect("no findings");
        assert!((found - expected).abs() < 1e-9, "{lines}: {found}");
    }
    for wrong in ["    soft_stop: 94 %\n", "    soft_stop: 98 %\n"] {
        let found = tank(wrong).expect_err(wrong);
        assert!(found[0].contains("band_high <= soft_stop <= overflow"), "{found:?}");
    }
}

fn find(site: &Site, device: &str, asset: &str, operation: &str) -> Option<Envelope> {
    let envelopes = site.envelopes(&DeviceId::new(device).expect("a name"));
    envelopes.find(&AssetId::new(asset).expect("a name"), operation)
}

#[test]
fn each_asset_in_control_gives_its_device_the_envelopes_of_its_own_operations() {
    let mut site = shipped("val-soleil/site.yaml", |text| text).expect("no findings");
    site.inverters[0].min_limit = Ratio::new(0.05);
    site.batteries[0].discharge_power = Power::from_kw(60.0);
    site.chargers[0].max_current = Current::new(20.0);
    let between = |low, high| Some(Envelope { low, high });
    for (device, asset, operation, expected) in [
        ("pump_a1", "A1", "run", between(0.0, 0.0)),
        ("pump_a1", "A1", "stop", between(0.0, 0.0)),
        ("pump_a1", "A1", "power", None),
        ("pump_a1", "A2", "run", None),
        ("filter1", "filter", "stop", between(0.0, 0.0)),
        ("lift1", "lift", "run", between(0.0, 0.0)),
        ("solar1", "PV1", "limit", between(5.0, 100.0)),
        ("solar1", "PV1", "release", between(0.0, 0.0)),
        ("light1", "L1", "light", between(0.0, 100.0)),
        ("light1", "L1", "dark", between(0.0, 0.0)),
        ("battery1", "B200", "power", between(-60e3, 80e3)),
        ("charger1", "C1", "charge", between(6.0, 20.0)),
        ("charger1", "C1", "pause", between(0.0, 0.0)),
        ("charger1", "C1", "stop", None),
        ("level_l", "lower", "run", None),
    ] {
        assert_eq!(find(&site, device, asset, operation), expected, "{asset} {operation}");
    }
    for mode in [Mode::Shadow, Mode::Observe] {
        site.batteries[0].control.mode = mode;
        assert_eq!(find(&site, "battery1", "B200", "power"), None, "{mode:?}");
    }
}

#[test]
fn an_envelope_holds_what_lies_inside_and_never_nan() {
    let envelope = Envelope { low: 6.0, high: 32.0 };
    for (value, tolerance, held) in [
        (6.0, 0.0, true),
        (32.0, 0.0, true),
        (5.9, 0.0, false),
        (5.9, 0.2, true),
        (32.1, 0.0, false),
        (32.1, 0.2, true),
        (f64::NAN, 1e9, false),
    ] {
        assert_eq!(envelope.holds(value, tolerance), held, "{value} by {tolerance}");
    }
    assert!(Envelope::exactly(3.0).holds(3.0, 0.0) && !Envelope::exactly(3.0).holds(3.1, 0.0));
    let id = AssetId::new("any").expect("a name");
    assert_eq!(Envelopes::none().find(&id, "run"), None);
    let of_no_site = Envelopes::of_no_site();
    assert_eq!(of_no_site.find(&id, "limit"), Some(Envelope { low: 0.0, high: 100.0 }));
    assert_eq!(of_no_site.find(&id, "stop"), Some(Envelope { low: 0.0, high: 0.0 }));
    assert_eq!(of_no_site.find(&id, "jump"), None);
}
