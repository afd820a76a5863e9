//! The extractor of resource servers: whoever an access token is about, from its claims alone.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use countersign::authority::AccessRefusal;
use countersign::clock::Clock;
use countersign_token::{
    Access, Malformation, NoUser, Segment, TokenKind, TokenUser, Verified, Verifier, VerifyError,
};

use crate::bearer::{self, Credentials};
use crate::gate;
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

    /// The token of kind `K` that a request shows, if it is good and names somebody.
    ///
    /// # Errors
    /// The answer if it is not.
    pub(crate) fn judge<K: TokenKind>(&self, parts: &Parts) -> Result<Verified<K>, Box<Answer>> {
        let token = match bearer::read(&parts.headers, &header::AUTHORIZATION, &[SCHEME]) {
            Credentials::Token(token) => Ok(token),
            Credentials::Absent => Err(simplejwt::credentials_absent()),
            Credentials::Malformed => Err(simplejwt::credentials_malformed()),
            Credentials::NotText => Err(gate::refused::<K>(NOT_TEXT)),
        };
        let verified = self.verifier.verify::<K>(token?, self.clock.now());
        let verified = verified.map_err(gate::refused::<K>)?;
        if verified.subject().is_none_or(str::is_empty) {
            return Err(Box::new(simplejwt::access_refused(
                &AccessRefusal::NoUserClaim,
            )));
        }
        Ok(verified)
    }

    /// Whether it is the same one, and not only one like it.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.verifier, &other.verifier)
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
        let refused = |answer: Answer| gate::response(answer, &headers::CHALLENGE);
        let resources = ResourceServer::from_ref(state);
        let token = resources.judge::<Access>(parts);
        let token = token.map_err(|answer| refused(*answer))?;
        let user = TokenUser::of(token).map(Self);
        user.map_err(|NoUser| refused(simplejwt::access_refused(&AccessRefusal::NoUserClaim)))
    }
}

const SCHEME: &str = "Bearer";

const NOT_TEXT: VerifyError = VerifyError::Malformed(Malformation::Utf8(Segment::Header));
