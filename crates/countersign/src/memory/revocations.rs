//! The revocation log in memory.

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::{Batch, MemoryStore, Tables};
use crate::audit::AuditEvent;
use crate::session::EndCause;
use crate::store::{LogEntry, LogScope, Purged, Revocations, StoreError, TokenRevocation};

#[async_trait]
impl Revocations for MemoryStore {
    async fn change_marker(&self) -> Result<u64, StoreError> {
        Ok(self.tables().highest_sequence())
    }

    async fn log_entries_after(
        &self,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let tables = self.tables();
        let newer = tables.log.iter().filter(|entry| entry.sequence > sequence);
        Ok(newer
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }

    async fn revoke_token(
        &self,
        revocation: &TokenRevocation,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let scope = LogScope::Token(revocation.token_id.clone());
        tables.append(scope, None, now, revocation.forget_at);
        tables.record(event);
        Ok(())
    }

    async fn revoke_everything(
        &self,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let scope = LogScope::EverythingUpto(tables.highest_number);
        tables.append(scope, None, now, LogEntry::NEVER_FORGOTTEN);
        tables.everybody_revoked_before =
            tables.everybody_revoked_before.max(Some(now.timestamp()));
        tables.record(event);
        Ok(())
    }

    async fn purge_log(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError> {
        let mut tables = self.tables();
        let newest = tables.highest_sequence();
        let mut batch = Batch::of(limit);
        let due = |entry: &LogEntry| entry.forget_at < horizon && entry.sequence != newest;
        tables.log.retain(|entry| batch.keeps(due(entry)));
        Ok(batch.purged())
    }
}

impl Tables {
    /// Appends an entry. Whatever appends holds the store's lock, so sequence order is commit order.
    pub(super) fn append(
        &mut self,
        scope: LogScope,
        cause: Option<EndCause>,
        at: UnixMillis,
        forget_at: Timestamp,
    ) {
        let sequence = self.highest_sequence() + 1;
        self.log.push_back(LogEntry {
            sequence,
            scope,
            cause,
            at,
            forget_at,
        });
    }

    fn highest_sequence(&self) -> u64 {
        self.log.back().map_or(0, |entry| entry.sequence)
    }
}
