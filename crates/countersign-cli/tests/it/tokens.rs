//! `token`: issue, explain, revoke, flush.

use serde_json::{Value, json};

use crate::program::Place;

fn issue(place: &Place) -> Value {
    place
        .run(&["token", "issue", "--username", "ann", "--json"])
        .done()
        .json()
}

#[test]
fn an_inactive_user_gets_tokens_only_on_request() {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    place
        .run(&["user", "deactivate", "--username", "ann"])
        .done();
    let words = ["token", "issue", "--username", "ann", "--json"];
    place
        .run(&words)
        .failed(1, "is not active")
        .failed(1, "--allow-inactive");
    let allowed = [words.as_slice(), &["--allow-inactive"]].concat();
    let pair = place.run(&allowed).done().json();
    let explained = explain(&place, pair["access"].as_str().unwrap());
    assert_eq!(explained["claims"]["user_id"], "1");
}

#[test]
fn a_user_without_what_is_required_gets_no_tokens() {
    let place = Place::migrated(
        "accounts.sign_in_requires = \"staff\"\n[claims]\nfrom_account = { staff = \"is_staff\" }\n",
    );
    place.user("ann", "pw-of-ann");
    let words = ["token", "issue", "--username", "ann"];
    place.run(&words).failed(1, "may not sign in");
    place
        .run(&["user", "set", "--username", "ann", "--staff"])
        .done();
    let pair = issue(&place);
    let explained = explain(&place, pair["access"].as_str().unwrap());
    assert_eq!(explained["claims"]["staff"], true);
}

#[test]
fn one_token_of_any_kind_is_issued_with_any_data() {
    let place = Place::migrated("jwt.custom_kinds = [\"download\"]\n");
    place.user("ann", "pw-of-ann");
    place.put("roles.json", r#"{"roles": ["admin"]}"#, 0o600);
    let file = format!("@{}", place.path("roles.json").display());
    for kind in ["access", "refresh", "websocket", "download"] {
        let words = ["token", "issue", "--kind", kind, "--json"];
        let more = ["--data", r#"{"room": 7}"#, "--lifetime", "10m"];
        let issued = place.run(&[&words[..], &more].concat()).done().json();
        let explained = explain(&place, issued["token"].as_str().unwrap());
        assert_eq!(explained["valid"], true, "{explained}");
        assert_eq!(explained["claims"]["token_type"], kind);
        assert_eq!(explained["claims"]["room"], 7);
        assert_eq!(explained["session"]["account"], json!(null));
        assert_eq!(explained["session"]["sid"], issued["session"]);

        let more = ["--data", &file, "--username", "ann"];
        let issued = place.run(&[&words[..], &more].concat()).done().json();
        let explained = explain(&place, issued["token"].as_str().unwrap());
        assert_eq!(explained["claims"]["roles"], json!(["admin"]));
        assert_eq!(explained["claims"]["user_id"], "1");
    }
    let plain = place.run(&["token", "issue", "--kind", "download"]).done();
    let (token, expires_at) = plain.stdout.trim_end().split_once('\n').unwrap();
    assert!(token.starts_with("token=eyJ") && expires_at.starts_with("expires_at=2"));
    let token = token.strip_prefix("token=").unwrap();
    let shown = place.run_with(&format!("{token}\n"), &["token", "explain"]);
    let shown = shown.done().stdout;
    assert!(
        shown.contains("made here for a token of a custom kind"),
        "{shown}"
    );
    assert!(shown.contains("of nobody: live"), "{shown}");
}

#[test]
fn a_token_that_cannot_be_issued_says_what_to_do() {
    let place = Place::migrated("");
    for (words, code, why) in [
        (vec!["--kind", "download"], 1, "jwt.custom_kinds"),
        (
            vec!["--kind", "access", "--lifetime", "0"],
            2,
            "1 second or more",
        ),
        (
            vec!["--kind", "access", "--lifetime", "-5m"],
            2,
            "1 second or more",
        ),
        (
            vec!["--kind", "access", "--lifetime", "soon"],
            2,
            "a length of time",
        ),
        (
            vec!["--kind", "access", "--lifetime", "31d"],
            1,
            "rotation.session_lifetime",
        ),
        (
            vec!["--kind", "access", "--data", "[1]"],
            1,
            "one JSON object",
        ),
        (
            vec!["--kind", "access", "--data", r#"{"exp": 1}"#],
            1,
            "\"exp\"",
        ),
        (
            vec!["--kind", "access", "--data", "@nowhere.json"],
            1,
            "cannot be read",
        ),
        (
            vec!["--kind", "access", "--username", "nobody"],
            1,
            "nobody",
        ),
        (
            vec!["--kind", "access", "--allow-inactive"],
            2,
            "cannot be used with",
        ),
        (vec!["--data", "{}", "--username", "ann"], 2, "--kind"),
        (vec![], 2, "--username"),
    ] {
        let words = [vec!["token", "issue"], words].concat();
        let refused = place.run(&words);
        assert_eq!(refused.code, Some(code), "{refused:?}");
        assert!(refused.stderr.contains(why), "{refused:?}");
        // What the command line itself refuses leads to --help.
        let way_out = ["help: ", "--help"]
            .into_iter()
            .any(|it| refused.stderr.contains(it));
        assert!(way_out, "{refused:?}");
    }
}

fn explain(place: &Place, token: &str) -> Value {
    place
        .run_with(&format!("{token}\n"), &["token", "explain", "--json"])
        .done()
        .json()
}

fn place() -> Place {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    place
}

#[test]
fn an_issued_token_is_explained_and_revoked() {
    let place = place();
    let pair = issue(&place);
    let refresh = pair["refresh"].as_str().unwrap();
    let good = explain(&place, refresh);
    assert_eq!(good["valid"], true, "{good}");
    assert_eq!(good["claims"]["user_id"], "1");
    assert_eq!(good["session"]["sid"], pair["session"]);
    assert_eq!(good["session"]["state"], "live");

    let revoked = place
        .run_with(refresh, &["token", "revoke", "--json"])
        .done()
        .json();
    assert_eq!(revoked["outcome"], "session_ended");
    let again = place
        .run_with(refresh, &["token", "revoke", "--json"])
        .done()
        .json();
    assert_eq!(again["outcome"], "session_had_ended");

    let dead = explain(&place, refresh);
    assert_eq!(dead["valid"], false, "{dead}");
    assert!(
        dead["refusal"]
            .as_str()
            .unwrap()
            .contains("ended_by_operator"),
        "{dead}"
    );
    let access = explain(&place, pair["access"].as_str().unwrap());
    assert_eq!(
        access["valid"], false,
        "the session check ends its access tokens, too: {access}"
    );
}

#[test]
fn a_token_is_revoked_by_its_id() {
    let place = place();
    let pair = issue(&place);
    let access = pair["access"].as_str().unwrap();
    let claims = explain(&place, access)["claims"].clone();
    let words = [
        "token",
        "revoke",
        "--jti",
        claims["jti"].as_str().unwrap(),
        "--json",
    ];
    assert_eq!(place.run(&words).done().json()["outcome"], "token_revoked");
    assert_eq!(explain(&place, access)["valid"], false);
    assert_eq!(
        explain(&place, pair["refresh"].as_str().unwrap())["valid"],
        true
    );
    place
        .run(&[
            "token",
            "revoke",
            "--jti",
            "0123456789abcdef0123456789abcdef",
        ])
        .failed(1, "cannot be revoked");
}

#[test]
fn a_forged_token_is_explained_without_its_claims() {
    let place = place();
    let forged = "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiMSJ9.";
    let explained = explain(&place, forged);
    assert_eq!(explained["valid"], false);
    assert_eq!(explained["claims"], Value::Null);
    place
        .run_with(forged, &["token", "revoke"])
        .failed(1, "cannot be revoked");
    place
        .run_with("\n", &["token", "explain"])
        .failed(2, "there is no token");
}

#[test]
fn a_token_is_no_argument() {
    let place = place();
    for words in [
        &["token", "explain", "eyJ"][..],
        &["token", "revoke", "eyJ"],
    ] {
        assert_eq!(place.run(words).code, Some(2), "{words:?}");
    }
}

#[test]
fn nobody_issues_tokens_to_an_inactive_user() {
    let place = place();
    place
        .run(&["user", "deactivate", "--username", "ann"])
        .done();
    place
        .run(&["token", "issue", "--username", "ann"])
        .failed(1, "is not active");
}

#[test]
fn a_token_ends_with_its_line_and_not_with_stdin() {
    let place = place();
    let pair = issue(&place);
    let refresh = pair["refresh"].as_str().unwrap();
    for words in [["token", "explain"], ["token", "revoke"]] {
        place.run_beside_open_stdin(refresh, &words).done();
    }
}

#[test]
fn an_id_of_a_foreign_token_leads_to_the_token_itself() {
    let place = place();
    let words = ["token", "revoke", "--jti", "minted-elsewhere"];
    let refused = place
        .run(&words)
        .failed(1, "the token was minted elsewhere")
        .silent_about("not accepted");
    assert!(
        refused.stderr.contains("countersign token revoke < "),
        "{refused:?}"
    );
    let forged = "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiMSJ9.";
    let refused = place
        .run_with(forged, &["token", "revoke"])
        .failed(1, "cannot be revoked");
    assert!(
        refused.stderr.contains("it is not accepted anyway"),
        "{refused:?}"
    );
}

#[test]
fn flush_goes_on_by_a_day_at_most_unless_the_clock_was_looked_at() {
    let place = place();
    let purged_until = |second: i64| {
        let store = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
        store
            .execute(
                "UPDATE ledger SET purged_until = ?1, purge_wanted = 9999999999",
                [second],
            )
            .unwrap();
    };
    purged_until(1_577_836_800);
    let words = ["token", "flush-expired", "--json"];
    let cautious = place.run(&words).done();
    let told = cautious.json();
    assert_eq!(told["expired_before"], "2020-01-02T00:00:00Z", "{told}");
    assert_eq!(told["held_back"], true, "{told}");
    for part in ["2020-01-02T00:00:00Z", "--yes"] {
        assert!(cautious.stderr.contains(part), "{cautious:?}");
    }

    let all = place.run(&[&words[..], &["--yes"]].concat()).done();
    assert_eq!(all.json()["held_back"], false, "{all:?}");
    assert_eq!(all.stderr, "");
    let again = place.run(&words).done();
    assert_eq!(again.json()["held_back"], false, "{again:?}");
}

#[test]
fn a_flush_that_removes_nothing_says_why() {
    let place = place();
    let store = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
    let wanted = |second: i64| {
        let change = "UPDATE ledger SET purged_until = 1577836800, purge_wanted = ?1";
        store.execute(change, [second]).unwrap();
    };
    let nothing = "Nothing was removed: no row expired before ";
    for more in [&["--dry-run"][..], &[]] {
        let words = [&["token", "flush-expired"], more].concat();
        wanted(1_577_840_400);
        let held_back = place.run(&words).done().stdout;
        let caution = format!("{nothing}2020-01-01T01:00:00Z, where caution stops this purge: ");
        assert!(held_back.starts_with(&caution), "{held_back}");
        assert!(
            held_back.contains("With --yes it goes on to "),
            "{held_back}"
        );
        let all = place.run(&[&words[..], &["--yes"]].concat()).done();
        assert!(all.stdout.starts_with(nothing), "{all:?}");
        assert!(all.stdout.contains("as far as any purge goes"), "{all:?}");
        assert_eq!(all.stdout.lines().count(), 1, "{all:?}");
    }
}

/// Makes rows of each kind that expired in 1970: 2500 sessions, 1000 rotated tokens, 30 foreign ones, 5 log entries.
fn fill_with_expired(place: &Place) {
    let store = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
    store
        .execute_batch(
            "UPDATE ledger SET purged_until = 1000000000, purge_wanted = 9999999999;
             CREATE TEMP TABLE n AS
                 WITH RECURSIVE n (value) AS (
                     SELECT 101 UNION ALL SELECT value + 1 FROM n WHERE value < 2600
                 )
                 SELECT value FROM n;
             INSERT INTO session (
                 number, sid, root, account, generation, sealing_key, created_at, rotated_at,
                 refresh_expires_at, keep_until, credential_version, client, enabled
             )
             SELECT value, randomblob(16), value, 1, 1, 1, 0, 0, 1000000, 1000000, 1, 0, 1 FROM n;
             INSERT INTO token_history (session, generation, created_at, expires_at, blacklisted_at)
             SELECT value, 0, 0, 1000000, 0 FROM n WHERE value <= 1100;
             INSERT INTO foreign_token (token_id, created_at, expires_at)
             SELECT 'foreign ' || value, 0, 1000000 FROM n WHERE value <= 130;
             INSERT INTO revocation (scope, token_id, at, forget_at)
             SELECT 'token', 'foreign ' || value, 0, 1000000 FROM n WHERE value <= 105;
             INSERT INTO revocation (scope, at, forget_at) VALUES ('key_ring', 0, 9000000000);",
        )
        .unwrap();
}

#[test]
fn a_dry_run_counts_what_a_flush_then_removes() {
    let place = place();
    let pair = issue(&place);
    fill_with_expired(&place);
    let rows = json!({
        "sessions": 2500, "rotated_out": 1000, "foreign_tokens": 30, "log_entries": 5, "audit_events": 0,
    });
    let dry = ["token", "flush-expired", "--dry-run", "--yes", "--json"];
    for _ in 0..2 {
        let told = place.run(&dry).done().json();
        assert_eq!(told["rows"], rows, "{told}");
        assert_eq!((&told["due"], &told["removed"]), (&json!(3535), &json!(0)));
    }
    let in_words = place.run(&dry[..4]).done().stdout;
    let counted = "Would remove 3535 expired rows (sessions: 2500, ";
    assert!(in_words.starts_with(counted), "{in_words}");
    assert!(in_words.ends_with("Nothing was removed.\n"), "{in_words}");

    let flush = ["token", "flush-expired", "--yes", "--json"];
    let flushed = place.run(&flush).done();
    assert_eq!(flushed.json()["rows"], rows);
    assert_eq!(flushed.json()["removed"], 3535);
    assert_eq!(place.run(&dry).done().json()["due"], 0);
    let refresh = pair["refresh"].as_str().unwrap();
    assert_eq!(explain(&place, refresh)["valid"], true);
}

#[test]
fn a_cautious_dry_run_goes_as_far_as_a_cautious_flush() {
    let place = place();
    fill_with_expired(&place);
    let dry = ["token", "flush-expired", "--dry-run", "--json"];
    let told = [place.run(&dry).done(), place.run(&dry).done()];
    let flush = ["token", "flush-expired", "--json"];
    let flushed = place.run(&flush).done().json();
    for told in told {
        assert!(told.stderr.contains("--yes"), "{told:?}");
        let told = told.json();
        assert_eq!(told["expired_before"], "2001-09-10T01:46:40Z");
        assert_eq!(told["held_back"], true);
        assert_eq!(told["expired_before"], flushed["expired_before"]);
        assert_eq!(told["due"], flushed["removed"]);
    }
}

/// Each token in the list, and where it goes on.
fn list(place: &Place, words: &[&str]) -> (Vec<Value>, Value) {
    let told = place
        .run(&[&["token", "list", "--json"], words].concat())
        .done()
        .json();
    (
        told["results"].as_array().unwrap().clone(),
        told["next"].clone(),
    )
}

#[test]
fn tokens_are_listed_and_searched() {
    let place = place();
    place.user("ben", "pw-of-ben");
    let words = ["token", "issue", "--username", "ben", "--json"];
    let bens = place.run(&words).done().json();
    issue(&place);

    let (all, next) = list(&place, &[]);
    assert_eq!((all.len(), next), (2, Value::Null));
    let ben = &all[1];
    let jti = ben["jti"].as_str().unwrap();
    let explained = explain(&place, bens["refresh"].as_str().unwrap());
    assert_eq!(explained["claims"]["jti"], jti);
    assert_eq!(ben["label"], format!("Token for ben ({jti})"));
    assert_eq!((&ben["user"], &ben["user_id"]), (&json!("ben"), &json!(2)));
    assert_eq!(ben["blacklisted_at"], Value::Null);
    for words in [["--user", "ben"], ["--user", "2"], ["--jti", jti]] {
        assert_eq!(list(&place, &words).0, all[1..], "{words:?}");
    }
    assert_eq!(list(&place, &["--user", "carol"]).0, [Value::Null; 0]);
    assert_eq!(list(&place, &["--blacklisted"]).0, [Value::Null; 0]);
}

#[test]
fn a_revoked_token_is_on_the_blacklist_and_stays_there_without_its_user() {
    let place = place();
    let pair = issue(&place);
    let refresh = pair["refresh"].as_str().unwrap();
    let claims = &explain(&place, refresh)["claims"];
    let jti = claims["jti"].as_str().unwrap();
    place.run(&["token", "revoke", "--jti", jti]).done();
    let (blacklisted, _) = list(&place, &["--blacklisted"]);
    assert_eq!(blacklisted.len(), 1);
    assert_eq!(blacklisted[0]["jti"], jti);
    assert!(blacklisted[0]["blacklisted_at"].is_string());

    place.run(&["user", "delete", "--username", "ann"]).done();
    let gone = &list(&place, &["--blacklisted", "--jti", jti]).0[0];
    let nobody = (&Value::Null, &Value::Null);
    assert_eq!((&gone["user"], &gone["user_id"]), nobody);
    assert_eq!(gone["label"], format!("Token for None ({jti})"));
}

#[test]
fn a_list_goes_on_page_by_page() {
    let place = place();
    for _ in 0..3 {
        issue(&place);
    }
    let words = ["token", "list", "--limit", "2"];
    let first = place.run(&words).done();
    assert_eq!(first.stdout.lines().count(), 3, "{first:?}");
    assert!(first.stdout.trim_start().starts_with("jti "), "{first:?}");
    let (_, next) = first.stderr.trim().rsplit_once(' ').unwrap();
    let second = place.run(&[&words[..], &["--after", next]].concat()).done();
    assert_eq!(second.stdout.lines().count(), 2, "{second:?}");
    assert_eq!(second.stderr, "");
    place
        .run(&["token", "list", "--after", "elsewhere"])
        .failed(1, "there is no such place");
    for limit in ["0", "501", "x"] {
        let refused = place.run(&["token", "list", "--limit", limit]);
        assert_eq!(refused.code, Some(2), "{limit}");
    }
}

#[test]
fn flush_removes_nothing_that_is_alive() {
    let place = place();
    let pair = issue(&place);
    let dry = place.run(&["token", "flush-expired", "--dry-run"]).done();
    assert!(dry.stdout.contains("Nothing was removed"), "{dry:?}");
    assert!(!dry.stdout.contains("0 expired rows"), "{dry:?}");
    assert_eq!(
        place
            .run(&["token", "flush-expired", "--json"])
            .done()
            .json()["removed"],
        0
    );
    assert_eq!(
        explain(&place, pair["refresh"].as_str().unwrap())["valid"],
        true
    );
}
