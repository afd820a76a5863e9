//! Refreshing, with rotation and without.

use axum::http::{StatusCode, header};

use crate::site::{Actor, REFRESH, Site};

#[tokio::test]
async fn without_rotation_only_an_access_token_comes_back() {
    let site = Site::simplejwt().await;
    let reply = site.alice().await.refresh().await;
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

    {"access":"<JWT>"}
    "#);
}

#[tokio::test]
async fn with_rotation_the_successor_comes_along() {
    let site = Site::modern().await;
    let reply = site.alice().await.refresh().await;
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
}

#[tokio::test]
async fn a_lost_answer_is_repeated_and_says_so() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    let first = alice.refresh().await;
    let second = alice.refresh().await;
    assert_eq!(second.header("countersign-refresh"), Some("replayed"));
    assert_eq!(first.header("countersign-refresh"), None);
    assert_eq!(
        claims(&first.token("refresh")),
        claims(&second.token("refresh"))
    );
}

#[tokio::test]
async fn another_client_is_not_given_the_successor() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    let first = alice.refresh().await;
    let reply = from_elsewhere(&alice).await;
    assert_eq!(
        reply.text(),
        r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
    );
    assert_eq!(reply.header("countersign-cause"), None);
    let body = format!(r#"{{"refresh":"{}"}}"#, first.token("refresh"));
    assert_eq!(alice.post(REFRESH, &body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn reuse_ends_the_session_and_says_why() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    alice.refresh().await;
    site.clock.advance_millis(10_001);
    let reply = alice.refresh().await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    countersign-cause: reuse_detected
    vary: Accept
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Token is blacklisted","code":"token_not_valid"}
    "#);
}

#[tokio::test]
async fn texts_about_the_account_come_without_a_code() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    site.deactivate("alice").await;
    let reply = alice.refresh().await;
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

    {"detail":"No active account found for the given token."}
    "#);
}

#[tokio::test]
async fn an_expired_token_is_said_to_be_expired() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    site.clock.advance_millis(86_400_000);
    let reply = alice.refresh().await;
    assert_eq!(
        reply.text(),
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#
    );
}

#[tokio::test]
async fn past_the_end_of_its_session_a_token_is_expired() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    site.clock.advance_millis(30 * 86_400_000 + 5_000);
    let reply = alice.refresh().await;
    assert_eq!(
        reply.text(),
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#
    );
}

async fn from_elsewhere(actor: &Actor<'_>) -> crate::site::Reply {
    let mut request = actor.request(axum::http::Method::POST, REFRESH);
    request
        .headers_mut()
        .insert(header::USER_AGENT, "elsewhere".parse().unwrap());
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    *request.body_mut() = actor.refresh_body().into();
    actor.send(request).await
}

fn claims(token: &str) -> &str {
    token.split('.').nth(1).unwrap()
}
