//! What is known of one device: its samples, and how the talking goes.

use crate::codec;
use crate::profile::{PointSpec, Profile};
use crate::watch::{Around, Seen, Watch};
use site::model::{Device, Endpoint};
use site::{DeviceId, Mono, Now, PointId, Quality, Reason, Sample, Snapshot, Value};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the talking with one device goes. Counters begin at the start.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceHealth {
    /// The device.
    pub id: DeviceId,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Its link is open, and it answered last time.
    pub connected: bool,
    /// When it last answered anything.
    pub last_answer: Option<Mono>,
    /// Reads that were answered.
    pub reads_ok: u64,
    /// Reads that were refused, wrong or not answered.
    pub reads_failed: u64,
    /// Writes that were acknowledged.
    pub writes_ok: u64,
    /// Writes that were refused, wrong or not answered.
    pub writes_failed: u64,
    /// Commands that the encoder refused because they lay outside their envelope.
    pub writes_outside: u64,
    /// Answers that did not come in time.
    pub timeouts: u64,
    /// Times the link was opened after the first.
    pub reconnects: u64,
    /// Times the link's task was restarted after a bug.
    pub restarts: u64,
    /// The last trouble, in words.
    pub last_error: Option<String>,
    /// When it was.
    pub last_error_at: Option<Mono>,
    /// How long the last answer took, in real time.
    pub round_trip: Option<Duration>,
    /// Times one of its counters began anew because its registers were full.
    pub counter_rollovers: u64,
    /// Times one of its counters began anew otherwise: it was reset, or the meter was exchanged.
    pub counter_resets: u64,
}

/// How one link does. Counters begin at the start.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkHealth {
    /// Where it leads.
    pub endpoint: Endpoint,
    /// The devices behind it.
    pub devices: usize,
    /// It is open.
    pub connected: bool,
    /// The share of time during which a request was on its way, over about a minute, 0 to 1.
    pub busy: f64,
    /// Requests sent.
    pub requests: u64,
    /// Bytes that came on an RTU line without being asked for, or too late to be believed.
    pub unasked_bytes: u64,
    /// Commands that wait.
    pub waiting: usize,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    sample: Option<Sample>,
    /// Why the last attempt brought nothing; `None` after a success.
    failure: Option<Reason>,
}

/// A point whose samples are judged, and the points it depends on.
#[derive(Debug)]
struct Watched {
    watch: Watch,
    /// The place of its scale factor.
    scale: Option<usize>,
    /// The place of the point that says when it should be moving, and its age limit.
    companion: Option<(usize, Duration)>,
}

#[derive(Debug)]
struct Inner {
    slots: Vec<Slot>,
    watched: BTreeMap<usize, Watched>,
    health: DeviceHealth,
}

/// The process image of one device, shared between its link and the cycle.
#[derive(Debug)]
pub(crate) struct Image {
    /// Readable points with their place in the profile and their age limit.
    points: Vec<(PointId, usize, Duration)>,
    inner: Mutex<Inner>,
}

/// The process image of these devices at `now`.
pub(crate) fn freeze<'a>(images: impl Iterator<Item = &'a Image>, now: Now) -> Snapshot {
    let mut samples = BTreeMap::new();
    for image in images {
        image.freeze(now.mono, &mut samples);
    }
    Snapshot::new(now, samples)
}

impl Image {
    pub(crate) fn new(device: &Device, profile: &Profile) -> Self {
        let id = |point: &PointSpec| {
            PointId::new(&device.id, &point.name).expect("a profile's point names are checked")
        };
        let readable = profile.points.iter().enumerate().filter(|(_, point)| point.access.reads());
        let points =
            readable.map(|(index, point)| (id(point), index, age_limit(device, point))).collect();
        let health = DeviceHealth {
            id: device.id.clone(),
            endpoint: device.endpoint.clone(),
            connected: false,
            last_answer: None,
            reads_ok: 0,
            reads_failed: 0,
            writes_ok: 0,
            writes_failed: 0,
            writes_outside: 0,
            timeouts: 0,
            reconnects: 0,
            restarts: 0,
            last_error: None,
            last_error_at: None,
            round_trip: None,
            counter_rollovers: 0,
            counter_resets: 0,
        };
        let slots = vec![Slot::default(); profile.points.len()];
        let watched = profile
            .points
            .iter()
            .enumerate()
            .filter_map(|(index, point)| Some((index, Watched::new(device, profile, point)?)));
        let watched = watched.collect();
        Self { points, inner: Mutex::new(Inner { slots, watched, health }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the device's samples, aged, to a process image in the making.
    fn freeze(&self, now: Mono, samples: &mut BTreeMap<PointId, Sample>) {
        let inner = self.lock();
        for (id, index, age_limit) in &self.points {
            let sample = inner.slots.get(*index).map_or_else(
                || Sample::bad(Reason::NeverRead, Mono::default()),
                |slot| slot.aged(now, *age_limit),
            );
            samples.insert(id.clone(), sample);
        }
    }

    /// Takes the answers to one request, by the points' places in the profile.
    pub(crate) fn handle_samples(&self, samples: impl Iterator<Item = (usize, Sample)>) {
        let mut inner = self.lock();
        let mut judged = Vec::new();
        for (index, sample) in samples {
            if inner.watched.contains_key(&index) {
                judged.push((index, sample));
            } else if let Some(slot) = inner.slots.get_mut(index) {
                *slot = Slot { sample: Some(sample), failure: None };
            }
        }
        // After the points that are taken as they come: these may depend on them.
        for (index, sample) in judged {
            inner.judge(index, sample);
        }
        inner.count_counters();
    }

    /// Notes that points were not read. What was read before stands until it is too old.
    pub(crate) fn handle_failure(&self, points: impl Iterator<Item = usize>, reason: Reason) {
        let mut inner = self.lock();
        for index in points {
            if let Some(slot) = inner.slots.get_mut(index) {
                slot.failure = Some(reason);
            }
        }
    }

    /// Changes the health.
    pub(crate) fn note(&self, change: impl FnOnce(&mut DeviceHealth)) {
        change(&mut self.lock().health);
    }

    /// The health now.
    pub(crate) fn health(&self) -> DeviceHealth {
        self.lock().health.clone()
    }
}

impl Watched {
    fn new(device: &Device, profile: &Profile, point: &PointSpec) -> Option<Self> {
        let watch = Watch::new(point)?;
        let place = |wanted: &String| profile.points.iter().position(|p| &p.name == wanted);
        let companion = point.stuck.as_ref().and_then(|stuck| stuck.while_on.as_ref());
        let companion = companion.and_then(place);
        let companion = companion.map(|index| (index, age_limit(device, &profile.points[index])));
        let scale = point.encoding.scale_point.as_ref().and_then(place);
        Some(Self { watch, scale, companion })
    }
}

impl Inner {
    fn judge(&mut self, index: usize, sample: Sample) {
        let Self { slots, watched, .. } = self;
        let Some(Watched { watch, scale, companion }) = watched.get_mut(&index) else { return };
        let at = sample.at;
        let moving = companion.is_none_or(|(companion, age_limit)| {
            slots.get(companion).is_some_and(|slot| slot.is_on(at, age_limit))
        });
        let exponent = match scale {
            None => Some(0),
            Some(scale) => slots.get(*scale).and_then(Slot::exponent),
        };
        let Seen { sample, withheld } = watch.see(sample, Around { exponent, moving });
        if let Some(slot) = slots.get_mut(index) {
            *slot = Slot { sample: Some(sample), failure: withheld };
        }
    }

    fn count_counters(&mut self) {
        let watches = || self.watched.values().map(|watched| &watched.watch);
        self.health.counter_rollovers = watches().map(Watch::rollovers).sum();
        self.health.counter_resets = watches().map(Watch::resets).sum();
    }
}

impl Slot {
    /// Whether the point is known to be on, or not zero.
    fn is_on(&self, now: Mono, age_limit: Duration) -> bool {
        let fresh = |sample: &&Sample| sample.is_good() && now.since(sample.at) <= age_limit;
        let value = self.sample.as_ref().filter(fresh).and_then(Sample::value);
        value.and_then(Value::flag).unwrap_or(false)
    }

    /// The power of ten in a scale factor.
    fn exponent(&self) -> Option<i32> {
        let number = self.sample.as_ref()?.value()?.number()?;
        codec::EXPONENT.into_iter().find(|&power| (f64::from(power) - number).abs() < 1e-9)
    }

    fn aged(&self, now: Mono, age_limit: Duration) -> Sample {
        let Some(sample) = &self.sample else {
            return Sample::bad(Reason::NeverRead, Mono::default());
        };
        let at = sample.at;
        let aged = sample.clone().aged(now, age_limit);
        let old = now.since(at) > age_limit;
        match (aged.quality(), self.failure) {
            // Why it is old says more than that it is old.
            (Quality::Bad(_), Some(failure)) if old => Sample::bad(failure, at),
            _ => aged,
        }
    }
}

/// Points that are read less often than the device's others may be that much older.
fn age_limit(device: &Device, point: &PointSpec) -> Duration {
    device.max_age + point.period(device.poll).saturating_sub(device.poll)
}
