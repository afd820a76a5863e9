//! Strict JSON Web Tokens: sign them, verify them, publish the keys, look up what was revoked.
//!
//! Without features this crate is pure. It opens no socket and no file, reads no clock and no environment, and
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
//! # Keys
//!
//! A key belongs to one [`Algorithm`] and is made, read or taken back by one of these doors, each
//! of which is told the algorithm and refuses everything else by name:
//!
//! | what you have | to sign | to verify |
//! |---|---|---|
//! | nothing yet | [`SigningKey::generate`] | [`SigningKey::verification_key`] |
//! | a PEM file: PKCS#8, PKCS#1, SEC1, SPKI | [`SigningKey::from_pem`] | [`VerificationKey::from_pem`] |
//! | the same as DER | [`SigningKey::from_der`] | [`VerificationKey::from_der`] |
//! | a secret for HMAC | [`SigningKey::from_secret`] | its [`SigningKey::verification_key`] |
//! | a JWK | [`SigningKey::from_jwk`] | [`VerificationKey::from_jwk`] |
//! | a JWK Set of one's own | [`SigningKey::from_jwk_set`] | [`KeySet::from_jwk_set`] |
//! | a JWK Set that others publish | | [`KeySet::from_published_jwk_set`] |
//!
//! A secret for HMAC can be made of nothing that looks like a public key: whoever knows that key
//! could sign (CVE-2015-9235, and a new one each year). RSA keys have 2048 bits or more, secrets
//! the length of their hash or more (RFC 7518 §3.2, §3.3).
//!
//! # A resource server
//!
//! It holds public keys and decides alone. It reads the set that the issuer publishes, lists the
//! algorithms that it is willing to use, and says whom it trusts and who it is:
//!
//! ```
//! use countersign_token::{Access, Algorithm, KeySet, UnixMillis, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let downloaded = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"1",
//! #     "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
//! #     "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
//! let accepted = [Algorithm::Es256, Algorithm::EdDsa];
//! let keys = KeySet::from_published_jwk_set(&accepted, downloaded)?;
//! let verifier = Verifier::new(keys).issuer("https://id.example").audience("jobs");
//!
//! let now = UnixMillis::from_seconds(1_893_456_000);
//! assert!(verifier.verify::<Access>("not.a.token", now).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Where to read on
//!
//! - Keys that the issuer replaces while we run, fetched from where it publishes them: `remote`, a
//!   feature of its own, for it does what the rest of the crate does not: I/O.
//! - Creating, reading and changing claims: [`ClaimsSet`].
//! - What an access token takes over from its refresh token: [`ClaimsSet::inherit`].
//! - Kinds of tokens of your own, with a lifetime of their own: [`TokenKind`].
//! - Dates other than `exp` that end something: [`Verifier::check_expiry`].
//! - Claims of a token that was not verified, and why hardly anybody should want them:
//!   [`dangerous`].
//! - Tokens that were revoked before they expired: [`RevocationIndex`].
//! - A user made of claims alone, where there is no database: [`TokenUser`]; what they may do: [`Role`].
//! - Tokens that come with every request, and signatures that take longer than everything else:
//!   [`VerifyCache`].
//!
//! # What this crate refuses
//!
//! Encryption (JWE), the JSON serializations of JWS, `alg: none`, secp256k1 and Ed448, padding or
//! white space in base64url, duplicate member names, tokens without expiration time or token id,
//! keys that are shared between algorithms, and key sets that mix secrets with public keys.

mod algorithm;
mod base64url;
mod claims;
mod expiry;
mod header;
mod json;
mod key;
mod kind;
#[cfg(feature = "remote")]
pub mod remote;
mod revocation;
mod role;
mod time;
mod token;
mod token_user;
mod verifier;
mod verify_cache;

pub use algorithm::{Algorithm, UnsupportedAlgorithm};
pub use claims::{ClaimsError, ClaimsSet};
pub use expiry::ExpiryError;
pub use header::{HeaderFault, HeaderForm};
pub use json::{JsonError, JsonFault};
pub use key::{
    JwkFault, JwkSetError, KeyError, KeyId, KeyIdError, KeySet, KeySetError, SignError, SigningKey,
    VerificationKey,
};
pub use kind::{Access, Refresh, Sliding, TokenKind, Websocket};
pub use revocation::{
    AccountState, RevocationEntry, RevocationIndex, RevocationScope, RevokedBy, SessionAddress,
    TokenFacts,
};
pub use role::Role;
pub use time::{Timestamp, UnixMillis};
pub use token::SignedToken;
pub use token_user::{NoUser, TokenUser};
pub use verifier::{
    Authenticated, Malformation, Segment, UserClaim, Verified, Verifier, VerifyError, dangerous,
};
pub use verify_cache::{NoRandomness, VerifyCache};
