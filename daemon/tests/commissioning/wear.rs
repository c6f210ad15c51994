//! A restart gives a device whose memory wears out no new budget: the writes of the day are part of
//! the state.

use crate::yard::{Gateway, Yard};
use drivers::Clock;
use regie::control::{Controller, Parts, Policy, State, WriteError, WriteWish};
use regie::load::load;
use regie::resident::open_state;
use regie::solver::Solver;
use std::path::Path;

/// Writes a day that the limit of the first charger bears.
const BUDGET: usize = 3;

/// The yard with a limit that the first charger keeps in memory that wears out.
fn wearing(gateway: &Gateway) -> Yard {
    let yard = Yard::lay(gateway);
    let profile = drivers::profile::builtin("charger").expect("a built-in profile");
    let plain = "    access: read-write\n    write_function: single\n";
    assert!(profile.contains(plain), "the limit is written");
    let kept = format!("{plain}    storage: eeprom\n    writes_per_day: {BUDGET}\n");
    let profile = profile.replacen(plain, &kept, 1);
    std::fs::write(yard.folder.path().join("kept.yaml"), profile).expect("a folder");
    let site = std::fs::read_to_string(yard.site()).expect("it is ours");
    let plain = "    profile: charger\n";
    assert!(site.contains(plain), "it names it");
    let site = site.replacen(plain, "    profile: charger\n    profile_file: kept.yaml\n", 1);
    // The meter has what the chargers have, and no file of its own.
    let site = site.replace(
        "{<<: *device, profile: eastron-sdm630, unit: 9}",
        "{profile: eastron-sdm630, connect: *at, unit: 9, poll: 1 s, max_age: 3 s}",
    );
    let site = site.replacen("connect: tcp://", "connect: &at tcp://", 1);
    std::fs::write(yard.site(), site).expect("it is ours");
    yard
}

/// A controller that has decided, with what an earlier one has left in the folder.
async fn begun(yard: &Yard, folder: &Path, forgets: bool) -> Controller {
    let loaded = load(&yard.site()).unwrap_or_else(|findings| panic!("{findings:?}"));
    let connect = regie::resident::live(&loaded.site.devices);
    let clock = Clock::system();
    let (store, state) = open_state(folder, &loaded.site, clock.now().utc).expect("a folder");
    let state = if forgets { State::new(&loaded.site) } else { state };
    let (store, state) = (Some(store), Some(state));
    let parts = Parts {
        loaded,
        connect,
        clock,
        store,
        state,
        policy: Policy::Rules,
        solver: Solver::in_process(),
    };
    let mut controller = Controller::new(parts);
    controller.next_cycle().await;
    controller
}

/// Wishes for currents, one after the other, each of which is another.
async fn wish(controller: &mut Controller, amperes: &[u32]) {
    for value in amperes {
        let wish = WriteWish {
            point: "charger1.current".into(),
            value: value.to_string(),
            who: "marie".into(),
            reason: String::new(),
            dry: false,
        };
        let desk = controller.desk();
        let mut answer = tokio::spawn(async move { desk.write(wish).await });
        loop {
            tokio::select! {
                answered = &mut answer => {
                    // Once it is worn that is told, and nothing is written.
                    let told = answered.expect("no panic");
                    assert!(matches!(told, Ok(_) | Err(WriteError::Failed { .. })), "{told:?}");
                    break;
                }
                () = controller.look() => {}
            }
        }
    }
}

#[tokio::test]
async fn a_restart_gives_no_new_budget() {
    let gateway = Gateway::open();
    let yard = wearing(&gateway);
    let folder = yard.folder.path().join("state");
    let mut controller = begun(&yard, &folder, false).await;
    controller.next_cycle().await;
    wish(&mut controller, &[11, 12, 13, 14]).await;
    assert_eq!(gateway.told(1).len(), BUDGET, "{:?}", gateway.told(1));
    controller.stop().await;

    let mut controller = begun(&yard, &folder, false).await;
    controller.next_cycle().await;
    wish(&mut controller, &[9, 10]).await;
    assert_eq!(gateway.told(1).len(), BUDGET, "{:?}", gateway.told(1));
    controller.stop().await;

    // Without what was remembered it would have one.
    let mut controller = begun(&yard, &folder, true).await;
    controller.next_cycle().await;
    wish(&mut controller, &[9, 10]).await;
    assert!(gateway.told(1).len() > BUDGET, "{:?}", gateway.told(1));
    controller.stop().await;
}

#[tokio::test]
async fn what_was_written_is_on_disk_when_the_cycle_ends() {
    let gateway = Gateway::open();
    let yard = wearing(&gateway);
    let folder = yard.folder.path().join("state");
    let mut controller = begun(&yard, &folder, false).await;
    controller.next_cycle().await;
    wish(&mut controller, &[11, 12, 13]).await;
    controller.next_cycle().await;
    let written = gateway.told(1).len();
    assert_eq!(written, BUDGET, "{:?}", gateway.told(1));
    // No orderly stop: as if the power had failed.
    drop(controller);

    let mut controller = begun(&yard, &folder, false).await;
    controller.next_cycle().await;
    wish(&mut controller, &[8]).await;
    assert_eq!(gateway.told(1).len(), BUDGET, "{:?}", gateway.told(1));
    controller.stop().await;
}

#[test]
fn a_state_from_before_it_was_kept_is_taken_up() {
    let gateway = Gateway::open();
    let site = load(&Yard::lay(&gateway).site()).expect("no findings").site;
    let mut stored = serde_json::to_value(State::new(&site)).expect("JSON");
    let fields = stored.as_object_mut().expect("an object");
    assert!(fields.remove("worn").is_some(), "it is kept");
    assert_eq!(State::restore(stored), Ok(State::new(&site)));
}
