//! A path of the table without the slash at its end: sent on, as Django does, whatever the method.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::endpoints::unknown::unknown;
use crate::headers;

/// Sends the client on to the same address with a slash.
///
/// The address is made of the route, not of what the client sent: it leads nowhere else, and to no other host. What
/// stands for a parameter of the route must need no encoding; no name of ours does.
pub(crate) async fn add_slash(
    route: MatchedPath,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    uri: Uri,
) -> Response {
    let mut path = route.as_str().to_owned();
    for (name, value) in parameters.iter().flatten() {
        if !value.bytes().all(needs_no_encoding) {
            return unknown().await;
        }
        path = path.replace(&format!("{{{name}}}"), value);
    }
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let Ok(location) = HeaderValue::try_from(format!("{path}/{query}")) else {
        return unknown().await;
    };
    let fields = [
        (header::LOCATION, location),
        (header::CONTENT_TYPE, headers::HTML),
    ];
    (StatusCode::MOVED_PERMANENTLY, fields).into_response()
}

/// The unreserved characters of RFC 3986 §2.3.
fn needs_no_encoding(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
