//! Modbus/TCP Security: the same server behind TLS 1.2 or 1.3, for clients with certificates
//! (protocol specification v36).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, version};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::roles::{RoleTable, role};
use super::serve::serve_with;
use super::{Bus, Rights};

/// How long a client may take to shake hands: it takes tens of milliseconds.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a secured server cannot be made. Who wrote the files is at fault.
#[derive(Debug, Error)]
pub enum TlsServerError {
    /// A text is not PEM, or does not hold what it should.
    #[error("the {what} cannot be read ({source}); give it as PEM")]
    Pem {
        /// Which of the texts.
        what: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// There is no authority to check clients by, or it cannot be one.
    #[error("the clients' authority cannot be used ({0}); give its own certificate as PEM")]
    Authority(#[from] VerifierBuilderError),
    /// Certificate and key do not go together, or are of a kind that is not known.
    #[error("certificate and key cannot be used ({0}); are they of one pair?")]
    Identity(#[from] rustls::Error),
}

/// What a secured server shows its clients, and what it asks of them: a certificate by its
/// authority, whose role has rights. A clone shares all of it.
#[derive(Clone)]
pub struct TlsServer {
    acceptor: TlsAcceptor,
    roles: Arc<RoleTable>,
}

impl std::fmt::Debug for TlsServer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the key.
        formatter.debug_struct("TlsServer").field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl TlsServer {
    /// A server with a certificate chain and its key, for clients whose certificates an authority
    /// signed. All three are PEM.
    ///
    /// # Errors
    /// When a text is not PEM, or certificate, key or authority cannot be used.
    pub fn new(
        chain: &[u8],
        key: &[u8],
        authority: &[u8],
        roles: RoleTable,
    ) -> Result<TlsServer, TlsServerError> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        for root in certificates("clients' authority", authority)? {
            roots.add(root)?;
        }
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|source| TlsServerError::Pem { what: "key", source })?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_client_cert_verifier(clients.build()?)
            .with_single_cert(certificates("certificate", chain)?, key)?;
        Ok(TlsServer { acceptor: TlsAcceptor::from(Arc::new(config)), roles: Arc::new(roles) })
    }
}

fn certificates(
    what: &'static str,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsServerError> {
    let wrong = |source| TlsServerError::Pem { what, source };
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>().map_err(wrong)?;
    if found.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(found) }
}

/// Serves one client behind TLS, with the rights of the role in its certificate, until it closes
/// its end or the bus hangs up.
///
/// # Errors
/// As [`super::serve`]; also when the client has no certificate of the authority, speaks no TLS
/// from 1.2 on, or does not finish shaking hands within ten seconds.
pub async fn serve_tls<S>(io: S, bus: Bus, server: &TlsServer) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut following = bus.follow();
    let secured = tokio::select! {
        biased;
        () = following.hung_up() => return Ok(()),
        shaken = timeout(HANDSHAKE_TIMEOUT, server.acceptor.accept(io)) => {
            shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??
        }
    };
    let certificate = secured.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let role = certificate.and_then(|it| role(it));
    let rights = server.roles.rights(role.as_deref());
    if rights == Rights::None {
        tracing::debug!(?role, "a client without rights");
    }
    serve_with(secured, bus, rights).await
}
