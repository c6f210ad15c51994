//! Each kind of device at the byte level: requests and answers as on the wire, with register
//! values worked out by hand from the register maps.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use site::{DeviceId, Site};

use super::*;
use crate::modbus::{Unit, respond};
use crate::plant::tests::{SITE, instant, plant_of, profile_of};

/// One device over its plant, on a time of its own.
pub(super) struct Bench {
    pub(super) device: SimulatedDevice,
    pub(super) plant: Plant,
    pub(super) at: Timestamp,
}

impl Unit for Bench {
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        self.device.read(&self.plant, self.at, table, address, count)
    }
    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception> {
        self.device.write(&mut self.plant, self.at, table, address, values)
    }
}

impl Bench {
    fn new(name: &str, start: &str) -> Self {
        Self::of(&SITE, name, start)
    }

    fn of(site: &Site, name: &str, start: &str) -> Self {
        Self::on(site, name, plant_of(site, 1, start))
    }

    /// A device over a plant.
    pub(super) fn on(site: &Site, name: &str, plant: Plant) -> Self {
        let device = site.device(&DeviceId::new(name).unwrap()).expect("declared");
        let device = SimulatedDevice::new(site, device, Arc::new(profile_of(device))).unwrap();
        let at = plant.now();
        let mut bench = Self { device, plant, at };
        bench.device.decide(&mut bench.plant, bench.at);
        bench
    }

    /// Lets some seconds pass.
    pub(super) fn pass(&mut self, seconds: i64) {
        self.at = self.at.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        while self.plant.next_step() <= self.at {
            let next = self.plant.next_step();
            self.plant.advance(next);
            self.device.decide(&mut self.plant, next);
        }
    }

    /// Asks with the bytes of a request and gives those of the answer.
    pub(super) fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        respond(self, request)
    }

    /// Reads registers with a function.
    pub(super) fn words(&mut self, function: u8, address: u16, count: u16) -> Vec<u16> {
        let ([a, b], [c, d]) = (address.to_be_bytes(), count.to_be_bytes());
        let answer = self.ask(&[function, a, b, c, d]);
        assert_eq!(answer[0], function, "refused: {answer:02x?}");
        answer[2..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    /// Writes one register, function 6.
    pub(super) fn set(&mut self, address: u16, value: u16) {
        let ([a, b], [c, d]) = (address.to_be_bytes(), value.to_be_bytes());
        let request = [6, a, b, c, d];
        assert_eq!(self.ask(&request), request);
    }
}

const MORNING: &str = "2026-06-15T07:00:00Z";
const NIGHT: &str = "2026-06-15T23:00:00Z";

/// Status bits of the pump drive.
const RUNNING: u16 = 1;
const REMOTE: u16 = 2;
const TRIPPED: u16 = 16;

#[test]
fn a_pump_drive_obeys_while_its_heart_beats() {
    let mut drive = Bench::new("pump1", MORNING);
    // Nobody has spoken to it: local, half-full tank, so it stands.
    assert_eq!(drive.ask(&[4, 0, 0, 0, 1]), [4, 2, 0, 0b1_0010]);
    drive.set(101, 1);
    assert_eq!(drive.words(4, 0, 1), [REMOTE]);
    drive.set(100, 1);
    assert_eq!(drive.words(4, 0, 1), [REMOTE], "it starts two seconds later");
    drive.pass(2);
    assert_eq!(drive.words(4, 0, 1), [REMOTE | RUNNING]);
    drive.pass(18);
    let words = drive.words(4, 0, 8);
    let power_w = drive.plant.pump(0, drive.at).power_w;
    assert!((80e3..220e3).contains(&power_w), "{power_w}");
    assert!((f64::from(words[1]) * 100.0 - power_w).abs() <= 50.0, "0.1 kW: {}", words[1]);
    let view = drive.plant.pump(0, drive.at);
    assert_eq!(u64::from(words[2]) << 16 | u64::from(words[3]), view.starts);
    let hours = f64::from(words[6]) * 6553.6 + f64::from(words[7]) * 0.1;
    assert!((hours - view.run_hours).abs() <= 0.05 + 1e-9);
    drive.set(101, 2);
    drive.set(100, 0);
    drive.pass(5);
    assert_eq!(drive.words(4, 0, 1), [REMOTE]);
}

#[test]
fn a_pump_drive_left_alone_falls_to_its_level_switches_and_comes_back_without_a_bump() {
    let mut drive = Bench::new("pump1", MORNING);
    drive.set(101, 1);
    drive.set(100, 1);
    drive.pass(29);
    drive.set(101, 1);
    assert_eq!(drive.words(4, 0, 1), [REMOTE | RUNNING]);
    drive.pass(1);
    // The heartbeat was written again and did not change: it has stopped for 30 s.
    assert_eq!(drive.words(4, 0, 1), [REMOTE | RUNNING | TRIPPED], "half full: it keeps on");
    // Local control runs the pump up to 90 % of the tank, and stops it there.
    let mut hours = 0;
    while drive.words(4, 0, 1)[0] & RUNNING != 0 {
        drive.pass(60);
        hours += 1;
        assert!(hours < 24 * 60, "it never stops");
    }
    let level = drive.plant.true_level_m(0);
    assert!((4.5..4.6).contains(&level), "stopped at {level} m of 5");
    // The command register shows what the drive does, so that the heartbeat alone starts nothing.
    assert_eq!(drive.words(3, 100, 1), [0]);
    drive.set(101, 3);
    drive.pass(20);
    assert_eq!(drive.words(4, 0, 1), [REMOTE]);
    drive.set(101, 4);
    drive.set(100, 1);
    drive.pass(3);
    assert_eq!(drive.words(4, 0, 1), [REMOTE | RUNNING], "a fresh order is taken");
}

#[test]
fn local_control_starts_a_pump_below_its_band() {
    let mut site = SITE.clone();
    site.simulation.initial_level = site::units::Ratio::new(0.41);
    let mut drive = Bench::of(&site, "pump1", MORNING);
    assert_eq!(drive.words(4, 0, 1)[0] & RUNNING, 0, "41 % is within the band");
    for _ in 0..120 {
        drive.pass(60);
    }
    assert_eq!(drive.words(4, 0, 1)[0] & RUNNING, RUNNING, "below 40 % it starts");
}

#[test]
fn an_order_that_comes_before_its_heartbeat_waits_for_it() {
    let mut drive = Bench::new("pump1", MORNING);
    drive.set(100, 1);
    drive.pass(15);
    assert_eq!(drive.words(4, 0, 1), [REMOTE | TRIPPED]);
    drive.set(101, 9);
    drive.pass(2);
    assert_eq!(drive.words(4, 0, 1), [REMOTE | RUNNING]);
}

#[test]
fn a_drive_switched_to_local_says_so_and_obeys_nobody() {
    let mut drive = Bench::new("pump1", MORNING);
    drive.device.set_local(true);
    drive.set(101, 1);
    drive.set(100, 1);
    drive.pass(10);
    assert_eq!(drive.words(4, 0, 1), [0]);
    drive.device.set_local(false);
    drive.set(101, 2);
    drive.pass(2);
    assert_eq!(drive.words(4, 0, 1)[0] & REMOTE, REMOTE);
}

#[test]
fn a_starter_speaks_in_coils_and_low_words_first() {
    let mut starter = Bench::new("pump3", MORNING);
    assert_eq!(starter.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b0010], "remote only");
    starter.set(40, 1);
    assert_eq!(starter.ask(&[5, 0, 0, 0xFF, 0]), [5, 0, 0, 0xFF, 0]);
    starter.pass(20);
    assert_eq!(starter.ask(&[1, 0, 0, 0, 1]), [1, 1, 1]);
    assert_eq!(starter.ask(&[2, 0, 0, 0, 4]), [2, 1, 0b0011]);
    let words = starter.words(4, 10, 6);
    let view = starter.plant.pump(2, starter.at);
    let low_first = |low: u16, high: u16| f64::from(high) * 65536.0 + f64::from(low);
    assert!((low_first(words[0], words[1]) - view.power_w).abs() <= 0.5);
    assert!((low_first(words[4], words[5]) * 10.0 - view.energy_wh).abs() <= 5.0);
    assert_eq!(u64::from(words[3]) << 16 | u64::from(words[2]), view.starts);
    // The profile allows 63 registers at a time, and the map ends at 15.
    assert_eq!(starter.ask(&[4, 0, 10, 0, 64]), [0x84, 3]);
    assert_eq!(starter.ask(&[4, 0, 10, 0, 7]), [0x84, 2]);
}

#[test]
fn transmitters_show_floats_big_end_first() {
    let mut level = Bench::new("level1", MORNING);
    let answer = level.ask(&[4, 0, 0, 0, 3]);
    assert_eq!(answer[..2], [4, 6]);
    let shown = f32::from_be_bytes([answer[2], answer[3], answer[4], answer[5]]);
    assert!((shown - 2.5).abs() < 0.025, "half of 5 m, within the transmitter's error: {shown}");
    assert_eq!(answer[6..], [0, 0], "in order");
    let mut flow = Bench::new("flow2", MORNING);
    flow.pass(60);
    let answer = flow.ask(&[4, 0, 0, 0, 6]);
    let shown = f32::from_be_bytes([answer[2], answer[3], answer[4], answer[5]]);
    let (flow_m3s, total_m3) = flow.plant.measured_flow(1);
    assert!((f64::from(shown) - flow_m3s * 3600.0).abs() < 0.01 && shown > 10.0, "m3/h: {shown}");
    let total: [u8; 8] = answer[6..14].try_into().unwrap();
    assert!((f64::from_be_bytes(total) - total_m3).abs() < 1e-6);
}

#[test]
fn the_meter_shows_import_as_positive_floats() {
    let mut meter = Bench::new("meter1", NIGHT);
    meter.pass(600);
    let float =
        |words: &[u16]| f64::from(f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1])));
    let view = meter.plant.grid();
    let power = float(&meter.words(4, 0x34, 2));
    assert!((power - view.power_w).abs() < 0.01 && power > 0.0);
    assert!((float(&meter.words(4, 0x48, 2)) - view.import_wh / 1e3).abs() < 0.01);
    assert!((float(&meter.words(4, 0x46, 2)) - 50.0).abs() < 0.1);
    assert!((float(&meter.words(4, 0, 2)) - 232.0).abs() < 3.0);
    // Holes up to the profile's gap of 50 read as zero; beyond the map there is nothing.
    assert_eq!(meter.words(4, 0x0C, 2), [0, 0]);
    assert_eq!(meter.ask(&[4, 0, 0x4C, 0, 2]), [0x84, 2]);
    assert_eq!(meter.ask(&[3, 0, 0, 0, 2]), [0x83, 2], "no holding registers");
}

#[test]
fn a_sunspec_inverter_is_found_along_its_chain() {
    let mut inverter = Bench::new("solar1", MORNING);
    assert_eq!(inverter.ask(&[3, 0x9C, 0x40, 0, 2]), *b"\x03\x04SunS");
    let mut address = 40_002;
    let mut chain = Vec::new();
    loop {
        let head = inverter.words(3, address, 2);
        if head[0] == 0xFFFF {
            assert_eq!(head[1], 0);
            break;
        }
        chain.push((address, head[0], head[1]));
        address += head[1] + 2;
    }
    let wanted =
        [(40002, 1, 66), (40070, 103, 50), (40122, 120, 26), (40150, 121, 30), (40182, 123, 24)];
    assert_eq!(chain, wanted);
    assert_eq!(inverter.words(3, 40_004, 3), [0x5265, 0x6769, 0x6500], "Regie");
    // 60 kW: a nameplate in W, and power in tens of W.
    assert_eq!(inverter.words(3, 40_125, 2), [0xEA60, 0]);
    assert_eq!(inverter.words(3, 40_152, 1), [0xEA60]);
    let power = inverter.words(3, 40_084, 2);
    assert_eq!(power[1], 1);
    let given = inverter.plant.inverter(0).power_w;
    assert!(given > 500.0 && (f64::from(power[0]) * 10.0 - given).abs() <= 5.0);
    assert_eq!(inverter.words(3, 40_108, 1), [4], "producing");
    let energy = inverter.words(3, 40_094, 3);
    let energy_wh = f64::from(energy[0]) * 65536.0 + f64::from(energy[1]);
    assert!((energy_wh - inverter.plant.inverter(0).energy_wh).abs() <= 0.5 && energy[2] == 0);
    assert_eq!(inverter.ask(&[3, 0x9D, 0x12, 0, 1]), [0x83, 2], "behind the end there is nothing");
}

#[test]
fn a_sunspec_limit_holds_while_it_is_written_again() {
    let mut inverter = Bench::new("solar1", "2026-06-15T11:00:00Z");
    inverter.pass(10);
    let free = inverter.plant.inverter(0).power_w;
    assert!(free > 20e3, "midday in June: {free}");
    // RvrtTms 60 s, 25.0 %, Ena 1; the scale factor says tenths.
    let limit = |inverter: &mut Bench| {
        for (address, value) in [(40_189, 60), (40_187, 250), (40_191, 1)] {
            let ([a, b], [c, d]) = (u16::to_be_bytes(address), u16::to_be_bytes(value));
            assert_eq!(inverter.ask(&[16, a, b, 0, 1, 2, c, d]), [16, a, b, 0, 1]);
        }
    };
    limit(&mut inverter);
    assert_eq!(inverter.words(3, 40_205, 1), [0xFFFF], "scale -1");
    assert!(inverter.plant.inverter(0).power_w > 20e3, "not before the next step");
    for _ in 0..5 {
        inverter.pass(50);
        assert!((inverter.plant.inverter(0).power_w - 15e3).abs() < 1e-6);
        assert_eq!(inverter.words(3, 40_191, 1), [1]);
        assert_eq!(inverter.words(3, 40_108, 1), [5], "throttled");
        limit(&mut inverter);
    }
    // Nobody writes any more, as when the daemon has died.
    inverter.pass(59);
    assert_eq!(inverter.words(3, 40_191, 1), [1]);
    assert!((inverter.plant.inverter(0).power_w - 15e3).abs() < 1e-6);
    inverter.pass(1);
    assert_eq!(inverter.words(3, 40_191, 1), [0], "the limit has lapsed");
    inverter.pass(20);
    assert!(inverter.plant.inverter(0).power_w > 18e3);
    limit(&mut inverter);
    inverter.set(40_191, 0);
    inverter.pass(10);
    assert!(inverter.plant.inverter(0).power_w > 18e3, "released");
}

#[test]
fn a_sunspec_inverter_refuses_what_the_model_does_not_allow() {
    let mut inverter = Bench::new("solar1", MORNING);
    assert_eq!(inverter.ask(&[6, 0x9C, 0xFB, 0x03, 0xE9]), [0x86, 3], "100.1 %");
    assert_eq!(inverter.ask(&[6, 0x9C, 0xFF, 0, 2]), [0x86, 3], "Ena is 0 or 1");
    assert_eq!(inverter.ask(&[6, 0x9C, 0x94, 0, 1]), [0x86, 2], "power is measured");
    assert_eq!(inverter.ask(&[6, 0x9D, 0x0D, 0, 0]), [0x86, 2], "scale factors are fixed");
    assert_eq!(inverter.words(3, 40_187, 1), [1000], "nothing was written");
}

#[test]
fn a_sleeping_sunspec_inverter_answers_without_values() {
    let mut inverter = Bench::new("solar1", NIGHT);
    assert_eq!(inverter.words(3, 40_084, 1), [0x8000]);
    assert_eq!(inverter.words(3, 40_072, 1), [0xFFFF]);
    assert_eq!(inverter.words(3, 40_108, 1), [2], "sleeping");
    assert_eq!(inverter.words(3, 40_125, 1), [0xEA60], "the nameplate stays");
}

#[test]
fn a_vendors_inverter_keeps_its_limit_for_ever() {
    let mut inverter = Bench::new("solar2", "2026-06-15T10:00:00Z");
    assert_eq!(inverter.words(3, 40_125, 1), [1000]);
    inverter.set(40_125, 200);
    inverter.pass(3600);
    let power = inverter.words(3, 32_080, 2);
    assert_eq!(power, [0, 7200], "20 % of 36 kW, in W, high word first");
    assert_eq!(inverter.words(3, 40_125, 1), [200]);
    assert_eq!(inverter.words(3, 32_089, 1), [0x0201], "on grid and limited");
    inverter.set(40_125, 1000);
    inverter.pass(10);
    assert!(inverter.words(3, 32_080, 2)[1] > 7200);
    inverter.pass(13 * 3600);
    assert_eq!(inverter.words(3, 32_080, 2), [0, 0], "at night it gives nothing, and says so");
    assert_eq!(inverter.words(3, 32_089, 1), [0xA000]);
}

#[test]
fn a_lighting_cabinet_obeys_and_otherwise_lights_the_night() {
    let mut cabinet = Bench::new("light1", NIGHT);
    // By its own photocell: lit, dark, remote; at full level.
    assert_eq!(cabinet.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b111]);
    assert_eq!(cabinet.words(3, 0, 1), [100]);
    cabinet.pass(300);
    let warm = cabinet.words(4, 0, 1)[0];
    assert!((860..=940).contains(&warm), "9 kW in tens of W, warm: {warm}");
    cabinet.set(1, 1);
    cabinet.set(0, 70);
    assert_eq!(cabinet.ask(&[5, 0, 0, 0xFF, 0]), [5, 0, 0, 0xFF, 0]);
    cabinet.pass(10);
    let dimmed = f64::from(cabinet.words(4, 0, 1)[0]) / f64::from(warm);
    assert_eq!(cabinet.words(3, 0, 1), [70]);
    assert!((0.71..=0.76).contains(&dimmed), "the ballasts draw on: {dimmed}");
    cabinet.set(1, 2);
    assert_eq!(cabinet.ask(&[5, 0, 0, 0, 0]), [5, 0, 0, 0, 0]);
    cabinet.pass(10);
    assert_eq!(cabinet.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b110], "dark, as ordered");
    assert_eq!(cabinet.words(4, 0, 1), [0]);
    cabinet.pass(60);
    assert_eq!(cabinet.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b111], "left alone it fails to light");
    cabinet.pass(8 * 3600);
    assert_eq!(cabinet.ask(&[2, 0, 0, 0, 3]), [2, 1, 0b100], "and is off by day");
}

#[test]
fn unknown_points_are_zero_and_remember_what_is_written() {
    let mut site = SITE.clone();
    let device = site.devices.iter_mut().find(|device| device.id.as_str() == "pump2").unwrap();
    let text = drivers::profile::builtin("pump-drive").unwrap().replace(
        "points:\n",
        "points:\n  ramp: {holding: 110, kind: u32, access: read-write, write_function: multiple}\n  \
         oil: {input: 20, kind: u16}\n",
    );
    let profile = drivers::profile::read(&text, std::path::Path::new("own.yaml")).unwrap();
    let device = device.clone();
    let simulated = SimulatedDevice::new(&site, &device, Arc::new(profile)).unwrap();
    let mut drive =
        Bench { device: simulated, plant: plant_of(&site, 1, MORNING), at: instant(MORNING) };
    assert_eq!(drive.words(4, 20, 1), [0]);
    assert_eq!(drive.words(3, 110, 2), [0, 0]);
    let request = [16, 0, 110, 0, 2, 4, 0x12, 0x34, 0x56, 0x78];
    assert_eq!(drive.ask(&request), [16, 0, 110, 0, 2]);
    assert_eq!(drive.words(3, 110, 2), [0x1234, 0x5678]);
    assert_eq!(drive.ask(&[16, 0, 110, 0, 3, 6, 0, 1, 0, 1, 0, 1]), [0x90, 2], "past its end");
    assert_eq!(drive.words(3, 110, 2), [0x1234, 0x5678], "all or nothing");
}

#[test]
fn what_the_simulator_has_no_device_for_is_said() {
    let mut site = SITE.clone();
    site.pumps[1].device = site.pumps[0].device.clone();
    let made = |site: &Site, name: &str, text: &str| {
        let device = site.device(&DeviceId::new(name).unwrap()).unwrap();
        let profile = drivers::profile::read(text, std::path::Path::new("own.yaml")).unwrap();
        SimulatedDevice::new(site, device, Arc::new(profile)).map(|_| ()).unwrap_err().to_string()
    };
    let error = made(&site, "pump1", drivers::profile::builtin("pump-drive").unwrap());
    assert!(error.starts_with("device pump1 (profile pump-drive): P1 and P2 both act"), "{error}");
    let strange = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\nsunspec: true\n\
                   points:\n  level: {model: 64001, offset: 2, kind: f32, unit: m}\n";
    let error = made(&SITE, "level1", strange);
    assert!(error.starts_with("device level1 (profile p): point level lies in SunSpec"), "{error}");
}
