//! The planner's linear voltages beside the true plant's AC power flow, on random networks.

#[path = "common/electrical.rs"]
mod networks;

use networks::{Case, Use};
use policies::voltage::Sensitivity;
use regie_sim::electrical::Grid;

const CASES: u64 = 200;

/// What a case comes to: shares of the nominal voltage, and of what is allowed to flow.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// The largest deviation of a voltage from the upstream one.
    deviation: f64,
    /// The largest error of the linear form.
    error: f64,
    /// The heaviest loading of a cable or the transformer.
    loading: f64,
}

/// Solves a case both ways; none when the voltage collapses.
fn both(case: &Case) -> Option<Found> {
    let mut grid = Grid::new(&case.electrical).expect("a network");
    let flow = grid.solve(case.upstream, &case.loads).ok()?;
    let sensitivity = Sensitivity::new(&case.electrical).expect("the same network");
    let kw: Vec<f64> = case.loads.iter().map(|load| load.active_w / 1e3).collect();
    let kvar: Vec<f64> = case.loads.iter().map(|load| load.reactive_var / 1e3).collect();
    let linear = sensitivity.voltages(case.upstream, &kw, &kvar);
    let busbar = flow.busbar_v / case.electrical.nominal.get();
    let truth = std::iter::once(busbar).chain(flow.nodes.iter().map(|node| node.voltage_ratio));
    let mut found = Found::default();
    for (linear, truth) in linear.iter().zip(truth) {
        // Losses are left out, so the linear voltage is never the lower one.
        assert!(linear - truth > -1e-9, "{linear} is below {truth}");
        found.deviation = found.deviation.max((truth - case.upstream).abs());
        found.error = found.error.max(linear - truth);
    }
    let loadings = flow.sections.iter().filter_map(|section| section.loading);
    let loadings = loadings.chain(flow.transformer.map(|transformer| transformer.loading));
    found.loading = loadings.fold(0.0, |most, loading| most.max(loading.get()));
    Some(found)
}

/// The case with loads made smaller until it keeps to a deviation and a loading.
fn within(case: &Case, deviation: f64, loading: f64) -> Found {
    let factors = std::iter::successors(Some(1.0), |factor| Some(factor * 0.95));
    let tried = factors.map(|factor| both(&case.times(factor)));
    let keeps = |found: &Found| found.deviation <= deviation && found.loading <= loading;
    tried.flatten().find(keeps).expect("no load, no deviation")
}

#[test]
fn the_linear_voltages_are_near_the_true_ones() {
    let uses = [Use::Taking, Use::Feeding, Use::Mixed];
    for (deviation, loading, allowed) in
        [(0.05, 1.0, 0.003), (0.10, 1.0, 0.008), (0.10, 9.0, 0.012)]
    {
        let (mut largest, mut sum) = (Found::default(), 0.0);
        for (seed, in_use) in (1..=CASES).zip(uses.into_iter().cycle()) {
            // Several times the usual load, so that the limits are reached.
            let found = within(&Case::random(seed, in_use).times(3.0), deviation, loading);
            largest.deviation = largest.deviation.max(found.deviation);
            largest.loading = largest.loading.max(found.loading);
            largest.error = largest.error.max(found.error);
            sum += found.error;
        }
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let mean = sum / CASES as f64;
        println!("within {deviation} and {loading}: {largest:?}, mean error {mean:.5}");
        assert!(largest.deviation > 0.9 * deviation, "{largest:?}");
        assert!(largest.error < allowed, "{largest:?}");
    }
}
