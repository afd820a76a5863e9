//! All keys that are still accepted.

mod read;

use serde::Serialize;

use super::id::KeyId;
use super::jwk::PublicJwk;
use super::verification::VerificationKey;

pub use read::JwkSetError;

/// The keys that a verifier accepts, told apart by their names (RFC 7517 §5).
///
/// May be empty: then no token verifies. The number of keys is bounded, because a token that names
/// no key, or an unknown one, is tried with every key of its algorithm.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
}

impl KeySet {
    /// Keys that a set may hold.
    pub const MAX_KEYS: usize = 64;

    /// Takes keys with different names.
    ///
    /// # Errors
    /// - [`KeySetError::DuplicateKeyId`] if two keys have one name.
    /// - [`KeySetError::TooManyKeys`] above 64.
    pub fn new(keys: Vec<VerificationKey>) -> Result<Self, KeySetError> {
        if keys.len() > Self::MAX_KEYS {
            return Err(KeySetError::TooManyKeys { count: keys.len() });
        }
        for (position, key) in keys.iter().enumerate() {
            if keys
                .iter()
                .skip(position + 1)
                .any(|other| other.key_id() == key.key_id())
            {
                return Err(KeySetError::DuplicateKeyId {
                    key_id: key.key_id().clone(),
                });
            }
        }
        Ok(Self { keys })
    }

    /// The keys, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        self.keys.iter()
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key of that name, compared byte for byte.
    pub fn get(&self, key_id: &str) -> Option<&VerificationKey> {
        self.keys.iter().find(|key| key.key_id().as_str() == key_id)
    }

    /// The set as others may see it: a JWK Set (RFC 7517 §5) of the public keys.
    ///
    /// Every entry has `kid`, `use` and `alg`. MAC keys are left out: they have no public half.
    pub fn jwk_set(&self) -> String {
        let keys = self
            .keys
            .iter()
            .filter_map(VerificationKey::public_jwk)
            .collect();
        // Strings alone, and no map with keys of another type: this value has a JSON form.
        crate::json::to_ascii(&JwkSet { keys }).unwrap_or_else(|_| r#"{"keys":[]}"#.to_owned())
    }
}

/// Why keys do not form a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Two keys have one name.
    #[error("two keys have the key id {key_id}")]
    DuplicateKeyId {
        /// The name.
        key_id: KeyId,
    },
    /// More keys than a token may be tried with.
    #[error("{count} keys are too many")]
    TooManyKeys {
        /// How many there are.
        count: usize,
    },
}

#[derive(Serialize)]
struct JwkSet<'a> {
    keys: Vec<PublicJwk<'a>>,
}
