//! Who may ask. A page in the operator's browser can make a foreign name point at this machine
//! (DNS rebinding); it cannot make the browser send another `Host` than that name. A page can also
//! send a form to this machine under its own name; it cannot keep the browser from saying where the
//! page came from (`Origin`), nor send JSON without asking first, which nobody here answers.

use super::answer::refuse;
use super::body::BODY_BYTES_MAX;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

/// Where browsers say how near the page is that asks.
const SITE: &str = "sec-fetch-site";

/// The names under which this machine may be asked.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where a question may bring a body.
const WITH_BODY: [&str; 4] = ["/api/limits", "/api/writes", "/api/trips", "/api/what-if"];

/// Lets a request through when it names this machine, comes from no foreign page where it would
/// change something, and brings no body but a short one where one is read.
pub(super) async fn admit(request: Request, next: Next) -> Response {
    let in_target = request.uri().authority();
    if !in_target.is_none_or(is_this_machine) || !host_is_this_machine(request.headers()) {
        return refuse(
            StatusCode::FORBIDDEN,
            "this name is not one of this machine's own",
            "ask as http://localhost or http://127.0.0.1; from elsewhere, through an SSH tunnel",
        );
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !is_own_page(request.headers()) {
        return refuse(
            StatusCode::FORBIDDEN,
            "a page from elsewhere must not change or ask anything here",
            "use the command line: regie limit, regie write, regie trip, regie what-if",
        );
    }
    if request.method() == Method::POST && WITH_BODY.contains(&request.uri().path()) {
        if !is_short(request.headers()) {
            return refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("a body of at most {BODY_BYTES_MAX} bytes is read, with its length said"),
                "send one thing as JSON, with Content-Length",
            );
        }
    } else if has_body(request.headers()) {
        return refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "a question with a body is not read here",
            "leave the body out: this interface is for reading, with GET alone",
        );
    }
    next.run(request).await
}

/// Exactly one `Host`, and one of ours.
fn host_is_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.as_ref().is_some_and(is_this_machine)
}

fn is_this_machine(authority: &Authority) -> bool {
    let named = NAMES.iter().any(|name| name.eq_ignore_ascii_case(authority.host()));
    named && !authority.as_str().contains('@')
}

fn has_body(headers: &HeaderMap) -> bool {
    let empty = headers.get_all(CONTENT_LENGTH).iter().all(|length| length == "0");
    !empty || headers.contains_key(TRANSFER_ENCODING)
}

/// No page at all, or one that was served from the very address that is asked.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => text(HeaderName::from_static(SITE))
            .is_none_or(|site| site == "same-origin" || site == "none"),
        (Some(_), Some(_)) => false,
        (Some(origin), None) => {
            let host = text(HOST).unwrap_or_default();
            origin.to_str().is_ok_and(|origin| origin == format!("http://{host}"))
        }
    }
}

/// A body whose length is said, once, and is short.
fn is_short(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (Some(length), None) = (lengths.next(), lengths.next()) else { return false };
    let length = length.to_str().ok().and_then(|length| length.parse::<u64>().ok());
    length.is_some_and(|length| length <= BODY_BYTES_MAX)
        && !headers.contains_key(TRANSFER_ENCODING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn admitted(hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        host_is_this_machine(&headers)
    }

    #[test]
    fn only_this_machines_own_names_are_admitted() {
        for own in
            ["localhost", "LocalHost:9920", "127.0.0.1", "127.0.0.1:9920", "[::1]", "[::1]:9"]
        {
            assert!(admitted(&[own]), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:9920",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.2",
            "0.0.0.0",
            "[::]",
            "[::ffff:127.0.0.1]",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost:9920/path",
            "localhost, evil.example",
        ] {
            assert!(!admitted(&[foreign]), "{foreign}");
        }
        assert!(!admitted(&[]), "a question must say whom it asks");
        assert!(!admitted(&["localhost", "evil.example"]));
        assert!(!admitted(&["localhost", "localhost"]));
    }
}
