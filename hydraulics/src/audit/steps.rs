//! Where EPANET has to stop.

use crate::Network;

/// The steps that the file and the question prescribe.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    /// Longest step, s: the file's hydraulic step or a shorter one.
    pub(super) hydraulic_s: u32,
    /// Period of the file's patterns, and where in them it starts, s.
    pub(super) pattern_s: u32,
    pub(super) pattern_start_s: u32,
    /// The file's reporting step, s.
    pub(super) report_s: u32,
    /// Steps of what is set from outside: schedule and demand factors, s.
    pub(super) outer_s: Vec<u32>,
    /// Where the course ends, s.
    pub(super) duration_s: u32,
}

impl Steps {
    pub(super) fn of(network: &Network, report_s: u32, duration_s: u32) -> Steps {
        let times = network.times();
        Steps {
            hydraulic_s: times.hydraulic_step_s.max(1),
            pattern_s: times.pattern_step_s,
            pattern_start_s: times.pattern_start_s,
            report_s,
            outer_s: Vec::new(),
            duration_s,
        }
    }

    /// Longest step that may begin at a time before the end, s. EPANET may choose a shorter one.
    pub(super) fn longest_at(&self, at_s: u32) -> u32 {
        let outer = self.outer_s.iter().map(|step_s| step_s - at_s % step_s);
        outer.fold(self.hydraulic_s.min(self.duration_s - at_s), u32::min)
    }

    /// How many steps a course takes in which no tank and no control cuts one short.
    pub(super) fn nominal(&self) -> u32 {
        let (mut at_s, mut steps) = (0, 0);
        while at_s < self.duration_s {
            let pattern_s = self.pattern_s - (at_s + self.pattern_start_s) % self.pattern_s;
            let report_s = self.report_s - at_s % self.report_s;
            at_s += self.longest_at(at_s).min(pattern_s).min(report_s);
            steps += 1;
        }
        steps
    }

    /// More steps than this are chatter.
    pub(super) fn most(&self) -> u32 {
        CHATTER_FACTOR * self.nominal() + CHATTER_STEPS
    }
}

/// Controls and filling tanks cut steps short, a few times each; more is chatter.
const CHATTER_FACTOR: u32 = 4;
const CHATTER_STEPS: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Steps {
        Steps {
            hydraulic_s: 3600,
            pattern_s: 7200,
            pattern_start_s: 0,
            report_s: 3600,
            outer_s: vec![],
            duration_s: 86_400,
        }
    }

    #[test]
    fn an_ordinary_day_has_a_step_an_hour() {
        assert_eq!(steps().nominal(), 24);
        assert_eq!(steps().most(), 120);
    }

    #[test]
    fn boundaries_cut_steps() {
        let outer = Steps { outer_s: vec![5400, 7200], ..steps() };
        assert_eq!(outer.longest_at(0), 3600);
        assert_eq!(outer.longest_at(3600), 1800);
        assert_eq!(outer.longest_at(5400), 1800);
        assert_eq!(outer.longest_at(7200), 3600);
        assert_eq!(steps().longest_at(86_399), 1);
        // Patterns that begin half a period in change an hour earlier.
        let shifted = Steps { hydraulic_s: 7200, pattern_start_s: 3600, report_s: 7200, ..steps() };
        assert_eq!(shifted.nominal(), 24);
    }
}
