//! EPANET's own stepping, by none of our code: what our network file and our audit are measured by.

#[cfg(test)]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod common;

use common::{ALWAYS_ON, SCHEDULE, agree, epanet_day, example, table};
use hydraulics::MassBalance;

#[test]
fn our_file_has_the_hydraulics_of_the_reference_in_epanets_own_stepping() {
    let hours = epanet_day(example("van_zyl.inp").to_str().unwrap(), &SCHEDULE);
    for (row, hour) in table().iter().zip(&hours) {
        let ours = hour.level_m.iter().chain(&hour.flow_m3s).chain(&hour.energy_j);
        for (column, (&ours, &theirs)) in ours.zip(&row[1..]).enumerate() {
            agree(ours, theirs, &format!("hour {} column {}", row[0], column + 1));
        }
    }
}

#[test]
fn epanets_own_stepping_loses_water_at_full_tanks_and_the_audit_says_so() {
    let hours = epanet_day(example("van_zyl.inp").to_str().unwrap(), &ALWAYS_ON);
    let mut audit = MassBalance::new();
    hours.iter().for_each(|hour| audit.add_volumes(&hour.volumes));
    assert!(!audit.closes(), "{audit:?}");
    assert!(audit.error_share().unwrap().abs() > 0.1, "{audit:?}");

    // The same day without full tanks passes.
    let hours = epanet_day(example("van_zyl.inp").to_str().unwrap(), &SCHEDULE);
    let mut audit = MassBalance::new();
    hours.iter().for_each(|hour| audit.add_volumes(&hour.volumes));
    assert!(audit.closes(), "{audit:?}");
}
