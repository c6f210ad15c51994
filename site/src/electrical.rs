//! The low-voltage network behind the point of common coupling, as far as the site declares it: a
//! transformer, and radial feeders of cable sections. Three balanced phases.

use crate::ids::{AssetId, PointId};
use crate::units::{ApparentPower, Current, Impedance, Length, Power, Ratio, Voltage};
use serde::{Deserialize, Serialize};

/// Why the sections of a network do not hang together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElectricalError {
    /// A section begins at a node at which no section before it ends.
    #[error(
        "the section to {node} begins at '{from}', where no section before it ends; \
         name such a node, or leave 'from' out to begin at the busbar"
    )]
    UnknownBeginning {
        /// The node at the section's end.
        node: AssetId,
        /// Where it is said to begin.
        from: AssetId,
    },
    /// Two sections end at the same node: the feeders would be meshed.
    #[error("two sections end at {node}; feeders are radial, so give each end a name of its own")]
    Meshed {
        /// The node.
        node: AssetId,
    },
}

/// The network of a site. What no section names hangs on the busbar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Electrical {
    /// Nominal voltage between phases.
    pub nominal: Voltage,
    /// How far a node's voltage may lie from the nominal one, up and down (EN 50160: 10 %).
    pub band: Ratio,
    /// Voltage above the transformer, as a share of the nominal one, when nothing is measured.
    pub upstream: Ratio,
    /// A point with the voltage of the busbar in V, of one phase to neutral.
    pub busbar_voltage: Option<PointId>,
    /// Power factor of everything that does not say its own (lagging).
    pub power_factor: Ratio,
    /// The transformer, when the site has its own.
    pub transformer: Option<Transformer>,
    /// Feeders in order of their names.
    pub feeders: Vec<Feeder>,
}

/// A transformer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Transformer {
    /// Its rating.
    pub rating: ApparentPower,
    /// Short-circuit voltage.
    pub short_circuit: Ratio,
    /// Losses at full load.
    pub load_loss: Power,
}

/// A feeder from the busbar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feeder {
    /// Its name.
    pub id: AssetId,
    /// The most it may carry, in either direction.
    pub limit: Option<ApparentPower>,
    /// Its sections; each begins at the busbar or at a node that stands before it.
    pub sections: Vec<CableSection>,
}

/// A cable and the node at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CableSection {
    /// The node at its end.
    pub node: AssetId,
    /// The node at its beginning; none is the busbar.
    pub from: Option<AssetId>,
    /// Its length.
    pub length: Length,
    /// Resistance of a phase.
    pub resistance: Impedance,
    /// Reactance of a phase.
    pub reactance: Impedance,
    /// The most current it may carry.
    pub ampacity: Option<Current>,
    /// Assets at the node.
    pub assets: Vec<AssetId>,
    /// Share of the base load at the node.
    pub load: Ratio,
}

impl CableSection {
    /// Resistance and reactance of a phase, in ohms.
    #[must_use]
    pub fn ohms(&self) -> (f64, f64) {
        let kilometres = self.length.get() / 1e3;
        (self.resistance.get() * kilometres, self.reactance.get() * kilometres)
    }
}

impl Transformer {
    /// Resistance and reactance of a phase seen from the low-voltage side, in ohms.
    #[must_use]
    pub fn ohms(&self, nominal: Voltage) -> (f64, f64) {
        let base = nominal.get().powi(2) / self.rating.get();
        let impedance = self.short_circuit.get() * base;
        let resistance = (self.load_loss.get() / self.rating.get() * base).min(impedance);
        (resistance, (impedance.powi(2) - resistance.powi(2)).sqrt())
    }
}

impl Electrical {
    /// All sections with their feeder, in order: a section stands after the one it begins at.
    pub fn sections(&self) -> impl Iterator<Item = (&Feeder, &CableSection)> {
        self.feeders.iter().flat_map(|feeder| feeder.sections.iter().map(move |s| (feeder, s)))
    }
    /// The feeder on which an asset hangs; none at the busbar.
    #[must_use]
    pub fn feeder_of(&self, asset: &AssetId) -> Option<&Feeder> {
        self.sections().find(|(_, s)| s.assets.contains(asset)).map(|(feeder, _)| feeder)
    }
    /// The place of an asset: 0 is the busbar, 1 the end of the first section, and so on in the
    /// order of [`Self::sections`]. Places number what is connected, here and in every table.
    #[must_use]
    pub fn place_of(&self, asset: &AssetId) -> usize {
        self.sections().position(|(_, s)| s.assets.contains(asset)).map_or(0, |at| at + 1)
    }
    /// The place at which each section begins, in the order of [`Self::sections`]; always a place
    /// before that of its end.
    ///
    /// # Errors
    /// When a section begins nowhere, or two end at the same node.
    pub fn beginnings(&self) -> Result<Vec<usize>, ElectricalError> {
        let mut ends: Vec<&AssetId> = Vec::new();
        let mut beginnings = Vec::new();
        for (_, section) in self.sections() {
            let node = &section.node;
            if ends.contains(&node) {
                return Err(ElectricalError::Meshed { node: node.clone() });
            }
            let unknown = |from: &AssetId| ElectricalError::UnknownBeginning {
                node: node.clone(),
                from: from.clone(),
            };
            beginnings.push(match &section.from {
                None => 0,
                Some(from) => {
                    1 + ends.iter().position(|end| *end == from).ok_or_else(|| unknown(from))?
                }
            });
            ends.push(node);
        }
        Ok(beginnings)
    }
    /// Reactive power per active power of a load with the usual power factor.
    #[must_use]
    pub fn tan_phi(&self) -> f64 {
        let cos = self.power_factor.get().clamp(0.1, 1.0);
        (1.0 - cos * cos).sqrt() / cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transformer_has_the_impedance_of_its_plate() {
        let transformer = Transformer {
            rating: ApparentPower::new(250e3),
            short_circuit: Ratio::new(0.04),
            load_loss: Power::new(3250.0),
        };
        let (r, x) = transformer.ohms(Voltage::new(400.0));
        assert!((r - 0.00832).abs() < 1e-5 && (r.hypot(x) - 0.0256).abs() < 1e-9, "{r} {x}");
    }

    fn id(name: &str) -> AssetId {
        AssetId::new(name).unwrap()
    }

    /// A network of one feeder with these sections: where each begins, where it ends.
    fn network(sections: &[(Option<&str>, &str)]) -> Electrical {
        let section = |(from, node): &(Option<&str>, &str)| CableSection {
            node: id(node),
            from: from.map(id),
            length: Length::new(100.0),
            resistance: Impedance::new(0.2),
            reactance: Impedance::new(0.08),
            ampacity: None,
            assets: vec![id(&format!("at-{node}"))],
            load: Ratio::ZERO,
        };
        let sections = sections.iter().map(section).collect();
        Electrical {
            nominal: Voltage::new(400.0),
            band: Ratio::new(0.1),
            upstream: Ratio::ONE,
            busbar_voltage: None,
            power_factor: Ratio::new(0.8),
            transformer: None,
            feeders: vec![Feeder { id: id("F1"), limit: None, sections }],
        }
    }

    #[test]
    fn places_are_numbered_from_the_busbar() {
        let fork = network(&[(None, "n1"), (Some("n1"), "n2"), (Some("n1"), "n3"), (None, "n4")]);
        assert_eq!(fork.beginnings(), Ok(vec![0, 1, 1, 0]));
        let places = ["at-n1", "at-n3", "pump"].map(|asset| fork.place_of(&id(asset)));
        assert_eq!(places, [1, 3, 0]);
        assert!((fork.tan_phi() - 0.75).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_hang_together_is_named() {
        let words = |sections| network(sections).beginnings().unwrap_err().to_string();
        let nowhere = words(&[(Some("n2"), "n1"), (None, "n2")]);
        assert!(nowhere.starts_with("the section to n1 begins at 'n2', where no"), "{nowhere}");
        let twice = words(&[(None, "n1"), (None, "n1")]);
        assert!(twice.starts_with("two sections end at n1; "), "{twice}");
    }
}
