//! Signing in, and what clients get wrong about it.

use axum::http::StatusCode;
use countersign::Preset;
use countersign::policy::LoginName;

use crate::site::{OBTAIN, PASSWORD, SLIDING, Site, credentials};

#[tokio::test]
async fn a_password_gives_a_pair() {
    let site = Site::simplejwt().await;
    let reply = site
        .anonymous()
        .post(OBTAIN, &credentials("alice", PASSWORD))
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

    {"refresh":"<JWT>","access":"<JWT>"}
    "#);
}

#[tokio::test]
async fn a_refused_sign_in_does_not_say_why() {
    let site = Site::simplejwt().await;
    let reply = site
        .anonymous()
        .post(OBTAIN, &credentials("alice", "wrong"))
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"No active account found with the given credentials"}
    "#);
    for (username, password) in [
        ("nobody", PASSWORD),
        ("bob", "pw-Bob-1"),
        ("Alice", PASSWORD),
    ] {
        let other = site
            .anonymous()
            .post(OBTAIN, &credentials(username, password))
            .await;
        assert_eq!(other.shown(), reply.shown(), "{username}");
    }
}

#[tokio::test]
async fn all_fields_are_judged_at_once() {
    let site = Site::simplejwt().await;
    let reply = site
        .anonymous()
        .post(OBTAIN, r#"{"username":null,"password":[" "]}"#)
        .await;
    insta::assert_snapshot!(reply.shown(), @r#"
    400 Bad Request
    allow: POST, OPTIONS
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept
    x-content-type-options: nosniff
    x-request-id: <…>

    {"username":["This field may not be null."],"password":["Not a valid string."]}
    "#);
}

#[tokio::test]
async fn strict_bodies_are_taken_exactly_as_sent() {
    let site = Site::modern().await;
    for (body, status) in [
        (credentials("alice", PASSWORD), StatusCode::OK),
        (credentials(" alice", PASSWORD), StatusCode::UNAUTHORIZED),
        (
            credentials("alice", &format!("{PASSWORD} ")),
            StatusCode::UNAUTHORIZED,
        ),
        (
            r#"{"username":"alice","password":5}"#.to_owned(),
            StatusCode::BAD_REQUEST,
        ),
        (
            r#"{"username":"bob","username":"alice","password":"x"}"#.to_owned(),
            StatusCode::BAD_REQUEST,
        ),
    ] {
        assert_eq!(
            site.anonymous().post(OBTAIN, &body).await.status,
            status,
            "{body}"
        );
    }
    let form = b"username=alice&password=pw-Alice-1";
    let reply = site
        .anonymous()
        .post_as(OBTAIN, "application/x-www-form-urlencoded", form)
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    let reply = site
        .anonymous()
        .post_as(OBTAIN, "multipart/form-data; boundary=B", b"--B--")
        .await;
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

    {"detail":"Unsupported media type \"multipart/form-data; boundary=B\" in request."}
    "#);
}

#[tokio::test]
async fn credentials_in_the_address_are_not_read() {
    let site = Site::simplejwt().await;
    let target = format!("{OBTAIN}?username=alice&password={PASSWORD}");
    let reply = site.anonymous().post(&target, "").await;
    assert_eq!(
        reply.text(),
        r#"{"username":["This field is required."],"password":["This field is required."]}"#
    );
}

#[tokio::test]
async fn json_at_its_edges_is_read_as_python_reads_it() {
    let site = Site::simplejwt().await;
    let with_password = |password: &str| format!(r#"{{"username":"alice","password":{password}}}"#);
    for (body, status) in [
        (with_password(r#""\u3000pw-Alice-1\u001f""#), 200),
        (with_password(r#""\u200bpw-Alice-1""#), 401),
        (with_password("1e5"), 401),
        (with_password("007"), 400),
        (with_password("NaN"), 400),
        (with_password(r#""\ud800""#), 400),
        (with_password(r#""a\u0000""#), 400),
        (with_password("true"), 400),
        (
            format!(
                r#"{{"username":"alice","password":"{PASSWORD}","x":{}{}}}"#,
                "[".repeat(200),
                "]".repeat(200)
            ),
            200,
        ),
        (
            format!(
                r#"{{"username":"alice","password":"{PASSWORD}","x":{}{}}}"#,
                "[".repeat(300),
                "]".repeat(300)
            ),
            400,
        ),
        (
            format!(r#"{{"username":"alice","p\u0061ssword":"{PASSWORD}"}}"#),
            200,
        ),
        ("\u{c}{}".to_owned(), 400),
        ("[]".to_owned(), 400),
    ] {
        let reply = site.anonymous().post(OBTAIN, &body).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text());
    }
}

#[tokio::test]
async fn bodies_call_what_people_sign_in_with_as_the_account_does() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        policy.accounts.login = LoginName::Email;
    })
    .await;
    let with =
        |field: &str, login: &str| format!(r#"{{"{field}":"{login}","password":"{PASSWORD}"}}"#);
    for (path, field, login, status) in [
        (OBTAIN, "email", "alice@example.com", StatusCode::OK),
        (SLIDING, "email", "alice@example.com", StatusCode::OK),
        (OBTAIN, "email", "alice", StatusCode::UNAUTHORIZED),
        (
            OBTAIN,
            "username",
            "alice@example.com",
            StatusCode::BAD_REQUEST,
        ),
        // Its clients know no other name.
        (
            "/accounts/api/token/",
            "username",
            "alice@example.com",
            StatusCode::OK,
        ),
    ] {
        let reply = site.anonymous().post(path, &with(field, login)).await;
        assert_eq!(reply.status, status, "{path} {field}: {}", reply.text());
    }
    let reply = site.anonymous().post(OBTAIN, "{}").await;
    let required =
        r#"{"email":["This field is required."],"password":["This field is required."]}"#;
    assert_eq!(reply.text(), required);
}

#[tokio::test]
async fn s01_every_sign_in_has_a_session_id_of_its_own_and_takes_none_from_the_client() {
    let site = Site::modern().await;
    let offered = "5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10";
    let mut seen = std::collections::BTreeSet::from([offered.to_owned()]);
    for _ in 0..3 {
        let body = format!(
            r#"{{"username":"alice","password":"{PASSWORD}","sid":"{offered}","session":"{offered}","jti":"{offered}"}}"#
        );
        let mut request = site.anonymous().request(axum::http::Method::POST, OBTAIN);
        for (name, value) in [
            ("content-type", "application/json"),
            ("cookie", &format!("sid={offered}; sessionid={offered}")),
            ("x-session-id", offered),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        *request.body_mut() = body.into();
        let reply = site.anonymous().send(request).await;
        let claims = crate::site::claims_of(&reply.token("refresh"));
        assert!(!claims.to_json().contains(offered));
        let sid: String = claims.get("sid").unwrap().unwrap();
        assert_eq!(sid.len(), 36);
        assert!(seen.insert(sid), "no id comes twice");
    }
}
