//! Answers as bytes: JSON for programs, text for Prometheus and health checks.

use super::view::Refusal;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The media type of Prometheus' text format.
pub(super) const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Plain text.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// An answer of one media type. Never kept by caches, never guessed at by browsers.
pub(super) fn answer(status: StatusCode, media: &'static str, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body).into_response()
}

/// A value as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(body) => answer(status, JSON, body),
        Err(error) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the answer could not be written as JSON: {error}"),
            "this is a fault of regie: please report it with the version and the log",
        ),
    }
}

/// An answer that says what is wrong and what to do.
pub(super) fn refuse(
    status: StatusCode,
    error: impl Into<String>,
    help: impl Into<String>,
) -> Response {
    json(status, &Refusal { error: error.into(), help: help.into() })
}
