//! `regie-sim serve` and `regie-sim demo` as they are called, with a site that has a link with TLS
//! and a serial line: real certificates, real sockets, a pair of pseudo-terminals.

use crate::certificates::{Authority, Files};
use crate::copy::Copy;
use crate::driver::Driver;
use crate::process::{Line, Running, start, until};
use drivers::FieldDevice;
use drivers::connect::Live;
use regie::load::load;
use site::command::{Delivery, Setpoint};
use site::envelope::Envelopes;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

const PACE: &str = "{cycle: 20 s, poll: 10 s, horizon: 24 h, switching: 15 min, observe_cycles: 3}";

/// The shipped site with its first pump behind TLS and its levels on a serial line, and everything
/// that these take.
struct Secured {
    copy: Copy,
    line: Line,
    devices: Files,
    _daemon: Files,
}

impl Secured {
    async fn new(role: &str) -> Secured {
        let copy = Copy::new(PACE, "10 min");
        let line = Line::pair().await;
        let authority = Authority::new();
        let (devices, daemon) =
            (authority.files("127.0.0.1", None), authority.files("regie", Some(role)));
        let text = std::fs::read_to_string(copy.site()).expect("it is ours");
        let mut links = format!(
            "\nlinks:\n  bus: {{connect: 'serial://{}?baud=19200&parity=none'}}\n",
            line.near().display()
        );
        let mut changed = String::new();
        for one in text.lines() {
            let connect = one.split("connect: ").nth(1).and_then(|rest| rest.split('"').nth(1));
            let link = match (one.trim_start().split(':').next(), connect) {
                (Some("level1" | "level2"), Some(address)) => Some(("bus", address)),
                (Some("pump1"), Some(address)) => {
                    let folder = daemon.folder().display();
                    links.push_str(&format!(
                        "  works: {{connect: '{}', authority: {folder}/authority.pem, \
                         certificate: {folder}/certificate.pem, key: {folder}/key.pem}}\n",
                        address.replace("tcp:", "tls:")
                    ));
                    Some(("works", address))
                }
                _ => None,
            };
            match link {
                Some((link, address)) => {
                    let was = format!("connect: \"{address}\"");
                    changed.push_str(&one.replace(&was, &format!("link: {link}")));
                }
                None => changed.push_str(one),
            }
            changed.push('\n');
        }
        let moved = changed.matches("link: bus").count() + changed.matches("link: works").count();
        assert_eq!(moved, 3, "{changed}");
        std::fs::write(copy.site(), changed + &links).expect("it is ours");
        Secured { copy, line, devices, _daemon: daemon }
    }

    /// The program with this site.
    fn program(&self, word: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_regie-sim"));
        command.args([word, "--site"]).arg(self.copy.site()).env_remove("RUST_LOG");
        command
    }

    /// With what its links take.
    fn complete(&self, word: &str) -> Command {
        let mut command = self.program(word);
        let files = self.devices.link();
        command.arg("--certificate").arg(files.certificate).arg("--key").arg(files.key);
        command.arg("--authority").arg(files.authority);
        command.args(["--serial", &self.lines()]);
        command
    }

    fn lines(&self) -> String {
        format!("{}={}", self.line.near().display(), self.line.far().display())
    }

    /// The site's own devices behind these two links, read by our drivers.
    fn driver(&self) -> Driver {
        let loaded = load(&self.copy.site()).expect("no findings");
        let wanted = |name: &str| ["pump1", "level1", "level2"].contains(&name);
        let devices = loaded.site.devices.iter().filter(|device| wanted(device.id.as_str()));
        let devices: Vec<FieldDevice> = devices
            .map(|device| FieldDevice {
                device: device.clone(),
                profile: Arc::clone(&loaded.profiles[&device.id]),
                // Its commands are of no asset of the site.
                envelopes: Envelopes::of_no_site(),
            })
            .collect();
        let live = Arc::new(Live::new(devices.iter().map(|one| &one.device)));
        Driver::over(devices, live)
    }
}

/// Ends by itself, and says this.
async fn output(mut command: Command) -> Output {
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    ended.expect("no panic").expect("regie-sim runs")
}

/// The whole field is there once one of its ports is: pauses of a driver that was there first
/// would be part of the test.
async fn serve(site: &Secured) -> Running {
    let served = start(&mut site.complete("serve"));
    let loaded = load(&site.copy.site()).expect("no findings");
    let mut places = loaded.site.devices.iter().filter_map(|one| one.endpoint.host_and_port());
    let place = places.next().expect("most links have a port");
    until("it is served", || TcpStream::connect(place).ok()).await;
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_with_tls_and_a_serial_line_is_served() {
    for (role, told) in [("operator", true), ("viewer", false)] {
        let site = Secured::new(role).await;
        let _served = serve(&site).await;
        let driver = site.driver();
        for point in ["level1.level", "level2.level", "pump1.remote"] {
            until(point, || driver.number(point)).await;
        }
        let delivery = driver.command("pump1", Setpoint::Run).await;
        assert_eq!(delivery == Delivery::Sent, told, "{role}: {delivery:?}");
        driver.field.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_closed_is_served_again() {
    let site = Secured::new("viewer").await;
    let _served = serve(&site).await;
    for life in 1..=2 {
        let driver = site.driver();
        until(&format!("life {life}"), || driver.number("level2.level")).await;
        driver.field.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_goes_through_both() {
    let site = Secured::new("operator").await;
    let mut demo = site.complete("demo");
    demo.args(["--plain", "--speed", "10", "--cycles", "6", "--state"]);
    demo.arg(site.copy.folder().join("state"));
    let ended = output(demo).await;
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("rung optimal: 3 cycles\n"), "levels and pump were there\n{said}");
}

/// What it says when it cannot be served, and with which exit code.
async fn refused(command: Command) -> (Option<i32>, String) {
    let ended = output(command).await;
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said() {
    let site = Secured::new("viewer").await;
    let near = site.line.near().display().to_string();
    let files = site.devices.link();
    for word in ["serve", "demo"] {
        let (code, words) = refused(site.program(word)).await;
        assert!(words.contains("give --certificate, --key and --authority"), "{words}");
        assert_eq!(code, Some(1), "{words}");

        let mut without = site.program(word);
        without.arg("--certificate").arg(&files.certificate).arg("--key").arg(&files.key);
        without.arg("--authority").arg(&files.authority);
        let (code, words) = refused(without).await;
        assert!(words.contains(&format!("tell it with --serial {near}=OTHER-END")), "{words}");
        assert_eq!(code, Some(1), "{words}");
    }
    let mut other = site.complete("serve");
    other.args(["--serial", "/dev/ttyUSB7=/dev/ttyUSB8"]);
    let (code, words) = refused(other).await;
    assert!(words.contains("no serial line of the site is called '/dev/ttyUSB7'"), "{words}");
    assert!(words.contains(&near), "{words}");
    assert_eq!(code, Some(1), "{words}");

    let mut gone = site.program("serve");
    gone.arg("--certificate").arg(&files.certificate).arg("--key").arg(&files.key);
    gone.arg("--authority")
        .arg(&files.authority)
        .args(["--serial", &format!("{near}=/nowhere/line")]);
    let (_, words) = refused(gone).await;
    assert!(words.contains("/nowhere/line") && words.contains("is its other end there"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_named() {
    let site = Secured::new("viewer").await;
    let files = site.devices.link();
    let with = |certificate: &Path, key: &Path| {
        let mut command = site.program("serve");
        command.arg("--certificate").arg(certificate).arg("--key").arg(key);
        command.arg("--authority").arg(&files.authority);
        command
    };
    let (code, words) = refused(with(Path::new("/nowhere/it.pem"), &files.key)).await;
    assert!(words.contains("/nowhere/it.pem") && words.contains("name a PEM file"), "{words}");
    assert_eq!(code, Some(78), "{words}");
    let (code, words) = refused(with(&files.certificate, &files.authority)).await;
    assert!(words.contains("the key cannot be read"), "{words}");
    assert_eq!(code, Some(78), "{words}");

    let mut alone = site.program("serve");
    alone.arg("--certificate").arg(&files.certificate);
    let (code, words) = refused(alone).await;
    assert!(words.contains("--key") && words.contains("--authority"), "{words}");
    assert_eq!(code, Some(64), "{words}");
}
