//! Sessions: the rows that decide.

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::StoreError;
use crate::account::AccountId;
use crate::audit::AuditEvent;
use crate::device::Device;
use crate::rotation::{RotationStep, later};
use crate::sealed_id::SealingKeyId;
use crate::session::{
    ClientDigest, EndCause, FirstToken, Generation, Lineage, SessionId, SessionNumber,
    SessionRecord, SessionState,
};

/// A session to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its public name, freshly drawn.
    pub sid: SessionId,
    /// Whose it is; `None` for a session without account.
    pub account: Option<AccountId>,
    /// What must still be true of the account when the session is inserted.
    pub guard: AccountGuard,
    /// The key that seals its token ids.
    pub sealing_key: SealingKeyId,
    /// What generation 0 is.
    pub first_token: FirstToken,
    /// [`Generation::FIRST`], or the one after it for a foreign token that is rotated at first use.
    pub generation: Generation,
    /// When it is opened.
    pub created_at: UnixMillis,
    /// The `exp` of its refresh token.
    pub refresh_expires_at: Timestamp,
    /// Its absolute end, if it has one.
    pub deadline: Option<Timestamp>,
    /// Until when its row must be kept.
    pub keep_until: Timestamp,
    /// The client that opens it.
    pub client: ClientDigest,
    /// The device that it is opened from, where that is recorded; a row of its own beside the session's.
    pub device: Option<Device>,
    /// Whether it may be used at once; else it waits for [`Sessions::enable_session`].
    pub enabled: bool,
    /// How many live sessions the account may have, this one included; the oldest end with
    /// [`EndCause::SessionLimit`]. Those of a [`FirstToken::Single`] are not counted, and stay.
    pub limit: Option<u32>,
}

/// What must still be true of an account when a session of its is inserted, judged under a lock on the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountGuard {
    /// The account is in this store: it must exist with this credential version.
    Stored {
        /// The version that the password was checked against.
        credential_version: i64,
        /// Whether it must be active, too.
        must_be_active: bool,
    },
    /// There is no account.
    Nobody,
    /// The account lives elsewhere; the caller checks it again after the insert.
    Elsewhere {
        /// The version to remember.
        credential_version: i64,
    },
}

impl AccountGuard {
    /// The credential version that the session remembers.
    pub const fn credential_version(self) -> i64 {
        match self {
            Self::Stored {
                credential_version, ..
            }
            | Self::Elsewhere { credential_version } => credential_version,
            Self::Nobody => 0,
        }
    }
}

impl NewSession {
    /// The row that this session becomes under `number`.
    pub fn into_record(self, number: SessionNumber) -> SessionRecord {
        SessionRecord {
            number,
            sid: self.sid,
            root: number,
            account: self.account,
            generation: self.generation,
            sealing_key: self.sealing_key,
            first_token: self.first_token,
            created_at: self.created_at,
            rotated_at: self.created_at,
            refresh_expires_at: self.refresh_expires_at,
            deadline: self.deadline,
            keep_until: self.keep_until,
            credential_version: self.guard.credential_version(),
            client: self.client,
            state: if self.enabled {
                SessionState::Live
            } else {
                SessionState::Disabled
            },
            blacklisted_at: None,
        }
    }
}

/// How opening a session went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// The session is open.
    Opened(SessionRecord),
    /// The account is gone, inactive or has another credential by now; nothing was written.
    AccountChanged,
}

/// A fork to be opened under the root of an existing session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The session whose token asks.
    pub from: SessionNumber,
    /// The client that asks.
    pub client: ClientDigest,
    /// When.
    pub now: UnixMillis,
    /// The `exp` of the fork's refresh token before it is capped to the deadline.
    pub refresh_expires_at: Timestamp,
    /// How much longer than its refresh token any token may live, leeway included, in seconds.
    pub keep_beyond_seconds: i64,
}

impl Fork {
    /// The row that this fork becomes under `number`. It inherits its root, public name, account and deadline.
    pub fn opened_from(&self, from: &SessionRecord, number: SessionNumber) -> SessionRecord {
        let refresh_expires_at = from.deadline.map_or(self.refresh_expires_at, |deadline| {
            deadline.min(self.refresh_expires_at)
        });
        SessionRecord {
            number,
            generation: Generation::FIRST,
            first_token: match from.first_token {
                FirstToken::GenericRefresh => FirstToken::GenericRefresh,
                FirstToken::Refresh
                | FirstToken::Sliding
                | FirstToken::Foreign
                | FirstToken::Single => FirstToken::Refresh,
            },
            created_at: self.now,
            rotated_at: self.now,
            refresh_expires_at,
            keep_until: later(refresh_expires_at, self.keep_beyond_seconds),
            client: self.client,
            ..from.clone()
        }
    }
}

/// How forking went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forked {
    /// The fork is open.
    Opened(SessionRecord),
    /// The session or its root has ended, or is gone; nothing was written.
    Refused(Option<Lineage>),
}

/// How a rotation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// This caller moved the session on; the row as it is now.
    Won(SessionRecord),
    /// The row did not match; why is for [`rotation::decide`](crate::rotation::decide) to say. `None`: no such row.
    Lost(Option<Lineage>),
}

/// How blacklisting a row's own token went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blacklisting {
    /// The token is blacklisted now.
    Done,
    /// It was already, or its session had ended.
    Already,
    /// There is no such row.
    Unknown,
}

/// How ending a session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The session has ended now.
    Ended,
    /// It had ended before, with this cause, which stays.
    Already(EndCause),
    /// There is no such session.
    Unknown,
}

/// How enabling a session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabling {
    /// It may be used from now on.
    Enabled,
    /// It could be used before.
    Already,
    /// It has ended, with this cause, and stays so.
    Ended(EndCause),
    /// There is no such session.
    Unknown,
}

/// What one batch of cleaning removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Rows that were removed.
    pub removed: u64,
    /// Whether the batch was full, so that another one may find more.
    pub more: bool,
}

/// Sessions, one narrow row each.
///
/// A verb that changes nothing records neither event nor log entry. An entry is kept as long as any token that it
/// can match, those of sessions that ended before included: the newest entry of an account replaces older ones.
///
/// An event that names no session is recorded under the public name of the row that the verb acts on: a
/// refresh knows its session by number only.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Opens a session: locks its account, checks the guard, draws the number, ends the oldest sessions
    /// above the limit, and writes the row and that of its device, all in one step.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written; also if another root has this public name.
    async fn open_session(
        &self,
        session: &NewSession,
        event: Option<&AuditEvent>,
    ) -> Result<Opening, StoreError>;

    /// Opens a fork under the root of `fork.from`, and moves the root's `keep_until`. It inherits account,
    /// credential version and deadline, so that no guard is needed. A session that is blacklisted, disabled or
    /// ended, by itself or with its root, is refused.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn fork_session(
        &self,
        fork: &Fork,
        event: Option<&AuditEvent>,
    ) -> Result<Forked, StoreError>;

    /// Finds a session and the state of its root.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn find_session(&self, number: SessionNumber) -> Result<Option<Lineage>, StoreError>;

    /// Moves the session on to the next generation and records the event, in one step, if
    /// [`rotation::may_rotate`](crate::rotation::may_rotate) holds. Of any number of concurrent callers with
    /// the same expected generation, exactly one receives [`Rotation::Won`]. Rotating a fork moves its root's
    /// `keep_until`, too. Where the step says so, the token that is rotated out is recorded for the lists.
    ///
    /// # Errors
    /// [`StoreError`]: the token is not spent, unless the outcome of the commit is unknown.
    async fn rotate(
        &self,
        step: &RotationStep,
        event: Option<&AuditEvent>,
    ) -> Result<Rotation, StoreError>;

    /// Marks a row's own refresh token as blacklisted; its family lives on. Appends a token entry for `token_id`.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn blacklist_session_token(
        &self,
        number: SessionNumber,
        token_id: &str,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Blacklisting, StoreError>;

    /// Lets a session's root be used that waited for it.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn enable_session(
        &self,
        number: SessionNumber,
        event: Option<&AuditEvent>,
    ) -> Result<Enabling, StoreError>;

    /// Ends the root of a session, once, and appends a session entry. A session that has ended keeps its cause.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn end_session(
        &self,
        number: SessionNumber,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Ending, StoreError>;

    /// Ends every live session of an account but `except`, and appends one account entry up to the highest
    /// number drawn so far. Returns how many ended. The account's `revoked_before` moves on to `now`, for
    /// foreign tokens that opened no session yet. An exception that has ended or is another account's is none.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn end_sessions_of(
        &self,
        account: AccountId,
        except: Option<SessionNumber>,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<u64, StoreError>;

    /// The live roots of an account, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn live_sessions_of(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError>;

    /// The newest `limit` roots of an account, newest first, ended ones included.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn sessions_of(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, StoreError>;

    /// Finds a root by its public name.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn find_session_by_sid(
        &self,
        sid: SessionId,
    ) -> Result<Option<SessionRecord>, StoreError>;

    /// Says up to where the store may be purged by whoever wants to purge up to `wanted`, and remembers what was
    /// wanted. With a bound the answer is no later than what was wanted the *last* time, and at most so many
    /// seconds past the last answer: a clock that jumped ahead would otherwise delete what is alive, and must be
    /// wrong twice to delete a little. A store that was never purged counts from its oldest session.
    ///
    /// # Errors
    /// [`StoreError`]: the horizon is where it was.
    async fn move_purge_horizon(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<Timestamp, StoreError>;

    /// Removes up to `limit` rows whose `keep_until` lies before `horizon`, each with its device.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was removed.
    async fn purge_sessions(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError>;
}
