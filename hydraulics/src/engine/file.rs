//! Network files, and the working copies that EPANET reads.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::HydraulicsError;
use crate::network::NETWORK_FILE_BYTES_MAX;

/// Where EPANET's report goes when nobody reads it.
pub(super) const NO_REPORT: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Longest line EPANET reads whole, bytes without the line end.
const LINE_BYTES_MAX: usize = 1022;

/// Names tried for a working copy before giving up.
const NAMES_TRIED_MAX: usize = 100;

/// Reads a network file, refusing what EPANET would misread.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, HydraulicsError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => HydraulicsError::Missing { path: path.to_owned() },
        _ => HydraulicsError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let too_large = |bytes| HydraulicsError::TooLarge {
        path: path.to_owned(),
        bytes,
        bytes_max: NETWORK_FILE_BYTES_MAX,
    };
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes > NETWORK_FILE_BYTES_MAX {
        return Err(too_large(bytes));
    }
    // A file may grow while it is read, and special files have no length.
    let mut text = Vec::new();
    let mut capped = file.take(NETWORK_FILE_BYTES_MAX + 1);
    capped.read_to_end(&mut text).map_err(unreadable)?;
    let read = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if read > NETWORK_FILE_BYTES_MAX {
        return Err(too_large(read));
    }
    let long = |line: &[u8]| line.len() > LINE_BYTES_MAX;
    match text.split(|&byte| byte == b'\n').position(long) {
        Some(line) => Err(HydraulicsError::LineTooLong {
            path: path.to_owned(),
            line: line + 1,
            bytes_max: LINE_BYTES_MAX,
        }),
        None => Ok(text),
    }
}

/// Held while EPANET reads a file: its reader keeps its place in a line (`strtok`) in one variable
/// for the whole process. Solving needs no such care.
pub(super) fn reading_alone() -> MutexGuard<'static, ()> {
    static READING: Mutex<()> = Mutex::new(());
    READING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A private file in the temporary folder, removed when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    name: String,
}

impl Scratch {
    /// Writes a file under a name that nobody else has.
    pub(super) fn write(purpose: &str, text: &[u8]) -> Result<Scratch, HydraulicsError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::temp_dir();
        let failed = |reason: String| HydraulicsError::Scratch { folder: folder.clone(), reason };
        for _ in 0..NAMES_TRIED_MAX {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("regie-{purpose}-{}-{number}", std::process::id()));
            let Some(name) = path.to_str().map(str::to_owned) else {
                return Err(failed("its name is not valid UTF-8".to_owned()));
            };
            // `create_new` follows no link that somebody else may have put there.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    let scratch = Scratch { path, name };
                    file.write_all(text).map_err(|error| failed(error.to_string()))?;
                    return Ok(scratch);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error.to_string())),
            }
        }
        Err(failed("all names tried are taken".to_owned()))
    }

    /// The file's name, as EPANET takes it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the file holds now; nothing where it cannot be read.
    pub(super) fn read(&self) -> String {
        std::fs::read(&self.path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A file that is already gone is what we want; the system empties the folder anyway.
        let _ = std::fs::remove_file(&self.path);
    }
}
