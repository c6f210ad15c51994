//! Identifiers: short names people give to things in `site.yaml`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The longest identifier. Identifiers become metric labels and column headings.
pub const ID_LENGTH_MAX: usize = 32;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a name: use 1 to 32 letters, digits, '-' or '_', beginning with a letter")]
pub struct IdError(pub String);

fn valid(text: &str) -> bool {
    text.len() <= ID_LENGTH_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and takes a name.
            ///
            /// # Errors
            /// When the text is not an identifier.
            pub fn new(text: &str) -> Result<Self, IdError> {
                if valid(text) { Ok(Self(text.into())) } else { Err(IdError(text.to_owned())) }
            }
            /// The name as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A device: one Modbus unit behind one link.
    DeviceId
);
id!(
    /// An asset: a pump, a tank, an inverter, a lighting cabinet, a meter.
    AssetId
);

/// A point: one value of one device, written `device.point`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PointId {
    device: DeviceId,
    name: Arc<str>,
}

impl PointId {
    /// The point `name` of `device`.
    ///
    /// # Errors
    /// When the name is not an identifier.
    pub fn new(device: &DeviceId, name: &str) -> Result<Self, IdError> {
        if valid(name) {
            Ok(Self { device: device.clone(), name: name.into() })
        } else {
            Err(IdError(name.to_owned()))
        }
    }
    /// The device it belongs to.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        &self.device
    }
    /// Its name within the device.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl TryFrom<String> for PointId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        let (device, name) = text.split_once('.').ok_or_else(|| IdError(text.clone()))?;
        Self::new(&DeviceId::new(device)?, name)
    }
}
impl From<PointId> for String {
    fn from(id: PointId) -> String {
        id.to_string()
    }
}
impl fmt::Display for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.device, self.name)
    }
}
impl fmt::Debug for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        assert!(DeviceId::new("pump1").is_ok());
        for wrong in ["", "1pump", "a b", "a.b", "é", &"a".repeat(33)] {
            assert!(DeviceId::new(wrong).is_err(), "{wrong}");
        }
        let point = PointId::try_from("pump1.power".to_owned()).expect("a point");
        assert_eq!((point.device().as_str(), point.name()), ("pump1", "power"));
        assert!(PointId::try_from("pump1".to_owned()).is_err());
    }
}
