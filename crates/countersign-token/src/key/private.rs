//! Private keys: how they are made, read, checked, and sign.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
    RsaSubjectPublicKey,
};
use zeroize::Zeroizing;

use super::der::{self, Form};
use super::error::{KeyError, SignError};
use super::public::PublicKey;
use super::rsa::check_size;
use super::scheme::{Curve, PairScheme, RsaScheme};
use crate::base64url;

/// A key pair, as the library holds it.
pub(super) enum PrivateKey {
    Rsa(RsaKeyPair, RsaScheme),
    Ecdsa(EcdsaKeyPair, Curve),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// Draws a key from the operating system.
    pub(super) fn generate(scheme: PairScheme) -> Result<Self, KeyError> {
        let made = match scheme {
            PairScheme::Rsa(rsa) => {
                RsaKeyPair::generate(NEW_RSA_KEY).map(|pair| Self::Rsa(pair, rsa))
            }
            PairScheme::Curve(curve) => match curve.ecdsa() {
                Some(ecdsa) => EcdsaKeyPair::generate(ecdsa).map(|pair| Self::Ecdsa(pair, curve)),
                None => Ed25519KeyPair::generate().map(Self::Ed25519),
            },
        };
        made.map_err(|_| KeyError::Library)
    }

    /// Reads PKCS#8, for RSA also PKCS#1, for ECDSA also SEC1; `None` if the structure is one of
    /// another key.
    pub(super) fn from_der(scheme: PairScheme, der: &[u8]) -> Option<Result<Self, KeyError>> {
        let form = der::form_of(der)?;
        if der::name_of_key(der).is_some_and(|name| name != scheme.key_name()) {
            return None;
        }
        match (scheme, form) {
            (PairScheme::Rsa(rsa), Form::Pkcs8 | Form::Pkcs1Private) => {
                Some(Self::from_rsa_der(rsa, form, der))
            }
            (PairScheme::Curve(curve), _) => match (curve.ecdsa(), form) {
                (Some(ecdsa), Form::Pkcs8 | Form::Sec1) => {
                    Some(Self::from_ecdsa_der(curve, ecdsa, form, der))
                }
                (None, Form::Pkcs8) => Some(Self::from_ed25519_der(der)),
                _ => None,
            },
            _ => None,
        }
    }

    fn from_rsa_der(scheme: RsaScheme, form: Form, der: &[u8]) -> Result<Self, KeyError> {
        let algorithm = scheme.algorithm;
        if let Some(modulus) = der::rsa_modulus(der) {
            check_size(algorithm, modulus)?;
        }
        let pair = match form {
            Form::Pkcs8 => RsaKeyPair::from_pkcs8(der),
            _ => RsaKeyPair::from_der(der),
        };
        let pair = pair.map_err(|_| KeyError::Invalid { algorithm })?;
        Ok(Self::Rsa(pair, scheme))
    }

    fn from_ecdsa_der(
        curve: Curve,
        ecdsa: &'static EcdsaSigningAlgorithm,
        form: Form,
        der: &[u8],
    ) -> Result<Self, KeyError> {
        let invalid = KeyError::Invalid {
            algorithm: curve.algorithm(),
        };
        // The library would take leading zeros, and with them several spellings of one key.
        if der::ec_scalar_len(der) != Some(curve.number_len()) {
            return Err(invalid);
        }
        let pair = match form {
            Form::Pkcs8 => EcdsaKeyPair::from_pkcs8(ecdsa, der),
            _ => EcdsaKeyPair::from_private_key_der(ecdsa, der),
        };
        let pair = pair.map_err(|_| invalid)?;
        Ok(Self::Ecdsa(pair, curve))
    }

    fn from_ed25519_der(der: &[u8]) -> Result<Self, KeyError> {
        let algorithm = Curve::Ed25519.algorithm();
        Ed25519KeyPair::from_pkcs8(der)
            .map(Self::Ed25519)
            .map_err(|_| KeyError::Invalid { algorithm })
    }

    /// The public half, checked as if it had been read by itself.
    pub(super) fn public(&self) -> Result<PublicKey, KeyError> {
        match self {
            Self::Rsa(pair, scheme) => public_rsa(*scheme, pair.public_key()),
            Self::Ecdsa(pair, curve) => PublicKey::from_raw(*curve, pair.public_key().as_ref()),
            Self::Ed25519(pair) => PublicKey::from_raw(Curve::Ed25519, pair.public_key().as_ref()),
        }
    }

    /// The key as PKCS#8 DER.
    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let written = match self {
            Self::Rsa(pair, _) => pair
                .as_der()
                .map(|der: Pkcs8V1Der<'_>| der.as_ref().to_vec()),
            Self::Ecdsa(pair, _) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        written.map(Zeroizing::new).map_err(|_| KeyError::Library)
    }

    /// Signs `token` as it stands, and appends a dot and the signature.
    pub(super) fn append_signature(&self, token: &mut String) -> Result<(), SignError> {
        let (input, random) = (token.as_bytes(), SystemRandom::new());
        let signature = match self {
            Self::Rsa(pair, scheme) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(scheme.signing, &random, input, &mut signature)
                    .map_err(|_| SignError::Library)?;
                token.push('.');
                base64url::append(&signature, token);
                return Ok(());
            }
            Self::Ecdsa(pair, _) => pair.sign(&random, input),
            Self::Ed25519(pair) => pair.try_sign(input),
        };
        let signature = signature.map_err(|_| SignError::Library)?;
        token.push('.');
        base64url::append(signature.as_ref(), token);
        Ok(())
    }
}

fn public_rsa(scheme: RsaScheme, key: &RsaSubjectPublicKey) -> Result<PublicKey, KeyError> {
    PublicKey::from_rsa(
        scheme,
        key.modulus().big_endian_without_leading_zero(),
        key.exponent().big_endian_without_leading_zero(),
    )
}

/// 128 bits of security, as the curves have; 2048 bits have 112, which NIST SP 800-57 part 1 calls
/// enough until 2030 only.
const NEW_RSA_KEY: KeySize = KeySize::Rsa3072;
