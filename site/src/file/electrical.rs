//! The low-voltage network: transformer, feeders, cable sections.

use super::assets::{full_point_maybe, name};
use super::{Context, share};
use crate::electrical::{CableSection, Electrical, Feeder, Transformer};
use crate::ids::AssetId;
use crate::text::{Place, Section};
use crate::units::{ApparentPower, Current, Impedance, Length, Power, Ratio, Voltage};
use std::collections::BTreeMap;

/// The usual reactance of a low-voltage cable, ohm/km.
const REACTANCE: f64 = 0.08;

pub(super) fn read(section: Option<Section<'_>>, context: &Context<'_>) -> Option<Electrical> {
    let section = section?;
    let nominal = section.quantity_or("nominal", Voltage::new(400.0));
    let band = share(&section, "band", Some(0.1));
    let upstream = section.quantity_or("upstream", Ratio::ONE);
    let busbar_voltage = full_point_maybe(&section, context, "busbar_voltage");
    let power_factor = share(&section, "power_factor", Some(0.97));
    let transformer = section.section_maybe("transformer").and_then(transformer);
    let mut seen = Seen::default();
    let mut feeders = Vec::new();
    for (id, place, inner) in section.named("feeders", "feeder") {
        let id = name(id, place, &inner);
        let limit = inner.quantity_maybe::<ApparentPower>("limit");
        let sections: Vec<CableSection> = inner
            .sections("sections")
            .into_iter()
            .filter_map(|cable| cable_section(cable, context, &mut seen))
            .collect();
        inner.finish();
        seen.end_of_feeder();
        if let Some(id) = id {
            feeders.push(Feeder { id, limit, sections });
        }
    }
    feeders.sort_by(|a, b| a.id.cmp(&b.id));
    let loads: f64 = feeders.iter().flat_map(|f| &f.sections).map(|s| s.load.get()).sum();
    let checks = [
        (loads > 1.0 + 1e-9, "the sections' 'load' come to more than 100 %"),
        (!(0.8..=1.2).contains(&upstream.get()), "'upstream' must lie in 80 to 120 %"),
        (power_factor.is_some_and(|cos| cos.get() < 0.5), "'power_factor' is below 50 %"),
        (nominal.get() <= 0.0, "'nominal' must be above zero"),
    ];
    for (_, message) in checks.iter().filter(|(wrong, _)| *wrong) {
        section.complain("out-of-range", section.place(), message, "");
    }
    section.finish();
    let (band, power_factor) = (band?, power_factor?);
    Some(Electrical { nominal, band, upstream, busbar_voltage, power_factor, transformer, feeders })
}

fn transformer(section: Section<'_>) -> Option<Transformer> {
    let rating = section.quantity::<ApparentPower>("rating");
    let short_circuit = share(&section, "short_circuit", Some(0.04));
    let load_loss = section.quantity_maybe::<Power>("load_loss");
    if rating.is_some_and(|rating| rating <= ApparentPower::ZERO) {
        section.complain("out-of-range", section.place(), "'rating' must be above zero", "");
        return None;
    }
    section.finish();
    let rating = rating?;
    // A distribution transformer loses about 1.3 % at full load (EN 50588-1).
    let load_loss = load_loss.unwrap_or(Power::new(0.013 * rating.get()));
    Some(Transformer { rating, short_circuit: short_circuit?, load_loss })
}

/// Nodes and assets met so far: each has one place.
#[derive(Default)]
struct Seen {
    /// Nodes of the present feeder, in order.
    nodes: Vec<AssetId>,
    /// Nodes of all feeders.
    all_nodes: Vec<AssetId>,
    assets: BTreeMap<AssetId, AssetId>,
}

impl Seen {
    fn end_of_feeder(&mut self) {
        self.all_nodes.append(&mut self.nodes);
    }
    fn knows(&self, node: &AssetId) -> bool {
        self.nodes.contains(node) || self.all_nodes.contains(node)
    }
}

fn cable_section(
    section: Section<'_>,
    context: &Context<'_>,
    seen: &mut Seen,
) -> Option<CableSection> {
    let place = section.place();
    let node = section.need("node").and_then(|n| section.scalar(n, "wrong-name", AssetId::new));
    let from = section.get("from").and_then(|n| {
        section.scalar(n, "unknown-node", |text| {
            let found = seen.nodes.iter().find(|node| node.as_str() == text);
            found.cloned().ok_or_else(|| {
                format!("no section of this feeder before this one ends at '{text}'")
            })
        })
    });
    let length = section.quantity::<Length>("length");
    let resistance = section.quantity::<Impedance>("resistance");
    let reactance = section.quantity_or("reactance", Impedance::new(REACTANCE));
    let ampacity = section.quantity_maybe::<Current>("ampacity");
    let assets = context.asset_list(&section, "assets");
    let load = share(&section, "load", Some(0.0));
    if let (Some(length), Some(resistance)) = (length, resistance)
        && (length <= Length::ZERO || resistance.get() <= 0.0 || reactance.get() < 0.0)
    {
        let message = "a cable has a length and a resistance above zero";
        section.complain("out-of-range", place, message, "");
    }
    if let Some(node) = &node {
        once(&section, place, node, &assets, seen);
    }
    section.finish();
    let node = node?;
    seen.nodes.push(node.clone());
    Some(CableSection {
        node,
        from,
        length: length?,
        resistance: resistance?,
        reactance,
        ampacity,
        assets,
        load: load?,
    })
}

fn once(section: &Section<'_>, place: Place, node: &AssetId, assets: &[AssetId], seen: &mut Seen) {
    if seen.knows(node) {
        let message = format!("two sections end at '{node}'");
        section.complain("duplicate-name", place, message, "the network is radial");
    }
    for asset in assets {
        if let Some(other) = seen.assets.insert(asset.clone(), node.clone()) {
            let message = format!("'{asset}' stands at '{other}' and at '{node}'");
            section.complain("duplicate-name", place, message, "an asset has one place");
        }
    }
}
