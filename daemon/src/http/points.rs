//! Live points over HTTP: read from the process image at the instant of the question.

use super::answer::{json, refuse};
use crate::control::Points;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// Where points are looked at; none where nobody polls.
pub(super) type Image = Option<Points>;

pub(super) async fn list(State(image): State<Image>) -> Response {
    match image {
        Some(points) => json(StatusCode::OK, &points.now()),
        None => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "no points are read here",
            "ask the daemon itself: regie run",
        ),
    }
}
