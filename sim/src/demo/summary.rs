//! What the demonstration showed, at its end.

use super::Scene;
use crate::ledger::Ledger;

/// Prints the summary; returns whether every command was confirmed and no interlock had to hold.
pub(super) fn print(scene: &Scene, ledger: &Ledger, speed: f64) -> bool {
    let status = &scene.view.status;
    let (writes, guard) = (&status.writes, &status.guard);
    let hours = ledger.days() * 24.0;
    println!();
    println!(
        "{} cycles, {hours:.1} simulated hours at {speed} times real time",
        status.cycles_since_start
    );
    println!(
        "commands over Modbus TCP: {} sent, {} confirmed by read-back, {} overtaken by the next, \
         {} failed, {} mismatches, {} pending; {} refreshes",
        writes.commands,
        writes.confirmed,
        writes.superseded,
        writes.failures,
        writes.mismatches,
        writes.pending,
        writes.refreshes
    );
    for (id, pump) in &ledger.last().pumps {
        let starts = pump.starts - ledger.first().pumps[id].starts;
        println!("pump {id}: {starts} start(s), {:.2} h running", pump.run_time.get() / 3600.0);
    }
    let interventions: u64 = guard.interventions.values().sum();
    println!(
        "guard: {interventions} interventions, interlocks held against us: {}",
        guard.interlocks
    );
    for (id, tank) in ledger.tanks() {
        println!(
            "tank {id}: {:.2} to {:.2} m, {:.0} min outside its band",
            tank.min, tank.max, tank.minutes_outside
        );
    }
    for (rung, cycles) in &status.rungs {
        println!("rung {}: {cycles} cycles", rung.word());
    }
    println!("cost {:.2} EUR, under level control {:.2} EUR", scene.cost, scene.baseline);
    println!("history: {}", scene.history.display());
    // A demonstration too short for a command has confirmed all of none.
    writes.failures == 0 && writes.mismatches == 0 && writes.pending == 0 && guard.interlocks == 0
}
