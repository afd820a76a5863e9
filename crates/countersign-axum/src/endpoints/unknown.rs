//! Whatever is not in the route table.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::headers;
use crate::wire::simplejwt;

/// Says that there is nothing.
pub(crate) async fn unknown() -> Response {
    let answer = simplejwt::not_found();
    (
        answer.status,
        [(header::CONTENT_TYPE, headers::JSON)],
        answer.content.into_json(None),
    )
        .into_response()
}
