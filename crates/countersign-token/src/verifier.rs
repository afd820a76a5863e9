//! Verification: from text to proof, in one order.

mod authenticated;
mod claim;
mod compact;
pub mod dangerous;
mod error;
mod facts;

use std::sync::Arc;
use std::time::Duration;

use crate::algorithm::Algorithm;
use crate::expiry::{self, ExpiryError};
use crate::header::Header;
use crate::key::{KeySet, VerificationKey};
use crate::kind::TokenKind;
use crate::time::{Timestamp, UnixMillis};
use crate::verify_cache::{BoundCache, Recall, VerifyCache};

pub use authenticated::{Authenticated, Verified};
pub use claim::UserClaim;
pub use error::{Malformation, Segment, VerifyError};

use compact::CompactJws;
use facts::Facts;

/// Bytes that a token may have in any configuration.
pub(crate) const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// Verifies tokens against a set of keys and a few expectations.
///
/// Built once, used by everybody: all methods take `&self`, and nothing in it changes.
///
/// # What it is not
/// It knows nothing of revocation, accounts or sessions. Ask a
/// [`RevocationIndex`](crate::RevocationIndex) or the authority about the token that comes out.
///
/// ```
/// # use countersign_token::{KeySet, Verifier};
/// # use std::time::Duration;
/// let verifier = Verifier::new(KeySet::default())
///     .issuer("https://id.example")
///     .audience("jobs")
///     .leeway(Duration::from_secs(10));
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Arc<KeySet>,
    expectations: Expectations,
    max_token_bytes: usize,
    unnamed: UnnamedKeys,
    /// Shared by clones of the verifier: what they remember does not depend on their expectations.
    cache: Option<Arc<BoundCache>>,
}

/// What becomes of a token that names no key, or one that is not in the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnnamedKeys {
    TryAll,
    Refuse,
}

/// What a verifier was told about the tokens to come.
#[derive(Clone, Debug)]
struct Expectations {
    issuers: Option<Vec<Box<str>>>,
    audiences: Option<Vec<Box<str>>>,
    leeway: Duration,
    issued_at_tolerance: Duration,
    type_claim: Option<Box<str>>,
    token_id_claim: Box<str>,
    user_claim: Box<str>,
    session_claim: Option<Box<str>>,
}

/// Settings. Each takes the verifier and gives it back.
impl Verifier {
    /// Leeway that a verifier may have in any configuration.
    pub const MAX_LEEWAY: Duration = Duration::from_mins(5);

    /// A verifier that expects the claim names of SimpleJWT, no issuer, no audience, no leeway, and
    /// tokens of at most 16 KiB.
    pub fn new(keys: impl Into<Arc<KeySet>>) -> Self {
        let expectations = Expectations {
            issuers: None,
            audiences: None,
            leeway: Duration::ZERO,
            issued_at_tolerance: Duration::ZERO,
            type_claim: Some("token_type".into()),
            token_id_claim: "jti".into(),
            user_claim: "user_id".into(),
            session_claim: None,
        };
        Self {
            keys: keys.into(),
            expectations,
            max_token_bytes: 16 * 1024,
            unnamed: UnnamedKeys::TryAll,
            cache: None,
        }
    }

    /// Demands the claim `iss` with this value; called again, with one of the values.
    ///
    /// Values are compared whole and byte for byte (RFC 8725 §3.8). Default: `iss` is not looked at.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<Box<str>>) -> Self {
        self.issuers([issuer])
    }

    /// Demands the claim `iss` with one of these values, and those demanded before.
    ///
    /// An empty list is a demand that no token meets.
    #[must_use]
    pub fn issuers(mut self, issuers: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        let known = self.expectations.issuers.get_or_insert_default();
        known.extend(issuers.into_iter().map(Into::into));
        self
    }

    /// Demands the claim `aud` with this value in it; called again, with one of the values.
    ///
    /// `aud` may be a string or a list of strings (RFC 7519 §4.1.3). Default: not looked at.
    #[must_use]
    pub fn audience(self, audience: impl Into<Box<str>>) -> Self {
        self.audiences([audience])
    }

    /// Demands the claim `aud` with one of these values in it, or of those demanded before.
    ///
    /// An empty list is a demand that no token meets.
    #[must_use]
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        let known = self.expectations.audiences.get_or_insert_default();
        known.extend(audiences.into_iter().map(Into::into));
        self
    }

    /// How far clocks may differ: `exp` counts that much later, `nbf` and `iat` that much earlier.
    ///
    /// Default 0. More than [`MAX_LEEWAY`](Self::MAX_LEEWAY), 300 s, is cut to 300 s: a token never
    /// outlives its `exp` by more, whatever the configuration says.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.expectations.leeway = leeway.min(Self::MAX_LEEWAY);
        self
    }

    /// How far `iat` alone may lie ahead, where that is more than the leeway; cut to 300 s.
    ///
    /// For the authority and its own tokens, whose clocks are known to be close: a token that one
    /// node issues is used at another one within the same second. Default 0.
    #[must_use]
    pub fn issued_at_tolerance(mut self, tolerance: Duration) -> Self {
        self.expectations.issued_at_tolerance = tolerance.min(Self::MAX_LEEWAY);
        self
    }

    /// The claim that names the kind of a token. Default `token_type`.
    ///
    /// `None` switches the check off: every token is then of every kind.
    #[must_use]
    pub fn token_type_claim(mut self, name: Option<&str>) -> Self {
        self.expectations.type_claim = name.map(Into::into);
        self
    }

    /// The claim that names the token. Default `jti`.
    #[must_use]
    pub fn token_id_claim(mut self, name: &str) -> Self {
        self.expectations.token_id_claim = name.into();
        self
    }

    /// The claim that names the user. Default `user_id`.
    #[must_use]
    pub fn user_claim(mut self, name: &str) -> Self {
        self.expectations.user_claim = name.into();
        self
    }

    /// The claim that names the session. Default: none is read.
    #[must_use]
    pub fn session_claim(mut self, name: Option<&str>) -> Self {
        self.expectations.session_claim = name.map(Into::into);
        self
    }

    /// How long a token may be. Default 16 KiB; more than 64 KiB is cut to 64 KiB.
    #[must_use]
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes = bytes.min(MAX_TOKEN_BYTES);
        self
    }

    /// Demands that a token names its key by `kid`, and tries no other one. Default: a token without
    /// `kid`, or with one that is not in the set, is tried with every key of its algorithm.
    ///
    /// For keys that somebody else publishes under names of their own: who trusts several issuers
    /// wants to know which one it was.
    #[must_use]
    pub fn named_keys_only(mut self) -> Self {
        self.unnamed = UnnamedKeys::Refuse;
        self
    }

    /// Checks the signature of a token once and remembers that it is good. Default: each time.
    ///
    /// Everything else is judged on every use; the rules are those of [`VerifyCache`]. The cache
    /// belongs to this verifier, its keys and its clones: new keys make a new verifier, which is
    /// given a new cache.
    ///
    /// ```
    /// # use countersign_token::{KeySet, Verifier, VerifyCache};
    /// let verifier = Verifier::new(KeySet::default()).cache(VerifyCache::new(10_000)?);
    /// # Ok::<(), countersign_token::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn cache(mut self, cache: VerifyCache) -> Self {
        self.cache = Some(Arc::new(BoundCache::new(cache, &self.keys)));
        self
    }

    /// The cache, if there is one: how full it is may be of interest.
    pub fn verify_cache(&self) -> Option<&VerifyCache> {
        self.cache.as_deref().map(BoundCache::cache)
    }

    /// The keys that are accepted.
    pub fn keys(&self) -> &Arc<KeySet> {
        &self.keys
    }
}

/// The decision.
impl Verifier {
    /// Establishes that a token is genuine and in force at `now`; of which kind it is remains open.
    ///
    /// The order is part of the contract: a bad signature is reported before expiry, expiry before
    /// issuer and audience, and all of them before the kind.
    ///
    /// # Errors
    /// [`VerifyError`] says which step failed. Only [`VerifyError::Expired`] may be told apart from
    /// the rest to strangers.
    ///
    /// # Source
    /// RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725 §3.
    pub fn authenticate(&self, token: &str, now: UnixMillis) -> Result<Authenticated, VerifyError> {
        let jws = CompactJws::parse(token, self.max_token_bytes)?;
        let cache = self.cache.as_deref();
        let (key, blank) = match cache.and_then(|cache| cache.recall(token, &self.keys, now)) {
            Some(Recall::Known(key)) => (key, None),
            Some(Recall::Unknown(blank)) => (self.verify_signature(&jws)?, Some(blank)),
            None => (self.verify_signature(&jws)?, None),
        };
        let payload = jws.decode_claims()?;
        let facts = Facts::read(&payload, &self.expectations)?;
        let times = facts.judge_times(&self.expectations, now)?;
        facts.judge_parties(&self.expectations)?;
        let identity = facts.identify(&times, &self.expectations)?;
        if let Some(blank) = blank {
            blank.remember(key, identity.expires_at);
        }
        Ok(Authenticated::new(payload, identity, key))
    }

    /// [`authenticate`](Self::authenticate), and the token is of kind `K`.
    ///
    /// # Errors
    /// [`VerifyError`]; the kind is judged last.
    pub fn verify<K: TokenKind>(
        &self,
        token: &str,
        now: UnixMillis,
    ) -> Result<Verified<K>, VerifyError> {
        self.authenticate(token, now)?.into_kind()
    }

    /// Whether the date in another claim than `exp` still lies ahead, by the same rules and with the
    /// leeway of this verifier. Answers with the date.
    ///
    /// # Errors
    /// [`ExpiryError`]: the claim is absent, no date, or the date has passed.
    ///
    /// ```
    /// # use countersign_token::{Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, Timestamp};
    /// # use countersign_token::{ExpiryError, UnixMillis, Verifier};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = SigningKey::generate(Algorithm::EdDsa)?;
    /// # let verifier = Verifier::new(KeySet::new(vec![key.verification_key()])?);
    /// # let mut claims = ClaimsSet::new();
    /// # claims.set_expiration(Timestamp::from_seconds(1_900_000_000));
    /// # claims.set_token_id("1")?;
    /// # let now = UnixMillis::from_seconds(1_893_456_000);
    /// // A token that may be renewed for an hour, whatever its own `exp` says.
    /// claims.set_date("renewable_until", Timestamp::from_seconds(1_893_459_600));
    /// let token = key.encode(HeaderForm::Plain, &claims)?;
    ///
    /// let token = verifier.authenticate(token.as_str(), now)?;
    /// assert!(verifier.check_expiry(&token, "renewable_until", now).is_ok());
    /// let later = UnixMillis::from_seconds(1_893_459_600);
    /// let refused = verifier.check_expiry(&token, "renewable_until", later);
    /// assert_eq!(refused, Err(ExpiryError::Passed));
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_expiry(
        &self,
        token: &Authenticated,
        claim: &str,
        now: UnixMillis,
    ) -> Result<Timestamp, ExpiryError> {
        expiry::check(token.raw_claim(claim), now, self.expectations.leeway)
    }

    /// Finds the key that made the signature.
    ///
    /// The token proposes a key by `kid` and an algorithm by `alg`; what counts is our own table:
    /// 1. A `kid` that we know means that key and no other.
    /// 2. Without one, or with one that we do not know, every key of the algorithm is tried, unless
    ///    only named keys count.
    /// 3. Either way the algorithm of the key must be the one that the header names.
    fn verify_signature(&self, jws: &CompactJws<'_>) -> Result<&VerificationKey, VerifyError> {
        if let Some(key) = self.key_of_known_header(jws.header) {
            return jws.verified_by([key]).ok_or(VerifyError::BadSignature);
        }
        let text = jws.decode_header()?;
        let header = Header::read(&text)?;
        let algorithm = self.acceptable_algorithm(&header)?;
        if let Some(key) = header.key_id.as_deref().and_then(|kid| self.keys.get(kid)) {
            if key.algorithm() != algorithm {
                return Err(VerifyError::UnacceptableAlgorithm);
            }
            return jws.verified_by([key]).ok_or(VerifyError::BadSignature);
        }
        if self.unnamed == UnnamedKeys::Refuse {
            return Err(match header.key_id {
                Some(_) => VerifyError::UnknownKey,
                None => VerifyError::MissingKeyId,
            });
        }
        let candidates = self.keys.iter().filter(|key| key.algorithm() == algorithm);
        jws.verified_by(candidates).ok_or(match header.key_id {
            Some(_) => VerifyError::UnknownKey,
            None => VerifyError::BadSignature,
        })
    }

    /// The key whose own header this is, byte for byte: then there is nothing to parse.
    ///
    /// A plain header fits every key of its algorithm, so it decides only if there is one.
    fn key_of_known_header(&self, segment: &str) -> Option<&VerificationKey> {
        let named = self
            .keys
            .iter()
            .find(|key| key.identity().headers.names_key(segment));
        if self.unnamed == UnnamedKeys::Refuse {
            return named;
        }
        named.or_else(|| {
            let mut plain = self
                .keys
                .iter()
                .filter(|key| key.identity().headers.is_plain(segment));
            plain.next().filter(|_| plain.next().is_none())
        })
    }

    /// The algorithm of the header, if one of our keys has it.
    fn acceptable_algorithm(&self, header: &Header<'_>) -> Result<Algorithm, VerifyError> {
        let name = header
            .algorithm
            .as_deref()
            .ok_or(VerifyError::UnacceptableAlgorithm)?;
        let mut algorithms = self.keys.iter().map(VerificationKey::algorithm);
        algorithms
            .find(|algorithm| algorithm.name() == name)
            .ok_or(if self.keys.is_empty() {
                VerifyError::UnknownKey
            } else {
                VerifyError::UnacceptableAlgorithm
            })
    }
}
