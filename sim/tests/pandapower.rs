//! The power flow of the true plant beside pandapower's, which shares no code with it: the same
//! random networks, with load, with photovoltaics that feed back, near collapse and beyond.

#[path = "common/electrical.rs"]
mod networks;

use networks::{Case, Use};
use regie_sim::electrical::{Flow, FlowError, Grid};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Networks of each kind of use.
const SEEDS: u64 = 10;
/// Agreement of voltages, per unit, and of powers, losses and currents as a share.
const VOLTAGE: f64 = 1e-5;
const SHARE: f64 = 1e-3;
/// Below so many A, W and var a share says nothing.
const SMALL: f64 = 1e-2;

/// What pandapower says of a case.
#[derive(Debug, Deserialize)]
struct Answer {
    voltage: Vec<f64>,
    current_a: Vec<f64>,
    power_w: Vec<f64>,
    reactive_var: Vec<f64>,
    transformer_loss_w: Vec<f64>,
    losses_w: f64,
    import_w: f64,
    import_var: f64,
}

/// The Python with pandapower that the tests' set-up made.
fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-venv/bin/python");
    let python = std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from);
    assert!(
        python.is_file(),
        "no Python with pandapower at '{}': run `make test`, or scripts/setup.sh --tests once",
        python.display()
    );
    python
}

/// A case in words that pandapower's side reads.
fn written(case: &Case) -> Value {
    let electrical = &case.electrical;
    let beginnings = electrical.beginnings().expect("it hangs together");
    let sections = electrical.sections().zip(beginnings).map(|((_, section), from)| {
        json!({
            "from": from,
            "length_m": section.length.get(),
            "ohm_per_km": [section.resistance.get(), section.reactance.get()],
        })
    });
    let transformer = electrical.transformer.map(|transformer| {
        json!({
            "rating_va": transformer.rating.get(),
            "short_circuit": transformer.short_circuit.get(),
            "load_loss_w": transformer.load_loss.get(),
        })
    });
    let loads = case.loads.iter().map(|load| [load.active_w, load.reactive_var]);
    json!({
        "nominal_v": electrical.nominal.get(),
        "upstream": case.upstream,
        "sections": sections.collect::<Vec<_>>(),
        "transformer": transformer,
        "loads": loads.collect::<Vec<_>>(),
    })
}

fn pandapower(cases: &[Case]) -> Vec<Option<Answer>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cases.json");
    let cases: Vec<Value> = cases.iter().map(written).collect();
    std::fs::write(&file, Value::from(cases).to_string()).expect("a temporary folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pandapower_flow.py");
    let output = Command::new(python()).arg(script).arg(file).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script's own words")
}

fn flow(case: &Case) -> Result<Flow, FlowError> {
    let mut grid = Grid::new(&case.electrical).expect("a network");
    grid.solve(case.upstream, &case.loads)
}

/// The lowest voltage of a case, as a share of the nominal one; none when it collapses.
fn lowest(case: &Case) -> Option<f64> {
    let flow = flow(case).ok()?;
    Some(flow.nodes.iter().map(|node| node.voltage_ratio).fold(f64::INFINITY, f64::min))
}

/// The case with its loads raised to within a hundredth of where the voltage collapses, and the
/// same with a tenth more than the network carries.
fn around_collapse(case: &Case) -> [Case; 2] {
    let (mut carries, mut collapses) = (1.0, 1.0);
    while lowest(&case.times(collapses)).is_some() {
        (carries, collapses) = (collapses, collapses * 2.0);
    }
    while collapses > carries * 1.01 {
        let middle = f64::midpoint(carries, collapses);
        if lowest(&case.times(middle)).is_some() { carries = middle } else { collapses = middle }
    }
    [case.times(carries * 0.99), case.times(collapses * 1.1)]
}

/// The largest differences seen: of voltages per unit, of everything else as a share.
#[derive(Debug, Default)]
struct Largest {
    voltage: f64,
    share: f64,
}

impl Largest {
    fn voltage(&mut self, ours: f64, theirs: f64) {
        self.voltage = self.voltage.max((ours - theirs).abs());
    }
    fn share(&mut self, ours: f64, theirs: f64) {
        self.share = self.share.max((ours - theirs).abs() / theirs.abs().max(SMALL / SHARE));
    }
    fn compare(&mut self, case: &Case, flow: &Flow, answer: &Answer) {
        let busbar = flow.busbar_v / case.electrical.nominal.get();
        let nodes = flow.nodes.iter().map(|node| node.voltage_ratio);
        assert_eq!(answer.voltage.len(), flow.nodes.len() + 1);
        for (ours, theirs) in std::iter::once(busbar).chain(nodes).zip(&answer.voltage) {
            self.voltage(ours, *theirs);
        }
        assert_eq!(answer.current_a.len(), flow.sections.len());
        for (at, section) in flow.sections.iter().enumerate() {
            self.share(section.current_a, answer.current_a[at]);
            self.share(section.power_w, answer.power_w[at]);
            self.share(section.reactive_var, answer.reactive_var[at]);
        }
        assert_eq!(answer.transformer_loss_w.len(), usize::from(flow.transformer.is_some()));
        for (ours, theirs) in flow.transformer.iter().zip(&answer.transformer_loss_w) {
            self.share(ours.loss_w, *theirs);
        }
        self.share(flow.losses_w, answer.losses_w);
        self.share(flow.import_w, answer.import_w);
        self.share(flow.import_var, answer.import_var);
    }
}

#[test]
fn pandapower_finds_the_same_flows() {
    let uses = [Use::Taking, Use::Feeding, Use::Mixed];
    let seeds = 1..=SEEDS * uses.len() as u64;
    let mut cases: Vec<Case> =
        seeds.zip(uses.iter().cycle()).map(|(seed, it)| Case::random(seed, *it)).collect();
    let sizes: Vec<usize> = cases.iter().map(|case| case.loads.len() - 1).collect();
    assert!(sizes.iter().min() <= Some(&4) && sizes.iter().max() >= Some(&35), "{sizes:?}");
    let heavy: Vec<Case> =
        (1..=SEEDS).flat_map(|seed| around_collapse(&Case::random(seed, Use::Taking))).collect();
    cases.extend(heavy);

    let answers = pandapower(&cases);
    let (mut largest, mut near) = (Largest::default(), Largest::default());
    let (mut solved, mut collapsed, mut deepest, mut exporting) = (0, 0, 1.0_f64, 0);
    for (case, answer) in cases.iter().zip(&answers) {
        match (flow(case), answer) {
            (Ok(flow), Some(answer)) => {
                solved += 1;
                exporting += usize::from(flow.import_w < 0.0);
                let low = lowest(case).expect("it was solved");
                deepest = deepest.min(low);
                if low > 0.8 { &mut largest } else { &mut near }.compare(case, &flow, answer);
            }
            (Err(error), None) => {
                collapsed += 1;
                assert!(matches!(error, FlowError::Collapse { .. }), "{error}");
            }
            (ours, theirs) => panic!("one solves it and the other does not: {ours:?}, {theirs:?}"),
        }
    }
    println!("{solved} solved, {exporting} of them export, {collapsed} collapse, to {deepest:.3}");
    println!("largest differences: {largest:?}; below a voltage of 0.8: {near:?}");
    assert!(solved >= 35 && exporting >= 8 && collapsed >= 8, "{solved} {exporting} {collapsed}");
    for found in [&largest, &near] {
        assert!(found.voltage < VOLTAGE && found.share < SHARE, "{found:?}");
    }
}
