//! `session`: what an operator does with sessions, beside a running server.

use serde_json::Value;

use crate::client::{Client, PASSWORD};
use crate::program::Place;

/// A place with a user, and the ids of two sessions of hers, the newest first.
fn two_sessions() -> (Place, [String; 2]) {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    let issue = || {
        let words = ["token", "issue", "--username", "alice", "--json"];
        text(&place.run(&words).done().json(), "session")
    };
    let (first, second) = (issue(), issue());
    (place, [second, first])
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn ids(list: &Value) -> Vec<String> {
    let sessions = list.as_array().unwrap().iter();
    sessions.map(|session| text(session, "id")).collect()
}

#[test]
fn sessions_are_listed_shown_ended_and_explained() {
    let (place, [newest, oldest]) = two_sessions();
    let list = |more: &[&str]| {
        let words = [&["session", "list", "--username", "alice", "--json"], more].concat();
        place.run(&words).done().json()
    };
    assert_eq!(ids(&list(&[])), [newest.clone(), oldest.clone()]);
    let shown = place
        .run(&["session", "show", &newest, "--json"])
        .done()
        .json();
    assert_eq!(shown, list(&[])[0]);
    assert_eq!(
        (&shown["state"], &shown["user_id"]),
        (&"live".into(), &1.into())
    );
    let told = place.run(&["session", "why", &newest]).done().stdout;
    assert!(told.starts_with("It has not ended.\n"), "{told}");

    let ended = place
        .run(&["session", "end", &newest, "--json"])
        .done()
        .json();
    assert_eq!(ended["outcome"], "ended");
    let again = place.run(&["session", "end", &newest]).done().stdout;
    assert!(
        again.contains("had ended already (ended_by_operator)"),
        "{again}"
    );
    assert_eq!(ids(&list(&[])), std::slice::from_ref(&oldest));
    assert_eq!(ids(&list(&["--all"])), [newest.clone(), oldest]);

    let why = place
        .run(&["session", "why", &newest, "-o", "json"])
        .done()
        .json();
    assert_eq!(
        (&why["state"], &why["cause"]),
        (&"ended".into(), &"ended_by_operator".into())
    );
    let events = why["events"].as_array().unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (text(event, "event"), text(event, "actor")))
        .collect();
    let ends_with = ("session_ended".to_owned(), "operator".to_owned());
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told.last(), Some(&ends_with));
    let told = place.run(&["session", "why", &newest]).done().stdout;
    assert!(told.contains(": ended_by_operator.\n"), "{told}");

    let alias = place
        .run(&["user", "sessions", "--username", "alice"])
        .done()
        .stdout;
    let original = place
        .run(&["session", "list", "--username", "alice"])
        .done()
        .stdout;
    assert_eq!(alias, original);
}

#[test]
fn all_sessions_of_a_user_are_ended_but_the_one_that_is_named() {
    let (place, [newest, oldest]) = two_sessions();
    place.user("bob", PASSWORD);
    let end_all =
        |more: &[&str]| place.run(&[&["session", "end-all", "--username", "alice"], more].concat());
    let strange = "5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10";
    end_all(&["--except", strange]).failed(1, "the session to be spared is none of user");
    let told = end_all(&["--except", &oldest]).done().stdout;
    assert_eq!(told, "alice (id=1) is signed out; sessions ended: 1\n");
    end_all(&["--except", &newest]).failed(1, "nothing was ended");
    let told = end_all(&["--json"]).done().json();
    assert_eq!(told, serde_json::json!({ "id": 1, "ended_sessions": 1 }));
    let why = place
        .run(&["session", "why", &oldest, "--json"])
        .done()
        .json();
    let last = why["events"].as_array().unwrap().last().unwrap();
    assert_eq!(
        text(last, "event"),
        "sessions_ended",
        "what ended many is told of each"
    );
}

#[test]
fn what_cannot_be_is_said_with_a_way_out() {
    let (place, _) = two_sessions();
    let strange = "5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10";
    for command in ["show", "end", "why"] {
        place.run(&["session", command, strange]).failed(
            1,
            "there is no session 5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10 on record",
        );
        let refused = place.run(&["session", command, "17"]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(
            refused.stderr.contains("a UUID or 32 hex digits"),
            "{refused:?}"
        );
    }
    for command in ["list", "end-all"] {
        place
            .run(&["session", command, "--username", "nobody"])
            .failed(1, "there is no such user");
    }
}

#[test]
fn an_ended_session_is_refused_by_the_very_next_request_200_times_in_a_row() {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for turn in 0..200 {
        let access = client.login("alice").text("access");
        assert_eq!(client.me(&access), 200, "turn {turn}");
        let there = ids(&client.get("/api/sessions/", &access).json());
        let [session] = there.as_slice() else {
            panic!("one session at a time, turn {turn}: {there:?}");
        };
        place.run(&["session", "end", session]).done();
        assert_eq!(client.me(&access), 401, "turn {turn}");
    }
}

/// What a server remembers of an account is what the command line left.
#[test]
fn a_changed_user_is_seen_by_the_very_next_request() {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let access = client.login("alice").text("access");
    for turn in 0..20 {
        let address = format!("alice{turn}@example.org");
        let words = ["user", "set", "--username", "alice", "--email", &address];
        place.run(&words).done();
        let me = client.get("/api/me/", &access).json();
        assert_eq!(text(&me, "email"), address);
    }
}
