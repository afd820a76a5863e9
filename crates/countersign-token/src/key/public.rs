//! Public keys of the signature algorithms, in the only spellings that we accept of each.

use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents, RsaSubjectPublicKey};

use super::der::{self, Form};
use super::edwards;
use super::error::KeyError;
use super::rsa::{RsaNumbers, check_size};
use super::scheme::{Curve, PairScheme, RsaScheme};
use crate::algorithm::Algorithm;

/// A public key, parsed once, with what is published of it.
pub(super) struct PublicKey {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
    numbers: PublicNumbers,
    signature_len: usize,
}

/// The public numbers of a key.
pub(super) enum PublicNumbers {
    /// The raw bytes are those of the parsed key: `04‖x‖y` of a point, or the 32 of Ed25519.
    Curve(Curve),
    Rsa(RsaNumbers),
}

impl PublicKey {
    /// Reads a raw key of a curve; the library checks that a point lies on it, and would take it in
    /// any of its spellings.
    pub(super) fn from_raw(curve: Curve, raw: &[u8]) -> Result<Self, KeyError> {
        let algorithm = curve.algorithm();
        let invalid = KeyError::Invalid { algorithm };
        let is_uncompressed = curve.ecdsa().is_none() || raw.first() == Some(&UNCOMPRESSED);
        if raw.len() != curve.raw_len() || !is_uncompressed {
            return Err(invalid);
        }
        if algorithm == Algorithm::EdDsa && !edwards::is_sound(raw) {
            return Err(invalid);
        }
        Ok(Self {
            algorithm,
            parsed: ParsedPublicKey::new(curve.verification(), raw).map_err(|_| invalid)?,
            numbers: PublicNumbers::Curve(curve),
            signature_len: 2 * curve.number_len(),
        })
    }

    /// Takes the numbers of an RSA key, big-endian without leading zeros.
    pub(super) fn from_rsa(
        scheme: RsaScheme,
        modulus: &[u8],
        exponent: &[u8],
    ) -> Result<Self, KeyError> {
        let algorithm = scheme.algorithm;
        let numbers = RsaNumbers::check(algorithm, modulus, exponent)?;
        let components = RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        };
        let parsed = components.to_parsed_public_key(scheme.verification);
        Ok(Self {
            algorithm,
            parsed: parsed.map_err(|_| KeyError::Invalid { algorithm })?,
            signature_len: modulus.len(),
            numbers: PublicNumbers::Rsa(numbers),
        })
    }

    /// Reads SPKI, for RSA also PKCS#1; `None` if the structure is one of another key.
    pub(super) fn from_der(scheme: PairScheme, der: &[u8]) -> Option<Result<Self, KeyError>> {
        match (scheme, der::form_of(der)?) {
            (PairScheme::Curve(curve), Form::Spki) => der
                .strip_prefix(curve.spki_prefix())
                .map(|raw| Self::from_raw(curve, raw)),
            (PairScheme::Rsa(rsa), Form::Pkcs1Public) => Some(Self::from_rsa_der(rsa, der)),
            (PairScheme::Rsa(rsa), Form::Spki) if der::name_of_key(der) == Some(der::RSA_KEY) => {
                Some(Self::from_rsa_spki(rsa, der))
            }
            _ => None,
        }
    }

    /// The library looks at the name of the key alone, and takes any parameters that follow it.
    fn from_rsa_spki(scheme: RsaScheme, der: &[u8]) -> Result<Self, KeyError> {
        if !der::has_plain_rsa_name(der) {
            let algorithm = scheme.algorithm;
            return Err(KeyError::Invalid { algorithm });
        }
        Self::from_rsa_der(scheme, der)
    }

    fn from_rsa_der(scheme: RsaScheme, der: &[u8]) -> Result<Self, KeyError> {
        let algorithm = scheme.algorithm;
        if let Some(modulus) = der::rsa_modulus(der) {
            check_size(algorithm, modulus)?;
        }
        let key =
            RsaSubjectPublicKey::from_der(der).map_err(|_| KeyError::Invalid { algorithm })?;
        let (modulus, exponent) = (key.modulus(), key.exponent());
        Self::from_rsa(
            scheme,
            modulus.big_endian_without_leading_zero(),
            exponent.big_endian_without_leading_zero(),
        )
    }

    /// Whether `signature` is one of `input`; its length must be exact (RFC 7518 §3.3–3.5).
    pub(super) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.signature_len && self.parsed.verify_sig(input, signature).is_ok()
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) const fn signature_len(&self) -> usize {
        self.signature_len
    }

    pub(super) const fn numbers(&self) -> &PublicNumbers {
        &self.numbers
    }

    /// The raw bytes of a key of a curve.
    pub(super) fn raw(&self) -> &[u8] {
        self.parsed.as_ref()
    }
}

/// The first byte of a point with both coordinates (SEC 1 §2.3.3).
pub(super) const UNCOMPRESSED: u8 = 4;
