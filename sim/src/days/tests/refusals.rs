use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use tempfile::TempDir;

use super::super::{DaysError, FILE_BYTES_MAX, Recording, Weather};
use super::{SHIPPED, at, paris, profiles_file, weather_file};

/// A small valid recording of ten days, to be spoilt.
fn profiles(days: i64) -> String {
    let mut text = "time,pv_hall,pump\n".to_owned();
    let begin = date(2015, 12, 28).at(0, 0, 0, 0);
    for (step, at) in
        begin.series(15.minutes()).take_while(|at| *at < begin + days.days()).enumerate()
    {
        writeln!(text, "{at}+01:00,0.{:02},0.{:03}", step % 96, step / 96).unwrap();
    }
    text
}

fn weather_text() -> String {
    std::fs::read_to_string(weather_file()).unwrap()
}

fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The refusal of profiles with this text, without the folder's name.
#[track_caller]
fn refused_profiles(text: &str) -> String {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "days.csv", text);
    refusal(&folder, &path, &weather_file())
}

#[track_caller]
fn refused_weather(text: &str) -> String {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "weather.csv", text);
    refusal(&folder, &profiles_file(), &path)
}

#[track_caller]
fn refusal(folder: &TempDir, profiles: &Path, weather: &Path) -> String {
    let message = Recording::load(profiles, weather).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn plain_and_compressed_files_of_a_few_days_are_read_alike() {
    let folder = TempDir::new().unwrap();
    let plain = file(&folder, "days.csv", profiles(10));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(profiles(10).as_bytes()).unwrap();
    let packed = file(&folder, "days.csv.gz", encoder.finish().unwrap());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(weather_text().as_bytes()).unwrap();
    let packed_weather = file(&folder, "weather.csv.GZ", encoder.finish().unwrap());

    let recording = Recording::load(&plain, &weather_file()).unwrap();
    assert_eq!(recording, Recording::load(&packed, &packed_weather).unwrap());
    assert_eq!(recording.columns(), ["pv_hall", "pump"]);
    // 28 December 2015 was a Monday. A Monday in August is nearer to 4 January than to it.
    assert_eq!(recording.day_shape().recorded_date(date(2026, 8, 3)), date(2015, 12, 28));
    assert_eq!(recording.day_shape().recorded_date(date(2026, 4, 6)), date(2016, 1, 4));
    let pump = recording.profile("pump", at("2026-04-06T12:00:00+02:00"), &paris());
    assert_eq!(pump, Some(0.007));
    // The last quarter of the last day runs into the first row: half-way from 0.95 to 0.
    let hall = recording.profile("pv_hall", at("2027-01-06T23:52:30+01:00"), &paris());
    assert_eq!(hall, Some(0.475));
}

#[test]
fn labels_may_change_to_summer_time_and_back_with_or_without_their_offset() {
    let folder = TempDir::new().unwrap();
    let standard = profiles(14);
    let relabel = |offset: &str| {
        let summer = date(2016, 1, 3).at(2, 0, 0, 0)..date(2016, 1, 10).at(2, 0, 0, 0);
        let row = |line: &str| match line.split_once("+01:00") {
            Some((label, cells)) if summer.contains(&label.parse().unwrap()) => {
                let label = label.parse::<DateTime>().unwrap() + 1.hour();
                format!("{label}{offset}{cells}\n")
            }
            _ => format!("{line}\n"),
        };
        standard.lines().map(row).collect::<String>()
    };
    let load =
        |text: &str| Recording::load(&file(&folder, "days.csv", text), &weather_file()).unwrap();
    let expected = load(&standard);
    assert!(relabel("+01:00").contains("\n2016-01-03T03:00:00+01:00,0.08,0.006\n"));
    assert_eq!(load(&relabel("+01:00")), expected);
    assert_eq!(load(&relabel("+02:00")), expected);
    // An hour that is missing on a Monday is missing.
    let lost: Vec<&str> = standard.lines().filter(|line| !line.contains("-04T02:")).collect();
    assert_eq!(
        refused_profiles(&lost.join("\n")),
        "days.csv line 682, column time: `2016-01-04T03:00:00+01:00` does not follow: the next \
         quarter hour is 2016-01-04T02:00:00; give each once"
    );
    // An unfinished last day is left out.
    assert_eq!(load(&format!("{standard}2016-01-11T00:00:00+01:00,0.5,0.5\n")), expected);
}

#[test]
fn a_mean_year_may_have_its_own_leap_day_and_other_columns() {
    let folder = TempDir::new().unwrap();
    let mut text = String::new();
    for (number, line) in weather_text().lines().enumerate() {
        writeln!(text, "{line},{}", if number == 0 { "station" } else { "Mannheim" }).unwrap();
    }
    for hour in 1..=24 {
        writeln!(text, "2,29,{hour},{}.5,1,2,3,4,Mannheim", hour - 10).unwrap();
    }
    let path = file(&folder, "weather.csv", text);
    let recording = Recording::load(&profiles_file(), &path).unwrap();
    let expected = Weather {
        air_temperature_c: 14.5,
        direct_horizontal_w_m2: 1.0,
        diffuse_horizontal_w_m2: 2.0,
        wind_m_s: 3.0,
        relative_humidity_pct: 4.0,
    };
    assert_eq!(recording.weather(at("2028-02-29T23:15:00+01:00"), &paris()), expected);
    let other = at("2028-03-29T23:15:00+01:00");
    assert_eq!(recording.weather(other, &paris()), SHIPPED.weather(other, &paris()));
}

#[test]
fn shares_that_are_no_numbers_or_out_of_range_are_refused() {
    let good = "2015-12-28T00:15:00+01:00,0.01,0.000";
    let with = |cells: &str| {
        refused_profiles(&profiles(7).replace(good, &format!("2015-12-28T00:15:00+01:00,{cells}")))
    };
    for text in ["NaN", "inf", "-inf", "", "n/a", "0,5", "0x1"].map(|text| text.replace(',', ";")) {
        assert_eq!(
            with(&format!("{text},0")),
            format!(
                "days.csv line 3, column pv_hall: `{text}` is not a number; give one, or leave the \
                 column out"
            )
        );
    }
    for text in ["-0.01", "1.51", "1e9"] {
        assert_eq!(
            with(&format!("0,{text}")),
            format!(
                "days.csv line 3, column pump: `{text}` is outside 0 to 1.5; correct the value"
            )
        );
    }
    assert_eq!(with("0.5"), "days.csv line 3: 2 cells where the header has 3; correct this row");
}

#[test]
fn times_have_to_be_whole_days_of_quarter_hours_in_one_offset() {
    let good = profiles(7);
    let change = |from: &str, to: &str| refused_profiles(&good.replacen(from, to, 1));
    assert_eq!(
        change("2015-12-28T00:15:00+01:00", "28.12.2015 00:15"),
        "days.csv line 3, column time: `28.12.2015 00:15` is not a time with an offset; write it \
         like 2016-01-01T00:15:00+01:00"
    );
    for label in [
        "2015-12-28T00:00:00+01:00",
        "2015-12-28T00:30:00+01:00",
        "2015-12-28T00:15:00+02:00",
        "2015-12-28T00:15:01+01:00",
        "2015-12-29T00:15:00+01:00",
        "2015-12-27T23:15:00+01:00", // an hour back that was never lost
    ] {
        assert_eq!(
            change("2015-12-28T00:15:00+01:00", label),
            format!(
                "days.csv line 3, column time: `{label}` does not follow: the next quarter hour is \
                 2015-12-28T00:15:00; give each once"
            )
        );
    }
    assert_eq!(
        change("2015-12-28T00:00:00+01:00,0.00,0.000\n", ""),
        "days.csv line 2, column time: `2015-12-28T00:15:00+01:00` is not midnight; begin the file \
         with a whole day"
    );
    let missing = "are not 7 to 1098 whole days of 96 quarter hours; give more or fewer days";
    assert_eq!(refused_profiles(&profiles(6)), format!("days.csv: 576 rows {missing}"));
    let last = good.trim_end().rfind('\n').unwrap();
    assert_eq!(refused_profiles(&good[..=last]), format!("days.csv: 671 rows {missing}"));
    assert_eq!(refused_profiles(&profiles(1099)), format!("days.csv: 105504 rows {missing}"));
    assert_eq!(refused_profiles("time,pv1\n"), format!("days.csv: 0 rows {missing}"));
}

#[test]
fn headers_have_to_name_every_column_once() {
    let good = profiles(7);
    let with = |header: &str| refused_profiles(&good.replacen("time,pv_hall,pump", header, 1));
    assert_eq!(
        with("when,pv_hall,pump"),
        "days.csv line 1, column time: missing; the header is `when,pv_hall,pump`"
    );
    assert_eq!(
        with("time,pump,pump"),
        "days.csv line 1, column pump: is there twice; rename one of them"
    );
    assert_eq!(
        with("time,,pump"),
        "days.csv line 1, column number 2: has no name; name it or take it out"
    );
    assert_eq!(
        refused_profiles("time\n2016-01-01T00:00:00+01:00\n"),
        "days.csv line 1, column time: stands alone; add a column of shares"
    );
    let wide: String = (0..257).fold("time".to_owned(), |header, n| format!("{header},c{n}"));
    assert_eq!(
        refused_profiles(&wide),
        "days.csv line 1, column c256: is one too many; keep 256 beside the time"
    );
    assert_eq!(
        refused_weather(&weather_text().replacen("wind_m_s", "wind_kmh", 1)),
        "weather.csv line 1, column wind_m_s: missing; the header is `month,day,hour_cet,\
         air_temperature_c,direct_horizontal_w_m2,diffuse_horizontal_w_m2,wind_kmh,\
         relative_humidity_pct`"
    );
}

#[test]
fn weather_has_to_be_a_whole_believable_year() {
    let good = weather_text();
    let change = |from: &str, to: &str| {
        assert!(good.contains(from));
        refused_weather(&good.replacen(from, to, 1))
    };
    let row = "\n7,14,12,";
    assert_eq!(
        change(row, "\n7,14,11,"),
        "weather.csv line 4669, column hour_cet: `11` is there twice; keep one row for each hour"
    );
    assert_eq!(
        change(row, "\n7,14,25,"),
        "weather.csv line 4669, column hour_cet: `25` is not a whole number from 1 to 24; \
         correct it"
    );
    assert_eq!(
        change(row, "\n2,30,12,"),
        "weather.csv line 4669, column day: `30` is not a day of this month; correct it"
    );
    // One hour of 29 February makes it a day of its own, whose other hours are then missing.
    assert_eq!(
        refused_weather(&format!("{good}2,29,1,0,0,0,0,50\n")),
        "weather.csv: no row for month 2, day 29, hour 2; add it: every hour of the year is needed"
    );
    let begin = good.find(row).unwrap();
    let end = begin + 1 + good[begin + 1..].find('\n').unwrap();
    assert_eq!(
        refused_weather(&[&good[..begin], &good[end..]].concat()),
        "weather.csv: no row for month 7, day 14, hour 12; add it: every hour of the year is needed"
    );
    let first = "1,1,1,6.5,0,0,4.5,84";
    for (cells, column, found, range) in [
        ("60.5,0,0,4.5,84", "air_temperature_c", "60.5", "-60 to 60"),
        ("6.5,-1,0,4.5,84", "direct_horizontal_w_m2", "-1", "0 to 1400"),
        ("6.5,0,1401,4.5,84", "diffuse_horizontal_w_m2", "1401", "0 to 1400"),
        ("6.5,0,0,76,84", "wind_m_s", "76", "0 to 75"),
        ("6.5,0,0,4.5,101", "relative_humidity_pct", "101", "0 to 100"),
    ] {
        assert_eq!(
            change(first, &format!("1,1,1,{cells}")),
            format!(
                "weather.csv line 2, column {column}: `{found}` is outside {range}; correct the \
                 value"
            )
        );
    }
    assert!(change(first, "1,1,1,NaN,0,0,4.5,84").contains("`NaN` is not a number"));
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("days.csv");
    let message = refusal(&folder, &missing, &weather_file());
    assert!(message.starts_with("days.csv: cannot be read: No such file"), "{message}");

    let unpacked = file(&folder, "days.csv.gz", profiles(7));
    let message = refusal(&folder, &unpacked, &weather_file());
    assert!(message.starts_with("days.csv.gz: cannot be read: invalid gzip header"), "{message}");

    let latin = file(&folder, "latin.csv", b"time,pv\n2016-01-01T00:00:00+01:00,0\xB0\n");
    let message = refusal(&folder, &latin, &weather_file());
    assert_eq!(message, "latin.csv line 2: not UTF-8; correct this row");
}

#[test]
fn a_file_that_swells_when_unpacked_is_refused() {
    let folder = TempDir::new().unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(b'0'), FILE_BYTES_MAX + 1),
        &mut encoder,
    )
    .unwrap();
    let bytes = encoder.finish().unwrap();
    assert!(bytes.len() < 1_000_000);
    let path = file(&folder, "days.csv.gz", bytes);
    let error = Recording::load(&path, &weather_file()).unwrap_err();
    assert_eq!(error, DaysError::TooLarge { file: path, bytes_max: FILE_BYTES_MAX });
}
