//! What stands behind the name of an algorithm: the kind of key, and the functions of the library.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    self, EcdsaSigningAlgorithm, RsaEncoding, RsaParameters, VerificationAlgorithm,
};

use super::der;
use crate::algorithm::Algorithm;

/// How an algorithm signs: with a secret that both sides share, or with one half of a pair.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    Mac(hmac::Algorithm),
    Pair(PairScheme),
}

/// How an algorithm signs whose keys have a private and a public half.
#[derive(Clone, Copy)]
pub(super) enum PairScheme {
    Rsa(RsaScheme),
    Curve(Curve),
}

/// Padding and hash of an RSA signature. PSS is salted with as many bytes as the digest has
/// (RFC 7518 §3.5); every other length is refused.
#[derive(Clone, Copy)]
pub(super) struct RsaScheme {
    pub(super) algorithm: Algorithm,
    pub(super) verification: &'static RsaParameters,
    pub(super) signing: &'static dyn RsaEncoding,
}

/// The curves, each of which belongs to one algorithm (RFC 7518 §3.4, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
    Ed25519,
}

impl Scheme {
    pub(super) fn of(algorithm: Algorithm) -> Self {
        let rsa = |verification, signing| {
            Self::Pair(PairScheme::Rsa(RsaScheme {
                algorithm,
                verification,
                signing,
            }))
        };
        let curve = |curve| Self::Pair(PairScheme::Curve(curve));
        match algorithm {
            Algorithm::Hs256 => Self::Mac(hmac::HMAC_SHA256),
            Algorithm::Hs384 => Self::Mac(hmac::HMAC_SHA384),
            Algorithm::Hs512 => Self::Mac(hmac::HMAC_SHA512),
            Algorithm::Rs256 => rsa(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                &signature::RSA_PKCS1_SHA256,
            ),
            Algorithm::Rs384 => rsa(
                &signature::RSA_PKCS1_2048_8192_SHA384,
                &signature::RSA_PKCS1_SHA384,
            ),
            Algorithm::Rs512 => rsa(
                &signature::RSA_PKCS1_2048_8192_SHA512,
                &signature::RSA_PKCS1_SHA512,
            ),
            Algorithm::Ps256 => rsa(
                &signature::RSA_PSS_2048_8192_SHA256,
                &signature::RSA_PSS_SHA256,
            ),
            Algorithm::Ps384 => rsa(
                &signature::RSA_PSS_2048_8192_SHA384,
                &signature::RSA_PSS_SHA384,
            ),
            Algorithm::Ps512 => rsa(
                &signature::RSA_PSS_2048_8192_SHA512,
                &signature::RSA_PSS_SHA512,
            ),
            Algorithm::Es256 => curve(Curve::P256),
            Algorithm::Es384 => curve(Curve::P384),
            Algorithm::Es512 => curve(Curve::P521),
            Algorithm::EdDsa => curve(Curve::Ed25519),
        }
    }

    /// What a message says that the algorithm needs in order to sign.
    pub(super) fn signing_need(self) -> &'static str {
        match self {
            Self::Mac(_) => "a shared secret of random bytes",
            Self::Pair(PairScheme::Rsa(_)) => "an RSA private key",
            Self::Pair(PairScheme::Curve(curve)) => match curve {
                Curve::P256 => "a P-256 private key",
                Curve::P384 => "a P-384 private key",
                Curve::P521 => "a P-521 private key",
                Curve::Ed25519 => "an Ed25519 private key",
            },
        }
    }

    /// What a message says that the algorithm needs in order to verify.
    pub(super) fn verifying_need(self) -> &'static str {
        match self {
            Self::Mac(_) => "a shared secret, which is read as a signing key",
            Self::Pair(PairScheme::Rsa(_)) => "an RSA public key",
            Self::Pair(PairScheme::Curve(curve)) => match curve {
                Curve::P256 => "a P-256 public key with an uncompressed point",
                Curve::P384 => "a P-384 public key with an uncompressed point",
                Curve::P521 => "a P-521 public key with an uncompressed point",
                Curve::Ed25519 => "an Ed25519 public key",
            },
        }
    }
}

impl PairScheme {
    /// What the keys are called where DER is described.
    pub(super) const fn key_name(self) -> &'static str {
        match self {
            Self::Rsa(_) => der::RSA_KEY,
            Self::Curve(Curve::P256) => der::P256_KEY,
            Self::Curve(Curve::P384) => der::P384_KEY,
            Self::Curve(Curve::P521) => der::P521_KEY,
            Self::Curve(Curve::Ed25519) => der::ED25519_KEY,
        }
    }
}

impl Curve {
    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
            Self::Ed25519 => Algorithm::EdDsa,
        }
    }

    pub(super) fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::P384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::P521 => &signature::ECDSA_P521_SHA512_FIXED,
            Self::Ed25519 => &signature::ED25519,
        }
    }

    /// How the curve signs by ECDSA; `None` for Ed25519, which has a scheme of its own.
    pub(super) fn ecdsa(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::P256 => Some(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::P384 => Some(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Self::P521 => Some(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Self::Ed25519 => None,
        }
    }

    /// Bytes of one number: a coordinate, a private scalar, and each half of a signature
    /// (RFC 7518 §6.2.1.2, RFC 8032 §5.1.5).
    pub(super) const fn number_len(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Bytes of a public key as such: `04‖x‖y`, or the 32 bytes of an Ed25519 key.
    pub(super) const fn raw_len(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::P256 | Self::P384 | Self::P521 => 1 + 2 * self.number_len(),
        }
    }

    /// Bytes of a `SubjectPublicKeyInfo` before the key itself (RFC 5480 §2, RFC 8410 §4).
    ///
    /// DER has one spelling for each value, so these bytes are the only ones possible for an
    /// uncompressed point, and comparing them replaces a parser.
    pub(super) const fn spki_prefix(self) -> &'static [u8] {
        match self {
            Self::P256 => {
                b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
            }
            Self::P384 => {
                b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00"
            }
            Self::P521 => {
                b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00"
            }
            Self::Ed25519 => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        }
    }

    /// The value of `crv` (RFC 7518 §6.2.1.1, RFC 8037 §2).
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The value of `kty`.
    pub(super) const fn key_type(self) -> &'static str {
        match self {
            Self::P256 | Self::P384 | Self::P521 => "EC",
            Self::Ed25519 => "OKP",
        }
    }
}
