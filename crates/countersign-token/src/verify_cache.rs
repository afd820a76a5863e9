//! The verify cache: signatures that were found good, so that they need not be checked again.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use crate::key::{KeyIdentity, KeySet, VerificationKey};
use crate::time::{Timestamp, UnixMillis};

/// Remembers tokens whose signature was found good, for the [`Verifier`](crate::Verifier::cache) to
/// which it is given.
///
/// A client sends the same access token with every request until it expires, and an asymmetric
/// signature costs a hundred times as much as everything else that is judged of a token. What is
/// remembered is one thing: *this exact text has a good signature by this key*. An entry is a
/// digest, the key and `exp`, about 100 bytes; it holds no token and no claim.
///
/// # What it promises
/// - **Success only.** A token that was refused, for whatever reason, leaves nothing behind.
/// - **The whole text.** Tokens are told apart by a keyed digest of everything in them, signature
///   included, under a random key that never leaves the cache. To pass for a remembered token,
///   another text would have to meet one of 2¹²⁸ values that nobody outside can compute or observe.
/// - **One set of keys.** It counts only for the key set of the verifier to which it was given. A
///   key that is revoked or retired leaves by a new set, hence a new verifier, and what it vouched
///   for is checked anew.
/// - **Not past `exp`**, not even within the leeway.
/// - **Bounded.** At capacity, what was used least makes room.
///
/// # What it is not
/// Not a cache of verdicts. Times, issuer, audience and kind are judged on every use, from the claims
/// in the token at hand, and so are revocation and client binding by whoever judges them: nothing
/// here keeps a revoked token alive. HMAC is not remembered, for checking it costs as much as
/// looking it up.
///
/// ```
/// use countersign_token::{
///     Access, Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, UnixMillis, Verifier,
///     VerifyCache,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let now = UnixMillis::from_seconds(1_893_456_000);
/// # let key = SigningKey::generate(Algorithm::Es256)?;
/// # let mut claims = ClaimsSet::new();
/// # claims.insert("token_type", "access")?;
/// # claims.set_expiration(UnixMillis::from_seconds(1_893_456_300).timestamp());
/// # claims.set_token_id("1")?;
/// # let token = key.encode(HeaderForm::Plain, &claims)?;
/// # let token = token.as_str();
/// let keys = KeySet::new(vec![key.verification_key()])?;
/// let verifier = Verifier::new(keys).cache(VerifyCache::new(10_000)?);
///
/// assert!(verifier.verify::<Access>(token, now).is_ok()); // 60 µs
/// assert!(verifier.verify::<Access>(token, now).is_ok()); // half a microsecond
///
/// let after_exp = UnixMillis::from_seconds(1_893_456_300);
/// assert!(verifier.verify::<Access>(token, after_exp).is_err());
/// # Ok(())
/// # }
/// ```
pub struct VerifyCache {
    signatures: Cache<Digest, GoodSignature>,
    digest_key: LessSafeKey,
}

/// What is known of a token.
#[derive(Clone)]
struct GoodSignature {
    key: Arc<KeyIdentity>,
    expires_at: Timestamp,
}

type Digest = [u8; 16];

impl VerifyCache {
    /// An empty cache for about this many tokens, with a digest key of its own.
    ///
    /// One entry per client that is active at the same time is enough; twice as many do no harm.
    ///
    /// # Errors
    /// [`NoRandomness`] if there is none for the key.
    pub fn new(capacity: usize) -> Result<Self, NoRandomness> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(key.as_mut()).map_err(|_| NoRandomness)?;
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_ref()).map_err(|_| NoRandomness)?;
        Ok(Self {
            signatures: Cache::new(capacity),
            digest_key: LessSafeKey::new(key),
        })
    }

    /// How many tokens are remembered, among them some that expired and were not seen since.
    pub fn len(&self) -> usize {
        self.signatures.len()
    }

    /// Whether no token is remembered.
    pub fn is_empty(&self) -> bool {
        self.signatures.is_empty()
    }

    /// A keyed digest of the token: the tag of AES-256-GCM-SIV (RFC 8452) over it and no plaintext.
    ///
    /// The tag is a pseudorandom function of the text, also under one nonce: that is what sets this
    /// mode apart from plain GCM. It takes a third of the time of HMAC-SHA-256.
    fn digest(&self, token: &str) -> Option<Digest> {
        let nonce = Nonce::assume_unique_for_key([0; 12]);
        let aad = Aad::from(token.as_bytes());
        let tag = self
            .digest_key
            .seal_in_place_separate_tag(nonce, aad, &mut [])
            .ok()?;
        tag.as_ref().try_into().ok()
    }
}

impl fmt::Debug for VerifyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyCache")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// There is no randomness to make a key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

/// A cache and the key set it belongs to.
#[derive(Debug)]
pub(crate) struct BoundCache {
    cache: VerifyCache,
    keys: Arc<KeySet>,
}

impl BoundCache {
    pub(crate) fn new(cache: VerifyCache, keys: &Arc<KeySet>) -> Self {
        Self {
            cache,
            keys: Arc::clone(keys),
        }
    }

    pub(crate) fn cache(&self) -> &VerifyCache {
        &self.cache
    }

    /// Looks a token up for a verifier with these keys. `None` for other keys than those that the
    /// cache belongs to, and where no key can leave anything in it.
    pub(crate) fn recall<'a>(
        &'a self,
        token: &str,
        keys: &'a Arc<KeySet>,
        now: UnixMillis,
    ) -> Option<Recall<'a>> {
        if !Arc::ptr_eq(keys, &self.keys) || !keys.iter().any(is_remembered) {
            return None;
        }
        let digest = self.cache.digest(token)?;
        let known = self.cache.signatures.get(&digest);
        if let Some(known) = known {
            if UnixMillis::from(known.expires_at) > now {
                return keys
                    .iter()
                    .find(|key| Arc::ptr_eq(key.identity(), &known.key))
                    .map(Recall::Known);
            }
            self.cache.signatures.remove(&digest);
        }
        Some(Recall::Unknown(Blank {
            cache: &self.cache,
            digest,
        }))
    }
}

/// What a cache says of a token.
pub(crate) enum Recall<'a> {
    /// Its signature is good, by this key.
    Known(&'a VerificationKey),
    /// It was not seen, or it has expired.
    Unknown(Blank<'a>),
}

/// The place for a token in the cache.
pub(crate) struct Blank<'a> {
    cache: &'a VerifyCache,
    digest: Digest,
}

impl Blank<'_> {
    /// Remembers that the key made the signature of the token, which was found good in every way.
    pub(crate) fn remember(self, key: &VerificationKey, expires_at: Timestamp) {
        if is_remembered(key) {
            let good = GoodSignature {
                key: Arc::clone(key.identity()),
                expires_at,
            };
            self.cache.signatures.insert(self.digest, good);
        }
    }
}

fn is_remembered(key: &VerificationKey) -> bool {
    !key.algorithm().is_symmetric()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::algorithm::Algorithm;
    use crate::key::SigningKey;

    const NOW: UnixMillis = UnixMillis::from_seconds(1_893_456_000);
    const TOKEN: &str = "a text that nobody has signed: the cache takes the word of its caller";

    fn soon() -> Timestamp {
        NOW.plus(Duration::from_mins(5)).timestamp()
    }

    /// A cache that remembers [`TOKEN`], if anything at all, and the keys that it belongs to.
    fn remembering(algorithm: Algorithm) -> (BoundCache, Arc<KeySet>) {
        let other = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let key = SigningKey::generate(algorithm).unwrap();
        let keys = [other, key].map(|key| key.verification_key());
        let keys = Arc::new(KeySet::new(keys.into()).unwrap());
        let cache = BoundCache::new(VerifyCache::new(100).unwrap(), &keys);
        remember(&cache, &keys, TOKEN, soon());
        (cache, keys)
    }

    fn remember(cache: &BoundCache, keys: &Arc<KeySet>, token: &str, expires_at: Timestamp) {
        let key = keys.iter().last().unwrap();
        let Some(Recall::Unknown(blank)) = cache.recall(token, keys, NOW) else {
            panic!("a token that was never seen");
        };
        blank.remember(key, expires_at);
    }

    fn knows(cache: &BoundCache, keys: &Arc<KeySet>, token: &str, now: UnixMillis) -> bool {
        matches!(cache.recall(token, keys, now), Some(Recall::Known(_)))
    }

    #[test]
    fn a_remembered_token_is_known_with_the_key_that_signed_it() {
        let (cache, keys) = remembering(Algorithm::Es256);
        let Some(Recall::Known(key)) = cache.recall(TOKEN, &keys, NOW) else {
            panic!("not remembered");
        };
        assert_eq!(key.algorithm(), Algorithm::Es256);
    }

    #[test]
    fn a_change_anywhere_makes_another_token() {
        let (cache, keys) = remembering(Algorithm::Es256);
        for place in 0..TOKEN.len() {
            let mut bytes = TOKEN.as_bytes().to_vec();
            bytes[place] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(!knows(&cache, &keys, &changed, NOW), "{changed}");
            assert!(!knows(&cache, &keys, &TOKEN[..place], NOW), "{place}");
        }
        assert!(!knows(&cache, &keys, &format!("{TOKEN} "), NOW));
        assert!(!knows(&cache, &keys, &format!("{TOKEN}\0"), NOW));
    }

    #[test]
    fn hmac_is_not_remembered() {
        let (cache, keys) = remembering(Algorithm::Hs256);
        assert!(!knows(&cache, &keys, TOKEN, NOW));
        assert!(cache.cache().is_empty());
    }

    #[test]
    fn keys_that_are_all_secrets_do_not_even_make_a_digest() {
        let key = SigningKey::generate(Algorithm::Hs256).unwrap();
        let keys = Arc::new(KeySet::new(vec![key.verification_key()]).unwrap());
        let cache = BoundCache::new(VerifyCache::new(100).unwrap(), &keys);
        assert!(cache.recall(TOKEN, &keys, NOW).is_none());
    }

    #[test]
    fn nothing_is_known_from_exp_on() {
        let (cache, keys) = remembering(Algorithm::Es256);
        let exp = UnixMillis::from(soon());
        let just_before = UnixMillis::from_millis(exp.millis() - 1);
        assert!(knows(&cache, &keys, TOKEN, just_before));
        assert!(!knows(&cache, &keys, TOKEN, exp));
        assert!(cache.cache().is_empty(), "and it is gone for good");
        assert!(!knows(&cache, &keys, TOKEN, NOW));
    }

    #[test]
    fn another_key_set_makes_all_void_even_with_the_same_keys_in_it() {
        let (cache, keys) = remembering(Algorithm::Es256);
        let same_keys = Arc::new(KeySet::clone(&keys));
        let no_keys = Arc::new(KeySet::default());
        for other in [same_keys, no_keys] {
            assert!(cache.recall(TOKEN, &other, NOW).is_none());
        }
        assert!(knows(&cache, &keys, TOKEN, NOW));
    }

    #[test]
    fn two_caches_have_nothing_in_common() {
        let [one, two] = [(); 2].map(|()| VerifyCache::new(1).unwrap());
        assert_eq!(one.digest(TOKEN), one.digest(TOKEN));
        assert_ne!(one.digest(TOKEN), two.digest(TOKEN));
        assert!(one.digest(TOKEN).is_some());
    }

    #[test]
    fn a_cache_stays_within_its_capacity() {
        for capacity in [0, 1, 100, 5_000] {
            let (_, keys) = remembering(Algorithm::Es256);
            let cache = BoundCache::new(VerifyCache::new(capacity).unwrap(), &keys);
            for number in 0..3 * capacity + 10 {
                remember(&cache, &keys, &number.to_string(), soon());
            }
            let len = cache.cache().len();
            assert!(len <= capacity, "{len} of {capacity}");
            assert!(len >= capacity / 2, "{len} of {capacity}");
        }
    }
}
