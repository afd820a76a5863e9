//! Examples printed in the RFCs (`tests/vectors/rfc`).
//!
//! The example tokens lack what we demand of a token, such as an id. Where the refusal names a
//! claim, the signature has been judged good: it is judged first. That signing again gives the
//! printed signature is tested where keys are: no token of ours has the headers that the RFCs print.

use countersign_token::{
    Algorithm, Authenticated, ClaimsSet, HeaderFault, HeaderForm, JwkFault, JwkSetError, KeyError,
    KeySet, Malformation, Segment, SigningKey, UnixMillis, VerificationKey, Verifier, VerifyError,
};
use serde_json::Value;

use crate::support::{claims_with, judge_claims};

const RFC_7515: &str = include_str!("../vectors/rfc/rfc7515.json");
const RFC_7517: &str = include_str!("../vectors/rfc/rfc7517.json");
const RFC_7519: &str = include_str!("../vectors/rfc/rfc7519.json");
const RFC_7638: &str = include_str!("../vectors/rfc/rfc7638.json");
const RFC_7797: &str = include_str!("../vectors/rfc/rfc7797.json");
const RFC_8037: &str = include_str!("../vectors/rfc/rfc8037.json");

/// A second before the example tokens of RFC 7515 and RFC 7519 expire.
const IN_TIME: UnixMillis = UnixMillis::from_seconds(1_300_819_379);

/// Every example of the files, with the test that is about it: here, unless it says where.
const EXAMPLES: [(&str, &[&str]); 6] = [
    (
        RFC_7515,
        &[
            "A.1", // and `key/rfc.rs`
            "A.2", // and `key/rfc.rs`
            "A.3", "A.4", "A.5", "A.6", "A.7", "C", // `base64url.rs`
        ],
    ),
    (RFC_7517, &["A.1", "A.2", "A.3"]),
    (RFC_7519, &["3.1", "6.1", "4.1.4", "4"]),
    (RFC_7638, &["3.1"]),
    (RFC_7797, &["4.1", "4.2"]),
    (RFC_8037, &["A.1-A.5", "A.3"]), // and `key/rfc.rs`
];

#[test]
fn every_example_of_the_files_has_its_test() {
    for (file, listed) in EXAMPLES {
        let file: Value = serde_json::from_str(file).unwrap();
        let cases = file["cases"].as_array().unwrap().iter();
        let ids: Vec<&str> = cases.map(|case| case["id"].as_str().unwrap()).collect();
        assert_eq!(ids, listed);
    }
}

#[test]
fn rfc_7515_a1_to_a3_verify() {
    for id in ["A.1", "A.2", "A.3"] {
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

/// The payload is the word `Payload`: a good JWS, and no claims set.
#[test]
fn rfc_7515_a4_verifies_as_far_as_it_goes() {
    let mut case = case(RFC_7515, "A.4");
    let good = verdict(&case, IN_TIME).unwrap_err();
    assert!(is_about_claims(&good), "{good:?}");
    case["compact"] = case["compact"]
        .as_str()
        .unwrap()
        .replace(".AdwM", ".AdwN")
        .into();
    assert_eq!(
        verdict(&case, IN_TIME).unwrap_err(),
        VerifyError::BadSignature
    );
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
fn rfc_7519_6_1_unsecured_is_refused() {
    let verifier = Verifier::new(key_set(&case(RFC_7515, "A.1")));
    let unsecured = case(RFC_7519, "6.1");
    let token = unsecured["compact"].as_str().unwrap();
    assert!(verifier.authenticate(token, IN_TIME).is_err());
}

#[test]
fn rfc_7519_4_1_4_a_date_is_a_number() {
    let case = case(RFC_7519, "4.1.4");
    let in_time = |exp: &Value| {
        let claims = claims_with("").replace("1893456300", &exp.to_string());
        judge_claims(&claims).unwrap_err()
    };
    for exp in case["exp_ok"].as_array().unwrap() {
        assert_eq!(in_time(exp), VerifyError::Expired, "{exp}");
    }
    for exp in case["exp_malformed"].as_array().unwrap() {
        let refused = in_time(exp);
        assert!(
            matches!(refused, VerifyError::ClaimNotAcceptable { .. }),
            "{exp}"
        );
    }
}

#[test]
fn rfc_7519_4_duplicate_names_are_refused() {
    let case = case(RFC_7519, "4");
    let error = judge_claims(case["payload_utf8"].as_str().unwrap()).unwrap_err();
    assert!(is_about_claims(&error), "{error:?}");
}

/// A set as others publish it: the key for encryption is not for us, the other one is.
#[test]
fn rfc_7517_a1_public_keys() {
    let set = case(RFC_7517, "A.1")["jwks"].to_string();
    let keys = KeySet::from_published_jwk_set(&[Algorithm::Rs256], &set).unwrap();
    assert_eq!(keys.len(), 1);
    let key = keys.get("2011-04-29").unwrap();
    assert_eq!(key.algorithm(), Algorithm::Rs256);
    let printed = case(RFC_7638, "3.1");
    assert_eq!(key.thumbprint().unwrap().as_str(), printed["thumbprint"]);

    let error = KeySet::from_jwk_set(&[Algorithm::Rs256], &set).unwrap_err();
    let source = KeyError::Jwk(JwkFault::Use);
    assert_eq!(
        error,
        JwkSetError::Key {
            position: 1,
            source
        }
    );
}

#[test]
fn rfc_7517_a2_private_keys() {
    let set = &case(RFC_7517, "A.2")["jwks"]["keys"];
    let key = SigningKey::from_jwk(Algorithm::Rs256, &set[1].to_string()).unwrap();
    let public = case(RFC_7517, "A.1")["jwks"]["keys"][1].to_string();
    let public = VerificationKey::from_jwk(Algorithm::Rs256, &public).unwrap();
    assert_eq!(key.verification_key().thumbprint(), public.thumbprint());
    let token = key.encode(HeaderForm::Plain, &ClaimsSet::new()).unwrap();
    let verifier = Verifier::new(KeySet::new(vec![public]).unwrap());
    assert_eq!(
        verifier.authenticate(token.as_str(), IN_TIME).unwrap_err(),
        VerifyError::MissingExpiration
    );

    let for_encryption = SigningKey::from_jwk(Algorithm::Es256, &set[0].to_string());
    assert_eq!(for_encryption.unwrap_err(), KeyError::Jwk(JwkFault::Use));
    let text = serde_json::json!({ "keys": set }).to_string();
    for read in [KeySet::from_jwk_set, KeySet::from_published_jwk_set] {
        assert!(
            read(&Algorithm::ALL, &text).is_err(),
            "verifiers hold no private key"
        );
    }
}

#[test]
fn rfc_7517_a3_symmetric_keys() {
    let keys = &case(RFC_7517, "A.3")["jwks"]["keys"];
    let error = SigningKey::from_jwk(Algorithm::Hs256, &keys[0].to_string()).unwrap_err();
    let refused = matches!(error, KeyError::Jwk(JwkFault::UnknownAlgorithm(_)));
    assert!(refused, "{error}");
    let key = SigningKey::from_jwk(Algorithm::Hs256, &keys[1].to_string()).unwrap();
    assert_eq!(key.key_id().as_str(), keys[1]["kid"]);
    let set = KeySet::new(vec![key.verification_key()]).unwrap();
    assert_eq!(set.jwk_set(), r#"{"keys":[]}"#);
    let token = case(RFC_7515, "A.1");
    let error = Verifier::new(set).authenticate(token["compact"].as_str().unwrap(), IN_TIME);
    assert_eq!(error.unwrap_err(), VerifyError::MissingTokenId);
}

#[test]
fn rfc_7638_3_1_the_thumbprint_names_the_key() {
    let case = case(RFC_7638, "3.1");
    let mut jwk = case["jwk"].clone();
    jwk.as_object_mut().unwrap().remove("kid");
    for algorithm in [Algorithm::Rs256, Algorithm::Ps512] {
        jwk["alg"] = algorithm.name().into();
        let key = VerificationKey::from_jwk(algorithm, &jwk.to_string()).unwrap();
        assert_eq!(key.key_id().as_str(), case["thumbprint"].as_str().unwrap());
    }
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
    let key = VerificationKey::from_jwk(Algorithm::EdDsa, &jwk["jwk"].to_string()).unwrap();
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
    KeySet::new(vec![signing_key(algorithm, case).verification_key()]).unwrap()
}

/// The key of an example, which the RFC prints with its private half.
fn signing_key(algorithm: Algorithm, case: &Value) -> SigningKey {
    SigningKey::from_jwk(algorithm, &case["jwk"].to_string()).unwrap()
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
