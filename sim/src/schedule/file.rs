//! Schedule files.

use super::ScheduleError;
use super::arguments::{pumps, unknown};
use hydraulics::{Network, Schedule};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Largest schedule file, bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What a schedule file must have; whatever else is in it does not matter here.
#[derive(Debug, Deserialize)]
struct Written {
    step_seconds: u32,
    schedule: BTreeMap<String, Vec<f64>>,
}

/// Reads a schedule for a network: every pump must be in it.
pub(crate) fn read(path: &Path, network: &Network) -> Result<Schedule, ScheduleError> {
    let wrong = |why: String| ScheduleError::Input(format!("{}: {why}", path.display()));
    let unreadable = |error: std::io::Error| wrong(format!("{error}; check the path"));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(wrong(format!("larger than {FILE_BYTES_MAX} bytes; is it a schedule?")));
    }
    let mut written: Written = serde_json::from_str(&text).map_err(|error| {
        let shape = r#"{"step_seconds": 3600, "schedule": {"PUMP": [0, 1, ...]}}"#;
        wrong(format!("not a schedule ({error}); it must look like {shape}"))
    })?;
    let mut speed = Vec::new();
    for id in pumps(network) {
        let of_pump = written.schedule.remove(id);
        speed.push(of_pump.ok_or_else(|| wrong(format!("pump '{id}' is not in it; add it")))?);
    }
    if let Some(id) = written.schedule.keys().next() {
        return Err(wrong(unknown("pump", id, pumps(network))));
    }
    let steps = speed.first().map_or(0, Vec::len);
    if let Some(place) = speed.iter().position(|of_pump| of_pump.len() != steps) {
        let (id, given) = (&network.pumps()[place].id, speed[place].len());
        return Err(wrong(format!("pump '{id}' has {given} steps, the first pump {steps}")));
    }
    Ok(Schedule { step_s: written.step_seconds, speed })
}
