//! Sessions by either of their names.

use super::SessionAddress;
use super::dated::Dated;
use super::filter::Filter;
use crate::time::Timestamp;

/// Ended sessions.
///
/// A set for each form of address: an index is fed with one of them, and a number needs less room
/// than a public id. It is held as bytes, which need not be aligned, for the same reason.
pub(super) struct Sessions {
    numbers: Dated<[u8; 8]>,
    sids: Dated<[u8; 16]>,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self {
            numbers: Dated::new(),
            sids: Dated::new(),
        }
    }

    pub(super) fn insert(&self, address: SessionAddress, forget_at: Timestamp, filter: &Filter) {
        match address {
            SessionAddress::Number(number) => {
                self.numbers.extend(number.to_be_bytes(), forget_at, filter);
            }
            SessionAddress::Sid(sid) => self.sids.extend(sid, forget_at, filter),
        }
    }

    pub(super) fn contains(&self, address: SessionAddress, filter: &Filter) -> bool {
        match address {
            SessionAddress::Number(number) => self.numbers.contains(&number.to_be_bytes(), filter),
            SessionAddress::Sid(sid) => self.sids.contains(&sid, filter),
        }
    }

    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        self.numbers.forget_expired(now) + self.sids.forget_expired(now)
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.sids.len()
    }

    pub(super) fn mark_all(&self, filter: &Filter) {
        self.numbers.mark_all(filter);
        self.sids.mark_all(filter);
    }
}
