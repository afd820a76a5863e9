//! The files on disk.

use std::os::unix::fs::PermissionsExt;

use crate::fixture::{Fixture, open_sessions};

#[tokio::test]
async fn every_file_is_for_its_owner_only() {
    let fixture = Fixture::new();
    open_sessions(&fixture.store, 1).await;

    let folder = fixture.path().parent().unwrap().to_owned();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (
                entry.file_name().into_string().unwrap(),
                format!("{mode:o}"),
            )
        })
        .collect();
    files.sort();

    let expected = ["countersign.db", "countersign.db-shm", "countersign.db-wal"];
    assert_eq!(
        files,
        expected.map(|name| (name.to_owned(), "600".to_owned()))
    );
}
