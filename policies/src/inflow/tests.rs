//! A well that fills by a day's curve and is pumped out between two marks.

use super::*;
use crate::guard::bench::site;
use site::plan::{Estimated, PumpState};
use site::units::Level;
use site::{Mono, Now};
use std::time::Duration;

/// Inflow of the true well, m3/s: twice as much by day.
fn truth(hour: i8) -> f64 {
    if (7..22).contains(&hour) { 0.008 } else { 0.004 }
}

struct Well {
    site: Site,
    inflows: Inflows,
    at: Timestamp,
    level: f64,
    running: bool,
    /// What the pump really delivers, m3/s.
    pumped: f64,
}

impl Well {
    fn new(pumped: f64) -> Self {
        let at = "2025-06-02T00:00:00Z".parse().unwrap();
        let inflows = Inflows::default();
        Self { site: site(), inflows, at, level: 1.0, running: false, pumped }
    }

    fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            let hour = self.at.to_zoned(self.site.zone.clone()).hour();
            let pumped = if self.running { self.pumped } else { 0.0 };
            self.level += 60.0 * (truth(hour) - pumped) / 12.0;
            if self.level > 2.1 {
                self.running = true;
            } else if self.level < 0.6 {
                self.running = false;
            }
            self.at += jiff::SignedDuration::from_secs(60);
            self.look();
        }
    }

    fn look(&mut self) {
        let station = self.site.lift_stations[0].id.clone();
        let level = Estimated {
            value: Level::new(self.level),
            spread: Level::new(0.01),
            basis: Basis::Measured,
        };
        let state = PumpState {
            running: Some(self.running),
            power: None,
            in_state_for: Duration::ZERO,
            starts_last_hour: 0,
            unavailable: None,
        };
        let estimate = Estimate {
            now: Now { mono: Mono::default(), utc: self.at },
            wells: BTreeMap::from([(station.clone(), Some(level))]),
            switched: BTreeMap::from([(station, state)]),
            ..Estimate::default()
        };
        self.inflows.observe(&self.site, &estimate);
    }

    /// Expected inflow at a local hour of the day after, l/s.
    fn expected(&self, hour: i8) -> f64 {
        let day = self.at.to_zoned(self.site.zone.clone()).date().tomorrow().unwrap();
        let start = day.at(hour, 15, 0, 0).to_zoned(self.site.zone.clone()).unwrap().timestamp();
        let step = Step { start, end: start + jiff::SignedDuration::from_mins(30) };
        let flows = self.inflows.expected(&self.site, self.at, &[step]);
        flows[&self.site.lift_stations[0].id][0].get() * LITRES
    }
}

#[test]
fn before_anything_was_seen_the_site_file_is_believed() {
    assert!((Well::new(0.018).expected(12) - 5.0).abs() < 1e-9);
}

#[test]
fn the_days_curve_is_learned_from_how_the_level_rises() {
    let mut well = Well::new(0.018);
    well.minutes(14 * 1440);
    let (day, night) = (well.expected(13), well.expected(3));
    assert!((day - 8.0).abs() < 0.8 && (night - 4.0).abs() < 0.6, "{day:.2} {night:.2} l/s");
}

#[test]
fn a_pump_that_delivers_less_than_its_plate_does_not_spoil_it() {
    let mut well = Well::new(0.014);
    well.minutes(14 * 1440);
    let (day, night) = (well.expected(13), well.expected(3));
    assert!((day - 8.0).abs() < 0.8 && (night - 4.0).abs() < 0.6, "{day:.2} {night:.2} l/s");
}
