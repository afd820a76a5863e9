//! Examples printed in the RFCs (`tests/vectors/rfc`).
//!
//! The example tokens lack what we demand of a token, such as an id. Where the refusal names a
//! claim, the signature has been judged good: it is judged first.

use countersign_token::{
    Algorithm, Authenticated, HeaderFault, KeySet, Malformation, Segment, SigningKey, UnixMillis,
    VerificationKey, Verifier, VerifyError,
};
use serde_json::Value;

use crate::support::{from_base64url, pem};

const RFC_7515: &str = include_str!("../vectors/rfc/rfc7515.json");
const RFC_7519: &str = include_str!("../vectors/rfc/rfc7519.json");
const RFC_7797: &str = include_str!("../vectors/rfc/rfc7797.json");
const RFC_8037: &str = include_str!("../vectors/rfc/rfc8037.json");

/// A second before the example tokens of RFC 7515 and RFC 7519 expire.
const IN_TIME: UnixMillis = UnixMillis::from_seconds(1_300_819_379);

#[test]
fn rfc_7515_a1_and_a3_verify() {
    for id in ["A.1", "A.3"] {
        let case = case(RFC_7515, id);
        let token = case["compact"].as_str().unwrap();
        assert_eq!(
            verdict(&case, IN_TIME).unwrap_err(),
            VerifyError::MissingTokenId
        );
        // With the issuer taken for the id, nothing is missing any more.
        let lenient = Verifier::new(key_set(&case)).token_id_claim("iss");
        let authenticated = lenient.authenticate(token, IN_TIME).unwrap();
        assert_eq!(authenticated.token_id(), "joe");
        assert_eq!(authenticated.expires_at().seconds(), 1_300_819_380);
        let is_root = authenticated.claim::<bool>("http://example.com/is_root");
        assert!(is_root.unwrap().unwrap());

        let broken = token.replacen("eyJpc3Mi", "eyJpc3Mj", 1);
        assert_eq!(
            lenient.authenticate(&broken, IN_TIME).unwrap_err(),
            VerifyError::BadSignature
        );
    }
}

#[test]
fn rfc_7515_a5_unsecured_is_refused() {
    let unsecured = case(RFC_7515, "A.5");
    let verifier = Verifier::new(key_set(&case(RFC_7515, "A.1")));
    let token = unsecured["compact"].as_str().unwrap();
    assert!(verifier.authenticate(token, IN_TIME).is_err());
}

#[test]
fn rfc_7515_a6_and_a7_json_serializations_are_refused() {
    let verifier = Verifier::new(key_set(&case(RFC_7515, "A.3")));
    for id in ["A.6", "A.7"] {
        let text = case(RFC_7515, id)["json"].to_string();
        let error = verifier.authenticate(&text, IN_TIME).unwrap_err();
        assert!(matches!(error, VerifyError::Malformed(_)), "{id}");
    }
}

#[test]
fn rfc_7519_3_1_verifies_until_it_expires() {
    let case = case(RFC_7519, "3.1");
    assert_eq!(
        verdict(&case, IN_TIME).unwrap_err(),
        VerifyError::MissingTokenId
    );
    let end = UnixMillis::from_seconds(1_300_819_380);
    assert_eq!(verdict(&case, end).unwrap_err(), VerifyError::Expired);
}

#[test]
fn rfc_7797_unencoded_payloads_are_refused() {
    let control = verdict(&case(RFC_7797, "4.1"), IN_TIME).unwrap_err();
    assert!(
        is_about_claims(&control),
        "the signature is good, `$.02` is no claims set: {control:?}"
    );
    let detached = case(RFC_7797, "4.2");
    let verifier = Verifier::new(key_set(&detached));
    let token = detached["detached"].as_str().unwrap();
    assert!(verifier.authenticate(token, IN_TIME).is_err());
    let attached = token.replace("..", ".JC4wMg.");
    let error = verifier.authenticate(&attached, IN_TIME).unwrap_err();
    assert_eq!(
        error,
        VerifyError::Malformed(Malformation::Header(HeaderFault::Extension))
    );
}

#[test]
fn rfc_8037_a4_verifies() {
    let case = case(RFC_8037, "A.1-A.5");
    let good = verdict(&case, IN_TIME).unwrap_err();
    assert!(
        is_about_claims(&good),
        "the signature is good, the text is no claims set: {good:?}"
    );
    let mut broken = case.clone();
    broken["compact"] = case["compact"]
        .as_str()
        .unwrap()
        .replace(".RXhh", ".RXhi")
        .into();
    assert_eq!(
        verdict(&broken, IN_TIME).unwrap_err(),
        VerifyError::BadSignature
    );
}

#[test]
fn rfc_8037_a3_the_thumbprint_names_the_key() {
    let jwk = case(RFC_8037, "A.3");
    let key = public_key(Algorithm::EdDsa, &jwk["jwk"]);
    assert_eq!(key.key_id().as_str(), jwk["thumbprint"].as_str().unwrap());
}

fn is_about_claims(error: &VerifyError) -> bool {
    matches!(
        error,
        VerifyError::Malformed(Malformation::Json {
            segment: Segment::Claims,
            ..
        })
    )
}

fn verdict(case: &Value, now: UnixMillis) -> Result<Authenticated, VerifyError> {
    Verifier::new(key_set(case)).authenticate(case["compact"].as_str().unwrap(), now)
}

fn key_set(case: &Value) -> KeySet {
    let algorithm = case["alg"]
        .as_str()
        .map_or(Algorithm::Hs256, |alg| Algorithm::parse(alg).unwrap());
    let jwk = &case["jwk"];
    let key = match algorithm {
        Algorithm::Hs256 => {
            let secret = from_base64url(jwk["k"].as_str().unwrap());
            SigningKey::from_secret(algorithm, &secret)
                .unwrap()
                .verification_key()
        }
        _ => public_key(algorithm, jwk),
    };
    KeySet::new(vec![key]).unwrap()
}

fn public_key(algorithm: Algorithm, jwk: &Value) -> VerificationKey {
    let member = |name: &str| jwk[name].as_str().map(from_base64url).unwrap_or_default();
    let prefix = match algorithm {
        Algorithm::Es256 => "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        _ => "MCowBQYDK2VwAyEA",
    };
    let der = [from_base64url(prefix), member("x"), member("y")].concat();
    VerificationKey::from_pem(algorithm, &pem("PUBLIC KEY", &der)).unwrap()
}

fn case(file: &str, id: &str) -> Value {
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["id"] == id)
        .unwrap()
        .clone()
}
