//! The extractor of resource servers: whoever an access token is about, from its claims alone.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use countersign::authority::{AccessRefusal, ClassRefusal};
use countersign::clock::Clock;
use countersign::policy::TokenClass;
use countersign_token::{Access, TokenUser, Verifier};

use crate::bearer::{self, Credentials};
use crate::headers;
use crate::wire::{Answer, simplejwt};

/// What a server without accounts judges requests by: part of its state.
///
/// ```
/// # use std::sync::Arc;
/// # use axum::Router;
/// # use axum::extract::FromRef;
/// # use axum::routing::get;
/// # use countersign::clock::SystemClock;
/// # use countersign_axum::{ResourceServer, Stateless};
/// # use countersign_token::Verifier;
/// async fn orders(Stateless(user): Stateless) -> String {
///     format!("the orders of {}", user.id())
/// }
///
/// # fn build(verifier: Verifier) -> Router {
/// let resources = ResourceServer::new(verifier, Arc::new(SystemClock::default()));
/// Router::new().route("/orders", get(orders)).with_state(resources)
/// # }
/// ```
#[derive(Clone)]
pub struct ResourceServer {
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
}

impl ResourceServer {
    /// Judges access tokens in `Authorization: Bearer …`.
    pub fn new(verifier: Verifier, clock: Arc<dyn Clock>) -> Self {
        Self {
            verifier: Arc::new(verifier),
            clock,
        }
    }

    fn user(&self, parts: &Parts) -> Result<TokenUser, Box<Answer>> {
        let schemes = [SCHEME.to_owned()];
        let token = match bearer::read(&parts.headers, &header::AUTHORIZATION, &schemes) {
            Credentials::Token(token) => Ok(token),
            Credentials::Absent => Err(simplejwt::credentials_absent()),
            Credentials::Malformed => Err(simplejwt::credentials_malformed()),
            Credentials::NotText => Err(simplejwt::credentials_not_text(&[TokenClass::Access])),
        };
        let refused = |refusal| Box::new(simplejwt::access_refused(&refusal));
        let verified = self
            .verifier
            .verify::<Access>(token.map_err(Box::new)?, self.clock.now());
        let verified = verified.map_err(|error| {
            refused(AccessRefusal::Token(vec![ClassRefusal {
                class: TokenClass::Access,
                refusal: error.into(),
            }]))
        })?;
        TokenUser::of(verified).map_err(|_| refused(AccessRefusal::NoUserClaim))
    }
}

impl std::fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResourceServer")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// The holder of an access token, as its claims tell. No database is asked: what was revoked since is good until its
/// `exp`, and so are the rights of whoever has lost them. Endpoints that must know better ask the authority.
///
/// Everybody else gets `SimpleJWT`'s 401, in English.
///
/// # Source
/// SimpleJWT `JWTStatelessUserAuthentication`.
#[derive(Debug, Clone)]
pub struct Stateless(pub TokenUser);

impl<S> FromRequestParts<S> for Stateless
where
    S: Send + Sync,
    ResourceServer: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let resources = ResourceServer::from_ref(state);
        resources
            .user(parts)
            .map(Self)
            .map_err(|answer| refusal(*answer))
    }
}

fn refusal(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.content.into_json(None)));
    *response.status_mut() = answer.status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, headers::JSON);
    fields.insert(header::CACHE_CONTROL, headers::NO_STORE);
    fields.insert(header::WWW_AUTHENTICATE, CHALLENGE);
    response
}

const SCHEME: &str = "Bearer";
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"api\"");
