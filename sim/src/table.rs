//! A replay's report as a table for people: one column per policy.

use crate::ledger::{LightingLedger, NetworkLedger};
use crate::report::{PolicyReport, Report};
use site::AssetId;
use std::fmt::Write;

/// Width of the labels.
const LABEL: usize = 26;
/// Width of a policy's column.
const COLUMN: usize = 14;

struct Table<'a> {
    report: &'a Report,
    text: String,
}

impl Report {
    /// The table.
    #[must_use]
    pub fn table(&self) -> String {
        let title =
            format!("{} from {}, {} day(s), seed {}\n", self.site, self.day, self.days, self.seed);
        let mut table = Table { report: self, text: title };
        table.text.push_str(&format!("\n{:LABEL$}", ""));
        for name in self.policies.keys() {
            let _ = write!(table.text, "{name:>COLUMN$}");
        }
        table.text.push('\n');
        table.money_and_energy();
        table.water();
        table.leaks();
        table.assets();
        table.network();
        table.conduct();
        table.comparison();
        table.text
    }
}

impl Table<'_> {
    fn row(&mut self, label: &str, value: impl Fn(&PolicyReport) -> String) {
        let _ = write!(self.text, "{label:LABEL$}");
        for report in self.report.policies.values() {
            let _ = write!(self.text, "{:>COLUMN$}", value(report));
        }
        self.text.push('\n');
    }

    fn money_and_energy(&mut self) {
        self.row("cost, EUR", |r| format!("{:.2}", r.cost));
        self.row("  at equal storage, EUR", |r| format!("{:.2}", r.cost_at_equal_storage));
        self.row("  of which energy, EUR", |r| format!("{:.2}", r.energy_cost));
        self.row("pumps, kWh", |r| format!("{:.0}", r.energy_kwh));
        self.row("import, kWh", |r| format!("{:.0}", r.import_kwh));
        self.row("export, kWh", |r| format!("{:.0}", r.export_kwh));
        self.row("PV used, kWh", |r| format!("{:.1}", r.pv_used_kwh));
        self.row("PV curtailed, kWh", |r| format!("{:.1}", r.pv_curtailed_kwh));
        self.row("highest import, kW", |r| format!("{:.1}", r.peak_kw));
    }

    fn water(&mut self) {
        self.row("starts", |r| {
            let starts: Vec<String> = r.starts.values().map(u64::to_string).collect();
            starts.join(" ")
        });
        let first = self.report.policies.values().next();
        let tanks: Vec<AssetId> = first.map_or(Vec::new(), |r| r.tanks.keys().cloned().collect());
        for id in &tanks {
            self.row(&format!("{id} low .. high, m"), |r| {
                format!("{:.2} .. {:.2}", r.tanks[id].min, r.tanks[id].max)
            });
            self.row(&format!("{id} start > end, m"), |r| {
                format!("{:.2} > {:.2}", r.tanks[id].start, r.tanks[id].end)
            });
            self.row(&format!("{id} outside its band, min"), |r| {
                format!("{:.0}", r.tanks[id].minutes_outside)
            });
        }
        self.row("change of storage, %", |r| format!("{:+.2}", 100.0 * r.storage_change));
        self.row("lowest pressure, m", |r| number(r.min_pressure_m, |m| format!("{m:.1}")));
        self.row("mass balance error", |r| number(r.mass_balance_error, |e| format!("{e:.1e}")));
    }

    /// Only where there is something to say.
    fn leaks(&mut self) {
        let policies = self.report.policies.values();
        let mut districts: Vec<AssetId> =
            policies.clone().flat_map(|r| r.leak_alarms.keys().cloned()).collect();
        districts.sort();
        districts.dedup();
        if policies.clone().any(|r| r.leaked_m3 > 0.0) {
            self.row("leaked, m3", |r| format!("{:.0}", r.leaked_m3));
        }
        for id in &districts {
            self.row(&format!("{id} leak alarm, m3/h"), |r| {
                number(r.leak_alarms.get(id).map(|alarm| alarm.size_m3h), |m| format!("{m:.1}"))
            });
            self.row(&format!("{id} leak alarm raised"), |r| {
                r.leak_alarms.get(id).map_or("-".to_owned(), |alarm| alarm.raised.to_string())
            });
        }
    }

    /// Batteries, sessions, wells, loads that may wait and lamps, where the site has them.
    fn assets(&mut self) {
        let Some(first) = self.report.policies.values().next().map(|r| &r.assets) else { return };
        for id in first.batteries.keys() {
            self.row(&format!("{id} throughput, kWh"), |r| {
                format!("{:.0}", r.assets.batteries[id].throughput_kwh)
            });
            self.row(&format!("{id} low .. high, %"), |r| {
                let charge = r.assets.batteries[id].charge;
                format!("{:.0} .. {:.0}", 100.0 * charge.min, 100.0 * charge.max)
            });
        }
        if self.report.policies.values().any(|r| r.assets.sessions.count > 0) {
            self.row("sessions, unserved", |r| {
                let sessions = &r.assets.sessions;
                format!("{}, {}", sessions.count, sessions.unserved.len())
            });
            self.row("  wanted, given, kWh", |r| {
                let sessions = &r.assets.sessions;
                format!("{:.0}, {:.0}", sessions.wanted_kwh, sessions.delivered_kwh)
            });
        }
        for id in first.wells.keys() {
            self.row(&format!("{id} highest, %"), |r| {
                format!("{:.0}", 100.0 * r.assets.wells[id].share.max)
            });
            self.row(&format!("{id} spilled, m3"), |r| {
                format!("{:.1}", r.assets.wells[id].spilled_m3)
            });
            self.row(&format!("{id} starts"), |r| r.assets.wells[id].starts.to_string());
        }
        for id in first.shiftable.keys() {
            self.row(&format!("{id} ran, h"), |r| {
                format!("{:.1}", r.assets.shiftable[id].hours.values().sum::<f64>())
            });
            self.row(&format!("{id} missing, h"), |r| {
                format!("{:.1}", r.assets.shiftable[id].missing_hours)
            });
        }
        if !first.lighting.is_empty() {
            let sum = |r: &PolicyReport, of: fn(&LightingLedger) -> f64| {
                format!("{:.1}", r.assets.lighting.values().map(of).sum::<f64>())
            };
            self.row("lamps, kWh", |r| sum(r, |one| one.energy_kwh));
            self.row("  dimmed below program, kWh", |r| sum(r, |one| one.dimmed_kwh));
        }
    }

    /// The low-voltage network, where the site declares one.
    fn network(&mut self) {
        let of = |r: &PolicyReport, say: &dyn Fn(&NetworkLedger) -> String| {
            r.network.as_ref().map_or_else(|| "-".to_owned(), say)
        };
        if self.report.policies.values().all(|r| r.network.is_none()) {
            return;
        }
        self.row("voltages, % of nominal", |r| {
            of(r, &|network| {
                let (low, high) = network
                    .voltages
                    .values()
                    .fold((f64::MAX, 0.0_f64), |seen, one| (seen.0.min(one.0), seen.1.max(one.1)));
                format!("{:.1} .. {:.1}", 100.0 * low, 100.0 * high)
            })
        });
        self.row("transformer, highest, %", |r| {
            of(r, &|network| number(network.transformer, |share| format!("{:.0}", 100.0 * share)))
        });
        self.row("network breaches, min", |r| {
            of(r, &|network| format!("{:.0}", network.breaches.values().sum::<f64>()))
        });
        self.row("network losses, kWh", |r| of(r, &|network| format!("{:.1}", network.losses_kwh)));
    }

    fn conduct(&mut self) {
        self.row("guard interventions", |r| r.guard_interventions.to_string());
        self.row("cycles not optimal", |r| {
            let optimal = r.fallbacks.get("optimal").copied().unwrap_or(0);
            (r.cycles - optimal).to_string()
        });
        self.given_up();
        self.row("commands sent", |r| r.commands.sent.to_string());
        self.row("  confirmed, overtaken", |r| {
            format!("{} {}", r.commands.confirmed, r.commands.superseded)
        });
        self.row("  failed, mismatched", |r| {
            format!("{} {}", r.commands.failed, r.commands.mismatched)
        });
        self.row("solve p50 / p99, ms", |r| {
            format!("{:.0} / {:.0}", r.solve_ms.p50, r.solve_ms.p99)
        });
        self.row("wall time, s", |r| format!("{:.1}", r.wall_seconds));
        self.row("record hash", |r| r.record_hash.chars().take(12).collect());
    }

    /// The wishes that were given up, and in how many cycles.
    fn given_up(&mut self) {
        let policies = self.report.policies.values();
        let mut wishes: Vec<String> = policies.flat_map(|r| r.given_up.keys().cloned()).collect();
        wishes.sort();
        wishes.dedup();
        for wish in wishes {
            self.row(&format!("  given up: {wish}"), |r| {
                r.given_up.get(&wish).map_or_else(|| "-".to_owned(), u64::to_string)
            });
        }
    }

    fn comparison(&mut self) {
        let policies = &self.report.policies;
        let (Some(optimal), Some(rules)) = (policies.get("optimal"), policies.get("rules")) else {
            return;
        };
        let saved = |a: f64, b: f64| 100.0 * (1.0 - a / b);
        let _ = write!(
            self.text,
            "\noptimal costs {:.1} % less than rules ({:.1} % at equal storage)\n",
            saved(optimal.cost, rules.cost),
            saved(optimal.cost_at_equal_storage, rules.cost_at_equal_storage)
        );
    }
}

/// A number, or a dash where there is none.
fn number(value: Option<f64>, format: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), format)
}
