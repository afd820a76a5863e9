//! Foreign tokens: refresh tokens that somebody else minted with a key that we share.

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::StoreError;
use super::sessions::{NewSession, Purged};
use crate::account::AccountId;
use crate::audit::AuditEvent;
use crate::sealed_id::SealingKeyId;
use crate::session::{SessionNumber, SessionRecord};

/// A foreign token that we know: imported, used, or blacklisted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignToken {
    /// Its `jti`, exactly as it stands in the token.
    pub token_id: String,
    /// Whose it is, as far as is known.
    pub account: Option<AccountId>,
    /// When it was first seen, or made as far as an import knows.
    pub created_at: UnixMillis,
    /// Its `exp`.
    pub expires_at: Timestamp,
    /// When it was blacklisted, if it was.
    pub blacklisted_at: Option<UnixMillis>,
    /// The session that its first use opened.
    pub session: Option<SessionNumber>,
}

/// A foreign token that is recorded for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewForeignToken {
    /// Its `jti`.
    pub token_id: String,
    /// The account that its user claim names.
    pub account: Option<AccountId>,
    /// Its `exp`.
    pub expires_at: Timestamp,
    /// Its `iat`; 0 where it has none.
    pub issued_at: Timestamp,
}

/// The first use of a foreign token: the session that it opens, and what must hold for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The token.
    pub token: NewForeignToken,
    /// Whether a token that was never recorded may be adopted (`signed`), or only an imported one (`recorded`).
    pub unrecorded: bool,
    /// The session to open for it.
    pub session: NewSession,
    /// The sealing keys under which the id did not open. If the store has others, the id may be ours after all.
    pub sealing_keys: Vec<SealingKeyId>,
}

/// How adopting went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// This caller was first; the session that was opened.
    Opened(SessionRecord),
    /// The token has been used or blacklisted before.
    Known(ForeignToken),
    /// Only recorded tokens are accepted, and this one is not.
    NotRecorded,
    /// The token was issued before something that revokes it.
    Revoked,
    /// The account is gone, inactive or changed.
    AccountChanged,
    /// The store's sealing keys are not those the id was tried with: reload and look again.
    SealingKeysChanged,
}

/// How blacklisting a foreign token went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignBlacklisting {
    /// It is blacklisted now.
    Done,
    /// It was already.
    Already,
    /// Its first use opened this session, which decides about it from then on.
    Adopted(SessionNumber),
    /// The store's sealing keys are not those the id was tried with: reload and look again.
    SealingKeysChanged,
}

/// Foreign tokens, one row per `jti`.
#[async_trait]
pub trait ForeignTokens: Send + Sync {
    /// Finds a foreign token by its id.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn find_foreign_token(&self, token_id: &str) -> Result<Option<ForeignToken>, StoreError>;

    /// Records the first use of a foreign token together with the session that it opens, in one step. Of any
    /// number of concurrent callers exactly one receives [`Adopted::Opened`].
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn adopt_foreign_token(
        &self,
        adoption: &Adoption,
        event: Option<&AuditEvent>,
    ) -> Result<Adopted, StoreError>;

    /// Blacklists a foreign token that no session stands for yet, recording it if need be, and appends a
    /// token entry. `sealing_keys` as in [`Adoption`].
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn blacklist_foreign_token(
        &self,
        token: &NewForeignToken,
        sealing_keys: &[SealingKeyId],
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ForeignBlacklisting, StoreError>;

    /// The second up to which foreign tokens of everybody are refused.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn everybody_revoked_before(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Removes up to `limit` rows that expired before `horizon`.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was removed.
    async fn purge_foreign_tokens(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError>;
}
