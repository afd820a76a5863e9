//! A server in process, the people who use it, and what they read.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::account::{Account, Accounts, Standing};
use countersign::authority::{AccountRequest, Administrator, Client, NewPassword};
use countersign::clock::{Clock, ManualClock};
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::memory::MemoryStore;
use countersign::password::{Argon2Cost, EncodedPassword, PlainPassword};
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::store::Store;
use countersign::{Authority, Policy, Preset};
use countersign_axum::{AllauthPrefix, ClientAddress};
use countersign_token::{Algorithm, ClaimsSet, SigningKey, UnixMillis};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// 2030-01-01, noon enough.
pub(crate) const NOW: UnixMillis = UnixMillis::from_seconds(1_893_456_000);
pub(crate) const PASSWORD: &str = "pw-Alice-1";
/// The first key of the golden data.
pub(crate) const SECRET: &[u8] =
    b"countersign-golden-hmac-key-one-0123456789abcdef0123456789abcdef0123456789";

pub(crate) const OBTAIN: &str = "/api/token/";
pub(crate) const REFRESH: &str = "/api/token/refresh/";
pub(crate) const VERIFY: &str = "/api/token/verify/";
pub(crate) const BLACKLIST: &str = "/api/token/blacklist/";
pub(crate) const SLIDING: &str = "/api/token/sliding/";
pub(crate) const SLIDING_REFRESH: &str = "/api/token/sliding/refresh/";
pub(crate) const ME: &str = "/api/me/";

/// A server with the accounts `alice` (1, active) and `bob` (2, inactive).
pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Site {
    /// SimpleJWT's defaults.
    pub(crate) async fn simplejwt() -> Self {
        Self::with(Preset::SimpleJwt, |_| {}).await
    }

    /// Our own defaults, but for the algorithm, which decides nothing here.
    pub(crate) async fn modern() -> Self {
        Self::with(Preset::Modern, |_| {}).await
    }

    /// A preset with some settings changed.
    pub(crate) async fn with(preset: Preset, change: impl FnOnce(&mut Policy)) -> Self {
        Self::over(preset, change, |store| store).await
    }

    /// The same with accounts of another make.
    pub(crate) async fn over<A: Accounts + 'static>(
        preset: Preset,
        change: impl FnOnce(&mut Policy),
        accounts: impl FnOnce(MemoryStore) -> A,
    ) -> Self {
        let store = MemoryStore::new();
        let accounts = Arc::new(accounts(store.clone()));
        Self::on(preset, change, Arc::new(store), accounts).await
    }

    /// The same over another store.
    pub(crate) async fn on(
        preset: Preset,
        change: impl FnOnce(&mut Policy),
        store: Arc<dyn Store>,
        accounts: Arc<dyn Accounts>,
    ) -> Self {
        let mut policy = Policy::preset(preset);
        policy.tokens.algorithm = Algorithm::Hs256;
        change(&mut policy);
        let source = match policy.tokens.algorithm {
            Algorithm::Hs256 => {
                let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
                SigningKeySource::Configured(key)
            }
            other => SigningKeySource::Stored(other),
        };
        Self::founded(policy, source, store, accounts).await
    }

    /// Any settings, one key, and alice as an import left her: with a stored password of somebody else's making.
    pub(crate) async fn imported(key: SigningKey, mut policy: Policy, stored: &str) -> Self {
        policy.tokens.algorithm = key.algorithm();
        let store = Arc::new(MemoryStore::new());
        let source = SigningKeySource::Configured(key);
        let site = Self::founded(policy, source, store.clone(), store).await;
        let stored = NewPassword::Encoded(EncodedPassword::from_stored(stored.to_owned()));
        let alice = site.account("alice").await.id;
        let ended = site
            .authority
            .administered_by(Administrator::Operator, &Client::default())
            .set_password(alice, stored)
            .await;
        assert_eq!(ended.unwrap(), 0);
        site
    }

    async fn founded(
        mut policy: Policy,
        source: SigningKeySource,
        store: Arc<dyn Store>,
        accounts: Arc<dyn Accounts>,
    ) -> Self {
        policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
        let clock = Arc::new(ManualClock::at(NOW));
        let authority = assemble(policy, source, store, accounts, &clock).await;
        let site = Self {
            router: countersign_axum::router_with_allauth(Arc::clone(&authority), &allauth()),
            authority,
            clock,
        };
        site.create("alice", PASSWORD, false).await;
        site.create("bob", "pw-Bob-1", true).await;
        site
    }

    pub(crate) async fn create(&self, name: &str, password: &str, inactive: bool) -> Account {
        let request = AccountRequest {
            email: format!("{name}@example.com"),
            inactive,
            ..AccountRequest::default()
        };
        let password = PlainPassword::new(password.to_owned());
        self.authority
            .create_account(name.to_owned(), Some(password), request)
            .await
            .unwrap()
    }

    pub(crate) async fn account(&self, name: &str) -> Account {
        self.authority.find_account(name).await.unwrap().unwrap()
    }

    pub(crate) async fn deactivate(&self, name: &str) {
        let id = self.account(name).await.id;
        self.authority
            .set_standing(id, Standing::Inactive)
            .await
            .unwrap();
    }

    /// Somebody without any token.
    pub(crate) const fn anonymous(&self) -> Actor<'_> {
        Actor {
            site: self,
            access: None,
            refresh: None,
        }
    }

    /// Whoever shows this in the header.
    pub(crate) fn holder_of(&self, access: &str) -> Actor<'_> {
        Actor {
            access: Some(access.to_owned()),
            ..self.anonymous()
        }
    }

    /// Alice, signed in.
    pub(crate) async fn alice(&self) -> Actor<'_> {
        self.signed_in("alice", PASSWORD).await
    }

    /// Somebody, signed in.
    pub(crate) async fn signed_in(&self, name: &str, password: &str) -> Actor<'_> {
        let reply = self
            .anonymous()
            .post(OBTAIN, &credentials(name, password))
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        Actor {
            site: self,
            access: Some(reply.token("access")),
            refresh: Some(reply.token("refresh")),
        }
    }
}

/// Where jwt-allauth's endpoints are.
fn allauth() -> AllauthPrefix {
    AllauthPrefix::parse("/auth").unwrap()
}

async fn assemble(
    policy: Policy,
    source: SigningKeySource,
    store: Arc<dyn Store>,
    accounts: Arc<dyn Accounts>,
    clock: &Arc<ManualClock>,
) -> Arc<Authority> {
    let master = || MasterKey::from_bytes([7; 32]);
    KeyRing::found(store.as_ref(), &master(), &source, &SystemRandom, NOW)
        .await
        .unwrap();
    let keys = KeyRing::load(store.as_ref(), master(), source)
        .await
        .unwrap();
    let clock: Arc<dyn Clock> = clock.clone();
    Arc::new(Authority::new(policy, keys, store, accounts, clock).unwrap())
}

/// Somebody who sends requests.
pub(crate) struct Actor<'a> {
    site: &'a Site,
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

impl Actor<'_> {
    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.send(self.request(Method::GET, target)).await
    }

    pub(crate) async fn method(&self, method: &str, target: &str) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.send(self.request(method, target)).await
    }

    pub(crate) async fn post(&self, target: &str, body: &str) -> Reply {
        self.post_as(target, "application/json", body.as_bytes())
            .await
    }

    pub(crate) async fn post_as(&self, target: &str, content_type: &str, body: &[u8]) -> Reply {
        self.send_as(Method::POST, target, content_type, body).await
    }

    pub(crate) async fn patch(&self, target: &str, body: &str) -> Reply {
        let json = "application/json";
        self.send_as(Method::PATCH, target, json, body.as_bytes())
            .await
    }

    async fn send_as(
        &self,
        method: Method,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Reply {
        let mut request = self.request(method, target);
        if !content_type.is_empty() {
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        *request.body_mut() = Body::from(Bytes::copy_from_slice(body));
        self.send(request).await
    }

    /// Uses the refresh token.
    pub(crate) async fn refresh(&self) -> Reply {
        self.post(REFRESH, &self.refresh_body()).await
    }

    /// A body with the refresh token.
    pub(crate) fn refresh_body(&self) -> String {
        format!(r#"{{"refresh":"{}"}}"#, self.refresh.as_deref().unwrap())
    }

    /// A request by this actor, without a body.
    pub(crate) fn request(&self, method: Method, target: &str) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, "id.example");
        if let Some(access) = &self.access {
            request = request.header(header::AUTHORIZATION, format!("Bearer {access}"));
        }
        let mut request = request.body(Body::empty()).unwrap();
        let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
        request.extensions_mut().insert(ClientAddress(address));
        request
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        send(&self.site.router, request).await
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn token(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status, all headers and the body, with tokens and what differs each time taken out.
    pub(crate) fn shown(&self) -> String {
        let mut fields: Vec<String> = self
            .headers
            .iter()
            .map(|(name, value)| match name.as_str() {
                "x-request-id" | "content-length" => format!("{name}: <…>"),
                _ => format!("{name}: {}", value.to_str().unwrap()),
            })
            .collect();
        fields.sort();
        format!(
            "{}\n{}\n\n{}",
            self.status,
            fields.join("\n"),
            redacted(self.text())
        )
    }
}

pub(crate) fn credentials(username: &str, password: &str) -> String {
    serde_json::json!({ "username": username, "password": password }).to_string()
}

/// What a token says.
pub(crate) fn claims_of(token: &str) -> ClaimsSet {
    let payload = token.split('.').nth(1).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap();
    ClaimsSet::parse(str::from_utf8(&bytes).unwrap()).unwrap()
}

/// Takes the texts for people out of a body, and leaves what programs read.
pub(crate) fn without_texts(body: Value) -> Value {
    match body {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "code" | "token_class" | "token_type" => (name, value),
                _ => (name, without_texts(value)),
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(without_texts).collect(),
        Value::String(text) if !text.is_empty() => "<text>".into(),
        other => other,
    }
}

/// Replaces every token by `<JWT>`.
pub(crate) fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, token) = rest.split_at(at);
        let length = token
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
            .unwrap_or(token.len());
        shown.push_str(before);
        shown.push_str("<JWT>");
        rest = &token[length..];
    }
    shown + rest
}
