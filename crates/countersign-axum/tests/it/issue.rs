//! `POST /api/token/issue/`: generic tokens for programs, over every store.

use countersign::Preset;
use countersign::audit::{Actor, AuditKind};
use countersign::authority::{GenericKind, GenericVerification};
use countersign::service::{ServiceName, ServiceScope};
use serde_json::{Value, json};

use crate::site::{Reply, claims_of, without_texts};
use crate::users::{Desk, Engine, credential, done, over_every_store, refused};

const ISSUE: &str = "/api/token/issue/";

over_every_store! {
    a_program_gets_a_token_of_any_kind
    a_token_may_be_an_accounts
    what_cannot_be_issued_is_refused_by_name
    nothing_but_the_scope_opens_it
    the_issued_refresh_token_is_refreshed_like_any_other
    the_audit_log_names_the_program
}

/// The JWT manager with a custom kind, and a program that may issue.
async fn desk(engine: Engine) -> (Desk, String) {
    let desk = Desk::with(engine, Preset::JwtManager, |policy| {
        policy.tokens.custom_kinds = vec!["download".to_owned()];
    })
    .await;
    let secret = credential(&desk.site, "shop", ServiceScope::Issue, None).await;
    (desk, secret)
}

async fn ask(desk: &Desk, secret: &str, body: &Value) -> Reply {
    let program = desk.site.holder_of(secret);
    program.post(ISSUE, &body.to_string()).await
}

async fn a_program_gets_a_token_of_any_kind(engine: Engine) {
    let (desk, secret) = desk(engine).await;
    for kind in ["access", "refresh", "websocket", "download"] {
        let body = json!({"kind": kind, "data": {"room": 7}, "lifetime": 60});
        let issued = done(&ask(&desk, &secret, &body).await);
        let names: Vec<_> = issued.as_object().unwrap().keys().collect();
        assert_eq!(names, ["expires_at", "kind", "session", "token"]);
        assert_eq!(issued["kind"], kind);
        let token = issued["token"].as_str().unwrap();
        let claims = claims_of(token);
        assert_eq!(claims.raw("room"), Some("7"));
        assert!(!claims.contains("user_id"));
        let expires_at: jiff::Timestamp = issued["expires_at"].as_str().unwrap().parse().unwrap();
        let expiration = claims.expiration().unwrap().seconds();
        assert_eq!(expires_at.as_second(), expiration);
        let expected = GenericKind::parse(kind);
        let verified = desk.site.authority.verify_generic(token, Some(&expected));
        assert!(matches!(
            verified.await.unwrap(),
            GenericVerification::Valid(_)
        ));
    }
}

async fn a_token_may_be_an_accounts(engine: Engine) {
    let (desk, secret) = desk(engine).await;
    for owner in [json!({"username": "alice"}), json!({"user_id": 1})] {
        let mut body = json!({"kind": "access"});
        body.as_object_mut()
            .unwrap()
            .extend(owner.as_object().unwrap().clone());
        let issued = done(&ask(&desk, &secret, &body).await);
        let alice = desk.site.holder_of(issued["token"].as_str().unwrap());
        assert_eq!(done(&alice.get("/api/me/").await)["id"], 1);
    }
    // Nobody's token opens nobody's account.
    let issued = done(&ask(&desk, &secret, &json!({"kind": "access"})).await);
    let nobody = desk.site.holder_of(issued["token"].as_str().unwrap());
    assert_eq!(nobody.get("/api/me/").await.status, 401);
}

async fn what_cannot_be_issued_is_refused_by_name(engine: Engine) {
    let (desk, secret) = desk(engine).await;
    let century: i64 = 100 * 365 * 86_400;
    for (body, status, code, name) in [
        (json!({}), 400, "missing_member", "kind"),
        (json!({"kind": 7}), 400, "invalid_member", "kind"),
        (json!({"kind": "upload"}), 400, "unknown_kind", "kind"),
        (json!({"kind": "sliding"}), 400, "unknown_kind", "kind"),
        (
            json!({"kind": "access", "lifetime": 0}),
            400,
            "invalid_member",
            "lifetime",
        ),
        (
            json!({"kind": "access", "lifetime": -1}),
            400,
            "invalid_member",
            "lifetime",
        ),
        (
            json!({"kind": "access", "lifetime": 1.5}),
            400,
            "invalid_member",
            "lifetime",
        ),
        (
            json!({"kind": "access", "lifetime": century + 1}),
            400,
            "unusable_lifetime",
            "lifetime",
        ),
        (
            json!({"kind": "access", "data": []}),
            400,
            "invalid_member",
            "data",
        ),
        (
            json!({"kind": "access", "data": {"user_id": 1}}),
            400,
            "unusable_data",
            "data",
        ),
        (
            json!({"kind": "access", "data": {"jti": "x"}}),
            400,
            "unusable_data",
            "data",
        ),
        (
            json!({"kind": "access", "data": {"a": "x".repeat(9_000)}}),
            400,
            "unusable_data",
            "data",
        ),
        (
            json!({"kind": "access", "username": "alice", "user_id": 1}),
            400,
            "invalid_member",
            "user_id",
        ),
        (
            json!({"kind": "access", "expires_in": 5}),
            400,
            "unknown_member",
            "expires_in",
        ),
    ] {
        let reply = ask(&desk, &secret, &body).await;
        refused(&reply, status, code);
        assert_eq!(reply.json()["name"], name, "{body}");
    }
    for owner in [json!("bob"), json!("nobody"), json!("")] {
        let body = json!({"kind": "access", "username": owner});
        refused(&ask(&desk, &secret, &body).await, 403, "account_refused");
    }
    let body = json!({"kind": "access", "user_id": 4_000_000_007_i64});
    refused(&ask(&desk, &secret, &body).await, 403, "account_refused");
}

async fn nothing_but_the_scope_opens_it(engine: Engine) {
    let (desk, secret) = desk(engine).await;
    let body = json!({"kind": "access"});
    for scope in ServiceScope::ALL {
        let secret = credential(&desk.site, scope.name(), scope, None).await;
        let reply = ask(&desk, &secret, &body).await;
        if scope == ServiceScope::Issue {
            done(&reply);
        } else {
            refused(&reply, 403, "insufficient_scope");
        }
    }
    let unknown = format!("cs_{}", "A".repeat(43));
    refused(
        &ask(&desk, &unknown, &body).await,
        401,
        "invalid_credentials",
    );
    // No token opens it, not even one that was issued here.
    let issued = done(&ask(&desk, &secret, &json!({"kind": "access", "user_id": 1})).await);
    let token = issued["token"].as_str().unwrap();
    refused(&ask(&desk, token, &body).await, 401, "not_authenticated");
    let reply = desk.site.holder_of(&secret).get(ISSUE).await;
    refused(&reply, 405, "method_not_allowed");
}

async fn the_issued_refresh_token_is_refreshed_like_any_other(engine: Engine) {
    let (desk, secret) = desk(engine).await;
    let body = json!({"kind": "refresh", "data": {"room": 7}});
    let issued = done(&ask(&desk, &secret, &body).await);
    let refresh = json!({"refresh": issued["token"]}).to_string();
    let anybody = desk.site.anonymous();
    let next = done(&anybody.post("/api/token/refresh/", &refresh).await);
    for name in ["access", "refresh"] {
        let claims = claims_of(next[name].as_str().unwrap());
        assert_eq!(claims.raw("room"), Some("7"));
    }
    let current = json!({"refresh": next["refresh"]}).to_string();
    let blacklisted = anybody.post("/api/token/blacklist/", &current).await;
    assert_eq!(blacklisted.status, 200);
    let dead = json!({"token": next["access"]}).to_string();
    let reply = anybody.post("/api/token/verify/", &dead).await;
    assert_eq!(
        (
            reply.status.as_u16(),
            without_texts(reply.json())["code"].clone()
        ),
        (401, json!("token_not_valid"))
    );
}

async fn the_audit_log_names_the_program(engine: Engine) {
    let (desk, secret) = desk(engine).await;
    done(&ask(&desk, &secret, &json!({"kind": "download"})).await);
    let events = desk.site.authority.store().recent_audit(1).await.unwrap();
    let shop = ServiceName::parse("shop").unwrap();
    assert_eq!(events[0].kind, AuditKind::SessionOpened);
    assert_eq!(events[0].actor, Actor::Service(shop));
    assert_eq!(events[0].subject, None);
    assert!(events[0].session.is_some());
}

#[tokio::test]
async fn there_is_no_dead_token_where_the_store_takes_none() {
    let (desk, secret) = desk(Engine::Sqlite).await;
    done(&ask(&desk, &secret, &json!({"kind": "access"})).await);
    desk.close_store().await;
    let reply = ask(&desk, &secret, &json!({"kind": "access"})).await;
    refused(&reply, 503, "unavailable");
    assert!(!reply.text().contains("eyJ"));
}

#[tokio::test]
async fn a_revocation_that_the_store_does_not_take_is_unavailable() {
    let (desk, secret) = desk(Engine::Sqlite).await;
    let issued = done(&ask(&desk, &secret, &json!({"kind": "access"})).await);
    desk.close_store().await;
    let token = issued["token"].as_str().unwrap();
    let revoked = desk.site.authority.revoke_generic(token, &Actor::System);
    assert_eq!(revoked.await.name(), "unavailable");
}
