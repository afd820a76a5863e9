//! A store in a folder of its own, and sessions to put into it.

use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;

use countersign::account::AccountId;
use countersign::rotation::{PresentedToken, RotatedOut, RotationStep};
use countersign::sealed_id::SealingKeyId;
use countersign::session::{ClientDigest, FirstToken, Generation, SessionId, SessionRecord};
use countersign::store::{AccountGuard, NewSession, Opening, Sessions};
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::{Timestamp, UnixMillis};
use tempfile::TempDir;

pub(crate) const ACCOUNT: AccountId = AccountId::new(7);
pub(crate) const NOW: UnixMillis = UnixMillis::from_seconds(1_800_000_000);
pub(crate) const CLIENT: ClientDigest = ClientDigest::from_bits(u64::MAX - 1);

/// A migrated, empty store. The folder goes with it.
pub(crate) struct Fixture {
    pub(crate) store: SqliteStore,
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(&SqliteOptions::default())
    }

    pub(crate) fn with(options: &SqliteOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        SqliteStore::migrate(&path).unwrap();
        Self {
            store: SqliteStore::open(&path, options).unwrap(),
            folder,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// Takes the file's write lock, as another process would.
    pub(crate) fn hold_write_lock(&self) -> WriteLock {
        let connection = connect(&self.path());
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        WriteLock(connection)
    }
}

/// Held by somebody else until it is dropped.
pub(crate) struct WriteLock(rusqlite::Connection);

impl Drop for WriteLock {
    fn drop(&mut self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

pub(crate) fn connect(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

/// A login that lasts for a day; `seed` makes its id unique.
pub(crate) fn login(seed: u64) -> NewSession {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&seed.to_be_bytes());
    let expires_at = NOW.plus(Duration::from_hours(24)).timestamp();
    NewSession {
        sid: SessionId::from_bytes(bytes),
        account: Some(ACCOUNT),
        guard: AccountGuard::Elsewhere {
            credential_version: 1,
        },
        sealing_key: SealingKeyId::new(1),
        first_token: FirstToken::Refresh,
        generation: Generation::FIRST,
        created_at: NOW,
        refresh_expires_at: expires_at,
        deadline: None,
        keep_until: expires_at,
        client: CLIENT,
        device: None,
        enabled: true,
        limit: None,
    }
}

/// Opens so many sessions.
pub(crate) async fn open_sessions(store: &SqliteStore, count: u64) -> Vec<SessionRecord> {
    let mut opened = Vec::new();
    for seed in 1..=count {
        opened.push(open(store, &login(seed)).await);
    }
    opened
}

pub(crate) async fn open(store: &SqliteStore, session: &NewSession) -> SessionRecord {
    match store.open_session(session, None).await.unwrap() {
        Opening::Opened(record) => record,
        refused @ Opening::AccountChanged => panic!("{refused:?}"),
    }
}

/// The refresh of a session's current token, one second after its last.
pub(crate) fn next_step(session: &SessionRecord) -> RotationStep {
    let now = session.rotated_at.plus(Duration::from_secs(1));
    RotationStep {
        token: PresentedToken {
            session: session.number,
            generation: session.generation,
            salt: Some(session.sid.salt()),
            account: session.account,
        },
        client: CLIENT,
        now,
        refresh_expires_at: now.plus(Duration::from_hours(24)).timestamp(),
        keep_beyond_seconds: 10,
        rotated_out: RotatedOut::Recorded,
    }
}

/// Polls each future once, so that each of them has asked the store for what it wants.
pub(crate) async fn ask_all<F: Future + Unpin>(futures: &mut [F]) {
    std::future::poll_fn(|context| {
        for future in futures.iter_mut() {
            assert!(std::pin::Pin::new(future).poll(context).is_pending());
        }
        Poll::Ready(())
    })
    .await;
}

pub(crate) const fn second(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

const FILE: &str = "countersign.db";
