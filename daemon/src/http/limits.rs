//! Limits from outside over HTTP: what people can change here for longer. Only from this machine,
//! never from a page of somebody else's in a browser on it (see [`super::host`]), only as JSON, and
//! answered with yes only when it is on disk.

use super::answer::{json, refuse};
use super::body::{self, Wanted};
use super::routes::{Views, from_newest};
use crate::control::{Desk, DeskError, Granted, Request, Until};
use crate::status::LimitStatus;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use policies::limits::{LimitError, Order};
use serde::{Deserialize, Serialize};
use site::external::Direction;
use site::units::{Power, Seconds};
use std::sync::Arc;

const LIMIT: Wanted = Wanted { name: "a limit", help: HELP };
const HELP: &str = "write for example {\"direction\": \"import\", \"kw\": 80, \"for\": \"2 h\", \
                    \"author\": \"Enedis\", \"reason\": \"maintenance\"}";

/// A limit as it is entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLimit {
    /// Which way.
    pub direction: Direction,
    /// The most, in kW, from 0 upwards.
    pub kw: f64,
    /// When it begins; at once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When it ends; this or `for`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How long it lasts, such as "2 h"; this or `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#for: Option<String>,
    /// Who ordered it.
    pub author: String,
    /// Why, in their words.
    pub reason: String,
}

/// Where requests are handed in; none where nobody answers them.
pub(super) type Place = Option<Desk>;

pub(super) async fn list(State(views): State<Views>) -> Response {
    from_newest(&views, |view| json(StatusCode::OK, &view.status.grid.limits))
}

pub(super) async fn set(
    State(place): State<Place>,
    State(views): State<Views>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let limit: NewLimit = match body::read(&headers, body, LIMIT).await {
        Ok(limit) => limit,
        Err(refusal) => return *refusal,
    };
    let request = limit.request();
    match request {
        Ok(request) => answer(&views, place, request).await,
        Err(why) => refuse(StatusCode::BAD_REQUEST, why, HELP),
    }
}

pub(super) async fn clear(
    State(place): State<Place>,
    State(views): State<Views>,
    Path(id): Path<String>,
) -> Response {
    match id.parse() {
        Ok(id) => answer(&views, place, Request::ClearLimit(id)).await,
        Err(_) => {
            let error = "a limit is cleared by its number";
            refuse(StatusCode::BAD_REQUEST, error, "see them with: regie limit list")
        }
    }
}

pub(super) async fn clear_all(State(place): State<Place>, State(views): State<Views>) -> Response {
    answer(&views, place, Request::ClearLimits).await
}

impl NewLimit {
    fn request(self) -> Result<Request, String> {
        let until = match (self.until, self.r#for) {
            (Some(until), None) => Until::At(until),
            (None, Some(length)) => {
                let length = site::units::parse::<Seconds>(&length);
                Until::After(length.map_err(|error| error.to_string())?.duration())
            }
            _ => return Err("a limit has either 'until' or 'for'".to_owned()),
        };
        if !self.kw.is_finite() || !(self.kw * 1e3).is_finite() {
            return Err("'kw' is not a number".to_owned());
        }
        Ok(Request::SetLimit {
            direction: self.direction,
            power: Power::from_kw(self.kw),
            from: self.from,
            until,
            author: self.author,
            reason: self.reason,
        })
    }
}

async fn answer(views: &Views, place: Place, request: Request) -> Response {
    let Some(desk) = place else {
        let error = "nothing can be changed here";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, error, "ask the daemon itself: regie run");
    };
    match desk.ask(request).await {
        Ok(granted) => json(StatusCode::OK, &shown(views, granted)),
        Err(error) => {
            let (status, help) = match &error {
                DeskError::Limit(LimitError::Unknown { .. }) => {
                    (StatusCode::NOT_FOUND, "see them with: regie limit list")
                }
                DeskError::Limit(LimitError::TooMany) => {
                    (StatusCode::CONFLICT, "see them with: regie limit list")
                }
                DeskError::Limit(_) => (StatusCode::BAD_REQUEST, HELP),
                DeskError::Disk(_) => {
                    (StatusCode::SERVICE_UNAVAILABLE, "see the log: journalctl -u regie")
                }
                DeskError::Busy => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "see what is in force with regie limit list, and ask again",
                ),
            };
            refuse(status, error.to_string(), help)
        }
    }
}

/// As they stand now; what was cleared stands no more.
fn shown(views: &Views, granted: Granted) -> Vec<LimitStatus> {
    let view = Arc::clone(&views.borrow());
    let shown = |order: &Order| {
        let mut limits = view.status.grid.limits.iter();
        let known = limits.find(|limit| limit.id == Some(order.id)).cloned();
        known.unwrap_or_else(|| LimitStatus::of_order(order, order.limit.until))
    };
    granted.iter().map(shown).collect()
}
