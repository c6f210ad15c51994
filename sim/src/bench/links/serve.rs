//! The far end: the simulator's own server, one connection after the other on one thread.

use std::io::{self, Read};
use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::modbus::{self, Bus, Exception, Table, Unit, UnknownUnit};

/// Registers that count from their address on.
struct Registers(Vec<u16>);

impl Unit for Registers {
    fn read(&mut self, _: Table, address: u16, count: u16) -> Result<Vec<u16>, Exception> {
        let from = usize::from(address);
        let range = self.0.get(from..from + usize::from(count));
        range.map(<[u16]>::to_vec).ok_or(Exception::IllegalDataAddress)
    }

    fn write(&mut self, _: Table, _: u16, _: &[u16]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }
}

/// Prints the port and serves until standard input ends.
pub(super) fn run(registers: u16) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let bus = Bus::new(UnknownUnit::Silent);
        bus.insert(1, Registers((0..registers).collect()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?.port());
        let (end, mut ended) = oneshot::channel();
        std::thread::spawn(move || {
            // Nothing is ever written to it: it ends with whoever holds the other side.
            let _ = io::stdin().read(&mut [0; 1]);
            let _ = end.send(());
        });
        loop {
            tokio::select! {
                biased;
                _ = &mut ended => return Ok(()),
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    stream.set_nodelay(true)?;
                    tokio::spawn(modbus::serve(stream, bus.clone()));
                }
            }
        }
    })
}
