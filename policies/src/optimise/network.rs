//! Feeders and voltage: one balance per feeder, what a feeder may carry, and the voltage of nodes
//! by the linear equations of [`crate::voltage`].

use super::Inputs;
use super::bus::Buses;
use super::model::Model;
use super::problem::Wish;
use crate::voltage::Sensitivity;
use good_lp::{Expression, Variable};
use site::AssetId;
use site::electrical::Electrical;

/// What a kW above what a feeder or transformer may carry costs per hour, EUR.
pub(super) const OVERLOAD_PRICE: f64 = 5.0;
/// What one per cent of voltage outside the band costs per hour at one node, EUR.
pub(super) const VOLTAGE_PRICE: f64 = 5.0;
/// The plan keeps this far inside the band: losses are left out, and loads are not known exactly.
pub(super) const VOLTAGE_MARGIN: f64 = 0.003;
/// More than any feeder carries, kW.
const FLOW_MAX: f64 = 1e5;

/// Active and reactive load of a place in each step, kW and kvar.
type PlaceLoads = Vec<(Variable, Variable)>;

/// Columns of the network.
#[derive(Default)]
pub(super) struct NetworkColumns {
    /// From the busbar into each feeder, kW: `flows[feeder][step]`.
    pub(super) flows: Vec<Vec<Variable>>,
    /// Square of the voltage at each section's node, as a share: `squares[section][step]`; empty
    /// for nodes whose voltage cannot leave the band.
    pub(super) squares: Vec<Vec<Variable>>,
}

/// Adds feeders; what flows into them is taken from the busbar.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &mut Buses<'_>,
    wishes: &mut Vec<Wish>,
) -> NetworkColumns {
    let Some(electrical) = buses.electrical else { return NetworkColumns::default() };
    let mut columns = NetworkColumns::default();
    for (f, feeder) in electrical.feeders.iter().enumerate() {
        let mut over = Wish::kw(format!("{}.limit", feeder.id));
        // Active power alone is reckoned with: what a feeder may carry at the usual power factor.
        let limit = feeder.limit.map(|limit| limit.kva() * electrical.power_factor.get());
        let mut flows = Vec::new();
        for (t, step) in inputs.forecast.steps.iter().enumerate() {
            let flow = model.column(&format!("{}.flow[{t}]", feeder.id), -FLOW_MAX, FLOW_MAX);
            let net = std::mem::take(&mut buses.net[f + 1][t]);
            model.row(format!("{}.balance[{t}]", feeder.id), (net + flow).eq(0.0));
            buses.net[0][t].add_mul(-1.0, flow);
            if let Some(limit) = limit {
                let slack = over.slack(model, t, OVERLOAD_PRICE * step.hours());
                both_ways(model, &over.name, t, (flow.into(), slack), limit);
            }
            flows.push(flow);
        }
        columns.flows.push(flows);
        wishes.push(over);
    }
    columns.squares = voltage(model, inputs, buses, electrical, wishes);
    columns
}

/// A flow that may not be above a limit either way, but for its slack.
pub(super) fn both_ways(
    model: &mut Model,
    name: &str,
    t: usize,
    (flow, slack): (Expression, Variable),
    limit: f64,
) {
    model.row(format!("{name}[{t}]"), (flow.clone() - slack).leq(limit));
    model.row(format!("{name}_back[{t}]"), (-1.0 * flow - slack).leq(limit));
}

/// Rows for the voltage of every node that could leave its band.
fn voltage(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &Buses<'_>,
    electrical: &Electrical,
    wishes: &mut Vec<Wish>,
) -> Vec<Vec<Variable>> {
    let nodes: Vec<_> = electrical.sections().map(|(_, section)| &section.node).collect();
    let mut squares = vec![Vec::new(); nodes.len()];
    // A network that does not hang together was refused when the site was read.
    let Ok(sensitivity) = Sensitivity::new(electrical) else { return squares };
    let upstream = upstream_square(inputs, electrical, &sensitivity);
    let band = band(electrical);
    let matters = |k: &usize| {
        let (rise, fall) = extremes(&sensitivity, k + 1, electrical.tan_phi(), &buses.extremes);
        upstream + rise > band.1 || upstream - fall < band.0
    };
    let watched: Vec<usize> = (0..nodes.len()).filter(matters).collect();
    if watched.is_empty() {
        return squares;
    }
    let loads = loads(model, buses);
    for k in watched {
        let at = (&sensitivity, k + 1);
        squares[k] = node(model, inputs, (at, nodes[k]), (upstream, band, &loads), wishes);
    }
    squares
}

/// Square of the voltage above the transformer, as a share: reckoned back from what is measured at
/// the busbar, or what stands in the site file.
pub(super) fn upstream_square(
    inputs: &Inputs<'_>,
    electrical: &Electrical,
    sensitivity: &Sensitivity,
) -> f64 {
    let measured = inputs.estimate.busbar.zip(inputs.estimate.import);
    measured.map_or(electrical.upstream.get().powi(2), |(voltage, import)| {
        let busbar = (voltage.get() / electrical.nominal.get()).powi(2);
        busbar - sensitivity.per_kw_with(0, 0, electrical.tan_phi()) * import.kw()
    })
}

/// The most that the square of a place's voltage can rise and fall, whatever assets do.
fn extremes(
    sensitivity: &Sensitivity,
    at: usize,
    tan_phi: f64,
    loads: &[(f64, f64)],
) -> (f64, f64) {
    let sum = loads.iter().enumerate().map(|(k, (gives, takes))| {
        let fall = -sensitivity.per_kw_with(at, k, tan_phi) * takes;
        (-sensitivity.per_kw(at, k) * gives, fall)
    });
    sum.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// Squares of the voltages that the plan keeps between.
fn band(electrical: &Electrical) -> (f64, f64) {
    let band = electrical.band.get() - VOLTAGE_MARGIN;
    ((1.0 - band).powi(2), (1.0 + band).powi(2))
}

/// Active and reactive load of each place as columns, so that rows about voltage stay short.
fn loads(model: &mut Model, buses: &Buses<'_>) -> Vec<PlaceLoads> {
    let mut all = Vec::new();
    for (k, steps) in buses.load.iter().enumerate() {
        let mut of_place = Vec::new();
        for (t, (active, reactive)) in steps.iter().enumerate() {
            let mut column = |what: &str, load: &Expression| {
                let name = format!("place{k}.{what}[{t}]");
                let column = model.column(&name, -FLOW_MAX, FLOW_MAX);
                model.row(name, (load.clone() - column).eq(0.0));
                column
            };
            of_place.push((column("p", active), column("q", reactive)));
        }
        all.push(of_place);
    }
    all
}

/// One node: the square of its voltage per step, and the band as a wish.
fn node(
    model: &mut Model,
    inputs: &Inputs<'_>,
    ((sensitivity, at), node): ((&Sensitivity, usize), &AssetId),
    (upstream, (low, high), loads): (f64, (f64, f64), &[PlaceLoads]),
    wishes: &mut Vec<Wish>,
) -> Vec<Variable> {
    let wish = |what: &str| Wish {
        name: format!("{node}.voltage_{what}"),
        unit: "%",
        tolerance: 0.1,
        slack: Vec::new(),
    };
    let (mut above, mut below) = (wish("high"), wish("low"));
    let mut squares = Vec::new();
    for (t, step) in inputs.forecast.steps.iter().enumerate() {
        let square = model.column(&format!("{node}.square[{t}]"), 0.0, 4.0);
        let mut reckoned: Expression = upstream.into();
        for (k, steps) in loads.iter().enumerate() {
            let (p, q) = steps[t];
            reckoned.add_mul(sensitivity.per_kw(at, k), p);
            reckoned.add_mul(sensitivity.per_kvar(at, k), q);
        }
        model.row(format!("{node}.voltage[{t}]"), (reckoned - square).eq(0.0));
        // A slack in per cent of voltage; a per cent is 0.02 of the square.
        let price = VOLTAGE_PRICE * step.hours();
        let over = above.slack(model, t, price);
        model.row(format!("{}[{t}]", above.name), (square - 0.02 * over).leq(high));
        let under = below.slack(model, t, price);
        model.row(format!("{}[{t}]", below.name), (square + 0.02 * under).geq(low));
        squares.push(square);
    }
    wishes.extend([above, below]);
    squares
}
