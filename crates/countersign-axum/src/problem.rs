//! Errors of our own endpoints: RFC 9457 problems with a stable `code`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::headers;

/// What went wrong at one of our own endpoints.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Problem {
    /// The endpoint does not know the method.
    MethodNotAllowed,
    /// Something that is needed is out of order for now.
    Unavailable,
}

impl Problem {
    const fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                r#"{"type":"about:blank","title":"Method Not Allowed","status":405,"code":"method_not_allowed"}"#,
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"unavailable"}"#,
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, body) = self.told();
        let mut response = (status, body).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, headers::PROBLEM);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let retry: HeaderValue = headers::ONE_SECOND;
            response.headers_mut().insert(header::RETRY_AFTER, retry);
        }
        response
    }
}

/// What our own endpoints say to a method that they do not know; the router adds `Allow`.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::MethodNotAllowed
}
