//! What is taken up, what is refused, and what a device says.

use super::*;
use crate::guard::bench::{Field, site};
use site::asset::RemoteLimitPoints;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2025-06-01T10:00:00Z";

fn limit(kw: f64, until: &str) -> ExternalLimit {
    ExternalLimit {
        direction: Direction::Import,
        power: Power::from_kw(kw),
        from: at(NOW),
        until: at(until),
        author: "Enedis".into(),
        reason: "maintenance".into(),
    }
}

#[test]
fn what_is_no_limit_is_refused_with_the_reason() {
    let mut limits = Limits::default();
    let mut refused = |limit: ExternalLimit| {
        let error = limits.set(at(NOW), limit).unwrap_err();
        assert_eq!(limits.all(at(NOW)), [], "nothing has changed");
        error.to_string()
    };
    let later = "2025-06-01T12:00:00Z";
    assert!(refused(limit(-1.0, later)).starts_with("-1 kW is no limit"));
    let over = refused(limit(80.0, "2025-06-01T09:59:59Z"));
    assert!(over.contains("which is not after"), "{over}");
    assert!(refused(limit(80.0, "2025-06-08T10:00:01Z")).contains("more than 7 days"));
    for author in ["", "   ", "a\u{1b}[31m", &"x".repeat(201)] {
        let error = refused(ExternalLimit { author: author.into(), ..limit(80.0, later) });
        assert!(error.starts_with("'author'"), "{error}");
    }
    let early = ExternalLimit { from: at("2025-06-01T13:00:00Z"), ..limit(80.0, later) };
    assert!(refused(early).contains("2025-06-01T13:00:00Z"), "ends before it begins");
}

#[test]
fn limits_are_numbered_expire_and_are_cleared() {
    let mut limits = Limits::default();
    let first = limits.set(at(NOW), limit(80.0, "2025-06-01T11:00:00Z")).unwrap().id;
    let second = limits.set(at(NOW), limit(60.0, "2025-06-01T12:00:00Z")).unwrap().id;
    assert_eq!((first, second), (1, 2));
    let lowest =
        |limits: &Limits, at| site::external::lowest(&limits.all(at), Direction::Import, at);
    assert_eq!(lowest(&limits, at(NOW)), Some(Power::from_kw(60.0)));
    assert_eq!(limits.clear(second).unwrap().id, second);
    assert_eq!(limits.clear(second), Err(LimitError::Unknown { id: second }));
    assert_eq!(lowest(&limits, at(NOW)), Some(Power::from_kw(80.0)));
    assert_eq!(lowest(&limits, at("2025-06-01T11:00:00Z")), None, "it is over by itself");
    let third = limits.set(at(NOW), limit(60.0, "2025-06-01T12:00:00Z")).unwrap().id;
    assert_eq!(third, 3, "a number is never used again");
    let stored = serde_json::to_string(&limits).unwrap();
    assert_eq!(serde_json::from_str::<Limits>(&stored).unwrap(), limits, "it survives a restart");
    assert_eq!(limits.clear_all().len(), 2);
    assert_eq!(limits.all(at(NOW)), []);
}

#[test]
fn there_is_room_for_thirty_two_and_those_that_are_over_make_room() {
    let mut limits = Limits::default();
    for _ in 0..LIMITS_MAX {
        limits.set(at(NOW), limit(80.0, "2025-06-01T11:00:00Z")).unwrap();
    }
    let another = limit(80.0, "2025-06-01T12:00:00Z");
    assert_eq!(limits.set(at(NOW), another.clone()), Err(LimitError::TooMany));
    assert!(limits.set(at("2025-06-01T11:00:00Z"), another).is_ok());
}

#[test]
fn a_device_limits_while_it_says_a_number() {
    let mut site = site();
    let point = |name: &str| Some(PointId::try_from(name.to_owned()).unwrap());
    let points = [point("r1.import"), point("r1.export"), point("r1.active")];
    let [import, export, active] = points;
    site.grid.remote_limit = Some(RemoteLimitPoints { import, export, active });
    let (mut limits, mut field) = (Limits::default(), Field::usual());
    let mut see = |field: &Field| {
        limits.observe(&site, &field.snapshot());
        let now = field.now.utc;
        let lowest = |d| site::external::lowest(&limits.all(now), d, now).map(Power::kw);
        (lowest(Direction::Import), lowest(Direction::Export))
    };
    field.flag("r1.active", true);
    field.number("r1.import", 80e3);
    field.lost("r1.export", Reason::NotAvailable);
    assert_eq!(see(&field), (Some(80.0), None));
    field.lost("r1.import", Reason::Timeout);
    field.pass(600);
    assert_eq!(see(&field), (Some(80.0), None), "a link that breaks lifts no limit at once");
    field.pass(400);
    assert_eq!(see(&field), (None, None), "after a quarter of an hour nobody knows");
    field.number("r1.import", -5.0);
    assert_eq!(see(&field), (Some(0.0), None), "nothing may flow");
    field.lost("r1.import", Reason::NotAvailable);
    assert_eq!(see(&field), (None, None), "the device says that there is none");
    field.number("r1.export", 10e3);
    assert_eq!(see(&field), (None, Some(10.0)));
    field.flag("r1.active", false);
    assert_eq!(see(&field), (None, None));
}
