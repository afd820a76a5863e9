//! Hosts, sizes and times; and the headers that every answer carries.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, StatusCode, Version, header};
use hyper::body::Frame;
use tokio::time::Instant;

use crate::site::{ME, OBTAIN, PASSWORD, Site, credentials};

const LIMIT: usize = 64 * 1024;

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    for path in countersign_axum::paths().chain(["/nothing", "/api/me"]) {
        let reply = anonymous.get(path).await;
        assert_eq!(
            reply.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        let policy = reply.header("content-security-policy");
        assert_eq!(
            policy,
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
        assert!(reply.headers.contains_key("cache-control"), "{path}");
        assert!(!reply.headers.contains_key("server"), "{path}");
    }
}

#[tokio::test]
async fn request_ids_are_ours_and_differ() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut request = anonymous.request(Method::GET, "/healthz");
        request
            .headers_mut()
            .insert("x-request-id", "theirs".parse().unwrap());
        let id = anonymous
            .send(request)
            .await
            .header("x-request-id")
            .unwrap()
            .to_owned();
        assert!(
            id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
        assert!(!ids.contains(&id));
        ids.push(id);
    }
}

#[tokio::test]
async fn exactly_one_host_is_required() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    let mut request = anonymous.request(Method::GET, ME);
    request.headers_mut().remove(header::HOST);
    insta::assert_snapshot!(anonymous.send(request).await.shown(), @r#"
    400 Bad Request
    cache-control: no-store
    connection: close
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Exactly one Host header is required."}
    "#);
    let mut request = anonymous.request(Method::GET, ME);
    request
        .headers_mut()
        .append(header::HOST, "id.example".parse().unwrap());
    assert_eq!(
        anonymous.send(request).await.status,
        StatusCode::BAD_REQUEST
    );
    let mut request = anonymous.request(Method::GET, ME);
    request.headers_mut().remove(header::HOST);
    *request.version_mut() = Version::HTTP_2;
    assert_eq!(
        anonymous.send(request).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_host_is_a_host() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    for (host, status) in [
        ("id.example:8000", StatusCode::UNAUTHORIZED),
        ("[::1]:8000", StatusCode::UNAUTHORIZED),
        ("", StatusCode::UNAUTHORIZED), // RFC 9112 §3.2: for a target without an authority
        ("a b", StatusCode::BAD_REQUEST),
        ("a/b", StatusCode::BAD_REQUEST),
    ] {
        let mut request = anonymous.request(Method::GET, ME);
        let headers = request.headers_mut();
        headers.insert(header::HOST, host.parse().unwrap());
        assert_eq!(anonymous.send(request).await.status, status, "{host:?}");
    }
}

#[tokio::test]
async fn a_target_over_8_kib_is_refused() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    for (bytes, status) in [
        (8 * 1024, StatusCode::UNAUTHORIZED),
        (8 * 1024 + 1, StatusCode::URI_TOO_LONG),
    ] {
        let target = format!("{ME}?{}", "a".repeat(bytes - ME.len() - 1));
        let request = anonymous.request(Method::GET, &target);
        assert_eq!(anonymous.send(request).await.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn no_transfer_coding_but_chunked_is_undone() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    for (coding, status) in [
        ("chunked", StatusCode::UNAUTHORIZED),
        ("Chunked", StatusCode::UNAUTHORIZED),
        ("gzip, chunked", StatusCode::BAD_REQUEST),
        ("identity", StatusCode::BAD_REQUEST),
    ] {
        let mut request = anonymous.request(Method::GET, ME);
        let headers = request.headers_mut();
        headers.insert(header::TRANSFER_ENCODING, coding.parse().unwrap());
        assert_eq!(anonymous.send(request).await.status, status, "{coding}");
    }
}

#[tokio::test]
async fn connect_is_refused() {
    let site = Site::simplejwt().await;
    assert_eq!(
        site.anonymous()
            .method("CONNECT", "id.example:443")
            .await
            .status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_begun() {
    let site = Site::simplejwt().await;
    let reply = site.anonymous().post(OBTAIN, &" ".repeat(LIMIT + 1)).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    413 Payload Too Large
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Request body is too large."}
    "#);
}

#[tokio::test]
async fn a_body_without_a_length_is_read_up_to_the_limit() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    let good = credentials("alice", PASSWORD);
    for (body, status) in [
        (good.clone(), StatusCode::OK),
        (
            format!("{}{good}", " ".repeat(LIMIT - good.len())),
            StatusCode::OK,
        ),
        (
            format!("{}{good}", " ".repeat(LIMIT)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (String::new(), StatusCode::BAD_REQUEST),
    ] {
        let mut request = anonymous.request(Method::POST, OBTAIN);
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        *request.body_mut() = unannounced(body);
        assert_eq!(anonymous.send(request).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let site = Site::simplejwt().await;
    let anonymous = site.anonymous();
    let mut request = anonymous.request(Method::POST, OBTAIN);
    *request.body_mut() = Body::new(Endless);
    let begun = Instant::now();
    let reply = anonymous.send(request).await;
    assert_eq!(reply.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(begun.elapsed().as_secs(), 30);
}

/// A body in one piece that does not tell its length.
fn unannounced(text: String) -> Body {
    Body::new(Silent(Body::from(text)))
}

struct Silent(Body);

impl HttpBody for Silent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }
}

/// A body of which nothing ever arrives.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Poll::Pending
    }
}
