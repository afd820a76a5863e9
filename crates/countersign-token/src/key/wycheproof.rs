//! Project Wycheproof: bare signatures and MACs of the algorithms that we have.

use serde_json::Value;

use super::secret::MacKey;
use super::verification::VerificationKey;
use crate::algorithm::Algorithm;

const ECDSA: &str =
    include_str!("../../tests/vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json");
const ED25519: &str = include_str!("../../tests/vectors/wycheproof/ed25519_test.json");
const HMAC: &str = include_str!("../../tests/vectors/wycheproof/hmac_sha256_test.json");

#[test]
fn signatures_are_judged_as_labelled() {
    for (algorithm, file, count) in [
        (Algorithm::Es256, ECDSA, 262),
        (Algorithm::EdDsa, ED25519, 151),
    ] {
        let mut run = 0;
        for group in groups(file) {
            let pem = group["publicKeyPem"].as_str().unwrap();
            let key = VerificationKey::from_pem(algorithm, pem).unwrap();
            for test in group["tests"].as_array().unwrap() {
                let verified = key.verifies(&bytes(test, "msg"), &bytes(test, "sig"));
                assert_eq!(
                    verified,
                    test["result"] == "valid",
                    "{algorithm} {}",
                    test["tcId"]
                );
                run += 1;
            }
        }
        assert_eq!(run, count);
    }
}

/// Keys shorter than 32 bytes are refused before they could verify anything, and truncated tags
/// are no tags of ours: neither is a case here.
#[test]
fn macs_are_judged_as_labelled() {
    let mut run = 0;
    for group in groups(HMAC).iter().filter(|group| group["tagSize"] == 256) {
        for test in group["tests"].as_array().unwrap() {
            match MacKey::from_configured(Algorithm::Hs256, &bytes(test, "key")) {
                Ok(key) => {
                    let verified = key.verifies(&bytes(test, "msg"), &bytes(test, "tag"));
                    assert_eq!(verified, test["result"] == "valid", "{}", test["tcId"]);
                    run += 1;
                }
                Err(_) => assert!(group["keySize"].as_u64().unwrap() < 256),
            }
        }
    }
    assert_eq!(run, 84);
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
