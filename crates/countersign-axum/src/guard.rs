//! The outermost layer: it sees every request first and every answer last.
//!
//! 1. A request without exactly one `Host` that can be a host, with a target over 8 KiB, or in a transfer coding
//!    other than `chunked` is refused (RFC 9112 §3.2, §3, §6.1), and its connection closed.
//! 2. It gets an id of ours, which the answer and every line of its log carry. An id that a client sends is not read.
//! 3. It is answered within a minute, or with 503.
//! 4. A panic is a constant 500: neither the connection nor the process suffers.
//! 5. Every answer carries the security headers, and no cache keeps it unless its endpoint says otherwise.
//! 6. One line of the log tells method, route and status; unknown methods and paths share one name.
//!
//! One layer and not six: each of axum's layers costs every request allocations and a copy of the router's part.

use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::future::poll_fn;
use std::hash::BuildHasher as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, Version, header};
use axum::response::Response;
use tokio::time::timeout;
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

use crate::api::Api;
use crate::headers;
use crate::wire::{Answer, simplejwt};

/// Puts [`Guard`] around routes.
#[derive(Clone)]
pub(crate) struct GuardLayer(Arc<Api>);

impl GuardLayer {
    pub(crate) fn new(api: &Arc<Api>) -> Self {
        Self(Arc::clone(api))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard {
            inner,
            api: Arc::clone(&self.0),
        }
    }
}

/// The layer at work.
#[derive(Clone)]
pub(crate) struct Guard<S> {
    inner: S,
    api: Arc<Api>,
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let id = self.api.request_ids.next();
        let span = span(&request, &id);
        let refusal = refuse(&request);
        let answering = refusal.is_none().then(|| self.inner.call(request));
        let answer = async move {
            let mut response = match (refusal, answering) {
                (Some(refusal), _) => plain(refusal),
                (None, Some(answering)) => answered(answering).await,
                (None, None) => plain(simplejwt::broken()),
            };
            add_headers(response.headers_mut(), &id);
            tracing::info!(http.status = response.status().as_u16(), "request answered");
            Ok(response)
        };
        Box::pin(answer.instrument(span))
    }
}

/// Makes request ids: unique, and in no order that would tell how many requests there are.
pub(crate) struct RequestIds {
    /// A keyed permutation, more or less, of the numbers below.
    scramble: RandomState,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self {
            scramble: RandomState::new(),
            next: AtomicU64::new(0),
        }
    }
}

impl RequestIds {
    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}", self.scramble.hash_one(number))
    }
}

fn span(request: &Request, id: &str) -> Span {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unknown", MatchedPath::as_str);
    tracing::info_span!(
        "request",
        request.id = id,
        http.method = method_name(request.method()),
        http.route = route,
    )
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}

fn refuse(request: &Request) -> Option<Answer> {
    // Later versions name the host in their own way.
    let named_in_header = request.version() <= Version::HTTP_11;
    if named_in_header && !names_one_host(request.headers()) {
        return Some(simplejwt::host_refused());
    }
    if target_bytes(request.uri()) > MOST_TARGET_BYTES {
        return Some(simplejwt::target_too_long());
    }
    if !is_coded_plainly(request.headers()) {
        return Some(simplejwt::transfer_coding_refused());
    }
    (request.method() == Method::CONNECT).then(|| simplejwt::method_not_allowed(request.method()))
}

fn names_one_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_host =
        |value: &HeaderValue| value.is_empty() || Authority::try_from(value.as_bytes()).is_ok();
    hosts.next().is_some_and(is_host) && hosts.next().is_none()
}

fn target_bytes(target: &Uri) -> usize {
    target
        .path_and_query()
        .map_or(0, |target| target.as_str().len())
}

/// A body comes as it is, or in chunks of what it is: nothing here undoes a compression.
fn is_coded_plainly(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    codings.next().is_none_or(is_chunked) && codings.next().is_none()
}

async fn answered(answering: impl Future<Output = Result<Response, Infallible>>) -> Response {
    match timeout(REQUEST_TIME, caught(answering)).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(Panicked)) => {
            tracing::error!("a request handler panicked");
            plain(simplejwt::broken())
        }
        Err(_) => {
            tracing::error!("a request took too long");
            plain(simplejwt::timed_out())
        }
    }
}

struct Panicked;

/// Ends a future at its first panic. What panicked is never looked at again.
async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(Err(Panicked)), |poll| poll.map(Ok))
    })
    .await
}

/// An answer in English: nobody has looked for another language yet.
pub(crate) fn plain(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.content.into_json(None)));
    *response.status_mut() = answer.status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, headers::JSON);
    if let Some((name, value)) = answer.header {
        response.headers_mut().insert(name, value);
    }
    response
}

fn add_headers(fields: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        fields.insert(headers::REQUEST_ID, id);
    }
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, headers::NOSNIFF);
    fields.insert(header::CONTENT_SECURITY_POLICY, headers::CONTENT_POLICY);
    fields
        .entry(header::CACHE_CONTROL)
        .or_insert(headers::NO_STORE);
}

/// The longest target of a request.
const MOST_TARGET_BYTES: usize = 8 * 1024;

/// How long a request may take altogether.
const REQUEST_TIME: Duration = Duration::from_mins(1);
