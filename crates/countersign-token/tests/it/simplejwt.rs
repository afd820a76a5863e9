//! Golden data recorded from `djangorestframework-simplejwt` (`tests/vectors/simplejwt`).
//!
//! Every case of an algorithm of this build is run. A case that we answer differently is listed
//! with its reason, and the list is exact: it fails when a case is missing and when one has
//! started to agree.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_token::{
    Access, Algorithm, Authenticated, ClaimsSet, HeaderForm, KeySet, Refresh, SigningKey, Sliding,
    UnixMillis, VerificationKey, Verifier, VerifyError,
};
use serde_json::Value;

use crate::support::from_base64url;

const TOKENS: &str = include_str!("../vectors/simplejwt/tokens.json");
const VERIFY: &str = include_str!("../vectors/simplejwt/verify.json");
const KEYS: &str = include_str!("../vectors/simplejwt/keys.json");

/// Why a recorded verdict is not ours.
mod reason {
    pub(super) const LEDGER: &str =
        "the original asks its blacklist here; we ask the ledger about what was authenticated";
    pub(super) const SETTING: &str =
        "a setting that the policy refuses at start-up and a verifier cannot even express";
    pub(super) const T02: &str = "T02 [C]: base64url has no padding";
    pub(super) const T03: &str = "T03: depth at most 32, numbers at most 40 digits";
    pub(super) const T04: &str =
        "T04, quirk: UTF-8 without BOM, JSON without NaN and half characters";
    pub(super) const T05: &str = "T05 [C], quirk: member names are unique";
    pub(super) const T14: &str = "T14 [C]: no `crit`, `b64`, `zip` or `cty`";
    pub(super) const T15: &str = "T15 [C]: `typ` is `JWT` or `at+jwt`";
    pub(super) const T16: &str = "T16: refused all the same, but as no date rather than as expired";
    pub(super) const T17: &str = "T17 [C]: `nbf` and `iat` are numbers";
    pub(super) const T21: &str = "T21 [C]: a token has an id of 1 to 255 bytes";
}

/// Cases whose verdict differs from the original's. Nothing else may differ.
const DIFFERENT: [(&str, &str); 34] = [
    ("exp-false", reason::T16),
    ("exp-negative", reason::T16),
    ("exp-string-int-past", reason::T16),
    ("exp-true", reason::T16),
    ("hdr-crit-b64-true", reason::T14),
    ("hdr-cty", reason::T14),
    ("hdr-dup-alg-last-wins", reason::T05),
    ("hdr-typ-int", reason::T15),
    ("hdr-utf16", reason::T04),
    ("hdr-zip", reason::T14),
    ("iat-string-int-past", reason::T17),
    ("iat-true", reason::T17),
    ("jti-claim-none-missing", reason::T21),
    ("jti-empty", reason::T21),
    ("jti-long-300", reason::T21),
    ("leeway-negative", reason::SETTING),
    ("leeway-string", reason::SETTING),
    ("nbf-string-int-past", reason::T17),
    ("nbf-true", reason::T17),
    ("pl-big-int-claim", reason::T03),
    ("pl-dup-exp-last-wins", reason::T05),
    ("pl-dup-type-last-wins", reason::T05),
    ("pl-lone-surrogate", reason::T04),
    ("pl-nan-claim", reason::T04),
    ("pl-nested-3000", reason::T03),
    ("pl-nested-64", reason::T03),
    ("pl-utf16", reason::T04),
    ("pl-utf32", reason::T04),
    ("pl-utf8-bom", reason::T04),
    ("refresh-blacklisted", reason::LEDGER),
    ("refresh-blacklisted-and-wrong-type", reason::LEDGER),
    ("sliding-blacklisted", reason::LEDGER),
    ("sliding-blacklisted-and-wrong-type", reason::LEDGER),
    ("str-pad-sig", reason::T02),
];

/// Cases of algorithms, curves and keys that this build does not have: HS384, HS512, RS*, PS*,
/// ES384, ES512, ES256K, Ed448, and an HMAC secret of five bytes.
const NOT_OF_THIS_BUILD: usize = 69;

/// Tokens that name their user in a way that the original's database takes and T22 does not.
const LENIENT_USER_IDS: [&str; 7] = [
    "uid-padded",
    "uid-leading-zero",
    "uid-plus",
    "uid-arabic-digit",
    "uid-float-1.0",
    "uid-float-1.5",
    "uid-true",
];

#[test]
fn every_recorded_verdict_is_ours_or_listed() {
    let keys = keys();
    let mut differing = BTreeMap::new();
    let mut skipped = 0;
    for case in cases(VERIFY) {
        let Some(key) = verification_key(&keys, &case) else {
            skipped += 1;
            continue;
        };
        let verdict = verify(key, &case);
        if !agrees(&case, &verdict) {
            differing.insert(
                text(&case, "id"),
                format!("{verdict:?}, not {}", case["expect"]),
            );
        }
    }
    for (id, why) in DIFFERENT {
        assert!(
            differing.remove(id).is_some(),
            "{id} agrees now, but is listed: {why}"
        );
    }
    assert!(differing.is_empty(), "not listed: {differing:#?}");
    assert_eq!(skipped, NOT_OF_THIS_BUILD);
}

/// The recorded resource looks the user up; ours only says which account number is meant.
#[test]
fn user_ids_resolve_as_recorded_or_not_at_all() {
    let keys = keys();
    let mut lenient = Vec::new();
    for case in cases(VERIFY) {
        let resource = &case["http_me"];
        let named_by_number = case["settings"] == serde_json::json!({});
        if case["category"] != "user_id" || resource.is_null() || !named_by_number {
            continue;
        }
        let token = authenticate(verification_key(&keys, &case).unwrap(), &case).unwrap();
        let number = token.user().and_then(|user| user.as_account_number());
        let recorded = recorded_account(resource);
        if recorded.is_some() && number.is_none() {
            lenient.push(text(&case, "id"));
        } else if recorded.is_some() {
            assert_eq!(number, recorded, "{}", case["id"]);
        } else {
            assert_ne!(
                number,
                Some(1),
                "{}: nobody was found, but alice is 1",
                case["id"]
            );
        }
    }
    assert_eq!(lenient, LENIENT_USER_IDS);
}

fn recorded_account(resource: &Value) -> Option<i64> {
    let body: Value = serde_json::from_str(resource["body"].as_str()?).ok()?;
    body["id"].as_i64()
}

#[test]
fn tokens_come_out_byte_for_byte() {
    let keys = keys();
    let mut deterministic = 0;
    let mut signed_anew = 0;
    for case in cases(TOKENS) {
        let Ok(algorithm) = Algorithm::parse(case["alg"].as_str().unwrap()) else {
            continue;
        };
        let Some(key) = signing_key(algorithm, &keys[case["key"].as_str().unwrap()]) else {
            continue;
        };
        for recorded in [&case, &case["access_from_refresh"]] {
            if recorded.is_null() {
                continue;
            }
            let token = key
                .encode(HeaderForm::Plain, &claims_of(&recorded["payload_json"]))
                .unwrap();
            let expected = recorded["token"].as_str().unwrap();
            assert_eq!(
                segments(token.as_str()),
                segments(expected),
                "{}",
                case["id"]
            );
            assert!(
                is_signed_by(&key, expected, &case) && is_signed_by(&key, token.as_str(), &case)
            );
            if case["deterministic"].as_bool().unwrap() {
                assert_eq!(token.as_str(), expected, "{}", case["id"]);
                deterministic += 1;
            } else {
                signed_anew += 1;
            }
        }
    }
    assert_eq!((deterministic, signed_anew), (15, 5));
}

/// Untyped tokens are born expired; but whether a token expired is not told before its signature.
fn is_signed_by(key: &SigningKey, token: &str, case: &Value) -> bool {
    let verifier = Verifier::new(KeySet::new(vec![key.verification_key()]).unwrap());
    match verifier.authenticate(token, now(case)) {
        Ok(_) => case["class"] != "untyped",
        Err(error) => case["class"] == "untyped" && error == VerifyError::Expired,
    }
}

/// Builds the claims one by one, as the authority does, and not by parsing their text.
fn claims_of(payload: &Value) -> ClaimsSet {
    let text = payload.as_str().unwrap();
    let mut claims = ClaimsSet::new();
    for (name, value) in ClaimsSet::parse(text).unwrap().iter() {
        let value: Value = serde_json::from_str(value).unwrap();
        claims.insert(name, value).unwrap();
    }
    assert_eq!(claims.to_json(), text);
    claims
}

fn segments(token: &str) -> Vec<String> {
    let (signed, _) = token.rsplit_once('.').unwrap();
    signed
        .split('.')
        .map(|segment| String::from_utf8(from_base64url(segment)).unwrap())
        .collect()
}

/// Whether our verdict is the recorded one: same outcome, and for refusals the same message class.
fn agrees(case: &Value, verdict: &Result<(), VerifyError>) -> bool {
    let expected = &case["expect"];
    match (expected["result"].as_str().unwrap(), verdict) {
        ("ok", Ok(())) | ("crash", Err(_)) => true,
        ("token_error", Err(error)) => match expected["message"].as_str().unwrap() {
            "Token is expired" => *error == VerifyError::Expired,
            "Token has wrong type" => *error == VerifyError::WrongType,
            "Token has no type" => *error == VerifyError::MissingType,
            "Token has no id" => *error == VerifyError::MissingTokenId,
            "Token has no 'exp' claim" => *error == VerifyError::MissingExpiration,
            "Token is invalid" => *error != VerifyError::Expired && !is_late(error),
            _ => false,
        },
        _ => false,
    }
}

/// Errors that the original reports with messages of their own.
fn is_late(error: &VerifyError) -> bool {
    use VerifyError::{MissingExpiration, MissingTokenId, MissingType, WrongType};
    matches!(
        error,
        MissingExpiration | MissingTokenId | MissingType | WrongType
    )
}

fn verify(key: VerificationKey, case: &Value) -> Result<(), VerifyError> {
    let token = authenticate(key, case)?;
    match case["class"].as_str().unwrap() {
        "access" => token.has_kind::<Access>(),
        "refresh" => token.has_kind::<Refresh>(),
        "sliding" => token.has_kind::<Sliding>(),
        _ => Ok(()),
    }
}

fn authenticate(key: VerificationKey, case: &Value) -> Result<Authenticated, VerifyError> {
    let verifier = configured(
        Verifier::new(KeySet::new(vec![key]).unwrap()),
        &case["settings"],
    );
    verifier.authenticate(case["token"].as_str().unwrap(), now(case))
}

/// Applies the settings that concern verification; those of other operations change nothing here.
fn configured(verifier: Verifier, settings: &Value) -> Verifier {
    let settings = settings.as_object().unwrap();
    settings.iter().fold(verifier, |verifier, (name, value)| {
        match (name.as_str(), value) {
            ("LEEWAY", value) => {
                let seconds = value.as_f64().unwrap_or_default().max(0.0);
                verifier.leeway(Duration::from_secs_f64(seconds))
            }
            ("AUDIENCE", value) => verifier.audiences(strings(value)),
            ("ISSUER", value) => verifier.issuers(strings(value)),
            ("JTI_CLAIM", Value::String(claim)) => verifier.token_id_claim(claim),
            ("TOKEN_TYPE_CLAIM", value) => verifier.token_type_claim(value.as_str()),
            ("USER_ID_CLAIM", Value::String(claim)) => verifier.user_claim(claim),
            _ => verifier,
        }
    })
}

fn strings(value: &Value) -> Vec<String> {
    let several = value
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![value.clone()]);
    several
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect()
}

/// The clock of a case; some have fractions of a second.
fn now(case: &Value) -> UnixMillis {
    let seconds = case["now"].as_f64().unwrap();
    let millis = format!("{:.0}", seconds * 1000.0);
    UnixMillis::from_millis(millis.parse().unwrap())
}

/// The key of a case; `None` if its algorithm, curve or key is not one of this build.
fn verification_key(keys: &BTreeMap<String, Value>, case: &Value) -> Option<VerificationKey> {
    let algorithm = Algorithm::parse(case["alg"].as_str().unwrap()).ok()?;
    let key = &keys[case["key"].as_str().unwrap()];
    match algorithm {
        Algorithm::Hs256 => Some(signing_key(algorithm, key)?.verification_key()),
        _ => VerificationKey::from_pem(algorithm, key["public_pem_spki"].as_str().unwrap()).ok(),
    }
}

fn signing_key(algorithm: Algorithm, key: &Value) -> Option<SigningKey> {
    match algorithm {
        Algorithm::Hs256 => {
            SigningKey::from_secret(algorithm, key["secret_utf8"].as_str().unwrap().as_bytes())
        }
        _ => SigningKey::from_pem(algorithm, key["private_pem_pkcs8"].as_str().unwrap()),
    }
    .ok()
}

fn keys() -> BTreeMap<String, Value> {
    let file: Value = serde_json::from_str(KEYS).unwrap();
    let keys = file["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| (text(key, "name"), key.clone()))
        .collect()
}

fn cases(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}
