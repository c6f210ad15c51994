//! What `regie explain` says of a corrected model.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::{asset, minutes, record};
use policies::explain::explain;
use site::plan::{Basis, Estimated, Misfit, MisfitKind, PumpFit};
use site::units::Ratio;
use std::path::Path;

#[test]
fn a_pump_says_what_it_was_measured_to_do_and_what_no_longer_fits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let site = site::file::read(&text, &path).expect("it has no findings").site;
    let mut record = record(60);
    let said = |record: &_, id: &str| explain(&site, record, &asset(id)).expect("it is a pump");
    assert!(!said(&record, "P1").contains("As measured"));
    let why = &mut record.plan.as_mut().expect("there is a plan").why;
    let ratio =
        |value, basis| Estimated { value: Ratio::new(value), spread: Ratio::new(0.02), basis };
    let fit = |basis| PumpFit { flow: ratio(0.76, basis), power: ratio(0.91, basis) };
    why.fitted.insert(asset("P1"), fit(Basis::Measured));
    why.fitted.insert(asset("P2"), fit(Basis::Default));
    let misfit = |subject: &str, kind, value| Misfit {
        subject: subject.into(),
        kind,
        value,
        spread: 0.02,
        since: minutes(30),
    };
    why.misfits = vec![
        misfit("P1", MisfitKind::Flow, 0.76),
        misfit("T2", MisfitKind::Balance, -51.0),
        misfit("demand", MisfitKind::Demand, 1.4),
    ];
    let first = said(&record, "P1");
    for line in [
        "As measured it delivers 76 % (± 2) of what its curve says and takes 91 % (± 2) of the \
         power; the plan reckons with that.\n",
        "The model no longer fits: P1 delivers 76 % (± 2) of what its curve says, since 08:30.\n",
        "The model no longer fits: demand is 140 % (± 2) of its profile, since 08:30.\n",
    ] {
        assert!(first.contains(line), "{line}\n{first}");
    }
    assert!(!first.contains("T2 gains"), "it has nothing to do with T2: {first}");
    let second = said(&record, "P2");
    assert!(!second.contains("As measured"), "nothing was measured: {second}");
    let third = said(&record, "P3");
    assert!(third.contains("T2 gains -51 m3/h (± 0) beyond what the flows say"), "{third}");
}
