//! How a daemon reaches the simulated field: over in-memory streams in a replay, over TCP on this
//! machine in a demonstration.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use drivers::connect::{BoxedStream, Connect};
use futures::future::BoxFuture;
use site::model::Endpoint;
use thiserror::Error;
use tokio::task::JoinSet;

use crate::field::SimulatedField;
use crate::modbus::{self, CLIENTS_MAX, RtuLine, Silence, Wire};

/// Bytes that may be on their way in one direction of an in-memory link: many times the longest
/// frame.
const DUPLEX_BYTES: usize = 64 * 1024;

/// In-memory links to a simulated field, for replays on paused time. Each connection is served by
/// a task of its own on the runtime that opens it. Serial links have serial frames and their
/// silences; on a secured link the streams are what its two ends see, without TLS in between.
#[derive(Debug, Clone)]
pub struct DuplexConnect {
    field: SimulatedField,
}

impl DuplexConnect {
    /// Links to this field.
    #[must_use]
    pub fn new(field: SimulatedField) -> DuplexConnect {
        DuplexConnect { field }
    }

    fn open(&self, endpoint: &Endpoint) -> io::Result<BoxedStream> {
        let Some(bus) = self.field.bus(endpoint) else {
            let message = format!("{endpoint}: the simulated field has no such link");
            return Err(io::Error::new(io::ErrorKind::HostUnreachable, message));
        };
        if bus.silence() == Silence::Closed {
            let message = format!("{endpoint}: connection refused (simulated fault)");
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, message));
        }
        let (ours, theirs) = tokio::io::duplex(DUPLEX_BYTES);
        let endpoint = endpoint.clone();
        tokio::spawn(async move {
            let served = match &endpoint {
                Endpoint::Tcp { .. } | Endpoint::Tls { .. } => modbus::serve(theirs, bus).await,
                Endpoint::RtuOverTcp { .. } => {
                    modbus::serve_rtu(theirs, bus, RtuLine::over_tcp()).await
                }
                Endpoint::Serial { line, .. } => {
                    modbus::serve_rtu(theirs, bus, RtuLine::serial(line.baud)).await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%endpoint, %error, "in-memory client dropped");
            }
        });
        Ok(Box::new(ours))
    }
}

impl Connect for DuplexConnect {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> BoxFuture<'a, io::Result<BoxedStream>> {
        let opened = self.open(endpoint);
        Box::pin(async move { opened })
    }
}

/// Why the field cannot be served over TCP.
#[derive(Debug, Error)]
pub enum ServeError {
    /// An endpoint of the site is not on this machine.
    #[error(
        "{endpoint} is not on this machine; the simulated field listens on loopback only, so \
         write tcp://127.0.0.1:PORT in the site file"
    )]
    NotLoopback {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// A link is a serial line or has TLS.
    #[error(
        "{endpoint} cannot be served here: that takes a cable or certificates; write \
         rtu+tcp://127.0.0.1:PORT for a serial line, tcp://127.0.0.1:PORT for a link with TLS"
    )]
    NeedsMore {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The second server was asked for and is not in this program, or cannot serve a link.
    #[error(
        "{endpoint}: rodbus serves tcp:// links alone, and where it was compiled in: read about its \
         licence in the README, then build regie-sim with --features rodbus"
    )]
    NoSecondServer {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// Somebody else listens there already.
    #[error(
        "{endpoint}: {address} is taken; end the program that listens there, or change the port"
    )]
    Taken {
        /// The endpoint.
        endpoint: Endpoint,
        /// The address.
        address: SocketAddr,
    },
    /// The system refuses to listen there.
    #[error("{endpoint}: cannot listen on {address} ({source}); choose another port")]
    Refused {
        /// The endpoint.
        endpoint: Endpoint,
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

/// Whose code serves the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Server {
    /// Ours.
    #[default]
    Own,
    /// The independent server rodbus, where it was compiled in.
    Rodbus,
}

/// A field served over TCP, for as long as this lives.
#[derive(Debug)]
pub struct TcpField {
    addresses: BTreeMap<Endpoint, SocketAddr>,
    tasks: JoinSet<io::Result<()>>,
    #[cfg(feature = "rodbus")]
    _second: Vec<modbus::SecondServer>,
}

impl TcpField {
    /// The address bound for each endpoint: the port differs where the site says 0.
    #[must_use]
    pub fn addresses(&self) -> &BTreeMap<Endpoint, SocketAddr> {
        &self.addresses
    }

    /// Waits until a listener fails; for ever where none does.
    ///
    /// # Errors
    /// What the listener reports.
    pub async fn failed(&mut self) -> io::Result<()> {
        match self.tasks.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(error)) => Err(io::Error::other(error)),
            None => std::future::pending().await,
        }
    }
}

/// Listens on every endpoint of the field. All ports are bound before the first client is served,
/// so that either the whole field is there or none of it. Must be called within a tokio runtime.
///
/// # Errors
/// When an endpoint is not on this machine or its port cannot be bound.
pub async fn serve_tcp(field: &SimulatedField) -> Result<TcpField, ServeError> {
    let mut addresses = BTreeMap::new();
    let mut listeners = Vec::new();
    for (endpoint, bus) in field.links() {
        let (wanted, wire) = (loopback(endpoint)?, wire(endpoint)?);
        let refused = |source| refused(endpoint, wanted, source);
        let listener = modbus::listen(wanted, bus.clone(), CLIENTS_MAX).await.map_err(refused)?;
        let listener = listener.speaking(wire);
        addresses.insert(endpoint.clone(), listener.address().map_err(refused)?);
        listeners.push(listener);
    }
    let mut tasks = JoinSet::new();
    for listener in listeners {
        tasks.spawn(listener.run());
    }
    Ok(TcpField {
        addresses,
        tasks,
        #[cfg(feature = "rodbus")]
        _second: Vec::new(),
    })
}

/// The same with a choice of the server.
///
/// # Errors
/// As [`serve_tcp`]; also when the second server is not in this program or cannot serve a link.
pub async fn serve_tcp_with(field: &SimulatedField, by: Server) -> Result<TcpField, ServeError> {
    match by {
        Server::Own => serve_tcp(field).await,
        Server::Rodbus => serve_second(field).await,
    }
}

#[cfg(feature = "rodbus")]
async fn serve_second(field: &SimulatedField) -> Result<TcpField, ServeError> {
    let mut addresses = BTreeMap::new();
    let mut second = Vec::new();
    for (endpoint, bus) in field.links() {
        let wanted = loopback(endpoint)?;
        if !matches!(wire(endpoint)?, Wire::Plain) {
            return Err(ServeError::NoSecondServer { endpoint: endpoint.clone() });
        }
        let started = modbus::SecondServer::start(wanted, bus).await;
        let server = started.map_err(|source| refused(endpoint, wanted, source))?;
        addresses.insert(endpoint.clone(), server.address());
        second.push(server);
    }
    Ok(TcpField { addresses, tasks: JoinSet::new(), _second: second })
}

#[cfg(not(feature = "rodbus"))]
async fn serve_second(field: &SimulatedField) -> Result<TcpField, ServeError> {
    match field.links().keys().next() {
        Some(endpoint) => Err(ServeError::NoSecondServer { endpoint: endpoint.clone() }),
        None => serve_tcp(field).await,
    }
}

fn refused(endpoint: &Endpoint, address: SocketAddr, source: io::Error) -> ServeError {
    let endpoint = endpoint.clone();
    match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::Taken { endpoint, address },
        _ => ServeError::Refused { endpoint, address, source },
    }
}

fn wire(endpoint: &Endpoint) -> Result<Wire, ServeError> {
    match endpoint {
        Endpoint::Tcp { .. } => Ok(Wire::Plain),
        Endpoint::RtuOverTcp { .. } => Ok(Wire::Rtu(RtuLine::over_tcp())),
        Endpoint::Tls { .. } | Endpoint::Serial { .. } => {
            Err(ServeError::NeedsMore { endpoint: endpoint.clone() })
        }
    }
}

fn loopback(endpoint: &Endpoint) -> Result<SocketAddr, ServeError> {
    let elsewhere = || ServeError::NotLoopback { endpoint: endpoint.clone() };
    let needs_more = || ServeError::NeedsMore { endpoint: endpoint.clone() };
    let (host, port) = endpoint.host_and_port().ok_or_else(needs_more)?;
    let host = match host {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host => host.parse::<IpAddr>().ok(),
    };
    match host.filter(|host| host.to_canonical().is_loopback()) {
        Some(host) => Ok(SocketAddr::new(host, port)),
        None => Err(elsewhere()),
    }
}
