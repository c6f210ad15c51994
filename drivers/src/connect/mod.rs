//! The seam to the field: whatever yields a stream of bytes.
//!
//! Live it is TCP, TLS or a serial line; in a simulation it is an in-memory duplex, so that the
//! codec, timeouts, retries and quality logic are inside every simulation and faults are injected
//! as bytes. How frames are told apart on the stream is the link's business, not this one's.

mod security;
mod serial;

pub use security::{SecurityError, check as check_security};

use futures::future::BoxFuture;
use site::model::{Device, Endpoint, LinkSecurity};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long opening a connection may take, its handshake included. The kernel would wait two
/// minutes for a host that swallows packets.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Any two-way stream of bytes.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + Debug> Stream for T {}

/// A stream of whatever kind.
pub type BoxedStream = Box<dyn Stream>;

/// Opens links. A trait because there are three: the live ones, the simulator's duplex, and tests.
pub trait Connect: Send + Sync {
    /// Opens a stream to an endpoint. The caller allows [`CONNECT_TIMEOUT`] for it.
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>>;
}

/// The real field: TCP, RTU over TCP, TLS, serial lines.
#[derive(Debug, Clone, Default)]
pub struct Live {
    security: BTreeMap<Endpoint, LinkSecurity>,
}

impl Live {
    /// For these devices' links: the certificates of those with TLS come from their options.
    pub fn new<'a>(devices: impl IntoIterator<Item = &'a Device>) -> Self {
        let of = |device: &Device| Some((device.endpoint.clone(), device.link.security.clone()?));
        Self { security: devices.into_iter().filter_map(of).collect() }
    }

    /// With the certificates of one more link.
    #[must_use]
    pub fn with_security(mut self, endpoint: Endpoint, security: LinkSecurity) -> Self {
        self.security.insert(endpoint, security);
        self
    }

    async fn open(&self, endpoint: &Endpoint) -> io::Result<BoxedStream> {
        Ok(match endpoint {
            Endpoint::Tcp { host, port } | Endpoint::RtuOverTcp { host, port } => {
                Box::new(tcp(host, *port).await?)
            }
            Endpoint::Tls { host, port } => {
                let security = self.security.get(endpoint).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidInput, SecurityError::NoFiles)
                })?;
                Box::new(security::open(security, host, tcp(host, *port).await?).await?)
            }
            Endpoint::Serial { path, line } => Box::new(serial::open(path, line)?),
        })
    }
}

impl Connect for Live {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        Box::pin(self.open(endpoint))
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    // Requests are small and wait for their answers: Nagle would only delay them.
    stream.set_nodelay(true)?;
    Ok(stream)
}
