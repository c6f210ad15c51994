//! Batteries between two plans. The plan's power is followed as long as the meter shows what the
//! plan can live with; what PV and load do beyond it is the battery's to take up:
//!
//! - a battery that gives does not export when the load is gone, unless the plan exports;
//! - one that takes does not draw from the grid what the plan did not buy, unless what it stores is
//!   worth more than the price;
//! - an import above the highest that the plan reckons with is shaved, whatever was planned;
//! - what nobody foresaw and would be exported is taken.

use site::asset::{Battery, Mode};
use site::plan::Plan;
use site::units::Power;
use site::{AssetId, Site, Snapshot};
use std::collections::BTreeMap;

/// A correction smaller than this is not worth a write: W, ..
const DEADBAND_WATTS: f64 = 200.0;
/// .. or this share of the batteries' range.
const DEADBAND_SHARE: f64 = 0.005;

/// The powers to propose at a step of a plan, and what to say when they are not the planned ones.
pub(super) fn powers(
    site: &Site,
    snapshot: &Snapshot,
    (plan, index): (&Plan, usize),
) -> BTreeMap<AssetId, (Power, Option<String>)> {
    let mut powers = BTreeMap::new();
    let mut led = Vec::new();
    for battery in &site.batteries {
        let planned = plan.power.get(&battery.id).and_then(|powers| powers.get(index));
        let Some(&planned) = planned else { continue };
        powers.insert(battery.id.clone(), (planned, None));
        let measured = snapshot.number(&battery.points.power);
        // What is not controlled does not follow: it can correct nothing.
        if let Some(measured) = measured.filter(|_| battery.control.mode == Mode::Control) {
            led.push(Led { battery, planned: planned.get(), measured });
        }
    }
    let import = snapshot.number(&site.grid.power);
    let (Some(import), false) = (import, led.is_empty()) else { return powers };
    let fleet = Fleet { led, import };
    let target = fleet.target(snapshot, plan, index);
    for (id, power) in fleet.shared(target) {
        let why = format!(
            "import is {:.1} kW: {:.1} kW instead of the planned {:.1} kW",
            import / 1e3,
            power.kw(),
            powers.get(&id).map_or(0.0, |(planned, _)| planned.kw()),
        );
        powers.insert(id, (power, Some(why)));
    }
    powers
}

/// A battery that follows a plan.
struct Led<'a> {
    battery: &'a Battery,
    planned: f64,
    measured: f64,
}

impl Led<'_> {
    fn take(&self) -> f64 {
        self.battery.charge_power.get()
    }
    fn give(&self) -> f64 {
        self.battery.discharge_power.get()
    }
}

/// All batteries that follow, as one. Powers in W, positive when charging.
struct Fleet<'a> {
    led: Vec<Led<'a>>,
    import: f64,
}

impl<'a> Fleet<'a> {
    fn sum(&self, of: impl Fn(&Led<'a>) -> f64) -> f64 {
        self.led.iter().map(of).sum()
    }

    /// What they should take together.
    fn target(&self, snapshot: &Snapshot, plan: &Plan, index: usize) -> f64 {
        let (planned, measured) = (self.sum(|led| led.planned), self.sum(|led| led.measured));
        let bought = plan.import.get(index).map_or(0.0, |import| import.get());
        let worth = Worth::of(&self.led, plan, index);
        let with = |power: f64| self.import + power - measured;
        let peak = highest(plan);
        // Between these the plan can live with what the meter shows.
        let low = bought.min(0.0);
        let high = match (planned > 0.0, bought > 0.0) {
            (true, true) if !worth.buying => bought,
            (_, true) => peak,
            (_, false) => 0.0,
        };
        // What is kept for an outage is not for shaving: there the plan alone decides.
        let reserved = !self.above_reserve(snapshot);
        let most_given = if reserved { planned.min(0.0) } else { -self.sum(Led::give) };
        let mut power = planned;
        if with(power) > high {
            let may_give = planned < 0.0 || worth.giving;
            let least = if may_give { most_given } else { planned.min(0.0) };
            power = (planned - (with(planned) - high)).max(least);
        }
        if with(power) > peak {
            power = (power - (with(power) - peak)).max(most_given);
        }
        if with(power) < low {
            power = (power + (low - with(power))).min(self.sum(Led::take));
        }
        power
    }

    fn above_reserve(&self, snapshot: &Snapshot) -> bool {
        self.led.iter().all(|led| {
            let charge = snapshot.number(&led.battery.points.charge);
            charge.is_some_and(|percent| percent > led.battery.reserve.percent())
        })
    }

    /// The difference to the plan, shared by what each can do; none where it is not worth a write.
    fn shared(&self, target: f64) -> Vec<(AssetId, Power)> {
        let range = self.sum(|led| led.take() + led.give());
        let by = target - self.sum(|led| led.planned);
        if by.abs() < DEADBAND_WATTS.max(DEADBAND_SHARE * range) {
            return Vec::new();
        }
        let share = |led: &Led<'_>| {
            let own = led.planned + by * (led.take() + led.give()) / range;
            (led.battery.id.clone(), Power::new(own.clamp(-led.give(), led.take())))
        };
        self.led.iter().map(share).collect()
    }
}

/// The highest import that the plan reckons with: what the demand charge counts already, or more
/// where it plans more.
fn highest(plan: &Plan) -> f64 {
    let counted = plan.peaks.iter().map(|peak| peak.get()).fold(0.0, f64::max);
    plan.import.iter().map(|import| import.get()).fold(counted, f64::max)
}

/// Whether energy in store is worth the price of now, as far as the plan says what it is worth.
struct Worth {
    /// To buy it for the store.
    buying: bool,
    /// To give it instead of buying.
    giving: bool,
}

impl Worth {
    fn of(led: &[Led<'_>], plan: &Plan, index: usize) -> Self {
        let price = plan.price.get(index).map(|price| price.get());
        let all = |holds: fn(f64, f64, &Battery) -> bool| {
            led.iter().all(|led| {
                let values = plan.why.charge_value.get(&led.battery.id);
                let stored = values.and_then(|values| values.get(index)).map(|value| value.get());
                stored.zip(price).is_some_and(|(stored, price)| holds(stored, price, led.battery))
            })
        };
        Self {
            buying: all(|stored, price, battery| stored * battery.one_way() > price),
            giving: all(|stored, price, battery| {
                price > stored / battery.one_way() + battery.wear.get()
            }),
        }
    }
}
