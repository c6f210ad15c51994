//! The low-voltage network of the true plant: an AC power flow over what the site declares.
//!
//! Three balanced phases, constant power at every place, cables as series impedances, a
//! transformer as its short-circuit impedance. Newton's method is that of `gridoxide-core`; what
//! it gives back is looked at before anybody sees it. It decides nothing and knows no time.

mod error;
mod flow;
mod grid;
#[cfg(test)]
mod tests;

pub use error::FlowError;
pub use flow::{FeederFlow, Flow, NodeFlow, SectionFlow, TransformerFlow};
pub use grid::{Grid, Load};
