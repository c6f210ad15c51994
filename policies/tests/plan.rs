//! Plans for the example commune.

use hydraulics::Network;
use jiff::Timestamp;
use policies::estimate::{EstimateMemory, estimate};
use policies::forecast::{Learned, forecast, steps};
use policies::guard::GuardMemory;
use policies::optimise::{Inputs, Planner};
use policies::water::WaterModel;
use site::units::Power;
use site::{Mono, Now, PointId, Sample, Site, Snapshot, Value};
use std::collections::BTreeMap;
use std::path::Path;

struct World {
    site: Site,
    water: WaterModel,
}

fn world() -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    let text = std::fs::read_to_string(&path).expect("the example is there");
    let site = site::file::read(&text, &path).expect("the example resolves").site;
    let network = Network::load(&site.water.as_ref().expect("water").network).expect("loads");
    let water = WaterModel::new(&site, &network).expect("fits");
    World { site, water }
}

fn snapshot(at: Timestamp, values: &[(&str, Value)]) -> Snapshot {
    let mut samples = BTreeMap::new();
    for (point, value) in values {
        let point = PointId::try_from((*point).to_owned()).expect("a point");
        samples.insert(point, Sample::good(value.clone(), Mono::default()));
    }
    Snapshot::new(Now { mono: Mono::default(), utc: at }, samples)
}

fn field(at: Timestamp, levels: (f64, f64)) -> Snapshot {
    let mut values = vec![
        ("level1.level", Value::Number(levels.0)),
        ("level2.level", Value::Number(levels.1)),
        ("flow2.flow", Value::Number(0.05)),
        ("flow3.flow", Value::Number(0.05)),
        ("meter1.power", Value::Number(20_000.0)),
        ("solar1.power", Value::Number(0.0)),
        ("solar1.limit", Value::Number(100.0)),
        ("solar2.power", Value::Number(0.0)),
        ("solar2.limit", Value::Number(100.0)),
    ];
    for pump in ["pump1", "pump2", "pump3"] {
        let name = |point: &str| &*Box::leak(format!("{pump}.{point}").into_boxed_str());
        values.push((name("running"), Value::Flag(false)));
        values.push((name("remote"), Value::Flag(true)));
        values.push((name("fault"), Value::Flag(false)));
        values.push((name("dry"), Value::Flag(false)));
        values.push((name("power"), Value::Number(0.0)));
    }
    for light in ["light1", "light2", "light3"] {
        let name = |point: &str| &*Box::leak(format!("{light}.{point}").into_boxed_str());
        values.push((name("lit"), Value::Flag(false)));
        values.push((name("remote"), Value::Flag(true)));
        values.push((name("level"), Value::Number(0.0)));
        values.push((name("power"), Value::Number(0.0)));
    }
    snapshot(at, &values)
}

#[test]
fn a_winter_day_is_planned_into_the_cheap_hours() {
    let World { site, water } = world();
    let now: Timestamp = "2026-01-14T23:00:00Z".parse().expect("a time");
    let snapshot = field(now, (2.5, 5.0));
    let guard = GuardMemory::default();
    let learned = Learned::new(&site);
    let estimate = estimate(&site, &snapshot, &mut EstimateMemory::default(), &guard, Power::ZERO);
    let base = water.base_demand();
    let forecast = forecast(&site, &learned, &estimate, base, steps(&site, now));
    let inputs =
        Inputs { site: &site, water: Some(&water), estimate: &estimate, forecast: &forecast };
    let mut planner = Planner::default();
    let begun = std::time::SystemTime::UNIX_EPOCH;
    let _ = begun;
    let (plan, work) = planner.optimise(&inputs);
    let plan = plan.expect("there is a plan");
    println!("{work:?} rung {:?} cost {:?} peak {:?}", plan.rung, plan.cost, plan.peak);
    println!("{:?}", plan.why.shortfalls);
    println!("{:#?}", plan.why.bindings);
    for (t, step) in plan.steps.iter().enumerate() {
        let on: Vec<String> =
            plan.pumps.iter().map(|(id, r)| format!("{id}:{:.2}", r[t].get())).collect();
        let levels: Vec<String> =
            plan.tanks.values().map(|l| format!("{:.2}", l[t].get())).collect();
        println!(
            "{} {} {:?} {:?} import {:.0} value {:.3} water {:?}",
            step.start,
            plan.class[t],
            on,
            levels,
            plan.import[t].kw(),
            plan.why.energy_value[t].get(),
            plan.why.water_value.values().map(|v| format!("{:.3}", v[t])).collect::<Vec<_>>()
        );
    }
    panic!("look");
}
