//! Every command of every profile: which bytes arrive, in which order, what confirms them, and how
//! the dead-man is fed.

use crate::rig::{DEVICE, Frame, Rig, TWO_ROUNDS, profiles};
use crate::values::{Round, set_all};
use drivers::profile::{Argument, CommandSpec, Kind, Profile, Refresh, WriteFunction};
use regie_sim::devices::shelf::Shelf;
use regie_sim::modbus::Table;
use site::command::{Authority, Command, Delivery, Guarded, Setpoint, Verification};
use site::units::{Current, Power, Ratio};
use site::{AssetId, DeviceId};

/// What an operation is told in the test: everything that matters to a register map.
fn setpoints(operation: &str) -> Vec<Setpoint> {
    let ratio = |percent: f64| Ratio::new(percent / 100.0);
    match operation {
        "run" => vec![Setpoint::Run],
        "stop" => vec![Setpoint::Stop],
        "limit" => [37.0, 100.0, 1.0].map(|percent| Setpoint::Limit(ratio(percent))).to_vec(),
        "release" => vec![Setpoint::NoLimit],
        "light" => [40.0, 100.0].map(|percent| Setpoint::Light(ratio(percent))).to_vec(),
        "dark" => vec![Setpoint::Light(Ratio::ZERO)],
        "power" => [12_300.0, -45_600.0, 0.0].map(|w| Setpoint::Power(Power::new(w))).to_vec(),
        "charge" => [6.0, 16.0].map(|amperes| Setpoint::Charge(Current::new(amperes))).to_vec(),
        "pause" => vec![Setpoint::Charge(Current::new(0.0))],
        other => panic!("what is '{other}' told?"),
    }
}

fn guarded(setpoint: Setpoint) -> [Guarded<Command>; 1] {
    [Guarded::by_guard(Command {
        asset: AssetId::new("A1").expect("a name"),
        device: DeviceId::new(DEVICE).expect("a name"),
        setpoint,
        authority: Authority::Plan,
    })]
}

/// A value of a command with its argument.
fn value(argument: Argument, setpoint: Setpoint) -> f64 {
    match argument {
        Argument::Constant(value) => value,
        Argument::Own => setpoint.argument().expect("the operation has an argument"),
    }
}

/// The frame that writes a number to a point, made by hand from the specification.
fn frame(profile: &Profile, shelf: &Shelf, point: &str, number: f64) -> Frame {
    let spec = profile.point(point).expect("checked when read");
    let (table, address, _) = shelf.words(point);
    let words = shelf.words_for(point, number);
    let mut data = address.to_be_bytes().to_vec();
    let count = u8::try_from(words.len()).expect("few words");
    let function = match (table, spec.write_function) {
        (Table::Coils, WriteFunction::Single) => {
            data.extend([if words == [0] { 0 } else { 0xFF }, 0]);
            return Frame { function: 5, data };
        }
        (Table::Coils, WriteFunction::Multiple) => {
            data.extend([0, 1, 1, u8::from(words != [0])]);
            return Frame { function: 15, data };
        }
        (_, WriteFunction::Single) => 6,
        (_, WriteFunction::Multiple) => {
            data.extend([0, count, 2 * count]);
            16
        }
    };
    data.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    Frame { function, data }
}

/// The frames of a command, and of the heartbeat before it.
fn frames(
    profile: &Profile,
    shelf: &Shelf,
    command: &CommandSpec,
    setpoint: Setpoint,
    beat: Option<f64>,
) -> Vec<Frame> {
    let heartbeat = heartbeat(profile).zip(beat);
    let first = heartbeat.map(|(point, beat)| frame(profile, shelf, point, beat));
    let writes = command.writes.iter();
    let writes = writes.map(|w| frame(profile, shelf, &w.point, value(w.value, setpoint)));
    first.into_iter().chain(writes).collect()
}

fn heartbeat(profile: &Profile) -> Option<&str> {
    match profile.dead_man.as_ref().map(|dead_man| &dead_man.refresh) {
        Some(Refresh::Heartbeat(point)) => Some(point),
        _ => None,
    }
}

/// Points that show whether the device obeys, and are not written by the command itself.
fn told_by_the_device(command: &CommandSpec, setpoint: Setpoint) -> Vec<(&str, f64, f64)> {
    let written = |point: &str| command.writes.iter().any(|write| write.point == point);
    let own = command.confirm.iter().filter(|confirm| !written(&confirm.point));
    own.map(|c| (c.point.as_str(), value(c.equals, setpoint), c.tolerance)).collect()
}

/// A number that a point may show and that is not the one wanted.
fn another(profile: &Profile, point: &str, wanted: f64, tolerance: f64) -> f64 {
    let encoding = &profile.point(point).expect("checked when read").encoding;
    if matches!(encoding.kind, Kind::Bit(_) | Kind::Flag) {
        return 1.0 - wanted;
    }
    let far = 10.0 * tolerance + 3.0;
    let (low, high) = encoding.range.unwrap_or((f64::MIN, f64::MAX));
    let others = [wanted + far, wanted - far, 1.0 - wanted];
    others.into_iter().find(|other| (low..=high).contains(other)).expect("a wide enough range")
}

/// Gives one command to a device that first does not obey and then does.
async fn give(profile: &Profile, command: &CommandSpec, setpoint: Setpoint) -> usize {
    let what = format!("{} {setpoint}", profile.name);
    let shelf = Shelf::new(profile);
    set_all(profile, &shelf, Round::First);
    let told = told_by_the_device(command, setpoint);
    for &(point, wanted, tolerance) in &told {
        shelf.set(point, another(profile, point, wanted, tolerance));
    }
    let rig = Rig::new(profile, &shelf);
    rig.sleep(TWO_ROUNDS).await;

    let commands = guarded(setpoint);
    let receipts = rig.field.write(rig.clock.now(), &commands).await;
    assert_eq!(receipts[0].delivery, Delivery::Sent, "{what}");
    let wanted = frames(profile, &shelf, command, setpoint, Some(1.0));
    let written = rig.take_writes();
    assert_eq!(written, wanted, "{what}");
    check_registers(&shelf, command, setpoint, &what);

    rig.sleep(command.settle + TWO_ROUNDS).await;
    let verified = |rig: &Rig| rig.field.verify(&rig.snapshot(), &commands).into_values().next();
    if told.is_empty() {
        // Nothing can be read back but that it was told in time.
        let _ = rig.field.write(rig.clock.now(), &commands).await;
        rig.take_writes();
    } else {
        let verification = verified(&rig);
        assert!(matches!(verification, Some(Verification::Mismatch(_))), "{what} {verification:?}");
        for &(point, wanted, _) in &told {
            shelf.set(point, wanted);
        }
        // Meanwhile its dead-man may have let go: it is told anew, and then it obeys.
        let _ = rig.field.write(rig.clock.now(), &commands).await;
        rig.take_writes();
        rig.sleep(TWO_ROUNDS).await;
    }
    assert_eq!(verified(&rig), Some(Verification::Confirmed), "{what}");
    check_refresh(profile, command, setpoint, (&rig, &shelf)).await;
    rig.field.stop().await;
    written.len()
}

/// What was written last to each point stands in the device's registers.
fn check_registers(shelf: &Shelf, command: &CommandSpec, setpoint: Setpoint, what: &str) {
    for (place, write) in command.writes.iter().enumerate() {
        let later = &command.writes[place + 1..];
        if later.iter().all(|other| other.point != write.point) {
            let wanted = shelf.words_for(&write.point, value(write.value, setpoint));
            assert_eq!(shelf.words(&write.point).2, wanted, "{what} {}", write.point);
        }
    }
}

/// The dead-man is fed in time, by the heartbeat alone or by the whole command.
async fn check_refresh(
    profile: &Profile,
    command: &CommandSpec,
    setpoint: Setpoint,
    (rig, shelf): (&Rig, &Shelf),
) {
    let what = format!("{} {setpoint}", profile.name);
    let commands = guarded(setpoint);
    let Some(dead_man) = &profile.dead_man else {
        let receipts = rig.field.write(rig.clock.now(), &commands).await;
        assert_eq!(receipts[0].delivery, Delivery::Unchanged, "{what}");
        assert_eq!(rig.take_writes(), [], "{what}: without a dead-man nothing is written twice");
        return;
    };
    // It may have been long ago that the command was given: then it is given anew first.
    let _ = rig.field.write(rig.clock.now(), &commands).await;
    let before = rig.take_writes();
    rig.sleep(dead_man.timeout / 3).await;
    let receipts = rig.field.write(rig.clock.now(), &commands).await;
    assert_eq!(receipts[0].delivery, Delivery::Refreshed, "{what}");
    let fed = rig.take_writes();
    match heartbeat(profile) {
        None => assert_eq!(fed, frames(profile, shelf, command, setpoint, None), "{what}"),
        Some(point) => {
            let [beat] = fed.as_slice() else { panic!("{what}: {fed:?} feeds it") };
            let (_, address, _) = shelf.words(point);
            assert_eq!(beat.data[..2], address.to_be_bytes(), "{what}");
            assert_ne!(Some(beat), before.first(), "{what}: the heartbeat changes");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_command_arrives_byte_by_byte_and_is_confirmed() {
    let (mut commands, mut cases, mut writes) = (0, 0, 0);
    for profile in &profiles() {
        for (operation, command) in &profile.commands {
            for setpoint in setpoints(operation) {
                assert_eq!(setpoint.operation(), operation);
                writes += give(profile, command, setpoint).await;
                cases += 1;
            }
            commands += 1;
        }
    }
    println!("{commands} commands, {cases} cases, {writes} writes");
    assert!(commands >= 36 && cases >= 57 && writes >= 131, "{commands} {cases} {writes}");
}

/// What the manuals say of the control words that matter most, written down once more by hand.
#[tokio::test(start_paused = true)]
async fn control_words_are_those_of_the_manuals() {
    let frame = |function, data: &[u8]| Frame { function, data: data.to_vec() };
    let cases: [(&str, Setpoint, Vec<Frame>); 6] = [
        // Control register 00101: under bus control, and on or not.
        ("grundfos-cim", Setpoint::Run, vec![frame(6, &[0, 100, 0, 3])]),
        ("grundfos-cim", Setpoint::Stop, vec![frame(6, &[0, 100, 0, 1])]),
        // Register 50010 is 0xC359 on the wire, 50000 is 0xC34F.
        (
            "danfoss-fc202",
            Setpoint::Run,
            vec![frame(6, &[0xC3, 0x59, 0x40, 0]), frame(6, &[0xC3, 0x4F, 0x04, 0x7C])],
        ),
        ("danfoss-fc202", Setpoint::Stop, vec![frame(6, &[0xC3, 0x4F, 0x04, 0x3C])]),
        // 37.0 as a float is 0x42140000; the low word comes first.
        (
            "solaredge",
            Setpoint::Limit(Ratio::new(0.37)),
            vec![frame(16, &[0xF3, 0x22, 0, 2, 4, 0, 0, 0x42, 0x14])],
        ),
        // 16 A as a float is 0x41800000.
        (
            "alfen",
            Setpoint::Charge(Current::new(16.0)),
            vec![frame(16, &[0x04, 0xBA, 0, 2, 4, 0x41, 0x80, 0, 0])],
        ),
    ];
    for (name, setpoint, wanted) in cases {
        let profile = crate::rig::builtin(name);
        let shelf = Shelf::new(&profile);
        let rig = Rig::new(&profile, &shelf);
        rig.sleep(TWO_ROUNDS).await;
        let receipts = rig.field.write(rig.clock.now(), &guarded(setpoint)).await;
        assert_eq!(receipts[0].delivery, Delivery::Sent, "{name}");
        assert_eq!(rig.take_writes(), wanted, "{name} {setpoint}");
        rig.field.stop().await;
    }
}
