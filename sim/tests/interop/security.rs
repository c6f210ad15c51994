//! Our drivers against our own secured server, over real sockets and with certificates in files:
//! nobody else's server has roles.

use crate::certificates::{Authority, serve};
use crate::driver::{Driver, device, profile};
use crate::process::until;
use crate::unit::Memory;
use drivers::connect::{Live, check_security};
use regie_sim::modbus::Table;
use site::command::{Delivery, Setpoint};
use site::model::{Endpoint, LinkSecurity};
use site::units::Ratio;
use std::sync::Arc;
use std::time::Duration;

/// One register that can be told, and holds per cent with one decimal.
pub(crate) const INVERTER: &str = "
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

#[tokio::test(flavor = "multi_thread")]
async fn a_role_decides_what_is_read_and_told() {
    let authority = Authority::new();
    let memory = Memory::new();
    memory.set(Table::HoldingRegisters, 20, &[1000]);
    let address = format!("tls://{}", serve(&authority, &memory).await);

    for (role, reads, writes) in
        [(Some("operator"), true, true), (Some("viewer"), true, false), (None, false, false)]
    {
        let files = authority.files("regie", role);
        let security = files.link();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_certificate_is_named_as_such() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let memory = Memory::new();
    memory.set(Table::HoldingRegisters, 20, &[1000]);
    let address = format!("tls://{}", serve(&authority, &memory).await);
    let (ours, theirs) = (authority.files("regie", Some("operator")), foreign.files("regie", None));
    let security = LinkSecurity {
        certificate: theirs.link().certificate,
        key: theirs.link().key,
        ..ours.link()
    };
    let endpoint = Endpoint::read(&address).expect("an address");
    let connect = Arc::new(Live::default().with_security(endpoint, security));
    let inverter = device("roof1", &address, 1, &profile(INVERTER), Duration::from_secs(2));
    let driver = Driver::over(vec![inverter], connect);
    let words = until("it is refused", || driver.health("roof1").last_error).await;
    assert!(words.contains("may have refused our certificate"), "{words}");
    driver.field.stop().await;
}
