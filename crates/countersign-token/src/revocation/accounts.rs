//! Accounts: up to which session they are revoked, and the state they are in.

use super::filter::Filter;
use super::map::Map;
use super::{AccountState, RevocationEntry};
use crate::time::Timestamp;

/// The newest entry of either sort for each account of which the log speaks.
pub(super) struct Accounts {
    sessions: Map<i64, EndedSessions>,
    states: Map<i64, Change>,
}

#[derive(Clone, Copy, Debug)]
struct EndedSessions {
    sequence: u64,
    upto: u64,
    except: Option<u64>,
    forget_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    sequence: u64,
    state: AccountState,
    forget_at: Timestamp,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self {
            sessions: Map::new(),
            states: Map::new(),
        }
    }

    pub(super) fn revoke_upto(
        &self,
        account: i64,
        upto: u64,
        except: Option<u64>,
        entry: &RevocationEntry,
        filter: &Filter,
    ) {
        let new = EndedSessions {
            sequence: entry.sequence,
            upto,
            except,
            forget_at: entry.forget_at,
        };
        let known = self.sessions.get(&account, filter);
        self.sessions.put(account, new.after(known), filter);
    }

    pub(super) fn change_state(
        &self,
        account: i64,
        state: AccountState,
        entry: &RevocationEntry,
        filter: &Filter,
    ) {
        if matches!(
            state,
            AccountState::CredentialChanged | AccountState::RecordChanged
        ) {
            return;
        }
        let new = Change {
            sequence: entry.sequence,
            state,
            forget_at: entry.forget_at,
        };
        let known = self.states.get(&account, filter);
        self.states.put(account, new.after(known), filter);
    }

    /// Whether the sessions of the account are revoked up to this one, or further.
    pub(super) fn revokes(&self, account: i64, number: u64, filter: &Filter) -> bool {
        let ended = self.sessions.get(&account, filter);
        ended.is_some_and(|ended| number <= ended.upto && ended.except != Some(number))
    }

    /// The state of the account, if it is one in which tokens are refused.
    pub(super) fn refusing_state(&self, account: i64, filter: &Filter) -> Option<AccountState> {
        let state = self.states.get(&account, filter)?.state;
        matches!(state, AccountState::Deactivated | AccountState::Deleted).then_some(state)
    }

    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        self.sessions.forget(|ended| ended.forget_at <= now)
            + self.states.forget(|change| change.forget_at <= now)
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len() + self.states.len()
    }

    pub(super) fn mark_all(&self, filter: &Filter) {
        self.sessions.mark_all(filter);
        self.states.mark_all(filter);
    }
}

impl EndedSessions {
    /// The newer of the two; it is kept as long as either would be.
    fn after(self, known: Option<Self>) -> Self {
        let Some(known) = known else {
            return self;
        };
        let forget_at = self.forget_at.max(known.forget_at);
        let newest = if known.sequence > self.sequence {
            known
        } else {
            self
        };
        Self {
            forget_at,
            ..newest
        }
    }
}

impl Change {
    /// The newer of the two, but nothing follows a deletion. Kept as long as either would be: a
    /// reactivation that is forgotten first would let an older entry, read again, count.
    fn after(self, known: Option<Self>) -> Self {
        let Some(known) = known else {
            return self;
        };
        let forget_at = self.forget_at.max(known.forget_at);
        let newest = if known.outranks(&self) { known } else { self };
        Self {
            forget_at,
            ..newest
        }
    }

    fn outranks(&self, other: &Self) -> bool {
        let rank = |state: &Self| (state.state == AccountState::Deleted, state.sequence);
        rank(self) > rank(other)
    }
}
