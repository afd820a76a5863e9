//! Sliding tokens over HTTP: one token from a password, and the same one for a while longer.

use axum::http::StatusCode;
use countersign::Preset;
use countersign::policy::TokenClass;

use crate::site::{ME, PASSWORD, Reply, SLIDING, SLIDING_REFRESH, Site, credentials};

async fn sign_in(site: &Site) -> Reply {
    let body = credentials("alice", PASSWORD);
    site.anonymous().post(SLIDING, &body).await
}

async fn refresh(site: &Site, signed_in: &Reply) -> Reply {
    let body = format!(r#"{{"token":"{}"}}"#, signed_in.token("token"));
    site.anonymous().post(SLIDING_REFRESH, &body).await
}

#[tokio::test]
async fn a_password_buys_one_token() {
    let site = Site::simplejwt().await;
    let reply = sign_in(&site).await;
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

    {"token":"<JWT>"}
    "#);
}

#[tokio::test]
async fn a_refresh_returns_it_renewed() {
    let site = Site::simplejwt().await;
    let reply = sign_in(&site).await;
    site.clock.advance_millis(60_000);
    let renewed = refresh(&site, &reply).await;
    assert_eq!(renewed.headers.get("allow"), reply.headers.get("allow"));
    assert_ne!(renewed.token("token"), reply.token("token"));
    insta::assert_snapshot!(renewed.text().replace(&renewed.token("token"), "<JWT>"), @r#"{"token":"<JWT>"}"#);
}

#[tokio::test]
async fn a_window_that_has_closed_is_told_by_the_name_of_its_claim() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        "window \"end\"".clone_into(&mut policy.tokens.sliding_refresh_claim);
        policy.tokens.sliding_lifetime = 2 * policy.tokens.sliding_refresh_lifetime;
    })
    .await;
    let reply = sign_in(&site).await;
    site.clock.advance_millis(86_400_000);
    let refused = refresh(&site, &reply).await;
    insta::assert_snapshot!(refused.shown(), @r#"
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

    {"detail":"Token 'window \"end\"' claim has expired","code":"token_not_valid"}
    "#);
}

#[tokio::test]
async fn a_resource_takes_it_where_the_settings_say_so() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        policy.tokens.resource_classes = vec![TokenClass::Sliding];
    })
    .await;
    let reply = sign_in(&site).await;
    let mut alice = site.alice().await;
    assert_eq!(alice.get(ME).await.status, StatusCode::UNAUTHORIZED);
    alice.access = Some(reply.token("token"));
    assert_eq!(alice.get(ME).await.status, StatusCode::OK);
}
