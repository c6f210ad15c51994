//! A small Modbus server: the far end of every simulated link.
//!
//! It is written from the public Modbus application protocol (V1.1b3), the guides to Modbus
//! messaging on TCP (V1.0b) and over serial line (V1.02) and the Modbus/TCP Security protocol
//! (v36), and shares no code with the client's codec, so that the client is not tested against
//! itself. It serves any byte stream: a socket, a serial port or an in-memory duplex.
//!
//! The layers, from bytes to devices: [`Decoder`] and [`RtuDecoder`] cut a stream into [`Frame`]s
//! and [`RtuFrame`]s, [`respond`] turns one request into one answer against a [`Unit`], a [`Bus`]
//! holds the units behind one link and its [`Silence`], [`serve`], [`serve_rtu`] and [`serve_tls`]
//! carry one client over one stream, [`listen`] accepts clients on a loopback address, and
//! [`open_serial`] opens a port. [`faults`] spoils the bytes in between.
//!
//! What it does not do: Modbus ASCII, diagnostics, files and identification. Addresses are
//! 0-based, as on the wire.

mod bus;
pub mod faults;
mod frame;
mod listen;
mod request;
mod respond;
mod roles;
mod rtu;
#[cfg(feature = "rodbus")]
mod second;
mod serial;
mod serve;
#[cfg(test)]
mod tests;
mod tls;

pub use bus::{Bus, Silence, UnknownUnit};
pub use frame::{ADU_BYTES_MAX, Decoder, Frame, FrameError, PDU_BYTES_MAX};
pub use listen::{CLIENTS_MAX, Listener, Wire, listen};
pub use respond::respond;
pub use roles::{ROLE_OID, Rights, RoleTable};
pub use rtu::{RTU_BYTES_MAX, RtuDecoder, RtuFrame, RtuLine, crc};
#[cfg(feature = "rodbus")]
pub use second::SecondServer;
pub use serial::{open_line, open_serial};
pub use serve::{serve, serve_rtu};
pub use tls::{TlsServer, TlsServerError, serve_tls};

/// The four tables of a Modbus device (application protocol, §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Single bits, read and written (functions 1, 5 and 15).
    Coils,
    /// Single bits, read only (function 2).
    DiscreteInputs,
    /// 16-bit registers, read and written (functions 3, 6, 16, 22 and 23).
    HoldingRegisters,
    /// 16-bit registers, read only (function 4).
    InputRegisters,
}

/// Why a request is refused: the exception codes of the application protocol, §7.
///
/// Code 5 (acknowledge) and 8 (memory parity) belong to functions this server does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Exception {
    /// The device does not have this function.
    IllegalFunction = 0x01,
    /// The device does not have all of the addresses asked for.
    IllegalDataAddress = 0x02,
    /// The request is malformed, or a value is outside what the device accepts.
    IllegalDataValue = 0x03,
    /// The device failed while doing what was asked.
    ServerDeviceFailure = 0x04,
    /// The device is busy; ask again later.
    ServerDeviceBusy = 0x06,
    /// The gateway has no free path towards the unit.
    GatewayPathUnavailable = 0x0A,
    /// The gateway got no answer from the unit.
    GatewayTargetFailed = 0x0B,
}

/// One unit behind a link: a device's registers as the wire sees them.
///
/// A trait because every simulated device keeps its own registers. The server has already checked
/// that `count` lies within the function's limits and that the span ends by address 65535. Bits are
/// given as words of 0 or 1. A unit is called while its bus is locked and must not call the bus.
pub trait Unit: Send {
    /// The `count` values from `address` on, exactly as many as asked for.
    ///
    /// # Errors
    /// The exception to answer with; nothing may have changed.
    fn read(&mut self, table: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception>;

    /// Writes `values` from `address` on; the table is coils or holding registers.
    ///
    /// # Errors
    /// The exception to answer with; nothing may have been written.
    fn write(&mut self, table: Table, address: u16, values: &[u16]) -> Result<(), Exception>;
}
