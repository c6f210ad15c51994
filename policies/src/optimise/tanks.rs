//! Tanks: volume balance, band, cushion, reserve, and the worth of what is left at the end.

use super::Inputs;
use super::model::Model;
use super::problem::Wish;
use super::trajectory::Trajectory;
use good_lp::{Expression, Variable};
use site::asset::Tank;

/// What a m3 of demand that cannot be met costs, EUR, besides what it would spare: dearer than
/// everything else.
pub(super) const UNMET_PRICE: f64 = 50.0;
/// What a m3 that overflows costs, EUR, besides what it would spare.
pub(super) const SPILL_PRICE: f64 = 20.0;
/// What one m3 more or less spares until the end of the horizon at most, as a multiple of the price
/// of being outside the band for so long. Unmet demand and overflow are dearer by it: otherwise the
/// plan would reckon with water that is not there, and as early as possible.
pub(super) const SPARED: f64 = 2.0;
/// What a m3 costs per hour inside the cushion next to a band's end, EUR: cheaper than a broken
/// promise, dearer than no cushion.
pub(super) const CUSHION_PRICE: f64 = 0.05;
/// A cushion takes at most this share of the band.
pub(super) const CUSHION_SHARE_MAX: f64 = 0.2;

/// Columns of one tank.
pub(super) struct TankColumns {
    /// Volume at the end of each step, m3.
    pub(super) volume: Vec<Variable>,
}

/// The wishes about one tank; a miss within the tolerance (m3) is none.
struct Wishes {
    below: Wish,
    above: Wish,
    unmet: Wish,
    spilt: Wish,
    reserve: Wish,
}

/// One tank's volumes, m3.
struct Marks {
    bottom: f64,
    top: f64,
    low: f64,
    high: f64,
    /// The band less the transmitter's tolerance.
    surely_low: f64,
    surely_high: f64,
    reserve: Option<f64>,
}

/// Adds all tanks; `inflow[tank][step]` is in m3.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    trajectory: &Trajectory,
    inflow: Vec<Vec<Expression>>,
    wishes: &mut Vec<Wish>,
) -> Vec<TankColumns> {
    let Some(water) = inputs.water else { return Vec::new() };
    let mut all = Vec::new();
    for (k, (tank, inflow)) in inputs.site.tanks.iter().zip(inflow).enumerate() {
        let shape = &water.network.tanks()[water.tanks[k]];
        let volume = |share: f64| shape.volume_m3(share * tank.height.get());
        let tolerance = tank.level_tolerance.get() / tank.height.get();
        let marks = Marks {
            bottom: shape.volume_min_m3(),
            top: shape.volume_max_m3(),
            low: volume(tank.band_low.get()),
            high: volume(tank.band_high.get()),
            surely_low: volume(tank.band_low.get() + tolerance),
            surely_high: volume(tank.band_high.get() - tolerance),
            reserve: tank.reserve.map(|reserve| volume(reserve.level.get())),
        };
        let mut missed = Wishes::new(tank, marks.top - marks.bottom);
        let mut columns = TankColumns { volume: Vec::new() };
        let mut left: f64 = inputs.forecast.steps.iter().map(site::plan::Step::hours).sum();
        let mut before: Expression = shape.volume_m3(trajectory.start[k]).into();
        for (t, flow) in inflow.into_iter().enumerate() {
            let due = trajectory.reserves[k].contains(&t);
            let marks = Marks { reserve: marks.reserve.filter(|_| due), ..marks };
            let cushion = trajectory.cushion(inputs, t);
            let hours = inputs.forecast.steps[t].hours();
            let step = Step { t, hours, left, cushion };
            left -= hours;
            let after = one_step(model, inputs, tank, (&step, &marks), before + flow, &mut missed);
            columns.volume.push(after);
            before = after.into();
        }
        if let Some(&last) = columns.volume.last() {
            model.cost("water left at the end", -trajectory.water_worth, last);
        }
        wishes.extend(missed.all());
        all.push(columns);
    }
    all
}

struct Step {
    t: usize,
    hours: f64,
    /// Hours from its beginning to the end of the horizon.
    left: f64,
    cushion: f64,
}

/// One tank in one step: the balance is physics, everything else is a wish.
fn one_step(
    model: &mut Model,
    inputs: &Inputs<'_>,
    tank: &Tank,
    (step, marks): (&Step, &Marks),
    available: Expression,
    missed: &mut Wishes,
) -> Variable {
    let Step { t, hours, left, cushion } = *step;
    let price = inputs.shortfall_price();
    let name = |what: &str| format!("{}.{what}[{t}]", tank.id);
    let volume = model.column(&name("volume"), marks.bottom, marks.top);
    let spared = SPARED * price * left;
    let unmet = missed.unmet.slack(model, t, UNMET_PRICE + spared);
    let spilt = missed.spilt.slack(model, t, SPILL_PRICE + spared);
    model.row(name("balance"), (available + unmet - spilt).eq(volume));
    let below = missed.below.slack(model, t, price * hours);
    let above = missed.above.slack(model, t, price * hours);
    model.row(name("band_low"), (volume + below).geq(marks.low));
    model.row(name("band_high"), (volume - above).leq(marks.high));
    // Within the tolerance of its end the true level may be outside the band: paid for as if it
    // were, but no wish is given up.
    let width = (marks.surely_low - marks.low).max(marks.high - marks.surely_high);
    let unsure = model.column(&name("tolerance"), 0.0, width);
    model.cost("tolerance", price * hours, unsure);
    model.row(name("tolerance_low"), (volume + unsure + below).geq(marks.surely_low));
    model.row(name("tolerance_high"), (volume - unsure - above).leq(marks.surely_high));
    let cushion = cushion.min(CUSHION_SHARE_MAX * (marks.high - marks.low));
    let soft = model.column(&name("cushion"), 0.0, f64::INFINITY);
    model.cost("cushion", CUSHION_PRICE * hours, soft);
    model.row(name("cushion_low"), (volume + soft).geq(marks.surely_low + cushion));
    model.row(name("cushion_high"), (volume - soft).leq(marks.surely_high - cushion));
    if let Some(reserve) = marks.reserve {
        let short = missed.reserve.slack(model, t, price);
        model.row(name("reserve"), (volume + short).geq(reserve));
    }
    volume
}

impl Wishes {
    fn new(tank: &Tank, whole: f64) -> Self {
        let wish = |what: &str, share: f64| Wish {
            name: format!("{}.{what}", tank.id),
            unit: "m3",
            tolerance: share * whole,
            slack: Vec::new(),
        };
        Self {
            below: wish("band_low", 0.002),
            above: wish("band_high", 0.002),
            unmet: wish("demand", 0.001),
            spilt: wish("overflow", 0.001),
            reserve: wish("reserve", 0.005),
        }
    }
    fn all(self) -> [Wish; 5] {
        [self.below, self.above, self.unmet, self.spilt, self.reserve]
    }
}
