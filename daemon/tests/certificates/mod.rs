//! Certificates made anew in each run, as files, for the tests of whoever speaks TLS.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
};
use site::model::LinkSecurity;
use std::path::{Path, PathBuf};

/// Where a certificate says its holder's role (Modbus/TCP Security, 7).
const ROLE: [u64; 9] = [1, 3, 6, 1, 4, 1, 50316, 802, 1];

/// Who signs certificates, and is trusted by those who know it.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a certificate");
        Authority(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its own certificate as PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key as PEM, with a role where one is given.
    pub(crate) fn certificate(&self, name: &str, role: Option<&str>) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a certificate");
        // OpenSSL takes a certificate with its issuer's name for one that signed itself.
        params.distinguished_name.push(DnType::CommonName, name);
        params.custom_extensions.extend(role.map(|role| {
            let length = u8::try_from(role.len()).expect("a short role");
            let text = [&[0x0C, length], role.as_bytes()].concat();
            CustomExtension::from_oid_content(&ROLE, text)
        }));
        let key = KeyPair::generate().expect("a certificate");
        (params.signed_by(&key, &self.0).expect("a certificate").pem(), key.serialize_pem())
    }

    /// What one end of a link shows and trusts.
    pub(crate) fn files(&self, name: &str, role: Option<&str>) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let (chain, key) = self.certificate(name, role);
        for (file, text) in [(AUTHORITY, self.pem()), (CERTIFICATE, chain), (KEY, key)] {
            std::fs::write(folder.path().join(file), text).expect("a temporary folder");
        }
        Files(folder)
    }
}

const AUTHORITY: &str = "authority.pem";
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// A folder with `authority.pem`, `certificate.pem` and `key.pem`, gone when this is dropped.
pub(crate) struct Files(tempfile::TempDir);

impl Files {
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// As a site declares them for a link.
    pub(crate) fn link(&self) -> LinkSecurity {
        LinkSecurity {
            authority: self.file(AUTHORITY),
            certificate: self.file(CERTIFICATE),
            key: self.file(KEY),
            server_name: None,
        }
    }
}
