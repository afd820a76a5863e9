//! Crashes in the life of signing keys: each step is there whole, or not at all.

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use countersign::audit::{Actor, AuditEvent, AuditKind};
use countersign::store::{
    AuditLog, KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, KeyVault, Revocations,
    SigningKeyRecord, SigningKeyState,
};
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::{Algorithm, KeyId};

use super::{SIGKILL, block_on, build_shim, options, run_child};
use crate::fixture::NOW;

#[test]
fn every_step_of_a_key_is_whole_after_a_crash_at_any_sync() {
    let folder = tempfile::tempdir().unwrap();
    let shim = build_shim(folder.path());
    let path = folder.path().join("countersign.db");
    SqliteStore::migrate(&path).unwrap();
    block_on(async {
        let store = SqliteStore::open(&path, &options()).unwrap();
        store.found_keys(&first_keys()).await.unwrap();
        store.close().await;
    });
    let mut steps = 0;
    for sync in 1..=25 {
        let output = run_child(
            "crash::keys::child_that_is_killed",
            &path,
            &shim,
            "kill",
            sync,
        );
        assert_eq!(output.status.signal(), Some(SIGKILL), "{sync}: {output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let answered = steps + printed.lines().filter(|line| *line == "done").count();
        steps = block_on(steps_taken(&path));
        assert!(
            (answered..=answered + 1).contains(&steps),
            "crash {sync}: answered {answered}, found {steps}"
        );
    }
    assert!(steps > 50, "{steps}");
}

/// Checks that exactly one key signs, and that log and audit tell the same steps; returns how many.
async fn steps_taken(path: &Path) -> usize {
    let store = SqliteStore::open(path, &options()).unwrap();
    let signing = keys(&store).await;
    let in_state = |state| signing.iter().filter(move |key| key.state == state);
    assert_eq!(in_state(SigningKeyState::Active).count(), 1, "{signing:?}");
    assert!(in_state(SigningKeyState::Retiring).all(|key| key.keep_until.is_some()));
    let logged = store.log_entries_after(0, 10_000).await.unwrap().len();
    let audited = store.recent_audit(10_000).await.unwrap().len();
    assert_eq!(logged, audited);
    store.close().await;
    logged
}

/// Does nothing unless it is started as a child.
#[test]
fn child_that_is_killed() {
    let Some(path) = env::var_os("CRASH_STORE") else {
        return;
    };
    block_on(async {
        let store = SqliteStore::open(Path::new(&path), &SqliteOptions::default()).unwrap();
        for turn in 0.. {
            live_on(&store, turn).await;
        }
    });
}

/// Two new keys: the first one is promoted, the second one takes its place when it is revoked, and what they have
/// replaced is retired.
async fn live_on(store: &SqliteStore, turn: u32) {
    let [first, second] =
        ["a", "b"].map(|name| kid(&format!("{}-{turn}-{name}", std::process::id())));
    for kid in [&first, &second] {
        let key = SigningKeyRecord {
            kid: kid.clone(),
            state: SigningKeyState::Standby,
            promoted_at: None,
            ..active_key()
        };
        store.add_signing_key(&key, Some(&event())).await.unwrap();
        println!("\ndone");
    }
    let signing = keys(store).await;
    let active = signing
        .iter()
        .find(|key| key.state == SigningKeyState::Active);
    let replaced = active.unwrap().kid.clone();
    let promotion = KeyPromotion {
        kid: first.clone(),
        replaces: Some(replaced.clone()),
        keep_until: NOW.timestamp(),
    };
    taken(
        store
            .promote_signing_key(&promotion, NOW, Some(&event()))
            .await
            .unwrap(),
    );
    let revocation = KeyRevocation {
        kid: first,
        from: SigningKeyState::Active,
        successor: Some(second),
    };
    taken(
        store
            .revoke_signing_key(&revocation, NOW, &[event()])
            .await
            .unwrap(),
    );
    taken(
        store
            .retire_signing_key(&replaced, NOW, Some(&event()))
            .await
            .unwrap(),
    );
}

fn taken(step: KeyTransition) {
    assert_eq!(step, KeyTransition::Done);
    println!("\ndone");
}

async fn keys(store: &SqliteStore) -> Vec<SigningKeyRecord> {
    store.load_keys().await.unwrap().unwrap().signing
}

fn first_keys() -> KeyRecords {
    KeyRecords {
        check_value: vec![1],
        signing: vec![active_key()],
        sealing: Vec::new(),
    }
}

fn active_key() -> SigningKeyRecord {
    SigningKeyRecord {
        kid: kid("first"),
        algorithm: Algorithm::Es256,
        state: SigningKeyState::Active,
        since: NOW,
        wrapped: Some(vec![1; 60]),
        created_at: NOW,
        promoted_at: Some(NOW),
        keep_until: None,
    }
}

fn event() -> AuditEvent {
    AuditEvent::new(NOW, AuditKind::KeyPromoted, Actor::Operator)
}

fn kid(name: &str) -> KeyId {
    KeyId::parse(name).unwrap()
}
