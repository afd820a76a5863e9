//! The end of a store.

use countersign::store::{Rotation, Sessions, StoreError};

use crate::fixture::{Fixture, ask_all, next_step, open_sessions};

#[tokio::test]
async fn closing_finishes_what_was_asked_for() {
    let fixture = Fixture::new();
    let steps: Vec<_> = open_sessions(&fixture.store, 8)
        .await
        .iter()
        .map(next_step)
        .collect();

    let lock = fixture.hold_write_lock();
    let mut rotations: Vec<_> = steps
        .iter()
        .map(|step| fixture.store.rotate(step, None))
        .collect();
    ask_all(&mut rotations).await;
    drop(lock);
    fixture.store.close().await;

    for rotation in rotations {
        assert!(matches!(rotation.await.unwrap(), Rotation::Won(_)));
    }
}

#[tokio::test]
async fn a_closed_store_refuses_to_write_and_still_reads() {
    let fixture = Fixture::new();
    let session = open_sessions(&fixture.store, 1).await.remove(0);
    fixture.store.close().await;
    fixture.store.close().await;

    let refused = fixture.store.rotate(&next_step(&session), None).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let found = fixture
        .store
        .find_session(session.number)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.session, session);
}
