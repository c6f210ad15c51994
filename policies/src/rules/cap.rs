//! The most that may flow at the point of common coupling: what the site's connection allows, and
//! what is ordered from outside, whichever is less.

use jiff::Timestamp;
use site::Site;
use site::command::Authority;
use site::external::{Direction, ExternalLimit, lowest};
use site::units::Power;

/// Caps aim this share of the limit below it; nearer than that, they begin to act.
pub(crate) const DEADBAND: f64 = 0.02;

/// A cap, and by whose authority it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cap {
    /// The most, as a positive number.
    pub(crate) power: Power,
    /// An interlock for what the site's connection allows: no override lifts it.
    pub(crate) authority: Authority,
}

impl Cap {
    /// The cap in a direction at an instant; none where nothing limits it.
    pub(crate) fn at(
        site: &Site,
        limits: &[ExternalLimit],
        direction: Direction,
        at: Timestamp,
    ) -> Option<Self> {
        let own = match direction {
            Direction::Import => site.grid.import_limit,
            Direction::Export => site.grid.export_limit,
        };
        let own = own.map(|power| Self { power, authority: Authority::Interlock });
        let ordered = lowest(limits, direction, at);
        let ordered = ordered.map(|power| Self { power, authority: Authority::External });
        match (own, ordered) {
            (Some(own), Some(ordered)) if ordered.power < own.power => Some(ordered),
            (own, ordered) => own.or(ordered),
        }
    }

    /// What it aims at, W.
    pub(crate) fn aim(self) -> f64 {
        self.power.get() * (1.0 - DEADBAND)
    }
}
