//! What things cost, roughly; run by hand: `cargo test --release -p countersign-store -- --ignored --nocapture`.
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::time::{Duration, Instant};

use countersign::store::{Revocations, Rotation, Sessions};
use tokio::task::JoinSet;

use crate::fixture::{Fixture, next_step, open_sessions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a test"]
async fn costs() {
    const ROUNDS: u32 = 20_000;
    let fixture = Fixture::new();
    let store = &fixture.store;
    let sessions = open_sessions(store, 1_000).await;

    let start = Instant::now();
    for round in 0..ROUNDS {
        let session = &sessions[usize::try_from(round).unwrap() % sessions.len()];
        store.find_session(session.number).await.unwrap();
    }
    report("find_session, in place", start.elapsed(), ROUNDS);

    let start = Instant::now();
    for _ in 0..ROUNDS {
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }
    report("spawn_blocking of nothing", start.elapsed(), ROUNDS);

    let start = Instant::now();
    for _ in 0..ROUNDS {
        store.change_marker().await.unwrap();
    }
    report("change_marker", start.elapsed(), ROUNDS);

    let mut alone = sessions[0].clone();
    let start = Instant::now();
    for _ in 0..1_000 {
        if let Rotation::Won(next) = store.rotate(&next_step(&alone), None).await.unwrap() {
            alone = next;
        }
    }
    report("rotate, one at a time", start.elapsed(), 1_000);

    let (start, commits) = (Instant::now(), store.commits());
    let mut tasks = JoinSet::new();
    for session in sessions.into_iter().skip(1).take(64) {
        let store = store.clone();
        tasks.spawn(async move {
            let mut session = session;
            for _ in 0..500 {
                if let Rotation::Won(next) = store.rotate(&next_step(&session), None).await.unwrap()
                {
                    session = next;
                }
            }
        });
    }
    tasks.join_all().await;
    report("rotate, 64 at a time", start.elapsed(), 64 * 500);
    println!(
        "{} commits for {} rotations",
        store.commits() - commits,
        64 * 500
    );
}

fn report(what: &str, elapsed: Duration, rounds: u32) {
    println!("{what}: {:?}", elapsed / rounds);
}
