//! The half that verifies: a public key, or the shared secret of a MAC.

use std::fmt;
use std::sync::Arc;

use super::error::KeyError;
use super::id::{KeyId, KeyIdentity};
use super::jwk::{PublicJwk, thumbprint};
use super::pem::Block;
use super::public::{Curve, PublicKey};
use super::secret::MacKey;
use crate::algorithm::Algorithm;

/// A key that verifies, bound to one algorithm.
///
/// For ES256 and `EdDSA` it is a public key. For HS256 it is the secret itself, which can also sign:
/// it comes only from [`SigningKey::verification_key`](crate::SigningKey::verification_key), and no
/// function makes one out of public material.
///
/// Cloning is cheap and copies no key material.
#[derive(Clone)]
pub struct VerificationKey {
    identity: Arc<KeyIdentity>,
    material: VerifyingMaterial,
}

#[derive(Clone)]
pub(super) enum VerifyingMaterial {
    Mac(Arc<MacKey>),
    Public(Arc<PublicKey>),
}

impl VerificationKey {
    pub(super) fn new(identity: Arc<KeyIdentity>, material: VerifyingMaterial) -> Self {
        Self { identity, material }
    }

    /// Reads a public key: `PUBLIC KEY`, that is SPKI (RFC 5480, RFC 8410), an uncompressed point.
    ///
    /// # Errors
    /// [`KeyError`] unless the text is exactly one block with exactly one public key of the kind
    /// that `algorithm` needs. A private key is refused: verifiers must not hold it.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let block = Block::parse(pem)?;
        let wrong = |found| KeyError::WrongKind {
            algorithm,
            needed: needed(algorithm),
            found,
        };
        let curve = match algorithm {
            Algorithm::Hs256 => return Err(wrong(block.describe())),
            Algorithm::Es256 => Curve::P256,
            Algorithm::EdDsa => Curve::Ed25519,
        };
        match block.label {
            "PUBLIC KEY" => PublicKey::from_spki(curve, &block.der)
                .unwrap_or_else(|| Err(wrong(block.describe())))
                .map(Self::from_public),
            "PRIVATE KEY" | "EC PRIVATE KEY" => Err(wrong(PRIVATE_KEY_HINT)),
            _ => Err(wrong(block.describe())),
        }
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.identity.algorithm
    }

    /// The name of the key: its thumbprint (RFC 7638), unless it was given another one.
    pub fn key_id(&self) -> &KeyId {
        &self.identity.key_id
    }

    /// The same key under another name.
    #[must_use]
    pub fn with_key_id(self, key_id: KeyId) -> Self {
        let identity = Arc::new(KeyIdentity::new(self.identity.algorithm, key_id));
        Self { identity, ..self }
    }

    /// Whether `signature` is one of `input` by this key; its length must be exact.
    pub(crate) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.algorithm().signature_len()
            && match &self.material {
                VerifyingMaterial::Mac(key) => key.verifies(input, signature),
                VerifyingMaterial::Public(key) => key.verifies(input, signature),
            }
    }

    pub(crate) fn identity(&self) -> &Arc<KeyIdentity> {
        &self.identity
    }

    /// What may be published of the key; nothing of a MAC key.
    pub(super) fn public_jwk(&self) -> Option<PublicJwk<'_>> {
        match &self.material {
            VerifyingMaterial::Mac(_) => None,
            VerifyingMaterial::Public(key) => Some(PublicJwk::new(key, self.key_id())),
        }
    }

    fn from_public(key: PublicKey) -> Self {
        let identity = KeyIdentity::new(key.curve().algorithm(), thumbprint(&key));
        Self::new(Arc::new(identity), VerifyingMaterial::Public(Arc::new(key)))
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", self.key_id())
            .finish_non_exhaustive()
    }
}

fn needed(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Hs256 => "a shared secret, not a key file",
        Algorithm::Es256 => "a P-256 public key with an uncompressed point",
        Algorithm::EdDsa => "an Ed25519 public key",
    }
}

const PRIVATE_KEY_HINT: &str =
    "a private key (take its public half: openssl pkey -pubout -in PRIVATE -out PUBLIC)";
