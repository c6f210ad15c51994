//! Whole searches through the public interface, judged by the audit.

use hydraulics::{Audit, Auditor, Drive, EndLevel, Limits, Network, Prices};
use policies::scheduling::{Candidate, Problem, Search, bound, speeds_of_file};

struct Question {
    network: Network,
    limits: Limits,
    prices: Prices,
    speeds: Vec<Vec<f64>>,
}

impl Question {
    fn of(path: &str) -> Self {
        let network = Network::load(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR")))
            .expect("a network of the tree");
        let speeds = speeds_of_file(&network);
        Self { network, limits: Limits::default(), prices: Prices::File, speeds }
    }

    fn problem(&self) -> Problem<'_> {
        let Self { network, limits, prices, speeds } = self;
        Problem { network, step_s: 3600, steps: 24, limits, prices, speeds }
    }

    /// Some rounds of exploring and polishing; the best candidate and its audit.
    fn search(&self, seed: u64, rounds: u32) -> (Candidate, Audit) {
        let problem = self.problem();
        let mut search = Search::new(&problem, seed).expect("opens");
        let mut best: Option<Candidate> = None;
        for _ in 0..rounds {
            let explored = search.explore(best.as_ref(), 20_000, &|| false);
            let polished = search.polish(&explored, 150, &|| false);
            if best.as_ref().is_none_or(|best| polished.better_than(best)) {
                best = Some(polished);
            }
        }
        let best = best.expect("a round");
        let schedule = search.schedule(&best);
        let audit = Auditor::open(&self.network)
            .audit(&Drive::Schedule(&schedule), &problem.audit())
            .expect("a sound question");
        (best, audit)
    }
}

fn night_tariff() -> Prices {
    Prices::Clock("22:00-06:00=0.08,else=0.20".parse().expect("a tariff"))
}

/// What the search believes is what the audit says.
fn assert_agreed(found: &Candidate, audit: &Audit) {
    assert!(found.feasible() && audit.feasible(), "{:?}", audit.faults);
    let cost = audit.cost.unwrap_or_else(|| audit.energy_kwh());
    assert!((found.cost() - cost).abs() < 1e-3 * cost, "{} and {cost}", found.cost());
}

#[test]
fn a_short_search_of_van_zyl_comes_close_to_the_best_known() {
    let (found, audit) = Question::of("examples/networks/van_zyl.inp").search(1, 8);
    assert_agreed(&found, &audit);
    println!("{:.2} a day, {} starts", found.cost(), audit.total_starts());
    assert!(found.cost() < 355.0, "{}", found.cost());
}

#[test]
fn starts_are_kept_to() {
    let mut question = Question::of("examples/networks/van_zyl.inp");
    question.limits = Limits { total_starts_max: Some(9), ..Limits::default() };
    let (found, audit) = question.search(1, 4);
    assert_agreed(&found, &audit);
    assert!(audit.total_starts() <= 9, "{:?}", audit.starts);
}

#[test]
fn runs_and_stops_are_as_long_as_asked() {
    let mut question = Question::of("examples/networks/van_zyl.inp");
    question.limits =
        Limits { min_run_s: 3 * 3600, min_stop_s: 2 * 3600, periodic: true, ..Limits::default() };
    let (found, audit) = question.search(2, 6);
    assert_agreed(&found, &audit);
}

#[test]
fn a_schedule_of_net1_lies_above_its_bound() {
    let mut question = Question::of("examples/networks/Net1.inp");
    question.prices = night_tariff();
    let (found, audit) = question.search(1, 2);
    assert_agreed(&found, &audit);
    let bound = bound(&question.problem(), 5.0, &|| false).expect("opens").bound.expect("small");
    println!("{:.3}, bound {bound:.3}", found.cost());
    assert!(bound <= found.cost() * 1.001 && found.cost() < 1.1 * bound);
}

#[test]
fn energy_is_saved_where_nothing_has_a_price() {
    let question = Question::of("examples/networks/Net1.inp");
    assert!(!question.problem().priced());
    let (found, audit) = question.search(1, 2);
    assert_agreed(&found, &audit);
    assert_eq!(audit.cost, None);
}

#[test]
fn tanks_may_be_emptied_where_the_end_is_free() {
    let mut question = Question::of("examples/networks/van_zyl.inp");
    let (kept, _) = question.search(3, 2);
    question.limits.end_level = EndLevel::Free;
    let (free, audit) = question.search(3, 2);
    assert_agreed(&free, &audit);
    assert!(free.cost() < 0.95 * kept.cost(), "{} {}", free.cost(), kept.cost());
    assert!(audit.storage_change_m3() < -500.0, "{}", audit.storage_change_m3());
}

#[test]
fn a_charge_for_the_highest_power_makes_flat_schedules() {
    let question = Question::of("sim/tests/networks/demand_charge.inp");
    let (found, audit) = question.search(1, 3);
    assert_agreed(&found, &audit);
    let charged = audit.peak_power_w;
    let mut without = Question::of("sim/tests/networks/demand_charge.inp");
    without.prices = Prices::Clock(
        "06:00-17:00=0.16,17:00-21:00=0.24,21:00-22:00=0.16,else=0.08".parse().expect("a tariff"),
    );
    let (_, free) = without.search(1, 3);
    assert!(charged < 0.9 * free.peak_power_w, "{charged} W and {} W", free.peak_power_w);
}

#[test]
fn variable_speed_is_used_and_pays() {
    let question = Question::of("sim/tests/networks/variable_speed.inp");
    let (found, audit) = question.search(1, 16);
    assert_agreed(&found, &audit);
    let mut fixed = Question::of("sim/tests/networks/variable_speed.inp");
    fixed.speeds = vec![vec![1.0]; 2];
    let (fixed, _) = fixed.search(1, 16);
    assert!(found.cost() < fixed.cost(), "{} {}", found.cost(), fixed.cost());
}
