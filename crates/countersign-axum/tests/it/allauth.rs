//! jwt-allauth's endpoints, with the refresh token in the body: each row of its table that is here.

use axum::Router;
use axum::http::StatusCode;
use countersign::Preset;
use countersign::account::Standing;
use countersign::audit::{Actor as AuditActor, AuditKind};
use countersign::authority::{AccountChanges, Administrator, Client};
use countersign_axum::AllauthPrefix;
use countersign_token::ClaimsSet;
use serde_json::json;

use std::sync::Arc;
use std::time::Duration;

use crate::site::{Actor, NOW, OBTAIN, PASSWORD, Reply, Site, claims_of, credentials, send};
use crate::users::{Desk, Engine, over_every_store};

const LOGIN: &str = "/auth/login/";
const REFRESH: &str = "/auth/refresh/";
const LOGOUT: &str = "/auth/logout/";
const LOGOUT_ALL: &str = "/auth/logout-all/";
const USER: &str = "/auth/user/";

const NOT_PROVIDED: &str = r#"{"detail":"Authentication credentials were not provided."}"#;
const REQUIRED: &str = r#"{"refresh":["This field is required."]}"#;
const INVALID_TOKEN: &str = r#"{"detail":"Invalid token."}"#;
const INVALID_OR_EXPIRED: &str =
    r#"{"detail":"Token is invalid or expired","code":"token_not_valid"}"#;

over_every_store! {
    names_are_shown_and_changed_and_nothing_else_is
    whoever_signs_out_everywhere_is_signed_out_here_too
    logout_takes_a_token_of_ones_own_once
}

async fn site() -> Site {
    Site::with(Preset::JwtAllauth, |_| {}).await
}

fn address(name: &str, password: &str) -> String {
    json!({ "email": format!("{name}@example.com"), "password": password }).to_string()
}

fn given(refresh: &str) -> String {
    json!({ "refresh": refresh }).to_string()
}

async fn signed_in<'a>(site: &'a Site, name: &str, password: &str) -> Actor<'a> {
    let reply = site.anonymous().post(LOGIN, &address(name, password)).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let mut actor = site.holder_of(&reply.token("access"));
    actor.refresh = Some(reply.token("refresh"));
    actor
}

fn told(reply: &Reply, status: u16, body: &str) {
    assert_eq!((reply.status.as_u16(), reply.text()), (status, body));
    let challenge = (status == 401).then_some(r#"Bearer realm="api""#);
    assert_eq!(reply.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn a_login_takes_the_address_and_gives_both_tokens() {
    let site = site().await;
    let reply = site
        .anonymous()
        .post(LOGIN, &address("alice", PASSWORD))
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"access":"<JWT>","refresh":"<JWT>"}
    "#);
    let claims = claims_of(&reply.token("access"));
    let names: Vec<_> = claims.iter().map(|(name, _)| name).collect();
    for name in [
        "session",
        "session_iat",
        "role",
        "email_verified",
        "user_id",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    // People sign in with their names elsewhere.
    let elsewhere = site
        .anonymous()
        .post(OBTAIN, &credentials("alice", PASSWORD))
        .await;
    assert_eq!(elsewhere.status, StatusCode::OK);
    let name = json!({ "email": "alice", "password": PASSWORD }).to_string();
    let reply = site.anonymous().post(LOGIN, &name).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refused_login_does_not_say_why() {
    let site = site().await;
    let reply = site
        .anonymous()
        .post(LOGIN, &address("alice", "wrong"))
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Incorrect credentials","code":"incorrect_credentials"}
    "#);
    for (name, password) in [("nobody", PASSWORD), ("bob", "pw-Bob-1"), ("bob", "wrong")] {
        let other = site.anonymous().post(LOGIN, &address(name, password)).await;
        assert_eq!(other.shown(), reply.shown(), "{name}");
    }
}

#[tokio::test]
async fn a_login_needs_both_fields_and_a_post() {
    let site = site().await;
    let anonymous = site.anonymous();
    told(
        &anonymous.post(LOGIN, "{}").await,
        400,
        r#"{"email":["This field is required."],"password":["This field is required."]}"#,
    );
    told(
        &anonymous
            .post(LOGIN, r#"{"email":"","password":null}"#)
            .await,
        400,
        r#"{"email":["This field may not be blank."],"password":["This field may not be null."]}"#,
    );
    told(
        &anonymous.get(LOGIN).await,
        405,
        r#"{"detail":"Method \"GET\" not allowed."}"#,
    );
}

#[tokio::test]
async fn a_login_after_too_many_failures_is_told_to_wait() {
    let site = site().await;
    let anonymous = site.anonymous();
    for name in ["alice", "bob", "nobody"] {
        for _ in 0..5 {
            let reply = anonymous.post(LOGIN, &address(name, "wrong")).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        }
        let reply = anonymous.post(LOGIN, &address(name, PASSWORD)).await;
        told(
            &reply,
            429,
            r#"{"detail":"Request was throttled. Expected available in 300 seconds."}"#,
        );
        assert_eq!(reply.header("retry-after"), Some("300"));
    }
}

#[tokio::test]
async fn a_refresh_gives_both_tokens_of_the_same_session() {
    let site = site().await;
    let alice = signed_in(&site, "alice", PASSWORD).await;
    let reply = alice.post(REFRESH, &alice.refresh_body()).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(
        crate::site::redacted(reply.text()),
        r#"{"access":"<JWT>","refresh":"<JWT>"}"#
    );
    let session = |token: &str| claims_of(token).get::<String>("session").unwrap().unwrap();
    assert_eq!(
        session(&reply.token("refresh")),
        session(alice.refresh.as_deref().unwrap())
    );
    // A lost answer: the same successor, and a header that says so.
    let again = alice.post(REFRESH, &alice.refresh_body()).await;
    assert_eq!(again.token("refresh"), reply.token("refresh"));
    assert!(again.header("countersign-refresh").is_some());
}

#[tokio::test]
async fn refused_refreshes_are_told_apart_as_in_the_original() {
    let site = site().await;
    let anonymous = site.anonymous();
    let alice = signed_in(&site, "alice", PASSWORD).await;
    told(&anonymous.post(REFRESH, "{}").await, 400, REQUIRED);
    told(
        &anonymous.post(REFRESH, &given("garbage")).await,
        401,
        r#"{"detail":"Token is invalid","code":"token_not_valid"}"#,
    );
    told(
        &anonymous
            .post(REFRESH, &given(alice.access.as_deref().unwrap()))
            .await,
        401,
        r#"{"detail":"Token has wrong type","code":"token_not_valid"}"#,
    );
    // A replay after the grace ends the session, for whoever holds its newest token, too.
    let next = alice
        .post(REFRESH, &alice.refresh_body())
        .await
        .token("refresh");
    site.clock.advance_millis(10_001);
    for token in [alice.refresh.as_deref().unwrap(), &next] {
        told(
            &anonymous.post(REFRESH, &given(token)).await,
            401,
            INVALID_OR_EXPIRED,
        );
    }
    let late = signed_in(&site, "alice", PASSWORD).await;
    site.clock.set(site_time_plus_days(15));
    told(
        &anonymous.post(REFRESH, &late.refresh_body()).await,
        401,
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#,
    );
}

fn site_time_plus_days(days: u64) -> countersign_token::UnixMillis {
    NOW.plus(Duration::from_hours(24 * days))
}

#[tokio::test]
async fn a_deactivated_account_refreshes_no_more() {
    let site = site().await;
    let alice = signed_in(&site, "alice", PASSWORD).await;
    site.deactivate("alice").await;
    told(
        &site.anonymous().post(REFRESH, &alice.refresh_body()).await,
        401,
        INVALID_OR_EXPIRED,
    );
}

/// A token ends with its session; the leeway alone lets it come as far as the session.
#[tokio::test]
async fn a_session_past_its_deadline_says_so() {
    let site = Site::with(Preset::JwtAllauth, |policy| {
        policy.sessions.lifetime = Some(Duration::from_hours(1));
        policy.tokens.leeway = Duration::from_secs(10);
    })
    .await;
    let alice = signed_in(&site, "alice", PASSWORD).await;
    site.clock.set(NOW.plus(Duration::from_secs(3_605)));
    told(
        &site.anonymous().post(REFRESH, &alice.refresh_body()).await,
        401,
        r#"{"detail":"Session reached its maximum lifetime. Please log in again","code":"session_expired"}"#,
    );
}

async fn logout_takes_a_token_of_ones_own_once(engine: Engine) {
    let desk = Desk::with(engine, Preset::JwtAllauth, |_| {}).await;
    let site = &desk.site;
    site.create("carol", "pw-Carol-1", false).await;
    let (alice, phone) = (
        signed_in(site, "alice", PASSWORD).await,
        signed_in(site, "alice", PASSWORD).await,
    );
    let carol = signed_in(site, "carol", "pw-Carol-1").await;
    for (method, body) in [("POST", "{}"), ("GET", "")] {
        let reply = site.anonymous().method(method, LOGOUT).await;
        told(&reply, 401, NOT_PROVIDED);
        assert_eq!(reply.header("allow"), Some("POST, OPTIONS"), "{body}");
    }
    let not_allowed = r#"{"detail":"Method \"GET\" not allowed."}"#;
    told(&alice.get(LOGOUT).await, 405, not_allowed);
    told(&alice.post(LOGOUT, "{}").await, 400, REQUIRED);
    for token in [
        "garbage",
        alice.access.as_deref().unwrap(),
        carol.refresh.as_deref().unwrap(),
    ] {
        told(&alice.post(LOGOUT, &given(token)).await, 400, INVALID_TOKEN);
    }
    assert_eq!(carol.get(USER).await.status, StatusCode::OK);
    let done = r#"{"detail":"Successfully logged out."}"#;
    told(&alice.post(LOGOUT, &phone.refresh_body()).await, 200, done);
    told(
        &alice.post(LOGOUT, &phone.refresh_body()).await,
        400,
        INVALID_TOKEN,
    );
    assert_eq!(phone.get(USER).await.status, StatusCode::UNAUTHORIZED);
    told(
        &phone.post(REFRESH, &phone.refresh_body()).await,
        401,
        INVALID_OR_EXPIRED,
    );
    assert_eq!(alice.get(USER).await.status, StatusCode::OK);
    // A spent token of a session that lives ends it, too.
    alice.post(REFRESH, &alice.refresh_body()).await;
    told(&alice.post(LOGOUT, &alice.refresh_body()).await, 200, done);
    assert_eq!(alice.get(USER).await.status, StatusCode::UNAUTHORIZED);
}

async fn whoever_signs_out_everywhere_is_signed_out_here_too(engine: Engine) {
    let desk = Desk::with(engine, Preset::JwtAllauth, |_| {}).await;
    let site = &desk.site;
    site.create("carol", "pw-Carol-1", false).await;
    let (alice, phone) = (
        signed_in(site, "alice", PASSWORD).await,
        signed_in(site, "alice", PASSWORD).await,
    );
    let carol = signed_in(site, "carol", "pw-Carol-1").await;
    told(
        &site.anonymous().post(LOGOUT_ALL, "").await,
        401,
        NOT_PROVIDED,
    );
    assert_eq!(alice.get(LOGOUT_ALL).await.status.as_u16(), 405);
    told(
        &alice.post(LOGOUT_ALL, "").await,
        200,
        r#"{"detail":"Successfully logged out from all devices."}"#,
    );
    for device in [&alice, &phone] {
        assert_eq!(device.get(USER).await.status, StatusCode::UNAUTHORIZED);
        told(
            &device.post(REFRESH, &device.refresh_body()).await,
            401,
            INVALID_OR_EXPIRED,
        );
    }
    assert_eq!(carol.get(USER).await.status, StatusCode::OK);
}

async fn names_are_shown_and_changed_and_nothing_else_is(engine: Engine) {
    let desk = Desk::with(engine, Preset::JwtAllauth, |_| {}).await;
    let site = &desk.site;
    let id = site.account("alice").await.id;
    let attributes = ClaimsSet::parse(r#"{"plan":"gold","first_name":7}"#).unwrap();
    site.authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(
            id,
            AccountChanges {
                attributes: Some(attributes),
                ..AccountChanges::default()
            },
        )
        .await
        .unwrap();
    let alice = signed_in(site, "alice", PASSWORD).await;
    let shown = |first: &str, last: &str| {
        format!(r#"{{"email":"alice@example.com","first_name":"{first}","last_name":"{last}"}}"#)
    };
    told(&alice.get(USER).await, 200, &shown("", ""));
    let sent = json!({
        "first_name": " Ålice ", "last_name": "O'Hara", "email": "mallory@example.com", "is_staff": true, "plan": "free",
    });
    told(
        &alice.patch(USER, &sent.to_string()).await,
        200,
        &shown("Ålice", "O'Hara"),
    );
    told(&alice.get(USER).await, 200, &shown("Ålice", "O'Hara"));
    told(
        &alice.patch(USER, r#"{"last_name":""}"#).await,
        200,
        &shown("Ålice", ""),
    );
    told(&alice.patch(USER, "{}").await, 200, &shown("Ålice", ""));
    let account = site.account("alice").await;
    assert_eq!(account.email, "alice@example.com");
    assert!(!account.privileges.staff);
    let kept = ClaimsSet::parse(r#"{"plan":"gold","first_name":"\u00c5lice","last_name":""}"#);
    assert_eq!(account.attributes, kept.unwrap());
    let events = site.authority.store().recent_audit(100).await.unwrap();
    let changes: Vec<_> = events
        .into_iter()
        .filter(|event| event.kind == AuditKind::AccountChanged)
        .map(|event| (event.actor, event.subject))
        .collect();
    let own = (AuditActor::Account(id), Some(id));
    let first = (AuditActor::Operator, Some(id));
    assert_eq!(changes.len(), 3);
    for change in [own, first] {
        assert!(changes.contains(&change), "{changes:?}");
    }
}

#[tokio::test]
async fn names_are_bounded_and_the_account_is_behind_a_token() {
    let site = site().await;
    let alice = signed_in(&site, "alice", PASSWORD).await;
    let reply = alice.get(USER).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    allow: GET, PATCH, HEAD, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"email":"alice@example.com","first_name":"","last_name":""}
    "#);
    let longest = "ä".repeat(150);
    let body = json!({ "first_name": longest }).to_string();
    assert_eq!(alice.patch(USER, &body).await.status, StatusCode::OK);
    let body = json!({ "first_name": longest + "ä", "last_name": null }).to_string();
    told(
        &alice.patch(USER, &body).await,
        400,
        r#"{"first_name":["Ensure this field has no more than 150 characters."],"last_name":["This field may not be null."]}"#,
    );
    for method in ["PUT", "POST", "DELETE"] {
        let reply = alice.method(method, USER).await;
        let body = format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#);
        told(&reply, 405, &body);
    }
    for method in ["GET", "PATCH", "PUT"] {
        let reply = site.anonymous().method(method, USER).await;
        told(&reply, 401, NOT_PROVIDED);
    }
}

#[tokio::test]
async fn names_that_the_account_has_no_room_for_are_refused() {
    let site = site().await;
    let alice = signed_in(&site, "alice", PASSWORD).await;
    let id = site.account("alice").await.id;
    let mut attributes = ClaimsSet::new();
    attributes.insert("notes", "x".repeat(8_100)).unwrap();
    site.authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(
            id,
            AccountChanges {
                attributes: Some(attributes.clone()),
                standing: Some(Standing::Active),
                ..AccountChanges::default()
            },
        )
        .await
        .unwrap();
    let body = json!({ "first_name": "x".repeat(150) }).to_string();
    told(
        &alice.patch(USER, &body).await,
        400,
        r#"{"non_field_errors":["attributes have at most 8192 bytes"]}"#,
    );
    assert_eq!(site.account("alice").await.attributes, attributes);
}

#[tokio::test]
async fn the_rest_of_the_table_is_not_there() {
    let site = site().await;
    let alice = signed_in(&site, "alice", PASSWORD).await;
    for path in [
        "password/change/",
        "password/reset/",
        "password/reset/set-new/",
        "registration/",
        "registration/verified/",
        "registration/user-register/",
        "registration/set-password/",
        "mfa/setup/",
        "mfa/activate/",
        "mfa/verify/",
        "mfa/verify-recovery/",
        "mfa/deactivate/",
        "mfa/authenticators/",
        "social/providers/",
    ] {
        for method in ["GET", "POST"] {
            let reply = alice.method(method, &format!("/auth/{path}")).await;
            told(&reply, 404, r#"{"detail":"Not found."}"#);
        }
    }
}

#[tokio::test]
async fn a_path_without_its_slash_is_sent_on_behind_the_prefix() {
    let site = site().await;
    let reply = site.anonymous().method("POST", "/auth/logout-all").await;
    assert_eq!(reply.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(reply.header("location"), Some(LOGOUT_ALL));
}

#[tokio::test]
async fn without_a_prefix_there_is_nothing_and_alone_there_is_nothing_else() {
    let site = site().await;
    let prefix = AllauthPrefix::parse("v1/auth").unwrap();
    let without = countersign_axum::router(Arc::clone(&site.authority));
    let alone = countersign_axum::allauth_endpoints(Arc::clone(&site.authority), &prefix);
    for (router, path, status) in [
        (&without, LOGIN, 404),
        (&without, OBTAIN, 405),
        (&alone, "/v1/auth/login/", 405),
        (&alone, LOGIN, 404),
        (&alone, OBTAIN, 404),
    ] {
        assert_eq!(status_of(router, &site, path).await, status, "{path}");
    }
}

async fn status_of(router: &Router, site: &Site, path: &str) -> u16 {
    let request = site.anonymous().request(axum::http::Method::GET, path);
    send(router, request).await.status.as_u16()
}
