//! An answer before it becomes a response: status, JSON text, at most one header of its own.

use std::borrow::Cow;
use std::fmt;

use axum::http::{HeaderName, HeaderValue, StatusCode};

/// An answer to a request.
///
/// Every 401 carries the challenge (RFC 9110 §15.5.2); whoever turns the answer into a response sees to it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Cow<'static, str>,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            body: body.into(),
            header: None,
        }
    }

    pub(crate) fn ok(body: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl fmt::Debug for Answer {
    /// The body may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
