//! `regie probe tls://...` against a server of pymodbus behind Python's own TLS, with certificates
//! made anew.

mod certificates;

use certificates::{Authority, Files};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The server, for as long as this lives.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(files: &Path) -> Server {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let made = tests.join("../../target/test-venv/bin/python");
        let python = std::env::var_os("REGIE_TEST_PYTHON").map_or(made, PathBuf::from);
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let child = Command::new(python)
            .arg(tests.join("secured.py"))
            .args(["serve", &port.to_string()])
            .arg(files)
            .arg("1.3")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("run `make test`, or scripts/setup.sh --tests once");
        let server = Server { child, port };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            pause();
        }
        panic!("the server does not listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "other processes live in real time")]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

/// Runs `regie probe`: exit code, standard output, standard error.
fn probe(address: &str, files: Option<&Files>, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regie"));
    command.args(["probe", address]).args(more);
    if let Some(link) = files.map(Files::link) {
        command.arg("--authority").arg(link.authority);
        command.arg("--certificate").arg(link.certificate);
        command.arg("--key").arg(link.key);
    }
    let output = command.output().expect("regie runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
}

#[test]
fn a_secured_device_is_probed_with_the_certificates_of_a_link() {
    let authority = Authority::new();
    let device = authority.files("127.0.0.1", None);
    let ours = authority.files("regie", Some("viewer"));
    let server = Server::start(device.folder());
    let address = format!("tls://127.0.0.1:{}", server.port);

    let look = ["--read", "holding:20:1"];
    let (code, text, said) = probe(&address, Some(&ours), &look);
    assert_eq!(code, 0, "{said}");
    assert!(text.contains("0x03E8    1000    1000"), "{text}");
    assert_eq!(said, "");
    let (code, text, said) = probe(&address, Some(&ours), &[]);
    assert!(code == 0 && text.contains("Unit 1 answers in "), "{text}{said}");

    let roleless = authority.files("regie", None);
    let (code, _, said) = probe(&address, Some(&roleless), &look);
    assert!(code == 0 && said.contains("the certificate has no role"), "{said}");

    let stranger = Authority::new().files("regie", Some("viewer"));
    let (code, text, said) = probe(&address, Some(&stranger), &look);
    assert!(code == 69 && text.is_empty(), "{code}: {text}");
    assert!(said.contains("invalid peer certificate"), "{said}");
}

#[test]
fn what_a_secured_address_takes_is_said() {
    let nobody = "tls://127.0.0.1:9";
    let (code, _, said) = probe(nobody, None, &[]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("takes --authority, --certificate and --key"), "{said}");

    let ours = Authority::new().files("regie", Some("viewer"));
    let (code, _, said) = probe("tcp://127.0.0.1:9", Some(&ours), &[]);
    assert!(code == 64 && said.contains("has no TLS"), "{said}");

    std::fs::write(ours.file("key.pem"), "no key").unwrap();
    let (code, _, said) = probe(nobody, Some(&ours), &[]);
    assert!(code == 64 && said.contains("key.pem") && said.contains("a private key"), "{said}");

    let (code, _, said) = probe(nobody, None, &["--key", "/nowhere/key.pem"]);
    assert!(code == 64 && said.contains("--authority"), "{said}");
}
