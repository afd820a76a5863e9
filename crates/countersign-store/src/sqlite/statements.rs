//! Counting statements, for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

/// How many statements some connections have begun to run.
#[derive(Clone, Default)]
pub(super) struct Statements(Arc<AtomicU64>);

impl Statements {
    /// Counts those of a connection from now on.
    pub(super) fn count(&self, connection: &mut Connection) {
        let count = Arc::clone(&self.0);
        let counting = move |_: TraceEvent<'_>| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        connection
            .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(counting))
            .unwrap();
    }

    pub(super) fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
