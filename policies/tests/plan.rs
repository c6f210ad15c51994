//! Plans for the example commune.

use hydraulics::Network;
use jiff::Timestamp;
use policies::estimate::{EstimateMemory, estimate};
use policies::forecast::{Learned, forecast, steps};
use policies::guard::GuardMemory;
use policies::optimise::{Inputs, Planner, SolveError, Work, examine};
use policies::water::WaterModel;
use site::plan::{Plan, Rung};
use site::tariff::{Billing, FeedIn, Overrun, PerClass, Subscribed};
use site::units::{Power, PowerPrice, Price};
use site::{Mono, Now, PointId, Sample, Site, Snapshot, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

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

struct Planned {
    planner: Planner,
    plan: Plan,
}

/// One call of the planner on a field at an instant.
fn plan_once(world: &World, planner: Planner, now: &str, field: &Snapshot) -> Planned {
    let (planner, plan, _) = asked(world, planner, now, field);
    Planned { planner, plan: plan.expect("there is a plan") }
}

/// The same, with whatever comes out.
fn asked(
    world: &World,
    planner: Planner,
    now: &str,
    field: &Snapshot,
) -> (Planner, Result<Plan, SolveError>, Work) {
    let World { site, water } = world;
    let now: Timestamp = now.parse().expect("a time");
    let mut memory = EstimateMemory::default();
    let estimate = estimate(site, field, &mut memory, &GuardMemory::default(), Vec::new());
    let learned = Learned::new(site);
    let forecast = forecast(site, &learned, &estimate, water.base_demand(), steps(site, now));
    let inputs =
        Inputs { site, water: Some(water), estimate: &estimate, forecast: &forecast, holds: &[] };
    let mut planner = planner;
    let (plan, work) = planner.optimise(&inputs);
    assert_eq!(plan.as_ref().map_or(Ok(()), |plan| examine(&inputs, plan)), Ok(()));
    (planner, plan, work)
}

/// A world whose main pumps are weaker than the tables say, by a factor on their flow: whatever
/// they plan, EPANET sees tanks fall.
fn lying(world: World, factor: f64) -> World {
    let path = world.water.network.path();
    let mut text = std::fs::read_to_string(path).expect("the network is there");
    for (flow, lift) in [(120, 90), (150, 83)] {
        let before = format!(" main       {flow}      {lift}\n");
        assert!(text.contains(&before), "{before}");
        let weaker = f64::from(flow) * factor;
        text = text.replace(&before, &format!(" main {weaker} {lift}\n"));
    }
    let file = tempfile::Builder::new().suffix(".inp").tempfile().expect("a file");
    std::fs::write(file.path(), text).expect("writes");
    let network = Network::load(file.path()).expect("loads");
    World { water: WaterModel { network, ..world.water }, ..world }
}

const MIDNIGHT: &str = "2026-01-14T23:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The plan of a winter's morning with the tariff changed.
fn with_tariff(change: impl FnOnce(&mut site::tariff::Tariff)) -> Plan {
    let mut world = world();
    change(&mut world.site.tariff);
    let field = field(at(MIDNIGHT), (2.0, 4.0));
    plan_once(&world, Planner::default(), MIDNIGHT, &field).plan
}

fn highest(plan: &Plan, class: &str) -> f64 {
    let steps = (0..plan.steps.len()).filter(|&t| plan.class[t] == class);
    steps.map(|t| plan.import[t].kw()).fold(0.0, f64::max)
}

#[test]
fn a_charge_on_one_class_lowers_the_import_of_that_class_alone() {
    let both = with_tariff(|_| {});
    assert_eq!(both.peaks.len(), 1);
    let night = "winter-off-peak";
    let plan = with_tariff(|tariff| {
        let mut of_nights = tariff.demand_charges[0].clone();
        of_nights.price = PowerPrice::new(1000.0);
        of_nights.classes = vec![night.into()];
        tariff.demand_charges = vec![of_nights.clone(), of_nights];
        tariff.demand_charges[1].price = PowerPrice::new(0.0);
        tariff.demand_charges[1].classes = vec!["winter-peak".into()];
    });
    assert_eq!(plan.peaks.len(), 2, "one for each charge");
    assert!(highest(&plan, night) < highest(&both, night) - 50.0, "{}", highest(&plan, night));
    assert!(plan.peaks[0].kw() >= highest(&plan, night) - 1e-6);
    assert!(plan.peaks[1].kw() >= highest(&plan, "winter-peak") - 1e-6);
    assert!(highest(&plan, "winter-peak") > plan.peaks[0].kw(), "the day is not charged");
}

#[test]
fn import_keeps_to_the_subscribed_power_or_says_by_how_much_not() {
    let subscribed = |kw: f64, class: &'static str| {
        with_tariff(|tariff| {
            let other = if class == "winter-peak" { "winter-off-peak" } else { "winter-peak" };
            let power = vec![
                (class.to_owned(), Power::from_kw(kw)),
                (other.to_owned(), Power::from_kw(1000.0)),
            ];
            tariff.subscribed = Some(Subscribed {
                power: PerClass::Each(power),
                average: Duration::from_secs(600),
                overrun: Overrun::PerEnergy(Price::new(5.0)),
                billing: Billing::Month,
            });
        })
    };
    let missed = |plan: &Plan| {
        let missed = plan.why.shortfalls.iter().find(|s| s.wish == "grid.subscribed");
        missed.map_or(0.0, |missed| missed.amount)
    };
    let free = with_tariff(|_| {});
    let day = "winter-peak";
    let plan = subscribed(150.0, day);
    assert!(highest(&free, day) > 160.0, "{}", highest(&free, day));
    assert!(highest(&plan, day) <= 150.0 + missed(&plan) + 0.5, "{}", highest(&plan, day));
    // The buildings and the lights alone need more than a kilowatt.
    let plan = subscribed(1.0, "winter-off-peak");
    assert_eq!(plan.rung, Rung::Relaxed);
    assert!(
        (highest(&plan, "winter-off-peak") - 1.0 - missed(&plan)).abs() < 0.01,
        "{}",
        missed(&plan)
    );
}

#[test]
fn exports_that_earn_more_than_imports_cost_are_no_perpetual_motion() {
    let plan = with_tariff(|tariff| tariff.feed_in = FeedIn::Fixed(Price::new(1.0)));
    assert!(highest(&plan, "winter-peak") < 1000.0);
    let plan = with_tariff(|tariff| {
        for class in &mut tariff.classes {
            class.price = Price::new(-0.05);
        }
    });
    assert!(highest(&plan, "winter-peak") < 1000.0, "below zero neither");
}

/// Energy of the plan's pumps at the price of a class, kWh of import.
fn imported(plan: &Plan, class: &str) -> f64 {
    let steps = (0..plan.steps.len()).filter(|&t| plan.class[t] == class);
    steps.map(|t| plan.import[t].kw() * plan.steps[t].hours()).sum()
}

#[test]
fn a_winter_day_is_planned_within_its_wishes_and_into_the_cheap_hours() {
    let world = world();
    let planned = plan_once(&world, Planner::default(), MIDNIGHT, &field(at(MIDNIGHT), (2.0, 4.0)));
    let plan = planned.plan;
    assert_eq!(plan.rung, Rung::Optimal, "{:?}", plan.why.shortfalls);
    for tank in &world.site.tanks {
        let height = tank.height.get();
        for level in &plan.tanks[&tank.id] {
            let share = level.get() / height;
            assert!((0.199..=0.951).contains(&share), "{} at {share:.3}", tank.id);
        }
    }
    // Eight of 24 hours are cheap: a plan that did not care would buy a third there.
    let (cheap, dear) = (imported(&plan, "winter-off-peak"), imported(&plan, "winter-peak"));
    assert!(cheap / (cheap + dear) > 0.41, "{cheap:.0} of {:.0} kWh", cheap + dear);
    let now_value = plan.why.energy_value[1].get();
    assert!((0.1..=0.6).contains(&now_value), "energy is worth {now_value}");
    let water = &plan.why.water_value;
    assert!(water.values().flatten().all(|value| (0.0..1.0).contains(value)), "{water:?}");
}

#[test]
fn what_stands_is_kept_and_the_same_question_has_the_same_answer() {
    let world = world();
    let field_now = field(at(MIDNIGHT), (2.0, 4.0));
    let first = plan_once(&world, Planner::default(), MIDNIGHT, &field_now);
    let again = plan_once(&world, Planner::default(), MIDNIGHT, &field_now);
    assert_eq!(first.plan, again.plan);
    let next = plan_once(&world, first.planner, "2026-01-14T23:01:00Z", &field_now);
    assert_eq!(next.plan.why.switching, "the standing pump combinations hold");
    assert_eq!(next.plan.switching_made_at, first.plan.switching_made_at);
}

#[test]
fn the_worst_day_has_a_plan_that_says_what_it_gives_up() {
    let world = world();
    // Both tanks all but empty before the morning's demand.
    let now = "2026-01-15T05:00:00Z";
    let planned = plan_once(&world, Planner::default(), now, &field(at(now), (0.3, 0.6)));
    assert_eq!(planned.plan.rung, Rung::Relaxed);
    let missed: Vec<&str> =
        planned.plan.why.shortfalls.iter().map(|missed| missed.wish.as_str()).collect();
    assert!(missed.contains(&"T1.band_low") && missed.contains(&"T2.band_low"), "{missed:?}");
    let pumps = planned.plan.pumps.values();
    let running: f64 = pumps.map(|shares| shares[1].get()).sum();
    assert!(running > 2.5, "everything runs: {running}");
}

#[test]
fn a_pump_that_is_lost_is_not_counted_upon() {
    let world = world();
    let mut values = field(at(MIDNIGHT), (2.0, 4.0));
    values = without(&values, "pump2");
    let planned = plan_once(&world, Planner::default(), MIDNIGHT, &values);
    let p2 = planned.plan.pumps.iter().find(|(id, _)| id.as_str() == "P2").expect("P2").1;
    assert!(p2.iter().all(|share| share.get() < 1e-9), "{p2:?}");
    assert!(planned.plan.pumps.values().flatten().any(|share| share.get() > 0.5));
}

fn without(snapshot: &Snapshot, device: &str) -> Snapshot {
    let kept = snapshot.iter().filter(|(point, _)| point.device().as_str() != device);
    let samples = kept.map(|(point, sample)| (point.clone(), sample.clone())).collect();
    Snapshot::new(snapshot.now, samples)
}

/// Local seven o'clock in winter: the morning's demand is near, energy is dear.
const MORNING: &str = "2026-01-15T06:00:00Z";

#[test]
fn a_plan_that_epanet_sees_fail_is_repaired_and_says_so() {
    let world = lying(world(), 0.45);
    let field = field(at(MORNING), (2.0, 4.0));
    let (_, plan, work) = asked(&world, Planner::default(), MORNING, &field);
    let plan = plan.expect("a repaired plan");
    assert_eq!((work.rejected, work.repaired, plan.rung), (1, 1, Rung::Optimal));
    assert!(plan.why.switching.contains("repaired after the audit: T1.band_low missed"));
}

#[test]
fn a_wish_that_no_repair_keeps_is_given_up_by_name() {
    let world = lying(world(), 0.45);
    let field = field(at(MORNING), (1.6, 3.0));
    let (_, plan, work) = asked(&world, Planner::default(), MORNING, &field);
    let plan = plan.expect("a relaxed plan");
    assert_eq!((work.rejected, work.repaired, plan.rung), (2, 0, Rung::Relaxed));
    let missed = &plan.why.shortfalls[0];
    assert_eq!((missed.wish.as_str(), missed.unit.as_str()), ("T1.band_low", "m"));
    assert!(missed.amount > 0.1, "{missed:?}");
}

#[test]
fn a_plan_that_physics_refuses_is_nobodys_plan() {
    let world = lying(world(), 0.3);
    let field = field(at(MORNING), (1.3, 2.4));
    let (_, plan, work) = asked(&world, Planner::default(), MORNING, &field);
    let Err(SolveError::Audit(fault)) = plan else { panic!("{plan:?}") };
    assert!(fault.contains("water appears from nowhere") && work.rejected == 2, "{fault}");
}

#[test]
fn what_stands_is_audited_in_every_cycle() {
    let honest = world();
    let field = field(at(MORNING), (1.3, 2.4));
    let first = plan_once(&honest, Planner::default(), MORNING, &field);
    // A minute later the network is another one: what stood must not be acted upon.
    let lying = lying(honest, 0.05);
    let (_, plan, work) = asked(&lying, first.planner, "2026-01-15T06:01:00Z", &field);
    assert!(matches!(plan, Err(SolveError::Audit(_))), "{plan:?}");
    assert!(work.audits >= 2 && work.switching == 1, "{work:?}");
}
