//! The same units behind a server that is not ours: rodbus, compiled in on demand alone
//! (`--features rodbus`; README, "Licence", says what its licence asks).
//!
//! It reads a unit one register after the other, so that a value of several registers may be cut
//! between two instants of the plant; a silent unit is answered for with exception 0x0B; and a
//! [`super::Silence`] or an answer's delay is not followed. So it is for clients that want another
//! server's frames, not for replays.

use std::io;
use std::net::SocketAddr;

use rodbus::server::{
    AddressFilter, RequestHandler, ServerHandle, ServerHandlerMap, WriteCoils, WriteRegisters,
    spawn_tcp_server_task,
};
use rodbus::{DecodeLevel, ExceptionCode, Indexed, UnitId};

use super::{Bus, CLIENTS_MAX, Exception, Table};

/// A second server on one address, for as long as this lives.
pub struct SecondServer {
    address: SocketAddr,
    _handle: ServerHandle,
}

impl std::fmt::Debug for SecondServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecondServer").field("address", &self.address).finish()
    }
}

impl SecondServer {
    /// Serves the units that a bus has now over TCP; port 0 takes any free one. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the address is not on the loopback interface; otherwise
    /// what binding reports.
    pub async fn start(address: SocketAddr, bus: &Bus) -> io::Result<SecondServer> {
        if !address.ip().is_loopback() {
            let message = format!("{address} is not a loopback address; listen on 127.0.0.1");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let address = chosen(address)?;
        let mut map = ServerHandlerMap::new();
        for unit in bus.units() {
            map.add(UnitId::new(unit), Seat { bus: bus.clone(), unit }.wrap());
        }
        let (filter, decode) = (AddressFilter::Any, DecodeLevel::default());
        let handle = spawn_tcp_server_task(CLIENTS_MAX, address, map, filter, decode).await?;
        Ok(SecondServer { address, _handle: handle })
    }

    /// The address bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A port that is free now in the place of port 0, which the server would not say again.
fn chosen(address: SocketAddr) -> io::Result<SocketAddr> {
    match address.port() {
        0 => std::net::TcpListener::bind(address)?.local_addr(),
        _ => Ok(address),
    }
}

/// One unit as the other server asks it.
struct Seat {
    bus: Bus,
    unit: u8,
}

impl Seat {
    fn read(&self, table: Table, address: u16) -> Result<u16, ExceptionCode> {
        let values = self.bus.with_unit(self.unit, |unit| unit.read(table, address, 1));
        let values = values.map_err(code)?;
        values.first().copied().ok_or(ExceptionCode::ServerDeviceFailure)
    }

    fn write(&self, table: Table, address: u16, values: &[u16]) -> Result<(), ExceptionCode> {
        self.bus.with_unit(self.unit, |unit| unit.write(table, address, values)).map_err(code)
    }
}

impl RequestHandler for Seat {
    fn read_coil(&self, address: u16) -> Result<bool, ExceptionCode> {
        self.read(Table::Coils, address).map(|bit| bit != 0)
    }

    fn read_discrete_input(&self, address: u16) -> Result<bool, ExceptionCode> {
        self.read(Table::DiscreteInputs, address).map(|bit| bit != 0)
    }

    fn read_holding_register(&self, address: u16) -> Result<u16, ExceptionCode> {
        self.read(Table::HoldingRegisters, address)
    }

    fn read_input_register(&self, address: u16) -> Result<u16, ExceptionCode> {
        self.read(Table::InputRegisters, address)
    }

    fn write_single_coil(&mut self, value: Indexed<bool>) -> Result<(), ExceptionCode> {
        self.write(Table::Coils, value.index, &[u16::from(value.value)])
    }

    fn write_single_register(&mut self, value: Indexed<u16>) -> Result<(), ExceptionCode> {
        self.write(Table::HoldingRegisters, value.index, &[value.value])
    }

    fn write_multiple_coils(&mut self, values: WriteCoils<'_>) -> Result<(), ExceptionCode> {
        let bits: Vec<u16> = values.iterator.map(|bit| u16::from(bit.value)).collect();
        self.write(Table::Coils, values.range.start, &bits)
    }

    fn write_multiple_registers(
        &mut self,
        values: WriteRegisters<'_>,
    ) -> Result<(), ExceptionCode> {
        let words: Vec<u16> = values.iterator.map(|word| word.value).collect();
        self.write(Table::HoldingRegisters, values.range.start, &words)
    }
}

fn code(exception: Exception) -> ExceptionCode {
    ExceptionCode::from(exception as u8)
}
