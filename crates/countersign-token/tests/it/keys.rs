//! Keys from files and back, and what is published of them.

use countersign_token::{
    Algorithm, HeaderForm, KeyError, KeyId, KeySet, KeySetError, SigningKey, VerificationKey,
};
use serde_json::Value;

use crate::support::{
    NOW, SECRET, access_claims, from_base64url, hs256, one_key_each, pem, verifier,
};

const KEYS: &str = include_str!("../vectors/simplejwt/keys.json");

/// The algorithms that read keys from files, and the recorded key of each.
const PAIRS: [(Algorithm, &str); 2] = [(Algorithm::Es256, "p256"), (Algorithm::EdDsa, "ed25519")];

#[test]
fn both_halves_of_a_pair_have_one_name_and_fit() {
    for (algorithm, name) in PAIRS {
        let recorded = recorded(name);
        let private =
            SigningKey::from_pem(algorithm, text(&recorded, "private_pem_pkcs8")).unwrap();
        let public =
            VerificationKey::from_pem(algorithm, text(&recorded, "public_pem_spki")).unwrap();
        assert_eq!(private.key_id(), public.key_id());
        assert_eq!(
            (private.algorithm(), public.algorithm()),
            (algorithm, algorithm)
        );
        let token = private
            .encode(HeaderForm::WithKeyId, &access_claims())
            .unwrap();
        let keys = KeySet::new(vec![public]).unwrap();
        assert!(
            countersign_token::Verifier::new(keys)
                .authenticate(token.as_str(), NOW)
                .is_ok()
        );
    }
}

#[test]
fn sec1_is_read_for_es256_alone() {
    let recorded = recorded("p256");
    let sec1 = text(&recorded, "private_pem_sec1");
    let key = SigningKey::from_pem(Algorithm::Es256, sec1).unwrap();
    let same =
        SigningKey::from_pem(Algorithm::Es256, text(&recorded, "private_pem_pkcs8")).unwrap();
    assert_eq!(key.key_id(), same.key_id());
    assert_eq!(key.export().unwrap(), same.export().unwrap());
    assert!(SigningKey::from_pem(Algorithm::EdDsa, sec1).is_err());
}

#[test]
fn line_ends_and_outer_blanks_do_not_matter() {
    let recorded = recorded("p256");
    let private = text(&recorded, "private_pem_pkcs8");
    for spelling in [
        private.replace('\n', "\r\n"),
        format!("\n{private}\n\n"),
        private.trim_end().to_owned(),
    ] {
        assert!(
            SigningKey::from_pem(Algorithm::Es256, &spelling).is_ok(),
            "{spelling:?}"
        );
    }
}

#[test]
fn keys_of_other_kinds_are_refused_by_name() {
    let rows = [
        (Algorithm::Es256, "p384", "P-384"),
        (Algorithm::Es256, "p521", "P-521"),
        (Algorithm::Es256, "k256", "secp256k1"),
        (Algorithm::Es256, "ed25519", "Ed25519"),
        (Algorithm::Es256, "rsa1", "RSA"),
        (Algorithm::EdDsa, "p256", "P-256"),
        (Algorithm::EdDsa, "ed448", "Ed448"),
        (Algorithm::EdDsa, "rsa1", "RSA"),
        (Algorithm::Hs256, "p256", "P-256"),
    ];
    for (algorithm, name, found) in rows {
        let recorded = recorded(name);
        let private = SigningKey::from_pem(algorithm, text(&recorded, "private_pem_pkcs8"));
        let public = VerificationKey::from_pem(algorithm, text(&recorded, "public_pem_spki"));
        for error in [private.unwrap_err(), public.unwrap_err()] {
            assert!(matches!(error, KeyError::WrongKind { .. }), "{error:?}");
            assert!(error.to_string().contains(found), "{error}");
        }
    }
}

#[test]
fn the_wrong_half_is_refused_with_a_hint() {
    for (algorithm, name) in PAIRS {
        let recorded = recorded(name);
        let private = text(&recorded, "private_pem_pkcs8");
        let public = text(&recorded, "public_pem_spki");
        let error = VerificationKey::from_pem(algorithm, private)
            .unwrap_err()
            .to_string();
        assert!(error.contains("openssl pkey -pubout"), "{error}");
        let error = SigningKey::from_pem(algorithm, public)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot sign"), "{error}");
    }
}

#[test]
fn a_file_is_exactly_one_block() {
    let recorded = recorded("p256");
    let (private, public) = (
        text(&recorded, "private_pem_pkcs8"),
        text(&recorded, "public_pem_spki"),
    );
    let texts = [
        String::new(),
        "no key".to_owned(),
        format!("{private}{private}"),
        format!("{private}{public}"),
        format!("a note\n{private}"),
        format!("{private}a note"),
        private.replace("-----END", "----END"),
        private.replacen('M', "*", 1),
        private.replace("PRIVATE KEY-----\nM", "PRIVATE KEY-----\nProc-Type: 4\n\nM"),
    ];
    for text in &texts {
        let error = SigningKey::from_pem(Algorithm::Es256, text).unwrap_err();
        assert!(matches!(error, KeyError::Pem(_)), "{error:?}: {text}");
    }
}

#[test]
fn bytes_after_a_key_are_refused() {
    for key in one_key_each()
        .iter()
        .filter(|key| !key.algorithm().is_symmetric())
    {
        let der = key.export().unwrap();
        let algorithm = key.algorithm();
        assert!(SigningKey::from_pem(algorithm, &pem("PRIVATE KEY", &der)).is_ok());
        for tail in [&[0][..], b"tail", &der] {
            let longer = [&der, tail].concat();
            let read = SigningKey::from_pem(algorithm, &pem("PRIVATE KEY", &longer));
            assert_eq!(read.unwrap_err(), KeyError::TrailingBytes);
            let read = SigningKey::from_exported(algorithm, &longer);
            assert_eq!(read.unwrap_err(), KeyError::TrailingBytes);
        }
    }
    for (algorithm, name) in PAIRS {
        let der = der_of(text(&recorded(name), "public_pem_spki"));
        let longer = [&*der, &[0]].concat();
        let read = VerificationKey::from_pem(algorithm, &pem("PUBLIC KEY", &longer));
        assert_eq!(read.unwrap_err(), KeyError::TrailingBytes);
    }
}

#[test]
fn points_off_the_curve_and_compressed_points_are_refused() {
    let der = der_of(text(&recorded("p256"), "public_pem_spki"));
    let mut off = der.clone();
    *off.last_mut().unwrap() ^= 1;
    let read = VerificationKey::from_pem(Algorithm::Es256, &pem("PUBLIC KEY", &off));
    assert_eq!(
        read.unwrap_err(),
        KeyError::Invalid {
            algorithm: Algorithm::Es256
        }
    );

    let (head, point) = der.split_at(26);
    let mut compressed = [head, &[2 + (point[64] & 1)], &point[1..33]].concat();
    compressed[1] = 57;
    compressed[24] = 34;
    let error = VerificationKey::from_pem(Algorithm::Es256, &pem("PUBLIC KEY", &compressed));
    assert!(error.unwrap_err().to_string().contains("uncompressed"));
}

#[test]
fn secrets_have_32_bytes_or_more() {
    for length in [0, 1, 31] {
        let error = SigningKey::from_secret(Algorithm::Hs256, &vec![7; length]).unwrap_err();
        assert!(matches!(error, KeyError::SecretTooShort { length: found, .. } if found == length));
    }
    for secret in [
        &[7; 32][..],
        &[7; 200],
        b"correct horse battery staple correct horse",
        b"3Ud0Y0NsdmVyX3NlY3JldF90aGF0X2lzX3JhbmRvbV9lbm91Z2g=",
        b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "clé secrète, assez longue, ünïcode ✓".as_bytes(),
        b"{\"not\":\"a key, but 32 bytes long\"}",
    ] {
        assert!(
            SigningKey::from_secret(Algorithm::Hs256, secret).is_ok(),
            "{secret:?}"
        );
    }
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let error = SigningKey::from_secret(algorithm, &[7; 32]).unwrap_err();
        assert!(matches!(error, KeyError::WrongKind { .. }), "{error}");
    }
}

#[test]
fn random_secrets_are_not_taken_for_keys() {
    let mut bytes = [0; 64];
    for length in [32, 48, 64] {
        for _ in 0..200 {
            aws_lc_rs::rand::fill(&mut bytes).unwrap();
            assert!(SigningKey::from_secret(Algorithm::Hs256, &bytes[..length]).is_ok());
        }
    }
}

#[test]
fn an_exported_key_comes_back_whole() {
    for key in one_key_each() {
        let back = SigningKey::from_exported(key.algorithm(), &key.export().unwrap()).unwrap();
        assert_eq!(back.key_id(), key.key_id());
        let token = back.encode(HeaderForm::Plain, &access_claims()).unwrap();
        assert!(verifier(&key).authenticate(token.as_str(), NOW).is_ok());
    }
    assert_eq!(&**hs256().export().unwrap(), SECRET);
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        for bytes in [&b""[..], SECRET, &[0x30, 0], &hs256().export().unwrap()] {
            assert!(SigningKey::from_exported(algorithm, bytes).is_err());
        }
    }
}

#[test]
fn headers_have_exactly_two_forms() {
    let key = hs256().with_key_id(KeyId::parse("clé \"1\"").unwrap());
    let header = |form| {
        let token = key.encode(form, &access_claims()).unwrap().into_string();
        String::from_utf8(from_base64url(token.split('.').next().unwrap())).unwrap()
    };
    assert_eq!(header(HeaderForm::Plain), r#"{"alg":"HS256","typ":"JWT"}"#);
    let named = r#"{"alg":"HS256","kid":"cl\u00e9 \"1\"","typ":"JWT"}"#;
    assert_eq!(header(HeaderForm::WithKeyId), named);
}

#[test]
fn a_key_set_publishes_public_members_alone() {
    let keys = one_key_each();
    let set = KeySet::new(keys.iter().map(SigningKey::verification_key).collect()).unwrap();
    let text = set.jwk_set();
    let published: Value = serde_json::from_str(&text).unwrap();
    let published = published["keys"].as_array().unwrap();
    assert_eq!(published.len(), 2, "no MAC key");
    for (jwk, names) in published.iter().zip([&EC_MEMBERS[..], &OKP_MEMBERS]) {
        let mut members: Vec<&str> = jwk
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        members.sort_unstable();
        assert_eq!(members, names);
        assert_eq!(jwk["use"], "sig");
    }
    assert!(
        text.starts_with(r#"{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":""#),
        "{text}"
    );
    assert_eq!(KeySet::default().jwk_set(), r#"{"keys":[]}"#);
}

#[test]
fn published_coordinates_are_the_recorded_ones() {
    for (algorithm, name) in PAIRS {
        let recorded = recorded(name);
        let key = VerificationKey::from_pem(algorithm, text(&recorded, "public_pem_spki")).unwrap();
        let set: Value = serde_json::from_str(&KeySet::new(vec![key]).unwrap().jwk_set()).unwrap();
        for member in ["kty", "crv", "x", "y"] {
            assert_eq!(
                set["keys"][0][member], recorded["public_jwk"][member],
                "{name} {member}"
            );
        }
    }
}

#[test]
fn names_in_a_set_are_unique_and_their_number_is_bounded() {
    let key = hs256().verification_key();
    let twin = SigningKey::generate(Algorithm::EdDsa)
        .unwrap()
        .verification_key();
    let twin = twin.with_key_id(key.key_id().clone());
    let error = KeySet::new(vec![key.clone(), twin]).unwrap_err();
    assert_eq!(
        error,
        KeySetError::DuplicateKeyId {
            key_id: key.key_id().clone()
        }
    );

    let numbered = |count: usize| {
        let named = |number| {
            key.clone()
                .with_key_id(KeyId::parse(&format!("k{number}")).unwrap())
        };
        KeySet::new((0..count).map(named).collect())
    };
    let set = numbered(KeySet::MAX_KEYS).unwrap();
    assert_eq!(
        (set.len(), set.iter().count(), set.is_empty()),
        (64, 64, false)
    );
    assert_eq!(set.get("k7").unwrap().key_id().as_str(), "k7");
    assert!(set.get("K7").is_none());
    assert_eq!(
        numbered(65).unwrap_err(),
        KeySetError::TooManyKeys { count: 65 }
    );
}

#[test]
fn the_name_of_a_mac_key_is_no_digest_of_its_secret() {
    use aws_lc_rs::digest::{SHA256, digest};
    let key = hs256();
    assert_eq!(key.key_id(), hs256().key_id());
    let jwk = format!(
        r#"{{"k":"{}","kty":"oct"}}"#,
        crate::support::base64url(SECRET)
    );
    for text in [SECRET, jwk.as_bytes()] {
        let digest = crate::support::base64url(digest(&SHA256, text).as_ref());
        assert!(!digest.starts_with(key.key_id().as_str()));
    }
}

#[test]
fn debug_shows_no_key_and_no_token() {
    for key in one_key_each() {
        let token = key.encode(HeaderForm::Plain, &access_claims()).unwrap();
        let shown = format!("{key:?} {:?} {token:?}", key.verification_key());
        assert!(shown.contains("****"));
        assert!(!shown.contains(token.as_str().split('.').next_back().unwrap()));
        let secret = key.export().unwrap();
        assert!(!shown.contains(&format!("{:?}", &secret[..])));
    }
}

fn recorded(name: &str) -> Value {
    let file: Value = serde_json::from_str(KEYS).unwrap();
    let keys = file["keys"].as_array().unwrap();
    keys.iter().find(|key| key["name"] == name).unwrap().clone()
}

fn text<'a>(key: &'a Value, name: &str) -> &'a str {
    key[name].as_str().unwrap()
}

fn der_of(pem: &str) -> Vec<u8> {
    pem_rfc7468::decode_vec(pem.as_bytes()).unwrap().1
}

const EC_MEMBERS: [&str; 7] = ["alg", "crv", "kid", "kty", "use", "x", "y"];
const OKP_MEMBERS: [&str; 6] = ["alg", "crv", "kid", "kty", "use", "x"];
