//! Reading connections: a few, shared by everybody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign::store::StoreError;
use rusqlite::Connection;

use super::database::Database;
use super::failure::Failure;
#[cfg(test)]
use super::statements::Statements;

/// A fixed set of connections that cannot write.
///
/// Each read is a transaction of its own that begins after the call: it sees everything that was acknowledged
/// before, by this process or another.
pub(super) struct Readers {
    /// Mutexes, used on the caller's own thread: a read by key takes some microseconds, less than it costs to
    /// hand it to another thread and to be woken up again. No guard lives across an `await`. Reads without a
    /// small bound do not belong here; they go through `SqliteStore::scan`, which leaves the caller's thread.
    connections: Vec<Mutex<Connection>>,
    /// Where the search for a free one begins, so that callers spread.
    turn: AtomicUsize,
    /// How many statements the connections have run.
    #[cfg(test)]
    statements: Statements,
}

impl Readers {
    pub(super) fn open(database: &Database, count: usize) -> rusqlite::Result<Self> {
        let connections = (0..count.max(1))
            .map(|_| database.reader().map(Mutex::new))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        #[cfg(test)]
        let statements = Statements::default();
        #[cfg(test)]
        for connection in &connections {
            statements.count(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(Self {
            #[cfg(test)]
            statements,
            connections,
            turn: AtomicUsize::new(0),
        })
    }

    /// How many statements have been run so far.
    #[cfg(test)]
    pub(super) fn statements(&self) -> u64 {
        self.statements.so_far()
    }

    /// Reads on a connection that is free, or on the first that becomes so.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let connection = self
            .claim()
            .ok_or_else(|| StoreError::unavailable("there are no readers"))?;
        read(&connection).map_err(StoreError::from)
    }

    fn claim(&self) -> Option<MutexGuard<'_, Connection>> {
        let count = self.connections.len();
        let turn = self
            .turn
            .fetch_add(1, Ordering::Relaxed)
            .checked_rem(count)?;
        let mut in_turn = self.connections.iter().cycle().skip(turn).take(count);
        let free = in_turn.find_map(|connection| connection.try_lock().ok());
        free.or_else(|| {
            let next = self.connections.get(turn)?;
            Some(next.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}
