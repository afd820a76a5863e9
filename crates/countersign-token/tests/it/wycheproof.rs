//! Project Wycheproof: whole tokens of HS256 and ES256 (`json_web_signature_test.json`).
//!
//! The tokens are JWS without the claims that we demand, so a signature counts as accepted if the
//! refusal, if any, is about the claims. Bare signatures are tested where keys are.

use countersign_token::{
    Algorithm, KeySet, Malformation, Segment, SigningKey, VerificationKey, Verifier, VerifyError,
};
use serde_json::Value;

use crate::support::{NOW, from_base64url, pem};

const FILE: &str = include_str!("../vectors/wycheproof/json_web_signature_test.json");

/// Tokens that we judge differently from their label.
const EXCEPTIONS: [(u64, &str); 6] = [
    (
        354,
        "invalid because of `use` in its JWK; the crate reads no JWK, and SPKI has no such member",
    ),
    (356, "invalid because of `key_ops` in its JWK; as 354"),
    (
        367,
        "labelled invalid for padding, but its text carries none and its MAC is right",
    ),
    (370, "as 367"),
    (372, "labelled valid, but a `?` stands inside a segment"),
    (373, "as 372"),
];

#[test]
fn every_token_of_our_algorithms_is_judged_as_labelled() {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let (mut run, mut differing) = (0, Vec::new());
    for group in file["testGroups"].as_array().unwrap() {
        let Some(key) = key_of(group) else { continue };
        let verifier = Verifier::new(KeySet::new(vec![key]).unwrap());
        for test in group["tests"].as_array().unwrap() {
            run += 1;
            let accepted = accepts(&verifier, test["jws"].as_str().unwrap());
            if accepted != (test["result"] == "valid") {
                differing.push(test["tcId"].as_u64().unwrap());
            }
        }
    }
    let listed: Vec<u64> = EXCEPTIONS.iter().map(|(id, _)| *id).collect();
    assert_eq!(differing, listed);
    assert_eq!(run, 81);
}

fn accepts(verifier: &Verifier, jws: &str) -> bool {
    use VerifyError::{ClaimNotAcceptable, Expired, Malformed, MissingExpiration, MissingTokenId};
    match verifier.authenticate(jws, NOW) {
        Ok(_) | Err(ClaimNotAcceptable { .. } | Expired | MissingExpiration | MissingTokenId) => {
            true
        }
        Err(Malformed(Malformation::Utf8(segment) | Malformation::Json { segment, .. })) => {
            segment == Segment::Claims
        }
        Err(_) => false,
    }
}

/// The key of a group; `None` if it is of another algorithm.
fn key_of(group: &Value) -> Option<VerificationKey> {
    let jwk = if group["public"].is_null() {
        &group["private"]
    } else {
        &group["public"]
    };
    let member = |name: &str| jwk[name].as_str().map(from_base64url);
    match (jwk["kty"].as_str()?, jwk["crv"].as_str()) {
        ("oct", _) if jwk["alg"] == "HS256" => {
            let key = SigningKey::from_secret(Algorithm::Hs256, &member("k")?).unwrap();
            Some(key.verification_key())
        }
        ("EC", Some("P-256")) => {
            let prefix = from_base64url("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE");
            let der = [prefix, member("x")?, member("y")?].concat();
            Some(VerificationKey::from_pem(Algorithm::Es256, &pem("PUBLIC KEY", &der)).unwrap())
        }
        _ => None,
    }
}
