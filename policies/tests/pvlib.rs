//! The sun, the clear sky and tilted planes against pvlib, which shares no code with ours.

use jiff::Timestamp;
use policies::forecast::clear_sky::{Irradiance, clear_sky, on_plane, seen_elevation};
use policies::forecast::sun::{Sun, solar_hour, sun};
use serde::{Deserialize, Serialize};
use site::Site;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What both are asked.
const TURBIDITY: f64 = 3.4;
const ALTITUDE: f64 = 200.0;
/// Tilt and azimuth: south, flat, east, west, a wall, and north.
const PLANES: [(f64, f64); 6] =
    [(30.0, 180.0), (0.0, 180.0), (15.0, 90.0), (35.0, 250.0), (90.0, 180.0), (20.0, 0.0)];
/// The example commune, Lille, Marseille, Guadeloupe, and La Réunion south of the equator.
const PLACES: [(f64, f64); 5] =
    [(47.4, 4.9), (50.63, 3.06), (43.3, 5.37), (16.25, -61.55), (-21.1, 55.5)];

#[derive(Serialize)]
struct Question {
    places: Vec<Place>,
    times: Vec<String>,
    turbidity: f64,
    altitude: f64,
    planes: Vec<(f64, f64)>,
}

#[derive(Serialize)]
struct Place {
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
struct Answers {
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    elevation: Vec<f64>,
    seen_elevation: Vec<f64>,
    azimuth: Vec<f64>,
    equation_of_time: Vec<f64>,
    above_air: Vec<f64>,
    horizontal: Vec<f64>,
    beam: Vec<f64>,
    diffuse: Vec<f64>,
    planes: Vec<Vec<f64>>,
}

/// The largest differences found.
#[derive(Debug, Default)]
struct Worst {
    elevation: f64,
    seen_elevation: f64,
    azimuth: f64,
    solar_hour_s: f64,
    above_air: f64,
    sky: f64,
    plane: f64,
    plane_share: f64,
    compared: usize,
}

fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-venv/bin/python");
    let python = std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from);
    assert!(
        python.is_file(),
        "no Python with pvlib at '{}': run `make test`, or scripts/setup.sh --tests once",
        python.display()
    );
    python
}

fn ask(question: &Question) -> Answers {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pvlib/reference.py");
    let mut child = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Python starts");
    let text = serde_json::to_vec(question).expect("JSON");
    child.stdin.take().expect("it is piped").write_all(&text).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "pvlib did not answer; its words are above");
    serde_json::from_slice(&output.stdout).expect("JSON as asked for")
}

fn site(latitude: f64, longitude: f64) -> Site {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&file).expect("it is there");
    let mut site = site::file::read(&text, &file).expect("the shipped site has no findings").site;
    (site.latitude, site.longitude) = (latitude, longitude);
    site
}

fn raise(worst: &mut f64, difference: f64) {
    assert!(difference.is_finite());
    *worst = worst.max(difference.abs());
}

/// The shorter way between two directions, degrees.
fn between(one: f64, other: f64) -> f64 {
    let apart = (one - other).rem_euclid(360.0);
    apart.min(360.0 - apart)
}

fn compare(worst: &mut Worst, site: &Site, at: Timestamp, answer: &Answer, k: usize) {
    let ours = sun(site, at);
    raise(&mut worst.elevation, ours.elevation - answer.elevation[k]);
    // Near the zenith the azimuth turns fast; what counts is the way on the sky.
    let turn = between(ours.azimuth, answer.azimuth[k]) * ours.elevation.to_radians().cos();
    raise(&mut worst.azimuth, turn);
    let clock = at.as_second().rem_euclid(86_400);
    let clock =
        f64::from(i32::try_from(clock).expect("within a day")) / 3600.0 + site.longitude / 15.0;
    let theirs = (clock + answer.equation_of_time[k] / 60.0).rem_euclid(24.0);
    raise(
        &mut worst.solar_hour_s,
        between(15.0 * solar_hour(site.longitude, at), 15.0 * theirs) * 240.0,
    );
    // Below, nothing of the sun is seen, and the two stop bending its light at once.
    if answer.elevation[k] < -0.8 {
        return;
    }
    let seen = Sun { elevation: seen_elevation(ours.elevation), ..ours };
    raise(&mut worst.seen_elevation, seen.elevation - answer.seen_elevation[k]);
    let day = at.to_zoned(jiff::tz::TimeZone::UTC).day_of_year();
    let sky = clear_sky(seen.elevation, day, TURBIDITY, ALTITUDE);
    let Irradiance { horizontal, beam, diffuse, above_air } = sky;
    raise(&mut worst.above_air, above_air - answer.above_air[k]);
    raise(&mut worst.sky, horizontal - answer.horizontal[k]);
    raise(&mut worst.sky, diffuse - answer.diffuse[k]);
    // At the horizon a hundredth of a degree of the sun is some W/m2 of the beam.
    if seen.elevation > 2.0 {
        raise(&mut worst.sky, beam - answer.beam[k]);
    }
    for ((tilt, azimuth), theirs) in PLANES.into_iter().zip(&answer.planes) {
        let difference = on_plane(seen, &sky, tilt, azimuth) - theirs[k];
        raise(&mut worst.plane, difference);
        if theirs[k] > 50.0 {
            raise(&mut worst.plane_share, difference / theirs[k]);
        }
    }
    worst.compared += 1;
}

#[test]
fn sun_sky_and_planes_are_those_of_pvlib() {
    // Every 37 minutes of every tenth day: all hours, all seasons, sunrise and sunset included.
    let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let minutes = (0..366_i32).step_by(10).flat_map(|day| {
        (0..1440_i32).step_by(37).map(move |minute| day * 1440 + minute + day % 37)
    });
    let at = |minute: i32| site::time::add_seconds(first, f64::from(minute) * 60.0);
    let times: Vec<Timestamp> = minutes.map(at).collect();
    let places = PLACES.map(|(latitude, longitude)| Place { latitude, longitude });
    let answers = ask(&Question {
        places: places.into(),
        times: times.iter().map(ToString::to_string).collect(),
        turbidity: TURBIDITY,
        altitude: ALTITUDE,
        planes: PLANES.into(),
    });
    let mut worst = Worst::default();
    for (place, answer) in PLACES.into_iter().zip(&answers.answers) {
        assert_eq!(answer.elevation.len(), times.len());
        let site = site(place.0, place.1);
        for (k, at) in times.iter().enumerate() {
            compare(&mut worst, &site, *at, answer, k);
        }
    }
    println!("{worst:?}");
    assert!(worst.compared > 3000, "only {} instants by day", worst.compared);
    assert!(worst.elevation < 0.01 && worst.azimuth < 0.01, "{worst:?}");
    assert!(worst.seen_elevation < 0.03 && worst.solar_hour_s < 75.0, "{worst:?}");
    assert!(worst.above_air < 0.1 && worst.sky < 1.0, "{worst:?}");
    assert!(worst.plane < 1.0 && worst.plane_share < 0.01, "{worst:?}");
}
