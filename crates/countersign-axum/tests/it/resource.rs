//! `/api/me/`: how the header is read and what comes first.

use axum::http::{HeaderValue, Method, StatusCode, header};
use countersign::Preset;

use crate::site::{BLACKLIST, ME, Site};

#[tokio::test]
async fn the_holder_of_an_access_token_is_shown() {
    let site = Site::simplejwt().await;
    let reply = site.alice().await.get(ME).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    allow: GET, HEAD, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"id":1,"username":"alice","email":"alice@example.com"}
    "#);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    let (get, head) = (alice.get(ME).await, alice.method("HEAD", ME).await);
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.text(), "");
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("allow"), get.header("allow"));
}

#[tokio::test]
async fn a_refused_token_is_explained_for_each_class() {
    let site = Site::simplejwt().await;
    let mut mallory = site.anonymous();
    mallory.access = Some("abc".to_owned());
    let reply = mallory.get(ME).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    allow: GET, HEAD, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}
    "#);
}

#[tokio::test]
async fn an_ended_session_refuses_its_access_tokens() {
    let site = Site::modern().await;
    let alice = site.alice().await;
    alice.post(BLACKLIST, &alice.refresh_body()).await;
    let reply = alice.get(ME).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        reply.json()["messages"][0]["message"],
        "Token is blacklisted"
    );
}

#[tokio::test]
async fn authentication_comes_before_the_method() {
    let site = Site::simplejwt().await;
    let (anonymous, alice) = (site.anonymous(), site.alice().await);
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "LOCK"] {
        assert_eq!(
            anonymous.method(method, ME).await.status,
            StatusCode::UNAUTHORIZED,
            "{method}"
        );
        let reply = alice.method(method, ME).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(
            reply.text(),
            format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#)
        );
    }
    assert_eq!(
        anonymous.method("OPTIONS", ME).await.status,
        StatusCode::UNAUTHORIZED
    );
    let reply = alice.method("OPTIONS", ME).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    200 OK
    allow: GET, HEAD, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"name":"Me","description":"Tells the holder of an access token who they are.","renders":["application/json","text/html"],"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"]}
    "#);
}

#[tokio::test]
async fn only_one_header_of_two_words_counts() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    let good = alice.request(Method::GET, ME).headers()[header::AUTHORIZATION].clone();
    let absent = r#"{"detail":"Authentication credentials were not provided."}"#;
    let malformed = r#"{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}"#;
    let token = alice.access.as_deref().unwrap();
    for (lines, body) in [
        (
            vec![HeaderValue::from_str(&format!("bearer {token}")).unwrap()],
            absent,
        ),
        (vec![HeaderValue::from_str(token).unwrap()], absent),
        (vec![HeaderValue::from_static("Bearer ")], malformed),
        (vec![HeaderValue::from_static("Bearer a b")], malformed),
        (vec![good.clone(), good], malformed),
    ] {
        let mut request = site.anonymous().request(Method::GET, ME);
        for line in &lines {
            request
                .headers_mut()
                .append(header::AUTHORIZATION, line.clone());
        }
        let reply = alice.send(request).await;
        assert_eq!(reply.text(), body, "{lines:?}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"api\"")
        );
    }
    let mut request = site.anonymous().request(Method::GET, ME);
    let bytes = HeaderValue::from_bytes(b"Bearer \xc5\xff.a.b").unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, bytes);
    let reply = alice.send(request).await;
    assert_eq!(reply.json()["messages"][0]["message"], "Token is invalid");
}

#[tokio::test]
async fn header_and_schemes_are_the_settings() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        "X-Access-Token".clone_into(&mut policy.wire.auth_header_name);
        policy.wire.auth_header_types = vec!["JWT".to_owned(), "Token".to_owned()];
    })
    .await;
    let token = site.alice().await.access.unwrap();
    for (name, scheme, status) in [
        ("x-access-token", "JWT", 200),
        ("x-access-token", "Token", 200),
        ("x-access-token", "Bearer", 401),
        ("authorization", "JWT", 401),
    ] {
        let mut request = site.anonymous().request(Method::GET, ME);
        request
            .headers_mut()
            .insert(name, format!("{scheme} {token}").parse().unwrap());
        let reply = site.anonymous().send(request).await;
        assert_eq!(reply.status.as_u16(), status, "{name}: {scheme}");
        let challenge = (status == 401).then_some("JWT realm=\"api\"");
        assert_eq!(reply.header("www-authenticate"), challenge);
    }
}

#[tokio::test]
async fn tokens_elsewhere_are_not_looked_at() {
    let site = Site::simplejwt().await;
    let token = site.alice().await.access.unwrap();
    let anonymous = site.anonymous();
    let query = anonymous
        .get(&format!("{ME}?token={token}&access_token={token}"))
        .await;
    assert_eq!(query.status, StatusCode::UNAUTHORIZED);
    let mut request = anonymous.request(Method::GET, ME);
    request.headers_mut().insert(
        header::COOKIE,
        format!("access_token={token}").parse().unwrap(),
    );
    assert_eq!(
        anonymous.send(request).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn accounts_are_told_apart_from_tokens() {
    let site = Site::simplejwt().await;
    let alice = site.alice().await;
    site.deactivate("alice").await;
    assert_eq!(
        alice.get(ME).await.text(),
        r#"{"detail":"User is inactive","code":"user_inactive"}"#
    );
    let id = site.account("alice").await.id;
    site.authority.delete_account(id).await.unwrap();
    assert_eq!(
        alice.get(ME).await.text(),
        r#"{"detail":"User not found","code":"user_not_found"}"#
    );
}
