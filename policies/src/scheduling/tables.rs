//! The plant from tables, a hundred times faster than EPANET: each zone by itself, filled with
//! EPANET's steady states where the search comes by, and interpolated between levels.

use super::course::{Course, Span};
use super::score::{Outcome, Plant};
use super::stepper::{Stepper, fill};
use hydraulics::{HydraulicsError, Instant};
use std::collections::HashMap;
use std::sync::Arc;

/// Levels tabulated along each tank of a zone with one or two tanks: every combination of them.
const GRID: usize = 9;
/// Networks with more junctions than this are tabulated as stars whatever their zones: there a
/// steady state costs a hundred times more than a look into a table.
const GRID_JUNCTIONS_MAX: usize = 300;
/// Zones with more tanks are solved at the middle of all tanks and with one tank at a time moved
/// down or up to these shares of its range; in between and beyond, straight lines.
const STAR: [f64; 2] = [0.15, 0.85];

/// Tables of all zones.
pub(super) struct Tables {
    course: Arc<Course>,
    stepper: Stepper,
    tables: Vec<Table>,
    scratch: Vec<f64>,
    values: Vec<f64>,
}

/// The table of one zone.
struct Table {
    zone: Zone,
    /// Place of a combination in `entries`.
    known: HashMap<u64, usize>,
    entries: Vec<Entry>,
}

/// One zone.
struct Zone {
    index: usize,
    /// Whether it is tabulated as a star.
    star: bool,
    /// More than the highest digit of a choice.
    base: u64,
    /// Pumps of the zone, those that are interchangeable next to each other.
    groups: Vec<Vec<usize>>,
    pumps: Vec<usize>,
    tanks: Vec<usize>,
    floors: Vec<(usize, f64)>,
}

/// What a combination of pumps does in one class of moments, at tabulated levels: values as
/// `[point * width + value]`; NaN where not yet solved.
struct Entry(Vec<f64>);

/// Share of the weight of points without solution above which there is none.
const FAILED_SHARE: f64 = 0.25;

impl Zone {
    /// Values of one point: inflow of each tank, power of each pump, missing pressure, stuck
    /// pumps, and 1 where there is no solution.
    fn width(&self) -> usize {
        self.tanks.len() + self.pumps.len() + 3
    }
    fn points(&self) -> usize {
        match (self.tanks.len(), self.star) {
            (0, _) => 1,
            (1, false) => GRID,
            (2, false) => GRID * GRID,
            (tanks, _) => 1 + STAR.len() * tanks,
        }
    }
}

impl Tables {
    /// Empty tables.
    pub(super) fn open(course: &Arc<Course>) -> Result<Self, HydraulicsError> {
        let network = &course.network;
        let zone = |(index, zone): (usize, &hydraulics::Zone)| {
            let groups = network.stations().iter();
            let groups = groups.map(|s| -> Vec<usize> { s.pumps.clone() });
            let inside = |group: &Vec<usize>| group.iter().any(|pump| zone.pumps.contains(pump));
            let floors = course.floors.iter().filter(|(j, _)| zone.junctions.contains(j));
            let most = zone.pumps.iter().map(|&pump| course.speeds[pump].len()).max();
            let zone = Zone {
                index,
                star: network.junctions().len() > GRID_JUNCTIONS_MAX || zone.tanks.len() > 2,
                base: u64::try_from(most.unwrap_or(0)).unwrap_or(0) + 1,
                groups: groups.filter(inside).collect(),
                pumps: zone.pumps.clone(),
                tanks: zone.tanks.clone(),
                floors: floors.copied().collect(),
            };
            Table { zone, known: HashMap::new(), entries: Vec::new() }
        };
        let tables = network.zones().iter().enumerate().map(zone).collect();
        let stepper = Stepper::open(course)?;
        let course = Arc::clone(course);
        Ok(Self { course, stepper, tables, scratch: Vec::new(), values: Vec::new() })
    }

    /// Steady states solved so far.
    pub(super) fn solved(&self) -> u64 {
        self.stepper.solved
    }

    /// Adds a zone's flows and powers at some volumes.
    fn zone(
        &mut self,
        z: usize,
        (span, choice): (&Span, &[u8]),
        volume: &[f64],
        inflow: &mut [f64],
    ) -> Outcome {
        let Table { zone, known, entries } = &mut self.tables[z];
        let width = zone.width();
        self.values.clear();
        self.values.resize(width, 0.0);
        let place = *known.entry(zone.key(span.class, choice)).or_insert_with(|| {
            entries.push(Entry(vec![f64::NAN; zone.points() * width]));
            entries.len() - 1
        });
        let mut lookup =
            Lookup { course: &self.course, stepper: &mut self.stepper, zone, span, choice };
        lookup.interpolate(&mut entries[place], volume, &mut self.values);
        let tanks = zone.tanks.len();
        let failed = self.values[width - 1] > FAILED_SHARE;
        let mut outcome = Outcome { failed, ..Outcome::default() };
        for (&tank, flow) in zone.tanks.iter().zip(&self.values) {
            inflow[tank] += flow;
        }
        for (&pump, watts) in zone.pumps.iter().zip(&self.values[tanks..]) {
            outcome.cost += watts / 1e3 * span.per_kwh[pump];
            outcome.power_kw += watts / 1e3;
        }
        outcome.missing_m_h = self.values[width - 3].max(0.0);
        outcome.stuck_h = self.values[width - 2];
        outcome
    }

    /// All zones at some volumes: per hour, and inflows in m3/s.
    fn rates(&mut self, span: &Span, choice: &[u8], volume: &[f64], inflow: &mut [f64]) -> Outcome {
        inflow.fill(0.0);
        let mut sum = Outcome::default();
        for z in 0..self.tables.len() {
            let one = self.zone(z, (span, choice), volume, inflow);
            sum.cost += one.cost;
            sum.power_kw += one.power_kw;
            sum.missing_m_h = sum.missing_m_h.max(one.missing_m_h);
            sum.stuck_h += one.stuck_h;
            sum.failed |= one.failed;
        }
        sum
    }
}

impl Plant for Tables {
    fn advance(&mut self, t: usize, choice: &[u8], volume: &mut [f64]) -> Outcome {
        let course = Arc::clone(&self.course);
        let mut inflow = std::mem::take(&mut self.scratch);
        inflow.resize(volume.len(), 0.0);
        let mut sum = Outcome::default();
        for span in &course.steps[t] {
            let mut rates = self.rates(span, choice, volume, &mut inflow);
            if span.midpoint {
                let pairs = volume.iter().zip(&inflow);
                let half: Vec<f64> = pairs.map(|(v, f)| v + 0.5 * span.seconds * f).collect();
                rates = self.rates(span, choice, &half, &mut inflow);
            }
            let hours = span.seconds / 3600.0;
            sum.cost += rates.cost * hours;
            sum.power_kw = sum.power_kw.max(rates.power_kw);
            sum.missing_m_h += rates.missing_m_h * hours;
            sum.stuck_h += rates.stuck_h * hours;
            sum.failed |= rates.failed;
            fill(&course, &inflow, span.seconds, volume, &mut sum);
        }
        self.scratch = inflow;
        sum
    }
}

impl Zone {
    /// A number for a combination in a class: equal for the same pumps of a station in another
    /// order.
    fn key(&self, class: usize, choice: &[u8]) -> u64 {
        let mut key = u64::try_from(class).unwrap_or(u64::MAX);
        for group in &self.groups {
            // Sorting few small numbers in place keeps the innermost loop free of allocations.
            let mut sorted = [0_u8; STATION_PUMPS_MAX];
            let members = group.len().min(STATION_PUMPS_MAX);
            for (place, &pump) in sorted.iter_mut().zip(group) {
                *place = choice[pump];
            }
            sorted[..members].sort_unstable();
            for &digit in &sorted[..members] {
                key = key.wrapping_mul(self.base).wrapping_add(u64::from(digit));
            }
        }
        key
    }
}

/// A station's pumps beyond this many are told apart by none of the tables.
const STATION_PUMPS_MAX: usize = 32;

/// What is needed to look something up, and to solve what nobody has looked up before.
struct Lookup<'t> {
    course: &'t Course,
    stepper: &'t mut Stepper,
    zone: &'t Zone,
    span: &'t Span,
    choice: &'t [u8],
}

impl Lookup<'_> {
    /// Where a tank stands between its limits, 0 to 1.
    fn share(&self, k: usize, volume: &[f64]) -> f64 {
        let tank = &self.course.stores[self.zone.tanks[k]].tank;
        let level = tank.level_m(volume[self.zone.tanks[k]]);
        ((level - tank.level_min_m) / (tank.level_max_m - tank.level_min_m)).clamp(0.0, 1.0)
    }

    /// Interpolates all values at some volumes.
    fn interpolate(&mut self, entry: &mut Entry, volume: &[f64], into: &mut [f64]) {
        match (self.zone.tanks.len(), self.zone.star) {
            (0, _) => self.add(entry, (0, &[]), 1.0, into),
            (1, false) => {
                let (i, w) = cell(self.share(0, volume), GRID);
                self.add(entry, (i, &[at(i, GRID)]), 1.0 - w, into);
                self.add(entry, (i + 1, &[at(i + 1, GRID)]), w, into);
            }
            (2, false) => {
                let (i, u) = cell(self.share(0, volume), GRID);
                let (j, w) = cell(self.share(1, volume), GRID);
                for (a, b, weight) in [
                    (i, j, (1.0 - u) * (1.0 - w)),
                    (i + 1, j, u * (1.0 - w)),
                    (i, j + 1, (1.0 - u) * w),
                    (i + 1, j + 1, u * w),
                ] {
                    let levels = [at(a, GRID), at(b, GRID)];
                    self.add(entry, (a * GRID + b, &levels), weight, into);
                }
            }
            (tanks, _) => {
                let shares: Vec<f64> = (0..tanks).map(|k| self.share(k, volume)).collect();
                self.star(entry, &shares, into);
            }
        }
    }

    /// The middle, and what each tank's level changes.
    fn star(&mut self, entry: &mut Entry, shares: &[f64], into: &mut [f64]) {
        let mut levels = vec![0.5; shares.len()];
        let mut middle = 1.0;
        for (k, &share) in shares.iter().enumerate() {
            let side = usize::from(share > 0.5);
            let weight = (share - 0.5) / (STAR[side] - 0.5);
            levels[k] = STAR[side];
            self.add(entry, (1 + STAR.len() * k + side, &levels), weight, into);
            levels[k] = 0.5;
            middle -= weight;
        }
        self.add(entry, (0, &levels), middle, into);
    }

    /// Adds a point's values times a weight; solves the point if nobody has been there.
    fn add(
        &mut self,
        entry: &mut Entry,
        (point, shares): (usize, &[f64]),
        weight: f64,
        into: &mut [f64],
    ) {
        let width = self.zone.width();
        let values = &mut entry.0[point * width..(point + 1) * width];
        if values[0].is_nan() {
            self.solve(shares, values);
        }
        for (sum, value) in into.iter_mut().zip(values) {
            *sum += weight * *value;
        }
    }

    fn solve(&mut self, shares: &[f64], values: &mut [f64]) {
        let zone = self.zone;
        let stores = &self.course.stores;
        let level = |store: &super::course::Store, share: f64| {
            store.tank.level_min_m + share * (store.tank.level_max_m - store.tank.level_min_m)
        };
        let mut levels: Vec<f64> = stores.iter().map(|store| level(store, 0.5)).collect();
        for (&tank, &share) in zone.tanks.iter().zip(shares) {
            levels[tank] = level(&stores[tank], share);
        }
        let mut speeds = vec![0.0; self.course.pumps()];
        for &pump in &zone.pumps {
            speeds[pump] = self.course.speeds[pump][usize::from(self.choice[pump])];
        }
        match self.stepper.solve(self.span.class, &speeds, &levels) {
            Ok(instant) => read(zone, &instant, values),
            Err(_) => {
                values.fill(0.0);
                values[zone.width() - 1] = 1.0;
            }
        }
    }
}

fn read(zone: &Zone, instant: &Instant, values: &mut [f64]) {
    let tanks = zone.tanks.len();
    values[..tanks].copy_from_slice(&instant.zone_inflow_m3s[zone.index]);
    for (value, &pump) in values[tanks..].iter_mut().zip(&zone.pumps) {
        *value = instant.pump_power_w[pump];
    }
    let lacking = |&(junction, floor): &(usize, f64)| floor - instant.pressure_m[junction];
    // Negative values are kept, so that interpolation finds where the floor is passed.
    let none = -1.0;
    let worst = zone.floors.iter().map(lacking).fold(f64::MIN, f64::max);
    let width = values.len();
    values[width - 3] = if worst > f64::MIN { worst } else { none };
    let stuck = zone.pumps.iter().filter(|&&pump| instant.cannot_lift[pump]).count();
    values[width - 2] = f64::from(u32::try_from(stuck).unwrap_or(u32::MAX));
    values[width - 1] = f64::from(u8::from(instant.doubtful));
}

/// The cell of a regular grid over 0 to 1, and the weight of its upper end.
fn cell(share: f64, points: usize) -> (usize, f64) {
    let last = points - 1;
    #[expect(clippy::cast_precision_loss, reason = "a grid has few points")]
    let place = share * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the last")]
    let index = (place as usize).min(last - 1);
    #[expect(clippy::cast_precision_loss, reason = "a grid has few points")]
    let below = index as f64;
    (index, place - below)
}

/// The share of a grid point.
#[expect(clippy::cast_precision_loss, reason = "a grid has few points")]
fn at(index: usize, points: usize) -> f64 {
    index as f64 / (points - 1) as f64
}
