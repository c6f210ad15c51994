//! Feeders and voltage: one balance per feeder, what a feeder may carry, and the voltage of nodes by
//! the linearised equations of a radial feeder (LinDistFlow: Baran and Wu, 1989, without losses):
//! with v the square of a voltage as a share of the nominal one, and P and Q what flows through a
//! section of resistance r and reactance x, `v(end) = v(begin) - 2 (r P + x Q) / U²`.

use super::Inputs;
use super::bus::Buses;
use super::model::Model;
use super::problem::Wish;
use good_lp::{Expression, Variable};
use site::electrical::{CableSection, Electrical};

/// What a kW above what a feeder or transformer may carry costs per hour, EUR.
pub(super) const OVERLOAD_PRICE: f64 = 5.0;
/// What one per cent of voltage outside the band costs per hour at one node, EUR.
const VOLTAGE_PRICE: f64 = 5.0;
/// The plan keeps this far inside the band: losses are left out, and loads are not known exactly.
const VOLTAGE_MARGIN: f64 = 0.003;
/// More than any feeder carries, kW.
const FLOW_MAX: f64 = 1e5;

/// Columns of the network.
#[derive(Default)]
pub(super) struct NetworkColumns {
    /// From the busbar into each feeder, kW: `flows[feeder][step]`.
    pub(super) flows: Vec<Vec<Variable>>,
    /// Square of the voltage at each section's node, as a share: `squares[section][step]`; empty for
    /// feeders whose voltage cannot leave the band.
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

fn voltage(
    model: &mut Model,
    inputs: &Inputs<'_>,
    buses: &Buses<'_>,
    electrical: &Electrical,
    wishes: &mut Vec<Wish>,
) -> Vec<Vec<Variable>> {
    let mut all = Vec::new();
    let busbar = busbar_square(inputs, electrical);
    let mut first = 0;
    for feeder in &electrical.feeders {
        let sections = &feeder.sections;
        let range = first..first + sections.len();
        first = range.end;
        let ends = extremes(electrical, sections, &buses.extremes[range.clone()]);
        if within(electrical, busbar, &ends) {
            all.extend(sections.iter().map(|_| Vec::new()));
            continue;
        }
        let loads = &buses.load[range];
        all.extend(feeder_voltage(model, inputs, (electrical, sections), (busbar, loads), wishes));
    }
    all
}

/// Square of the busbar's voltage, as a share: measured, or what stands in the site file.
fn busbar_square(inputs: &Inputs<'_>, electrical: &Electrical) -> f64 {
    let measured = inputs.estimate.busbar.map(|v| v.get() / electrical.nominal.get());
    measured.unwrap_or(electrical.upstream.get()).powi(2)
}

/// The most that each section's voltage can rise and fall against the busbar, in squares.
fn extremes(
    electrical: &Electrical,
    sections: &[CableSection],
    loads: &[(f64, f64)],
) -> Vec<(f64, f64)> {
    let mut ends: Vec<(f64, f64)> = Vec::new();
    for (s, section) in sections.iter().enumerate() {
        let (r, x) = per_kw(electrical, section);
        let below = downstream(sections, s);
        let gives: f64 = below.iter().map(|&k| loads[k].0).sum();
        let takes: f64 = below.iter().map(|&k| loads[k].1).sum();
        let start = before(sections, s).map_or((0.0, 0.0), |k| ends[k]);
        let fall = 2.0 * (r + x * electrical.tan_phi()) * takes;
        ends.push((start.0 + 2.0 * r * gives, start.1 + fall));
    }
    ends
}

fn within(electrical: &Electrical, busbar: f64, ends: &[(f64, f64)]) -> bool {
    let (low, high) = band(electrical);
    ends.iter().all(|(rise, fall)| busbar + rise <= high && busbar - fall >= low)
}

/// Squares of the voltages that the plan keeps between.
fn band(electrical: &Electrical) -> (f64, f64) {
    let band = electrical.band.get() - VOLTAGE_MARGIN;
    ((1.0 - band).powi(2), (1.0 + band).powi(2))
}

/// Resistance and reactance of a section over the square of the nominal voltage, per kW.
fn per_kw(electrical: &Electrical, section: &CableSection) -> (f64, f64) {
    let (r, x) = section.ohms();
    let square = electrical.nominal.get().powi(2) / 1e3;
    (r / square, x / square)
}

/// The section at whose end a section begins; none at the busbar.
fn before(sections: &[CableSection], s: usize) -> Option<usize> {
    let from = sections[s].from.as_ref()?;
    sections[..s].iter().position(|other| &other.node == from)
}

/// A section and all that hang on it.
fn downstream(sections: &[CableSection], s: usize) -> Vec<usize> {
    let mut found = vec![s];
    for k in s + 1..sections.len() {
        if before(sections, k).is_some_and(|b| found.contains(&b)) {
            found.push(k);
        }
    }
    found
}

fn feeder_voltage(
    model: &mut Model,
    inputs: &Inputs<'_>,
    (electrical, sections): (&Electrical, &[CableSection]),
    (busbar, loads): (f64, &[Vec<(Expression, Expression)>]),
    wishes: &mut Vec<Wish>,
) -> Vec<Vec<Variable>> {
    let (low, high) = band(electrical);
    let steps = inputs.forecast.steps.len();
    let mut squares: Vec<Vec<Variable>> = Vec::new();
    let mut flows: Vec<Vec<(Variable, Variable)>> = Vec::new();
    for section in sections {
        let flow = |model: &mut Model, what: &str, t: usize| {
            model.column(&format!("{}.{what}[{t}]", section.node), -FLOW_MAX, FLOW_MAX)
        };
        flows.push((0..steps).map(|t| (flow(model, "p", t), flow(model, "q", t))).collect());
    }
    for (s, section) in sections.iter().enumerate() {
        let (r, x) = per_kw(electrical, section);
        let wish = |what: &str| Wish {
            name: format!("{}.voltage_{what}", section.node),
            unit: "%",
            tolerance: 0.1,
            slack: Vec::new(),
        };
        let (mut above, mut below) = (wish("high"), wish("low"));
        let mut of_section = Vec::new();
        for t in 0..steps {
            let hours = inputs.forecast.steps[t].hours();
            let (mut active, mut reactive) = loads[s][t].clone();
            for k in (s + 1..sections.len()).filter(|&k| before(sections, k) == Some(s)) {
                active += flows[k][t].0;
                reactive += flows[k][t].1;
            }
            let (p, q) = flows[s][t];
            model.row(format!("{}.p[{t}]", section.node), (active - p).eq(0.0));
            model.row(format!("{}.q[{t}]", section.node), (reactive - q).eq(0.0));
            let square = model.column(&format!("{}.square[{t}]", section.node), 0.0, 4.0);
            let begin: Expression = match before(sections, s) {
                Some(k) => squares[k][t].into(),
                None => busbar.into(),
            };
            let fall = 2.0 * r * p + 2.0 * x * q;
            model.row(format!("{}.voltage[{t}]", section.node), (begin - fall - square).eq(0.0));
            // A slack in per cent of voltage; a per cent is 0.02 of the square.
            let over = above.slack(model, t, VOLTAGE_PRICE * hours);
            model.row(format!("{}[{t}]", above.name), (square - 0.02 * over).leq(high));
            let under = below.slack(model, t, VOLTAGE_PRICE * hours);
            model.row(format!("{}[{t}]", below.name), (square + 0.02 * under).geq(low));
            of_section.push(square);
        }
        squares.push(of_section);
        wishes.extend([above, below]);
    }
    squares
}
