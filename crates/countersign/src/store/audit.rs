//! The audit log's own access: lone events, and reading.

use async_trait::async_trait;

use super::StoreError;
use crate::audit::AuditEvent;
use crate::session::SessionRecord;

/// The audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends an event that no other change carries, such as a refused sign-in.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn append_audit(&self, event: &AuditEvent) -> Result<(), StoreError>;

    /// The newest events, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn recent_audit(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError>;

    /// The newest events of a session, newest first, at most `limit`: those that name it, and those that name no session
    /// and are about its account at the very moment at which it ended, for what ends many sessions at once names none.
    ///
    /// For a person who asks: it may read the whole log.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn audit_of_session(
        &self,
        session: &SessionRecord,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError>;
}
