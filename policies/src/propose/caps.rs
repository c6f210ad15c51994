//! The caps at the point of common coupling, held at every look: what the wishes of all assets
//! together would import or export, against what is allowed. Batteries give first, because nobody
//! misses it; then chargers share what is left, down to a pause; then loads that may wait stop.
//! Pumps follow the plan, which is made within the limits. The cap of inverters is in
//! `rules::export`.

use super::Circumstances;
use crate::rules::Cap;
use site::asset::{Battery, Charger};
use site::command::{Authority, Proposal, Setpoint};
use site::external::Direction;
use site::plan::Draw;
use site::units::{Current, Power};
use site::{AssetId, Site, Snapshot};
use std::collections::BTreeMap;

/// Proposals that narrow the wishes to the caps; none where they are within them.
pub(super) fn narrow(
    site: &Site,
    snapshot: &Snapshot,
    known: &Circumstances,
    wishes: &[Proposal],
) -> Vec<Proposal> {
    let cap = |direction| Cap::at(site, &known.limits, direction, snapshot.now.utc);
    let (import, export) = (cap(Direction::Import), cap(Direction::Export));
    if import.is_none() && export.is_none() {
        return Vec::new();
    }
    let mut scene = Scene::new(site, snapshot, known, wishes);
    let Some(predicted) = scene.predicted() else {
        return import.map_or(Vec::new(), |cap| scene.blind(cap));
    };
    if let Some(cap) = import.filter(|cap| predicted > cap.aim()) {
        scene.import(cap, predicted);
    } else if let Some(cap) = export.filter(|cap| -predicted > cap.aim()) {
        scene.export(cap, predicted);
    }
    scene.narrowed
}

struct Scene<'a> {
    site: &'a Site,
    snapshot: &'a Snapshot,
    known: &'a Circumstances,
    /// The wish that counts for each asset.
    wishes: BTreeMap<&'a AssetId, Setpoint>,
    narrowed: Vec<Proposal>,
}

impl<'a> Scene<'a> {
    fn new(
        site: &'a Site,
        snapshot: &'a Snapshot,
        known: &'a Circumstances,
        proposals: &'a [Proposal],
    ) -> Self {
        let wishes = proposals.iter().map(|wish| (&wish.asset, wish.setpoint)).collect();
        Self { site, snapshot, known, wishes, narrowed: Vec::new() }
    }

    fn measured(&self, point: &site::PointId) -> Option<f64> {
        self.snapshot.number(point)
    }

    /// What a battery is wished to take, and takes, W.
    fn of_battery(&self, battery: &Battery) -> Option<(f64, f64)> {
        let Setpoint::Power(wish) = *self.wishes.get(&battery.id)? else { return None };
        Some((wish.get(), self.measured(&battery.points.power)?))
    }

    /// What a charger's vehicle would take when its wish is granted, and takes, W.
    fn of_charger(&self, charger: &Charger) -> Option<(f64, f64)> {
        let Setpoint::Charge(wish) = *self.wishes.get(&charger.id)? else { return None };
        let takes = self.measured(&charger.points.power)?;
        let set = Current::new(self.measured(&charger.points.current)?.max(0.0));
        let (wish, set) = (charger.power_at(wish).get(), charger.power_at(set).get());
        // A vehicle may take less than it is offered; what is offered more, it may take.
        Some((if wish <= set { takes.min(wish) } else { takes + wish - set }, takes))
    }

    /// What a load that may wait would take, and takes, W.
    fn of_load(&self, load: &site::asset::Shiftable) -> Option<(f64, f64)> {
        let running = self.snapshot.flag(&load.points.running)?;
        let metered = load.points.power.as_ref().and_then(|point| self.measured(point));
        let takes = if running { metered.unwrap_or(load.rated_power.get()) } else { 0.0 };
        match *self.wishes.get(&load.id)? {
            Setpoint::Run if running => Some((takes, takes)),
            Setpoint::Run => Some((load.rated_power.get(), takes)),
            Setpoint::Stop => Some((0.0, takes)),
            _ => None,
        }
    }

    /// Import when every wish is granted, W; none without the meter.
    fn predicted(&self) -> Option<f64> {
        let site = self.site;
        let batteries = site.batteries.iter().filter_map(|battery| self.of_battery(battery));
        let chargers = site.chargers.iter().filter_map(|charger| self.of_charger(charger));
        let loads = site.shiftable.iter().filter_map(|load| self.of_load(load));
        let change = batteries.chain(chargers).chain(loads).map(|(wish, now)| wish - now);
        Some(self.measured(&site.grid.power)? + change.sum::<f64>())
    }

    fn import(&mut self, cap: Cap, predicted: f64) {
        let why = Why { cap, direction: Direction::Import, predicted };
        let mut excess = predicted - cap.aim();
        for battery in &self.site.batteries {
            let Some((wish, _)) = self.of_battery(battery) else { continue };
            let charge = self.measured(&battery.points.charge);
            let gives = charge.is_some_and(|percent| percent > battery.charge_low.percent());
            let least = if gives { -battery.discharge_power.get() } else { wish.min(0.0) };
            let by = excess.min(wish - least).max(0.0);
            self.push(&battery.id, Setpoint::Power(Power::new(wish - by)), by > 0.0, why);
            excess -= by;
        }
        excess -= self.share(excess, why);
        for load in &self.site.shiftable {
            let Some((wish, _)) = self.of_load(load).filter(|_| excess > 0.0) else { continue };
            self.push(&load.id, Setpoint::Stop, wish > 0.0, why);
            excess -= wish;
        }
    }

    /// Takes an excess away from the chargers; how much of it. Who leaves first keeps longest.
    fn share(&mut self, excess: f64, why: Why) -> f64 {
        if excess <= 0.0 {
            return 0.0;
        }
        let chargers = self.site.chargers.iter().filter_map(|charger| {
            let (wish, _) = self.of_charger(charger)?;
            (wish > 0.0).then_some((charger, wish))
        });
        let mut asking: Vec<(&Charger, f64)> = chargers.collect();
        let leaves = |charger: &Charger| self.known.sessions.get(&charger.id).map(|s| s.departure);
        asking.sort_by_key(|(charger, _)| (leaves(charger).is_none(), leaves(charger)));
        let all: f64 = asking.iter().map(|(_, wish)| wish).sum();
        let room = (all - excess).max(0.0);
        let mut charging = asking.len();
        let granted = loop {
            let granted = fill(&asking[..charging], room);
            // A vehicle with fewer phases than its charger takes less than the charger's least.
            let least = |(charger, wish): &(&Charger, f64)| charger.min_power().get().min(*wish);
            let enough = asking.iter().zip(&granted).all(|(one, share)| *share >= least(one));
            if enough {
                break granted;
            }
            charging -= 1;
        };
        for (place, (charger, wish)) in asking.iter().enumerate() {
            let share = granted.get(place).copied();
            let whole = share.is_some_and(|share| share >= *wish);
            let current = share.map_or(Current::ZERO, |share| {
                // A cap holds whatever the vehicle is: as if it took all phases.
                let all_phases = Draw::unseen(charger);
                let amperes = all_phases.current_for(Power::new(share)).get().floor();
                Current::new(amperes).max(charger.min_current).min(charger.max_current)
            });
            self.push(&charger.id, Setpoint::Charge(current), !whole, why);
        }
        all - granted.iter().sum::<f64>()
    }

    fn export(&mut self, cap: Cap, predicted: f64) {
        let why = Why { cap, direction: Direction::Export, predicted };
        let mut excess = -predicted - cap.aim();
        for battery in &self.site.batteries {
            let Some((wish, _)) = self.of_battery(battery) else { continue };
            let charge = self.measured(&battery.points.charge);
            let takes = charge.is_some_and(|percent| percent < battery.charge_high.percent());
            let most = if takes { battery.charge_power.get() } else { wish.max(0.0) };
            let by = excess.min(most - wish).max(0.0);
            self.push(&battery.id, Setpoint::Power(Power::new(wish + by)), by > 0.0, why);
            excess -= by;
        }
    }

    /// Without the meter nobody knows how much room there is: batteries do not charge, vehicles get
    /// the least current.
    fn blind(mut self, cap: Cap) -> Vec<Proposal> {
        let words = "the meter at the grid is not good, and import is limited";
        let mut narrowed = Vec::new();
        for (&asset, &wish) in &self.wishes {
            let setpoint = match wish {
                Setpoint::Power(power) if power > Power::ZERO => Setpoint::Power(Power::ZERO),
                Setpoint::Charge(current) => {
                    let charger = self.site.chargers.iter().find(|c| &c.id == asset);
                    match charger.map(|charger| charger.min_current) {
                        Some(least) if least < current => Setpoint::Charge(least),
                        _ => continue,
                    }
                }
                _ => continue,
            };
            let (asset, authority) = (asset.clone(), cap.authority);
            let why = format!("{words}: {setpoint}");
            narrowed.push(Proposal { asset, setpoint, authority, why });
        }
        self.narrowed.append(&mut narrowed);
        self.narrowed
    }

    fn push(&mut self, asset: &AssetId, setpoint: Setpoint, changed: bool, why: Why) {
        if !changed || self.wishes.get(asset) == Some(&setpoint) {
            return;
        }
        let why_words = format!("{}: {setpoint}", why.words());
        let (asset, authority) = (asset.clone(), why.cap.authority);
        self.narrowed.push(Proposal { asset, setpoint, authority, why: why_words });
    }
}

/// Equal shares of a room, none above its wish, W.
fn fill(asking: &[(&Charger, f64)], room: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..asking.len()).collect();
    order.sort_by(|&a, &b| asking[a].1.total_cmp(&asking[b].1));
    let mut granted = vec![0.0; asking.len()];
    let (mut left, mut others) = (room, asking.len());
    for place in order {
        let share = asking[place].1.min(left / others.max(1) as f64);
        granted[place] = share;
        (left, others) = (left - share, others - 1);
    }
    granted
}

#[derive(Clone, Copy)]
struct Why {
    cap: Cap,
    direction: Direction,
    predicted: f64,
}

impl Why {
    fn words(self) -> String {
        let (word, allowed) = (self.direction.word(), self.cap.power.kw());
        let would = self.predicted.abs() / 1e3;
        let whose = match self.cap.authority {
            Authority::External => "ordered from outside",
            _ => "what the connection bears",
        };
        format!("{word} would be {would:.1} kW, and {allowed:.1} kW is {whose}")
    }
}
