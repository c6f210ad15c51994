//! The profiles that come with Régie.

/// Names and texts, in order of the names.
const BUILTIN: [(&str, &str); 11] = [
    ("battery-inverter", include_str!("../../profiles/battery-inverter.yaml")),
    ("charger", include_str!("../../profiles/charger.yaml")),
    ("eastron-sdm630", include_str!("../../profiles/eastron-sdm630.yaml")),
    ("flow-meter", include_str!("../../profiles/flow-meter.yaml")),
    ("generator-panel", include_str!("../../profiles/generator-panel.yaml")),
    ("huawei-sun2000", include_str!("../../profiles/huawei-sun2000.yaml")),
    ("level-transmitter", include_str!("../../profiles/level-transmitter.yaml")),
    ("lighting-cabinet", include_str!("../../profiles/lighting-cabinet.yaml")),
    ("pump-drive", include_str!("../../profiles/pump-drive.yaml")),
    ("sunspec-inverter", include_str!("../../profiles/sunspec-inverter.yaml")),
    ("switch-panel", include_str!("../../profiles/switch-panel.yaml")),
];

/// The text of a built-in profile.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all built-in profiles, in order.
#[must_use]
pub fn builtin_names() -> Vec<&'static str> {
    BUILTIN.iter().map(|(name, _)| *name).collect()
}
