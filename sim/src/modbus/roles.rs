//! What a client of a secured link may do, by the role in its certificate.

use std::collections::BTreeMap;

use x509_parser::der_parser::asn1_rs::{FromDer, Utf8String};
use x509_parser::der_parser::{Oid, oid};
use x509_parser::prelude::X509Certificate;

/// Where a certificate says its holder's role, as one UTF-8 string (Modbus/TCP Security protocol
/// specification v36, §8.4).
pub const ROLE_OID: [u64; 9] = [1, 3, 6, 1, 4, 1, 50316, 802, 1];
const ROLE: Oid<'static> = oid!(1.3.6.1.4.1.50316.802.1);

/// What may be asked of the units behind a link. Whatever else is asked meets with exception 01
/// (illegal function), as the specification has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rights {
    /// Nothing.
    #[default]
    None,
    /// The functions that change nothing: 1 to 4.
    Reading,
    /// Every function.
    All,
}

impl Rights {
    /// Whether a function may be asked for.
    #[must_use]
    pub fn allow(self, function: u8) -> bool {
        match self {
            Rights::None => false,
            Rights::Reading => (0x01..=0x04).contains(&function),
            Rights::All => true,
        }
    }
}

/// Which role has which rights. A role that is not in it has none, and so has a certificate
/// without a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTable {
    rights: BTreeMap<String, Rights>,
}

impl Default for RoleTable {
    /// `viewer` reads; `operator` reads and writes.
    fn default() -> RoleTable {
        RoleTable::new([("viewer", Rights::Reading), ("operator", Rights::All)])
    }
}

impl RoleTable {
    /// A table of these roles; of a role given twice the last counts.
    #[must_use]
    pub fn new<'a>(rights: impl IntoIterator<Item = (&'a str, Rights)>) -> RoleTable {
        RoleTable { rights: rights.into_iter().map(|(role, it)| (role.to_owned(), it)).collect() }
    }

    /// The rights of a role.
    #[must_use]
    pub fn rights(&self, role: Option<&str>) -> Rights {
        role.and_then(|role| self.rights.get(role)).copied().unwrap_or_default()
    }
}

/// The role in a certificate (DER); none where it has no such extension, has it twice, or has
/// something else than one UTF-8 string in it.
pub(super) fn role(certificate: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let extension = certificate.get_extension_unique(&ROLE).ok()??;
    match Utf8String::from_der(extension.value) {
        Ok(([], role)) => Some(role.string()),
        _ => None,
    }
}
