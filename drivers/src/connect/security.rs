//! Modbus/TCP Security: TLS with certificates on both sides. The role that the device grants us
//! stands in our own certificate (Modbus/TCP Security protocol specification v36, §8.4).
//!
//! The files are read anew for each connection, so that a renewed certificate is taken up without
//! a restart.

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{RootCertStore, client};
use site::model::LinkSecurity;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::der_parser::asn1_rs::{FromDer, Utf8String};
use x509_parser::der_parser::{Oid, oid};
use x509_parser::prelude::X509Certificate;

/// Where a certificate says its holder's role: one UTF-8 string.
const ROLE: Oid<'static> = oid!(1.3.6.1.4.1.50316.802.1);

/// Why a link with TLS cannot be opened. All of these are the site's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    /// No certificates are declared for the link.
    #[error("no certificates: declare 'authority', 'certificate' and 'key' for it in 'links'")]
    NoFiles,
    /// A file cannot be read, or is not what it should be.
    #[error("{}: {cause}; it must be a PEM file with {wanted}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// Certificate and key do not go together, or the kind of key is unknown.
    #[error("{}: {cause}; is it the certificate of this key?", path.display())]
    Certificate {
        /// Our certificate.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// Our certificate does not say a role, so that devices grant nothing.
    #[error(
        "{}: the certificate has no role (extension 1.3.6.1.4.1.50316.802.1); ask the authority \
         for one with the role that the device expects", path.display()
    )]
    NoRole {
        /// Our certificate.
        path: PathBuf,
    },
    /// The device's name cannot stand in a certificate.
    #[error("'{0}' cannot be a name in a certificate; write 'server_name' for the link")]
    Name(String),
}

/// Reads the files of a link as a connection would, and gives the role in our certificate.
///
/// # Errors
/// What is wrong with which file.
pub fn check(security: &LinkSecurity) -> Result<String, SecurityError> {
    config(security)?;
    let path = &security.certificate;
    let chain = certificates(path)?;
    let role = chain.first().and_then(role);
    role.ok_or_else(|| SecurityError::NoRole { path: path.clone() })
}

/// Shakes hands over a TCP connection.
pub(super) async fn open(
    security: &LinkSecurity,
    host: &str,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let wrong = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
    let config = config(security).map_err(wrong)?;
    let name = security.server_name.as_deref().unwrap_or(host).to_owned();
    let name = ServerName::try_from(name.clone()).map_err(|_| wrong(SecurityError::Name(name)))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn config(security: &LinkSecurity) -> Result<ClientConfig, SecurityError> {
    let LinkSecurity { authority, certificate, key, .. } = security;
    let mut roots = RootCertStore::empty();
    for root in certificates(authority)? {
        roots.add(root).map_err(|error| SecurityError::File {
            path: authority.clone(),
            wanted: "the authority's certificate",
            cause: error.to_string(),
        })?;
    }
    let chain = certificates(certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| SecurityError::File {
        path: key.clone(),
        wanted: "a private key",
        cause: error.to_string(),
    })?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map(|builder| builder.with_root_certificates(roots))
        .and_then(|builder| builder.with_client_auth_cert(chain, secret));
    let mut config = config.map_err(|error| SecurityError::Certificate {
        path: certificate.clone(),
        cause: error.to_string(),
    })?;
    // Links live for days: there is nothing to gain from resumption, and memory to lose.
    config.resumption = client::Resumption::disabled();
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SecurityError> {
    let wrong = |cause: String| SecurityError::File {
        path: path.to_owned(),
        wanted: "certificates",
        cause,
    };
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?.collect();
    let found = found.map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() { Err(wrong("there is no certificate in it".into())) } else { Ok(found) }
}

fn role(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let extension = certificate.get_extension_unique(&ROLE).ok()??;
    let (_, role) = Utf8String::from_der(extension.value).ok()?;
    Some(role.string())
}
