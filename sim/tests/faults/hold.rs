//! What has to hold in each cell, and the table.

use crate::links::Trouble;
use crate::points::Points;
use crate::rows::{Costs, Row, Then, rows};
use crate::run::{Seen, run};
use crate::stand::{ANSWER_MAX, Cell, ELSEWHERE, On, POLL, STRUCK, Strike, TIMEOUT, UNITS, Way};
use std::time::Duration;

/// All rows on one way. Findings come at once, after the table.
pub(crate) async fn hold(way: Way) {
    let mut findings = Vec::new();
    println!("{HEAD}");
    for points in Points::ALL {
        let quiet = Cell { way, points, strike: None, on: On::One };
        let usual = run(quiet).await;
        println!("{}", line(quiet, "no fault", &usual));
        findings.extend(unusual(&usual).map(|what| format!("{quiet:?}: {what}")));
        for row in rows() {
            if let Then::NotHere(why) = row.then(way) {
                println!("{:12} {:7} {:30} not here: {why}", way.word(), points.word(), row.name.1);
                continue;
            }
            for on in [On::One, On::All] {
                if on == On::All && !matches!(row.strike, Strike::Bytes(_)) {
                    continue;
                }
                let cell = Cell { strike: Some(&row.strike), on, ..quiet };
                let seen = run(cell).await;
                println!("{}", line(cell, row.name.1, &seen));
                let found = Judged { cell, row: &row, seen: &seen, usual: &usual }.findings();
                let place = format!("{}, {}, {}", way.word(), points.word(), row.name.1);
                findings.extend(found.into_iter().map(|what| format!("{place}, {on:?}: {what}")));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// What is wrong without any fault.
fn unusual(usual: &Seen) -> Option<String> {
    let good = usual.good.values().all(|share| *share >= 1.0);
    let right = usual.wrong.is_empty() && usual.writes.wrong.is_empty();
    let read = usual.reads_elsewhere.values().all(|(ok, failed)| *ok > 0 && *failed == 0);
    (!good || !right || !read).then(|| format!("without faults: {usual:#?}"))
}

const HEAD: &str = "way          points  row                            on    samples wrong  good: 1    2    3  \
    gap: 1     3  elsewhere heals requests connects";

fn line(Cell { way, points, on, .. }: Cell<'_>, name: &str, seen: &Seen) -> String {
    let gap = |unit| seen.gaps.get(&unit).map_or(0.0, Duration::as_secs_f64);
    let good = |unit| seen.good[&unit];
    let elsewhere = ELSEWHERE.iter().map(|unit| gap(*unit)).fold(0.0, f64::max);
    format!(
        "{:12} {:7} {name:30} {:4} {:8} {:5}  {:7.2} {:4.2} {:4.2} {:7.2} {:5.2} {elsewhere:10.2} {:5.1} \
         {:8} {:8}",
        way.word(),
        points.word(),
        format!("{on:?}").to_lowercase(),
        seen.samples,
        seen.wrong.len() + seen.writes.wrong.len(),
        good(1),
        good(2),
        good(3),
        gap(1),
        gap(3),
        seen.healed_after.map_or(f64::NAN, |after| after.as_secs_f64()),
        seen.requests,
        seen.attempts,
    )
}

/// One cell, and what was seen in it and without any fault.
struct Judged<'a> {
    cell: Cell<'a>,
    row: &'a Row,
    seen: &'a Seen,
    usual: &'a Seen,
}

impl Judged<'_> {
    fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut demand = |holds: bool, what: String| {
            if !holds {
                found.push(what);
            }
        };
        let Seen { wrong, writes, elsewhere, .. } = self.seen;
        demand(wrong.is_empty(), format!("{} wrong values: {:?}", wrong.len(), wrong.first()));
        demand(writes.wrong.is_empty(), format!("untrue claims: {:?}", writes.wrong));
        demand(writes.unlike.is_empty(), format!("not as told at the end: {:?}", writes.unlike));
        let same = *elsewhere == self.usual.elsewhere
            && self.seen.reads_elsewhere == self.usual.reads_elsewhere;
        demand(same, "units on other links were not read when they usually are".to_owned());
        let healed = self.seen.healed_after;
        let in_time = healed.is_some_and(|after| after <= HEALS_WITHIN);
        demand(in_time, format!("good again after {healed:?}"));
        demand(self.seen.open_most <= 1, format!("{} connections at once", self.seen.open_most));
        let requests = self.seen.requests;
        demand(requests <= self.usual.requests * 2, format!("a storm of {requests} requests"));
        let attempts = self.seen.attempts;
        demand(attempts <= ATTEMPTS_MAX, format!("a storm of {attempts} attempts to connect"));
        self.demand_of_units(&mut demand);
        self.demand_of_line(&mut demand);
        self.demand_of_health(&mut demand);
        self.demand_of_writes(&mut demand);
        found
    }

    fn demand_of_units(&self, demand: &mut impl FnMut(bool, String)) {
        let good = &self.seen.good;
        match self.row.then(self.cell.way) {
            // Samples stand until they are too old.
            Then::Lost(_) => demand(good[&STRUCK] < 0.25, "the fault was not noticed".to_owned()),
            Then::Good => demand(good[&STRUCK] >= 1.0, "the fault did harm".to_owned()),
            Then::Partly | Then::NotHere(_) => {}
        }
        let way = self.cell.way;
        if self.cell.on == On::All || self.row.strikes_link(way) {
            return;
        }
        for unit in UNITS.into_iter().filter(|unit| *unit != STRUCK) {
            let (share, gap) = (good[&unit], self.seen.gaps[&unit]);
            let least = self.row.neighbours(way);
            demand(share >= least, format!("the neighbour {unit} was good for {share:.3}"));
            let most = self.gap_most();
            let in_time = gap <= most || self.row.holds_up(way);
            demand(in_time, format!("{unit} was not read for {gap:?}, over {most:?}"));
        }
    }

    /// The longest time between two reads of a neighbour: its period; half of it, by which rounds
    /// may begin earlier so that they end in time; and what one question to the struck unit costs.
    fn gap_most(&self) -> Duration {
        let cost = match (self.row.costs(self.cell.way), self.cell.way) {
            (Costs::Nothing, _) => Duration::ZERO,
            (Costs::Timeout, Way::Tcp) => ANSWER_MAX,
            (Costs::Slow(each), Way::Tcp) => each * 5 + TIMEOUT,
            (Costs::Slow(each), _) => each * 5 + TIMEOUT * 2,
            (Costs::Timeout, _) | (Costs::Connection, Way::RtuOverTcp | Way::Serial) => {
                ANSWER_MAX * 2
            }
            // It breaks, is opened anew at once and breaks again; the second pause is 2 s, and up
            // to a quarter more.
            (Costs::Connection, Way::Tcp) => Duration::from_millis(2500),
        };
        POLL + POLL / 2 + cost
    }

    fn demand_of_line(&self, demand: &mut impl FnMut(bool, String)) {
        let asked = &self.seen.asked_units;
        demand(asked.iter().eq(&UNITS), format!("units asked: {asked:?}"));
        match self.cell.way {
            Way::Tcp => {
                let pipelined = self.seen.pipelined;
                demand(pipelined == 0, format!("{pipelined} requests before an answer"));
            }
            Way::Serial => {
                // 3.5 characters of 11 bits at 19200 baud.
                let silence = Duration::from_micros(2005);
                let closest = self.seen.closest;
                demand(closest >= Some(silence), format!("a frame {closest:?} after another"));
            }
            Way::RtuOverTcp => {}
        }
    }

    fn demand_of_health(&self, demand: &mut impl FnMut(bool, String)) {
        let Then::Lost(words) = self.row.then(self.cell.way) else { return };
        let errors = &self.seen.errors[&STRUCK];
        let of_link = matches!(self.row.strike, Strike::Link(Trouble::Refuses | Trouble::Swallows));
        // When all of them have the fault, the first that was asked is named for all.
        let unit = if self.cell.on == On::One { "of unit 2: " } else { "of unit " };
        let names_it = |error: &&String| {
            let table = error.contains("from holding ") || error.contains("from input ");
            error.contains(words) && (of_link || table && error.contains(unit))
        };
        let named = errors.iter().find(names_it);
        demand(named.is_some(), format!("no error with '{words}' names it: {errors:?}"));
        let health = self.seen.struck.as_ref().expect("looked at during the fault");
        let failed = health.reads_failed > 0 || of_link || self.cell.on == On::All;
        demand(failed, "no read failed".to_owned());
        demand(health.restarts == 0, "the link's task panicked".to_owned());
        let times = health.timeouts;
        demand(times > 0 || !words.contains("no answer"), "no timeout was counted".to_owned());
    }

    fn demand_of_writes(&self, demand: &mut impl FnMut(bool, String)) {
        let writes = &self.seen.writes;
        match self.row.strike {
            Strike::Ignores => {
                let (sent, most) = (writes.sent, writes.told_most);
                demand(sent >= 4, format!("only {sent} writes were acknowledged"));
                demand(writes.mismatches >= 2, format!("{} mismatches", writes.mismatches));
                demand(most <= 1 + 3, format!("told the same {most} times"));
            }
            _ => {
                // At most once in each of the three cycles that wanted it.
                let most = writes.told_most;
                demand(most <= 3, format!("told the same {most} times"));
            }
        }
    }
}

/// No pause after a failure is longer than the fault was; a round follows it.
const HEALS_WITHIN: Duration = Duration::from_secs(62);

/// During a minute. A unit that never answers is asked again after 2, 4, 6 s and so on, and each
/// time over TCP the connection is opened anew; a link that cannot be opened waits 1, 2, 4 s and so
/// on.
const ATTEMPTS_MAX: usize = 20;
