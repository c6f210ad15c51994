//! Modbus/TCP Security with ends that are not ours: a server of pymodbus for our drivers, and
//! clients of pymodbus and of bare sockets for our server, all over Python's own TLS.

use crate::certificates::{Authority, serve};
use crate::driver::{Driver, device, profile};
use crate::process::{free_port, missing, start, until};
use crate::pymodbus::python;
use crate::security::INVERTER;
use crate::unit::Memory;
use drivers::connect::Live;
use regie_sim::modbus::Table;
use serde_json::{Value, json};
use site::command::{Delivery, Setpoint};
use site::model::{Endpoint, LinkSecurity};
use site::units::Ratio;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const VERSIONS: [&str; 2] = ["1.2", "1.3"];

/// The other end, to be started.
fn python_with(word: &str, port: u16, folder: &Path, version: &str) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../daemon/tests/secured.py");
    let mut command = Command::new(python());
    command.arg(script).args([word, &port.to_string()]).arg(folder).arg(version);
    command
}

/// Our drivers with one inverter behind TLS, showing what is in `files`.
fn driver(address: &str, security: LinkSecurity) -> Driver {
    let endpoint = Endpoint::read(address).expect("an address");
    let connect = Arc::new(Live::default().with_security(endpoint, security));
    let inverter = device("roof1", address, 1, &profile(INVERTER), Duration::from_secs(2));
    Driver::over(vec![inverter], connect)
}

#[tokio::test(flavor = "multi_thread")]
async fn its_server_is_read_and_told() {
    let authority = Authority::new();
    let server = authority.files("127.0.0.1", None);
    let ours = authority.files("regie", Some("operator"));
    for version in VERSIONS {
        let port = free_port();
        let _server = start(&mut python_with("serve", port, server.folder(), version));
        let driver = driver(&format!("tls://127.0.0.1:{port}"), ours.link());
        let found = until("the limit is read", || driver.number("roof1.limit")).await;
        assert!((found - 100.0).abs() < 1e-9, "{version}: {found}");
        let told = driver.command("roof1", Setpoint::Limit(Ratio::new(0.653))).await;
        assert_eq!(told, Delivery::Sent, "{version}");
        until("the limit is read back", || {
            let limit = driver.number("roof1.limit")?;
            ((limit - 65.3).abs() < 1e-9).then_some(())
        })
        .await;
        driver.field.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_server_and_we_trust_only_those_whom_the_authority_signed() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = authority.files("127.0.0.1", None);
    let stranger = other.files("regie", Some("operator"));
    let port = free_port();
    let _server = start(&mut python_with("serve", port, server.folder(), "1.3"));
    let address = format!("tls://127.0.0.1:{port}");

    // It shows a certificate that we do not trust; then we show one that it does not trust, of
    // which we learn with TLS 1.3 when we read first.
    let distrusting = stranger.link();
    let distrusted = LinkSecurity { authority: server.link().authority, ..stranger.link() };
    for (security, said) in
        [(distrusting, "invalid peer certificate"), (distrusted, "reading 1 from holding 20")]
    {
        let driver = driver(&address, security);
        let words = until("it is refused", || {
            let words = driver.health("roof1").last_error?;
            (!words.contains("Connection refused")).then_some(words)
        })
        .await;
        assert!(words.contains(said), "{words}");
        assert_eq!(driver.number("roof1.limit"), None, "{words}");
        driver.field.stop().await;
    }
}

/// Lets the other end ask, and gives what it says about it.
async fn asks(word: &str, port: u16, folder: &Path, version: &str) -> Value {
    let mut command = python_with(word, port, folder, version);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = ran.unwrap_or_else(|error| panic!("{}", missing("python", &error)));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_clients_may_do_what_their_role_may() {
    let authority = Authority::new();
    let memory = Memory::new();
    let port = serve(&authority, &memory).await.port();
    let (may, may_not) = (json!([650]), json!({"exception": 1}));
    let (read, wrote) = ("000900000005010302".to_owned() + "03e8", "000a000000060106");
    let (unread, unwritten) = ("000900000003018301", "000a00000003018601");

    for (role, reads, writes) in
        [(Some("operator"), true, true), (Some("viewer"), true, false), (None, false, false)]
    {
        let files = authority.files("bench", role);
        for version in VERSIONS {
            let held = |expected: u16, what: &str| {
                let expected = Some(vec![if writes { expected } else { 1000 }]);
                let held = memory.get(Table::HoldingRegisters, 20, 1);
                assert_eq!(held, expected, "{role:?}, {version}, {what}");
            };
            memory.set(Table::HoldingRegisters, 20, &[1000]);
            let said = asks("ask", port, files.folder(), version).await;
            let expected = json!({
                "read": if reads { json!([1000]) } else { may_not.clone() },
                "wrote": if writes { may.clone() } else { may_not.clone() },
            });
            assert_eq!(said, expected, "{role:?}, {version}");
            held(650, "pymodbus");

            memory.set(Table::HoldingRegisters, 20, &[1000]);
            let said = asks("raw", port, files.folder(), version).await;
            let answers = [
                if reads { read.clone() } else { unread.to_owned() },
                if writes { format!("{wrote}0014028a") } else { unwritten.to_owned() },
            ];
            let expected = json!({"version": format!("TLSv{version}"), "answers": answers});
            assert_eq!(said, expected, "{role:?}, {version}");
            held(650, "bare bytes");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_clients_get_nothing_without_a_certificate_of_the_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    let memory = Memory::new();
    memory.set(Table::HoldingRegisters, 20, &[1000]);
    let port = serve(&authority, &memory).await.port();
    // A stranger that would trust us: only what it shows is wrong.
    let stranger = other.files("bench", Some("operator"));
    std::fs::copy(authority.files("bench", None).link().authority, stranger.link().authority)
        .expect("a temporary folder");
    for folder in [Path::new("-"), stranger.folder()] {
        for version in VERSIONS {
            for word in ["ask", "raw"] {
                let said = asks(word, port, folder, version).await;
                assert!(said.get("refused").is_some(), "{word}, {version}, {folder:?}: {said}");
            }
        }
    }
    assert_eq!(memory.get(Table::HoldingRegisters, 20, 1), Some(vec![1000]));
}
