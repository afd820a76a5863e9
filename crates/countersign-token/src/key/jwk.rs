//! Public keys as JSON: JWK (RFC 7517, RFC 7518 §6.2, RFC 8037 §2) and its thumbprint (RFC 7638).

use aws_lc_rs::digest;
use serde::Serialize;

use super::id::KeyId;
use super::public::{Curve, PublicKey};
use crate::base64url;

/// The members of a published key, in the order in which they are written.
#[derive(Debug, Serialize)]
pub(super) struct PublicJwk<'a> {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
    kid: &'a str,
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

impl<'a> PublicJwk<'a> {
    pub(super) fn new(key: &PublicKey, key_id: &'a KeyId) -> Self {
        let (x, y) = coordinates(key);
        Self {
            kty: key_type(key.curve()),
            usage: "sig",
            alg: key.curve().algorithm().name(),
            kid: key_id.as_str(),
            crv: curve_name(key.curve()),
            x,
            y,
        }
    }
}

/// The thumbprint of a public key, the default name of its pair (RFC 7638 §3).
pub(super) fn thumbprint(key: &PublicKey) -> KeyId {
    let (x, y) = coordinates(key);
    let (crv, kty) = (curve_name(key.curve()), key_type(key.curve()));
    KeyId::from_digest(&match y {
        Some(y) => digest_of(&[("crv", crv), ("kty", kty), ("x", &x), ("y", &y)]),
        None => digest_of(&[("crv", crv), ("kty", kty), ("x", &x)]),
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

/// `x` and, for points with two coordinates, `y`.
fn coordinates(key: &PublicKey) -> (String, Option<String>) {
    match (key.curve(), key.raw()) {
        (Curve::P256, [_uncompressed, point @ ..]) => {
            let (x, y) = point.split_at(point.len() / 2);
            (base64url::encode(x), Some(base64url::encode(y)))
        }
        (_, raw) => (base64url::encode(raw), None),
    }
}

fn key_type(curve: Curve) -> &'static str {
    match curve {
        Curve::P256 => "EC",
        Curve::Ed25519 => "OKP",
    }
}

fn curve_name(curve: Curve) -> &'static str {
    match curve {
        Curve::P256 => "P-256",
        Curve::Ed25519 => "Ed25519",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7638_section_3_1() {
        let file = include_str!("../../tests/vectors/rfc/rfc7638.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        let case = &file["cases"][0];
        let member = |name: &str| case["jwk"][name].as_str().unwrap().to_owned();
        let (e, kty, n) = (member("e"), member("kty"), member("n"));
        let digest = digest_of(&[("e", &e), ("kty", &kty), ("n", &n)]);
        assert_eq!(digest, case["thumbprint"].as_str().unwrap());
    }
}
