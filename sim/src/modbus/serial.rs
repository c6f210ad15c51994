//! A serial port, or one end of a pair of pseudo-terminals, as a stream.

use std::io;
use std::path::Path;

use tokio_serial::{DataBits, Parity, SerialStream, StopBits};

/// Opens a port for [`super::serve_rtu`] at `baud`, with eight data bits, one stop bit and no
/// parity, which a pseudo-terminal has no use for. Nobody else can open it meanwhile. Must be
/// called within a tokio runtime.
///
/// # Errors
/// What the system reports, with the port's name.
pub fn open_serial(path: &Path, baud: u32) -> io::Result<SerialStream> {
    let port = tokio_serial::new(path.to_string_lossy(), baud)
        .data_bits(DataBits::Eight)
        .stop_bits(StopBits::One)
        .parity(Parity::None);
    SerialStream::open(&port).map_err(|error| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    })
}
