//! Accounts as they were read last, so that a protected request need not read its account again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_token::Authenticated;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::Authority;
use super::naming::number_of;
use crate::account::{Account, AccountId, Residence};
use crate::policy::UserField;
use crate::store::{LogScope, StoreError};

/// The accounts of our own table whose tokens were shown last.
///
/// # Invariants
/// - What is here is what the store held after the last entry of the log about that account which the feed has applied.
///   Two things are in no entry, and may be older: `last_login`, and the stored form of an unchanged password.
/// - Whether a session lives is no part of it: that comes from the revocation index every time.
pub(super) struct AccountMemory {
    /// By number, bounded by weight. Numbers are our own, so that nobody can choose what collides.
    known: Cache<i64, Arc<Account>, Bytes>,
    /// How often anything was dropped. A mutex and no atomic, because a record that was read before a drop must not
    /// be kept after it: whoever keeps one compares and inserts under it, whoever drops counts and removes under it.
    /// Taken once per record that is read or changed, never by a request that finds its account here.
    drops: Mutex<u64>,
}

/// A moment before an account is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Before(u64);

impl AccountMemory {
    pub(super) fn new() -> Self {
        Self {
            known: Cache::with_weighter(EXPECTED_ACCOUNTS, MOST_BYTES, Bytes),
            drops: Mutex::new(0),
        }
    }

    pub(super) fn get(&self, id: AccountId) -> Option<Arc<Account>> {
        self.known.get(&id.get())
    }

    /// To be asked before an account is read that is to be kept.
    pub(super) fn before_reading(&self) -> Before {
        Before(*self.drops())
    }

    /// Keeps an account, unless something was dropped since it was about to be read.
    pub(super) fn keep(&self, account: Account, before: Before) {
        let drops = self.drops();
        if Before(*drops) == before {
            self.known.insert(account.id.get(), Arc::new(account));
        }
    }

    /// Drops what an entry of the log makes stale.
    pub(super) fn follow(&self, scope: &LogScope) {
        match scope {
            LogScope::AccountUpto { account, .. } | LogScope::AccountState { account, .. } => {
                *self.drops() += 1;
                self.known.remove(&account.get());
            }
            LogScope::Token(_)
            | LogScope::Session { .. }
            | LogScope::EverythingUpto(_)
            | LogScope::Key(_)
            | LogScope::KeyRing => {}
        }
    }

    /// Drops everything: entries were purged that this process has not read.
    pub(super) fn drop_all(&self) {
        *self.drops() += 1;
        self.known.clear();
    }

    fn drops(&self) -> MutexGuard<'_, u64> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authority {
    /// The account that a token of ours names, from memory where it is there. The feed must be fresh.
    ///
    /// Read every time are accounts that live elsewhere, whose changes are in no log, and those that tokens call by
    /// another name than their number.
    pub(super) async fn account_remembered(
        &self,
        token: &Authenticated,
    ) -> Result<Option<Account>, StoreError> {
        let is_followed = self.policy.tokens.user_field == UserField::Id
            && self.accounts.residence() == Residence::InStore;
        let Some(id) = number_of(token).filter(|_| is_followed) else {
            return self.account_named(token).await;
        };
        let memory = self.feed.accounts();
        if let Some(known) = memory.get(id) {
            return Ok(Some(Account::clone(&known)));
        }
        let before = memory.before_reading();
        let found = self.accounts.find_account(id).await?;
        if let Some(account) = &found {
            memory.keep(account.clone(), before);
        }
        Ok(found)
    }
}

/// What a remembered account takes, more or less.
#[derive(Clone)]
struct Bytes;

impl Weighter<i64, Arc<Account>> for Bytes {
    fn weight(&self, _: &i64, account: &Arc<Account>) -> u64 {
        let texts = [
            account.username.len(),
            account.email.len(),
            account.password.as_stored().len(),
            account.password_mark.as_str().len(),
            account.attributes.to_json().len(),
        ];
        let bytes = size_of::<Account>() + texts.iter().sum::<usize>();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Accounts of usual size that have room.
const EXPECTED_ACCOUNTS: usize = 16_000;

/// All of them together.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use countersign_token::{AccountState, ClaimsSet, UnixMillis};

    use super::*;
    use crate::account::{Privileges, Standing};
    use crate::password::{EncodedPassword, PasswordMark};
    use crate::uuid::Uuid;

    fn account(id: i64) -> Account {
        let password = EncodedPassword::from_stored("argon2$x".to_owned());
        Account {
            id: AccountId::new(id),
            uuid: Uuid::from_bytes([7; 16]),
            username: format!("user {id}"),
            email: String::new(),
            email_verified: false,
            password_mark: PasswordMark::of(&password),
            password,
            credential_version: 1,
            standing: Standing::Active,
            privileges: Privileges::default(),
            role: 0,
            password_needs_reset: false,
            created_at: UnixMillis::from_seconds(0),
            last_login: None,
            revoked_before: None,
            attributes: ClaimsSet::new(),
        }
    }

    fn changed(id: i64) -> LogScope {
        LogScope::AccountState {
            account: AccountId::new(id),
            state: AccountState::RecordChanged,
        }
    }

    fn knows(memory: &AccountMemory, id: i64) -> bool {
        memory.get(AccountId::new(id)).is_some()
    }

    #[test]
    fn an_entry_about_an_account_drops_it_and_no_other() {
        let memory = AccountMemory::new();
        for id in [1, 2] {
            memory.keep(account(id), memory.before_reading());
        }
        memory.follow(&LogScope::KeyRing);
        assert!(knows(&memory, 1));
        memory.follow(&changed(1));
        assert!(!knows(&memory, 1));
        assert!(knows(&memory, 2));
        memory.drop_all();
        assert!(!knows(&memory, 2));
    }

    /// Read, then changed and dropped by somebody else, then kept: it would stay for good.
    #[test]
    fn what_was_read_before_a_drop_is_not_kept_after_it() {
        let memory = AccountMemory::new();
        let before = memory.before_reading();
        memory.follow(&changed(1));
        memory.keep(account(1), before);
        assert!(!knows(&memory, 1));
        let before = memory.before_reading();
        memory.drop_all();
        memory.keep(account(1), before);
        assert!(!knows(&memory, 1));
    }

    #[test]
    fn accounts_weigh_what_is_kept_of_them() {
        let heavy = |id| {
            let text = format!(r#"{{"about":"{}"}}"#, "x".repeat(8_000));
            let attributes = ClaimsSet::parse(&text).unwrap();
            Account {
                attributes,
                ..account(id)
            }
        };
        let memory = AccountMemory::new();
        for id in 1..=2_000 {
            memory.keep(heavy(id), memory.before_reading());
        }
        assert!(memory.known.weight() <= MOST_BYTES);
        assert!(memory.known.len() < 1_100, "{}", memory.known.len());
    }
}
