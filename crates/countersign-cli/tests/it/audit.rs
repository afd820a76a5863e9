//! `audit`: what it shows, what it exports, and what is never in it.

mod secrets;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{Client, PASSWORD};
use crate::program::Place;

const TAIL: [&str; 4] = ["audit", "tail", "-o", "json"];

/// The events that a command prints, one on a line.
fn events(place: &Place, words: &[&str]) -> Vec<Value> {
    let printed = place.run(words).done().stdout;
    let lines = printed.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn tail(place: &Place, more: &[&str]) -> Vec<Value> {
    events(place, &[&TAIL[..], more].concat())
}

/// The names of the events.
fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event["event"].as_str());
    names.map(Option::unwrap).collect()
}

/// A store with ann and bob, of whom ann has signed in, and somebody has tried to.
fn place_with_events() -> Place {
    let place = Place::migrated("");
    place.user("ann", PASSWORD);
    place.user("bob", PASSWORD);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    assert_eq!(client.login("ann").status, 200);
    assert_eq!(client.login("nobody").status, 401);
    place
}

/// Adds events, one per second from the first second of 2030 on.
fn fill(place: &Place, events: u32) {
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let fill = "DELETE FROM audit_event;
        INSERT INTO audit_event (at, kind, actor, subject)
        WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value + 1 < COUNT)
        SELECT 1893456000000 + 1000 * value, 'refreshed', 'client', value FROM n;";
    let fill = fill.replace("COUNT", &events.to_string());
    store.execute_batch(&fill).unwrap();
}

#[test]
fn the_tail_tells_what_happened_to_whom_with_which_result() {
    let place = place_with_events();
    let all = tail(&place, &[]);
    let told = [
        "account_created",
        "account_created",
        "login",
        "login_failed",
    ];
    assert_eq!(names(&all), told);
    let (login, failed) = (&all[2], &all[3]);
    let members: Vec<_> = login.as_object().unwrap().keys().collect();
    let expected = [
        "actor", "cause", "event", "ip", "key", "result", "service", "session", "subject", "time",
    ];
    assert_eq!(members, expected);
    assert_eq!(
        (
            &login["actor"],
            &login["subject"],
            &login["result"],
            &login["ip"]
        ),
        (
            &json!("client"),
            &json!(1),
            &json!("accepted"),
            &json!("127.0.0.1")
        )
    );
    assert_eq!(login["session"].as_str().unwrap().len(), 36);
    assert_eq!(
        (&failed["subject"], &failed["result"]),
        (&json!(null), &json!("refused"))
    );
    assert!(failed["time"].as_str().unwrap().ends_with('Z'));

    let in_words = place.run(&["audit", "tail", "-n", "2"]).done().stdout;
    let lines: Vec<_> = in_words.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("  login                accepted  client  user=1  session="));
    assert!(lines[1].contains("  login_failed         refused   client  ip=127.0.0.1"));
}

#[test]
fn the_tail_is_narrowed_by_kind_user_session_and_time() {
    let place = place_with_events();
    let login = tail(&place, &["--kind", "login"]).remove(0);
    let session = login["session"].as_str().unwrap();
    let rows: [(&[&str], &[&str]); 8] = [
        (&["-n", "1"], &["login_failed"]),
        (&["-n", "0"], &[]),
        (&["--username", "ann"], &["account_created", "login"]),
        (&["--account", "2"], &["account_created"]),
        (&["--session", session], &["login"]),
        (
            &["--kind", "login", "--kind", "login_failed"],
            &["login", "login_failed"],
        ),
        (
            &["--since", "1h", "--account", "1"],
            &["account_created", "login"],
        ),
        (&["--since", "2999-01-01"], &[]),
    ];
    for (narrowed, expected) in rows {
        assert_eq!(names(&tail(&place, narrowed)), expected, "{narrowed:?}");
    }
    let unknown = [&TAIL[..], &["--username", "zoe"]].concat();
    place.run(&unknown).failed(1, "zoe");
    for wrong in [
        ["--kind", "logins"],
        ["--session", "7"],
        ["--since", "yesterday"],
        ["-n", "10001"],
    ] {
        let words = [&TAIL[..], &wrong].concat();
        assert_eq!(place.run(&words).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn rare_events_are_found_however_far_back_they_lie() {
    let place = place_with_events();
    fill(&place, 6_000);
    let found = tail(&place, &["--account", "3"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["time"], "2030-01-01T00:00:03Z");
    let newest = tail(&place, &["-n", "4500"]);
    assert_eq!(newest.len(), 4_500);
    let subjects = newest
        .iter()
        .map(|event| event["subject"].as_u64().unwrap());
    assert!(subjects.eq(1_500..6_000), "oldest first, none left out");
}

#[test]
fn following_shows_what_happens_from_then_on() {
    let place = place_with_events();
    let words = [
        &TAIL[..],
        &["--follow", "-n", "1", "--kind", "account_created"],
    ]
    .concat();
    let mut following = place.serve(&words);
    let mut next = || -> Value { serde_json::from_str(&following.next_line()).unwrap() };
    assert_eq!(next()["subject"], 2, "where it begins");
    place.user("cid", PASSWORD);
    place.run(&["user", "delete", "--username", "cid"]).done();
    place.user("dora", PASSWORD);
    assert_eq!(
        (next()["subject"].clone(), next()["subject"].clone()),
        (json!(3), json!(4))
    );
}

#[test]
fn an_export_has_each_event_of_its_time_once_and_in_order() {
    let place = place_with_events();
    fill(&place, 10_000);
    let words = [
        "audit",
        "export",
        "--from",
        "2030-01-01T00:00:10Z",
        "--to",
        "2030-01-01T02:30:00Z",
        "--file",
        "out.jsonl",
    ];
    let done = place.run(&words).done();
    assert_eq!(done.stdout, "8990 events are in out.jsonl\n");
    assert_eq!(place.mode("out.jsonl"), 0o600);
    let written = std::fs::read_to_string(place.path("out.jsonl")).unwrap();
    let subjects = written.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["subject"].as_u64().unwrap()
    });
    assert!(subjects.eq(10..9_000));
    let first = written.lines().next().unwrap();
    assert_eq!(
        first,
        r#"{"time":"2030-01-01T00:00:10Z","event":"refreshed","result":"accepted","actor":"client","subject":10,"session":null,"ip":null,"cause":null,"key":null,"service":null}"#
    );
    place.run(&words).failed(1, "out.jsonl cannot be written");
    assert_eq!(
        std::fs::read_to_string(place.path("out.jsonl")).unwrap(),
        written
    );
    let names: Vec<_> = place.files().into_iter().map(|(name, _)| name).collect();
    assert!(
        names.iter().all(|name| !name.starts_with('.')),
        "a draft is left: {names:?}"
    );
}

#[test]
fn an_export_goes_to_stdout_and_up_to_now() {
    let place = place_with_events();
    let exported = events(&place, &["audit", "export"]);
    assert_eq!(exported, tail(&place, &[]));
    let words = [
        "audit",
        "export",
        "--from",
        "2030-02-01",
        "--to",
        "2030-01-01",
    ];
    place.run(&words).failed(2, "no time between");
}

#[test]
fn events_that_are_older_than_they_are_kept_are_flushed() {
    let place = place_with_events();
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let age = "UPDATE audit_event SET at = at - 1000 * 86400 * 400 WHERE kind = 'account_created'";
    store.execute(age, []).unwrap();
    let flush = ["token", "flush-expired", "--yes", "--json"];
    assert_eq!(
        place.run(&flush).done().json()["rows"]["audit_events"],
        0,
        "for ever"
    );
    place.configure("audit.keep = \"365d\"\n");
    let dry = [&flush[..], &["--dry-run"]].concat();
    let due = place.run(&dry).done().json();
    assert_eq!(
        (&due["rows"]["audit_events"], &due["due"]),
        (&json!(2), &json!(2))
    );
    let flushed = place.run(&flush).done().json();
    assert_eq!(flushed["rows"]["audit_events"], 2);
    assert_eq!(names(&tail(&place, &[])), ["login", "login_failed"]);
}
