//! Secrets of HMAC, and the check that they are secrets.
//!
//! The classic forgery against JWT: a service is configured with a *public* key, the attacker signs
//! with HMAC and uses that public text as the secret (CVE-2015-9235 and many after it). Keys that
//! are bound to an algorithm close the door; this module keeps an operator from opening it again
//! by pasting a key file into the setting for the secret.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ECDSA_P384_SHA384_FIXED,
    ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::der;
use super::error::KeyError;
use super::id::KeyId;
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::scan_object;

/// An HMAC key, prepared once, and the secret it was made of.
pub(super) struct MacKey {
    prepared: hmac::Key,
    secret: Zeroizing<Vec<u8>>,
}

impl MacKey {
    /// Draws a secret from the operating system.
    pub(super) fn generate() -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new(vec![0; MIN_SECRET_LEN]);
        rand::fill(&mut secret).map_err(|_| KeyError::Library)?;
        Ok(Self::prepare(secret))
    }

    /// Takes a secret that somebody chose.
    pub(super) fn from_configured(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        if let Some(found) = key_in_disguise(secret) {
            return Err(KeyError::SecretIsKey { algorithm, found });
        }
        Self::from_stored(algorithm, secret)
    }

    /// Takes back a secret that was accepted before.
    pub(super) fn from_stored(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < MIN_SECRET_LEN {
            let length = secret.len();
            return Err(KeyError::SecretTooShort {
                algorithm,
                minimum: MIN_SECRET_LEN,
                length,
            });
        }
        Ok(Self::prepare(Zeroizing::new(secret.to_vec())))
    }

    fn prepare(secret: Zeroizing<Vec<u8>>) -> Self {
        Self {
            prepared: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            secret,
        }
    }

    pub(super) fn sign(&self, input: &[u8]) -> hmac::Tag {
        hmac::sign(&self.prepared, input)
    }

    /// Compares in constant time over the whole length; that is the library's promise.
    pub(super) fn verifies(&self, input: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.prepared, input, tag).is_ok()
    }

    pub(super) fn secret(&self) -> &Zeroizing<Vec<u8>> {
        &self.secret
    }

    /// The default name: a label under the key, cut to 128 bits.
    ///
    /// A thumbprint would be a digest of the secret and let anybody test guesses of it. So does
    /// this one, and so does every token; but it shares no value with anything else.
    pub(super) fn default_id(&self) -> KeyId {
        let tag = self.sign(KEY_ID_LABEL);
        KeyId::from_digest(&base64url::encode(
            tag.as_ref().get(..16).unwrap_or_default(),
        ))
    }
}

/// Says which key a secret really is: PEM, DER, JWK or an SSH line, a point of a curve, or the
/// base64 of one of them, as it remains when the armor of a PEM file was cut off.
fn key_in_disguise(secret: &[u8]) -> Option<&'static str> {
    if der::looks_like_key(secret) || is_point(secret) {
        return Some("a binary key");
    }
    let text = str::from_utf8(secret).ok()?.trim_ascii();
    if text.contains("-----BEGIN") || text.contains("---- BEGIN") {
        return Some("a PEM block");
    }
    if SSH_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
        return Some("an SSH key");
    }
    if is_jwk(text) {
        return Some("a JWK");
    }
    is_armorless(text).then_some("a PEM block without its armor")
}

/// Whether the text is a JWK or a set of them, or begins like one.
fn is_jwk(text: &str) -> bool {
    let mut has_key_member = false;
    let _ = scan_object(text, |name, _| {
        has_key_member |= name == "kty" || name == "keys";
    });
    has_key_member
}

fn is_armorless(text: &str) -> bool {
    let joined: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
    [STANDARD, URL_SAFE].iter().any(|alphabet| {
        let engine = GeneralPurpose::new(alphabet, ANY_PADDING);
        let decoded = engine.decode(joined.as_str()).map(Zeroizing::new);
        // Half of all 33-byte strings that begin with 2 or 3 are compressed points; here, where
        // random secrets are common, only the uncompressed form counts.
        decoded.is_ok_and(|bytes| {
            der::looks_like_key(&bytes) || (bytes.first() == Some(&4) && is_point(&bytes))
        })
    })
}

/// Whether the bytes are a point of one of the four curves of JOSE, compressed or not.
fn is_point(bytes: &[u8]) -> bool {
    let curves: [(usize, &'static EcdsaVerificationAlgorithm); 4] = [
        (32, &ECDSA_P256_SHA256_FIXED),
        (32, &ECDSA_P256K1_SHA256_FIXED),
        (48, &ECDSA_P384_SHA384_FIXED),
        (66, &ECDSA_P521_SHA512_FIXED),
    ];
    curves.into_iter().any(|(size, curve)| match bytes {
        [2 | 3, x @ ..] => x.len() == size && ParsedPublicKey::new(curve, bytes).is_ok(),
        [4, xy @ ..] => xy.len() == 2 * size && ParsedPublicKey::new(curve, bytes).is_ok(),
        _ => false,
    })
}

/// As long as the hash (RFC 7518 §3.2).
const MIN_SECRET_LEN: usize = 32;
const KEY_ID_LABEL: &[u8] = b"countersign key id v1";
const SSH_PREFIXES: [&str; 5] = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "ssh2 "];
const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
