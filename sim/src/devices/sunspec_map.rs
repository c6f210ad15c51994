//! The register map of a SunSpec inverter, laid out from the published information models 1, 103,
//! 120, 121 and 123, not from a site's profile.

use crate::plant::InverterView;

/// Where the map begins.
pub(super) const BASE: u16 = 40_000;
/// Models in their order and the length that each states: registers after its own two.
pub(super) const MODELS: [(u16, u16); 5] = [(1, 66), (103, 50), (120, 26), (121, 30), (123, 24)];
/// "SunS".
pub(super) const MARKER: [u16; 2] = [0x5375, 0x6E53];
/// Ends the chain, with a length of 0.
pub(super) const END: u16 = 0xFFFF;
/// Not implemented: 16-bit signed and scale factors, 16-bit unsigned and enumerations.
pub(super) const NO_SIGNED: u16 = 0x8000;
const NO_UNSIGNED: u16 = 0xFFFF;

/// Model 103: a three-phase inverter. Asleep it knows its energy and its state, nothing else.
pub(super) fn measurements(view: &InverterView, frequency_hz: f64) -> Vec<u16> {
    let mut model = empty(103, NO_UNSIGNED);
    let awake = view.available_w > 0.0;
    let power_scale = power_scale(view.rated_w);
    put(&mut model, 6, &[scale(-1)]);
    put(&mut model, 13, &[scale(-1)]);
    let power = if awake { signed(view.power_w, power_scale) } else { NO_SIGNED };
    put(&mut model, 14, &[power, scale(power_scale)]);
    put(&mut model, 17, &[scale(-2)]);
    for (value, factor) in [(18, 19), (20, 21), (22, 23)] {
        put(&mut model, value, &[NO_SIGNED]);
        put(&mut model, factor, &[NO_SIGNED]);
    }
    put(&mut model, 24, &double(view.energy_wh));
    put(&mut model, 26, &[scale(0)]);
    // Direct current and temperatures are not implemented.
    for (offset, pattern) in (27..=37).zip([NO_UNSIGNED, NO_SIGNED].into_iter().cycle()) {
        put(&mut model, offset, &[pattern]);
    }
    for offset in 31..=37 {
        put(&mut model, offset, &[NO_SIGNED]);
    }
    put(&mut model, 38, &[state(view)]);
    put(&mut model, 40, &[0; 4]);
    if awake {
        let current = view.power_w / (3.0 * view.voltage_v);
        let amperes = |current: f64| unsigned(current, -1);
        put(&mut model, 2, &[amperes(3.0 * current)]);
        put(&mut model, 3, &[amperes(current); 3]);
        put(&mut model, 7, &[unsigned(view.voltage_v * 3.0_f64.sqrt(), -1); 3]);
        put(&mut model, 10, &[unsigned(view.voltage_v, -1); 3]);
        put(&mut model, 16, &[unsigned(frequency_hz, -2)]);
    }
    model
}

/// 2 sleeping, 4 producing, 5 throttled.
fn state(view: &InverterView) -> u16 {
    match view.available_w {
        asleep if asleep <= 0.0 => 2,
        available if view.power_w < available => 5,
        _ => 4,
    }
}

/// Model 120: nameplate.
pub(super) fn ratings(view: &InverterView) -> Vec<u16> {
    let mut model = empty(120, NO_UNSIGNED);
    let factor = rating_scale(view.rated_w);
    // 4: photovoltaics.
    put(&mut model, 2, &[4, unsigned(view.rated_w, factor), scale(factor)]);
    put(&mut model, 5, &[unsigned(view.rated_w, factor), scale(factor)]);
    put(&mut model, 7, &[NO_SIGNED; 5]);
    put(&mut model, 13, &[NO_SIGNED; 6]);
    for offset in [20, 22, 24, 26, 27] {
        put(&mut model, offset, &[NO_SIGNED]);
    }
    model
}

/// Model 121: basic settings. `WMax` is the base of the limit's per cent.
pub(super) fn settings(view: &InverterView) -> Vec<u16> {
    let mut model = empty(121, NO_UNSIGNED);
    let factor = rating_scale(view.rated_w);
    put(&mut model, 2, &[unsigned(view.rated_w, factor), 400]);
    put(&mut model, 4, &[0]);
    put(&mut model, 8, &[NO_SIGNED; 4]);
    put(&mut model, 13, &[NO_SIGNED; 4]);
    put(&mut model, 22, &[scale(factor), scale(0), scale(0)]);
    put(&mut model, 25, &[NO_SIGNED; 7]);
    model
}

/// A model with id, length and one pattern throughout.
pub(super) fn empty(id: u16, pattern: u16) -> Vec<u16> {
    let length = length_of(id);
    let mut model = vec![pattern; usize::from(length) + 2];
    put(&mut model, 0, &[id, length]);
    model
}

pub(super) fn put(model: &mut [u16], offset: u16, words: &[u16]) {
    let start = usize::from(offset);
    model[start..start + words.len()].copy_from_slice(words);
}

fn length_of(id: u16) -> u16 {
    MODELS.iter().find(|(model, _)| *model == id).map_or(0, |(_, length)| *length)
}

/// The address of a model's id register.
pub(super) fn model_start(id: u16) -> u16 {
    let before = MODELS.iter().take_while(|(model, _)| *model != id);
    BASE + 2 + before.map(|(_, length)| length + 2).sum::<u16>()
}

/// Registers of the whole map.
pub(super) fn length() -> u16 {
    2 + MODELS.iter().map(|(_, length)| length + 2).sum::<u16>() + 2
}

/// The smallest power of ten at which a power of this inverter fits a signed register.
fn power_scale(rated_w: f64) -> i16 {
    if rated_w * 1.2 <= 32_767.0 {
        0
    } else if rated_w * 1.2 <= 327_670.0 {
        1
    } else {
        3
    }
}

/// The same for an unsigned register.
fn rating_scale(rated_w: f64) -> i16 {
    if rated_w <= 65_534.0 {
        0
    } else if rated_w <= 655_340.0 {
        1
    } else {
        3
    }
}

pub(super) fn scale(power_of_ten: i16) -> u16 {
    u16::from_be_bytes(power_of_ten.to_be_bytes())
}

/// A value in units of a power of ten, in a signed register.
fn signed(value: f64, power_of_ten: i16) -> u16 {
    scale(whole(value, power_of_ten, -32_767.0, 32_767.0).try_into().unwrap_or(i16::MAX))
}

/// The same in an unsigned register.
fn unsigned(value: f64, power_of_ten: i16) -> u16 {
    whole(value, power_of_ten, 0.0, 65_534.0).try_into().unwrap_or(u16::MAX - 1)
}

/// A counter in two registers; it begins again at zero when it is full, and zero would mean that
/// there is none.
fn double(value: f64) -> [u16; 2] {
    let held = whole(value.rem_euclid(4_294_967_296.0), 0, 1.0, 4_294_967_295.0);
    let low = u16::try_from(held & 0xFFFF).expect("16 bits");
    [u16::try_from(held >> 16).unwrap_or(u16::MAX), low]
}

#[expect(clippy::cast_possible_truncation, reason = "held within the limits first")]
fn whole(value: f64, power_of_ten: i16, low: f64, high: f64) -> i64 {
    (value / 10_f64.powi(i32::from(power_of_ten))).round().clamp(low, high) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_stand_where_the_chain_leads() {
        let starts = [1, 103, 120, 121, 123].map(model_start);
        assert_eq!(starts, [40_002, 40_070, 40_122, 40_150, 40_182]);
        assert_eq!(BASE + length(), 40_210);
    }

    #[test]
    fn numbers_take_their_scale() {
        assert_eq!(signed(54_321.0, 1), 5432);
        assert_eq!(signed(-20.0, 0), 0xFFEC);
        assert_eq!(unsigned(231.96, -1), 2320);
        assert_eq!(scale(-2), 0xFFFE);
        assert_eq!(double(305_419_896.0), [0x1234, 0x5678]);
        assert_eq!(double(0.0), [0, 1]);
        assert_eq!((power_scale(60e3), power_scale(20e3), rating_scale(60e3)), (1, 0, 0));
    }
}
