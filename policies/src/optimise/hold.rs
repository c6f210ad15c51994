//! What is held fast for a while: the question behind "what would it cost to keep P2 off until
//! six?"

use super::Inputs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::asset::Battery;
use site::plan::{Plan, Step};
use site::units::{Power, Ratio};
use std::time::Duration;

/// How an asset is held.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It does not run, charge or give.
    Off,
    /// It runs: pumps and loads that are on or off.
    On,
    /// A battery takes this power (or gives, when negative); others take at most this.
    Power(Power),
}

impl Held {
    /// In words, as they are typed.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Off => "off".to_owned(),
            Self::On => "on".to_owned(),
            Self::Power(power) => format!("at {:.1} kW", power.kw()),
        }
    }
}

/// One asset held until an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Which.
    pub asset: AssetId,
    /// How.
    pub held: Held,
    /// First instant at which it is free again.
    pub until: Timestamp,
}

impl Inputs<'_> {
    fn held(&self, asset: &AssetId, at: Timestamp) -> Option<Held> {
        let hold = self.holds.iter().find(|hold| &hold.asset == asset && at < hold.until);
        hold.map(|hold| hold.held)
    }

    /// The power at which an asset is held in a step, kW; none when it is free.
    pub(super) fn held_power(&self, asset: &AssetId, step: &Step) -> Option<f64> {
        self.held(asset, step.start).map(|held| match held {
            Held::Off => 0.0,
            Held::On => f64::MAX,
            Held::Power(power) => power.kw(),
        })
    }

    /// The power at which a battery is held in each step, kW, as far as its energy allows between
    /// the lowest and the highest state of charge; none where it is free. `charge` is what it has
    /// now.
    pub(super) fn held_course(&self, battery: &Battery, charge: Ratio) -> Vec<Option<f64>> {
        let whole = battery.capacity.kwh();
        let (low, high) = (battery.charge_low.get() * whole, battery.charge_high.get() * whole);
        let takes = if self.may_draw(&battery.id) { battery.charge_power.kw() } else { 0.0 };
        let mut energy = charge.get().clamp(0.0, 1.0) * whole;
        let power = |step: &Step| {
            let wanted = self.held_power(&battery.id, step)?;
            let (hours, one_way) = (step.hours(), battery.one_way());
            let most = ((high - energy).max(0.0) / (one_way * hours)).min(takes);
            let least =
                (one_way * (energy - low).max(0.0) / hours).min(battery.discharge_power.kw());
            let kw = wanted.max(-least).min(most);
            energy += hours * (kw.max(0.0) * one_way + kw.min(0.0) / one_way);
            Some(kw)
        };
        self.forecast.steps.iter().map(power).collect()
    }

    /// Whether a pump is held running or stopped some time after now; none when it is free.
    pub(super) fn held_on(&self, asset: &AssetId, offset: Duration) -> Option<bool> {
        let at = site::time::add_seconds(self.estimate.now.utc, offset.as_secs_f64());
        self.held(asset, at).map(|held| match held {
            Held::Off => false,
            Held::On => true,
            Held::Power(power) => power > Power::ZERO,
        })
    }
}

/// Powers closer than this are the same, kW; shares closer than a thousandth.
pub(super) const SAME_KW: f64 = 0.05;
const SAME_SHARE: f64 = 1e-3;

impl Inputs<'_> {
    /// Whether a plan holds an asset as asked (these inputs hold it) without being told to.
    pub(super) fn holds_so(&self, hold: &Hold, plan: &Plan) -> bool {
        let id = &hold.asset;
        let held: Vec<usize> =
            (0..plan.steps.len()).filter(|&t| plan.steps[t].start < hold.until).collect();
        let all = |test: &dyn Fn(usize) -> Option<bool>| {
            held.iter().all(|&t| test(t).is_some_and(|holds| holds))
        };
        let near = |a: f64, b: f64| (a - b).abs() < SAME_KW;
        if let Some(shares) = plan.pumps.get(id).or_else(|| plan.switched.get(id)) {
            let wanted = if hold.held == Held::Off { 0.0 } else { 1.0 };
            all(&|t| Some((shares.get(t)?.get() - wanted).abs() < SAME_SHARE))
        } else if let Some(battery) = self.site.batteries.iter().find(|b| &b.id == id) {
            let state = self.estimate.batteries.get(id).and_then(|state| state.charge);
            let Some(charge) = state else { return false };
            let course = self.held_course(battery, charge.value);
            all(&|t| Some(near(plan.power.get(id)?.get(t)?.kw(), course.get(t).copied()??)))
        } else if let Some(power) = plan.power.get(id) {
            let most = match hold.held {
                Held::Off => 0.0,
                Held::On => return false,
                Held::Power(most) => most.kw(),
            };
            all(&|t| Some(power.get(t)?.kw() < most + SAME_KW))
        } else if let Some(pv) = self.forecast.pv.get(id) {
            let dark = |t: usize| Some(pv.get(t)?.kw() < SAME_KW);
            all(&|t| match hold.held {
                Held::Off => dark(t),
                Held::On => Some(plan.limits.get(id)?.get(t)?.is_none()),
                Held::Power(most) => Some(pv.get(t)?.kw() < most.kw() + SAME_KW),
            })
        } else {
            self.lit_so(id, plan, &held)
        }
    }

    fn lit_so(&self, id: &AssetId, plan: &Plan, held: &[usize]) -> bool {
        let Some(lighting) = self.site.lighting.iter().find(|l| &l.id == id) else { return false };
        let same = |&t: &usize| {
            let wanted = self.held_power(id, &plan.steps[t])? / lighting.rated_power.kw();
            let window = self.forecast.lighting.get(id)?.get(t)?;
            let wanted = wanted.max(window.may_dim_to.get()).min(window.level.get());
            Some((plan.lighting.get(id)?.get(t)?.get() - wanted).abs() < SAME_SHARE)
        };
        held.iter().all(|t| same(t).is_some_and(|same| same))
    }
}
