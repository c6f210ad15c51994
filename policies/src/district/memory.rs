//! What is remembered of one district.

use super::baseline::{NIGHTS, Scale, middle};
use super::measure::{Reading, Tally, Volumes, Window};
use super::report::{Alarm, Day, DayVolumes, DistrictReport, Night};
use super::watch::{Measured, NEEDED, THRESHOLD, Watch};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use site::district::District;
use site::time::seconds_between;

/// Less of a night's window than this says nothing about the night.
const NIGHT_COVERED_MIN: f64 = 0.75;
/// A window shorter than two hours has no night flow: what is left of it when clocks are put
/// forward is the hour in which people begin to rise.
const NIGHT_S_MIN: f64 = 7200.0;
/// Less of a day than this has no balance.
const DAY_COVERED_MIN: f64 = 0.9;
/// Days that are kept to be shown.
const DAYS_KEPT: usize = 28;
/// Nights without any measurement that are listed one by one after a pause.
const MISSING_MAX: usize = 28;

/// What is remembered of one district.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// As it was described when this was learned.
    district: District,
    last: Option<Reading>,
    night: Option<Tally>,
    day: Option<Tally>,
    /// The last date whose night, and whose day, is over.
    night_over: Option<Date>,
    day_over: Option<Date>,
    days: Vec<Day>,
    scale: Scale,
    watch: Watch,
}

impl Memory {
    pub(super) fn new(district: &District) -> Self {
        Self {
            district: district.clone(),
            last: None,
            night: None,
            day: None,
            night_over: None,
            day_over: None,
            days: Vec::new(),
            scale: Scale::default(),
            watch: Watch::default(),
        }
    }

    /// Takes up a change of the site file.
    pub(super) fn accord(&mut self, district: &District) {
        if !self.district.measured_like(district) {
            *self = Self::new(district);
        } else if self.district.learn_from != district.learn_from {
            self.relearn(district.learn_from);
        }
        if &self.district != district {
            self.district = district.clone();
        }
    }

    /// Takes in a reading, or that there is none. `gap` is the longest time in s over which two
    /// readings are joined.
    pub(super) fn observe(
        &mut self,
        at: Timestamp,
        reading: Option<Reading>,
        gap: f64,
        zone: &TimeZone,
    ) {
        if let (Some(a), Some(b)) = (self.last, reading) {
            let seconds = seconds_between(a.at, b.at);
            if seconds > 0.0 && seconds <= gap {
                self.join(&a, &b, zone);
            }
        }
        self.last = reading;
        self.end_what_is_over(at, zone);
    }

    fn join(&mut self, a: &Reading, b: &Reading, zone: &TimeZone) {
        let volumes = Volumes::between(a, b);
        let (first, last) = (zone.to_datetime(a.at).date(), zone.to_datetime(b.at).date());
        let mut date = first;
        loop {
            let open = |over: Option<Date>| over.is_none_or(|over| over < date);
            if let Some(window) = Window::night(date, zone).filter(|_| open(self.night_over)) {
                add(&mut self.night, date, window, (a.at, b.at), &volumes);
            }
            if let Some(window) = Window::day(date, zone).filter(|_| open(self.day_over)) {
                add(&mut self.day, date, window, (a.at, b.at), &volumes);
            }
            self.end_what_is_over(b.at, zone);
            match date.checked_add(1.day()) {
                Ok(next) if next <= last => date = next,
                _ => return,
            }
        }
    }

    fn end_what_is_over(&mut self, at: Timestamp, zone: &TimeZone) {
        let over = |tally: &Tally, window: Option<Window>| {
            window.filter(|window| window.end <= at).map(|window| (tally.clone(), window))
        };
        let day = self.day.as_ref().and_then(|tally| over(tally, Window::day(tally.date, zone)));
        if let Some((tally, window)) = day {
            self.day = None;
            self.end_day(&tally, window);
        }
        let night = self.night.as_ref();
        let night = night.and_then(|tally| over(tally, Window::night(tally.date, zone)));
        if let Some((tally, window)) = night {
            self.night = None;
            self.end_night(&tally, window);
        }
    }

    fn end_night(&mut self, tally: &Tally, window: Window) {
        let mut missing = Vec::new();
        let mut date = tally.date;
        while let (Some(over), Ok(before)) = (self.night_over, date.checked_sub(1.day()))
            && before > over
            && missing.len() < MISSING_MAX
        {
            missing.push(before);
            date = before;
        }
        for date in missing.into_iter().rev() {
            self.take(Measured::missing(date), self.district.learn_from);
        }
        let covered = (tally.volumes.seconds / window.seconds()).min(1.0);
        let flow = tally.volumes.net() / tally.volumes.seconds * 3600.0;
        let whole = window.seconds() >= NIGHT_S_MIN;
        let flow = (covered >= NIGHT_COVERED_MIN && whole).then_some(flow);
        let (date, swing) = (tally.date, self.swing_before(tally.date, self.watch.nights()));
        let measured = Measured { date, covered_ratio: covered, flow, swing, counts: true };
        self.take(measured, self.district.learn_from);
        self.night_over = Some(tally.date);
    }

    /// Listed always; judged when the date counts.
    fn take(&mut self, mut night: Measured, learn_from: Option<Date>) {
        night.counts = learn_from.is_none_or(|from| from <= night.date);
        self.watch.night(night, self.scale);
    }

    /// The swing of the day before a night: what its busy hours took above its own night.
    fn swing_before(&self, date: Date, nights: &[Night]) -> Option<f64> {
        let before = date.checked_sub(1.day()).ok()?;
        let day = self.days.iter().rev().find(|day| day.date == before)?;
        let night = nights.iter().rev().find(|night| night.date == before)?;
        Some(day.busy_m3h? - night.flow_m3h?)
    }

    /// Begins anew with the nights that are kept.
    fn relearn(&mut self, learn_from: Option<Date>) {
        let nights = std::mem::take(&mut self.watch).into_nights();
        for night in &nights {
            let swing = self.swing_before(night.date, &nights);
            let (date, covered_ratio, flow) = (night.date, night.covered_ratio, night.flow_m3h);
            self.take(Measured { date, covered_ratio, flow, swing, counts: true }, learn_from);
        }
    }

    fn end_day(&mut self, tally: &Tally, window: Window) {
        let covered = (tally.volumes.seconds / window.seconds()).min(1.0);
        let volumes = (covered >= DAY_COVERED_MIN).then(|| balance(&tally.volumes, window));
        let busy_m3h = tally.busy_m3h().filter(|_| volumes.is_some());
        self.days.push(Day { date: tally.date, covered_ratio: covered, volumes, busy_m3h });
        if self.days.len() > DAYS_KEPT {
            self.days.remove(0);
        }
        self.day_over = Some(tally.date);
        self.measure_scale();
    }

    /// Mean flows of the last days, at which things stay while there is an alarm.
    fn measure_scale(&mut self) {
        if self.watch.alarm().is_some() {
            return;
        }
        let known: Vec<DayVolumes> = self.days.iter().filter_map(|day| day.volumes).collect();
        let last = &known[known.len().saturating_sub(NIGHTS)..];
        let mean = |volume: &dyn Fn(&DayVolumes) -> f64| {
            middle(last.iter().map(|day| volume(day) / day.hours).collect())
        };
        let (demand, inflow) = (mean(&|day| day.net_m3), mean(&|day| day.inflow_m3));
        self.scale = Scale { demand, inflow };
    }

    pub(super) fn alarm(&self) -> Option<&Alarm> {
        self.watch.alarm()
    }

    pub(super) fn report(&self, district: &District) -> DistrictReport {
        let expected = self.watch.baseline().expected(self.scale);
        DistrictReport {
            name: district.name.clone(),
            learned_nights: self.watch.baseline().len(),
            needed_nights: NEEDED,
            baseline_m3h: expected.map(|expected| expected.working),
            weekend_m3h: expected.map(|expected| expected.weekend),
            spread_m3h: expected.map(|expected| expected.spread),
            cusum: self.watch.sum(),
            threshold: THRESHOLD,
            mean_demand_m3h: self.scale.demand,
            alarm: self.watch.alarm().cloned(),
            last_alarm: self.watch.last_alarm().cloned(),
            nights: self.watch.nights().to_vec(),
            days: self.days.clone(),
        }
    }
}

fn add(
    open: &mut Option<Tally>,
    date: Date,
    window: Window,
    slice: (Timestamp, Timestamp),
    volumes: &Volumes,
) {
    if slice.1 <= window.start || slice.0 >= window.end {
        return;
    }
    let tally = open.get_or_insert_with(|| Tally::new(date));
    // A clock that was set back may leave the tally of a later date open: nothing is mixed.
    if tally.date == date {
        tally.add(window, slice, volumes);
    }
}

fn balance(volumes: &Volumes, window: Window) -> DayVolumes {
    let whole = window.seconds() / volumes.seconds;
    let metered = (volumes.metered_seconds >= DAY_COVERED_MIN * window.seconds())
        .then(|| volumes.metered * window.seconds() / volumes.metered_seconds);
    let net_m3 = volumes.net() * whole;
    DayVolumes {
        hours: window.seconds() / 3600.0,
        inflow_m3: volumes.inflow * whole,
        outflow_m3: volumes.outflow * whole,
        storage_change_m3: volumes.storage_change * whole,
        net_m3,
        metered_m3: metered,
        losses_m3: metered.map(|metered| net_m3 - metered),
    }
}
