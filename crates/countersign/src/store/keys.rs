//! Keys at rest: wrapped by the master key, so that a store alone opens nothing.

use async_trait::async_trait;
use countersign_token::{Algorithm, KeyId, Timestamp, UnixMillis};

use super::StoreError;
use crate::audit::AuditEvent;
use crate::sealed_id::SealingKeyId;

/// Where a signing key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKeyState {
    /// Published, not signing yet.
    Standby,
    /// The one that signs.
    Active,
    /// Signs no more, still verifies.
    Retiring,
    /// Verifies no more.
    Retired,
    /// Verifies no more, because it is not to be trusted.
    Revoked,
}

impl SigningKeyState {
    /// Every state there is.
    pub const ALL: [Self; 5] = [
        Self::Standby,
        Self::Active,
        Self::Retiring,
        Self::Retired,
        Self::Revoked,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether tokens signed by a key in this state still verify. A key that verifies no more has no secret left.
    pub const fn verifies(self) -> bool {
        matches!(self, Self::Standby | Self::Active | Self::Retiring)
    }
}

/// A signing key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Its name in headers and the key set.
    pub kid: KeyId,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// Where it stands.
    pub state: SigningKeyState,
    /// Since when it stands there.
    pub since: UnixMillis,
    /// Its secret, wrapped by the master key; dropped once the key verifies no more.
    pub wrapped: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it began to sign, if it ever did.
    pub promoted_at: Option<UnixMillis>,
    /// Until when a token that it signed can be in force; known from the moment that it signs no more.
    pub keep_until: Option<Timestamp>,
}

/// A sealing key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingKeyRecord {
    /// Its number; sessions remember it.
    pub id: SealingKeyId,
    /// Its secret, wrapped by the master key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// All keys of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecords {
    /// A known text wrapped by the master key: it opens under the right one only.
    pub check_value: Vec<u8>,
    /// Signing keys, oldest first.
    pub signing: Vec<SigningKeyRecord>,
    /// Sealing keys, oldest first.
    pub sealing: Vec<SealingKeyRecord>,
}

/// A standby key to be made the one that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPromotion {
    /// The key that is to sign; it must stand by.
    pub kid: KeyId,
    /// The key that signs now, as the caller has seen it; `None` where none does.
    pub replaces: Option<KeyId>,
    /// Until when a token may be in force that the replaced key signs at this very moment, in a server that has not
    /// heard of the promotion yet. Tokens that are out already are for the store to add.
    pub keep_until: Timestamp,
}

/// A key to be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRevocation {
    /// The key.
    pub kid: KeyId,
    /// Where it stands, as the caller has seen it.
    pub from: SigningKeyState,
    /// The standby key that signs in its place, if it is the active one.
    pub successor: Option<KeyId>,
}

/// How a step in a key's life went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTransition {
    /// It is done.
    Done,
    /// A key does not stand where the caller has seen it; nothing was changed.
    Conflict,
}

/// How dropping a sealing key went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDrop {
    /// It is gone.
    Dropped,
    /// Sessions under it must still be kept; it stays.
    StillInUse,
    /// There is no such key.
    Unknown,
}

/// The keys at rest.
///
/// Whatever changes a signing key appends to the revocation log in the same step, [`LogScope::Key`] for a revoked one
/// and [`LogScope::KeyRing`] otherwise, so that running servers read the keys again. Neither entry is ever forgotten: a
/// server may sleep for any time, and what a stolen key signs can expire at any time.
///
/// [`LogScope::Key`]: super::LogScope::Key
/// [`LogScope::KeyRing`]: super::LogScope::KeyRing
#[async_trait]
pub trait KeyVault: Send + Sync {
    /// All keys; `None` for a store that has never been given any.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn load_keys(&self) -> Result<Option<KeyRecords>, StoreError>;

    /// Gives an empty store its first keys. Returns whether this call did: a store that has keys keeps them.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn found_keys(&self, keys: &KeyRecords) -> Result<bool, StoreError>;

    /// Adds a signing key, and tells running servers.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn add_signing_key(
        &self,
        key: &SigningKeyRecord,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError>;

    /// Makes a standby key active and the active one retiring, in one step, if both still stand there. The replaced
    /// key is kept until the latest of `promotion.keep_until` and the `keep_until` of every session there is: some of
    /// their tokens may be longer-lived than today's settings make them.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    async fn promote_signing_key(
        &self,
        promotion: &KeyPromotion,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError>;

    /// Makes a retiring key retired and drops its secret, if it still stands there and its `keep_until` has passed.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    async fn retire_signing_key(
        &self,
        kid: &KeyId,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError>;

    /// Revokes a key, drops its secret, appends an entry for it, and makes its successor active, all in one step, if
    /// both still stand where the caller has seen them. The active key is never revoked without a successor. The
    /// events are recorded together.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    async fn revoke_signing_key(
        &self,
        revocation: &KeyRevocation,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<KeyTransition, StoreError>;

    /// How many live sessions have a refresh token in force at `now` that was made while the key was active: those
    /// that end in effect if the key is revoked. Their forks count with them.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be counted.
    async fn count_sessions_of_key(&self, kid: &KeyId, now: UnixMillis) -> Result<u64, StoreError>;

    /// Adds a sealing key.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn add_sealing_key(&self, key: &SealingKeyRecord) -> Result<(), StoreError>;

    /// Removes a sealing key, whose ids are foreign from then on, unless a session that it seals must still be
    /// kept at `now`: dropping it then would make spent tokens look like somebody else's.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was removed.
    async fn drop_sealing_key(
        &self,
        id: SealingKeyId,
        now: Timestamp,
    ) -> Result<KeyDrop, StoreError>;
}
