//! `GET /.well-known/jwks.json`: the keys that verify our tokens (RFC 7517 §5).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::api::Api;
use crate::headers;

/// Publishes the keys; none where tokens are signed with a shared secret.
pub(crate) async fn jwks(State(api): State<Arc<Api>>) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, headers::JWK_SET),
            (header::CACHE_CONTROL, headers::CACHE_KEYS),
        ],
        api.authority.jwk_set(),
    )
}
