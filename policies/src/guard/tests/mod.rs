//! The envelope, held from outside: single checks, the memory, and properties over all inputs.

mod checks;
mod energy;
mod holes;
mod memory;
mod operator;
mod properties;
mod sequence;
mod starts;
mod trip_words;
mod trips;

use super::bench::{Field, id, site, wish};
use super::{Allowed, GuardMemory, guard};
use site::Site;
use site::command::{Authority, Outcome, Proposal, Setpoint};

/// A site, its field, and a guard that has watched it.
#[derive(Debug)]
struct Bench {
    site: Site,
    field: Field,
    memory: GuardMemory,
}

impl Bench {
    /// All is well, and has been for two hours.
    fn usual() -> Self {
        let mut bench =
            Self { site: site(), field: Field::usual(), memory: GuardMemory::default() };
        bench.watch(7200);
        bench
    }
    /// Time goes on while the guard looks and nobody proposes anything.
    fn watch(&mut self, seconds: u64) {
        for _ in 0..seconds / 10 {
            self.look(&[]);
            self.field.pass(10);
        }
    }
    /// One whole look.
    fn look(&mut self, proposals: &[Proposal]) -> Allowed {
        let snapshot = self.field.snapshot();
        self.memory.observe(&self.site, &snapshot);
        let allowed = guard(&self.site, &snapshot, &self.memory, proposals);
        self.memory.commanded(snapshot.now.utc, &allowed.commands);
        allowed
    }
    /// What comes out for one asset: the setpoint, and the verdicts as "check outcome: reason".
    fn ask(&mut self, asset: &str, setpoint: Setpoint) -> (Option<Setpoint>, Vec<String>) {
        let allowed = self.look(&[wish(asset, setpoint, Authority::Plan)]);
        (told(&allowed, asset), words(&allowed))
    }
}

fn told(allowed: &Allowed, asset: &str) -> Option<Setpoint> {
    let command = allowed.commands.iter().find(|command| command.get().asset == id(asset))?;
    Some(command.get().setpoint)
}

fn words(allowed: &Allowed) -> Vec<String> {
    let word = |outcome| match outcome {
        Outcome::Passed => "passed",
        Outcome::Narrowed => "narrowed",
        Outcome::Blocked => "blocked",
    };
    let line =
        |v: &site::command::Verdict| format!("{} {}: {}", v.check, word(v.outcome), v.reason);
    allowed.verdicts.iter().map(line).collect()
}
