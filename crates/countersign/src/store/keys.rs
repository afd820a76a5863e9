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

    /// Whether tokens signed by a key in this state still verify.
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
    /// Its secret, wrapped by the master key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: UnixMillis,
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

    /// Adds a signing key.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn add_signing_key(
        &self,
        key: &SigningKeyRecord,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError>;

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
