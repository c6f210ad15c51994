use super::*;
use proptest::prelude::*;
use site::AssetId;
use site::electrical::{CableSection, Electrical, Feeder, Transformer};
use site::units::{ApparentPower, Current, Impedance, Length, Power, Ratio, Voltage};

fn id(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

fn section(from: Option<&str>, node: &str, metres: f64) -> CableSection {
    CableSection {
        node: id(node),
        from: from.map(id),
        length: Length::new(metres),
        resistance: Impedance::new(0.32),
        reactance: Impedance::new(0.08),
        ampacity: Some(Current::new(200.0)),
        assets: vec![id(&format!("at-{node}"))],
        load: Ratio::ZERO,
    }
}

/// Two feeders: n1 and behind it n2; n3.
fn network(transformer: bool) -> Electrical {
    let feeder = |name: &str, limit: Option<f64>, sections| Feeder {
        id: id(name),
        limit: limit.map(ApparentPower::new),
        sections,
    };
    Electrical {
        nominal: Voltage::new(400.0),
        band: Ratio::new(0.1),
        upstream: Ratio::ONE,
        busbar_voltage: None,
        power_factor: Ratio::ONE,
        transformer: transformer.then(|| Transformer {
            rating: ApparentPower::new(100e3),
            short_circuit: Ratio::new(0.04),
            load_loss: Power::new(2000.0),
        }),
        feeders: vec![
            feeder(
                "F1",
                Some(50e3),
                vec![section(None, "n1", 100.0), section(Some("n1"), "n2", 50.0)],
            ),
            feeder("F2", None, vec![section(None, "n3", 200.0)]),
        ],
    }
}

fn take(active_w: f64, reactive_var: f64) -> Load {
    Load { active_w, reactive_var }
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-7 * expected.abs().max(1.0), "{found}, not {expected}");
}

/// The voltage behind one impedance in closed form: the upper root of the quadratic equation in
/// the square of the voltage, and the current.
fn behind(volts: f64, (r, x): (f64, f64), load: Load) -> (f64, f64) {
    let (p, q) = (load.active_w, load.reactive_var);
    let half = volts.powi(2) / 2.0 - (r * p + x * q);
    let square = half + (half.powi(2) - (r.powi(2) + x.powi(2)) * (p.powi(2) + q.powi(2))).sqrt();
    (square.sqrt(), p.hypot(q) / (3.0 * square).sqrt())
}

#[test]
fn one_cable_is_solved_as_on_paper() {
    let mut grid = Grid::new(&network(false)).unwrap();
    let load = take(40e3, 15e3);
    let flow = grid.solve(1.0, &[take(7e3, 1e3), take(0.0, 0.0), take(0.0, 0.0), load]).unwrap();
    let ohms = (0.2 * 0.32, 0.2 * 0.08);
    let (volts, amperes) = behind(400.0, ohms, load);
    near(flow.busbar_v, 400.0);
    near(flow.nodes[2].voltage_v, volts);
    near(flow.nodes[2].voltage_ratio, volts / 400.0);
    near(flow.sections[2].current_a, amperes);
    near(flow.sections[2].loading.unwrap().get(), amperes / 200.0);
    let loss = 3.0 * ohms.0 * amperes.powi(2);
    near(flow.losses_w, loss);
    near(flow.sections[2].power_w, 40e3 + loss);
    near(flow.import_w, 47e3 + loss);
    near(flow.import_var, 16e3 + 3.0 * ohms.1 * amperes.powi(2));
    near(flow.sections[0].current_a, 0.0);
    assert_eq!(flow.transformer, None);
    assert_eq!((&flow.feeders[1].id, flow.feeders[1].loading), (&id("F2"), None));
}

#[test]
fn a_transformer_drops_and_loses_what_its_plate_says() {
    let mut electrical = network(true);
    electrical.feeders.clear();
    let mut grid = Grid::new(&electrical).unwrap();
    let load = take(80e3, 60e3);
    let flow = grid.solve(1.05, &[load]).unwrap();
    // 4 % of 1.6 ohm, half of it resistance.
    let (r, x) = (0.032, (0.064_f64.powi(2) - 0.032_f64.powi(2)).sqrt());
    let (volts, amperes) = behind(420.0, (r, x), load);
    near(flow.busbar_v, volts);
    let transformer = flow.transformer.unwrap();
    near(transformer.loss_w, 3.0 * r * amperes.powi(2));
    near(transformer.apparent_va, 3f64.sqrt() * 420.0 * amperes);
    near(transformer.loading.get(), transformer.apparent_va / 100e3);
    near(flow.import_w, 80e3 + transformer.loss_w);
    near(flow.losses_w, transformer.loss_w);
}

#[test]
fn what_feeds_in_raises_its_voltage_and_is_exported() {
    let electrical = network(true);
    let mut grid = Grid::new(&electrical).unwrap();
    let mut loads = vec![Load::default(); grid.places()];
    loads[electrical.place_of(&id("at-n2"))] += take(-45e3, 0.0);
    loads[electrical.place_of(&id("pump"))] += take(5e3, 0.0);
    let flow = grid.solve(1.0, &loads).unwrap();
    let volts: Vec<f64> = flow.nodes.iter().map(|node| node.voltage_v).collect();
    assert!(volts[1] > volts[0] && volts[0] > flow.busbar_v && flow.busbar_v > 400.0, "{volts:?}");
    near(volts[2], flow.busbar_v);
    assert!(flow.import_w > -40e3 && flow.import_w < -35e3, "{}", flow.import_w);
    assert!(flow.sections[0].power_w < 0.0 && flow.feeders[0].loading.unwrap().get() > 0.8);
    near(flow.import_w, -40e3 + flow.losses_w);
}

#[test]
fn a_collapse_is_said_and_leaves_no_trace() {
    let electrical = network(true);
    let usual = [take(5e3, 1e3), take(9e3, 2e3), take(12e3, 3e3), take(-8e3, 0.0)];
    let mut grid = Grid::new(&electrical).unwrap();
    let before = grid.solve(1.0, &usual).unwrap();
    for (feeds, place) in [(1.0, "n2"), (-1.0, "n2")] {
        let loads = usual.map(|load| take(1e3, load.reactive_var));
        let loads = [loads[0], loads[1], take(feeds * 4e6, 0.0), loads[3]];
        let error = grid.solve(1.0, &loads).unwrap_err();
        let words = error.to_string();
        assert!(words.contains("the voltage collapses: "), "{words}");
        assert!(words.contains(&format!("{:.1} kW at {place}; ", feeds * 4e3)), "{words}");
    }
    assert_eq!(grid.solve(1.0, &usual).unwrap(), before);
}

#[test]
fn what_is_no_number_stops_at_the_door() {
    let mut grid = Grid::new(&network(false)).unwrap();
    for (place, name) in [(0, "the busbar"), (2, "n2")] {
        for bad in [take(f64::NAN, 0.0), take(0.0, f64::INFINITY)] {
            let mut loads = [Load::default(); 4];
            loads[place] = bad;
            let found = grid.solve(1.0, &loads);
            assert_eq!(found, Err(FlowError::NotANumber { place: name.to_owned() }));
        }
    }
    for ratio in [0.0, -1.0, 0.4, 1.6] {
        let found = grid.solve(ratio, &[Load::default(); 4]);
        assert_eq!(found, Err(FlowError::Upstream { ratio }));
    }
    assert!(matches!(grid.solve(f64::NAN, &[Load::default(); 4]), Err(FlowError::Upstream { .. })));
}

#[test]
fn a_network_without_impedance_is_refused() {
    let with = |change: &dyn Fn(&mut Electrical)| {
        let mut electrical = network(true);
        change(&mut electrical);
        Grid::new(&electrical).unwrap_err()
    };
    let error = with(&|it| it.feeders[0].sections[1].length = Length::ZERO);
    assert!(matches!(&error, FlowError::Impedance { node, .. } if *node == id("n2")), "{error}");
    let error = with(&|it| it.feeders[1].sections[0].reactance = Impedance::new(-0.1));
    assert!(matches!(&error, FlowError::Impedance { node, .. } if *node == id("n3")), "{error}");
    let error = with(&|it| it.transformer.as_mut().unwrap().short_circuit = Ratio::ZERO);
    assert!(matches!(error, FlowError::Transformer { .. }), "{error}");
    let error = with(&|it| it.feeders[0].sections.swap(0, 1));
    assert!(matches!(error, FlowError::Network(_)), "{error}");
    let error = with(&|it| it.nominal = Voltage::ZERO);
    assert!(matches!(error, FlowError::Nominal { .. }), "{error}");
}

#[test]
fn a_site_of_one_busbar_has_a_flow_too() {
    let mut electrical = network(false);
    electrical.feeders.clear();
    let flow = Grid::new(&electrical).unwrap().solve(1.02, &[take(3e3, 1e3)]).unwrap();
    near(flow.busbar_v, 408.0);
    assert_eq!((flow.import_w, flow.import_var, flow.losses_w), (3e3, 1e3, 0.0));
}

proptest! {
    /// Energy is neither made nor lost, and a solution does not depend on those before it.
    #[test]
    fn power_balances(
        loads in prop::collection::vec((-20e3..20e3_f64, -5e3..10e3_f64), 8),
        upstream in 0.95..1.05_f64,
        transformer in any::<bool>(),
    ) {
        let mut grid = Grid::new(&network(transformer)).unwrap();
        let loads: Vec<Load> = loads.into_iter().map(|(p, q)| take(p, q)).collect();
        let (first, second) = loads.split_at(4);
        let flow = grid.solve(upstream, first).unwrap();
        let taken: f64 = first.iter().map(|load| load.active_w).sum();
        prop_assert!(flow.losses_w >= 0.0);
        prop_assert!((flow.import_w - taken - flow.losses_w).abs() < 0.01);
        grid.solve(upstream, second).unwrap();
        prop_assert_eq!(&grid.solve(upstream, first).unwrap(), &flow);
        let mut other = Grid::new(&network(transformer)).unwrap();
        prop_assert_eq!(&other.solve(upstream, first).unwrap(), &flow);
    }
}
