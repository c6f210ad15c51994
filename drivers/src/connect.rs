//! The seam to the field: whatever yields a stream of bytes.
//!
//! Live it is TCP; in a simulation it is an in-memory duplex, so that the codec, timeouts,
//! retries and quality logic are inside every simulation and faults are injected as bytes.

use futures::future::BoxFuture;
use site::model::Endpoint;
use std::fmt::Debug;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long opening a connection may take. The kernel would wait two minutes for a host that
/// swallows packets.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Any two-way stream of bytes.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + Debug> Stream for T {}

/// A stream of whatever kind.
pub type BoxedStream = Box<dyn Stream>;

/// Opens links. A trait because there are three: TCP, the simulator's duplex, and tests.
pub trait Connect: Send + Sync {
    /// Opens a stream to an endpoint. The caller allows [`CONNECT_TIMEOUT`] for it.
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>>;
}

/// Modbus TCP over the network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tcp;

impl Connect for Tcp {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(async move {
            let opening = TcpStream::connect((endpoint.host.as_str(), endpoint.port));
            let stream = tokio::time::timeout(CONNECT_TIMEOUT, opening)
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            // Requests are small and wait for their answers: Nagle would only delay them.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxedStream)
        })
    }
}
