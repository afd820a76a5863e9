//! `import django`, `export django`, and the page that walks through them.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::Client;
use crate::django::{PW1, Site, bytes, mint, settings};
use crate::http::Answer;
use crate::program::Place;

fn place() -> Place {
    Place::migrated(&settings())
}

fn site(place: &Place) -> Site {
    Site::with_users(place.path("db.sqlite3"))
}

fn import(place: &Place, more: &[&str]) -> Value {
    let mut words = vec!["import", "django", "--from", "db.sqlite3", "--json"];
    words.extend(more);
    place.run(&words).done().json()
}

fn export(place: &Place) -> Value {
    let words = ["export", "django", "--to", "db.sqlite3", "--json"];
    place.run(&words).done().json()
}

fn sign_in(client: &mut Client, name: &str, password: &str) -> Answer {
    let body = json!({ "username": name, "password": password });
    client.post("/api/token/", &body)
}

fn shown(place: &Place, name: &str) -> Value {
    let words = ["user", "show", "--username", name, "--json"];
    place.run(&words).done().json()
}

/// Why rows were not taken, with how many.
fn reasons(report: &Value) -> Vec<(String, u64)> {
    let reasons = report["not_taken"].as_array().unwrap();
    reasons
        .iter()
        .map(|it| {
            let (what, reason) = (it["what"].as_str().unwrap(), it["reason"].as_str().unwrap());
            (format!("{what}: {reason}"), it["count"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn users_and_tokens_of_a_site_work_here() {
    let place = place();
    let site = site(&place);
    let (live, dead) = (site.token(1, "live"), site.token(1, "dead"));
    site.blacklist("dead");
    let report = import(&place, &[]);
    let users = json!({
        "read": 3, "created": 3, "refreshed": 0, "unchanged": 0, "changed_here": 0, "not_taken": 0,
    });
    let tokens = json!({
        "read": 2, "recorded": 1, "blacklisted": 1, "sessions_ended": 0, "unchanged": 0, "expired": 0,
        "not_taken": 0,
    });
    assert_eq!((&report["users"], &report["tokens"]), (&users, &tokens));
    assert_eq!(report["remarks"], json!([]));
    let ann = shown(&place, "ann");
    assert_eq!(ann["id"], 1);
    assert_eq!(ann["email"], "ann@example.org");
    assert_eq!(
        (&ann["staff"], &ann["active"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(ann["last_login"], "2024-02-29T12:00:00Z");
    assert_eq!(ann["created_at"], "2020-01-02T03:04:05.679Z");

    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    assert_eq!(sign_in(&mut client, "ann", "pw1").status, 200);
    assert_eq!(sign_in(&mut client, "ann", "pw2").status, 401);
    assert_eq!(sign_in(&mut client, "cid", "pw1").status, 401, "inactive");
    assert_eq!(client.me(&mint("access", 1, "access").0), 200);
    assert_eq!(client.refresh(&dead).text("detail"), "Token is blacklisted");
    let next = client.refresh(&live).text("refresh");
    assert_eq!(client.refresh(&live).text("detail"), "Token is blacklisted");
    assert_eq!(client.refresh(&next).status, 200);
    assert_eq!(place.user("dora", "pw-of-dora"), 4, "ids go on");
}

/// Django forgets the user, and the token that it has signed for him is good for an hour.
#[test]
fn a_token_of_a_user_deleted_there_never_opens_a_newer_account() {
    let place = place();
    place.user("made here first", "pw-of-ours");
    let site = site(&place);
    site.user(9, "gone", PW1);
    site.change("DELETE FROM auth_user WHERE id IN (1, 9)");
    let report = import(&place, &[]);
    assert_eq!(report["users"]["created"], 2);
    let remark = report["remarks"][0].as_str().unwrap();
    assert!(
        remark.contains("whose ids Django has given, too: 1."),
        "{remark}"
    );
    assert_eq!(place.user("made here later", "pw-of-ours"), 10);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    for (user, status) in [(1, 401), (2, 200), (9, 401)] {
        assert_eq!(
            client.me(&mint("access", user, "access").0),
            status,
            "{user}"
        );
        let refresh = mint("refresh", user, &format!("of {user}")).0;
        assert_eq!(client.refresh(&refresh).status, status, "{user}");
    }
}

#[test]
fn a_rehearsal_changes_nothing_on_either_side() {
    let place = place();
    let site = site(&place);
    site.token(1, "live");
    let before = bytes(&site.path);
    let rehearsed = import(&place, &["--dry-run"]);
    assert_eq!(rehearsed["dry_run"], true);
    assert_eq!(
        place.run(&["user", "list", "--json"]).done().json(),
        json!([])
    );
    let real = import(&place, &[]);
    for part in ["users", "tokens", "passwords", "not_taken", "remarks"] {
        assert_eq!(rehearsed[part], real[part], "{part}");
    }
    assert_eq!(bytes(&site.path), before);
}

#[test]
fn a_site_that_is_being_written_to_is_imported_and_left_as_it_is() {
    let place = place();
    let site = site(&place);
    site.change("PRAGMA journal_mode = wal");
    site.user(4, "dan", PW1);
    site.change("BEGIN IMMEDIATE");
    site.user(5, "eve", PW1);
    let before = bytes(&site.path);
    assert_eq!(
        import(&place, &[])["users"]["created"],
        4,
        "eve may never come"
    );
    assert_eq!(bytes(&site.path), before);
    site.change("COMMIT");
    assert_eq!(import(&place, &[])["users"]["created"], 1);
}

#[test]
fn the_next_import_takes_what_changed_there_and_keeps_what_changed_here() {
    let place = place();
    let site = site(&place);
    import(&place, &[]);
    site.change("UPDATE auth_user SET email = 'new@example.org', is_staff = 0 WHERE id = 1");
    let words = [
        "user",
        "set-password",
        "--username",
        "bob",
        "--password-stdin",
    ];
    place.run_with("pw-of-ours\n", &words).done();
    site.change("UPDATE auth_user SET password = 'md5$a$b' WHERE id = 2");
    place.run(&["user", "delete", "--username", "cid"]).done();
    let report = import(&place, &[]);
    let users = json!({
        "read": 3, "created": 0, "refreshed": 1, "unchanged": 0, "changed_here": 1, "not_taken": 1,
    });
    assert_eq!(report["users"], users);
    let deleted = "user: its id belongs to a user who was deleted here".to_owned();
    let both = "user: changed both there and here: what was changed here stays".to_owned();
    assert_eq!(reasons(&report), [(both, 1), (deleted, 1)]);
    let ann = shown(&place, "ann");
    assert_eq!(
        (&ann["email"], &ann["staff"]),
        (&json!("new@example.org"), &json!(false))
    );
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    assert_eq!(sign_in(&mut client, "bob", "pw-of-ours").status, 200);
}

#[test]
fn what_django_does_later_is_in_force_in_a_running_server_when_the_command_returns() {
    let place = place();
    let site = site(&place);
    let (idle, used) = (site.token(1, "idle"), site.token(1, "used"));
    import(&place, &[]);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let moved = client.refresh(&used).text("refresh");
    let access = mint("access", 2, "access").0;
    assert_eq!(client.me(&access), 200);

    site.blacklist("idle");
    site.blacklist("used");
    site.change("UPDATE auth_user SET is_active = 0 WHERE id = 2");
    let report = import(&place, &[]);
    assert_eq!(report["tokens"]["blacklisted"], 1);
    assert_eq!(report["tokens"]["sessions_ended"], 1);
    for token in [&idle, &moved] {
        assert_eq!(client.refresh(token).text("detail"), "Token is blacklisted");
    }
    assert_eq!(client.me(&access), 401);
}

#[test]
fn what_is_not_taken_is_named_with_its_reason() {
    let place = place();
    place.user("ours", "pw-of-ours");
    let site = Site::at(place.path("db.sqlite3"));
    for (id, name) in [(1, "ann"), (2, "ours"), (3, "a\u{1b}[31mred"), (5, "fay")] {
        site.user(id, name, PW1);
    }
    site.user(4, &"x".repeat(151), PW1);
    site.change("UPDATE auth_user SET last_login = 'yesterday' WHERE id = 5");
    site.user(6, "gus", "whirlpool$salt$hash");
    site.change(
        "INSERT INTO token_blacklist_outstandingtoken (jti, token, expires_at)
         VALUES ('', '', '2999-01-01 00:00:00'), ('old', '', '2001-01-01 00:00:00')",
    );
    let report = import(&place, &[]);
    assert_eq!(report["users"]["not_taken"], 5);
    assert_eq!(report["tokens"]["expired"], 1);
    assert_eq!(report["passwords"], json!({ "none": 1 }));
    let name = "user: a user name has 1 to 150 characters and no control characters";
    let expected = [
        ("user: its \"last_login\" cannot be read", 1),
        (
            "user: its id belongs to another user, made here, who takes no token of Django's now",
            1,
        ),
        ("user: another user here has its name", 1),
        (name, 2),
        (
            "token: its id is empty, longer than 255 bytes or has a NUL: it is refused",
            1,
        ),
    ];
    assert_eq!(
        reasons(&report),
        expected.map(|(text, count)| (text.to_owned(), count))
    );

    let told = place
        .run(&["import", "django", "--from", "db.sqlite3"])
        .done();
    assert!(
        told.stdout.contains("2 user: a user name has 1 to 150"),
        "{told:?}"
    );
    assert!(!told.stdout.contains('\u{1b}'), "{told:?}");
}

#[test]
fn a_custom_user_model_is_mapped_column_by_column() {
    let place = place();
    let custom = Connection::open(place.path("db.sqlite3")).unwrap();
    custom.execute_batch(CUSTOM_MODEL).unwrap();
    let insert = "INSERT INTO accounts_user VALUES (7, ?1, 'ann@example.org', 'Ann', 'red', 3, 1, NULL, '6f0e9c1e00004000800000000000002a')";
    custom.execute(insert, [PW1]).unwrap();
    let report = import(&place, &CUSTOM_MAP);
    assert_eq!(report["users"]["created"], 1);
    let remark = "the users' table has no column for email, is_staff, is_superuser, date_joined";
    let no_lists = "the site has no token blacklist: no token was taken";
    assert_eq!(report["remarks"], json!([remark, no_lists]));
    assert_eq!(shown(&place, "ann@example.org")["id"], 7);
    let ours = Connection::open(place.path("countersign.db")).unwrap();
    let attributes: String = ours
        .query_row("SELECT hex(uuid) || attributes FROM account", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(
        attributes,
        r#"6F0E9C1E00004000800000000000002A{"first_name":"Ann","team":"red","level":3}"#
    );
}

const CUSTOM_MODEL: &str = "CREATE TABLE accounts_user (
    pk INTEGER PRIMARY KEY, password TEXT, mail TEXT, first_name TEXT, dept TEXT, level INTEGER, active BOOL,
    last_login TEXT, uid char(32)
)";

const CUSTOM_MAP: [&str; 18] = [
    "--users-table",
    "accounts_user",
    "--column",
    "id=pk",
    "--column",
    "uuid=uid",
    "--column",
    "username=mail",
    "--column",
    "email=",
    "--column",
    "is_active=active",
    "--attribute",
    "first_name",
    "--attribute",
    "team=dept",
    "--attribute",
    "level",
];

#[test]
fn a_map_that_does_not_fit_is_refused_and_says_what_there_is() {
    let place = place();
    site(&place);
    let words = ["import", "django", "--from", "db.sqlite3"];
    let with = |more: &[&str]| place.run(&[&words, more].concat());
    with(&["--users-table", "accounts_user"])
        .failed(1, "there is no table \"accounts_user\"")
        .told("these have passwords: auth_user");
    with(&["--column", "username=mail"])
        .failed(1, "the table \"auth_user\" has no column \"mail\"")
        .told("there are: id, password, last_login");
    with(&["--attribute", "dept"]).failed(1, "has no column \"dept\"");
    with(&["--column", "password="]).failed(1, "an account needs its password");
    with(&["--column", "id=username"])
        .failed(1, "3 rows of the table \"auth_user\" have no whole number");
    let unknown = with(&["--column", "nickname=x"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(
        unknown.stderr.contains("use one of id, uuid, username"),
        "{unknown:?}"
    );
    assert_eq!(
        place.run(&["user", "list", "--json"]).done().json(),
        json!([])
    );
}

#[test]
fn what_is_no_database_of_a_site_is_refused() {
    let place = place();
    let from = |url| place.run(&["import", "django", "--from", url]);
    for url in ["postgres://django@db/site", "postgresql:///site"] {
        from(url).failed(2, "a Django database on PostgreSQL cannot be used yet");
    }
    from("nowhere.sqlite3").failed(1, "the file cannot be opened");
    from("sqlite:///nowhere.sqlite3").failed(1, "the file cannot be opened");
    from("countersign.toml").failed(1, "the database could not be read");
    assert!(!place.path("nowhere.sqlite3").exists());
}

/// The same table as that of `store.url`, but for plain paths and where a relative one begins.
#[test]
fn every_spelling_of_a_site_is_its_file_or_refused() {
    let place = place();
    let site = site(&place);
    let absolute = site.path.to_str().unwrap();
    let (one, four) = (
        format!("sqlite:{absolute}"),
        format!("sqlite:///{absolute}"),
    );
    let good = [
        "db.sqlite3",
        "./db.sqlite3",
        absolute,
        "sqlite:db.sqlite3",
        "sqlite:///db.sqlite3",
        &one,
        &four,
    ];
    for url in good {
        let words = ["import", "django", "--dry-run", "--json", "--from", url];
        assert_eq!(place.run(&words).done().json()["users"]["read"], 3, "{url}");
    }
    let (two, five) = (
        format!("sqlite:/{absolute}"),
        format!("sqlite:////{absolute}"),
    );
    let bad = [
        "",
        "sqlite:",
        "sqlite:///",
        "sqlite://db.sqlite3",
        "sqlite://db/site",
        &two,
        &five,
        "sqlite::memory:",
        "sqlite:db.sqlite3?mode=ro",
        "mysql://db/site",
    ];
    for url in bad {
        place
            .run(&["import", "django", "--from", url])
            .failed(2, "that names no SQLite database");
    }
}

/// Whatever ids Django has given, those that are given here go on above what can come, and stay numbers.
#[test]
fn ids_that_are_too_large_are_not_taken_and_leave_room_for_ours() {
    let place = place();
    let site = Site::at(place.path("db.sqlite3"));
    let largest = 1_i64 << 52;
    for (id, name) in [(largest, "ann"), (largest + 1, "bob"), (i64::MAX, "cid")] {
        site.user(id, name, PW1);
    }
    let report = import(&place, &[]);
    assert_eq!(report["users"]["created"], 1);
    let reason = "user: its id is not a number from 1 to 4503599627370496".to_owned();
    assert_eq!(reasons(&report), [(reason, 2)]);
    assert_eq!(place.user("dora", "pw-of-dora"), largest + 1);
    assert_eq!(place.user("eve", "pw-of-eve"), largest + 2);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    assert_eq!(client.me(&mint("access", largest, "of ann").0), 200);
    assert_eq!(client.me(&mint("access", largest + 1, "of bob").0), 401);
}

/// SQLite keeps up to a gigabyte in any column, whatever its type says.
#[test]
fn texts_that_are_too_long_are_left_where_they_are_and_named() {
    const LONG: &str = "replace(hex(zeroblob(25000)), '0', 'x')";
    let place = place();
    let site = Site::with_users(place.path("db.sqlite3"));
    let columns = [
        "username",
        "password",
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "date_joined",
        "first_name",
    ];
    for (id, column) in (10..).zip(columns) {
        site.user(id, &format!("user{id}"), PW1);
        site.change(&format!(
            "UPDATE auth_user SET {column} = {LONG} WHERE id = {id}"
        ));
    }
    site.user(30, &"x".repeat(300), PW1);
    site.change(&format!(
        "UPDATE auth_user SET last_name = {LONG} WHERE id = 1;
         INSERT INTO token_blacklist_outstandingtoken (jti, token, expires_at)
         VALUES ({LONG}, '', '2999-01-01'), ('a' || char(27), {LONG}, '2999-01-01')"
    ));
    let report = import(&place, &["--attribute", "first_name"]);
    assert_eq!(
        report["users"]["created"], 3,
        "what is not asked for is not looked at"
    );
    assert_eq!(report["tokens"]["recorded"], 1, "its id is what counts");
    let mut expected: Vec<_> = columns
        .iter()
        .map(|column| (format!("user: its \"{column}\" is too long"), 1))
        .collect();
    let name = "user: a user name has 1 to 150 characters and no control characters";
    expected.push((name.to_owned(), 1));
    expected.push(("token: its \"jti\" is too long".to_owned(), 1));
    let mut told = reasons(&report);
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    let shown = report.to_string();
    assert!(
        shown.contains(&format!("id 30 \\\"{}…", "x".repeat(40))),
        "{shown}"
    );
    assert!(!shown.contains(&"x".repeat(41)), "{shown}");
}

#[test]
fn tokens_that_were_imported_are_listed_with_the_time_that_django_knows() {
    let place = place();
    let site = site(&place);
    site.token(1, "known");
    site.token(1, "unknown");
    site.change(
        "UPDATE token_blacklist_outstandingtoken SET created_at = NULL WHERE jti = 'unknown';
         UPDATE token_blacklist_outstandingtoken SET created_at = '2024-02-29 12:00:00'
         WHERE jti = 'known'",
    );
    import(&place, &[]);
    let created_at = |id| {
        let listed = place.run(&["token", "list", "--jti", id, "--json"]).done();
        listed.stdout.contains("2024-02-29T12:00:00Z")
    };
    assert_eq!((created_at("known"), created_at("unknown")), (true, false));
}

#[test]
fn another_key_and_refused_tokens_are_remarked() {
    let place = Place::migrated(
        "preset = \"simplejwt\"\nforeign.refresh = \"off\"\n\
         jwt.signing_key = \"another key that is long enough for HS256\"\n",
    );
    site(&place).token(1, "live");
    let report = import(&place, &["--dry-run"]);
    let remarks = report["remarks"].to_string();
    assert!(remarks.contains("1 of 1 recorded tokens"), "{remarks}");
    assert!(remarks.contains("`foreign.refresh` is off,"), "{remarks}");
    let none = Place::migrated("preset = \"simplejwt\"\n");
    Site::with_users(none.path("db.sqlite3"));
    let remarks = import(&none, &[])["remarks"].to_string();
    assert!(
        remarks.contains("no `jwt.signing_key` is configured"),
        "{remarks}"
    );
}

/// Killed between any two instructions, run again: as if it had never been interrupted.
#[test]
fn after_kill_9_the_next_run_takes_the_rest() {
    const USERS: i64 = 5_000;
    let (place, reference) = (place(), place());
    let site = Site::at(place.path("db.sqlite3"));
    site.change("BEGIN");
    for id in 1..=USERS {
        site.user(id, &format!("user{id}"), PW1);
    }
    site.token(1, "live");
    site.token(2, "dead");
    site.blacklist("dead");
    site.change("COMMIT");
    std::fs::copy(&site.path, reference.path("db.sqlite3")).unwrap();

    let importing = place.serve(&["import", "django", "--from", "db.sqlite3"]);
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let here = |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        store.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    while here("account") == 0 {
        std::thread::yield_now();
    }
    importing.kill();
    let taken = here("account");
    assert!(
        (1..USERS).contains(&taken),
        "it was not killed in the middle: {taken}"
    );

    let report = import(&place, &[]);
    assert_eq!(report["users"]["unchanged"], taken);
    assert_eq!(report["users"]["created"], USERS - taken);
    import(&reference, &[]);
    assert_eq!(everything(&place), everything(&reference));
    assert_eq!(import(&place, &[])["users"]["unchanged"], USERS);
}

/// All accounts and foreign tokens, but for what is drawn.
fn everything(place: &Place) -> Vec<String> {
    let store = Connection::open(place.path("countersign.db")).unwrap();
    let mut statement = store
        .prepare(
            "SELECT id || username || email || password || password_mark || active || staff || superuser
                 || created_at || last_login || attributes
             FROM account
             UNION ALL
             SELECT token_id || coalesce(account, '') || expires_at || (blacklisted_at IS NULL)
             FROM foreign_token
             ORDER BY 1",
        )
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn on_the_way_back_the_site_learns_what_happened_here() {
    let place = Place::migrated(&format!("{}passwords.write = \"django\"\n", settings()));
    let site = site(&place);
    let used = site.token(1, "used");
    site.token(1, "idle");
    import(&place, &[]);
    let mut server = place.serve(&["serve"]);
    let mut client = Client::connect(server.address());
    let first = client.refresh(&used);
    let live = client.refresh(&first.text("refresh")).refresh_id();
    let signed_out = sign_in(&mut client, "bob", "pw1");
    let body = json!({ "refresh": signed_out.text("refresh") });
    assert_eq!(client.post("/api/token/blacklist/", &body).status, 200);
    place.user("dora", "pw-of-dora");
    place.run(&["user", "delete", "--username", "cid"]).done();
    place
        .run(&["user", "deactivate", "--username", "bob"])
        .done();
    drop(server);

    let before = bytes(&site.path);
    let words = ["export", "django", "--to", "db.sqlite3", "--dry-run"];
    place.run(&words).done();
    assert_eq!(bytes(&site.path), before);

    let report = export(&place);
    let users = json!({ "updated": 2, "unchanged": 0, "inserted": 1, "shut_out": 1 });
    assert_eq!(report["users"], users);
    assert_eq!(report["not_given"], json!([]));
    assert_eq!(report["remarks"], json!([]), "no argon2 hash is left");
    for dead in ["used", &first.refresh_id(), &signed_out.refresh_id()] {
        assert!(site.has_blacklisted(dead), "{dead}");
    }
    for alive in ["idle", &live] {
        assert!(!site.has_blacklisted(alive), "{alive}");
    }
    assert!(site.value::<bool>("SELECT NOT is_active FROM auth_user WHERE username = 'bob'"));
    assert!(site.value::<bool>("SELECT NOT is_active FROM auth_user WHERE username = 'cid'"));
    let password: String = site.value("SELECT password FROM auth_user WHERE username = 'cid'");
    assert!(password.starts_with('!'), "{password}");
    for name in ["bob", "dora"] {
        let query = format!("SELECT password FROM auth_user WHERE username = '{name}'");
        let password: String = site.value(&query);
        assert!(password.starts_with("pbkdf2_sha256$"), "{password}");
    }
    assert_eq!(
        site.value::<i64>("SELECT id FROM auth_user WHERE username = 'dora'"),
        4
    );
    let joined: String = site.value("SELECT date_joined FROM auth_user WHERE id = 1");
    assert_eq!(joined, "2020-01-02 03:04:05.679");
    let before = site.rows();
    let again = export(&place);
    let users = json!({ "updated": 0, "unchanged": 3, "inserted": 0, "shut_out": 0 });
    assert_eq!((&again["users"], &again["tokens"]), (&users, &json!(0)));
    assert_eq!(site.rows(), before);
}

/// Whatever types and collations the columns of a site have.
#[test]
fn an_export_writes_what_differs_and_nothing_else() {
    let place = place();
    let custom = Connection::open(place.path("db.sqlite3")).unwrap();
    custom
        .execute_batch(
            "CREATE TABLE people (
                 id INTEGER PRIMARY KEY, username TEXT, password TEXT, email TEXT COLLATE NOCASE, is_active BOOL,
                 is_staff BOOL, level TEXT, score NUMERIC, joined
             );
             CREATE TABLE token_blacklist_outstandingtoken (
                 id INTEGER PRIMARY KEY, token, created_at, expires_at, user_id, jti UNIQUE
             );
             CREATE TABLE token_blacklist_blacklistedtoken (
                 id INTEGER PRIMARY KEY, blacklisted_at, token_id UNIQUE
             );
             INSERT INTO people VALUES
                 (1, 'ann', 'x$y', 'ann@example.org', 1, 0, '3', 2.5, '2020-01-02 03:04:05'),
                 (2, 'bob', 'x$y', 'bob@example.org', 1, 0, NULL, NULL, NULL)",
        )
        .unwrap();
    let map = [
        "--users-table",
        "people",
        "--attribute",
        "level",
        "--attribute",
        "score",
        "--column",
        "date_joined=joined",
    ];
    import(&place, &map);
    let words = ["export", "django", "--to", "db.sqlite3", "--json"];
    let export = || place.run(&[&words[..], &map].concat()).done().json()["users"].clone();
    let kept = r#"{"level":4,"score":2.5}"#;
    let set = ["user", "set", "--username", "ann", "--attributes", kept];
    place.run(&set).done();
    export();
    let nothing = json!({ "updated": 0, "unchanged": 2, "inserted": 0, "shut_out": 0 });
    assert_eq!(export(), nothing);
    let set = [
        "user",
        "set",
        "--username",
        "ann",
        "--email",
        "Ann@example.org",
    ];
    place.run(&set).done();
    let one = json!({ "updated": 1, "unchanged": 1, "inserted": 0, "shut_out": 0 });
    assert_eq!(export(), one);
    let email: String = custom
        .query_row("SELECT email FROM people WHERE id = 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(email, "Ann@example.org");
}

#[test]
fn an_export_shuts_out_who_was_deleted_here_and_not_who_has_their_number_there() {
    let place = place();
    place.user("ours", "pw-of-ours");
    place.run(&["user", "delete", "--username", "ours"]).done();
    place.user("both", "pw-of-both");
    place.run(&["user", "delete", "--username", "both"]).done();
    let site = Site::at(place.path("db.sqlite3"));
    site.user(1, "stranger", PW1);
    site.user(2, "both", PW1);
    assert_eq!(export(&place)["users"]["shut_out"], 1);
    let password = |id| {
        let query = format!("SELECT password FROM auth_user WHERE id = {id}");
        site.value::<String>(&query)
    };
    assert_eq!(password(1), PW1, "nobody we know");
    assert!(password(2).starts_with('!'), "{}", password(2));
}

#[test]
fn an_export_overwrites_nobody_else() {
    let place = place();
    place.user("ours", "pw-of-ours");
    let site = Site::at(place.path("db.sqlite3"));
    site.user(1, "ann", PW1);
    site.user(2, "fay", PW1);
    place.user("fay", "pw-of-fay");
    place.user("ann", "pw-of-ann");
    let report = export(&place);
    assert_eq!(report["users"]["updated"], 1, "fay");
    let refused: Vec<_> = report["not_given"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["id"].as_i64().unwrap(), it["reason"].as_str().unwrap()))
        .collect();
    let expected = [
        (1, "the user of that id there has another name"),
        (3, "another user there has the name"),
    ];
    assert_eq!(refused, expected);
    assert_eq!(
        site.value::<String>("SELECT password FROM auth_user WHERE id = 1"),
        PW1
    );
    let remark = report["remarks"].to_string();
    assert!(remark.contains("argon2-cffi"), "{remark}");
}

#[test]
fn an_export_without_the_lists_is_refused_and_writes_nothing() {
    let place = place();
    place.user("ours", "pw-of-ours");
    let site = Site::at(place.path("db.sqlite3"));
    site.change("DROP TABLE token_blacklist_blacklistedtoken");
    let before = bytes(&site.path);
    place
        .run(&["export", "django", "--to", "db.sqlite3"])
        .failed(1, "there is no table \"token_blacklist_blacklistedtoken\"");
    assert_eq!(bytes(&site.path), before);
    place
        .run(&["export", "django", "--to", "postgres://db/site"])
        .failed(2, "PostgreSQL");
}

#[test]
fn a_takeover_ends_at_its_date() {
    for (until, accepted) in [("2999-12-31", true), ("2020-01-31T18:00:00Z", false)] {
        let place = Place::migrated(&format!("{}foreign.until = \"{until}\"\n", settings()));
        let token = site(&place).token(1, "live");
        import(&place, &[]);
        let mut server = place.serve(&["serve"]);
        let mut client = Client::connect(server.address());
        assert_eq!(client.refresh(&token).status == 200, accepted, "{until}");
    }
}

/// How many commands there are up to and with the start of the server.
const CUT_OVER: usize = 8;

/// Every command on the page, in its order, with the configuration that the page shows.
#[test]
fn the_commands_of_the_takeover_page_work_as_they_stand() {
    let place = Place::new();
    let site = site(&place);
    let token = site.token(1, "live");
    Connection::open(place.path("custom.sqlite3"))
        .unwrap()
        .execute_batch(
            "CREATE TABLE accounts_user (
                 id INTEGER PRIMARY KEY, password TEXT, email TEXT, first_name TEXT, dept TEXT
             )",
        )
        .unwrap();
    place.put("django.key", crate::django::KEY, 0o600);
    place.put("token.txt", &token, 0o600);
    let mut commands = 0;
    let mut server = None;
    for (language, block) in blocks(include_str!("../../../../docs/takeover.md")) {
        match language {
            // The second one adds to the first.
            "toml" => configure(&place, block),
            "sh" => {
                for line in block.lines() {
                    let words: Vec<_> = line.split(' ').collect();
                    assert_eq!(words[0], "countersign", "{line}");
                    let input = words.iter().position(|word| *word == "<");
                    let stdin = input.map_or("", |_| token.as_str());
                    let arguments = &words[1..input.unwrap_or(words.len())];
                    if arguments == ["serve"] {
                        let mut running = place.serve(arguments);
                        running.address();
                        server = Some(running);
                    } else {
                        let done = place.run_with(stdin, arguments).done();
                        let remarked = done.stdout.contains("remark: ");
                        let expected = ["custom", "export"].iter().any(|it| line.contains(it));
                        assert_eq!(remarked, expected, "{line}: {done:?}");
                    }
                    commands += 1;
                }
            }
            other => panic!("nobody knows what to do with {other:?}"),
        }
        if commands == CUT_OVER {
            let mut client = Client::connect(server.as_mut().unwrap().address());
            assert_eq!(client.refresh(&token).status, 200);
            assert_eq!(sign_in(&mut client, "ann", "pw1").status, 200);
        }
    }
    assert_eq!(commands, CUT_OVER + 4);
    assert!(site.has_blacklisted("live"), "spent here, and given back");
}

fn configure(place: &Place, block: &str) {
    let known = std::fs::read_to_string(place.path("countersign.toml")).unwrap_or_default();
    let text = if block.starts_with("preset") {
        block.replace("127.0.0.1:8000", "127.0.0.1:0")
    } else {
        format!("{known}\n{block}danger_cheap_hashes = true\n")
    };
    place.put("countersign.toml", &text, 0o600);
}

/// The code blocks of a page, with their languages.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = page.split("```").collect();
    let blocks = parts.iter().skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).collect()
}
