//! Reading the audit log: its end, and onward from a place.

use super::{Authority, AuthorityError};
use crate::audit::AuditEvent;
use crate::store::{AuditFilter, AuditPage, AuditPlace, AuditSpan};

/// The end of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTail {
    /// The newest events that meet the filter, oldest first.
    pub events: Vec<AuditEvent>,
    /// Where the log ended then: whoever wants to know what comes goes on behind it.
    pub end: AuditPlace,
}

impl Authority {
    /// The most events that [`audit_tail`](Self::audit_tail) returns.
    pub const MAX_AUDIT_TAIL: u32 = 10_000;

    /// The newest events that meet the filter, at most `count` of them and [`MAX_AUDIT_TAIL`](Self::MAX_AUDIT_TAIL).
    ///
    /// The rarer they are, the more of the log is looked at, a bounded part at a time.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if they could not be read.
    pub async fn audit_tail(
        &self,
        filter: &AuditFilter,
        count: u32,
    ) -> Result<AuditTail, AuthorityError> {
        let count = usize::try_from(count.min(Self::MAX_AUDIT_TAIL)).unwrap_or(usize::MAX);
        let mut end = None;
        let mut before = None;
        let mut newest_first = Vec::new();
        loop {
            let span = AuditSpan::Before(before);
            let page = self.store.audit_page(filter, span, LOOKED_AT).await?;
            let Some((first, last)) = page.looked_at else {
                break;
            };
            end = end.or(Some(first));
            before = Some(last);
            newest_first.extend(page.events);
            if newest_first.len() >= count {
                break;
            }
        }
        newest_first.truncate(count);
        newest_first.reverse();
        Ok(AuditTail {
            events: newest_first,
            end: end.unwrap_or(AuditPlace::START),
        })
    }

    /// What of the next part of the log behind a place meets the filter, oldest first. The part is bounded, so that a
    /// log of any length is read in little memory; behind its last place lies the next one.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be read.
    pub async fn audit_after(
        &self,
        filter: &AuditFilter,
        place: AuditPlace,
    ) -> Result<AuditPage, AuthorityError> {
        let span = AuditSpan::After(place);
        Ok(self.store.audit_page(filter, span, LOOKED_AT).await?)
    }
}

/// How many events are looked at in one go: some milliseconds, and some hundred kilobytes if all are wanted.
const LOOKED_AT: u32 = 2_000;
