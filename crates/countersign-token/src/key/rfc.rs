//! Signatures that the RFCs print, where signing again must give the same ones.

use serde_json::Value;

use super::signing::SigningKey;
use crate::algorithm::Algorithm;

const FILES: [&str; 2] = [
    include_str!("../../tests/vectors/rfc/rfc7515.json"),
    include_str!("../../tests/vectors/rfc/rfc8037.json"),
];

#[test]
fn printed_signatures_come_out_again() {
    let mut signed = Vec::new();
    for file in FILES {
        let file: Value = serde_json::from_str(file).unwrap();
        let cases = file["cases"].as_array().unwrap();
        for case in cases.iter().filter(|case| case["deterministic"] == true) {
            let algorithm = Algorithm::parse(case["alg"].as_str().unwrap()).unwrap();
            let key = SigningKey::from_jwk(algorithm, &case["jwk"].to_string()).unwrap();
            let printed = case["compact"].as_str().unwrap();
            let (input, _) = printed.rsplit_once('.').unwrap();
            let mut token = input.to_owned();
            key.append_signature(&mut token).unwrap();
            assert_eq!(token, printed, "{algorithm}");
            signed.push(algorithm);
        }
    }
    assert_eq!(
        signed,
        [Algorithm::Hs256, Algorithm::Rs256, Algorithm::EdDsa]
    );
}
