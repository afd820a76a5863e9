//! Public keys of the two signature algorithms, in the only two spellings we accept of each.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, VerificationAlgorithm,
};

use super::error::KeyError;
use crate::algorithm::Algorithm;

/// A public key, parsed once, with its raw bytes: `04‖x‖y` of a P-256 point, or the 32 bytes of an
/// Ed25519 key.
pub(super) struct PublicKey {
    parsed: ParsedPublicKey,
    curve: Curve,
}

/// The curves behind the signature algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    Ed25519,
}

impl Curve {
    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::Ed25519 => Algorithm::EdDsa,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::Ed25519 => &ED25519,
        }
    }

    /// Bytes of a `SubjectPublicKeyInfo` before the key itself (RFC 5480 §2, RFC 8410 §4).
    ///
    /// DER has one spelling for each value, so these bytes are the only ones possible for an
    /// uncompressed point, and comparing them replaces a parser.
    const fn spki_prefix(self) -> &'static [u8] {
        match self {
            Self::P256 => {
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
            }
            Self::Ed25519 => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        }
    }

    const fn raw_len(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::Ed25519 => 32,
        }
    }
}

impl PublicKey {
    /// Reads a raw key; the library checks that a point lies on its curve.
    pub(super) fn from_raw(curve: Curve, raw: &[u8]) -> Result<Self, KeyError> {
        let invalid = KeyError::Invalid {
            algorithm: curve.algorithm(),
        };
        if raw.len() != curve.raw_len() {
            return Err(invalid);
        }
        let parsed = ParsedPublicKey::new(curve.verification(), raw).map_err(|_| invalid)?;
        Ok(Self { parsed, curve })
    }

    /// Reads a DER `SubjectPublicKeyInfo`; `None` if it is one of another key.
    pub(super) fn from_spki(curve: Curve, der: &[u8]) -> Option<Result<Self, KeyError>> {
        der.strip_prefix(curve.spki_prefix())
            .map(|raw| Self::from_raw(curve, raw))
    }

    pub(super) fn verifies(&self, input: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(input, signature).is_ok()
    }

    pub(super) fn curve(&self) -> Curve {
        self.curve
    }

    pub(super) fn raw(&self) -> &[u8] {
        self.parsed.as_ref()
    }
}
