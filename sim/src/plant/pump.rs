//! A pump's machine: motor, contactor and counters. What it lifts is the network's business.

use jiff::{SignedDuration, Timestamp};

/// From a start command until the motor runs.
pub const START_DELAY: SignedDuration = SignedDuration::from_secs(2);
/// From a stop command until the motor stands: the contactor opens at once, the column comes to
/// rest a little later.
pub const STOP_DELAY: SignedDuration = SignedDuration::from_secs(1);
/// Power of cooling and control while the motor runs, in W.
pub const AUXILIARY_W: f64 = 300.0;
/// Share of the rated power that a motor draws when its pump cannot lift: EPANET books none.
const NO_LIFT_SHARE: f64 = 0.4;

/// A change of the motor's state at an instant.
#[derive(Debug, Clone, Copy)]
struct Change {
    at: Timestamp,
    run: bool,
}

/// One machine. Changes are queued by [`Machine::command`], taken by [`Machine::apply`] when their
/// instant has come, and energy is counted by [`Machine::count`].
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    rated_w: f64,
    running: bool,
    /// Changes still to come, in order of time. Alternating, at least a second apart.
    changes: Vec<Change>,
    pub(crate) power_w: f64,
    pub(crate) flow_m3s: f64,
    pub(crate) starts: u64,
    pub(crate) energy_j: f64,
    pub(crate) run_s: f64,
}

impl Machine {
    pub(crate) fn new(rated_w: f64) -> Self {
        Self {
            rated_w,
            running: false,
            changes: Vec::new(),
            power_w: 0.0,
            flow_m3s: 0.0,
            starts: 0,
            energy_j: 0.0,
            run_s: 0.0,
        }
    }

    /// Tells the machine to run or to stop, at an instant not before the last one.
    pub(crate) fn command(&mut self, run: bool, at: Timestamp) {
        // A start that has not happened yet is taken back by a stop, and the other way round.
        self.changes.retain(|change| change.at <= at || change.run == run);
        if self.ends() != run {
            let delay = if run { START_DELAY } else { STOP_DELAY };
            let at = at.checked_add(delay).expect("simulated days end before the calendar");
            self.changes.push(Change { at, run });
        }
    }

    /// Whether it will run once all changes are done.
    fn ends(&self) -> bool {
        self.changes.last().map_or(self.running, |change| change.run)
    }

    /// Whether the motor runs at an instant at or after the last one applied.
    pub(crate) fn running_at(&self, at: Timestamp) -> bool {
        let past = self.changes.iter().rev().find(|change| change.at <= at);
        past.map_or(self.running, |change| change.run)
    }

    /// Starts up to an instant, the coming ones included.
    pub(crate) fn starts_at(&self, at: Timestamp) -> u64 {
        let coming = self.changes.iter().filter(|change| change.run && change.at <= at);
        self.starts + coming.map(|_| 1).sum::<u64>()
    }

    /// Takes the changes that are due and gives whether the motor runs from here on.
    pub(crate) fn apply(&mut self, at: Timestamp) -> bool {
        self.starts = self.starts_at(at);
        self.running = self.running_at(at);
        self.changes.retain(|change| change.at > at);
        self.running
    }

    /// The next change after an instant.
    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        self.changes.first().map(|change| change.at)
    }

    /// Whether the motor runs.
    pub(crate) fn running(&self) -> bool {
        self.running
    }

    /// Goes through a step in pieces of so many seconds in which nothing changes.
    pub(crate) fn through(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        mut piece: impl FnMut(&mut Self, f64),
    ) {
        let mut at = from;
        while at < to {
            self.apply(at);
            let next = self.next_change().filter(|change| *change < to).unwrap_or(to);
            piece(self, site::time::seconds_between(at, next));
            at = next;
        }
    }

    /// Counts some seconds of a motor that draws a power while it runs.
    pub(crate) fn draw(&mut self, seconds: f64, watts: f64) {
        self.power_w = if self.running { watts } else { 0.0 };
        self.energy_j += self.power_w * seconds;
        self.run_s += if self.running { seconds } else { 0.0 };
    }

    /// Counts some seconds at the hydraulic engine's flow (m3/s) and electrical power (W).
    pub(crate) fn count(&mut self, seconds: f64, flow_m3s: f64, engine_w: f64) {
        self.flow_m3s = flow_m3s;
        self.power_w = match self.running {
            false => 0.0,
            true if engine_w > 0.0 => engine_w + AUXILIARY_W,
            true => self.rated_w * NO_LIFT_SHARE + AUXILIARY_W,
        };
        self.energy_j += self.power_w * seconds;
        self.run_s += if self.running { seconds } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + number).unwrap()
    }

    #[test]
    fn a_start_takes_two_seconds_and_is_counted_once() {
        let mut machine = Machine::new(100e3);
        machine.command(true, second(0));
        machine.command(true, second(1));
        assert!(!machine.running_at(second(1)) && machine.running_at(second(2)));
        assert_eq!((machine.starts_at(second(1)), machine.starts_at(second(2))), (0, 1));
        assert!(machine.apply(second(2)));
        assert_eq!((machine.starts, machine.next_change()), (1, None));
        machine.command(true, second(3));
        assert_eq!(machine.next_change(), None, "it runs already");
    }

    #[test]
    fn a_start_taken_back_in_time_never_happens() {
        let mut machine = Machine::new(100e3);
        machine.command(true, second(0));
        machine.command(false, second(1));
        assert!(!machine.apply(second(10)));
        assert_eq!(machine.starts, 0);
    }

    #[test]
    fn several_changes_within_a_step_keep_their_order() {
        let mut machine = Machine::new(100e3);
        machine.command(true, second(0));
        machine.command(false, second(5));
        assert!(machine.running_at(second(5)) && !machine.running_at(second(6)));
        assert_eq!(machine.next_change(), Some(second(2)));
        assert!(machine.apply(second(2)));
        assert_eq!(machine.next_change(), Some(second(6)));
    }

    #[test]
    fn power_is_that_of_the_engine_and_the_auxiliaries() {
        let mut machine = Machine::new(100e3);
        machine.count(10.0, 0.0, 0.0);
        assert_eq!(machine.power_w.to_bits(), 0.0_f64.to_bits());
        machine.command(true, second(0));
        machine.apply(second(2));
        machine.count(10.0, 0.1, 90e3);
        assert!((machine.power_w - 90.3e3).abs() < 1e-6);
        machine.count(10.0, 0.0, 0.0);
        assert!((machine.power_w - 40.3e3).abs() < 1e-6, "a pump that cannot lift still draws");
        assert!((machine.energy_j - 1306e3).abs() < 1e-3 && (machine.run_s - 20.0).abs() < 1e-9);
    }
}
