//! Tariffs as their readers meet them: the example files, `regie tariff`, bills against an
//! independent reckoning in Python, and tables that change while the daemon runs.

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use policies::billing::{Bill, PeakMeter, Reading};
use regie::cli::exit;
use regie::load;
use regie::tables::Tables;
use serde_json::Value;
use site::Site;
use site::file::TariffFile;
use site::holidays::Holidays;
use site::units::Power;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}
fn example(name: &str) -> TariffFile {
    let path = examples().join("tariffs").join(name);
    let text = load::open(&path).expect("the example is there");
    assert!(site::file::is_tariff(&text), "{name}");
    site::file::read_tariff(&text, &path, &load::open).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|f| format!("{f}\n")).collect::<String>())
    })
}
/// The example commune with another tariff.
fn commune(tariff: site::tariff::Tariff) -> Site {
    let path = examples().join("sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let site = site::file::read(&text, &path).expect("it has no findings").site;
    Site { tariff, ..site }
}

/// Runs `regie tariff`; the exit code, standard output and standard error.
fn regie(words: &[&str]) -> (u8, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_regie"))
        .arg("tariff")
        .args(words)
        .current_dir(examples().join(".."))
        .output()
        .expect("regie runs");
    let code = output.status.code().and_then(|code| u8::try_from(code).ok()).expect("it ended");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(output.stdout), text(output.stderr))
}
fn json(words: &[&str]) -> Value {
    let (code, text, error) = regie(&[words, &["--json"]].concat());
    assert_eq!((code, error.as_str()), (exit::OK, ""));
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_example_is_a_tariff() {
    let folder = std::fs::read_dir(examples().join("tariffs")).expect("the examples");
    let names = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("x"));
    let names: Vec<String> = names.filter(|name| name.ends_with(".yaml")).collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let file = example(&name);
        assert_eq!(file.tariff.covers(Holidays::France), Ok(()), "{name}");
    }
}

#[test]
fn the_example_colours_keep_the_rules_of_tempo() {
    let colours = example("tempo.yaml").tariff.day_colours.expect("colours");
    let days_of = |name: &str| -> Vec<Date> {
        let index = colours.names.iter().position(|known| known == name).expect("a colour");
        colours.days.iter().filter(|(_, c)| **c == index).map(|(day, _)| *day).collect()
    };
    let (red, white) = (days_of("red"), days_of("white"));
    assert_eq!((colours.days.len(), red.len(), white.len()), (365, 22, 43));
    assert!(white.iter().all(|day| day.weekday() != Weekday::Sunday));
    for &day in &red {
        assert!(Holidays::France.is_working_day(day), "{day}");
        assert!((date(2025, 11, 1)..=date(2026, 3, 31)).contains(&day), "{day}");
        let next_five = (1..=5).all(|n| red.contains(&(day + n.days())));
        assert!(!next_five, "six red days in a row from {day}");
    }
}

#[test]
fn a_day_of_23_hours_and_one_of_25_are_listed_whole() {
    let hours = |day: &str| {
        let list = json(&["examples/tariffs/tempo.yaml", "--from", day]);
        let of = |name: &str| list["hours"][name].as_f64().unwrap_or(0.0);
        let all: f64 =
            list["hours"].as_object().expect("hours").values().map(|h| h.as_f64().unwrap()).sum();
        (all, of("blue-off-peak") + of("white-off-peak"))
    };
    assert_eq!(hours("2026-03-29"), (23.0, 7.0));
    assert_eq!(hours("2025-10-26"), (25.0, 9.0));
    let rows = json(&["examples/tariffs/tempo.yaml", "--from", "2025-10-26", "--step", "30min"]);
    let rows = rows["intervals"].as_array().expect("rows");
    assert_eq!(rows.len(), 50);
    let starts: Vec<&str> = rows[4..8].iter().map(|row| row["start"].as_str().unwrap()).collect();
    let twice = ["T02:00:00+02:00", "T02:30:00+02:00", "T02:00:00+01:00", "T02:30:00+01:00"];
    assert_eq!(starts, twice.map(|time| format!("2025-10-26{time}")));
}

#[test]
fn tomorrow_is_assumed_until_it_is_published() {
    let class = |seen: &str| {
        let words = ["examples/tariffs/tempo.yaml", "--from", "2026-01-13", "--seen-from", seen];
        let list = json(&words);
        let at_noon = list["intervals"].as_array().expect("rows").iter().find(|row| {
            (row["start"].as_str().unwrap()..row["end"].as_str().unwrap())
                .contains(&"2026-01-13T12:00:00+01:00")
        });
        let row = at_noon.expect("noon");
        (row["class"].as_str().unwrap().to_owned(), row["assumed"].as_bool().unwrap())
    };
    assert_eq!(class("2026-01-12T10:59"), ("blue-peak".into(), true));
    assert_eq!(class("2026-01-12T11:00"), ("red-peak".into(), false));
}

#[test]
fn a_list_is_readable_and_a_wrong_file_is_refused() {
    let (code, text, _) = regie(&["examples/sites/val-clair/site.yaml", "--from", "2026-01-15"]);
    assert_eq!(code, exit::OK);
    insta::assert_snapshot!(text, @"
    tariff, from 2026-01-15 to 2026-01-16 (Europe/Paris)
                       from  class                          to    EUR/kWh  feed-in  subscribed
    2026-01-15 00:00 +01:00  winter-off-peak  2026-01-15 06:00    0.14000  0.08000           -
    2026-01-15 06:00 +01:00  winter-peak      2026-01-15 22:00    0.21000  0.08000           -
    2026-01-15 22:00 +01:00  winter-off-peak  2026-01-16 00:00    0.14000  0.08000           -
    Hours   winter-off-peak: 8.00
    Hours   winter-peak: 16.00
    ");
    let day = ["examples/tariffs/tempo.yaml", "--from", "2026-01-15", "--to", "2026-01-15"];
    assert_eq!(regie(&day).0, exit::USAGE);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a temporary folder");
    };
    write("colours.csv", "date,colour\n2026-01-15,green\n");
    write(
        "tariff.yaml",
        "regie_tariff: 1\ntime_zone: Europe/Paris\nday_colours: {names: [a, b], assume: a, file: \
         colours.csv}\nclasses:\n  - {name: x, price: 0.1 EUR/kWh, colours: [a], hour: []}\n",
    );
    let path = folder.path().join("tariff.yaml");
    let (code, text, findings) = regie(&[path.to_str().unwrap(), "--from", "2026-01-15"]);
    assert_eq!((code, text.as_str()), (exit::CONFIGURATION, ""));
    for expected in [
        "tariff.yaml:1:1: tariff-cover: the tariff: no class gives a price from 00:00 to 24:00 on \
         Thursday 2026-01-01 when the colour is b",
        "tariff.yaml:5:49: unknown-key",
        "colours.csv:2:12: unknown-colour: 'green' is not a colour of this tariff",
        "3 findings",
    ] {
        assert!(findings.contains(expected), "{findings}");
    }
}

/// The example commune with its tariff in a file of its own.
fn with_file(file: &str, zone: &str) -> site::file::Reading {
    let path = examples().join("sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let (before, rest) = text.split_once("tariff:\n").expect("a tariff");
    let (_, after) = rest.split_once("\n\n").expect("something after it");
    let text = format!("{before}tariff: {{file: {file}}}\n\n{after}");
    site::file::read_all(&text.replace("Europe/Paris", zone), &path, &load::open)
}

#[test]
fn a_site_may_name_a_tariff_file() {
    let reading = with_file("../../tariffs/tempo.yaml", "Europe/Paris");
    assert_eq!(reading.findings, []);
    let tariff = reading.site.expect("a site").tariff;
    assert_eq!(tariff.classes.len(), 6);
    let alone = example("tempo.yaml").tariff;
    let days = |tariff: &site::tariff::Tariff| tariff.day_colours.clone().expect("colours").days;
    assert!(tariff.classes == alone.classes && days(&tariff) == days(&alone));

    let found = |file: &str, zone: &str| {
        let findings = with_file(file, zone).findings;
        assert_eq!(findings.len(), 1, "{findings:?}");
        let file = findings[0].file.file_name().and_then(|name| name.to_str()).expect("a name");
        format!("{file}:{} {}", findings[0].place.line, findings[0].code)
    };
    let text = std::fs::read_to_string(examples().join("sites/val-clair/site.yaml"));
    let text = text.expect("the example is there");
    let line = 1 + text.lines().position(|line| line == "tariff:").expect("a tariff");
    let missing = found("nowhere.yaml", "Europe/Paris");
    assert_eq!(missing, format!("site.yaml:{line} missing-file"));
    let zone = found("../../tariffs/tempo.yaml", "Europe/Berlin");
    assert_eq!(zone, "tempo.yaml:4 wrong-time-zone");
}

/// The same made-up meter as in bill.py.
fn power(k: i32) -> Power {
    let k = f64::from(k);
    Power::from_kw(180.0 + 140.0 * (0.37 * k).sin() + 90.0 * (0.0113 * k).cos())
}

fn instant(day: Date) -> Timestamp {
    let zone = TimeZone::get("Europe/Paris").expect("bundled zone");
    day.to_zoned(zone).expect("a day").timestamp()
}

/// Books January to April 2026; calls `month_ends` with the month before each new one.
fn booked(site: &Site, mut month_ends: impl FnMut(i8, &PeakMeter)) -> Bill {
    let (mut bill, mut peaks) = (Bill::default(), PeakMeter::default());
    let mut k = 0;
    for month in 1..=4 {
        let (mut now, end) = (instant(date(2026, month, 1)), instant(date(2026, month + 1, 1)));
        while now < end {
            let reading = Reading::held(now, now + 10.minutes(), power(k), 1.0 / 6.0);
            bill.book(site, &reading);
            peaks.book(site, &reading);
            (now, k) = (now + 10.minutes(), k + 1);
        }
        month_ends(month, &peaks);
    }
    bill
}

fn near(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{what}: {theirs}"));
    assert!((ours - theirs).abs() <= 1e-9 * (1.0 + theirs.abs()), "{what}: {ours}, {theirs}");
}

#[test]
fn bills_agree_with_an_independent_reckoning() {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-venv/bin/python");
    let python = std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from);
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bill.py"))
        .arg(examples().join("tariffs/tempo-2025-2026.csv"))
        .output()
        .unwrap_or_else(|error| panic!("'{}': {error}; run `make test`", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let months = &theirs["months"];
    let mut overruns = 0.0;
    for (name, file) in [("tempo", "tempo.yaml"), ("medium", "hta-5-classes.yaml")] {
        let site = commune(example(file).tariff);
        let bill = booked(&site, |month, peaks| {
            if name == "medium" {
                let (tariff, month) = (&site.tariff, &months[month.to_string()]);
                near(peaks.overrun_eur(tariff), &month["overrun_eur"], "overruns");
                overruns += peaks.overrun_eur(tariff);
                let demand = peaks.demand(tariff)["winter-peak"];
                near(demand.kw, &month["peak_kw"], "peak");
                near(demand.eur, &month["demand_eur"], "demand charge");
            }
        });
        let theirs = &theirs[name];
        assert_eq!(bill.classes.len(), theirs["classes"].as_object().expect("classes").len());
        for (class, line) in &bill.classes {
            near(line.kwh, &theirs["classes"][class]["kwh"], class);
            near(line.eur, &theirs["classes"][class]["eur"], class);
        }
        near(bill.feed_in.kwh, &theirs["feed_in"]["kwh"], "feed-in");
        near(bill.feed_in.eur, &theirs["feed_in"]["eur"], "feed-in");
    }
    assert!(overruns > 100.0, "the meter was above: {overruns}");
}

#[test]
fn a_table_that_changes_is_taken_up_and_a_wrong_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a temporary folder");
    };
    write("colours.csv", "date,colour\n2026-01-15,b\n");
    let text = "regie_tariff: 1\ntime_zone: Europe/Paris\nday_colours: {names: [a, b], assume: a, \
                file: colours.csv}\nclasses:\n  - {name: x, price: 0.1 EUR/kWh}\n";
    let path = folder.path().join("tariff.yaml");
    let read = || site::file::read_tariff(text, &path, &load::open).expect("a tariff").tariff;
    let tariff = read();
    let mut tables = Tables::new(&tariff, folder.path());
    assert_eq!(tables.look(&tariff), (None, None), "nothing is newer");
    write("colours.csv", "date,colour\n2026-01-15,b\n2026-01-16,b\n");
    let (newer, trouble) = tables.look(&tariff);
    let newer = newer.expect("a newer table");
    assert_eq!((newer.day_colours.as_ref().unwrap().days.len(), trouble), (2, None));
    write("colours.csv", "date,colour\n2026-01-15,no such colour\n");
    let (kept, trouble) = tables.look(&newer);
    assert!(kept.is_none() && trouble.is_some_and(|why| why.contains("2:12: unknown-colour")));
    assert!(tables.look(&newer).1.is_some(), "it is still wrong");
    std::fs::remove_file(folder.path().join("colours.csv")).expect("it was there");
    assert!(tables.look(&newer).1.is_some_and(|why| why.contains("cannot be read")));
    write("colours.csv", "date,colour\n2026-01-15,b\n2026-01-16,b\n2026-01-17,b\n");
    let (newest, trouble) = tables.look(&newer);
    assert_eq!((newest.unwrap().day_colours.unwrap().days.len(), trouble), (3, None));
}

/// Answers each request with the next of these bodies, then closes the port.
fn server(bodies: Vec<(&'static str, String)>) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for (status, body) in bodies {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).expect("a request");
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).expect("it listens");
        }
    });
    address
}

#[tokio::test]
async fn prices_of_an_address_are_fetched_kept_and_survive_its_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let prices = |day: u8| -> String {
        let line = |hour: u8| format!("2026-01-{day}T{hour:02}:00:00Z,{}\n", 50 + hour);
        let lines: String = (0..24).map(line).collect();
        format!("start,price_eur_per_mwh\n{lines}")
    };
    let address = server(vec![("200 OK", prices(14)), ("503 Gone", String::new())]);
    let text = format!(
        "regie_tariff: 1\ntime_zone: Europe/Paris\nspot: {{url: \"http://{address}/p.csv\", \
         assume: 0.2 EUR/kWh}}\n"
    );
    let read = site::file::read_tariff(&text, Path::new("tariff.yaml"), &load::open);
    let file = read.expect("a tariff");
    let (tariff, calendar) = (&file.tariff, file.calendar());
    let noon: Timestamp = "2026-01-14T12:00:00Z".parse().expect("a timestamp");
    let mut tables = Tables::new(tariff, folder.path());
    assert_eq!(tables.look(tariff), (None, None), "nothing was fetched yet");
    assert!((tariff.price_at(noon, calendar).price.get() - 0.2).abs() < 1e-12);

    let fetch = tables.fetch(tariff).expect("it has an address");
    let fetching = tokio::spawn(fetch);
    let newer = loop {
        if let (Some(newer), None) = tables.look(tariff) {
            break newer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    fetching.abort();
    let priced = newer.price_at(noon, calendar);
    assert!((priced.price.get() - 0.062).abs() < 1e-12 && !priced.assumed, "{priced:?}");

    // The address fails: what is kept holds, after a restart too, and the trouble is told.
    let mut tables = Tables::new(tariff, folder.path());
    assert_eq!(tables.look(tariff).0.as_ref(), Some(&newer));
    let fetching = tokio::spawn(tables.fetch(tariff).expect("it has an address"));
    let trouble = loop {
        if let (None, Some(trouble)) = tables.look(&newer) {
            break trouble;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    fetching.abort();
    assert!(trouble.contains("503"), "{trouble}");
}
