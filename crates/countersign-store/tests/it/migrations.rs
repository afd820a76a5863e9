//! The schema and those who change it.

use std::path::{Path, PathBuf};
use std::sync::Barrier;

use countersign::store::Sessions;
use countersign_store::{OpenError, SqliteOptions, SqliteStore};
use tempfile::TempDir;

use crate::fixture::{Fixture, connect, open_sessions};

fn migrated() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    SqliteStore::migrate(&path).unwrap();
    (folder, path)
}

fn tamper(path: &Path, statement: &str) {
    assert_eq!(connect(path).execute(statement, []).unwrap(), 1);
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, &SqliteOptions::default())
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_opening_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    assert!(matches!(open(&path), Err(OpenError::Missing)));
    assert!(!path.exists());
}

#[test]
fn an_empty_file_is_not_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    std::fs::File::create(&path).unwrap();
    assert!(matches!(
        open(&path),
        Err(OpenError::NotMigrated { missing: 13 })
    ));
    assert_eq!(SqliteStore::migrate(&path).unwrap().applied.len(), 13);
}

#[test]
fn another_programs_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.sqlite3");
    connect(&path)
        .execute_batch("CREATE TABLE auth_user (id INTEGER)")
        .unwrap();
    let before = path.metadata().unwrap().modified().unwrap();
    let rows = [open(&path).map(drop), SqliteStore::migrate(&path).map(drop)];
    for refused in rows {
        assert!(matches!(refused, Err(OpenError::NotAStore)), "{refused:?}");
    }
    assert_eq!(path.metadata().unwrap().modified().unwrap(), before);
}

#[test]
fn an_older_schema_is_not_opened_and_is_brought_up_to_date() {
    let (_folder, path) = migrated();
    connect(&path)
        .execute_batch("DELETE FROM migration WHERE number = 13")
        .unwrap();
    assert!(matches!(
        open(&path),
        Err(OpenError::NotMigrated { missing: 1 })
    ));
    assert_eq!(
        SqliteStore::migrate(&path).unwrap().applied,
        ["generic_tokens"]
    );
    assert!(open(&path).is_ok());
}

#[test]
fn a_newer_schema_is_refused_by_both() {
    let (_folder, path) = migrated();
    tamper(
        &path,
        "INSERT INTO migration (number, name, sha256) VALUES (1000, 'later', x'00')",
    );
    let rows = [open(&path).map(drop), SqliteStore::migrate(&path).map(drop)];
    for refused in rows {
        assert!(
            matches!(refused, Err(OpenError::NewerSchema { found: 1000, .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_changed_migration_is_refused_by_both() {
    let (_folder, path) = migrated();
    tamper(
        &path,
        "UPDATE migration SET sha256 = x'00' WHERE number = 3",
    );
    let rows = [open(&path).map(drop), SqliteStore::migrate(&path).map(drop)];
    for refused in rows {
        assert!(
            matches!(refused, Err(OpenError::MigrationChanged { number: 3 })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_gap_is_refused_by_both() {
    let (_folder, path) = migrated();
    tamper(&path, "DELETE FROM migration WHERE number = 2");
    let rows = [open(&path).map(drop), SqliteStore::migrate(&path).map(drop)];
    for refused in rows {
        assert!(
            matches!(refused, Err(OpenError::MigrationGap { missing: 2 })),
            "{refused:?}"
        );
    }
}

#[test]
fn of_two_that_migrate_at_once_one_does_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        let start = Barrier::new(2);
        let migrate = || {
            start.wait();
            SqliteStore::migrate(&path).unwrap().applied.len()
        };
        let mut applied = std::thread::scope(|scope| {
            [scope.spawn(migrate), scope.spawn(migrate)].map(|thread| thread.join().unwrap())
        });
        applied.sort_unstable();
        assert_eq!(applied, [0, 13]);
    }
}

#[tokio::test]
async fn a_store_that_is_opened_again_holds_what_it_held() {
    let fixture = Fixture::new();
    let session = open_sessions(&fixture.store, 1).await.remove(0);
    fixture.store.close().await;

    assert_eq!(
        SqliteStore::migrate(&fixture.path()).unwrap().applied,
        [""; 0]
    );
    let again = open(&fixture.path()).unwrap();
    let found = again.find_session(session.number).await.unwrap().unwrap();
    assert_eq!(found.session, session);
}

#[test]
fn a_name_that_sqlite_would_interpret_is_a_file_like_any_other() {
    for name in [":memory:", "file:countersign.db?mode=memory"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        SqliteStore::migrate(&path).unwrap();
        assert!(path.metadata().unwrap().len() > 0, "{name}");
    }
}
