//! The demonstration without a terminal: a line per cycle.

use super::Scene;
use regie::status::{AssetKind, AssetStatus, Status};
use site::AssetId;
use std::fmt::Write;

/// Where things are.
pub(super) fn head(scene: &Scene) {
    let status = &scene.view.status;
    println!("{}, {} times faster than real time", status.name, status.speed);
    println!("metrics: http://{}/metrics   status: http://{0}/api/status", scene.address);
    println!("history: {}", scene.history.display());
}

/// One cycle.
pub(super) fn line(scene: &Scene) {
    let status = &scene.view.status;
    let local = status.at.to_zoned(scene.zone.clone());
    let mut text = format!(
        "{} {:<15} {:<9}",
        local.strftime("%d %H:%M"),
        status.tariff_class,
        status.rung.map_or("start", site::plan::Rung::word)
    );
    for (id, tank) in &status.tanks {
        let level = tank.level_ratio.map_or("  ?".into(), |l| format!("{:3.0}", 100.0 * l));
        let _ = write!(text, " {id} {level} %");
    }
    let _ = write!(text, "  pumps {}", active(status, AssetKind::Pump));
    let _ = write!(text, "  PV {}", kilowatts(sum(status, AssetKind::Inverter)));
    let _ = write!(text, "  light {}", active(status, AssetKind::Lighting));
    let _ = write!(text, "  import {}", kilowatts(status.grid.import_watts));
    let _ = write!(text, "  cost {:.2} / {:.2} EUR", scene.cost, scene.baseline);
    if let Some(because) = &status.because {
        let _ = write!(text, "  ({because})");
    }
    println!("{text}");
}

/// The assets of a kind, in order.
pub(super) fn of_kind(
    status: &Status,
    kind: AssetKind,
) -> impl Iterator<Item = (&AssetId, &AssetStatus)> {
    status.assets.iter().filter(move |(_, asset)| asset.kind == kind)
}

fn active(status: &Status, kind: AssetKind) -> String {
    let word = |(id, asset): (&AssetId, &AssetStatus)| match asset.active {
        Some(true) => id.to_string(),
        Some(false) => "--".into(),
        None => "??".into(),
    };
    of_kind(status, kind).map(word).collect::<Vec<_>>().join(" ")
}

/// The power of all assets of a kind; none when one of them is unknown.
pub(super) fn sum(status: &Status, kind: AssetKind) -> Option<f64> {
    of_kind(status, kind).map(|(_, asset)| asset.power_watts).sum()
}

/// Watts as kilowatts, or a question mark.
pub(super) fn kilowatts(watts: Option<f64>) -> String {
    watts.map_or("? kW".into(), |watts| format!("{:.0} kW", watts / 1e3))
}
