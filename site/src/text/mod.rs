//! Text in, located values out: a YAML tree with places, a reader that collects *all* findings,
//! and the findings themselves. Profiles and sites are both read with it.

mod finding;
mod reader;
mod section;
mod tree;

pub use finding::{Finding, Findings, Place};
pub use reader::{FILE_BYTES_MAX, parse};
pub use section::Section;
pub use tree::{Node, Tree};
