//! The audit log in memory.

use async_trait::async_trait;
use countersign_token::UnixMillis;

use super::{Batch, MemoryStore, Tables};
use crate::audit::AuditEvent;
use crate::session::{SessionId, SessionRecord};
use crate::store::{AuditFilter, AuditLog, AuditPage, AuditPlace, AuditSpan, Purged, StoreError};

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append_audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.tables().record(Some(event));
        Ok(())
    }

    async fn recent_audit(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let tables = self.tables();
        let newest_first = tables.audit.values().rev();
        Ok(newest_first.take(length(limit)).cloned().collect())
    }

    async fn audit_page(
        &self,
        filter: &AuditFilter,
        span: AuditSpan,
        look_at: u32,
    ) -> Result<AuditPage, StoreError> {
        let tables = self.tables();
        let all = tables.audit.iter();
        let looked_at: Vec<_> = match span {
            AuditSpan::After(place) => all
                .filter(|(at, _)| **at > place)
                .take(length(look_at))
                .collect(),
            AuditSpan::Before(place) => all
                .rev()
                .filter(|(at, _)| place.is_none_or(|place| **at < place))
                .take(length(look_at))
                .collect(),
        };
        let ends = looked_at.first().zip(looked_at.last());
        Ok(AuditPage {
            looked_at: ends.map(|((first, _), (last, _))| (**first, **last)),
            events: looked_at
                .iter()
                .filter(|(_, event)| meets(filter, event))
                .map(|(_, event)| (*event).clone())
                .collect(),
        })
    }

    async fn count_audit_before(&self, horizon: UnixMillis) -> Result<u64, StoreError> {
        let tables = self.tables();
        let older = tables.audit.values().rev().skip(1);
        let due = older.filter(|event| event.at < horizon).count();
        Ok(u64::try_from(due).unwrap_or(u64::MAX))
    }

    async fn purge_audit(&self, horizon: UnixMillis, limit: u32) -> Result<Purged, StoreError> {
        let mut tables = self.tables();
        let newest = tables.audit.keys().next_back().copied();
        let mut batch = Batch::of(limit);
        tables
            .audit
            .retain(|place, event| batch.keeps(event.at < horizon && Some(*place) != newest));
        Ok(batch.purged())
    }

    async fn audit_of_session(
        &self,
        session: &SessionRecord,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let ended_at = session.state.ended_at();
        let tells_its_end = |event: &AuditEvent| {
            event.session.is_none()
                && session.account.is_some()
                && event.subject == session.account
                && Some(event.at) == ended_at
        };
        let tables = self.tables();
        let newest_first = tables.audit.values().rev();
        Ok(newest_first
            .filter(|event| event.session == Some(session.sid) || tells_its_end(event))
            .take(length(limit))
            .cloned()
            .collect())
    }
}

impl Tables {
    /// Appends the event of a change, in the change's own transaction.
    pub(super) fn record(&mut self, event: Option<&AuditEvent>) {
        let Some(event) = event else { return };
        let newest = self.audit.keys().next_back().copied();
        let newest = newest.unwrap_or(AuditPlace::START).get();
        let place = AuditPlace::new(newest.saturating_add(1));
        self.audit.insert(place, event.clone());
    }

    /// Appends the event of a change to a session, under the session's public name where it names none.
    pub(super) fn record_in(&mut self, session: SessionId, event: Option<&AuditEvent>) {
        let named = event.cloned().map(|event| AuditEvent {
            session: event.session.or(Some(session)),
            ..event
        });
        self.record(named.as_ref());
    }
}

fn meets(filter: &AuditFilter, event: &AuditEvent) -> bool {
    (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
        && (filter.subject.is_none() || filter.subject == event.subject)
        && (filter.session.is_none() || filter.session == event.session)
        && filter.from.is_none_or(|from| event.at >= from)
        && filter.before.is_none_or(|before| event.at < before)
}

fn length(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
