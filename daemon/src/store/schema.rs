//! The tables, and whether a file is ours.

use rusqlite::Connection;

/// Marks a SQLite file as a store of Régie ("REGI" in ASCII).
const APPLICATION: i64 = 0x5245_4749;

/// Version of the tables below. Raise it when they change, and add to [`STEPS`] what makes an
/// earlier file into a present one; a file of a later version is set aside.
const VERSION: i64 = 3;

/// How long a statement waits for somebody who reads the file with another tool.
const BUSY_MS_MAX: u64 = 1_000;

/// Durable before it is acknowledged, for the state's sake: WAL with `synchronous = FULL`.
/// The journal is cut back after each checkpoint, so that one long reader does not cost the disk.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA journal_size_limit = 67108864;
";

/// Sample times are the cycle's, in microseconds UTC. Keys begin with the time because a cycle
/// writes many series at once: twenty times faster than the other order.
const TABLES: &str = "
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE sample (
        ts INTEGER NOT NULL,
        series INTEGER NOT NULL REFERENCES series (id),
        value REAL CHECK (abs(value) <= 1.7976931348623157e308),
        quality INTEGER NOT NULL CHECK (value IS NULL OR quality < 200),
        PRIMARY KEY (ts, series)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE text_sample (
        series INTEGER NOT NULL REFERENCES series (id),
        ts INTEGER NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (series, ts)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE plan (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        made_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        rung TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE cycle (
        cycle INTEGER PRIMARY KEY,
        ts INTEGER NOT NULL,
        rung TEXT NOT NULL,
        plan INTEGER REFERENCES plan (id),
        hash TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX cycle_ts ON cycle (ts);
    CREATE INDEX cycle_plan ON cycle (plan);
    CREATE TABLE command (
        cycle INTEGER NOT NULL REFERENCES cycle (cycle) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        asset TEXT NOT NULL,
        device TEXT NOT NULL,
        setpoint TEXT NOT NULL,
        authority TEXT NOT NULL,
        delivery TEXT,
        failure TEXT,
        PRIMARY KEY (cycle, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE verdict (
        cycle INTEGER NOT NULL REFERENCES cycle (cycle) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        asset TEXT NOT NULL,
        \"check\" TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (cycle, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE verification (
        cycle INTEGER NOT NULL REFERENCES cycle (cycle) ON DELETE CASCADE,
        asset TEXT NOT NULL,
        verification TEXT NOT NULL,
        differs INTEGER NOT NULL,
        PRIMARY KEY (cycle, asset)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE intent (
        asset TEXT PRIMARY KEY,
        ts INTEGER NOT NULL,
        command TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE state (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        cycle INTEGER NOT NULL,
        ts INTEGER NOT NULL,
        hash TEXT NOT NULL,
        digest BLOB NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
";

/// Writes by hand: said before the field is written, completed after.
const WRITES: &str = "
    CREATE TABLE operator_write (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        ts INTEGER NOT NULL,
        who TEXT NOT NULL,
        point TEXT NOT NULL,
        asset TEXT NOT NULL,
        old TEXT NOT NULL,
        new TEXT NOT NULL,
        setpoint TEXT NOT NULL,
        reason TEXT NOT NULL,
        ended INTEGER,
        outcome TEXT,
        told TEXT,
        verdicts TEXT,
        failure TEXT,
        verification TEXT
    ) STRICT;
";

/// Trips that people reset: said before they are.
const RESETS: &str = "
    CREATE TABLE trip_reset (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        ts INTEGER NOT NULL,
        who TEXT NOT NULL,
        asset TEXT NOT NULL,
        trip TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;
";

/// What makes a file of version 1 into one of version 2, and so on.
const STEPS: [&str; 2] = [WRITES, RESETS];

/// What kind of file this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing in it yet.
    Empty,
    /// Ours, and of this version.
    Ours,
    /// Ours, of an earlier version that can be brought up to this one.
    Earlier(i64),
    /// A SQLite file of somebody else.
    Foreign,
    /// Ours, from another version of the tables.
    Version(i64),
}

/// Looks at a file's marks without changing it.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<Found> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(match (tables, application, version) {
        (0, 0, 0) => Found::Empty,
        (_, APPLICATION, VERSION) => Found::Ours,
        (_, APPLICATION, version @ 1..VERSION) => Found::Earlier(version),
        (_, APPLICATION, version) => Found::Version(version),
        _ => Found::Foreign,
    })
}

/// Waits for whoever writes, instead of failing at once.
pub(super) fn wait_for_writers(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS_MAX))
}

/// What each connection needs, on an old file as on a new one.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    wait_for_writers(connection)?;
    connection.execute_batch(SETTINGS)?;
    super::retain::limit(connection, super::FILE_BYTES_MAX)
}

/// Brings a file of an earlier version up to this one, all steps or none of them.
pub(super) fn step_up(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    settle(connection)?;
    let done = usize::try_from(version - 1).unwrap_or(STEPS.len());
    let steps: String = STEPS.iter().skip(done).copied().collect();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;"
    ))
}

/// Makes the tables in an empty file, all or none of them.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    // Must come before the first table: freed pages go back to the disk in small portions.
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    settle(connection)?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {WRITES}
         {RESETS}
         {TABLES}
         PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = {VERSION};
         COMMIT;"
    ))
}
