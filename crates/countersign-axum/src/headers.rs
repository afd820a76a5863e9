//! Names and values of the headers that this crate writes by itself.

use axum::http::{HeaderName, HeaderValue};

/// Says that an answer is an earlier one once more, within the grace.
pub(crate) const REFRESH_NOTE: HeaderName = HeaderName::from_static("countersign-refresh");
pub(crate) const REPLAYED: HeaderValue = HeaderValue::from_static("replayed");

/// Says why a session ended, to whoever holds one of its tokens.
pub(crate) const CAUSE: HeaderName = HeaderName::from_static("countersign-cause");

/// Names a request in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const JWK_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");
pub(crate) const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
pub(crate) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

pub(crate) const VARY_ACCEPT: HeaderValue = HeaderValue::from_static("Accept");
pub(crate) const VARY_LANGUAGE: HeaderValue = HeaderValue::from_static("Accept, Accept-Language");
pub(crate) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
pub(crate) const ONE_SECOND: HeaderValue = HeaderValue::from_static("1");
pub(crate) const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Nothing in an answer of ours may ever be loaded, run or framed.
pub(crate) const CONTENT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// What our own endpoints ask for: a service credential or an access token.
pub(crate) const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"api\"");

/// Five minutes: a new key is published well before it signs.
pub(crate) const CACHE_KEYS: HeaderValue = HeaderValue::from_static("public, max-age=300");
