//! A serial port, or one end of a pair of pseudo-terminals, as a stream.

use std::io;
use std::path::Path;

use site::model::{Parity, SerialLine};
use tokio_serial::{DataBits, SerialStream, StopBits};

/// Opens a port for [`super::serve_rtu`] at `baud`, with eight data bits, one stop bit and no
/// parity, which a pseudo-terminal has no use for. Nobody else can open it meanwhile. Must be
/// called within a tokio runtime.
///
/// # Errors
/// What the system reports, with the port's name.
pub fn open_serial(path: &Path, baud: u32) -> io::Result<SerialStream> {
    open_line(path, &SerialLine { baud, parity: Parity::None, stop_bits: 1 })
}

/// The same for a line with any settings.
///
/// # Errors
/// As [`open_serial`].
pub fn open_line(path: &Path, line: &SerialLine) -> io::Result<SerialStream> {
    let parity = match line.parity {
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
        Parity::None => tokio_serial::Parity::None,
    };
    let stop_bits = if line.stop_bits == 2 { StopBits::Two } else { StopBits::One };
    let port = tokio_serial::new(path.to_string_lossy(), line.baud)
        .data_bits(DataBits::Eight)
        .stop_bits(stop_bits)
        .parity(parity);
    SerialStream::open(&port).map_err(|error| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    })
}
