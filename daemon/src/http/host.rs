//! Who may ask. A page in the operator's browser can make a foreign name point at this machine
//! (DNS rebinding); it cannot make the browser send another `Host` than that name.

use super::answer::refuse;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

/// The names under which this machine may be asked.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Lets a request through when it names this machine and brings no body.
pub(super) async fn admit(request: Request, next: Next) -> Response {
    let in_target = request.uri().authority();
    if !in_target.is_none_or(is_this_machine) || !host_is_this_machine(request.headers()) {
        return refuse(
            StatusCode::FORBIDDEN,
            "this name is not one of this machine's own",
            "ask as http://localhost or http://127.0.0.1; from elsewhere, through an SSH tunnel",
        );
    }
    if has_body(request.headers()) {
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
