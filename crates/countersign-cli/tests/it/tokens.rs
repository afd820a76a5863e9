//! `token`: issue, explain, revoke, flush.

use serde_json::Value;

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
fn flush_removes_nothing_that_is_alive() {
    let place = place();
    let pair = issue(&place);
    let dry = place.run(&["token", "flush-expired", "--dry-run"]).done();
    assert!(dry.stdout.contains("Nothing was removed"), "{dry:?}");
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
