//! The same over real sockets on loopback, in real time.

use crate::peer::{Peer, builtin, device, from_table, number};
use drivers::{Clock, Field, Live};
use site::model::Endpoint;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_level_is_read_over_tcp() {
    let clock = Clock::system();
    // 3.25 as IEEE 754 is 0x40500000.
    let peer = Peer::new(&clock, |asked| from_table(asked, &[(0, 0x4050)]));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let server = peer.clone();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(server.clone().serve(stream));
        }
    });
    let mut level = device("level1", 1, &builtin("level-transmitter"));
    level.device.endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port };
    level.device.poll = Duration::from_millis(200);
    let field = Field::start(vec![level], Arc::new(Live::default()), clock.clone());
    let mut found = None;
    for _ in 0..100 {
        clock.sleep(Duration::from_millis(50)).await;
        found = number(&field.freeze(clock.now()), "level1.level");
        if found.is_some() {
            break;
        }
    }
    assert!(found.is_some_and(|level| (level - 3.25).abs() < 1e-6), "{found:?}");
    assert!(field.health()[0].connected);
    field.stop().await;
    serving.abort();
}

#[tokio::test]
async fn nobody_at_home_is_an_error_and_not_a_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port };
    let error =
        drivers::Connect::connect(&Live::default(), &endpoint).await.expect_err("nobody listens");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
