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
    algorithm: Algorithm,
    prepared: hmac::Key,
    secret: Zeroizing<Vec<u8>>,
}

impl MacKey {
    /// Draws a secret from the operating system, as long as the hash.
    pub(super) fn generate(algorithm: Algorithm, mac: hmac::Algorithm) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new(vec![0; hash_len(mac)]);
        loop {
            rand::fill(&mut secret).map_err(|_| KeyError::Library)?;
            // Once in thousands of millions chance writes a key; it could not be read back.
            if key_in_disguise(&secret).is_none() {
                return Ok(Self::prepare(algorithm, mac, secret));
            }
        }
    }

    /// Takes a secret at least as long as the hash (RFC 7518 §3.2). There is no way around the check:
    /// what is read here may come from a file that somebody could write to.
    pub(super) fn from_secret(
        algorithm: Algorithm,
        mac: hmac::Algorithm,
        secret: &[u8],
    ) -> Result<Self, KeyError> {
        if let Some(found) = key_in_disguise(secret) {
            return Err(KeyError::SecretIsKey { algorithm, found });
        }
        let (minimum, length) = (hash_len(mac), secret.len());
        if length < minimum {
            return Err(KeyError::SecretTooShort {
                algorithm,
                minimum,
                length,
            });
        }
        Ok(Self::prepare(
            algorithm,
            mac,
            Zeroizing::new(secret.to_vec()),
        ))
    }

    fn prepare(algorithm: Algorithm, mac: hmac::Algorithm, secret: Zeroizing<Vec<u8>>) -> Self {
        Self {
            algorithm,
            prepared: hmac::Key::new(mac, &secret),
            secret,
        }
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn tag_len(&self) -> usize {
        hash_len(self.prepared.algorithm())
    }

    pub(super) fn sign(&self, input: &[u8]) -> hmac::Tag {
        hmac::sign(&self.prepared, input)
    }

    /// Compares in constant time over the whole length, and refuses a tag that was cut; that is the
    /// library's promise.
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

fn hash_len(mac: hmac::Algorithm) -> usize {
    mac.digest_algorithm().output_len()
}

/// Says which key a secret really is: PEM, DER, JWK or an SSH line, a point of a curve, or the
/// base64 or hex of one of them, as it remains when the armor of a PEM file was cut off.
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
    let from_base64 = [STANDARD, URL_SAFE].into_iter().filter_map(|alphabet| {
        GeneralPurpose::new(&alphabet, ANY_PADDING)
            .decode(joined.as_str())
            .ok()
    });
    from_base64.chain(from_hex(&joined)).any(|bytes| {
        let bytes = Zeroizing::new(bytes);
        // Half of all 33-byte strings that begin with 2 or 3 are compressed points; here, where
        // random secrets are common, only the forms with both coordinates count.
        der::looks_like_key(&bytes)
            || (matches!(bytes.first(), Some(4 | 6 | 7)) && is_point(&bytes))
    })
}

/// Decodes pairs of hex digits, also with colons between them, as `openssl` prints keys.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Zeroizing<String> = Zeroizing::new(text.replace(':', ""));
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let byte = |[high, low]: &[u8; 2]| {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        u8::try_from(16 * digit(*high)? + digit(*low)?).ok()
    };
    pairs.iter().map(byte).collect()
}

/// Whether the bytes are a point of one of the four curves of JOSE: compressed (2, 3), with both
/// coordinates (4), or with both and the mark of a compressed one (6, 7).
fn is_point(bytes: &[u8]) -> bool {
    let curves: [(usize, &'static EcdsaVerificationAlgorithm); 4] = [
        (32, &ECDSA_P256_SHA256_FIXED),
        (32, &ECDSA_P256K1_SHA256_FIXED),
        (48, &ECDSA_P384_SHA384_FIXED),
        (66, &ECDSA_P521_SHA512_FIXED),
    ];
    curves.into_iter().any(|(size, curve)| match bytes {
        [2 | 3, x @ ..] => x.len() == size && ParsedPublicKey::new(curve, bytes).is_ok(),
        [4 | 6 | 7, xy @ ..] => xy.len() == 2 * size && ParsedPublicKey::new(curve, bytes).is_ok(),
        _ => false,
    })
}

const KEY_ID_LABEL: &[u8] = b"countersign key id v1";
const SSH_PREFIXES: [&str; 5] = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "ssh2 "];
const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
