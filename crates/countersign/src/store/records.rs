//! Records: the refresh and sliding tokens that a store knows of, listed for people. They decide nothing.

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::StoreError;
use super::sessions::Purged;
use crate::account::AccountId;
use crate::sealed_id::{GenerationAddress, SealingKeyId, TokenAddress};
use crate::session::{FirstToken, Generation, SessionId, SessionNumber};

/// Which of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenList {
    /// Every token on record: the current one of each session, ended or not; those that were rotated out, where
    /// that is recorded; and those that somebody else minted.
    Outstanding,
    /// Those of them that are blacklisted: by themselves, by the end of their session or of its root, because
    /// everything was revoked, or because they were rotated out.
    ///
    /// What is refused for another reason, such as its time or its account, is not.
    Blacklisted,
}

/// Which tokens are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenFilter {
    /// The list.
    pub list: TokenList,
    /// Whose; `None` for everybody's.
    pub account: Option<AccountId>,
}

/// A token's place in the lists, which are in this order: the current tokens, those of the newest session first;
/// those that were rotated out, the latest rotation first; foreign ones, in the order of their ids.
///
/// A place stays what it is whatever becomes of the rows around it, so that a list can be read page by page. What was
/// rotated out is purged oldest first, as near as lives are alike: behind a token that is gone there is none left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// The current token of a session.
    Current(SessionNumber),
    /// One that was rotated out.
    RotatedOut(SessionNumber, Generation),
    /// One that somebody else minted.
    Foreign(String),
}

/// What a token's id is made from. Ids of ours are computed, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedToken {
    /// The current token of a session.
    Current(SealedToken),
    /// One that was rotated out.
    RotatedOut(SealedToken),
    /// One that somebody else minted, by its id.
    Foreign(String),
}

impl RecordedToken {
    /// What it is looked up by.
    pub fn name(&self) -> TokenName {
        match self {
            Self::Current(token) | Self::RotatedOut(token) => {
                TokenName::Ours(token.at.session, token.at.generation)
            }
            Self::Foreign(id) => TokenName::Foreign(id.clone()),
        }
    }

    /// Its place in the lists.
    pub fn place(&self) -> TokenPlace {
        match self {
            Self::Current(token) => TokenPlace::Current(token.at.session),
            Self::RotatedOut(token) => {
                TokenPlace::RotatedOut(token.at.session, token.at.generation)
            }
            Self::Foreign(id) => TokenPlace::Foreign(id.clone()),
        }
    }
}

/// A token of ours, before its id is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedToken {
    /// Its session and generation.
    pub at: GenerationAddress,
    /// What the session's generation 0 is.
    pub first_token: FirstToken,
    /// The key that seals the session's ids.
    pub key: SealingKeyId,
}

impl SealedToken {
    /// The token of a generation; `None` where that is a foreign token, which has a row of its own, or where the
    /// session has no refresh token.
    pub fn of(
        session: SessionNumber,
        sid: SessionId,
        generation: Generation,
        first_token: FirstToken,
        key: SealingKeyId,
    ) -> Option<Self> {
        let at = GenerationAddress {
            session,
            generation,
            salt: sid.salt(),
        };
        let is_foreign = first_token == FirstToken::Foreign && generation == Generation::FIRST;
        (!is_foreign && first_token != FirstToken::Single).then_some(Self {
            at,
            first_token,
            key,
        })
    }

    /// What its id seals.
    pub fn address(&self) -> TokenAddress {
        if self.first_token == FirstToken::Sliding && self.at.generation == Generation::FIRST {
            TokenAddress::Sliding(self.at)
        } else {
            TokenAddress::Refresh(self.at)
        }
    }
}

/// A token as the lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Which it is.
    pub token: RecordedToken,
    /// Whose it is, as far as is known. The account may be gone.
    pub account: Option<AccountId>,
    /// When it was made; a foreign one, when it was first seen, or made as far as an import knows.
    pub created_at: UnixMillis,
    /// Its `exp`, or the end of a sliding token's window.
    pub expires_at: Timestamp,
    /// Since when it is blacklisted, if it is.
    pub blacklisted_at: Option<UnixMillis>,
}

/// What one token is looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenName {
    /// A token of ours: what its id opens to.
    Ours(SessionNumber, Generation),
    /// A foreign token's id.
    Foreign(String),
}

/// What a purge would remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgePreview {
    /// Up to where it might go.
    pub horizon: Timestamp,
    /// Sessions that are due.
    pub sessions: u64,
    /// Records of tokens that were rotated out that are due.
    pub rotated_out: u64,
    /// Foreign tokens that are due.
    pub foreign_tokens: u64,
    /// Log entries that are due.
    pub log_entries: u64,
}

/// The tokens on record.
///
/// A page costs a number of statements that hangs neither on its length nor on how much the store holds.
#[async_trait]
pub trait TokenRecords: Send + Sync {
    /// Up to `limit` tokens of a list behind the place `after`, in the order of [`TokenPlace`].
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_tokens(
        &self,
        filter: &TokenFilter,
        after: Option<&TokenPlace>,
        limit: u32,
    ) -> Result<Vec<TokenRecord>, StoreError>;

    /// Finds one token, if it is on record.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn find_token(&self, name: &TokenName) -> Result<Option<TokenRecord>, StoreError>;

    /// Counts what is due, up to where [`move_purge_horizon`](super::Sessions::move_purge_horizon) would let a purge
    /// go with the same arguments. The horizon stays where it is, and nothing is removed.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn preview_purge(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<PurgePreview, StoreError>;

    /// Removes the records of up to `limit` tokens that were rotated out and expired before `horizon`.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was removed.
    async fn purge_rotated_out(&self, horizon: Timestamp, limit: u32)
    -> Result<Purged, StoreError>;
}
