//! Accounts as our own endpoints show them. No form of a password is any part of it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use countersign::account::Account;
use countersign_token::UnixMillis;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::headers;
use crate::problem::Problem;

/// One account.
#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a member of the JSON object"
)]
struct User<'a> {
    id: i64,
    uuid: String,
    username: &'a str,
    email: &'a str,
    email_verified: bool,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    role: i64,
    password_needs_reset: bool,
    /// RFC 3339, UTC.
    created_at: String,
    /// RFC 3339, UTC; `null` if no sign-in was recorded.
    last_login: Option<String>,
    attributes: Box<RawValue>,
}

impl<'a> User<'a> {
    fn of(account: &'a Account) -> serde_json::Result<Self> {
        Ok(Self {
            id: account.id.get(),
            uuid: account.uuid.to_string(),
            username: &account.username,
            email: &account.email,
            email_verified: account.email_verified,
            is_active: account.is_active(),
            is_staff: account.privileges.staff,
            is_superuser: account.privileges.superuser,
            role: account.role,
            password_needs_reset: account.password_needs_reset,
            created_at: moment(account.created_at),
            last_login: account.last_login.map(moment),
            attributes: RawValue::from_string(account.attributes.to_json())?,
        })
    }
}

/// A part of all accounts, and where the next part begins.
#[derive(Serialize)]
struct Page<'a> {
    results: Vec<User<'a>>,
    /// What to ask for as `after`; `null` at the end.
    next: Option<i64>,
}

/// One account.
pub(crate) fn user(account: &Account) -> Response {
    answer(User::of(account))
}

/// An account that has just been made, and where it is.
pub(crate) fn created(account: &Account, location: HeaderValue) -> Response {
    let mut response = user(account);
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// A page of at most `limit` accounts; `found` may have one more, which tells that there is another page.
pub(crate) fn page(found: &[Account], limit: usize) -> Response {
    let shown = found.get(..limit).unwrap_or(found);
    let next = shown.last().filter(|_| shown.len() < found.len());
    let results: serde_json::Result<Vec<_>> = shown.iter().map(User::of).collect();
    answer(results.map(|results| Page {
        results,
        next: next.map(|last| last.id.get()),
    }))
}

/// How many sessions ended.
pub(crate) fn ended_sessions(count: u64) -> Response {
    answer(Ok(serde_json::json!({ "ended_sessions": count })))
}

pub(super) fn answer(value: serde_json::Result<impl Serialize>) -> Response {
    let json = value.and_then(|value| serde_json::to_string(&value));
    match json {
        Ok(json) => ([(header::CONTENT_TYPE, headers::JSON)], json).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "an answer cannot be written as JSON");
            Problem::Broken.into_response()
        }
    }
}

/// In RFC 3339, UTC.
pub(super) fn moment(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| at.millis().to_string(), |at| at.to_string())
}
