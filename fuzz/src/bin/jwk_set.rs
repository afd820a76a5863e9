//! A JWK Set, read as one's own, as one that others publish, and as private keys.
//!
//! Keys that are accepted are published without a secret and read back as the same keys; a private
//! key that is accepted signs what its public half verifies, and is in no set of public ones.

#![no_main]

use countersign_fuzz::NOW;
use countersign_token::{
    Algorithm, ClaimsSet, HeaderForm, KeySet, SigningKey, VerificationKey, Verifier,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    for accepted in [&Algorithm::ALL[..], &ONE_FOR_EACH_TYPE] {
        let own = KeySet::from_jwk_set(accepted, text).ok();
        let published = KeySet::from_published_jwk_set(accepted, text).ok();
        own.iter().chain(&published).for_each(reads_back);
        if let Some(own) = &own
            && own.iter().all(|key| !key.algorithm().is_symmetric())
        {
            let published = published
                .as_ref()
                .expect("what is good as one's own is good");
            assert_eq!(names(own), names(published));
        }
        let private = SigningKey::from_jwk_set(accepted, text).unwrap_or_default();
        private.iter().for_each(signs);
        let is_pair = private.iter().any(|key| !key.algorithm().is_symmetric());
        if is_pair {
            assert!(own.is_none());
            assert!(published.is_none());
        }
    }
});

fn reads_back(keys: &KeySet) {
    assert!(keys.len() <= KeySet::MAX_KEYS);
    let text = keys.jwk_set();
    let set: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
    let members = set["keys"].as_array().into_iter().flatten();
    let mut members = members.filter_map(Value::as_object).flat_map(Map::keys);
    assert!(members.all(|member| PUBLIC.contains(&member.as_str())));

    let back = KeySet::from_jwk_set(&Algorithm::ALL, &text).expect("what was written is read");
    assert_eq!(back.jwk_set(), text);
    let public: Vec<_> = keys.iter().filter_map(identity).collect();
    assert_eq!(back.iter().filter_map(identity).collect::<Vec<_>>(), public);
    for key in keys.iter() {
        let Some(jwk) = key.to_jwk() else { continue };
        let alone = VerificationKey::from_jwk(key.algorithm(), &jwk).expect("one key");
        assert_eq!(identity(&alone), identity(key));
    }
}

/// What makes a public key that key, under that name; `None` for secrets.
fn identity(key: &VerificationKey) -> Option<(String, Algorithm, String)> {
    let thumbprint = key.thumbprint()?.as_str().to_owned();
    Some((
        key.key_id().as_str().to_owned(),
        key.algorithm(),
        thumbprint,
    ))
}

fn names(keys: &KeySet) -> Vec<&str> {
    keys.iter().map(|key| key.key_id().as_str()).collect()
}

fn signs(key: &SigningKey) {
    let claims = ClaimsSet::parse(r#"{"exp":1893456300,"jti":"1"}"#).expect("claims");
    let token = key.encode(HeaderForm::WithKeyId, &claims).expect("a token");
    let keys = KeySet::new(vec![key.verification_key()]).expect("one key");
    let judged = Verifier::new(keys).authenticate(token.as_str(), NOW);
    assert_eq!(judged.expect("its own token").key_id(), key.key_id());
}

/// Algorithms of which at most one fits a key that names none.
const ONE_FOR_EACH_TYPE: [Algorithm; 6] = [
    Algorithm::Hs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
];

/// All that a published key may say.
const PUBLIC: [&str; 9] = ["kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"];
