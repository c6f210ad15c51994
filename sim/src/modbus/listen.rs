//! Clients over TCP, on this machine only.

use std::io;
use std::net::SocketAddr;
use std::panic;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};

use super::{Bus, RtuLine, Silence, TlsServer, serve, serve_rtu, serve_tls};

/// Most clients one listener serves at a time: enough for a daemon and a few engineers' tools.
pub const CLIENTS_MAX: usize = 32;

/// What is spoken over a TCP connection.
#[derive(Debug, Clone, Default)]
pub enum Wire {
    /// Modbus TCP.
    #[default]
    Plain,
    /// Serial frames, as serial servers pass them on (RTU over TCP).
    Rtu(RtuLine),
    /// Modbus/TCP Security.
    Tls(TlsServer),
}

/// A bound TCP socket whose clients are all served by one bus.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    bus: Bus,
    clients_max: usize,
    wire: Wire,
}

/// Binds `address` (port 0 for any free one); [`Listener::run`] then serves.
///
/// `clients_max`, from 1 to [`CLIENTS_MAX`], is how many clients are served at a time; many real
/// devices take one only. A further client is accepted and closed at once.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when the address is not on the loopback interface, since
/// simulated devices obey whoever reaches them, or when `clients_max` is out of range. Otherwise
/// what binding reports.
pub async fn listen(address: SocketAddr, bus: Bus, clients_max: usize) -> io::Result<Listener> {
    if !address.ip().is_loopback() {
        return Err(invalid(format!(
            "{address} is not a loopback address; simulated devices obey whoever reaches them, \
             so let them listen on 127.0.0.1 or [::1]"
        )));
    }
    if !(1..=CLIENTS_MAX).contains(&clients_max) {
        return Err(invalid(format!(
            "{clients_max} clients at {address}; choose from 1 to {CLIENTS_MAX}"
        )));
    }
    let socket = TcpListener::bind(address).await?;
    Ok(Listener { socket, bus, clients_max, wire: Wire::Plain })
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl Listener {
    /// The same listener for clients that speak something else than plain Modbus TCP.
    #[must_use]
    pub fn speaking(self, wire: Wire) -> Listener {
        Listener { wire, ..self }
    }

    /// The address bound, with the port the system chose.
    ///
    /// # Errors
    /// What the system reports about the socket.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves clients for as long as the future is polled; dropping it ends all of them.
    ///
    /// While the bus is [`Silence::Closed`] a client is accepted and closed at once: the port stays
    /// taken, so that the device comes back where it was.
    ///
    /// # Errors
    /// When the socket can accept no more clients, for instance for want of file descriptors.
    pub async fn run(self) -> io::Result<()> {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(ended) = clients.join_next() => note_end(ended),
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, peer)) if self.takes_one_more(clients.len()) => {
                        let (bus, wire) = (self.bus.clone(), self.wire.clone());
                        clients.spawn(serve_client(stream, peer, bus, wire));
                    }
                    Ok((_, peer)) => tracing::debug!(%peer, "client turned away"),
                    Err(error) if is_the_clients(&error) => {
                        tracing::debug!(%error, "client gone before it was accepted");
                    }
                    Err(error) => return Err(error),
                },
            }
        }
    }

    fn takes_one_more(&self, clients: usize) -> bool {
        clients < self.clients_max && self.bus.silence() != Silence::Closed
    }
}

/// Whether accepting failed because of one client alone.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

async fn serve_client(stream: TcpStream, peer: SocketAddr, bus: Bus, wire: Wire) {
    // Answers are small and waited for; Nagle's algorithm would hold them back.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "answers may be held back by the system");
    }
    let ended = match wire {
        Wire::Plain => serve(stream, bus).await,
        Wire::Rtu(line) => serve_rtu(stream, bus, line).await,
        Wire::Tls(server) => serve_tls(stream, bus, &server).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "client dropped");
    }
}

/// A panic is a bug in a unit and is not hidden; everything else was noted where it happened.
fn note_end(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        panic::resume_unwind(error.into_panic());
    }
}
