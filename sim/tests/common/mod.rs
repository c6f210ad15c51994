//! What the tests share: the shipped site, loaded as the daemon loads it.

use regie_sim::world::World;
use std::path::Path;

/// The shipped site with its recorded days.
pub(crate) fn world() -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    World::load(&path, None, None).expect("the shipped site has no findings")
}
