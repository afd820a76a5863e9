//! Who may do what.

use axum::http::StatusCode;
use countersign::Preset;
use serde_json::json;

use super::{Desk, Engine, USERS, done, over_every_store, refused};
use crate::site::{Actor, Reply};

over_every_store! {
    staff_administer_ordinary_accounts
    staff_leave_privileged_accounts_alone
    staff_make_nobody_privileged_themselves_least_of_all
    superusers_and_programs_may_do_everything
    a_demoted_or_deactivated_staff_member_is_nobody_at_once
}

/// Every change that can be made of an account, with its answer.
async fn try_everything(who: &Actor<'_>, path: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    for body in [
        r#"{"email":"x@example.org"}"#,
        r#"{"is_active":true}"#,
        r#"{"is_staff":false}"#,
        r#"{"is_superuser":false}"#,
        r#"{"role":0}"#,
        r#"{"password_needs_reset":true}"#,
        r#"{"attributes":{}}"#,
    ] {
        replies.push(who.patch(path, body).await);
    }
    let password = format!("{path}set-password/");
    replies.push(who.post(&password, r#"{"password":"pw-Eve-1234"}"#).await);
    replies.push(who.post(&password, r#"{"encoded_password":"!"}"#).await);
    replies.push(who.post(&format!("{path}end-sessions/"), "").await);
    replies.push(who.method("DELETE", path).await);
    replies
}

async fn staff_administer_ordinary_accounts(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let eve = desk.staff("eve").await;
    let listed = done(&eve.get(USERS).await);
    assert_eq!(listed["results"].as_array().unwrap().len(), 3);
    let body = json!({ "username": "zoe", "is_staff": false, "role": 899 }).to_string();
    let made = done(&eve.post(USERS, &body).await);
    for reply in try_everything(&eve, &format!("{USERS}{}/", made["id"])).await {
        done(&reply);
    }
}

async fn staff_leave_privileged_accounts_alone(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let eve = desk.staff("eve").await;
    desk.superuser("root").await;
    desk.privileged("su", false, true).await;
    desk.staff("mallory").await;
    let role = json!({ "username": "role", "role": 900 }).to_string();
    done(&desk.service().post(USERS, &role).await);
    for name in ["root", "su", "mallory", "role", "eve"] {
        let path = desk.path(name).await;
        let before = done(&eve.get(&path).await);
        for reply in try_everything(&eve, &path).await {
            refused(&reply, 403, "superuser_required");
        }
        assert_eq!(done(&eve.get(&path).await), before, "{name}");
    }
    assert_eq!(
        eve.get(USERS).await.status,
        StatusCode::OK,
        "signed in still"
    );
}

async fn staff_make_nobody_privileged_themselves_least_of_all(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let eve = desk.staff("eve").await;
    let own = desk.path("eve").await;
    for grant in [
        json!({ "is_staff": true }),
        json!({ "is_superuser": true }),
        json!({ "role": 900 }),
        json!({ "role": 1000, "is_active": true }),
        json!({ "role": i64::MAX }),
    ] {
        for path in ["/api/users/1/", &own] {
            let reply = eve.patch(path, &grant.to_string()).await;
            refused(&reply, 403, "superuser_required");
        }
        let mut new = grant.clone();
        new["username"] = json!("zoe");
        let reply = eve.post(USERS, &new.to_string()).await;
        refused(&reply, 403, "superuser_required");
    }
    let listed = done(&eve.get(USERS).await);
    let listed = listed["results"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    let privileged = listed
        .iter()
        .filter(|user| user["is_superuser"] == true || user["role"] != 0);
    assert_eq!(privileged.count(), 0);
}

async fn superusers_and_programs_may_do_everything(engine: Engine) {
    let desk = Desk::modern(engine).await;
    for who in [
        desk.superuser("root").await,
        desk.privileged("su", false, true).await,
        desk.service(),
    ] {
        let body =
            json!({ "username": "zoe", "is_staff": true, "is_superuser": true, "role": 1000 });
        let made = done(&who.post(USERS, &body.to_string()).await);
        for reply in try_everything(&who, &format!("{USERS}{}/", made["id"])).await {
            done(&reply);
        }
    }
}

async fn a_demoted_or_deactivated_staff_member_is_nobody_at_once(engine: Engine) {
    for preset in [Preset::Modern, Preset::SimpleJwt] {
        let desk = Desk::with(engine, preset, |policy| {
            // Deactivated accounts are let in elsewhere, where the settings say so.
            policy.accounts.check_active = preset == Preset::Modern;
        })
        .await;
        let (eve, mallory) = (desk.staff("eve").await, desk.staff("mallory").await);
        for who in [&eve, &mallory] {
            done(&who.get(USERS).await);
        }
        let demotion = json!({ "is_staff": false }).to_string();
        done(
            &desk
                .service()
                .patch(&desk.path("eve").await, &demotion)
                .await,
        );
        refused(&eve.get(USERS).await, 403, "staff_required");
        let deactivation = json!({ "is_active": false }).to_string();
        let path = desk.path("mallory").await;
        done(&desk.service().patch(&path, &deactivation).await);
        refused(&mallory.get(USERS).await, 401, "invalid_credentials");
    }
}

#[tokio::test]
async fn others_may_not_even_look() {
    let desk = Desk::modern(Engine::Memory).await;
    let alice = desk.site.alice().await;
    for path in [USERS, "/api/users/1/", "/api/users/9/"] {
        refused(&alice.get(path).await, 403, "staff_required");
        refused(
            &desk.site.anonymous().get(path).await,
            401,
            "not_authenticated",
        );
    }
    for reply in try_everything(&alice, "/api/users/1/").await {
        refused(&reply, 403, "staff_required");
    }
    let refresh = alice.refresh.clone().unwrap();
    let reply = desk.site.holder_of(&refresh).get(USERS).await;
    refused(&reply, 401, "invalid_credentials");
}
