//! A replay, cycle by cycle, as CSV: for those who want to see why.

use crate::world::WorldError;
use jiff::tz::TimeZone;
use site::record::CycleRecord;
use site::units::Power;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Writes one line per cycle, or nothing when nobody asked.
pub struct Trace {
    file: Option<(csv::Writer<File>, PathBuf)>,
    headed: bool,
}

impl Trace {
    /// Opens `day.csv` as `day.optimal.csv` for the policy "optimal".
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(path: Option<&Path>, policy: &str) -> Result<Self, WorldError> {
        let Some(path) = path else { return Ok(Self { file: None, headed: false }) };
        let path = path.with_extension(format!("{policy}.csv"));
        let writer = csv::Writer::from_path(&path).map_err(|error| wrong(&path, &error))?;
        Ok(Self { file: Some((writer, path)), headed: false })
    }

    /// Writes a cycle.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn cycle(&mut self, record: &CycleRecord, zone: &TimeZone) -> Result<(), WorldError> {
        let Some((writer, path)) = &mut self.file else { return Ok(()) };
        let (head, line): (Vec<String>, Vec<String>) = cells(record, zone).into_iter().unzip();
        let mut rows = vec![line];
        if !self.headed {
            rows.insert(0, head);
            self.headed = true;
        }
        for row in rows {
            writer.write_record(&row).map_err(|error| wrong(path, &error))?;
        }
        Ok(())
    }
}

fn wrong(path: &Path, error: &csv::Error) -> WorldError {
    WorldError::Trace { path: path.to_owned(), error: error.to_string() }
}

fn highest(peaks: &[Power]) -> f64 {
    peaks.iter().fold(Power::ZERO, |top, peak| top.max(*peak)).kw()
}

fn cells(record: &CycleRecord, zone: &TimeZone) -> Vec<(String, String)> {
    let estimate = &record.estimate;
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.3}"));
    let local = record.snapshot.now.utc.to_zoned(zone.clone());
    let mut cells = vec![
        ("time".to_owned(), local.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        ("rung".to_owned(), record.rung.word().to_owned()),
        ("import_kw".to_owned(), number(estimate.import.map(|power| power.kw()))),
        ("peak_kw".to_owned(), number(Some(highest(&estimate.peaks)))),
        ("demand_l_s".to_owned(), number(estimate.demand.map(|flow| 1e3 * flow.value.get()))),
        ("base_load_kw".to_owned(), number(estimate.base_load.map(|load| load.value.kw()))),
    ];
    for (id, level) in &estimate.tanks {
        cells.push((format!("{id}_m"), number(level.map(|level| level.value.get()))));
        let planned = record.plan.as_ref().and_then(|plan| plan.tanks.get(id)?.first());
        cells.push((format!("{id}_planned_m"), number(planned.map(|level| level.get()))));
    }
    for (id, pump) in &estimate.pumps {
        let runs = pump.running.map_or("", |runs| if runs { "1" } else { "0" });
        cells.push((format!("{id}_runs"), runs.to_owned()));
        let command = record.commands.iter().find(|command| &command.asset == id);
        let told = command.map_or(String::new(), |command| command.setpoint.to_string());
        cells.push((format!("{id}_told"), told));
    }
    for (id, inverter) in &estimate.inverters {
        cells.push((format!("{id}_kw"), number(inverter.power.map(|power| power.kw()))));
    }
    let plan = record.plan.as_ref();
    let step = plan.and_then(|plan| plan.step_at(record.snapshot.now.utc));
    for (id, battery) in &estimate.batteries {
        let charge = battery.charge.map(|charge| charge.value.percent());
        cells.push((format!("{id}_kw"), number(battery.power.map(|power| power.kw()))));
        cells.push((format!("{id}_percent"), number(charge)));
        let planned = plan.and_then(|plan| plan.power.get(id)?.get(step?));
        cells.push((format!("{id}_planned_kw"), number(planned.map(|power| power.kw()))));
    }
    let planned = plan.and_then(|plan| plan.import.get(step?));
    cells.push(("planned_import_kw".to_owned(), number(planned.map(|power| power.kw()))));
    cells.push(("plan_peak_kw".to_owned(), number(plan.map(|plan| highest(&plan.peaks)))));
    let words = plan.map_or(String::new(), |plan| plan.why.switching.clone());
    cells.push(("switching".to_owned(), words));
    cells.push(("because".to_owned(), record.because.clone().unwrap_or_default()));
    let verdicts: Vec<String> =
        record.verdicts.iter().map(|v| format!("{} {}: {}", v.asset, v.check, v.reason)).collect();
    cells.push(("guard".to_owned(), verdicts.join("; ")));
    cells
}
