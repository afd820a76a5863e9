//! The change marker: whether the revocation log has grown, for the price of looking at shared memory.

use std::sync::{Mutex, PoisonError};

use countersign::store::StoreError;
use rusqlite::Connection;

use super::database::Database;
use super::failure::Failure;
use super::revocations::newest_sequence;

/// Tells the newest sequence of the log, and reads it only when somebody has committed something.
#[derive(Debug)]
pub(super) struct Marker {
    /// A connection of its own, because `PRAGMA data_version` compares with what *this* connection saw last:
    /// it moves with the commits of every other connection, that of our own writer included. Under a mutex
    /// and on the caller's thread for the reason that readers are; one read takes about two microseconds.
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    connection: Connection,
    /// The version at which `sequence` was read.
    data_version: Option<i64>,
    sequence: u64,
}

impl Marker {
    pub(super) fn open(database: &Database) -> rusqlite::Result<Self> {
        let connection = database.reader()?;
        let seen = Seen {
            connection,
            data_version: None,
            sequence: 0,
        };
        Ok(Self {
            seen: Mutex::new(seen),
        })
    }

    pub(super) fn read(&self) -> Result<u64, StoreError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.refresh()?)
    }
}

impl Seen {
    fn refresh(&mut self) -> Result<u64, Failure> {
        let version = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.data_version != Some(version) {
            // Read after the version: what is committed in between moves the version again.
            self.sequence = newest_sequence(&self.connection)?;
            self.data_version = Some(version);
        }
        Ok(self.sequence)
    }
}
