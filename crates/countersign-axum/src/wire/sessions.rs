//! Sessions as their owner reads them.

use std::sync::Arc;

use axum::http::header;
use axum::response::Response;
use countersign::authority::{OwnSession, TokenRefusal};
use countersign_token::UnixMillis;
use serde::Serialize;

use super::{simplejwt, users};
use crate::api::Api;
use crate::guard;

/// One session.
#[derive(Serialize)]
struct Session {
    /// A UUID; also in the session claim of its tokens, where the settings put one.
    id: String,
    /// Where it was opened; `null` where that is not known.
    ip: Option<String>,
    /// RFC 3339, UTC, as are the others.
    created: String,
    last_used: String,
    expires: String,
    /// Whether the request belongs to it.
    current: bool,
}

impl From<&OwnSession> for Session {
    fn from(own: &OwnSession) -> Self {
        let session = &own.session;
        Self {
            id: session.id.to_string(),
            ip: None,
            created: users::moment(session.created_at),
            last_used: users::moment(session.last_used_at),
            expires: users::moment(UnixMillis::from(session.expires_at)),
            current: own.is_current,
        }
    }
}

/// A list of sessions.
pub(crate) fn list(sessions: &[OwnSession]) -> Response {
    let sessions: Vec<_> = sessions.iter().map(Session::from).collect();
    users::answer(Ok(sessions))
}

/// How many sessions ended.
pub(crate) fn ended(count: u64) -> Response {
    users::answer(Ok(serde_json::json!({ "ended": count })))
}

/// A refresh token that is refused, as the token endpoints refuse it: who signs out may do so with a client of theirs.
pub(crate) fn token_refused(api: &Arc<Api>, refusal: &TokenRefusal) -> Response {
    let mut response = guard::plain(simplejwt::token_refused(refusal));
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, api.challenge.clone());
    response
}
