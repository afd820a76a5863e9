//! Signing out, and the sessions of whoever asks, over every store.

use axum::http::{HeaderValue, Method, header};
use countersign::Preset;
use countersign::rotation::RotationMode;
use serde_json::json;

use crate::site::{Actor, ME, OBTAIN, PASSWORD, REFRESH, Reply, Site, claims_of, credentials};
use crate::users::{Desk, Engine, done, over_every_store, refused};

const LOGOUT: &str = "/api/logout/";
const LOGOUT_ALL: &str = "/api/logout-all/";
const SESSIONS: &str = "/api/sessions/";

over_every_store! {
    logout_ends_the_session_and_may_be_repeated
    logout_with_a_spent_token_ends_the_session
    logout_with_a_token_in_the_header_alone_ends_its_session
    logout_with_the_token_of_another_account_ends_nothing
    logout_all_ends_every_session_of_the_account_and_nobody_elses
    sessions_are_listed_as_their_owner_knows_them
    an_own_session_is_ended_and_whatever_else_is_not_found
    all_others_are_ended_and_the_callers_session_lives
    whoever_holds_a_token_of_an_ended_session_is_told_why
}

/// Insists on a success with nothing to say.
fn silent(reply: &Reply) {
    assert_eq!(reply.status.as_u16(), 204, "{}", reply.text());
    assert_eq!(reply.text(), "");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

/// Insists that the session of an actor is over, for this cause.
async fn is_over(actor: &Actor<'_>, cause: &str) {
    for reply in [actor.get(ME).await, actor.refresh().await] {
        assert_eq!(reply.status.as_u16(), 401, "{}", reply.text());
        assert_eq!(reply.header("countersign-cause"), Some(cause));
    }
}

async fn is_alive(actor: &Actor<'_>) -> bool {
    actor.get(ME).await.status.is_success()
}

fn id_of(actor: &Actor<'_>) -> String {
    let claims = claims_of(actor.access.as_deref().unwrap());
    claims.get::<String>("sid").unwrap().unwrap()
}

async fn logout_ends_the_session_and_may_be_repeated(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let (alice, elsewhere) = (desk.site.alice().await, desk.site.alice().await);
    for _ in 0..2 {
        let anonymous = desk.site.anonymous();
        silent(&anonymous.post(LOGOUT, &alice.refresh_body()).await);
    }
    is_over(&alice, "logout").await;
    assert!(is_alive(&elsewhere).await);
    // With both tokens, as clients that know no better send it.
    silent(&elsewhere.post(LOGOUT, &elsewhere.refresh_body()).await);
    is_over(&elsewhere, "logout").await;
}

async fn logout_with_a_spent_token_ends_the_session(engine: Engine) {
    for preset in [Preset::Modern, Preset::SimpleJwt] {
        let desk = Desk::with(engine, preset, |policy| {
            policy.rotation.mode = RotationMode::Rotate;
        })
        .await;
        let alice = desk.site.alice().await;
        let next = alice.refresh().await.token("refresh");
        silent(
            &desk
                .site
                .anonymous()
                .post(LOGOUT, &alice.refresh_body())
                .await,
        );
        let body = json!({ "refresh": next }).to_string();
        let reply = alice.post(REFRESH, &body).await;
        assert_eq!(reply.status.as_u16(), 401, "{preset:?}");
        assert_eq!(reply.header("countersign-cause"), Some("logout"));
    }
}

async fn logout_with_a_token_in_the_header_alone_ends_its_session(engine: Engine) {
    let desk = Desk::modern(engine).await;
    for body in ["", "{}"] {
        let (alice, elsewhere) = (desk.site.alice().await, desk.site.alice().await);
        silent(&alice.post(LOGOUT, body).await);
        is_over(&alice, "logout").await;
        assert!(is_alive(&elsewhere).await);
    }
    refused(
        &desk.site.anonymous().post(LOGOUT, "{}").await,
        400,
        "missing_member",
    );
}

async fn logout_with_the_token_of_another_account_ends_nothing(engine: Engine) {
    let desk = Desk::modern(engine).await;
    desk.site.create("carol", "pw-Carol-1", false).await;
    let (alice, carol) = (
        desk.site.alice().await,
        desk.site.signed_in("carol", "pw-Carol-1").await,
    );
    let reply = alice.post(LOGOUT, &carol.refresh_body()).await;
    refused(&reply, 403, "other_account");
    assert!(is_alive(&alice).await && is_alive(&carol).await);
    let stranger = desk.site.holder_of("no.such.token");
    let reply = stranger.post(LOGOUT, &carol.refresh_body()).await;
    refused(&reply, 401, "invalid_credentials");
    assert!(is_alive(&carol).await);
}

async fn logout_all_ends_every_session_of_the_account_and_nobody_elses(engine: Engine) {
    let desk = Desk::modern(engine).await;
    desk.site.create("carol", "pw-Carol-1", false).await;
    let (phone, laptop) = (desk.site.alice().await, desk.site.alice().await);
    let carol = desk.site.signed_in("carol", "pw-Carol-1").await;
    let told = done(&phone.post(LOGOUT_ALL, "").await);
    assert_eq!(told, json!({ "ended": 2 }));
    for device in [&phone, &laptop] {
        is_over(device, "ended_by_owner").await;
    }
    assert!(is_alive(&carol).await);
    // The same second, the same clock.
    let again = desk.site.alice().await;
    assert!(is_alive(&again).await);
}

async fn sessions_are_listed_as_their_owner_knows_them(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let (phone, ended) = (desk.site.alice().await, desk.site.alice().await);
    silent(&ended.post(LOGOUT, "").await);
    let laptop = desk.site.alice().await;
    desk.site.create("carol", "pw-Carol-1", false).await;
    desk.site.signed_in("carol", "pw-Carol-1").await;
    desk.site.clock.advance_millis(1_500);
    phone.refresh().await;
    let reply = phone.get(SESSIONS).await;
    let listed = done(&reply);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let expected = [
        (id_of(&laptop), "2030-01-01T00:00:00Z", false),
        (id_of(&phone), "2030-01-01T00:00:01.5Z", true),
    ];
    for (session, (id, last_used, current)) in listed.as_array().unwrap().iter().zip(expected) {
        assert_eq!(
            *session,
            json!({
                "id": id, "created": "2030-01-01T00:00:00Z", "last_used": last_used,
                "expires": "2030-01-31T00:00:00Z", "current": current, "ip": "203.0.113.7",
                "is_mobile": false, "is_tablet": false, "is_pc": false, "is_bot": false,
                "browser": "Other", "browser_version": "", "os": "Other", "os_version": "",
                "device": "Other", "device_brand": null, "device_model": null,
            })
        );
    }
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

async fn an_own_session_is_ended_and_whatever_else_is_not_found(engine: Engine) {
    let desk = Desk::modern(engine).await;
    desk.site.create("carol", "pw-Carol-1", false).await;
    let (phone, laptop) = (desk.site.alice().await, desk.site.alice().await);
    let carol = desk.site.signed_in("carol", "pw-Carol-1").await;
    let of = |id: &str| format!("{SESSIONS}{id}/");
    let missing = [
        of(&id_of(&carol)),
        of("7f3d2c1a-0000-4000-8000-000000000001"),
        of("1"),
        of("not-a-uuid"),
        of("%00"),
    ];
    let mut answers = Vec::new();
    for path in missing {
        let reply = phone.method("DELETE", &path).await;
        refused(&reply, 404, "not_found");
        answers.push(reply.text().to_owned());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "nobody learns what a foreign id is");
    assert!(is_alive(&carol).await);

    let path = of(&id_of(&laptop));
    silent(&phone.method("DELETE", &path).await);
    is_over(&laptop, "ended_by_owner").await;
    refused(&phone.method("DELETE", &path).await, 404, "not_found");
    silent(&phone.method("DELETE", &of(&id_of(&phone))).await);
    is_over(&phone, "logout").await;
}

async fn all_others_are_ended_and_the_callers_session_lives(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let (phone, laptop, tablet) = (
        desk.site.alice().await,
        desk.site.alice().await,
        desk.site.alice().await,
    );
    let told = done(&phone.method("DELETE", SESSIONS).await);
    assert_eq!(told, json!({ "ended": 2 }));
    for device in [&laptop, &tablet] {
        is_over(device, "ended_by_owner").await;
    }
    assert!(is_alive(&phone).await);
    assert!(phone.refresh().await.status.is_success());
    let told = done(&phone.method("DELETE", SESSIONS).await);
    assert_eq!(told, json!({ "ended": 0 }));
}

async fn whoever_holds_a_token_of_an_ended_session_is_told_why(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let alice = desk.site.alice().await;
    silent(&alice.post(LOGOUT, "").await);
    for (method, path) in [
        ("GET", SESSIONS),
        ("DELETE", SESSIONS),
        ("POST", LOGOUT_ALL),
        ("POST", LOGOUT),
        ("GET", "/api/users/"),
    ] {
        let reply = alice.method(method, path).await;
        refused(&reply, 401, "invalid_credentials");
        let cause = reply.header("countersign-cause");
        assert_eq!(cause, Some("logout"), "{method} {path}");
    }
}

/// A token that is no refresh token, or not good, is refused as the token endpoints refuse it.
#[tokio::test]
async fn logout_refuses_as_the_token_endpoints_do() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    let body = |token: &str| json!({ "refresh": token }).to_string();
    let reply = site.anonymous().post(LOGOUT, &body("a.b.c")).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Token is invalid","code":"token_not_valid"}
    "#);
    let access = body(alice.access.as_deref().unwrap());
    let reply = site.anonymous().post(LOGOUT, &access).await;
    assert_eq!(reply.json()["code"], "token_not_valid");
    assert!(is_alive(&alice).await);
    site.clock.advance_millis(31 * 86_400_000);
    let reply = site.anonymous().post(LOGOUT, &alice.refresh_body()).await;
    assert_eq!(
        reply.text(),
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#
    );
}

#[tokio::test]
async fn bodies_and_methods_are_read_strictly() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    for (body, status, code) in [
        (r#"{"refresh":7}"#, 400, "invalid_member"),
        (r#"{"token":"x"}"#, 400, "unknown_member"),
        ("[]", 400, "malformed_json"),
        ("{", 400, "malformed_json"),
    ] {
        refused(&alice.post(LOGOUT, body).await, status, code);
    }
    let form = b"refresh=x";
    let reply = alice.post_as(LOGOUT, "application/x-www-form-urlencoded", form);
    refused(&reply.await, 415, "unsupported_media_type");
    for (path, methods) in [
        (LOGOUT, &["GET", "HEAD", "PUT", "DELETE", "OPTIONS"][..]),
        (LOGOUT_ALL, &["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]),
        (SESSIONS, &["POST", "PUT", "PATCH", "OPTIONS"]),
        ("/api/sessions/1/", &["GET", "HEAD", "POST", "OPTIONS"]),
    ] {
        for method in methods {
            let reply = alice.method(method, path).await;
            assert_eq!(reply.status.as_u16(), 405, "{method} {path}");
            assert!(reply.header("allow").is_some(), "{method} {path}");
        }
    }
    let head = alice.method("HEAD", SESSIONS).await;
    assert_eq!((head.status.as_u16(), head.text()), (200, ""));
    assert!(is_alive(&alice).await, "none of it ended anything");
}

/// Two headers, or two words, are no credentials, also where credentials need not be sent.
#[tokio::test]
async fn credentials_that_are_shown_must_be_good() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    let mut request = alice.request(Method::POST, LOGOUT);
    let second = HeaderValue::from_static("Bearer x");
    request.headers_mut().append(header::AUTHORIZATION, second);
    refused(&alice.send(request).await, 401, "malformed_credentials");
    assert!(is_alive(&alice).await);
}

/// Where the session is not checked, ending it stops the refresh token, and the access token runs out.
#[tokio::test]
async fn without_the_session_check_logout_stops_the_refresh_token() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    silent(&site.anonymous().post(LOGOUT, &alice.refresh_body()).await);
    assert_eq!(alice.refresh().await.status.as_u16(), 401);
    assert!(is_alive(&alice).await);
    silent(&alice.post(LOGOUT, "").await);
    assert_eq!(done(&alice.get(SESSIONS).await), json!([]));
}

#[tokio::test]
async fn a_deactivated_owner_has_no_sessions_and_sees_none() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    site.deactivate("alice").await;
    let reply = alice.get(SESSIONS).await;
    refused(&reply, 401, "invalid_credentials");
    let cause = reply.header("countersign-cause");
    assert_eq!(cause, Some("account_deactivated"));
    let sign_in = credentials("alice", PASSWORD);
    let again = site.anonymous().post(OBTAIN, &sign_in).await;
    assert_eq!(again.status.as_u16(), 401);
}
