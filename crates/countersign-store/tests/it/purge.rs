//! The purge of sessions walks around the table.

use countersign::store::{NewSession, Sessions};

use crate::fixture::{Fixture, login, open, second};

fn kept_until(seed: u32, keep_until: i64) -> NewSession {
    NewSession {
        keep_until: second(keep_until),
        ..login(u64::from(seed))
    }
}

#[tokio::test]
async fn a_round_that_begins_in_the_middle_comes_around_to_the_first_rows() {
    let fixture = Fixture::new();
    for seed in 1..=6 {
        let due = if seed % 2 == 0 { 50 } else { 100 };
        open(&fixture.store, &kept_until(seed, due)).await;
    }

    let stopped_early = fixture.store.purge_sessions(second(60), 2).await.unwrap();
    assert_eq!((stopped_early.removed, stopped_early.more), (2, true));
    let rest = fixture
        .store
        .purge_sessions(second(200), 100)
        .await
        .unwrap();
    assert_eq!((rest.removed, rest.more), (4, false));
}

#[tokio::test]
async fn every_round_finds_what_has_become_due_since() {
    let fixture = Fixture::new();
    for seed in 1..=5 {
        open(&fixture.store, &kept_until(seed, i64::from(seed) * 10)).await;
    }
    for seed in 1..=5 {
        let horizon = second(i64::from(seed) * 10 + 1);
        let purged = fixture.store.purge_sessions(horizon, 10).await.unwrap();
        assert_eq!((purged.removed, purged.more), (1, false), "round {seed}");
    }
}

#[tokio::test]
async fn a_batch_never_removes_more_than_its_limit() {
    let fixture = Fixture::new();
    for seed in 1..=7 {
        open(&fixture.store, &kept_until(seed, 10)).await;
    }
    let mut removed = Vec::new();
    loop {
        let purged = fixture.store.purge_sessions(second(11), 3).await.unwrap();
        removed.push(purged.removed);
        if !purged.more {
            break;
        }
    }
    assert_eq!(removed, [3, 3, 1]);
}
