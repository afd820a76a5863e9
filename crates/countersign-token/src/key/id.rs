//! Key IDs: names of keys, chosen by us or derived from the key.

use std::fmt;

use crate::algorithm::Algorithm;
use crate::header::PreparedHeaders;

/// The name of a key, the `kid` of headers and key sets (RFC 7515 §4.1.4, RFC 7517 §4.5).
///
/// # Invariants
/// 1 to 200 bytes, no control characters.
///
/// # What it is not
/// Not a path, a URL or a query: it is compared with the names in a [`KeySet`](crate::KeySet) and
/// used for nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// Bytes that a key id may have.
    pub const MAX_LEN: usize = 200;

    /// Takes a name.
    ///
    /// # Errors
    /// [`KeyIdError`] if it is empty, longer than 200 bytes or has control characters.
    pub fn parse(name: &str) -> Result<Self, KeyIdError> {
        let acceptable = (1..=Self::MAX_LEN).contains(&name.len());
        if !acceptable || name.contains(char::is_control) {
            return Err(KeyIdError);
        }
        Ok(Self(name.into()))
    }

    /// A name that is a digest in base64url: within the bounds by construction.
    pub(super) fn from_digest(digest: &str) -> Self {
        Self(digest.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id has 1 to 200 bytes and no control characters")]
pub struct KeyIdError;

/// What both halves of a key share: algorithm, name, and the headers that follow from them.
#[derive(Debug)]
pub(crate) struct KeyIdentity {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: KeyId,
    pub(crate) headers: PreparedHeaders,
}

impl KeyIdentity {
    pub(super) fn new(algorithm: Algorithm, key_id: KeyId) -> Self {
        let headers = PreparedHeaders::new(algorithm, &key_id);
        Self {
            algorithm,
            key_id,
            headers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_has_1_to_200_bytes() {
        assert!(KeyId::parse("a").is_ok());
        assert!(KeyId::parse(&"a".repeat(200)).is_ok());
        for name in ["", &"a".repeat(201), &"é".repeat(101), "a\nb", "a\0"] {
            assert_eq!(KeyId::parse(name), Err(KeyIdError), "{name:?}");
        }
    }
}
