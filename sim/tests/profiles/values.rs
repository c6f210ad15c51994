//! What points are set to.

use drivers::profile::{Kind, PointSpec, Profile};
use regie_sim::devices::shelf::Shelf;

/// What a point shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown {
    Number(f64),
    Flag(bool),
    Text(&'static str),
}

/// One of two settings of all points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    First,
    /// Negative where that is possible.
    Second,
}

/// The powers of ten that scale factors show.
fn exponent(round: Round) -> i32 {
    match round {
        Round::First => -2,
        Round::Second => 1,
    }
}

/// Whether a point is the scale factor of another.
pub(crate) fn is_scale(profile: &Profile, point: &PointSpec) -> bool {
    let scaled = |other: &PointSpec| other.encoding.scale_point.as_ref() == Some(&point.name);
    profile.points.iter().any(scaled)
}

/// What a point shows in a round; something else in each round.
pub(crate) fn shown(profile: &Profile, point: &PointSpec, round: Round) -> Shown {
    match point.encoding.kind {
        Kind::Bit(_) | Kind::BitOf32(_) | Kind::Flag => Shown::Flag(round == Round::First),
        Kind::Text(_) if round == Round::First => Shown::Text("Ab"),
        Kind::Text(_) => Shown::Text("z"),
        _ if !point.names.is_empty() => Shown::Number(named(point, round)),
        _ if is_scale(profile, point) => Shown::Number(f64::from(exponent(round))),
        _ => Shown::Number(number(point, round)),
    }
}

/// One of the codes that have a name.
fn named(point: &PointSpec, round: Round) -> f64 {
    let code = match round {
        Round::First => point.names.keys().next(),
        Round::Second => point.names.keys().next_back(),
    };
    let code = code.copied().expect("the caller looked");
    f64::from(u32::try_from(code).expect("codes of profiles are small"))
}

/// Raw numbers that use all words of a kind, and smaller ones for narrow ranges.
fn candidates(kind: Kind) -> &'static [f64] {
    match kind {
        Kind::U16 => &[43_210.0, 1234.0, 123.0, 52.0, 12.0, 1.0, 0.0],
        Kind::I16 => &[23_456.0, 1234.0, 123.0, 52.0, 12.0, 1.0, 0.0],
        Kind::U32 | Kind::I32 => &[1_234_567_890.0, 12_345_678.0, 123_456.0, 1234.0, 60.0, 12.0],
        Kind::U64 | Kind::I64 => &[1_234_567_890_123.0, 123_456_789.0, 1234.0],
        _ => &[123_456.75, 1234.5, 123.25, 50.5, 12.25, 0.75],
    }
}

fn number(point: &PointSpec, round: Round) -> f64 {
    let first = pick(point, Round::First, None);
    match round {
        Round::First => first,
        Round::Second => pick(point, round, Some(first)),
    }
}

fn pick(point: &PointSpec, round: Round, other_than: Option<f64>) -> f64 {
    let encoding = &point.encoding;
    let power = encoding.scale_point.as_ref().map_or(0, |_| exponent(round));
    let factor = encoding.scale * 10_f64.powi(power);
    let inside = |raw: f64| (raw * factor + encoding.offset) * encoding.unit_factor;
    let sentinel = |raw: f64| encoding.sentinels.contains(&0) && raw.abs() < 0.5;
    let fits = |value: f64| {
        let inside = encoding.range.is_none_or(|(low, high)| (low..=high).contains(&value));
        inside && other_than.is_none_or(|other| (value - other).abs() > 1e-9)
    };
    let signed = matches!(encoding.kind, Kind::I16 | Kind::I32 | Kind::I64 | Kind::F32 | Kind::F64);
    let sign = if signed && round == Round::Second { -1.0 } else { 1.0 };
    let raws = candidates(encoding.kind).iter();
    let negative = raws.clone().map(|raw| raw * sign);
    let found = negative.chain(raws.copied()).filter(|raw| !sentinel(*raw)).map(inside);
    let (low, high) = encoding.range.unwrap_or((0.0, 100.0));
    // A narrow range far from zero: some number in it, rounded as the registers do.
    let raw = |value: f64| ((value / encoding.unit_factor - encoding.offset) / factor).round();
    let within = [0.61, 0.29].map(|part| inside(raw(low + part * (high - low))));
    found
        .chain(within)
        .find(|value| fits(*value))
        .unwrap_or_else(|| panic!("{}: no number fits its range {:?}", point.name, encoding.range))
}

/// Sets every point that the device has; scale factors first, because the others lean on them.
pub(crate) fn set_all(profile: &Profile, shelf: &Shelf, round: Round) {
    let (scales, others): (Vec<&PointSpec>, Vec<&PointSpec>) =
        profile.points.iter().partition(|point| is_scale(profile, point));
    for point in scales.into_iter().chain(others).filter(|point| shelf.has(&point.name)) {
        match shown(profile, point, round) {
            Shown::Number(number) => shelf.set(&point.name, number),
            Shown::Flag(flag) => shelf.set(&point.name, f64::from(u8::from(flag))),
            Shown::Text(text) => shelf.set_text(&point.name, text),
        }
    }
}
