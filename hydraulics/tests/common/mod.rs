//! What the tests share.

use std::path::PathBuf;
use std::sync::Mutex;

use hydraulics::{MassBalance, Network, Run, RunOptions, Schedule, Stepped, Volumes};

use epanet::EPANET;
use epanet::types::analysis::InitHydOption;
use epanet::types::link::LinkProperty;
use epanet::types::node::NodeProperty;

/// The pumps of the van Zyl network, and their schedule of 340.72 a day, hours from 07:00.
pub(crate) const SCHEDULE: [(&str, &str); 3] = [
    ("pmp1", "100100001101010001111111"),
    ("pmp2", "100100101110110001111111"),
    ("pmp6", "000000101011101111111111"),
];

/// All pumps on all day: both tanks fill up.
pub(crate) const ALWAYS_ON: [(&str, &str); 3] = [
    ("pmp1", "111111111111111111111111"),
    ("pmp2", "111111111111111111111111"),
    ("pmp6", "111111111111111111111111"),
];

/// An example network of the project.
pub(crate) fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/networks").join(name)
}

/// The van Zyl network.
pub(crate) fn van_zyl() -> Network {
    Network::load(example("van_zyl.inp")).unwrap()
}

/// Whether a schedule has a pump on in an hour.
pub(crate) fn is_on(schedule: &str, hour: usize) -> bool {
    schedule.as_bytes()[hour] == b'1'
}

/// A network from a text, by way of a file that is gone when this returns.
pub(crate) fn network(text: &str) -> Network {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.inp");
    std::fs::write(&path, text).unwrap();
    Network::load(&path).unwrap()
}

/// The text of an example network with pieces replaced, each of which is there once.
pub(crate) fn edited(name: &str, edits: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(example(name)).unwrap();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    text
}

/// A schedule of the van Zyl network for the audit.
pub(crate) fn schedule(plans: &[(&str, &str); 3]) -> Schedule {
    let speeds = |plan: &str| (0..24).map(|hour| f64::from(u8::from(is_on(plan, hour)))).collect();
    Schedule { step_s: 3600, speed: plans.iter().map(|(_, plan)| speeds(plan)).collect() }
}

/// A day of the van Zyl network with a schedule, in steps of some seconds that divide an hour.
pub(crate) fn day(run: &mut Run, schedule: &[(&str, &str); 3], step_s: u32) -> Vec<Stepped> {
    let network = run.network().clone();
    let mut steps = Vec::new();
    for hour in 0..24 {
        for (pump, (id, plan)) in schedule.iter().enumerate() {
            assert_eq!(network.pumps()[pump].id, *id);
            run.set_pump(pump, if is_on(plan, hour) { 1.0 } else { 0.0 }).unwrap();
        }
        let factor = network.demand_factor_at(hour as u64 * 3600).unwrap();
        run.set_demand_factor(factor).unwrap();
        for _ in 0..3600 / step_s {
            steps.push(run.step(f64::from(step_s)).unwrap());
        }
    }
    steps
}

/// A fresh run of the van Zyl network.
pub(crate) fn fresh() -> Run {
    Run::start(&van_zyl(), &RunOptions::default()).unwrap()
}

/// The balance of some steps.
pub(crate) fn balance(steps: &[Stepped]) -> MassBalance {
    let mut balance = MassBalance::new();
    steps.iter().for_each(|step| balance.add(step));
    balance
}

/// One hour as EPANET's own stepping has it.
pub(crate) struct Hour {
    /// Levels of t5 and t6 at the end, m.
    pub(crate) level_m: [f64; 2],
    /// Flows of the pumps in the first steady state of the hour, m3/s.
    pub(crate) flow_m3s: [f64; 3],
    /// Energies of the pumps, J.
    pub(crate) energy_j: [f64; 3],
    /// Volumes, m3.
    pub(crate) volumes: Volumes,
}

/// A day of a van Zyl file with EPANET's own stepping, by none of our code.
pub(crate) fn epanet_day(path: &str, schedule: &[(&str, &str); 3]) -> Vec<Hour> {
    // EPANET's reader of files is not made for threads.
    static READING: Mutex<()> = Mutex::new(());
    let project = {
        let _alone = READING.lock().unwrap();
        EPANET::with_inp_file(path, "/dev/null", "").unwrap()
    };
    let pumps = schedule.map(|(id, _)| project.get_link_index(id).unwrap());
    let tanks = ["t5", "t6"].map(|id| project.get_node_index(id).unwrap());
    let reservoir = project.get_node_index("r1").unwrap();
    let consumers = ["n5", "n6"].map(|id| project.get_node_index(id).unwrap());
    let node = |index, property| project.get_node_value(index, property).unwrap();
    let demand = |index| node(index, NodeProperty::Demand) / 1000.0;
    let stored = || tanks.iter().map(|&tank| node(tank, NodeProperty::TankVolume)).sum::<f64>();
    project.open_h().unwrap();
    project.init_h(InitHydOption::NoSave).unwrap();
    let mut hours = Vec::new();
    for hour in 0..24 {
        let mut flow_m3s = None;
        let mut energy_j = [0.0; 3];
        let mut volumes = Volumes::default();
        let before_m3 = stored();
        let mut left_s = 3600;
        while left_s > 0 {
            for (&pump, (_, plan)) in pumps.iter().zip(schedule) {
                let status = if is_on(plan, hour) { 1.0 } else { 0.0 };
                project.set_link_value(pump, LinkProperty::Status, status).unwrap();
            }
            if let Err(error) = project.run_h() {
                assert!(error.is_warning(), "{error}");
            }
            let link = |property| pumps.map(|pump| project.get_link_value(pump, property).unwrap());
            let power_kw = link(LinkProperty::Energy);
            flow_m3s.get_or_insert(link(LinkProperty::Flow).map(|flow| flow / 1000.0));
            let inflow_m3s = -demand(reservoir);
            let delivered_m3s: f64 = consumers.iter().map(|&index| demand(index)).sum();
            let span_s = project.next_h().unwrap();
            let span = f64::from(u32::try_from(span_s).unwrap());
            energy_j.iter_mut().zip(power_kw).for_each(|(sum, kw)| *sum += kw * 1000.0 * span);
            volumes.inflow_m3 += inflow_m3s * span;
            volumes.delivered_m3 += delivered_m3s * span;
            left_s -= span_s;
        }
        volumes.storage_change_m3 = stored() - before_m3;
        let level_m =
            tanks.map(|tank| node(tank, NodeProperty::Head) - node(tank, NodeProperty::Elevation));
        hours.push(Hour { level_m, flow_m3s: flow_m3s.unwrap(), energy_j, volumes });
    }
    project.close_h().unwrap();
    hours
}

/// An hour as a line of the table.
pub(crate) fn line(hour: usize, values: &Hour) -> String {
    let numbers = values.level_m.iter().chain(&values.flow_m3s).chain(&values.energy_j);
    let numbers: Vec<String> = numbers.map(|number| format!("{number:.6}")).collect();
    format!("{hour},{}", numbers.join(","))
}

const TABLE: &str = include_str!("../van_zyl.csv");
const TOLERANCE: f64 = 1e-3;

/// The rows of the table: hour, two levels, three flows, three energies.
pub(crate) fn table() -> Vec<Vec<f64>> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    let rows: Vec<Vec<f64>> =
        rows.map(|row| row.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 24);
    rows
}

/// Asserts that two numbers agree within the tolerance.
pub(crate) fn agree(ours: f64, theirs: f64, what: &str) {
    let error = (ours - theirs).abs();
    assert!(error <= TOLERANCE * theirs.abs() + 1e-9, "{what}: {ours} against {theirs}");
}
