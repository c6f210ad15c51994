//! When which points of a unit are read. Pure.
//!
//! Points with the same period form a group. Groups that are read at least as often as the
//! device's own period are fast: they are read whole, just before the beat at which cycles look.
//! The others are slow: they are read one request at a time, when nothing else is due, and their
//! beats are spread so that slow groups of many units do not meet.

use crate::schedule::Request;
use site::Mono;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The shortest period.
const PERIOD_MIN: Duration = Duration::from_millis(100);

/// The points with one period.
#[derive(Debug)]
struct Group {
    every: Duration,
    due: Mono,
    /// How far its beat lies behind the whole multiples of its period.
    phase: Duration,
    requests: Arc<[Request]>,
    /// With which request the next round begins.
    begin_at: usize,
}

/// The rounds of one unit.
#[derive(Debug)]
pub(super) struct Rounds {
    poll: Duration,
    lead: Duration,
    groups: Vec<Group>,
    waiting: VecDeque<(usize, Request)>,
}

/// One round that is due: its requests, and with which it begins.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(super) group: usize,
    pub(super) requests: Arc<[Request]>,
    pub(super) begin_at: usize,
}

impl Rounds {
    /// No points yet. `poll` is the device's own period.
    pub(super) fn new(poll: Duration) -> Self {
        let poll = poll.max(PERIOD_MIN);
        Self { poll, lead: Duration::ZERO, groups: Vec::new(), waiting: VecDeque::new() }
    }

    /// Replaces the requests of all groups, given with their periods. A group that was there keeps
    /// its beat; a new one is due at `first`. `spread` is a number that looks random.
    pub(super) fn handle_requests(
        &mut self,
        groups: Vec<(Duration, Vec<Request>)>,
        first: Mono,
        spread: u64,
    ) {
        let old = std::mem::take(&mut self.groups);
        self.waiting.clear();
        for (every, requests) in groups {
            let every = every.max(PERIOD_MIN);
            let known = old.iter().find(|group| group.every == every);
            let slow = every > self.poll;
            let share = u32::from(spread.to_le_bytes()[1]);
            let phase = if slow { every * share / 256 } else { Duration::ZERO };
            let due = known.map_or(first, |group| group.due);
            let requests = requests.into();
            self.groups.push(Group { every, due, phase, requests, begin_at: 0 });
        }
    }

    /// How long before the beat fast rounds begin, so that they end just before it.
    pub(super) fn lead(&mut self, lead: Duration) {
        self.lead = lead.min(self.poll / 2);
    }

    /// When there is something to read next.
    pub(super) fn due(&self) -> Option<Mono> {
        if self.waiting.is_empty() {
            self.groups.iter().map(|group| group.due).min()
        } else {
            Some(Mono::default())
        }
    }

    /// Whether a fast round is due.
    pub(super) fn is_fast_due(&self, now: Mono) -> bool {
        self.groups.iter().any(|group| group.every <= self.poll && group.due <= now)
    }

    /// The fast rounds to be read now: those that are due, or all of them when `all` says so. Each
    /// moves on to its next beat; rounds that are over are not made up for.
    pub(super) fn begin_fast(&mut self, now: Mono, all: bool) -> Vec<Round> {
        let (poll, lead) = (self.poll, self.lead);
        let mut rounds = Vec::new();
        let fast = self.groups.iter_mut().enumerate().filter(|(_, group)| group.every <= poll);
        for (place, group) in fast.filter(|(_, group)| all || group.due <= now) {
            group.due = next(now, group.every, group.every.saturating_sub(lead));
            let requests = Arc::clone(&group.requests);
            rounds.push(Round { group: place, requests, begin_at: group.begin_at });
            group.begin_at = 0;
        }
        rounds
    }

    /// Lets the next round of a group begin behind the request that ended this one: a device that
    /// never answers one request must not hide what it would answer to the others.
    pub(super) fn begin_after(&mut self, group: usize, request: usize) {
        if let Some(group) = self.groups.get_mut(group) {
            group.begin_at = (request + 1) % group.requests.len().max(1);
        }
    }

    /// The next slow request, when one is due.
    pub(super) fn next_slow(&mut self, now: Mono) -> Option<(usize, Request)> {
        let poll = self.poll;
        for (place, group) in self.groups.iter_mut().enumerate() {
            if group.every > poll && group.due <= now {
                group.due = within(now, group.every, group.phase);
                let requests = group.requests.iter().cloned();
                self.waiting.extend(requests.map(|request| (place, request)));
            }
        }
        self.waiting.pop_front()
    }

    /// Gives up what waits of the slow groups; they are due again after one period of the device.
    pub(super) fn postpone(&mut self, now: Mono, group: usize) {
        let given_up = self.waiting.drain(..).map(|(group, _)| group).chain([group]);
        for group in given_up.collect::<Vec<_>>() {
            if let Some(group) = self.groups.get_mut(group) {
                group.due = group.due.min(now.after(self.poll));
            }
        }
    }

    /// All requests of all groups, the fast ones first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Request> {
        self.groups.iter().flat_map(|group| group.requests.iter())
    }
}

/// The next beat after `now` that is at least half a period away: a whole multiple of the period,
/// and `phase`.
fn next(now: Mono, every: Duration, phase: Duration) -> Mono {
    let earliest = now.since_start() + every / 2;
    let phase = if phase >= every { Duration::ZERO } else { phase };
    let periods = earliest.saturating_sub(phase).as_nanos().div_ceil(every.as_nanos().max(1));
    let periods = u32::try_from(periods).unwrap_or(u32::MAX);
    Mono::new(every.saturating_mul(periods) + phase)
}

/// The last beat that is no more than a period after `now`: whatever is read slowly is as old as
/// its period at most, from the first reading on, which comes when the link opens and not on the
/// beat.
fn within(now: Mono, every: Duration, phase: Duration) -> Mono {
    let latest = now.since_start() + every;
    let periods = latest.saturating_sub(phase).as_nanos() / every.as_nanos().max(1);
    let periods = u32::try_from(periods).unwrap_or(u32::MAX);
    Mono::new(every.saturating_mul(periods) + phase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Table;

    fn request(address: u16) -> Request {
        Request { table: Table::Input, address, count: 1, blocks: Vec::new() }
    }

    const fn at(millis: u64) -> Mono {
        Mono::new(Duration::from_millis(millis))
    }

    fn rounds() -> Rounds {
        let mut rounds = Rounds::new(Duration::from_secs(10));
        let groups = vec![
            (Duration::from_secs(10), vec![request(0), request(100)]),
            (Duration::from_secs(60), vec![request(200), request(300)]),
        ];
        rounds.handle_requests(groups, at(300), 0);
        rounds
    }

    #[test]
    fn fast_rounds_end_just_before_the_beat() {
        let mut rounds = rounds();
        rounds.lead(Duration::from_millis(200));
        assert!(!rounds.is_fast_due(at(299)) && rounds.is_fast_due(at(300)));
        assert_eq!(rounds.begin_fast(at(300), false).len(), 1);
        let mut seen = Vec::new();
        for now in (0..60_000).step_by(100).map(at) {
            if rounds.is_fast_due(now) {
                rounds.begin_fast(now, false);
                seen.push(now.since_start().as_millis());
            }
        }
        assert_eq!(seen, [9800, 19_800, 29_800, 39_800, 49_800, 59_800]);
    }

    #[test]
    fn a_round_that_was_missed_is_not_made_up_for() {
        let mut rounds = rounds();
        rounds.begin_fast(at(300), false);
        assert!(rounds.is_fast_due(at(34_000)));
        rounds.begin_fast(at(34_000), false);
        assert!(!rounds.is_fast_due(at(34_001)));
        assert!(rounds.is_fast_due(at(40_000)), "the beat is kept");
    }

    #[test]
    fn slow_requests_come_one_at_a_time() {
        let mut rounds = rounds();
        rounds.begin_fast(at(300), false);
        assert_eq!(rounds.due(), Some(at(300)), "the slow group");
        let addresses: Vec<u16> = std::iter::from_fn(|| rounds.next_slow(at(400)))
            .map(|(_, request)| request.address)
            .collect();
        assert_eq!(addresses, [200, 300]);
        assert_eq!(rounds.due(), Some(at(10_000)), "the fast round; the slow ones in a minute");
        assert!(rounds.next_slow(at(59_000)).is_none());
        assert!(rounds.next_slow(at(60_000)).is_some());
    }

    #[test]
    fn slow_points_are_never_older_than_their_period() {
        let minute = Duration::from_secs(60);
        for spread in [0_u64, 0x0100, 0x4000, 0x8000, 0xC000, 0xFF00] {
            let mut rounds = Rounds::new(Duration::from_secs(10));
            rounds.handle_requests(vec![(minute, vec![request(200)])], at(300), spread);
            let mut read = Vec::new();
            for now in (0..400_000).step_by(100).map(at) {
                if rounds.next_slow(now).is_some() {
                    read.push(now);
                }
            }
            assert!(read.len() >= 6, "{spread:#x}: {read:?}");
            for pair in read.windows(2) {
                assert!(pair[1].since(pair[0]) <= minute, "{spread:#x}: {read:?}");
            }
            let steady = read[1..].windows(2).all(|pair| pair[1].since(pair[0]) == minute);
            assert!(steady, "{spread:#x}: {read:?}");
        }
    }

    #[test]
    fn what_was_given_up_is_tried_again_after_one_period() {
        let mut rounds = rounds();
        rounds.begin_fast(at(300), false);
        let (group, _) = rounds.next_slow(at(400)).expect("due");
        rounds.postpone(at(400), group);
        assert!(rounds.next_slow(at(10_399)).is_none());
        assert!(rounds.next_slow(at(10_400)).is_some());
    }

    #[test]
    fn a_round_begins_behind_the_request_that_ended_the_last() {
        let mut rounds = rounds();
        let [round] = &rounds.begin_fast(at(300), false)[..] else { panic!("one is due") };
        let group = round.group;
        assert_eq!(round.begin_at, 0);
        rounds.begin_after(group, 0);
        assert_eq!(rounds.begin_fast(at(10_000), false)[0].begin_at, 1);
        assert_eq!(rounds.begin_fast(at(20_000), false)[0].begin_at, 0);
    }
}
