//! Sliding tokens over HTTP: one token from a password, and the same one for a while longer.

use std::time::Duration;

use axum::http::StatusCode;
use countersign::Preset;
use countersign::authority::{PurgeHorizon, Revoked, TokenListing, TokenQuery};
use countersign::policy::TokenClass;
use countersign_token::{Algorithm, ClaimsSet, HeaderForm, SigningKey, Timestamp};
use serde_json::{Value, json};

use crate::site::{
    ME, NOW, PASSWORD, Reply, SECRET, SLIDING, SLIDING_REFRESH, Site, claims_of, credentials,
};

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

/// A sliding token that Django minted with the same key, and that can be refreshed for a day.
fn minted_elsewhere() -> Value {
    let mut claims = ClaimsSet::new();
    claims.insert("token_type", "sliding").unwrap();
    claims.set_expiration(later(HALF_AN_HOUR));
    claims.set_issued_at(NOW.timestamp());
    claims
        .set_token_id("0123456789abcdef0123456789abcdef")
        .unwrap();
    claims
        .insert("refresh_exp", later(86_400).seconds())
        .unwrap();
    claims.insert("user_id", "1").unwrap();
    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
    let token = key.encode(HeaderForm::Plain, &claims).unwrap();
    json!({ "token": token.as_str() })
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds)).timestamp()
}

const HALF_AN_HOUR: u64 = 1_800;

/// SimpleJWT's list forgets a sliding token at its first `exp`: with the next flush it can be refreshed again.
#[tokio::test]
async fn a_blacklisted_token_does_not_come_back_with_a_flush() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        policy.tokens.sliding_lifetime = Duration::from_secs(HALF_AN_HOUR);
    })
    .await;
    let tokens = [sign_in(&site).await.json(), minted_elsewhere()];
    let slide = async |token: &Value| {
        let body = token.to_string();
        site.anonymous().post(SLIDING_REFRESH, &body).await
    };
    site.clock.advance_millis(1_500_000);
    let mut revoked = Vec::new();
    for token in &tokens {
        let renewed = slide(token).await.json();
        let text = renewed["token"].as_str().unwrap();
        let done = site.authority.revoke(text).await.unwrap();
        assert!(matches!(done, Revoked::Session(_) | Revoked::Token));
        revoked.push(renewed);
    }

    // The first `exp` lies further back than any leeway, that of the renewed ones ahead.
    site.clock.advance_millis(1_700_000);
    for horizon in [PurgeHorizon::Cautious, PurgeHorizon::Unbounded] {
        let purged = site.authority.purge_expired(horizon).await;
        purged.unwrap();
    }
    for token in &revoked {
        let reply = slide(token).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", reply.text());
        assert_eq!(reply.json()["detail"], "Token is blacklisted");
        let id = claims_of(token["token"].as_str().unwrap()).token_id();
        let query = TokenQuery {
            user: Some("alice"),
            token_id: id.as_deref(),
            after: None,
            limit: 10,
        };
        let listed = site.authority.blacklisted_tokens(&query).await.unwrap();
        assert!(
            matches!(listed, TokenListing::Page(page) if page.tokens.len() == 1),
            "it is still on the list"
        );
    }
}
