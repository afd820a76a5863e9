//! Keys from files and back, and what is published of them.

use countersign_token::{
    Algorithm, HeaderForm, KeyError, KeyId, KeySet, KeySetError, SigningKey, VerificationKey,
};
use serde_json::Value;

use crate::support::{
    NOW, SECRET, access_claims, der_of, from_base64url, hs256, one_key_each, pem, recorded_keys,
    verifier,
};

/// The algorithms that read keys from files, and the recorded key of each.
const PAIRS: [(Algorithm, &str); 10] = [
    (Algorithm::Rs256, "rsa1"),
    (Algorithm::Rs384, "rsa1"),
    (Algorithm::Rs512, "rsa1"),
    (Algorithm::Ps256, "rsa1"),
    (Algorithm::Ps384, "rsa1"),
    (Algorithm::Ps512, "rsa1"),
    (Algorithm::Es256, "p256"),
    (Algorithm::Es384, "p384"),
    (Algorithm::Es512, "p521"),
    (Algorithm::EdDsa, "ed25519"),
];

/// The structures of one kind of key only.
const OWN_FORMS: [(Algorithm, &str, &str); 4] = [
    (Algorithm::Rs256, "rsa1", "private_pem_pkcs1"),
    (Algorithm::Es256, "p256", "private_pem_sec1"),
    (Algorithm::Es384, "p384", "private_pem_sec1"),
    (Algorithm::Es512, "p521", "private_pem_sec1"),
];

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
fn pkcs1_and_sec1_are_read_for_their_own_algorithms_alone() {
    for (algorithm, name, form) in OWN_FORMS {
        let recorded = recorded(name);
        let own = text(&recorded, form);
        let key = SigningKey::from_pem(algorithm, own).unwrap();
        let same = SigningKey::from_pem(algorithm, text(&recorded, "private_pem_pkcs8")).unwrap();
        assert_eq!(key.key_id(), same.key_id());
        assert_eq!(key.export().unwrap(), same.export().unwrap());
        for (other, _) in PAIRS.iter().filter(|(_, other)| *other != name) {
            let error = SigningKey::from_pem(*other, own).unwrap_err();
            assert!(
                matches!(error, KeyError::WrongKind { .. }),
                "{other}: {error}"
            );
        }
    }
}

#[test]
fn der_is_read_as_its_pem_is() {
    for (algorithm, name) in PAIRS {
        let recorded = recorded(name);
        let private = der_of(text(&recorded, "private_pem_pkcs8"));
        let public = der_of(text(&recorded, "public_pem_spki"));
        let signing = SigningKey::from_der(algorithm, &private).unwrap();
        let verifying = VerificationKey::from_der(algorithm, &public).unwrap();
        assert_eq!(signing.key_id(), verifying.key_id());
        let swapped = SigningKey::from_der(algorithm, &public).unwrap_err();
        assert!(swapped.to_string().contains("cannot sign"), "{swapped}");
        let swapped = VerificationKey::from_der(algorithm, &private).unwrap_err();
        assert!(swapped.to_string().contains("-pubout"), "{swapped}");
        assert!(SigningKey::from_der(Algorithm::Hs256, &private).is_err());
        assert!(VerificationKey::from_der(Algorithm::Hs256, &public).is_err());
    }
    for (algorithm, name, form) in OWN_FORMS {
        let der = der_of(text(&recorded(name), form));
        assert!(SigningKey::from_der(algorithm, &der).is_ok(), "{form}");
    }
}

#[test]
fn a_public_rsa_key_may_stand_alone() {
    let spki = der_of(text(&recorded("rsa1"), "public_pem_spki"));
    let pkcs1 = &spki[24..];
    let same = VerificationKey::from_der(Algorithm::Rs256, &spki).unwrap();
    for key in [
        VerificationKey::from_der(Algorithm::Rs256, pkcs1).unwrap(),
        VerificationKey::from_pem(Algorithm::Rs256, &pem("RSA PUBLIC KEY", pkcs1)).unwrap(),
    ] {
        assert_eq!(key.key_id(), same.key_id());
    }
    let error = SigningKey::from_pem(Algorithm::Rs256, &pem("RSA PUBLIC KEY", pkcs1));
    assert!(error.unwrap_err().to_string().contains("cannot sign"));
}

#[test]
fn a_label_names_the_structure_in_its_block() {
    let recorded_rsa = recorded("rsa1");
    let pkcs8 = der_of(text(&recorded_rsa, "private_pem_pkcs8"));
    let pkcs1 = der_of(text(&recorded_rsa, "private_pem_pkcs1"));
    let spki = der_of(text(&recorded_rsa, "public_pem_spki"));
    for (label, der) in [
        ("RSA PRIVATE KEY", &pkcs8[..]),
        ("PRIVATE KEY", &pkcs1),
        ("PRIVATE KEY", &spki),
        ("PUBLIC KEY", &spki[24..]),
        ("PUBLIC KEY", &pkcs8),
        ("RSA PUBLIC KEY", &spki),
        ("EC PRIVATE KEY", &pkcs8),
    ] {
        let text = pem(label, der);
        let errors = [
            SigningKey::from_pem(Algorithm::Rs256, &text).unwrap_err(),
            VerificationKey::from_pem(Algorithm::Rs256, &text).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains("label"), "{label}: {error}");
        }
    }
}

#[test]
fn a_file_that_is_no_key_is_told_what_to_do() {
    let rsa = recorded("rsa1");
    let sequence = &[0x30, 3, 2, 1, 0];
    let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
        DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let parameters = [
        pem("EC PARAMETERS", &[0x30, 0]),
        text(&recorded("p256"), "private_pem_sec1").to_owned(),
    ];
    for (file, hint) in [
        (pem("ENCRYPTED PRIVATE KEY", sequence), "openssl pkey"),
        (encrypted.to_owned(), "openssl pkey"),
        (pem("OPENSSH PRIVATE KEY", sequence), "ssh-keygen -p"),
        (text(&rsa, "public_openssh").to_owned(), "ssh-keygen -e"),
        (pem("CERTIFICATE", sequence), "openssl x509"),
        (rsa["public_jwk"].to_string(), "JWK"),
        (parameters.concat(), "EC PARAMETERS"),
    ] {
        let errors = [
            SigningKey::from_pem(Algorithm::Es256, &file).unwrap_err(),
            VerificationKey::from_pem(Algorithm::Es256, &file).unwrap_err(),
        ];
        let told = errors.iter().any(|error| error.to_string().contains(hint));
        assert!(told, "{hint}: {errors:?}");
    }
}

#[test]
fn rsa_keys_have_2048_bits_and_an_odd_exponent_from_65537() {
    let modulus = from_base64url(recorded("rsa1")["public_jwk"]["n"].as_str().unwrap());
    let judge = |modulus: &[u8], exponent: &[u8]| {
        let der = rsa_public(modulus, exponent);
        VerificationKey::from_der(Algorithm::Ps384, &der)
    };
    assert!(judge(&modulus, &[1, 0, 1]).is_ok());
    for exponent in [&[1][..], &[3], &[1, 0, 0], &[0xFF, 0xFF]] {
        let error = judge(&modulus, exponent).unwrap_err();
        let refused = matches!(
            error,
            KeyError::RsaExponent { .. } | KeyError::Invalid { .. }
        );
        assert!(refused, "{exponent:?} {error}");
    }
    let long = vec![0xFF; 1025];
    for (modulus, bits) in [
        (&modulus[..128], 1024),
        (&modulus[..255], 2040),
        (&long, 8200),
    ] {
        let error = judge(modulus, &[1, 0, 1]).unwrap_err();
        let algorithm = Algorithm::Ps384;
        assert_eq!(error, KeyError::RsaSize { algorithm, bits });
    }
    let mut even = modulus.clone();
    *even.last_mut().unwrap() &= 0xFE;
    assert!(judge(&even, &[1, 0, 1]).is_err());
}

/// `rsaEncryption` has the parameters NULL (RFC 3279 §2.3.1): a key has one spelling.
#[test]
fn the_name_of_an_rsa_key_has_no_other_parameters() {
    let mut der = der_of(text(&recorded("rsa1"), "public_pem_spki"));
    assert_eq!(der[17..19], [5, 0]);
    der[17] = 4;
    let error = VerificationKey::from_der(Algorithm::Rs256, &der).unwrap_err();
    assert!(matches!(error, KeyError::Invalid { .. }), "{error}");
}

#[test]
fn a_private_number_has_the_length_of_its_curve() {
    let sec1 = der_of(text(&recorded("p256"), "private_pem_sec1"));
    assert_eq!(sec1[5..7], [4, 32]);
    let longer = [&[0x30, sec1[1] + 1, 2, 1, 1, 4, 33, 0], &sec1[7..]].concat();
    let error = SigningKey::from_der(Algorithm::Es256, &longer).unwrap_err();
    assert!(matches!(error, KeyError::Invalid { .. }), "{error}");
}

#[test]
fn halves_that_do_not_fit_are_refused() {
    let mut sec1 = der_of(text(&recorded("p256"), "private_pem_sec1"));
    sec1[20] ^= 1;
    assert!(SigningKey::from_der(Algorithm::Es256, &sec1).is_err());
    let mut pkcs1 = der_of(text(&recorded("rsa1"), "private_pem_pkcs1"));
    pkcs1[300] ^= 1;
    assert!(SigningKey::from_der(Algorithm::Rs256, &pkcs1).is_err());
}

/// `RSAPublicKey` (RFC 8017 appendix A.1.1) of any numbers.
fn rsa_public(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zero: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        value(2, &[zero, bytes].concat())
    };
    value(0x30, &[integer(modulus), integer(exponent)].concat())
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match length {
        [0, short @ ..=0x7F] => vec![short],
        [0, long] => vec![0x81, long],
        [high, low] => vec![0x82, high, low],
    };
    [&[tag], &*length, content].concat()
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
        (Algorithm::Es384, "p256", "P-256"),
        (Algorithm::Es384, "p521", "P-521"),
        (Algorithm::Es512, "p384", "P-384"),
        (Algorithm::Rs256, "p256", "P-256"),
        (Algorithm::Ps512, "ed25519", "Ed25519"),
        (Algorithm::Hs512, "rsa1", "RSA"),
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
    for (algorithm, name, start, size) in [
        (Algorithm::Es256, "p256", 26, 32),
        (Algorithm::Es384, "p384", 23, 48),
        (Algorithm::Es512, "p521", 25, 66),
    ] {
        let der = der_of(text(&recorded(name), "public_pem_spki"));
        let mut off = der.clone();
        *off.last_mut().unwrap() ^= 1;
        let read = VerificationKey::from_pem(algorithm, &pem("PUBLIC KEY", &off));
        assert_eq!(read.unwrap_err(), KeyError::Invalid { algorithm });

        let (head, point) = der.split_at(start);
        assert_eq!(point.len(), 1 + 2 * size);
        let hybrid = [head, &[6 + (point[2 * size] & 1)], &point[1..]].concat();
        let read = VerificationKey::from_der(algorithm, &hybrid);
        assert_eq!(read.unwrap_err(), KeyError::Invalid { algorithm });

        let identifiers = if name == "p521" {
            &head[3..21]
        } else {
            &head[2..head.len() - 3]
        };
        let compressed = [&[2 + (point[2 * size] & 1)], &point[1..=size]].concat();
        let bits = value(3, &[&[0], &compressed[..]].concat());
        let spki = value(0x30, &[identifiers, &bits].concat());
        let error = VerificationKey::from_pem(algorithm, &pem("PUBLIC KEY", &spki)).unwrap_err();
        assert!(error.to_string().contains("uncompressed"), "{error}");
    }
}

#[test]
fn secrets_are_as_long_as_the_hash_or_longer() {
    for (algorithm, minimum) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        for length in [0, 1, minimum - 1] {
            let error = SigningKey::from_secret(algorithm, &vec![7; length]).unwrap_err();
            let expected = KeyError::SecretTooShort {
                algorithm,
                minimum,
                length,
            };
            assert_eq!(error, expected);
        }
        assert!(SigningKey::from_secret(algorithm, &vec![7; minimum]).is_ok());
        let drawn = SigningKey::generate(algorithm).unwrap().export().unwrap();
        assert_eq!(drawn.len(), minimum);
    }
    for secret in [
        &[7; 200][..],
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
    for (algorithm, _) in PAIRS {
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
    for (algorithm, _) in PAIRS {
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
    assert_eq!(published.len(), 10, "no MAC key");
    for jwk in published {
        let mut members: Vec<&str> = jwk
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        members.sort_unstable();
        let expected: &[&str] = match jwk["kty"].as_str().unwrap() {
            "RSA" => &RSA_MEMBERS,
            "EC" => &EC_MEMBERS,
            _ => &OKP_MEMBERS,
        };
        assert_eq!(members, expected);
        assert_eq!(jwk["use"], "sig");
    }
    let p256 = r#"{"kty":"EC","use":"sig","alg":"ES256","kid":""#;
    let rsa = r#"{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":""#;
    assert!(text.starts_with(rsa) && text.contains(p256), "{text}");
    assert_eq!(KeySet::default().jwk_set(), r#"{"keys":[]}"#);
}

#[test]
fn published_numbers_are_the_recorded_ones() {
    for (algorithm, name) in PAIRS {
        let recorded = recorded(name);
        let key = VerificationKey::from_pem(algorithm, text(&recorded, "public_pem_spki")).unwrap();
        let jwk: Value = serde_json::from_str(&key.to_jwk().unwrap()).unwrap();
        assert_eq!(jwk["kid"], key.thumbprint().unwrap().as_str());
        for member in ["kty", "crv", "x", "y", "n", "e"] {
            assert_eq!(
                jwk[member], recorded["public_jwk"][member],
                "{name} {member}"
            );
        }
    }
    assert_eq!(hs256().verification_key().to_jwk(), None);
    assert_eq!(hs256().verification_key().thumbprint(), None);
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
    recorded_keys().remove(name).unwrap()
}

fn text<'a>(key: &'a Value, name: &str) -> &'a str {
    key[name].as_str().unwrap()
}

const EC_MEMBERS: [&str; 7] = ["alg", "crv", "kid", "kty", "use", "x", "y"];
const RSA_MEMBERS: [&str; 6] = ["alg", "e", "kid", "kty", "n", "use"];
const OKP_MEMBERS: [&str; 6] = ["alg", "crv", "kid", "kty", "use", "x"];
