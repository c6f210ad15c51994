//! How a daemon reaches the simulated field: over in-memory streams in a replay; over TCP, TLS and
//! serial lines of this machine in a demonstration.

mod arguments;
mod error;
mod serve;

pub use arguments::{ServingArguments, ServingError};
pub use error::ServeError;
pub use serve::{ServedField, Server, Serving, serve_field, serve_tcp};

use std::io;

use drivers::connect::{BoxedStream, Connect};
use futures::future::BoxFuture;
use site::model::Endpoint;

use crate::field::SimulatedField;
use crate::modbus::{self, RtuLine, Silence};

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
