//! `regie limit`: limits from outside, entered by hand.

use super::arguments::{LimitAction, Question};
use super::client::{Client, ClientError};
use super::render;
use crate::http::NewLimit;
use crate::status::LimitStatus;
use jiff::tz::TimeZone;

/// Asks the daemon; what to print.
///
/// # Errors
/// When it does not answer, or refuses.
pub fn ask(client: &Client, action: &LimitAction, json: bool) -> Result<String, ClientError> {
    let (text, limits, word) = match action {
        LimitAction::List { .. } => {
            let answer = client.limits()?;
            (answer.text, answer.value, "")
        }
        LimitAction::Set { direction, power, time, by, reason, .. } => {
            let limit = NewLimit {
                direction: (*direction).into(),
                kw: power_of(power).map_err(|why| ClientError::Words { why })?.kw(),
                from: time.from,
                until: time.until,
                r#for: time.length.clone(),
                author: by.clone(),
                reason: reason.clone(),
            };
            let answer = client.set_limit(&limit)?;
            (answer.text, answer.value, "taken up: ")
        }
        LimitAction::Clear { id, all, .. } => {
            let answer = client.clear_limit(if *all { None } else { *id })?;
            (answer.text, answer.value, "cleared: ")
        }
    };
    if json {
        return Ok(text);
    }
    Ok(in_words(&limits, word, &client.status()?.value.zone()))
}

fn in_words(limits: &[LimitStatus], word: &str, zone: &TimeZone) -> String {
    if limits.is_empty() && !word.is_empty() {
        return "there was no limit to clear\n".to_owned();
    }
    render::limits(limits, zone).lines().map(|line| format!("{word}{line}\n")).collect()
}

/// "80 kW", in one word or two.
fn power_of(words: &[String]) -> Result<site::units::Power, String> {
    site::units::parse(&words.join(" ")).map_err(|error| error.to_string())
}

impl LimitAction {
    /// Which daemon, and in which form.
    #[must_use]
    pub const fn question(&self) -> &Question {
        match self {
            Self::Set { question, .. } | Self::List { question } | Self::Clear { question, .. } => {
                question
            }
        }
    }
}
