//! Why a key is refused. Every message says what was found; none shows key material.

use super::jwk::JwkFault;
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
    /// The text is not one JWK that we accept (RFC 7517 §4).
    #[error("not an acceptable JWK: {0}")]
    Jwk(JwkFault),
    /// The key is of the right kind, but its encoding or its numbers are not valid.
    #[error("not a valid {algorithm} key: it is damaged, or its two halves do not fit")]
    Invalid {
        /// The algorithm that the key was meant for.
        algorithm: Algorithm,
    },
    /// Something follows the end of the key, or it has no end.
    #[error("the key does not end where its encoding says: cut off what follows it")]
    TrailingBytes,
    /// The RSA key is too short to be safe or too long to be of use (RFC 7518 §3.3).
    #[error(
        "{algorithm} needs an RSA key of 2048 to 8192 bits, this one has {bits}; make one with \
         openssl genrsa 3072"
    )]
    RsaSize {
        /// The algorithm that the key was meant for.
        algorithm: Algorithm,
        /// Bits of its modulus.
        bits: usize,
    },
    /// The RSA key has a public exponent that makes forgery easy, or that nobody uses.
    #[error(
        "{algorithm} needs an RSA key with an odd public exponent from 65537; make one with \
         openssl genrsa 3072"
    )]
    RsaExponent {
        /// The algorithm that the key was meant for.
        algorithm: Algorithm,
    },
    /// The RSA key was drawn by a generator whose keys can be factored (CVE-2017-15361).
    #[error(
        "this RSA key for {algorithm} comes from a generator whose keys can be factored; make one \
         with openssl genrsa 3072"
    )]
    RsaGenerator {
        /// The algorithm that the key was meant for.
        algorithm: Algorithm,
    },
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
