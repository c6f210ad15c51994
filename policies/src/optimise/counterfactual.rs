//! What something would cost: the same question once more, with an asset held fast.

use super::admit::{self, HoldError, admit};
use super::{GAP, GAP_EUR, Hold, Inputs, Planner, SolveError, Work, without_choice};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::plan::{Plan, Shortfall};
use site::units::Money;
use std::collections::BTreeMap;

/// Levels, charges and costs that differ by less are the same.
const SAME: f64 = 1e-3;

/// The answer to "what would it cost to hold this?".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// What was held, and how.
    pub hold: Hold,
    /// First instant at which it is free again: the steps of a plan are held whole.
    pub held_until: Timestamp,
    /// What has to be said of the hold, in words: where it was cut to what is possible.
    pub notes: Vec<String>,
    /// The plan in force holds it so anyway: it costs nothing, and nothing was solved.
    pub kept_anyway: bool,
    /// Expected money over the horizon without the hold: energy and demand charges, EUR.
    pub cost_free: Money,
    /// The same with the hold.
    pub cost_held: Money,
    /// The difference of the two.
    pub money: Money,
    /// The difference with wear, with wishes given up at their prices, and with what is left in
    /// tanks and batteries at the end: what the hold really costs. Never negative.
    pub all: Money,
    /// The part of `all` that is wishes given up, at their prices.
    pub wishes: Money,
    /// A choice of pumps is good to this much: a smaller difference means nothing.
    pub uncertainty: Money,
    /// The search for one of the plans ended at its limits: it may be too dear.
    pub truncated: bool,
    /// Wishes that are missed otherwise than without the hold.
    pub given_up: Vec<WishChange>,
    /// Tanks, wells and batteries that end otherwise than without the hold.
    pub ends: Vec<EndChange>,
    /// The plan with the hold.
    pub plan: Plan,
}

/// A wish that is missed otherwise with the hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WishChange {
    /// The wish, for example `T1.reserve`.
    pub wish: String,
    /// Unit of the amounts.
    pub unit: String,
    /// The largest miss without the hold; 0 where it is kept.
    pub free: f64,
    /// The largest miss with the hold; 0 where it is kept.
    pub held: f64,
    /// First instant at which it is missed with the hold; none where it is kept then.
    pub from: Option<Timestamp>,
    /// More than without the hold, at the price of the wish; negative where it is less.
    pub penalty: Money,
}

/// Something stored that ends otherwise with the hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndChange {
    /// A tank, a lift station or a battery.
    pub asset: AssetId,
    /// Unit: `m` of level, `%` of charge.
    pub unit: String,
    /// At the end of the plan without the hold.
    pub free: f64,
    /// At the end of the plan with the hold.
    pub held: f64,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum AskError {
    /// The hold cannot be asked for.
    #[error(transparent)]
    Hold(#[from] HoldError),
    /// There is no plan without the hold to compare with.
    #[error("without the hold there is no plan either: {0}")]
    Free(SolveError),
    /// There is no plan with the hold.
    #[error(
        "no plan holds {asset} {held} until {until}: {error}; the rules that no plan may break: \
         {rules}"
    )]
    Held {
        /// Which.
        asset: AssetId,
        /// How, in words.
        held: String,
        /// Until when, in local time.
        until: String,
        /// What the optimiser said.
        error: SolveError,
        /// The hard rules of the asset, in words.
        rules: String,
    },
}

impl Planner {
    /// Asks what a hold would cost, seen from `inputs` (whose own holds are left aside). `present`
    /// is the plan in force, made from the same inputs: when it holds the asset so anyway, nothing
    /// is solved. Otherwise both plans are chosen afresh with the same limits, beginning from what
    /// stands; a difference below the gap of such a choice means nothing. The planner itself stays
    /// as it is.
    ///
    /// # Errors
    /// When the hold cannot be asked for, or either question has no plan.
    pub fn counterfactual(
        &self,
        inputs: &Inputs<'_>,
        present: Option<&Plan>,
        hold: &Hold,
    ) -> Result<Counterfactual, AskError> {
        let free_inputs = Inputs { holds: &[], ..*inputs };
        let notes = admit(&free_inputs, hold)?;
        let held_inputs = Inputs { holds: std::slice::from_ref(hold), ..*inputs };
        let present = present.filter(|plan| plan.made_at == inputs.estimate.now.utc);
        if let Some(plan) = present.filter(|plan| held_inputs.holds_so(hold, plan)) {
            let answer = Answer { hold, notes, truncated: false, kept_anyway: true };
            return Ok(answer.compared(&held_inputs, plan, plan.clone()));
        }
        let mut work = Work::default();
        let free = self.afresh(&free_inputs, &mut work);
        let held = self.afresh(&held_inputs, &mut work).map_err(|error| AskError::Held {
            asset: hold.asset.clone(),
            held: hold.held.words(),
            until: admit::local(inputs, hold.until),
            error,
            rules: admit::rules(inputs, hold),
        });
        let (free, held) = (free.map_err(AskError::Free)?, held?);
        // The best plan that is known: what holds the asset is a plan without the hold as well.
        let known = [Some(&free), present, Some(&held)].into_iter().flatten();
        let by = |a: &&Plan, b: &&Plan| a.why.objective.total_cmp(&b.why.objective);
        let best = known.min_by(by).cloned().unwrap_or(free);
        let truncated = work.truncated;
        let answer = Answer { hold, notes, truncated, kept_anyway: false };
        Ok(answer.compared(&held_inputs, &best, held))
    }

    /// A plan that is chosen anew, beginning from what stands, with no preference for it.
    fn afresh(&self, inputs: &Inputs<'_>, work: &mut Work) -> Result<Plan, SolveError> {
        if !inputs.has_a_choice() {
            return without_choice(inputs, work);
        }
        let guess = self.guess(inputs);
        Self::default().choose_anew(inputs, (guess, None), "it was asked for", work)
    }
}

struct Answer<'a> {
    hold: &'a Hold,
    notes: Vec<String>,
    truncated: bool,
    kept_anyway: bool,
}

impl Answer<'_> {
    fn compared(self, inputs: &Inputs<'_>, free: &Plan, plan: Plan) -> Counterfactual {
        let given_up = wishes(&free.why.shortfalls, &plan.why.shortfalls);
        let gap = if inputs.has_a_choice() && !self.kept_anyway {
            GAP_EUR.max(GAP * free.why.objective.abs())
        } else {
            0.0
        };
        Counterfactual {
            hold: self.hold.clone(),
            held_until: admit::held_until(inputs, self.hold),
            notes: self.notes,
            kept_anyway: self.kept_anyway,
            cost_free: free.cost,
            cost_held: plan.cost,
            money: plan.cost - free.cost,
            all: Money::new((plan.why.objective - free.why.objective).max(0.0)),
            wishes: given_up.iter().fold(Money::ZERO, |sum, change| sum + change.penalty),
            uncertainty: Money::new(gap),
            truncated: self.truncated,
            given_up,
            ends: ends(free, &plan),
            plan,
        }
    }
}

/// Wishes that are missed otherwise, dearest first.
fn wishes(free: &[Shortfall], held: &[Shortfall]) -> Vec<WishChange> {
    let mut both: BTreeMap<&str, (Option<&Shortfall>, Option<&Shortfall>)> = BTreeMap::new();
    for missed in free {
        both.entry(&missed.wish).or_default().0 = Some(missed);
    }
    for missed in held {
        both.entry(&missed.wish).or_default().1 = Some(missed);
    }
    let amount = |missed: Option<&Shortfall>| missed.map_or(0.0, |missed| missed.amount);
    let price = |missed: Option<&Shortfall>| missed.map_or(0.0, |missed| missed.penalty.get());
    let change = |(wish, (free, held)): (&str, (Option<&Shortfall>, Option<&Shortfall>))| {
        let unit = held.or(free).map_or_else(String::new, |missed| missed.unit.clone());
        WishChange {
            wish: wish.to_owned(),
            unit,
            free: amount(free),
            held: amount(held),
            from: held.map(|missed| missed.from),
            penalty: Money::new(price(held) - price(free)),
        }
    };
    let mut changes: Vec<WishChange> = both.into_iter().map(change).collect();
    let differs = |c: &WishChange| {
        (c.held - c.free).abs() > SAME * c.held.max(c.free).max(1.0) || c.penalty.get().abs() > SAME
    };
    changes.retain(differs);
    changes.sort_by(|a, b| b.penalty.get().total_cmp(&a.penalty.get()));
    changes
}

/// What ends otherwise.
fn ends(free: &Plan, held: &Plan) -> Vec<EndChange> {
    let metres = [(&free.tanks, &held.tanks), (&free.wells, &held.wells)];
    let metres = metres.into_iter().flat_map(|(free, held)| {
        let last = |levels: &Vec<site::units::Level>| levels.last().map(|level| level.get());
        free.iter()
            .filter_map(move |(id, levels)| Some((id, "m", last(levels)?, last(held.get(id)?)?)))
    });
    let charges = free.charge.iter().filter_map(|(id, shares)| {
        let last = |shares: &Vec<site::units::Ratio>| shares.last().map(|share| share.percent());
        Some((id, "%", last(shares)?, last(held.charge.get(id)?)?))
    });
    let all = metres.chain(charges);
    let change = |(id, unit, free, held): (&AssetId, &str, f64, f64)| EndChange {
        asset: id.clone(),
        unit: unit.to_owned(),
        free,
        held,
    };
    // A centimetre, a tenth of a per cent.
    let differs = |c: &EndChange| (c.held - c.free).abs() > if c.unit == "m" { 0.01 } else { 0.1 };
    all.map(change).filter(differs).collect()
}
