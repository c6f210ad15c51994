//! Writing by hand over HTTP: one value of one point, through the guard, on record. From this
//! machine alone, like everything here (see [`super::host`]).

use super::answer::{json, refuse};
use super::body::{self, Wanted};
use super::limits::Place;
use crate::control::{WriteError, WriteWish};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// Entries that are shown.
const SHOWN: usize = 100;

const WRITE: Wanted = Wanted {
    name: "a write",
    help: "write for example {\"point\": \"charger1.current\", \"value\": \"16\", \"who\": \
           \"marie\", \"reason\": \"trial\", \"dry\": true}",
};

pub(super) async fn list(State(place): State<Place>) -> Response {
    let Some(desk) = place else { return nobody() };
    match desk.writes(SHOWN).await {
        Ok(entries) => json(StatusCode::OK, &entries),
        Err(error) => refused(&error),
    }
}

pub(super) async fn write(State(place): State<Place>, headers: HeaderMap, body: Body) -> Response {
    let wish: WriteWish = match body::read(&headers, body, WRITE).await {
        Ok(wish) => wish,
        Err(refusal) => return *refusal,
    };
    let Some(desk) = place else { return nobody() };
    match desk.write(wish).await {
        Ok(report) => json(StatusCode::OK, &report),
        Err(error) => refused(&error),
    }
}

fn nobody() -> Response {
    let error = "nothing can be written here";
    refuse(StatusCode::SERVICE_UNAVAILABLE, error, "ask the daemon itself: regie run")
}

fn refused(error: &WriteError) -> Response {
    let (status, help) = match error {
        WriteError::Unknown { help, .. } => (StatusCode::NOT_FOUND, help.as_str()),
        WriteError::NotWritable { help, .. } => (StatusCode::CONFLICT, help.as_str()),
        WriteError::Value { .. } => (StatusCode::BAD_REQUEST, "see the points: regie points"),
        WriteError::Observing { .. } => {
            (StatusCode::CONFLICT, "see regie status for the rung, and write again later")
        }
        WriteError::Blocked { .. } => {
            (StatusCode::CONFLICT, "nothing was written; it is on record: regie write --list")
        }
        WriteError::Failed { .. } => {
            (StatusCode::BAD_GATEWAY, "look at the point before you write again: regie points")
        }
        WriteError::Disk(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "see the log: journalctl -u regie")
        }
        WriteError::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "it may still be written: look at regie write --list before you write again",
        ),
    };
    refuse(status, error.to_string(), help)
}
