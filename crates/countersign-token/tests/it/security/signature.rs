//! T06–T15: algorithms, keys, signatures, headers.

use countersign_token::{
    Access, Algorithm, HeaderFault, HeaderForm, KeyError, KeyId, KeySet, KeySetError, Malformation,
    Refresh, SigningKey, VerificationKey, Verifier, VerifyError,
};

use crate::support::{
    HEADER, NOW, NOW_SECONDS, access_claims, access_token, base64url, claims_with, forge,
    from_base64url, hs256, judge_claims, judge_header, one_key_each, pem, recorded_keys, verifier,
};

#[test]
fn t06_the_algorithm_comes_from_the_key() {
    let refused = [
        r#""none""#,
        r#""None""#,
        r#""NONE""#,
        r#""nOnE""#,
        r#""""#,
        r#""hs256""#,
        r#""HS256 ""#,
        r#"" HS256""#,
        r#""HS384""#,
        r#""HS512""#,
        r#""ES256""#,
        r#""EdDSA""#,
        r#""RS256""#,
        "null",
        "0",
        "true",
        r#"["HS256"]"#,
        r#"{"alg":"HS256"}"#,
        r#""HS256\u0000""#,
        "\"\u{ff28}S256\"",
    ];
    for alg in refused {
        for header in [
            format!(r#"{{"alg":{alg},"typ":"JWT"}}"#),
            format!(r#"{{"alg":{alg}}}"#),
        ] {
            assert_eq!(
                judge_header(&header).unwrap_err(),
                VerifyError::UnacceptableAlgorithm
            );
        }
    }
    assert_eq!(
        judge_header("{}").unwrap_err(),
        VerifyError::UnacceptableAlgorithm
    );
    assert!(judge_header(r#"{"alg":"\u0048S256"}"#).is_ok());
}

#[test]
fn t06_an_unsigned_token_never_passes() {
    let claims = base64url(claims_with("").as_bytes());
    for alg in ["none", "None", "NONE", "HS256"] {
        let header = base64url(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#).as_bytes());
        for signature in ["", "A", "AA", "AAAA"] {
            let token = format!("{header}.{claims}.{signature}");
            assert!(
                verifier(&hs256()).authenticate(&token, NOW).is_err(),
                "{alg} {signature}"
            );
        }
    }
    let keyless = Verifier::new(KeySet::default());
    assert_eq!(
        keyless
            .authenticate(&access_token(&hs256()), NOW)
            .unwrap_err(),
        VerifyError::UnknownKey
    );
}

#[test]
fn t07_one_key_has_one_algorithm() {
    let keys = one_key_each();
    for signer in &keys {
        for other in &keys {
            let renamed = other.clone().with_key_id(signer.key_id().clone());
            for form in [HeaderForm::Plain, HeaderForm::WithKeyId] {
                let token = signer.encode(form, &access_claims()).unwrap();
                let verdict = verifier(&renamed).authenticate(token.as_str(), NOW);
                if signer.algorithm() == other.algorithm() {
                    assert!(verdict.is_ok());
                } else {
                    assert_eq!(verdict.unwrap_err(), VerifyError::UnacceptableAlgorithm);
                }
            }
        }
    }
}

/// The same numbers under another algorithm are another key: neither verifies the other's tokens,
/// and no set holds both under their common thumbprint.
#[test]
fn t07_one_rsa_key_signs_by_one_algorithm() {
    let recorded = &recorded_keys()["rsa1"];
    let pem = recorded["private_pem_pkcs8"].as_str().unwrap();
    let keys = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Ps256,
        Algorithm::Ps384,
    ]
    .map(|algorithm| SigningKey::from_pem(algorithm, pem).unwrap());
    for signer in &keys {
        let token = access_token(signer);
        for other in keys
            .iter()
            .filter(|key| key.algorithm() != signer.algorithm())
        {
            let verdict = verifier(other).authenticate(&token, NOW);
            assert_eq!(verdict.unwrap_err(), VerifyError::UnacceptableAlgorithm);
            let both = vec![signer.verification_key(), other.verification_key()];
            let refused = KeySet::new(both).unwrap_err();
            assert!(matches!(refused, KeySetError::DuplicateKeyId { .. }));
            let relabeled = relabel(&token, other.algorithm());
            let verdict = verifier(other).authenticate(&relabeled, NOW);
            assert_eq!(verdict.unwrap_err(), VerifyError::BadSignature);
        }
    }
}

/// Puts another algorithm into the header and leaves the signature.
fn relabel(token: &str, algorithm: Algorithm) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
    format!("{}.{rest}", base64url(header.as_bytes()))
}

#[test]
fn t08_key_material_is_no_secret() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let ed25519 = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/simplejwt/keys.json")).unwrap();
    let mut disguises: Vec<Vec<u8>> = vec![
        key.export().unwrap().to_vec(),
        ed25519.export().unwrap().to_vec(),
        KeySet::new(vec![key.verification_key()])
            .unwrap()
            .jwk_set()
            .into_bytes(),
    ];
    for recorded in file["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["kind"] != "oct")
    {
        for (name, value) in recorded.as_object().unwrap() {
            if name.contains("pem") {
                disguises.extend(spellings_of_pem(value.as_str().unwrap()));
            } else if name == "public_jwk" {
                disguises.push(value.to_string().into_bytes());
                disguises.push(format!(" {value:#}\n").into_bytes());
                disguises.extend(raw_points(value));
            } else if name == "public_openssh" {
                disguises.push(value.as_str().unwrap().as_bytes().to_vec());
            }
        }
    }
    let in_a_jwk = |disguise: &[u8]| {
        let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64url(disguise));
        SigningKey::from_jwk(Algorithm::Hs256, &jwk)
    };
    for disguise in &disguises {
        for read in [
            SigningKey::from_secret(Algorithm::Hs256, disguise),
            SigningKey::from_exported(Algorithm::Hs256, disguise),
            in_a_jwk(disguise),
        ] {
            let error = read.unwrap_err();
            let refused = matches!(error, KeyError::SecretIsKey { .. });
            assert!(refused, "{error}: {:?}", String::from_utf8_lossy(disguise));
        }
    }
    assert_eq!(disguises.len(), 313);
}

/// Longer secrets do not loosen the rule.
#[test]
fn t08_holds_for_every_hmac() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/simplejwt/keys.json")).unwrap();
    let pem = file["keys"][0]["public_pem_spki"].as_str().unwrap();
    for algorithm in [Algorithm::Hs384, Algorithm::Hs512] {
        let error = SigningKey::from_secret(algorithm, pem.as_bytes()).unwrap_err();
        assert!(matches!(error, KeyError::SecretIsKey { .. }), "{error}");
    }
}

#[test]
fn t08_public_pem_text_does_not_verify_hmac() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let public = spki_pem(&key);
    assert!(VerificationKey::from_pem(Algorithm::Hs256, &public).is_err());
    let header = base64url(HEADER.as_bytes());
    let input = format!("{header}.{}", base64url(claims_with("").as_bytes()));
    let mac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, public.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&mac, input.as_bytes());
    let forged = format!("{input}.{}", base64url(tag.as_ref()));
    let error = verifier(&key).authenticate(&forged, NOW).unwrap_err();
    assert_eq!(error, VerifyError::UnacceptableAlgorithm);
}

#[test]
fn t09_signature_lengths_are_exact() {
    for key in one_key_each() {
        let token = access_token(&key);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = from_base64url(signature);
        let exact = signature.len();
        let lengths = (0..=140).chain([exact - 1, exact + 1, 256, 384, 512, 1024, 1025]);
        for length in lengths.filter(|length| *length != exact) {
            let mut wrong = signature.clone();
            wrong.resize(length, 0);
            let text = format!("{signed}.{}", base64url(&wrong));
            assert!(verifier(&key).authenticate(&text, NOW).is_err(), "{length}");
        }
        let twice = [&*signature, &*signature].concat();
        assert!(
            verifier(&key)
                .authenticate(&format!("{signed}.{}", base64url(&twice)), NOW)
                .is_err()
        );
    }
}

/// The zero byte in front does not change the number, and cutting it off would be a repair.
#[test]
fn t09_an_rsa_signature_has_the_length_of_the_modulus() {
    let rsa = |key: &&SigningKey| matches!(key.algorithm().name(), "RS256" | "PS512");
    for key in one_key_each().iter().filter(rsa) {
        let token = access_token(key);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = from_base64url(signature);
        assert_eq!(signature.len(), 384);
        let padded = [&[0], &*signature].concat();
        let text = format!("{signed}.{}", base64url(&padded));
        assert_eq!(
            verifier(key).authenticate(&text, NOW).unwrap_err(),
            VerifyError::BadSignature
        );
    }
}

#[test]
fn t09_ecdsa_numbers_lie_in_range_and_are_not_der() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = access_token(&key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = from_base64url(signature);
    let (r, s) = signature.split_at(32);
    let zero = [0; 32];
    let ones = [0xFF; 32];
    for (r, s) in [
        (&zero[..], &zero[..]),
        (&zero, s),
        (r, &zero),
        (&P256_ORDER, s),
        (r, &P256_ORDER),
        (&ones, &ones),
        (s, r),
    ] {
        let text = format!("{signed}.{}", base64url(&[r, s].concat()));
        assert_eq!(
            verifier(&key).authenticate(&text, NOW).unwrap_err(),
            VerifyError::BadSignature
        );
    }
    let der = [&[0x30, 68, 2, 32], r, &[2, 32], s].concat();
    let text = format!("{signed}.{}", base64url(&der));
    assert!(verifier(&key).authenticate(&text, NOW).is_err());
}

#[test]
fn t09_ed25519_scalars_are_reduced() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let token = access_token(&key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = from_base64url(signature);
    let mut carry = 0_u16;
    for (byte, order) in signature[32..].iter_mut().zip(ED25519_ORDER_LITTLE_ENDIAN) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let twin = format!("{signed}.{}", base64url(&signature));
    assert_eq!(
        verifier(&key).authenticate(&twin, NOW).unwrap_err(),
        VerifyError::BadSignature
    );
}

/// Constant time cannot be observed from here; that the whole length counts can. The comparison
/// itself is `aws_lc_rs::hmac::verify`, the only one in the crate.
#[test]
fn t10_every_byte_of_a_mac_counts() {
    let token = access_token(&hs256());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = from_base64url(signature);
    let verifier = verifier(&hs256());
    for position in 0..signature.len() {
        for difference in 1..=u8::MAX {
            let mut wrong = signature.clone();
            wrong[position] ^= difference;
            let text = format!("{signed}.{}", base64url(&wrong));
            assert_eq!(
                verifier.authenticate(&text, NOW).unwrap_err(),
                VerifyError::BadSignature
            );
        }
    }
}

#[test]
fn t11_the_signature_is_judged_before_the_claims() {
    let expired = claims_with("").replace(&(NOW_SECONDS + 300).to_string(), "1");
    let duplicate = claims_with(r#","exp":1"#);
    let refresh = claims_with("").replace("access", "refresh");
    for claims in [&expired, &duplicate, &refresh, "{}", "not json", ""] {
        let token = forge(HEADER.as_bytes(), format!("{claims} ").as_bytes());
        let forged = format!("{}A", &token[..token.len() - 1]);
        let forged = if forged == token {
            format!("{}E", &token[..token.len() - 1])
        } else {
            forged
        };
        let error = verifier(&hs256())
            .verify::<Access>(&forged, NOW)
            .unwrap_err();
        assert_eq!(error, VerifyError::BadSignature, "{claims}");
    }
    assert_eq!(judge_claims(&expired).unwrap_err(), VerifyError::Expired);
}

#[test]
fn t11_expiry_wins_over_kind() {
    let claims = claims_with("").replace(&(NOW_SECONDS + 300).to_string(), "1");
    let token = forge(HEADER.as_bytes(), claims.as_bytes());
    let error = verifier(&hs256())
        .verify::<Refresh>(&token, NOW)
        .unwrap_err();
    assert_eq!(error, VerifyError::Expired);
}

#[test]
fn t12_keys_in_the_token_are_never_used() {
    let attacker = SigningKey::generate(Algorithm::Es256).unwrap();
    let ours = SigningKey::generate(Algorithm::Es256).unwrap();
    let set = KeySet::new(vec![attacker.verification_key()])
        .unwrap()
        .jwk_set();
    let jwk = set
        .strip_prefix(r#"{"keys":["#)
        .unwrap()
        .strip_suffix("]}")
        .unwrap();
    for more in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"http://127.0.0.1:1/keys""#.to_owned(),
        r#""x5u":"file:///etc/passwd""#.to_owned(),
        r#""x5c":["MIIB"]"#.to_owned(),
    ] {
        let header = format!(r#"{{"alg":"ES256","typ":"JWT",{more}}}"#);
        let token = sign_with(&attacker, &header);
        let error = verifier(&ours).authenticate(&token, NOW).unwrap_err();
        assert_eq!(error, VerifyError::BadSignature, "{more}");
        assert!(
            verifier(&attacker).authenticate(&token, NOW).is_ok(),
            "ignored, not refused"
        );
    }
}

#[test]
fn t13_kid_is_a_look_up_key_and_nothing_else() {
    for kid in [
        "",
        "nobody",
        "../../dev/null",
        "' OR 1=1 --",
        "|id",
        "\\u0000",
        &"k".repeat(200),
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        assert!(
            judge_header(&header).is_ok(),
            "an unknown kid tries the keys of the algorithm"
        );
    }
    for kid in [
        "1",
        "null",
        "true",
        "[]",
        "{}",
        &format!("\"{}\"", "k".repeat(201)),
    ] {
        let error = judge_header(&format!(r#"{{"alg":"HS256","kid":{kid}}}"#)).unwrap_err();
        assert_eq!(
            error,
            VerifyError::Malformed(Malformation::Header(HeaderFault::KeyId)),
            "{kid}"
        );
    }
}

#[test]
fn t13_a_known_kid_means_that_key_and_no_other() {
    let first = SigningKey::generate(Algorithm::Es256).unwrap();
    let second = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = KeySet::new(vec![first.verification_key(), second.verification_key()]).unwrap();
    let verifier = Verifier::new(keys);
    let claims = access_claims();
    let verdict = |key: &SigningKey, form| {
        let token = key.encode(form, &claims).unwrap();
        verifier
            .authenticate(token.as_str(), NOW)
            .map(|token| token.key_id().clone())
    };
    for key in [&first, &second] {
        assert_eq!(
            verdict(key, HeaderForm::WithKeyId).as_ref(),
            Ok(key.key_id())
        );
        assert_eq!(verdict(key, HeaderForm::Plain).as_ref(), Ok(key.key_id()));
    }
    let liar = second.clone().with_key_id(first.key_id().clone());
    assert_eq!(
        verdict(&liar, HeaderForm::WithKeyId),
        Err(VerifyError::BadSignature)
    );
    let renamed = second.with_key_id(KeyId::parse("unheard of").unwrap());
    assert!(verdict(&renamed, HeaderForm::WithKeyId).is_ok());
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(
        verdict(&stranger, HeaderForm::WithKeyId),
        Err(VerifyError::UnknownKey)
    );
    assert_eq!(
        verdict(&stranger, HeaderForm::Plain),
        Err(VerifyError::BadSignature)
    );
}

/// Keys of another issuer have names, and a token that does not say one is not tried with all of them.
#[test]
fn t13_where_only_named_keys_count_no_other_is_tried() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = KeySet::new(vec![key.verification_key()]).unwrap();
    let verifier = Verifier::new(keys).named_keys_only();
    let claims = access_claims();
    let verdict = |key: &SigningKey, form| {
        let token = key.encode(form, &claims).unwrap();
        verifier.authenticate(token.as_str(), NOW).map(drop)
    };
    assert_eq!(verdict(&key, HeaderForm::WithKeyId), Ok(()));
    assert_eq!(
        verdict(&key, HeaderForm::Plain),
        Err(VerifyError::MissingKeyId)
    );
    let renamed = key.clone().with_key_id(KeyId::parse("another").unwrap());
    assert_eq!(
        verdict(&renamed, HeaderForm::WithKeyId),
        Err(VerifyError::UnknownKey)
    );
    let spelled = format!(r#"{{"kid":"{}","alg":"ES256"}}"#, key.key_id());
    let spelled = sign_with(&key, &spelled);
    assert!(
        verifier.authenticate(&spelled, NOW).is_ok(),
        "also in a header of another spelling"
    );
    let liar = SigningKey::generate(Algorithm::Es256)
        .unwrap()
        .with_key_id(key.key_id().clone());
    assert_eq!(
        verdict(&liar, HeaderForm::WithKeyId),
        Err(VerifyError::BadSignature)
    );
    let other = SigningKey::generate(Algorithm::Es384)
        .unwrap()
        .with_key_id(key.key_id().clone());
    assert_eq!(
        verdict(&other, HeaderForm::WithKeyId),
        Err(VerifyError::UnacceptableAlgorithm)
    );
}

#[test]
fn t14_extensions_are_refused() {
    let extension = VerifyError::Malformed(Malformation::Header(HeaderFault::Extension));
    for more in [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["b64"],"b64":true"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""zip":"DEF""#,
        r#""cty":"JWT""#,
        r#""cty":"""#,
        r#""\u0063rit":["x"]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"JWT",{more}}}"#);
        assert_eq!(judge_header(&header).unwrap_err(), extension, "{more}");
    }
    assert!(judge_header(r#"{"alg":"HS256","x":1,"b65":false,"crit2":[]}"#).is_ok());
}

#[test]
fn t15_typ_is_jwt_or_at_jwt() {
    for typ in ["JWT", "jwt", "Jwt", "at+jwt", "AT+JWT", "at+JWT"] {
        assert!(
            judge_header(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#)).is_ok(),
            "{typ}"
        );
    }
    assert!(judge_header(r#"{"alg":"HS256"}"#).is_ok());
    for typ in [
        r#""""#,
        r#""JOSE""#,
        r#""application/at+jwt""#,
        r#""JWT ""#,
        r#""dpop+jwt""#,
        "null",
        "1",
        r#"["JWT"]"#,
        r#""logout+jwt""#,
    ] {
        let error = judge_header(&format!(r#"{{"alg":"HS256","typ":{typ}}}"#)).unwrap_err();
        assert_eq!(
            error,
            VerifyError::Malformed(Malformation::Header(HeaderFault::Type)),
            "{typ}"
        );
    }
}

/// A PEM file as such, with other line ends, without its armor, in one line, in hex, as bytes.
fn spellings_of_pem(text: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let body: Vec<&str> = text.lines().filter(|line| !line.starts_with('-')).collect();
    let joined = body.concat();
    let der = base64::engine::general_purpose::STANDARD
        .decode(&joined)
        .unwrap();
    let url_safe = joined.replace('+', "-").replace('/', "_");
    let hex: Vec<String> = der.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        hex.concat().into_bytes(),
        hex.join(":").to_uppercase().into_bytes(),
        text.as_bytes().to_vec(),
        text.replace('\n', "\r\n").into_bytes(),
        text.trim_end().as_bytes().to_vec(),
        format!("\n\n  {text}").into_bytes(),
        body.join("\n").into_bytes(),
        joined.clone().into_bytes(),
        joined.trim_end_matches('=').as_bytes().to_vec(),
        url_safe.into_bytes(),
        der,
    ]
}

/// A point of a curve, uncompressed, compressed and both at once; nothing for other keys.
fn raw_points(jwk: &serde_json::Value) -> Vec<Vec<u8>> {
    let (Some(x), Some(y)) = (jwk["x"].as_str(), jwk["y"].as_str()) else {
        return Vec::new();
    };
    let (x, y) = (from_base64url(x), from_base64url(y));
    let sign = 2 + (y.last().unwrap() & 1);
    vec![
        [&[4], &*x, &*y].concat(),
        [&[sign], &*x].concat(),
        [&[sign + 4], &*x, &*y].concat(),
    ]
}

/// Signs good claims under any header with an ES256 key.
fn sign_with(key: &SigningKey, header: &str) -> String {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    let input = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims_with("").as_bytes())
    );
    let der = key.export().unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    let signature = pair
        .sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes())
        .unwrap();
    format!("{input}.{}", base64url(signature.as_ref()))
}

/// The public half of an ES256 key as an SPKI file.
fn spki_pem(key: &SigningKey) -> String {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    let der = key.export().unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    pem("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref())
}

/// The order n of P-256 (SEC 2 §2.4.2).
const P256_ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6,
    0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// The order L of the Ed25519 base point (RFC 8032 §5.1), least significant byte first.
const ED25519_ORDER_LITTLE_ENDIAN: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
