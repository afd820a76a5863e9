//! Tokens of another issuer, verified by the keys that it publishes (`JWK_URL`).
//!
//! How the keys get here is somebody else's business: see [`IssuerKeys`].

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use countersign_token::{
    Authenticated, KeyId, KeySet, UnixMillis, Verifier, VerifyError, dangerous,
};

use super::MakeVerifier;

/// The keys of another issuer, fetched from wherever it publishes them.
///
/// Neither method fails: where the issuer cannot be asked, the answer is what is known of its keys, at worst none, and
/// the tokens that they would verify are refused. Whoever implements it bounds how often the issuer is asked, for
/// strangers can send as many tokens with unknown names as they like; and says in its log when that fails.
///
/// `elapsed` is the authority's [`Clock::elapsed`](crate::clock::Clock::elapsed).
#[async_trait]
pub trait IssuerKeys: Send + Sync {
    /// The keys that count now: the same [`Arc`] as long as they are the same keys.
    async fn keys(&self, elapsed: Duration) -> Arc<KeySet>;

    /// The keys that count now, for a token that names one which was not among them: the issuer may have added it
    /// since.
    async fn keys_naming(&self, key_id: &KeyId, elapsed: Duration) -> Arc<KeySet>;
}

/// Another issuer, as the ring sees it.
pub(super) struct OtherIssuer {
    keys: Arc<dyn IssuerKeys>,
    /// The verifier for the keys that counted last; new keys make a new one.
    verifier: ArcSwap<Verifier>,
}

impl OtherIssuer {
    pub(super) fn new(keys: Arc<dyn IssuerKeys>) -> Self {
        Self {
            keys,
            verifier: ArcSwap::from_pointee(Verifier::new(KeySet::default())),
        }
    }

    /// Establishes that a token which none of our keys can have signed is genuine and in force at `now`.
    ///
    /// The key that it names decides, and no other one is tried. It is looked for once more only if the token is in
    /// good form.
    pub(super) async fn authenticate(
        &self,
        token: &str,
        now: UnixMillis,
        elapsed: Duration,
        make: &MakeVerifier,
    ) -> Result<Authenticated, VerifyError> {
        let known = self.keys.keys(elapsed).await;
        let judged = self.verifier(&known, make).authenticate(token, now);
        let Err(VerifyError::UnknownKey) = judged else {
            return judged;
        };
        let Some(key_id) = named_key(token) else {
            return judged;
        };
        let newer = self.keys.keys_naming(&key_id, elapsed).await;
        if Arc::ptr_eq(&newer, &known) {
            return judged;
        }
        self.verifier(&newer, make).authenticate(token, now)
    }

    fn verifier(&self, keys: &Arc<KeySet>, make: &MakeVerifier) -> Arc<Verifier> {
        let known = self.verifier.load_full();
        if Arc::ptr_eq(known.keys(), keys) {
            return known;
        }
        let verifier = Arc::new(make(Arc::clone(keys)).named_keys_only());
        self.verifier.store(Arc::clone(&verifier));
        verifier
    }
}

/// The key that a token claims to be signed with, if a key can have that name.
fn named_key(token: &str) -> Option<KeyId> {
    let name = dangerous::read_key_id_without_verifying(token).ok()??;
    KeyId::parse(&name).ok()
}
