//! What all assets share: names, control, points.

use super::{Context, Need};
use crate::asset::{Control, Mode, SafeState};
use crate::ids::{AssetId, DeviceId, PointId};
use crate::text::{Place, Section, Tree};
use std::collections::BTreeMap;

/// The sections of the file that declare assets; a name is used once across all of them.
pub(crate) const ASSET_SECTIONS: [&str; 11] = [
    "tanks",
    "pumps",
    "flow_meters",
    "districts",
    "inverters",
    "lighting",
    "batteries",
    "chargers",
    "shiftable",
    "lift_stations",
    "generators",
];

const SAFE_STATES: [(&str, SafeState); 5] = [
    ("local", SafeState::Local),
    ("stop", SafeState::Stop),
    ("on", SafeState::On),
    ("release", SafeState::Release),
    ("hold", SafeState::Hold),
];

/// Finds names that two sections use.
pub(crate) fn unique(root: &Section<'_>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for key in ASSET_SECTIONS {
        let Some(node) = root.get(key) else { continue };
        let Tree::Map(entries) = &node.tree else { continue };
        for (name, place, _) in entries {
            if let Some(other) = seen.insert(name, key) {
                let message = format!("the name '{name}' is used in '{other}' and in '{key}'");
                root.complain("duplicate-name", *place, message, "give each asset its own name");
            }
        }
    }
}

/// An asset's name.
pub(crate) fn name(text: &str, place: Place, section: &Section<'_>) -> Option<AssetId> {
    AssetId::new(text).map_err(|error| section.complain("wrong-name", place, error, "")).ok()
}

/// The device an asset names; it must be declared.
pub(crate) fn device(section: &Section<'_>, context: &Context<'_>) -> Option<DeviceId> {
    let node = section.need("device")?;
    section.scalar(node, "unknown-device", |text| {
        let found = context.devices.iter().find(|device| device.as_str() == text);
        found.cloned().ok_or_else(|| format!("no device is called '{text}'"))
    })
}

/// How an asset is controlled, with the commands its device must then have.
pub(crate) fn control(
    section: &Section<'_>,
    context: &Context<'_>,
    device: Option<&DeviceId>,
    operations: &[&'static str],
) -> Option<Control> {
    let modes = [("observe", Mode::Observe), ("shadow", Mode::Shadow), ("control", Mode::Control)];
    let mode = section.choice_maybe("mode", &modes).unwrap_or(Mode::Observe);
    let accept_no_deadman = section.flag_or("accept_no_deadman", false);
    let safe_state = match section.get("safe_state") {
        Some(_) => section.choice("safe_state", &SAFE_STATES),
        None => {
            let message = "'safe_state' is missing: what does the device do when Régie is silent?";
            let help = "write one of: local, stop, on, release, hold";
            section.complain("missing-safe-state", section.place(), message, help);
            None
        }
    };
    if let (Mode::Control, Some(device)) = (mode, device) {
        for &operation in operations {
            let (device, place) = (device.clone(), section.place());
            context.needs.borrow_mut().push(Need::Command {
                device,
                operation,
                accept_no_deadman,
                place,
            });
        }
    }
    Some(Control { mode, safe_state: safe_state?, accept_no_deadman })
}

/// The points of an asset's own device: each has a usual name, and `points` may give another.
pub(crate) struct Points<'a, 'c> {
    named: Option<Section<'a>>,
    asset: &'c Section<'a>,
    context: &'c Context<'c>,
    device: DeviceId,
}

impl<'a, 'c> Points<'a, 'c> {
    pub(crate) fn open(asset: &'c Section<'a>, context: &'c Context<'c>, device: DeviceId) -> Self {
        Self { named: asset.section_maybe("points"), asset, context, device }
    }
    /// A point that the asset must have, under its usual name unless `points` says otherwise.
    pub(crate) fn need(&self, key: &'static str) -> Option<PointId> {
        let other = self.named.as_ref().and_then(|points| points.text_maybe(key));
        let place = self.asset.place();
        let point = PointId::new(&self.device, other.as_deref().unwrap_or(key));
        let complain = |error| self.asset.complain("wrong-name", place, error, "");
        let point = point.map_err(complain).ok()?;
        let need = Need::Point { point: point.clone(), place };
        self.context.needs.borrow_mut().push(need);
        Some(point)
    }
    /// A point that only some assets have: it must be named in `points`.
    pub(crate) fn maybe(&self, key: &'static str) -> Option<PointId> {
        self.named.as_ref()?.get(key)?;
        self.need(key)
    }
    /// Ends reading: leftover keys are unknown.
    pub(crate) fn finish(self) {
        if let Some(named) = self.named {
            named.finish();
        }
    }
}

/// A point written as `device.point` under a key that must be there.
pub(crate) fn full_point(
    section: &Section<'_>,
    context: &Context<'_>,
    key: &'static str,
) -> Option<PointId> {
    let node = section.need(key)?;
    let point = section.scalar(node, "unknown-point", |text| {
        let point = PointId::try_from(text.to_owned())
            .map_err(|_| format!("'{text}' is not a point; write device.point"))?;
        if context.devices.contains(point.device()) {
            Ok(point)
        } else {
            Err(format!("no device is called '{}'", point.device()))
        }
    })?;
    context.needs.borrow_mut().push(Need::Point { point: point.clone(), place: node.place });
    Some(point)
}

/// A point written as `device.point`, when it is there.
pub(crate) fn full_point_maybe(
    section: &Section<'_>,
    context: &Context<'_>,
    key: &'static str,
) -> Option<PointId> {
    section.get(key)?;
    full_point(section, context, key)
}
