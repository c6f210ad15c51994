//! What nobody knows about the sun and the buildings, and what it costs.
//!
//! Where what is given and taken is expected to balance, some is bought all the same when the sun
//! stays away, and some is sold when it does not. The more of both, the wider the forecast's
//! spread: a kWh more at such a time is bought on some days and kept from a cheap sale on others,
//! so it is worth something between the two prices. A plan that believes its forecast to the kW
//! takes it for either, keeps its batteries full for a cloud and sells when the sun comes.
//!
//! With a normal spread σ around an expected net import n, what is expected to be bought is
//! `n Φ(n/σ) + σ φ(n/σ)` (the newsvendor's loss, as in Birge and Louveaux, Introduction to
//! Stochastic Programming, 2011, on simple recourse). It is convex; tangents bound it from below.

use super::model::Model;
use super::{Inputs, battery};
use good_lp::{Variable, constraint};

/// Slope and height of the tangents at n = -σ, 0 and σ: Φ and φ there.
pub(super) const TANGENTS: [(f64, f64); 3] =
    [(0.158_655, 0.241_971), (0.5, 0.398_942), (0.841_345, 0.241_971)];
/// A spread below this is none, kW.
const SPREAD_MIN: f64 = 0.1;

/// Batteries follow the meter between plans: of what nobody foresaw they take up about so much.
/// Three days of Val-Soleil in April and in July cost least with a half; with none, 1.2 and 0.5 %
/// more.
const TAKEN_UP: f64 = 0.5;

/// Spread of what is imported in a step whatever is planned, one standard deviation, kW. All
/// inverters are under one sky: their spreads add up. Buildings have nothing to do with it.
pub(super) fn spread_kw(inputs: &Inputs<'_>, t: usize) -> f64 {
    let forecast = inputs.forecast;
    let at = |spreads: &Vec<site::units::Power>| spreads.get(t).map_or(0.0, |spread| spread.kw());
    let sun: f64 = forecast.pv_spread.values().map(at).sum();
    let spread = sun.hypot(at(&forecast.base_load_spread));
    let mut batteries = inputs.site.batteries.iter();
    let followed = batteries.any(|battery| battery::counted_on(inputs, battery).is_some());
    if followed { (1.0 - TAKEN_UP) * spread } else { spread }
}

/// The least that is expected to be bought and sold in a step.
pub(super) fn add(
    model: &mut Model,
    inputs: &Inputs<'_>,
    t: usize,
    (bought, sold): (Variable, Variable),
) {
    let spread = model.finite("spread of the forecast", spread_kw(inputs, t));
    if spread < SPREAD_MIN {
        return;
    }
    for (k, (slope, height)) in TANGENTS.into_iter().enumerate() {
        let row = constraint!((1.0 - slope) * bought + slope * sold >= height * spread);
        model.row(format!("grid.uncertain_{}[{t}]", k + 1), row);
    }
}
