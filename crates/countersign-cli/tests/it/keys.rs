//! `keys`: the life of the signing keys in the store, as commands show it and running servers follow it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{Client, PASSWORD};
use crate::http::Request;
use crate::program::{Done, Place, Server};

const CONFIGURED: &str =
    "preset = \"simplejwt\"\njwt.signing_key = \"gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN\"\n";

fn place() -> Place {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    place
}

/// Makes a key and returns its name.
fn generate(place: &Place) -> String {
    let made = place.run(&["keys", "generate", "--json"]).done().json();
    made["kid"].as_str().unwrap().to_owned()
}

fn promote(place: &Place, kid: &str) -> Done {
    place.run(&["keys", "promote", "--now", "--json", "--", kid])
}

fn listed(place: &Place) -> Vec<Value> {
    let keys = place.run(&["keys", "list", "--json"]).done().json();
    keys.as_array().unwrap().clone()
}

fn states(place: &Place) -> Vec<String> {
    let keys = listed(place);
    let states = keys.iter().map(|key| key["state"].as_str().unwrap());
    states.map(str::to_owned).collect()
}

fn active(place: &Place) -> String {
    let keys = listed(place);
    let active = keys.iter().find(|key| key["state"] == "active");
    active.unwrap()["kid"].as_str().unwrap().to_owned()
}

/// The `kid` in a token's header; null without one.
fn kid_of(token: &str) -> Value {
    header_of(token)["kid"].clone()
}

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

/// The names in the public key set, in alphabetical order.
fn published(server: &mut Server) -> Vec<String> {
    let set = server.send(&Request::get("/.well-known/jwks.json")).json();
    let keys = set["keys"].as_array().unwrap().iter();
    let mut kids: Vec<_> = keys
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect();
    kids.sort();
    kids
}

fn sorted(kids: &[&String]) -> Vec<String> {
    let mut kids: Vec<_> = kids.iter().map(|kid| (*kid).clone()).collect();
    kids.sort();
    kids
}

fn verify(client: &mut Client, token: &str) -> u16 {
    let body = json!({ "token": token });
    client.post("/api/token/verify/", &body).status
}

fn database(place: &Place) -> Connection {
    Connection::open(place.path("countersign.db")).unwrap()
}

#[test]
fn a_generated_key_stands_by() {
    let place = Place::migrated("");
    let made = place.run(&["keys", "generate", "--json"]).done().json();
    assert_eq!(states(&place), ["active", "standby"]);
    let listed = listed(&place);
    assert_eq!(listed[1]["kid"], made["kid"]);
    assert_eq!(listed[1]["algorithm"], "ES256");
    assert_eq!(listed[1]["since"], listed[1]["created_at"]);
    let names: Vec<_> = listed[1].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "algorithm",
            "created_at",
            "kid",
            "needed_until",
            "since",
            "state"
        ]
    );
    place.run(&["user", "list"]).done();
}

#[test]
fn a_running_server_publishes_a_new_key_at_once_and_signs_with_it_once_it_is_promoted() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let first = active(&place);
    let old = client.login("alice");
    assert_eq!(published(&mut server), [first.as_str()]);

    let second = generate(&place);
    assert_eq!(published(&mut server), sorted(&[&first, &second]));
    assert_eq!(kid_of(&client.login("alice").text("access")), *first);

    let promoted = promote(&place, &second).done().json();
    assert_eq!(promoted["replaces"], *first);
    assert_eq!(states(&place), ["retiring", "active"]);
    let new = client.login("alice");
    for token in [new.text("access"), new.text("refresh")] {
        assert_eq!(kid_of(&token), *second);
    }
    assert_eq!(published(&mut server), sorted(&[&first, &second]));
    assert_eq!(client.me(&old.text("access")), 200);
    assert_eq!(verify(&mut client, &old.text("access")), 200);
    let next = client.refresh(&old.text("refresh"));
    assert_eq!(kid_of(&next.text("refresh")), *second);
}

#[test]
fn a_key_signs_in_a_running_server_when_its_promotion_returns_20_times_in_a_row() {
    // Without a limit of sessions, nothing else makes a sign-in look at the log.
    let place = Place::migrated("session.limit = 0\n");
    place.user("alice", PASSWORD);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for turn in 0..20 {
        let kid = generate(&place);
        promote(&place, &kid).done();
        let pair = client.login("alice");
        assert_eq!(kid_of(&pair.text("access")), *kid, "turn {turn}");
    }
}

/// `auto` does as the preset does: ours names the key always, the original's wire has no `kid` while there is one key.
#[test]
fn a_header_names_its_key_as_the_setting_says() {
    for (preset, setting, beside_none, beside_another) in [
        ("modern", "auto", true, true),
        ("modern", "never", false, false),
        ("simplejwt", "auto", false, true),
        ("simplejwt", "always", true, true),
        ("simplejwt", "never", false, false),
    ] {
        let place = Place::migrated(&format!(
            "preset = \"{preset}\"\njwt.algorithm = \"ES256\"\nkeys.kid = \"{setting}\"\n"
        ));
        place.user("alice", PASSWORD);
        let named = || {
            let issue = ["token", "issue", "--username", "alice", "--json"];
            let pair = place.run(&issue).done().json();
            let kids = ["access", "refresh"].map(|kind| kid_of(pair[kind].as_str().unwrap()));
            assert_eq!(kids[0], kids[1]);
            (!kids[0].is_null()).then(|| assert_eq!(kids[0], active(&place)))
        };
        assert_eq!(named().is_some(), beside_none, "{preset} {setting}");
        generate(&place);
        assert_eq!(named().is_some(), beside_another, "{preset} {setting}");
    }
}

#[test]
fn a_young_key_is_promoted_only_on_demand() {
    let place = place();
    let kid = generate(&place);
    let refused = place
        .run(&["keys", "promote", "--", &kid])
        .failed(2, "refuse its tokens, until");
    assert!(refused.stderr.contains("--now"), "{refused:?}");
    assert_eq!(states(&place), ["active", "standby"]);
    database(&place)
        .execute(
            "UPDATE signing_key SET created_at = created_at - 300000",
            [],
        )
        .unwrap();
    place.run(&["keys", "promote", "--", &kid]).done();
    assert_eq!(states(&place), ["retiring", "active"]);
}

#[test]
fn what_a_revoked_key_signed_is_refused_when_the_command_returns() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for turn in 0..10 {
        let stolen = active(&place);
        let successor = generate(&place);
        let pair = client.login("alice");
        let (access, refresh) = (pair.text("access"), pair.text("refresh"));
        assert_eq!(client.me(&access), 200, "turn {turn}");
        let asked = place
            .run(&["keys", "revoke", "--", &stolen])
            .failed(2, "1 live session loses its tokens");
        assert!(asked.stderr.contains("--yes"), "{asked:?}");
        assert_eq!(client.me(&access), 200, "nothing was done, turn {turn}");

        let words = ["keys", "revoke", "--yes", "--json", "--", &stolen];
        let revoked = place.run(&words).done();
        assert!(revoked.stderr.contains("1 live session"), "{revoked:?}");
        assert_eq!(
            revoked.json(),
            json!({
                "kid": stolen, "algorithm": "ES256", "state": "revoked",
                "successor": successor, "live_sessions": 1,
            })
        );
        assert_eq!(client.me(&access), 401, "turn {turn}");
        assert_eq!(verify(&mut client, &access), 401, "turn {turn}");
        assert_eq!(verify(&mut client, &refresh), 401, "turn {turn}");
        assert_eq!(client.refresh(&refresh).status, 401, "turn {turn}");
        assert_eq!(published(&mut server), [successor.as_str()], "turn {turn}");
        let next = client.login("alice").text("access");
        assert_eq!((kid_of(&next), client.me(&next)), (json!(successor), 200));
        let words = [
            "user",
            "set-password",
            "--username",
            "alice",
            "--password-stdin",
        ];
        place.run_with(PASSWORD, &words).done();
    }
}

#[test]
fn a_server_that_starts_later_refuses_what_a_revoked_key_signed() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let access = Client::connect(server.address())
        .login("alice")
        .text("access");
    server.stop();
    let stolen = active(&place);
    generate(&place);
    place
        .run(&["keys", "revoke", "--yes", "--", &stolen])
        .done();
    let mut server = place.serve(&["serve"]);
    assert_eq!(Client::connect(server.address()).me(&access), 401);
}

#[test]
fn the_key_that_signs_is_not_revoked_before_another_one_stands_by() {
    let place = place();
    let refused = place
        .run(&["keys", "revoke", "--yes", "--", &active(&place)])
        .failed(1, "no ES256 key stands by");
    assert!(refused.stderr.contains("keys generate"), "{refused:?}");
    assert_eq!(states(&place), ["active"]);
}

#[test]
fn a_key_retires_once_its_last_token_has_expired() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let first = active(&place);
    let access = client.login("alice").text("access");
    let second = generate(&place);
    promote(&place, &second).done();

    let kept: (i64, i64) = database(&place)
        .query_row(
            "SELECT keep_until, (SELECT max(keep_until) FROM session) FROM signing_key
             WHERE state = 'retiring'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(
        kept.0 >= kept.1,
        "as long as the tokens that are out: {kept:?}"
    );
    let refused = place
        .run(&["keys", "retire", "--", &first])
        .failed(1, "still in force");
    let until = listed(&place)[0]["needed_until"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(refused.stderr.contains(&until), "{refused:?}");
    assert_eq!(client.me(&access), 200);

    // Its tokens have expired long ago.
    database(&place)
        .execute(
            "UPDATE signing_key SET keep_until = 1 WHERE state = 'retiring'",
            [],
        )
        .unwrap();
    place
        .run(&["keys", "retire", "--", &first])
        .failed(2, "no terminal to ask at");
    place.run(&["keys", "retire", "--yes", "--", &first]).done();
    assert_eq!(states(&place), ["retired", "active"]);
    assert_eq!(published(&mut server), [second.as_str()]);
    assert_eq!(client.me(&access), 401);
    let secrets: i64 = database(&place)
        .query_row("SELECT count(wrapped) FROM signing_key", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(secrets, 1, "the secret is dropped");
}

#[test]
fn shorter_settings_do_not_cut_short_the_tokens_that_are_out() {
    let place = Place::migrated("jwt.refresh_token_lifetime = \"20d\"\n");
    place.user("alice", PASSWORD);
    place.run(&["token", "issue", "--username", "alice"]).done();
    place.configure("jwt.refresh_token_lifetime = \"1h\"\n");
    let kid = generate(&place);
    promote(&place, &kid).done();
    let days: i64 = database(&place)
        .query_row(
            "SELECT (keep_until - since / 1000) / 86400 FROM signing_key WHERE state = 'retiring'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!((19..=20).contains(&days), "{days}");
}

#[test]
fn a_step_that_a_key_cannot_take_is_refused_and_changes_nothing() {
    let place = place();
    let signing = active(&place);
    let spare = generate(&place);
    let rows = [
        (["promote", &signing], "the key is active"),
        (["retire", &signing], "the key is active"),
        (["retire", &spare], "the key is standby"),
        (["promote", "nobody"], "there is no such key"),
        (["retire", "nobody"], "there is no such key"),
        (["revoke", "nobody"], "there is no such key"),
    ];
    for ([verb, kid], why) in rows {
        place.run(&["keys", verb, "--", kid]).failed(1, why);
    }
    assert_eq!(states(&place), ["active", "standby"]);
    place.run(&["keys", "revoke", "--yes", "--", &spare]).done();
    place
        .run(&["keys", "revoke", "--yes", "--", &spare])
        .failed(1, "the key is revoked");
}

#[test]
fn every_step_is_audited_under_the_name_of_its_key() {
    let place = place();
    let first = active(&place);
    let second = generate(&place);
    let third = generate(&place);
    promote(&place, &second).done();
    database(&place)
        .execute(
            "UPDATE signing_key SET keep_until = 1 WHERE state = 'retiring'",
            [],
        )
        .unwrap();
    place.run(&["keys", "retire", "--yes", "--", &first]).done();
    place
        .run(&["keys", "revoke", "--yes", "--", &second])
        .done();
    let connection = database(&place);
    let mut audited = connection
        .prepare("SELECT kind, key FROM audit_event WHERE actor = 'operator' AND kind LIKE 'key_%' ORDER BY id")
        .unwrap();
    let audited: Vec<(String, String)> = audited
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected = [
        ("key_generated", &second),
        ("key_generated", &third),
        ("key_promoted", &second),
        ("key_retired", &first),
        ("key_revoked", &second),
        ("key_promoted", &third),
    ];
    assert_eq!(
        audited,
        expected.map(|(kind, kid)| (kind.to_owned(), kid.clone()))
    );
}

#[test]
fn a_running_server_moves_on_to_another_algorithm() {
    let place = place();
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let access = client.login("alice").text("access");
    let made = place
        .run(&["keys", "generate", "--algorithm", "EdDSA", "--json"])
        .done()
        .json();
    let kid = made["kid"].as_str().unwrap();
    promote(&place, kid).failed(1, "`jwt.algorithm` is ES256");
    place.configure("jwt.algorithm = \"EdDSA\"\n");
    promote(&place, kid).done();
    let new = client.login("alice").text("access");
    assert_eq!(header_of(&new)["alg"], "EdDSA");
    assert_eq!([client.me(&access), client.me(&new)], [200, 200]);
    place.run(&["user", "list"]).done();
}

#[test]
fn keys_are_made_for_known_algorithms_and_under_the_right_master_key_only() {
    let place = Place::migrated("");
    place
        .run(&["keys", "generate", "--algorithm", "ES256K"])
        .failed(2, "ES256K");
    let other = Place::migrated("");
    std::fs::copy(other.path("master.key"), place.path("master.key")).unwrap();
    place
        .run(&["keys", "generate"])
        .failed(1, "not the one that this store was made with");
    assert_eq!(states(&place), ["active"]);
}

#[test]
fn a_configured_key_owns_the_ring() {
    let place = Place::migrated(CONFIGURED);
    let commands: [&[&str]; 4] = [
        &["keys", "generate"],
        &["keys", "promote", "k", "--now"],
        &["keys", "retire", "k"],
        &["keys", "revoke", "k", "--yes"],
    ];
    for words in commands {
        let refused = place
            .run(words)
            .failed(2, "`jwt.signing_key` owns the key ring");
        assert!(!refused.stderr.contains("gE2Yq8"), "{refused:?}");
    }
    let listed = listed(&place);
    assert_eq!(listed[0]["state"], "configured");
    assert_eq!(listed.len(), 1);
}

#[test]
fn a_store_that_was_made_with_a_configured_key_gets_one_of_its_own() {
    let place = Place::migrated(CONFIGURED);
    place.user("alice", PASSWORD);
    place.configure("");
    let refused = place
        .run(&["user", "list"])
        .failed(1, "no active signing key");
    assert!(refused.stderr.contains("keys generate"), "{refused:?}");
    let kid = generate(&place);
    promote(&place, &kid).done();
    let mut server = place.serve(&["serve"]);
    let pair = Client::connect(server.address()).login("alice");
    assert_eq!(pair.status, 200, "{pair:?}");
}
