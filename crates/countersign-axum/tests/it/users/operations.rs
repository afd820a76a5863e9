//! What becomes of accounts.

use axum::http::StatusCode;
use countersign::Preset;
use countersign::account::AccountId;
use countersign::audit::{Actor as AuditActor, AuditKind};
use countersign::service::ServiceName;
use countersign::store::{AccountEdit, EditTarget, SessionsOnChange};
use serde_json::json;

use super::{Desk, Engine, USERS, done, over_every_store, refused};
use crate::site::{ME, NOW, OBTAIN, credentials, send};

over_every_store! {
    an_account_is_made_and_shown
    an_account_is_changed_in_part
    a_plain_and_an_encoded_password_sign_in
    without_a_password_nobody_signs_in
    accounts_are_listed_page_by_page
    a_name_is_taken_once_and_an_address_where_it_tells_accounts_apart
    odd_numbers_name_nobody
    another_address_is_not_verified_and_the_same_one_still_is
    a_change_is_made_as_a_whole_or_not_at_all
    every_change_is_audited_with_who_made_it
}

async fn an_account_is_made_and_shown(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let made = desk
        .service()
        .post(
            USERS,
            r#"{"username":"zoé","email":"zoe@example.org","password":"pw-Zoe-123","is_staff":true,
                "is_superuser":false,"is_active":false,"password_needs_reset":true,"role":300,
                "attributes":{"team":"red","level":1e2}}"#,
        )
        .await;
    assert_eq!(made.header("location"), Some("/api/users/3/"));
    let uuid = made.json()["uuid"].as_str().unwrap().to_owned();
    let shown = made.shown().replace(&uuid, "<uuid>");
    insta::allow_duplicates! {
        insta::assert_snapshot!(shown, @r#"
        201 Created
        cache-control: no-store
        content-length: <…>
        content-security-policy: default-src 'none'; frame-ancestors 'none'
        content-type: application/json
        location: /api/users/3/
        x-content-type-options: nosniff
        x-request-id: <…>

        {"id":3,"uuid":"<uuid>","username":"zoé","email":"zoe@example.org","email_verified":false,"is_active":false,"is_staff":true,"is_superuser":false,"role":300,"password_needs_reset":true,"created_at":"2030-01-01T00:00:00Z","last_login":null,"attributes":{"team":"red","level":1e2}}
        "#);
    }
    let found = desk.service().get("/api/users/3/").await;
    assert_eq!(done(&found), made.json());
    assert_eq!(found.text(), made.text());
}

async fn an_account_is_changed_in_part(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let mut expected = done(&desk.service().get("/api/users/1/").await);
    for (name, value) in [
        ("email", json!("new@example.org")),
        ("email", json!("")),
        ("is_staff", json!(true)),
        ("is_superuser", json!(true)),
        ("is_staff", json!(false)),
        ("is_active", json!(false)),
        ("password_needs_reset", json!(true)),
        ("role", json!(1000)),
        ("attributes", json!({"a": [1, {"b": null}]})),
        ("attributes", json!({})),
    ] {
        let body = json!({ name: value.clone() }).to_string();
        let changed = desk.service().patch("/api/users/1/", &body).await;
        expected[name] = value;
        assert_eq!(done(&changed), expected, "{body}");
        let shown = desk.service().get("/api/users/1/").await;
        assert_eq!(done(&shown), expected, "{body}");
    }
    let events = desk.audited(100).await.len();
    let nothing = desk.service().patch("/api/users/1/", "{}").await;
    assert_eq!(done(&nothing), expected);
    assert_eq!(desk.audited(100).await.len(), events, "nothing happened");
}

async fn a_plain_and_an_encoded_password_sign_in(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let encoded = "md5$salt$834648d76af81d3786864917cb17928f";
    for (name, member, value) in [
        ("plain", "password", "pw-Zoe-123"),
        ("encoded", "encoded_password", encoded),
    ] {
        let body = json!({ "username": name, member: value }).to_string();
        done(&desk.service().post(USERS, &body).await);
        desk.site.signed_in(name, "pw-Zoe-123").await;

        let body = json!({ member: value }).to_string();
        let path = format!("{}set-password/", desk.path("alice").await);
        done(&desk.service().post(&path, &body).await);
        desk.site.signed_in("alice", "pw-Zoe-123").await;
        let other = json!({ "password": "another one 77" }).to_string();
        done(&desk.service().post(&path, &other).await);
    }
}

async fn without_a_password_nobody_signs_in(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let body = json!({ "username": "zoe" }).to_string();
    let made = done(&desk.service().post(USERS, &body).await);
    assert_eq!(made["is_active"], true);
    for password in ["!", "x"] {
        let reply = desk.site.anonymous();
        let reply = reply.post(OBTAIN, &credentials("zoe", password)).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{password:?}");
    }
}

async fn accounts_are_listed_page_by_page(engine: Engine) {
    let desk = Desk::modern(engine).await;
    for number in 3..=7 {
        let body = json!({ "username": format!("user{number}") }).to_string();
        done(&desk.service().post(USERS, &body).await);
    }
    done(&desk.service().method("DELETE", "/api/users/4/").await);
    let page = async |query: &str| {
        let page = done(&desk.service().get(&format!("{USERS}{query}")).await);
        let users = page["results"].as_array().unwrap().clone();
        let ids: Vec<_> = users.iter().map(|user| user["id"].clone()).collect();
        json!([ids, page["next"]])
    };
    assert_eq!(page("").await, json!([[1, 2, 3, 5, 6, 7], null]));
    assert_eq!(page("?limit=2").await, json!([[1, 2], 2]));
    assert_eq!(page("?limit=2&after=2").await, json!([[3, 5], 5]));
    assert_eq!(page("?limit=2&after=5").await, json!([[6, 7], null]));
    assert_eq!(page("?after=7").await, json!([[], null]));
    let listed = done(&desk.service().get(&format!("{USERS}?limit=1")).await);
    let shown = done(&desk.service().get("/api/users/1/").await);
    assert_eq!(listed["results"][0], shown);
    let odd = desk.service().get(&format!("{USERS}?page=2")).await;
    refused(&odd, 400, "invalid_parameter");
    assert_eq!(odd.json()["name"], "page");
}

async fn a_name_is_taken_once_and_an_address_where_it_tells_accounts_apart(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let again = json!({ "username": "alice" }).to_string();
    let reply = desk.service().post(USERS, &again).await;
    refused(&reply, 409, "username_taken");
    let same_address = json!({ "username": "zoe", "email": "alice@example.com" }).to_string();
    done(&desk.service().post(USERS, &same_address).await);

    let desk = Desk::with(engine, Preset::Modern, |policy| {
        policy.accounts.login = countersign::policy::LoginName::Email;
    })
    .await;
    let reply = desk.service().post(USERS, &same_address).await;
    refused(&reply, 409, "email_taken");
    let reply = desk
        .service()
        .post(USERS, &json!({ "username": "zoe" }).to_string())
        .await;
    refused(&reply, 400, "email_needed");
    let body = json!({ "email": "alice@example.com" }).to_string();
    let reply = desk.service().patch("/api/users/2/", &body).await;
    refused(&reply, 409, "email_taken");
    done(&desk.service().patch("/api/users/1/", &body).await);
}

async fn odd_numbers_name_nobody(engine: Engine) {
    let desk = Desk::modern(engine).await;
    for id in [
        "0",
        "-1",
        "3",
        "01",
        "+1",
        "1.0",
        "%201",
        "%D9%A1",
        "%ff",
        "%00",
        "one",
        "9223372036854775807",
        "9223372036854775808",
        "1%2F",
        "00000000-0000-4000-8000-000000000001",
    ] {
        let path = format!("{USERS}{id}/");
        let (service, password) = (desk.service(), r#"{"password":"pw-Zoe-123"}"#);
        for reply in [
            service.get(&path).await,
            service.patch(&path, "{}").await,
            service.method("DELETE", &path).await,
            service
                .post(&format!("{path}set-password/"), password)
                .await,
            service.post(&format!("{path}end-sessions/"), "").await,
        ] {
            refused(&reply, 404, "not_found");
        }
    }
    assert_eq!(done(&desk.service().get("/api/users/%31/").await)["id"], 1);
}

async fn another_address_is_not_verified_and_the_same_one_still_is(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let address = "alice@example.com";
    let verified = AccountEdit::Email {
        address: address.to_owned(),
        verified: true,
    };
    let store = desk.site.authority.store();
    let target = EditTarget::any(AccountId::new(1));
    store
        .edit_account(target, &[verified], SessionsOnChange::Keep, NOW, &[])
        .await
        .unwrap();
    for (email, verified) in [
        (address, true),
        ("alice@example.org", false),
        (address, false),
    ] {
        let body = json!({ "email": email }).to_string();
        let changed = done(&desk.service().patch("/api/users/1/", &body).await);
        assert_eq!(changed["email_verified"], verified, "{email}");
    }
}

async fn a_change_is_made_as_a_whole_or_not_at_all(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let before = done(&desk.service().get("/api/users/1/").await);
    let alice = desk.site.alice().await;
    for body in [
        r#"{"role":5,"is_active":false,"email":"no address"}"#,
        r#"{"role":5,"is_active":false,"is_admin":true}"#,
        r#"{"role":5,"is_active":false,"password_needs_reset":1}"#,
    ] {
        let reply = desk.service().patch("/api/users/1/", body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
    }
    let mut shown = done(&desk.service().get("/api/users/1/").await);
    shown["last_login"] = before["last_login"].clone();
    assert_eq!(shown, before);
    assert_eq!(alice.get(ME).await.status, StatusCode::OK);
}

async fn every_change_is_audited_with_who_made_it(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let root = desk.superuser("root").await;
    let by_service = AuditActor::Service(ServiceName::parse("billing").unwrap());
    let by_root = AuditActor::Account(desk.site.account("root").await.id);
    for (who, actor) in [(desk.service(), by_service), (root, by_root)] {
        let body = json!({ "username": "zoe" }).to_string();
        let id = &done(&who.post(USERS, &body).await)["id"];
        let path = format!("{USERS}{id}/");
        let body = json!({ "role": 1, "is_active": false }).to_string();
        done(&who.patch(&path, &body).await);
        done(&who.patch(&path, r#"{"is_active":true}"#).await);
        let password = r#"{"password":"pw-Zoe-123"}"#;
        done(&who.post(&format!("{path}set-password/"), password).await);
        done(&who.post(&format!("{path}end-sessions/"), "{}").await);
        done(&who.method("DELETE", &path).await);
        let expected = [
            AuditKind::AccountCreated,
            AuditKind::AccountChanged,
            AuditKind::AccountDeactivated,
            AuditKind::AccountActivated,
            AuditKind::PasswordChanged,
            AuditKind::SessionsEnded,
            AuditKind::AccountDeleted,
        ];
        let expected = expected.map(|kind| (kind, actor.clone()));
        assert_eq!(desk.audited(7).await, expected);
        let events = desk.site.authority.store().recent_audit(7).await.unwrap();
        for event in events {
            assert_eq!(event.subject.map(AccountId::get), id.as_i64());
            assert_eq!(event.ip.unwrap().to_string(), "203.0.113.7");
        }
    }
}

#[tokio::test]
async fn what_the_store_cannot_keep_is_not_acknowledged() {
    let desk = Desk::modern(Engine::Sqlite).await;
    let before = done(&desk.service().get(USERS).await);
    desk.close_store().await;
    let service = desk.service();
    let password = r#"{"password":"pw-Zoe-123"}"#;
    for reply in [
        service.post(USERS, r#"{"username":"zoe"}"#).await,
        service.patch("/api/users/1/", r#"{"role":1}"#).await,
        service.post("/api/users/1/set-password/", password).await,
        service.post("/api/users/1/end-sessions/", "").await,
        service.method("DELETE", "/api/users/1/").await,
    ] {
        refused(&reply, 503, "unavailable");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    assert_eq!(done(&service.get(USERS).await), before);
}

#[tokio::test]
async fn methods_that_are_not_known_are_a_problem() {
    let desk = Desk::modern(Engine::Memory).await;
    for (path, allow, others) in [
        (USERS, "GET,HEAD,POST", ["PUT", "PATCH", "DELETE"]),
        (
            "/api/users/1/",
            "GET,HEAD,PATCH,DELETE",
            ["POST", "PUT", "TRACE"],
        ),
        (
            "/api/users/1/set-password/",
            "POST",
            ["GET", "PUT", "DELETE"],
        ),
        (
            "/api/users/1/end-sessions/",
            "POST",
            ["GET", "PATCH", "OPTIONS"],
        ),
    ] {
        for method in others {
            let reply = desk.service().method(method, path).await;
            refused(&reply, 405, "method_not_allowed");
            assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        }
    }
    assert_eq!(
        desk.service().get("/api/users/1/").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_path_without_its_slash_leads_to_the_one_with_it() {
    let desk = Desk::modern(Engine::Memory).await;
    for (path, location) in [
        ("/api/users/7?a=b", Some("/api/users/7/?a=b")),
        (
            "/api/users/7/set-password",
            Some("/api/users/7/set-password/"),
        ),
        ("/api/users/%2F%2Fevil.example", None),
        ("/api/users/a%0d%0ab", None),
    ] {
        let reply = desk.site.anonymous().get(path).await;
        assert_eq!(reply.header("location"), location, "{path}");
    }
}

#[tokio::test]
async fn the_endpoints_can_be_nested() {
    let desk = Desk::modern(Engine::Memory).await;
    let users = countersign_axum::user_endpoints(desk.site.authority.clone());
    let nested = axum::Router::new().nest("/auth", users);
    let mut request = desk
        .service()
        .request(axum::http::Method::POST, "/auth/api/users/");
    let json = axum::http::HeaderValue::from_static("application/json");
    request.headers_mut().insert("content-type", json);
    *request.body_mut() = r#"{"username":"zoe"}"#.into();
    let reply = send(&nested, request).await;
    assert_eq!(reply.header("location"), Some("/auth/api/users/3/"));
}
