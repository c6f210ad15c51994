//! Where a link to devices leads, and how its bytes travel.
//!
//! Four ways: Modbus TCP, Modbus/TCP Security (TLS), RTU frames over a TCP connection (serial
//! servers), and RTU on a serial line of this machine.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Modbus TCP's registered port.
const TCP_PORT: u16 = 502;

/// The registered port of Modbus/TCP Security.
const TLS_PORT: u16 = 802;

/// The fastest line that serial servers and adapters offer, in bits per second.
const BAUD_MAX: u32 = 921_600;

/// Above this speed the pause between frames is fixed (Modbus over serial line V1.02, §2.5.1.1).
const BAUD_OF_FIXED_SILENCE: u32 = 19_200;

/// The pause between frames on fast lines.
const FIXED_SILENCE: Duration = Duration::from_micros(1750);

/// Where a link leads. Devices with the same endpoint share one connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Endpoint {
    /// Modbus TCP: `tcp://HOST:502`.
    Tcp {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Modbus/TCP Security: `tls://HOST:802`.
    Tls {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// RTU frames over TCP, as serial servers pass them on: `rtu+tcp://HOST:502`.
    RtuOverTcp {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// RTU on a serial line: `serial:///dev/ttyUSB0?baud=19200&parity=even&stop_bits=1`.
    Serial {
        /// The device file.
        path: String,
        /// How bits travel on it.
        line: SerialLine,
    },
}

/// How bits travel on a serial line. RTU always has eight data bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SerialLine {
    /// Bits per second, 300 to 921,600.
    pub baud: u32,
    /// The parity bit.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
}

/// The parity bit of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Parity {
    /// The specification's default.
    Even,
    /// Odd.
    Odd,
    /// None; the specification then asks for two stop bits, and most devices do with one.
    None,
}

impl Default for SerialLine {
    /// The specification's default: 19,200 bits per second, even parity, one stop bit.
    fn default() -> Self {
        Self { baud: 19_200, parity: Parity::Even, stop_bits: 1 }
    }
}

impl SerialLine {
    /// How long one character takes: start bit, eight data bits, parity, stop bits.
    #[must_use]
    pub fn character(&self) -> Duration {
        let parity = u32::from(self.parity != Parity::None);
        let bits = 9 + parity + u32::from(self.stop_bits);
        Duration::from_secs(1) * bits / self.baud.max(1)
    }

    /// The silence that ends a frame: 3.5 characters, and never less than 1.75 ms.
    #[must_use]
    pub fn silence(&self) -> Duration {
        if self.baud > BAUD_OF_FIXED_SILENCE {
            return FIXED_SILENCE;
        }
        (self.character() * 7 / 2).max(FIXED_SILENCE)
    }
}

impl Parity {
    const WORDS: [(&'static str, Self); 3] =
        [("even", Self::Even), ("odd", Self::Odd), ("none", Self::None)];

    /// Its name in addresses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Odd => "odd",
            Self::None => "none",
        }
    }
}

impl Endpoint {
    /// Reads an address such as `tcp://192.0.2.10:502`. A port that is left out is the registered
    /// one; a serial line's speed and parity are the specification's default when left out.
    ///
    /// # Errors
    /// In words, when the text is no such address.
    pub fn read(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else { return Err(no_address(text)) };
        let placed = |usual| host_and_port(rest, usual).ok_or_else(|| no_address(text));
        match scheme {
            "tcp" => placed(TCP_PORT).map(|(host, port)| Self::Tcp { host, port }),
            "tls" => placed(TLS_PORT).map(|(host, port)| Self::Tls { host, port }),
            "rtu+tcp" => placed(TCP_PORT).map(|(host, port)| Self::RtuOverTcp { host, port }),
            "serial" => serial(rest),
            _ => Err(no_address(text)),
        }
    }

    /// Host and port, for all but serial lines.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        match self {
            Self::Tcp { host, port }
            | Self::Tls { host, port }
            | Self::RtuOverTcp { host, port } => Some((host, *port)),
            Self::Serial { .. } => None,
        }
    }

    /// Whether frames are RTU: without transaction numbers, so that a late answer cannot be told
    /// from a new one by looking at it.
    #[must_use]
    pub const fn is_rtu(&self) -> bool {
        matches!(self, Self::RtuOverTcp { .. } | Self::Serial { .. })
    }

    /// Whether two addresses lead to the same port or serial line, however they speak on it.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Serial { path: a, .. }, Self::Serial { path: b, .. }) => a == b,
            _ => self.host_and_port().is_some() && self.host_and_port() == other.host_and_port(),
        }
    }
}

fn no_address(text: &str) -> String {
    format!(
        "'{text}' is not an address; write tcp://192.0.2.10:502, tls://HOST:802, \
         rtu+tcp://HOST:502 or serial:///dev/ttyUSB0?baud=19200&parity=even"
    )
}

fn host_and_port(text: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let wrong = host.is_empty() || host.contains(['/', ' ', '@', '?']);
    (!wrong).then(|| (host.to_owned(), port))
}

fn serial(text: &str) -> Result<Endpoint, String> {
    let (path, settings) = text.split_once('?').unwrap_or((text, ""));
    if !path.starts_with('/') || path.len() < 2 || path.contains(char::is_whitespace) {
        return Err(format!("'{path}' is not a device file; write serial:///dev/ttyUSB0"));
    }
    let mut line = SerialLine::default();
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let wrong = |wanted: &str| format!("'{setting}' in a serial line's address; {wanted}");
        match key {
            "baud" => {
                let baud = value.parse().ok().filter(|baud| (300..=BAUD_MAX).contains(baud));
                line.baud = baud.ok_or_else(|| wrong("baud is 300 to 921600"))?;
            }
            "parity" => {
                let found = Parity::WORDS.iter().find(|(word, _)| *word == value);
                line.parity = found.ok_or_else(|| wrong("parity is even, odd or none"))?.1;
            }
            "stop_bits" => {
                let bits = value.parse().ok().filter(|bits| (1..=2).contains(bits));
                line.stop_bits = bits.ok_or_else(|| wrong("stop_bits is 1 or 2"))?;
            }
            _ => return Err(wrong("the settings are baud, parity and stop_bits")),
        }
    }
    Ok(Endpoint::Serial { path: path.to_owned(), line })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match self {
            Self::Tcp { host, port } => ("tcp", host, port),
            Self::Tls { host, port } => ("tls", host, port),
            Self::RtuOverTcp { host, port } => ("rtu+tcp", host, port),
            Self::Serial { path, line } => {
                let SerialLine { baud, parity, stop_bits } = line;
                let parity = parity.word();
                return write!(f, "serial://{path}?baud={baud}&parity={parity}").and_then(|()| {
                    if *stop_bits == 1 { Ok(()) } else { f.write_str("&stop_bits=2") }
                });
            }
        };
        if host.contains(':') {
            return write!(f, "{scheme}://[{host}]:{port}");
        }
        write!(f, "{scheme}://{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_read_and_shown_as_it_was_written() {
        for text in [
            "tcp://192.0.2.10:502",
            "tls://pump-3.example:802",
            "rtu+tcp://[2001:db8::1]:4001",
            "serial:///dev/ttyUSB0?baud=9600&parity=none",
            "serial:///dev/serial/by-id/a?baud=19200&parity=odd&stop_bits=2",
        ] {
            assert_eq!(Endpoint::read(text).expect("an address").to_string(), text);
        }
        let usual = |text| Endpoint::read(text).expect("an address").to_string();
        assert_eq!(usual("tcp://host"), "tcp://host:502");
        assert_eq!(usual("tls://[::1]"), "tls://[::1]:802");
        assert_eq!(usual("serial:///dev/ttyS1"), "serial:///dev/ttyS1?baud=19200&parity=even");
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for (text, word) in [
            ("192.0.2.10", "is not an address"),
            ("http://192.0.2.10", "is not an address"),
            ("tcp://", "is not an address"),
            ("tcp://host:70000", "is not an address"),
            ("tcp://user@host", "is not an address"),
            ("serial://ttyUSB0", "device file"),
            ("serial:///dev/ttyS0?baud=100", "300 to 921600"),
            ("serial:///dev/ttyS0?parity=mark", "even, odd or none"),
            ("serial:///dev/ttyS0?stop_bits=3", "1 or 2"),
            ("serial:///dev/ttyS0?speed=9600", "baud, parity and stop_bits"),
        ] {
            let error = Endpoint::read(text).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn the_silence_between_frames_follows_the_speed() {
        let line = |baud| SerialLine { baud, ..SerialLine::default() };
        let micros = |baud| line(baud).silence().as_micros();
        assert_eq!(micros(1200), 32_083, "3.5 characters of 11 bits");
        assert_eq!(micros(9600), 4010);
        assert_eq!(micros(19_200), 2005);
        assert_eq!(micros(38_400), 1750, "fixed above 19,200");
    }

    #[test]
    fn one_place_may_be_written_in_two_ways() {
        let read = |text| Endpoint::read(text).expect("an address");
        assert!(read("tcp://a:502").is_same_place(&read("rtu+tcp://a:502")));
        assert!(read("serial:///dev/a").is_same_place(&read("serial:///dev/a?baud=9600")));
        assert!(!read("tcp://a:502").is_same_place(&read("tcp://a:503")));
        assert!(!read("serial:///dev/a").is_same_place(&read("serial:///dev/b")));
    }
}
