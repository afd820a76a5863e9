//! Properties that hold for every input (proptest).

use countersign_token::{
    Access, Algorithm, ClaimsError, ClaimsSet, HeaderForm, JsonFault, KeySet, SigningKey,
    VerificationKey, VerifyError,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{
    HEADER, NOW, access_claims, access_token, base64url, der_of, forge, from_base64url, hs256,
    one_key_each, pem, recorded_keys, verifier,
};

proptest! {
    #[test]
    fn no_text_makes_verification_panic(token in ".{0,300}") {
        let _ = verifier(&hs256()).verify::<Access>(&token, NOW);
    }

    #[test]
    fn no_text_of_the_right_shape_makes_it_panic(token in "[A-Za-z0-9_=-]{0,80}(\\.[A-Za-z0-9_-]{0,80}){0,4}") {
        let _ = verifier(&hs256()).verify::<Access>(&token, NOW);
    }

    #[test]
    fn no_signed_header_or_claims_make_it_panic(header in json_like(), claims in json_like()) {
        let _ = verifier(&hs256()).verify::<Access>(&forge(HEADER.as_bytes(), claims.as_bytes()), NOW);
        let _ = verifier(&hs256()).verify::<Access>(&forge(header.as_bytes(), claims.as_bytes()), NOW);
    }

    #[test]
    fn no_signed_bytes_make_it_panic(claims in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = verifier(&hs256()).verify::<Access>(&forge(HEADER.as_bytes(), &claims), NOW);
    }

    #[test]
    fn a_mutated_token_is_refused(
        position in any::<prop::sample::Index>(),
        replacement in any::<char>(),
    ) {
        for key in keys() {
            let token = access_token(&key);
            let mut characters: Vec<char> = token.chars().collect();
            let position = position.index(characters.len());
            prop_assume!(characters[position] != replacement);
            characters[position] = replacement;
            let mutated: String = characters.into_iter().collect();
            prop_assert!(verifier(&key).authenticate(&mutated, NOW).is_err());
        }
    }

    #[test]
    fn one_flipped_bit_never_verifies(bit in any::<prop::sample::Index>()) {
        for key in keys() {
            for flipped in flip_each_segment(&access_token(&key), bit) {
                prop_assert!(verifier(&key).authenticate(&flipped, NOW).is_err());
            }
        }
    }

    #[test]
    fn no_text_makes_a_key_panic(text in json_like(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let label = pem("PRIVATE KEY", &bytes);
        for algorithm in Algorithm::ALL {
            let _ = SigningKey::from_jwk(algorithm, &text);
            let _ = VerificationKey::from_jwk(algorithm, &text);
            let _ = SigningKey::from_pem(algorithm, &label);
            let _ = SigningKey::from_der(algorithm, &bytes);
            let _ = VerificationKey::from_der(algorithm, &bytes);
        }
        let _ = KeySet::from_jwk_set(&Algorithm::ALL, &format!(r#"{{"keys":[{text}]}}"#));
    }

    /// A changed byte is an error or another key, never another spelling of the same key.
    #[test]
    fn a_public_key_has_one_spelling(at in any::<prop::sample::Index>(), bits in 1..=u8::MAX) {
        for (algorithm, name) in [
            (Algorithm::Rs256, "rsa1"),
            (Algorithm::Es256, "p256"),
            (Algorithm::Es384, "p384"),
            (Algorithm::Es512, "p521"),
            (Algorithm::EdDsa, "ed25519"),
        ] {
            let recorded = &recorded_keys()[name];
            let mut der = der_of(recorded["public_pem_spki"].as_str().unwrap());
            let key = VerificationKey::from_der(algorithm, &der).unwrap();
            *at.get_mut(&mut der) ^= bits;
            if let Ok(other) = VerificationKey::from_der(algorithm, &der) {
                prop_assert_ne!(other.thumbprint(), key.thumbprint());
            }
        }
    }

    #[test]
    fn a_changed_private_key_never_panics(at in any::<prop::sample::Index>(), bits in 1..=u8::MAX) {
        for (algorithm, name, form) in [
            (Algorithm::Rs256, "rsa1", "private_pem_pkcs1"),
            (Algorithm::Es256, "p256", "private_pem_pkcs8"),
            (Algorithm::Es512, "p521", "private_pem_sec1"),
            (Algorithm::EdDsa, "ed25519", "private_pem_pkcs8"),
        ] {
            let mut der = der_of(recorded_keys()[name][form].as_str().unwrap());
            *at.get_mut(&mut der) ^= bits;
            if let Ok(key) = SigningKey::from_der(algorithm, &der) {
                let token = access_token(&key);
                prop_assert!(verifier(&key).authenticate(&token, NOW).is_ok());
            }
        }
    }

    #[test]
    fn no_text_makes_claims_panic(text in json_like()) {
        let _ = ClaimsSet::parse(&text);
    }

    #[test]
    fn what_is_parsed_is_printed_back(claims in object()) {
        let text = claims.to_string();
        let parsed = ClaimsSet::parse(&text).unwrap();
        let printed = parsed.to_json();
        prop_assert_eq!(&ClaimsSet::parse(&printed).unwrap(), &parsed);
        prop_assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), claims);
    }

    #[test]
    fn what_is_inserted_is_ascii_and_comes_back(name in ".*", value in value()) {
        let mut claims = ClaimsSet::new();
        claims.insert(&name, &value).unwrap();
        let printed = claims.to_json();
        prop_assert!(printed.is_ascii());
        let parsed = ClaimsSet::parse(&printed).unwrap();
        prop_assert_eq!(parsed.get::<Value>(&name).unwrap().unwrap(), value);
    }

    /// The scanner and `serde_json` agree on what JSON is, but for what the scanner bounds.
    #[test]
    fn the_scanner_agrees_with_serde_json(text in json_like()) {
        let is_object = serde_json::from_str::<serde_json::Map<String, Value>>(&text).is_ok();
        match ClaimsSet::parse(&text) {
            Ok(_) => prop_assert!(is_object || text.contains(['e', 'E']), "accepted: {}", text),
            Err(ClaimsError::Json(error)) => {
                let grammar = matches!(error.fault(), JsonFault::Syntax | JsonFault::TrailingText);
                prop_assert!(!is_object || !grammar, "refused: {}", text);
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn what_is_signed_verifies_and_carries_its_claims(more in object()) {
        let mut claims = access_claims();
        for (name, value) in more.as_object().unwrap() {
            if !RESERVED.contains(&name.as_str()) {
                claims.insert(name, value).unwrap();
            }
        }
        let key = hs256();
        for form in [HeaderForm::Plain, HeaderForm::WithKeyId] {
            let token = key.encode(form, &claims).unwrap();
            match verifier(&key).verify::<Access>(token.as_str(), NOW) {
                Ok(verified) => prop_assert_eq!(&verified.claims().unwrap(), &claims),
                Err(VerifyError::Malformed(_)) => prop_assert!(token.as_str().len() > 16 * 1024),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}

const RESERVED: [&str; 9] = [
    "exp",
    "nbf",
    "iat",
    "iss",
    "aud",
    "sub",
    "jti",
    "token_type",
    "user_id",
];

/// One key of each algorithm, made once.
fn keys() -> Vec<SigningKey> {
    static KEYS: std::sync::LazyLock<Vec<SigningKey>> = std::sync::LazyLock::new(one_key_each);
    KEYS.clone()
}

/// The token with one bit flipped in the decoded header, claims, and signature.
fn flip_each_segment(token: &str, bit: prop::sample::Index) -> Vec<String> {
    let segments: Vec<&str> = token.split('.').collect();
    let flipped = |chosen: usize| {
        let segments: Vec<String> = segments
            .iter()
            .enumerate()
            .map(|(position, segment)| {
                let mut bytes = from_base64url(segment);
                if position == chosen {
                    let bit = bit.index(bytes.len() * 8);
                    bytes[bit / 8] ^= 1 << (bit % 8);
                }
                base64url(&bytes)
            })
            .collect();
        segments.join(".")
    };
    (0..segments.len()).map(flipped).collect()
}

/// Texts out of the material of JSON, most of them almost right.
fn json_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[{}\\[\\]:,\"\\\\ \t\n]",
        2 => "(true|false|null|NaN|-?[0-9]{1,4}(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?)",
        2 => "\"[a-c]{0,2}\"",
        2 => "\"(a|\\\\u00[0-9a-f]{2}|\\\\ud8[0-9a-f]{2}|\\\\udc[0-9a-f]{2}|\\\\n)*\":",
        1 => ".",
    ];
    let soup = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    prop_oneof![
        soup.clone(),
        soup.prop_map(|inner| format!("{{\"a\":{inner}}}")),
        object().prop_map(|value| value.to_string()),
        (
            object(),
            any::<prop::sample::Index>(),
            "[{}\\[\\]:,\"\\\\0-9a-z]?"
        )
            .prop_map(|(value, position, replacement)| {
                let mut characters: Vec<String> =
                    value.to_string().chars().map(String::from).collect();
                let position = position.index(characters.len());
                characters[position] = replacement;
                characters.concat()
            }),
    ]
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(".{0,8}", value(), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
