//! Sessions as their owner reads them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header;
use axum::response::Response;
use countersign::authority::{OwnSession, TokenRefusal};
use countersign_token::UnixMillis;
use serde::Serialize;

use super::{simplejwt, users};
use crate::api::Api;
use crate::guard;

/// One session, with what was recorded of its device: `null` is what is not known.
#[derive(Serialize)]
struct Session {
    /// A UUID; also in the session claim of its tokens, where the settings put one.
    id: String,
    /// RFC 3339, UTC, as are the others.
    created: String,
    last_used: String,
    expires: String,
    /// Whether the request belongs to it.
    current: bool,
    ip: Option<IpAddr>,
    is_mobile: Option<bool>,
    is_tablet: Option<bool>,
    is_pc: Option<bool>,
    is_bot: Option<bool>,
    browser: Option<String>,
    browser_version: Option<String>,
    os: Option<String>,
    os_version: Option<String>,
    device: Option<String>,
    device_brand: Option<String>,
    device_model: Option<String>,
}

impl From<OwnSession> for Session {
    fn from(own: OwnSession) -> Self {
        let session = own.session;
        let device = session.device.unwrap_or_default();
        Self {
            id: session.id.to_string(),
            created: users::moment(session.created_at),
            last_used: users::moment(session.last_used_at),
            expires: users::moment(UnixMillis::from(session.expires_at)),
            current: own.is_current,
            ip: device.ip,
            is_mobile: device.is_mobile,
            is_tablet: device.is_tablet,
            is_pc: device.is_pc,
            is_bot: device.is_bot,
            browser: device.browser,
            browser_version: device.browser_version,
            os: device.os,
            os_version: device.os_version,
            device: device.device,
            device_brand: device.device_brand,
            device_model: device.device_model,
        }
    }
}

/// A list of sessions.
pub(crate) fn list(sessions: Vec<OwnSession>) -> Response {
    let sessions: Vec<_> = sessions.into_iter().map(Session::from).collect();
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
