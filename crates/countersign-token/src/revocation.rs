//! The revocation index: what was revoked, held in memory, asked on every request.
//!
//! The authority writes every revocation into an append-only log; verifiers feed the entries into
//! a [`RevocationIndex`]. Asking costs a few words of memory and no lock, so a protected request
//! needs no database and a logout still counts at once.
//!
//! The index is a plain data structure. Fetching the log, and what to do while it cannot be
//! fetched, is the business of whoever feeds it.

mod accounts;
mod dated;
mod filter;
mod map;
mod sessions;
mod tokens;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::key::KeyId;
use crate::time::Timestamp;

use accounts::Accounts;
use dated::Dated;
use filter::Filter;
use sessions::Sessions;
use tokens::Tokens;

/// One entry of the revocation log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationEntry {
    /// The place in the log; later entries have higher numbers.
    pub sequence: u64,
    /// What is revoked.
    pub scope: RevocationScope,
    /// From this second on no token that the entry could match is in force, leeway included.
    pub forget_at: Timestamp,
}

/// What an entry of the log is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationScope {
    /// One token.
    Token {
        /// Its id.
        id: Box<str>,
    },
    /// All tokens of one session.
    Session {
        /// The session, in the form in which the holder of the index learns it from tokens.
        address: SessionAddress,
    },
    /// All sessions of an account up to a number, but for one.
    ///
    /// The newest entry of an account replaces all older ones.
    AccountUpto {
        /// The account.
        account: i64,
        /// The highest session number that is revoked.
        upto: u64,
        /// A session that lives on.
        except: Option<u64>,
    },
    /// All sessions of everybody up to a number.
    EverythingUpto {
        /// The highest session number that is revoked.
        upto: u64,
    },
    /// All tokens that a key signed.
    Key {
        /// Its name.
        kid: KeyId,
    },
    /// The state of an account changed.
    AccountState {
        /// The account.
        account: i64,
        /// What happened to it.
        state: AccountState,
    },
}

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// Its tokens are refused until it is reactivated.
    Deactivated,
    /// Its tokens count again, unless something else revoked them.
    Reactivated,
    /// Its password changed. Revokes nothing by itself: an account entry beside it says from which
    /// session on. Whoever keeps records of accounts drops the one of this account.
    CredentialChanged,
    /// Its record changed in another way: its names, rights, role, or what else is kept of it. Revokes nothing.
    /// Whoever keeps records of accounts drops the one of this account.
    RecordChanged,
    /// Its tokens are refused for good.
    Deleted,
}

/// How a token names its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionAddress {
    /// The number of the root, as the nodes of the authority open it from token ids.
    Number(u64),
    /// The public id, as remote verifiers find it in the session claim.
    Sid([u8; 16]),
}

/// What is known of a token, to look it up.
#[derive(Clone, Copy, Debug)]
pub struct TokenFacts<'a> {
    /// Its id.
    pub token_id: &'a str,
    /// The key that verified it.
    pub key_id: &'a KeyId,
    /// Its session, if it has one.
    pub session: Option<SessionAddress>,
    /// The number of its session's root, compared with the `upto` of entries. Without one, entries
    /// with `upto` do not match: other rules judge tokens that the authority did not number.
    pub number: Option<u64>,
    /// Its account.
    pub account: Option<i64>,
}

/// By what a token is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevokedBy {
    /// An entry for the token itself.
    Token,
    /// An entry for its session.
    Session,
    /// An entry for the sessions of its account.
    Account,
    /// An entry for everybody's sessions.
    Everything,
    /// An entry for the key that signed it.
    Key,
    /// The state of its account: deactivated or deleted.
    AccountState(AccountState),
}

/// Everything that is revoked and could still matter.
///
/// # Invariants
/// - Reads take no lock and never wait.
/// - Applying an entry twice is applying it once, and for each subject the entry of the highest
///   sequence decides, in whatever order entries arrive.
/// - An entry that was applied is seen by every [`check`](Self::check) that begins afterwards.
///
/// ```
/// use countersign_token::{
///     KeyId, RevocationEntry, RevocationIndex, RevocationScope, RevokedBy, Timestamp, TokenFacts,
/// };
///
/// let index = RevocationIndex::new();
/// let key_id = KeyId::parse("k1")?;
/// let token = TokenFacts {
///     token_id: "4f1c", key_id: &key_id, session: None, number: Some(7), account: Some(3),
/// };
/// assert_eq!(index.check(&token), None);
///
/// index.apply(&RevocationEntry {
///     sequence: 1,
///     scope: RevocationScope::AccountUpto { account: 3, upto: 9, except: None },
///     forget_at: Timestamp::from_seconds(1_893_456_600),
/// });
/// assert_eq!(index.check(&token), Some(RevokedBy::Account));
/// # Ok::<(), countersign_token::KeyIdError>(())
/// ```
pub struct RevocationIndex {
    tokens: Tokens,
    sessions: Sessions,
    accounts: Accounts,
    keys: Dated<KeyId>,
    /// The highest session number that is revoked for everybody, plus one; 0 if none is. One
    /// number, never forgotten: session numbers are not used again.
    everything_below: AtomicU64,
    applied: AtomicU64,
    /// What all maps hold, and what was forgotten since it was built. Replaced when it is full;
    /// readers take the one that is there.
    filter: ArcSwap<Filter>,
    /// Held by whoever changes something, for the maps know one writer. Readers never look at it.
    writer: Mutex<()>,
}

impl RevocationIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self {
            tokens: Tokens::new(),
            sessions: Sessions::new(),
            accounts: Accounts::new(),
            keys: Dated::new(),
            everything_below: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            filter: ArcSwap::from_pointee(Filter::for_subjects(0)),
            writer: Mutex::new(()),
        }
    }

    /// Takes an entry in.
    ///
    /// One task reads the log and calls this. If several do, they wait for each other.
    pub fn apply(&self, entry: &RevocationEntry) {
        let _writing = self.writing();
        let filter = self.filter_with_room();
        let forget_at = entry.forget_at;
        match &entry.scope {
            RevocationScope::Token { id } => self.tokens.insert(id, forget_at, &filter),
            RevocationScope::Session { address } => {
                self.sessions.insert(*address, forget_at, &filter);
            }
            RevocationScope::Key { kid } => self.keys.extend(kid.clone(), forget_at, &filter),
            RevocationScope::EverythingUpto { upto } => {
                self.everything_below
                    .fetch_max(upto.saturating_add(1), Ordering::AcqRel);
            }
            RevocationScope::AccountUpto {
                account,
                upto,
                except,
            } => {
                self.accounts
                    .revoke_upto(*account, *upto, *except, entry, &filter);
            }
            RevocationScope::AccountState { account, state } => {
                self.accounts.change_state(*account, *state, entry, &filter);
            }
        }
        self.applied.fetch_max(entry.sequence, Ordering::AcqRel);
    }

    /// Tells whether, and by what, a token is revoked.
    ///
    /// What is told first decides what a client reads, so the order is fixed, and it is that of SimpleJWT:
    /// the token, then what it belongs to (session, the sessions of its account, everybody's, its
    /// key), and only then the state of the account.
    pub fn check(&self, token: &TokenFacts<'_>) -> Option<RevokedBy> {
        let filter = self.filter.load();
        let TokenFacts {
            session,
            number,
            account,
            ..
        } = *token;
        if self.tokens.contains(token.token_id, &filter) {
            return Some(RevokedBy::Token);
        }
        if session.is_some_and(|session| self.sessions.contains(session, &filter)) {
            return Some(RevokedBy::Session);
        }
        if account
            .zip(number)
            .is_some_and(|(account, number)| self.accounts.revokes(account, number, &filter))
        {
            return Some(RevokedBy::Account);
        }
        if number.is_some_and(|number| self.revokes_everything_upto(number)) {
            return Some(RevokedBy::Everything);
        }
        if self.keys.contains(token.key_id, &filter) {
            return Some(RevokedBy::Key);
        }
        account
            .and_then(|account| self.accounts.refusing_state(account, &filter))
            .map(RevokedBy::AccountState)
    }

    /// Tells whether everybody's sessions up to this one are revoked.
    pub fn revokes_everything_upto(&self, number: u64) -> bool {
        number < self.everything_below.load(Ordering::Acquire)
    }

    /// Drops the entries that no token can match any more; tells how many.
    pub fn forget_expired(&self, now: Timestamp) -> usize {
        let _writing = self.writing();
        let forgotten = self.tokens.forget_expired(now)
            + self.sessions.forget_expired(now)
            + self.accounts.forget_expired(now)
            + self.keys.forget_expired(now);
        if forgotten > 0 {
            self.replace_filter();
        }
        forgotten
    }

    /// How many entries decide something; of several about one subject only the newest does.
    pub fn len(&self) -> usize {
        let everything = self.everything_below.load(Ordering::Acquire) > 0;
        self.tokens.len()
            + self.sessions.len()
            + self.accounts.len()
            + self.keys.len()
            + usize::from(everything)
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The highest sequence that was applied; 0 if none was. Where to resume the log.
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// Nothing that could panic leaves anything half done, so what a poisoned lock guards is sound.
    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn filter_with_room(&self) -> Arc<Filter> {
        let filter = self.filter.load_full();
        if filter.is_full() {
            self.replace_filter()
        } else {
            filter
        }
    }

    /// Builds a filter of what the maps hold now, with room for more.
    fn replace_filter(&self) -> Arc<Filter> {
        let filter = Arc::new(Filter::for_subjects(self.len()));
        self.tokens.mark_all(&filter);
        self.sessions.mark_all(&filter);
        self.accounts.mark_all(&filter);
        self.keys.mark_all(&filter);
        self.filter.store(Arc::clone(&filter));
        filter
    }
}

impl Default for RevocationIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RevocationIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationIndex")
            .field("len", &self.len())
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}
