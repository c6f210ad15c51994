//! What is wrong is said: where, and what to do. Exit code 78 for what was given, 64 for a command
//! line that cannot be read, 1 for the machine.

use crate::command::{File, KNOWN, Run, VAN_ZYL, schedule_file};

/// Standard error of a run that ends with a code and prints nothing else.
#[track_caller]
fn refused(code: i32, words: &[&str]) -> String {
    let run = Run::of(words);
    run.ended_with(code);
    assert_eq!(run.text(), "");
    run.errors()
}

/// What `schedule` says of options for the van Zyl network.
#[track_caller]
fn option(words: &[&str]) -> String {
    refused(78, &[&["schedule", "--network", VAN_ZYL][..], words].concat())
}

/// What `audit` says of a schedule file.
#[track_caller]
fn file(file: &File) -> String {
    let errors = refused(78, &["audit", "--network", VAN_ZYL, "--schedule", file.path()]);
    errors.replace(file.path(), "schedule.json")
}

#[test]
fn a_network_that_is_not_there() {
    for command in ["schedule", "baseline"] {
        let errors = refused(78, &[command, "--network", "nowhere.inp"]);
        insta::allow_duplicates! {
            insta::assert_snapshot!(errors, @"
            regie-sim: network file nowhere.inp does not exist; correct the path or put the file there
            ");
        }
    }
}

#[test]
fn a_network_that_epanet_cannot_read() {
    let text = std::fs::read_to_string(format!("../{VAN_ZYL}")).expect("the example is there");
    let broken = text.replace(" p2     n2     n3 ", " p2     n2     n33 ");
    assert_ne!(text, broken);
    let broken = File::of("broken.inp", &broken);
    let errors = refused(78, &["schedule", "--network", broken.path()]);
    insta::assert_snapshot!(errors.replace(broken.path(), "broken.inp"), @"
    regie-sim: network file broken.inp is not usable; correct it:
      line 62: Error 203: undefined node n33 in [PIPES] section `p2     n2     n33      2600       450      100        0     Open`
    ");
}

#[test]
fn a_network_without_pumps() {
    let text = "[RESERVOIRS]\n r 10\n[JUNCTIONS]\n n 5 1\n[PIPES]\n p r n 10 100 100\n";
    let dry = File::of("gravity.inp", text);
    let errors = refused(78, &["baseline", "--network", dry.path()]);
    insta::assert_snapshot!(errors.replace(dry.path(), "gravity.inp"), @"
    regie-sim: gravity.inp has no pump: there is nothing to schedule
    ");
}

#[test]
fn a_tariff_that_is_none() {
    insta::assert_snapshot!(option(&["--tariff", "22-06=cheap"]), @"
    error: invalid value '22-06=cheap' for '--tariff <TARIFF>': `22-06=cheap` in the tariff: its price is no number; write for example `22:00-06:00=0.08,else=0.20`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(option(&["--tariff", "22:00-06:00=0.08"]), @"
    error: invalid value '22:00-06:00=0.08' for '--tariff <TARIFF>': the tariff leaves a part of the day without a price; add `else=PRICE`; write for example `22:00-06:00=0.08,else=0.20`

    For more information, try '--help'.
    ");
}

#[test]
fn a_floor_for_a_node_that_is_not_there() {
    insta::assert_snapshot!(option(&["--min-pressure", "n99=20"]), @"
    regie-sim: --min-pressure n99=20: the network has no junction 'n99'; it has n1, n10, n11, n12, n13, n2, n3, n361, n362, n364, n365, n5, ...; write NODE=METRES, for example n5=20
    ");
    insta::assert_snapshot!(option(&["--min-pressure", "n5"]), @"
    regie-sim: --min-pressure n5: no '='; write NODE=METRES, for example n5=20
    ");
    insta::assert_snapshot!(option(&["--min-pressure", "n5=wet"]), @"
    regie-sim: --min-pressure n5=wet: the pressure is no number; write NODE=METRES, for example n5=20
    ");
}

#[test]
fn speeds_that_are_none() {
    insta::assert_snapshot!(option(&["--speed", "P1=0.7-1.0"]), @"
    regie-sim: --speed P1=0.7-1.0: the network has no pump 'P1'; it has pmp1, pmp2, pmp6; write PUMP=LEAST-MOST, for example P1=0.7-1.0
    ");
    insta::assert_snapshot!(option(&["--speed", "pmp1=1.2-0.7"]), @"
    regie-sim: --speed pmp1=1.2-0.7: the range is empty or beyond 3 times the nominal speed; write PUMP=LEAST-MOST, for example P1=0.7-1.0
    ");
}

#[test]
fn steps_that_do_not_fit() {
    insta::assert_snapshot!(option(&["--step", "7m"]), @"
    regie-sim: a step of 420 s does not divide the horizon of 86400 s; write for example --step 60m --horizon 24h
    ");
    insta::assert_snapshot!(option(&["--step", "1s"]), @"
    regie-sim: 86400 steps, at most 2000; make them longer
    ");
    insta::assert_snapshot!(option(&["--horizon", "0h"]), @"
    regie-sim: --horizon 0: write for example 24h
    ");
    insta::assert_snapshot!(option(&["--horizon", "40d"]), @"
    error: invalid value '40d' for '--horizon <HORIZON>': '40d' is not a whole number of seconds up to 31 days

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(option(&["--time-limit", "soon"]), @"
    error: invalid value 'soon' for '--time-limit <TIME_LIMIT>': 'soon' is not a time; write 90s, 60m, 24h or 1d

    For more information, try '--help'.
    ");
}

#[test]
fn a_schedule_file_that_is_not_there() {
    let errors = refused(78, &["audit", "--network", VAN_ZYL, "--schedule", "nowhere.json"]);
    insta::assert_snapshot!(errors, @"
    regie-sim: nowhere.json: No such file or directory (os error 2); check the path
    ");
}

#[test]
fn a_schedule_file_that_is_none() {
    insta::assert_snapshot!(file(&File::of("s.json", "pmp1 on from 8 to 10")), @r#"
    regie-sim: schedule.json: not a schedule (expected value at line 1 column 1); it must look like {"step_seconds": 3600, "schedule": {"PUMP": [0, 1, ...]}}
    "#);
    let one = r#"{"step_seconds": 3600, "schedule": {"pmp1": [1], "pmp2": [1]}}"#;
    insta::assert_snapshot!(file(&File::of("s.json", one)), @"
    regie-sim: schedule.json: pump 'pmp6' is not in it; add it
    ");
    let four = r#"{"step_seconds": 3600,
        "schedule": {"pmp1": [1], "pmp2": [1], "pmp3": [0], "pmp6": [1]}}"#;
    insta::assert_snapshot!(file(&File::of("s.json", four)), @"
    regie-sim: schedule.json: the network has no pump 'pmp3'; it has pmp1, pmp2, pmp6
    ");
}

#[test]
fn a_schedule_of_another_length() {
    let [a, b, c] = KNOWN;
    insta::assert_snapshot!(file(&schedule_file(3600, [a, &b[1..], c])), @"
    regie-sim: schedule.json: pump 'pmp2' has 23 steps, the first pump 24
    ");
    insta::assert_snapshot!(file(&schedule_file(3600, ["10"; 3])), @"
    regie-sim: the schedule has 2 steps of 3600 s, the horizon 24; give --horizon as long as the schedule
    ");
    insta::assert_snapshot!(file(&schedule_file(7000, ["10"; 3])), @"
    regie-sim: a step of 7000 s does not divide the horizon of 86400 s; write for example --step 60m --horizon 24h
    ");
    insta::assert_snapshot!(file(&schedule_file(3600, [a, b, &"4".repeat(24)])), @"
    regie-sim: the speed of pump pmp6 is 4, but must be between 0 (off) and 3 times nominal
    ");
}

#[test]
fn a_command_line_that_cannot_be_read() {
    let errors = refused(64, &["schedule"]);
    assert!(errors.contains("--network"), "{errors}");
    let errors = refused(64, &["schedule", "--network", VAN_ZYL, "--fast"]);
    assert!(errors.contains("'--fast'"), "{errors}");
    let help = Run::of(&["schedule", "--help"]);
    help.ended_with(0);
    assert!(help.text().contains("--total-starts <N>") && help.errors().is_empty());
}

#[test]
fn a_file_that_cannot_be_written_costs_nothing_that_was_found() {
    let plan = ["schedule", "--network", VAN_ZYL, "--time-limit", "1s", "--json"];
    let run = Run::of(&[&plan[..], &["--output", "/nowhere/schedule.json"]].concat());
    run.ended_with(1);
    assert_eq!(run.json()["step_seconds"], 3600);
    assert!(run.errors().starts_with("regie-sim: cannot write '/nowhere/schedule.json': "));
}
