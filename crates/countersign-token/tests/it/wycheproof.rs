//! Project Wycheproof: whole tokens, and keys as JWK Sets.
//!
//! The tokens are JWS without the claims that we demand, so a signature counts as accepted if the
//! refusal, if any, is about the claims. Bare signatures are tested where keys are.

use countersign_token::{Algorithm, KeySet, Malformation, Segment, Verifier, VerifyError};
use serde_json::{Value, json};

use crate::support::{NOW, hs256, verifier};

const SIGNATURES: &str = include_str!("../vectors/wycheproof/json_web_signature_test.json");
const KEYS: &str = include_str!("../vectors/wycheproof/json_web_key_test.json");
const CRYPTO: &str = include_str!("../vectors/wycheproof/json_web_crypto_test.json");

/// Tokens of `json_web_signature_test.json` that we judge differently from their label.
const EXCEPTIONS: [(u64, &str); 14] = [
    (
        259,
        "valid, but its payload is empty: no claims set, refused by its shape (T01)",
    ),
    (264, "as 259"),
    (268, "as 259"),
    (272, "as 259"),
    (320, "as 259"),
    (325, "as 259"),
    (
        346,
        "valid, but its key is for PS256 and its header says PS384",
    ),
    (
        347,
        "valid, but its key is for ES521, a name that was never registered",
    ),
    (350, "as 346"),
    (351, "as 347"),
    (
        367,
        "invalid for padding, but its text carries none and its MAC is right",
    ),
    (370, "as 367"),
    (372, "valid, but a `?` stands inside a segment"),
    (373, "as 372"),
];

#[test]
fn every_token_is_judged_as_labelled() {
    let listed: Vec<u64> = EXCEPTIONS.iter().map(|(id, _)| *id).collect();
    assert_eq!(judge(SIGNATURES, "jws"), (401, listed));
}

#[test]
fn every_key_is_judged_as_labelled() {
    assert_eq!(judge(KEYS, "jws"), (26, vec![]));
}

/// The older mixed file. Its encrypted tokens are judged apart: all of them are refused.
#[test]
fn signed_tokens_are_accepted_as_labelled_and_encrypted_ones_never() {
    assert_eq!(judge(CRYPTO, "jws"), (49, vec![]));
    let mut encrypted = 0;
    for group in groups(CRYPTO) {
        for test in tests(&group).iter().filter(|test| !test["jwe"].is_null()) {
            let token = token(&test["jwe"]);
            assert!(!accepts(&group, &token) && !is_signed(&verifier(&hs256()), &token));
            encrypted += 1;
        }
    }
    assert_eq!(encrypted, 34);
}

/// How many tokens of that member there are, and which of them are judged against their label.
fn judge(file: &str, member: &str) -> (usize, Vec<u64>) {
    let (mut run, mut differing) = (0, Vec::new());
    for group in groups(file) {
        for test in tests(&group).iter().filter(|test| !test[member].is_null()) {
            run += 1;
            let accepted = accepts(&group, &token(&test[member]));
            if accepted != (test["result"] == "valid") {
                differing.push(test["tcId"].as_u64().unwrap());
            }
        }
    }
    (run, differing)
}

/// Whether the keys of a group form a set, and one of them signed the token.
fn accepts(group: &Value, token: &str) -> bool {
    let keys = if group["public"].is_null() {
        &group["private"]
    } else {
        &group["public"]
    };
    let set = if keys["keys"].is_null() {
        json!({ "keys": [keys] })
    } else {
        keys.clone()
    };
    KeySet::from_jwk_set(&Algorithm::ALL, &set.to_string())
        .is_ok_and(|keys| is_signed(&Verifier::new(keys), token))
}

fn is_signed(verifier: &Verifier, token: &str) -> bool {
    use VerifyError::{ClaimNotAcceptable, Expired, Malformed, MissingExpiration, MissingTokenId};
    match verifier.authenticate(token, NOW) {
        Ok(_) | Err(ClaimNotAcceptable { .. } | Expired | MissingExpiration | MissingTokenId) => {
            true
        }
        Err(Malformed(Malformation::Utf8(segment) | Malformation::Json { segment, .. })) => {
            segment == Segment::Claims
        }
        Err(_) => false,
    }
}

/// A few tokens are objects: the JSON serializations.
fn token(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn groups(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["testGroups"].as_array().unwrap().clone()
}

fn tests(group: &Value) -> &Vec<Value> {
    group["tests"].as_array().unwrap()
}
