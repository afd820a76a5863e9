//! Nothing secret is written anywhere: not to the log at any level, not to the store or its write-ahead log.

use serde_json::json;

use crate::client::{Client, PASSWORD};
use crate::http::Request;
use crate::program::Place;

const WRONG: &str = "a wrong password 8472";
const FOR_ZOE: &str = "a password for zoe 2961";
const NEW: &str = "a new password 5531";

#[test]
fn no_password_and_no_token_is_in_log_database_or_wal() {
    let place = Place::migrated("");
    place.user("alice", PASSWORD);
    let words = ["service", "create", "--name", "signup", "--scope", "users"];
    let made = place.run(&words).done();
    let secret = made.stdout.lines().last().unwrap().to_owned();
    let mut server = place.serve(&["serve", "--log", "trace"]);
    let mut client = Client::connect(server.address());

    let pair = client.login("alice");
    let refused = client.post(
        "/api/token/",
        &json!({ "username": "alice", "password": WRONG }),
    );
    assert_eq!(refused.status, 401);
    let next = client.refresh(&pair.text("refresh"));
    assert_eq!(client.me(&next.text("access")), 200);
    let verified = client.post(
        "/api/token/verify/",
        &json!({ "token": next.text("access") }),
    );
    assert_eq!(verified.status, 200);
    let body = json!({ "refresh": next.text("refresh") });
    assert_eq!(client.post("/api/token/blacklist/", &body).status, 200);
    assert_eq!(client.refresh(&next.text("refresh")).status, 401);
    let body = json!({ "username": "zoe", "password": FOR_ZOE });
    for _ in 0..2 {
        server.send(&Request::post("/api/users/", &body).bearer(&secret));
    }
    let words = [
        "user",
        "set-password",
        "--username",
        "alice",
        "--password-stdin",
    ];
    place.run_with(NEW, &words).done();
    // No orderly end: what was not checkpointed stays in the write-ahead log, to be looked at.
    let log = server.kill();

    let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned(), NEW.to_owned()];
    secrets.extend([FOR_ZOE.to_owned(), secret]);
    for token in [&pair, &next]
        .map(|reply| [reply.text("access"), reply.text("refresh")])
        .concat()
    {
        secrets.extend(token.split('.').skip(1).map(str::to_owned));
    }
    let mut places = vec![("log".to_owned(), log.join("\n").into_bytes())];
    places.extend(place.files());
    for wanted in ["log", "countersign.db", "countersign.db-wal"] {
        let found = places.iter().find(|(name, _)| name == wanted);
        assert!(
            found.is_some_and(|(_, bytes)| bytes.len() > 100),
            "{wanted} was looked at"
        );
    }
    for (name, bytes) in &places {
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {name}");
        }
    }
}
