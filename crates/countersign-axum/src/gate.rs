//! The way into a program's own routes: who judges the tokens that are shown there, and the layer that asks.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{FromRef, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use countersign::Authority;
use countersign::authority::{AccessRefusal, ClassRefusal};
use countersign::policy::TokenClass;
use countersign_token::{Authenticated, TokenKind, Verified, VerifyError};
use tower::{Layer, Service};

use crate::api::Api;
use crate::guards::Permission;
use crate::headers;
use crate::holder::Bearer;
use crate::signed_in;
use crate::stateless::ResourceServer;
use crate::wire::{Answer, simplejwt};

/// Who judges the tokens at a program's own routes: part of the program's state.
///
/// The extractors [`Bearer`] and [`Claims`](crate::Claims), and the [`layer`](Self::layer), work alike with both kinds
/// of gate. They differ in what they know:
///
/// | | [`live`](Self::live) | [`stateless`](Self::stateless) |
/// |---|---|---|
/// | asks | the authority in this process | nobody |
/// | an ended session, a revoked token | refused by the next request, where `[session] check` is on | good until `exp` |
/// | a deleted account; a deactivated one; another password | refused, the last two where the settings say so | good until `exp` |
/// | a key that was revoked | refused | good until the verifier has other keys |
/// | header and schemes | as in the settings | `Authorization: Bearer` |
/// | classes of token | those of `auth_token_classes`, of which the route asks for one | the one that the route asks for |
/// | the store is out of order | 503 | it has none |
///
/// Whoever is not let in gets `SimpleJWT`'s 401 with its challenge, in English. What a token *says*, its role say, is
/// as old as the token at either gate.
///
/// ```
/// # use std::sync::Arc;
/// # use axum::Router;
/// # use axum::routing::get;
/// # use countersign::Authority;
/// use countersign_axum::guards::role;
/// use countersign_axum::{Bearer, Gate};
/// use countersign_token::Access;
///
/// async fn orders(Bearer(token): Bearer<Access>) -> String {
///     format!("the orders of {}", token.subject().unwrap_or_default())
/// }
///
/// # async fn reports() {}
/// # fn build(authority: Arc<Authority>) -> Router {
/// let gate = Gate::live(authority);
/// let reports = Router::new()
///     .route("/reports", get(reports))
///     .route_layer(gate.layer::<Access>().with(role(700)));
/// Router::new()
///     .route("/orders", get(orders))
///     .merge(reports)
///     .with_state(gate)
/// # }
/// ```
#[derive(Clone)]
pub struct Gate(Keeper);

#[derive(Clone)]
enum Keeper {
    Live(Arc<Api>),
    Stateless(ResourceServer),
}

impl Gate {
    /// A gate that asks the authority in this process, at each request, whether the token is still in force.
    pub fn live(authority: Arc<Authority>) -> Self {
        Self(Keeper::Live(Api::new(authority)))
    }

    /// A gate that believes a token until it expires, whatever was revoked since: there is nobody to ask.
    pub const fn stateless(resources: ResourceServer) -> Self {
        Self(Keeper::Stateless(resources))
    }

    /// A layer that lets whoever shows a good token of kind `K` through, and nobody else.
    ///
    /// It puts a [`Bearer<K>`](Bearer) into the extensions of the request; extractors that ask the same gate take that
    /// and judge nothing again. It comes before methods and preflight requests: a CORS layer belongs outside of it.
    pub fn layer<K: TokenKind + 'static>(&self) -> GateLayer<K> {
        GateLayer {
            gate: self.clone(),
            permissions: Vec::new(),
            kind: PhantomData,
        }
    }

    /// The holder of a good token of kind `K`.
    ///
    /// # Errors
    /// The answer to everybody else.
    pub(crate) async fn admit<K: TokenKind + 'static>(
        &self,
        parts: &mut Parts,
    ) -> Result<Bearer<K>, Response> {
        if let Some(holder) = self.admitted(parts) {
            return Ok(holder);
        }
        match self.judge(parts).await {
            Ok(token) => Ok(Bearer(token)),
            Err(answer) => Err(self.refuse(answer)),
        }
    }

    /// Turns an answer into a response.
    pub(crate) fn refuse(&self, answer: Answer) -> Response {
        let challenge = match &self.0 {
            Keeper::Live(api) => &api.challenge,
            Keeper::Stateless(_) => &headers::CHALLENGE,
        };
        response(answer, challenge)
    }

    /// Whether a request has nothing in the place of the token: not even something that is meant for others.
    pub(crate) fn is_shown_nothing(&self, parts: &Parts) -> bool {
        let mut lines = parts.headers.get_all(self.header()).iter();
        lines.all(|line| line.as_bytes().trim_ascii().is_empty())
    }

    /// Whom a layer of this very gate has let through.
    fn admitted<K: TokenKind + 'static>(&self, parts: &Parts) -> Option<Bearer<K>> {
        let by = parts.extensions.get::<AdmittedBy<K>>()?;
        let holder = parts.extensions.get::<Bearer<K>>()?;
        self.is_same(&by.gate).then(|| holder.clone())
    }

    fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Keeper::Live(ours), Keeper::Live(theirs)) => Arc::ptr_eq(ours, theirs),
            (Keeper::Stateless(ours), Keeper::Stateless(theirs)) => ours.is_same(theirs),
            (Keeper::Live(_), Keeper::Stateless(_)) | (Keeper::Stateless(_), Keeper::Live(_)) => {
                false
            }
        }
    }

    async fn judge<K: TokenKind>(&self, parts: &Parts) -> Result<Verified<K>, Answer> {
        let token: Authenticated = match &self.0 {
            Keeper::Live(api) => signed_in::identify(api, parts).await?.token,
            Keeper::Stateless(resources) => return resources.judge(parts).map_err(|it| *it),
        };
        token.into_kind().map_err(refused::<K>)
    }

    fn header(&self) -> &HeaderName {
        match &self.0 {
            Keeper::Live(api) => &api.token_header,
            Keeper::Stateless(_) => &header::AUTHORIZATION,
        }
    }
}

/// A program whose whole state is a resource server has a stateless gate.
impl FromRef<ResourceServer> for Gate {
    fn from_ref(resources: &ResourceServer) -> Self {
        Self::stateless(resources.clone())
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Keeper::Live(_) => "Gate::live",
            Keeper::Stateless(_) => "Gate::stateless",
        })
    }
}

/// Puts a [`Gate`] before routes; made by [`Gate::layer`].
pub struct GateLayer<K> {
    gate: Gate,
    permissions: Vec<Permission>,
    kind: PhantomData<fn() -> K>,
}

impl<K: TokenKind + 'static> GateLayer<K> {
    /// Demands something more of the token. All that is demanded must be there.
    #[must_use]
    pub fn with(mut self, permission: Permission) -> Self {
        self.permissions.push(permission);
        self
    }

    async fn admit(&self, request: Request) -> Result<Request, Response> {
        let (mut parts, body) = request.into_parts();
        let holder = self.gate.admit::<K>(&mut parts).await?;
        for permission in &self.permissions {
            let checked = permission.check(&holder.0);
            checked.map_err(|forbidden| self.gate.refuse(forbidden.answer()))?;
        }
        parts.extensions.insert(AdmittedBy::<K> {
            gate: self.gate.clone(),
            kind: PhantomData,
        });
        parts.extensions.insert(holder);
        Ok(Request::from_parts(parts, body))
    }
}

impl<K> Clone for GateLayer<K> {
    fn clone(&self) -> Self {
        Self {
            gate: self.gate.clone(),
            permissions: self.permissions.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> fmt::Debug for GateLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateLayer")
            .field("gate", &self.gate)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

impl<S, K> Layer<S> for GateLayer<K> {
    type Service = Gated<S, K>;

    fn layer(&self, inner: S) -> Gated<S, K> {
        Gated {
            inner,
            layer: Arc::new(self.clone()),
        }
    }
}

/// The layer at work.
pub struct Gated<S, K> {
    inner: S,
    layer: Arc<GateLayer<K>>,
}

impl<S: Clone, K> Clone for Gated<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: Arc::clone(&self.layer),
        }
    }
}

impl<S, K> fmt::Debug for Gated<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated")
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}

impl<S, K> Service<Request> for Gated<S, K>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    K: TokenKind + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that said it is ready is the one to call.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let layer = Arc::clone(&self.layer);
        Box::pin(async move {
            match layer.admit(request).await {
                Ok(request) => inner.call(request).await,
                Err(response) => Ok(response),
            }
        })
    }
}

/// Beside a [`Bearer<K>`](Bearer) in the extensions of a request: who put it there.
struct AdmittedBy<K> {
    gate: Gate,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for AdmittedBy<K> {
    fn clone(&self) -> Self {
        Self {
            gate: self.gate.clone(),
            kind: PhantomData,
        }
    }
}

/// The answer to a token that is not a good one of kind `K`. The original has no words for kinds of a program's own.
pub(crate) fn refused<K: TokenKind>(error: VerifyError) -> Answer {
    match TokenClass::parse(K::TYPE) {
        Some(class) => {
            let refusal = error.into();
            let of_class = ClassRefusal { class, refusal };
            simplejwt::access_refused(&AccessRefusal::Token(vec![of_class]))
        }
        None => simplejwt::verification_refused(&error.into()),
    }
}

/// An answer of no endpoint of ours: in English.
pub(crate) fn response(answer: Answer, challenge: &HeaderValue) -> Response {
    let mut response = Response::new(Body::from(answer.content.into_json(None)));
    *response.status_mut() = answer.status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, headers::JSON);
    fields.insert(header::CACHE_CONTROL, headers::NO_STORE);
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, headers::NOSNIFF);
    if answer.status == StatusCode::UNAUTHORIZED {
        fields.insert(header::WWW_AUTHENTICATE, challenge.clone());
    }
    if let Some((name, value)) = answer.header {
        fields.insert(name, value);
    }
    response
}
