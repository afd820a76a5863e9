//! How revocations reach this process: the log, followed into the in-memory index.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use countersign_token::{RevocationIndex, Timestamp, UnixMillis};
use tokio::sync::Mutex;

use crate::store::{Store, StoreError};

/// No verdict rests on a look at the log older than this. Another process that revokes on the same store
/// waits [`SETTLE_TIME`] after its commit: from then on every verdict knows of it.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long a command line waits after it has revoked something, so that it is in force when the command returns.
pub const SETTLE_TIME: Duration = Duration::from_millis(30);

/// Follows the revocation log.
pub(super) struct RevocationFeed {
    index: RevocationIndex,
    store: Arc<dyn Store>,
    /// When the log was last looked at, in milliseconds; read on every verdict, so not behind the lock.
    polled_at: AtomicI64,
    /// Held while the log is read: of many requests that find the last look too old, one reads and the others
    /// wait for it.
    position: Mutex<Position>,
}

#[derive(Default)]
struct Position {
    marker: Option<u64>,
    sequence: u64,
}

impl RevocationFeed {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            index: RevocationIndex::new(),
            store,
            polled_at: AtomicI64::new(i64::MIN),
            position: Mutex::default(),
        }
    }

    /// The index as of the last look.
    pub(super) const fn index(&self) -> &RevocationIndex {
        &self.index
    }

    /// Makes sure that the index is at most [`POLL_INTERVAL`] behind the log.
    pub(super) async fn freshen(&self, now: UnixMillis) -> Result<(), StoreError> {
        if self.is_fresh(now) {
            return Ok(());
        }
        let mut position = self.position.lock().await;
        if self.is_fresh(now) {
            return Ok(());
        }
        let marker = self.store.change_marker().await?;
        if position.marker != Some(marker) {
            self.pull(&mut position).await?;
            position.marker = Some(marker);
        }
        self.polled_at.store(now.millis(), Ordering::Release);
        Ok(())
    }

    /// Applies everything that is in the log, at once: after this process has revoked something itself.
    pub(super) async fn catch_up(&self) -> Result<(), StoreError> {
        self.pull(&mut *self.position.lock().await).await
    }

    /// Drops entries that can no longer match a token.
    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        self.index.forget_expired(now)
    }

    fn is_fresh(&self, now: UnixMillis) -> bool {
        let polled_at = self.polled_at.load(Ordering::Acquire);
        let age = now.millis().saturating_sub(polled_at);
        let interval = i64::try_from(POLL_INTERVAL.as_millis()).unwrap_or(0);
        (0..interval).contains(&age)
    }

    async fn pull(&self, position: &mut Position) -> Result<(), StoreError> {
        loop {
            let entries = self
                .store
                .log_entries_after(position.sequence, BATCH)
                .await?;
            let full = u32::try_from(entries.len()).is_ok_and(|count| count == BATCH);
            for entry in entries {
                self.index.apply(&entry.to_index_entry());
                position.sequence = entry.sequence;
            }
            if !full {
                return Ok(());
            }
        }
    }
}

impl std::fmt::Debug for RevocationFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevocationFeed").finish_non_exhaustive()
    }
}

/// Entries read at once.
const BATCH: u32 = 1_000;
