//! One Modbus unit behind a link: where its points are, when it is polled, and how patient we
//! are with it.

use crate::codec;
use crate::image::Image;
use crate::link::ask::Answer;
use crate::profile::{Location, Profile, SLOW_ROUNDS, Table};
use crate::schedule::{self, Block, Cuts, Limits, Request};
use crate::sunspec::Models;
use site::model::Device;
use site::{Mono, Reason, Sample};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A silent unit is left alone for this long times the number of failures.
const SILENCE_STEP: Duration = Duration::from_secs(2);

/// A silent unit is tried again at least this often when it is alone on its link.
const SILENCE_MAX_ALONE: Duration = Duration::from_secs(60);

/// With neighbours on the link: each attempt costs them a timeout and a new connection.
const SILENCE_MAX_SHARED: Duration = Duration::from_secs(300);

/// No device answers faster than this over a network, whatever the site says.
const TIMEOUT_MIN: Duration = Duration::from_millis(50);

/// A slow device is given up to this many times its timeout, so that it is not cut off for ever.
const PATIENCE_MAX: u32 = 4;

/// So many quick answers in a row end the extra patience.
const QUICK_ANSWERS: u32 = 20;

/// The registers of a SunSpec device that say which one it is, and the words found there first.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) address: u16,
    pub(crate) words: Vec<u16>,
}

/// One device of a link.
pub(crate) struct Unit {
    pub(crate) device: Device,
    pub(crate) profile: Arc<Profile>,
    pub(crate) image: Arc<Image>,
    pub(crate) due: Mono,
    /// The last round was lost with the link: it is made up for as soon as the link is back.
    pub(crate) missed: bool,
    /// The number of the connection on which the device was last recognised.
    pub(crate) recognised_on: Option<u64>,
    pub(crate) identity: Option<Identity>,
    /// The number of the connection that was used last, to count reconnects.
    pub(crate) opened: u64,
    addresses: Vec<Option<(Table, u16)>>,
    cuts: Cuts,
    rounds: Option<Rounds>,
    round: u32,
    begin_after: Option<(Table, u16)>,
    failures: u32,
    silent_until: Option<Instant>,
    patience: u32,
    quick: u32,
}

/// The requests of a round with and without the slow points.
struct Rounds {
    fast: Vec<Request>,
    whole: Vec<Request>,
}

impl Unit {
    pub(crate) fn new(
        device: Device,
        profile: Arc<Profile>,
        image: Arc<Image>,
        first: Mono,
    ) -> Self {
        let mut unit = Self {
            device,
            profile,
            image,
            due: first,
            missed: false,
            recognised_on: None,
            identity: None,
            opened: 0,
            addresses: Vec::new(),
            cuts: Cuts::new(),
            rounds: None,
            round: 0,
            begin_after: None,
            failures: 0,
            silent_until: None,
            patience: 1,
            quick: 0,
        };
        unit.resolve(&Models::default());
        unit
    }

    /// Fixes every point's address; a point whose model the device lacks has none.
    pub(crate) fn resolve(&mut self, models: &Models) {
        let address = |location: Location, width| match location {
            Location::Register { table, address } => Some((table, address)),
            Location::Model { model, offset } => {
                models.address(model, offset, width).map(|address| (Table::Holding, address))
            }
        };
        let points = self.profile.points.iter();
        self.addresses =
            points.map(|point| address(point.location, point.encoding.kind.width())).collect();
        self.cuts.clear();
        self.rounds = None;
    }

    /// The address of a point.
    pub(crate) fn address(&self, point: usize) -> Option<(Table, u16)> {
        self.addresses.get(point).copied().flatten()
    }

    /// Readable points that this very device does not have.
    pub(crate) fn lacking(&self) -> Vec<usize> {
        let points = self.profile.points.iter().enumerate();
        let lacking =
            points.filter(|(i, point)| point.access.reads() && self.address(*i).is_none());
        lacking.map(|(i, _)| i).collect()
    }

    /// The requests of the round that begins now.
    pub(crate) fn begin_round(&mut self) -> Vec<Request> {
        let whole = self.round.is_multiple_of(SLOW_ROUNDS);
        self.round = self.round.wrapping_add(1);
        let rounds = self.rounds();
        let mut requests = if whole { rounds.whole.clone() } else { rounds.fast.clone() };
        if let Some(last) = self.begin_after.take() {
            let first = requests.iter().position(|r| (r.table, r.address) > last).unwrap_or(0);
            requests.rotate_left(first);
        }
        requests
    }

    /// Lets the next round begin after the request that ended this one: a device that never
    /// answers one request must not hide what it would answer to the others.
    pub(crate) fn begin_after(&mut self, request: &Request) {
        self.begin_after = Some((request.table, request.address));
    }

    /// The smallest read that shows whether the unit is there.
    pub(crate) fn probe(&mut self) -> Option<Request> {
        let harmless = |request: &&Request| !request.blocks.iter().any(|block| block.alone);
        self.rounds().whole.iter().find(harmless).cloned()
    }

    fn rounds(&mut self) -> &Rounds {
        let rounds = match self.rounds.take() {
            Some(rounds) => rounds,
            None => Rounds { fast: self.requests(false), whole: self.requests(true) },
        };
        self.rounds.insert(rounds)
    }

    fn requests(&self, whole: bool) -> Vec<Request> {
        let Profile { points, max_registers, max_gap, .. } = &*self.profile;
        let chosen =
            points.iter().enumerate().filter(|(_, p)| p.access.reads() && (whole || !p.slow));
        let blocks: Vec<Block> = chosen.filter_map(|(i, _)| self.block(i)).collect();
        let limits = Limits { max_registers: *max_registers, max_gap: *max_gap };
        schedule::requests(&blocks, limits, &self.cuts)
    }

    /// The registers of a point together with those of its scale factor.
    fn block(&self, point: usize) -> Option<Block> {
        let (table, address) = self.address(point)?;
        let spec = self.profile.points.get(point)?;
        let mut start = u32::from(address);
        let mut end = start + u32::from(spec.encoding.kind.width());
        if let Some(scale) = self.scale(point) {
            let (_, at) = self.address(scale)?;
            start = start.min(u32::from(at));
            end = end.max(u32::from(at) + 1);
        }
        Some(Block { table, start, end, point, alone: spec.alone })
    }

    /// The point that holds a point's scale factor.
    pub(crate) fn scale(&self, point: usize) -> Option<usize> {
        let wanted = self.profile.points.get(point)?.encoding.scale_point.as_ref()?;
        self.profile.points.iter().position(|other| &other.name == wanted)
    }

    /// Remembers a boundary at which a refused request is cut from the next round on. False when
    /// the request cannot be cut: then the device really lacks the registers.
    pub(crate) fn learn_cut(&mut self, request: &Request) -> bool {
        let Some(cut) = schedule::cut(request) else { return false };
        self.rounds = None;
        self.cuts.insert(cut)
    }

    /// The samples in an answer.
    pub(crate) fn samples(
        &self,
        request: &Request,
        answer: &Answer,
        at: Mono,
    ) -> Vec<(usize, Sample)> {
        let one = |block: &Block| {
            let value = self.value(block.point, request, answer);
            let sample = match value {
                Ok(value) => Sample::good(value, at),
                Err(reason) => Sample::bad(reason, at),
            };
            (block.point, sample)
        };
        request.blocks.iter().map(one).collect()
    }

    fn value(
        &self,
        point: usize,
        request: &Request,
        answer: &Answer,
    ) -> Result<site::Value, Reason> {
        let absent = Reason::NotAvailable;
        let spec = self.profile.points.get(point).ok_or(absent)?;
        let within = |point: usize| {
            let (_, address) = self.address(point).ok_or(absent)?;
            let width = self.profile.points.get(point).map_or(1, |p| p.encoding.kind.width());
            let from =
                usize::from(address.checked_sub(request.address).ok_or(Reason::WrongAnswer)?);
            Ok::<_, Reason>(from..from + usize::from(width))
        };
        match answer {
            Answer::Bits(bits) => {
                let bit = bits.get(within(point)?.start).ok_or(Reason::WrongAnswer)?;
                Ok(codec::decode_flag(*bit))
            }
            Answer::Registers(words) => {
                let exponent = match self.scale(point) {
                    None => 0,
                    Some(scale) => {
                        let words = words.get(within(scale)?).ok_or(Reason::WrongAnswer)?;
                        codec::exponent(&self.profile.points[scale].encoding, words)?
                    }
                };
                let words = words.get(within(point)?).ok_or(Reason::WrongAnswer)?;
                codec::decode(&spec.encoding, words, exponent)
            }
            Answer::Written => Err(Reason::WrongAnswer),
        }
    }

    /// How long an answer may take now, in real time.
    pub(crate) fn timeout(&self) -> Duration {
        self.device.timeout.max(TIMEOUT_MIN) * self.patience
    }
    /// Whether the unit is being left alone.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        self.silent_until.is_some_and(|until| now < until)
    }
    /// How many times in a row it did not answer.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }
    /// Notes an answer, whatever it said.
    pub(crate) fn handle_answer(&mut self, took: Option<Duration>) {
        self.failures = 0;
        self.silent_until = None;
        let quick = took.is_none_or(|took| took * 2 < self.device.timeout);
        self.quick = if quick { self.quick.saturating_add(1) } else { 0 };
        if self.quick >= QUICK_ANSWERS {
            self.patience = 1;
        }
    }
    /// Notes that no answer came: leaves the unit alone for a while, and waits longer next time.
    /// `shared` says that it has neighbours on its link.
    pub(crate) fn handle_silence(&mut self, now: Instant, shared: bool) {
        self.failures = self.failures.saturating_add(1);
        let longest = if shared { SILENCE_MAX_SHARED } else { SILENCE_MAX_ALONE };
        let pause = SILENCE_STEP.saturating_mul(self.failures).min(longest);
        self.silent_until = Some(now + pause);
        self.patience = (self.patience * 2).min(PATIENCE_MAX);
        self.quick = 0;
    }
    /// Moves to the next round, on the same beat; rounds that are over are not made up for.
    pub(crate) fn next_round(&mut self, now: Mono) {
        let poll = self.device.poll.max(Duration::from_millis(100));
        self.due = self.due.after(poll);
        if self.due <= now {
            let behind = now.since(self.due).as_nanos() / poll.as_nanos() + 1;
            let behind = u32::try_from(behind).unwrap_or(u32::MAX);
            self.due = self.due.after(poll.saturating_mul(behind));
        }
        self.missed = false;
    }
}
