//! Signing in after too many have failed.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use countersign::Preset;
use countersign_axum::ClientAddress;

use crate::site::{Actor, OBTAIN, PASSWORD, Reply, SLIDING, Site, credentials};

/// Django REST framework's answer, with its `Retry-After`.
const SIXTH: &str = r#"429 Too Many Requests
allow: POST, OPTIONS
cache-control: no-store
content-length: <…>
content-security-policy: default-src 'none'; frame-ancestors 'none'
content-type: application/json
retry-after: 300
vary: Accept
x-content-type-options: nosniff
x-request-id: <…>

{"detail":"Request was throttled. Expected available in 300 seconds."}"#;

/// As many wrong passwords as are looked at.
async fn fill(actor: &Actor<'_>, name: &str) {
    for _ in 0..5 {
        let reply = actor.post(OBTAIN, &credentials(name, "wrong")).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
}

async fn post_with(
    actor: &Actor<'_>,
    change: impl FnOnce(&mut axum::http::Request<Body>),
) -> Reply {
    let mut request = actor.request(Method::POST, OBTAIN);
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Body::from(credentials("alice", PASSWORD));
    change(&mut request);
    actor.send(request).await
}

#[tokio::test]
async fn the_sixth_sign_in_is_told_to_wait_as_the_framework_tells_it() {
    for site in [Site::simplejwt().await, Site::modern().await] {
        let actor = site.anonymous();
        fill(&actor, "alice").await;
        let reply = actor.post(OBTAIN, &credentials("alice", PASSWORD)).await;
        assert_eq!(reply.shown(), SIXTH);
    }
}

#[tokio::test]
async fn right_and_wrong_passwords_known_and_unknown_names_read_the_same() {
    let site = Site::simplejwt().await;
    let actor = site.anonymous();
    let mut seen = Vec::new();
    for name in ["alice", "bob", "nobody"] {
        fill(&actor, name).await;
        for target in [OBTAIN, SLIDING] {
            for password in [PASSWORD, "pw-Bob-1", "wrong"] {
                let reply = actor.post(target, &credentials(name, password)).await;
                assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
                seen.push(reply.shown());
            }
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[tokio::test]
async fn the_wait_is_told_in_whole_seconds_and_is_long_enough() {
    let site = Site::simplejwt().await;
    let actor = site.anonymous();
    fill(&actor, "alice").await;
    for (passed, told, text) in [
        (100, "300", "300 seconds."),
        (298_400, "2", "2 seconds."),
        (500, "1", "1 second."),
        (999, "1", "1 second."),
    ] {
        site.clock.advance_millis(passed);
        let reply = actor.post(OBTAIN, &credentials("alice", PASSWORD)).await;
        assert_eq!(reply.header("retry-after"), Some(told));
        assert_eq!(
            reply.text(),
            format!(r#"{{"detail":"Request was throttled. Expected available in {text}"}}"#)
        );
    }
    site.clock.advance_millis(1);
    let reply = actor.post(OBTAIN, &credentials("alice", PASSWORD)).await;
    assert_eq!(reply.status, StatusCode::OK);
}

/// Blanks that bodies of the framework lose are no other name, and neither are headers.
#[tokio::test]
async fn no_spelling_type_or_header_gets_around_it() {
    let site = Site::simplejwt().await;
    let actor = site.anonymous();
    fill(&actor, " alice ").await;
    for header in ["x-forwarded-for", "forwarded", "x-real-ip", "user-agent"] {
        let reply = post_with(&actor, |request| {
            let value = "198.51.100.7".parse().unwrap();
            let name: header::HeaderName = header.parse().unwrap();
            request.headers_mut().insert(name, value);
        });
        assert_eq!(reply.await.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let form = format!("username=alice&password={PASSWORD}");
    let form_type = "application/x-www-form-urlencoded";
    let reply = actor.post_as(OBTAIN, form_type, form.as_bytes()).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    let reply = actor.post(SLIDING, &credentials("\talice", PASSWORD)).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn another_address_is_let_in() {
    let site = Site::modern().await;
    let actor = site.anonymous();
    fill(&actor, "alice").await;
    let from = async |address: &str| {
        let ip: IpAddr = address.parse().unwrap();
        let reply = post_with(&actor, |request| {
            request.extensions_mut().insert(ClientAddress(ip));
        });
        reply.await.status
    };
    assert_eq!(from("203.0.113.7").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        from("::ffff:203.0.113.7").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(from("203.0.113.8").await, StatusCode::OK);
    assert_eq!(from("2001:db8::1").await, StatusCode::OK);
}

/// What is no attempt at a password is not counted: a body without one, and what other endpoints refuse.
#[tokio::test]
async fn only_passwords_count() {
    let site = Site::simplejwt().await;
    let actor = site.anonymous();
    for _ in 0..20 {
        let reply = actor.post(OBTAIN, r#"{"username":"alice"}"#).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    }
    let reply = actor.post(OBTAIN, &credentials("alice", PASSWORD)).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn the_wait_is_told_in_the_language_that_is_asked_for() {
    let site = Site::with(Preset::Modern, |_| {}).await;
    let actor = site.anonymous();
    fill(&actor, "alice").await;
    let reply = post_with(&actor, |request| {
        let german = "de".parse().unwrap();
        request
            .headers_mut()
            .insert(header::ACCEPT_LANGUAGE, german);
    })
    .await;
    assert_eq!(reply.header("content-language"), Some("de"));
    assert_eq!(
        reply.json()["detail"],
        "Zu viele Versuche. Die Anfrage ist voraussichtlich in 300 Sekunden wieder möglich."
    );
}
