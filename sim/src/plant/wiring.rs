//! The low-voltage network of the plant: what everything that is connected comes to, as an AC power
//! flow in every step. Only a site that declares its network has one.

use site::units::{ApparentPower, Power, Ratio};
use site::{AssetId, Site};
use std::collections::BTreeMap;

use super::chance::{Chance, Wander};
use super::energy::Injection;
use super::truth::NetworkTruth;
use crate::electrical::{Flow, FlowError, Grid, Load};

/// Spread of the voltage above the transformer, as a share of the nominal one, and over how long it
/// is forgotten, in s: tap changers hold the medium voltage within about a percent.
const UPSTREAM_DEVIATION: f64 = 0.004;
const UPSTREAM_CORRELATION_S: f64 = 1800.0;

/// The network with its state at the end of a step.
#[derive(Debug)]
pub(super) struct Wiring {
    grid: Grid,
    /// Where each asset hangs; what is not named hangs on the busbar.
    places: BTreeMap<AssetId, usize>,
    /// The share of the buildings at each place.
    buildings: Vec<f64>,
    /// Voltage above the transformer when nothing strays, as a share of the nominal one.
    upstream: f64,
    strays: Wander,
    /// None when the voltage collapses under the load.
    flow: Option<Flow>,
    unsolved_steps: u64,
}

impl Wiring {
    /// The declared network of a site; none when it declares none.
    ///
    /// # Errors
    /// When its sections do not hang together or have no impedance.
    pub(super) fn new(site: &Site, seed: u64, step_s: f64) -> Result<Option<Self>, FlowError> {
        let Some(electrical) = &site.electrical else { return Ok(None) };
        let named = electrical.sections().flat_map(|(_, section)| &section.assets);
        let places = named.map(|id| (id.clone(), electrical.place_of(id))).collect();
        let placed: Vec<f64> = electrical.sections().map(|(_, one)| one.load.get()).collect();
        let rest = (1.0 - placed.iter().sum::<f64>()).max(0.0);
        let chance = Chance::new(seed, "voltage above the transformer");
        Ok(Some(Self {
            grid: Grid::new(electrical)?,
            places,
            buildings: std::iter::once(rest).chain(placed).collect(),
            upstream: electrical.upstream.get(),
            strays: Wander::new(chance, UPSTREAM_CORRELATION_S, step_s),
            flow: None,
            unsolved_steps: 0,
        }))
    }

    /// Solves the network for what is put upon it. A collapse is counted and has no state.
    pub(super) fn step(&mut self, injections: &[Injection]) {
        self.strays.step();
        let mut loads = vec![Load::default(); self.grid.places()];
        for one in injections {
            let (active_w, reactive_var) = (one.active.get(), one.reactive_var);
            match &one.asset {
                Some(id) => {
                    let place = self.places.get(id).copied().unwrap_or(0);
                    loads[place] += Load { active_w, reactive_var };
                }
                None => {
                    for (load, share) in loads.iter_mut().zip(&self.buildings) {
                        let (active_w, reactive_var) = (active_w * share, reactive_var * share);
                        *load += Load { active_w, reactive_var };
                    }
                }
            }
        }
        let upstream = self.upstream + UPSTREAM_DEVIATION * self.strays.now();
        self.flow = self.grid.solve(upstream, &loads).ok();
        self.unsolved_steps += u64::from(self.flow.is_none());
    }

    /// What cables turn to heat, W: the meter stands on the busbar, below the transformer.
    pub(super) fn cable_losses_w(&self) -> f64 {
        self.flow.as_ref().map_or(0.0, |flow| {
            flow.losses_w - flow.transformer.map_or(0.0, |transformer| transformer.loss_w)
        })
    }

    /// Voltage of the busbar, V, of one phase to neutral; none when it has collapsed.
    pub(super) fn busbar_v(&self) -> Option<f64> {
        self.flow.as_ref().map(|flow| flow.busbar_v / 3f64.sqrt())
    }

    /// Voltage where an asset hangs, V, of one phase to neutral; none when it has collapsed.
    pub(super) fn voltage_v(&self, asset: &AssetId) -> Option<f64> {
        let place = self.places.get(asset).copied().unwrap_or(0);
        let Some(node) = place.checked_sub(1) else { return self.busbar_v() };
        self.flow.as_ref().map(|flow| flow.nodes[node].voltage_v / 3f64.sqrt())
    }

    pub(super) fn truth(&self) -> NetworkTruth {
        let flow = self.flow.as_ref();
        let apparent = ApparentPower::new;
        let feeders = flow.map_or(&[][..], |flow| &flow.feeders);
        let nodes = flow.map_or(&[][..], |flow| &flow.nodes);
        let sections = flow.map_or(&[][..], |flow| &flow.sections);
        NetworkTruth {
            voltages: nodes
                .iter()
                .map(|node| (node.id.clone(), Ratio::new(node.voltage_ratio)))
                .collect(),
            sections: sections
                .iter()
                .filter_map(|section| Some((section.node.clone(), section.loading?)))
                .collect(),
            feeders: feeders
                .iter()
                .map(|feeder| (feeder.id.clone(), apparent(feeder.apparent_va)))
                .collect(),
            transformer: flow.and_then(|f| f.transformer).map(|t| apparent(t.apparent_va)),
            losses: Power::new(flow.map_or(0.0, |flow| flow.losses_w)),
            unsolved_steps: self.unsolved_steps,
        }
    }
}
