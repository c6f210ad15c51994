//! Opening: the folder, the lock, our file or not, and what to do with a damaged one.

use super::lock::{Lock, beside};
use super::schema::{self, Found};
use super::{Names, Store, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Files up to this size are checked page by page when opened. A check reads the whole file, and
/// a restart must be over before the devices' dead-man timers are; a larger file has its marks
/// and its state checked, and damage elsewhere is met when it is read.
const CHECKED_BYTES_MAX: u64 = 256 << 20;

/// Names tried for a file that is set aside, should several be set aside within one second.
const ASIDE_NAMES_MAX: u32 = 100;

/// A file and what belongs to it.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// What opening found.
#[derive(Debug)]
pub struct Opened {
    /// The store, ready.
    pub store: Store,
    /// The state of the last completed cycle; none in a new file.
    pub state: Option<Value>,
    /// Where a file that could not be used was put; none when all was well.
    pub set_aside: Option<PathBuf>,
    /// Why it could not be used.
    pub because: Option<String>,
}

impl Opened {
    /// What an operator must be told; none when all was well.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let aside = self.set_aside.as_ref()?.display();
        let (path, why) = (self.store.path.display(), self.because.as_deref()?);
        Some(format!(
            "{path} could not be used ({why}). It was set aside as {aside}; a new history begins, \
             and what was learned begins anew. Keep the old file for support, or delete it."
        ))
    }
}

impl Store {
    /// Opens the file at `path`, or begins a new one. Folders that do not exist are made for this
    /// user alone (0700), and so is the file (0600). A file that is damaged, somebody else's or
    /// of another version is set aside as `<name>.corrupt-<now>` and a new one begins.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Denied`],
    /// [`StoreError::Full`] or [`StoreError::Other`] when the disk refuses.
    pub fn open(path: &Path, now: Timestamp) -> Result<Opened, StoreError> {
        make_folder(path)?;
        let lock = Lock::take(path)?;
        Self::open_locked(path, lock, now)
    }

    /// Opens the file at `path` to read its history, whoever is writing it meanwhile. Nothing is
    /// made, changed or set aside.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none; [`StoreError::Corrupt`] when it is none of
    /// ours; [`StoreError::Denied`] or [`StoreError::Other`] when it cannot be read.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        if let Err(error) = fs::metadata(path) {
            return Err(match error.kind() {
                io::ErrorKind::NotFound => StoreError::Missing { path: path.to_owned() },
                _ => StoreError::system(path, "read the history", &error),
            });
        }
        let fault = |error: rusqlite::Error| StoreError::opening(path, &error);
        let corrupt = |why: String| StoreError::Corrupt { path: path.to_owned(), why };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
        schema::wait_for_writers(&connection).map_err(fault)?;
        match schema::found(&connection).map_err(fault)? {
            Found::Ours | Found::Earlier(_) => {}
            Found::Version(version) => {
                let why = format!("its tables are of version {version}, unknown here");
                return Err(corrupt(why));
            }
            Found::Empty | Found::Foreign => {
                return Err(corrupt("it is not a file of regie".to_owned()));
            }
        }
        let names = super::read::names(&connection).map_err(fault)?;
        Ok(Self { connection, path: path.to_owned(), names, lock: None })
    }

    /// Puts the file aside, as opening does with a damaged one, and goes on with a new one. The
    /// way out when a call said [`StoreError::Corrupt`].
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::Other`] for a store in memory.
    pub fn begin_anew(self, now: Timestamp, why: &str) -> Result<Opened, StoreError> {
        let Self { connection, path, lock, .. } = self;
        let Some(lock) = lock else {
            let why = "a store in memory has no file".to_owned();
            return Err(StoreError::Other { path, doing: "begin anew", why });
        };
        drop(connection);
        let aside = set_aside(&path, now)?;
        let opened = Self::open_locked(&path, lock, now)?;
        Ok(Opened { set_aside: Some(aside), because: Some(why.to_owned()), ..opened })
    }

    fn open_locked(path: &Path, lock: Lock, now: Timestamp) -> Result<Opened, StoreError> {
        let (ready, because) = match attempt(path) {
            Err(StoreError::Corrupt { why, .. }) => {
                let aside = set_aside(path, now)?;
                (attempt(path)?, Some((aside, why)))
            }
            other => (other?, None),
        };
        let (connection, names, state) = ready;
        let store = Self { connection, path: path.to_owned(), names, lock: Some(lock) };
        let (set_aside, because) = because.unzip();
        Ok(Opened { store, state, set_aside, because })
    }
}

/// A connection to a sound file, what is known of its series, and its state.
type Ready = (Connection, Names, Option<Value>);

fn attempt(path: &Path) -> Result<Ready, StoreError> {
    make_file(path)?;
    let fault = |error: rusqlite::Error| StoreError::opening(path, &error);
    let corrupt = |why: String| StoreError::Corrupt { path: path.to_owned(), why };
    let strange = strange_header(path);
    if let Some(why) = strange.map_err(|error| StoreError::system(path, "open", &error))? {
        return Err(corrupt(why.to_owned()));
    }
    let connection = Connection::open(path).map_err(fault)?;
    match schema::found(&connection).map_err(fault)? {
        Found::Empty => schema::create(&connection).map_err(fault)?,
        Found::Ours => schema::settle(&connection).map_err(fault)?,
        Found::Earlier(version) => schema::step_up(&connection, version).map_err(fault)?,
        Found::Foreign => return Err(corrupt("it is not a file of regie".to_owned())),
        Found::Version(version) => {
            return Err(corrupt(format!("its tables are of version {version}, unknown here")));
        }
    }
    check(&connection, path)?;
    let names = super::read::names(&connection).map_err(fault)?;
    let state = super::read::state(&connection).map_err(fault)?;
    let state = state.map(|stored| stored.checked().map_err(corrupt)).transpose()?;
    Ok((connection, names, state))
}

/// What a file's first bytes say against it. SQLite opens a file of a later format for reading
/// alone, which would look like a missing permission: the two bytes after the page size are 1
/// (with a rollback journal) or 2 (with WAL).
fn strange_header(path: &Path) -> io::Result<Option<&'static str>> {
    let mut header = Vec::new();
    fs::File::open(path)?.take(20).read_to_end(&mut header)?;
    if header.is_empty() {
        return Ok(None);
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Ok(Some("it is not a SQLite file"));
    }
    let later = header.get(18..20).is_none_or(|formats| formats.iter().any(|byte| *byte > 2));
    Ok(later.then_some("it is a SQLite file of a later format"))
}

fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size > CHECKED_BYTES_MAX {
        return Ok(());
    }
    let said: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::opening(path, &error))?;
    if said == "ok" {
        return Ok(());
    }
    let why = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(StoreError::Corrupt { path: path.to_owned(), why })
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        None => Ok(()),
        Some(folder) => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| StoreError::system(path, "make the folder", &error)),
    }
}

/// Made here and not by SQLite, so that the history is for this user alone: it tells when a
/// building is empty. The journal takes over the file's permissions.
fn make_file(path: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::system(path, "open", &error))
}

/// Renames the file and its journal; nothing is deleted.
fn set_aside(path: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let names = (0..ASIDE_NAMES_MAX).map(|attempt| match attempt {
        0 => beside(path, &format!(".corrupt-{stamp}")),
        _ => beside(path, &format!(".corrupt-{stamp}-{attempt}")),
    });
    let Some(aside) = names.into_iter().find(|name| !name.exists()) else {
        let why = format!("{ASIDE_NAMES_MAX} files were set aside within one second");
        return Err(StoreError::Other { path: path.to_owned(), doing: "set it aside", why });
    };
    for part in PARTS {
        let (from, to) = (beside(path, part), beside(&aside, part));
        if from.exists() {
            fs::rename(from, to)
                .map_err(|error| StoreError::system(path, "set it aside", &error))?;
        }
    }
    Ok(aside)
}
