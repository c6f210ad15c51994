//! What is asked of a device.

use clap::Args;
use drivers::profile::Table;
use drivers::raw::Interpretation;
use site::model::{Endpoint, LinkSecurity};
use site::units::Seconds;
use std::path::PathBuf;
use std::time::Duration;

/// Answers are waited for no longer than this.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// The most registers or bits of one look.
const COUNT_MAX: u16 = 2000;

/// Which device, and what to ask it.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct ProbeArguments {
    /// Where the device is, for example tcp://192.0.2.10:502
    #[arg(value_name = "ADDRESS", value_parser = Endpoint::read)]
    pub address: Endpoint,
    /// Units to ask, for example 1-10,17; behind a gateway each device is a unit
    #[arg(long, value_name = "LIST", default_value = "1", value_parser = units)]
    pub units: Units,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = patience)]
    pub timeout: Duration,
    /// Read this instead, for example holding:100:10; the tables are holding, input, coil and
    /// discrete
    #[arg(long, value_name = "TABLE:ADDRESS[:COUNT]", value_parser = range)]
    pub read: Option<Range>,
    /// Show registers also as u16, i16, u32, i32, u64, i64, f32, f64, bcd16, bits or text, such as
    /// f32,swap: swap has the low word first, byteswap exchanges the bytes of each register
    #[arg(long = "as", value_name = "KIND", requires = "read")]
    pub kind: Option<Interpretation>,
    /// The unit to read from
    #[arg(
        long,
        value_name = "UNIT",
        default_value_t = 1,
        requires = "read",
        conflicts_with = "units"
    )]
    pub unit: u8,
    /// ADDRESS counts from 1, as many manuals do
    #[arg(long, requires = "read")]
    pub from_one: bool,
    /// What a tls:// address takes.
    #[command(flatten)]
    pub security: SecurityArguments,
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// What a link with TLS takes, in the words of `links` in a site file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
pub struct SecurityArguments {
    /// For a tls:// address: the certificate of the authority that signed the device's, as PEM
    #[arg(long, value_name = "FILE", requires_all = ["certificate", "key"])]
    pub authority: Option<PathBuf>,
    /// Our own certificate, with the role that the device expects
    #[arg(long, value_name = "FILE", requires = "authority")]
    pub certificate: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "authority")]
    pub key: Option<PathBuf>,
    /// The name in the device's certificate, when it is not the host of the address
    #[arg(long, value_name = "NAME", requires = "authority")]
    pub server_name: Option<String>,
}

impl SecurityArguments {
    /// As a site declares it for a link; none when nothing was given.
    #[must_use]
    pub fn link(&self) -> Option<LinkSecurity> {
        Some(LinkSecurity {
            authority: self.authority.clone()?,
            certificate: self.certificate.clone()?,
            key: self.key.clone()?,
            server_name: self.server_name.clone(),
        })
    }
}

/// Units in the order in which they are asked, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units(pub Vec<u8>);

/// A range of a table, as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The table.
    pub table: Table,
    /// The first address, from 0 or from 1.
    pub first: u16,
    /// How many.
    pub count: u16,
}

fn units(text: &str) -> Result<Units, String> {
    let wrong = || format!("'{text}' is no list of units; write for example 1-10,17 (0 to 255)");
    let mut units = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u8>().map_err(|_| wrong());
        let (from, to) = (number(from)?, number(to)?);
        if from > to {
            return Err(wrong());
        }
        units.extend(from..=to);
    }
    let mut seen = std::collections::BTreeSet::new();
    units.retain(|unit| seen.insert(*unit));
    Ok(Units(units))
}

fn patience(text: &str) -> Result<Duration, String> {
    let length = site::units::parse::<Seconds>(text).map_err(|error| error.to_string())?.duration();
    let bounds = Duration::from_millis(10)..=TIMEOUT_MAX;
    if bounds.contains(&length) { Ok(length) } else { Err("write 0.01 s to 60 s".into()) }
}

fn range(text: &str) -> Result<Range, String> {
    let wrong = || format!("'{text}' is no range; write for example holding:100:10 or coil:0");
    let mut parts = text.split(':');
    let table = match parts.next() {
        Some("holding") => Table::Holding,
        Some("input") => Table::Input,
        Some("coil") => Table::Coil,
        Some("discrete") => Table::Discrete,
        _ => return Err(wrong()),
    };
    let first = parts.next().and_then(number).ok_or_else(wrong)?;
    let count = parts.next().map_or(Some(1), number).ok_or_else(wrong)?;
    if parts.next().is_some() {
        return Err(wrong());
    }
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(format!("1 to {COUNT_MAX} are read at once, not {count}"));
    }
    Ok(Range { table, first, count })
}

/// Decimal, or hexadecimal as manuals write it.
fn number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_ranges_and_times_are_read_or_refused() {
        assert_eq!(units("1-3,17,2"), Ok(Units(vec![1, 2, 3, 17])));
        assert_eq!(units("0-255").map(|units| units.0.len()), Ok(256));
        for wrong in ["", "1-", "3-1", "256", "a", "1,,2", "-1"] {
            assert!(units(wrong).is_err(), "{wrong}");
        }
        let holding = Range { table: Table::Holding, first: 0xBF3, count: 2 };
        assert_eq!(range("holding:0xBF3:2"), Ok(holding));
        assert_eq!(range("coil:7").map(|range| range.count), Ok(1));
        for wrong in
            ["hold:1", "holding", "holding:1:0", "holding:1:2001", "input:70000", "coil:1:2:3"]
        {
            assert!(range(wrong).is_err(), "{wrong}");
        }
        assert_eq!(patience("250 ms"), Ok(Duration::from_millis(250)));
        assert!(patience("1").is_err() && patience("0s").is_err() && patience("5 min").is_err());
    }
}
