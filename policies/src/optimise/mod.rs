//! The optimiser: a linear program in every cycle, and a mixed-integer program of the same model
//! whenever pump combinations are to be chosen anew.
//!
//! Between two choices the combinations stand; the linear program moves the rest and gives the
//! prices that explain the plan. A new choice replaces the standing one only when it is better by
//! more than a threshold: a planner without memory switches pumps for nothing.

mod admit;
mod audit;
mod battery;
mod bus;
mod chargers;
mod counterfactual;
mod day;
mod due;
mod energy;
mod examine;
mod extract;
mod grid;
mod hold;
mod model;
mod network;
mod prepared;
mod problem;
mod pumps;
mod schedule;
mod switched;
mod tanks;
mod trajectory;
mod uncertainty;

pub use admit::HoldError;
pub use counterfactual::{AskError, Counterfactual, EndChange, WishChange};
pub use day::{Day, Optimum, data};
pub use examine::examine;
pub use hold::{Held, Hold};
pub use model::{Limits, SolveError};
pub use prepared::Prepared;

use crate::water::WaterModel;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::plan::{Estimate, Forecast, Plan, Rung};
use site::{AssetId, Site};
use std::collections::BTreeSet;
use std::time::Duration;
use trajectory::Trajectory;

/// Share of a step that each combination takes, in the order of the tables; near steps have one
/// combination only, later ones may share the time between several.
type Mix = Vec<f64>;

/// Steps that begin within this time of now have one combination each; later ones are planned as
/// mixtures, and chosen when they come near. Deciding tomorrow's minute today would cost most of
/// the time and change nothing.
const NEAR: Duration = Duration::from_secs(2 * 3600);
/// Branch-and-bound nodes for one choice of pump combinations. A bound in nodes and not in seconds
/// makes a replay repeat itself whatever the machine does.
const NODES_MAX: i32 = 100;
/// Relative gap at which a choice is good enough.
const GAP: f64 = 0.002;
/// The same in EUR over the horizon: a third of what a new choice must save to be taken.
const GAP_EUR: f64 = 0.5;
/// A new choice must be better by this much, EUR over the horizon, to replace the standing one: it
/// is a cost of the model itself, so both are weighed with the same freedom.
const GAIN_MIN: f64 = 1.5;
/// A missed wish makes a new choice due at most this often.
const RETRY: Duration = Duration::from_secs(300);
/// Levels that lie this far (share of a tank's height, in the coming hours) from where the flows
/// were taken ask for a second pass around the new levels.
const PASS_TOLERANCE: f64 = 0.05;
/// The least price of a broken promise as a multiple of the dearest energy price.
const PENALTY_FACTOR: f64 = 2.0;

/// What the optimiser looks at.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its water network, when it has one.
    pub water: Option<&'a WaterModel>,
    /// What is believed.
    pub estimate: &'a Estimate,
    /// What is expected.
    pub forecast: &'a Forecast,
    /// What is held fast whatever it costs: the question of a counterfactual. Usually nothing.
    pub holds: &'a [Hold],
}

impl Inputs<'_> {
    /// What missing a wish costs per m3 (and hour): never less than energy could save.
    fn shortfall_price(&self) -> f64 {
        let wanted = self.site.water.as_ref().map_or(0.0, |water| water.shortfall_price);
        wanted.max(PENALTY_FACTOR * self.site.dearest_price().get())
    }
    /// The dearest energy, EUR/kWh.
    fn dearest_price(&self) -> f64 {
        let prices = self.forecast.price.iter().map(|price| price.get());
        prices.fold(self.site.dearest_price().get(), f64::max).max(0.01)
    }
    /// What a kWh that somebody wanted and did not get costs at least, EUR.
    fn penalty_per_kwh(&self) -> f64 {
        PENALTY_FACTOR * self.dearest_price()
    }
    /// The mean price of the horizon, EUR/kWh.
    fn mean_price(&self) -> f64 {
        let steps = self.forecast.steps.iter().zip(&self.forecast.price);
        let (sum, hours) = steps.fold((0.0, 0.0), |(sum, hours), (step, price)| {
            (sum + price.get() * step.hours(), hours + step.hours())
        });
        if hours > 0.0 { sum / hours } else { 0.0 }
    }
    /// Whether there is anything that is switched, so that a choice is to be made.
    fn has_a_choice(&self) -> bool {
        self.water.is_some() || switched::loads(self).next().is_some()
    }
    /// Whether an asset may take power: while a generator runs, only what it carries may.
    fn may_draw(&self, asset: &AssetId) -> bool {
        let Some(running) = &self.estimate.generator else { return true };
        let generator = self.site.generators.iter().find(|generator| &generator.id == running);
        generator.is_none_or(|generator| generator.carries.contains(asset))
    }
}

/// What the optimiser remembers between cycles.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Planner {
    /// The plan as it was when its combinations were chosen, and what was chosen.
    chosen: Option<Chosen>,
    /// Pumps nobody could count on then.
    unavailable: BTreeSet<AssetId>,
}

/// A choice of pump combinations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Chosen {
    plan: Plan,
    schedule: Schedule,
}

/// Combinations per step, and which of them the highest import has been reckoned with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Schedule {
    mixes: Vec<Mix>,
    used: Vec<bool>,
    /// Shares of each step in which each load that is on or off runs.
    #[serde(default)]
    switched: Vec<Vec<f64>>,
    /// Steps that begin before this have one combination.
    near_until: Timestamp,
}

/// What a call to [`Planner::optimise`] did, for status and metrics.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Work {
    /// Linear programs solved.
    pub linear: u32,
    /// Mixed-integer programs solved.
    pub switching: u32,
    /// A mixed-integer program ended at its limits before its gap was reached.
    pub truncated: bool,
    /// Plans audited with EPANET's own stepping.
    pub audits: u32,
    /// Plans that failed.
    pub rejected: u32,
    /// Plans that passed after a repair.
    pub repaired: u32,
}

/// How the combination columns enter the model.
enum Switching<'a> {
    /// To be chosen, with a first guess and what leaving it costs, EUR.
    Free(Option<&'a Schedule>, f64),
    /// The near ones stand.
    Fixed(&'a Schedule),
}

impl Switching<'_> {
    const fn schedule(&self) -> Option<&Schedule> {
        match self {
            Self::Free(guess, _) => *guess,
            Self::Fixed(schedule) => Some(*schedule),
        }
    }
    const fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }
    /// Whether a step has one combination and no mixture.
    fn whole(&self, inputs: &Inputs<'_>, t: usize) -> bool {
        let start = inputs.forecast.steps[t].start;
        match self {
            Self::Free(..) => start < near_until(inputs),
            Self::Fixed(schedule) => start < schedule.near_until,
        }
    }
}

/// The end of the near part of the horizon.
fn near_until(inputs: &Inputs<'_>) -> Timestamp {
    site::time::add_seconds(inputs.estimate.now.utc, NEAR.as_secs_f64())
}

impl Planner {
    /// Forgets the standing combinations: the next call chooses anew.
    pub fn forget(&mut self) {
        self.chosen = None;
    }

    /// The plan for the horizon of `inputs.forecast`, and what was done to get it.
    ///
    /// # Errors
    /// When there is no plan: the caller goes down the ladder.
    pub fn optimise(&mut self, inputs: &Inputs<'_>) -> (Result<Plan, SolveError>, Work) {
        let mut work = Work::default();
        if !inputs.has_a_choice() {
            return (without_choice(inputs, &mut work), work);
        }
        let guess = self.guess(inputs);
        let standing = guess.as_ref().and_then(|schedule| {
            work.linear += 1;
            fixed(inputs, schedule, "").ok()
        });
        // Levels and demand have moved on: what stands has to pass every time.
        let fault = standing.as_ref().and_then(|plan| audit::fault(inputs, plan, &mut work));
        let (standing, due, fault) = self.audited(inputs, standing, fault);
        let result = match (due.or_else(|| self.due(inputs, standing.as_ref())), standing) {
            (None, Some(plan)) => Ok(self.keep(plan, "the standing pump combinations hold")),
            (reason, standing) => {
                let reason = reason.unwrap_or_else(|| "the last choice does not fit".into());
                self.choose_anew(inputs, (guess, standing), &reason, &mut work)
            }
        };
        // Without a new choice, what stood and failed must not come back as the last plan.
        let result = result.map_err(|error| fault.unwrap_or(error));
        (result, work)
    }

    /// The standing choice on the steps of the new horizon; none where it has run out.
    fn guess(&self, inputs: &Inputs<'_>) -> Option<Schedule> {
        let now = inputs.estimate.now.utc;
        let chosen = self.chosen.as_ref().filter(|chosen| chosen.schedule.near_until > now);
        chosen.and_then(|chosen| schedule::shifted(inputs, chosen))
    }

    /// What stands after its audit, why it has to be chosen anew, and the error if that fails. A
    /// wish that was given up a short while ago is not fought for in every cycle.
    fn audited(
        &self,
        inputs: &Inputs<'_>,
        standing: Option<Plan>,
        fault: Option<audit::Fault>,
    ) -> (Option<Plan>, Option<String>, Option<SolveError>) {
        let (Some(plan), Some(fault)) = (&standing, fault) else { return (standing, None, None) };
        let due = format!("the audit found: {fault}");
        let wish = matches!(fault, audit::Fault::Wish(_));
        let now = inputs.estimate.now.utc;
        let made_at = self.chosen.as_ref().map_or(now, |chosen| chosen.plan.switching_made_at);
        let recent = now.duration_since(made_at).unsigned_abs() < RETRY;
        match audit::admitted(plan.clone(), fault) {
            Ok(plan) => (Some(plan), Some(due).filter(|_| !(wish && recent)), None),
            Err(error) => (None, Some(due), Some(error)),
        }
    }

    fn choose_anew(
        &mut self,
        inputs: &Inputs<'_>,
        (guess, standing): (Option<Schedule>, Option<Plan>),
        reason: &str,
        work: &mut Work,
    ) -> Result<Plan, SolveError> {
        work.switching += 1;
        // What stands and breaks no promise is worth something; what breaks one is not.
        let loyal = standing.as_ref().is_some_and(|plan| plan.rung == Rung::Optimal);
        let threshold = if loyal { GAIN_MIN } else { 0.0 };
        let chosen = choose(inputs, guess.as_ref(), threshold, work);
        let chosen = chosen.and_then(|schedule| {
            work.linear += 1;
            audit::passed(inputs, (fixed(inputs, &schedule, reason)?, schedule), work)
        });
        match (chosen, standing) {
            (Ok((mut new, schedule)), _) => {
                if loyal && guess.as_ref().is_some_and(|guess| schedule::same(guess, &schedule)) {
                    new.why.switching =
                        format!("kept: no other choice would save {GAIN_MIN:.2} EUR ({reason})");
                }
                self.remember(inputs, &new, schedule);
                Ok(new)
            }
            (Err(error), Some(old)) => {
                Ok(self.keep(old, &format!("kept: no new choice was found ({error})")))
            }
            (Err(error), None) => Err(error),
        }
    }

    fn keep(&self, mut plan: Plan, words: &str) -> Plan {
        plan.why.switching = words.to_owned();
        if let Some(chosen) = &self.chosen {
            plan.switching_made_at = chosen.plan.switching_made_at;
        }
        plan
    }

    fn remember(&mut self, inputs: &Inputs<'_>, plan: &Plan, schedule: Schedule) {
        let mut plan = plan.clone();
        plan.switching_made_at = inputs.estimate.now.utc;
        self.chosen = Some(Chosen { plan, schedule });
        self.unavailable = unavailable(inputs);
    }

    /// Why pump combinations are to be chosen anew; none when they stand.
    fn due(&self, inputs: &Inputs<'_>, standing: Option<&Plan>) -> Option<String> {
        let now = inputs.estimate.now.utc;
        let Some(Chosen { plan: chosen, .. }) = &self.chosen else {
            return Some("there is no plan yet".into());
        };
        let age = now.duration_since(chosen.switching_made_at).unsigned_abs();
        if age >= inputs.site.pace.switching {
            return Some("it was time".into());
        }
        if !chosen.valid_at(now) {
            return Some("the last choice has expired".into());
        }
        let class = |at| inputs.site.tariff.price_at(at, inputs.site.calendar()).class;
        if class(now) != class(chosen.switching_made_at) {
            return Some(format!("the tariff changed to {}", class(now)));
        }
        let unavailable = unavailable(inputs);
        if unavailable != self.unavailable {
            let ids: Vec<&str> = unavailable.iter().map(AssetId::as_str).collect();
            return Some(match ids.as_slice() {
                [] => "all pumps are available again".into(),
                ids => format!("not available: {}", ids.join(", ")),
            });
        }
        let retry = age >= RETRY;
        let given_up =
            standing.filter(|_| retry).and_then(|plan| due::newly_given_up(plan, chosen));
        given_up.or_else(|| due::off_path(inputs, chosen))
    }
}

/// A site without anything to switch has nothing to choose: the linear program is the whole plan.
fn without_choice(inputs: &Inputs<'_>, work: &mut Work) -> Result<Plan, SolveError> {
    work.linear += 1;
    let mixes = vec![Vec::new(); inputs.forecast.steps.len()];
    let near_until = inputs.estimate.now.utc;
    let schedule = Schedule { mixes, used: Vec::new(), switched: Vec::new(), near_until };
    fixed(inputs, &schedule, "there is nothing to switch")
}

fn unavailable(inputs: &Inputs<'_>) -> BTreeSet<AssetId> {
    let pumps = inputs.site.pumps.iter().map(|pump| &pump.id);
    pumps.filter(|id| !inputs.commandable(id)).cloned().collect()
}

/// Chooses combinations: the mixed-integer program around the guess, and once more around what came
/// out when that moved the coming levels far.
fn choose(
    inputs: &Inputs<'_>,
    guess: Option<&Schedule>,
    threshold: f64,
    work: &mut Work,
) -> Result<Schedule, SolveError> {
    let limits = Limits::of_a_choice(inputs.site);
    let pass = |trajectory: &Trajectory, guess: Option<&Schedule>, work: &mut Work| {
        let switching = Switching::Free(guess, threshold);
        let mut problem = problem::build(inputs, trajectory, &switching);
        let solved = std::mem::take(&mut problem.model).solve(&limits)?;
        work.truncated |= solved.truncated;
        Ok(extract::schedule(inputs, &problem, &solved, &switching))
    };
    let before = Trajectory::follow(inputs, guess);
    let found = pass(&before, guess, work)?;
    let after = Trajectory::follow(inputs, Some(&found));
    if guess.is_some() && after.distance(&before, inputs) < PASS_TOLERANCE {
        return Ok(found);
    }
    // A threshold holds what stands, and that is the guess, not the first pass.
    pass(&after, guess.or(Some(&found)), work)
}

/// The linear program with the near combinations standing: cost, plan and prices.
fn fixed(inputs: &Inputs<'_>, schedule: &Schedule, words: &str) -> Result<Plan, SolveError> {
    let limits = Limits::of_a_program(inputs.site);
    let trajectory = Trajectory::follow(inputs, Some(schedule));
    let switching = Switching::Fixed(schedule);
    let mut problem = problem::build(inputs, &trajectory, &switching);
    let mut solved = std::mem::take(&mut problem.model).solve(&limits)?;
    let found = extract::schedule(inputs, &problem, &solved, &switching);
    extract::plan(inputs, &problem, &found, &mut solved, words)
}
