//! What can go wrong, sorted by who is at fault.

use std::path::PathBuf;

use thiserror::Error;

/// One thing EPANET finds wrong in a network file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Line in the file, counted from 1; absent where the fault is not in one line, as with a node
    /// that no pipe reaches.
    pub line: Option<usize>,
    /// EPANET's own words, with its error number.
    pub text: String,
    /// The offending line as written; empty where there is none.
    pub excerpt: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {} `{}`", self.text, self.excerpt),
            None => write!(f, "{}", self.text),
        }
    }
}

/// An error of the hydraulics crate.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum HydraulicsError {
    // --- the network file ---
    /// The network file does not exist.
    #[error("network file {path} does not exist; correct the path or put the file there")]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// The network file exists but cannot be read.
    #[error("network file {path} cannot be read ({reason}); check its permissions")]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
    /// The network file is larger than [`crate::NETWORK_FILE_BYTES_MAX`].
    #[error(
        "network file {path} has {bytes} bytes, more than the {bytes_max} allowed; is it .inp?"
    )]
    TooLarge {
        /// The path as given.
        path: PathBuf,
        /// Its size, bytes.
        bytes: u64,
        /// The size allowed, bytes.
        bytes_max: u64,
    },
    /// A line is longer than EPANET reads; EPANET would silently take the rest as another line.
    #[error("network file {path}, line {line}: longer than {bytes_max} bytes; break it up")]
    LineTooLong {
        /// The path as given.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The length allowed, bytes.
        bytes_max: usize,
    },
    /// EPANET cannot make a network of the file.
    #[error("network file {path} is not usable; correct it:{}", list(findings))]
    Corrupt {
        /// The path as given.
        path: PathBuf,
        /// All that EPANET reports, in its order.
        findings: Vec<Finding>,
    },
    /// EPANET accepts the file but this crate cannot work with it.
    #[error("network file {path} cannot be used: {what}")]
    Unsuitable {
        /// The path as given.
        path: PathBuf,
        /// What is in the way, and what to change.
        what: String,
    },

    // --- the host ---
    /// The temporary folder cannot hold the private copy that EPANET reads.
    #[error("cannot write a working copy of the network in {folder} ({reason}); make it writable")]
    Scratch {
        /// The temporary folder.
        folder: PathBuf,
        /// The operating system's reason.
        reason: String,
    },

    // --- the caller ---
    /// A list has not one entry for each element of the network.
    #[error("{what}: {given} given where the network has {expected}")]
    WrongCount {
        /// Which list.
        what: &'static str,
        /// Entries the network asks for.
        expected: usize,
        /// Entries given.
        given: usize,
    },
    /// An index names no element of the network.
    #[error("{what} {index} does not exist: the network has {count}")]
    NoSuch {
        /// Kind of element.
        what: &'static str,
        /// The index, from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A number is not finite or outside its range.
    #[error("{what} is {value}, but must be {wanted}")]
    BadValue {
        /// Which number.
        what: String,
        /// The number given.
        value: f64,
        /// The range asked for.
        wanted: &'static str,
    },

    // --- the physics ---
    /// EPANET finds no steady state, not even from a fresh start; the operating point is to be
    /// treated as impossible.
    #[error("the network has no hydraulic solution at this operating point ({detail})")]
    NotConverged {
        /// What EPANET says.
        detail: String,
    },

    // --- EPANET ---
    /// EPANET refuses a call that should have succeeded: a fault of this crate, to be reported.
    #[error("EPANET failed while {doing}: error {code}, {message}; please report this")]
    Engine {
        /// What was being done.
        doing: &'static str,
        /// EPANET's error number.
        code: i32,
        /// EPANET's error text.
        message: String,
    },
}

impl HydraulicsError {
    /// Whether the network file or the question is to blame, and not the host, the physics or
    /// EPANET.
    #[must_use]
    pub fn is_input(&self) -> bool {
        use HydraulicsError as E;
        !matches!(self, E::Scratch { .. } | E::NotConverged { .. } | E::Engine { .. })
    }
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n  {finding}")).collect()
}

/// The number, if it is finite and at least `least`.
pub(crate) fn at_least(
    what: impl FnOnce() -> String,
    value: f64,
    least: f64,
    wanted: &'static str,
) -> Result<f64, HydraulicsError> {
    if value.is_finite() && value >= least {
        return Ok(value);
    }
    Err(HydraulicsError::BadValue { what: what(), value, wanted })
}

/// Checks that a list has one entry for each element.
pub(crate) fn same_count(
    what: &'static str,
    expected: usize,
    given: usize,
) -> Result<(), HydraulicsError> {
    if expected == given {
        return Ok(());
    }
    Err(HydraulicsError::WrongCount { what, expected, given })
}
