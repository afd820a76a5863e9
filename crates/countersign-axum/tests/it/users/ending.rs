//! What changes of an account do to its sessions.

use axum::http::StatusCode;
use countersign::Preset;

use super::{Desk, Engine, USERS, done, over_every_store};
use crate::site::{ME, PASSWORD, REFRESH};

over_every_store! {
    a_new_password_deactivation_and_deletion_end_every_session
    under_simplejwt_sessions_live_on_with_a_new_password
    ending_sessions_signs_out_everywhere_and_nobody_else
    reactivation_revives_nothing_and_a_new_name_inherits_nothing
}

const SIGN_OUT: [(&str, &str, &str); 4] = [
    ("POST", "set-password/", r#"{"password":"another one 77"}"#),
    ("POST", "end-sessions/", ""),
    ("PATCH", "", r#"{"is_active":false}"#),
    ("DELETE", "", ""),
];

async fn a_new_password_deactivation_and_deletion_end_every_session(engine: Engine) {
    for (method, operation, body) in SIGN_OUT {
        let desk = Desk::modern(engine).await;
        let (laptop, phone) = (desk.site.alice().await, desk.site.alice().await);
        let path = format!("{USERS}1/{operation}");
        let reply = match method {
            "POST" => desk.service().post(&path, body).await,
            "PATCH" => desk.service().patch(&path, body).await,
            _ => desk.service().method(method, &path).await,
        };
        let told = done(&reply);
        if method != "PATCH" {
            assert_eq!(told, serde_json::json!({ "ended_sessions": 2 }));
        }
        for device in [laptop, phone] {
            let me = device.get(ME).await;
            assert_eq!(me.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            let refresh = device.refresh().await;
            assert_eq!(refresh.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
}

async fn under_simplejwt_sessions_live_on_with_a_new_password(engine: Engine) {
    let desk = Desk::with(engine, Preset::SimpleJwt, |_| {}).await;
    let alice = desk.site.alice().await;
    let path = format!("{USERS}1/set-password/");
    let told = done(
        &desk
            .service()
            .post(&path, r#"{"password":"another one 77"}"#)
            .await,
    );
    assert_eq!(told, serde_json::json!({ "ended_sessions": 0 }));
    assert_eq!(alice.get(ME).await.status, StatusCode::OK);
    assert_eq!(alice.refresh().await.status, StatusCode::OK);
    let told = done(
        &desk
            .service()
            .post(&format!("{USERS}1/end-sessions/"), "")
            .await,
    );
    assert_eq!(told, serde_json::json!({ "ended_sessions": 1 }));
    assert_eq!(alice.refresh().await.status, StatusCode::UNAUTHORIZED);
}

async fn ending_sessions_signs_out_everywhere_and_nobody_else(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let (alice, eve) = (desk.site.alice().await, desk.staff("eve").await);
    let path = format!("{USERS}1/end-sessions/");
    let told = done(&eve.post(&path, "").await);
    assert_eq!(told, serde_json::json!({ "ended_sessions": 1 }));
    assert_eq!(alice.get(ME).await.status, StatusCode::UNAUTHORIZED);
    let reply = alice.post(REFRESH, &alice.refresh_body()).await;
    assert_eq!(reply.header("countersign-cause"), Some("ended_by_operator"));
    assert_eq!(eve.get(ME).await.status, StatusCode::OK);
    let again = desk.site.alice().await;
    assert_eq!(again.get(ME).await.status, StatusCode::OK);
}

async fn reactivation_revives_nothing_and_a_new_name_inherits_nothing(engine: Engine) {
    let desk = Desk::modern(engine).await;
    let alice = desk.site.alice().await;
    for body in [r#"{"is_active":false}"#, r#"{"is_active":true}"#] {
        done(&desk.service().patch(&format!("{USERS}1/"), body).await);
    }
    assert_eq!(alice.get(ME).await.status, StatusCode::UNAUTHORIZED);
    let alice = desk.site.alice().await;
    done(&desk.service().method("DELETE", &format!("{USERS}1/")).await);
    let body = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
    let made = done(&desk.service().post(USERS, &body).await);
    assert_eq!(made["id"], 3);
    assert_eq!(alice.get(ME).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(alice.refresh().await.status, StatusCode::UNAUTHORIZED);
}
