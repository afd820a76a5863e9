//! Another process holds the file.

use std::time::Duration;

use countersign::store::{Health as _, Rotation, Sessions, StoreError};
use countersign_store::SqliteOptions;

use crate::fixture::{Fixture, ask_all, next_step, open_sessions};

#[tokio::test]
async fn who_meets_a_lock_waits_for_it() {
    let fixture = Fixture::new();
    let step = next_step(&open_sessions(&fixture.store, 1).await[0]);

    let lock = fixture.hold_write_lock();
    let mut rotation = [fixture.store.rotate(&step, None)];
    ask_all(&mut rotation).await;
    drop(lock);

    let [rotation] = rotation;
    assert!(matches!(rotation.await.unwrap(), Rotation::Won(_)));
}

#[tokio::test]
async fn a_lock_that_outlasts_the_time_out_refuses_and_spends_no_token() {
    let fixture = Fixture::with(&SqliteOptions {
        busy_timeout: Duration::from_millis(20),
        ..SqliteOptions::default()
    });
    let session = open_sessions(&fixture.store, 1).await.remove(0);
    let step = next_step(&session);

    let lock = fixture.hold_write_lock();
    // Twice: the second one meets the lock with a connection that was opened under it.
    for _ in 0..2 {
        let refused = fixture.store.rotate(&step, None).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
    }
    let unready = fixture.store.check_writable().await;
    assert!(unready.is_err(), "it reads, and is not ready all the same");
    let found = fixture
        .store
        .find_session(session.number)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.session, session);
    drop(lock);

    assert!(matches!(
        fixture.store.rotate(&step, None).await.unwrap(),
        Rotation::Won(_)
    ));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let fixture = Fixture::with(&SqliteOptions {
        queue: 2,
        batch: 1,
        ..SqliteOptions::default()
    });
    let steps: Vec<_> = open_sessions(&fixture.store, 8)
        .await
        .iter()
        .map(next_step)
        .collect();

    let lock = fixture.hold_write_lock();
    let mut accepted = Vec::new();
    let mut refused = 0;
    for step in &steps {
        let mut rotation = fixture.store.rotate(step, None);
        match std::future::poll_fn(|context| {
            std::task::Poll::Ready(rotation.as_mut().poll(context))
        })
        .await
        {
            std::task::Poll::Ready(Err(StoreError::Unavailable(_))) => refused += 1,
            std::task::Poll::Ready(other) => panic!("{other:?}"),
            std::task::Poll::Pending => accepted.push(rotation),
        }
    }
    drop(lock);

    assert!(
        refused >= 5,
        "one in the writer's hands and two in the queue, not {}",
        accepted.len()
    );
    for rotation in accepted {
        assert!(matches!(rotation.await.unwrap(), Rotation::Won(_)));
    }
}
