//! Bodies: short, JSON alone, and in time.

use super::answer::refuse;
use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The most bytes of a body: a limit has two texts of 200 characters, and the rest.
pub(super) const BODY_BYTES_MAX: u64 = 4 << 10;
/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(super::HEADER_SECONDS_MAX);

/// What is read, and what to do when it cannot be.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// With its article: "a limit".
    pub(super) name: &'static str,
    /// An example.
    pub(super) help: &'static str,
}

/// Reads a body.
///
/// # Errors
/// The refusal, when it is not JSON, too long, too slow, or something else.
pub(super) async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    wanted: Wanted,
) -> Result<T, Box<Response>> {
    let no = |status, error: String, help| Err(Box::new(refuse(status, error, help)));
    let Wanted { name, help } = wanted;
    if !is_json(headers) {
        let error = format!("{name} is read as JSON alone");
        return no(StatusCode::UNSUPPORTED_MEDIA_TYPE, error, "send it as application/json");
    }
    let most = usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let body = match tokio::time::timeout(BODY_PATIENCE, to_bytes(body, most)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return no(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long".into(), help);
        }
        Err(_) => {
            return no(StatusCode::REQUEST_TIMEOUT, "the body did not come in time".into(), help);
        }
    };
    let thing = name.trim_start_matches("an ").trim_start_matches("a ");
    serde_json::from_slice(&body)
        .or_else(|error| no(StatusCode::BAD_REQUEST, format!("this is no {thing}: {error}"), help))
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|media| media.split(';').next());
    media.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
