//! What stands in for the field. Only the simulator looks at it.

use super::{Context, seconds, share};
use crate::model::{SimulatedCharging, SimulatedLoad, Simulation};
use crate::text::Section;
use crate::units::{Energy, Power, Ratio};
use std::time::Duration;

pub(super) fn read(section: Option<Section<'_>>, context: &Context<'_>) -> Simulation {
    let mut simulation = Simulation {
        initial_level: Ratio::new(0.5),
        learn_days: 0,
        initial_charge: Ratio::new(0.5),
        charging: SimulatedCharging {
            visits_per_day: 0.8,
            energy: Energy::from_kwh(14.0),
            stay: Duration::from_secs(4 * 3600),
            no_show: Ratio::new(0.1),
        },
        profiles: None,
        weather: None,
        loads: Vec::new(),
        pv_profiles: vec!["pv1".into()],
        mismatch: Ratio::new(0.03),
        demand_noise: Ratio::new(0.05),
    };
    let Some(section) = section else { return simulation };
    simulation.initial_level = section.quantity_or("initial_level", simulation.initial_level);
    simulation.learn_days = section.number_or("learn_days", 0, 0..=366);
    simulation.initial_charge = section.quantity_or("initial_charge", simulation.initial_charge);
    if let Some(section) = section.section_maybe("charging") {
        let charging = &mut simulation.charging;
        charging.visits_per_day =
            section.number_or("visits_per_day", charging.visits_per_day, 0.0..=20.0);
        charging.energy = section.quantity_or("energy", charging.energy);
        charging.stay = seconds(&section, "stay", charging.stay.as_secs());
        charging.no_show =
            share(&section, "no_show", Some(charging.no_show.get())).unwrap_or(charging.no_show);
        section.finish();
    }
    simulation.profiles = context.path(&section, "profiles");
    simulation.weather = context.path(&section, "weather");
    simulation.mismatch = section.quantity_or("mismatch", simulation.mismatch);
    simulation.demand_noise = section.quantity_or("demand_noise", simulation.demand_noise);
    for load in section.sections("loads") {
        let (profile, rated_power) = (load.text("profile"), load.quantity::<Power>("rated_power"));
        load.finish();
        if let (Some(profile), Some(rated_power)) = (profile, rated_power) {
            simulation.loads.push(SimulatedLoad { profile, rated_power });
        }
    }
    let columns = section.list("pv_profiles");
    if !columns.is_empty() {
        let name = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
        let read = |node| section.scalar(node, "wrong-kind", name);
        simulation.pv_profiles = columns.iter().filter_map(read).collect();
    }
    section.finish();
    simulation
}
