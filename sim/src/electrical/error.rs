//! What keeps a network from having a state.

use site::AssetId;
use site::electrical::ElectricalError;
use thiserror::Error;

/// Why there is no power flow.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FlowError {
    // --- the site file ---
    /// The sections do not hang together.
    #[error(transparent)]
    Network(#[from] ElectricalError),
    /// A section has next to no impedance, or a negative one.
    #[error(
        "the section to {node} has a resistance of {resistance} ohm and a reactance of \
         {reactance} ohm; give its length and both per kilometre, or connect its assets to the \
         node before it"
    )]
    Impedance {
        /// The node at the section's end.
        node: AssetId,
        /// Resistance of a phase, ohm.
        resistance: f64,
        /// Reactance of a phase, ohm.
        reactance: f64,
    },
    /// The transformer has next to no impedance, or a negative one.
    #[error(
        "the transformer has an impedance of {ohms} ohm; give its rating and its short-circuit \
         voltage as its plate has them"
    )]
    Transformer {
        /// Impedance of a phase seen from the low-voltage side, ohm.
        ohms: f64,
    },
    /// The nominal voltage is none.
    #[error("the network has a nominal voltage of {volts} V; give the one between phases")]
    Nominal {
        /// The voltage, V.
        volts: f64,
    },

    // --- the caller ---
    /// A load is not a number.
    #[error("the load at {place} is not a number; what is not known is no load of the plant")]
    NotANumber {
        /// The node, or the busbar.
        place: String,
    },
    /// The voltage above the transformer is beyond what loads of constant power can mean.
    #[error(
        "the voltage above the network is {ratio} of the nominal one; a flow is computed from \
         0.5 to 1.5, and without voltage there is none"
    )]
    Upstream {
        /// Voltage as a share of the nominal one.
        ratio: f64,
    },

    // --- physics ---
    /// No voltage carries the load, or none at which machines would run.
    #[error(
        "the voltage collapses: the network cannot carry {total_kw:.1} kW and {total_kvar:.1} \
         kvar in all; the largest load is {largest_kw:.1} kW at {place}; take load off there, or \
         give the cable a larger section"
    )]
    Collapse {
        /// All load, kW.
        total_kw: f64,
        /// All reactive load, kvar.
        total_kvar: f64,
        /// The largest load, or the largest feed where nothing takes, kW.
        largest_kw: f64,
        /// Where it is.
        place: String,
    },
}
