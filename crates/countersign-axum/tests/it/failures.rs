//! What clients see when something is out of order.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use countersign::Preset;
use countersign::account::{Account, AccountId, AccountKey, Accounts, Residence};
use countersign::memory::MemoryStore;
use countersign::password::EncodedPassword;
use countersign::policy::UserField;
use countersign::store::StoreError;
use countersign_axum::{Bearer, Gate};
use countersign_token::{Access, Algorithm, ClaimsSet, HeaderForm, SigningKey, UnixMillis};
use tokio::time::Instant;

use crate::site::{ME, NOW, OBTAIN, SECRET, Site, credentials, send};

/// Accounts that misbehave by name.
struct Moody(MemoryStore);

#[async_trait]
impl Accounts for Moody {
    fn residence(&self) -> Residence {
        self.0.residence()
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        let AccountKey::Username(name) = key else {
            return self.0.find_account_by(key).await;
        };
        match name {
            "down" => Err(StoreError::unavailable("the disk is on fire")),
            "corrupt" => Err(StoreError::Corrupt("row 17".to_owned())),
            "panic" => panic!("nobody expected that"),
            "slow" => std::future::pending().await,
            _ => self.0.find_account_by(key).await,
        }
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.0.find_account(id).await
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.0.usernames_of(accounts).await
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.0.sample_passwords(limit).await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        self.0.upgrade_password(id, from, to).await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.0.record_login(id, at).await
    }
}

async fn moody() -> Site {
    Site::over(Preset::SimpleJwt, |_| {}, Moody).await
}

#[tokio::test]
async fn a_store_that_is_down_asks_to_try_again() {
    let site = moody().await;
    let reply = site
        .anonymous()
        .post(OBTAIN, &credentials("down", "x"))
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    503 Service Unavailable
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    retry-after: 1
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Service temporarily unavailable, try again later."}
    "#);
}

#[tokio::test]
async fn a_panic_is_a_constant_answer_and_nothing_more() {
    let site = moody().await;
    let reply = site
        .anonymous()
        .post(OBTAIN, &credentials("panic", "x"))
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    500 Internal Server Error
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"A server error occurred."}
    "#);
    assert_eq!(site.alice().await.get(ME).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_request_ends_within_a_minute() {
    let site = moody().await;
    let begun = Instant::now();
    let reply = site
        .anonymous()
        .post(OBTAIN, &credentials("slow", "x"))
        .await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(begun.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn a_gate_that_cannot_ask_lets_nobody_in_and_takes_nobody_for_a_stranger() {
    let site = Site::over(
        Preset::SimpleJwt,
        |policy| policy.tokens.user_field = UserField::Username,
        Moody,
    )
    .await;
    let expires = NOW.timestamp().seconds() + 60;
    let claims = format!(r#"{{"token_type":"access","exp":{expires},"jti":"1","user_id":"down"}}"#);
    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
    let token = key
        .encode(HeaderForm::Plain, &ClaimsSet::parse(&claims).unwrap())
        .unwrap();
    let gate = Gate::live(Arc::clone(&site.authority));
    let router = Router::new()
        .route("/one", get(async |_: Bearer<Access>| "in"))
        .route("/maybe", get(async |_: Option<Bearer<Access>>| "in"))
        .with_state(gate.clone())
        .route("/all", get(async || "in").layer(gate.layer::<Access>()));
    for path in ["/one", "/maybe", "/all"] {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.as_str()))
            .body(Body::empty());
        let reply = send(&router, request.unwrap()).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.header("www-authenticate"), None);
    }
}
