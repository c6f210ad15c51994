//! The page Prometheus reads.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::status;
use regie::metrics::{CHECKS_MAX, render};
use regie::status::{DemandStatus, Status};
use site::plan::{Basis, Estimated, Misfit, MisfitKind, PumpFit};
use site::units::Ratio;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

/// The lines of one family, its help and type included.
fn family(page: &str, name: &str) -> String {
    let belongs = |line: &&str| {
        let word = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        word.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))
    };
    page.lines().filter(belongs).collect::<Vec<_>>().join("\n")
}

/// Family names with their type.
fn families(page: &str) -> BTreeMap<&str, &str> {
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

#[test]
fn families_have_help_type_and_values() {
    let page = render(&status());
    insta::assert_snapshot!(family(&page, "regie_rung"), @r#"
    # HELP regie_rung Where the last cycle stands on the ladder: 1 for that rung.
    # TYPE regie_rung gauge
    regie_rung{rung="last_plan",site="val-clair"} 0
    regie_rung{rung="optimal",site="val-clair"} 0
    regie_rung{rung="relaxed",site="val-clair"} 1
    regie_rung{rung="release",site="val-clair"} 0
    regie_rung{rung="rules",site="val-clair"} 0
    "#);
    insta::assert_snapshot!(family(&page, "regie_guard_interventions_total"), @r#"
    # HELP regie_guard_interventions_total Proposals narrowed or blocked, by check.
    # TYPE regie_guard_interventions_total counter
    regie_guard_interventions_total{check="min_run",site="val-clair"} 3
    regie_guard_interventions_total{check="starts",site="val-clair"} 1
    "#);
    insta::assert_snapshot!(family(&page, "regie_point_bad"), @r#"
    # HELP regie_point_bad 1 for each point without a good value; no series for the others.
    # TYPE regie_point_bad gauge
    regie_point_bad{device="flow2",point="flow",site="val-clair"} 1
    "#);
    for line in [
        "regie_tank_level_metres{asset=\"T1\",site=\"val-clair\"} 2.512",
        "regie_asset_mode{asset=\"P3\",mode=\"shadow\",site=\"val-clair\"} 1",
        "regie_asset_mode{asset=\"P3\",mode=\"control\",site=\"val-clair\"} 0",
        "regie_asset_verification{asset=\"P2\",site=\"val-clair\",verification=\"mismatch\"} 1",
        "regie_asset_power_watts{asset=\"PV2\",site=\"val-clair\"} 2790.5",
        "regie_solver_linear_seconds{site=\"val-clair\"} 0.0145",
        "regie_solver_failures_total{reason=\"late\",site=\"val-clair\"} 2",
        "regie_solver_failures_total{reason=\"died\",site=\"val-clair\"} 0",
        "regie_solver_starts_total{site=\"val-clair\"} 4",
        "regie_import_energy_watthours_total{site=\"val-clair\"} 273750",
        "regie_plan_expiry_timestamp_seconds{site=\"val-clair\"} 1768208400",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn the_model_and_what_no_longer_fits_have_series() {
    let plain = render(&status());
    assert!(plain.lines().all(|line| !line.starts_with("regie_model")), "nothing is known yet");
    let estimated =
        |value, basis| Estimated { value: Ratio::new(value), spread: Ratio::new(0.02), basis };
    let fit = |value, basis| PumpFit {
        flow: estimated(value, basis),
        power: estimated(value + 0.1, basis),
    };
    let mut odd = status();
    let pumps = &mut odd.model.pumps;
    pumps.insert(fixtures::asset("P1"), fit(0.75, Basis::Measured));
    pumps.insert(fixtures::asset("P3"), fit(1.0, Basis::Default));
    odd.model.unexplained_m3_per_hour.insert(fixtures::asset("T1"), -3.5);
    odd.model.demand = Some(DemandStatus { ratio: 1.15, spread: 0.03 });
    odd.model.misfits.push(Misfit {
        subject: "P1".into(),
        kind: MisfitKind::Flow,
        value: 0.75,
        spread: 0.02,
        since: odd.at,
    });
    let page = render(&odd);
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("regie_model")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    regie_model_demand_ratio{site="val-clair"} 1.15
    regie_model_demand_spread_ratio{site="val-clair"} 0.03
    regie_model_fits{site="val-clair"} 0
    regie_model_misfit{kind="flow",site="val-clair",subject="P1"} 0.75
    regie_model_pump_flow_ratio{asset="P1",site="val-clair"} 0.75
    regie_model_pump_flow_spread_ratio{asset="P1",site="val-clair"} 0.02
    regie_model_pump_power_ratio{asset="P1",site="val-clair"} 0.85
    regie_model_pump_power_spread_ratio{asset="P1",site="val-clair"} 0.02
    regie_model_tank_unexplained_m3_per_hour{asset="T1",site="val-clair"} -3.5
    "#);
}

#[test]
fn what_is_unknown_has_no_series() {
    let page = render(&status());
    assert!(!page.contains("asset=\"T2\""), "the level of T2 is unknown");
    assert!(!family(&page, "regie_asset_active").contains("P3"));
    assert!(!family(&page, "regie_asset_verification").contains("P3"));
    assert!(!family(&page, "regie_device_last_answer_timestamp_seconds").contains("flow2"));

    let mut new = status();
    new.rung = None;
    new.grid.import_watts = Some(f64::NAN);
    new.solver = regie::status::SolverStatus::default();
    new.bad_points.clear();
    let page = render(&new);
    for absent in [
        "regie_rung",
        "regie_grid_import_watts",
        "regie_solver_linear_seconds",
        "regie_plan_shortfalls",
        "regie_plan_cost_eur",
        "regie_point_bad",
    ] {
        let values = family(&page, absent);
        assert!(values.lines().all(|line| line.starts_with('#')), "{values}");
    }
    assert!(page.contains("regie_rung_cycles_total{rung=\"release\",site=\"val-clair\"} 0"));
}

#[test]
fn every_name_follows_the_house_rules() {
    let page = render(&status());
    let families = families(&page);
    assert!(families.len() > 40, "{}", families.len());
    for (name, kind) in &families {
        assert!(name.starts_with("regie_"), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == "counter", "{name} is a {kind}");
        let help = format!("# HELP {name} ");
        assert!(page.lines().any(|line| line.starts_with(&help) && line.ends_with('.')), "{name}");
    }
    let labels: BTreeSet<&str> = page
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('{')?.1.split_once('}'))
        .flat_map(|(labels, _)| labels.split(','))
        .filter_map(|label| label.split_once('=').map(|(name, _)| name))
        .collect();
    let allowed = BTreeSet::from([
        "site",
        "asset",
        "device",
        "link",
        "point",
        "rung",
        "check",
        "cause",
        "mode",
        "verification",
        "version",
        "subject",
        "kind",
        "direction",
        "reason",
    ]);
    assert!(labels.is_subset(&allowed), "{labels:?}");
}

#[test]
fn checks_are_bounded_and_none_is_lost() {
    let mut many: Status = status();
    let counts = (0..CHECKS_MAX + 10).map(|number| (format!("check_{number:03}"), 2));
    many.guard.interventions = counts.collect();
    let page = render(&many);
    let values = family(&page, "regie_guard_interventions_total");
    let series = values.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(series, CHECKS_MAX + 1);
    assert!(values.contains("{check=\"other\",site=\"val-clair\"} 20"), "{values}");
}

#[test]
fn the_page_depends_on_the_status_alone() {
    assert_eq!(render(&status()), render(&status()));
}

/// The judge of Prometheus itself, where it is installed.
#[test]
fn promtool_has_nothing_to_say() {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = started else {
        eprintln!("promtool is not installed; this test then only says so");
        return;
    };
    let mut stdin = promtool.stdin.take().expect("piped");
    stdin.write_all(render(&status()).as_bytes()).expect("written");
    drop(stdin);
    let output = promtool.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
