//! What people type, and what they read.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::{asset, plan, status};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policies::forecast::Learned;
use policies::forecast::backtest::Score;
use regie::cli::arguments::ForecastAction;
use regie::cli::{Action, Log, Target, exit, parse, render};
use regie::past::BacktestReport;
use regie::status::{AssetKind, AssetStatus};
use site::asset::Mode;
use site::plan::{Misfit, MisfitKind, Step};
use site::text::{Finding, Place};
use std::path::PathBuf;

fn typed(words: &str) -> Result<Action, u8> {
    let words = std::iter::once("regie").chain(words.split_whitespace());
    parse(words.map(Into::into)).map(|arguments| arguments.action)
}

#[test]
fn what_people_type_is_understood() {
    // The environment is not changed here: REGIE_SITE belongs to whoever runs the test.
    let site = PathBuf::from("a.yaml");
    let run = typed("run --site a.yaml --log json");
    assert_eq!(run, Ok(Action::Run { site: site.clone(), log: Log::Json }));
    assert_eq!(typed("check a.yaml"), Ok(Action::Check { site: site.clone() }));
    let Ok(Action::Status { question }) = typed("status --site a.yaml --json") else {
        panic!("a status");
    };
    assert_eq!((question.target(), question.json), (Target::Site(site), true));
    let Ok(Action::Explain { asset: found, at: None, question }) =
        typed("explain P1 --url http://[::1]:9")
    else {
        panic!("an explanation");
    };
    assert_eq!((found, question.json), (asset("P1"), false));
    assert_eq!(question.target(), Target::Url("http://[::1]:9".to_owned()));
}

#[test]
fn a_backtest_takes_lead_times_in_quarters_of_an_hour() {
    let backtest = |words: &str| match typed(&format!("forecast backtest a.yaml {words}")) {
        Ok(Action::Forecast { action: ForecastAction::Backtest(arguments) }) => Ok(arguments),
        Ok(other) => panic!("{other:?}"),
        Err(code) => Err(code),
    };
    assert_eq!(backtest("").map(|arguments| arguments.lead), Ok(vec![4, 24, 96]));
    let given = backtest("--lead 15min,1h,48h --from 2026-01-15 --history h --json");
    let given = given.expect("it is well formed");
    assert_eq!((given.lead, given.json), (vec![1, 4, 192], true));
    assert_eq!(given.from, Some(jiff::civil::date(2026, 1, 15)));
    for wrong in ["--lead 10min", "--lead 49h", "--lead 0h", "--lead 1", "--from today"] {
        assert_eq!(backtest(wrong).map(|arguments| arguments.lead), Err(exit::USAGE), "{wrong}");
    }
}

#[test]
fn a_backtest_is_a_table() {
    let score = |quantity: &str, unit, clear| Score {
        quantity: quantity.to_owned(),
        unit,
        lead_hours: 24.0,
        count: 1248,
        mean: 532.7,
        mae: 34.391,
        bias: -1.25,
        rmse: 54.33,
        persistence_mae: 46.4,
        skill: 0.2588,
        clear_sky_persistence_mae: clear,
        within_spread: 0.702,
    };
    let at = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/sites/val-clair/site.yaml");
    let shipped = regie::load::load(path.as_ref()).expect("the shipped site is sound");
    let mut report = BacktestReport {
        learned_from: at("2026-03-04T23:00:00Z"),
        from: at("2026-03-05T23:00:00Z"),
        to: at("2026-03-18T22:59:03Z"),
        images: 20_160,
        learned: Learned::new(&shipped.site),
        scores: vec![score("demand", "m3/h", None), score("all_pv", "kW", Some(40.0))],
    };
    let zone = TimeZone::get("Europe/Paris").expect("a zone");
    insta::assert_snapshot!(render::backtest(&report, &zone), @r"
    Forecasts from 2026-03-06 00:00 to 2026-03-18 23:59, learned from 2026-03-05 00:00 on, 20160 images
                         lead  quarters     mean      MAE     bias     RMSE | yesterday   skill  clear sky | in spread
    demand, m3/h         24 h      1248   532.70    34.39    -1.25    54.33 |     46.40    26 %          - |      70 %
    all_pv, kW           24 h      1248   532.70    34.39    -1.25    54.33 |     46.40    26 %      40.00 |      70 %
    MAE mean absolute error; bias above 0: too much was forecast; yesterday, clear sky: MAE of persistence;
    skill: 1 less MAE over yesterday's; in spread: about 68 % where spreads are right
    ");
    report.scores.clear();
    assert!(render::backtest(&report, &zone).contains("nothing to compare"));
}

#[test]
fn what_is_wrong_exits_as_documented() {
    assert_eq!(typed("--help"), Err(exit::OK));
    assert_eq!(typed("--version"), Err(exit::OK));
    for wrong in ["stop", "explain", "explain 4x", "run --log xml", "status --jsn"] {
        assert_eq!(typed(wrong), Err(exit::USAGE), "{wrong}");
    }
    let codes = [
        exit::OK,
        exit::USAGE,
        exit::UNAVAILABLE,
        exit::INTERNAL,
        exit::PERMISSION,
        exit::CONFIGURATION,
    ];
    assert_eq!(codes, [0, 64, 69, 70, 77, 78]);
    for code in codes {
        assert!(exit::HELP.contains(&format!("{code:>4}  ")), "{code} is documented");
    }
}

#[test]
fn the_words_of_commissioning_are_understood() {
    for right in [
        "probe tcp://192.0.2.10 --units 1-10,17 --timeout 2s --json",
        "probe tcp://192.0.2.10:502 --read holding:100:10 --as f32,swap --unit 3 --from-one",
        "points a.yaml pump1 pump1.power --watch --json",
        "write charger1.current -5 --once --reason trial --yes",
        "write --list --url http://127.0.0.1:9",
        "import a.csv --format csv --addresses modicon --out b --name meter",
    ] {
        assert!(typed(right).is_ok(), "{right}");
    }
    for wrong in [
        "probe",
        "probe 192.0.2.10",
        "probe tcp://192.0.2.10 --units 300",
        "probe tcp://192.0.2.10 --as f32",
        "probe tcp://192.0.2.10 --read holding:1 --as f16",
        "probe tcp://192.0.2.10 --read holding:1 --unit 1 --units 1",
        "write charger1.current 5",
        "write charger1.current --once",
        "write --list --once",
        "import a.csv --name 4x",
        "import a.csv --addresses two",
    ] {
        assert_eq!(typed(wrong), Err(exit::USAGE), "{wrong}");
    }
}

#[test]
fn help_names_the_exit_codes() {
    use clap::CommandFactory;
    let help = regie::cli::Arguments::command().term_width(80).render_help().to_string();
    insta::assert_snapshot!(help, @r#"
    The control room for a commune's energy and water

    Usage: regie <COMMAND>

    Commands:
      run        Run the daemon: poll the field, plan, and write setpoints
      check      Check a site file and every file it names, and say all that is
                 wrong
      probe      Ask a device what it is and what stands in its registers; nothing
                 is ever written
      import     Make a profile of a Telegraf configuration or of a register list in
                 CSV
      points     Show what every point reads now, its quality and its age
      write      Write one value of one point by hand, through the guard and on
                 record
      limit      Take up, show and clear limits of import and export that the grid's
                 operator orders
      trip       Show which assets have tripped, and reset them
      tariff     Show what a kWh costs, price by price, so that a bill can be
                 checked
      status     Show what a running daemon sees and does
      plan       Show the plan in force, hour by hour
      districts  Show the districts: night flows, leak alarms, volume balances
      forecast   Put the forecasts to the test
      explain    Say why an asset does what it does
      what-if    Say what it would cost to hold an asset until some time; nothing is
                 changed
      help       Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
       0  all is well
      64  the command line is wrong
      69  no daemon or device answers, or it does not have what was asked for
      70  a fault of regie itself
      77  the operating system refuses a file, a folder or an address
      78  the site file, or a file it names, is wrong
    "#);
}

#[test]
fn a_price_that_is_not_known_and_a_table_that_is_wrong_are_told() {
    let mut status = status();
    status.price_assumed = true;
    status.tariff_trouble = Some("colours.csv:2:12: unknown-colour".into());
    let screen = render::status(&status);
    assert!(screen.contains("winter-peak at 0.2100 EUR/kWh, assumed\n"), "{screen}");
    assert!(screen.contains("\nTariff  colours.csv:2:12: unknown-colour\n"), "{screen}");
}

#[test]
fn the_status_fits_one_screen() {
    let screen = render::status(&status());
    insta::assert_snapshot!(screen, @r#"
    Val-Clair (val-clair)                          2026-01-12 09:30 CET  regie 0.1.0
    Rung    relaxed: T2.reserve was given up by 4.25 m3
    Grid    import 182.5 kW, peak 212.0 kW; winter-peak at 0.2100 EUR/kWh
    Tanks       level    now                         +1 h   +3 h   +6 h
      T1       2.51 m   50 % [##########..........]   55 %   71 %   90 %
      T2            -      - [????????????????????]      -      -      -
    Assets   mode    state         power setting  command      field
      L1     control dark         0.0 kW     0 %  dark         confirmed
      L2     control dark         0.0 kW     0 %  dark         confirmed
      L3     observe dark         0.0 kW     0 %  dark         confirmed
      P1     control runs       151.2 kW       -  run          confirmed
      P2     control stands       0.0 kW       -  run          differs, 2 times
      P3     shadow  unknown           -       -  -            the switch stands on…
      PV1    control produces     4.3 kW   100 %  release      confirmed
      PV2    control produces     2.8 kW    60 %  limit 60 %   confirmed
    Devices 14, 1 in trouble; serial:///dev/ttyUSB0 23 % busy
      flow2 at tcp://127.0.0.1:15102: no answer; never answered
    Guard   4 narrowed or blocked since the start; interlocks held: 1
      P2 blocked by min_run: has run 4 min of 10 min
    Writes  12 commands, 640 refreshes, 1 failed, 2 differ, 1 pending
    Cycles  90 since 2026-01-12 08:00 CET, 2 late; plan until 10:00
    Bill    273.8 kWh in, 1.2 kWh out, 57.39 EUR since the start
    "#);
    assert_fits(&screen);
}

fn assert_fits(screen: &str) {
    assert!(screen.lines().count() <= 23, "a prompt still fits below:\n{screen}");
    for line in screen.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_bad_day_fits_one_screen_too() {
    let mut bad = status();
    bad.name = "Saint-Rémy-en-Bouzemont-Saint-Genest-et-Isson".to_owned();
    bad.speed = 600.0;
    bad.because = Some("the optimiser\nfound no plan \x1b[31mat all ".repeat(9));
    let verdict = bad.guard.latest[0].clone();
    bad.guard.latest.extend([verdict.clone(), verdict]);
    for device in &mut bad.devices {
        device.good = false;
        device.trouble = None;
    }
    let screen = render::status(&bad);
    insta::assert_snapshot!(screen, @r#"
    Saint-Rémy-en-Bouzemont-Saint-Gene… 2026-01-12 09:30 CET, 600 times  regie 0.1.0
    Rung    relaxed: the optimiser found no plan [31mat all the optimiser found no…
    Grid    import 182.5 kW, peak 212.0 kW; winter-peak at 0.2100 EUR/kWh
    Tanks       level    now                         +1 h   +3 h   +6 h
      T1       2.51 m   50 % [##########..........]   55 %   71 %   90 %
      T2            -      - [????????????????????]      -      -      -
    Assets   mode    state         power setting  command      field
      L1     control dark         0.0 kW     0 %  dark         confirmed
      L2     control dark         0.0 kW     0 %  dark         confirmed
      L3     observe dark         0.0 kW     0 %  dark         confirmed
      P1     control runs       151.2 kW       -  run          confirmed
      P2     control stands       0.0 kW       -  run          differs, 2 times
      P3     shadow  unknown           -       -  -            the switch stands on…
      PV1    control produces     4.3 kW   100 %  release      confirmed
      PV2    control produces     2.8 kW    60 %  limit 60 %   confirmed
    Devices 14, 14 in trouble (2 of 14 shown); serial:///dev/ttyUSB0 23 % busy
      flow1 at tcp://127.0.0.1:15101: not all points are good; last answer 09:30
      flow2 at tcp://127.0.0.1:15102: not all points are good; never answered
    Guard   4 narrowed or blocked since the start; interlocks held: 1 (1 of 3 shown)
      P2 blocked by min_run: has run 4 min of 10 min
    Writes  12 commands, 640 refreshes, 1 failed, 2 differ, 1 pending
    Cycles  90 since 2026-01-12 08:00 CET, 2 late; plan until 10:00
    Bill    273.8 kWh in, 1.2 kWh out, 57.39 EUR since the start
    "#);
    assert_fits(&screen);
    assert!(!screen.contains('\x1b'), "nothing reaches the terminal but text");
}

#[test]
fn a_model_that_no_longer_fits_has_a_line() {
    let misfit = |subject: &str, kind| Misfit {
        subject: subject.to_owned(),
        kind,
        value: 0.763,
        spread: 0.021,
        since: status().at,
    };
    let mut odd = status();
    odd.model.misfits = vec![misfit("P1", MisfitKind::Flow)];
    let screen = render::status(&odd);
    let line = "\nModel   no longer fits: P1 delivers 76 % (± 2) of what its curve says\n";
    assert!(screen.contains(line), "{screen}");
    odd.model.misfits.push(misfit("demand", MisfitKind::Demand));
    for device in &mut odd.devices {
        device.good = false;
    }
    let screen = render::status(&odd);
    assert!(screen.contains("no longer fits (+1): P1 delivers"), "{screen}");
    assert_fits(&screen);
    assert!(!render::status(&status()).contains("Model"), "no line while it fits");
}

#[test]
fn before_the_first_cycle_nothing_is_made_up() {
    let mut new = status();
    new.rung = None;
    new.because = None;
    new.grid.import_watts = None;
    new.assets = std::collections::BTreeMap::from([(
        asset("P1"),
        AssetStatus {
            kind: AssetKind::Pump,
            mode: Mode::Observe,
            active: None,
            power_watts: None,
            setting_ratio: None,
            command: None,
            verification: None,
            starts_last_hour: None,
            unavailable: None,
            tripped: None,
            details: regie::status::AssetDetails::default(),
        },
    )]);
    let screen = render::status(&new);
    assert!(screen.contains("Rung    none yet: the first cycle is not complete\n"), "{screen}");
    assert!(screen.contains("Grid    import -, peak"), "{screen}");
    let row = "  P1     observe unknown           -       -  -            -\n";
    assert!(screen.contains(row), "{screen}");
}

#[test]
fn the_plan_is_a_table_of_local_hours() {
    let paris = TimeZone::get("Europe/Paris").expect("a zone");
    insta::assert_snapshot!(render::plan(&plan(), &paris), @r#"
    Plan    relaxed, made 2026-01-12 08:00 (Europe/Paris), valid until 08:30
    Pumps   chosen anew: 15 min have passed
         from  class            EUR/kWh  pumps        import      T1      T2
    Mon 08:00  winter-peak       0.2100  P1 P2      314.6 kW  2.70 m  5.90 m
        09:00  winter-peak       0.2100  P1 (50 %)  253.1 kW  3.10 m  5.70 m
        10:00  winter-peak       0.2100  none       191.6 kW  3.50 m  5.50 m
        11:00  winter-peak       0.2100  none       130.1 kW  3.90 m  5.30 m
        12:00  winter-peak       0.2100  none        68.6 kW  4.30 m  5.10 m
        13:00  winter-off-peak   0.1400  P2 (35 %)    7.1 kW  4.70 m  4.90 m
    Cost    218.40 EUR expected over 6 h, highest import 330.0 kW
    Missed  T2.reserve by 4.25 m3, first at Mon 13:00
    "#);
}

#[test]
fn the_hour_that_comes_twice_has_two_rows() {
    let paris = TimeZone::get("Europe/Paris").expect("a zone");
    let mut night = plan();
    let start: Timestamp = "2026-10-24T23:00:00Z".parse().expect("a timestamp");
    let half_hour = jiff::SignedDuration::from_mins(30);
    let mut at = start;
    night.steps = (0..12)
        .map(|_| {
            let step = Step { start: at, end: at + half_hour };
            at = step.end;
            step
        })
        .collect();
    let text = render::plan(&night, &paris);
    let hours: Vec<&str> =
        text.lines().filter(|line| line.contains("winter-")).map(|line| &line[..9]).collect();
    assert_eq!(
        hours,
        ["Sun 01:00", "    02:00", "    02:00", "    03:00", "    04:00", "    05:00"],
        "{text}"
    );
}

#[test]
fn findings_are_counted_and_say_what_to_do() {
    let finding = |line, message: &str, help: &str| Finding {
        file: PathBuf::from("site.yaml"),
        place: Place { line, column: 5 },
        code: "unknown-key",
        message: message.to_owned(),
        help: help.to_owned(),
    };
    assert_eq!(render::findings(&[]), "");
    let both = [
        finding(3, "'poll_' is not a key here", "did you mean 'poll'?"),
        finding(9, "'tank' is not a key here", ""),
    ];
    insta::assert_snapshot!(render::findings(&both), @r#"
    site.yaml:3:5: unknown-key: 'poll_' is not a key here
        help: did you mean 'poll'?
    site.yaml:9:5: unknown-key: 'tank' is not a key here
    2 findings; the site cannot be run as it is
    "#);
    assert!(
        render::findings(&both[..1]).ends_with("\n1 finding; the site cannot be run as it is\n")
    );
}

#[test]
fn an_explanation_keeps_its_lines_and_nothing_else() {
    let told = regie::http::Explanation {
        asset: asset("P1"),
        explanation: "P1 runs.\n  Energy is\x07 cheap.".to_owned(),
        steps: Vec::new(),
    };
    assert_eq!(render::explanation(&told), "P1 runs.\n  Energy is  cheap.\n");
}
