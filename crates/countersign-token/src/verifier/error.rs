//! Why a token is refused.

use std::fmt;

use crate::header::{HeaderError, HeaderFault};
use crate::json::JsonError;

/// Why a token is refused.
///
/// For logs and audit. A client learns less: that the token expired, or that it is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The text is no token at all.
    #[error("malformed token")]
    Malformed(#[source] Malformation),
    /// `alg` is not the algorithm of a key that we accept (RFC 8725 §3.1).
    #[error("unacceptable algorithm")]
    UnacceptableAlgorithm,
    /// The token names a key that is not in the set, and no other key verifies it.
    ///
    /// A reason to look for new keys, at most once in a while.
    #[error("no key of the set fits")]
    UnknownKey,
    /// The token names no key, and only named keys count
    /// ([`named_keys_only`](crate::Verifier::named_keys_only)).
    #[error("no key id")]
    MissingKeyId,
    /// The signature is not by the key that it should be by.
    #[error("bad signature")]
    BadSignature,
    /// A claim has a type or a value that it must not have.
    #[error("claim {claim:?} is not acceptable")]
    ClaimNotAcceptable {
        /// The name of the claim.
        claim: Box<str>,
    },
    /// `nbf` lies in the future, beyond leeway (RFC 7519 §4.1.5).
    #[error("not valid yet")]
    NotYetValid,
    /// `iat` lies in the future, beyond leeway: a clock is wrong, or the token is.
    #[error("issued in the future")]
    IssuedInFuture,
    /// `exp` has been reached (RFC 7519 §4.1.4).
    #[error("expired")]
    Expired,
    /// `iss` is absent, or none of the issuers expected (RFC 8725 §3.8).
    #[error("issuer is not the one expected")]
    IssuerMismatch,
    /// `aud` is absent, or has none of the audiences expected (RFC 8725 §3.9).
    #[error("audience is not the one expected")]
    AudienceMismatch,
    /// The token has no `exp`.
    #[error("no expiration time")]
    MissingExpiration,
    /// The token has no id.
    #[error("no token id")]
    MissingTokenId,
    /// The token does not say of which kind it is.
    #[error("no token type")]
    MissingType,
    /// The token is of another kind (RFC 8725 §3.12).
    #[error("wrong token type")]
    WrongType,
}

impl VerifyError {
    pub(super) fn claim(name: &str) -> Self {
        Self::ClaimNotAcceptable { claim: name.into() }
    }
}

impl From<Malformation> for VerifyError {
    fn from(malformation: Malformation) -> Self {
        Self::Malformed(malformation)
    }
}

impl From<HeaderError> for VerifyError {
    fn from(error: HeaderError) -> Self {
        Self::Malformed(error.into())
    }
}

/// What makes a text no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformation {
    /// Longer than the verifier accepts; nothing of it was looked at.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// Bytes that a token may have.
        limit: usize,
    },
    /// Not three segments with something in each of them (RFC 7515 §7.1).
    #[error("not three non-empty segments")]
    Structure,
    /// A segment is not canonical base64url without padding (RFC 7515 §2).
    #[error("the {0} segment is not base64url")]
    Base64Url(Segment),
    /// A segment does not hold UTF-8.
    #[error("the {0} segment is not UTF-8")]
    Utf8(Segment),
    /// A segment does not hold a JSON object that we accept.
    #[error("the {segment} segment is not an acceptable JSON object")]
    Json {
        /// Which one.
        segment: Segment,
        /// What is wrong with it.
        source: JsonError,
    },
    /// The header says something that we do not accept.
    #[error("the header is not acceptable")]
    Header(#[source] HeaderFault),
}

impl From<HeaderError> for Malformation {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Json(source) => Self::Json {
                segment: Segment::Header,
                source,
            },
            HeaderError::Fault(fault) => Self::Header(fault),
        }
    }
}

/// A part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The JOSE header, the first one.
    Header,
    /// The claims set, the second one.
    Claims,
    /// The signature, the third one.
    Signature,
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}
