//! `user`: accounts by command line.

use crate::program::Place;

#[test]
fn a_user_is_made_shown_changed_and_deleted() {
    let place = Place::migrated("");
    let words = [
        "user",
        "create",
        "--username",
        "ann",
        "--email",
        "ann@example.org",
        "--staff",
        "--password-stdin",
    ];
    let made = place.run_with("pw-of-ann\n", &words).done();
    assert_eq!(made.stdout, "id=1 username=ann\n");

    let shown = place
        .run(&["user", "show", "--username", "ann", "--json"])
        .done()
        .json();
    let created_at = shown["created_at"].clone();
    assert_eq!(
        shown,
        serde_json::json!({
            "id": 1, "username": "ann", "email": "ann@example.org", "active": true, "staff": true,
            "superuser": false, "role": 0, "password_needs_reset": false, "created_at": created_at,
            "last_login": null,
        })
    );

    let words = [
        "user",
        "set",
        "--username",
        "ann",
        "--no-staff",
        "--superuser",
        "--role",
        "10",
        "--json",
    ];
    let changed = place.run(&words).done().json();
    assert_eq!(
        (&changed["staff"], &changed["superuser"], &changed["role"]),
        (&false.into(), &true.into(), &10.into())
    );

    place
        .run(&["user", "deactivate", "--username", "ann"])
        .done();
    let listed = place.run(&["user", "list", "--json"]).done().json();
    assert_eq!(listed[0]["active"], false);
    place.run(&["user", "activate", "--username", "ann"]).done();

    place.run(&["user", "delete", "--username", "ann"]).done();
    place
        .run(&["user", "show", "--username", "ann"])
        .failed(1, "there is no such user");
    assert_eq!(
        place.user("ann", "another one"),
        2,
        "an id never comes back"
    );
}

#[test]
fn flags_of_create_are_kept() {
    let place = Place::migrated("");
    let words = [
        "user",
        "create",
        "--username",
        "bob",
        "--superuser",
        "--inactive",
        "--password-needs-reset",
        "--password-stdin",
        "-o",
        "json",
    ];
    let made = place.run_with("pw-of-bob\n", &words).done().json();
    assert_eq!(made["active"], false);
    assert_eq!(made["superuser"], true);
    assert_eq!(made["password_needs_reset"], true);
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    let create = |name| ["user", "create", "--username", name, "--password-stdin"];
    place
        .run_with("x\n", &create("ann"))
        .failed(1, "the user name is taken");
    place
        .run_with("x\n", &create(""))
        .failed(1, "a user name has 1 to 150 characters");
    place
        .run_with("x\n", &create("a\u{1b}[31m"))
        .failed(1, "no control characters");
    place
        .run_with("\n", &create("bob"))
        .failed(1, "a password has 1 to 1024 bytes");
    place
        .run_with(&"x".repeat(1025), &create("bob"))
        .failed(1, "a password has 1 to 1024 bytes");
    place
        .run(&["user", "create", "--username", "bob"])
        .failed(2, "no terminal to ask for the password");
    place
        .run(&["user", "delete", "--username", "bob"])
        .failed(1, "there is no such user");
    let nothing = place.run(&["user", "set", "--username", "ann"]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
}

#[test]
fn a_password_is_no_argument_and_is_never_printed() {
    let place = Place::migrated("");
    let refused = place.run(&["user", "create", "--username", "ann", "--password", "pw"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let words = [
        "--log",
        "trace",
        "user",
        "create",
        "--username",
        "ann",
        "--password-stdin",
        "--json",
    ];
    let made = place.run_with("hush-hush-hush\n", &words).done();
    assert!(
        !made.stdout.contains("hush") && !made.stderr.contains("hush"),
        "{made:?}"
    );
    assert!(!made.stdout.contains("argon2"), "{made:?}");
}

#[test]
fn a_password_that_nobody_could_sign_in_with_is_refused() {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    for words in [
        ["user", "create", "--username", "bob", "--password-stdin"],
        [
            "user",
            "set-password",
            "--username",
            "ann",
            "--password-stdin",
        ],
    ] {
        place
            .run_with("a\0b\n", &words)
            .failed(1, "a password has no NUL character");
    }
    place
        .run(&["user", "show", "--username", "bob"])
        .failed(1, "there is no such user");
}

#[test]
fn a_password_ends_with_its_line_and_not_with_stdin() {
    let place = Place::migrated("");
    let words = ["user", "create", "--username", "ann", "--password-stdin"];
    place.run_beside_open_stdin("pw-of-ann", &words).done();
}

#[test]
fn only_the_first_line_of_stdin_is_the_password() {
    let place = Place::migrated("");
    let create = |name| ["user", "create", "--username", name, "--password-stdin"];
    place
        .run_with("first line\nsecond line\n", &create("ann"))
        .done();
    place.run_with("no line end", &create("bob")).done();
    place.run_with("dos line end\r\n", &create("cid")).done();
    let mut server = place.serve(&["serve"]);
    for (name, password) in [
        ("ann", "first line"),
        ("bob", "no line end"),
        ("cid", "dos line end"),
    ] {
        let body = serde_json::json!({ "username": name, "password": password });
        let answer = server.send(&crate::http::Request::post("/api/token/", &body));
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}
