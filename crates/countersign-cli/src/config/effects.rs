//! Every setting of `SimpleJWT`: here under the same name with the same default, and each changes its own behavior and
//! no other.
//!
//! A site is built from a configuration file and observed from outside, by the same requests each time. What a setting
//! changes is the difference between the observations with it and without it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use countersign::account::{AccountId, Standing};
use countersign::authority::AccountRequest;
use countersign::clock::{Clock, ManualClock};
use countersign::keys::KeyRing;
use countersign::memory::MemoryStore;
use countersign::password::PlainPassword;
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::{Authority, Policy};
use countersign_token::{ClaimsSet, UnixMillis, dangerous};
use tower::ServiceExt as _;

use super::tests::{ED25519_PRIVATE, ED25519_PUBLIC, load};
use super::*;

/// `SimpleJWT`'s settings: the name there, the default in the preset, and where a setting is given, what it changes.
const SETTINGS: &[(&str, &str, &[Change])] = &[
    (
        "ACCESS_TOKEN_LIFETIME",
        r#""5m""#,
        &[("60", &["access token"])],
    ),
    (
        "REFRESH_TOKEN_LIFETIME",
        r#""1d""#,
        &[("60", &["refresh token"])],
    ),
    (
        "SLIDING_TOKEN_LIFETIME",
        r#""5m""#,
        &[("60", &["sliding token"])],
    ),
    (
        "SLIDING_TOKEN_REFRESH_LIFETIME",
        r#""1d""#,
        &[("60", &["sliding token"])],
    ),
    (
        "SLIDING_TOKEN_REFRESH_EXP_CLAIM",
        r#""refresh_exp""#,
        &[(r#""until""#, &["sliding token"])],
    ),
    (
        "ROTATE_REFRESH_TOKENS",
        "false",
        &[("true", &["refresh", "refresh again"])],
    ),
    // Alone it says what verify looks at.
    (
        "BLACKLIST_AFTER_ROTATION",
        "false",
        &[
            ("true", &["verify after blacklisting"]),
            (
                "true\nrotate_refresh_tokens = true",
                &["refresh", "refresh again", "verify after blacklisting"],
            ),
        ],
    ),
    ("UPDATE_LAST_LOGIN", "false", &[("true", &["last login"])]),
    (
        "ALGORITHM",
        r#""HS256""#,
        &[(
            r#""HS384""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    (
        "SIGNING_KEY",
        r#""****""#,
        &[(
            r#""zY9xW8vU7tS6rQ5pN4mL3kJ2hG1fD0cBzX8vC7bN6mQ5wE4rT3yU2iO1pA0sD9fG""#,
            &["default token"],
        )],
    ),
    // With a shared secret nobody looks at it.
    ("VERIFYING_KEY", "", &[(r#""ignored""#, &[])]),
    (
        "AUDIENCE",
        "[]",
        &[(
            r#""jobs""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    (
        "ISSUER",
        r#""""#,
        &[(
            r#""https://id.example""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    ("LEEWAY", r#""0s""#, &[("10", &["a second late"])]),
    (
        "AUTH_HEADER_TYPES",
        r#"["Bearer"]"#,
        &[
            (r#"["Bearer", "JWT"]"#, &["scheme JWT"]),
            (
                r#""JWT""#,
                &[
                    "access",
                    "challenge",
                    "default token",
                    "password changed",
                    "scheme JWT",
                ],
            ),
        ],
    ),
    (
        "AUTH_HEADER_NAME",
        r#""Authorization""#,
        &[(
            r#""X-Access-Token""#,
            &[
                "access",
                "default token",
                "header X-Access-Token",
                "password changed",
            ],
        )],
    ),
    (
        "USER_ID_FIELD",
        r#""id""#,
        &[(
            r#""username""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    (
        "USER_ID_CLAIM",
        r#""user_id""#,
        &[(
            r#""sub""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    (
        "AUTH_TOKEN_CLASSES",
        r#"["access"]"#,
        &[(r#"["access", "sliding"]"#, &["sliding as access"])],
    ),
    (
        "TOKEN_TYPE_CLAIM",
        r#""token_type""#,
        &[(
            r#""kind""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    (
        "JTI_CLAIM",
        r#""jti""#,
        &[(
            r#""tid""#,
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
            ],
        )],
    ),
    (
        "CHECK_REVOKE_TOKEN",
        "false",
        &[(
            "true",
            &[
                "access token",
                "refresh token",
                "sliding token",
                "default token",
                "password changed",
            ],
        )],
    ),
    (
        "REVOKE_TOKEN_CLAIM",
        r#""hash_password""#,
        // It has a meaning beside the switch only, which then is part of both sides.
        &[(r#""mark""#, &[])],
    ),
    (
        "CHECK_USER_IS_ACTIVE",
        "true",
        &[("false", &["deactivated"])],
    ),
];

#[tokio::test]
async fn the_verifying_key_is_compared_with_the_signing_key_and_changes_nothing() {
    let pair = format!("algorithm = \"EdDSA\"\nsigning_key = '''\n{ED25519_PRIVATE}'''\n");
    let without = observe(&pair).await;
    let with = observe(&format!("{pair}verifying_key = '''\n{ED25519_PUBLIC}'''\n")).await;
    assert_eq!(without, with);
    assert!(without["access"].starts_with("200"), "{without:?}");
}

/// A value, and the observations that it changes.
type Change = (&'static str, &'static [&'static str]);

/// Settings that name Python code, and what `jwk_url` needs a network for: `tests/it` has those.
const ELSEWHERE: &[&str] = &["JWK_URL"];

#[tokio::test]
async fn each_setting_changes_its_own_behavior_and_no_other() {
    let before = observe("").await;
    let mut wrong = Vec::new();
    for (name, _, changes) in SETTINGS {
        for (value, expected) in *changes {
            let key = name.to_lowercase();
            let after = observe(&format!("{key} = {value}\n")).await;
            let changed: Vec<_> = before
                .iter()
                .filter(|(probe, seen)| after[*probe] != **seen)
                .map(|(probe, _)| *probe)
                .collect();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            if changed != expected {
                let shown =
                    |probe: &&str| format!("{probe}: {} -> {}", before[*probe], after[*probe]);
                let shown: Vec<_> = changed.iter().map(shown).collect();
                wrong.push(format!("{key} = {value}\n  {}", shown.join("\n  ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_claim_of_the_mark_is_the_one_that_was_named() {
    let marked = observe("check_revoke_token = true\n").await;
    let renamed = observe("check_revoke_token = true\nrevoke_token_claim = \"mark\"\n").await;
    let changed: Vec<_> = marked
        .iter()
        .filter(|(probe, seen)| renamed[*probe] != **seen)
        .map(|(probe, _)| *probe)
        .collect();
    assert_eq!(changed, ["access token", "refresh token", "sliding token"]);
    assert!(
        marked["access token"].contains("hash_password")
            && renamed["access token"].contains("mark")
    );
}

#[test]
fn every_setting_of_simplejwt_is_here_with_its_default_or_refused_with_where_to_go() {
    let config = load(&file("")).unwrap();
    for (name, default, _) in SETTINGS {
        let key = format!("jwt.{}", name.to_lowercase());
        let setting = schema::find(&key).unwrap_or_else(|| panic!("{key} is missing"));
        assert_eq!(
            setting.effective(&config).unwrap_or_default(),
            *default,
            "{key}"
        );
    }
    for name in ELSEWHERE {
        assert!(schema::find(&format!("jwt.{}", name.to_lowercase())).is_some());
    }
    for name in GONE {
        let key = format!("jwt.{}", name.to_lowercase());
        let (_, advice) = schema::REFUSED
            .iter()
            .find(|(refused, _)| *refused == key)
            .unwrap();
        for spelling in [name.to_lowercase(), name.to_owned()] {
            let refusal = load(&file(&format!("{spelling} = \"a.b.C\"\n")))
                .err()
                .unwrap();
            assert!(refusal.contains(advice), "{refusal}");
        }
    }
}

/// What names Python code there, and what `SimpleJWT` itself has removed.
const GONE: [&str; 15] = [
    "JSON_ENCODER",
    "USER_AUTHENTICATION_RULE",
    "ON_LOGIN_SUCCESS",
    "ON_LOGIN_FAILED",
    "TOKEN_USER_CLASS",
    "TOKEN_OBTAIN_SERIALIZER",
    "TOKEN_REFRESH_SERIALIZER",
    "TOKEN_VERIFY_SERIALIZER",
    "TOKEN_BLACKLIST_SERIALIZER",
    "SLIDING_TOKEN_OBTAIN_SERIALIZER",
    "SLIDING_TOKEN_REFRESH_SERIALIZER",
    "AUTH_HEADER_TYPE",
    "AUTH_TOKEN_CLASS",
    "SECRET_KEY",
    "TOKEN_BACKEND_CLASS",
];

/// A site with these lines under `[jwt]`, and with the usual key unless they name one.
fn file(jwt: &str) -> String {
    let names_key = jwt.lines().any(|line| line.starts_with("signing_key"));
    let key = if names_key {
        String::new()
    } else {
        format!("signing_key = \"{SECRET}\"\n")
    };
    format!("preset = \"simplejwt\"\n[passwords]\ndanger_cheap_hashes = true\n[jwt]\n{key}{jwt}")
}

/// Long enough for every MAC.
const SECRET: &str = "gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mNpQsTuVwXyZ0aB1cD2eF3gH4iJ5kL6mN7";
const PASSWORD: &str = "correct horse 9 battery";
const NOON: UnixMillis = UnixMillis::from_seconds(1_893_456_000);

/// Everything that can be seen of a site with these lines under `[jwt]`.
async fn observe(jwt: &str) -> BTreeMap<&'static str, String> {
    let default = Site::open("").await.sign_in("/api/token/").await;
    let site = Site::open(jwt).await;
    let pair = site.sign_in("/api/token/").await;
    let sliding = site.sign_in("/api/token/sliding/").await;
    let (access, refresh, sliding) = (&pair["access"], &pair["refresh"], &sliding["token"]);
    let bearer = |token: &str| format!("Bearer {token}");
    let mut seen = BTreeMap::new();
    seen.insert("access token", site.describe(access));
    seen.insert("refresh token", site.describe(refresh));
    seen.insert("sliding token", site.describe(sliding));
    seen.insert("last login", format!("{:?}", site.last_login().await));
    seen.insert("access", site.me("authorization", &bearer(access)).await);
    seen.insert(
        "scheme JWT",
        site.me("authorization", &format!("JWT {access}")).await,
    );
    seen.insert(
        "header X-Access-Token",
        site.me("x-access-token", &bearer(access)).await,
    );
    seen.insert("challenge", site.challenge().await);
    seen.insert("sliding as access", site.me_with(sliding).await);
    seen.insert("refresh as access", site.me_with(refresh).await);
    seen.insert(
        "default token",
        site.me("authorization", &bearer(&default["access"])).await,
    );
    seen.insert(
        "refresh",
        site.ask("/api/token/refresh/", "refresh", refresh).await,
    );
    seen.insert(
        "refresh again",
        site.ask("/api/token/refresh/", "refresh", refresh).await,
    );
    let given_back = site.sign_in("/api/token/").await["refresh"].clone();
    seen.insert(
        "blacklist",
        site.ask("/api/token/blacklist/", "refresh", &given_back)
            .await,
    );
    seen.insert(
        "refresh after blacklisting",
        site.ask("/api/token/refresh/", "refresh", &given_back)
            .await,
    );
    seen.insert(
        "verify after blacklisting",
        site.ask("/api/token/verify/", "token", &given_back).await,
    );
    site.stand(Standing::Inactive).await;
    seen.insert("deactivated", site.me_with(access).await);
    site.stand(Standing::Active).await;
    site.at_expiry_of(access);
    seen.insert("a second late", site.me_with(access).await);
    site.clock.set(NOON);
    site.change_password().await;
    seen.insert(
        "password changed",
        site.me("authorization", &bearer(access)).await,
    );
    seen
}

/// A server in process, with one account.
struct Site {
    router: Router,
    authority: Arc<Authority>,
    clock: Arc<ManualClock>,
    policy: Policy,
}

impl Site {
    async fn open(jwt: &str) -> Self {
        let config = load(&file(jwt)).unwrap();
        let store = MemoryStore::new();
        let clock = Arc::new(ManualClock::at(NOON));
        let master = || MasterKey::from_bytes([7; 32]);
        let source = config.signing_key;
        KeyRing::found(&store, &master(), &source, &SystemRandom, NOON)
            .await
            .unwrap();
        let keys = KeyRing::load(&store, master(), source).await.unwrap();
        let shared = Arc::new(store);
        let time: Arc<dyn Clock> = clock.clone();
        let policy = config.policy.clone();
        let authority = Authority::new(config.policy, keys, shared.clone(), shared, time);
        let authority = Arc::new(authority.unwrap());
        let password = Some(PlainPassword::new(PASSWORD.to_owned()));
        let request = AccountRequest::default();
        authority
            .create_account("alice".to_owned(), password, request)
            .await
            .unwrap();
        let router = countersign_axum::router(Arc::clone(&authority));
        Self {
            router,
            authority,
            clock,
            policy,
        }
    }

    async fn sign_in(&self, path: &str) -> BTreeMap<String, String> {
        let body = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The status, and the text or the members of the answer.
    async fn ask(&self, path: &str, field: &str, token: &str) -> String {
        let (status, answer) = self.post(path, format!(r#"{{"{field}":"{token}"}}"#)).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let members: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
        format!(
            "{} {}",
            status.as_u16(),
            answer["detail"].as_str().unwrap_or(&members.join(" "))
        )
    }

    async fn post(&self, path: &str, body: String) -> (StatusCode, String) {
        let request = Request::post(path)
            .header("host", "site")
            .header("content-type", "application/json");
        let reply = self
            .router
            .clone()
            .oneshot(request.body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let status = reply.status();
        let body = to_bytes(reply.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// With a token in the header, and under the scheme, that this site reads.
    async fn me_with(&self, token: &str) -> String {
        let wire = &self.policy.wire;
        let value = format!("{} {token}", wire.auth_header_types[0]);
        self.me(&wire.auth_header_name, &value).await
    }

    async fn me(&self, header: &str, value: &str) -> String {
        let request = Request::get("/api/me/")
            .header("host", "site")
            .header(header, value);
        let reply = self
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let status = reply.status().as_u16();
        let body = to_bytes(reply.into_body(), 1 << 16).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        format!(
            "{status} {}",
            answer["code"]
                .as_str()
                .or(answer["detail"].as_str())
                .unwrap_or("")
        )
    }

    async fn challenge(&self) -> String {
        let request = Request::get("/api/me/")
            .header("host", "site")
            .body(Body::empty())
            .unwrap();
        let reply = self.router.clone().oneshot(request).await.unwrap();
        reply.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned()
    }

    async fn last_login(&self) -> Option<UnixMillis> {
        self.authority
            .find_account("alice")
            .await
            .unwrap()
            .unwrap()
            .last_login
    }

    async fn stand(&self, standing: Standing) {
        self.authority
            .set_standing(AccountId::new(1), standing)
            .await
            .unwrap();
    }

    async fn change_password(&self) {
        let password = PlainPassword::new("another horse 10 battery".to_owned());
        self.authority
            .set_password(AccountId::new(1), password)
            .await
            .unwrap();
    }

    fn at_expiry_of(&self, token: &str) {
        let expiry = claims(token).expiration().unwrap();
        self.clock
            .set(UnixMillis::from(expiry).plus(Duration::from_secs(1)));
    }

    /// Header and claims, with times as seconds from the login and ids masked.
    fn describe(&self, token: &str) -> String {
        let header = token.split('.').next().unwrap_or_default();
        let id = self.policy.tokens.token_id_claim.as_str();
        let claims = claims(token);
        let described = claims
            .iter()
            .map(|(name, value)| match value.parse::<i64>() {
                _ if name == id => format!("{name}=<id>"),
                Ok(time) => format!("{name}={:+}", time - NOON.timestamp().seconds()),
                Err(_) => format!("{name}={value}"),
            });
        let described: Vec<_> = described.collect();
        format!("{header} {}", described.join(" "))
    }
}

fn claims(token: &str) -> ClaimsSet {
    dangerous::read_without_verifying(token).unwrap()
}
