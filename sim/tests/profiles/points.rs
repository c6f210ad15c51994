//! Every readable point of every profile: two values, and every way of having none.

use crate::rig::{point, profiles, seen};
use crate::values::{Round, Shown, is_scale, set_all, shown};
use drivers::profile::{PointSpec, Profile};
use regie_sim::devices::shelf::Shelf;
use site::{Quality, Reason, Snapshot, Value};

/// How exactly a number comes back: single precision is the coarsest encoding.
const EXACT: f64 = 1e-7;

fn readable(profile: &Profile) -> impl Iterator<Item = &PointSpec> {
    profile.points.iter().filter(|point| point.access.reads())
}

/// Demands that a point has come back as it was set.
fn check(profile: &Profile, snapshot: &Snapshot, spec: &PointSpec, wanted: &Shown) {
    let what = format!("{} {}", profile.name, spec.name);
    let sample = snapshot.sample(&point(&spec.name)).unwrap_or_else(|| panic!("{what}: not there"));
    assert_eq!(sample.quality(), Quality::Good, "{what}");
    match (sample.value(), wanted) {
        (Some(Value::Number(found)), Shown::Number(wanted)) => {
            let error = (found - wanted).abs();
            assert!(error <= EXACT * wanted.abs().max(1.0), "{what}: {found}, set to {wanted}");
        }
        (Some(Value::Flag(found)), Shown::Flag(wanted)) => assert_eq!(found, wanted, "{what}"),
        (Some(Value::Text(found)), Shown::Text(wanted)) => assert_eq!(found, wanted, "{what}"),
        (found, wanted) => panic!("{what}: {found:?}, set to {wanted:?}"),
    }
}

/// Demands that a point has no value, for this reason.
fn check_absent(profile: &Profile, snapshot: &Snapshot, spec: &PointSpec, reason: Reason) {
    let what = format!("{} {}", profile.name, spec.name);
    let sample = snapshot.sample(&point(&spec.name)).unwrap_or_else(|| panic!("{what}: not there"));
    assert_eq!(sample.quality(), Quality::Bad(reason), "{what}");
    assert_eq!(sample.value(), None, "{what}: what is bad has no value");
}

#[tokio::test(start_paused = true)]
async fn every_point_comes_back_as_it_was_set() {
    let (mut points, mut negative) = (0, 0);
    let profiles = profiles();
    for profile in &profiles {
        let shelf = Shelf::new(profile);
        for round in [Round::First, Round::Second] {
            set_all(profile, &shelf, round);
            let snapshot = seen(profile, &shelf).await;
            for spec in readable(profile) {
                let wanted = shown(profile, spec, round);
                negative += usize::from(matches!(wanted, Shown::Number(number) if number < 0.0));
                check(profile, &snapshot, spec, &wanted);
            }
        }
        points += readable(profile).count();
    }
    println!("{} profiles, {points} readable points, {negative} negative values", profiles.len());
    assert!(profiles.len() >= 32 && points >= 478 && negative >= 138, "{points} {negative}");
}

#[tokio::test(start_paused = true)]
async fn what_a_device_does_not_have_is_bad_and_its_neighbours_are_not() {
    let mut absences = 0;
    for profile in &profiles() {
        let shelf = Shelf::new(profile);
        for way in 0.. {
            set_all(profile, &shelf, Round::First);
            let plain = |spec: &&PointSpec| !is_scale(profile, spec);
            let gone: Vec<&PointSpec> = readable(profile)
                .filter(plain)
                .filter(|spec| shelf.set_absent(&spec.name, way))
                .collect();
            if gone.is_empty() {
                break;
            }
            let snapshot = seen(profile, &shelf).await;
            for spec in readable(profile) {
                if gone.iter().any(|one| one.name == spec.name) {
                    check_absent(profile, &snapshot, spec, Reason::NotAvailable);
                } else {
                    check(profile, &snapshot, spec, &shown(profile, spec, Round::First));
                }
            }
            absences += gone.len();
        }
    }
    println!("{absences} absences");
    assert!(absences >= 295, "{absences}");
}

#[tokio::test(start_paused = true)]
async fn a_value_whose_scale_factor_is_absent_or_absurd_is_bad() {
    let (mut scales, mut leaning) = (0, 0);
    for profile in &profiles() {
        let shelf = Shelf::new(profile);
        for absurd in [false, true] {
            set_all(profile, &shelf, Round::First);
            let broken: Vec<&PointSpec> =
                readable(profile).filter(|spec| is_scale(profile, spec)).collect();
            for spec in &broken {
                if absurd {
                    shelf.set(&spec.name, 11.0);
                } else {
                    assert!(shelf.set_absent(&spec.name, 0), "{} {}", profile.name, spec.name);
                }
            }
            if broken.is_empty() {
                continue;
            }
            let snapshot = seen(profile, &shelf).await;
            for spec in readable(profile) {
                if spec.encoding.scale_point.is_some() {
                    check_absent(profile, &snapshot, spec, Reason::BadScale);
                    leaning += 1;
                } else if !is_scale(profile, spec) {
                    check(profile, &snapshot, spec, &shown(profile, spec, Round::First));
                }
            }
            scales += broken.len();
        }
    }
    println!("{scales} scale factors broken, {leaning} values that lean on them");
    assert!(scales >= 100 && leaning >= 162, "{scales} {leaning}");
}
