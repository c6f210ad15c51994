//! What leaves for a device lies within the envelope that the site gives it, whatever was let
//! through: bytes are taken apart here by hand.

use crate::peer::{Peer, clock, device, echo, from_table, guarded, read, start};
use drivers::{Clock, Field};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use site::AssetId;
use site::command::{Command, Delivery, Guarded, Setpoint};
use site::envelope::{Envelope, Envelopes};
use site::units::{Current, Power, Ratio};
use std::time::Duration;

/// How a device holds a number: what the profile says of it, one step, and its bytes by hand.
type Held = (&'static str, fn(f64) -> f64, fn(&[u8]) -> f64);

fn word(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

/// The four bytes after the count of registers and of bytes.
fn long(bytes: &[u8]) -> [u8; 4] {
    [bytes[3], bytes[4], bytes[5], bytes[6]]
}

const HELD: [Held; 5] = [
    ("kind: u16, scale: 0.1", |_| 0.1, |bytes| f64::from(word(bytes)) * 0.1),
    ("kind: i16, scale: 10", |_| 10.0, |bytes| f64::from(word(bytes).cast_signed()) * 10.0),
    ("kind: i32", |_| 1.0, |bytes| f64::from(i32::from_be_bytes(long(bytes)))),
    (
        "kind: i32, low_word_first: true, scale: -1",
        |_| 1.0,
        |bytes| {
            let [c, d, a, b] = long(bytes);
            -f64::from(i32::from_be_bytes([a, b, c, d]))
        },
    ),
    ("kind: f32", |value| value.abs() * 2e-7, |bytes| f64::from(f32::from_be_bytes(long(bytes)))),
];

/// An operation, its word, and its setpoint of a number.
type Told = (&'static str, &'static str, fn(f64) -> Setpoint);

const TOLD: [Told; 4] = [
    ("power", "watts", |value| Setpoint::Power(Power::new(value))),
    ("charge", "amperes", |value| Setpoint::Charge(Current::new(value))),
    ("limit", "percent", |value| Setpoint::Limit(Ratio::new(value / 100.0))),
    ("light", "percent", |value| Setpoint::Light(Ratio::new(value / 100.0))),
];

fn profile(held: &str, operation: &str, own: &str) -> String {
    format!(
        "profile: held\nversion: 1\ndescription: One number\nfirst_address: 0\n\
         max_registers: 100\nmax_gap: 10\npoints:\n  told: {{holding: 10, {held}, access: \
         read-write, write_function: multiple}}\ncommands:\n  {operation}:\n    write: [{{point: \
         told, value: {own}}}]\n    confirm: [{{point: told, equals: {own}}}]\n"
    )
}

/// What a device hears when it is told this within these envelopes, and the receipt.
async fn told(
    profile: &str,
    envelopes: Envelopes,
    commands: &[Guarded<Command>],
) -> (Vec<Vec<u8>>, Delivery, u64) {
    let clock = clock();
    let peer = Peer::new(
        &clock,
        |asked| {
            if asked.writes() { echo(asked) } else { from_table(asked, &[]) }
        },
    );
    let mut one = device("d1", 1, &read(profile));
    one.envelopes = envelopes;
    let field = start(vec![one], &peer, &clock);
    clock.sleep(Duration::from_secs(2)).await;
    let delivery = deliver(&field, &clock, commands).await;
    let refused = field.health()[0].writes_outside;
    let writes = peer.writes().into_iter().map(|(_, _, bytes)| bytes).collect();
    (writes, delivery, refused)
}

async fn deliver(field: &Field, clock: &Clock, commands: &[Guarded<Command>]) -> Delivery {
    field.write(clock.now(), commands).await.remove(0).delivery
}

fn asset() -> AssetId {
    AssetId::new("A1").expect("a name")
}

/// Numbers near the ends of an envelope, and any.
fn number(low: f64, high: f64) -> impl Strategy<Value = f64> {
    let near = |end: f64| prop_oneof![Just(end), (end - 60.0)..(end + 60.0)];
    prop_oneof![3 => near(low), 3 => near(high), 3 => low..=high, 2 => any_finite()]
}

fn any_finite() -> prop::num::f64::Any {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

fn config() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(20_260_601);
    ProptestConfig { cases: 1_500, failure_persistence: None, rng_seed, ..Default::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn bytes_that_leave_lie_within_the_envelope(
        held in prop::sample::select(HELD.to_vec()),
        to in prop::sample::select(TOLD.to_vec()),
        (low, high, value) in (-3e4..3e4f64, 0.0..3e4f64)
            .prop_flat_map(|(low, size)| (Just(low), Just(low + size), number(low, low + size))),
    ) {
        let ((kind, step, by_hand), (operation, own, setpoint)) = (held, to);
        let envelopes = Envelopes::none().with(&asset(), operation, Envelope { low, high });
        let setpoint = setpoint(value);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let commands = [guarded("A1", "d1", setpoint)];
        let text = profile(kind, operation, own);
        let (writes, delivery, refused) = runtime.block_on(told(&text, envelopes, &commands));
        for bytes in &writes {
            let found = by_hand(if bytes.len() > 5 { bytes } else { &bytes[3..] });
            let step = step(found);
            prop_assert!(found >= low - step && found <= high + step, "{setpoint:?}: {found}");
        }
        prop_assert_eq!(writes.is_empty(), matches!(delivery, Delivery::Failed(_)));
        prop_assert!(writes.is_empty() || refused == 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_lies_outside_is_refused_counted_and_said() {
    let text = profile("kind: i32", "power", "watts");
    let kw = |low: f64, high: f64| {
        let envelope = Envelope { low: low * 1e3, high: high * 1e3 };
        Envelopes::none().with(&asset(), "power", envelope)
    };
    let power = |watts: f64| [guarded("A1", "d1", Setpoint::Power(Power::new(watts)))];
    let (writes, delivery, refused) = told(&text, kw(-40.0, 50.0), &power(50_000.0)).await;
    assert_eq!((writes.len(), delivery, refused), (1, Delivery::Sent, 0));
    let why = |delivery: Delivery| match delivery {
        Delivery::Failed(why) => why,
        other => panic!("{other:?}"),
    };
    let (writes, delivery, refused) = told(&text, kw(-40.0, 50.0), &power(60_000.0)).await;
    assert_eq!((writes.len(), refused), (0, 1));
    let words = "'power' of A1 carries 60000, outside of its envelope of -40000 to 50000; please \
                 report this";
    assert_eq!(why(delivery), words);
    let (writes, delivery, refused) = told(&text, kw(-40.0, 50.0), &power(-40_020.0)).await;
    assert_eq!((writes.len(), refused), (0, 1), "orders are the same within 50 W, bytes are not");
    let words = "unit 1: the bytes for 'told' read as Some(-40020.0), outside of the envelope of \
                 -40000 to 50000; check the profile, and please report this";
    assert_eq!(why(delivery), words);
    let (writes, delivery, refused) = told(&text, Envelopes::none(), &power(0.0)).await;
    assert_eq!((writes.len(), refused), (0, 1));
    let words = "the site lets nobody tell 'power' to A1 on this device; please report this";
    assert_eq!(why(delivery), words);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_over_when_something_is_written_again() {
    let clock = clock();
    let peer = Peer::new(
        &clock,
        |asked| {
            if asked.writes() { echo(asked) } else { from_table(asked, &[]) }
        },
    );
    let mut one = device("d1", 1, &read(&profile("kind: i32", "power", "watts")));
    let envelope = Envelope { low: 0.0, high: 1e3 };
    one.envelopes = Envelopes::none().with(&asset(), "power", envelope);
    let field = start(vec![one], &peer, &clock);
    clock.sleep(Duration::from_secs(2)).await;
    for (watts, sent, refused) in [(2e3, 0, 1), (3e3, 0, 2), (500.0, 1, 2), (2e3, 1, 3)] {
        let command = [guarded("A1", "d1", Setpoint::Power(Power::new(watts)))];
        deliver(&field, &clock, &command).await;
        assert_eq!((peer.writes().len(), field.health()[0].writes_outside), (sent, refused));
        clock.sleep(Duration::from_secs(10)).await;
    }
}
