//! A serial line of this machine.

use site::model::{Parity, SerialLine};
use std::io;
use tokio_serial::{SerialPortBuilderExt, SerialStream};

/// Opens a serial line, for us alone.
pub(super) fn open(path: &str, line: &SerialLine) -> io::Result<SerialStream> {
    let parity = match line.parity {
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
        Parity::None => tokio_serial::Parity::None,
    };
    let stop_bits = match line.stop_bits {
        2 => tokio_serial::StopBits::Two,
        _ => tokio_serial::StopBits::One,
    };
    let port = tokio_serial::new(path, line.baud)
        .data_bits(tokio_serial::DataBits::Eight)
        .parity(parity)
        .stop_bits(stop_bits)
        .flow_control(tokio_serial::FlowControl::None);
    port.open_native_async().map_err(|error| {
        let help = match error.kind() {
            tokio_serial::ErrorKind::Io(io::ErrorKind::PermissionDenied) => {
                "; the daemon's user needs the group of the device file (often dialout)"
            }
            tokio_serial::ErrorKind::NoDevice => "; is another program using it?",
            _ => "",
        };
        let kind = match error.kind() {
            tokio_serial::ErrorKind::Io(kind) => kind,
            tokio_serial::ErrorKind::NoDevice => io::ErrorKind::NotFound,
            _ => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, format!("{path}: {error}{help}"))
    })
}
