//! What may stand in a body.

use axum::http::header;
use countersign::Preset;
use serde_json::json;

use super::{Desk, Engine, USERS, done, refused};

const PASSWORD: &str = "/api/users/1/set-password/";

/// A body, the code of its refusal, and the name in it, if one is at fault.
const REFUSED: &[(&str, &str, &str)] = &[
    (r"{}", "missing_member", "username"),
    (r#"{"username":null}"#, "invalid_member", "username"),
    (r#"{"username":7}"#, "invalid_member", "username"),
    (r#"{"username":["zoe"]}"#, "invalid_member", "username"),
    (r#"{"username":"z\u0000oe"}"#, "invalid_member", "username"),
    (r#"{"username":""}"#, "unusable_username", ""),
    (r#"{"username":"z\noe"}"#, "unusable_username", ""),
    (r#"{"username":"z\u200boe"}"#, "unusable_username", ""),
    (r#"{"username":"z\u202eoe"}"#, "unusable_username", ""),
    (r#"{"username":" zoe"}"#, "unusable_username", ""),
    (r#"{"username":"zoe\u00a0"}"#, "unusable_username", ""),
    (
        r#"{"username":"zoe","Email":""}"#,
        "unknown_member",
        "Email",
    ),
    (r#"{"username":"zoe","id":9}"#, "unknown_member", "id"),
    (r#"{"username":"zoe","uuid":""}"#, "unknown_member", "uuid"),
    (
        r#"{"username":"zoe","email_verified":true}"#,
        "unknown_member",
        "email_verified",
    ),
    (
        r#"{"username":"zoe","email":"nowhere"}"#,
        "unusable_email",
        "",
    ),
    (r#"{"username":"zoe","email":"@b"}"#, "unusable_email", ""),
    (r#"{"username":"zoe","email":"a@"}"#, "unusable_email", ""),
    (
        r#"{"username":"zoe","email":"a b@c"}"#,
        "unusable_email",
        "",
    ),
    (
        r#"{"username":"zoe","email":null}"#,
        "invalid_member",
        "email",
    ),
    (
        r#"{"username":"zoe","is_staff":1}"#,
        "invalid_member",
        "is_staff",
    ),
    (
        r#"{"username":"zoe","is_active":"true"}"#,
        "invalid_member",
        "is_active",
    ),
    (r#"{"username":"zoe","role":1.0}"#, "invalid_member", "role"),
    (r#"{"username":"zoe","role":"1"}"#, "invalid_member", "role"),
    (
        r#"{"username":"zoe","role":9223372036854775808}"#,
        "invalid_member",
        "role",
    ),
    (
        r#"{"username":"zoe","attributes":[]}"#,
        "invalid_member",
        "attributes",
    ),
    (
        r#"{"username":"zoe","attributes":null}"#,
        "invalid_member",
        "attributes",
    ),
    (r#"{"username":"zoe","password":""}"#, "weak_password", ""),
    (
        r#"{"username":"zoe","password":12345678}"#,
        "invalid_member",
        "password",
    ),
    (
        r#"{"username":"zoe","encoded_password":"in clear"}"#,
        "invalid_member",
        "encoded_password",
    ),
    (
        r#"{"username":"zoe","password":"pw-Zoe-123","encoded_password":"!"}"#,
        "invalid_member",
        "encoded_password",
    ),
];

#[tokio::test]
async fn what_cannot_be_used_is_refused_by_name() {
    let desk = Desk::modern(Engine::Memory).await;
    let long = json!({ "username": "x".repeat(151) }).to_string();
    let long = (long.as_str(), "unusable_username", "");
    for (body, code, name) in REFUSED.iter().copied().chain([long]) {
        let reply = desk.service().post(USERS, body).await;
        refused(&reply, 400, code);
        let named = reply.json()["name"].as_str().unwrap_or_default().to_owned();
        assert_eq!(named, name, "{body}");
    }
    let listed = done(&desk.service().get(USERS).await);
    assert_eq!(listed["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn two_names_that_look_the_same_are_one() {
    let desk = Desk::modern(Engine::Memory).await;
    let made = done(
        &desk
            .service()
            .post(USERS, r#"{"username":"\ufb01ona"}"#)
            .await,
    );
    assert_eq!(made["username"], "fiona");
    for name in ["fiona", "\u{fb01}ona", "\u{ff46}iona", "\u{ff41}lice"] {
        let body = json!({ "username": name }).to_string();
        let reply = desk.service().post(USERS, &body).await;
        refused(&reply, 409, "username_taken");
    }
    let other = done(&desk.service().post(USERS, r#"{"username":"Fiona"}"#).await);
    assert_eq!(other["username"], "Fiona", "case tells names apart");
}

#[tokio::test]
async fn a_password_is_text_within_bounds() {
    let desk = Desk::modern(Engine::Memory).await;
    let long = json!({ "password": "x".repeat(1025) }).to_string();
    for (body, code) in [
        ("", "missing_member"),
        (r"{}", "missing_member"),
        (r#"{"password":""}"#, "weak_password"),
        (&long, "weak_password"),
        (r#"{"password":"a\u0000b"}"#, "invalid_member"),
        (r#"{"password":null}"#, "invalid_member"),
        (r#"{"encoded_password":"pw-Zoe-123"}"#, "invalid_member"),
        (r#"{"password":"pw-Zoe-123","old":"x"}"#, "unknown_member"),
    ] {
        refused(&desk.service().post(PASSWORD, body).await, 400, code);
    }
    desk.site.alice().await;
    let longest = json!({ "password": "x".repeat(1024) }).to_string();
    done(&desk.service().post(PASSWORD, &longest).await);
}

#[tokio::test]
async fn an_encoded_password_costs_no_more_than_four_of_djangos() {
    let desk = Desk::modern(Engine::Memory).await;
    let encoded = |rounds: u32| {
        let form = format!("pbkdf2_sha256${rounds}$salt$hash");
        json!({ "encoded_password": form }).to_string()
    };
    let reply = desk.service().post(PASSWORD, &encoded(6_000_001)).await;
    refused(&reply, 400, "invalid_member");
    assert_eq!(reply.json()["name"], "encoded_password");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("at most four times"), "{detail}");
    done(&desk.service().post(PASSWORD, &encoded(6_000_000)).await);
}

/// Whoever asks over HTTP is judged under every preset, a superuser and a program as well.
#[tokio::test]
async fn a_new_password_is_long_and_uncommon_and_not_the_name() {
    for preset in Preset::ALL {
        let desk = Desk::with(Engine::Memory, preset, |_| {}).await;
        let root = desk.superuser("root").await;
        for who in [&desk.service(), &root] {
            for (password, why) in [
                ("pw-Zoe7", "a password has at least 8 characters"),
                ("PassWord1", "one of the most common"),
                ("zoe-of-here", "the user name or the e-mail address"),
                ("Zoe.Example", "the user name or the e-mail address"),
            ] {
                let new = json!({ "username": "Zoe-of-Here", "email": "zoe.example@example.org",
                    "password": password });
                let reply = who.post(USERS, &new.to_string()).await;
                refused(&reply, 400, "weak_password");
                let detail = reply.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(why), "{password}: {detail}");
                assert!(!reply.text().contains(password), "{password}");
            }
            for weak in ["pw-Zoe7", "PassWord1", "ALICE@example.com"] {
                let body = json!({ "password": weak }).to_string();
                refused(&who.post(PASSWORD, &body).await, 400, "weak_password");
            }
        }
        // What is stored already is nobody's choice.
        let hash = desk
            .site
            .account("alice")
            .await
            .password
            .as_stored()
            .to_owned();
        let encoded = json!({ "encoded_password": hash }).to_string();
        done(&desk.service().post(PASSWORD, &encoded).await);
    }
}

#[tokio::test]
async fn a_body_is_one_object_in_json() {
    let desk = Desk::modern(Engine::Memory).await;
    let deep = format!(
        r#"{{"username":"zoe","attributes":{}1{}}}"#,
        r#"{"a":"#.repeat(40),
        "}".repeat(40)
    );
    for body in [
        "null",
        "[]",
        "\"zoe\"",
        "{",
        r#"{"username":"zoe"} x"#,
        r#"{"username":"zoe","username":"eve"}"#,
        r#"{"username":"zoe","user\u006eame":"eve"}"#,
        r#"{"username":"\ud800"}"#,
        r#"{"username":"zoe","role":NaN}"#,
        &deep,
    ] {
        let reply = desk.service().post(USERS, body).await;
        refused(&reply, 400, "malformed_json");
    }
    let body = br#"{"username":"zoe"}"#;
    for content_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ] {
        let reply = desk.service().post_as(USERS, content_type, body).await;
        refused(&reply, 415, "unsupported_media_type");
    }
    let large = format!(r#"{{"username":"zoe","email":"{}"}}"#, "x".repeat(65_536));
    refused(
        &desk.service().post(USERS, &large).await,
        413,
        "body_too_large",
    );
    let not_utf8 = b"{\"username\":\"\xff\"}";
    let reply = desk
        .service()
        .post_as(USERS, "application/json", not_utf8)
        .await;
    refused(&reply, 400, "malformed_json");
}

#[tokio::test]
async fn a_compressed_body_is_not_read() {
    let desk = Desk::modern(Engine::Memory).await;
    let service = desk.service();
    let mut request = service.request(axum::http::Method::POST, USERS);
    let json = header::HeaderValue::from_static("application/json");
    let gzip = header::HeaderValue::from_static("gzip");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    request.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    *request.body_mut() = r#"{"username":"zoe"}"#.into();
    refused(&service.send(request).await, 415, "unsupported_media_type");
}

#[tokio::test]
async fn attributes_are_kept_as_they_were_written_and_bounded() {
    let desk = Desk::modern(Engine::Memory).await;
    let body = r#"{"attributes": {"b" : 1e2, "a": "\u00e9"}}"#;
    let reply = desk.service().patch("/api/users/1/", body).await;
    let kept = r#""attributes":{"b":1e2,"a":"\u00e9"}}"#;
    assert!(reply.text().ends_with(kept), "{}", reply.text());
    let body = json!({ "attributes": { "a": "x".repeat(9000) } }).to_string();
    let reply = desk.service().patch("/api/users/1/", &body).await;
    refused(&reply, 400, "too_many_attributes");
    let body = r#"{"attributes":{"a":1,"a":2}}"#;
    let reply = desk.service().patch("/api/users/1/", body).await;
    refused(&reply, 400, "malformed_json");
}

#[tokio::test]
async fn ending_sessions_takes_nothing() {
    let desk = Desk::modern(Engine::Memory).await;
    let path = "/api/users/1/end-sessions/";
    for body in ["", "{}"] {
        done(&desk.service().post(path, body).await);
    }
    let reply = desk.service().post(path, r#"{"except":1}"#).await;
    refused(&reply, 400, "unknown_member");
}
