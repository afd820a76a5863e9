//! Keys out of the members of a JWK (RFC 7518 §6, RFC 8037 §2).

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair};

use super::fault::JwkFault;
use super::members::Members;
use crate::key::error::KeyError;
use crate::key::private::PrivateKey;
use crate::key::public::{PublicKey, UNCOMPRESSED};
use crate::key::rsa::RsaNumbers;
use crate::key::scheme::{Curve, PairScheme, RsaScheme};

/// Reads a public key. Private members are refused, not ignored: whoever only verifies has a key
/// too many.
pub(in crate::key) fn public_key(
    scheme: PairScheme,
    members: &Members<'_>,
) -> Result<PublicKey, KeyError> {
    if members.is_private() {
        return Err(KeyError::Jwk(JwkFault::Private));
    }
    match scheme {
        PairScheme::Rsa(rsa) => {
            let modulus = members.short_number("n").map_err(KeyError::Jwk)?;
            let exponent = members.short_number("e").map_err(KeyError::Jwk)?;
            PublicKey::from_rsa(rsa, &modulus, &exponent)
        }
        PairScheme::Curve(curve) => {
            let raw = raw_point(curve, members).map_err(KeyError::Jwk)?;
            PublicKey::from_raw(curve, &raw)
        }
    }
}

/// Reads a private key, of which the public half must fit.
pub(in crate::key) fn private_key(
    scheme: PairScheme,
    members: &Members<'_>,
) -> Result<PrivateKey, KeyError> {
    if !members.contains("d") {
        return Err(KeyError::Jwk(JwkFault::Public));
    }
    match scheme {
        PairScheme::Rsa(rsa) => private_rsa(rsa, members),
        PairScheme::Curve(curve) => match curve.ecdsa() {
            Some(ecdsa) => private_ecdsa(curve, ecdsa, members),
            None => private_ed25519(members),
        },
    }
}

fn private_rsa(scheme: RsaScheme, members: &Members<'_>) -> Result<PrivateKey, KeyError> {
    if members.contains("oth") {
        return Err(KeyError::Jwk(JwkFault::Member {
            member: "oth",
            expected: "absent: a key has two primes",
        }));
    }
    let number = |name| members.short_number(name).map_err(KeyError::Jwk);
    let (modulus, exponent) = (number("n")?, number("e")?);
    RsaNumbers::check(scheme.algorithm, &modulus, &exponent)?;
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: modulus.as_slice(),
            e: exponent.as_slice(),
        },
        d: number("d")?,
        p: number("p")?,
        q: number("q")?,
        dP: number("dp")?,
        dQ: number("dq")?,
        qInv: number("qi")?,
    };
    RsaKeyPair::from_components(&components)
        .map(|pair| PrivateKey::Rsa(pair, scheme))
        .map_err(|_| KeyError::Invalid {
            algorithm: scheme.algorithm,
        })
}

fn private_ecdsa(
    curve: Curve,
    ecdsa: &'static EcdsaSigningAlgorithm,
    members: &Members<'_>,
) -> Result<PrivateKey, KeyError> {
    let point = raw_point(curve, members).map_err(KeyError::Jwk)?;
    let scalar = members.fixed_number("d", curve.number_len());
    let scalar = scalar.map_err(KeyError::Jwk)?;
    EcdsaKeyPair::from_private_key_and_public_key(ecdsa, &scalar, &point)
        .map(|pair| PrivateKey::Ecdsa(pair, curve))
        .map_err(|_| KeyError::Invalid {
            algorithm: curve.algorithm(),
        })
}

fn private_ed25519(members: &Members<'_>) -> Result<PrivateKey, KeyError> {
    let curve = Curve::Ed25519;
    let public = raw_point(curve, members).map_err(KeyError::Jwk)?;
    let seed = members.fixed_number("d", curve.number_len());
    let seed = seed.map_err(KeyError::Jwk)?;
    Ed25519KeyPair::from_seed_and_public_key(&seed, &public)
        .map(PrivateKey::Ed25519)
        .map_err(|_| KeyError::Invalid {
            algorithm: curve.algorithm(),
        })
}

/// `04‖x‖y`, or the bytes of an Ed25519 key as they are.
fn raw_point(curve: Curve, members: &Members<'_>) -> Result<Vec<u8>, JwkFault> {
    let x = members.fixed_number("x", curve.number_len())?;
    if curve.ecdsa().is_none() {
        return Ok(x.to_vec());
    }
    let y = members.fixed_number("y", curve.number_len())?;
    Ok([&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat())
}
