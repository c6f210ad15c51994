//! Whatever is proposed, whatever the field shows, whatever the guard remembers: one look.

use super::{Allowed, Bench, GuardMemory, guard, id, told, wish};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use site::command::{Authority, Outcome, Proposal, Setpoint};
use site::units::Ratio;
use site::{Site, Snapshot};

/// All that can be asked, and a tank and a stranger.
const ASSETS: [&str; 10] = ["P1", "P2", "P3", "P4", "P5", "PV1", "PV2", "L1", "T1", "X9"];
const FLAGS: [&str; 4] = ["running", "remote", "fault", "dry"];

fn setpoint() -> impl Strategy<Value = Setpoint> {
    let share = || (-0.5..1.5).prop_map(Ratio::new);
    prop_oneof![
        3 => Just(Setpoint::Run),
        3 => Just(Setpoint::Stop),
        2 => share().prop_map(Setpoint::Limit),
        1 => Just(Setpoint::NoLimit),
        2 => share().prop_map(Setpoint::Light),
    ]
}

fn authority() -> impl Strategy<Value = Authority> {
    use Authority::{External, Interlock, Operator, Plan, Program};
    prop::sample::select(vec![Interlock, Operator, External, Plan, Program])
}

fn proposals() -> impl Strategy<Value = Vec<Proposal>> {
    let one = (prop::sample::select(ASSETS.to_vec()), setpoint(), authority());
    prop::collection::vec(one.prop_map(|(asset, set, who)| wish(asset, set, who)), 0..24)
}

/// One change of the field: a device's flag, a number, or a sample gone bad.
#[derive(Debug, Clone)]
enum Change {
    Flag(String, bool),
    Number(&'static str, f64),
    Bad(String),
}

fn change() -> impl Strategy<Value = Change> {
    let flag = (1..=5, prop::sample::select(FLAGS.to_vec())).prop_map(|(n, f)| format!("d{n}.{f}"));
    let any_flag =
        prop_oneof![8 => flag, 1 => Just("c1.lit".into()), 1 => Just("c1.remote".into())];
    let number = prop_oneof![
        (0.0..6.0).prop_map(|level| ("l1.level", level)),
        (0.0..11.0).prop_map(|level| ("l2.level", level)),
        (0.0..7e4).prop_map(|power| ("s1.power", power)),
        (0.0..120.0).prop_map(|limit| ("s1.limit", limit)),
        (0.0..120.0).prop_map(|level| ("c1.level", level)),
    ];
    let points = ["l1.level", "l2.level", "s1.power", "s1.limit", "s2.power", "c1.level"];
    let bad = prop::sample::select(points.to_vec()).prop_map(String::from);
    prop_oneof![
        6 => (any_flag.clone(), any::<bool>()).prop_map(|(point, on)| Change::Flag(point, on)),
        4 => number.prop_map(|(point, value)| Change::Number(point, value)),
        1 => prop_oneof![any_flag, bad].prop_map(Change::Bad),
    ]
}

/// A bench with a past: changes of the field, and looks with proposals of their own.
fn bench() -> impl Strategy<Value = Bench> {
    let past = prop::collection::vec((prop::collection::vec(change(), 0..6), proposals()), 1..6);
    (past, any::<bool>()).prop_map(|(past, watched)| {
        let mut bench = Bench::usual();
        for (changes, proposals) in past {
            for change in changes {
                match change {
                    Change::Flag(point, on) => bench.field.flag(&point, on),
                    Change::Number(point, value) => bench.field.number(point, value),
                    Change::Bad(point) => bench.field.bad(&point),
                }
            }
            bench.look(&proposals);
            bench.field.pass(10);
        }
        if !watched {
            bench.memory = GuardMemory::default();
        }
        bench
    })
}

/// One look that leaves the memory as it is.
fn look(bench: &Bench, site: &Site, proposals: &[Proposal]) -> Allowed {
    guard(site, &bench.field.snapshot(), &bench.memory, proposals)
}

fn on(snapshot: &Snapshot, device: &str, flag: &str) -> Option<bool> {
    snapshot.flag(&format!("{device}.{flag}").try_into().unwrap())
}

fn level(snapshot: &Snapshot, point: &str) -> Option<f64> {
    snapshot.number(&point.to_owned().try_into().unwrap())
}

/// The envelope of a pump in the test's own words: may it be told anything; may it run?
fn envelope(snapshot: &Snapshot, pump: &str) -> (bool, bool) {
    let device = pump.to_lowercase().replace('p', "d");
    let flags = ["running", "remote", "fault", "dry"].map(|f| on(snapshot, &device, f));
    let (t1, t2) = (level(snapshot, "l1.level"), level(snapshot, "l2.level"));
    let lifts = pump == "P3";
    let seen = flags.iter().all(Option::is_some) && t1.is_some() && (!lifts || t2.is_some());
    let ours = flags[1] == Some(true) && flags[2] == Some(false);
    let room = if lifts { t2 < Some(9.7) && t1 > Some(0.75) } else { t1 < Some(4.85) };
    (seen && ours, flags[3] == Some(false) && room)
}

/// Seeded: a run today and a run tomorrow try the same cases.
fn config() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(20_250_601);
    ProptestConfig { cases: 512, failure_persistence: None, rng_seed, ..Default::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_proposal_gets_an_answer_and_nothing_else_does(
        bench in bench(), proposals in proposals(),
    ) {
        let allowed = look(&bench, &bench.site, &proposals);
        let assets: Vec<_> = allowed.commands.iter().map(|c| c.get().asset.clone()).collect();
        prop_assert!(assets.windows(2).all(|pair| pair[0] < pair[1]), "one each, in order");
        for name in ASSETS {
            let asked = proposals.iter().any(|p| p.asset == id(name));
            let command = told(&allowed, name);
            let verdicts = || allowed.verdicts.iter().filter(|v| v.asset == id(name));
            let blocked = verdicts().any(|v| v.outcome == Outcome::Blocked);
            prop_assert_eq!(asked, verdicts().next().is_some(), "{} has a verdict", name);
            prop_assert_eq!(asked && !blocked, command.is_some(), "{} is told or blocked", name);
            if ["P4", "P5", "T1", "X9"].contains(&name) {
                prop_assert_eq!(command, None, "{} is not controlled", name);
            }
        }
    }

    #[test]
    fn a_pump_is_told_nothing_from_bad_data_and_never_runs_against_an_interlock(
        bench in bench(), proposals in proposals(),
    ) {
        let snapshot = bench.field.snapshot();
        let allowed = look(&bench, &bench.site, &proposals);
        for pump in ["P1", "P2", "P3"] {
            let Some(setpoint) = told(&allowed, pump) else { continue };
            let (may_tell, may_run) = envelope(&snapshot, pump);
            prop_assert!(may_tell, "{pump}: {setpoint}");
            prop_assert!(may_run || setpoint == Setpoint::Stop, "{pump}: {setpoint}");
        }
    }

    #[test]
    fn shares_stay_in_bounds_and_only_move_to_the_safe_side(
        bench in bench(), set in setpoint(), who in authority(),
    ) {
        for asset in ["PV1", "PV2", "L1"] {
            let allowed = look(&bench, &bench.site, &[wish(asset, set, who)]);
            match (set, told(&allowed, asset)) {
                (_, None) => {}
                (Setpoint::Limit(wanted), Some(Setpoint::Limit(limit))) => {
                    prop_assert!(limit.get() <= wanted.get().clamp(0.05, 1.0) + 1e-9);
                    prop_assert!(limit.get() >= 0.05);
                }
                (Setpoint::NoLimit, Some(Setpoint::Limit(limit))) => {
                    prop_assert!((0.05..=1.0).contains(&limit.get()));
                }
                (Setpoint::NoLimit, Some(Setpoint::NoLimit)) => {}
                (Setpoint::Light(wanted), Some(Setpoint::Light(level))) => {
                    prop_assert!(level.get() >= wanted.get().clamp(0.0, 1.0) - 1e-9);
                    prop_assert!(level.get() <= 1.0);
                }
                (wanted, Some(other)) => prop_assert!(false, "{asset}: {wanted} became {other}"),
            }
        }
    }

    #[test]
    fn the_order_of_assets_and_of_their_proposals_changes_nothing(
        bench in bench(), proposals in proposals(),
    ) {
        let allowed = look(&bench, &bench.site, &proposals);
        let mut other_order = proposals.clone();
        // Stable: proposals for one asset keep their order among themselves.
        other_order.sort_by(|a, b| b.asset.cmp(&a.asset));
        prop_assert_eq!(&look(&bench, &bench.site, &other_order), &allowed);
        let mut turned = bench.site.clone();
        turned.pumps.reverse();
        turned.tanks.reverse();
        turned.inverters.reverse();
        prop_assert_eq!(&look(&bench, &turned, &proposals), &allowed);
    }
}
