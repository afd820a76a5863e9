//! Keys and health: endpoints that no original has.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use countersign::Preset;
use countersign_token::Algorithm;

use crate::site::{Site, send};

const KEYS: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn public_keys_are_published_and_may_be_cached() {
    let site = Site::with(Preset::Modern, |policy| {
        policy.tokens.algorithm = Algorithm::Es256;
    })
    .await;
    let reply = site.anonymous().get(KEYS).await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/jwk-set+json")
    );
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    let keys = reply.json();
    assert_eq!(keys["keys"][0]["alg"], "ES256");
    assert_eq!(keys["keys"][0]["use"], "sig");
    assert!(keys["keys"][0].get("d").is_none());
}

#[tokio::test]
async fn a_shared_secret_is_not_published() {
    let site = Site::simplejwt().await;
    let reply = site.anonymous().get(KEYS).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    cache-control: public, max-age=300
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/jwk-set+json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"keys":[]}
    "#);
}

#[tokio::test]
async fn health_says_ok() {
    let site = Site::simplejwt().await;
    let reply = site.anonymous().get("/healthz").await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"status":"ok"}
    "#);
    assert_eq!(site.anonymous().get("/readyz").await.shown(), reply.shown());
}

#[tokio::test]
async fn our_own_endpoints_answer_problems() {
    let site = Site::simplejwt().await;
    for path in [KEYS, "/healthz", "/readyz"] {
        for method in ["POST", "PUT", "DELETE", "TRACE"] {
            let reply = site.anonymous().method(method, path).await;
            assert_eq!(
                reply.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
        }
    }
    let reply = site.anonymous().post(KEYS, "{}").await;
    insta::assert_snapshot!(reply.shown(), @r#"
    405 Method Not Allowed
    allow: GET,HEAD
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/problem+json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"type":"about:blank","title":"Method Not Allowed","status":405,"code":"method_not_allowed"}
    "#);
}

#[tokio::test]
async fn parts_can_be_mounted_alone_and_nested() {
    let site = Site::simplejwt().await;
    let authority = || Arc::clone(&site.authority);
    let nested = Router::new()
        .merge(countersign_axum::health_endpoints(authority()))
        .nest("/auth", countersign_axum::token_endpoints(authority()))
        .fallback(|| async { "the program's own" });
    let anonymous = site.anonymous();
    let reply = async |path: &str| send(&nested, anonymous.request(Method::GET, path)).await;
    assert_eq!(reply("/healthz").await.status, StatusCode::OK);
    assert_eq!(
        reply("/auth/api/token/").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(
        reply("/auth/api/token").await.header("location"),
        Some("/auth/api/token/")
    );
    assert_eq!(reply("/elsewhere").await.text(), "the program's own");
}
