//! The units a profile may use, and what they become inside.

/// A unit's name in profiles, and the factor from it to the unit used inside.
const UNITS: [(&str, f64); 24] = [
    ("W", 1.0),
    ("kW", 1e3),
    ("MW", 1e6),
    ("Wh", 1.0),
    ("kWh", 1e3),
    ("MWh", 1e6),
    ("m", 1.0),
    ("cm", 0.01),
    ("mm", 0.001),
    ("m3", 1.0),
    ("l", 0.001),
    ("m3/s", 1.0),
    ("m3/h", 1.0 / 3600.0),
    ("l/s", 0.001),
    ("V", 1.0),
    ("A", 1.0),
    ("mA", 0.001),
    ("Hz", 1.0),
    ("s", 1.0),
    ("ms", 0.001),
    // Counters of running hours are read by people and stay hours.
    ("h", 1.0),
    ("%", 1.0),
    ("bar", 1.0),
    ("1/min", 1.0),
];

/// Whether a profile may use this unit.
#[must_use]
pub fn unit_is_known(unit: &str) -> bool {
    UNITS.iter().any(|(name, _)| *name == unit)
}

/// The factor of a unit.
///
/// # Errors
/// In words, when the unit is not known.
pub(super) fn factor(unit: &str) -> Result<f64, String> {
    let found = UNITS.iter().find(|(name, _)| *name == unit);
    found.map(|(_, factor)| *factor).ok_or_else(|| {
        let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
        format!("the unit '{unit}' is not known; use one of: {}", names.join(", "))
    })
}
