//! Certificates made anew in each run, and our own secured server with one.

#[path = "../../../daemon/tests/certificates/mod.rs"]
mod made;

pub(crate) use made::{Authority, Files};

use crate::unit::Memory;
use regie_sim::modbus::{RoleTable, TlsServer, Wire, listen};
use std::net::SocketAddr;

/// Serves a unit behind TLS, with the usual roles, until the test ends. Where it listens.
pub(crate) async fn serve(authority: &Authority, memory: &Memory) -> SocketAddr {
    let (chain, key) = authority.certificate("127.0.0.1", None);
    let (root, roles) = (authority.pem(), RoleTable::default());
    let made = TlsServer::new(chain.as_bytes(), key.as_bytes(), root.as_bytes(), roles);
    let wire = Wire::Tls(made.expect("certificates that go together"));
    let listener = listen(([127, 0, 0, 1], 0).into(), memory.bus(), 4).await.expect("it listens");
    let address = listener.address().expect("it is bound");
    tokio::spawn(listener.speaking(wire).run());
    address
}
