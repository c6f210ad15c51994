//! Batteries: energy balance, limits of power and energy, wear, a reserve for outages.

use super::Inputs;
use super::bus::{Buses, Reactive};
use super::energy;
use super::model::{Model, Solved};
use super::problem::Wish;
use good_lp::{Expression, Variable};
use site::asset::{Battery, Mode};
use site::plan::Estimated;
use site::units::{Price, Ratio};

/// What a kWh outside the state of charge that is allowed, or below the reserve, costs per hour, as
/// a multiple of the dearest energy: it comes back as fast as its power lets it. What is kept for
/// an outage is no trader's stock.
pub(super) const OUTSIDE_FACTOR: f64 = 20.0;

/// What is kept for a use to come is worth this share of a use that is here.
const SURE: f64 = 0.97;

/// The least wear that is reckoned with, EUR/kWh.
const WEAR_MIN: f64 = 1e-5;

/// Columns of one battery; none where the plan cannot count on it.
pub(super) struct BatteryColumns {
    /// Taken, kW.
    pub(super) charge: Vec<Variable>,
    /// Given, kW.
    pub(super) discharge: Vec<Variable>,
    /// Energy at the end of each step.
    pub(super) energy: Vec<Energy>,
}

/// Energy in a battery, kWh: what lies inside the state of charge that is allowed, more what is
/// above it, less what is missing below it. Bounds of columns say what would take two rows, and a
/// battery that starts inside and is not held never has to leave it.
#[derive(Clone, Copy)]
pub(super) struct Energy {
    inside: Variable,
    /// Above and below.
    outside: Option<(Variable, Variable)>,
}

impl Energy {
    fn total(self) -> Expression {
        let inside = Expression::from(self.inside);
        self.outside.map_or(inside.clone(), |(above, below)| inside + above - below)
    }
    /// Its value.
    pub(super) fn kwh(self, solved: &Solved) -> f64 {
        let outside = self.outside.map_or(0.0, |(a, b)| solved.value(a) - solved.value(b));
        solved.value(self.inside) + outside
    }
}

/// Adds all batteries.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> Vec<Option<BatteryColumns>> {
    let market = Market::new(inputs);
    let batteries = inputs.site.batteries.iter();
    batteries.map(|battery| one(model, inputs, (battery, &market), buses, wishes)).collect()
}

/// The state of charge of a battery that the plan can count on; none for any other.
pub(super) fn counted_on(inputs: &Inputs<'_>, battery: &Battery) -> Option<Estimated<Ratio>> {
    let state = inputs.estimate.batteries.get(&battery.id)?;
    let free = battery.control.mode == Mode::Control && state.unavailable.is_none();
    state.charge.filter(|_| free)
}

fn one(
    model: &mut Model,
    inputs: &Inputs<'_>,
    (battery, market): (&Battery, &Market),
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> Option<BatteryColumns> {
    let place = buses.place(&battery.id);
    let (charge_max, discharge_max) = (battery.charge_power.kw(), battery.discharge_power.kw());
    let Some(now) = counted_on(inputs, battery) else {
        // It does what it does for now; later nobody knows.
        let state = inputs.estimate.batteries.get(&battery.id);
        let power = state.and_then(|state| state.power).map_or(0.0, |power| power.kw());
        buses.fixed((place, 0), power, Reactive::None);
        return None;
    };
    buses.may(place, discharge_max, charge_max);
    let takes_max = if inputs.may_draw(&battery.id) { charge_max } else { 0.0 };
    let capacity = battery.capacity.kwh();
    let one_way = battery.one_way();
    let mut columns =
        BatteryColumns { charge: Vec::new(), discharge: Vec::new(), energy: Vec::new() };
    let mut missed = Wishes::new(inputs, battery);
    let mut before: Expression = (now.value.get().clamp(0.0, 1.0) * capacity).into();
    let course = inputs.held_course(battery, now.value);
    for (t, step) in inputs.forecast.steps.iter().enumerate() {
        let hours = step.hours();
        let name = |what: &str| format!("{}.{what}[{t}]", battery.id);
        let held = course[t];
        let (least, most) = held.map_or((0.0, takes_max), |kw| (kw.max(0.0), kw.max(0.0)));
        let charge = model.column(&name("charge"), least, most);
        let (least, most) =
            held.map_or((0.0, discharge_max), |kw| ((-kw).max(0.0), (-kw).max(0.0)));
        let discharge = model.column(&name("discharge"), least, most);
        model.cost("wear", wear(battery) * hours, discharge);
        buses.take((place, t), 1.0, charge, Reactive::None);
        buses.give((place, t), 1.0, discharge);
        if missed.strays || market.wasteful[t] {
            let both = (1.0 / charge_max) * charge + (1.0 / discharge_max) * discharge;
            model.row(name("one_direction"), both.leq(1.0));
        }
        let energy = missed.energy(model, inputs, (t, hours), capacity);
        let gained = before + one_way * hours * charge - hours / one_way * discharge;
        model.row(name("balance"), gained.eq(energy.total()));
        columns.charge.push(charge);
        columns.discharge.push(discharge);
        columns.energy.push(energy);
        before = energy.total();
    }
    if let Some(&last) = columns.energy.last() {
        let worth = market.worth(battery);
        model.cost("energy left at the end", -worth, last.inside);
        if let Some((above, below)) = last.outside {
            model.cost("energy left at the end", -worth, above);
            model.cost("energy left at the end", worth, below);
        }
    }
    wishes.extend(missed.all());
    Some(columns)
}

/// Wear of a kWh given, EUR; never nothing: where energy is free, a battery still has no use of
/// giving what it takes.
pub(super) fn wear(battery: &Battery) -> f64 {
    battery.wear.get().max(WEAR_MIN)
}

/// What energy costs over the horizon: the same for all batteries.
pub(super) struct Market {
    /// Whether losing energy may pay in a step. A battery that takes and gives at once loses some:
    /// it never does where energy has a price and too much sun can be curtailed, and needs no row
    /// that says so there. Those rows are a third of a large model.
    wasteful: Vec<bool>,
    /// The cheapest energy, EUR/kWh: what a feed-in would have earned, where more sun is expected
    /// than is used.
    cheap: f64,
    /// The dearest, EUR/kWh.
    dear: f64,
}

impl Market {
    pub(super) fn new(inputs: &Inputs<'_>) -> Self {
        let forecast = inputs.forecast;
        let mut inverters = inputs.site.inverters.iter();
        let stuck = !inputs.holds.is_empty()
            || inverters.any(|inverter| !energy::commandable(inputs, inverter));
        let below_nothing =
            |(price, feed_in): (&Price, &Price)| stuck || price.get() < 0.0 || feed_in.get() < 0.0;
        let sun = |t: usize| forecast.pv.values().map(|power| power[t].kw()).sum::<f64>();
        let costs = |(t, price): (usize, &Price)| {
            let is_surplus = sun(t) > forecast.base_load[t].kw();
            if is_surplus { price.get().min(forecast.feed_in[t].get()) } else { price.get() }
        };
        Self {
            wasteful: forecast.price.iter().zip(&forecast.feed_in).map(below_nothing).collect(),
            cheap: forecast.price.iter().enumerate().map(costs).fold(f64::MAX, f64::min),
            dear: forecast.price.iter().map(|price| price.get()).fold(0.0, f64::max),
        }
    }

    /// What a kWh left at the end is worth, EUR: between what it replaces later, at the dearest
    /// price of the horizon less the loss and the wear, and what the next one costs at the
    /// cheapest. It is never more than what it replaces: where the next one costs more than that,
    /// nobody has to buy it.
    pub(super) fn worth(&self, battery: &Battery) -> f64 {
        let given = (self.dear - battery.wear.get()) * battery.one_way();
        let taken = self.cheap / battery.one_way();
        (SURE * (given + taken.min(given)) / 2.0).max(0.0)
    }
}

struct Wishes {
    low: Wish,
    high: Wish,
    reserve: Wish,
    marks: (f64, f64, f64),
    /// It starts outside the state of charge that is allowed, or is held and may be led there.
    strays: bool,
}

impl Wishes {
    fn new(inputs: &Inputs<'_>, battery: &Battery) -> Self {
        let capacity = battery.capacity.kwh();
        let wish = |what: &str| Wish {
            name: format!("{}.{what}", battery.id),
            unit: "kWh",
            tolerance: 0.005 * capacity,
            slack: Vec::new(),
        };
        let share = |ratio: site::units::Ratio| ratio.get() * capacity;
        let marks = (share(battery.charge_low), share(battery.charge_high), share(battery.reserve));
        // A reserve that is being filled is not a wish given up.
        let known = inputs.estimate.batteries.get(&battery.id).and_then(|state| state.charge);
        let now = known.map_or(0.0, |charge| charge.value.get() * capacity);
        let mut reserve = wish("reserve");
        reserve.tolerance = reserve.tolerance.max(marks.2 - now);
        let strays = !(marks.0..=marks.1).contains(&now)
            || inputs.holds.iter().any(|hold| hold.asset == battery.id);
        Self { low: wish("charge_low"), high: wish("charge_high"), reserve, marks, strays }
    }

    /// The columns of the energy at the end of a step, and what the wishes say of it.
    fn energy(
        &mut self,
        model: &mut Model,
        inputs: &Inputs<'_>,
        (t, hours): (usize, f64),
        capacity: f64,
    ) -> Energy {
        let dear = inputs.dearest_price();
        let (low, high, reserve) = self.marks;
        let outside = OUTSIDE_FACTOR * dear * hours;
        let inside = model.column("energy", low, high);
        let strays = self.strays.then(|| {
            let above = self.high.slack_to(model, t, outside, capacity - high);
            (above, self.low.slack_to(model, t, outside, low))
        });
        let energy = Energy { inside, outside: strays };
        if reserve > low {
            // Below the reserve for a quarter of an hour: dearer than what any tariff could save.
            let short = self.reserve.slack(model, t, outside);
            model.row(format!("{}[{t}]", self.reserve.name), (energy.total() + short).geq(reserve));
        }
        energy
    }

    fn all(self) -> [Wish; 3] {
        [self.low, self.high, self.reserve]
    }
}
