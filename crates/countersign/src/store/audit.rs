//! The audit log's own access: lone events, reading, and dropping what is older than it must be kept.

use async_trait::async_trait;
use countersign_token::UnixMillis;

use super::StoreError;
use super::sessions::Purged;
use crate::account::AccountId;
use crate::audit::{AuditEvent, AuditKind};
use crate::session::{SessionId, SessionRecord};

/// The place of an event in the audit log: places count up in the order of commits, and none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditPlace(u64);

impl AuditPlace {
    /// The place before the first event.
    pub const START: Self = Self(0);

    /// The place of that number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Which events are asked for: those that meet every condition that is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// One of these kinds; empty for every kind.
    pub kinds: Vec<AuditKind>,
    /// About this account.
    pub subject: Option<AccountId>,
    /// About this session.
    pub session: Option<SessionId>,
    /// From this moment on.
    pub from: Option<UnixMillis>,
    /// Before this moment.
    pub before: Option<UnixMillis>,
}

/// Where a page begins, and which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSpan {
    /// Forward, behind this place: oldest first.
    After(AuditPlace),
    /// Backward, in front of this place, or from the end of the log: newest first.
    Before(Option<AuditPlace>),
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// Those of the events that were looked at that meet the filter, in the order of the span.
    pub events: Vec<AuditEvent>,
    /// The places of the first and the last event that were looked at; `None` where there were none.
    pub looked_at: Option<(AuditPlace, AuditPlace)>,
}

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

    /// Looks at the next `look_at` events of a span, and returns those that meet the filter.
    ///
    /// The bound is on what is looked at, so that a page costs the same however rare its events are. Whoever reads
    /// on asks for the span behind the last place that was looked at.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn audit_page(
        &self,
        filter: &AuditFilter,
        span: AuditSpan,
        look_at: u32,
    ) -> Result<AuditPage, StoreError>;

    /// Counts the events from before `horizon` that [`purge_audit`](Self::purge_audit) would come to.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be counted.
    async fn count_audit_before(&self, horizon: UnixMillis) -> Result<u64, StoreError>;

    /// Removes up to `limit` events from before `horizon`, oldest places first; never the newest event, from which
    /// places count on.
    ///
    /// A store may look at a bounded number of the oldest places only: an event that a wrong clock has dated into
    /// the future then keeps those behind it longer, and never shorter.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was removed.
    async fn purge_audit(&self, horizon: UnixMillis, limit: u32) -> Result<Purged, StoreError>;
}
