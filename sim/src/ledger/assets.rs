//! What batteries, chargers, wells, loads that may wait and lamps did, from the truth.

use crate::plant::{SessionTruth, Truth};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use policies::forecast::lighting::window_at;
use serde::Serialize;
use site::units::{Energy, Ratio};
use site::{AssetId, Site};
use std::collections::BTreeMap;

/// A session that misses no more than this share of its wish, or this energy, was served: nobody
/// notices.
const MISSED_SHARE: f64 = 0.02;
const MISSED_KWH: f64 = 0.2;
/// Light that is missing to no more than this share is what the program wanted: ballasts step.
const DIMMED_SHARE: f64 = 0.02;

/// What the assets did over the time of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AssetLedger {
    /// Batteries by name.
    pub batteries: BTreeMap<AssetId, BatteryLedger>,
    /// Charging sessions that ended.
    pub sessions: SessionLedger,
    /// Wells of lift stations by name.
    pub wells: BTreeMap<AssetId, WellLedger>,
    /// Loads that may wait, by name.
    pub shiftable: BTreeMap<AssetId, ShiftableLedger>,
    /// Lighting cabinets by name.
    pub lighting: BTreeMap<AssetId, LightingLedger>,
}

/// A battery.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BatteryLedger {
    /// Taken from and given to the busbar, together, kWh.
    pub throughput_kwh: f64,
    /// The same as full cycles of the declared capacity.
    pub cycles: f64,
    /// Lost on the way, what the inverter draws by itself included, kWh.
    pub lost_kwh: f64,
    /// State of charge at the start, lowest, highest and at the end, 0 to 1.
    pub charge: Range,
    /// What its cells hold more at the end than at the start, kWh.
    pub stored_kwh: f64,
}

/// How a state moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Range {
    /// At the start.
    pub start: f64,
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// At the end.
    pub end: f64,
}

/// The charging sessions that ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SessionLedger {
    /// How many.
    pub count: usize,
    /// What they wanted, kWh.
    pub wanted_kwh: f64,
    /// What they were given, kWh.
    pub delivered_kwh: f64,
    /// Those that went without, in order of their departure.
    pub unserved: Vec<Unserved>,
}

/// A session that missed more than 2 % of its wish and more than 0.2 kWh.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unserved {
    /// The charger.
    pub charger: AssetId,
    /// When the vehicle came.
    pub arrival: Timestamp,
    /// When it left.
    pub departure: Timestamp,
    /// What it wanted, kWh.
    pub wanted_kwh: f64,
    /// What it missed, kWh.
    pub missing_kwh: f64,
    /// It would have been served at full power over its whole stay.
    pub feasible: bool,
}

/// A well.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WellLedger {
    /// What spilled, m3.
    pub spilled_m3: f64,
    /// What was lifted, m3.
    pub lifted_m3: f64,
    /// How full it was, 1 at the overflow.
    pub share: Range,
    /// Starts of its pump.
    pub starts: u64,
    /// Energy of its pump, kWh.
    pub energy_kwh: f64,
}

/// A load that may wait.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ShiftableLedger {
    /// Hours it ran, by local day; the first and last day may be parts of days.
    pub hours: BTreeMap<Date, f64>,
    /// Hours missing on whole days, against what it has to run.
    pub missing_hours: f64,
    /// Starts.
    pub starts: u64,
    /// Energy, kWh.
    pub energy_kwh: f64,
}

/// A lighting cabinet.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LightingLedger {
    /// Energy, kWh.
    pub energy_kwh: f64,
    /// Light that the program wanted and that was not given, kWh at the rated power.
    pub dimmed_kwh: f64,
    /// Minutes with less light than the program wanted. None on a safety segment.
    pub minutes_below: f64,
}

impl Range {
    fn new(value: f64) -> Self {
        Self { start: value, min: value, max: value, end: value }
    }

    fn see(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.end = value;
    }
}

impl AssetLedger {
    /// Opens the books on a first truth.
    #[must_use]
    pub fn open(truth: &Truth) -> Self {
        let batteries = truth.batteries.iter().map(|(id, now)| {
            let charge = Range::new(now.charge.get());
            (id.clone(), BatteryLedger { charge, ..BatteryLedger::default() })
        });
        let wells = truth.wells.iter().map(|(id, now)| {
            let share = Range::new(now.share.get());
            (id.clone(), WellLedger { share, ..WellLedger::default() })
        });
        Self { batteries: batteries.collect(), wells: wells.collect(), ..Self::default() }
    }

    /// Books what happened from one truth to the next.
    pub fn book(&mut self, site: &Site, before: &Truth, now: &Truth) {
        let hours = site::time::seconds_between(before.at, now.at) / 3600.0;
        for (id, ledger) in &mut self.batteries {
            ledger.charge.see(now.batteries[id].charge.get());
        }
        for (id, ledger) in &mut self.wells {
            ledger.share.see(now.wells[id].share.get());
        }
        let day = site.zone.to_datetime(before.at).date();
        for load in &site.shiftable {
            let run = now.switched[&load.id].run_time - before.switched[&load.id].run_time;
            let ledger = self.shiftable.entry(load.id.clone()).or_default();
            *ledger.hours.entry(day).or_default() += run.get() / 3600.0;
        }
        for cabinet in &site.lighting {
            let wanted = window_at(site, cabinet, before.at).level;
            let lamps = &now.lighting[&cabinet.id];
            let given = if lamps.lit { lamps.level } else { Ratio::ZERO };
            let missing = (wanted - given).get().max(0.0);
            let ledger = self.lighting.entry(cabinet.id.clone()).or_default();
            ledger.dimmed_kwh += cabinet.rated_power.kw() * missing * hours;
            if missing > DIMMED_SHARE {
                ledger.minutes_below += 60.0 * hours;
            }
        }
        let ended = now.sessions.iter().skip(before.sessions.len());
        ended.for_each(|session| self.sessions.book(session));
    }

    /// What is counted from the first truth to the last one, and what is missing on whole days.
    pub fn close(&mut self, site: &Site, first: &Truth, last: &Truth) {
        for battery in &site.batteries {
            let (was, is) = (&first.batteries[&battery.id], &last.batteries[&battery.id]);
            let Some(ledger) = self.batteries.get_mut(&battery.id) else { continue };
            let (taken, given) = ((is.taken - was.taken).kwh(), (is.given - was.given).kwh());
            ledger.throughput_kwh = taken + given;
            ledger.cycles = (taken + given) / 2.0 / battery.capacity.kwh();
            ledger.stored_kwh = (is.stored - was.stored).kwh();
            let drawn = (is.standby - was.standby).kwh();
            ledger.lost_kwh = taken + drawn - given - ledger.stored_kwh;
        }
        for (id, ledger) in &mut self.wells {
            let (was, is) = (&first.wells[id], &last.wells[id]);
            ledger.spilled_m3 = (is.spilled - was.spilled).get();
            ledger.lifted_m3 = (is.lifted - was.lifted).get();
            let (was, is) = (&first.switched[id], &last.switched[id]);
            ledger.starts = is.starts - was.starts;
            ledger.energy_kwh = (is.energy - was.energy).kwh();
        }
        for load in &site.shiftable {
            let (was, is) = (&first.switched[&load.id], &last.switched[&load.id]);
            let ledger = self.shiftable.entry(load.id.clone()).or_default();
            ledger.starts = is.starts - was.starts;
            ledger.energy_kwh = (is.energy - was.energy).kwh();
            let wanted = load.daily_run.as_secs_f64() / 3600.0;
            let whole = ledger.hours.iter().filter(|(day, _)| is_whole(site, **day, first, last));
            let missing = whole.map(|(_, hours)| (wanted - hours).max(0.0));
            ledger.missing_hours = missing.fold(0.0, |sum, hours| sum + hours);
        }
        for (id, ledger) in &mut self.lighting {
            ledger.energy_kwh = (last.lighting[id].energy - first.lighting[id].energy).kwh();
        }
    }
}

/// Whether all of a local day lies between two truths.
fn is_whole(site: &Site, day: Date, first: &Truth, last: &Truth) -> bool {
    let begins = |day: Date| day.to_zoned(site.zone.clone()).and_then(|day| day.start_of_day());
    let (start, end) = (begins(day), day.checked_add(1.day()).and_then(begins));
    let inside = |start: Timestamp, end: Timestamp| start >= first.at && end <= last.at;
    start.is_ok_and(|start| end.is_ok_and(|end| inside(start.timestamp(), end.timestamp())))
}

impl SessionLedger {
    fn book(&mut self, session: &SessionTruth) {
        let missed = |of: Energy| (session.wanted - of).kwh();
        let unserved =
            |missing: f64| missing > MISSED_KWH && missing > MISSED_SHARE * session.wanted.kwh();
        self.count += 1;
        self.wanted_kwh += session.wanted.kwh();
        self.delivered_kwh += session.delivered.kwh();
        if unserved(missed(session.delivered)) {
            self.unserved.push(Unserved {
                charger: session.charger.clone(),
                arrival: session.arrival,
                departure: session.departure,
                wanted_kwh: session.wanted.kwh(),
                missing_kwh: missed(session.delivered),
                feasible: !unserved(missed(session.possible)),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::energy_tests::{SOLEIL, soleil};

    fn id(name: &str) -> AssetId {
        AssetId::new(name).expect("a name")
    }

    /// Two days with orders, booked every 10 s.
    fn books(order: impl Fn(&mut crate::plant::Plant)) -> (AssetLedger, Truth) {
        let mut plant = soleil(&SOLEIL, 1, "2026-01-12T23:00:00Z");
        let first = plant.truth();
        let mut ledger = AssetLedger::open(&first);
        for _ in 0..2 * 8640 {
            let before = plant.truth();
            order(&mut plant);
            let next = plant.next_step();
            plant.advance(next);
            ledger.book(&SOLEIL, &before, &plant.truth());
        }
        ledger.close(&SOLEIL, &first, &plant.truth());
        (ledger, plant.truth())
    }

    #[test]
    fn who_is_given_nothing_is_unserved_and_who_is_given_all_is_not() {
        let (ledger, truth) = books(|plant| {
            (0..6).for_each(|charger| plant.offer_charge(charger, 32.0));
        });
        let sessions = &ledger.sessions;
        assert_eq!(sessions.count, truth.sessions.len());
        assert!(sessions.count >= 8, "{}", sessions.count);
        assert!(sessions.unserved.iter().all(|one| !one.feasible), "{:?}", sessions.unserved);
        assert!(sessions.delivered_kwh > 0.95 * sessions.wanted_kwh);
        let (ledger, _) = books(|plant| {
            (0..6).for_each(|charger| plant.offer_charge(charger, 0.0));
        });
        let none = &ledger.sessions;
        assert_eq!((none.count, none.unserved.len()), (sessions.count, sessions.count));
        // What was there at the start had charged in proportion to its time.
        assert!((10.0..60.0).contains(&none.delivered_kwh), "{}", none.delivered_kwh);
        let feasible = none.unserved.iter().filter(|one| one.feasible).count();
        assert_eq!(feasible, sessions.count - sessions.unserved.len());
        let missing: f64 = none.unserved.iter().map(|one| one.missing_kwh).sum();
        assert!((missing + none.delivered_kwh - none.wanted_kwh).abs() < 1e-9);
    }

    #[test]
    fn a_days_work_is_counted_by_asset() {
        let (ledger, truth) = books(|plant| {
            let at = plant.now();
            let hour = SOLEIL.zone.to_datetime(at).hour();
            plant.order_battery(0, if hour % 2 == 0 { 30e3 } else { -25e3 });
            plant.command_shiftable(0, (9..14).contains(&hour), at);
            let evening = (19..22).contains(&hour);
            (0..12).for_each(|one| plant.light(one, if evening { 0.6 } else { 0.0 }, at));
        });
        let battery = &ledger.batteries[&id("B200")];
        assert!((1100.0..1400.0).contains(&battery.throughput_kwh), "{battery:?}");
        assert!((battery.cycles - battery.throughput_kwh / 400.0).abs() < 1e-9);
        assert!((50.0..120.0).contains(&battery.lost_kwh), "{battery:?}");
        assert!(battery.charge.min < battery.charge.start - 1e-3 || battery.charge.max > 0.55);
        let filter = &ledger.shiftable[&id("filter")];
        let hours: Vec<f64> = filter.hours.values().copied().collect();
        assert!(hours.len() == 2 && hours.iter().all(|one| (one - 5.0).abs() < 0.01), "{hours:?}");
        assert!((filter.missing_hours - 6.0).abs() < 0.02 && filter.starts == 2);
        let well = &ledger.wells[&id("lift")];
        assert!(well.spilled_m3 > 100.0 && well.share.max > 0.999 && well.starts == 0, "{well:?}");
        assert!((truth.wells[&id("lift")].spilled.get() - well.spilled_m3).abs() < 1e-9);
        let lamps = &ledger.lighting[&id("L1")];
        // 3 kW at 60 % for three hours of two evenings, ballasts included.
        assert!((10.5..12.5).contains(&lamps.energy_kwh), "{lamps:?}");
        assert!((30.0..80.0).contains(&lamps.dimmed_kwh), "the rest of two winter nights");
    }
}
