//! The handle on a store.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use countersign::store::{Health, StoreError};
use rusqlite::Connection;

use super::database::Database;
use super::failure::Failure;
use super::history::HistoryWalk;
use super::marker::Marker;
use super::migrations::{self, MigrationReport};
use super::purge::PurgeWalk;
use super::readers::Readers;
#[cfg(test)]
use super::statements::Statements;
use super::writer::Writer;

/// A store in one SQLite file. A clone is another handle on the same store.
///
/// Any number of processes may open the same file on one machine: each sees what the others commit.
///
/// # What it is not
/// Not for network file systems: SQLite's write-ahead log needs shared memory and honest locks and syncs.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    /// How many statements the writer has run.
    #[cfg(test)]
    written: Statements,
    writer: Writer,
    readers: Readers,
    marker: Marker,
    /// Where the purge of sessions goes on. In memory, because a process that starts anew may well begin at
    /// the first row again; a mutex, because the place is a few numbers that move together.
    purge_walk: Mutex<PurgeWalk>,
    /// The same for the tokens that were rotated out.
    history_walk: Mutex<HistoryWalk>,
}

/// How a store is opened. The defaults suit one server on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Connections that read; at least 1, default 4. Each costs up to 2 MB; more than there are processor
    /// cores do not help.
    pub readers: usize,
    /// Operations that may wait for the writer; at least 1, default 4096. Further ones are refused at once
    /// with [`StoreError::Unavailable`].
    pub queue: usize,
    /// Operations that share a commit; at least 1, default 256. More make the first of them wait longer.
    pub batch: usize,
    /// How long to wait for another process that holds the file, default 5 s; then whoever waits gets
    /// [`StoreError::Unavailable`].
    pub busy_timeout: Duration,
    /// Pages in the write-ahead log at which it is copied back into the file, default 1000 (4 MB). Fewer
    /// mean more syncs, more mean a longer start after a crash.
    pub checkpoint_after_pages: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            queue: 4096,
            batch: 256,
            busy_timeout: Duration::from_secs(5),
            checkpoint_after_pages: 1000,
        }
    }
}

/// Why a store could not be opened or migrated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no file at this path.
    #[error("there is no store at this path; migrate first")]
    Missing,
    /// The schema is older than this version, or the file holds no store yet.
    #[error("the store lacks {missing} schema migrations of this version; migrate first")]
    NotMigrated {
        /// How many steps are missing.
        missing: usize,
    },
    /// The file is a SQLite database of somebody else.
    #[error("the file holds another program's tables; choose another path")]
    NotAStore,
    /// A newer version has migrated the store.
    #[error("the store has schema {found}, this version knows {known}; use the newer version")]
    NewerSchema {
        /// The newest step that the store has had.
        found: i64,
        /// The newest step that this version knows.
        known: i64,
    },
    /// A step that the store has had is not the one that this version knows by that number.
    #[error("migration {number} of the store is not this version's; it is another program's store")]
    MigrationChanged {
        /// The step's number.
        number: i64,
    },
    /// The store has had later steps, but not this one.
    #[error("the store lacks migration {missing} but has later ones; restore it from a backup")]
    MigrationGap {
        /// The number of the first step that is missing.
        missing: i64,
    },
    /// The file or the writer's thread could not be made.
    #[error("the store's file could not be used")]
    Io(#[from] io::Error),
    /// SQLite refused.
    #[error("the store could not be opened as a SQLite database")]
    Sqlite(#[from] rusqlite::Error),
}

impl SqliteStore {
    /// Opens the store at `path`, which must have this version's schema.
    ///
    /// # Errors
    /// [`OpenError`]; a file that is missing is not made here, see [`migrate`](Self::migrate).
    pub fn open(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        let database = Database::at(path, options.busy_timeout, options.checkpoint_after_pages)?;
        if !database.exists() {
            return Err(OpenError::Missing);
        }
        migrations::check(&database.inspector()?)?;
        #[cfg_attr(not(test), expect(unused_mut, reason = "tests count on it"))]
        let mut connection = database.writer()?;
        #[cfg(test)]
        let written = Statements::default();
        #[cfg(test)]
        written.count(&mut connection);
        let inner = Inner {
            #[cfg(test)]
            written,
            readers: Readers::open(&database, options.readers)?,
            marker: Marker::open(&database)?,
            purge_walk: Mutex::default(),
            history_walk: Mutex::default(),
            writer: Writer::start(database, connection, options.queue, options.batch)?,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Gives the store at `path` this version's schema, in one transaction, and makes the file (mode 0600)
    /// if there is none. Any number of processes may do so at once.
    ///
    /// # Errors
    /// [`OpenError`], but never [`OpenError::Missing`] or [`OpenError::NotMigrated`].
    pub fn migrate(path: &Path) -> Result<MigrationReport, OpenError> {
        migrations::migrate(path)
    }

    /// How many transactions this handle and its clones have committed: many operations share one.
    pub fn commits(&self) -> u64 {
        self.inner.writer.commits()
    }

    /// Finishes every operation that has been asked for and ends the writer. Later operations are refused with
    /// [`StoreError::Unavailable`]; reading goes on.
    ///
    /// Dropping the last handle ends the writer as well, without waiting for it.
    pub async fn close(&self) {
        self.inner.writer.close().await;
    }

    /// Does `work` in a transaction; returns once that is durable.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.run(work).await
    }

    /// Reads a few rows by key, on the caller's thread.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.inner.readers.read(read)
    }

    /// Reads as many rows as there are, away from the threads that serve requests.
    pub(super) async fn scan<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read(read))
            .await
            .map_err(StoreError::unavailable)?
    }

    /// How many statements the readers have run so far.
    #[cfg(test)]
    pub(super) fn statements(&self) -> u64 {
        self.inner.readers.statements()
    }

    /// How many statements the writer has run so far.
    #[cfg(test)]
    pub(super) fn written_statements(&self) -> u64 {
        self.inner.written.so_far()
    }

    pub(super) fn marker(&self) -> &Marker {
        &self.inner.marker
    }

    pub(super) fn purge_walk(&self) -> PurgeWalk {
        *self
            .inner
            .purge_walk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn history_walk(&self) -> HistoryWalk {
        *self
            .inner
            .history_walk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn walk_history_on_from(&self, walk: HistoryWalk) {
        *self
            .inner
            .history_walk
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = walk;
    }

    pub(super) fn walk_on_from(&self, walk: PurgeWalk) {
        *self
            .inner
            .purge_walk
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = walk;
    }
}

#[async_trait]
impl Health for SqliteStore {
    async fn check_writable(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            connection
                .prepare_cached("UPDATE ledger SET sessions_drawn = sessions_drawn")?
                .execute([])?;
            Ok(())
        })
        .await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("writer", &self.inner.writer)
            .finish_non_exhaustive()
    }
}
