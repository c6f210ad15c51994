//! Trips over HTTP: which hold, and resetting one, on record. From this machine alone, like
//! everything here (see [`super::host`]).

use super::answer::{json, refuse};
use super::body::{self, Wanted};
use super::limits::Place;
use crate::control::{ResetWish, TripError};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use site::AssetId;

const RESET: Wanted = Wanted { name: "a reset", help: HELP };
const HELP: &str = "write for example {\"asset\": \"P3\", \"who\": \"marie\", \"reason\": \"the \
                    suction valve was closed, opened it\"}";

pub(super) async fn list(State(place): State<Place>) -> Response {
    let Some(desk) = place else { return nobody() };
    match desk.trips().await {
        Ok(report) => json(StatusCode::OK, &report),
        Err(error) => refused(&error),
    }
}

pub(super) async fn reset(State(place): State<Place>, headers: HeaderMap, body: Body) -> Response {
    let wish: ResetWish = match body::read(&headers, body, RESET).await {
        Ok(wish) => wish,
        Err(refusal) => return *refusal,
    };
    let Some(desk) = place else { return nobody() };
    match desk.reset_trip(wish).await {
        Ok(report) => json(StatusCode::OK, &report),
        Err(error) => refused(&error),
    }
}

fn nobody() -> Response {
    let error = "nothing can be changed here";
    refuse(StatusCode::SERVICE_UNAVAILABLE, error, "ask the daemon itself: regie run")
}

fn refused(error: &TripError) -> Response {
    let (status, help) = match error {
        TripError::Words { .. } => (StatusCode::BAD_REQUEST, HELP.to_owned()),
        TripError::NotTripped { tripped, .. } if tripped.is_empty() => {
            (StatusCode::NOT_FOUND, "no asset has tripped".to_owned())
        }
        TripError::NotTripped { tripped, .. } => {
            let names: Vec<&str> = tripped.iter().map(AssetId::as_str).collect();
            (StatusCode::NOT_FOUND, format!("what has tripped: {}", names.join(", ")))
        }
        TripError::Disk(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "see the log: journalctl -u regie".to_owned())
        }
        TripError::Busy => {
            let help = "it may still be reset: look at regie trip list before you ask again";
            (StatusCode::SERVICE_UNAVAILABLE, help.to_owned())
        }
    };
    refuse(status, error.to_string(), help)
}
