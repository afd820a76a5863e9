//! `init` and `migrate`: the first files, who may read them, and what is said when one is wrong.

use crate::program::Place;

#[test]
fn init_writes_files_that_only_their_owner_reads_and_overwrites_none() {
    let place = Place::new();
    place.run(&["init"]).done();
    assert_eq!(place.mode("countersign.toml"), 0o600);
    assert_eq!(place.mode("master.key"), 0o600);
    assert_eq!(std::fs::read(place.path("master.key")).unwrap().len(), 32);
    place.run(&["config", "check"]).done();

    let before = std::fs::read(place.path("master.key")).unwrap();
    place
        .run(&["init"])
        .failed(1, "countersign.toml is there already");
    std::fs::remove_file(place.path("countersign.toml")).unwrap();
    place
        .run(&["init"])
        .failed(1, "master.key is there already");
    assert_eq!(std::fs::read(place.path("master.key")).unwrap(), before);
    place
        .run(&["init", "--preset", "django"])
        .failed(2, "no preset \"django\"");
}

#[test]
fn what_init_writes_leads_to_a_store() {
    for preset in ["modern", "simplejwt"] {
        let place = Place::new();
        place.run(&["init", "--preset", preset]).done();
        place.run(&["migrate"]).done();
        let shown = place.run(&["config", "show", "--json"]).done().json();
        assert_eq!(shown[0]["value"], format!("\"{preset}\""));
        assert_eq!(shown[0]["origin"], "file");
    }
}

#[test]
fn migrate_makes_store_and_master_key_once() {
    let place = Place::new();
    place.configure("");
    let first = place.run(&["migrate", "--json"]).done().json();
    assert_eq!(first["keys_made"], true);
    for file in ["countersign.db", "master.key"] {
        assert_eq!(place.mode(file), 0o600, "{file}");
    }
    let key = std::fs::read(place.path("master.key")).unwrap();
    let second = place.run(&["migrate", "--json"]).done().json();
    assert_eq!(second["keys_made"], false);
    assert_eq!(second["applied"].as_array().unwrap().len(), 0);
    assert_eq!(std::fs::read(place.path("master.key")).unwrap(), key);
}

#[test]
fn a_store_does_not_open_without_its_own_master_key() {
    let place = Place::migrated("");
    let other = Place::migrated("");
    let key = std::fs::read(place.path("master.key")).unwrap();

    std::fs::remove_file(place.path("master.key")).unwrap();
    place
        .run(&["user", "list"])
        .failed(1, "the master key master.key cannot be read")
        .failed(1, "restore it from a backup")
        .failed(1, "every token is void")
        .silent_about("countersign init");
    place.run(&["migrate"]).failed(1, "cannot be read");
    assert!(
        !place.path("master.key").exists(),
        "a store with keys never gets another master key"
    );

    std::fs::copy(other.path("master.key"), place.path("master.key")).unwrap();
    place
        .run(&["user", "list"])
        .failed(1, "not the one that this store was made with");

    std::fs::write(place.path("master.key"), &key[..31]).unwrap();
    place
        .run(&["user", "list"])
        .failed(1, "does not have 32 bytes");

    std::fs::write(place.path("master.key"), &key).unwrap();
    place.put("master.key.txt", "", 0o600);
    place.run(&["user", "list"]).done();
}

#[test]
fn a_store_without_keys_misses_no_master_key() {
    let place = Place::migrated("");
    let store = rusqlite::Connection::open(place.path("countersign.db")).unwrap();
    store
        .execute_batch("DELETE FROM signing_key; DELETE FROM sealing_key; DELETE FROM key_check;")
        .unwrap();
    std::fs::remove_file(place.path("master.key")).unwrap();
    place
        .run(&["user", "list"])
        .failed(1, "the store has no keys yet")
        .failed(1, "countersign migrate");
}

#[test]
fn a_master_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::migrated("");
    for mode in [0o640, 0o604] {
        std::fs::set_permissions(
            place.path("master.key"),
            std::fs::Permissions::from_mode(mode),
        )
        .unwrap();
        place.run(&["serve"]).failed(1, "can be read by others");
    }
}

#[test]
fn commands_ask_for_migrate_where_there_is_no_store() {
    let place = Place::new();
    place.configure("");
    for words in [
        &["serve"][..],
        &["user", "list"],
        &["keys", "list"],
        &["token", "flush-expired"],
    ] {
        let failed = place.run(words).failed(1, "there is no store at this path");
        assert!(failed.stderr.contains("countersign migrate"), "{failed:?}");
    }
    assert!(!place.path("countersign.db").exists());
}
