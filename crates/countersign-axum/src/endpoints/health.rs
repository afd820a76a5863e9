//! `GET /healthz` and `GET /readyz`: is the process alive, and can it serve?

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::api::Api;
use crate::problem::Problem;
use crate::{failure, headers};

/// Alive: whoever can answer is.
pub(crate) async fn alive() -> Response {
    ok()
}

/// Ready: the store answers and the revocation index is up to date.
pub(crate) async fn ready(State(api): State<Arc<Api>>) -> Response {
    match api.authority.check_ready().await {
        Ok(()) => ok(),
        Err(error) => {
            failure::log(&error);
            Problem::Unavailable.into_response()
        }
    }
}

fn ok() -> Response {
    (
        [(header::CONTENT_TYPE, headers::JSON)],
        r#"{"status":"ok"}"#,
    )
        .into_response()
}
