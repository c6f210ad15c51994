//! Our drivers against our own secured server, over real sockets and with certificates in files:
//! nobody else's server has roles.

use crate::driver::{Driver, device, profile};
use crate::process::until;
use crate::unit::Memory;
use drivers::connect::{Live, check_security};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair};
use regie_sim::modbus::{ROLE_OID, RoleTable, Table, TlsServer, Wire, listen};
use site::command::{Delivery, Setpoint};
use site::model::{Endpoint, LinkSecurity};
use site::units::Ratio;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

type Authority = CertifiedIssuer<'static, KeyPair>;

const INVERTER: &str = "
profile: secured
version: 1
description: A limit behind TLS
first_address: 0
points:
  limit: {holding: 20, kind: u16, scale: 0.1, unit: '%', range: [0, 100], access: read-write}
commands:
  limit:
    write: [{point: limit, value: percent}]
    confirm: [{point: limit, equals: percent, tolerance: 0.1}]
    settle: 1 s
";

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a certificate"))
        .expect("a certificate")
}

/// A certificate and its key as PEM, with a role where one is given.
fn certificate(name: &str, role: Option<&str>, authority: &Authority) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a certificate");
    params.custom_extensions.extend(role.map(|role| {
        let length = u8::try_from(role.len()).expect("a short role");
        let text = [&[0x0C, length], role.as_bytes()].concat();
        CustomExtension::from_oid_content(&ROLE_OID, text)
    }));
    let key = KeyPair::generate().expect("a certificate");
    (params.signed_by(&key, authority).expect("a certificate").pem(), key.serialize_pem())
}

fn files(folder: &Path, role: Option<&str>, authority: &Authority) -> LinkSecurity {
    let (chain, key) = certificate("regie", role, authority);
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a temporary folder");
        path
    };
    LinkSecurity {
        authority: write("authority.pem", authority.pem()),
        certificate: write("regie.pem", chain),
        key: write("regie.key", key),
        server_name: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_decides_what_is_read_and_told() {
    let authority = authority();
    let (chain, key) = certificate("127.0.0.1", None, &authority);
    let root = authority.pem();
    let roles = RoleTable::default();
    let server = TlsServer::new(chain.as_bytes(), key.as_bytes(), root.as_bytes(), roles).unwrap();
    let memory = Memory::new();
    memory.set(Table::HoldingRegisters, 20, &[1000]);
    let listener = listen(([127, 0, 0, 1], 0).into(), memory.bus(), 4).await.unwrap();
    let address = format!("tls://{}", listener.address().unwrap());
    tokio::spawn(listener.speaking(Wire::Tls(server)).run());

    for (role, reads, writes) in
        [(Some("operator"), true, true), (Some("viewer"), true, false), (None, false, false)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let security = files(folder.path(), role, &authority);
        assert_eq!(check_security(&security).ok().as_deref(), role);
        let endpoint = Endpoint::read(&address).expect("an address");
        let connect = Arc::new(Live::default().with_security(endpoint, security));
        let inverter = device("roof1", &address, 1, &profile(INVERTER), Duration::from_secs(2));
        let driver = Driver::over(vec![inverter], connect);
        if reads {
            until("the limit is read", || driver.number("roof1.limit")).await;
        } else {
            let words = until("it is refused", || driver.health("roof1").last_error).await;
            assert!(words.contains("Illegal function"), "{words}");
        }
        let told = driver.command("roof1", Setpoint::Limit(Ratio::new(0.5))).await;
        assert_eq!(told == Delivery::Sent, writes, "{role:?}: {told:?}");
        let held = memory.get(Table::HoldingRegisters, 20, 1);
        assert_eq!(held, Some(vec![if writes { 500 } else { 1000 }]), "{role:?}");
        memory.set(Table::HoldingRegisters, 20, &[1000]);
        driver.field.stop().await;
    }
}
