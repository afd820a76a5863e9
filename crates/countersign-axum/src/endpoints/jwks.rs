//! `GET /.well-known/jwks.json`: the keys that verify our tokens (RFC 7517 §5).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::api::Api;
use crate::problem::Problem;
use crate::{failure, headers};

/// Publishes the keys; none where tokens are signed with a shared secret.
pub(crate) async fn jwks(State(api): State<Arc<Api>>) -> Response {
    let described = [
        (header::CONTENT_TYPE, headers::JWK_SET),
        (header::CACHE_CONTROL, headers::CACHE_KEYS),
    ];
    match api.authority.jwk_set().await {
        Ok(keys) => (described, keys).into_response(),
        Err(error) => {
            failure::log(&error);
            Problem::Unavailable.into_response()
        }
    }
}
