//! The purge of sessions walks around its table, that of the history along its own.

use countersign::store::{NewSession, Sessions, TokenRecords};

use crate::fixture::{Fixture, connect, login, open, second};

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

/// Writes history, in this order: session, generation, and the second at which it expires.
fn remember(fixture: &Fixture, rows: impl Iterator<Item = (i64, i64, i64)>) {
    let mut connection = connect(&fixture.path());
    let transaction = connection.transaction().unwrap();
    let sql =
        "INSERT INTO token_history (session, generation, expires_at, created_at, blacklisted_at)
               VALUES (?1, ?2, ?3, 0, 0)";
    for row in rows {
        transaction.execute(sql, row).unwrap();
    }
    transaction.commit().unwrap();
}

async fn batches(fixture: &Fixture, horizon: i64, limit: u32) -> Vec<u64> {
    let mut removed = Vec::new();
    loop {
        let purged = fixture
            .store
            .purge_rotated_out(second(horizon), limit)
            .await
            .unwrap();
        removed.push(purged.removed);
        if !purged.more {
            return removed;
        }
    }
}

#[tokio::test]
async fn a_batch_of_history_looks_at_a_bounded_number_of_rows() {
    let fixture = Fixture::new();
    let alive = (1..=25_000).map(|session| (session, 7, 100));
    remember(&fixture, alive.chain([(5_001, 3, 10)]));
    assert_eq!(batches(&fixture, 50, 100).await, [0, 0, 1, 0]);
}

#[tokio::test]
async fn a_batch_of_history_removes_no_more_than_its_limit() {
    let fixture = Fixture::new();
    let mixed = (0..10).map(|turn| (turn % 3, turn, if turn % 2 == 0 { 10 } else { 100 }));
    remember(&fixture, mixed);
    assert_eq!(batches(&fixture, 50, 2).await, [2, 2, 1, 0]);
    assert_eq!(batches(&fixture, 50, 2).await, [0, 0]);
    assert_eq!(batches(&fixture, 200, 5).await, [5, 0]);
}

#[tokio::test]
async fn a_later_horizon_begins_anew() {
    let fixture = Fixture::new();
    remember(&fixture, (1..=4).map(|session| (session, 0, session * 10)));
    let stopped = fixture.store.purge_rotated_out(second(15), 9).await;
    let stopped = stopped.unwrap();
    assert_eq!((stopped.removed, stopped.more), (1, true));
    assert_eq!(batches(&fixture, 45, 9).await, [3, 0]);
}
