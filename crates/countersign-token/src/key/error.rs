//! Why a key is refused. Every message says what was found; none shows key material.

use crate::algorithm::Algorithm;

/// Why key material is not accepted, or no key could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not one PEM block (RFC 7468).
    #[error("not one block of PEM text: {0}")]
    Pem(&'static str),
    /// The block or the key inside is of another kind than the algorithm needs.
    #[error("{algorithm} needs {needed}, but this is {found}")]
    WrongKind {
        /// The algorithm that the key was meant for.
        algorithm: Algorithm,
        /// What it needs.
        needed: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The key is of the right kind, but its encoding or its numbers are not valid.
    #[error("not a valid {algorithm} key")]
    Invalid {
        /// The algorithm that the key was meant for.
        algorithm: Algorithm,
    },
    /// Something follows the end of the key.
    #[error("bytes follow the end of the key")]
    TrailingBytes,
    /// The secret is too short (RFC 7518 §3.2).
    #[error("{algorithm} needs a secret of at least {minimum} bytes, this one has {length}")]
    SecretTooShort {
        /// The algorithm that the secret was meant for.
        algorithm: Algorithm,
        /// Bytes that it needs.
        minimum: usize,
        /// Bytes that were given.
        length: usize,
    },
    /// The secret is a key of another algorithm: whoever knows the public half could sign.
    #[error(
        "{found} cannot be the secret of {algorithm}; use random bytes, or the algorithm of the key"
    )]
    SecretIsKey {
        /// The algorithm that the secret was meant for.
        algorithm: Algorithm,
        /// What it is.
        found: &'static str,
    },
    /// The library could not make or export a key.
    #[error("the cryptographic library failed")]
    Library,
}

/// Why a token could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The token would be longer than any verifier accepts.
    #[error("the token would have {length} bytes, more than {limit}")]
    TooLong {
        /// Bytes it would have.
        length: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// The library could not sign.
    #[error("the cryptographic library failed")]
    Library,
}
