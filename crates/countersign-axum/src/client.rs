//! Who sends a request, as far as HTTP tells.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use countersign::authority::Client;

/// The address of whoever sends a request: a request extension that the server inserts.
///
/// Without it the authority knows no address. It is the peer's, unless [`TrustedProxies`](crate::TrustedProxies) stand
/// before the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// What a [`Client`] borrows from, once the request itself is gone.
pub(crate) struct Sender {
    user_agent: Option<HeaderValue>,
    ip: Option<IpAddr>,
}

impl<S: Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl Sender {
    pub(crate) fn of(parts: &Parts) -> Self {
        let address = parts.extensions.get::<ClientAddress>();
        Self {
            user_agent: parts.headers.get(header::USER_AGENT).cloned(),
            ip: address.map(|ClientAddress(ip)| ip.to_canonical()),
        }
    }

    /// A user agent that is not UTF-8 counts as none.
    pub(crate) fn client(&self) -> Client<'_> {
        let user_agent = self.user_agent.as_ref().map(HeaderValue::as_bytes);
        Client {
            user_agent: user_agent.and_then(|bytes| str::from_utf8(bytes).ok()),
            ip: self.ip,
        }
    }
}
