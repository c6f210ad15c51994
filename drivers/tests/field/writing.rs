//! Writing: when, in which order, and whether the field shows it.

use crate::peer::{Asked, Peer, Reply, builtin, clock, device, echo, from_table, guarded, start};
use drivers::{Clock, Field};
use site::AssetId;
use site::command::{Command, Delivery, Guarded, Setpoint, Verification};
use site::units::Ratio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A pump drive: its command register, and how it behaves.
#[derive(Default)]
struct Drive {
    command: u16,
    /// It acknowledges and does nothing.
    deaf: bool,
    /// It refuses writes with this exception.
    refuses: Option<u8>,
    /// It does not answer at all.
    dead: bool,
}

type Shared = Arc<Mutex<Drive>>;

fn drive(clock: &Clock) -> (Peer, Shared) {
    let drive = Shared::default();
    let shared = Arc::clone(&drive);
    let peer = Peer::new(clock, move |asked| {
        answer(&mut drive.lock().expect("no test panics while holding it"), asked)
    });
    (peer, shared)
}

fn answer(drive: &mut Drive, asked: &Asked) -> Reply {
    match (drive.refuses, asked.writes()) {
        _ if drive.dead => Reply::Silence,
        (Some(code), true) => Reply::Exception(code),
        (None, true) => {
            if asked.address() == 100 && !drive.deaf {
                drive.command = asked.count();
            }
            echo(asked)
        }
        (_, false) if asked.function == 4 => from_table(asked, &[(0, drive.command | 2)]),
        _ => from_table(asked, &[(100, drive.command)]),
    }
}

fn pump(setpoint: Setpoint) -> [Guarded<Command>; 1] {
    [guarded("P1", "pump1", setpoint)]
}

async fn deliver(field: &Field, clock: &Clock, commands: &[Guarded<Command>]) -> Delivery {
    let receipts = field.write(clock.now(), commands).await;
    assert_eq!(receipts.len(), commands.len());
    receipts[0].delivery.clone()
}

fn verified(field: &Field, clock: &Clock, commands: &[Guarded<Command>]) -> Verification {
    let verified = field.verify(&field.freeze(clock.now()), commands);
    verified[&commands[0].get().asset].clone()
}

#[tokio::test(start_paused = true)]
async fn a_command_is_written_on_change_and_then_only_refreshed() {
    let clock = clock();
    let (peer, _) = drive(&clock);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent);
    assert_eq!(peer.writes(), [(6, 101, vec![0, 1]), (6, 100, vec![0, 1])], "heartbeat first");
    clock.sleep(seconds(7)).await;
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Unchanged, "7 s of 30 s");
    clock.sleep(seconds(1)).await;
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Refreshed, "a quarter of 30 s");
    assert_eq!(peer.writes()[2..], [(6, 101, vec![0, 2])], "the heartbeat alone, and changed");
    assert_eq!(deliver(&field, &clock, &pump(Setpoint::Stop)).await, Delivery::Sent);
    assert_eq!(peer.writes()[3..], [(6, 101, vec![0, 3]), (6, 100, vec![0, 0])]);
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_asset_without_a_command_gets_nothing_and_starts_over_after_its_dead_man() {
    let clock = clock();
    let (peer, _) = drive(&clock);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    deliver(&field, &clock, &run).await;
    let before = peer.writes().len();
    for _ in 0..4 {
        clock.sleep(seconds(10)).await;
        assert!(field.write(clock.now(), &[]).await.is_empty());
    }
    assert_eq!(peer.writes().len(), before, "no refresh without a command");
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent, "it has let go by now");
    field.forget(&AssetId::new("P1").unwrap());
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent, "nothing is remembered");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_is_written_again_in_full() {
    let clock = clock();
    let (peer, pump1) = drive(&clock);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    pump1.lock().expect("no test panics while holding it").refuses = Some(4);
    let failed = deliver(&field, &clock, &run).await;
    let Delivery::Failed(words) = failed else { panic!("{failed:?}") };
    assert!(words.contains("holding 101 of unit 1") && words.contains("0x04"), "{words}");
    pump1.lock().expect("no test panics while holding it").refuses = None;
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent);
    assert_eq!(pump1.lock().expect("no test panics while holding it").command, 1);
    pump1.lock().expect("no test panics while holding it").refuses = Some(6);
    clock.sleep(seconds(10)).await;
    assert!(matches!(deliver(&field, &clock, &run).await, Delivery::Failed(_)), "the refresh");
    pump1.lock().expect("no test panics while holding it").refuses = None;
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent, "and not only refreshed");
    let health = &field.health()[0];
    assert_eq!((health.writes_ok, health.writes_failed), (4, 2));
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_is_confirmed_by_a_sample_received_after_it() {
    let clock = clock();
    let (peer, _) = drive(&clock);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    assert_eq!(verified(&field, &clock, &run), Verification::Pending, "nothing was written");
    deliver(&field, &clock, &run).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Pending);
    clock.sleep(seconds(7)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Pending, "no newer sample yet");
    clock.sleep(seconds(3)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Confirmed);
    let stop = pump(Setpoint::Stop);
    assert_eq!(verified(&field, &clock, &stop), Verification::Pending, "never commanded");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_deaf_device_is_a_mismatch_and_written_to_three_more_times() {
    let clock = clock();
    let (peer, pump1) = drive(&clock);
    pump1.lock().expect("no test panics while holding it").deaf = true;
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    let mut counts = Vec::new();
    for _ in 0..30 {
        deliver(&field, &clock, &run).await;
        clock.sleep(seconds(5)).await;
        if let Verification::Mismatch(count) = verified(&field, &clock, &run) {
            counts.push(count);
        }
        verified(&field, &clock, &run);
    }
    counts.dedup();
    let wanted: Vec<u32> = (1..=u32::try_from(counts.len()).unwrap()).collect();
    assert_eq!(counts, wanted, "each new sample counts once");
    assert!(counts.len() > 4);
    let commands = peer.writes().iter().filter(|(_, address, _)| *address == 100).count();
    assert_eq!(commands, 4, "once, and three times more");
    pump1.lock().expect("no test panics while holding it").command = 1;
    clock.sleep(seconds(12)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Confirmed, "it may come late");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_back_is_lost() {
    let clock = clock();
    let (peer, pump1) = drive(&clock);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    deliver(&field, &clock, &run).await;
    clock.sleep(seconds(15)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Confirmed);
    pump1.lock().expect("no test panics while holding it").dead = true;
    clock.sleep(seconds(60)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Lost);
    let failed = deliver(&field, &clock, &run).await;
    assert!(matches!(failed, Delivery::Failed(_)), "{failed:?}");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reached_in_time_is_released_even_where_it_looks_obedient() {
    let clock = clock();
    let (peer, pump1) = drive(&clock);
    let field = start(vec![device("pump1", 1, &builtin("pump-drive"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let run = pump(Setpoint::Run);
    deliver(&field, &clock, &run).await;
    // It goes on running, and answers whoever reads; its dead-man waits for 30 s.
    pump1.lock().expect("no test panics while holding it").refuses = Some(4);
    clock.sleep(seconds(15)).await;
    assert!(matches!(deliver(&field, &clock, &run).await, Delivery::Failed(_)));
    assert_eq!(verified(&field, &clock, &run), Verification::Confirmed);
    clock.sleep(seconds(16)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Released);
    pump1.lock().expect("no test panics while holding it").refuses = None;
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent);
    clock.sleep(seconds(12)).await;
    assert_eq!(verified(&field, &clock, &run), Verification::Confirmed);
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn lighting_gets_its_level_before_the_contactor_closes() {
    let clock = clock();
    let peer = Peer::new(&clock, |asked| match asked.function {
        1 | 2 => Reply::Data(vec![1, 1]),
        3 => from_table(asked, &[(0, 70)]),
        4 => from_table(asked, &[]),
        _ => echo(asked),
    });
    let field = start(vec![device("light1", 1, &builtin("lighting-cabinet"))], &peer, &clock);
    clock.sleep(seconds(2)).await;
    let light = [guarded("L1", "light1", Setpoint::Light(Ratio::new(0.7)))];
    assert_eq!(deliver(&field, &clock, &light).await, Delivery::Sent);
    let wanted = [(6, 1, vec![0, 1]), (6, 0, vec![0, 70]), (5, 0, vec![0xFF, 0])];
    assert_eq!(peer.writes(), wanted);
    clock.sleep(seconds(12)).await;
    assert_eq!(verified(&field, &clock, &light), Verification::Confirmed);
    let nearly = [guarded("L1", "light1", Setpoint::Light(Ratio::new(0.700_000_1)))];
    assert_eq!(deliver(&field, &clock, &nearly).await, Delivery::Unchanged, "the same to a device");
    let dark = [guarded("L1", "light1", Setpoint::Light(Ratio::ZERO))];
    assert_eq!(deliver(&field, &clock, &dark).await, Delivery::Sent);
    assert_eq!(peer.writes()[4..], [(5, 0, vec![0, 0])]);
    clock.sleep(seconds(20)).await;
    let verification = verified(&field, &clock, &dark);
    assert_eq!(verification, Verification::Mismatch(1), "this cabinet stays lit");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_should_never_arrive_here_is_refused_before_any_byte() {
    let clock = clock();
    let (peer, _) = drive(&clock);
    let devices = vec![device("pump1", 1, &builtin("pump-drive"))];
    let field = start(devices, &peer, &clock);
    clock.sleep(seconds(2)).await;
    let wrong = [
        guarded("P1", "pump1", Setpoint::Limit(Ratio::new(0.5))),
        guarded("P2", "nowhere", Setpoint::Run),
    ];
    let receipts = field.write(clock.now(), &wrong).await;
    for (receipt, word) in receipts.iter().zip(["has no command 'limit'", "no device 'nowhere'"]) {
        let Delivery::Failed(words) = &receipt.delivery else { panic!("{receipt:?}") };
        assert!(words.contains(word), "{words}");
    }
    assert!(peer.writes().is_empty());
    field.stop().await;

    let (peer, _) = drive(&clock);
    let devices = vec![device("light1", 1, &builtin("lighting-cabinet"))];
    let field = start(devices, &peer, &clock);
    for level in [1.01, 7.0] {
        let light = [guarded("L1", "light1", Setpoint::Light(Ratio::new(level)))];
        let failed = deliver(&field, &clock, &light).await;
        assert!(matches!(&failed, Delivery::Failed(words) if words.contains("0 to 100 percent")));
    }
    assert!(peer.writes().is_empty(), "the limits stand here too, behind the guard's");
    field.stop().await;
}

#[tokio::test(start_paused = true)]
async fn writes_go_before_the_reads_that_are_still_to_come() {
    let clock = clock();
    let (peer, _) = drive(&clock);
    let slow = Peer::new(&clock, {
        let inner = peer.clone();
        move |asked| {
            inner.seen.lock().expect("no test panics while holding it").asked.push(asked.clone());
            if asked.writes() { echo(asked) } else { late(asked) }
        }
    });
    let profile = builtin("pump-drive");
    let devices = (1..=9).map(|unit| device(&format!("pump{unit}"), unit, &profile)).collect();
    let field = start(devices, &slow, &clock);
    // All nine are due by now, and one read of them takes 0.4 s.
    clock.sleep(seconds(3)).await;
    let began = clock.now().mono;
    let run = [guarded("P9", "pump9", Setpoint::Run)];
    assert_eq!(deliver(&field, &clock, &run).await, Delivery::Sent);
    let took = clock.now().mono.since(began);
    assert!(took < seconds(2), "it waits for the read in hand, not for the round: {took:?}");
    field.stop().await;
}

fn late(asked: &Asked) -> Reply {
    let words = vec![0; usize::from(asked.count())];
    Reply::Late(Duration::from_millis(400), crate::peer::registers(&words))
}

#[tokio::test(start_paused = true)]
async fn a_bug_in_one_link_is_caught_and_the_link_goes_on() {
    let clock = clock();
    let (peer, _) = drive(&clock);
    let panics = Arc::new(Mutex::new(2));
    let connect = Arc::new(Panicking { inner: peer.clone(), panics });
    let devices = vec![device("pump1", 1, &builtin("pump-drive"))];
    let field = Field::start(devices, connect, clock.clone());
    clock.sleep(seconds(30)).await;
    let health = &field.health()[0];
    assert_eq!(health.restarts, 2);
    assert!(health.reads_ok > 0 && health.connected, "{health:?}");
    assert_eq!(deliver(&field, &clock, &pump(Setpoint::Run)).await, Delivery::Sent);
    field.stop().await;
}

/// Panics the first few times.
struct Panicking {
    inner: Peer,
    panics: Arc<Mutex<u32>>,
}

impl drivers::Connect for Panicking {
    fn connect<'a>(
        &'a self,
        endpoint: &'a site::model::Endpoint,
    ) -> futures::future::BoxFuture<'a, std::io::Result<drivers::BoxedStream>> {
        let left = {
            let mut panics = self.panics.lock().expect("no test panics while holding it");
            let left = *panics;
            *panics = left.saturating_sub(1);
            left
        };
        assert_eq!(left, 0, "a bug made for this test");
        self.inner.connect(endpoint)
    }
}
