//! Points as people see them: in the unit of their profile, with quality and time of reading.

use drivers::profile::{PointSpec, Profile};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use site::{DeviceId, PointId, Quality, Reason, Sample, Snapshot, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All points of a site at one instant: the answer of `/api/points`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointsStatus {
    /// The site's short name.
    pub site: String,
    /// When this was looked at (site time).
    pub at: Timestamp,
    /// Time zone of the site, an IANA name.
    pub time_zone: String,
    /// Readable points, in the order of their names.
    pub points: Vec<PointStatus>,
}

/// One point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointStatus {
    /// Its name, `device.point`.
    pub point: PointId,
    /// What it reads, in `unit`; null when there is no value.
    pub value: Option<Value>,
    /// What its profile calls that number; none for what has no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The unit that its profile gives; null for what has none.
    pub unit: Option<String>,
    /// `good`, `uncertain` or `bad`.
    pub quality: String,
    /// Why it is not good, in words; null when it is.
    pub because: Option<String>,
    /// When its answer was received (site time); null when nothing was read since the start.
    pub read_at: Option<Timestamp>,
}

impl PointsStatus {
    /// What a snapshot shows, in the words of the devices' profiles.
    #[must_use]
    pub fn new(
        site: &site::Site,
        profiles: &BTreeMap<DeviceId, Arc<Profile>>,
        snapshot: &Snapshot,
    ) -> Self {
        let points = snapshot.iter().map(|(point, sample)| {
            let spec = profiles.get(point.device()).and_then(|p| p.point(point.name()));
            PointStatus::new(point, sample, spec, snapshot)
        });
        Self {
            site: site.id.to_string(),
            at: snapshot.now.utc,
            time_zone: site.zone.iana_name().unwrap_or("UTC").to_owned(),
            points: points.collect(),
        }
    }
}

impl PointStatus {
    /// One sample of a snapshot.
    #[must_use]
    pub fn new(
        point: &PointId,
        sample: &Sample,
        spec: Option<&PointSpec>,
        snapshot: &Snapshot,
    ) -> Self {
        let (quality, reason) = match sample.quality() {
            Quality::Good => ("good", None),
            Quality::Uncertain(reason) => ("uncertain", Some(reason)),
            Quality::Bad(reason) => ("bad", Some(reason)),
        };
        let value = sample.value().map(|value| match (value, spec) {
            (Value::Number(number), Some(spec)) => Value::Number(spec.for_people(*number)),
            (value, _) => value.clone(),
        });
        let name = match (sample.value(), spec) {
            (Some(Value::Number(number)), Some(spec)) => spec.name_of(*number),
            _ => None,
        };
        let was_read = reason != Some(Reason::NeverRead);
        Self {
            point: point.clone(),
            value,
            name: name.map(str::to_owned),
            unit: spec.and_then(|spec| spec.unit.clone()),
            quality: quality.to_owned(),
            because: reason.map(|reason| reason.words().to_owned()),
            read_at: was_read.then(|| snapshot.now.utc_of(sample.at)),
        }
    }

    /// The value with its unit, or the name of its number, for people; a dash where there is none.
    #[must_use]
    pub fn words(&self) -> String {
        let Some(value) = &self.value else { return "-".to_owned() };
        if let Some(name) = &self.name {
            return name.clone();
        }
        let text = match value {
            Value::Number(number) => digits(*number),
            Value::Flag(_) => value.to_string(),
            Value::Text(text) => format!("\"{text}\""),
        };
        self.unit.as_ref().map_or(text.clone(), |unit| format!("{text} {unit}"))
    }
}

/// A number with no more digits than a device can mean: seven that count.
#[must_use]
pub(crate) fn digits(number: f64) -> String {
    let size = number.abs();
    if !(1e-4..1e15).contains(&size) {
        return if size > 0.0 { format!("{number:e}") } else { "0".to_owned() };
    }
    let places = (0..=10).rev().find(|places| size * 10f64.powi(*places) < 1e7).unwrap_or(0);
    let text = format!("{number:.*}", usize::try_from(places).unwrap_or(0));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_name_is_shown_by_it_and_kept() {
        let text = "profile: p\nversion: 1\ndescription: p\nfirst_address: 0\npoints:\n  \
                    state: {holding: 0, kind: u16, names: {4: producing, 5: throttled}}\n";
        let profile = drivers::profile::read(text, std::path::Path::new("p.yaml")).expect("read");
        let now = site::Now::default();
        let snapshot = Snapshot::new(now, BTreeMap::new());
        let point = PointId::try_from("solar1.state".to_owned()).expect("a name");
        let shown = |value, quality: fn(Value, site::Mono) -> Sample| {
            let sample = quality(Value::Number(value), now.mono);
            PointStatus::new(&point, &sample, profile.point("state"), &snapshot)
        };
        let good = shown(5.0, Sample::good);
        assert_eq!((good.words().as_str(), good.name.as_deref()), ("throttled", Some("throttled")));
        let json = serde_json::to_value(&good).expect("JSON");
        assert_eq!((&json["value"], &json["name"]), (&5.0.into(), &"throttled".into()));
        let unnamed = shown(7.0, Sample::good);
        assert_eq!((unnamed.words().as_str(), unnamed.name), ("7", None));
        let stuck = shown(4.0, |value, at| Sample::uncertain(value, Reason::Stuck, at));
        assert_eq!(stuck.words(), "producing", "doubted, and told all the same");
    }

    #[test]
    fn numbers_have_the_digits_that_count() {
        for (number, text) in [
            (0.0, "0"),
            (17.3, "17.3"),
            (0.1 + 0.2, "0.3"),
            (-180.000_000_04, "-180"),
            (123_456_789.0, "123456789"),
            (231.399_993_896_484_38, "231.4"),
            (0.000_123_4, "0.0001234"),
            (1e-9, "1e-9"),
            (5e20, "5e20"),
        ] {
            assert_eq!(digits(number), text);
        }
    }
}
