//! Accepting connections within limits.
//!
//! The loop is our own because axum's has no limits: it sets no timer, and without one the
//! timeout for reading headers is silently off.

use super::routes::{Sources, router};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};

/// The most connections at once; further ones wait in the kernel's queue. Readers are one
/// Prometheus, one health check and a few operators.
pub const CONNECTIONS_MAX: usize = 32;

/// How long a question may take to arrive, in seconds; also how long a connection may be idle.
pub const HEADER_SECONDS_MAX: u64 = 5;

/// How long a connection may live, in seconds: no reader of ours takes longer, and a reader that
/// never takes its answer must not keep a place.
pub const CONNECTION_SECONDS_MAX: u64 = 60;

/// How long answers under way may take after a stop, in seconds.
const STOP_SECONDS_MAX: u64 = 2;

/// The most bytes of a question's headers. Ours take some hundred.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// Pause after the kernel refuses a connection, for example when no file handle is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves views, and a desk where there is one, on `listener` until `stop` resolves, then lets
/// answers under way end.
///
/// # Errors
/// When the listener is not on the loopback interface: this interface has no passwords, and is
/// not for the network.
pub async fn serve(
    listener: TcpListener,
    sources: impl Into<Sources>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        let why = format!("{address} is not a loopback address; listen on 127.0.0.1 or [::1]");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let (router, places) = (router(sources.into()), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    let (open, mut stop) = (GracefulShutdown::new(), pin!(stop));
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(ended) = conversations.join_next() => reap(ended),
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, place)) => {
                    conversations.spawn(converse(stream, place, router.clone(), open.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, %address, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let ended = tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), open.shutdown()).await;
    if ended.is_err() {
        tracing::debug!(%address, "readers were cut off while stopping");
    }
    Ok(())
}

/// A panic while answering ends that answer alone, and is said.
fn reap(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an answer over HTTP failed; please report this with the version");
    }
}

/// A connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// Answers one connection's questions; gives its place back at the end.
async fn converse(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    router: Router,
    watcher: Watcher,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS_MAX))
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let limit = Duration::from_secs(CONNECTION_SECONDS_MAX);
    match tokio::time::timeout(limit, watcher.watch(connection)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a reader's connection broke"),
        Err(_) => tracing::debug!("a reader's connection was closed: it had lived too long"),
    }
    drop(place);
}
