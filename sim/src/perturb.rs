//! A truth perturbed on purpose, beyond what the seed does: how far the plant is from what the
//! daemon is told. Each part has a name, a range and a clear error.
//!
//! Written as on the command line: `demand=1.15,pump=P1:0.9,roughness=0.8,drift=T1:0.10`.

use serde::Serialize;
use site::{AssetId, Site};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;
use thiserror::Error;

/// Factors on demand, on a pump's head curve, and on the roughness coefficients.
const FACTORS: RangeInclusive<f64> = 0.3..=3.0;
/// Drift of a level transmitter, m.
const DRIFTS: RangeInclusive<f64> = -1.0..=1.0;
/// Hour from which a drift is there in full, counted from the start of the replay.
const HOURS: RangeInclusive<f64> = 0.0..=8784.0;
/// A drift without an hour grows evenly over this time, s.
const GROWTH_S: f64 = 86_400.0;

/// What is wrong with a perturbation.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PerturbError {
    /// A part is not of the form `name=value`, or its name is unknown.
    #[error(
        "'{part}' is not a perturbation; write demand=1.15, pump=P1:0.9, roughness=0.8 or \
         drift=T1:0.10 (with @6 behind it: in full from hour 6 on), separated by commas"
    )]
    Form {
        /// As written.
        part: String,
    },
    /// A number is missing, not a number, or out of range.
    #[error("'{part}': '{text}' is not a number from {low} to {high}")]
    Number {
        /// The part it stands in.
        part: String,
        /// As written.
        text: String,
        /// Least.
        low: f64,
        /// Most.
        high: f64,
    },
    /// A part is given twice.
    #[error("'{part}' is given twice; give it once")]
    Twice {
        /// The part that came second.
        part: String,
    },
    /// The site has no such pump or tank.
    #[error("the site has no {kind} '{id}' to perturb; it has: {known}")]
    Unknown {
        /// Pump or tank.
        kind: &'static str,
        /// The name asked for.
        id: AssetId,
        /// The names there are.
        known: String,
    },
    /// The site has no water network.
    #[error("the site has no water network: there is no '{what}' to perturb")]
    NoWater {
        /// The part.
        what: &'static str,
    },
}

/// A level transmitter's error that was not there when it was calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Drift {
    /// The error in full, m: what the transmitter shows too much.
    pub metres: f64,
    /// Hour after the start from which it is there in full. None: it grows evenly over the first
    /// 24 hours and stays.
    pub from_hour: Option<f64>,
}

/// How the truth is perturbed on purpose. Nothing by default.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Perturbation {
    /// Factor on what the consumers take.
    pub demand: f64,
    /// Factor on each pump's head curve.
    pub pumps: BTreeMap<AssetId, f64>,
    /// Factor on every pipe's roughness coefficient, in the sense of the network file's formula:
    /// for Hazen-Williams less than 1 is rougher.
    pub roughness: f64,
    /// Drift of level transmitters, by tank.
    pub drifts: BTreeMap<AssetId, Drift>,
}

impl Default for Perturbation {
    fn default() -> Self {
        Self { demand: 1.0, pumps: BTreeMap::new(), roughness: 1.0, drifts: BTreeMap::new() }
    }
}

impl Drift {
    /// The error so many seconds after the start, m.
    #[must_use]
    pub fn at(&self, seconds: f64) -> f64 {
        match self.from_hour {
            Some(hour) if seconds < hour * 3600.0 => 0.0,
            Some(_) => self.metres,
            None => self.metres * (seconds / GROWTH_S).clamp(0.0, 1.0),
        }
    }
}

impl Perturbation {
    /// Whether it changes anything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that the site has what is perturbed.
    ///
    /// # Errors
    /// When a name is unknown, or there is no water to perturb.
    pub fn check(&self, site: &Site) -> Result<(), PerturbError> {
        let plain = Self::default();
        if site.water.is_none() {
            let changed = |factor: f64, usual: f64| (factor - usual).abs() > 0.0;
            if changed(self.demand, plain.demand) {
                return Err(PerturbError::NoWater { what: "demand" });
            }
            if changed(self.roughness, plain.roughness) {
                return Err(PerturbError::NoWater { what: "roughness" });
            }
        }
        let pumps: Vec<&AssetId> = site.pumps.iter().map(|pump| &pump.id).collect();
        let tanks: Vec<&AssetId> = site.tanks.iter().map(|tank| &tank.id).collect();
        known("pump", self.pumps.keys(), &pumps)?;
        known("tank", self.drifts.keys(), &tanks)
    }

    fn add(&mut self, part: &str) -> Result<(), PerturbError> {
        let form = || PerturbError::Form { part: part.to_owned() };
        let twice = || PerturbError::Twice { part: part.to_owned() };
        let (name, value) = part.split_once('=').ok_or_else(form)?;
        let asset = |text: &str| AssetId::new(text).map_err(|_| form());
        let free = match name.trim() {
            "demand" => {
                let free = (self.demand - 1.0).abs() <= 0.0;
                self.demand = number(part, value, FACTORS)?;
                free
            }
            "roughness" => {
                let free = (self.roughness - 1.0).abs() <= 0.0;
                self.roughness = number(part, value, FACTORS)?;
                free
            }
            "pump" => {
                let (id, factor) = value.split_once(':').ok_or_else(form)?;
                self.pumps.insert(asset(id.trim())?, number(part, factor, FACTORS)?).is_none()
            }
            "drift" => {
                let (id, drift) = value.split_once(':').ok_or_else(form)?;
                let (metres, hour) = match drift.split_once('@') {
                    Some((metres, hour)) => (metres, Some(number(part, hour, HOURS)?)),
                    None => (drift, None),
                };
                let drift = Drift { metres: number(part, metres, DRIFTS)?, from_hour: hour };
                self.drifts.insert(asset(id.trim())?, drift).is_none()
            }
            _ => return Err(form()),
        };
        if free { Ok(()) } else { Err(twice()) }
    }
}

impl FromStr for Perturbation {
    type Err = PerturbError;

    fn from_str(text: &str) -> Result<Self, PerturbError> {
        let mut perturbation = Self::default();
        for part in text.split(',').map(str::trim) {
            perturbation.add(part)?;
        }
        Ok(perturbation)
    }
}

fn number(part: &str, text: &str, range: RangeInclusive<f64>) -> Result<f64, PerturbError> {
    let found = text.trim().parse::<f64>().ok().filter(|number| range.contains(number));
    found.ok_or_else(|| PerturbError::Number {
        part: part.to_owned(),
        text: text.trim().to_owned(),
        low: *range.start(),
        high: *range.end(),
    })
}

fn known<'a>(
    kind: &'static str,
    mut asked: impl Iterator<Item = &'a AssetId>,
    there: &[&AssetId],
) -> Result<(), PerturbError> {
    let Some(id) = asked.find(|id| !there.contains(id)).cloned() else { return Ok(()) };
    let known: Vec<&str> = there.iter().map(|id| id.as_str()).collect();
    Err(PerturbError::Unknown { kind, id, known: known.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Perturbation, String> {
        text.parse::<Perturbation>().map_err(|error| error.to_string())
    }

    #[test]
    fn every_part_is_read_and_the_rest_stays() {
        let text = "demand=1.15, pump=P1:0.9,pump=P3:0.95,roughness=0.8,drift=T1:0.10@6";
        let all = read(text).unwrap();
        assert_eq!((all.demand, all.roughness), (1.15, 0.8));
        let pumps: Vec<(&str, f64)> = all.pumps.iter().map(|(id, f)| (id.as_str(), *f)).collect();
        assert_eq!(pumps, [("P1", 0.9), ("P3", 0.95)]);
        let drift = all.drifts.values().next().unwrap();
        assert_eq!(*drift, Drift { metres: 0.1, from_hour: Some(6.0) });
        let one = read("roughness=0.8").unwrap();
        assert_eq!(one, Perturbation { roughness: 0.8, ..Perturbation::default() });
        assert!(!one.is_none() && Perturbation::default().is_none());
    }

    #[test]
    fn what_is_wrong_is_said_with_the_part_it_stands_in() {
        for text in ["", "demand", "demnd=1.1", "pump=P1", "drift=0.1", "pump=1x:0.9"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("is not a perturbation; write demand=1.15"), "{text}: {error}");
        }
        let error = read("demand=1.15,pump=P1:9").unwrap_err();
        assert_eq!(error, "'pump=P1:9': '9' is not a number from 0.3 to 3");
        for text in ["demand=NaN", "drift=T1:2", "drift=T1:0.1@-1", "roughness=", "demand=0"] {
            assert!(read(text).unwrap_err().contains("is not a number from"), "{text}");
        }
        let error = read("pump=P1:0.9,pump=P1:0.8").unwrap_err();
        assert_eq!(error, "'pump=P1:0.8' is given twice; give it once");
    }

    #[test]
    fn a_drift_grows_over_a_day_or_is_there_from_an_hour_on() {
        let slow = Drift { metres: 0.1, from_hour: None };
        let seen = [0.0, 12.0, 24.0, 48.0].map(|hour| slow.at(hour * 3600.0));
        for (seen, wanted) in seen.into_iter().zip([0.0, 0.05, 0.1, 0.1]) {
            assert!((seen - wanted).abs() < 1e-12, "{seen} for {wanted}");
        }
        let sudden = Drift { metres: -0.1, from_hour: Some(6.0) };
        assert!(sudden.at(5.9 * 3600.0).abs() < 1e-12);
        assert!((sudden.at(6.0 * 3600.0) + 0.1).abs() < 1e-12);
    }
}
