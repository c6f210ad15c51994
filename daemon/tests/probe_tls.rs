//! `regie probe tls://...` against a server of pymodbus behind Python's own TLS, with certificates
//! made anew.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where a certificate says its holder's role.
const ROLE: [u64; 9] = [1, 3, 6, 1, 4, 1, 50316, 802, 1];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed")
}

/// `authority.pem`, `certificate.pem` and `key.pem` for one end.
fn files(authority: &Authority, name: &str, role: Option<&str>) -> tempfile::TempDir {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    // OpenSSL takes a certificate with its issuer's name for one that signed itself.
    params.distinguished_name.push(DnType::CommonName, name);
    params.custom_extensions.extend(role.map(|role| {
        let length = u8::try_from(role.len()).expect("a short role");
        let text = [&[0x0C, length], role.as_bytes()].concat();
        CustomExtension::from_oid_content(&ROLE, text)
    }));
    let key = KeyPair::generate().expect("a key");
    let chain = params.signed_by(&key, authority).expect("signed").pem();
    let folder = tempfile::tempdir().expect("a folder");
    let texts = [("authority", authority.pem()), ("certificate", chain)];
    for (file, text) in texts.into_iter().chain([("key", key.serialize_pem())]) {
        std::fs::write(folder.path().join(file).with_extension("pem"), text).expect("written");
    }
    folder
}

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
fn probe(address: &str, files: Option<&Path>, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_regie"));
    command.args(["probe", address]).args(more);
    if let Some(files) = files {
        for option in ["authority", "certificate", "key"] {
            let file = files.join(option).with_extension("pem");
            command.arg(format!("--{option}")).arg(file);
        }
    }
    let output = command.output().expect("regie runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
}

#[test]
fn a_secured_device_is_probed_with_the_certificates_of_a_link() {
    let authority = authority();
    let device = files(&authority, "127.0.0.1", None);
    let ours = files(&authority, "regie", Some("viewer"));
    let server = Server::start(device.path());
    let address = format!("tls://127.0.0.1:{}", server.port);

    let look = ["--read", "holding:20:1"];
    let (code, text, said) = probe(&address, Some(ours.path()), &look);
    assert_eq!(code, 0, "{said}");
    assert!(text.contains("0x03E8    1000    1000"), "{text}");
    assert_eq!(said, "");
    let (code, text, said) = probe(&address, Some(ours.path()), &[]);
    assert!(code == 0 && text.contains("Unit 1 answers in "), "{text}{said}");

    let roleless = files(&authority, "regie", None);
    let (code, _, said) = probe(&address, Some(roleless.path()), &look);
    assert!(code == 0 && said.contains("the certificate has no role"), "{said}");

    let stranger = files(&self::authority(), "regie", Some("viewer"));
    let (code, text, said) = probe(&address, Some(stranger.path()), &look);
    assert!(code == 69 && text.is_empty(), "{code}: {text}");
    assert!(said.contains("invalid peer certificate"), "{said}");
}

#[test]
fn what_a_secured_address_takes_is_said() {
    let nobody = "tls://127.0.0.1:9";
    let (code, _, said) = probe(nobody, None, &[]);
    assert_eq!(code, 64, "{said}");
    assert!(said.contains("takes --authority, --certificate and --key"), "{said}");

    let ours = files(&authority(), "regie", Some("viewer"));
    let (code, _, said) = probe("tcp://127.0.0.1:9", Some(ours.path()), &[]);
    assert!(code == 64 && said.contains("has no TLS"), "{said}");

    std::fs::write(ours.path().join("key.pem"), "no key").unwrap();
    let (code, _, said) = probe(nobody, Some(ours.path()), &[]);
    assert!(code == 64 && said.contains("key.pem") && said.contains("a private key"), "{said}");

    let (code, _, said) = probe(nobody, None, &["--key", "/nowhere/key.pem"]);
    assert!(code == 64 && said.contains("--authority"), "{said}");
}
