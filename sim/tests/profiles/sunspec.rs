//! SunSpec devices that differ from the profile: other models of the same layout, fewer inputs, a
//! model 1 without its pad.

use crate::rig::{builtin, point, seen};
use crate::values::{Round, Shown, set_all, shown};
use drivers::profile::{Location, Profile};
use regie_sim::devices::shelf::{ServedModel, Shelf, models};
use site::{Reason, Snapshot};

fn good(snapshot: &Snapshot, profile: &Profile, name: &str) {
    let spec = profile.point(name).expect("declared");
    let Shown::Number(wanted) = shown(profile, spec, Round::Second) else {
        panic!("{name} is no number")
    };
    let found = snapshot.number(&point(name)).unwrap_or_else(|| panic!("{name} is bad"));
    assert!((found - wanted).abs() <= 1e-6 * wanted.abs(), "{name}: {found}, set to {wanted}");
}

#[tokio::test(start_paused = true)]
async fn a_device_may_have_another_model_of_the_same_layout() {
    let groups: [(&str, u16, &[u16]); 5] = [
        ("sunspec-inverter", 103, &[101, 102]),
        ("sunspec-inverter-float", 113, &[111, 112]),
        ("sunspec-meter", 203, &[201, 202, 204]),
        ("sunspec-meter-float", 213, &[211, 212, 214]),
        ("fronius-gen24", 103, &[101]),
    ];
    for (name, named, others) in groups {
        let profile = builtin(name);
        for &id in others {
            let mut served = models(&profile);
            let model = served.iter_mut().find(|model| model.named == named).expect("it names it");
            model.id = id;
            let shelf = Shelf::with_models(&profile, &served);
            set_all(&profile, &shelf, Round::Second);
            good(&seen(&profile, &shelf).await, &profile, "power");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn inputs_that_an_inverter_lacks_are_not_available() {
    let profile = builtin("sunspec-mppt");
    let mut served = models(&profile);
    let inputs = served.iter_mut().find(|model| model.named == 160).expect("it names it");
    // Eight registers and two inputs of twenty each.
    inputs.length = 48;
    let shelf = Shelf::with_models(&profile, &served);
    set_all(&profile, &shelf, Round::Second);
    let snapshot = seen(&profile, &shelf).await;
    for present in ["power_1", "power_2", "voltage_2", "state_2"] {
        good(&snapshot, &profile, present);
    }
    for lacking in ["power_3", "name_3", "voltage_4", "energy_4"] {
        assert_eq!(snapshot.trouble(&point(lacking)), Some(Reason::NotAvailable), "{lacking}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_solaredge_has_its_inverter_model_at_40069() {
    let profile = builtin("solaredge");
    let served = [
        ServedModel { named: 1, id: 1, length: 65 },
        ServedModel { named: 103, id: 103, length: 50 },
    ];
    let shelf = Shelf::with_models(&profile, &served);
    let (_, address, _) = shelf.words("power");
    assert_eq!(address, 40_069 + 14);
    set_all(&profile, &shelf, Round::Second);
    let snapshot = seen(&profile, &shelf).await;
    for name in ["power", "energy", "limit", "command_timeout"] {
        good(&snapshot, &profile, name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_without_the_models_of_a_storage_serves_the_others() {
    let profile = builtin("sunspec-der");
    let served: Vec<ServedModel> =
        models(&profile).into_iter().filter(|model| model.named != 713).collect();
    let shelf = Shelf::with_models(&profile, &served);
    set_all(&profile, &shelf, Round::Second);
    let snapshot = seen(&profile, &shelf).await;
    for spec in &profile.points {
        let lacking = matches!(spec.location, Location::Model { model: 713, .. });
        let trouble = snapshot.trouble(&point(&spec.name));
        assert_eq!(trouble, lacking.then_some(Reason::NotAvailable), "{}", spec.name);
    }
}
