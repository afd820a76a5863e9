//! A server in process, over a store in memory.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use countersign::authority::{AccountRequest, Client, SignIn};
use countersign::clock::ManualClock;
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::memory::MemoryStore;
use countersign::password::{Argon2Cost, PlainPassword};
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::{Authority, Policy, Preset};
use countersign_token::{Algorithm, SigningKey};
use http_body_util::BodyExt as _;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use crate::{NOW, SECRET};

/// A server with nobody in it.
pub struct Site {
    runtime: Runtime,
    authority: Arc<Authority>,
    router: Router,
}

/// What came back.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Site {
    /// A server with the settings of a preset, but for HS256 and hashes that cost nothing.
    pub fn new(preset: Preset) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let authority = Arc::new(runtime.block_on(assemble(preset)));
        let router = countersign_axum::router(Arc::clone(&authority));
        Self {
            runtime,
            authority,
            router,
        }
    }

    /// Creates the account `alice` and signs it in: an access and a refresh token.
    pub fn sign_in(&self) -> (String, String) {
        self.runtime.block_on(sign_in(&self.authority))
    }

    /// Sends one request to its end.
    pub fn send(&self, mut request: Request<Body>) -> Reply {
        let host = HeaderValue::from_static("id.example");
        request.headers_mut().insert(header::HOST, host);
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await;
            let (parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
            Reply {
                status: parts.status,
                headers: parts.headers,
                body: body.collect().await.expect("a whole body").to_bytes(),
            }
        })
    }
}

impl Reply {
    /// What holds for every answer to a request that is at most the client's fault.
    pub fn is_in_order(&self) -> bool {
        let challenged = self.headers.contains_key(header::WWW_AUTHENTICATE);
        !self.status.is_server_error()
            && challenged == (self.status == StatusCode::UNAUTHORIZED)
            && serde_json::from_slice::<serde_json::Value>(&self.body).is_ok()
    }
}

async fn assemble(preset: Preset) -> Authority {
    let mut policy = Policy::preset(preset);
    policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
    policy.tokens.algorithm = Algorithm::Hs256;
    // Every body is read: none is refused for the ones before it.
    policy.throttle.enabled = false;
    let store = MemoryStore::new();
    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).expect("a key");
    let source = SigningKeySource::Configured(key);
    let master = || MasterKey::from_bytes([7; 32]);
    let founded = KeyRing::found(&store, &master(), &source, &SystemRandom, NOW).await;
    founded.expect("a new key ring");
    let keys = KeyRing::load(&store, master(), source).await;
    let accounts = Arc::new(store.clone());
    let clock = Arc::new(ManualClock::at(NOW));
    Authority::new(
        policy,
        keys.expect("the key ring"),
        Arc::new(store),
        accounts,
        clock,
    )
    .expect("an authority")
}

async fn sign_in(authority: &Authority) -> (String, String) {
    let password = || PlainPassword::new("pw-Alice-1".to_owned());
    let request = AccountRequest::default();
    let created = authority.create_account("alice".to_owned(), Some(password()), request);
    created.await.expect("an account");
    let client = Client::default();
    match authority.login("alice", password(), &client).await {
        Ok(SignIn::Opened(pair)) => (pair.access.into_string(), pair.refresh.into_string()),
        other => unreachable!("alice cannot sign in: {other:?}"),
    }
}
