//! The file, and how connections to it are opened.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::failure::is_busy;

/// Where the database is and what every connection to it has in common.
#[derive(Debug, Clone)]
pub(super) struct Database {
    /// Absolute: SQLite gives a meaning of its own to names such as `:memory:` and `file:…`, but not to paths.
    path: PathBuf,
    busy_timeout: Duration,
    checkpoint_after_pages: u32,
}

impl Database {
    pub(super) fn at(
        path: &Path,
        busy_timeout: Duration,
        checkpoint_after_pages: u32,
    ) -> io::Result<Self> {
        Ok(Self {
            path: std::path::absolute(path)?,
            busy_timeout,
            checkpoint_after_pages,
        })
    }

    pub(super) fn exists(&self) -> bool {
        self.path.is_file()
    }

    /// Makes the file, readable by its owner only, unless it is there.
    ///
    /// Before SQLite opens it, because SQLite gives its own files (`-wal`, `-shm`) the mode of this one. The
    /// folder is synced, because SQLite does that only for files that it made itself.
    pub(super) fn create_file(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(OWNER_ONLY)
            .open(&self.path);
        match file {
            Ok(_) => self
                .path
                .parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A connection for a first look at a file that may not be ours: it leaves the file as it is.
    pub(super) fn inspector(&self) -> rusqlite::Result<Connection> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// A connection that writes durably.
    pub(super) fn writer(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Where two switch a new file at once SQLite asks nobody to be patient, and refuses one of them.
        let mode: String = self.patiently(&connection, || {
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        })?;
        if mode != "wal" {
            return Err(no_write_ahead_log(&mode));
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
        connection.pragma_update(None, "wal_autocheckpoint", self.checkpoint_after_pages)?;
        connection.pragma_update(None, "journal_size_limit", LARGEST_IDLE_WAL_BYTES)?;
        // What savepoints remember must not spill to a file outside the store's folder.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }

    /// Begins a writing transaction, as soon as nobody else is in one.
    ///
    /// SQLite's own patience looks again after 1, 2, 5, … and finally 100 ms. Beside another process that writes all
    /// the time (a purge, an import) that loses most of the gaps which that one leaves, and everybody who is queued
    /// here waits. So this looks again every millisecond.
    pub(super) fn begin(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.patiently(connection, || {
            connection
                .prepare_cached("BEGIN IMMEDIATE")?
                .execute([])
                .map(drop)
        })
    }

    /// Tries again every millisecond while others hold the file, for as long as the busy time-out.
    fn patiently<T>(
        &self,
        connection: &Connection,
        mut attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        connection.busy_timeout(Duration::ZERO)?;
        let mut patience = self.busy_timeout;
        let done = loop {
            match attempt() {
                Err(error) if is_busy(&error) && !patience.is_zero() => {
                    thread::sleep(LOOKS_AGAIN_AFTER);
                    patience = patience.saturating_sub(LOOKS_AGAIN_AFTER);
                }
                done => break done,
            }
        };
        connection.busy_timeout(self.busy_timeout)?;
        done
    }

    /// A connection that cannot write.
    pub(super) fn reader(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }

    /// Every connection has one user at a time, so SQLite's own mutex is left out. `SQLITE_OPEN_URI` is left
    /// out, too: a path is a path.
    fn connect(&self, access: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // One plan per statement, whatever is bound: else SQLite parses some of them anew for every value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    }
}

fn no_write_ahead_log(mode: &str) -> rusqlite::Error {
    let message = format!("write-ahead logging is not to be had here, only {mode:?}");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), Some(message))
}

const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(1);

const OWNER_ONLY: u32 = 0o600;

/// Negative: KiB instead of pages.
const WRITER_CACHE: i64 = -8_192;

/// More than there are statements in this crate, so that each is prepared once per connection.
const STATEMENTS_KEPT: usize = 128;

const LARGEST_IDLE_WAL_BYTES: i64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_parsed_once_whatever_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::at(&folder.path().join("db"), Duration::ZERO, 1000).unwrap();
        database.create_file().unwrap();
        let connection = database.writer().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (number INTEGER PRIMARY KEY, root INTEGER);
                 CREATE INDEX i ON t (root) WHERE number = root",
            )
            .unwrap();
        let sql = "SELECT t.number FROM t JOIN (SELECT number AS r FROM t) ON r = root
                   WHERE number = :number";
        for number in 0..5 {
            let mut statement = connection.prepare_cached(sql).unwrap();
            assert!(!statement.exists([number]).unwrap());
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
