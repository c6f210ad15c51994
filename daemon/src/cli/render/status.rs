//! One screen of 80 by 24 for a site like the example.

use super::{UNKNOWN, cut, kilowatts, one_line, printable};
use crate::status::{AssetKind, AssetStatus, DeviceStatus, Status, TankStatus};
use jiff::{Timestamp, Zoned};
use policies::district::DistrictReport;
use site::command::{Outcome, Verification};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Cells of a tank's bar.
const BAR: u8 = 20;
/// Times ahead for which a planned level is shown: one, three and six hours.
const AHEAD: usize = 3;
/// Devices in trouble that are shown one by one.
const DEVICES_SHOWN: usize = 2;
/// The guard's last words that are shown.
const VERDICTS_SHOWN: usize = 1;

/// The status as a screen of text, lines of at most 80 characters.
#[must_use]
pub fn status(status: &Status) -> String {
    let mut lines = head(status);
    lines.extend(tanks(status));
    lines.extend(leaks(status));
    lines.extend(trips(status));
    lines.extend(assets(status));
    lines.extend(super::energy::energy(status));
    lines.extend(devices(status));
    lines.extend(guard(status));
    lines.extend(foot(status));
    lines.iter().fold(String::new(), |mut screen, line| {
        screen.push_str(cut(&printable(line), WIDTH).trim_end());
        screen.push('\n');
        screen
    })
}

fn head(status: &Status) -> Vec<String> {
    let fast = (status.speed - 1.0).abs() > 1e-6;
    let speed = if fast { format!(", {} times", status.speed) } else { String::new() };
    let title = format!("{} ({})", one_line(&status.name), status.site);
    let right = format!("{}{speed}  regie {}", time(status, status.at), status.version);
    let room = WIDTH.saturating_sub(right.chars().count() + 1);
    let import = status.grid.import_watts.map_or(UNKNOWN.to_owned(), kilowatts);
    let mut lines = vec![format!("{:room$} {right}", cut(&title, room)), rung(status)];
    lines.extend(model(status));
    lines.extend(forecast(status));
    let assumed = if status.price_assumed { ", assumed" } else { "" };
    lines.push(format!(
        "Grid    import {import}, peak {}; {} at {:.4} EUR/kWh{assumed}",
        kilowatts(status.grid.peak_watts),
        status.tariff_class,
        status.price_eur_per_kwh
    ));
    lines.extend(status.tariff_trouble.as_ref().map(|why| format!("Tariff  {}", one_line(why))));
    lines
}

/// One line when the model no longer fits; none while it does.
fn model(status: &Status) -> Option<String> {
    let misfits = &status.model.misfits;
    let first = misfits.first()?;
    let others = misfits.len() - 1;
    let more = if others > 0 { format!(" (+{others})") } else { String::new() };
    Some(format!("Model   no longer fits{more}: {}", one_line(&first.words())))
}

/// One line when an outside forecast is refused; none while it is used.
fn forecast(status: &Status) -> Option<String> {
    let refused = status.forecast.refused.as_ref()?;
    Some(format!("Outside forecast not used: {}", one_line(refused)))
}

fn rung(status: &Status) -> String {
    match (status.rung, &status.because) {
        (None, _) => "Rung    none yet: the first cycle is not complete".to_owned(),
        (Some(rung), None) => format!("Rung    {}", rung.word()),
        (Some(rung), Some(because)) => format!("Rung    {}: {}", rung.word(), one_line(because)),
    }
}

fn tanks(status: &Status) -> Vec<String> {
    let title = "Tanks       level    now                         +1 h   +3 h   +6 h";
    let percent = |share: Option<f64>| {
        share.map_or(UNKNOWN.to_owned(), |share| format!("{:.0} %", share * 100.0))
    };
    let row = |(id, tank): (&site::AssetId, &TankStatus)| {
        let level = tank.level_metres.map_or(UNKNOWN.to_owned(), |m| format!("{m:.2} m"));
        let (now, bar) = (percent(tank.level_ratio), bar(tank.level_ratio));
        let ahead = (0..AHEAD).map(|place| percent(tank.ahead.get(place).copied()));
        let ahead: String = ahead.map(|share| format!(" {share:>6}")).collect();
        format!("  {:<6} {level:>8} {now:>6} [{bar}]{ahead}", name(id))
    };
    heading(!status.tanks.is_empty(), title, status.tanks.iter().map(row))
}

/// A level between empty and full; question marks when it is unknown.
fn bar(share: Option<f64>) -> String {
    let Some(share) = share.filter(|share| share.is_finite()) else {
        return "?".repeat(usize::from(BAR));
    };
    let reaches = |cell: &u8| share * f64::from(BAR) >= f64::from(*cell) - 0.5;
    (1..=BAR).map(|cell| if reaches(&cell) { '#' } else { '.' }).collect()
}

/// A line for each leak alarm, and none where there is none.
fn leaks(status: &Status) -> Vec<String> {
    let line = |(id, report): (&site::AssetId, &DistrictReport)| {
        let alarm = report.alarm.as_ref()?;
        Some(format!("Leak    {}: {}", name(id), super::districts::alarm(alarm)))
    };
    status.districts.iter().filter_map(line).collect()
}

/// One line when something has tripped: the first of them, and how many more.
fn trips(status: &Status) -> Option<String> {
    let mut held =
        status.assets.iter().filter_map(|(id, asset)| Some((id, asset.tripped.as_ref()?)));
    let (id, trip) = held.next()?;
    let others = held.count();
    let more = if others > 0 { format!(" (+{others})") } else { String::new() };
    let (since, cause) = (short(status, trip.at), trip.cause.word());
    Some(format!("Trip    {}{more}, {since}: {cause}; {}", name(id), one_line(&trip.reason)))
}

fn assets(status: &Status) -> Vec<String> {
    let title = "Assets   mode    state         power setting  command      field";
    let row = |(id, asset): (&site::AssetId, &AssetStatus)| {
        let power = asset.power_watts.map_or(UNKNOWN.to_owned(), kilowatts);
        let setting = super::energy::setting(asset);
        let command = asset.command.as_deref().map_or(UNKNOWN.to_owned(), one_line);
        format!(
            "  {:<6} {:<7} {:<9} {power:>9} {setting:>7}  {:<12} {}",
            name(id),
            asset.mode.word(),
            state(asset),
            cut(&command, 12),
            field(asset)
        )
    };
    heading(!status.assets.is_empty(), title, status.assets.iter().map(row))
}

const fn state(asset: &AssetStatus) -> &'static str {
    match (asset.kind, asset.active) {
        (_, None) => "unknown",
        (AssetKind::Pump | AssetKind::Shiftable | AssetKind::LiftStation, Some(true)) => "runs",
        (AssetKind::Pump | AssetKind::Shiftable | AssetKind::LiftStation, Some(false)) => "stands",
        (AssetKind::Inverter, Some(true)) => "produces",
        (AssetKind::Inverter, Some(false)) => "idle",
        (AssetKind::Lighting, Some(true)) => "lit",
        (AssetKind::Lighting, Some(false)) => "dark",
        (AssetKind::Battery, Some(true)) => match asset.power_watts {
            Some(watts) if watts < 0.0 => "gives",
            _ => "takes",
        },
        (AssetKind::Battery, Some(false)) => "rests",
        (AssetKind::Charger, Some(true)) => "charges",
        (AssetKind::Charger, Some(false)) => match asset.details.connected {
            Some(true) => "waits",
            Some(false) => "free",
            None => "idle",
        },
    }
}

/// Why the plan cannot count on it, or else whether the field shows the command.
fn field(asset: &AssetStatus) -> String {
    if let Some(why) = &asset.unavailable {
        return one_line(why);
    }
    match &asset.verification {
        None => UNKNOWN.to_owned(),
        Some(Verification::Confirmed) => "confirmed".to_owned(),
        Some(Verification::Pending) => "pending".to_owned(),
        Some(Verification::Mismatch(times)) => format!("differs, {times} times"),
        Some(Verification::Lost) => "cannot be read back".to_owned(),
        Some(Verification::Released) => "not reached, goes its own way".to_owned(),
    }
}

fn devices(status: &Status) -> Vec<String> {
    // A line about the model, the forecast or a trip takes the place of one of these.
    let tripped = status.assets.values().any(|asset| asset.tripped.is_some());
    let said = [!status.model.misfits.is_empty(), status.forecast.refused.is_some(), tripped];
    let most = DEVICES_SHOWN.saturating_sub(said.iter().filter(|said| **said).count());
    let bad: Vec<&DeviceStatus> = status.devices.iter().filter(|device| !device.good).collect();
    let count = status.devices.len();
    if bad.is_empty() {
        return vec![format!("Devices {count}, all good{}", busiest(status))];
    }
    let mut lines = vec![format!(
        "Devices {count}, {} in trouble{}{}",
        bad.len(),
        shown(bad.len(), most),
        busiest(status)
    )];
    lines.extend(bad.iter().take(most).map(|device| {
        let trouble = device.trouble.as_deref().map_or("not all points are good".into(), one_line);
        let last = match device.last_answer_at {
            None => "never answered".to_owned(),
            Some(at) => format!("last answer {}", short(status, at)),
        };
        format!("  {} at {}: {trouble}; {last}", device.device, device.endpoint)
    }));
    lines
}

/// The busiest link, once it is busy enough to be worth a word: above four fifths its requests
/// begin to wait for each other.
fn busiest(status: &Status) -> String {
    let busiest = status.links.iter().max_by(|a, b| a.busy.total_cmp(&b.busy));
    match busiest.filter(|link| link.busy >= 0.1) {
        Some(link) => {
            let place = link.link.split('?').next().unwrap_or_default();
            format!("; {place} {:.0} % busy", link.busy * 100.0)
        }
        None => String::new(),
    }
}

fn guard(status: &Status) -> Vec<String> {
    let guard = &status.guard;
    let count: u64 = guard.interventions.values().sum();
    let mut lines = vec![format!(
        "Guard   {count} narrowed or blocked since the start; interlocks held: {}{}",
        guard.interlocks,
        shown(guard.latest.len(), VERDICTS_SHOWN)
    )];
    lines.extend(guard.latest.iter().take(VERDICTS_SHOWN).map(|verdict| {
        let outcome = match verdict.outcome {
            Outcome::Passed => "passed",
            Outcome::Narrowed => "narrowed",
            Outcome::Blocked => "blocked",
        };
        let reason = one_line(&verdict.reason);
        format!("  {} {outcome} by {}: {reason}", verdict.asset, verdict.check)
    }));
    lines
}

fn foot(status: &Status) -> Vec<String> {
    let (writes, bill) = (&status.writes, &status.bill);
    let expires = status
        .solver
        .plan_expires_at
        .map_or("no plan".to_owned(), |at| format!("plan until {}", short(status, at)));
    vec![
        format!(
            "Writes  {} commands, {} refreshes, {} failed, {} differ, {} pending",
            writes.commands, writes.refreshes, writes.failures, writes.mismatches, writes.pending
        ),
        format!(
            "Cycles  {} since {}, {} late; {expires}",
            status.cycles_since_start,
            time(status, status.started_at),
            status.overruns,
        ),
        format!(
            "Bill    {:.1} kWh in, {:.1} kWh out, {:.2} EUR since the start",
            bill.import_watthours / 1e3,
            bill.export_watthours / 1e3,
            bill.energy_eur
        ),
    ]
}

fn heading(any: bool, title: &str, rows: impl Iterator<Item = String>) -> Vec<String> {
    any.then(|| title.to_owned()).into_iter().chain(rows).collect()
}

/// Says that not all is shown; all of it is in `regie status --json`.
fn shown(count: usize, shown: usize) -> String {
    if count > shown { format!(" ({shown} of {count} shown)") } else { String::new() }
}

fn name(id: &site::AssetId) -> String {
    cut(id.as_str(), 12)
}

/// An instant in the site's own time, with the zone's abbreviation.
fn time(status: &Status, at: Timestamp) -> String {
    local(status, at).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// The same without what everybody knows: no zone, and no date on the same day.
fn short(status: &Status, at: Timestamp) -> String {
    let (at, now) = (local(status, at), local(status, status.at));
    let format = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(format).to_string()
}

fn local(status: &Status, at: Timestamp) -> Zoned {
    at.to_zoned(status.zone())
}
