//! Why a simulated field cannot be served.

use std::io;
use std::net::SocketAddr;

use site::model::Endpoint;
use thiserror::Error;

/// Why the field cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// An endpoint of the site is not on this machine.
    #[error(
        "{endpoint} is not on this machine; the simulated field listens on loopback only, so \
         write 127.0.0.1 as its host in the site file"
    )]
    NotLoopback {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// A link has TLS, and the simulator was given nothing to show its clients.
    #[error(
        "{endpoint}: a link with TLS takes the device's certificate and key, and the authority \
         that signs its clients' certificates: give --certificate, --key and --authority"
    )]
    NoCertificate {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// A link is a serial line, and the simulator was not told where its other end is.
    #[error(
        "{endpoint}: the daemon opens one end of this line, the simulator needs the other: tell it \
         with --serial {line}=OTHER-END, two pseudo-terminals joined by 'socat \
         pty,raw,echo=0,link={line} pty,raw,echo=0,link=OTHER-END' do for both (with parity=none); \
         or write rtu+tcp://127.0.0.1:PORT in the site file"
    )]
    NoLine {
        /// The endpoint.
        endpoint: Endpoint,
        /// Its device file.
        line: String,
    },
    /// The other end was given of a line that the site does not have.
    #[error("no serial line of the site is called '{line}'; it has: {known}")]
    UnknownLine {
        /// What was given.
        line: String,
        /// The site's lines.
        known: String,
    },
    /// The other end of a line cannot be opened.
    #[error("{endpoint}: {source}; is its other end there, and free?")]
    Line {
        /// The endpoint.
        endpoint: Endpoint,
        /// The system's reason, with the device file.
        source: io::Error,
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
