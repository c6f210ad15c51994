//! What can go wrong with the store, sorted by who can mend it.

use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do what it was asked. Nothing of a failed call is on disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock beside the file. Occurs when opening.
    #[error(
        "{} is in use by another regie; stop that one first, or give this site a state folder of \
         its own",
        path.display()
    )]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// There is no history to read.
    #[error(
        "{}: there is no history here; name the folder that the daemon keeps its state in",
        path.display()
    )]
    Missing {
        /// Where the file should be.
        path: PathBuf,
    },
    /// The operating system refuses the folder or the file: wrong owner, read-only file system.
    #[error(
        "{}: permission denied while trying to {doing} ({why}); the folder must belong to the user \
         that runs regie, on a file system that can be written",
        path.display()
    )]
    Denied {
        /// The state file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        why: String,
    },
    /// The disk is full, or the file has reached [`FILE_BYTES_MAX`](super::FILE_BYTES_MAX).
    #[error(
        "{}: no room left while trying to {doing}; free disk space or keep a shorter history \
         (control goes on, this cycle is not in the history)",
        path.display()
    )]
    Full {
        /// The state file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
    },
    /// The file is damaged. Occurs at any call; [`Store::begin_anew`](super::Store::begin_anew)
    /// puts it aside.
    #[error(
        "{}: the file is damaged ({why}); it must be put aside and a new one begun",
        path.display()
    )]
    Corrupt {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A stored record cannot be read by this version. The rest of the history is not affected.
    #[error(
        "{}: the record of cycle {cycle} cannot be read ({why}); read it with the version of regie \
         that wrote it",
        path.display()
    )]
    Unreadable {
        /// The state file.
        path: PathBuf,
        /// Which record.
        cycle: u64,
        /// Why not.
        why: String,
    },
    /// The caller completed a cycle whose number is not above the last one: number on from
    /// [`Store::last_cycle`](super::Store::last_cycle).
    #[error(
        "{}: cycle {cycle} comes after cycle {last} in the history; cycles must be numbered on",
        path.display()
    )]
    OutOfOrder {
        /// The state file.
        path: PathBuf,
        /// The number given.
        cycle: u64,
        /// The last number stored.
        last: u64,
    },
    /// Anything else: an input or output error of the disk, memory, a bug.
    #[error("{}: could not {doing}: {why}", path.display())]
    Other {
        /// The state file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        why: String,
    },
}

impl StoreError {
    /// What SQLite said of a file that is being opened: whatever it cannot make sense of then is
    /// damage, and not a mistake in a statement.
    pub(super) fn opening(path: &Path, error: &rusqlite::Error) -> Self {
        match Self::sqlite(path, "open", error) {
            Self::Other { path, why, .. } if makes_no_sense(error) => Self::Corrupt { path, why },
            other => other,
        }
    }

    pub(super) fn sqlite(path: &Path, doing: &'static str, error: &rusqlite::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path, doing },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { path, why }
            }
            Some(
                ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::AuthorizationForStatementDenied,
            ) => Self::Denied { path, doing, why },
            None if is_not_what_was_written(error) => Self::Corrupt { path, why },
            _ => Self::Other { path, doing, why },
        }
    }

    pub(super) fn system(path: &Path, doing: &'static str, error: &io::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, doing, why }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, doing },
            _ => Self::Other { path, doing, why },
        }
    }
}

fn makes_no_sense(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ConstraintViolation)
    )
}

fn is_not_what_was_written(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as Sqlite;
    matches!(
        error,
        Sqlite::InvalidColumnType(..)
            | Sqlite::FromSqlConversionFailure(..)
            | Sqlite::IntegralValueOutOfRange(..)
            | Sqlite::Utf8Error(..)
    )
}
