//! `regie points`: what every point reads now, from the daemon, or from the devices themselves when
//! no daemon runs. Nothing is ever written.

use super::arguments::{Question, Target};
use super::client::{Client, ClientError};
use super::{exit, render};
use crate::control::Points;
use crate::load::Loaded;
use crate::resident;
use crate::status::{PointStatus, PointsStatus};
use clap::Args;
use drivers::{Clock, Field, FieldDevice};
use site::envelope::Envelopes;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often a watched screen is made anew.
const REFRESH: Duration = Duration::from_secs(1);

/// Devices that are asked directly have answered, or failed, after this at the latest.
const ROUND_MAX: Duration = Duration::from_secs(20);

/// A device that was in trouble for this long is not waited for any more.
const TROUBLE_MAX: Duration = Duration::from_secs(4);

/// How often is looked whether a round is over.
const LOOK: Duration = Duration::from_millis(50);

/// Which points, and how they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PointsArguments {
    /// The site file first, if it is not the usual one; then devices and points, such as pump1 or
    /// pump1.power; all of them when none is named
    #[arg(value_name = "SITE|DEVICE|POINT")]
    pub names: Vec<String>,
    /// Show them anew every second, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Which daemon, and in which form.
    #[command(flatten)]
    pub question: Question,
}

impl PointsArguments {
    /// The site file among the names, and the others.
    fn sorted(&self) -> (Question, &[String]) {
        let is_file = |name: &String| {
            name.contains('/') || [".yaml", ".yml"].iter().any(|end| name.ends_with(end))
        };
        match self.names.split_first() {
            Some((file, names)) if is_file(file) => {
                (self.question.clone().at_site(PathBuf::from(file)), names)
            }
            _ => (self.question.clone(), &self.names),
        }
    }
}

/// Shows them; returns the exit code. Everything has been printed.
#[must_use]
pub fn run(arguments: &PointsArguments) -> u8 {
    let (question, names) = arguments.sorted();
    let (client, loaded) = match question.target() {
        Target::Url(url) => match Client::new(&url) {
            Ok(client) => (client, None),
            Err(error) => return failed(&error),
        },
        Target::Site(site) => match super::run::loaded(&site) {
            Ok(loaded) => (Client::at(loaded.site.listen), Some(loaded)),
            Err(code) => return code,
        },
    };
    let runtime = match super::run::runtime(&mut tokio::runtime::Builder::new_current_thread()) {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let screen = Screen { names, json: question.json, watch: arguments.watch };
    runtime.block_on(async {
        match (client.points(), loaded) {
            (Err(ClientError::Unavailable { .. }), Some(loaded)) => {
                directly(&loaded, &screen).await
            }
            (Err(error), _) => failed(&error),
            (Ok(answer), loaded) => {
                if let Some(loaded) = loaded.filter(|one| one.site.id.as_str() != answer.value.site)
                {
                    eprintln!(
                        "regie: at {} runs the daemon of '{}', not of '{}': correct service: \
                         listen, or name the address with --url",
                        loaded.site.listen, answer.value.site, loaded.site.id
                    );
                    return exit::UNAVAILABLE;
                }
                let newest = || Ok(client.points()?.value);
                screen.show(Ok(answer.value), newest).await
            }
        }
    })
}

fn failed(error: &ClientError) -> u8 {
    eprintln!("regie: {error}");
    error.exit_code()
}

/// Polls the devices without a daemon.
async fn directly(loaded: &Loaded, screen: &Screen<'_>) -> u8 {
    let site = &loaded.site;
    eprintln!("regie: no daemon runs at {}; asking the devices, reading only", site.listen);
    let devices = site.devices.iter().map(|device| FieldDevice {
        device: device.clone(),
        profile: Arc::clone(&loaded.profiles[&device.id]),
        envelopes: Envelopes::none(),
    });
    let clock = Clock::system();
    let live = resident::live(&site.devices);
    let field = Field::start(devices.collect(), live, clock.clone());
    let window = field.window();
    let points =
        Points::new(Arc::clone(site), loaded.profiles.clone(), window.clone(), clock.clone());
    let began = clock.now().mono;
    loop {
        let waited = clock.now().mono.since(began);
        let status = points.now();
        let waits = |device: &drivers::DeviceHealth| {
            let of_device = |point: &&PointStatus| *point.point.device() == device.id;
            let unread = status.points.iter().filter(of_device).any(|p| p.read_at.is_none());
            unread && (device.last_error.is_none() || waited < TROUBLE_MAX)
        };
        if waited > ROUND_MAX || !window.health().iter().any(waits) {
            break;
        }
        clock.sleep(LOOK).await;
    }
    let code = screen.show(Ok(points.now()), || Ok(points.now())).await;
    field.stop().await;
    code
}

/// Where and how points are shown.
struct Screen<'a> {
    names: &'a [String],
    json: bool,
    watch: bool,
}

impl Screen<'_> {
    /// Shows what was found first, and when it is watched what is found after that.
    async fn show(
        &self,
        first: Result<PointsStatus, ClientError>,
        newest: impl Fn() -> Result<PointsStatus, ClientError>,
    ) -> u8 {
        let in_place = self.watch && !self.json && std::io::stdout().is_terminal();
        let mut found = first;
        loop {
            let status = match found {
                Ok(status) => status,
                Err(error) => return failed(&error),
            };
            let text = match self.text(&status, in_place) {
                Ok(text) => text,
                Err(why) => {
                    eprintln!("regie: {why}");
                    return exit::USAGE;
                }
            };
            let mut out = std::io::stdout().lock();
            if write!(out, "{text}").and_then(|()| out.flush()).is_err() || !self.watch {
                // A pipe that is closed wants no more of it.
                return exit::OK;
            }
            drop(out);
            tokio::select! {
                () = tokio::time::sleep(REFRESH) => {}
                _ = tokio::signal::ctrl_c() => return exit::OK,
            }
            found = newest();
        }
    }

    fn text(&self, status: &PointsStatus, in_place: bool) -> Result<String, String> {
        let chosen = chosen(status, self.names)?;
        if self.json {
            let line = if self.watch {
                serde_json::to_string(&chosen)
            } else {
                serde_json::to_string_pretty(&chosen)
            };
            return Ok(format!("{}\n", line.expect("names and numbers become JSON")));
        }
        let text = render::points(&chosen);
        if !in_place {
            return Ok(if self.watch { format!("{text}\n") } else { text });
        }
        let rows = terminal_size::terminal_size().map_or(24, |(_, rows)| usize::from(rows.0));
        Ok(over(&text, rows))
    }
}

/// The same text over what stood there before; lines that do not fit are counted.
fn over(text: &str, rows: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let room = rows.saturating_sub(2).max(1);
    let mut screen = "\x1b[H".to_owned();
    for line in lines.iter().take(room) {
        screen.push_str(line);
        screen.push_str("\x1b[K\n");
    }
    screen.push_str("\x1b[J");
    if lines.len() > room {
        let more = lines.len() - room;
        screen.push_str(&format!("and {more} more: name devices or points to see them\n"));
    }
    screen
}

/// The points that were asked for.
fn chosen(status: &PointsStatus, names: &[String]) -> Result<PointsStatus, String> {
    let mut chosen = status.clone();
    if names.is_empty() {
        return Ok(chosen);
    }
    let named = |point: &PointStatus, name: &String| {
        point.point.device().as_str() == name || point.point.to_string() == *name
    };
    for name in names {
        if !status.points.iter().any(|point| named(point, name)) {
            return Err(unknown(status, name));
        }
    }
    chosen.points.retain(|point| names.iter().any(|name| named(point, name)));
    Ok(chosen)
}

fn unknown(status: &PointsStatus, name: &str) -> String {
    let device = name.split('.').next().unwrap_or_default();
    let mut known: Vec<String> = status
        .points
        .iter()
        .filter(|point| point.point.device().as_str() == device)
        .map(|point| point.point.to_string())
        .collect();
    if known.is_empty() {
        known = status.points.iter().map(|p| p.point.device().to_string()).collect();
        known.dedup();
    }
    format!("no device or point that is read is called '{name}'; there are {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_written_over_and_says_what_does_not_fit() {
        assert_eq!(over("a\nb\n", 24), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
        let cut = over("a\nb\nc\nd\n", 4);
        assert!(cut.starts_with("\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J"), "{cut:?}");
        assert!(cut.ends_with("and 2 more: name devices or points to see them\n"), "{cut:?}");
    }
}
