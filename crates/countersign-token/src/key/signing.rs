//! The private half: signs tokens.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::der::{self, Form};
use super::error::{KeyError, SignError};
use super::id::{KeyId, KeyIdentity};
use super::jwk::{Members, Purpose, private_key, thumbprint};
use super::pem::Block;
use super::private::PrivateKey;
use super::scheme::Scheme;
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
    Private(Arc<PrivateKey>),
}

/// Where keys come from.
impl SigningKey {
    /// Makes a new key from the randomness of the operating system.
    ///
    /// A secret is as long as the hash of its algorithm. An RSA key has 3072 bits, which is as hard
    /// to break as P-256 is; it takes a moment, because large primes are rare.
    ///
    /// # Errors
    /// [`KeyError::Library`] if there is no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match Scheme::of(algorithm) {
            Scheme::Mac(mac) => MacKey::generate(algorithm, mac).map(Self::from_mac),
            Scheme::Pair(pair) => PrivateKey::generate(pair).and_then(Self::from_private),
        }
    }

    /// Reads a private key: PKCS#8 (`PRIVATE KEY`), for RSA also PKCS#1 (`RSA PRIVATE KEY`), for
    /// ECDSA also SEC1 (`EC PRIVATE KEY`).
    ///
    /// # Errors
    /// [`KeyError`] unless the text is exactly one block with exactly one key of the kind that
    /// `algorithm` needs; the message says what was found instead, and what to do.
    ///
    /// ```
    /// use countersign_token::{Algorithm, SigningKey};
    ///
    /// let error = SigningKey::from_pem(Algorithm::Es256, "ssh-ed25519 AAAA").unwrap_err();
    /// assert!(error.to_string().contains("ssh-keygen"));
    /// ```
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, KeyError> {
        let block = Block::parse(pem)?;
        let found = block.describe();
        block
            .check_label()
            .unwrap_or_else(|| Err(wrong(algorithm, found)))?;
        Self::from_structure(algorithm, &block.der, found)
    }

    /// Reads a private key in DER: PKCS#8, for RSA also PKCS#1, for ECDSA also SEC1.
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
        if der::form_of(der).is_some_and(Form::is_public) {
            return Err(wrong(algorithm, PUBLIC_KEY));
        }
        PrivateKey::from_der(pair, der)
            .unwrap_or_else(|| Err(wrong(algorithm, found)))
            .and_then(Self::from_private)
    }

    /// Takes the secret of a MAC algorithm: at least 32, 48 or 64 bytes for HS256, HS384 or HS512
    /// (RFC 7518 §3.2).
    ///
    /// # Errors
    /// - [`KeyError::WrongKind`] if `algorithm` is not symmetric.
    /// - [`KeyError::SecretTooShort`].
    /// - [`KeyError::SecretIsKey`] if the secret is a public or private key in any form: PEM with
    ///   or without armor, DER, hex, JWK, a point of a curve, an SSH line. Whoever knows a public
    ///   key could sign tokens with it.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        match Scheme::of(algorithm) {
            Scheme::Mac(mac) => MacKey::from_secret(algorithm, mac, secret).map(Self::from_mac),
            Scheme::Pair(_) => Err(wrong(algorithm, "a shared secret")),
        }
    }

    /// Reads a JWK (RFC 7517): a private key of `kty` RSA, EC or OKP, or a secret of `kty` oct.
    ///
    /// The key is named by its `kid` if it has one.
    ///
    /// # Errors
    /// [`KeyError`] if the JWK is for another algorithm or use, lacks a member, or has a number
    /// that is too long, too short or not on its curve; and as [`from_secret`](Self::from_secret).
    ///
    /// ```
    /// use countersign_token::{Algorithm, SigningKey};
    ///
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","kid":"RFC 8037 A.1",
    ///     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    ///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// let key = SigningKey::from_jwk(Algorithm::EdDsa, jwk)?;
    /// assert_eq!(key.key_id().as_str(), "RFC 8037 A.1");
    /// # Ok::<(), countersign_token::KeyError>(())
    /// ```
    pub fn from_jwk(algorithm: Algorithm, jwk: &str) -> Result<Self, KeyError> {
        let members = Members::read(jwk).map_err(KeyError::Jwk)?;
        Self::from_members(algorithm, Purpose::Sign, &members)
    }

    pub(super) fn from_members(
        algorithm: Algorithm,
        purpose: Purpose,
        members: &Members<'_>,
    ) -> Result<Self, KeyError> {
        members.check(algorithm, purpose).map_err(KeyError::Jwk)?;
        let key = match Scheme::of(algorithm) {
            Scheme::Mac(mac) => {
                let secret = members.bytes("k").map_err(KeyError::Jwk)?;
                MacKey::from_secret(algorithm, mac, &secret).map(Self::from_mac)?
            }
            Scheme::Pair(pair) => Self::from_private(private_key(pair, members)?)?,
        };
        Ok(match members.key_id().map_err(KeyError::Jwk)? {
            Some(key_id) => key.with_key_id(key_id),
            None => key,
        })
    }

    /// Takes back what [`export`](Self::export) gave.
    ///
    /// # Errors
    /// [`KeyError`] if the bytes are not a key of `algorithm`; for a secret as
    /// [`from_secret`](Self::from_secret).
    pub fn from_exported(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        match Scheme::of(algorithm) {
            Scheme::Mac(_) => Self::from_secret(algorithm, bytes),
            Scheme::Pair(_) => Self::from_der(algorithm, bytes),
        }
    }

    /// The key in clear, for a store that wraps it: the secret itself, or PKCS#8 DER.
    ///
    /// # Errors
    /// [`KeyError::Library`] if the library cannot write the key.
    pub fn export(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        match &self.material {
            SigningMaterial::Mac(key) => Ok(key.secret().clone()),
            SigningMaterial::Private(key) => key.to_pkcs8(),
        }
    }

    fn from_mac(key: MacKey) -> Self {
        let key = Arc::new(key);
        Self {
            identity: Arc::new(KeyIdentity::new(key.algorithm(), key.default_id())),
            material: SigningMaterial::Mac(Arc::clone(&key)),
            verifying: VerifyingMaterial::Mac(key),
        }
    }

    fn from_private(key: PrivateKey) -> Result<Self, KeyError> {
        let public = key.public()?;
        let identity = KeyIdentity::new(public.algorithm(), thumbprint(&public));
        Ok(Self {
            identity: Arc::new(identity),
            material: SigningMaterial::Private(Arc::new(key)),
            verifying: VerifyingMaterial::Public(Arc::new(public)),
        })
    }
}

/// What keys are and do.
impl SigningKey {
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
        let header = self.identity.headers.segment(header);
        let claims = claims.as_json();
        // Room for all of it at once: a text that grows leaves copies of itself behind.
        let signature = self.verifying.signature_len();
        let mut token =
            String::with_capacity(header.len() + (claims.len() + signature + DOTS) * 4 / 3);
        token.push_str(header);
        token.push('.');
        base64url::append(claims.as_bytes(), &mut token);
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
    pub(super) fn append_signature(&self, token: &mut String) -> Result<(), SignError> {
        match &self.material {
            SigningMaterial::Private(key) => key.append_signature(token),
            SigningMaterial::Mac(key) => {
                let tag = key.sign(token.as_bytes());
                token.push('.');
                base64url::append(tag.as_ref(), token);
                Ok(())
            }
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

fn wrong(algorithm: Algorithm, found: &'static str) -> KeyError {
    KeyError::WrongKind {
        algorithm,
        needed: Scheme::of(algorithm).signing_need(),
        found,
    }
}

const PUBLIC_KEY: &str = "a public key: it verifies, but cannot sign";

/// More than what two dots and two incomplete groups of base64url take.
const DOTS: usize = 4;
