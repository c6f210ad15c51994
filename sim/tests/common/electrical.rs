//! Random low-voltage networks with random loads, by seed.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use regie_sim::electrical::Load;
use site::AssetId;
use site::electrical::{CableSection, Electrical, Feeder, Transformer};
use site::units::{ApparentPower, Current, Impedance, Length, Power, Ratio, Voltage};

/// Aluminium cables in use: resistance and reactance in ohm/km, and what they may carry in A.
const CABLES: [(f64, f64, f64); 5] = [
    (0.125, 0.080, 330.0),
    (0.206, 0.080, 250.0),
    (0.320, 0.082, 195.0),
    (0.443, 0.085, 160.0),
    (0.868, 0.090, 110.0),
];
/// Ratings of transformers in kVA with their losses at full load in W.
const TRANSFORMERS: [(f64, f64); 4] =
    [(100.0, 2150.0), (160.0, 2900.0), (250.0, 3250.0), (400.0, 4600.0)];

/// What hangs on a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Loads.
    Taking,
    /// More photovoltaics than load.
    Feeding,
    /// Some places take, others feed in.
    Mixed,
}

/// A network, its loads by place, and the voltage above it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) electrical: Electrical,
    pub(crate) loads: Vec<Load>,
    pub(crate) upstream: f64,
}

impl Case {
    /// A network of one to three feeders with 3 to 40 nodes in all, by seed.
    pub(crate) fn random(seed: u64, in_use: Use) -> Self {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let nodes = chance.random_range(3..=40);
        let feeders = chance.random_range(1..=3_usize);
        let electrical = network(&mut chance, nodes, feeders);
        let each = 60e3 / f64::from(nodes);
        let loads = (0..=nodes).map(|_| load(&mut chance, in_use, each)).collect();
        Self { electrical, loads, upstream: chance.random_range(0.97..1.04) }
    }

    /// All loads so many times as large.
    pub(crate) fn times(&self, factor: f64) -> Self {
        let times = |load: &Load| Load {
            active_w: load.active_w * factor,
            reactive_var: load.reactive_var * factor,
        };
        Self { loads: self.loads.iter().map(times).collect(), ..self.clone() }
    }
}

fn id(name: &str) -> AssetId {
    AssetId::new(name).expect("a name")
}

fn network(chance: &mut ChaCha8Rng, nodes: u32, feeders: usize) -> Electrical {
    let rating = TRANSFORMERS[chance.random_range(0..TRANSFORMERS.len())];
    let transformer = chance.random_bool(0.7).then(|| Transformer {
        rating: ApparentPower::new(rating.0 * 1e3),
        short_circuit: Ratio::new(chance.random_range(0.035..0.06)),
        load_loss: Power::new(rating.1),
    });
    let mut lists: Vec<Vec<CableSection>> = vec![Vec::new(); feeders];
    for node in 0..nodes {
        let sections = &mut lists[chance.random_range(0..feeders)];
        let from = match sections.len() {
            0 => None,
            // Mostly a line, with branches here and there.
            count if chance.random_bool(0.7) => Some(count - 1),
            count => Some(chance.random_range(0..count)),
        };
        let from = from.map(|at| sections[at].node.clone());
        sections.push(section(chance, from, &format!("n{node}")));
    }
    let feeder = |(at, sections): (usize, Vec<CableSection>)| Feeder {
        id: id(&format!("F{at}")),
        limit: Some(ApparentPower::new(100e3)),
        sections,
    };
    Electrical {
        nominal: Voltage::new(400.0),
        band: Ratio::new(0.1),
        upstream: Ratio::ONE,
        busbar_voltage: None,
        power_factor: Ratio::new(0.93),
        transformer,
        feeders: lists.into_iter().enumerate().map(feeder).collect(),
    }
}

fn section(chance: &mut ChaCha8Rng, from: Option<AssetId>, node: &str) -> CableSection {
    let (resistance, reactance, ampacity) = CABLES[chance.random_range(0..CABLES.len())];
    CableSection {
        node: id(node),
        from,
        length: Length::new(chance.random_range(5.0..120.0)),
        resistance: Impedance::new(resistance),
        reactance: Impedance::new(reactance),
        ampacity: Some(Current::new(ampacity)),
        assets: Vec::new(),
        load: Ratio::ZERO,
    }
}

fn load(chance: &mut ChaCha8Rng, in_use: Use, each: f64) -> Load {
    let taken = each * chance.random_range(0.0..2.0);
    let feeds = match in_use {
        Use::Taking => false,
        Use::Feeding => chance.random_bool(0.8),
        Use::Mixed => chance.random_bool(0.4),
    };
    // Inverters feed in at a power factor of nearly one, on either side.
    let tan_phi =
        if feeds { chance.random_range(-0.1..0.1) } else { chance.random_range(0.0..0.5) };
    let active_w = if feeds { -1.5 * taken } else { taken };
    Load { active_w, reactive_var: tan_phi * active_w.abs() }
}
