//! Faults of a link: what comes out for each of them, on both framings.

use std::time::Duration;

use drivers::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

use super::super::faults::{FaultEvent, FaultPlan, FaultyLine, Framing, When, WireFault, wrap};
use super::super::rtu::sealed;
use super::super::{Bus, RtuLine, Table, UnknownUnit, serve, serve_rtu};
use super::{Registers, adu};

const LONG: Duration = Duration::from_secs(3600);
const NOTHING: [u8; 0] = [];
/// Reads two registers of unit 1 from 0 on, which hold 5 and 6, and what is answered.
const READ: [u8; 5] = [3, 0, 0, 0, 2];
const ANSWER: [u8; 6] = [3, 4, 0, 5, 0, 6];
/// Sets register 1 to 7; answered by itself.
const WRITE: [u8; 5] = [6, 0, 1, 0, 7];

fn clock() -> Clock {
    Clock::scaled("2026-06-15T10:00:00Z".parse().unwrap(), 1.0)
}

/// One client's end of a faulty link with unit 1, and how it frames.
struct Peer {
    stream: DuplexStream,
    framing: Framing,
    transaction: u16,
}

fn bus() -> Bus {
    let bus = Bus::new(UnknownUnit::Silent);
    for unit in [1, 2] {
        bus.insert(unit, Registers::default().with(Table::HoldingRegisters, 0, &[5, 6]));
    }
    bus
}

impl Peer {
    fn connect(framing: Framing, line: &FaultyLine, bus: &Bus) -> Peer {
        let (near, far) = duplex(1024);
        match framing {
            Framing::Tcp => drop(tokio::spawn(serve(far, bus.clone()))),
            Framing::Rtu(it) => drop(tokio::spawn(serve_rtu(far, bus.clone(), it))),
        }
        Peer { stream: wrap(near, framing, line.clone()), framing, transaction: 0 }
    }

    fn tcp(plan: FaultPlan) -> Peer {
        Peer::connect(Framing::Tcp, &FaultyLine::new(plan, clock()), &bus())
    }

    fn rtu(plan: FaultPlan) -> Peer {
        let framing = Framing::Rtu(RtuLine::serial(19_200));
        Peer::connect(framing, &FaultyLine::new(plan, clock()), &bus())
    }

    /// A frame as it should be, of the transaction asked last.
    fn frame(&self, unit: u8, pdu: &[u8]) -> Vec<u8> {
        match self.framing {
            Framing::Rtu(_) => sealed([&[unit], pdu].concat()),
            Framing::Tcp => adu(self.transaction, unit, pdu),
        }
    }

    async fn send(&mut self, unit: u8, pdu: &[u8]) {
        self.transaction += 1;
        let request = self.frame(unit, pdu);
        self.stream.write_all(&request).await.unwrap();
    }

    /// Everything that comes until nothing has come for a second.
    async fn receive(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut chunk = [0; 256];
        while let Ok(Ok(read @ 1..)) =
            timeout(Duration::from_secs(1), self.stream.read(&mut chunk)).await
        {
            all.extend(&chunk[..read]);
        }
        all
    }

    async fn ask(&mut self, unit: u8, pdu: &[u8]) -> Vec<u8> {
        self.send(unit, pdu).await;
        self.receive().await
    }

    async fn is_closed(&mut self) -> bool {
        timeout(LONG, self.stream.read(&mut [0])).await.is_ok_and(|read| read.unwrap() == 0)
    }
}

fn first(fault: WireFault) -> FaultPlan {
    FaultPlan::one(When::nth(0), fault)
}

/// Both framings with the same fault of the first exchange.
fn both(fault: &WireFault) -> [Peer; 2] {
    [Peer::tcp(first(fault.clone())), Peer::rtu(first(fault.clone()))]
}

#[tokio::test(start_paused = true)]
async fn faults_in_what_an_answer_says_are_just_what_they_say() {
    let cases: [(WireFault, u8, &[u8]); 8] = [
        (WireFault::Unit { add: 1 }, 2, &ANSWER),
        (WireFault::Function { code: 4 }, 1, &[4, 4, 0, 5, 0, 6]),
        (WireFault::Registers { more: -1 }, 1, &[3, 2, 0, 5]),
        (WireFault::Registers { more: 1 }, 1, &[3, 6, 0, 5, 0, 6, 0xA5, 0xA5]),
        (WireFault::Registers { more: -9 }, 1, &[3, 0]),
        (WireFault::Exception { code: 6 }, 1, &[0x83, 6]),
        (WireFault::Exception { code: 0x0B }, 1, &[0x83, 0x0B]),
        (WireFault::Exception { code: 2 }, 1, &[0x83, 2]),
    ];
    for (fault, unit, pdu) in cases {
        for mut peer in both(&fault) {
            let answer = peer.ask(1, &READ).await;
            assert_eq!(answer, peer.frame(unit, pdu), "{fault:?} {:?}", peer.framing);
            let answer = peer.ask(1, &READ).await;
            assert_eq!(answer, peer.frame(1, &ANSWER), "{fault:?} is over");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faults_in_the_bytes_of_an_answer() {
    let noise = vec![0xFF, 0x00];
    type Change = fn(Vec<u8>, Vec<u8>) -> Vec<u8>;
    let cases: [(WireFault, Change); 7] = [
        (WireFault::Duplicate, |_, answer| answer.repeat(2)),
        (WireFault::Truncate { bytes: 5 }, |_, answer| answer[..5].to_vec()),
        (WireFault::Truncate { bytes: 99 }, |_, answer| answer),
        (WireFault::NoiseBefore { bytes: noise.clone() }, |_, it| [vec![0xFF, 0], it].concat()),
        (WireFault::NoiseAfter { bytes: noise }, |_, it| [it, vec![0xFF, 0]].concat()),
        (WireFault::Echo, |request, answer| [request, answer].concat()),
        (WireFault::FlipBit { bit: 1 }, |_, mut answer| {
            answer[0] ^= 2;
            answer
        }),
    ];
    for (fault, change) in cases {
        for mut peer in both(&fault) {
            let answer = peer.ask(1, &READ).await;
            let expected = change(peer.frame(1, &READ), peer.frame(1, &ANSWER));
            assert_eq!(answer, expected, "{fault:?} {:?}", peer.framing);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_one_framing_let_the_other_pass() {
    let [mut tcp, mut rtu] = both(&WireFault::Checksum);
    assert_eq!(tcp.ask(1, &READ).await, tcp.frame(1, &ANSWER));
    let mut wrong = rtu.frame(1, &ANSWER);
    wrong[8] ^= 0x80;
    assert_eq!(rtu.ask(1, &READ).await, wrong);

    let [mut tcp, mut rtu] = both(&WireFault::Transaction { add: 0xFFFF });
    let answer = tcp.ask(1, &READ).await;
    assert_eq!(answer[..2], [0, 0]);
    assert_eq!(answer[2..], tcp.frame(1, &ANSWER)[2..]);
    assert_eq!(rtu.ask(1, &READ).await, rtu.frame(1, &ANSWER));

    for length in [0, 1, 255, 0xFFFF] {
        let [mut tcp, mut rtu] = both(&WireFault::HeaderLength { length });
        let answer = tcp.ask(1, &READ).await;
        assert_eq!(answer[4..6], length.to_be_bytes());
        assert_eq!(answer[6..], tcp.frame(1, &ANSWER)[6..]);
        assert_eq!(rtu.ask(1, &READ).await, rtu.frame(1, &ANSWER));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_not_done_and_a_lost_answer_is() {
    for (fault, value) in [(WireFault::LoseRequest, 6), (WireFault::LoseAnswer, 7)] {
        for mut peer in both(&fault) {
            assert_eq!(peer.ask(1, &WRITE).await, NOTHING);
            assert_eq!(peer.ask(1, &READ).await, peer.frame(1, &[3, 4, 0, 5, 0, value]));
        }
    }
    let refused = FaultPlan::one(When::always(), WireFault::Exception { code: 6 });
    let mut peer = Peer::tcp(FaultPlan { events: refused.events });
    for _ in 0..20 {
        assert_eq!(peer.ask(1, &WRITE).await, peer.frame(1, &[0x86, 6]), "a storm of busy");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_time() {
    for mut peer in both(&WireFault::Delay { ms: 2500 }) {
        assert_eq!(peer.ask(1, &READ).await, NOTHING, "not within a second");
        let late = peer.frame(1, &ANSWER);
        let answer = peer.ask(1, &READ[..]).await;
        assert_eq!(answer, NOTHING, "one behind the other");
        assert_eq!(peer.receive().await, [late, peer.frame(1, &ANSWER)].concat());
    }
    for (fault, order) in [(WireFault::UntilNextRequest, [0, 1]), (WireFault::SwapWithNext, [1, 0])]
    {
        for mut peer in both(&fault) {
            assert_eq!(peer.ask(1, &READ).await, NOTHING);
            let held = peer.frame(1, &ANSWER);
            let both = peer.ask(2, &READ).await;
            let answers = [held, peer.frame(2, &ANSWER)];
            assert_eq!(both, order.map(|it| answers[it].clone()).concat(), "{fault:?}");
        }
    }
    for mut peer in both(&WireFault::Drip { gap_ms: 300 }) {
        peer.send(1, &READ).await;
        assert!(peer.stream.read_u8().await.is_ok());
        let early = timeout(Duration::from_millis(299), peer.stream.read_u8()).await;
        assert!(early.is_err(), "the second byte is not due");
        assert_eq!(peer.receive().await, peer.frame(1, &ANSWER)[1..]);
    }
    for mut peer in both(&WireFault::Drip { gap_ms: 0 }) {
        peer.send(1, &READ).await;
        assert_eq!(peer.stream.read(&mut [0; 64]).await.unwrap(), 1, "a write for each byte");
        assert_eq!(peer.receive().await, peer.frame(1, &ANSWER)[1..]);
    }
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_connection() {
    for mut peer in both(&WireFault::HalfOpen) {
        for _ in 0..3 {
            assert_eq!(peer.ask(1, &READ).await, NOTHING);
        }
        assert!(!peer.is_closed().await, "nobody was told");
    }
    for mut peer in both(&WireFault::Close { after_bytes: 0 }) {
        peer.send(1, &READ).await;
        assert!(peer.is_closed().await);
    }
    for mut peer in both(&WireFault::Close { after_bytes: 4 }) {
        assert_eq!(peer.ask(1, &READ).await, peer.frame(1, &ANSWER)[..4]);
        assert!(peer.is_closed().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_connects_anew_goes_on_in_the_plan() {
    let event = |nth, unit, fault| FaultEvent { when: When::nth(nth), unit, fault };
    let events = vec![
        event(0, None, WireFault::Close { after_bytes: 0 }),
        event(1, Some(2), WireFault::LoseAnswer),
        event(2, Some(2), WireFault::LoseAnswer),
    ];
    let line = FaultyLine::new(FaultPlan { events }, clock());
    let bus = bus();
    let mut peer = Peer::connect(Framing::Tcp, &line, &bus);
    peer.send(1, &READ).await;
    assert!(peer.is_closed().await);
    let mut peer = Peer::connect(Framing::Tcp, &line, &bus);
    assert_eq!(peer.ask(1, &READ).await, peer.frame(1, &ANSWER), "unit 1 is not meant");
    assert_eq!(peer.ask(2, &READ).await, NOTHING);
    assert_eq!(peer.ask(2, &READ).await, peer.frame(2, &ANSWER));
    assert_eq!(line.exchanges(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_span_of_time_is_counted_from_the_links_start() {
    let plan = FaultPlan::one(
        When::Between { from_ms: 5_000, to_ms: 10_000 },
        WireFault::Exception { code: 0x0A },
    );
    let mut peer = Peer::rtu(plan);
    let mut seen = Vec::new();
    for _ in 0..12 {
        // An answer takes its silence on the line, and the wait for more takes a second.
        seen.push(peer.ask(1, &READ).await == peer.frame(1, &ANSWER));
    }
    let refused: Vec<usize> = (0..12).filter(|n| !seen[*n]).collect();
    assert_eq!(refused, [5, 6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_modbus_passes_and_broadcasts_are_not_waited_for() {
    let mut peer = Peer::rtu(FaultPlan::default());
    assert_eq!(peer.ask(0, &WRITE).await, NOTHING);
    assert_eq!(peer.ask(1, &READ).await, peer.frame(1, &[3, 4, 0, 5, 0, 7]));
    peer.stream.write_all(&[1, 2]).await.unwrap();
    assert_eq!(peer.receive().await, NOTHING);
    assert_eq!(peer.ask(1, &READ).await, peer.frame(1, &[3, 4, 0, 5, 0, 7]));
    assert_eq!(peer.ask(1, &[0x41, 9]).await, peer.frame(1, &[0xC1, 1]));
}

#[test]
fn a_plan_is_data() {
    let plan = FaultPlan {
        events: vec![
            FaultEvent {
                when: When::Exchanges { from: 3, count: 2 },
                unit: Some(7),
                fault: WireFault::Delay { ms: 900 },
            },
            FaultEvent {
                when: When::Between { from_ms: 0, to_ms: 60_000 },
                unit: None,
                fault: WireFault::LoseRequest,
            },
        ],
    };
    let text = r#"{"events":[{"when":{"exchanges":{"from":3,"count":2}},"unit":7,"fault":{"delay":{"ms":900}}},{"when":{"between":{"from_ms":0,"to_ms":60000}},"fault":"lose_request"}]}"#;
    assert_eq!(serde_json::to_string(&plan).unwrap(), text);
    assert_eq!(serde_json::from_str::<FaultPlan>(text).unwrap(), plan);
    assert!(serde_json::from_str::<FaultPlan>(&text.replace("\"ms\"", "\"s\"")).is_err());
    let fault = |nth, seconds, unit| plan.fault(nth, Duration::from_secs(seconds), unit);
    assert_eq!(fault(3, 0, 7), Some(&WireFault::Delay { ms: 900 }), "the first counts");
    assert_eq!(fault(5, 59, 7), Some(&WireFault::LoseRequest));
    assert_eq!(fault(5, 60, 7), None);
    assert_eq!(fault(4, 60, 6), None);
}
