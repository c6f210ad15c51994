//! Batteries, chargers, loads that may wait, lift stations: why they are as they are.

use super::Text;
use site::AssetId;
use site::asset::{Battery, Charger, LiftStation, Shiftable};
use site::external::Direction;
use site::plan::{Basis, Plan, PumpState, Session};
use site::units::{Power, Price, Ratio};

/// Prices closer than this are the same, EUR/kWh.
const SAME_PRICE: f64 = 5e-4;
/// Powers below this are none, kW.
const NOTHING: f64 = 0.05;

impl Text<'_> {
    pub(super) fn battery(&mut self, battery: &Battery) {
        let record = self.record;
        let state = record.estimate.batteries.get(&battery.id);
        let doing = match state.and_then(|state| state.power) {
            Some(power) => doing(power),
            None => "shows no power".to_owned(),
        };
        match state.and_then(|state| state.charge) {
            Some(charge) => self.line(format_args!(
                "{} {doing}; its state of charge is {:.0} % ({}), kept between {:.0} and {:.0} %.",
                battery.id,
                charge.value.percent(),
                charge.basis.word(),
                battery.charge_low.percent(),
                battery.charge_high.percent()
            )),
            None => {
                self.line(format_args!("{} {doing}; its state of charge is unknown.", battery.id));
            }
        }
        let kept = battery.reserve.get() * battery.capacity.kwh();
        self.line(format_args!(
            "{:.0} % is kept for an outage ({kept:.1} kWh).",
            battery.reserve.percent()
        ));
        self.available(state.and_then(|state| state.unavailable.as_ref()));
        self.price(&battery.id);
        let Some(plan) = &record.plan else { return self.limits() };
        self.planned_power(plan, &battery.id);
        self.stored(plan, battery);
        self.planned_charge(plan, battery);
        self.limits();
        self.bindings(plan, &battery.id);
    }

    /// What energy is worth now against what it is worth in store.
    fn stored(&mut self, plan: &Plan, battery: &Battery) {
        let t = plan.step_at(self.now()).unwrap_or(0);
        let at = |values: Option<&Vec<Price>>| values.and_then(|v| v.get(t)).map(|v| v.get());
        let now = at(Some(&plan.why.energy_value));
        let stored = at(plan.why.charge_value.get(&battery.id));
        let (Some(now), Some(stored)) = (now, stored) else { return };
        let taken = now / battery.one_way();
        let given = now * battery.one_way() - battery.wear.get() * battery.one_way();
        let verdict = if stored > taken + SAME_PRICE {
            "worth storing"
        } else if stored < given - SAME_PRICE {
            "worth giving"
        } else {
            "worth neither storing nor giving"
        };
        self.line(format_args!(
            "A kWh at the grid is worth {now:.3} EUR now, one in store {stored:.3} EUR for later; a \
             kWh stored now costs {taken:.3} EUR with its loss: {verdict}."
        ));
    }

    fn planned_charge(&mut self, plan: &Plan, battery: &Battery) {
        let Some(path) = plan.charge.get(&battery.id) else { return };
        let all = || path.iter().zip(&plan.steps);
        let by = |a: &(&Ratio, _), b: &(&Ratio, _)| a.0.get().total_cmp(&b.0.get());
        let (Some((low, low_step)), Some((high, high_step))) = (all().min_by(by), all().max_by(by))
        else {
            return;
        };
        self.line(format_args!(
            "Planned between {:.0} % at {} and {:.0} % at {}.",
            low.percent(),
            self.clock(low_step.end),
            high.percent(),
            self.clock(high_step.end)
        ));
    }

    pub(super) fn charger(&mut self, charger: &Charger) {
        let record = self.record;
        let state = record.estimate.chargers.get(&charger.id);
        let power = state.and_then(|state| state.power);
        let power = power.map_or("unknown power".to_owned(), |p| format!("{:.1} kW", p.kw()));
        match state.and_then(|state| state.connected) {
            Some(true) => {
                self.line(format_args!("A vehicle is at {}; it takes {power}.", charger.id));
            }
            Some(false) => self.line(format_args!("No vehicle is at {}.", charger.id)),
            None => self.line(format_args!("{}: nobody knows who is there.", charger.id)),
        }
        if let Some(session) = state.and_then(|state| state.session) {
            self.session(charger, &session);
        }
        self.available(state.and_then(|state| state.unavailable.as_ref()));
        self.price(&charger.id);
        let Some(plan) = &record.plan else { return self.limits() };
        self.cheaper(plan);
        self.planned_power(plan, &charger.id);
        self.limits();
        self.bindings(plan, &charger.id);
    }

    fn session(&mut self, charger: &Charger, session: &Session) {
        let source = match session.basis {
            Basis::Measured => "as its driver or the vehicle says",
            Basis::Held => "as known before",
            Basis::Modelled => "as booked",
            Basis::Outside => "from an outside forecast",
            Basis::Default => "as usual here: nobody said it",
        };
        let hours = site::time::seconds_between(self.now(), session.departure) / 3600.0;
        let (wanted, most) = (session.wanted.kwh(), session.draw_at(charger).most.kw());
        let needed = wanted / most.max(NOTHING);
        let seen = match session.draw {
            Some(_) => "the most it was seen to take",
            None => "which most vehicles take",
        };
        let (arrival, departure) = (self.clock(session.arrival), self.clock(session.departure));
        self.line(format_args!(
            "It came at {arrival} and needs {wanted:.1} kWh until {departure}, {source}: \
             {needed:.1} h at {most:.1} kW, {seen}, and {hours:.1} h are left."
        ));
    }

    /// When energy is cheaper than now, within the plan.
    fn cheaper(&mut self, plan: &Plan) {
        let Some(t) = plan.step_at(self.now()) else { return };
        let Some(now) = plan.price.get(t).map(|price| price.get()) else { return };
        let later = plan.price.iter().enumerate().skip(t);
        let cheapest = later.min_by(|a, b| a.1.get().total_cmp(&b.1.get()));
        match cheapest {
            Some((at, price)) if price.get() < now - SAME_PRICE => {
                let (from, price) = (self.clock(plan.steps[at].start), price.get());
                self.line(format_args!("It is cheapest from {from} on, at {price:.3} EUR/kWh."));
            }
            _ => self.line(format_args!("It does not get cheaper within the plan.")),
        }
    }

    /// What the plan wants now, and when that changes.
    fn planned_power(&mut self, plan: &Plan, asset: &AssetId) {
        let Some(t) = plan.step_at(self.now()) else { return };
        let Some(path) = plan.power.get(asset) else { return };
        let Some(now) = path.get(t) else { return };
        let side = |power: &Power| (power.kw() > NOTHING, power.kw() < -NOTHING);
        let change = (t..path.len()).find(|&later| side(&path[later]) != side(now));
        let now = doing(*now);
        match change {
            Some(later) => {
                let (until, then) = (self.clock(plan.steps[later].start), path[later]);
                let then = doing(then);
                self.line(format_args!("By the plan it {now} now, and from {until} on it {then}."));
            }
            None => self.line(format_args!("By the plan it {now} to the end of its horizon.")),
        }
    }

    pub(super) fn shiftable(&mut self, load: &Shiftable) {
        let record = self.record;
        self.motor(&load.id);
        let hours = |duration: std::time::Duration| duration.as_secs_f64() / 3600.0;
        let run = record.estimate.run_today.get(&load.id).copied().map(hours);
        let wanted = hours(load.daily_run);
        let (from, to) = (load.hours.from.strftime("%H:%M"), load.hours.to.strftime("%H:%M"));
        let run = run.map_or("unknown".to_owned(), |run| format!("{run:.1} h"));
        self.line(format_args!(
            "It has run {run} today of {wanted:.1} h, and may run from {from} to {to}."
        ));
        self.price(&load.id);
        let Some(plan) = &record.plan else { return self.limits() };
        self.cheaper(plan);
        if let Some(shares) = plan.switched.get(&load.id) {
            self.schedule(plan, shares);
        }
        self.limits();
        self.bindings(plan, &load.id);
    }

    pub(super) fn station(&mut self, station: &LiftStation) {
        let record = self.record;
        self.motor(&station.id);
        let share = |level: f64| 100.0 * level / station.height.get();
        match record.estimate.wells.get(&station.id).copied().flatten() {
            Some(level) => self.line(format_args!(
                "Its well stands at {:.0} % ({}); band {:.0} to {:.0} %, and above {:.0} % it runs \
                 whatever the price.",
                share(level.value.get()),
                level.basis.word(),
                station.band_low.percent(),
                station.band_high.percent(),
                station.high.percent()
            )),
            None => self.line(format_args!("The level of its well is unknown.")),
        }
        self.price(&station.id);
        let Some(plan) = &record.plan else { return };
        if let Some(shares) = plan.switched.get(&station.id) {
            self.schedule(plan, shares);
        }
        let path = plan.wells.get(&station.id).into_iter().flatten().zip(&plan.steps);
        let highest = path.max_by(|a, b| a.0.get().total_cmp(&b.0.get()));
        if let Some((level, step)) = highest {
            let (percent, at) = (share(level.get()), self.clock(step.end));
            self.line(format_args!("The plan lets its well rise to {percent:.0} % at {at}."));
        }
        let t = plan.step_at(self.now()).unwrap_or(0);
        let value = plan.why.water_value.get(&station.id).and_then(|values| values.get(t)).copied();
        if let Some(value) = value {
            let verb = if value < 0.0 { "cost" } else { "save" };
            let value = value.abs();
            self.line(format_args!("One m3 more in its well would {verb} {value:.3} EUR."));
        }
        self.bindings(plan, &station.id);
    }

    fn motor(&mut self, id: &AssetId) {
        let state: Option<&PumpState> = self.record.estimate.switched.get(id);
        let word = match state.and_then(|state| state.running) {
            Some(true) => "running",
            Some(false) => "stopped",
            None => "in an unknown state",
        };
        let since = state.map_or(0, |state| state.in_state_for.as_secs() / 60);
        self.line(format_args!("{id} is {word}, as seen for {since} min."));
        self.available(state.and_then(|state| state.unavailable.as_ref()));
    }

    fn available(&mut self, why: Option<&String>) {
        if let Some(why) = why {
            self.line(format_args!("It is not available to the plan: {why}."));
        }
    }

    /// Limits from outside that are in force, and the generator.
    fn limits(&mut self) {
        let record = self.record;
        let now = self.now();
        for limit in record.estimate.external.iter().filter(|limit| limit.holds(now)) {
            let word = match limit.direction {
                Direction::Import => "imported",
                Direction::Export => "exported",
            };
            self.line(format_args!(
                "At most {:.1} kW may be {word} until {}: {} ({}).",
                limit.power.kw(),
                self.clock(limit.until),
                limit.author,
                limit.reason
            ));
        }
        if let Some(generator) = &record.estimate.generator {
            self.line(format_args!("{generator} runs: only what it carries may draw power."));
        }
    }
}

pub(super) fn doing(power: Power) -> String {
    match power.kw() {
        kw if kw > NOTHING => format!("takes {kw:.1} kW"),
        kw if kw < -NOTHING => format!("gives {:.1} kW", -kw),
        _ => "rests".to_owned(),
    }
}
