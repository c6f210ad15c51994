//! The demonstration on a terminal.

use super::Scene;
use super::plain::{kilowatts, of_kind, sum};
use ratatui::DefaultTerminal;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Gauge, Paragraph, Row, Table};
use regie::status::{AssetKind, AssetStatus};
use site::AssetId;
use site::plan::{Plan, Rung};
use std::time::Duration;

/// Steps of the plan that are shown.
const PLAN_ROWS: usize = 14;

/// The terminal, put back in order when it is dropped.
pub(super) struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    pub(super) fn open() -> std::io::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()? })
    }

    pub(super) fn draw(&mut self, scene: &Scene) -> std::io::Result<()> {
        self.terminal.draw(|frame| draw(frame, scene))?;
        Ok(())
    }

    /// Whether somebody pressed `q` or Ctrl-C: in raw mode the terminal sends no signal.
    pub(super) fn wants_to_end(&self) -> std::io::Result<bool> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()? {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                if key.code == KeyCode::Char('q') || (control && key.code == KeyCode::Char('c')) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn draw(frame: &mut Frame<'_>, scene: &Scene) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(3), Constraint::Min(18), Constraint::Length(5)])
            .areas(frame.area());
    let [left, right] =
        Layout::horizontal([Constraint::Min(60), Constraint::Length(56)]).areas(body);
    self::head(frame, head, scene);
    commune(frame, left, scene);
    plan(frame, right, scene);
    self::foot(frame, foot, scene);
}

fn head(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let status = &scene.view.status;
    let local = status.at.to_zoned(scene.zone.clone());
    let rung = status.rung.map_or("starting", Rung::word);
    let because = status.because.as_deref().unwrap_or("");
    let line = format!(
        "{}   {} {:.3} EUR/kWh   {rung} {because}",
        local.strftime("%A %d %B %H:%M"),
        status.tariff_class,
        status.price_eur_per_kwh,
    );
    // Colour only for what is not normal.
    let normal = matches!(status.rung, Some(Rung::Optimal));
    let style = if normal { Style::new() } else { Style::new().fg(Color::Yellow) };
    let title = format!(" Régie - {} - {} times real time - q ends ", status.name, status.speed);
    frame.render_widget(
        Paragraph::new(line).style(style).block(Block::bordered().title(title)),
        area,
    );
}

fn commune(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let status = &scene.view.status;
    let tanks = u16::try_from(status.tanks.len()).unwrap_or(0);
    let [levels, rest] =
        Layout::vertical([Constraint::Length(tanks + 2), Constraint::Min(10)]).areas(area);
    let block = Block::bordered().title(" Tanks ");
    let inner = block.inner(levels);
    frame.render_widget(block, levels);
    for (row, (id, tank)) in (0..tanks).zip(&status.tanks) {
        let line = Rect { y: inner.y + row, height: 1, ..inner };
        let Some(level) = tank.level_ratio else {
            let text = format!("{id} level unknown");
            frame.render_widget(Paragraph::new(text).style(Style::new().fg(Color::Red)), line);
            continue;
        };
        let ahead: Vec<String> = tank.ahead.iter().map(|l| format!("{:.0}", 100.0 * l)).collect();
        let label = format!("{id} {:.0} %  (in 1, 3, 6 h: {} %)", 100.0 * level, ahead.join(" "));
        // The bar goes on under its label only when both of its colours are said.
        let gauge = Gauge::default().gauge_style(Style::new().fg(Color::Blue).bg(Color::Black));
        frame.render_widget(gauge.ratio(level.clamp(0.0, 1.0)).label(label), line);
    }
    let mut lines = assets(scene);
    lines.push(Line::raw(""));
    lines.push(Line::raw(format!(
        "PV {} of {}, {:.1} kWh curtailed; demand {:.0} m3/h",
        kilowatts(sum(status, AssetKind::Inverter)),
        kilowatts(Some(scene.pv_available_watts)),
        scene.curtailed_kwh,
        scene.demand_m3h
    )));
    lines.push(Line::raw(format!(
        "grid import {}   highest average {}",
        kilowatts(status.grid.import_watts),
        kilowatts(Some(status.grid.peak_watts))
    )));
    let commune =
        Paragraph::new(lines).block(Block::bordered().title(" Pumps, PV, lighting, grid "));
    frame.render_widget(commune, rest);
}

fn assets(scene: &Scene) -> Vec<Line<'static>> {
    let status = &scene.view.status;
    let kinds = [
        AssetKind::Pump,
        AssetKind::LiftStation,
        AssetKind::Shiftable,
        AssetKind::Inverter,
        AssetKind::Battery,
        AssetKind::Charger,
        AssetKind::Lighting,
    ];
    let all = kinds.into_iter().flat_map(|kind| of_kind(status, kind));
    all.map(|(id, asset)| asset_line(id, asset)).collect()
}

fn asset_line(id: &AssetId, asset: &AssetStatus) -> Line<'static> {
    let state = match (asset.kind, asset.active) {
        (_, None) => "unknown",
        (AssetKind::Pump | AssetKind::Shiftable | AssetKind::LiftStation, Some(true)) => "running",
        (AssetKind::Pump | AssetKind::Shiftable | AssetKind::LiftStation, Some(false)) => "stopped",
        (AssetKind::Lighting, Some(true)) => "lit",
        (AssetKind::Lighting, Some(false)) => "dark",
        (AssetKind::Inverter, Some(true)) => "feeding",
        (AssetKind::Inverter, Some(false)) => "asleep",
        (AssetKind::Battery, Some(true)) => "working",
        (AssetKind::Battery, Some(false)) => "resting",
        (AssetKind::Charger, Some(true)) => "charging",
        (AssetKind::Charger, Some(false)) => "idle",
    };
    let setting = match (asset.kind, asset.setting_ratio) {
        (AssetKind::Pump, _) | (_, None) => String::new(),
        (_, Some(share)) => format!("{:.0} %", 100.0 * share),
    };
    let text = format!(
        "{id:<5} {state:<8} {:>7} {setting:>6}  told: {:<12} {}",
        kilowatts(asset.power_watts),
        asset.command.as_deref().unwrap_or("nothing"),
        asset.unavailable.as_deref().unwrap_or("")
    );
    let good = asset.active.is_some() && asset.unavailable.is_none();
    Line::styled(text, if good { Style::new() } else { Style::new().fg(Color::Red) })
}

fn plan(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let block = Block::bordered().title(" Plan: hours to come ");
    let Some(plan) = &scene.view.plan else {
        let text = Paragraph::new("no plan: see the rung above").block(block);
        frame.render_widget(text, area);
        return;
    };
    let head = ["from", "EUR/kWh", "pumps, % of time", "levels, m", "kW"];
    let rows = (0..plan.steps.len()).take(PLAN_ROWS).map(|t| row(plan, t, scene));
    let widths = [
        Constraint::Length(6),
        Constraint::Length(8),
        Constraint::Length(18),
        Constraint::Length(14),
        Constraint::Length(6),
    ];
    let table = Table::new(rows, widths)
        .header(Row::new(head).style(Style::new().add_modifier(Modifier::BOLD)))
        .block(block);
    frame.render_widget(table, area);
}

fn row(plan: &Plan, t: usize, scene: &Scene) -> Row<'static> {
    let from = plan.steps[t].start.to_zoned(scene.zone.clone());
    let pumps = plan.pumps.iter().filter(|(_, shares)| shares[t].get() > 0.005);
    let pumps: Vec<String> = pumps
        .map(|(id, shares)| match shares[t].percent() {
            share if share > 99.5 => id.to_string(),
            share => format!("{id}:{share:.0}"),
        })
        .collect();
    let levels: Vec<String> = plan.tanks.values().map(|l| format!("{:.2}", l[t].get())).collect();
    Row::new([
        from.strftime("%H:%M").to_string(),
        format!("{:.3}", plan.price[t].get()),
        pumps.join(" "),
        levels.join(" "),
        format!("{:.0}", plan.import[t].kw()),
    ])
}

fn foot(frame: &mut Frame<'_>, area: Rect, scene: &Scene) {
    let status = &scene.view.status;
    let writes = &status.writes;
    let guard = match status.guard.latest.first() {
        Some(verdict) => format!("{} {}: {}", verdict.asset, verdict.check, verdict.reason),
        None => "nothing to change".into(),
    };
    let saved = scene.baseline - scene.cost;
    let lines = vec![
        Line::raw(format!(
            "guard: {guard}   commands {} sent, {} confirmed, {} overtaken, {} failed",
            writes.commands, writes.confirmed, writes.superseded, writes.failures
        )),
        Line::raw(format!(
            "cost {:.2} EUR; level control would have cost {:.2} ({saved:+.2}), tanks apart",
            scene.cost, scene.baseline,
        )),
        Line::raw(format!(
            "metrics http://{}/metrics   history {}",
            scene.address,
            scene.history.display()
        )),
    ];
    frame.render_widget(Paragraph::new(lines).block(Block::bordered()), area);
}
