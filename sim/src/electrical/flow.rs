//! What a solved network says.

use site::AssetId;
use site::units::Ratio;

/// The state of a network. Power into the network is positive, as at the meter: an export is
/// negative. Voltages are between phases, currents of one phase, powers of all three.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Voltage of the busbar, V.
    pub busbar_v: f64,
    /// Ends of sections in the site's order.
    pub nodes: Vec<NodeFlow>,
    /// Sections in the same order.
    pub sections: Vec<SectionFlow>,
    /// Feeders in the site's order.
    pub feeders: Vec<FeederFlow>,
    /// The transformer, when the site has its own.
    pub transformer: Option<TransformerFlow>,
    /// What cables and transformer turn to heat, W.
    pub losses_w: f64,
    /// Active power at the point of common coupling, above the transformer, W.
    pub import_w: f64,
    /// Reactive power there, var.
    pub import_var: f64,
}

/// The end of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeFlow {
    /// Its name.
    pub id: AssetId,
    /// Voltage, V.
    pub voltage_v: f64,
    /// The same as a share of the nominal voltage.
    pub voltage_ratio: f64,
}

/// A section of cable, seen at its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionFlow {
    /// The node at its end.
    pub node: AssetId,
    /// Current, A.
    pub current_a: f64,
    /// The same as a share of what the cable may carry, when that is known.
    pub loading: Option<Ratio>,
    /// Active power that enters it, W; negative when it flows back to the busbar.
    pub power_w: f64,
    /// Reactive power that enters it, var.
    pub reactive_var: f64,
}

/// A feeder at the busbar.
#[derive(Debug, Clone, PartialEq)]
pub struct FeederFlow {
    /// Its name.
    pub id: AssetId,
    /// Apparent power, VA.
    pub apparent_va: f64,
    /// The same as a share of its limit, when it has one.
    pub loading: Option<Ratio>,
}

/// The transformer, seen from above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformerFlow {
    /// Apparent power, VA.
    pub apparent_va: f64,
    /// The same as a share of its rating.
    pub loading: Ratio,
    /// What its windings turn to heat, W.
    pub loss_w: f64,
}
