//! Whatever is done, no token, no password and no hash gets into the audit log or an export of it.

use std::collections::BTreeSet;

use countersign::audit::AuditKind;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::client::{Client, PASSWORD};
use crate::django::{KEY, Site, settings};
use crate::http::Request;
use crate::program::{Place, Server};

const WRONG: &str = "a wrong password 8472";
const NEW: &str = "a new password 5531";
const FOR_ZOE: &str = "a password for zoe 2961";
/// Typed where the name belongs.
const MISPLACED: &str = "a password as a name 7720";

/// Kinds that nothing here brings about, each with its reason. The list only shrinks.
const NOT_BROUGHT_ABOUT: &[AuditKind] = &[
    // Its last token must have expired first.
    AuditKind::KeyRetired,
];

#[test]
fn no_secret_is_in_the_audit_log_or_an_export_of_it() {
    let mut kinds = BTreeSet::new();
    for (place, mut secrets) in [everything(), takeover()] {
        secrets.extend(hashes(&place));
        assert!(secrets.len() > 4, "{secrets:?}");
        let words = ["audit", "export", "--file", "audit.jsonl"];
        place.run(&words).done();
        let exported = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
        let rows = rows(&place);
        assert_eq!(exported.lines().count(), rows.len());
        let shown = place.run(&["audit", "tail", "-n", "1000"]).done().stdout;
        for text in rows.iter().map(String::as_str).chain([&*exported, &*shown]) {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{secret} is in {text}");
            }
        }
        kinds.extend(exported.lines().map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["event"].as_str().unwrap().to_owned()
        }));
    }
    let missing = AuditKind::ALL
        .iter()
        .filter(|kind| !kinds.contains(kind.name()));
    assert_eq!(
        missing.collect::<Vec<_>>(),
        NOT_BROUGHT_ABOUT.iter().collect::<Vec<_>>()
    );
}

/// Every row of the table, as text.
fn rows(place: &Place) -> Vec<String> {
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let mut all = store.prepare("SELECT * FROM audit_event").unwrap();
    let columns = all.column_count();
    let rows = all.query_map([], |row| {
        let cells = (0..columns).map(|column| match row.get_ref_unwrap(column) {
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            ValueRef::Blob(bytes) => format!("{} {}", hex(bytes), String::from_utf8_lossy(bytes)),
            other => format!("{other:?}"),
        });
        Ok(cells.collect::<Vec<_>>().join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The hashes of passwords and the digests of service credentials that the store has.
fn hashes(place: &Place) -> Vec<String> {
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut found = store.prepare(sql).unwrap();
        let rows = found.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut hashes = texts("SELECT password FROM account WHERE length(password) > 20");
    assert!(!hashes.is_empty());
    // The digest or the key itself, without its parameters.
    let bare = hashes
        .iter()
        .map(|hash| hash.rsplit('$').next().unwrap().to_owned());
    hashes.extend(bare.collect::<Vec<_>>());
    hashes.extend(texts("SELECT lower(hex(digest)) FROM service_credential"));
    hashes
}

/// A token, and its parts that open doors.
fn parts(token: &str) -> Vec<String> {
    let parts = token.split('.').skip(1);
    parts.map(str::to_owned).collect()
}

fn refresh_as(server: &mut Server, agent: &str, token: &str) -> u16 {
    let body = json!({ "refresh": token });
    let request = Request::post("/api/token/refresh/", &body).header("User-Agent", agent);
    server.send(&request).status
}

/// Everything that can be done to users, sessions, tokens, keys and credentials of a store of ours.
fn everything() -> (Place, Vec<String>) {
    let place = Place::migrated("");
    let mut secrets = [PASSWORD, WRONG, NEW, FOR_ZOE, MISPLACED]
        .map(str::to_owned)
        .to_vec();
    place.user("ann", PASSWORD);
    place.user("bob", PASSWORD);
    let words = ["service", "create", "--name", "signup", "--scope", "users"];
    let made = place.run(&words).done();
    let credential = made.stdout.lines().last().unwrap().to_owned();
    secrets.push(credential.clone());

    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for (username, password) in [("ann", WRONG), ("nobody", WRONG), (MISPLACED, PASSWORD)] {
        let body = json!({ "username": username, "password": password });
        assert_eq!(client.post("/api/token/", &body).status, 401);
    }
    for status in [401, 401, 401, 401, 401, 429] {
        let body = json!({ "username": "guessed", "password": WRONG });
        assert_eq!(client.post("/api/token/", &body).status, status);
    }
    secrets.extend(sessions(&place, &mut server, &mut client));
    let body = json!({ "username": "zoe", "password": FOR_ZOE });
    let made = server.send(&Request::post("/api/users/", &body).bearer(&credential));
    assert_eq!(made.status, 201);
    let zoe = format!("/api/users/{}/end-sessions/", made.json()["id"]);
    let ended = server.send(&Request::post(&zoe, &json!({})).bearer(&credential));
    assert_eq!(ended.status, 200);
    administration(&place);
    (place, secrets)
}

/// All that becomes of sessions and tokens; what was issued meanwhile.
fn sessions(place: &Place, server: &mut Server, client: &mut Client) -> Vec<String> {
    let mut issued = Vec::new();
    let mut keep = |token: String| {
        issued.extend(parts(&token));
        token
    };
    let pair = client.login("ann");
    let (first, access) = (keep(pair.text("refresh")), keep(pair.text("access")));
    let second = keep(client.refresh(&first).text("refresh"));
    assert_eq!(client.refresh(&first).status, 200, "replayed");
    assert_eq!(refresh_as(server, "curl/8", &first), 401, "another client");
    let third = client.refresh(&second);
    keep(third.text("refresh"));
    assert_eq!(client.refresh(&first).status, 401, "reused");
    assert_eq!(client.me(&access), 401);

    let blacklisted = keep(client.login("ann").text("refresh"));
    let body = json!({ "refresh": blacklisted });
    assert_eq!(client.post("/api/token/blacklist/", &body).status, 200);

    let pair = client.login("ann");
    for token in [pair.text("access"), pair.text("refresh")] {
        let token = keep(token);
        let words = ["token", "revoke"];
        place.run_with(&format!("{token}\n"), &words).done();
    }

    let ahead = keep(client.login("bob").text("refresh"));
    let ahead = keep(client.refresh(&ahead).text("refresh"));
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let older = "UPDATE session SET generation = 0 WHERE account = 2";
    assert_eq!(store.execute(older, []).unwrap(), 1);
    assert_eq!(client.refresh(&ahead).status, 401, "an older store");

    let words = ["token", "issue", "--username", "bob", "--json"];
    let pair = place.run(&words).done().json();
    keep(pair["refresh"].as_str().unwrap().to_owned());
    let newest = "UPDATE session SET enabled = 0 WHERE number = (SELECT max(number) FROM session)";
    assert_eq!(
        store.execute(newest, []).unwrap(),
        1,
        "as if it had to wait"
    );
    let words = ["session", "list", "--username", "bob", "--json"];
    let sessions = place.run(&words).done().json();
    let id = sessions[0]["id"].as_str().unwrap();
    place.run(&["session", "enable", id]).done();
    issued
}

/// All that an operator does to users, keys and credentials.
fn administration(place: &Place) {
    let words = [
        "user",
        "set-password",
        "--username",
        "ann",
        "--password-stdin",
    ];
    place.run_with(&format!("{NEW}\n"), &words).done();
    for words in [
        "user set --username ann --staff",
        "user deactivate --username ann",
        "user activate --username ann",
        "user delete --username bob",
        "service revoke --name signup",
    ] {
        place.run(&words.split(' ').collect::<Vec<_>>()).done();
    }
    let kid = |place: &Place| {
        let made = place.run(&["keys", "generate", "--json"]).done().json();
        made["kid"].as_str().unwrap().to_owned()
    };
    let (next, last) = (kid(place), kid(place));
    place.run(&["keys", "promote", "--now", "--", &next]).done();
    place.run(&["keys", "revoke", "--yes", "--", &last]).done();
}

/// Users and tokens that come from elsewhere.
fn takeover() -> (Place, Vec<String>) {
    let place = Place::migrated(&settings());
    let site = Site::with_users(place.path("db.sqlite3"));
    let (live, dead) = (site.token(1, "live"), site.token(1, "dead"));
    site.blacklist("dead");
    place
        .run(&["import", "django", "--from", "db.sqlite3"])
        .done();
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let next = client.refresh(&live).text("refresh");
    let secrets = [KEY.to_owned(), "pw1".to_owned()].into_iter();
    let tokens = [live, dead, next];
    (
        place,
        secrets
            .chain(tokens.iter().flat_map(|token| parts(token)))
            .collect(),
    )
}
