//! Project Wycheproof: bare signatures and MACs, one file for each kind of algorithm.

use serde_json::Value;

use super::signing::SigningKey;
use super::verification::VerificationKey;
use crate::algorithm::Algorithm;

/// Signature files, each with the number of its tests and of those labelled `acceptable`.
const SIGNATURES: [(Algorithm, &str, usize, usize); 6] = [
    (
        Algorithm::Es256,
        include_str!("../../tests/vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json"),
        262,
        0,
    ),
    (
        Algorithm::Es384,
        include_str!("../../tests/vectors/wycheproof/ecdsa_secp384r1_sha384_p1363_test.json"),
        280,
        0,
    ),
    (
        Algorithm::Es512,
        include_str!("../../tests/vectors/wycheproof/ecdsa_secp521r1_sha512_p1363_test.json"),
        318,
        0,
    ),
    (
        Algorithm::EdDsa,
        include_str!("../../tests/vectors/wycheproof/ed25519_test.json"),
        151,
        0,
    ),
    (
        Algorithm::Rs256,
        include_str!("../../tests/vectors/wycheproof/rsa_signature_2048_sha256_test.json"),
        259,
        1,
    ),
    (
        Algorithm::Ps256,
        include_str!("../../tests/vectors/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json"),
        108,
        0,
    ),
];
const HMAC: &str = include_str!("../../tests/vectors/wycheproof/hmac_sha256_test.json");

/// Tests labelled valid whose key we refuse.
const REFUSED: [(Algorithm, u64, &str); 2] = [
    (Algorithm::Rs256, 258, "K01: the public exponent is 3"),
    (Algorithm::Rs256, 259, "K01: the public exponent is 3"),
];

#[test]
fn signatures_are_judged_as_labelled() {
    let mut refused = Vec::new();
    for (algorithm, file, count, free) in SIGNATURES {
        let (mut run, mut acceptable) = (0, 0);
        for group in groups(file) {
            let keys = spellings(algorithm, &group);
            for test in group["tests"].as_array().unwrap() {
                run += 1;
                let id = test["tcId"].as_u64().unwrap();
                let label = test["result"].as_str().unwrap();
                let verdicts = verdicts(&keys, test);
                match label {
                    "acceptable" => acceptable += 1,
                    "valid" if verdicts.is_empty() => refused.push((algorithm, id)),
                    label => assert!(
                        verdicts.iter().all(|good| *good == (label == "valid")),
                        "{algorithm} {id}"
                    ),
                }
            }
        }
        assert_eq!((run, acceptable), (count, free), "{algorithm}");
    }
    let listed = REFUSED.map(|(algorithm, id, _)| (algorithm, id));
    assert_eq!(refused, listed);
}

/// What each spelling of the key says; nothing if the key is refused.
fn verdicts(keys: &[VerificationKey], test: &Value) -> Vec<bool> {
    let (message, signature) = (bytes(test, "msg"), bytes(test, "sig"));
    keys.iter()
        .map(|key| key.verifies(&message, &signature))
        .collect()
}

/// The key of a group in every form in which the file has it: all are one key, or all are refused.
fn spellings(algorithm: Algorithm, group: &Value) -> Vec<VerificationKey> {
    let pem = group["publicKeyPem"].as_str().unwrap();
    let mut read = vec![VerificationKey::from_pem(algorithm, pem)];
    for name in ["publicKeyDer", "publicKeyAsn"] {
        if group[name].is_string() {
            read.push(VerificationKey::from_der(algorithm, &bytes(group, name)));
        }
    }
    for name in ["publicKeyJwk", "keyJwk"] {
        if group[name].is_object() {
            let jwk = group[name].to_string();
            read.push(VerificationKey::from_jwk(algorithm, &jwk));
        }
    }
    let count = read.len();
    let keys: Vec<VerificationKey> = read.into_iter().filter_map(Result::ok).collect();
    assert!(keys.is_empty() || keys.len() == count, "{group}");
    let thumbprint = keys.first().map(VerificationKey::thumbprint);
    assert!(keys.iter().all(|key| Some(key.thumbprint()) == thumbprint));
    keys
}

/// Keys shorter than 32 bytes are refused before they could verify anything, and a truncated tag
/// is never one of ours.
#[test]
fn macs_are_judged_as_labelled() {
    let (mut whole, mut truncated, mut short) = (0, 0, 0);
    for group in groups(HMAC) {
        for test in group["tests"].as_array().unwrap() {
            let Ok(key) = SigningKey::from_secret(Algorithm::Hs256, &bytes(test, "key")) else {
                assert!(group["keySize"].as_u64().unwrap() < 256);
                short += 1;
                continue;
            };
            let key = key.verification_key();
            let verified = key.verifies(&bytes(test, "msg"), &bytes(test, "tag"));
            if group["tagSize"] == 256 {
                assert_eq!(verified, test["result"] == "valid", "{}", test["tcId"]);
                whole += 1;
            } else {
                assert!(!verified, "{}", test["tcId"]);
                truncated += 1;
            }
        }
    }
    assert_eq!((whole, truncated, short), (84, 84, 6));
}

fn groups(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["testGroups"].as_array().unwrap().clone()
}

fn bytes(test: &Value, name: &str) -> Vec<u8> {
    let digits = test[name].as_str().unwrap();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}
