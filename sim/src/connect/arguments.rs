//! What the command line says about links.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use thiserror::Error;

use super::{Server, Serving};
use crate::modbus::{RoleTable, TlsServer, TlsServerError};

/// What links take that a site file does not say.
#[derive(Debug, Clone, Args)]
pub struct ServingArguments {
    /// Whose Modbus server speaks for the devices.
    #[arg(long, value_enum, default_value_t)]
    server: Server,
    /// The devices' own certificate on tls:// links, as PEM. The role 'operator' in a client's
    /// certificate may read and write, 'viewer' may read.
    #[arg(long, value_name = "FILE", requires_all = ["key", "authority"])]
    certificate: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// The certificate of the authority that signs the clients' certificates.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    authority: Option<PathBuf>,
    /// The devices' end of a serial:// link, by the device file that the site file names:
    /// /dev/ttyUSB0=/dev/ttyUSB1. May be given several times.
    #[arg(long, value_name = "LINE=OTHER-END", value_parser = line)]
    serial: Vec<(String, PathBuf)>,
}

/// Why what was given cannot be used. Whoever gave it is at fault.
#[derive(Debug, Error)]
pub enum ServingError {
    /// A file cannot be read.
    #[error("{}: {source}; name a PEM file that can be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The files cannot be used.
    #[error("--certificate, --key and --authority: {0}")]
    Tls(#[from] TlsServerError),
    /// The other end of a line was given twice.
    #[error("--serial names {0} twice; a line has one other end")]
    Twice(String),
}

impl ServingArguments {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub fn read(&self) -> Result<Serving, ServingError> {
        let mut lines = BTreeMap::new();
        for (line, end) in &self.serial {
            if lines.insert(line.clone(), end.clone()).is_some() {
                return Err(ServingError::Twice(line.clone()));
            }
        }
        Ok(Serving { server: self.server, tls: self.tls()?, lines })
    }

    fn tls(&self) -> Result<Option<TlsServer>, ServingError> {
        let (Some(certificate), Some(key), Some(authority)) =
            (&self.certificate, &self.key, &self.authority)
        else {
            return Ok(None);
        };
        let [chain, key, root] = [text(certificate)?, text(key)?, text(authority)?];
        Ok(Some(TlsServer::new(&chain, &key, &root, RoleTable::default())?))
    }
}

fn text(path: &Path) -> Result<Vec<u8>, ServingError> {
    let unreadable = |source| ServingError::Unreadable { path: path.to_owned(), source };
    std::fs::read(path).map_err(unreadable)
}

fn line(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((line, end)) if line.starts_with('/') && !end.is_empty() => {
            Ok((line.to_owned(), PathBuf::from(end)))
        }
        _ => Err(format!("'{text}' is not LINE=OTHER-END, such as /dev/ttyUSB0=/dev/ttyUSB1")),
    }
}
