//! Two processes on one file, as far as a second handle can stand for one.

use countersign::session::EndCause;
use countersign::store::{LogScope, Revocations, Sessions};
use countersign_store::{SqliteOptions, SqliteStore};

use crate::fixture::{ACCOUNT, Fixture, NOW, next_step, open_sessions};

#[tokio::test]
async fn each_handle_sees_what_the_other_revokes() {
    let ours = Fixture::new();
    let theirs = SqliteStore::open(&ours.path(), &SqliteOptions::default()).unwrap();
    let session = open_sessions(&ours.store, 1).await.remove(0);

    let mut seen = 0;
    for (revoker, watcher) in [(&ours.store, &theirs), (&theirs, &ours.store)] {
        let before = watcher.change_marker().await.unwrap();
        let own_before = revoker.change_marker().await.unwrap();
        revoker
            .end_sessions_of(ACCOUNT, None, EndCause::Logout, NOW, None)
            .await
            .unwrap();
        assert_ne!(watcher.change_marker().await.unwrap(), before);
        assert_ne!(revoker.change_marker().await.unwrap(), own_before);

        let entries = watcher.log_entries_after(seen, 10).await.unwrap();
        let upto = session.number.get();
        let scope = LogScope::AccountUpto {
            account: ACCOUNT,
            upto,
            except: None,
        };
        assert_eq!(
            entries.iter().map(|entry| &entry.scope).collect::<Vec<_>>(),
            [&scope]
        );
        seen = entries[0].sequence;
    }
}

#[tokio::test]
async fn a_rotation_does_not_move_the_marker() {
    let fixture = Fixture::new();
    let session = open_sessions(&fixture.store, 1).await.remove(0);
    let before = fixture.store.change_marker().await.unwrap();
    fixture
        .store
        .rotate(&next_step(&session), None)
        .await
        .unwrap();
    assert_eq!(fixture.store.change_marker().await.unwrap(), before);
}

#[tokio::test]
async fn numbers_are_never_drawn_twice_by_two_handles() {
    let ours = Fixture::new();
    let theirs = SqliteStore::open(&ours.path(), &SqliteOptions::default()).unwrap();
    let mut numbers = Vec::new();
    for seed in 0..10 {
        let store = if seed % 2 == 0 { &ours.store } else { &theirs };
        numbers.push(
            crate::fixture::open(store, &crate::fixture::login(seed))
                .await
                .number
                .get(),
        );
    }
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}
