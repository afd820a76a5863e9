//! The audit log in memory.

use async_trait::async_trait;

use super::{MemoryStore, Tables};
use crate::audit::AuditEvent;
use crate::session::{SessionId, SessionRecord};
use crate::store::{AuditLog, StoreError};

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append_audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.tables().record(Some(event));
        Ok(())
    }

    async fn recent_audit(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let tables = self.tables();
        let newest_first = tables.audit.iter().rev();
        Ok(newest_first
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }

    async fn audit_of_session(
        &self,
        session: &SessionRecord,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let ended_at = session.state.ended_at();
        let tells_its_end = |event: &AuditEvent| {
            event.session.is_none()
                && event.subject == Some(session.account)
                && Some(event.at) == ended_at
        };
        let tables = self.tables();
        let newest_first = tables.audit.iter().rev();
        Ok(newest_first
            .filter(|event| event.session == Some(session.sid) || tells_its_end(event))
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }
}

impl Tables {
    /// Appends the event of a change, in the change's own transaction.
    pub(super) fn record(&mut self, event: Option<&AuditEvent>) {
        self.audit.extend(event.cloned());
    }

    /// Appends the event of a change to a session, under the session's public name where it names none.
    pub(super) fn record_in(&mut self, session: SessionId, event: Option<&AuditEvent>) {
        self.audit.extend(event.cloned().map(|event| AuditEvent {
            session: event.session.or(Some(session)),
            ..event
        }));
    }
}
