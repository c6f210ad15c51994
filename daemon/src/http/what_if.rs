//! What something would cost, over HTTP. A question with a body: it changes nothing.

use super::answer::{json, refuse};
use super::body::{self, Wanted};
use crate::control::{WhatIf, WhatIfError};
use crate::instant::instant;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use policies::optimise::{AskError, Held, Hold, HoldError};
use serde::{Deserialize, Serialize};
use site::units::Power;
use site::{AssetId, Site};

const QUESTION: Wanted = Wanted {
    name: "a question",
    help: "write for example {\"asset\": \"P2\", \"hold\": \"off\", \"until\": \"06:00\"}",
};

/// A hold as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIfQuestion {
    /// Which asset.
    pub asset: String,
    /// `off`, `on`, or a power such as `-10 kW`.
    pub hold: String,
    /// `06:00` in the site's time, or an instant.
    pub until: String,
}

impl WhatIfQuestion {
    fn hold(&self, site: &Site, now: Timestamp) -> Result<Hold, String> {
        let held = match self.hold.trim() {
            "off" => Held::Off,
            "on" => Held::On,
            power => site::units::parse::<Power>(power)
                .map(Held::Power)
                .map_err(|error| format!("an asset is held off, on, or at a power: {error}"))?,
        };
        let asset = AssetId::new(&self.asset).map_err(|error| error.to_string())?;
        Ok(Hold { asset, held, until: instant(&self.until, now, &site.zone)? })
    }
}

/// Where such questions are answered; none where nobody does.
pub(super) type Oracle = Option<WhatIf>;

pub(super) async fn ask(State(oracle): State<Oracle>, headers: HeaderMap, body: Body) -> Response {
    let question: WhatIfQuestion = match body::read(&headers, body, QUESTION).await {
        Ok(question) => question,
        Err(refusal) => return *refusal,
    };
    let Some(oracle) = oracle else {
        let error = "nobody plans here";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, error, "ask the daemon itself: regie run");
    };
    let Some((site, now)) = oracle.site() else { return refused(&WhatIfError::NothingYet) };
    match question.hold(&site, now) {
        Err(why) => refuse(StatusCode::BAD_REQUEST, why, QUESTION.help),
        Ok(hold) => match oracle.ask(hold).await {
            Ok(answer) => json(StatusCode::OK, &answer),
            Err(error) => refused(&error),
        },
    }
}

fn refused(error: &WhatIfError) -> Response {
    let names;
    let (status, help) = match error {
        WhatIfError::NothingYet => (StatusCode::SERVICE_UNAVAILABLE, "ask again after a cycle"),
        WhatIfError::NoPlan => (StatusCode::NOT_FOUND, "see regie status for the reason"),
        WhatIfError::Busy => (StatusCode::TOO_MANY_REQUESTS, "try again in a moment"),
        WhatIfError::Late => {
            (StatusCode::SERVICE_UNAVAILABLE, "the machine may be busy: try again")
        }
        WhatIfError::Solver(_) => (StatusCode::INTERNAL_SERVER_ERROR, "see the log"),
        WhatIfError::Ask(AskError::Hold(HoldError::Unknown { known, .. })) => {
            let known: Vec<&str> = known.iter().map(AssetId::as_str).collect();
            names = format!("what can be held: {}", known.join(", "));
            (StatusCode::NOT_FOUND, names.as_str())
        }
        WhatIfError::Ask(AskError::Hold(HoldError::Past { .. } | HoldError::Beyond { .. })) => {
            (StatusCode::BAD_REQUEST, "name a time within the plan: see regie plan")
        }
        WhatIfError::Ask(AskError::Hold(HoldError::Unable { .. })) => {
            (StatusCode::CONFLICT, "see regie explain for what it does now")
        }
        WhatIfError::Ask(AskError::Free(_) | AskError::Held { .. }) => {
            (StatusCode::CONFLICT, "try a shorter hold, or see regie explain")
        }
    };
    refuse(status, error.to_string(), help)
}
