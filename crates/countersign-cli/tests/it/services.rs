//! `service`: the credentials of programs, and what they open in a running server.

use serde_json::json;

use crate::client::{Client, PASSWORD};
use crate::http::Request;
use crate::program::{Place, Server};

const USERS: &str = "/api/users/";

/// Makes a credential and returns its secret.
fn create(place: &Place, name: &str, scope: &str) -> String {
    let words = ["service", "create", "--name", name, "--scope", scope];
    let made = place.run(&words).done();
    made.stdout.lines().last().unwrap().to_owned()
}

fn list_users(server: &mut Server, secret: &str) -> u16 {
    server.send(&Request::get(USERS).bearer(secret)).status
}

#[test]
fn a_credential_is_made_listed_and_revoked() {
    let place = Place::migrated("");
    let words = [
        "service",
        "create",
        "--name",
        "signup",
        "--scope",
        "users",
        "--scope",
        "feed",
        "--expires",
        "90d",
    ];
    let made = place.run(&words).done();
    let (first, secret) = made.stdout.trim_end().split_once('\n').unwrap();
    assert!(
        first.starts_with("name=signup scopes=feed,users expires=2"),
        "{made:?}"
    );
    assert!(secret.starts_with("cs_") && secret.len() == 46, "{made:?}");
    assert!(!made.stderr.contains("cs_"), "{made:?}");

    let words = [
        "service",
        "create",
        "--name",
        "ci",
        "--scope",
        "introspect",
        "--json",
    ];
    let other = place.run(&words).done().json();
    assert_eq!(other["scopes"], json!(["introspect"]));
    assert_eq!(other["expires_at"], json!(null));
    assert_ne!(other["secret"], json!(secret));

    place.run(&["service", "revoke", "--name", "ci"]).done();
    let listed = place.run(&["service", "list", "--json"]).done();
    assert!(!listed.stdout.contains("cs_"), "{listed:?}");
    let listed = listed.json();
    assert_eq!(listed[0]["name"], "signup");
    assert_eq!(listed[0]["scopes"], json!(["feed", "users"]));
    assert_eq!(listed[0]["state"], "live");
    assert!(listed[0]["expires_at"].is_string());
    assert_eq!(
        (&listed[1]["name"], &listed[1]["state"]),
        (&json!("ci"), &json!("revoked"))
    );
    assert!(listed[1]["revoked_at"].is_string());
    let table = place.run(&["service", "list"]).done().stdout;
    assert!(
        table.contains("signup") && table.contains("feed users"),
        "{table}"
    );
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let place = Place::migrated("");
    create(&place, "signup", "users");
    let create =
        |name, rest: &[&str]| place.run(&[&["service", "create", "--name", name], rest].concat());
    create("signup", &["--scope", "users"])
        .failed(1, "a live service credential has that name")
        .failed(1, "service revoke --name signup");
    create("ci", &["--scope", "users", "--expires", "0s"]).failed(1, "would have expired already");
    place
        .run(&["service", "revoke", "--name", "ci"])
        .failed(1, "no service credential of that name");
    for (name, rest, told) in [
        (
            "ci",
            &["--scope", "everything"][..],
            "introspect, revoke, feed, issue, users",
        ),
        ("ci", &[], "--scope"),
        ("a b", &["--scope", "users"], "letters, digits, dots"),
        (
            "ci",
            &["--scope", "users", "--expires", "1month"],
            "a length of time",
        ),
    ] {
        let refused = create(name, rest);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(told), "{refused:?}");
    }
    place.run(&["service", "revoke", "--name", "signup"]).done();
    create("signup", &["--scope", "users"]).done();
}

#[test]
fn a_revoked_credential_is_refused_by_the_very_next_request_50_times_in_a_row() {
    let place = Place::migrated("");
    let mut server = place.serve(&["serve"]);
    for turn in 0..50 {
        let secret = create(&place, "signup", "users");
        assert_eq!(list_users(&mut server, &secret), 200, "turn {turn}");
        place.run(&["service", "revoke", "--name", "signup"]).done();
        assert_eq!(list_users(&mut server, &secret), 401, "turn {turn}");
    }
}

#[test]
fn a_program_makes_users_who_can_sign_in() {
    let place = Place::migrated("");
    let secret = create(&place, "signup", "users");
    let mut server = place.serve(&["serve"]);
    let body = json!({ "username": "ann", "password": PASSWORD, "attributes": { "team": "red" } });
    let made = server.send(&Request::post(USERS, &body).bearer(&secret));
    assert_eq!(
        (made.status, made.header("location")),
        (201, "/api/users/1/")
    );
    let mut client = Client::connect(server.address());
    let access = client.login("ann").text("access");
    assert_eq!(client.me(&access), 200);
    let path = format!("{USERS}1/end-sessions/");
    let ended = server.send(&Request::post(&path, &json!({})).bearer(&secret));
    assert_eq!(ended.json(), json!({ "ended_sessions": 1 }));
    assert_eq!(client.me(&access), 401);
    let shown = place.run(&["user", "show", "--username", "ann", "--json"]);
    assert_eq!(shown.done().json()["attributes"], json!({ "team": "red" }));

    let other = create(&place, "ci", "introspect");
    assert_eq!(list_users(&mut server, &other), 403);
}
