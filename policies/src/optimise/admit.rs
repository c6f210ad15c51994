//! Which holds can be asked for, and what becomes of them: what no plan could ever do is refused
//! in words before anything is solved.

use super::Inputs;
use super::hold::{Held, Hold, SAME_KW};
use super::switched::{self, Load};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::AssetId;
use site::asset::{Battery, Charger, Inverter, Lighting, Mode, Pump};
use site::units::Power;
use std::time::Duration;

/// Why a hold cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum HoldError {
    /// The site has no such asset, or one of a kind that nobody commands.
    #[error("{asset} cannot be held: {why}")]
    Unknown {
        /// As asked.
        asset: AssetId,
        /// What it is instead.
        why: String,
        /// What can be held.
        known: Vec<AssetId>,
    },
    /// The asset cannot be held in this way, or not now.
    #[error("{asset} cannot be held {held}: {why}")]
    Unable {
        /// Which.
        asset: AssetId,
        /// How, in words.
        held: String,
        /// Why not.
        why: String,
    },
    /// The hold ends before it begins.
    #[error("the hold ends at {until}, and it is {now} already")]
    Past {
        /// When it ends, in local time.
        until: String,
        /// When that is asked, in local time.
        now: String,
    },
    /// The plan does not reach so far.
    #[error("the hold ends at {until}, and the plan reaches to {end} only")]
    Beyond {
        /// When it ends, in local time.
        until: String,
        /// Where the plan ends, in local time.
        end: String,
    },
}

/// Checks one hold; what has to be said of it beforehand.
///
/// # Errors
/// When it cannot be asked for.
pub(super) fn admit(inputs: &Inputs<'_>, hold: &Hold) -> Result<Vec<String>, HoldError> {
    let (now, site) = (inputs.estimate.now.utc, inputs.site);
    let end = inputs.forecast.steps.last().map_or(now, |step| step.end);
    let is = |id: &AssetId| id == &hold.asset;
    let noted = if let Some(pump) = site.pump(&hold.asset) {
        pump_held(inputs, pump, hold)
    } else if let Some(battery) = site.batteries.iter().find(|battery| is(&battery.id)) {
        battery_held(inputs, battery, hold)
    } else if let Some(load) = switched::loads(inputs).find(|load| is(load.id)) {
        load_held(inputs, load, hold)
    } else if let Some(charger) = site.chargers.iter().find(|charger| is(&charger.id)) {
        charger_held(inputs, charger, hold)
    } else if let Some(inverter) = site.inverters.iter().find(|inverter| is(&inverter.id)) {
        inverter_held(inputs, inverter, hold)
    } else if let Some(lighting) = site.lighting.iter().find(|lighting| is(&lighting.id)) {
        lighting_held(inputs, lighting, hold)
    } else {
        return Err(unknown(inputs, hold));
    };
    let notes = noted.map_err(|why| {
        let held = hold.held.words();
        HoldError::Unable { asset: hold.asset.clone(), held, why }
    })?;
    let [until, now_words, end_words] = [hold.until, now, end].map(|at| local(inputs, at));
    if hold.until <= now {
        return Err(HoldError::Past { until, now: now_words });
    }
    if hold.until > end {
        return Err(HoldError::Beyond { until, end: end_words });
    }
    Ok(notes)
}

/// The end of the last step that a hold reaches into: steps are held whole.
pub(super) fn held_until(inputs: &Inputs<'_>, hold: &Hold) -> Timestamp {
    let mut held = inputs.forecast.steps.iter().rev();
    held.find(|step| step.start < hold.until).map_or(hold.until, |step| step.end)
}

/// Day and time in the site's zone.
pub(super) fn local(inputs: &Inputs<'_>, at: Timestamp) -> String {
    at.to_zoned(inputs.site.zone.clone()).strftime("%a %H:%M").to_string()
}

fn unknown(inputs: &Inputs<'_>, hold: &Hold) -> HoldError {
    let site = inputs.site;
    let is = |id: &AssetId| id == &hold.asset;
    let why = if let Some(tank) = site.tank(&hold.asset) {
        let fills = site.pumps.iter().filter(|pump| pump.fills == tank.id);
        let names: Vec<&str> = fills.map(|pump| pump.id.as_str()).collect();
        format!("it is a tank; hold a pump that fills it ({})", names.join(", "))
    } else if site.generators.iter().any(|generator| is(&generator.id)) {
        "nobody plans a generator".to_owned()
    } else {
        "the site has no such asset".to_owned()
    };
    let motors = site.motors().map(|motor| motor.id);
    let known = motors
        .chain(site.inverters.iter().map(|inverter| &inverter.id))
        .chain(site.lighting.iter().map(|lighting| &lighting.id))
        .chain(site.batteries.iter().map(|battery| &battery.id))
        .chain(site.chargers.iter().map(|charger| &charger.id));
    HoldError::Unknown { asset: hold.asset.clone(), why, known: known.cloned().collect() }
}

/// What the plan cannot command cannot be held.
fn commanded(mode: Mode, unavailable: Option<&String>) -> Result<(), String> {
    if mode != Mode::Control {
        return Err(format!("its mode is '{}', so the plan does not command it", mode.word()));
    }
    unavailable.map_or(Ok(()), |why| Err(format!("it is not available to the plan ({why})")))
}

fn on_or_off(inputs: &Inputs<'_>, hold: &Hold) -> Result<bool, String> {
    let on = match hold.held {
        Held::Off => false,
        Held::On => true,
        Held::Power(_) => return Err("it is on or off, and has no power to set".to_owned()),
    };
    if on && !inputs.may_draw(&hold.asset) {
        return Err("a generator runs, and does not carry it".to_owned());
    }
    Ok(on)
}

fn minutes(duration: Duration) -> u64 {
    duration.as_secs().div_ceil(60)
}

/// The minutes that a motor has to stay as it is, where that is not what is asked for.
fn first_stays(
    (running, since): (bool, Duration),
    (min_run, min_stop): (Duration, Duration),
    on: bool,
) -> Option<String> {
    let (word, least) = if running { ("runs", min_run) } else { ("stands", min_stop) };
    let left = least.checked_sub(since).filter(|left| running != on && !left.is_zero())?;
    Some(format!(
        "it {word} for {} min more first: it has to for {} min at least",
        minutes(left),
        minutes(least)
    ))
}

fn pump_held(inputs: &Inputs<'_>, pump: &Pump, hold: &Hold) -> Result<Vec<String>, String> {
    let state = inputs.estimate.pumps.get(&pump.id);
    let Some(state) = state.filter(|_| inputs.commandable(&pump.id)) else {
        let mode = pump.control.mode;
        let mode = if mode == Mode::Shadow { Mode::Control } else { mode };
        commanded(mode, state.and_then(|state| state.unavailable.as_ref()))?;
        return Err("its state is unknown".to_owned());
    };
    let on = on_or_off(inputs, hold)?;
    let running = state.running == Some(true);
    if on && !running && state.starts_last_hour >= pump.max_starts_per_hour {
        return Err(format!(
            "it stands and must not start: {} of its {} starts an hour are used up; ask again when \
             the first of them is an hour old",
            state.starts_last_hour, pump.max_starts_per_hour
        ));
    }
    let least = (pump.min_run, pump.min_stop);
    let mut notes: Vec<String> =
        first_stays((running, state.in_state_for), least, on).into_iter().collect();
    let alike = |id: &&AssetId| **id != pump.id && inputs.commandable(id);
    let groups = inputs.water.iter().flat_map(|water| &water.groups);
    let group = groups.filter(|group| group.pumps.contains(&pump.id));
    let others: Vec<&str> =
        group.flat_map(|group| group.pumps.iter().filter(alike)).map(AssetId::as_str).collect();
    if !others.is_empty() {
        notes.push(format!("pumps of its kind may stand in for it: {}", others.join(", ")));
    }
    Ok(notes)
}

fn load_held(inputs: &Inputs<'_>, load: Load<'_>, hold: &Hold) -> Result<Vec<String>, String> {
    let state = inputs.estimate.switched.get(load.id);
    commanded(load.control.mode, state.and_then(|state| state.unavailable.as_ref()))?;
    let Some(state) = state else { return Err("its state is unknown".to_owned()) };
    let on = on_or_off(inputs, hold)?;
    let running = state.running == Some(true);
    let least = (load.min_run, load.min_stop);
    let mut notes: Vec<String> =
        first_stays((running, state.in_state_for), least, on).into_iter().collect();
    if let Some(window) = inputs.site.shiftable.iter().find(|other| on && &other.id == load.id) {
        let (from, to) = (window.hours.from.strftime("%H:%M"), window.hours.to.strftime("%H:%M"));
        notes.push(format!("it is held on within its hours alone, from {from} to {to}"));
    }
    Ok(notes)
}

fn battery_held(
    inputs: &Inputs<'_>,
    battery: &Battery,
    hold: &Hold,
) -> Result<Vec<String>, String> {
    let state = inputs.estimate.batteries.get(&battery.id);
    commanded(battery.control.mode, state.and_then(|state| state.unavailable.as_ref()))?;
    let Some(charge) = state.and_then(|state| state.charge) else {
        return Err("its state of charge is unknown".to_owned());
    };
    let wanted = match hold.held {
        Held::Off => return Ok(Vec::new()),
        Held::On => {
            return Err("say the power it takes, or gives with a minus, such as -10 kW".to_owned());
        }
        Held::Power(power) => power.kw(),
    };
    let most = wanted.max(-battery.discharge_power.kw()).min(battery.charge_power.kw());
    let mut notes = Vec::new();
    if (most - wanted).abs() > SAME_KW {
        notes.push(format!("it is held at {most:.1} kW, the most it can"));
    }
    let inputs = Inputs { holds: std::slice::from_ref(hold), ..*inputs };
    let course = inputs.held_course(battery, charge.value);
    let steps = inputs.forecast.steps.iter().zip(&course);
    let short = |(step, kw): (&site::plan::Step, &Option<f64>)| {
        kw.filter(|kw| (kw - most).abs() > SAME_KW).map(|kw| (step.start, kw))
    };
    if let Some((at, kw)) = steps.filter_map(short).next() {
        let (bound, at) = if wanted < 0.0 {
            (format!("down to {:.0} %", battery.charge_low.percent()), local(&inputs, at))
        } else {
            (format!("up to {:.0} %", battery.charge_high.percent()), local(&inputs, at))
        };
        notes.push(format!(
            "its energy allows no more than {kw:.1} kW in the step from {at} on, and then nothing: \
             it is used {bound}"
        ));
    }
    Ok(notes)
}

fn at_most(held: Held, nothing: &str) -> Result<(), String> {
    match held {
        Held::Power(power) if power < Power::ZERO => Err(nothing.to_owned()),
        _ => Ok(()),
    }
}

fn charger_held(
    inputs: &Inputs<'_>,
    charger: &Charger,
    hold: &Hold,
) -> Result<Vec<String>, String> {
    let state = inputs.estimate.chargers.get(&charger.id);
    commanded(charger.control.mode, state.and_then(|state| state.unavailable.as_ref()))?;
    at_most(hold.held, "it takes power and gives none")?;
    if hold.held == Held::On {
        return Err("the vehicle takes what it wants; hold it off, or at a highest power".into());
    }
    let sessions = inputs.forecast.sessions.get(&charger.id);
    let arrives = sessions.is_some_and(|all| all.iter().any(|s| s.arrival < hold.until));
    let note = "no vehicle is expected there before the end of the hold";
    Ok(if arrives { Vec::new() } else { vec![note.to_owned()] })
}

fn inverter_held(
    inputs: &Inputs<'_>,
    inverter: &Inverter,
    hold: &Hold,
) -> Result<Vec<String>, String> {
    let state = inputs.estimate.inverters.get(&inverter.id);
    commanded(inverter.control.mode, state.and_then(|state| state.unavailable.as_ref()))?;
    at_most(hold.held, "it gives power and takes none; write the most it may give")?;
    let note = "held on, it gives all that the sun offers";
    Ok(if hold.held == Held::On { vec![note.to_owned()] } else { Vec::new() })
}

fn lighting_held(
    inputs: &Inputs<'_>,
    lighting: &Lighting,
    hold: &Hold,
) -> Result<Vec<String>, String> {
    let state = inputs.estimate.lighting.get(&lighting.id);
    commanded(lighting.control.mode, state.and_then(|state| state.unavailable.as_ref()))?;
    at_most(hold.held, "it takes power and gives none")?;
    let note = match hold.held {
        Held::On => "it is lit as its program has it, without dimming",
        _ => "it is dimmed as far as its program allows, and no further",
    };
    Ok(vec![note.to_owned()])
}

/// The rules of an asset that no wish may break, in words: what may stand against a hold.
pub(super) fn rules(inputs: &Inputs<'_>, hold: &Hold) -> String {
    let times = |min_run, min_stop| {
        format!(
            "at least {} min of running and {} min of rest",
            minutes(min_run),
            minutes(min_stop)
        )
    };
    if let Some(pump) = inputs.site.pump(&hold.asset) {
        let state = inputs.estimate.pumps.get(&pump.id);
        let used = state.map_or(0, |state| state.starts_last_hour);
        let (times, most) = (times(pump.min_run, pump.min_stop), pump.max_starts_per_hour);
        return format!("{times}, and {most} starts an hour, {used} of them used");
    }
    match switched::loads(inputs).find(|load| load.id == &hold.asset) {
        Some(load) => times(load.min_run, load.min_stop),
        None => "the balance of power and energy".to_owned(),
    }
}
