//! `regie write`: one value of one point, through the running daemon and its guard.

use super::arguments::Question;
use super::client::{Client, ClientError};
use super::{exit, render};
use crate::control::{WriteReport, WriteWish};
use crate::store::WriteEntry;
use clap::Args;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// How long is waited for the field to show what was written.
const SHOWN_MAX: Duration = Duration::from_secs(15);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(500);

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct WriteArguments {
    /// The point, for example charger1.current
    #[arg(value_name = "POINT", required_unless_present = "list")]
    pub point: Option<String>,
    /// The value, in the unit that `regie points` shows; yes or no for a switch
    #[arg(value_name = "VALUE", required_unless_present = "list", allow_negative_numbers = true)]
    pub value: Option<String>,
    /// Write it once: at the next cycle the plan takes over again
    #[arg(long, required_unless_present = "list")]
    pub once: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Do not ask, for scripts
    #[arg(long)]
    pub yes: bool,
    /// Show what was written by hand, the newest first
    #[arg(long, conflicts_with_all = ["point", "value", "once", "reason", "yes"])]
    pub list: bool,
    /// Which daemon, and in which form.
    #[command(flatten)]
    pub question: Question,
}

/// Why nothing more is printed: the words for standard error, and the exit code.
enum Stop {
    /// The daemon refused, or did not answer.
    Client(ClientError),
    /// Nobody said yes.
    NotAsked(&'static str),
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

/// Writes, or lists; returns the exit code. Everything has been printed.
#[must_use]
pub fn run(arguments: &WriteArguments) -> u8 {
    let client = match super::run::client(&arguments.question) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let done = if arguments.list {
        list(&client, arguments.question.json)
    } else {
        write(&client, arguments)
    };
    match done {
        Ok(text) => {
            println!("{}", text.trim_end());
            exit::OK
        }
        Err(Stop::Client(error)) => {
            eprintln!("regie: {error}");
            error.exit_code()
        }
        Err(Stop::NotAsked(why)) => {
            eprintln!("regie: nothing was written: {why}");
            exit::USAGE
        }
    }
}

fn list(client: &Client, json: bool) -> Result<String, Stop> {
    let answer = client.writes()?;
    if json {
        return Ok(answer.text);
    }
    Ok(render::writes(&answer.value, &client.status()?.value.zone()))
}

fn write(client: &Client, arguments: &WriteArguments) -> Result<String, Stop> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let wish = WriteWish {
        point: text(&arguments.point),
        value: text(&arguments.value),
        who: who(),
        reason: arguments.reason.clone(),
        dry: false,
    };
    if !arguments.yes {
        let expected = client.write(&WriteWish { dry: true, ..wish.clone() })?;
        confirm(&expected.value)?;
    }
    let answer = client.write(&wish)?;
    if arguments.question.json {
        return Ok(answer.text);
    }
    print!("{}", render::written(&answer.value));
    Ok(match shown(client, answer.value.id) {
        Some(word) => format!("Field     {word}"),
        None => "Field     not read back yet; see regie write --list".to_owned(),
    })
}

/// Asks the person at the terminal, after showing what would happen.
fn confirm(expected: &WriteReport) -> Result<(), Stop> {
    eprint!("{}", render::expected(expected));
    if expected.told.is_none() {
        return Err(Stop::NotAsked("the guard would not let it through"));
    }
    let terminal = std::io::stdin();
    if !terminal.is_terminal() {
        return Err(Stop::NotAsked("nobody can be asked here; a script says --yes"));
    }
    eprint!("Write it? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stderr().flush().and_then(|()| terminal.lock().read_line(&mut answer));
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(Stop::NotAsked("it was not confirmed")),
    }
}

/// Whether the field shows it, once that is known.
fn shown(client: &Client, id: Option<u64>) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    let mut word = None;
    for _ in 0..SHOWN_MAX.as_millis() / LOOK.as_millis() {
        let entries: Vec<WriteEntry> = client.writes().ok()?.value;
        word = entries.into_iter().find(|entry| Some(entry.id) == id)?.verification;
        if word.as_deref() == Some("confirmed") {
            break;
        }
        runtime.block_on(async { tokio::time::sleep(LOOK).await });
    }
    word
}

/// Who runs this program, as the operating system knows it, for the record.
pub(super) fn who() -> String {
    let user = std::fs::metadata("/proc/self").map(|process| process.uid());
    let Ok(user) = user else { return "unknown".to_owned() };
    let table = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = named(&table, user).unwrap_or_else(|| format!("uid {user}"));
    let behind = std::env::var("SUDO_USER").ok().filter(|_| user == 0);
    let name = behind.map_or(name.clone(), |behind| format!("{behind} as {name}"));
    name.chars().filter(|letter| !letter.is_control()).take(64).collect()
}

/// The name of a user in a table such as /etc/passwd.
fn named(table: &str, user: u32) -> Option<String> {
    let fields = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut found = fields
        .filter(|fields| fields.get(2).and_then(|field| field.parse::<u32>().ok()) == Some(user));
    found.find_map(|fields| fields.first().map(|name| (*name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_number() {
        let table = "root:x:0:0:root:/root:/bin/sh\nmarie:x:1000:1000::/var/lib/marie:/bin/sh\n";
        assert_eq!(named(table, 1000).as_deref(), Some("marie"));
        assert_eq!(named(table, 7), None);
        assert!(!who().is_empty());
    }
}
