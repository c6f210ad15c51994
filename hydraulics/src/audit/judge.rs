//! Compares a course with what it has to keep to.

use super::course::Course;
use super::steps::Steps;
use super::{
    Applied, Audit, AuditOptions, DemandCharge, EndLevel, Fault, Limits, Prices, Reason, Sample,
    TankCourse,
};
use crate::{BALANCE_TOLERANCE, LowestPressure, MassBalance, Network, Tank};

/// Rounding of levels, m: EPANET keeps heads in feet.
const LEVEL_ROUNDING_M: f64 = 1e-9;
/// How far below its level at the start a tank may end, m.
const END_ROUNDING_M: f64 = 1e-6;
/// What seeps through closed links in EPANET and has no source where nothing else flows, m3/s.
const SEEPAGE_M3S: f64 = 1e-6;
/// Rounding of pressures, m.
const PRESSURE_ROUNDING_M: f64 = 1e-6;

/// The verdict on a course.
pub(super) fn judge(
    network: &Network,
    options: &AuditOptions,
    steps: &Steps,
    course: Course,
) -> Audit {
    let limits = &options.limits;
    let whole = course.ended_s == options.duration_s;
    let runs = runs(network.pumps().len(), &course.applied, course.ended_s);
    let periodic = limits.periodic && whole;
    let starts: Vec<u32> = runs.iter().map(|runs| starts(runs, periodic)).collect();
    let begins_s = options.begins_s.unwrap_or(network.times().clock_start_s);
    let bench = Bench { network, limits, begins_s };
    let mut faults = Vec::new();
    bench.engine(&course, &mut faults);
    bench.balance(&course.balance, &mut faults);
    bench.tank_limits(&course.samples, &mut faults);
    bench.steps(&course, steps, &mut faults);
    bench.pressures(&course, &mut faults);
    if whole {
        bench.end_levels(&course.samples, &mut faults);
    }
    bench.starts(&starts, &mut faults);
    for (pump, runs) in runs.iter().enumerate() {
        bench.run_lengths(pump, runs, periodic, &mut faults);
    }
    faults.sort_by_key(|fault| fault.reason);
    let lowest_pressure = network.junctions().iter().zip(&course.pressure);
    let lowest_pressure: Vec<_> =
        lowest_pressure.map(|(junction, low)| low.filter(|_| junction.has_demand)).collect();
    let demand_charge = demand_charge(network, &options.prices, course.peak_power_w);
    Audit {
        faults,
        cost: cost(network, &options.prices, &course, demand_charge).filter(|_| whole),
        demand_charge,
        lowest: lowest(network, &lowest_pressure),
        lowest_pressure,
        starts,
        tanks: tank_courses(network, &course.samples),
        nominal_steps: steps.nominal(),
        cost_by_price: course.shares,
        peak_power_w: course.peak_power_w,
        energy_j: course.energy_j,
        running_s: course.running_s,
        warnings: course.warnings.into_iter().collect(),
        hydraulic_steps: course.hydraulic_steps,
        balance: course.balance,
        applied: course.applied,
        samples: course.samples,
        ended_s: course.ended_s,
    }
}

fn demand_charge(network: &Network, prices: &Prices, peak_power_w: f64) -> Option<DemandCharge> {
    let per_kw = prices.demand_charge_per_kw(network)?;
    let peak_kw = peak_power_w / 1e3;
    Some(DemandCharge { peak_kw, per_kw, cost: peak_kw * per_kw })
}

fn cost(
    network: &Network,
    prices: &Prices,
    course: &Course,
    demand_charge: Option<DemandCharge>,
) -> Option<f64> {
    let mut pumps = 0..network.pumps().len();
    let priced = pumps.any(|pump| prices.mean_per_kwh(network, pump, 0.0, 0.0).is_some());
    let energy: f64 = course.shares.iter().map(|share| share.cost).sum();
    let charge = demand_charge.map_or(0.0, |charge| charge.cost);
    (priced || demand_charge.is_some()).then_some(energy + charge)
}

fn lowest(network: &Network, lows: &[Option<super::PressureLow>]) -> Option<LowestPressure> {
    let lows = network.junctions().iter().zip(lows);
    let lows = lows.filter_map(|(junction, low)| Some((junction, low.as_ref()?.metres)));
    let (junction, metres) = lows.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(LowestPressure { node: junction.id.clone(), metres })
}

fn tank_courses(network: &Network, samples: &[Sample]) -> Vec<TankCourse> {
    let course = |(index, tank): (usize, &Tank)| {
        let levels = samples.iter().map(|sample| (sample.level_m[index], sample.at_s));
        let low = levels.clone().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let high = levels.clone().max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let (min_m, min_at_s) = low.expect("a course begins with a sample");
        let (max_m, max_at_s) = high.expect("a course begins with a sample");
        let start_m = samples[0].level_m[index];
        let end_m = samples[samples.len() - 1].level_m[index];
        let (start_m3, end_m3) = (tank.volume_m3(start_m), tank.volume_m3(end_m));
        TankCourse { min_m, min_at_s, max_m, max_at_s, start_m, end_m, start_m3, end_m3 }
    };
    network.tanks().iter().enumerate().map(course).collect()
}

/// A stretch in which a pump was on, or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    on: bool,
    from_s: u32,
    seconds: u32,
}

/// What each pump did, stretch by stretch.
fn runs(pumps: usize, applied: &[Applied], ended_s: u32) -> Vec<Vec<Run>> {
    let mut all: Vec<Vec<Run>> = vec![Vec::new(); pumps];
    for (index, from) in applied.iter().enumerate() {
        let until_s = applied.get(index + 1).map_or(ended_s, |next| next.from_s);
        for (runs, &speed) in all.iter_mut().zip(&from.speed) {
            let seconds = until_s - from.from_s;
            match runs.last_mut() {
                Some(last) if last.on == (speed > 0.0) => last.seconds += seconds,
                _ => runs.push(Run { on: speed > 0.0, from_s: from.from_s, seconds }),
            }
        }
    }
    all
}

fn starts(runs: &[Run], periodic: bool) -> u32 {
    let within = runs.iter().skip(1).filter(|run| run.on).count();
    let across = match (runs.first(), runs.last()) {
        (Some(first), Some(last)) => periodic && first.on && !last.on,
        _ => false,
    };
    u32::try_from(within).unwrap_or(u32::MAX) + u32::from(across)
}

struct Bench<'a> {
    network: &'a Network,
    limits: &'a Limits,
    /// Time of day at the start, s after midnight.
    begins_s: u32,
}

impl Bench<'_> {
    /// A time of the course for people.
    fn when(&self, at_s: u32) -> String {
        let clock_s = at_s + self.begins_s;
        let (day, clock_s) = (clock_s / 86_400 + 1, clock_s % 86_400);
        let (hours, minutes, seconds) = (clock_s / 3600, clock_s % 3600 / 60, clock_s % 60);
        let clock = format!("{hours:02}:{minutes:02}:{seconds:02}");
        if day > 1 { format!("{clock} on day {day}") } else { clock }
    }

    fn engine(&self, course: &Course, faults: &mut Vec<Fault>) {
        if let Some(text) = &course.stopped {
            let at = self.when(course.ended_s);
            let text = format!("at {at}: {text}; what follows is not judged");
            faults.push(Fault { reason: Reason::EngineError, text, excess: 1.0 });
        }
    }

    fn balance(&self, balance: &MassBalance, faults: &mut Vec<Fault>) {
        let volumes = balance.volumes();
        let error_m3 = balance.error_m3();
        if balance.closes() || error_m3.abs() <= SEEPAGE_M3S * balance.seconds() {
            return;
        }
        let verb = if error_m3 < 0.0 { "appears from nowhere" } else { "is lost" };
        let share = balance.error_share().map(|share| 100.0 * share.abs());
        let share = share.map_or(String::new(), |share| format!(" ({share:.2} % of the demand)"));
        let text = format!(
            "{:.1} m3 of water {verb}{share}: inflow {:.1}, delivered {:.1}, stored {:+.1}, \
             spilled {:.1} m3",
            error_m3.abs(),
            volumes.inflow_m3,
            volumes.delivered_m3,
            volumes.storage_change_m3,
            volumes.overflow_m3,
        );
        let share = balance.error_share().map(|share| share.abs() - BALANCE_TOLERANCE);
        let excess = share.unwrap_or_else(|| error_m3.abs());
        faults.push(Fault { reason: Reason::MassBalance, text, excess });
    }

    fn tank_limits(&self, samples: &[Sample], faults: &mut Vec<Fault>) {
        for (index, tank) in self.network.tanks().iter().enumerate() {
            let levels = |sample: &Sample| (sample.at_s, sample.level_m[index]);
            let high = |(at_s, level): (u32, f64)| (at_s, tank.level_max_m - level);
            let low = |(at_s, level): (u32, f64)| (at_s, level - tank.level_min_m);
            let above: Vec<_> = samples.iter().map(levels).map(high).collect();
            let below: Vec<_> = samples.iter().map(levels).map(low).collect();
            let limits =
                [("highest", tank.level_max_m, above), ("lowest", tank.level_min_m, below)];
            for (name, limit_m, room) in limits {
                faults.extend(self.limit_fault(&tank.id, (name, limit_m), &room));
            }
        }
    }

    /// `room` is the distance from a limit at each sample. A tank that starts within the margin is
    /// given the time in which it moves away, without a stop, until it first is outside of it.
    fn limit_fault(
        &self,
        tank: &str,
        (name, limit_m): (&str, f64),
        room: &[(u32, f64)],
    ) -> Option<Fault> {
        let margin_m = self.limits.level_margin_m;
        let near = |room_m: f64| room_m < margin_m - LEVEL_ROUNDING_M;
        let mut leaving = near(room[0].1);
        let mut first = None;
        let mut worst_m = f64::INFINITY;
        for pair in room.windows(2) {
            let ((_, before_m), (at_s, room_m)) = (pair[0], pair[1]);
            let away = room_m > before_m + LEVEL_ROUNDING_M;
            leaving = leaving && near(room_m) && away;
            if near(room_m) && !leaving {
                first.get_or_insert(at_s);
                worst_m = worst_m.min(room_m);
            }
        }
        let at = self.when(first?);
        let begins = if near(room[0].1) { ", where it starts and does not leave" } else { "" };
        let text = format!(
            "tank {tank} comes within {:.3} m of its {name} level {limit_m:.3} m{begins}, first at \
             {at}; it has to keep {margin_m:.3} m away",
            worst_m.max(0.0),
        );
        Some(Fault { reason: Reason::TankAtLimit, text, excess: margin_m - worst_m })
    }

    fn steps(&self, course: &Course, steps: &Steps, faults: &mut Vec<Fault>) {
        let (taken, most) = (course.hydraulic_steps, steps.most());
        if taken > most {
            let nominal = steps.nominal();
            let text = format!("EPANET took {taken} steps where {nominal} are prescribed");
            let excess = f64::from(taken - most);
            faults.push(Fault { reason: Reason::StepChatter, text, excess });
        }
    }

    fn pressures(&self, course: &Course, faults: &mut Vec<Fault>) {
        let junctions = self.network.junctions();
        let negative = junctions.iter().zip(&course.negative);
        let negative: Vec<_> = negative.filter_map(|(j, low)| Some((j, (*low)?))).collect();
        let worst = negative.iter().min_by(|a, b| a.1.metres.total_cmp(&b.1.metres));
        if let Some((junction, low)) = worst {
            let (id, metres, at) = (&junction.id, low.metres, self.when(low.at_s));
            let more = negative.len() - 1;
            let more =
                if more > 0 { format!("; so at {more} more junctions") } else { String::new() };
            let text = format!("pressure {metres:.2} m at {id} at {at} while water is taken{more}");
            faults.push(Fault { reason: Reason::NegativePressure, text, excess: -metres });
        }
        for &(index, floor_m) in &self.limits.min_pressure_m {
            faults.extend(self.floor_fault(course, index, floor_m));
        }
        let Some(floor_m) = self.limits.min_pressure_all_m else { return };
        let taking = (0..junctions.len()).filter(|&index| junctions[index].has_demand);
        let all: Vec<Fault> =
            taking.filter_map(|index| self.floor_fault(course, index, floor_m)).collect();
        let more = all.len().saturating_sub(1);
        let worst = all.into_iter().max_by(|a, b| a.excess.total_cmp(&b.excess));
        faults.extend(worst.map(|mut fault| {
            if more > 0 {
                fault.text += &format!("; too low at {more} more junctions");
            }
            fault
        }));
    }

    fn floor_fault(&self, course: &Course, junction: usize, floor_m: f64) -> Option<Fault> {
        let low = course.pressure[junction]?;
        let excess = floor_m - low.metres;
        if excess <= PRESSURE_ROUNDING_M {
            return None;
        }
        let (id, at) = (&self.network.junctions()[junction].id, self.when(low.at_s));
        let text = format!("pressure {:.2} m at {id} at {at}, below {floor_m:.2} m", low.metres);
        Some(Fault { reason: Reason::Pressure, text, excess })
    }

    fn end_levels(&self, samples: &[Sample], faults: &mut Vec<Fault>) {
        let wanted = match &self.limits.end_level {
            EndLevel::Free => return,
            EndLevel::Start => &samples[0].level_m,
            EndLevel::AtLeast(levels) => levels,
        };
        let end = &samples[samples.len() - 1].level_m;
        for ((tank, end_m), wanted_m) in self.network.tanks().iter().zip(end).zip(wanted) {
            let excess = wanted_m - end_m;
            if excess > END_ROUNDING_M {
                let id = &tank.id;
                let text = format!(
                    "tank {id} ends at {end_m:.4} m, {excess:.4} m below the {wanted_m:.4} m wanted"
                );
                faults.push(Fault { reason: Reason::EndLevel, text, excess });
            }
        }
    }

    fn starts(&self, starts: &[u32], faults: &mut Vec<Fault>) {
        let mut check = |who: &str, count: u32, most: Option<u32>| {
            if let Some(most) = most.filter(|&most| count > most) {
                let text = format!("{who} started {count} times, {most} are allowed");
                let excess = f64::from(count - most);
                faults.push(Fault { reason: Reason::Starts, text, excess });
            }
        };
        for (pump, &count) in self.network.pumps().iter().zip(starts) {
            check(&format!("pump {}", pump.id), count, self.limits.starts_max);
        }
        check("all pumps together", starts.iter().sum(), self.limits.total_starts_max);
    }

    /// The shortest run and the shortest stop of a pump. Where the course repeats, the last
    /// stretch goes on in the first; else both may be longer than is seen.
    fn run_lengths(&self, pump: usize, runs: &[Run], periodic: bool, faults: &mut Vec<Fault>) {
        let [inner @ .., last] = runs else { return };
        let Some((first, inner)) = inner.split_first() else { return };
        let mut judged = inner.to_vec();
        if periodic && first.on == last.on {
            judged.push(Run { seconds: last.seconds + first.seconds, ..*last });
        } else if periodic {
            judged.extend([*first, *last]);
        }
        let limits = self.limits;
        let kinds = [
            (true, limits.min_run_s, Reason::MinRun, "runs"),
            (false, limits.min_stop_s, Reason::MinStop, "stands still"),
        ];
        for (on, least_s, reason, verb) in kinds {
            let alike = judged.iter().filter(|run| run.on == on);
            let Some(run) = alike.min_by_key(|run| (run.seconds, run.from_s)) else { continue };
            if run.seconds < least_s {
                let (id, at, seconds) =
                    (&self.network.pumps()[pump].id, self.when(run.from_s), run.seconds);
                let text = format!("pump {id} {verb} {seconds} s from {at}, less than {least_s} s");
                faults.push(Fault { reason, text, excess: f64::from(least_s - seconds) });
            }
        }
    }
}
