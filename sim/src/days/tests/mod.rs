//! Tests on the recorded days shipped with the project, and on files that are refused.

mod lookups;
mod refusals;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Recording;

static SHIPPED: LazyLock<Recording> =
    LazyLock::new(|| Recording::load(&profiles_file(), &weather_file()).unwrap());

/// The rows of the shipped profiles and their labels, read without the module under test.
static WRITTEN: LazyLock<Vec<(String, Vec<f64>)>> = LazyLock::new(|| {
    let file = std::fs::File::open(profiles_file()).unwrap();
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file));
    let numbers =
        |row: &csv::StringRecord| row.iter().skip(1).map(|n| n.parse().unwrap()).collect();
    reader.records().map(Result::unwrap).map(|row| (row[0].to_owned(), numbers(&row))).collect()
});

fn days() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/days")
}

fn profiles_file() -> PathBuf {
    days().join("simbench_2016_15min.csv.gz")
}

fn weather_file() -> PathBuf {
    days().join("weather_try2010_region12_mannheim.csv")
}

/// What the file holds in a column (`pv1` is 0) at a quarter hour of 2016 in standard time.
fn written(at: DateTime, column: usize) -> f64 {
    let quarter = usize::from(at.time().minute().unsigned_abs()) / 15;
    let hour = usize::from(at.time().hour().unsigned_abs());
    let day = usize::from(at.date().day_of_year().unsigned_abs()) - 1;
    WRITTEN[(day * 24 + hour) * 4 + quarter].1[column]
}

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
