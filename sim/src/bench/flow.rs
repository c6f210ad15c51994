//! What a power flow of the low-voltage network costs, beside a day of the true plant.

use crate::electrical::{FlowError, Grid, Load};
use drivers::clock::Clock;
use site::AssetId;
use site::electrical::{CableSection, Electrical, Feeder, Transformer};
use site::units::{ApparentPower, Impedance, Length, Power, Ratio, Voltage};

/// Nodes of the networks.
const NODES: [u32; 3] = [5, 20, 100];
/// Solutions of one measurement.
const SOLUTIONS: u32 = 4000;
/// Steps of the plant in a day.
const STEPS: f64 = 8640.0;
/// All loads together, W.
const LOAD_W: f64 = 60e3;

/// Prints a line for each size of network; the plant alone takes so many seconds for a day.
pub(super) fn run(plant_day_s: f64) -> Result<(), FlowError> {
    println!("{:<44}{:>10}{:>12}", "a power flow each step", "us each", "x plant");
    for nodes in NODES {
        let each_us = measure(nodes)?;
        let share = each_us * 1e-6 * STEPS / plant_day_s;
        println!("  {:<42}{each_us:>10.1}{share:>12.2}", format!("{nodes} nodes"));
    }
    Ok(())
}

/// Time of a solution, us.
fn measure(nodes: u32) -> Result<f64, FlowError> {
    let mut grid = Grid::new(&network(nodes))?;
    let mut loads = vec![Load::default(); grid.places()];
    let clock = Clock::system();
    let timer = clock.stopwatch();
    for solution in 0..SOLUTIONS {
        // From feeding in to full load, and never the same twice in a row.
        let active_w = (f64::from(solution % 20) / 10.0 - 0.9) * LOAD_W / f64::from(nodes);
        for load in &mut loads[1..] {
            *load = Load { active_w, reactive_var: 0.3 * active_w.abs() };
        }
        grid.solve(1.0, &loads)?;
    }
    Ok(timer.elapsed_ms() * 1e3 / f64::from(SOLUTIONS))
}

/// Two feeders behind a transformer; the more nodes, the shorter the sections.
fn network(nodes: u32) -> Electrical {
    let id = |name: String| AssetId::new(&name).expect("a letter and a number");
    let section = |feeder: u32, at: u32| CableSection {
        node: id(format!("n{feeder}-{at}")),
        from: at.checked_sub(1).map(|before| id(format!("n{feeder}-{before}"))),
        length: Length::new(1000.0 / f64::from(nodes)),
        resistance: Impedance::new(0.206),
        reactance: Impedance::new(0.08),
        ampacity: None,
        assets: Vec::new(),
        load: Ratio::ZERO,
    };
    let feeder = |(number, count): (u32, u32)| Feeder {
        id: id(format!("F{number}")),
        limit: None,
        sections: (0..count).map(|at| section(number, at)).collect(),
    };
    let feeders = [(1, nodes / 2), (2, nodes - nodes / 2)].map(feeder);
    Electrical {
        nominal: Voltage::new(400.0),
        band: Ratio::new(0.1),
        upstream: Ratio::ONE,
        busbar_voltage: None,
        power_factor: Ratio::ONE,
        transformer: Some(Transformer {
            rating: ApparentPower::new(160e3),
            short_circuit: Ratio::new(0.04),
            load_loss: Power::new(2900.0),
        }),
        feeders: feeders.into(),
    }
}
