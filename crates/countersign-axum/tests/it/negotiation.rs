//! Methods, types and addresses: what is settled before an endpoint looks at anything.

use axum::http::{Method, StatusCode, header};

use crate::site::{ME, OBTAIN, PASSWORD, Reply, Site, claims_of, credentials};

async fn post_accepting(site: &Site, target: &str, accept: &str) -> Reply {
    let actor = site.anonymous();
    let mut request = actor.request(Method::POST, target);
    request
        .headers_mut()
        .insert(header::ACCEPT, accept.parse().unwrap());
    actor.send(request).await
}

#[tokio::test]
async fn a_client_that_reads_no_json_is_told_so() {
    let site = Site::simplejwt().await;
    let reply = post_accepting(&site, OBTAIN, "image/png").await;
    insta::assert_snapshot!(reply.shown(), @r#"
    406 Not Acceptable
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Could not satisfy the request Accept header."}
    "#);
    let mut request = site.anonymous().request(Method::GET, ME);
    request
        .headers_mut()
        .insert(header::ACCEPT, "image/png".parse().unwrap());
    assert_eq!(
        site.anonymous().send(request).await.status,
        StatusCode::NOT_ACCEPTABLE
    );
}

#[tokio::test]
async fn browsers_get_json() {
    let site = Site::simplejwt().await;
    let reply = post_accepting(&site, OBTAIN, "text/html").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn indented_json_is_pythons() {
    let site = Site::simplejwt().await;
    let reply = post_accepting(&site, OBTAIN, "application/json; indent=2").await;
    insta::assert_snapshot!(reply.text(), @r#"
    {
      "username": [
        "This field is required."
      ],
      "password": [
        "This field is required."
      ]
    }
    "#);
}

#[tokio::test]
async fn an_unknown_format_is_not_found() {
    let site = Site::simplejwt().await;
    let reply = post_accepting(&site, &format!("{OBTAIN}?format=xml"), "*/*").await;
    assert_eq!(
        (reply.status, reply.text()),
        (StatusCode::NOT_FOUND, r#"{"detail":"Not found."}"#)
    );
}

#[tokio::test]
async fn options_describes_the_endpoint() {
    let site = Site::simplejwt().await;
    let reply = site
        .anonymous()
        .method("OPTIONS", "/api/token/refresh/")
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"name":"Token Refresh","description":"Takes a refresh token and returns a new access token.","renders":["application/json","text/html"],"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],"actions":{"POST":{"refresh":{"type":"string","required":true,"read_only":false,"label":"Refresh"},"access":{"type":"string","required":false,"read_only":true,"label":"Access"}}}}
    "#);
}

/// The token endpoints that SimpleJWT has.
fn simplejwts() -> impl Iterator<Item = &'static str> {
    let token = countersign_axum::paths().filter(|path| path.starts_with("/api/token/"));
    token.filter(|path| *path != "/api/token/issue/")
}

#[tokio::test]
async fn token_endpoints_answer_to_post_alone() {
    let site = Site::simplejwt().await;
    for path in simplejwts() {
        for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            let reply = site.anonymous().method(method, path).await;
            assert_eq!(
                reply.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
            assert_eq!(
                reply.text(),
                format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#)
            );
            assert_eq!(reply.header("allow"), Some("POST, OPTIONS"));
        }
        let reply = site.anonymous().method("HEAD", path).await;
        assert_eq!(
            (reply.status, reply.text()),
            (StatusCode::METHOD_NOT_ALLOWED, "")
        );
    }
}

#[tokio::test]
async fn other_types_of_bodies_are_not_read() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    let reply = anonymous.post_as(OBTAIN, "text/plain", b"{}").await;
    insta::assert_snapshot!(reply.shown(), @r#"
    415 Unsupported Media Type
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Unsupported media type \"text/plain\" in request."}
    "#);
    let nothing =
        r#"{"username":["This field is required."],"password":["This field is required."]}"#;
    assert_eq!(
        anonymous.post_as(OBTAIN, "text/plain", b"").await.text(),
        nothing
    );
    let mut request = anonymous.request(Method::POST, OBTAIN);
    request
        .headers_mut()
        .insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    *request.body_mut() = "{}".into();
    let reply = anonymous.send(request).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_missing_slash_is_added() {
    let site = Site::simplejwt().await;
    let reply = site.anonymous().post("/api/token?a=b", "{}").await;
    insta::assert_snapshot!(reply.shown(), @r"
    301 Moved Permanently
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    location: /api/token/?a=b
    x-content-type-options: nosniff
    x-request-id: <…>
    ");
}

#[tokio::test]
async fn paths_are_decoded_once() {
    let site = Site::simplejwt().await;
    let body = credentials("alice", PASSWORD);
    for (path, status) in [
        ("/api/t%6Fken/", 200),
        ("/api%2Ftoken/", 200),
        ("/api/token/?", 200),
        ("/api/t%256Fken/", 404),
        ("/API/token/", 404),
        ("//api/token/", 404),
        ("/api/./token/", 404),
        ("/api/token/more/", 404),
        ("/api/token/;x=1", 404),
        ("/api/", 404),
        ("/", 404),
        ("/%00", 404),
    ] {
        let reply = site.anonymous().post(path, &body).await;
        assert_eq!(reply.status.as_u16(), status, "{path}");
    }
    let reply = site.anonymous().get("/nothing/here/").await;
    insta::assert_snapshot!(reply.shown(), @r#"
    404 Not Found
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Not found."}
    "#);
}

#[tokio::test]
async fn x03_no_answer_repeats_the_host_that_a_request_names() {
    let site = Site::modern().await;
    for (target, body) in [
        ("/api/token?a=b", "{}".to_owned()),
        (OBTAIN, credentials("alice", PASSWORD)),
        (OBTAIN, credentials("alice", "a wrong one")),
        ("/nothing/here/", "{}".to_owned()),
    ] {
        let mut request = site.anonymous().request(Method::POST, target);
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example"),
            ("content-type", "application/json"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        *request.body_mut() = body.into();
        let reply = site.anonymous().send(request).await;
        let shown = format!("{:?} {}", reply.headers, reply.text());
        assert!(!shown.contains("evil.example"), "{target}: {shown}");
        if reply.status == StatusCode::OK {
            let claims = claims_of(&reply.token("access"));
            assert!(!claims.to_json().contains("evil.example"));
        }
    }
}

#[tokio::test]
async fn x05_neither_path_nor_method_is_taken_from_a_header() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    for (name, value) in [
        ("x-original-url", ME),
        ("x-rewrite-url", ME),
        ("x-http-method-override", "GET"),
        ("x-method-override", "GET"),
        ("x-http-method", "GET"),
    ] {
        let mut request = alice.request(Method::POST, OBTAIN);
        request.headers_mut().insert(name, value.parse().unwrap());
        let reply = alice.send(request).await;
        let plain = alice.method("POST", OBTAIN).await;
        assert_eq!(reply.shown(), plain.shown(), "{name}");
        let mut request = alice.request(Method::GET, ME);
        request
            .headers_mut()
            .insert(name, "DELETE".parse().unwrap());
        assert_eq!(alice.send(request).await.status, StatusCode::OK, "{name}");
    }
}
