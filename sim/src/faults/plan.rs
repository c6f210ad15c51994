//! What goes wrong in a run, as data: it can be drawn from a seed, written down, made shorter and
//! played again. A run is a function of its plan and nothing else.

use crate::field::Fault;
use crate::modbus::faults::WireFault;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::external::Direction;
use site::{DeviceId, Site};

/// A run: when it begins, how long things go wrong, how long they then have to heal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Seed of the true plant.
    pub seed: u64,
    /// The first instant.
    pub start: Timestamp,
    /// Cycles in which things go wrong.
    pub faulty_cycles: u32,
    /// Cycles after that in which nothing does.
    pub healed_cycles: u32,
    /// What goes wrong.
    pub events: Vec<Event>,
}

/// One thing that goes wrong, and when. Times are site time since the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When it begins, s.
    pub at_s: u32,
    /// How long it lasts, s; 0 for what happens in an instant.
    pub for_s: u32,
    /// What it is.
    pub trouble: Trouble,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Trouble {
    /// The bytes of a device's link.
    Wire {
        /// Whose link.
        device: DeviceId,
        /// Its own exchanges alone, not those of its neighbours on the link.
        alone: bool,
        /// In what way.
        fault: WireFault,
    },
    /// A device.
    Device {
        /// Which.
        device: DeviceId,
        /// In what way.
        fault: Fault,
    },
    /// A device starts anew, with what it was made with.
    Reboot {
        /// Which.
        device: DeviceId,
    },
    /// The daemon's UTC is set by so much, and back at the end.
    SetClock {
        /// Forward, or back when negative, s.
        by_s: i64,
    },
    /// The daemon's host sleeps: its UTC and the field go on, its monotonic clock does not.
    Suspend,
    /// The daemon is not given the processor; its links are.
    Stall,
    /// The daemon is killed and comes back at the end.
    Kill {
        /// How many times it is still woken after this begins: 0 is at once, more is in the middle
        /// of what it does.
        wakes: u32,
        /// What becomes of its file meanwhile.
        file: FileTrouble,
    },
    /// The disk takes nothing more.
    DiskFull,
    /// Somebody writes a point by hand.
    ByHand {
        /// The point, `device.point`.
        point: String,
        /// The value, in the point's own unit.
        value: String,
    },
    /// Somebody orders a limit at the point of common coupling.
    Limit {
        /// Which way.
        direction: Direction,
        /// The most, kW.
        kw: f64,
    },
}

/// What becomes of a file while nobody holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileTrouble {
    /// Nothing.
    Whole,
    /// The journal loses its end: so many thousandths of it are left.
    TornJournal(u16),
    /// One byte of the file is another; counted from its begin, over and over.
    FlippedByte(u32),
}

impl FaultPlan {
    /// Whether the plan fits a site: it names its devices, and ends.
    ///
    /// # Errors
    /// In words, what does not fit.
    pub fn check(&self, site: &Site) -> Result<(), String> {
        let cycles = u64::from(self.faulty_cycles) + u64::from(self.healed_cycles);
        if !(1..=u64::from(super::CYCLES_MAX)).contains(&cycles) {
            return Err(format!("it has {cycles} cycles, of 1 to {}", super::CYCLES_MAX));
        }
        for (place, event) in self.events.iter().enumerate() {
            let device = match &event.trouble {
                Trouble::Wire { device, .. }
                | Trouble::Device { device, .. }
                | Trouble::Reboot { device } => device,
                _ => continue,
            };
            if site.device(device).is_none() {
                let known: Vec<&str> = site.devices.iter().map(|one| one.id.as_str()).collect();
                let known = known.join(", ");
                let place = place + 1;
                return Err(format!(
                    "event {place} names the device '{device}'; the site has: {known}"
                ));
            }
        }
        Ok(())
    }

    /// Cycles of the whole run.
    #[must_use]
    pub const fn cycles(&self) -> u32 {
        self.faulty_cycles + self.healed_cycles
    }

    /// Whether an event of which `concerns` is true lies between two instants, s, both included.
    pub fn any_between(&self, from: u32, to: u32, concerns: impl Fn(&Trouble) -> bool) -> bool {
        self.events
            .iter()
            .any(|event| event.at_s <= to && event.end_s() >= from && concerns(&event.trouble))
    }
}

impl Event {
    /// When it ends, s.
    #[must_use]
    pub const fn end_s(&self) -> u32 {
        self.at_s.saturating_add(self.for_s)
    }
}

impl Trouble {
    /// What kind it is, in a word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Wire { .. } => "wire",
            Self::Device { .. } => "device",
            Self::Reboot { .. } => "reboot",
            Self::SetClock { .. } => "clock",
            Self::Suspend => "suspend",
            Self::Stall => "stall",
            Self::Kill { .. } => "kill",
            Self::DiskFull => "disk",
            Self::ByHand { .. } => "by_hand",
            Self::Limit { .. } => "limit",
        }
    }

    /// Whether it happens to the daemon or its host.
    #[must_use]
    pub const fn is_of_host(&self) -> bool {
        matches!(self, Self::SetClock { .. } | Self::Suspend | Self::Stall | Self::Kill { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_after_writing_and_reading() {
        let device = DeviceId::new("pump1").expect("a name");
        let trouble = [
            Trouble::Wire { device: device.clone(), alone: true, fault: WireFault::Duplicate },
            Trouble::Device { device: device.clone(), fault: Fault::Deaf },
            Trouble::Kill { wakes: 3, file: FileTrouble::TornJournal(500) },
            Trouble::Limit { direction: Direction::Export, kw: 12.5 },
            Trouble::Suspend,
        ];
        let events =
            trouble.into_iter().map(|trouble| Event { at_s: 60, for_s: 30, trouble }).collect();
        let start = "2026-03-01T00:00:00Z".parse().expect("a time");
        let plan = FaultPlan { seed: 7, start, faulty_cycles: 300, healed_cycles: 60, events };
        let text = serde_json::to_string(&plan).expect("it is data");
        assert_eq!(serde_json::from_str::<FaultPlan>(&text).expect("as written"), plan);
        assert!(plan.any_between(90, 100, |trouble| trouble.word() == "device"));
        assert!(!plan.any_between(91, 100, |_| true));
    }
}
