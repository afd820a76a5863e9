//! The example of a program with users of its own, driven as its members would.

#[path = "../../examples/own_users/program.rs"]
mod program;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign::clock::ManualClock;
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::memory::MemoryStore;
use countersign::password::Argon2Cost;
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::{Policy, Preset};
use countersign_token::Algorithm;

use self::program::{Members, Parts, application};
use crate::site::{NOW, Reply, send};

async fn club() -> Router {
    let mut policy = Policy::preset(Preset::Modern);
    policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
    let store = Arc::new(MemoryStore::new());
    let source = SigningKeySource::Stored(Algorithm::Es256);
    let master = || MasterKey::from_bytes([7; 32]);
    KeyRing::found(store.as_ref(), &master(), &source, &SystemRandom, NOW)
        .await
        .unwrap();
    let parts = Parts {
        policy,
        keys: KeyRing::load(store.as_ref(), master(), source)
            .await
            .unwrap(),
        store,
        members: Arc::new(Members::of_the_club()),
        clock: Arc::new(ManualClock::at(NOW)),
    };
    application(parts).await.unwrap()
}

async fn ask(club: &Router, method: Method, path: &str, token: &str) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty());
    send(club, request.unwrap()).await
}

async fn post(club: &Router, path: &str, body: String) -> Reply {
    let request = Request::post(path)
        .header(header::HOST, "club.example")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body));
    send(club, request.unwrap()).await
}

async fn sign_in(club: &Router, name: &str) -> Reply {
    post(club, "/sign-in", format!("{name}:correct horse battery")).await
}

async fn refresh(club: &Router, token: &str) -> Reply {
    let body = format!(r#"{{"refresh":"{token}"}}"#);
    post(club, "/api/token/refresh/", body).await
}

async fn visits(club: &Router) -> String {
    let reply = ask(club, Method::GET, "/visits", "none").await;
    reply.text().to_owned()
}

#[tokio::test]
async fn a_member_signs_in_by_the_clubs_own_table_and_form() {
    let club = club().await;
    // The second time against the hash that the first one has upgraded.
    for count in 1..=2 {
        let reply = sign_in(&club, "ann").await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        assert_eq!(reply.json()["greeting"], "ahoy");
        let boats = ask(&club, Method::GET, "/boats", &reply.token("token")).await;
        assert_eq!(boats.text(), "TokenUser 1 may take out: Heron");
        assert_eq!(visits(&club).await, format!("{count} came, 0 turned away"));
    }
}

#[tokio::test]
async fn whoever_has_not_paid_or_is_unknown_is_not_on_the_list() {
    let club = club().await;
    for name in ["bob", "eve"] {
        let reply = sign_in(&club, name).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.text(), "not on the list");
    }
    assert_eq!(visits(&club).await, "0 came, 2 turned away");
}

#[tokio::test]
async fn a_refresh_tells_of_the_boats_that_there_are_now() {
    let club = club().await;
    let ann = sign_in(&club, "ann").await;
    let sold = ask(&club, Method::DELETE, "/boats", &ann.token("token")).await;
    assert_eq!(sold.status, StatusCode::OK);
    let refreshed = refresh(&club, &ann.token("renew")).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{}", refreshed.text());
    let boats = ask(&club, Method::GET, "/boats", &refreshed.token("access")).await;
    assert_eq!(boats.text(), "TokenUser 1 may take out: ");
}

#[tokio::test]
async fn a_member_who_left_stays_out() {
    let club = club().await;
    let ann = sign_in(&club, "ann").await;
    let left = ask(&club, Method::DELETE, "/membership", &ann.token("token")).await;
    assert_eq!(left.status, StatusCode::OK);
    let refreshed = refresh(&club, &ann.token("renew")).await;
    assert_eq!(refreshed.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&club, "ann").await.status, StatusCode::UNAUTHORIZED);
}
