//! One Modbus unit behind a link: where its points are, when it is polled, and how patient we
//! are with it.

use crate::codec;
use crate::image::Image;
use crate::link::ask::Answer;
use crate::link::backoff::seed;
use crate::link::rounds::{Round, Rounds};
use crate::profile::{Location, PointSpec, Profile, Table};
use crate::schedule::{self, Block, Cuts, Limits, Request};
use crate::sunspec::Models;
use crate::wear::Wear;
use site::envelope::Envelopes;
use site::model::Device;
use site::{Mono, Reason, Sample};
use std::collections::BTreeMap;
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
    /// The last round was lost with the link: it is made up for as soon as the link is back.
    pub(crate) missed: bool,
    /// The number of the connection on which the device was last recognised.
    pub(crate) recognised_on: Option<u64>,
    pub(crate) identity: Option<Identity>,
    /// The number of the connection that was used last, to count reconnects.
    pub(crate) opened: u64,
    /// What was written today to points in memory that wears out.
    pub(crate) wear: Wear,
    /// What may be written to it; nothing until it is said.
    pub(crate) envelopes: Envelopes,
    /// The last command was refused because it lay outside; that is said once.
    pub(crate) refusing: bool,
    addresses: Vec<Option<(Table, u16)>>,
    /// The place of each point's scale factor, for those that have one.
    scales: BTreeMap<usize, usize>,
    cuts: Cuts,
    rounds: Rounds,
    first: Mono,
    failures: u32,
    silent_until: Option<Instant>,
    patience: u32,
    quick: u32,
}

impl Unit {
    pub(crate) fn new(
        device: Device,
        profile: Arc<Profile>,
        image: Arc<Image>,
        first: Mono,
    ) -> Self {
        let place = |wanted: &String| profile.points.iter().position(|p| &p.name == wanted);
        let points = profile.points.iter().enumerate();
        let scale =
            |(i, p): (usize, &PointSpec)| Some((i, place(p.encoding.scale_point.as_ref()?)?));
        let scales = points.filter_map(scale).collect();
        let mut unit = Self {
            rounds: Rounds::new(device.poll),
            device,
            profile,
            image,
            missed: false,
            recognised_on: None,
            identity: None,
            opened: 0,
            addresses: Vec::new(),
            scales,
            cuts: Cuts::new(),
            first,
            failures: 0,
            silent_until: None,
            patience: 1,
            quick: 0,
            wear: Wear::default(),
            envelopes: Envelopes::none(),
            refusing: false,
        };
        unit.resolve(&Models::default());
        unit
    }

    /// The same, with what may be written to it.
    pub(crate) fn with(self, envelopes: Envelopes) -> Self {
        Self { envelopes, ..self }
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
        self.group();
    }

    /// Puts the points together into requests, by their periods.
    fn group(&mut self) {
        // The device's own group is there even when empty: it is what recognises the device.
        let mut periods = BTreeMap::from([(self.device.poll, Vec::<Block>::new())]);
        for (i, point) in self.profile.points.iter().enumerate() {
            if point.access.reads()
                && let Some(block) = self.block(i)
            {
                periods.entry(point.period(self.device.poll)).or_default().push(block);
            }
        }
        let Profile { max_registers, max_gap, .. } = &*self.profile;
        let limits = Limits { max_registers: *max_registers, max_gap: *max_gap };
        let requests = |blocks: Vec<Block>| schedule::requests(&blocks, limits, &self.cuts);
        let groups = periods.into_iter().map(|(every, blocks)| (every, requests(blocks))).collect();
        self.rounds.handle_requests(groups, self.first, seed(self.device.id.as_str()));
    }

    /// The address of a point.
    pub(crate) fn address(&self, point: usize) -> Option<(Table, u16)> {
        self.addresses.get(point).copied().flatten()
    }

    /// Readable points that this very device does not have.
    pub(crate) fn lacking(&self) -> impl Iterator<Item = usize> {
        let points = self.profile.points.iter().enumerate();
        let lacking =
            points.filter(|(i, point)| point.access.reads() && self.address(*i).is_none());
        lacking.map(|(i, _)| i)
    }

    /// When there is something to read next.
    pub(crate) fn due(&self) -> Option<Mono> {
        self.rounds.due()
    }
    /// Whether a fast round is due.
    pub(crate) fn is_fast_due(&self, now: Mono) -> bool {
        self.rounds.is_fast_due(now)
    }
    /// The fast rounds to be read now: those that are due, or all of them.
    pub(crate) fn begin_fast(&mut self, now: Mono, all: bool) -> Vec<Round> {
        self.rounds.begin_fast(now, all)
    }
    /// Lets the next round begin behind the request that ended this one.
    pub(crate) fn begin_after(&mut self, round: &Round, request: usize) {
        self.rounds.begin_after(round.group, request);
    }
    /// The next slow request, when one is due.
    pub(crate) fn next_slow(&mut self, now: Mono) -> Option<(usize, Request)> {
        self.rounds.next_slow(now)
    }
    /// Gives up the slow requests for now.
    pub(crate) fn postpone(&mut self, now: Mono, group: usize) {
        self.rounds.postpone(now, group);
    }
    /// How long before the beat its rounds begin.
    pub(crate) fn lead(&mut self, lead: Duration) {
        self.rounds.lead(lead);
    }

    /// The smallest read that shows whether the unit is there.
    pub(crate) fn probe(&self) -> Option<Request> {
        let harmless = |request: &&Request| !request.blocks.iter().any(|block| block.alone);
        self.rounds.all().find(harmless).cloned()
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
        self.scales.get(&point).copied()
    }

    /// Remembers a boundary at which a refused request is cut from the next round on. False when
    /// the request cannot be cut: then the device really lacks the registers.
    pub(crate) fn learn_cut(&mut self, request: &Request) -> bool {
        let Some(cut) = schedule::cut(request) else { return false };
        let is_new = self.cuts.insert(cut);
        self.group();
        is_new
    }

    /// The samples in an answer.
    pub(crate) fn samples<'a>(
        &'a self,
        request: &'a Request,
        answer: &'a Answer,
        at: Mono,
    ) -> impl Iterator<Item = (usize, Sample)> + 'a {
        let one = move |block: &Block| {
            let value = self.value(block.point, request, answer);
            let sample = match value {
                Ok(value) => Sample::good(value, at),
                Err(reason) => Sample::bad(reason, at),
            };
            (block.point, sample)
        };
        request.blocks.iter().map(one)
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
            Answer::Written | Answer::Told(_) => Err(Reason::WrongAnswer),
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
    /// Ends the time for which the unit is left alone, for what cannot wait.
    pub(crate) fn wake(&mut self) {
        self.silent_until = None;
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
    /// Notes that the link broke over a question to this unit, or that its answer did not fit. Once
    /// is bad luck; from the second time on the unit is left alone, or its neighbours, who come
    /// after it, would never be asked.
    pub(crate) fn handle_break(&mut self, now: Instant) {
        let pause = SILENCE_STEP.saturating_mul(self.failures).min(SILENCE_MAX_SHARED);
        self.failures = self.failures.saturating_add(1);
        self.silent_until = Some(now + pause);
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
}
