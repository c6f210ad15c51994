//! `regie trip`: which assets have tripped, and resetting one of them.

use super::arguments::Question;
use super::client::{Client, ClientError};
use super::render;
use super::write::who;
use crate::control::ResetWish;
use clap::Subcommand;
use site::AssetId;

/// What `regie trip` can do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TripAction {
    /// Show what has tripped, why, and what was reset last
    #[command(after_help = super::exit::HELP)]
    List {
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
    /// Reset a trip after its cause was looked at and mended; what still causes it trips it again
    #[command(after_help = super::exit::HELP)]
    Reset {
        /// The asset, for example P3
        #[arg(value_name = "ASSET", value_parser = super::arguments::asset)]
        asset: AssetId,
        /// What was found and done, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Which daemon, and in which form.
        #[command(flatten)]
        question: Question,
    },
}

impl TripAction {
    /// Which daemon, and in which form.
    #[must_use]
    pub const fn question(&self) -> &Question {
        match self {
            Self::List { question } | Self::Reset { question, .. } => question,
        }
    }
}

/// Asks the daemon; what to print.
///
/// # Errors
/// When it does not answer, or refuses.
pub fn ask(client: &Client, action: &TripAction, json: bool) -> Result<String, ClientError> {
    match action {
        TripAction::List { .. } => {
            let answer = client.trips()?;
            if json {
                return Ok(answer.text);
            }
            Ok(render::trips(&answer.value, &client.status()?.value.zone()))
        }
        TripAction::Reset { asset, reason, .. } => {
            let wish = ResetWish { asset: asset.clone(), who: who(), reason: reason.clone() };
            let answer = client.reset_trip(&wish)?;
            Ok(if json { answer.text } else { render::reset(&answer.value) })
        }
    }
}
