//! The revocation index: what was revoked, held in memory, asked on every request.
//!
//! The authority writes every revocation into an append-only log; verifiers feed the entries into
//! a [`RevocationIndex`]. Asking costs a few hash look-ups without a lock, so a protected request
//! needs no database and a logout still counts at once.
//!
//! The index is a plain data structure. Fetching the log, and what to do while it cannot be
//! fetched, is the business of whoever feeds it.

mod accounts;
mod tokens;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use papaya::{HashMap, ResizeMode};

use crate::key::KeyId;
use crate::time::Timestamp;

use accounts::Accounts;
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
    sessions: HashMap<SessionAddress, Timestamp>,
    accounts: Accounts,
    keys: HashMap<KeyId, Timestamp>,
    /// The highest session number that is revoked for everybody, plus one; 0 if none is. One
    /// number, never forgotten: session numbers are not used again.
    everything_below: AtomicU64,
    applied: AtomicU64,
}

impl RevocationIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self {
            tokens: Tokens::new(),
            sessions: new_map(),
            accounts: Accounts::new(),
            keys: new_map(),
            everything_below: AtomicU64::new(0),
            applied: AtomicU64::new(0),
        }
    }

    /// Takes an entry in.
    ///
    /// One task reads the log and calls this; nothing breaks if several do.
    pub fn apply(&self, entry: &RevocationEntry) {
        let forget_at = entry.forget_at;
        match &entry.scope {
            RevocationScope::Token { id } => self.tokens.insert(id, forget_at),
            RevocationScope::Session { address } => {
                extend(&self.sessions, *address, forget_at);
            }
            RevocationScope::Key { kid } => extend(&self.keys, kid.clone(), forget_at),
            RevocationScope::EverythingUpto { upto } => {
                self.everything_below
                    .fetch_max(upto.saturating_add(1), Ordering::AcqRel);
            }
            RevocationScope::AccountUpto {
                account,
                upto,
                except,
            } => {
                self.accounts.revoke_upto(*account, *upto, *except, entry);
            }
            RevocationScope::AccountState { account, state } => {
                self.accounts.change_state(*account, *state, entry);
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
        if self.tokens.contains(token.token_id) {
            return Some(RevokedBy::Token);
        }
        if token
            .session
            .is_some_and(|session| self.sessions.pin().contains_key(&session))
        {
            return Some(RevokedBy::Session);
        }
        let account = token.account.and_then(|account| self.accounts.get(account));
        let number = token.number;
        if account
            .zip(number)
            .is_some_and(|(account, number)| account.revokes(number))
        {
            return Some(RevokedBy::Account);
        }
        if number.is_some_and(|number| number < self.everything_below.load(Ordering::Acquire)) {
            return Some(RevokedBy::Everything);
        }
        if self.keys.pin().contains_key(token.key_id) {
            return Some(RevokedBy::Key);
        }
        account
            .and_then(|account| account.refusing_state())
            .map(RevokedBy::AccountState)
    }

    /// Drops the entries that no token can match any more; tells how many.
    pub fn forget_expired(&self, now: Timestamp) -> usize {
        self.tokens.forget_expired(now)
            + forget(&self.sessions, |forget_at| *forget_at <= now)
            + self.accounts.forget_expired(now)
            + forget(&self.keys, |forget_at| *forget_at <= now)
    }

    /// How many subjects have an entry.
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

/// A map whose writer finishes a resize before it goes on; readers never wait.
///
/// The library's default spreads a resize over later inserts and leaves two tables to be searched
/// until it is done: with a million entries a look-up then takes microseconds instead of 40 ns.
fn new_map<K, V>() -> HashMap<K, V> {
    HashMap::builder().resize_mode(ResizeMode::Blocking).build()
}

/// Keeps a subject until `forget_at`, or longer if it is kept longer already.
fn extend<K>(map: &HashMap<K, Timestamp>, subject: K, forget_at: Timestamp)
where
    K: std::hash::Hash + Eq,
{
    map.pin()
        .update_or_insert(subject, |known| forget_at.max(*known), forget_at);
}

/// Removes what the predicate picks and counts it; what a writer extends meanwhile stays.
fn forget<K, V>(map: &HashMap<K, V>, expired: impl Fn(&V) -> bool) -> usize
where
    K: std::hash::Hash + Eq,
{
    let map = map.pin();
    map.iter()
        .filter(|(_, value)| expired(value))
        .filter(|(subject, _)| {
            matches!(
                map.remove_if(*subject, |_, value| expired(value)),
                Ok(Some(_))
            )
        })
        .count()
}
