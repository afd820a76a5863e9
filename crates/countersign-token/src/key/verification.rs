//! The half that verifies: a public key, or the shared secret of a MAC.

use std::fmt;
use std::sync::Arc;

use super::der;
use super::error::KeyError;
use super::id::{KeyId, KeyIdentity};
use super::jwk::{Members, PublicJwk, Purpose, public_key, thumbprint};
use super::pem::Block;
use super::public::PublicKey;
use super::scheme::{PairScheme, Scheme};
use super::secret::MacKey;
use crate::algorithm::Algorithm;

/// A key that verifies, bound to one algorithm.
///
/// For RSA, ECDSA and `EdDSA` it is a public key. For HMAC it is the secret itself, which can also
/// sign: it comes only from [`SigningKey::verification_key`](crate::SigningKey::verification_key)
/// or from a set of `oct` keys, and no function makes one out of public material.
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

impl VerifyingMaterial {
    /// Bytes of every signature by the key.
    pub(super) fn signature_len(&self) -> usize {
        match self {
            Self::Mac(key) => key.tag_len(),
            Self::Public(key) => key.signature_len(),
        }
    }
}

impl VerificationKey {
    pub(super) fn new(identity: Arc<KeyIdentity>, material: VerifyingMaterial) -> Self {
        Self { identity, material }
    }

    /// Reads a public key: `PUBLIC KEY`, that is SPKI (RFC 5480, RFC 8410), with an uncompressed
    /// point if it is one; for RSA also PKCS#1 (`RSA PUBLIC KEY`).
    ///
    /// # Errors
    /// [`KeyError`] unless the text is exactly one block with exactly one public key of the kind
    /// that `algorithm` needs. A private key is refused: verifiers must not hold it.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let block = Block::parse(pem)?;
        let found = block.describe();
        block
            .check_label()
            .unwrap_or_else(|| Err(wrong(algorithm, found)))?;
        Self::from_structure(algorithm, &block.der, found)
    }

    /// Reads a public key in DER: SPKI, for RSA also PKCS#1.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        if !der::is_one_sequence(der) {
            return Err(KeyError::TrailingBytes);
        }
        let found = der::name_of_key(der).unwrap_or("something else");
        Self::from_structure(algorithm, der, found)
    }

    fn from_structure(
        algorithm: Algorithm,
        der: &[u8],
        found: &'static str,
    ) -> Result<Self, KeyError> {
        let Scheme::Pair(pair) = Scheme::of(algorithm) else {
            return Err(wrong(algorithm, found));
        };
        if der::form_of(der).is_some_and(|form| !form.is_public()) {
            return Err(wrong(algorithm, private_key(pair, der)));
        }
        PublicKey::from_der(pair, der)
            .unwrap_or_else(|| Err(wrong(algorithm, found)))
            .map(Self::from_public)
    }

    /// Reads a public JWK (RFC 7517) of `kty` RSA, EC or OKP, named by its `kid` if it has one.
    ///
    /// # Errors
    /// [`KeyError`] if the JWK is private, for another algorithm or use, lacks a member, or has a
    /// number that is too long, too short or not on its curve. A shared secret is refused: it is
    /// read as a [`SigningKey`](crate::SigningKey), which is what it is.
    pub fn from_jwk(algorithm: Algorithm, jwk: &str) -> Result<Self, KeyError> {
        let members = Members::read(jwk).map_err(KeyError::Jwk)?;
        Self::from_members(algorithm, &members)
    }

    pub(super) fn from_members(
        algorithm: Algorithm,
        members: &Members<'_>,
    ) -> Result<Self, KeyError> {
        let Scheme::Pair(pair) = Scheme::of(algorithm) else {
            return Err(wrong(algorithm, "a JWK for verifiers"));
        };
        members
            .check(algorithm, Purpose::Verify)
            .map_err(KeyError::Jwk)?;
        let key = Self::from_public(public_key(pair, members)?);
        Ok(match members.key_id().map_err(KeyError::Jwk)? {
            Some(key_id) => key.with_key_id(key_id),
            None => key,
        })
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

    /// The thumbprint of the key (RFC 7638), under whatever name it goes; `None` for a MAC key, of
    /// which it would be a digest for everybody to test guesses against (RFC 7638 §7).
    pub fn thumbprint(&self) -> Option<KeyId> {
        match &self.material {
            VerifyingMaterial::Mac(_) => None,
            VerifyingMaterial::Public(key) => Some(thumbprint(key)),
        }
    }

    /// The key as a public JWK with `kid`, `use` and `alg`; `None` for a MAC key.
    pub fn to_jwk(&self) -> Option<String> {
        // Strings alone, and no map with keys of another type: this value has a JSON form.
        crate::json::to_ascii(&self.public_jwk()?).ok()
    }

    /// Whether `signature` is one of `input` by this key; its length must be exact.
    pub(crate) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        match &self.material {
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
        let identity = KeyIdentity::new(key.algorithm(), thumbprint(&key));
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

fn wrong(algorithm: Algorithm, found: &'static str) -> KeyError {
    KeyError::WrongKind {
        algorithm,
        needed: Scheme::of(algorithm).verifying_need(),
        found,
    }
}

/// What a private key is called that stands where a public one is expected.
fn private_key(scheme: PairScheme, der: &[u8]) -> &'static str {
    match der::name_of_key(der) {
        Some(name) if name != scheme.key_name() => name,
        _ => PRIVATE_KEY_HINT,
    }
}

const PRIVATE_KEY_HINT: &str =
    "a private key (take its public half: openssl pkey -pubout -in PRIVATE -out PUBLIC)";
