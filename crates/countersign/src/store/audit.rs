//! The audit log's own access: lone events, and reading.

use async_trait::async_trait;

use super::StoreError;
use crate::audit::AuditEvent;

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
}
