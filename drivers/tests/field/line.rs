//! RTU: frames without transaction numbers, on a line where answers can come late, twice, from
//! the wrong unit or not at all. In none of these cases may a value reach another point.

use crate::peer::{clock, device, number, read};
use crate::serial_frame::sealed;
use drivers::{BoxedStream, Clock, Connect, Field};
use futures::future::BoxFuture;
use site::model::{Endpoint, SerialLine};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

/// What the line does with one answer.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It comes after so many milliseconds.
    After(u64),
    /// It comes twice, the second time after so many milliseconds.
    Twice(u64),
    /// One bit is wrong.
    Corrupt,
    /// It says another unit's number.
    FromUnit(u8),
    /// It is lost.
    Lost,
    /// Only half of it comes.
    Half,
    /// Noise comes before it.
    Noise,
}

/// A question: unit, address, count, and when it came, in milliseconds.
type Question = (u8, u16, u16, u128);

type Fates = Box<dyn FnMut(u8, u16, usize) -> Fate + Send>;

/// A serial line with units whose register `a` holds `unit * 1000 + a`, so that every value says
/// where it belongs. Answers are given in order, as a device does.
#[derive(Clone)]
struct SerialBus {
    fates: Arc<Mutex<Fates>>,
    asked: Arc<Mutex<Vec<Question>>>,
    /// Where answers go: to whoever is connected by then.
    out: Arc<tokio::sync::Mutex<Option<WriteHalf<DuplexStream>>>>,
    clock: Clock,
}

impl SerialBus {
    fn new(clock: &Clock, fates: impl FnMut(u8, u16, usize) -> Fate + Send + 'static) -> Self {
        let fates: Fates = Box::new(fates);
        Self {
            fates: Arc::new(Mutex::new(fates)),
            asked: Arc::default(),
            out: Arc::default(),
            clock: clock.clone(),
        }
    }

    fn asked(&self) -> Vec<Question> {
        self.asked.lock().expect("no test panics while holding it").clone()
    }

    async fn serve(self, mut input: ReadHalf<DuplexStream>) {
        let mut frame = [0; 8];
        while input.read_exact(&mut frame).await.is_ok() {
            assert_eq!(sealed(&frame[..6]), frame, "a proper question");
            let (unit, function) = (frame[0], frame[1]);
            let address = u16::from_be_bytes([frame[2], frame[3]]);
            let count = u16::from_be_bytes([frame[4], frame[5]]);
            let at = self.clock.now().mono.since_start().as_millis();
            let fate = {
                let mut asked = self.asked.lock().expect("no test panics while holding it");
                asked.push((unit, address, count, at));
                let mut fates = self.fates.lock().expect("no test panics while holding it");
                let of_unit = asked.iter().filter(|asked| asked.0 == unit).count();
                fates(unit, address, of_unit)
            };
            let words = (address..address + count).map(|a| u16::from(unit) * 1000 + a);
            let mut answer = vec![unit, function, u8::try_from(count * 2).expect("short")];
            answer.extend(words.flat_map(u16::to_be_bytes));
            tokio::spawn(self.clone().answer(answer, fate));
        }
    }

    async fn answer(self, mut answer: Vec<u8>, fate: Fate) {
        let (mut before, mut after, mut again) = (Vec::new(), 2, None);
        match fate {
            Fate::After(millis) => after = millis,
            Fate::Twice(millis) => again = Some(millis),
            Fate::FromUnit(unit) => answer[0] = unit,
            Fate::Noise => before = vec![0x00, 0xFF, 0x13],
            Fate::Lost => return,
            Fate::Corrupt | Fate::Half => {}
        }
        answer = sealed(&answer);
        match fate {
            Fate::Corrupt => answer[4] ^= 0x10,
            Fate::Half => answer.truncate(answer.len() / 2),
            _ => {}
        }
        before.extend(&answer);
        self.clock.sleep(Duration::from_millis(after)).await;
        self.send(&before).await;
        if let Some(again) = again {
            self.clock.sleep(Duration::from_millis(again)).await;
            self.send(&answer).await;
        }
    }

    async fn send(&self, bytes: &[u8]) {
        if let Some(out) = self.out.lock().await.as_mut() {
            // Nobody may be there any more.
            let _ = out.write_all(bytes).await;
        }
    }
}

impl Connect for SerialBus {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(4096);
            let (input, output) = tokio::io::split(theirs);
            *self.out.lock().await = Some(output);
            tokio::spawn(self.clone().serve(input));
            Ok(Box::new(ours) as BoxedStream)
        })
    }
}

#[test]
fn the_checksum_is_the_one_of_the_specification() {
    // The example of the specification's annex.
    assert_eq!(sealed(&[0x02, 0x07]), [0x02, 0x07, 0x41, 0x12]);
}

fn serial() -> Endpoint {
    Endpoint::Serial { path: "/dev/line".into(), line: SerialLine::default() }
}

fn over_tcp() -> Endpoint {
    Endpoint::RtuOverTcp { host: "line".into(), port: 4001 }
}

/// Two points of the same width in separate requests: their answers look the same.
const PROFILE: &str = "profile: twins\nversion: 1\ndescription: twins\nfirst_address: 0\n\
    points:\n  a: {input: 0, kind: u16}\n  b: {input: 500, kind: u16}\n";

/// Polls three units for a while and demands that no point ever shows another's value. Gives the
/// bus, and how many looks found each unit's points good.
async fn watch(
    endpoint: Endpoint,
    seconds: u64,
    fates: impl FnMut(u8, u16, usize) -> Fate + Send + 'static,
) -> (SerialBus, [u32; 3], drivers::LinkHealth) {
    let clock = clock();
    let bus = SerialBus::new(&clock, fates);
    let profile = read(PROFILE);
    let devices = (1..=3).map(|unit| {
        let mut one = device(&format!("d{unit}"), unit, &profile);
        one.device.endpoint = endpoint.clone();
        one
    });
    let field = Field::start(devices.collect(), Arc::new(bus.clone()), clock.clone());
    let mut good = [0; 3];
    for _ in 0..seconds {
        clock.sleep(Duration::from_secs(1)).await;
        let snapshot = field.freeze(clock.now());
        for unit in 1..=3_u16 {
            let mut both = 0;
            for (point, address) in [("a", 0), ("b", 500)] {
                if let Some(value) = number(&snapshot, &format!("d{unit}.{point}")) {
                    let own = f64::from(unit * 1000 + address);
                    assert!((value - own).abs() < 1e-9, "d{unit}.{point} shows {value}");
                    both += 1;
                }
            }
            good[usize::from(unit) - 1] += u32::from(both == 2);
        }
    }
    let health = field.links().remove(0);
    field.stop().await;
    (bus, good, health)
}

#[tokio::test(start_paused = true)]
async fn a_line_in_order_is_read_with_silence_between_frames() {
    for endpoint in [serial(), over_tcp()] {
        let silent = endpoint == serial();
        let (bus, good, health) = watch(endpoint, 300, |_, _, _| Fate::After(20)).await;
        assert_eq!(good, [300; 3]);
        let asked = bus.asked();
        let closest = asked.windows(2).map(|pair| pair[1].3 - pair[0].3).min();
        // 20 ms until the answer, and 3.5 characters of 19,200 baud after it.
        assert!(closest >= Some(if silent { 22 } else { 20 }), "{closest:?}");
        assert_eq!((health.unasked_bytes, health.connected, health.devices), (0, true, 3));
        // Six questions of 20 ms every ten seconds.
        assert!((health.busy - 0.012).abs() < 0.003, "{}", health.busy);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_never_the_next_ones() {
    for endpoint in [serial(), over_tcp()] {
        for late in [1010, 1500, 1999, 2500, 3900, 7000, 11_000] {
            let fates = move |unit, _, n| match (unit, n % 5) {
                (2, 0 | 1) => Fate::After(late),
                _ => Fate::After(5),
            };
            let (_, good, health) = watch(endpoint.clone(), 600, fates).await;
            // At the start the third unit waits until the second is given up.
            assert!(good[0] == 600 && good[2] >= 595, "{endpoint}, {late} ms: {good:?}");
            let thrown_away = health.unasked_bytes > 0;
            assert!(thrown_away || late < 1500, "late answers are thrown away");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_slower_than_its_timeout_is_given_more_time() {
    for endpoint in [serial(), over_tcp()] {
        let fates = |unit, _, _| Fate::After(if unit == 2 { 2500 } else { 5 });
        let (_, good, _) = watch(endpoint, 600, fates).await;
        assert!(good[0] == 600 && good[2] >= 595, "{good:?}");
        assert!(good[1] > 500, "it answers within four times its timeout: {good:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_twice_corrupt_in_half_or_with_noise_harms_nobody_else() {
    for endpoint in [serial(), over_tcp()] {
        for fate in [
            Fate::Twice(0),
            Fate::Twice(3),
            Fate::Twice(700),
            Fate::Twice(1300),
            Fate::Corrupt,
            Fate::Half,
            Fate::Noise,
            Fate::Lost,
            Fate::FromUnit(1),
            Fate::FromUnit(3),
            Fate::FromUnit(99),
        ] {
            let fates = move |unit, _, n| match (unit, n % 7) {
                (2, 0..=2) => fate,
                _ => Fate::After(5),
            };
            let (_, good, _) = watch(endpoint.clone(), 600, fates).await;
            let least = good[0].min(good[2]);
            assert!(least >= 590, "{endpoint}, {fate:?}: {good:?}");
            assert!(good[1] > 300, "{endpoint}, {fate:?}: {good:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_unit_costs_its_neighbours_nothing_but_time() {
    let fates = |unit, _, _| if unit == 2 { Fate::Lost } else { Fate::After(5) };
    let (bus, good, _) = watch(serial(), 3600, fates).await;
    assert!(good[0] == 3600 && good[2] >= 3595, "{good:?}");
    let tries = bus.asked().iter().filter(|asked| asked.0 == 2).count();
    assert!((10..=120).contains(&tries), "left alone up to five minutes: {tries} tries");
}
