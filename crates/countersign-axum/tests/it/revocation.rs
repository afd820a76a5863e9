//! Verifying, and giving refresh tokens back.

use axum::http::StatusCode;
use countersign::Preset;
use countersign::policy::Blacklist;
use countersign::rotation::RotationMode;

use crate::site::{BLACKLIST, Site, VERIFY};

fn token_body(token: Option<&String>) -> String {
    format!(r#"{{"token":"{}"}}"#, token.unwrap())
}

#[tokio::test]
async fn a_good_token_of_any_kind_verifies() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    let reply = alice.post(VERIFY, &token_body(alice.access.as_ref())).await;
    insta::assert_snapshot!(reply.shown(), @r"
    200 OK
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {}
    ");
    let reply = alice
        .post(VERIFY, &token_body(alice.refresh.as_ref()))
        .await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn drf_bodies_call_a_blacklisted_token_a_bad_request() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        policy.rotation.mode = RotationMode::Rotate;
    })
    .await;
    let alice = site.alice().await;
    assert_eq!(
        alice.post(BLACKLIST, &alice.refresh_body()).await.text(),
        "{}"
    );
    let reply = alice
        .post(VERIFY, &token_body(alice.refresh.as_ref()))
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    400 Bad Request
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"non_field_errors":["Token is blacklisted"]}
    "#);
}

#[tokio::test]
async fn strict_bodies_call_it_unauthorized() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    alice.post(BLACKLIST, &alice.refresh_body()).await;
    let reply = alice
        .post(VERIFY, &token_body(alice.refresh.as_ref()))
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

    {"detail":"Token is blacklisted","code":"token_not_valid"}
    "#);
}

#[tokio::test]
async fn a_token_can_be_given_back_once() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    let reply = alice.post(BLACKLIST, &alice.refresh_body()).await;
    insta::assert_snapshot!(reply.shown(), @r"
    200 OK
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {}
    ");
    let reply = alice.post(BLACKLIST, &alice.refresh_body()).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    countersign-cause: logout
    vary: Accept
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Token is blacklisted","code":"token_not_valid"}
    "#);
}

#[tokio::test]
async fn without_a_blacklist_there_is_no_endpoint() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        policy.blacklist = Blacklist::Disabled;
    })
    .await;
    let alice = site.alice().await;
    let reply = alice.post(BLACKLIST, &alice.refresh_body()).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    404 Not Found
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Not found."}
    "#);
}
