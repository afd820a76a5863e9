//! Accounts: up to which session they are revoked, and the state they are in.

use papaya::HashMap;

use super::{AccountState, RevocationEntry, forget, new_map};
use crate::time::Timestamp;

/// One record per account of which the log speaks.
pub(super) struct Accounts {
    records: HashMap<i64, Account>,
}

/// What the log says of one account; each part is the newest entry of its sort.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    sessions: Option<EndedSessions>,
    state: Option<Change>,
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
        Self { records: new_map() }
    }

    pub(super) fn revoke_upto(
        &self,
        account: i64,
        upto: u64,
        except: Option<u64>,
        entry: &RevocationEntry,
    ) {
        let RevocationEntry {
            sequence,
            forget_at,
            ..
        } = *entry;
        let new = EndedSessions {
            sequence,
            upto,
            except,
            forget_at,
        };
        self.change(account, |known| Account {
            sessions: Some(new.after(known.sessions)),
            ..known
        });
    }

    pub(super) fn change_state(&self, account: i64, state: AccountState, entry: &RevocationEntry) {
        if state == AccountState::CredentialChanged {
            return;
        }
        let RevocationEntry {
            sequence,
            forget_at,
            ..
        } = *entry;
        let new = Change {
            sequence,
            state,
            forget_at,
        };
        self.change(account, |known| Account {
            state: Some(new.after(known.state)),
            ..known
        });
    }

    pub(super) fn get(&self, account: i64) -> Option<Account> {
        self.records.pin().get(&account).copied()
    }

    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        forget(&self.records, |account| {
            account.forget_at().is_none_or(|at| at <= now)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    fn change(&self, account: i64, change: impl Fn(Account) -> Account) {
        let first = change(Account::default());
        self.records
            .pin()
            .update_or_insert(account, |known| change(*known), first);
    }
}

impl Account {
    pub(super) fn revokes(&self, number: u64) -> bool {
        self.sessions
            .is_some_and(|sessions| number <= sessions.upto && sessions.except != Some(number))
    }

    /// The state, if it is one in which tokens are refused.
    pub(super) fn refusing_state(&self) -> Option<AccountState> {
        let state = self.state?.state;
        matches!(state, AccountState::Deactivated | AccountState::Deleted).then_some(state)
    }

    fn forget_at(&self) -> Option<Timestamp> {
        let sessions = self.sessions.map(|sessions| sessions.forget_at);
        sessions.max(self.state.map(|state| state.forget_at))
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
