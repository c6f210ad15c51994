//! What the tests share: the shipped site, loaded as the daemon loads it.

use drivers::Clock;
use jiff::Timestamp;
use regie_sim::field::SimulatedField;
use regie_sim::world::World;
use std::path::Path;

/// The seed of the truth.
const SEED: u64 = 1;

/// The shipped site with its recorded days.
pub(crate) fn world() -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/sites/val-clair/site.yaml");
    World::load(&path, None, None).expect("the shipped site has no findings")
}

/// A clock that begins at `start`, and the simulated field of the site that lives by it.
pub(crate) fn field_of(world: &World, start: &str, speed: f64) -> (SimulatedField, Clock) {
    let start: Timestamp = start.parse().expect("an instant");
    let clock = Clock::scaled(start, speed);
    let field = world.field(SEED, &clock).expect("a field");
    (field, clock)
}
