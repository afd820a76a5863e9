//! The tokens recorded from SimpleJWT: those that it issues, at the sign-in; valid and mutated ones, at the verify endpoint
//! and at a protected resource.
//!
//! What was recorded is compared byte for byte. What differs on purpose is listed with its reason, and the lists are
//! exact: the test also fails when a listed case is missing, or has come to agree.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::policy::UserField;
use countersign::{Policy, Preset};
use countersign_token::{Algorithm, SigningKey, UnixMillis};
use serde_json::{Value, json};

use crate::site::{ME, OBTAIN, PASSWORD, Reply, Site, VERIFY, credentials};

const RECORDED: &str =
    include_str!("../../../countersign-token/tests/vectors/simplejwt/verify.json");
const ISSUED: &str = include_str!("../../../countersign-token/tests/vectors/simplejwt/issue.json");
const KEYS: &str = include_str!("../../../countersign-token/tests/vectors/simplejwt/keys.json");

/// The stored form of alice's password, of which the recorded tokens carry the mark.
const ALICES: &str =
    "pbkdf2_sha256$1000$alicealicealicealicealice$u1WfwKSgqrL2ZKy3Iv+5KhtigVnFdMVK9MkC7FP1oR4=";

/// Cases that no site of ours can be set up for.
const NO_SUCH_SITE: &[(&str, &str)] = &[
    ("ES256K-k256-ok", NO_KEY),
    ("ES521-p521-ok", NO_KEY),
    ("EdDSA-ed448-ok", NO_KEY),
    ("sig-short-key", NO_KEY),
    ("aud-config-empty-string", REFUSED_SETTING),
    ("isslist-in", REFUSED_SETTING),
    ("isslist-out", REFUSED_SETTING),
    ("jti-claim-none-missing", REFUSED_SETTING),
    ("leeway-negative", REFUSED_SETTING),
    ("leeway-string", REFUSED_SETTING),
];
const NO_KEY: &str = "K01: the start stops at such a key";
const REFUSED_SETTING: &str = "the original breaks at this value, at once or later; here it stops the start, or cannot be said";

/// Tokens that are refused here as invalid, at both places, where the original accepts them or finds them expired.
const INVALID: &[(&str, &str)] = &[
    ("exp-false", NO_DATE),
    ("exp-negative", NO_DATE),
    ("exp-string-int-past", NO_DATE),
    ("exp-true", NO_DATE),
    ("iat-string-int-past", NO_DATE),
    ("iat-true", NO_DATE),
    ("nbf-string-int-past", NO_DATE),
    ("nbf-true", NO_DATE),
    ("hdr-crit-b64-true", EXTENSION),
    ("hdr-cty", EXTENSION),
    ("hdr-zip", EXTENSION),
    ("hdr-typ-int", "T15 [C]: `typ` is `JWT` or `at+jwt`"),
    ("hdr-dup-alg-last-wins", TWICE),
    ("pl-dup-exp-last-wins", TWICE),
    ("pl-dup-type-last-wins", TWICE),
    ("hdr-utf16", NO_JSON),
    ("pl-lone-surrogate", NO_JSON),
    ("pl-nan-claim", NO_JSON),
    ("pl-utf16", NO_JSON),
    ("pl-utf32", NO_JSON),
    ("pl-utf8-bom", NO_JSON),
    ("pl-big-int-claim", BOUNDED),
    ("pl-nested-3000", BOUNDED),
    ("pl-nested-64", BOUNDED),
    ("jti-empty", NO_ID),
    ("jti-long-300", NO_ID),
    ("str-pad-sig", "T02 [C]: base64url has no padding"),
];
const NO_DATE: &str = "T16, T17 [C]: a date is a number from 1970 on";
const EXTENSION: &str = "T14 [C]: no `crit`, `b64`, `zip` or `cty`";
const TWICE: &str = "T05 [C], quirk: member names are unique";
const NO_JSON: &str = "T04, quirk: UTF-8 without BOM, JSON without NaN and half characters";
const BOUNDED: &str = "T03: depth at most 32, numbers at most 40 digits";
const NO_ID: &str = "T21 [C]: a token has an id of 1 to 255 bytes";

/// T22 [C]: users whom the original's database finds under another spelling of their number, and a resource of ours
/// does not.
const NOBODY: &[&str] = &[
    "uid-arabic-digit",
    "uid-float-1.0",
    "uid-float-1.5",
    "uid-leading-zero",
    "uid-padded",
    "uid-plus",
    "uid-true",
];

#[tokio::test]
async fn tokens_are_answered_as_simplejwt_answers_them() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let mut replay = Replay::default();
    for case in recorded["cases"].as_array().unwrap() {
        replay.case(case).await;
    }
    assert!(
        replay.failures.is_empty(),
        "{}",
        replay.failures.join("\n\n")
    );
    assert_eq!(replay.no_such_site, NO_SUCH_SITE.len());
    assert_eq!(replay.different, 2 * INVALID.len() + NOBODY.len());
    assert_eq!((replay.alike, replay.crashes), (550, 16));
}

#[derive(Default)]
struct Replay {
    /// By key and settings; no request here changes anything.
    sites: BTreeMap<String, Option<Site>>,
    /// Answers as recorded.
    alike: usize,
    /// Answers where the original crashed, and we refuse.
    crashes: usize,
    different: usize,
    no_such_site: usize,
    failures: Vec<String>,
}

impl Replay {
    async fn case(&mut self, case: &Value) {
        let places = ["http_verify", "http_me"];
        // What is not recorded over HTTP cannot be sent in a header, or is about a class alone.
        if places.iter().all(|place| case[place].is_null()) {
            return;
        }
        let id = case["id"].as_str().unwrap();
        let name = format!("{} {} {}", case["alg"], case["key"], case["settings"]);
        if !self.sites.contains_key(&name) {
            self.sites.insert(name.clone(), site(case).await);
        }
        let Some(site) = &self.sites[&name] else {
            assert!(is_listed(NO_SUCH_SITE, id), "{id}: there is no site for it");
            self.no_such_site += 1;
            return;
        };
        site.clock.set(moment(&case["now"]));
        let token = case["token"].as_str().unwrap();
        for place in places.into_iter().filter(|place| case[place].is_object()) {
            let reply = match place {
                "http_verify" => verify(site, token).await,
                _ => look(site, token).await,
            };
            let expected = &case[place];
            let agrees = if let Some(answer) = our_own(id, place) {
                self.different += 1;
                reply.text() == answer && expected["body"] != answer
            } else if expected["status"] == 500 {
                self.crashes += 1;
                matches!(reply.status.as_u16(), 400 | 401)
            } else {
                self.alike += 1;
                agrees(expected, &reply, place)
            };
            if !agrees {
                let shown = reply.shown();
                self.failures
                    .push(format!("{id}, {place}: not {expected}, but {shown}"));
            }
        }
    }
}

fn is_listed(list: &[(&str, &str)], id: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == id)
}

/// The body of our answer, all of them 401, where it is listed as another than the recorded one.
fn our_own(id: &str, place: &str) -> Option<&'static str> {
    match place {
        "http_verify" if is_listed(INVALID, id) => {
            Some(r#"{"detail":"Token is invalid","code":"token_not_valid"}"#)
        }
        "http_me" if is_listed(INVALID, id) => Some(
            r#"{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}"#,
        ),
        "http_me" if NOBODY.contains(&id) => {
            Some(r#"{"detail":"User not found","code":"user_not_found"}"#)
        }
        _ => None,
    }
}

/// Recorded tokens that no sign-in here gives.
const NOT_ISSUED: &[(&str, &str)] = &[
    ("access-derived-later", MADE_BY_PROGRAM),
    (
        "aud-claim-already-present-is-replaced-in-place",
        MADE_BY_PROGRAM,
    ),
    ("claims-not-copied", MADE_BY_PROGRAM),
    ("custom-claims-copied", MADE_BY_PROGRAM),
    ("float-forms", MADE_BY_PROGRAM),
    ("non-ascii-escaped", MADE_BY_PROGRAM),
    ("rotation", MADE_BY_PROGRAM),
    ("sliding-custom-claim", MADE_BY_PROGRAM),
    ("sliding-refresh", MADE_BY_PROGRAM),
    ("user-id-bigint", MADE_BY_PROGRAM),
    ("user-id-bool", MADE_BY_PROGRAM),
    ("user-id-int", MADE_BY_PROGRAM),
    ("user-id-neg", MADE_BY_PROGRAM),
    ("user-id-none", MADE_BY_PROGRAM),
    ("user-id-str", MADE_BY_PROGRAM),
    ("user-id-uuid", MADE_BY_PROGRAM),
    ("aud-empty-string", REFUSED_SETTING),
    ("iss-list-fails", REFUSED_SETTING),
    ("lifetime-negative", REFUSED_SETTING),
    ("lifetime-zero", REFUSED_SETTING),
    ("lifetime-fractional", "a configuration takes whole seconds"),
    (
        "token-type-claim-none",
        "without a type claim there is none, and not one with the name `null`",
    ),
];
const MADE_BY_PROGRAM: &str =
    "a program made it, with a user or claims of its own: tested in countersign-token";

#[tokio::test]
async fn tokens_are_issued_as_simplejwt_issues_them() {
    let recorded: Value = serde_json::from_str(ISSUED).unwrap();
    let (mut issued, mut not_issued) = (0, 0);
    for case in recorded["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        if is_listed(NOT_ISSUED, id) {
            not_issued += 1;
            continue;
        }
        let mut case = case.clone();
        case["alg"] = recorded["alg"].clone();
        case["key"] = recorded["key"].clone();
        let site = site(&case).await.unwrap();
        site.clock.set(moment(&case["now"]));
        let alice = credentials("alice", PASSWORD);
        let reply = site.anonymous().post(OBTAIN, &alice).await;
        for expected in case["tokens"].as_array().unwrap() {
            let token = reply.token(expected["class"].as_str().unwrap());
            assert_eq!(decoded(&token, 0), expected["header_json"], "{id}");
            let claims = with_id_of(expected, &decoded(&token, 1));
            assert_eq!(claims, expected["payload_json"], "{id}");
            issued += 1;
        }
    }
    assert_eq!((issued, not_issued), (32, NOT_ISSUED.len()));
}

/// The claims under the id that was recorded: ours is drawn anew each time.
fn with_id_of(recorded: &Value, claims: &str) -> String {
    let id = |claims: &str| {
        let claims: Value = serde_json::from_str(claims).unwrap();
        let named = ["jti", "tid"].into_iter();
        let mut ids = named.filter_map(|name| claims[name].as_str());
        ids.next().unwrap().to_owned()
    };
    claims.replace(&id(claims), &id(recorded["payload_json"].as_str().unwrap()))
}

fn decoded(token: &str, segment: usize) -> String {
    let text = token.split('.').nth(segment).unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

async fn verify(site: &Site, token: &str) -> Reply {
    let body = json!({ "token": token }).to_string();
    site.anonymous().post(VERIFY, &body).await
}

async fn look(site: &Site, token: &str) -> Reply {
    let mut holder = site.anonymous();
    holder.access = Some(token.to_owned());
    holder.get(ME).await
}

fn agrees(expected: &Value, reply: &Reply, place: &str) -> bool {
    if expected["status"] != reply.status.as_u16() {
        return false;
    }
    let recorded = expected["body"].as_str().unwrap();
    if place == "http_me" && reply.status.is_success() {
        // The recorded resource is a sample; ours tells the address, too.
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        return ["id", "username"]
            .iter()
            .all(|name| reply.json()[name] == recorded[name]);
    }
    recorded == reply.text()
}

/// A site with the key and the settings of a case, if they can be had here.
async fn site(case: &Value) -> Option<Site> {
    let algorithm = Algorithm::parse(case["alg"].as_str().unwrap()).ok()?;
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    let key = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["name"] == case["key"])
        .unwrap();
    let key = match key["secret_utf8"].as_str() {
        Some(secret) => SigningKey::from_secret(algorithm, secret.as_bytes()),
        None => SigningKey::from_pem(algorithm, key["private_pem_pkcs8"].as_str().unwrap()),
    }
    .ok()?;
    let mut policy = Policy::preset(Preset::SimpleJwt);
    for (name, value) in case["settings"].as_object().unwrap() {
        apply(&mut policy, name, value)?;
    }
    Some(Site::imported(key, policy, ALICES).await)
}

fn apply(policy: &mut Policy, name: &str, value: &Value) -> Option<()> {
    let tokens = &mut policy.tokens;
    match (name, value) {
        ("LEEWAY", Value::Null) => tokens.leeway = Duration::ZERO,
        ("LEEWAY", value) => tokens.leeway = Duration::try_from_secs_f64(value.as_f64()?).ok()?,
        ("AUDIENCE", Value::String(one)) if !one.is_empty() => tokens.audience = vec![one.clone()],
        ("AUDIENCE", Value::Array(several)) => {
            tokens.audience = several
                .iter()
                .map(|one| one.as_str().unwrap().to_owned())
                .collect();
        }
        ("ISSUER", Value::String(issuer)) => tokens.issuer = Some(issuer.clone()),
        ("JTI_CLAIM", Value::String(claim)) => tokens.token_id_claim.clone_from(claim),
        ("TOKEN_TYPE_CLAIM", claim) => {
            tokens.token_type_claim = claim.as_str().map(str::to_owned);
        }
        ("USER_ID_CLAIM", Value::String(claim)) => tokens.user_claim.clone_from(claim),
        ("ACCESS_TOKEN_LIFETIME", value) => {
            tokens.access_lifetime = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
        }
        ("REFRESH_TOKEN_LIFETIME", value) => {
            tokens.refresh_lifetime = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
        }
        ("USER_ID_FIELD", Value::String(field)) => tokens.user_field = UserField::parse(field)?,
        ("CHECK_REVOKE_TOKEN", Value::Bool(check)) => tokens.check_password_mark = *check,
        ("REVOKE_TOKEN_CLAIM", Value::String(claim)) => {
            tokens.password_mark_claim.clone_from(claim);
        }
        ("CHECK_USER_IS_ACTIVE", Value::Bool(check)) => policy.accounts.check_active = *check,
        _ => return None,
    }
    Some(())
}

fn moment(seconds: &Value) -> UnixMillis {
    let millis = format!("{:.0}", seconds.as_f64().unwrap() * 1000.0);
    UnixMillis::from_millis(millis.parse().unwrap())
}
