//! The private half: signs tokens.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use zeroize::Zeroizing;

use super::error::{KeyError, SignError};
use super::id::{KeyId, KeyIdentity};
use super::jwk::thumbprint;
use super::pem::Block;
use super::public::{Curve, PublicKey};
use super::secret::MacKey;
use super::verification::{VerificationKey, VerifyingMaterial};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::ClaimsSet;
use crate::header::HeaderForm;
use crate::token::SignedToken;
use crate::verifier::MAX_TOKEN_BYTES;

/// A key that signs, bound to one algorithm.
///
/// Cloning is cheap and copies no key material. `Debug` prints `****` in its place.
///
/// ```
/// use countersign_token::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// assert_eq!(key.verification_key().key_id(), key.key_id());
/// # Ok::<(), countersign_token::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    identity: Arc<KeyIdentity>,
    material: SigningMaterial,
    verifying: VerifyingMaterial,
}

#[derive(Clone)]
enum SigningMaterial {
    Mac(Arc<MacKey>),
    P256(Arc<EcdsaKeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl SigningKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// # Errors
    /// [`KeyError::Library`] if there is no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Hs256 => Ok(Self::from_mac(algorithm, MacKey::generate()?)),
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map_err(|_| KeyError::Library)
                .and_then(Self::from_p256),
            Algorithm::EdDsa => Ed25519KeyPair::generate()
                .map_err(|_| KeyError::Library)
                .and_then(Self::from_ed25519),
        }
    }

    /// Reads a private key: PKCS#8 (`PRIVATE KEY`), for ES256 also SEC1 (`EC PRIVATE KEY`).
    ///
    /// # Errors
    /// [`KeyError`] unless the text is exactly one block with exactly one key of the kind that
    /// `algorithm` needs; the message says what was found instead.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let block = Block::parse(pem)?;
        let wrong = |found| KeyError::WrongKind {
            algorithm,
            needed: needed(algorithm),
            found,
        };
        match (algorithm, block.label) {
            (Algorithm::Es256, "PRIVATE KEY" | "EC PRIVATE KEY")
            | (Algorithm::EdDsa, "PRIVATE KEY") => Self::from_der(algorithm, &block.der)
                .map_err(|error| block.names_another_key(algorithm).map_or(error, wrong)),
            (_, "PUBLIC KEY") => Err(wrong("a public key: it verifies, but cannot sign")),
            _ => Err(wrong(block.describe())),
        }
    }

    /// Takes the secret of a MAC algorithm: at least 32 bytes for HS256 (RFC 7518 §3.2).
    ///
    /// # Errors
    /// - [`KeyError::WrongKind`] if `algorithm` is not symmetric.
    /// - [`KeyError::SecretTooShort`].
    /// - [`KeyError::SecretIsKey`] if the secret is a public or private key in any form: PEM with
    ///   or without armor, DER, JWK, a point of a curve, an SSH line. Whoever knows a public key
    ///   could sign tokens with it.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        require_symmetric(algorithm)?;
        MacKey::from_configured(algorithm, secret).map(|key| Self::from_mac(algorithm, key))
    }

    /// Takes back what [`export`](Self::export) gave.
    ///
    /// # Errors
    /// [`KeyError`] if the bytes are not a key of `algorithm`.
    pub fn from_exported(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Hs256 => {
                MacKey::from_stored(algorithm, bytes).map(|key| Self::from_mac(algorithm, key))
            }
            Algorithm::Es256 | Algorithm::EdDsa => Self::from_der(algorithm, bytes),
        }
    }

    /// The key in clear, for a store that wraps it: the secret itself, or PKCS#8 DER.
    ///
    /// # Errors
    /// [`KeyError::Library`] if the library cannot write the key.
    pub fn export(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = match &self.material {
            SigningMaterial::Mac(key) => return Ok(key.secret().clone()),
            SigningMaterial::P256(pair) => pair.to_pkcs8v1(),
            SigningMaterial::Ed25519(pair) => pair.to_pkcs8v1(),
        };
        let document = document.map_err(|_| KeyError::Library)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// The algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.identity.algorithm
    }

    /// The name of the key: its thumbprint (RFC 7638), for a MAC key a label under the key, unless
    /// it was given another one.
    pub fn key_id(&self) -> &KeyId {
        &self.identity.key_id
    }

    /// The same key under another name.
    #[must_use]
    pub fn with_key_id(self, key_id: KeyId) -> Self {
        let identity = Arc::new(KeyIdentity::new(self.identity.algorithm, key_id));
        Self { identity, ..self }
    }

    /// The half that verifies, under the same name.
    pub fn verification_key(&self) -> VerificationKey {
        VerificationKey::new(Arc::clone(&self.identity), self.verifying.clone())
    }

    /// Signs claims: the header of the wanted form, the claims in their order, the signature.
    ///
    /// # Errors
    /// - [`SignError::TooLong`] above 64 KiB, which no verifier accepts.
    /// - [`SignError::Library`] if the library cannot sign.
    pub fn encode(&self, header: HeaderForm, claims: &ClaimsSet) -> Result<SignedToken, SignError> {
        let mut token = self.identity.headers.segment(header).to_owned();
        token.push('.');
        base64url::append(claims.to_json().as_bytes(), &mut token);
        self.append_signature(&mut token)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SignError::TooLong {
                length: token.len(),
                limit: MAX_TOKEN_BYTES,
            });
        }
        Ok(SignedToken::new(token))
    }

    /// Signs the text so far (the signing input of RFC 7515 §5.1) and appends the third segment.
    fn append_signature(&self, token: &mut String) -> Result<(), SignError> {
        let input = token.as_bytes();
        let signature = match &self.material {
            SigningMaterial::Mac(key) => {
                let tag = key.sign(input);
                token.push('.');
                base64url::append(tag.as_ref(), token);
                return Ok(());
            }
            SigningMaterial::P256(pair) => pair.sign(&SystemRandom::new(), input),
            SigningMaterial::Ed25519(pair) => pair.try_sign(input),
        };
        let signature = signature.map_err(|_| SignError::Library)?;
        token.push('.');
        base64url::append(signature.as_ref(), token);
        Ok(())
    }

    fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let invalid = |_| KeyError::Invalid { algorithm };
        if !super::der::is_one_sequence(der) {
            return Err(KeyError::TrailingBytes);
        }
        match algorithm {
            Algorithm::Hs256 => Err(KeyError::Invalid { algorithm }),
            Algorithm::Es256 => {
                let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
                EcdsaKeyPair::from_private_key_der(curve, der)
                    .map_err(invalid)
                    .and_then(Self::from_p256)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der)
                .map_err(invalid)
                .and_then(Self::from_ed25519),
        }
    }

    fn from_mac(algorithm: Algorithm, key: MacKey) -> Self {
        let key = Arc::new(key);
        Self {
            identity: Arc::new(KeyIdentity::new(algorithm, key.default_id())),
            material: SigningMaterial::Mac(Arc::clone(&key)),
            verifying: VerifyingMaterial::Mac(key),
        }
    }

    fn from_p256(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_raw(Curve::P256, pair.public_key().as_ref())?;
        Ok(Self::from_pair(
            SigningMaterial::P256(Arc::new(pair)),
            public,
        ))
    }

    fn from_ed25519(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_raw(Curve::Ed25519, pair.public_key().as_ref())?;
        Ok(Self::from_pair(
            SigningMaterial::Ed25519(Arc::new(pair)),
            public,
        ))
    }

    fn from_pair(material: SigningMaterial, public: PublicKey) -> Self {
        let identity = KeyIdentity::new(public.curve().algorithm(), thumbprint(&public));
        let verifying = VerifyingMaterial::Public(Arc::new(public));
        Self {
            identity: Arc::new(identity),
            material,
            verifying,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("key_id", self.key_id())
            .field("material", &format_args!("****"))
            .finish()
    }
}

fn require_symmetric(algorithm: Algorithm) -> Result<(), KeyError> {
    if algorithm.is_symmetric() {
        return Ok(());
    }
    Err(KeyError::WrongKind {
        algorithm,
        needed: needed(algorithm),
        found: "a shared secret",
    })
}

fn needed(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Hs256 => "a shared secret of at least 32 random bytes",
        Algorithm::Es256 => "a P-256 private key",
        Algorithm::EdDsa => "an Ed25519 private key",
    }
}
