//! The reference store: everything in memory, nothing durable, every verb as short as its contract allows.
//!
//! Whoever writes a store reads this one first. One file per aggregate; each verb looks before it writes, so
//! that a refusal leaves nothing behind. The decisions themselves are not made here: `rotate` asks
//! [`may_rotate`](crate::rotation::may_rotate) and writes [`rotated`](crate::rotation::rotated).

mod accounts;
mod audit;
mod devices;
mod foreign;
mod keys;
mod records;
mod revocations;
mod services;
mod sessions;
mod takeover;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign_token::Timestamp;

use self::records::RotatedOutRow;
use crate::account::{Account, AccountId};
use crate::audit::AuditEvent;
use crate::device::Device;
use crate::service::ServiceCredential;
use crate::session::{Generation, SessionNumber, SessionRecord};
use crate::store::{
    AuditPlace, ForeignToken, Health, ImportMark, KeyRecords, LogEntry, Purged, RetiredAccount,
    StoreError,
};

/// A [`Store`](crate::store::Store) in memory, for tests of programs that embed the authority and as the
/// measure of every other store. A clone is another handle on the same store.
///
/// # What it is not
/// Not durable, not shared between processes, and not quick with many rows: look-ups other than by number
/// walk through all of them.
///
/// ```
/// use countersign::account::AccountId;
/// use countersign::memory::MemoryStore;
/// use countersign::store::Sessions;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = MemoryStore::new();
/// assert!(store.live_sessions_of(AccountId::new(7)).await?.is_empty());
/// # Ok::<(), countersign::store::StoreError>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    /// One mutex over everything, because one verb is one atomic effect and most verbs touch several
    /// tables: whoever holds it is the only transaction there is. It is never held across an `await`.
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a transaction. It ends when the guard is dropped.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Health for MemoryStore {
    async fn check_writable(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What the store holds.
#[derive(Debug, Clone, Default)]
struct Tables {
    sessions: BTreeMap<SessionNumber, SessionRecord>,
    devices: BTreeMap<SessionNumber, Device>,
    /// The highest session number drawn so far; it outlives the row.
    highest_number: u64,
    foreign: BTreeMap<String, ForeignToken>,
    /// Tokens that were rotated out, where that is recorded.
    rotated_out: BTreeMap<(SessionNumber, Generation), RotatedOutRow>,
    tokens_rotated_out: u64,
    everybody_revoked_before: Option<Timestamp>,
    purged_until: Option<Timestamp>,
    purge_wanted: Option<Timestamp>,
    accounts: BTreeMap<AccountId, Account>,
    /// The highest account id given so far; it outlives the account.
    highest_account: i64,
    /// Whether another system is being taken over.
    takes_over: bool,
    /// Deleted accounts, with their addresses.
    retired: BTreeMap<AccountId, (RetiredAccount, String)>,
    /// Addresses that accounts had before they got others.
    given_up: BTreeSet<String>,
    /// What was imported last, of each account that was.
    imported: BTreeMap<AccountId, ImportMark>,
    /// In order of sequence. Its newest entry is never removed, and the next one counts on from it.
    log: VecDeque<LogEntry>,
    /// Its newest event is never removed, and the next one's place counts on from it.
    audit: BTreeMap<AuditPlace, AuditEvent>,
    keys: Option<KeyRecords>,
    /// In order of their creation.
    services: Vec<ServiceCredential>,
}

/// One bounded batch of cleaning.
struct Batch {
    limit: u64,
    removed: u64,
}

impl Batch {
    fn of(limit: u32) -> Self {
        Self {
            limit: limit.into(),
            removed: 0,
        }
    }

    /// Whether a row stays: it is not due, or the batch is full.
    fn keeps(&mut self, due: bool) -> bool {
        let taken = due && self.removed < self.limit;
        self.removed += u64::from(taken);
        !taken
    }

    fn purged(self) -> Purged {
        Purged {
            removed: self.removed,
            more: self.removed == self.limit,
        }
    }
}
