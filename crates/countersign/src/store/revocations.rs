//! The revocation log: append-only, in commit order, the one truth about what was revoked.

use async_trait::async_trait;
use countersign_token::{
    AccountState, KeyId, RevocationEntry, RevocationScope, SessionAddress, Timestamp, UnixMillis,
};

use super::StoreError;
use super::sessions::Purged;
use crate::account::AccountId;
use crate::audit::AuditEvent;
use crate::session::{EndCause, SessionId, SessionNumber};

/// What a log entry revokes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogScope {
    /// One token, by its id.
    Token(String),
    /// One session with all its forks.
    Session {
        /// The root's number, for nodes that open ids.
        number: SessionNumber,
        /// Its public name, for verifiers that do not.
        sid: SessionId,
    },
    /// All sessions of an account up to a number.
    AccountUpto {
        /// The account.
        account: AccountId,
        /// The highest number drawn when the entry was written.
        upto: u64,
        /// A root that lives on.
        except: Option<SessionNumber>,
    },
    /// Everybody's sessions up to a number.
    EverythingUpto(u64),
    /// Everything that a key signed, and the key itself: it verifies no more.
    Key(KeyId),
    /// Nothing: the signing keys have changed, and whoever holds them in memory reads them again.
    KeyRing,
    /// An account changed in a way that verifiers must know.
    AccountState {
        /// The account.
        account: AccountId,
        /// What became of it.
        state: AccountState,
    },
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place: strictly rising in commit order.
    pub sequence: u64,
    /// What it revokes.
    pub scope: LogScope,
    /// Why, where a session ended.
    pub cause: Option<EndCause>,
    /// When.
    pub at: UnixMillis,
    /// Until when it can still matter: the latest `exp` that it can match, plus leeway.
    pub forget_at: Timestamp,
}

impl LogEntry {
    /// The `forget_at` of an entry that stays for good: the end of the year 9999, the latest `exp` there is.
    pub const NEVER_FORGOTTEN: Timestamp = Timestamp::from_seconds(253_402_300_799);

    /// Whether the signing keys in memory are older than this entry.
    pub const fn changes_key_ring(&self) -> bool {
        matches!(self.scope, LogScope::Key(_) | LogScope::KeyRing)
    }

    /// The entry as the index of a node takes it; `None` if it revokes nothing.
    pub fn to_index_entry(&self) -> Option<RevocationEntry> {
        let scope = match &self.scope {
            LogScope::Token(id) => RevocationScope::Token {
                id: id.as_str().into(),
            },
            LogScope::Session { number, .. } => RevocationScope::Session {
                address: SessionAddress::Number(number.get()),
            },
            LogScope::AccountUpto {
                account,
                upto,
                except,
            } => RevocationScope::AccountUpto {
                account: account.get(),
                upto: *upto,
                except: except.map(SessionNumber::get),
            },
            LogScope::EverythingUpto(upto) => RevocationScope::EverythingUpto { upto: *upto },
            LogScope::Key(kid) => RevocationScope::Key { kid: kid.clone() },
            LogScope::KeyRing => return None,
            LogScope::AccountState { account, state } => RevocationScope::AccountState {
                account: account.get(),
                state: *state,
            },
        };
        Some(RevocationEntry {
            sequence: self.sequence,
            scope,
            forget_at: self.forget_at,
        })
    }
}

/// A token to be revoked by itself, whatever becomes of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRevocation {
    /// Its `jti`.
    pub token_id: String,
    /// Its `exp` plus leeway.
    pub forget_at: Timestamp,
}

/// The revocation log.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// A number that changes whenever anybody, in any process, may have appended to the log. Cheap.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read; verdicts are then refused, not guessed.
    async fn change_marker(&self) -> Result<u64, StoreError>;

    /// Up to `limit` entries after `sequence`, in order.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn log_entries_after(
        &self,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError>;

    /// Appends an entry for one token.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn revoke_token(
        &self,
        revocation: &TokenRevocation,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError>;

    /// Appends an entry for everything up to the highest number drawn so far, and moves everybody's
    /// `revoked_before` on. The entry is never forgotten: no row tells that its session is revoked, and a rotation
    /// that races it may extend any of them.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn revoke_everything(
        &self,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError>;

    /// Removes up to `limit` entries whose `forget_at` lies before `horizon`. The newest entry always stays,
    /// so that sequence numbers never repeat.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was removed.
    async fn purge_log(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError>;
}
