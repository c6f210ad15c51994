//! The simulated field on this machine: TCP ports on loopback, TLS behind them where a link has it,
//! and the other ends of serial lines.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use site::model::{Endpoint, SerialLine};
use tokio::task::JoinSet;

use super::ServeError;
use crate::field::SimulatedField;
use crate::modbus::{self, Bus, CLIENTS_MAX, RtuLine, TlsServer, Wire, open_line, serve_rtu};

/// A pause that the operating system may make within a frame on a line.
const LINE_GAP: Duration = Duration::from_millis(100);

/// How long after its end a line is opened again.
const REOPEN: Duration = Duration::from_secs(1);

/// Whose code serves the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Server {
    /// Ours.
    #[default]
    Own,
    /// The independent server rodbus, where it was compiled in.
    Rodbus,
}

/// What links take that a site file does not say.
#[derive(Debug, Clone, Default)]
pub struct Serving {
    /// Whose code serves.
    pub server: Server,
    /// What links with TLS show their clients and ask of them.
    pub tls: Option<TlsServer>,
    /// The other ends of serial lines, by the device file that the site names.
    pub lines: BTreeMap<String, PathBuf>,
}

/// A served field, for as long as this lives.
#[derive(Debug)]
pub struct ServedField {
    addresses: BTreeMap<Endpoint, SocketAddr>,
    lines: BTreeMap<Endpoint, PathBuf>,
    tasks: JoinSet<io::Result<()>>,
    #[cfg(feature = "rodbus")]
    _second: Vec<modbus::SecondServer>,
}

impl ServedField {
    /// The address bound for each endpoint that has one: the port differs where the site says 0.
    #[must_use]
    pub fn addresses(&self) -> &BTreeMap<Endpoint, SocketAddr> {
        &self.addresses
    }

    /// Where each endpoint is served: an address, or a device file.
    #[must_use]
    pub fn places(&self) -> BTreeMap<&Endpoint, String> {
        let address = self.addresses.iter().map(|(endpoint, at)| (endpoint, at.to_string()));
        let line = self.lines.iter().map(|(endpoint, at)| (endpoint, at.display().to_string()));
        address.chain(line).collect()
    }

    /// Waits until a listener or a line fails; for ever where none does.
    ///
    /// # Errors
    /// What it reports.
    pub async fn failed(&mut self) -> io::Result<()> {
        match self.tasks.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(error)) => Err(io::Error::other(error)),
            None => std::future::pending().await,
        }
    }
}

/// Serves a field that has TCP links alone. As [`serve_field`].
///
/// # Errors
/// As [`serve_field`]; also when a link has TLS or is a serial line.
pub async fn serve_tcp(field: &SimulatedField) -> Result<ServedField, ServeError> {
    serve_own(field, &Serving::default()).await
}

/// Serves every endpoint of the field. All ports are bound and all lines opened before the first
/// client is served, so that either the whole field is there or none of it. Must be called within a
/// tokio runtime.
///
/// # Errors
/// When an endpoint is not on this machine, its port or line cannot be had, what it takes was not
/// given, or the second server was asked for and is not in this program or cannot serve a link.
pub async fn serve_field(
    field: &SimulatedField,
    serving: &Serving,
) -> Result<ServedField, ServeError> {
    match serving.server {
        Server::Own => serve_own(field, serving).await,
        Server::Rodbus => serve_second(field).await,
    }
}

async fn serve_own(field: &SimulatedField, serving: &Serving) -> Result<ServedField, ServeError> {
    check_lines(field, serving)?;
    let (mut addresses, mut lines) = (BTreeMap::new(), BTreeMap::new());
    let (mut listeners, mut ends) = (Vec::new(), Vec::new());
    for (endpoint, bus) in field.links() {
        if let Endpoint::Serial { path, line } = endpoint {
            let end = LineEnd::open(endpoint, (path, *line), serving, bus)?;
            lines.insert(endpoint.clone(), end.path.clone());
            ends.push(end);
            continue;
        }
        let (wanted, wire) = (loopback(endpoint)?, wire(endpoint, serving)?);
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
    for end in ends {
        tasks.spawn(end.run());
    }
    Ok(ServedField {
        addresses,
        lines,
        tasks,
        #[cfg(feature = "rodbus")]
        _second: Vec::new(),
    })
}

/// What is given for a line that the site does not have was meant for another one.
fn check_lines(field: &SimulatedField, serving: &Serving) -> Result<(), ServeError> {
    let of = |endpoint: &Endpoint| match endpoint {
        Endpoint::Serial { path, .. } => Some(path.clone()),
        _ => None,
    };
    let known: Vec<String> = field.links().keys().filter_map(of).collect();
    match serving.lines.keys().find(|line| !known.contains(line)) {
        None => Ok(()),
        Some(line) if known.is_empty() => {
            Err(ServeError::UnknownLine { line: line.clone(), known: "none".to_owned() })
        }
        Some(line) => Err(ServeError::UnknownLine { line: line.clone(), known: known.join(", ") }),
    }
}

/// The devices' end of a serial line.
struct LineEnd {
    path: PathBuf,
    line: SerialLine,
    port: tokio_serial::SerialStream,
    bus: Bus,
}

impl LineEnd {
    fn open(
        endpoint: &Endpoint,
        (near, line): (&str, SerialLine),
        serving: &Serving,
        bus: &Bus,
    ) -> Result<LineEnd, ServeError> {
        let path = serving.lines.get(near).ok_or_else(|| ServeError::NoLine {
            endpoint: endpoint.clone(),
            line: near.to_owned(),
        })?;
        let port = open_line(path, &line)
            .map_err(|source| ServeError::Line { endpoint: endpoint.clone(), source })?;
        Ok(LineEnd { path: path.clone(), line, port, bus: bus.clone() })
    }

    /// Serves the line, and opens it again when it ends: a plug that is pulled, or a pair of
    /// pseudo-terminals whose other end is closed, comes back.
    async fn run(self) -> io::Result<()> {
        let LineEnd { path, line, mut port, bus } = self;
        let timing = RtuLine::serial(line.baud).with_gap(LINE_GAP);
        loop {
            if let Err(error) = serve_rtu(port, bus.clone(), timing).await {
                tracing::debug!(path = %path.display(), %error, "line ended");
            }
            tokio::time::sleep(REOPEN).await;
            port = open_line(&path, &line)?;
        }
    }
}

#[cfg(feature = "rodbus")]
async fn serve_second(field: &SimulatedField) -> Result<ServedField, ServeError> {
    let mut addresses = BTreeMap::new();
    let mut second = Vec::new();
    for (endpoint, bus) in field.links() {
        if !matches!(endpoint, Endpoint::Tcp { .. }) {
            return Err(ServeError::NoSecondServer { endpoint: endpoint.clone() });
        }
        let wanted = loopback(endpoint)?;
        let started = modbus::SecondServer::start(wanted, bus).await;
        let server = started.map_err(|source| refused(endpoint, wanted, source))?;
        addresses.insert(endpoint.clone(), server.address());
        second.push(server);
    }
    let lines = BTreeMap::new();
    Ok(ServedField { addresses, lines, tasks: JoinSet::new(), _second: second })
}

#[cfg(not(feature = "rodbus"))]
async fn serve_second(field: &SimulatedField) -> Result<ServedField, ServeError> {
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

/// What is spoken over the TCP connections of an endpoint.
fn wire(endpoint: &Endpoint, serving: &Serving) -> Result<Wire, ServeError> {
    match endpoint {
        Endpoint::Tls { .. } => match &serving.tls {
            Some(server) => Ok(Wire::Tls(server.clone())),
            None => Err(ServeError::NoCertificate { endpoint: endpoint.clone() }),
        },
        Endpoint::RtuOverTcp { .. } | Endpoint::Serial { .. } => Ok(Wire::Rtu(RtuLine::over_tcp())),
        Endpoint::Tcp { .. } => Ok(Wire::Plain),
    }
}

fn loopback(endpoint: &Endpoint) -> Result<SocketAddr, ServeError> {
    let elsewhere = || ServeError::NotLoopback { endpoint: endpoint.clone() };
    let (host, port) = endpoint.host_and_port().ok_or_else(elsewhere)?;
    let host = match host {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host => host.parse::<IpAddr>().ok(),
    };
    match host.filter(|host| host.to_canonical().is_loopback()) {
        Some(host) => Ok(SocketAddr::new(host, port)),
        None => Err(elsewhere()),
    }
}
