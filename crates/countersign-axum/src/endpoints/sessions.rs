//! `/api/sessions/`: the sessions of whoever asks, and their ends.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post};
use countersign::authority::OwnEnding;
use countersign::session::SessionId;

use crate::api::Api;
use crate::endpoints::{logout, logout_all};
use crate::owner::Owner;
use crate::problem::{self, Problem};
use crate::wire;

/// `/api/logout/`
pub(crate) fn logging_out() -> MethodRouter<Arc<Api>> {
    post(logout::logout).fallback(problem::method_not_allowed)
}

/// `/api/logout-all/`
pub(crate) fn logging_out_everywhere() -> MethodRouter<Arc<Api>> {
    post(logout_all::logout_all).fallback(problem::method_not_allowed)
}

/// `/api/sessions/`
pub(crate) fn collection() -> MethodRouter<Arc<Api>> {
    get(list)
        .delete(end_others)
        .fallback(problem::method_not_allowed)
}

/// `/api/sessions/{id}/`
pub(crate) fn member() -> MethodRouter<Arc<Api>> {
    delete(end).fallback(problem::method_not_allowed)
}

/// Lists the sessions that are there, newest first.
async fn list(owner: Owner) -> Result<Response, Problem> {
    Ok(wire::sessions::list(owner.sessions().list().await?))
}

/// Ends all sessions but the request's own, and says how many there were.
async fn end_others(owner: Owner) -> Result<Response, Problem> {
    Ok(wire::sessions::ended(owner.sessions().end_others().await?))
}

/// Ends one. Whatever is no session of the owner's gets the same answer.
async fn end(owner: Owner, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = SessionId::parse(&id).ok_or(Problem::NotFound)?;
    match owner.sessions().end(id).await? {
        OwnEnding::Ended => Ok(StatusCode::NO_CONTENT.into_response()),
        OwnEnding::Unknown => Err(Problem::NotFound),
    }
}
