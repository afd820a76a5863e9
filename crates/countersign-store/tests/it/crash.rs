//! Crashes: a child process, this test binary itself, rotates until a sync kills it or fails.
#![expect(
    clippy::disallowed_methods,
    reason = "the environment tells a child what it is"
)]

mod keys;

use std::collections::BTreeMap;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign::session::{EndCause, SessionNumber, SessionRecord};
use countersign::store::{Ending, Rotation, Sessions, StoreError};
use countersign_store::{SqliteOptions, SqliteStore};

use crate::fixture::{NOW, ask_all, connect, login, next_step, open, open_sessions};

const SESSIONS: u64 = 16;
const SIGKILL: i32 = 9;

/// Small, so that copying the log back into the file is among what a crash interrupts.
fn options() -> SqliteOptions {
    SqliteOptions {
        checkpoint_after_pages: 12,
        ..SqliteOptions::default()
    }
}

#[test]
fn whatever_was_answered_before_a_crash_at_any_sync_is_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let shim = build_shim(folder.path());
    let path = folder.path().join("countersign.db");
    SqliteStore::migrate(&path).unwrap();
    block_on(async {
        let store = SqliteStore::open(&path, &options()).unwrap();
        open_sessions(&store, SESSIONS).await;
        store.close().await;
    });

    let mut answered = Answered::default();
    for sync in 1..=50 {
        let output = run_child("crash::child_that_is_killed", &path, &shim, "kill", sync);
        assert_eq!(output.status.signal(), Some(SIGKILL), "{sync}: {output:?}");
        answered.read(&String::from_utf8(output.stdout).unwrap());

        let integrity: String = connect(&path)
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(integrity, "ok", "{sync}");
        assert_eq!(sessions_with_another_history(&path), 0, "{sync}");
        block_on(answered.compare(&path, sync));
    }
    assert!(
        answered.generations.values().sum::<u32>() > 50,
        "{answered:?}"
    );
    assert!(!answered.ended.is_empty());
}

#[test]
fn a_sync_that_fails_acknowledges_nobody_and_the_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let shim = build_shim(folder.path());
    // Not the second: it is that of the folder, after the log was made, and SQLite ignores its failure.
    for sync in [1, 3, 4, 7] {
        let path = folder.path().join(format!("{sync}.db"));
        SqliteStore::migrate(&path).unwrap();
        let output = run_child("crash::child_whose_sync_fails", &path, &shim, "fail", sync);
        assert!(output.status.success(), "{sync}: {output:?}");
    }
}

#[test]
fn sixty_four_waiting_rotations_need_at_most_four_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let shim = build_shim(folder.path());
    let path = folder.path().join("countersign.db");
    SqliteStore::migrate(&path).unwrap();
    // A fate that no sync meets.
    let output = run_child("crash::child_that_counts_syncs", &path, &shim, "none", 0);
    assert!(output.status.success(), "{output:?}");
}

/// Does nothing unless it is started as a child.
#[test]
fn child_that_counts_syncs() {
    let Some(path) = env::var_os("CRASH_STORE").map(PathBuf::from) else {
        return;
    };
    let syncs = || std::fs::read(sync_log(&path)).map_or(0, |noted| noted.len());
    block_on(async {
        let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
        let sessions = open_sessions(&store, 64).await;
        let steps: Vec<_> = sessions.iter().map(next_step).collect();
        let before = syncs();
        assert!(before > 0, "the shim notes what is synced");

        let lock = connect(&path);
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut rotations: Vec<_> = steps.iter().map(|step| store.rotate(step, None)).collect();
        ask_all(&mut rotations).await;
        lock.execute_batch("ROLLBACK").unwrap();
        for rotation in rotations {
            assert!(matches!(rotation.await.unwrap(), Rotation::Won(_)));
        }
        let needed = syncs() - before;
        assert!((1..=4).contains(&needed), "{needed} syncs");
    });
}

/// How many sessions do not have one record for every token that they rotated out.
fn sessions_with_another_history(path: &Path) -> i64 {
    let count = "SELECT count(*)
                 FROM session
                 WHERE generation <> (SELECT count(*) FROM token_history WHERE session = number)";
    connect(path)
        .query_row(count, [], |row| row.get(0))
        .unwrap()
}

/// What children were told before they died, over all of them.
#[derive(Debug, Default)]
struct Answered {
    generations: BTreeMap<u64, u32>,
    ended: Vec<u64>,
}

impl Answered {
    fn read(&mut self, output: &str) {
        for line in output.lines() {
            match *line.split(' ').collect::<Vec<_>>() {
                ["won", number, generation] => {
                    let generation: u32 = generation.parse().unwrap();
                    let before = self.generations.insert(number.parse().unwrap(), generation);
                    assert!(before < Some(generation), "{line} after {before:?}");
                }
                ["ended", number] => self.ended.push(number.parse().unwrap()),
                _ => {}
            }
        }
    }

    /// Each session is rotated by one task at a time, so at most one rotation happened without an answer.
    async fn compare(&mut self, path: &Path, sync: u32) {
        let store = SqliteStore::open(path, &options()).unwrap();
        for (&number, generation) in &mut self.generations {
            let found = find(&store, number).await.generation.get();
            let ahead = found.checked_sub(*generation);
            assert!(
                matches!(ahead, Some(0 | 1)),
                "crash {sync}, session {number}: answered {generation}, found {found}"
            );
            *generation = found;
        }
        for &number in &self.ended {
            assert!(
                find(&store, number).await.state.is_ended(),
                "crash {sync}, session {number}"
            );
        }
        store.close().await;
    }
}

/// Does nothing unless it is started as a child.
#[test]
fn child_that_is_killed() {
    let Some(path) = env::var_os("CRASH_STORE") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(Path::new(&path), &options()).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 1..=SESSIONS {
            tasks.spawn(rotate_forever(store.clone(), number));
        }
        tasks.spawn(open_and_end_forever(store));
        tasks.join_all().await;
    });
}

async fn rotate_forever(store: SqliteStore, number: u64) {
    let mut session = find(&store, number).await;
    loop {
        session = won(store.rotate(&next_step(&session), None).await.unwrap());
        println!("\nwon {number} {}", session.generation.get());
    }
}

async fn open_and_end_forever(store: SqliteStore) {
    loop {
        let seed = u64::from(std::process::id()) << 32 | store.commits();
        let number = open(&store, &login(seed)).await.number;
        let ending = store
            .end_session(number, EndCause::Logout, NOW, None)
            .await
            .unwrap();
        assert_eq!(ending, Ending::Ended);
        println!("\nended {}", number.get());
    }
}

/// Does nothing unless it is started as a child.
#[test]
fn child_whose_sync_fails() {
    let Some(path) = env::var_os("CRASH_STORE") else {
        return;
    };
    block_on(async {
        let store = SqliteStore::open(Path::new(&path), &SqliteOptions::default()).unwrap();
        let mut refused = 0;
        let mut session = loop {
            match store.open_session(&login(1), None).await {
                Ok(_) => break find(&store, 1).await,
                Err(error) => refused += expect_unavailable(&error),
            }
        };
        for _ in 0..20 {
            session = match store.rotate(&next_step(&session), None).await {
                Ok(rotation) => won(rotation),
                Err(error) => {
                    refused += expect_unavailable(&error);
                    assert_eq!(find(&store, 1).await, session);
                    session
                }
            };
        }
        assert_eq!(refused, 1);
        assert_eq!(
            session.generation.get(),
            20 - u32::from(session.generation.get() < 20)
        );
        store.close().await;
    });
}

fn expect_unavailable(error: &StoreError) -> u32 {
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    1
}

fn won(rotation: Rotation) -> SessionRecord {
    match rotation {
        Rotation::Won(next) => next,
        lost @ Rotation::Lost(_) => panic!("{lost:?}"),
    }
}

async fn find(store: &SqliteStore, number: u64) -> SessionRecord {
    let number = SessionNumber::new(number).unwrap();
    store.find_session(number).await.unwrap().unwrap().session
}

fn run_child(test: &str, path: &Path, shim: &Path, fate: &str, sync: u32) -> Output {
    Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("CRASH_STORE", path)
        .env("SYNC_FATE", fate)
        .env("SYNC_FATE_AT", sync.to_string())
        .env("SYNC_LOG", sync_log(path))
        .env("LD_PRELOAD", shim)
        .output()
        .unwrap()
}

/// Where the shim notes every sync of a child on this store.
fn sync_log(store: &Path) -> PathBuf {
    store.with_extension("syncs")
}

fn build_shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/kill_at_sync.c");
    let shim = folder.join("kill_at_sync.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&shim)
        .arg(source)
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(built.success());
    shim
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
