//! The point of common coupling: balance of the busbar, prices, limits, highest import.

use super::Inputs;
use super::bus::Buses;
use super::model::Model;
use super::network::{OVERLOAD_PRICE, both_ways};
use super::problem::Wish;
use super::uncertainty;
use good_lp::{Expression, Variable};
use site::external::{Direction, lowest};
use site::plan::Step;
use site::units::Power;

/// What a kW above a limit that an authority ordered costs per hour, EUR.
pub(super) const ORDER_PRICE: f64 = 20.0;
/// What one kWh later is worth less per hour ahead, EUR: breaks ties towards the near.
pub(super) const PATIENCE: f64 = 1e-5;

/// Columns of the point of common coupling.
pub(super) struct GridColumns {
    /// What is expected to be bought, kW; less what is sold it is the net import. Where the
    /// forecast has a spread there is some of both.
    pub(super) import: Vec<Variable>,
    /// What is expected to be sold, kW.
    pub(super) export: Vec<Variable>,
    /// The highest import that each demand charge counts, kW, in their order.
    pub(super) peaks: Vec<Variable>,
}

/// Closes the busbar's balance.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> GridColumns {
    let forecast = inputs.forecast;
    let mut limits = Limits::new();
    let peaks = peaks(model, inputs);
    let mut columns = GridColumns { import: Vec::new(), export: Vec::new(), peaks };
    let mut ahead = 0.0;
    for (t, step) in forecast.steps.iter().enumerate() {
        let import = model.column("grid.import", 0.0, f64::INFINITY);
        let export = model.column("grid.export", 0.0, f64::INFINITY);
        let price = forecast.price[t].get() + PATIENCE * ahead;
        ahead += step.hours();
        model.cost("grid.import", price * step.hours(), import);
        // The program is linear: energy could be bought and sold at once. Where selling pays more
        // than buying costs it would do so without end, so the plan reckons with no more.
        let earned = forecast.feed_in[t].get().min(forecast.price[t].get());
        model.cost("grid.export", -earned * step.hours(), export);
        let net = std::mem::take(&mut buses.net[0][t]);
        model.row(format!("grid.balance[{t}]"), (net + import - export).eq(0.0));
        for (i, &peak) in columns.peaks.iter().enumerate().filter(|(i, _)| counts(inputs, *i, t)) {
            let row = (import - export - peak).leq(0.0);
            model.row(peak_row(i, &format!("[{t}]")), row);
        }
        limits.add(model, inputs, (t, step), import - export);
        uncertainty::add(model, inputs, t, (import, export));
        columns.import.push(import);
        columns.export.push(export);
    }
    wishes.extend(limits.all());
    columns
}

/// The highest import that each demand charge counts; never below what it has counted already.
fn peaks(model: &mut Model, inputs: &Inputs<'_>) -> Vec<Variable> {
    let mut all = Vec::new();
    for (i, charge) in inputs.site.tariff.demand_charges.iter().enumerate() {
        let so_far = inputs.estimate.peaks.get(i).map_or(0.0, |peak| peak.kw()).max(0.0);
        let peak = model.column(&peak_row(i, ""), so_far, f64::INFINITY);
        let days = charge.billing.days_left(inputs.estimate.now.utc, inputs.site.calendar());
        model.cost("grid.peak", charge.price.get() / days, peak);
        all.push(peak);
    }
    all
}

/// Whether a demand charge looks at a step.
pub(super) fn counts(inputs: &Inputs<'_>, charge: usize, t: usize) -> bool {
    inputs.site.tariff.demand_charges[charge].counts(&inputs.forecast.class[t])
}

/// Name of a charge's rows: the first one needs no number.
pub(super) fn peak_row(charge: usize, what: &str) -> String {
    if charge == 0 { format!("grid.peak{what}") } else { format!("grid.peak_{}{what}", charge + 1) }
}

/// The most export and import, what was subscribed, and what the transformer bears.
struct Limits {
    subscribed: Wish,
    export: Wish,
    import: Wish,
    transformer: Wish,
}

impl Limits {
    fn new() -> Self {
        let wish = |what: &str| Wish::kw(format!("grid.{what}"));
        Self {
            subscribed: wish("subscribed"),
            export: wish("export_limit"),
            import: wish("import_limit"),
            transformer: wish("transformer"),
        }
    }

    fn add(
        &mut self,
        model: &mut Model,
        inputs: &Inputs<'_>,
        (t, step): (usize, &Step),
        import: Expression,
    ) {
        let site = inputs.site;
        for (wish, direction, own, power) in [
            (&mut self.export, Direction::Export, site.grid.export_limit, -import.clone()),
            (&mut self.import, Direction::Import, site.grid.import_limit, import.clone()),
        ] {
            let Some((limit, ordered)) = limit(inputs, direction, own, step) else { continue };
            let price = if ordered { ORDER_PRICE } else { OVERLOAD_PRICE };
            let over = wish.slack(model, t, price * step.hours());
            let row = (power - over).leq(limit.kw());
            model.row(format!("{}[{t}]", wish.name), row);
        }
        let subscribed = &site.tariff.subscribed;
        if let (Some(limit), Some(contract)) = (inputs.forecast.subscribed[t], subscribed) {
            let price = contract.plan_price(&inputs.forecast.class[t]).get() * step.hours();
            let over = self.subscribed.slack(model, t, price);
            let row = (import.clone() - over).leq(limit.kw());
            model.row(format!("{}[{t}]", self.subscribed.name), row);
        }
        let electrical = site.electrical.as_ref();
        if let Some((network, plate)) = electrical.and_then(|e| Some((e, e.transformer?))) {
            // Active power alone is reckoned with: what it bears at the usual power factor.
            let limit = plate.rating.kva() * network.power_factor.get();
            let over = self.transformer.slack(model, t, OVERLOAD_PRICE * step.hours());
            both_ways(model, &self.transformer.name, t, (import, over), limit);
        }
    }

    fn all(self) -> [Wish; 4] {
        [self.subscribed, self.export, self.import, self.transformer]
    }
}

/// The lowest limit of a step, and whether it was ordered from outside.
fn limit(
    inputs: &Inputs<'_>,
    direction: Direction,
    own: Option<Power>,
    step: &Step,
) -> Option<(Power, bool)> {
    let orders = &inputs.estimate.external;
    let middle = site::time::add_seconds(step.start, step.hours() * 1800.0);
    let at_start = lowest(orders, direction, step.start);
    let ordered = [at_start, lowest(orders, direction, middle)].into_iter().flatten();
    let ordered = ordered.min_by(|a, b| a.get().total_cmp(&b.get()));
    match (ordered, own) {
        (Some(ordered), Some(own)) if own.get() < ordered.get() => Some((own, false)),
        (Some(ordered), _) => Some((ordered, true)),
        (None, own) => own.map(|own| (own, false)),
    }
}
