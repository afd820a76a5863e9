//! A path of the table without the slash at its end: sent on, as Django does, whatever the method.

use axum::extract::MatchedPath;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::endpoints::unknown::unknown;
use crate::headers;

/// Sends the client on to the same address with a slash.
///
/// The address is made of the route, not of what the client sent: it leads nowhere else, and to no other host.
pub(crate) async fn add_slash(route: MatchedPath, uri: Uri) -> Response {
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let Ok(location) = HeaderValue::try_from(format!("{}/{query}", route.as_str())) else {
        return unknown().await;
    };
    let fields = [
        (header::LOCATION, location),
        (header::CONTENT_TYPE, headers::HTML),
    ];
    (StatusCode::MOVED_PERMANENTLY, fields).into_response()
}
