//! Asking over HTTP: the answers, the refusals, the limits, and the command line's own client.

#[path = "edges_fixtures.rs"]
mod fixtures;

use fixtures::{asset, plan, status};
use regie::cli::client::{Client, ClientError};
use regie::cli::exit;
use regie::http::{CONNECTIONS_MAX, HEADER_SECONDS_MAX, View, serve};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

struct Served {
    address: SocketAddr,
    views: watch::Sender<Arc<View>>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

fn view() -> View {
    let explanations = BTreeMap::from([
        (asset("P1"), "P1 runs: energy is cheap until 09:00.".to_owned()),
        (asset("PV1"), "PV1 is not limited.".to_owned()),
    ]);
    View { status: status(), plan: Some(plan()), explanations, healthy: true }
}

async fn served() -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (views, view) = watch::channel(Arc::new(view()));
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, view, async move {
        let _ = stopped.await;
    }));
    Served { address, views, stop, server }
}

/// Sends bytes and reads to the end of the connection.
async fn say(address: SocketAddr, words: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(words.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    // A server that closes with our bytes unread resets the connection after its answer.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("text")
}

fn request(method: &str, path: &str, host: &str, more: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n")
}

async fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    split(&say(address, &request("GET", path, "localhost:9920", "")).await)
}

fn split(answer: &str) -> (u16, String, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (code, head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn answers_are_the_views_own() {
    let Served { address, views, stop, server } = served().await;
    let (code, head, body) = get(address, "/api/status").await;
    assert_eq!((code, head.contains("content-type: application/json")), (200, true));
    assert!(head.contains("cache-control: no-store") && head.contains("nosniff"), "{head}");
    assert_eq!(serde_json::from_str::<regie::status::Status>(&body).expect("JSON"), status());
    let (code, _, body) = get(address, "/api/plan").await;
    assert_eq!(code, 200);
    assert_eq!(serde_json::from_str::<site::plan::Plan>(&body).expect("JSON"), plan());
    let (code, head, body) = get(address, "/metrics").await;
    assert_eq!((code, body), (200, regie::metrics::render(&status())));
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let (_, _, body) = get(address, "/api/explain/P1").await;
    let told = r#"{"asset":"P1","explanation":"P1 runs: energy is cheap until 09:00."}"#;
    assert_eq!(body, told);
    assert_eq!(get(address, "/healthz").await.2, "ok\n");

    let mut next = view();
    next.healthy = false;
    next.plan = None;
    next.status.cycle = 4243;
    views.send(Arc::new(next)).expect("somebody listens");
    let (code, _, body) = get(address, "/healthz").await;
    assert_eq!(code, 503);
    insta::assert_snapshot!(body.replace(",\"help\"", ",\n\"help\""), @r#"
    {"error":"rung relaxed: T2.reserve was given up by 4.25 m3",
    "help":"see regie status, and the log: journalctl -u regie"}
    "#);
    let (code, _, body) = get(address, "/api/plan").await;
    assert_eq!(code, 404);
    insta::assert_snapshot!(body.replace(",\"help\"", ",\n\"help\""), @r#"
    {"error":"no plan is in force: the last cycle stands on the rung 'relaxed'",
    "help":"see regie status for the reason"}
    "#);
    assert!(get(address, "/api/status").await.2.contains("\"cycle\":4243"), "the newest view");
    stop.send(()).expect("still serving");
    server.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn before_anything_is_known_nothing_is_shown() {
    let served = served().await;
    served.views.send(Arc::new(View::default())).expect("somebody listens");
    for path in ["/healthz", "/metrics", "/api/status", "/api/plan", "/api/explain/P1"] {
        let (code, _, body) = get(served.address, path).await;
        assert_eq!(code, 503, "{path}");
        assert!(body.contains("nothing is known yet"), "{path}: {body}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_is() {
    let served = served().await;
    for wrong in ["/api/explain/P9", "/api/explain/..%2f..%2fetc%2fpasswd", "/api/explain/4x"] {
        let (code, _, body) = get(served.address, wrong).await;
        assert_eq!(code, 404, "{wrong}");
        assert_eq!(
            body,
            r#"{"error":"there is no asset of this name","help":"the assets are P1, PV1"}"#
        );
    }
    let (code, _, body) = get(served.address, "/../etc/passwd").await;
    assert_eq!(code, 404);
    assert!(body.contains("what there is: /healthz, /metrics, /api/status"), "{body}");
}

#[tokio::test]
async fn foreign_names_methods_and_bodies_are_refused() {
    let served = served().await;
    let ask = async |words: String| split(&say(served.address, &words).await).0;
    for (host, code) in [("evil.example", 403), ("evil.example:9920", 403), ("[::1]:1", 200)] {
        assert_eq!(ask(request("GET", "/healthz", host, "")).await, code, "{host}");
    }
    let absolute = "http://evil.example/healthz";
    assert_eq!(ask(request("GET", absolute, "localhost", "")).await, 403);
    let two = request("GET", "/healthz", "localhost", "Host: evil.example\r\n");
    assert_ne!(ask(two).await, 200);
    assert_eq!(ask("GET /healthz HTTP/1.0\r\n\r\n".to_owned()).await, 403, "no host at all");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        assert_eq!(ask(request(method, "/api/plan", "localhost", "")).await, 405, "{method}");
    }
    let body = request("GET", "/healthz", "localhost", "Content-Length: 99999999\r\n");
    assert_eq!(ask(body).await, 413);
    let chunks = request("GET", "/healthz", "localhost", "Transfer-Encoding: chunked\r\n");
    assert_eq!(ask(chunks).await, 413);
    let long = format!("X: {}\r\n", "x".repeat(64 << 10));
    assert_eq!(ask(request("GET", "/healthz", "localhost", &long)).await, 431);
    assert_eq!(ask("nonsense\r\n\r\n".to_owned()).await, 400);
}

#[tokio::test(start_paused = true)]
async fn a_slow_question_is_cut_off() {
    let served = served().await;
    let mut slow = TcpStream::connect(served.address).await.expect("connected");
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").await.expect("written");
    let mut answer = Vec::new();
    let early = Duration::from_secs(HEADER_SECONDS_MAX - 1);
    let waited = timeout(early, slow.read_to_end(&mut answer)).await;
    assert!(waited.is_err(), "it has its time: {answer:?}");
    let waited = timeout(Duration::from_secs(2), slow.read_to_end(&mut answer)).await;
    waited.expect("cut off").expect("closed");
    assert!(!String::from_utf8_lossy(&answer).contains("200"), "and no answer");
}

#[tokio::test(start_paused = true)]
async fn places_are_few_and_come_free_again() {
    let served = served().await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        idle.push(TcpStream::connect(served.address).await.expect("connected"));
    }
    let mut late = TcpStream::connect(served.address).await.expect("in the kernel's queue");
    late.write_all(request("GET", "/healthz", "localhost", "").as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    let early = Duration::from_secs(HEADER_SECONDS_MAX - 1);
    assert!(timeout(early, late.read_to_end(&mut answer)).await.is_err(), "no place");
    let waited = timeout(Duration::from_secs(3), late.read_to_end(&mut answer)).await;
    waited.expect("a place").expect("answered");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_idle_readers() {
    let Served { address, stop, server, views } = served().await;
    let _idle = TcpStream::connect(address).await.expect("connected");
    assert_eq!(get(address, "/healthz").await.0, 200);
    stop.send(()).expect("still serving");
    let ended = timeout(Duration::from_secs(3), server).await.expect("in time");
    ended.expect("no panic").expect("a clean end");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    assert_eq!(views.receiver_count(), 0, "nobody looks any more");
}

#[tokio::test]
async fn the_network_is_not_served() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("bound");
    let (_sender, view) = watch::channel(Arc::new(view()));
    let error = serve(listener, view, std::future::pending()).await.expect_err("refused");
    assert!(error.to_string().contains("is not a loopback address"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_understands_the_daemon() {
    let served = served().await;
    let address = served.address;
    let asked = tokio::task::spawn_blocking(move || {
        let client = Client::at(address);
        let unknown = client.explain(&asset("P9")).expect_err("no such asset");
        Ok::<_, ClientError>((
            client.status()?,
            client.plan()?,
            client.explain(&asset("P1"))?,
            unknown,
        ))
    });
    let (found, planned, explained, unknown) = asked.await.expect("no panic").expect("answers");
    assert_eq!((found.value, planned.value), (status(), plan()));
    assert!(found.text.starts_with("{\"site\":\"val-clair\""), "as it came");
    assert_eq!(explained.value.explanation, "P1 runs: energy is cheap until 09:00.");
    assert_eq!(unknown.exit_code(), exit::UNAVAILABLE);
    assert_eq!(unknown.to_string(), "there is no asset of this name\nthe assets are P1, PV1");
}

#[test]
fn silence_and_strangers_are_told_apart() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let error = Client::at(address).status().expect_err("nobody");
    assert_eq!(error.exit_code(), exit::UNAVAILABLE);
    let text = error.to_string().replace(&address.to_string(), "HOST");
    insta::assert_snapshot!(text, @r#"
    no daemon answers at http://HOST (Connection refused (os error 111))
    Is it running? See: systemctl status regie
    If it listens elsewhere, name its site file with --site or its address with --url.
    "#);

    let stranger = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = stranger.local_addr().expect("an address");
    let answered = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = stranger.accept().expect("asked");
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").expect("answered");
    });
    let error = Client::at(address).status().expect_err("a stranger");
    answered.join().expect("no panic");
    assert!(matches!(error, ClientError::Strange { .. }), "{error}");

    for wrong in ["127.0.0.1:9920", "https://127.0.0.1", "http://", "http://a/b", "ftp://x"] {
        let error = Client::new(wrong).expect_err(wrong);
        assert_eq!(error.exit_code(), exit::USAGE, "{error}");
    }
}
