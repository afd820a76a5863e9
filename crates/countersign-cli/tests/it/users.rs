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
    let (created_at, uuid) = (shown["created_at"].clone(), shown["uuid"].clone());
    assert_eq!(
        shown,
        serde_json::json!({
            "id": 1, "uuid": uuid, "username": "ann", "email": "ann@example.org",
            "email_verified": false, "active": true, "staff": true,
            "superuser": false, "role": 0, "password_needs_reset": false, "created_at": created_at,
            "last_login": null, "attributes": {},
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
fn everything_but_name_and_password_can_be_set() {
    let place = Place::migrated("");
    let words = [
        "user",
        "create",
        "--username",
        "ann",
        "--role",
        "7",
        "--attributes",
        r#"{"team":"red"}"#,
        "--password-stdin",
        "--json",
    ];
    let made = place.run_with("pw-of-ann\n", &words).done().json();
    assert_eq!(made["role"], 7);
    assert_eq!(made["attributes"], serde_json::json!({ "team": "red" }));

    let set = |rest: &[&str]| {
        place.run(&[&["user", "set", "--username", "ann", "--json"], rest].concat())
    };
    let mut expected = made;
    for (rest, name, value) in [
        (
            &["--email", "ann@example.org"][..],
            "email",
            serde_json::json!("ann@example.org"),
        ),
        (
            &["--password-needs-reset"],
            "password_needs_reset",
            true.into(),
        ),
        (
            &["--no-password-needs-reset"],
            "password_needs_reset",
            false.into(),
        ),
        (
            &["--attributes", r#"{"a":[1]}"#],
            "attributes",
            serde_json::json!({ "a": [1] }),
        ),
        (&["--email", ""], "email", "".into()),
        (&["--superuser"], "superuser", true.into()),
        (&["--staff"], "staff", true.into()),
        (&["--no-superuser"], "superuser", false.into()),
        (&["--role", "-1"], "role", (-1).into()),
    ] {
        expected[name] = value;
        assert_eq!(set(rest).done().json(), expected, "{rest:?}");
    }
    place
        .run(&["user", "require-reset", "--username", "ann"])
        .done();
    expected["password_needs_reset"] = true.into();
    assert_eq!(set(&["--role", "-1"]).done().json(), expected);
    set(&["--email", "nowhere"]).failed(1, "an e-mail address has");
    for rest in [&["--attributes", "[]"][..], &["--staff", "--no-staff"]] {
        assert_eq!(set(rest).code, Some(2), "{rest:?}");
    }
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    let create = |name| ["user", "create", "--username", name, "--password-stdin"];
    place
        .run_with("pw-of-bob\n", &create("ann"))
        .failed(1, "the user name is taken");
    place
        .run_with("pw-of-bob\n", &create(""))
        .failed(1, "a user name has 1 to 150 characters");
    place
        .run_with("pw-of-bob\n", &create("a\u{1b}[31m"))
        .failed(1, "no control characters");
    place
        .run_with("pw-of-bob\n", &create("a\u{200b}nn"))
        .failed(1, "others that nobody sees");
    place
        .run_with("pw-of-bob\n", &create("\u{ff41}nn"))
        .failed(1, "the user name is taken");
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
fn a_weak_password_is_refused_with_a_way_out() {
    let create = |name| ["user", "create", "--username", name, "--password-stdin"];
    let place = Place::migrated("");
    place.user("ann", "pw-of-ann");
    for (password, why) in [
        ("pw-Zoe7", "a password has at least 8 characters"),
        ("PassWord1", "one of the most common"),
        ("zoe-of-here", "the user name or the e-mail address"),
    ] {
        place
            .run_with(&format!("{password}\n"), &create("Zoe-of-Here"))
            .failed(1, why)
            .told("help: choose another password")
            .silent_about(password);
    }
    let words = ["user", "set-password", "--username", "ann"];
    let words = [&words[..], &["--password-stdin"]].concat();
    place
        .run_with("iloveyou\n", &words)
        .failed(1, "one of the most common");
    place.configure("passwords.refuse_common = false\n");
    place.run_with("iloveyou\n", &words).done();
}

#[test]
fn the_operator_is_exempt_where_the_settings_say_so() {
    let simplejwt = "preset = \"simplejwt\"\n";
    let place = Place::migrated(simplejwt);
    place.user("ann", "x");
    place.configure(&format!("{simplejwt}passwords.operator_exempt = false\n"));
    let create = ["user", "create", "--username", "bob", "--password-stdin"];
    place
        .run_with("x\n", &create)
        .failed(1, "a password has at least 8 characters");
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

#[test]
fn p11_a_new_store_has_nobody() {
    let place = Place::migrated("");
    let listed = place.run(&["user", "list", "-o", "json"]).done().json();
    assert_eq!(listed, serde_json::json!([]));
    let services = place.run(&["service", "list", "-o", "json"]).done().json();
    assert_eq!(services, serde_json::json!([]));
}
