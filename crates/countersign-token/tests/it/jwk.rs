//! JWK and JWK Set: what is read, what is refused, and that what is written reads back.

use countersign_token::{
    Algorithm, HeaderForm, JwkFault, JwkSetError, KeyError, KeyId, KeySet, KeySetError, SigningKey,
    VerificationKey, Verifier,
};
use serde_json::{Value, json};

use crate::support::{NOW, access_claims, base64url, one_key_each, recorded_keys};

#[test]
fn what_is_published_reads_back_and_verifies() {
    let keys = one_key_each();
    let set = KeySet::new(keys.iter().map(SigningKey::verification_key).collect()).unwrap();
    for read in [KeySet::from_jwk_set, KeySet::from_published_jwk_set] {
        let back = read(&Algorithm::ALL, &set.jwk_set()).unwrap();
        assert_eq!(back.jwk_set(), set.jwk_set());
        let verifier = Verifier::new(back);
        for key in keys.iter().filter(|key| !key.algorithm().is_symmetric()) {
            for form in [HeaderForm::Plain, HeaderForm::WithKeyId] {
                let token = key.encode(form, &access_claims()).unwrap();
                let judged = verifier.authenticate(token.as_str(), NOW).unwrap();
                assert_eq!(judged.key_id(), key.key_id());
            }
        }
    }
}

#[test]
fn a_key_is_one_key_in_every_form() {
    for (name, algorithm) in [
        ("rsa1", Algorithm::Ps256),
        ("p256", Algorithm::Es256),
        ("p384", Algorithm::Es384),
        ("p521", Algorithm::Es512),
        ("ed25519", Algorithm::EdDsa),
    ] {
        let recorded = &recorded_keys()[name];
        let from_jwk = VerificationKey::from_jwk(algorithm, &public(recorded)).unwrap();
        let pem = recorded["public_pem_spki"].as_str().unwrap();
        let from_pem = VerificationKey::from_pem(algorithm, pem).unwrap();
        assert_eq!(from_jwk.thumbprint(), from_pem.thumbprint());
    }
}

#[test]
fn refusals_say_which_member_is_wrong() {
    let good = jwk();
    let changed = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        VerificationKey::from_jwk(Algorithm::Es256, &jwk.to_string()).unwrap_err()
    };
    let member = |member, expected| KeyError::Jwk(JwkFault::Member { member, expected });
    let length = "exactly as long as the numbers of its curve";
    let x = good["x"].as_str().unwrap();
    for (error, expected) in [
        (changed("kty", "RSA".into()), member("kty", "EC")),
        (changed("kty", "ec".into()), member("kty", "EC")),
        (changed("crv", "P-384".into()), member("crv", "P-256")),
        (changed("crv", "secp256k1".into()), member("crv", "P-256")),
        (changed("use", "enc".into()), KeyError::Jwk(JwkFault::Use)),
        (changed("use", 1.into()), member("use", "a string")),
        (
            changed("kid", "".into()),
            member("kid", "1 to 200 bytes without control characters"),
        ),
        (changed("kid", 7.into()), member("kid", "a string")),
        (
            changed("x", format!("AA{x}").into()),
            member("x", "base64url without padding"),
        ),
        (
            changed("x", base64url(&[7; 33]).into()),
            member("x", length),
        ),
        (
            changed("x", base64url(&[7; 31]).into()),
            member("x", length),
        ),
        (
            changed("y", format!("{x}=").into()),
            member("y", "base64url without padding"),
        ),
        (changed("d", x.into()), KeyError::Jwk(JwkFault::Private)),
        (
            changed("key_ops", "verify".into()),
            member("key_ops", "a list of strings"),
        ),
        (
            changed("key_ops", json!(["sign", "encrypt"])),
            KeyError::Jwk(JwkFault::Operation { needed: "verify" }),
        ),
        (
            changed("alg", "ES384".into()),
            KeyError::Jwk(JwkFault::OtherAlgorithm {
                found: Algorithm::Es384,
            }),
        ),
        (
            changed("x", good["y"].clone()),
            KeyError::Invalid {
                algorithm: Algorithm::Es256,
            },
        ),
    ] {
        assert_eq!(error, expected);
    }
    for unknown in ["ES256K", "ES521", "none", "es256", "RSA-OAEP"] {
        let error = changed("alg", unknown.into());
        let refused = matches!(error, KeyError::Jwk(JwkFault::UnknownAlgorithm(_)));
        assert!(refused, "{unknown}: {error}");
        assert!(error.to_string().contains(unknown), "{error}");
    }
}

#[test]
fn a_jwk_is_one_object_with_unique_names() {
    let text = jwk().to_string();
    for text in [
        String::new(),
        "[]".to_owned(),
        format!("{text} x"),
        text.replacen('{', r#"{"kty":"EC","#, 1),
        text.replacen('{', r#"{"k\u0074y":"EC","#, 1),
    ] {
        let error = VerificationKey::from_jwk(Algorithm::Es256, &text).unwrap_err();
        assert!(
            matches!(error, KeyError::Jwk(JwkFault::Json(_))),
            "{text}: {error}"
        );
    }
}

#[test]
fn private_numbers_fit_exactly() {
    let edwards = json!({
        "kty": "OKP", "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let read = |jwk: &Value| SigningKey::from_jwk(Algorithm::EdDsa, &jwk.to_string());
    assert!(read(&edwards).is_ok());
    let mut longer = edwards.clone();
    longer["d"] = base64url(&[7; 33]).into();
    assert!(matches!(
        read(&longer),
        Err(KeyError::Jwk(JwkFault::Member { member: "d", .. }))
    ));
    let mut stranger = edwards.clone();
    stranger["d"] = base64url(&[7; 32]).into();
    assert!(matches!(read(&stranger), Err(KeyError::Invalid { .. })));
    let mut public = edwards;
    public.as_object_mut().unwrap().remove("d");
    assert_eq!(read(&public).unwrap_err(), KeyError::Jwk(JwkFault::Public));
}

/// T08: what is read as a verification key is public, and what is read as a secret is none.
#[test]
fn secrets_and_public_keys_do_not_trade_places() {
    let secret = json!({ "kty": "oct", "k": base64url(&[7; 64]) }).to_string();
    let error = VerificationKey::from_jwk(Algorithm::Hs256, &secret).unwrap_err();
    assert!(error.to_string().contains("signing key"), "{error}");
    assert!(VerificationKey::from_jwk(Algorithm::Es256, &secret).is_err());
    assert!(SigningKey::from_jwk(Algorithm::Hs256, &secret).is_ok());
    for recorded in recorded_keys().values().filter(|key| key["kind"] != "oct") {
        let mut disguised = recorded["public_jwk"].clone();
        assert!(SigningKey::from_jwk(Algorithm::Hs256, &disguised.to_string()).is_err());
        disguised["kty"] = "oct".into();
        for material in ["public_pem_spki", "private_pem_pkcs8"] {
            let material = recorded[material].as_str().unwrap();
            disguised["k"] = base64url(material.as_bytes()).into();
            let error = SigningKey::from_jwk(Algorithm::Hs256, &disguised.to_string()).unwrap_err();
            assert!(matches!(error, KeyError::SecretIsKey { .. }), "{error}");
        }
    }
}

#[test]
fn a_set_is_refused_for_any_of_its_keys() {
    let (good, secret) = (jwk(), json!({ "kty": "oct", "k": base64url(&[7; 32]) }));
    let mut named = good.clone();
    named["kid"] = "a".into();
    let mut private = good.clone();
    private["d"] = good["x"].clone();
    let read = |keys: Value| {
        let accepted = [Algorithm::Hs256, Algorithm::Es256];
        KeySet::from_jwk_set(&accepted, &json!({ "keys": keys }).to_string())
    };
    assert!(read(json!([good, named])).is_ok());
    assert_eq!(read(json!([])).unwrap().len(), 0);
    assert_eq!(read(json!([good, secret])).unwrap_err(), JwkSetError::Mixed);
    let key_id = KeyId::parse("a").unwrap();
    let twice = KeySetError::DuplicateKeyId { key_id };
    assert_eq!(
        read(json!([named, named])).unwrap_err(),
        JwkSetError::Set(twice)
    );
    assert!(matches!(
        read(json!([good, good])),
        Err(JwkSetError::Set(KeySetError::DuplicateKeyId { .. }))
    ));
    let source = KeyError::Jwk(JwkFault::Private);
    assert_eq!(
        read(json!([named, private])).unwrap_err(),
        JwkSetError::Key {
            position: 2,
            source
        }
    );
    let many = vec![json!({}); 65];
    assert_eq!(
        read(json!(many)).unwrap_err(),
        JwkSetError::Set(KeySetError::TooManyKeys { count: 65 })
    );
    for keys in [json!({}), json!(1), Value::Null] {
        assert_eq!(read(keys).unwrap_err(), JwkSetError::NoList);
    }
    assert!(matches!(
        KeySet::from_jwk_set(&Algorithm::ALL, "[]"),
        Err(JwkSetError::Json(_))
    ));
}

#[test]
fn a_key_without_algorithm_is_for_the_only_one_that_fits() {
    let rsa = public(&recorded_keys()["rsa1"]);
    let set = format!(r#"{{"keys":[{rsa}]}}"#);
    let keys = KeySet::from_jwk_set(&[Algorithm::Ps256, Algorithm::Es256], &set).unwrap();
    assert_eq!(keys.iter().next().unwrap().algorithm(), Algorithm::Ps256);
    let refusal = |accepted: &[Algorithm]| KeySet::from_jwk_set(accepted, &set).unwrap_err();
    let broken = |fault| JwkSetError::Key {
        position: 1,
        source: KeyError::Jwk(fault),
    };
    assert_eq!(
        refusal(&Algorithm::ALL),
        broken(JwkFault::SeveralAlgorithmsFit)
    );
    assert_eq!(
        refusal(&[Algorithm::EdDsa]),
        broken(JwkFault::NoAlgorithmFits)
    );
}

/// RFC 7517 §5: a set that others publish may hold keys that we cannot use.
#[test]
fn keys_of_no_use_to_us_are_left_out_of_published_sets() {
    let changed = |member: &str, value: Value| {
        let mut key = jwk();
        key[member] = value;
        key
    };
    let accepted = [Algorithm::Es256, Algorithm::Rs256];
    for useless in [
        json!({ "kty": "EC", "crv": "secp256k1", "alg": "ES256K", "x": "AA", "y": "AA" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        json!({ "kty": "RSA", "alg": "RS256", "n": base64url(&[0xF1; 128]), "e": "AQAB" }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA" }),
        json!({}),
        changed("use", "enc".into()),
        changed("key_ops", json!(["sign"])),
        changed("x", jwk()["y"].clone()),
        changed("kid", "x".repeat(201).into()),
        changed("kid", 7.into()),
    ] {
        let set = json!({ "keys": [useless, jwk()] }).to_string();
        let keys = KeySet::from_published_jwk_set(&accepted, &set).unwrap();
        assert_eq!(keys.len(), 1, "{set}");
        assert_eq!(keys.iter().next().unwrap().algorithm(), Algorithm::Es256);
        assert!(KeySet::from_jwk_set(&accepted, &set).is_err(), "{set}");
        let alone = json!({ "keys": [useless] }).to_string();
        let keys = KeySet::from_published_jwk_set(&accepted, &alone).unwrap();
        assert!(keys.is_empty(), "{alone}");
    }
}

/// Whatever the private key is for: who published it has published what was secret.
#[test]
fn a_published_set_with_a_private_key_is_refused_as_a_whole() {
    for (member, value) in [
        ("d", "AA"),
        ("p", "AA"),
        ("dp", "AA"),
        ("oth", "AA"),
        ("k", "AA"),
    ] {
        for usage in ["sig", "enc"] {
            let mut private = jwk();
            private["use"] = usage.into();
            private[member] = value.into();
            let set = json!({ "keys": [jwk(), private] }).to_string();
            let source = KeyError::Jwk(JwkFault::Private);
            assert_eq!(
                KeySet::from_published_jwk_set(&[Algorithm::Es256], &set).unwrap_err(),
                JwkSetError::Key {
                    position: 2,
                    source
                },
                "{member} {usage}"
            );
        }
    }
}

/// What cannot be used because nobody said how is told, and not left out in silence.
#[test]
fn a_published_key_that_fits_two_accepted_algorithms_is_told_of() {
    let rsa = public(&recorded_keys()["rsa1"]);
    let set = format!(r#"{{"keys":[{rsa}]}}"#);
    let two = [Algorithm::Rs256, Algorithm::Ps256];
    let source = KeyError::Jwk(JwkFault::SeveralAlgorithmsFit);
    assert_eq!(
        KeySet::from_published_jwk_set(&two, &set).unwrap_err(),
        JwkSetError::Key {
            position: 1,
            source
        }
    );
}

#[test]
fn signing_keys_come_in_sets_too() {
    let secrets = json!({ "keys": [
        { "kty": "oct", "alg": "HS256", "kid": "a", "k": base64url(&[7; 32]) },
        { "kty": "oct", "alg": "HS512", "kid": "b", "k": base64url(&[8; 64]) },
    ]})
    .to_string();
    let keys = SigningKey::from_jwk_set(&Algorithm::ALL, &secrets).unwrap();
    let names: Vec<&str> = keys.iter().map(|key| key.key_id().as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        KeySet::from_jwk_set(&Algorithm::ALL, &secrets)
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        KeySet::from_published_jwk_set(&Algorithm::ALL, &secrets).unwrap_err(),
        JwkSetError::PublishedSecret
    );
    let public = json!({ "keys": [jwk()] }).to_string();
    let source = KeyError::Jwk(JwkFault::Public);
    assert_eq!(
        SigningKey::from_jwk_set(&Algorithm::ALL, &public).unwrap_err(),
        JwkSetError::Key {
            position: 1,
            source
        }
    );
}

/// The public JWK of P-256 that was recorded.
fn jwk() -> Value {
    let mut jwk = recorded_keys()["p256"]["public_jwk"].clone();
    jwk["alg"] = "ES256".into();
    jwk
}

fn public(recorded: &Value) -> String {
    recorded["public_jwk"].to_string()
}
