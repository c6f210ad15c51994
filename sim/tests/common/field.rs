//! The simulated field of a site, for tests that use it without a replay.

use drivers::Clock;
use jiff::Timestamp;
use regie_sim::field::SimulatedField;
use regie_sim::world::World;

/// The seed of the truth.
const SEED: u64 = 1;

/// A clock that begins at `start`, and the field that lives by it.
pub(crate) fn field_of(world: &World, start: &str, speed: f64) -> (SimulatedField, Clock) {
    let start: Timestamp = start.parse().expect("an instant");
    let clock = Clock::scaled(start, speed);
    let field = world.field(SEED, &clock).expect("a field");
    (field, clock)
}
