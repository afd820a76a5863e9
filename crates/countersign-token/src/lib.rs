//! Strict JSON Web Tokens: sign them, verify them, publish the keys, look up what was revoked.
//!
//! This crate is pure. It opens no socket and no file, reads no clock and no environment, and
//! starts nothing: time comes in as [`UnixMillis`], keys come in as text. A resource server needs
//! only this crate; the authority that issues the tokens is built on top of it.
//!
//! # How a token is verified, in one page
//!
//! A signed token is three segments of base64url joined by dots (JWS compact serialization,
//! RFC 7515 §7.1): `header.claims.signature`. [`Verifier::authenticate`] walks through it in one
//! fixed order, and each step may only use what the steps before it have established:
//!
//! 1. **Size and shape.** Longer than the limit, not exactly three segments, or not canonical
//!    base64url: refused before anything else is done with it.
//! 2. **Header.** A JSON object. Its `alg` must name the algorithm of a key that *we* hold
//!    (RFC 8725 §3.1): the token never chooses how it is judged. `kid` is a look-up key in our own
//!    table and nothing more; `jku`, `jwk`, `x5u`, `x5c` are never followed. Extensions that we do
//!    not implement (`crit`, `b64`, `zip`, `cty`) are refused.
//! 3. **Signature.** Judged before a single claim is read, so that nobody learns from our answer
//!    whether a forged token would have been expired.
//! 4. **Claims.** A JSON object without duplicate names, of bounded depth and size (RFC 7519 §4).
//! 5. **Time.** `iat` and `nbf` not in the future, `exp` not reached (RFC 7519 §4.1.4–6).
//! 6. **Parties.** `iss` and `aud`, if the verifier was told whom to expect (RFC 8725 §3.8–3.9).
//! 7. **Identity.** `exp` and the token id must be there: what never ends or has no name cannot be
//!    revoked.
//! 8. **Kind.** An access token is not a refresh token (RFC 8725 §3.12). The kind is a type
//!    parameter: a function that asks for [`Verified<Access>`] cannot be given anything else.
//!
//! What remains is not in the token: whether it was revoked since ([`RevocationIndex`]), and
//! whether its account still exists, which is the authority's business.
//!
//! ```
//! use countersign_token::{
//!     Access, Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier,
//! };
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixMillis::from_seconds(1_893_456_000);
//! let key = SigningKey::generate(Algorithm::Es256)?;
//!
//! let mut claims = ClaimsSet::new();
//! claims.insert("token_type", "access")?;
//! claims.set_expiration(now.plus(Duration::from_secs(300)).timestamp());
//! claims.set_issued_at(now.timestamp());
//! claims.set_token_id("0123456789abcdef0123456789abcdef")?;
//! claims.set_issuer("https://id.example")?;
//! claims.insert("user_id", "7")?;
//! let token = key.encode(HeaderForm::WithKeyId, &claims)?;
//!
//! let keys = KeySet::new(vec![key.verification_key()])?;
//! let verifier = Verifier::new(keys).issuer("https://id.example");
//! let verified = verifier.verify::<Access>(token.as_str(), now)?;
//! assert_eq!(verified.subject(), Some("7"));
//! # Ok(())
//! # }
//! ```
//!
//! # What this crate refuses
//!
//! Encryption (JWE), the JSON serializations of JWS, `alg: none`, padding or white space in
//! base64url, duplicate member names, tokens without expiration time or token id, and keys that
//! are shared between algorithms.

mod algorithm;
mod base64url;
mod claims;
mod header;
mod json;
mod key;
mod kind;
mod revocation;
mod time;
mod token;
mod verifier;

pub use algorithm::{Algorithm, UnsupportedAlgorithm};
pub use claims::{ClaimsError, ClaimsSet};
pub use header::{HeaderFault, HeaderForm};
pub use json::{JsonError, JsonFault};
pub use key::{
    KeyError, KeyId, KeyIdError, KeySet, KeySetError, SignError, SigningKey, VerificationKey,
};
pub use kind::{Access, Refresh, Sliding, TokenKind, Websocket};
pub use revocation::{
    AccountState, RevocationEntry, RevocationIndex, RevocationScope, RevokedBy, SessionAddress,
    TokenFacts,
};
pub use time::{Timestamp, UnixMillis};
pub use token::SignedToken;
pub use verifier::{
    Authenticated, Malformation, Segment, UserClaim, Verified, Verifier, VerifyError,
};
