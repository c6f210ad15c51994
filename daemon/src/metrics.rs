//! The status as Prometheus reads it. Rendered purely from [`Status`], so that metrics and
//! screens never disagree.
//!
//! Names are `regie_<noun>_<unit>`, counters end in `_total`, times are timestamps and not ages.
//! A value that is unknown has no series: an absent series can be alerted on, a zero would lie.
//! Modes and rungs are sets of series, one per word, of which one is 1.
//! Labels are bounded: assets, devices and points come from the site file, words from enums, and
//! the guard's checks are held to [`CHECKS_MAX`].

mod districts;
mod energy;
mod model;
mod trips;

use crate::solver::Failure;
use crate::status::{AssetStatus, DeviceStatus, LinkStatus, Status};
use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{CounterVec, GaugeVec, IntCounterVec, Opts, Registry, TextEncoder};
use site::asset::Mode;
use site::command::Verification;
use site::plan::Rung;

/// The most checks with a series of their own; further ones share the label `other`.
pub const CHECKS_MAX: usize = 64;

/// The text that `/metrics` serves (text format 0.0.4).
#[must_use]
pub fn render(status: &Status) -> String {
    let page = Page { registry: Registry::new(), site: status.site.clone() };
    page.daemon(status);
    page.ladder(status);
    page.tanks(status);
    page.districts(status);
    page.assets(status);
    page.storage(status);
    page.grid(status);
    page.limits(status);
    page.devices(status);
    page.links(status);
    page.points(status);
    page.guard(status);
    page.trips(status);
    page.writes(status);
    page.solver(status);
    page.model(status);
    page.bill(status);
    TextEncoder::new()
        .encode_to_string(&page.registry.gather())
        .expect("families of one registry are consistent, and text is written to memory")
}

/// One rendering. Each family is registered once, with its help.
struct Page {
    registry: Registry,
    site: String,
}

/// One value of a family: its label values in the family's order, and the number.
type Row<'a, T> = (Vec<&'a str>, T);

impl Page {
    fn options(&self, name: &str, help: &str) -> Opts {
        Opts::new(name, help).namespace("regie").const_label("site", &self.site)
    }

    fn register(&self, family: impl Collector + 'static) {
        let registered = self.registry.register(Box::new(family));
        registered.expect("each name is used once on the page");
    }

    /// Values that go up and down. What is not finite has no series.
    fn gauges<'a>(
        &self,
        (name, help): (&str, &str),
        labels: &[&str],
        rows: impl IntoIterator<Item = Row<'a, Option<f64>>>,
    ) {
        let family = GaugeVec::new(self.options(name, help), labels)
            .expect("names and labels on this page are valid");
        for (values, number) in rows {
            if let Some(number) = number.filter(|number| number.is_finite()) {
                family.with_label_values(&values).set(number);
            }
        }
        self.register(family);
    }

    fn gauge(&self, name: &str, help: &str, number: impl Into<Option<f64>>) {
        self.gauges((name, help), &[], [(vec![], number.into())]);
    }

    fn instant(&self, name: &str, help: &str, at: Option<Timestamp>) {
        self.gauge(name, help, at.map(seconds));
    }

    /// Values that only go up.
    fn counters<'a>(
        &self,
        (name, help): (&str, &str),
        labels: &[&str],
        rows: impl IntoIterator<Item = Row<'a, u64>>,
    ) {
        let family = IntCounterVec::new(self.options(name, help), labels)
            .expect("names and labels on this page are valid");
        for (values, count) in rows {
            family.with_label_values(&values).inc_by(count);
        }
        self.register(family);
    }

    fn counter(&self, name: &str, help: &str, count: u64) {
        self.counters((name, help), &[], [(vec![], count)]);
    }

    /// Energy only goes up, in parts of a watt-hour.
    fn energy(&self, name: &str, help: &str, watthours: f64) {
        let family = CounterVec::new(self.options(name, help), &[])
            .expect("names and labels on this page are valid");
        if watthours.is_finite() && watthours >= 0.0 {
            family.with_label_values::<&str>(&[]).inc_by(watthours);
        }
        self.register(family);
    }

    fn daemon(&self, status: &Status) {
        let build = ("build_info", "Always 1; the version is a label.");
        self.gauges(build, &["version"], [(vec![status.version.as_str()], Some(1.0))]);
        let started = Some(status.started_at);
        self.instant("start_timestamp_seconds", "When the daemon started.", started);
        let at = Some(status.at);
        self.instant("status_timestamp_seconds", "Site time of the values on this page.", at);
        let help = "How much faster than real time the site's clock runs; 1 in real life.";
        self.gauge("clock_speed_ratio", help, status.speed);
        let help = "Cycles completed since the state was created.";
        self.counter("state_cycles_total", help, status.cycle);
        let help = "Cycles completed since the start.";
        self.counter("cycles_total", help, status.cycles_since_start);
        let help = "Cycles that began late because the one before took too long.";
        self.counter("cycle_overruns_total", help, status.overruns);
        let help = "Price of imported energy now, in EUR per kWh.";
        self.gauge("price_eur_per_kwh", help, status.price_eur_per_kwh);
    }

    fn ladder(&self, status: &Status) {
        let state = ("rung", "Where the last cycle stands on the ladder: 1 for that rung.");
        let rows = Rung::ALL.into_iter().map(|rung| {
            let here = status.rung.map(|current| truth(current == rung));
            (vec![rung.word()], here)
        });
        self.gauges(state, &["rung"], rows);
        let count = ("rung_cycles_total", "Cycles that stood on each rung since the start.");
        let rows = Rung::ALL.into_iter().map(|rung| {
            let cycles = status.rungs.get(&rung).copied().unwrap_or(0);
            (vec![rung.word()], cycles)
        });
        self.counters(count, &["rung"], rows);
    }

    fn tanks(&self, status: &Status) {
        let levels = status.tanks.iter().map(|(id, tank)| (vec![id.as_str()], tank.level_metres));
        let name = ("tank_level_metres", "Level above the tank's bottom.");
        self.gauges(name, &["asset"], levels);
        let shares = status.tanks.iter().map(|(id, tank)| (vec![id.as_str()], tank.level_ratio));
        let name = ("tank_level_ratio", "Level as a share of the tank's height.");
        self.gauges(name, &["asset"], shares);
    }

    fn assets(&self, status: &Status) {
        let rows = status.assets.iter().flat_map(|(id, asset)| {
            [Mode::Observe, Mode::Shadow, Mode::Control]
                .map(|mode| (vec![id.as_str(), mode.word()], Some(truth(asset.mode == mode))))
        });
        let name = ("asset_mode", "How far Régie may go with an asset: 1 for the mode it is in.");
        self.gauges(name, &["asset", "mode"], rows);
        let rows = status.assets.iter().flat_map(|(id, asset)| {
            ["confirmed", "pending", "mismatch", "lost"].map(|word| {
                let found = asset.verification.as_ref().map(|found| truth(shown(found) == word));
                (vec![id.as_str(), word], found)
            })
        });
        let name = ("asset_verification", "Whether the field shows the last command: 1 for how.");
        self.gauges(name, &["asset", "verification"], rows);
        self.each_asset(
            status,
            "active",
            "1 when it runs, is lit, produces, stores, gives or charges.",
            |asset| asset.active.map(truth),
        );
        let help = "Power; load and charging positive, and production positive for an inverter.";
        self.each_asset(status, "power_watts", help, |asset| asset.power_watts);
        let help = "Limit or dimming level in force, as a share.";
        self.each_asset(status, "setting_ratio", help, |asset| asset.setting_ratio);
        self.each_asset(status, "available", "1 when the plan can count on it.", |asset| {
            Some(truth(asset.unavailable.is_none()))
        });
        let help = "Starts in the last 60 minutes.";
        self.each_asset(status, "starts_last_hour", help, |asset| {
            asset.starts_last_hour.map(f64::from)
        });
    }

    fn each_asset(
        &self,
        status: &Status,
        name: &str,
        help: &str,
        value: impl Fn(&AssetStatus) -> Option<f64>,
    ) {
        let rows = status.assets.iter().map(|(id, asset)| (vec![id.as_str()], value(asset)));
        self.gauges((&format!("asset_{name}"), help), &["asset"], rows);
    }

    fn grid(&self, status: &Status) {
        let help = "Power at the point of common coupling; export negative.";
        self.gauge("grid_import_watts", help, status.grid.import_watts);
        let help = "Highest average import of the billing period so far.";
        self.gauge("grid_peak_watts", help, status.grid.peak_watts);
    }

    fn devices(&self, status: &Status) {
        let name = ("device_good", "1 when the device answers for all its readable points.");
        self.gauges(name, &["device"], each_device(status, |device| Some(truth(device.good))));
        let name = ("device_last_answer_timestamp_seconds", "When the device last answered.");
        let answered = each_device(status, |device| device.last_answer_at.map(seconds));
        self.gauges(name, &["device"], answered);
        let name = ("device_requests_total", "Requests answered.");
        self.counters(name, &["device"], each_device(status, |device| device.requests));
        let name = ("device_failures_total", "Requests that failed.");
        self.counters(name, &["device"], each_device(status, |device| device.failures));
        let name = ("device_connects_total", "Connections opened.");
        self.counters(name, &["device"], each_device(status, |device| device.connects));
        let help = "Commands that the encoder refused: they lay outside their envelope.";
        let refused = each_device(status, |device| device.refused_writes);
        self.counters(("device_refused_writes_total", help), &["device"], refused);
        let help = "Times a counter of the device began anew because its registers were full.";
        let rollovers = each_device(status, |device| device.counter_rollovers);
        self.counters(("device_meter_rollovers_total", help), &["device"], rollovers);
        let help = "Times a counter of the device was reset, or its meter exchanged.";
        let resets = each_device(status, |device| device.counter_resets);
        self.counters(("device_meter_resets_total", help), &["device"], resets);
    }

    fn links(&self, status: &Status) {
        let name = ("link_busy_ratio", "Share of time with a request on its way, over a minute.");
        self.gauges(name, &["link"], each_link(status, |link| Some(link.busy)));
        let name = ("link_connected", "1 when the link is open.");
        self.gauges(name, &["link"], each_link(status, |link| Some(truth(link.connected))));
        let name = ("link_requests_total", "Requests sent.");
        self.counters(name, &["link"], each_link(status, |link| link.requests));
        let help = "Bytes thrown away on a serial line: nobody asked for them, or too late.";
        let unasked = each_link(status, |link| link.unasked_bytes);
        self.counters(("link_unasked_bytes_total", help), &["link"], unasked);
    }

    fn points(&self, status: &Status) {
        let rows = status.bad_points.keys().filter_map(|name| {
            let (device, point) = name.split_once('.')?;
            Some((vec![device, point], Some(1.0)))
        });
        let name =
            ("point_bad", "1 for each point without a good value; no series for the others.");
        self.gauges(name, &["device", "point"], rows);
    }

    fn guard(&self, status: &Status) {
        let found = &status.guard.interventions;
        let own =
            found.iter().take(CHECKS_MAX).map(|(check, count)| (vec![check.as_str()], *count));
        let others: u64 = found.values().skip(CHECKS_MAX).sum();
        let other = (found.len() > CHECKS_MAX).then(|| (vec!["other"], others));
        let name = ("guard_interventions_total", "Proposals narrowed or blocked, by check.");
        self.counters(name, &["check"], own.chain(other));
        let help = "Interlocks that held while something unsafe was asked for.";
        self.counter("guard_interlocks_total", help, status.guard.interlocks);
    }

    fn writes(&self, status: &Status) {
        let writes = &status.writes;
        let help = "Commands sent because something changed.";
        self.counter("write_commands_total", help, writes.commands);
        let help = "Refreshes sent before a dead-man expires.";
        self.counter("write_refreshes_total", help, writes.refreshes);
        let help = "Writes that were not acknowledged.";
        self.counter("write_failures_total", help, writes.failures);
        let help = "Commands read back and equal.";
        self.counter("write_confirmed_total", help, writes.confirmed);
        let help = "Commands overtaken by another one before they were read back.";
        self.counter("write_superseded_total", help, writes.superseded);
        let help = "Times a read-back differed.";
        self.counter("write_mismatches_total", help, writes.mismatches);
        let help = "Commands sent and not yet read back.";
        self.gauges(("write_pending", help), &[], [(vec![], Some(number(writes.pending)))]);
    }

    fn solver(&self, status: &Status) {
        let solver = &status.solver;
        let help = "Linear programs solved.";
        self.counter("solver_linear_solves_total", help, solver.linear_solves);
        let help = "Times pump combinations were chosen anew.";
        self.counter("solver_switching_solves_total", help, solver.switching_solves);
        let rows = Failure::REASONS.into_iter().map(|reason| {
            let count = solver.failures_by_reason.get(reason).copied().unwrap_or(0);
            (vec![reason], count)
        });
        self.counters(("solver_failures_total", "Solves that failed."), &["reason"], rows);
        let help = "Starts of the solver's process.";
        self.counter("solver_starts_total", help, solver.starts);
        let help = "Plans audited with EPANET's own stepping.";
        self.counter("plan_audits_total", help, solver.audits);
        let help = "Plans that failed the audit.";
        self.counter("plan_audits_failed_total", help, solver.audits_failed);
        let help = "Plans that passed the audit after a repair.";
        self.counter("plan_repairs_total", help, solver.plans_repaired);
        let linear = (solver.linear_solves > 0).then_some(solver.linear_ms / 1e3);
        let help = "Real time of the last linear program.";
        self.gauge("solver_linear_seconds", help, linear);
        let switching = (solver.switching_solves > 0).then_some(solver.switching_ms / 1e3);
        let help = "Real time of the last choice of pump combinations.";
        self.gauge("solver_switching_seconds", help, switching);
        let planned = solver.plan_expires_at.is_some();
        let help = "Wishes given up in the present plan.";
        let given_up = u64::try_from(solver.shortfalls.len()).unwrap_or(u64::MAX);
        self.gauge("plan_shortfalls", help, planned.then_some(number(given_up)));
        let help = "When the present plan expires.";
        self.instant("plan_expiry_timestamp_seconds", help, solver.plan_expires_at);
        let help = "Expected cost of the present plan over its horizon.";
        self.gauge("plan_cost_eur", help, solver.plan_cost_eur);
    }

    fn bill(&self, status: &Status) {
        let help = "Energy imported since the start.";
        self.energy("import_energy_watthours_total", help, status.bill.import_watthours);
        let help = "Energy exported since the start.";
        self.energy("export_energy_watthours_total", help, status.bill.export_watthours);
        let help = "Energy bought minus energy sold since the start.";
        self.gauge("energy_cost_eur", help, status.bill.energy_eur);
    }
}

fn each_device<T>(
    status: &Status,
    value: impl Fn(&DeviceStatus) -> T,
) -> impl Iterator<Item = Row<'_, T>> {
    status.devices.iter().map(move |device| (vec![device.device.as_str()], value(device)))
}

fn each_link<T>(
    status: &Status,
    value: impl Fn(&LinkStatus) -> T,
) -> impl Iterator<Item = Row<'_, T>> {
    status.links.iter().map(move |link| (vec![link.link.as_str()], value(link)))
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Counts stay far below 2^53, where every whole number is exact.
fn number(count: u64) -> f64 {
    count as f64
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

const fn shown(verification: &Verification) -> &'static str {
    match verification {
        Verification::Confirmed => "confirmed",
        Verification::Pending => "pending",
        Verification::Mismatch(_) => "mismatch",
        Verification::Lost => "lost",
        Verification::Released => "released",
    }
}
