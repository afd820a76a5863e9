//! The lists of tokens that staff read.

use axum::http::StatusCode;
use countersign::Preset;
use countersign::account::{AccountId, Privileges};
use countersign::authority::{AccountChanges, Administrator, Client};
use countersign::rotation::RotationMode;
use serde_json::{Value, json};

use crate::site::{Actor, BLACKLIST, ME, OBTAIN, Reply, SLIDING, Site, claims_of, credentials};

const OUTSTANDING: &str = "/api/tokens/outstanding/";
const BLACKLISTED: &str = "/api/tokens/blacklisted/";

const PLAIN: Privileges = Privileges {
    staff: false,
    superuser: false,
};

/// SimpleJWT with rotation and the blacklist.
async fn rotating() -> Site {
    Site::with(Preset::SimpleJwt, |policy| {
        policy.rotation.mode = RotationMode::Rotate;
    })
    .await
}

/// Somebody who is signed in with these privileges.
async fn member<'a>(site: &'a Site, name: &str, privileges: Privileges) -> Actor<'a> {
    let account = site.create(name, "pw-of-staff", false).await;
    set_privileges(site, account.id, privileges).await;
    sign_in(site, name, "pw-of-staff").await
}

async fn set_privileges(site: &Site, account: AccountId, privileges: Privileges) {
    let changes = AccountChanges {
        privileges: privileges.into(),
        ..AccountChanges::default()
    };
    site.authority
        .administered_by(Administrator::Operator, &Client::default())
        .change_account(account, changes)
        .await
        .unwrap();
}

async fn staff(site: &Site) -> Actor<'_> {
    let privileges = Privileges {
        staff: true,
        ..PLAIN
    };
    member(site, "sue", privileges).await
}

async fn sign_in<'a>(site: &'a Site, name: &str, password: &str) -> Actor<'a> {
    let mut actor = site.anonymous();
    let pair = actor.post(OBTAIN, &credentials(name, password)).await;
    actor.access = Some(pair.token("access"));
    actor.refresh = Some(pair.token("refresh"));
    actor
}

fn id_of(token: &str) -> String {
    claims_of(token).token_id().unwrap()
}

fn ids(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let results = reply.json()["results"].as_array().unwrap().clone();
    results
        .iter()
        .map(|token| token["jti"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn staff_and_superusers_read_the_lists_and_nobody_else_does() {
    let site = rotating().await;
    for list in [OUTSTANDING, BLACKLISTED] {
        let anonymous = site.anonymous();
        assert_eq!(
            anonymous.get(list).await.shown(),
            anonymous.get(ME).await.shown(),
            "told as at every protected endpoint"
        );
        let mut mallory = site.anonymous();
        mallory.access = Some("abc".to_owned());
        assert_eq!(
            mallory.get(list).await.shown(),
            mallory.get(ME).await.shown()
        );
        let refused = site.alice().await.get(list).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    for (name, staff, superuser) in [("sue", true, false), ("root", false, true)] {
        let privileges = Privileges { staff, superuser };
        let actor = member(&site, name, privileges).await;
        for list in [OUTSTANDING, BLACKLISTED] {
            assert_eq!(actor.get(list).await.status, StatusCode::OK, "{name}");
        }
        let account = site.account(name).await.id;
        set_privileges(&site, account, PLAIN).await;
        assert_eq!(actor.get(OUTSTANDING).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_a_code() {
    let site = rotating().await;
    let reply = site.alice().await.get(OUTSTANDING).await;
    insta::assert_snapshot!(reply.shown(), @r#"
    403 Forbidden
    cache-control: no-store
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/problem+json
    x-content-type-options: nosniff
    x-request-id: <…>

    {"type":"about:blank","title":"Forbidden","status":403,"code":"staff_required"}
    "#);
}

#[tokio::test]
async fn the_lists_are_read_only() {
    let site = rotating().await;
    let sue = staff(&site).await;
    for list in [OUTSTANDING, BLACKLISTED] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let reply = sue.method(method, list).await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(reply.json()["code"], "method_not_allowed");
        }
        let (get, head) = (sue.get(list).await, sue.method("HEAD", list).await);
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.header("content-length"), get.header("content-length"));
    }
}

#[tokio::test]
async fn a_page_shows_each_token_whole_and_no_token() {
    let site = rotating().await;
    let alice = site.alice().await;
    let first = alice.refresh.clone().unwrap();
    site.clock.advance_millis(1_500);
    let second = alice.refresh().await.token("refresh");
    let sue = staff(&site).await;

    let reply = sue.get(&format!("{OUTSTANDING}?user=alice")).await;
    let told = |token: &str, created: &str, expires: &str, blacklisted: Value| {
        let jti = id_of(token);
        json!({
            "jti": jti, "user_id": 1, "user": "alice", "created_at": created, "expires_at": expires,
            "blacklisted_at": blacklisted, "label": format!("Token for alice ({jti})"),
        })
    };
    let spent = told(
        &first,
        "2030-01-01T00:00:00Z",
        "2030-01-02T00:00:00Z",
        json!("2030-01-01T00:00:01.5Z"),
    );
    let current = told(
        &second,
        "2030-01-01T00:00:01.5Z",
        "2030-01-02T00:00:01Z",
        Value::Null,
    );
    assert_eq!(
        reply.json(),
        json!({ "results": [current, spent], "next": null })
    );
    assert!(reply.text().starts_with(r#"{"results":[{"jti":""#));
    assert!(!reply.text().contains("eyJ"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));

    let reply = sue.get(&format!("{BLACKLISTED}?user=1")).await;
    assert_eq!(reply.json(), json!({ "results": [spent], "next": null }));
}

#[tokio::test]
async fn tokens_are_searched_by_user_and_jti() {
    let site = rotating().await;
    let (alice, sue) = (site.alice().await, staff(&site).await);
    let (hers, mine) = (
        id_of(alice.refresh.as_deref().unwrap()),
        id_of(sue.refresh.as_deref().unwrap()),
    );
    for (query, expected) in [
        ("", vec![&mine, &hers]),
        ("user=&jti=&after=&limit=", vec![&mine, &hers]),
        ("&&", vec![&mine, &hers]),
        ("user=alice", vec![&hers]),
        ("us%65r=%61lice", vec![&hers]),
        ("user=3", vec![&mine]),
        ("user=nobody", vec![]),
        ("user=%FF", vec![]),
        (&format!("jti={hers}"), vec![&hers]),
        (&format!("jti={hers}&user=alice"), vec![&hers]),
        (&format!("jti={hers}&user=sue"), vec![]),
        ("jti=minted+elsewhere", vec![]),
    ] {
        let reply = sue.get(&format!("{OUTSTANDING}?{query}")).await;
        let found = ids(&reply);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
        let blacklisted = sue.get(&format!("{BLACKLISTED}?{query}")).await;
        assert_eq!(ids(&blacklisted), [""; 0], "{query}");
    }
}

#[tokio::test]
async fn pages_lead_on_by_their_next() {
    let site = rotating().await;
    for _ in 0..3 {
        site.alice().await.refresh().await;
    }
    let sue = staff(&site).await;
    let whole = ids(&sue.get(OUTSTANDING).await);
    assert_eq!(whole.len(), 7);
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = sue
            .get(&format!("{OUTSTANDING}?limit=2&after={after}"))
            .await;
        found.extend(ids(&page));
        let next = page.json()["next"].as_str().map(str::to_owned);
        let Some(next) = next else { break };
        assert!(
            next.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        after = next;
    }
    assert_eq!(found, whole);
}

#[tokio::test]
async fn a_query_that_cannot_be_is_a_problem() {
    let site = rotating().await;
    let sue = staff(&site).await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("after=abc", "after"),
        ("after=%00", "after"),
        ("user=alice&user=bob", "user"),
        ("limit=1&limit=1", "limit"),
    ] {
        for list in [OUTSTANDING, BLACKLISTED] {
            let reply = sue.get(&format!("{list}?{query}")).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}");
            assert_eq!(reply.json()["code"], "invalid_parameter", "{query}");
            assert_eq!(reply.json()["name"], name, "{query}");
            let content_type = reply.header("content-type");
            assert_eq!(content_type, Some("application/problem+json"));
        }
    }
    assert_eq!(
        site.alice()
            .await
            .get(&format!("{OUTSTANDING}?limit=0"))
            .await
            .status,
        StatusCode::FORBIDDEN,
        "whoever may not ask is not told what was wrong"
    );
}

#[tokio::test]
async fn every_way_to_die_leads_to_the_blacklist() {
    let site = Site::with(Preset::SimpleJwt, |_| {}).await;
    let alice = site.alice().await;
    let sliding = site
        .anonymous()
        .post(SLIDING, &credentials("alice", crate::site::PASSWORD))
        .await
        .token("token");
    let sue = staff(&site).await;
    let (hers, sliding) = (id_of(alice.refresh.as_deref().unwrap()), id_of(&sliding));
    let outstanding = ids(&sue.get(&format!("{OUTSTANDING}?user=alice")).await);
    assert_eq!(outstanding, [sliding.clone(), hers.clone()]);

    assert_eq!(
        alice.post(BLACKLIST, &alice.refresh_body()).await.status,
        StatusCode::OK
    );
    assert_eq!(ids(&sue.get(BLACKLISTED).await), [hers.as_str()]);
    site.authority.revoke_id(&sliding).await.unwrap();
    assert_eq!(ids(&sue.get(BLACKLISTED).await), [sliding, hers]);
}

#[tokio::test]
async fn tokens_of_a_deleted_account_are_shown_without_it() {
    let site = rotating().await;
    let alice = site.alice().await;
    let sue = staff(&site).await;
    let account = site.account("alice").await.id;
    site.authority.delete_account(account).await.unwrap();
    let reply = sue.get(&format!("{OUTSTANDING}?user=1")).await;
    let jti = id_of(alice.refresh.as_deref().unwrap());
    let token = &reply.json()["results"][0];
    assert_eq!(
        [&token["user"], &token["user_id"], &token["label"]],
        [
            &Value::Null,
            &Value::Null,
            &json!(format!("Token for None ({jti})"))
        ]
    );
}

#[tokio::test]
async fn a_deactivated_member_of_staff_reads_nothing_whatever_the_settings_say() {
    let site = Site::with(Preset::SimpleJwt, |policy| {
        policy.accounts.check_active = false;
    })
    .await;
    let sue = staff(&site).await;
    assert_eq!(sue.get(OUTSTANDING).await.status, StatusCode::OK);
    site.deactivate("sue").await;
    assert_eq!(
        sue.get(ME).await.status,
        StatusCode::OK,
        "as the settings say"
    );
    for list in [OUTSTANDING, BLACKLISTED] {
        assert_eq!(sue.get(list).await.status, StatusCode::FORBIDDEN, "{list}");
    }
}

#[tokio::test]
async fn a_misspelled_filter_lists_nobody() {
    let site = rotating().await;
    let sue = staff(&site).await;
    let reply = sue.get(&format!("{OUTSTANDING}?usr=alice")).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.json()["code"], "invalid_parameter");
}
