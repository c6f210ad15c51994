//! Modbus/TCP Security: certificates on both sides, and what a role may do.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, Issuer, KeyPair,
};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::{
    Bus, ROLE_OID, Rights, RoleTable, Table, TlsServer, UnknownUnit, Wire, listen, serve_tls,
};
use super::Registers;

/// Reads register 0 of unit 1, which holds 5.
const READ: [u8; 12] = [0, 9, 0, 0, 0, 6, 1, 0x03, 0, 0, 0, 1];
const READ_ANSWER: [u8; 11] = [0, 9, 0, 0, 0, 5, 1, 0x03, 2, 0, 5];
const READ_REFUSED: [u8; 9] = [0, 9, 0, 0, 0, 3, 1, 0x83, 0x01];
/// Sets register 0 of unit 1 to 5; the answer is the same.
const WRITE: [u8; 12] = [0, 10, 0, 0, 0, 6, 1, 0x06, 0, 0, 0, 5];
const WRITE_REFUSED: [u8; 9] = [0, 10, 0, 0, 0, 3, 1, 0x86, 0x01];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `name`, with these extensions for roles, and its key.
fn certificate(
    name: &str,
    roles: &[&[u8]],
    authority: &Issuer<'_, KeyPair>,
) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    let extension =
        |content: &&[u8]| CustomExtension::from_oid_content(&ROLE_OID, content.to_vec());
    params.custom_extensions = roles.iter().map(extension).collect();
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap(), key)
}

/// A UTF-8 string in DER.
fn utf8(text: &str) -> Vec<u8> {
    [&[0x0C, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

fn server(authority: &Authority) -> TlsServer {
    let (chain, key) = certificate("localhost", &[], authority);
    let key = key.serialize_pem();
    let (chain, authority) = (chain.pem(), authority.pem());
    let roles = RoleTable::default();
    TlsServer::new(chain.as_bytes(), key.as_bytes(), authority.as_bytes(), roles).unwrap()
}

fn bus() -> Bus {
    let bus = Bus::new(UnknownUnit::GatewayTargetFailed);
    bus.insert(1, Registers::default().with(Table::HoldingRegisters, 0, &[5]));
    bus
}

/// What a client trusts and shows.
fn client(
    trusted: &Authority,
    shown: Option<(rcgen::Certificate, KeyPair)>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            config.with_client_auth_cert(vec![chain.der().clone()], key).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

fn host() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// A client over an in-memory stream, and the server's end.
async fn connect(
    server: TlsServer,
    client: TlsConnector,
) -> (io::Result<TlsStream<DuplexStream>>, JoinHandle<io::Result<()>>) {
    let (ours, theirs) = duplex(64 * 1024);
    let bus = bus();
    let serving = tokio::spawn(async move { serve_tls(theirs, bus, &server).await });
    (client.connect(host(), ours).await, serving)
}

async fn ask<const N: usize>(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    pdu: &[u8],
) -> [u8; N] {
    stream.write_all(pdu).await.unwrap();
    let mut answer = [0; N];
    timeout(Duration::from_secs(10), stream.read_exact(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn a_role_may_do_what_the_table_says_over_tls_1_2_and_1_3() {
    let authority = authority();
    for version in [&version::TLS12, &version::TLS13] {
        let operator = certificate("regie", &[&utf8("operator")], &authority);
        let (stream, _) =
            connect(server(&authority), client(&authority, Some(operator), version)).await;
        let mut stream = stream.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(ask(&mut stream, &READ).await, READ_ANSWER);
        assert_eq!(ask(&mut stream, &WRITE).await, WRITE);

        let viewer = certificate("regie", &[&utf8("viewer")], &authority);
        let (stream, _) =
            connect(server(&authority), client(&authority, Some(viewer), version)).await;
        let mut stream = stream.unwrap();
        assert_eq!(ask(&mut stream, &READ).await, READ_ANSWER);
        assert_eq!(ask(&mut stream, &WRITE).await, WRITE_REFUSED);
    }
}

#[tokio::test]
async fn without_one_known_role_everything_is_refused_by_exception() {
    let authority = authority();
    let (viewer, operator) = (utf8("viewer"), utf8("operator"));
    let printable = [&[0x13, 8], &b"operator"[..]].concat();
    let trailing = [&operator[..], &[0]].concat();
    let roles: [&[&[u8]]; 6] =
        [&[], &[&utf8("Viewer")], &[&viewer, &operator], &[&printable], &[&trailing], &[&[]]];
    for roles in roles {
        let shown = certificate("regie", roles, &authority);
        let client = client(&authority, Some(shown), &version::TLS13);
        let (stream, _) = connect(server(&authority), client).await;
        let mut stream = stream.unwrap();
        assert_eq!(ask(&mut stream, &READ).await, READ_REFUSED, "{roles:?}");
        assert_eq!(ask(&mut stream, &WRITE).await, WRITE_REFUSED, "{roles:?}");
    }
}

#[tokio::test]
async fn strangers_are_not_served() {
    let (ours, others) = (authority(), authority());
    let forged = certificate("regie", &[&utf8("operator")], &others);
    for shown in [None, Some(forged)] {
        let (stream, serving) = connect(server(&ours), client(&ours, shown, &version::TLS13)).await;
        // With TLS 1.3 the client learns of its refusal by the first answer.
        if let Ok(mut stream) = stream {
            let _ = stream.write_all(&READ).await;
            assert!(stream.read_u8().await.is_err());
        }
        let error = serving.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    }
    // Nor is a server of another authority trusted.
    let operator = certificate("regie", &[&utf8("operator")], &ours);
    let (stream, _) =
        connect(server(&others), client(&ours, Some(operator), &version::TLS13)).await;
    assert!(stream.is_err());
}

#[tokio::test]
async fn a_client_that_speaks_plainly_or_not_at_all_is_dropped() {
    let authority = authority();
    let (mut plain, theirs) = duplex(1024);
    let secured = server(&authority);
    let serving = tokio::spawn(async move { serve_tls(theirs, bus(), &secured).await });
    plain.write_all(&READ).await.unwrap();
    assert!(serving.await.unwrap().is_err());

    tokio::time::pause();
    let (_mute, theirs) = duplex(1024);
    let ended = serve_tls(theirs, bus(), &server(&authority)).await;
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn it_is_served_over_tcp() {
    let authority = authority();
    let listener = listen(([127, 0, 0, 1], 0).into(), bus(), 2).await.unwrap();
    let listener = listener.speaking(Wire::Tls(server(&authority)));
    let address = listener.address().unwrap();
    let running = tokio::spawn(listener.run());
    let viewer = certificate("regie", &[&utf8("viewer")], &authority);
    let client = client(&authority, Some(viewer), &version::TLS13);
    let socket = TcpStream::connect(address).await.unwrap();
    let mut stream = client.connect(host(), socket).await.unwrap();
    assert_eq!(ask(&mut stream, &READ).await, READ_ANSWER);
    running.abort();
}

#[test]
fn what_cannot_be_used_is_named() {
    let authority = authority();
    let (chain, key) = certificate("localhost", &[], &authority);
    let (_, other) = certificate("localhost", &[], &authority);
    let (chain, key, other) = (chain.pem(), key.serialize_pem(), other.serialize_pem());
    let root = authority.pem();
    let refused = |chain: &str, key: &str, root: &str| {
        let roles = RoleTable::default();
        let made = TlsServer::new(chain.as_bytes(), key.as_bytes(), root.as_bytes(), roles);
        made.unwrap_err().to_string()
    };
    assert!(refused("", &key, &root).starts_with("the certificate cannot be read"));
    assert!(refused(&chain, "", &root).starts_with("the key cannot be read"));
    assert!(refused(&chain, &key, "").starts_with("the clients' authority cannot be read"));
    let mismatch = refused(&chain, &other, &root);
    assert!(mismatch.ends_with("are they of one pair?"), "{mismatch}");
}

#[test]
fn a_role_counts_only_as_written() {
    let roles = RoleTable::new([("pumps", Rights::All), ("eyes", Rights::Reading)]);
    assert_eq!(roles.rights(Some("pumps")), Rights::All);
    assert_eq!(roles.rights(Some("viewer")), Rights::None);
    assert_eq!(roles.rights(None), Rights::None);
    let allowed = |rights: Rights| (0..=0x2B).filter(|it| rights.allow(*it)).collect::<Vec<u8>>();
    assert_eq!(allowed(Rights::Reading), [1, 2, 3, 4]);
    assert!(allowed(Rights::None).is_empty());
}
