//! Golden data recorded from `djangorestframework-simplejwt` (`tests/vectors/simplejwt`).
//!
//! Every case is run. One that we answer differently is listed with its reason, and the list is
//! exact: it fails when a case is missing and when one has started to agree.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_token::{
    Access, Algorithm, Authenticated, ClaimsSet, HeaderForm, KeySet, Refresh, SigningKey, Sliding,
    UnixMillis, VerificationKey, Verifier, VerifyError,
};
use serde_json::Value;

use crate::support::{from_base64url, recorded_keys};

const TOKENS: &str = include_str!("../vectors/simplejwt/tokens.json");
const VERIFY: &str = include_str!("../vectors/simplejwt/verify.json");
const ISSUE: &str = include_str!("../vectors/simplejwt/issue.json");

/// Why a recorded verdict is not ours.
mod reason {
    pub(super) const K01: &str =
        "K01: a secret of 32 bytes or more, P-521 as ES512, no secp256k1, no Ed448";
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
const DIFFERENT: [(&str, &str); 41] = [
    ("ES256K-k256-expired", reason::K01),
    ("ES256K-k256-ok", reason::K01),
    ("ES521-p521-expired", reason::K01),
    ("ES521-p521-ok", reason::K01),
    ("EdDSA-ed448-expired", reason::K01),
    ("EdDSA-ed448-ok", reason::K01),
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
    ("sig-short-key", reason::K01),
    ("sliding-blacklisted", reason::LEDGER),
    ("sliding-blacklisted-and-wrong-type", reason::LEDGER),
    ("str-pad-sig", reason::T02),
];

/// Algorithms with keys that the original takes and we refuse (K01).
const REFUSED_KEYS: [(&str, &str, &str); 4] = [
    ("HS256", "hmac_short", "five bytes are no secret"),
    (
        "ES256K",
        "k256",
        "secp256k1 is not among the curves we accept",
    ),
    (
        "ES521",
        "p521",
        "the algorithm of P-521 is ES512; this name is not registered",
    ),
    (
        "EdDSA",
        "ed448",
        "of the curves named EdDSA we accept Ed25519",
    ),
];

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
    let keys = recorded_keys();
    let mut differing = BTreeMap::new();
    let cases = cases(VERIFY);
    for case in &cases {
        // Where the key is refused, no verifier comes to be, and no token is accepted.
        let verdict = verification_key(&keys, case)
            .ok_or(VerifyError::UnacceptableAlgorithm)
            .and_then(|key| verify(key, case));
        if !agrees(case, &verdict) {
            differing.insert(
                text(case, "id"),
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
    assert_eq!(cases.len(), 410);
}

/// The recorded resource looks the user up; ours only says which account number is meant.
#[test]
fn user_ids_resolve_as_recorded_or_not_at_all() {
    let keys = recorded_keys();
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
    let keys = recorded_keys();
    let (mut deterministic, mut signed_anew, mut refused) = (0, 0, 0);
    for case in cases(TOKENS) {
        let Some(key) = signing_key(&keys, &case) else {
            assert!(is_refused(&case), "{}", case["id"]);
            refused += 1;
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
    assert_eq!((deterministic, signed_anew, refused), (40, 30, 16));
}

fn is_refused(case: &Value) -> bool {
    let pair = (case["alg"].as_str().unwrap(), case["key"].as_str().unwrap());
    REFUSED_KEYS
        .iter()
        .any(|(algorithm, key, _)| pair == (algorithm, key))
}

/// Why the values of a recorded case are not decided here: only how they are written is.
mod authority {
    pub(super) const TIMES: &str = "lifetimes and clock readings become dates in the authority";
    pub(super) const PARTIES: &str = "the authority adds `aud` and `iss` from its policy";
    pub(super) const USER: &str = "the authority turns an account into the user claim";
    pub(super) const FINGERPRINT: &str = "the fingerprint of the password is the account's";
}

/// Cases about decisions of the authority. Their tokens are written and signed here all the same.
const DECIDED_BY_AUTHORITY: [(&str, &str); 24] = [
    ("aud-and-iss", authority::PARTIES),
    (
        "aud-claim-already-present-is-replaced-in-place",
        authority::PARTIES,
    ),
    ("aud-empty-string", authority::PARTIES),
    ("aud-list", authority::PARTIES),
    ("aud-string", authority::PARTIES),
    ("check-revoke", authority::FINGERPRINT),
    ("check-revoke-claim-name", authority::FINGERPRINT),
    ("epoch-zero", authority::TIMES),
    ("fractional-now-truncates", authority::TIMES),
    ("iss-string", authority::PARTIES),
    ("lifetime-fractional", authority::TIMES),
    ("lifetime-negative", authority::TIMES),
    ("lifetime-zero", authority::TIMES),
    ("lifetimes", authority::TIMES),
    ("user-id-bigint", authority::USER),
    ("user-id-bool", authority::USER),
    ("user-id-claim", authority::USER),
    ("user-id-field-email-claim-sub", authority::USER),
    ("user-id-field-username", authority::USER),
    ("user-id-int", authority::USER),
    ("user-id-neg", authority::USER),
    ("user-id-none", authority::USER),
    ("user-id-str", authority::USER),
    ("user-id-uuid", authority::USER),
];

/// Cases that are about writing alone: nothing in them is left to the authority.
const WRITTEN_HERE: [&str; 7] = [
    "default-pair",
    "float-forms",
    "jti-claim",
    "non-ascii-escaped",
    "token-type-claim",
    "token-type-claim-none",
    "year-2100",
];

/// Cases about what one token takes over from another, which [`ClaimsSet`] does here as the original.
const DERIVED_HERE: [&str; 6] = [
    "access-derived-later",
    "claims-not-copied",
    "custom-claims-copied",
    "rotation",
    "sliding-custom-claim",
    "sliding-refresh",
];

/// The one case without a token: the original fails on a list of issuers, which cannot be said here.
const NOT_EXPRESSIBLE: &str = "iss-list-fails";

#[test]
fn issued_tokens_come_out_byte_for_byte() {
    let keys = recorded_keys();
    let file: Value = serde_json::from_str(ISSUE).unwrap();
    let key = signing_key(&keys, &file).unwrap();
    let (mut written, mut ids) = (0, Vec::new());
    for case in cases(ISSUE) {
        ids.push(text(&case, "id"));
        for recorded in case["tokens"].as_array().into_iter().flatten() {
            let payload = recorded["payload_json"].as_str().unwrap();
            let claims = claims_in_types(payload);
            assert_eq!(claims.to_json(), payload, "{}", case["id"]);
            let token = key.encode(HeaderForm::Plain, &claims).unwrap();
            assert_eq!(token.as_str(), recorded["token"], "{}", case["id"]);
            let header = &segments(token.as_str())[0];
            assert_eq!(*header, recorded["header_json"]);
            written += 1;
        }
    }
    let mut listed: Vec<&str> = DECIDED_BY_AUTHORITY.iter().map(|(id, _)| *id).collect();
    listed.extend(WRITTEN_HERE);
    listed.extend(DERIVED_HERE);
    listed.push(NOT_EXPRESSIBLE);
    listed.sort_unstable();
    ids.sort_unstable();
    assert_eq!(ids, listed);
    assert_eq!(written, 68);
}

/// Every recorded token that was made of another one is made of it here: an access token by
/// [`ClaimsSet::inherit`], a rotated or renewed one by changing its predecessor in place.
#[test]
fn derived_tokens_come_out_as_recorded() {
    let parse = |text: &Value| ClaimsSet::parse(text.as_str().unwrap()).unwrap();
    let (mut derived, mut renewed) = (0, 0);
    for case in cases(ISSUE) {
        let [type_claim, id_claim] = [("TOKEN_TYPE_CLAIM", "token_type"), ("JTI_CLAIM", "jti")]
            .map(|(setting, default)| match case["settings"].get(setting) {
                // The original calls a claim without a name `null`.
                Some(name) => name.as_str().unwrap_or("null"),
                None => default,
            });
        let tokens = case["tokens"].as_array().into_iter().flatten();
        let mut first = None;
        for token in tokens {
            let expected = parse(&token["payload_json"]);
            let Some((class, made_of)) = &first else {
                first = Some((&token["class"], expected));
                continue;
            };
            let claims = if *class == &token["class"] {
                renewed += 1;
                with_own(made_of.clone(), &expected, [type_claim, id_claim])
            } else {
                derived += 1;
                derive(made_of, &expected, [type_claim, id_claim])
            };
            assert_eq!(claims, expected, "{}", case["id"]);
        }
    }
    for case in cases(TOKENS) {
        if let recorded @ Value::String(_) = &case["access_from_refresh"]["payload_json"] {
            let (refresh, expected) = (parse(&case["payload_json"]), parse(recorded));
            let claims = derive(&refresh, &expected, ["token_type", "jti"]);
            assert_eq!(claims, expected, "{}", case["id"]);
            derived += 1;
        }
    }
    assert_eq!((derived, renewed), (47, 2));
}

fn derive(from: &ClaimsSet, expected: &ClaimsSet, names: [&str; 2]) -> ClaimsSet {
    let mut claims = with_own(ClaimsSet::new(), expected, names);
    claims.inherit(from, &names);
    claims
}

/// Sets kind, dates and id, of which kind and id have these names, as another set has them.
fn with_own(mut claims: ClaimsSet, wanted: &ClaimsSet, [kind, id]: [&str; 2]) -> ClaimsSet {
    for name in [kind, "exp", "iat", id] {
        claims.insert_raw(name, wanted.raw(name).unwrap()).unwrap();
    }
    claims
}

/// Builds claims out of values of Rust's own types, as a program does: each float passes through
/// `f64`, each integer through `i128`, each string and structure through its own value.
fn claims_in_types(payload: &str) -> ClaimsSet {
    let mut claims = ClaimsSet::new();
    for (name, value) in ClaimsSet::parse(payload).unwrap().iter() {
        if let Ok(integer) = value.parse::<i128>() {
            claims.insert(name, integer).unwrap();
        } else if let Ok(float) = value.parse::<f64>() {
            claims.insert(name, float).unwrap();
        } else {
            let value: Value = serde_json::from_str(value).unwrap();
            claims.insert(name, value).unwrap();
        }
    }
    claims
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

/// The public half of the key of a case, or the key itself if it has none; `None` if we refuse it.
fn verification_key(keys: &BTreeMap<String, Value>, case: &Value) -> Option<VerificationKey> {
    let algorithm = Algorithm::parse(case["alg"].as_str().unwrap()).ok()?;
    if algorithm.is_symmetric() {
        return Some(signing_key(keys, case)?.verification_key());
    }
    let key = &keys[case["key"].as_str().unwrap()];
    VerificationKey::from_pem(algorithm, key["public_pem_spki"].as_str().unwrap()).ok()
}

fn signing_key(keys: &BTreeMap<String, Value>, case: &Value) -> Option<SigningKey> {
    let algorithm = Algorithm::parse(case["alg"].as_str().unwrap()).ok()?;
    let key = &keys[case["key"].as_str().unwrap()];
    match key["secret_utf8"].as_str() {
        Some(secret) => SigningKey::from_secret(algorithm, secret.as_bytes()),
        None => SigningKey::from_pem(algorithm, key["private_pem_pkcs8"].as_str().unwrap()),
    }
    .ok()
}

fn cases(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}
