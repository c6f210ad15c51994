//! Between the house's types and what SQLite keeps.

use jiff::Timestamp;
use serde::Serialize;
use site::command::{Authority, Outcome, Verification};
use site::{Quality, Reason, Sample, Value};

/// From here on a sample has a value and a doubt; below it is good.
const UNCERTAIN: i64 = 100;
/// From here on a sample has no value.
const BAD: i64 = 200;

/// Reasons by number. The numbers are in files: append, never reorder.
const REASONS: [Reason; 12] = [
    Reason::NeverRead,
    Reason::Stale,
    Reason::LinkDown,
    Reason::Timeout,
    Reason::Refused,
    Reason::WrongAnswer,
    Reason::NotAvailable,
    Reason::OutOfRange,
    Reason::BadScale,
    Reason::UnknownCode,
    Reason::RateOfChange,
    Reason::Stuck,
];

/// Microseconds UTC since 1970.
pub(super) fn instant(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The inverse of [`instant`], held at the ends of the calendar.
pub(super) fn timestamp(microseconds: i64) -> Timestamp {
    let end = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(microseconds).unwrap_or(end)
}

fn reason_number(reason: Reason) -> i64 {
    match reason {
        Reason::NeverRead => 0,
        Reason::Stale => 1,
        Reason::LinkDown => 2,
        Reason::Timeout => 3,
        Reason::Refused => 4,
        Reason::WrongAnswer => 5,
        Reason::NotAvailable => 6,
        Reason::OutOfRange => 7,
        Reason::BadScale => 8,
        Reason::UnknownCode => 9,
        Reason::RateOfChange => 10,
        Reason::Stuck => 11,
    }
}

pub(super) fn quality_number(quality: Quality) -> i64 {
    match quality {
        Quality::Good => 0,
        Quality::Uncertain(reason) => UNCERTAIN + reason_number(reason),
        Quality::Bad(reason) => BAD + reason_number(reason),
    }
}

/// The inverse of [`quality_number`]; none for a number no version has written.
pub(super) fn quality(number: i64) -> Option<Quality> {
    let reason = |base: i64| {
        let place = usize::try_from(number - base).ok()?;
        REASONS.get(place).copied()
    };
    match number {
        0 => Some(Quality::Good),
        UNCERTAIN..BAD => reason(UNCERTAIN).map(Quality::Uncertain),
        BAD.. => reason(BAD).map(Quality::Bad),
        _ => None,
    }
}

/// What the store keeps of a sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kept<'a> {
    /// A number or flag with its quality, or none with the reason.
    Number(Option<f64>, i64),
    /// A text; kept when it changes.
    Text(&'a str),
}

/// A flag becomes 0 or 1. A number that is not finite has no place here: it is kept as absent,
/// with the reason that the device does not have it.
pub(super) fn kept(sample: &Sample) -> Kept<'_> {
    let quality = quality_number(sample.quality());
    if quality >= BAD {
        return Kept::Number(None, quality);
    }
    match sample.value() {
        None => Kept::Number(None, quality),
        Some(Value::Flag(flag)) => Kept::Number(Some(f64::from(u8::from(*flag))), quality),
        Some(Value::Number(number)) if number.is_finite() => Kept::Number(Some(*number), quality),
        Some(Value::Number(_)) => {
            Kept::Number(None, quality_number(Quality::Bad(Reason::NotAvailable)))
        }
        Some(Value::Text(text)) => Kept::Text(text),
    }
}

/// A value as JSON, as the reader will want it back.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

pub(super) const fn authority(authority: Authority) -> &'static str {
    match authority {
        Authority::Interlock => "interlock",
        Authority::Operator => "operator",
        Authority::External => "external",
        Authority::Plan => "plan",
        Authority::Program => "program",
    }
}

pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Narrowed => "narrowed",
        Outcome::Blocked => "blocked",
    }
}

/// The word, and how many times in a row the read-back differed.
pub(super) const fn verification(verification: &Verification) -> (&'static str, u32) {
    match verification {
        Verification::Confirmed => ("confirmed", 0),
        Verification::Pending => ("pending", 0),
        Verification::Mismatch(times) => ("mismatch", *times),
        Verification::Lost => ("lost", 0),
        Verification::Released => ("released", 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use site::Mono;

    #[test]
    fn every_quality_has_its_own_number_and_comes_back() {
        let mut all = vec![Quality::Good];
        for reason in REASONS {
            all.extend([Quality::Uncertain(reason), Quality::Bad(reason)]);
        }
        let numbers: std::collections::BTreeSet<i64> =
            all.iter().map(|quality| quality_number(*quality)).collect();
        assert_eq!(numbers.len(), all.len());
        for wanted in all {
            assert_eq!(quality(quality_number(wanted)), Some(wanted));
        }
        assert_eq!((quality(-1), quality(7), quality(150), quality(999)), (None, None, None, None));
    }

    #[test]
    fn a_number_that_is_not_finite_is_kept_as_absent() {
        let nan = Sample::good(Value::Number(f64::NAN), Mono::default());
        assert_eq!(kept(&nan), Kept::Number(None, 206));
        let flag = Sample::good(Value::Flag(true), Mono::default());
        assert_eq!(kept(&flag), Kept::Number(Some(1.0), 0));
    }

    #[test]
    fn instants_come_back_to_the_microsecond() {
        let at: Timestamp = "2026-01-12T07:00:00.123456Z".parse().unwrap();
        assert_eq!(timestamp(instant(at)), at);
        assert_eq!(timestamp(i64::MAX), Timestamp::MAX);
    }
}
