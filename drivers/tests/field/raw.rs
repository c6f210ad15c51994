//! Registers as they are: what commissioning sees of a device.

use crate::peer::{Asked, Peer, Reply, clock, from_table, registers};
use drivers::profile::Table;
use drivers::raw::{Content, Raw, RawError};
use site::model::Endpoint;
use std::sync::Arc;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(1);

fn raw(handler: impl FnMut(&Asked) -> Reply + Send + 'static) -> (Raw, Peer) {
    let clock = clock();
    let peer = Peer::new(&clock, handler);
    let endpoint = Endpoint::read("tcp://field:502").expect("an address");
    (Raw::new(endpoint, Arc::new(peer.clone()), clock), peer)
}

#[tokio::test(start_paused = true)]
async fn a_long_read_is_split_and_put_together_again() {
    let (mut raw, peer) = raw(|asked| {
        let first = asked.address();
        Reply::Data(registers(&(first..first + asked.count()).collect::<Vec<_>>()))
    });
    let reading = raw.read(7, Table::Holding, (100, 300), WITHIN).await.expect("it answers");
    assert_eq!(reading.content, Content::Registers((100..400).collect()));
    let asked = peer.asked();
    let ranges: Vec<_> = asked.iter().map(|one| (one.unit, one.address(), one.count())).collect();
    assert_eq!(ranges, [(7, 100, 125), (7, 225, 125), (7, 350, 50)]);
    let beyond = raw.read(7, Table::Input, (65_500, 37), WITHIN).await;
    assert_eq!(beyond, Err(RawError::Beyond { address: 65_500, count: 37 }));
    assert_eq!(peer.asked().len(), 3, "what cannot be is not asked");
}

#[tokio::test(start_paused = true)]
async fn silence_and_refusals_are_told_apart_and_nothing_is_ever_written() {
    let (mut raw, peer) = raw(|asked| match asked.unit {
        1 => Reply::Exception(2),
        2 => Reply::Exception(0x0B),
        3 => Reply::Close,
        _ => Reply::Silence,
    });
    let mut outcomes = Vec::new();
    for unit in [1, 2, 3, 4] {
        let error = raw.read(unit, Table::Holding, (0, 1), WITHIN).await.expect_err("no value");
        outcomes.push((error.is_answer(), error));
    }
    assert!(matches!(outcomes[0], (true, RawError::Refused { code: 2, .. })), "{outcomes:?}");
    assert!(matches!(outcomes[1], (false, RawError::Refused { code: 0x0B, .. })), "a gateway");
    assert!(matches!(outcomes[2], (false, RawError::Down(_))), "{outcomes:?}");
    assert!(matches!(outcomes[3], (false, RawError::Silent(_))), "{outcomes:?}");
    assert_eq!(peer.writes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_device_says_who_it_is() {
    let (mut raw, _) = raw(|asked| match (asked.function, asked.data.as_slice()) {
        // More follows from object 1 on.
        (0x2B, [0x0E, 1, 0]) => {
            Reply::Data([&[0x0E, 1, 1, 0xFF, 1, 1, 0, 4], &b"ACME"[..]].concat())
        }
        (0x2B, [0x0E, 1, 1]) => {
            Reply::Data([&[0x0E, 1, 1, 0, 0, 2, 1, 2], &b"X\x07"[..], &[2, 1], b"3"].concat())
        }
        (0x11, _) => Reply::Data(vec![5, 0x42, 0xFF, b'P', b'L', b'C']),
        _ => Reply::Exception(1),
    });
    let objects = raw.identity(1, WITHIN).await.expect("it answers");
    let expected = [(0, "ACME"), (1, "X?"), (2, "3")].map(|(id, text)| (id, text.to_owned()));
    assert_eq!(objects, expected, "what cannot be printed is not");
    let server = raw.server_id(1, WITHIN).await.expect("it answers");
    assert_eq!((server.id, server.runs, server.more.as_str()), (0x42, true, "PLC"));
}

/// An inverter with model 1, and the models that the built-in profile needs.
fn sunspec() -> Vec<(u16, u16)> {
    let mut table = vec![(40_000, 0x5375), (40_001, 0x6E53)];
    let mut next = 40_002;
    for (id, length) in [(1, 66), (101, 50), (120, 26), (121, 30), (123, 24)] {
        table.extend([(next, id), (next + 1, length)]);
        next += 2 + length;
    }
    table.extend([(next, 0xFFFF), (next + 1, 0)]);
    let texts = [(40_004, "ACME Solar"), (40_020, "Roof 8"), (40_052, "S-123")];
    for (address, text) in texts {
        let pairs = text.as_bytes().chunks(2);
        let words = pairs
            .map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]));
        table.extend((address..).zip(words));
    }
    table
}

#[tokio::test(start_paused = true)]
async fn a_sunspec_device_tells_its_models_and_which_profiles_fit() {
    let table = sunspec();
    let (mut raw, _) = raw(move |asked| from_table(asked, &table));
    let survey = raw.survey(1, WITHIN).await.expect("it answers").expect("a marker");
    assert_eq!(survey.base, 40_000);
    let models: Vec<u16> = survey.models.iter().map(|model| model.id).collect();
    assert_eq!(models, [1, 101, 120, 121, 123]);
    assert_eq!((survey.models[1].address, survey.models[1].length), (40_070, 50));
    assert_eq!(survey.maker.as_deref(), Some("ACME Solar"));
    assert_eq!(survey.model.as_deref(), Some("Roof 8"));
    assert_eq!(survey.serial.as_deref(), Some("S-123"));
    let first = survey.fits.first().expect("a profile fits");
    assert_eq!((first.profile.as_str(), first.commands), ("sunspec-inverter", true));
    assert_eq!(first.found, first.of);
}

#[tokio::test(start_paused = true)]
async fn no_marker_is_no_survey_and_a_refusal_is_no_silence() {
    let (mut raw, peer) = raw(|_| Reply::Exception(2));
    assert_eq!(raw.survey(1, WITHIN).await, Ok(None));
    assert_eq!(peer.asked().len(), 3, "three usual places");
}
