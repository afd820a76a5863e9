//! Keys as JSON: JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2) and its thumbprint (RFC 7638).
//!
//! What is written is public, always; what is read may be private.

mod fault;
mod members;
mod read;

use aws_lc_rs::digest;
use serde::Serialize;

use super::id::KeyId;
use super::public::{PublicKey, PublicNumbers};
use super::scheme::Curve;
use crate::base64url;

pub use fault::JwkFault;

pub(super) use members::{Members, Purpose};
pub(super) use read::{private_key, public_key};

/// The members of a published key, in the order in which they are written.
#[derive(Debug, Serialize)]
pub(super) struct PublicJwk<'a> {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: &'a str,
    #[serde(flatten)]
    numbers: JwkNumbers,
}

/// The members that make the key.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum JwkNumbers {
    Point {
        crv: &'static str,
        x: String,
        y: String,
    },
    Octets {
        crv: &'static str,
        x: String,
    },
    Rsa {
        n: String,
        e: String,
    },
}

impl<'a> PublicJwk<'a> {
    pub(super) fn new(key: &PublicKey, key_id: &'a KeyId) -> Self {
        Self {
            kty: key_type(key),
            usage: "sig",
            alg: key.algorithm().name(),
            kid: key_id.as_str(),
            numbers: JwkNumbers::of(key),
        }
    }
}

impl JwkNumbers {
    fn of(key: &PublicKey) -> Self {
        match (key.numbers(), key.raw()) {
            (PublicNumbers::Rsa(numbers), _) => Self::Rsa {
                n: base64url::encode(&numbers.modulus),
                e: base64url::encode(&numbers.exponent),
            },
            (PublicNumbers::Curve(Curve::Ed25519), raw) => Self::Octets {
                crv: Curve::Ed25519.name(),
                x: base64url::encode(raw),
            },
            (PublicNumbers::Curve(curve), raw) => {
                let (x, y) = coordinates(raw);
                let crv = curve.name();
                Self::Point { crv, x, y }
            }
        }
    }
}

/// The thumbprint of a public key, the default name of its pair (RFC 7638 §3).
///
/// Algorithm and use are no part of it: one RSA key has one thumbprint, whatever it signs with.
pub(super) fn thumbprint(key: &PublicKey) -> KeyId {
    let kty = key_type(key);
    KeyId::from_digest(&match JwkNumbers::of(key) {
        JwkNumbers::Point { crv, x, y } => {
            digest_of(&[("crv", crv), ("kty", kty), ("x", &x), ("y", &y)])
        }
        JwkNumbers::Octets { crv, x } => digest_of(&[("crv", crv), ("kty", kty), ("x", &x)]),
        JwkNumbers::Rsa { n, e } => digest_of(&[("e", &e), ("kty", kty), ("n", &n)]),
    })
}

/// SHA-256 over the required members, sorted by name, in base64url.
fn digest_of(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!(r#""{name}":"{value}""#))
        .collect();
    let text = format!("{{{}}}", members.join(","));
    base64url::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// The halves of an uncompressed point, without the byte that says so.
fn coordinates(raw: &[u8]) -> (String, String) {
    let point = raw.get(1..).unwrap_or_default();
    let (x, y) = point.split_at(point.len() / 2);
    (base64url::encode(x), base64url::encode(y))
}

fn key_type(key: &PublicKey) -> &'static str {
    match key.numbers() {
        PublicNumbers::Curve(curve) => curve.key_type(),
        PublicNumbers::Rsa(_) => "RSA",
    }
}
