//! What somebody without a token gets, for every route there is.

use std::collections::BTreeMap;

use crate::site::Site;

/// Method, status, and the body.
type Case = (&'static str, u16, &'static str);

/// Every path of the route table with a case of its own. A route without one fails the test below.
const CASES: &[(&str, Case)] = &[
    (
        "/api/token/",
        (
            "POST",
            400,
            r#"{"username":["This field is required."],"password":["This field is required."]}"#,
        ),
    ),
    (
        "/api/token/refresh/",
        ("POST", 400, r#"{"refresh":["This field is required."]}"#),
    ),
    (
        "/api/token/verify/",
        ("POST", 400, r#"{"token":["This field is required."]}"#),
    ),
    (
        "/api/token/blacklist/",
        ("POST", 400, r#"{"refresh":["This field is required."]}"#),
    ),
    (
        "/api/token/sliding/",
        (
            "POST",
            400,
            r#"{"username":["This field is required."],"password":["This field is required."]}"#,
        ),
    ),
    (
        "/api/token/sliding/refresh/",
        ("POST", 400, r#"{"token":["This field is required."]}"#),
    ),
    (
        "/accounts/api/token/",
        (
            "POST",
            400,
            r#"{"username":["This field is required."],"password":["This field is required."]}"#,
        ),
    ),
    (
        "/accounts/api/token/refresh/",
        ("POST", 400, r#"{"refresh":["This field is required."]}"#),
    ),
    (
        "/api/me/",
        (
            "GET",
            401,
            r#"{"detail":"Authentication credentials were not provided."}"#,
        ),
    ),
    (
        "/api/logout/",
        (
            "POST",
            400,
            r#"{"type":"about:blank","title":"Bad Request","status":400,"code":"missing_member","name":"refresh"}"#,
        ),
    ),
    ("/api/logout-all/", ("POST", 401, TOKEN_REQUIRED)),
    ("/api/sessions/", ("GET", 401, TOKEN_REQUIRED)),
    ("/api/sessions/{id}/", ("DELETE", 401, TOKEN_REQUIRED)),
    (
        "/api/tokens/outstanding/",
        (
            "GET",
            401,
            r#"{"detail":"Authentication credentials were not provided."}"#,
        ),
    ),
    (
        "/api/tokens/blacklisted/",
        (
            "GET",
            401,
            r#"{"detail":"Authentication credentials were not provided."}"#,
        ),
    ),
    ("/api/users/", ("GET", 401, NOT_AUTHENTICATED)),
    ("/api/users/{id}/", ("GET", 401, NOT_AUTHENTICATED)),
    (
        "/api/users/{id}/set-password/",
        ("POST", 401, NOT_AUTHENTICATED),
    ),
    (
        "/api/users/{id}/end-sessions/",
        ("POST", 401, NOT_AUTHENTICATED),
    ),
    ("/api/token/issue/", ("POST", 401, NOT_AUTHENTICATED)),
    ("/.well-known/jwks.json", ("GET", 200, r#"{"keys":[]}"#)),
    ("/healthz", ("GET", 200, r#"{"status":"ok"}"#)),
    ("/readyz", ("GET", 200, r#"{"status":"ok"}"#)),
];

/// What our own endpoints say to strangers.
const NOT_AUTHENTICATED: &str = r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"not_authenticated","detail":"show an access token or a service credential in the Authorization header"}"#;

/// The same where only a token will do.
const TOKEN_REQUIRED: &str = r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"not_authenticated","detail":"show an access token in the Authorization header"}"#;

#[tokio::test]
async fn every_route_has_an_answer_for_strangers() {
    let site = Site::simplejwt().await;
    let cases: BTreeMap<_, _> = CASES.iter().copied().collect();
    for path in countersign_axum::paths() {
        let Some((method, status, body)) = cases.get(path) else {
            panic!("{path} has no case: what does somebody without a token get there?");
        };
        let reply = site.anonymous().method(method, path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (*status, *body),
            "{path}"
        );
    }
    assert_eq!(
        cases.len(),
        countersign_axum::paths().count(),
        "a case without a route"
    );
}
