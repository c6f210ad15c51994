//! Reads out of EPANET what a network consists of.

use std::path::Path;

use epanet::types::CountType;
use epanet::types::link::{LinkProperty, LinkType};
use epanet::types::node::{NodeProperty, NodeType};
use epanet::types::options::{Option as EngineOption, TimeParameter};

use super::{Engine, refused};
use crate::HydraulicsError;
use crate::network::{
    DemandCategory, Description, Efficiency, EnergyPrice, Junction, Pattern, Pump, PumpKind,
    Reservoir, Times,
};
use crate::stations::{self, Pipe};
use crate::tank::{Shape, Tank};
use crate::units::HORSEPOWER_W;
use crate::zones::{self, Joint};

type Described<T> = Result<T, HydraulicsError>;

/// Opens a file once, reads out what it holds and checks that its hydraulics can be opened.
pub(crate) fn describe(path: &Path, text: &[u8]) -> Described<Description> {
    let mut engine = Engine::open(path, text)?;
    let patterns = engine.patterns()?;
    let mut junctions = Vec::new();
    let mut tanks = Vec::new();
    let mut reservoirs = Vec::new();
    for index in 1..=engine.count(CountType::NodeCount)? {
        let kind = engine.project.get_node_type(index).map_err(refused("reading a node"))?;
        match kind {
            NodeType::Tank => tanks.push(engine.tank(index)?),
            NodeType::Reservoir => reservoirs.push(engine.reservoir(index, &patterns)?),
            _ => junctions.push(engine.junction(index, &patterns)?),
        }
    }
    let (pumps, pipes, valves) = engine.links()?;
    let unsuitable = |what| HydraulicsError::Unsuitable { path: path.to_owned(), what };
    tanks.iter().try_for_each(Tank::check).map_err(unsuitable)?;
    check_numbers(&pumps, &reservoirs, &junctions).map_err(unsuitable)?;
    let taken = |junction: &Junction| junction.has_demand.then_some(junction.index);
    let demands = junctions.iter().filter_map(taken);
    let stored = tanks.iter().map(|tank| tank.index);
    let fixed: Vec<i32> =
        demands.chain(stored).chain(reservoirs.iter().map(|source| source.index)).collect();
    let controls = engine.count(CountType::ControlCount)? + engine.count(CountType::RuleCount)?;
    let description = Description {
        title: engine.project.get_title().map_err(refused("reading the title"))?,
        stations: stations::group(&pumps, &pipes, &fixed),
        zones: zones::divide(&engine.joints()?, &pumps, &tanks, &reservoirs, &junctions),
        times: engine.times()?,
        controls: usize::try_from(controls).unwrap_or(0),
        demand_charge_per_kw: engine.demand_charge()?,
        pipes: pipes.len(),
        pumps,
        tanks,
        reservoirs,
        junctions,
        patterns,
        valves,
    };
    engine.try_start(path, text)?;
    Ok(description)
}

impl Engine {
    pub(super) fn count(&self, kind: CountType) -> Described<i32> {
        self.project.get_count(kind).map_err(refused("counting the network's elements"))
    }

    fn node(&self, index: i32, property: NodeProperty) -> Described<f64> {
        self.project.get_node_value(index, property).map_err(refused("reading a node"))
    }

    fn link(&self, index: i32, property: LinkProperty) -> Described<f64> {
        self.project.get_link_value(index, property).map_err(refused("reading a link"))
    }

    fn node_id(&self, index: i32) -> Described<String> {
        self.project.get_node_id(index).map_err(refused("reading a node's name"))
    }

    pub(super) fn option(&self, option: EngineOption) -> Described<f64> {
        self.project.get_option(option).map_err(refused("reading an option"))
    }

    fn patterns(&self) -> Described<Vec<Pattern>> {
        let read = |index| -> epanet::epanet_error::Result<Pattern> {
            let id = self.project.get_pattern_id(index)?;
            let count = self.project.get_pattern_length(index)?;
            let value = |period| self.project.get_pattern_value(index, period);
            Ok(Pattern { id, multipliers: (1..=count).map(value).collect::<Result<_, _>>()? })
        };
        let count = self.count(CountType::PatternCount)?;
        (1..=count).map(read).collect::<Result<_, _>>().map_err(refused("reading the patterns"))
    }

    fn times(&self) -> Described<Times> {
        let read = |parameter| -> Described<u32> {
            let value = self.project.get_time_parameter(parameter);
            Ok(u32::try_from(value.map_err(refused("reading the times"))?).unwrap_or(0))
        };
        Ok(Times {
            pattern_step_s: read(TimeParameter::PatternStep)?.max(1),
            pattern_start_s: read(TimeParameter::PatternStart)?,
            clock_start_s: read(TimeParameter::StartTime)?,
            hydraulic_step_s: read(TimeParameter::HydStep)?,
            duration_s: read(TimeParameter::Duration)?,
        })
    }

    fn tank(&self, index: i32) -> Described<Tank> {
        let length = self.units.length_m;
        let curve = whole(self.node(index, NodeProperty::VolCurve)?);
        let mut level_min_file = tidy(self.node(index, NodeProperty::MinLevel)?);
        let mut level_max_file = tidy(self.node(index, NodeProperty::MaxLevel)?);
        let shape = if curve > 0 {
            let points = self.curve(curve, length, self.units.volume_m3)?.1;
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                // EPANET's rounding must not put a limit beyond the end of the curve.
                level_min_file = level_min_file.max(first.0 / length);
                level_max_file = level_max_file.min(last.0 / length);
            }
            Shape::Curve(points)
        } else {
            let diameter_m = self.node(index, NodeProperty::TankDiam)? * length;
            Shape::Cylinder {
                area_m2: std::f64::consts::PI * diameter_m * diameter_m / 4.0,
                volume_min_m3: self.node(index, NodeProperty::MinVolume)? * self.units.volume_m3,
            }
        };
        Ok(Tank {
            id: self.node_id(index)?,
            elevation_m: self.node(index, NodeProperty::Elevation)? * length,
            level_min_m: level_min_file * length,
            level_max_m: level_max_file * length,
            level_initial_m: tidy(self.node(index, NodeProperty::TankLevel)?) * length,
            can_overflow: self.node(index, NodeProperty::CanOverflow)? > 0.5,
            shape,
            index,
            level_min_file,
            level_max_file,
        })
    }

    fn reservoir(&self, index: i32, patterns: &[Pattern]) -> Described<Reservoir> {
        let pattern = pattern_index(self.node(index, NodeProperty::Pattern)?);
        let mean = pattern.and_then(|index| patterns.get(index)).map_or(1.0, Pattern::mean);
        let base_head_m = self.node(index, NodeProperty::Elevation)? * self.units.length_m;
        let head_m = base_head_m * mean;
        Ok(Reservoir { id: self.node_id(index)?, head_m, base_head_m, pattern, index })
    }

    fn junction(&self, index: i32, patterns: &[Pattern]) -> Described<Junction> {
        let multiplier = self.option(EngineOption::DemandMult)? * self.units.flow_m3s;
        let default = pattern_index(self.option(EngineOption::DemandPattern)?);
        let doing = || refused("reading a junction's demand");
        let count = self.project.get_demand_count(index).map_err(doing())?;
        let mut demands = Vec::new();
        for category in 1..=count {
            let base = self.project.get_base_demand(index, category).map_err(doing())?;
            let own = self.project.get_demand_pattern(index, category).map_err(doing())?;
            let pattern = usize::try_from(own - 1).ok().or(default);
            demands.push(DemandCategory { base_m3s: base * multiplier, pattern });
        }
        let mean = |demand: &DemandCategory| {
            let pattern = demand.pattern.and_then(|index| patterns.get(index));
            demand.base_m3s * pattern.map_or(1.0, Pattern::mean)
        };
        let base_demand_m3s: f64 = demands.iter().map(|demand| demand.base_m3s).sum();
        Ok(Junction {
            id: self.node_id(index)?,
            elevation_m: self.node(index, NodeProperty::Elevation)? * self.units.length_m,
            base_demand_m3s,
            mean_demand_m3s: demands.iter().map(mean).sum(),
            has_demand: demands.iter().any(|demand| demand.base_m3s > 0.0),
            demands,
            index,
        })
    }

    /// The pumps, the pipes, and how many valves there are.
    fn links(&self) -> Described<(Vec<Pump>, Vec<Pipe>, usize)> {
        let mut pumps = Vec::new();
        let mut pipes = Vec::new();
        let mut valves = 0;
        for index in 1..=self.count(CountType::LinkCount)? {
            let kind = self.project.get_link_type(index).map_err(refused("reading a link"))?;
            match kind {
                LinkType::Pump => pumps.push(self.pump(index)?),
                LinkType::Pipe | LinkType::CvPipe => {
                    pipes.push(self.pipe(index, kind == LinkType::CvPipe)?);
                }
                _ => valves += 1,
            }
        }
        Ok((pumps, pipes, valves))
    }

    /// Every link through which water may flow: a pipe that the file holds closed stays closed.
    fn joints(&self) -> Described<Vec<Joint>> {
        let mut joints = Vec::new();
        for index in 1..=self.count(CountType::LinkCount)? {
            let kind = self.project.get_link_type(index).map_err(refused("reading a link"))?;
            let ends = self.project.get_link_nodes(index).map_err(refused("reading a link"))?;
            let open = self.link(index, LinkProperty::InitStatus)? > 0.5;
            if kind != LinkType::Pipe || open {
                joints.push(Joint { index, ends });
            }
        }
        Ok(joints)
    }

    fn pipe(&self, index: i32, check_valve: bool) -> Described<Pipe> {
        Ok(Pipe {
            ends: self.project.get_link_nodes(index).map_err(refused("reading a pipe"))?,
            length_m: self.link(index, LinkProperty::Length)? * self.units.length_m,
            diameter_m: self.link(index, LinkProperty::Diameter)? * self.units.diameter_m,
            roughness: self.link(index, LinkProperty::Roughness)?,
            minor_loss: self.link(index, LinkProperty::MinorLoss)?,
            open: self.link(index, LinkProperty::InitStatus)? > 0.5,
            check_valve,
        })
    }

    fn pump(&self, index: i32) -> Described<Pump> {
        let ends = self.project.get_link_nodes(index).map_err(refused("reading a pump"))?;
        let id = self.project.get_link_id(index).map_err(refused("reading a pump"))?;
        let head_curve = whole(self.link(index, LinkProperty::PumpHCurve)?);
        let kind = if head_curve > 0 {
            let (curve, points) =
                self.curve(head_curve, self.units.flow_m3s, self.units.length_m)?;
            PumpKind::HeadCurve { curve, points }
        } else {
            // Given in horsepower after loading, whatever the file's units; see `prepare`.
            let power = self.link(index, LinkProperty::PumpPower)?;
            PumpKind::ConstantPower { power_w: power * HORSEPOWER_W }
        };
        let efficiency_curve = whole(self.link(index, LinkProperty::PumpECurve)?);
        let efficiency = if efficiency_curve > 0 {
            let (curve, points) = self.curve(efficiency_curve, self.units.flow_m3s, 0.01)?;
            Efficiency::Curve { curve, points }
        } else {
            Efficiency::Constant(self.option(EngineOption::GlobalEffic)? / 100.0)
        };
        let speed = self.link(index, LinkProperty::InitSetting)?;
        let (from, to) = (self.node_id(ends.0)?, self.node_id(ends.1)?);
        let nominal_speed = if speed > 0.0 { speed } else { 1.0 };
        let controlled = self.link(index, LinkProperty::LinkInControl)? > 0.5;
        Ok(Pump {
            id,
            from,
            to,
            kind,
            nominal_speed,
            speed_pattern: pattern_index(self.link(index, LinkProperty::LinkPattern)?),
            initially_on: speed > 0.0 && self.link(index, LinkProperty::InitStatus)? > 0.5,
            controlled,
            efficiency,
            price: self.price(index)?,
            index,
            ends,
        })
    }

    /// As EPANET has it: the pump's own price and pattern come before the global ones.
    fn price(&self, index: i32) -> Described<Option<EnergyPrice>> {
        let own = self.link(index, LinkProperty::PumpECost)?;
        let per_kwh = if own > 0.0 { own } else { self.option(EngineOption::GlobalPrice)? };
        let own = pattern_index(self.link(index, LinkProperty::PumpEPat)?);
        let global = pattern_index(self.option(EngineOption::GlobalPattern)?);
        Ok((per_kwh > 0.0).then_some(EnergyPrice { per_kwh, pattern: own.or(global) }))
    }

    /// Nothing where the file has none, which EPANET writes as 0.
    fn demand_charge(&self) -> Described<Option<f64>> {
        let per_kw = self.option(EngineOption::DemandCharge)?;
        Ok(Some(per_kw).filter(|per_kw| per_kw.is_finite() && *per_kw > 0.0))
    }

    /// A curve's name, and its points in the units given.
    fn curve(&self, index: i32, x: f64, y: f64) -> Described<(String, Vec<(f64, f64)>)> {
        let doing = || refused("reading a curve");
        let id = self.project.get_curve_id(index).map_err(doing())?;
        let points = self.project.get_curve_points(index).map_err(doing())?;
        Ok((id, points.into_iter().map(|(a, b)| (a * x, b * y)).collect()))
    }
}

/// EPANET reads "nan" and "inf" as numbers; they stop here.
fn check_numbers(
    pumps: &[Pump],
    reservoirs: &[Reservoir],
    junctions: &[Junction],
) -> Result<(), String> {
    let check = |what: &str, id: &str, numbers: &[f64]| {
        let finite = numbers.iter().all(|number| number.is_finite());
        if finite { Ok(()) } else { Err(format!("{what} {id} has a value that is not a number")) }
    };
    for reservoir in reservoirs {
        check("reservoir", &reservoir.id, &[reservoir.head_m])?;
    }
    for junction in junctions {
        let demands = [junction.base_demand_m3s, junction.mean_demand_m3s];
        check("junction", &junction.id, &[junction.elevation_m, demands[0], demands[1]])?;
    }
    for pump in pumps {
        let flat = |points: &[(f64, f64)]| points.iter().flat_map(|&(x, y)| [x, y]).collect();
        let lift: Vec<f64> = match &pump.kind {
            PumpKind::HeadCurve { points, .. } => flat(points),
            PumpKind::ConstantPower { power_w } => vec![*power_w],
        };
        let efficiency: Vec<f64> = match &pump.efficiency {
            Efficiency::Curve { points, .. } => flat(points),
            Efficiency::Constant(share) => vec![*share],
        };
        let price = pump.price.as_ref().map_or(0.0, |price| price.per_kwh);
        check("pump", &pump.id, &[&lift[..], &efficiency, &[pump.nominal_speed, price]].concat())?;
    }
    Ok(())
}

/// A level as the file has it: EPANET keeps levels as heads in feet and gives back 4.4999999999999.
fn tidy(level: f64) -> f64 {
    (level * 1e9).round() / 1e9
}

/// A count or an index that EPANET hands over as a floating-point number.
#[expect(clippy::cast_possible_truncation, reason = "EPANET stores these as 32-bit integers")]
fn whole(number: f64) -> i32 {
    number.round() as i32
}

/// The place in the list of patterns of an EPANET pattern number; 0 means no pattern.
fn pattern_index(number: f64) -> Option<usize> {
    usize::try_from(whole(number) - 1).ok()
}
