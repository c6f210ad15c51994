//! Findings: what is wrong in a file, where, and what to do.

use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub place: Place,
    /// Short fixed name of the kind of finding, for example `unknown-key`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        write!(f, "{}:{line}:{column}: {}: {}", self.file.display(), self.code, self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n    help: {}", self.help) }
    }
}

/// Collects findings for one file, so that a reader can go on after the first.
#[derive(Debug)]
pub struct Findings {
    file: PathBuf,
    found: RefCell<Vec<Finding>>,
}

impl Findings {
    /// An empty collection for `file`.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), found: RefCell::new(Vec::new()) }
    }
    /// The file these findings are about.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
    /// Adds one.
    pub fn add(
        &self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        let finding = Finding { file: self.file.clone(), place, code, message, help };
        self.found.borrow_mut().push(finding);
    }
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.borrow().len()
    }
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }
    /// All of them, in the order of the file.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Finding> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found
    }
}
