//! Two nodes of the authority on one store, each with a clock of its own.

use std::sync::Arc;

use countersign::account::{AccountId, Accounts};
use countersign::authority::AccountRequest;
use countersign::clock::{Clock, ManualClock};
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::memory::MemoryStore;
use countersign::password::PlainPassword;
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::store::Store;
use countersign::{Authority, Policy};
use countersign_store::{SqliteOptions, SqliteStore};
use countersign_token::{Algorithm, SigningKey, UnixMillis};
use tempfile::TempDir;

/// When every history begins.
pub(crate) const NOON: UnixMillis = UnixMillis::from_seconds(1_893_456_000);

/// Which store the nodes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Memory,
    Sqlite,
}

pub(crate) struct House {
    pub(crate) nodes: [Node; 2],
    policy: Policy,
    guests: u64,
    _folder: Option<TempDir>,
}

/// One process of the authority.
pub(crate) struct Node {
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Arc<ManualClock>,
    store: Handle,
}

/// A node's own handle on the store, as a process of its own would have.
#[derive(Clone)]
enum Handle {
    Memory(MemoryStore),
    Sqlite(SqliteStore),
}

impl Handle {
    fn as_store(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::new(store.clone()),
            Self::Sqlite(store) => Arc::new(store.clone()),
        }
    }

    fn as_accounts(&self) -> Arc<dyn Accounts> {
        match self {
            Self::Memory(store) => Arc::new(store.clone()),
            Self::Sqlite(store) => Arc::new(store.clone()),
        }
    }
}

impl House {
    pub(crate) async fn new(engine: Engine, policy: &Policy) -> Self {
        let (handles, folder) = open(engine);
        let store = handles[0].as_store();
        let founded = KeyRing::found(store.as_ref(), &master(), &key(), &SystemRandom, NOON).await;
        assert!(founded.unwrap());
        let [first, second] = handles;
        Self {
            nodes: [node(policy, first).await, node(policy, second).await],
            policy: policy.clone(),
            guests: 0,
            _folder: folder,
        }
    }

    pub(crate) fn node(&self, node: usize) -> &Authority {
        &self.nodes[node].authority
    }

    /// A new account, its name and its number.
    pub(crate) async fn new_account(&mut self, password: &str) -> (String, AccountId) {
        self.guests += 1;
        let name = format!("guest {}", self.guests);
        let password = Some(PlainPassword::new(password.to_owned()));
        let made = self
            .node(0)
            .create_account(name.clone(), password, AccountRequest::default());
        (name, made.await.unwrap().id)
    }

    /// The process is gone with all that it had in memory, and another one takes its place.
    pub(crate) async fn restart(&mut self, which: usize) {
        let store = self.nodes[which].store.clone();
        let clock = Arc::clone(&self.nodes[which].clock);
        self.nodes[which].authority = authority(&self.policy, &store, clock).await;
    }
}

fn open(engine: Engine) -> ([Handle; 2], Option<TempDir>) {
    if engine == Engine::Memory {
        let store = MemoryStore::new();
        return ([Handle::Memory(store.clone()), Handle::Memory(store)], None);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    SqliteStore::migrate(&path).unwrap();
    let handle = || Handle::Sqlite(SqliteStore::open(&path, &SqliteOptions::default()).unwrap());
    ([handle(), handle()], Some(folder))
}

async fn node(policy: &Policy, store: Handle) -> Node {
    let clock = Arc::new(ManualClock::at(NOON));
    Node {
        authority: authority(policy, &store, Arc::clone(&clock)).await,
        clock,
        store,
    }
}

async fn authority(policy: &Policy, store: &Handle, clock: Arc<ManualClock>) -> Arc<Authority> {
    let keys = KeyRing::load(store.as_store().as_ref(), master(), key())
        .await
        .unwrap();
    let clock: Arc<dyn Clock> = clock;
    let (store, accounts) = (store.as_store(), store.as_accounts());
    Arc::new(Authority::new(policy.clone(), keys, store, accounts, clock).unwrap())
}

fn master() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

fn key() -> SigningKeySource {
    SigningKeySource::Configured(SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap())
}
