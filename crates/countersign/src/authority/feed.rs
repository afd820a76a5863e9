//! How revocations reach this process: the log, followed into the in-memory index, the key ring, and what is remembered
//! of accounts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_token::{RevocationIndex, Timestamp};
use tokio::sync::Mutex;

use super::AuthorityError;
use super::account_memory::AccountMemory;
use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::store::Store;

/// No verdict rests on a look at the log older than this. Another process that revokes on the same store
/// waits [`SETTLE_TIME`] after its commit: from then on every verdict knows of it.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long a command line waits after it has revoked something or changed the signing keys, so that it is in force
/// when the command returns.
pub const SETTLE_TIME: Duration = Duration::from_millis(30);

/// Follows the revocation log.
pub(super) struct RevocationFeed {
    index: RevocationIndex,
    accounts: AccountMemory,
    keys: Arc<KeyRing>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Until when the last look at the log counts, in milliseconds of elapsed time: a wall clock that steps back
    /// must not make it count for longer. Read on every verdict, so not behind the lock.
    fresh_until: AtomicU64,
    /// Held while the log is read: of many requests that find the last look too old, one reads and the others
    /// wait for it.
    position: Mutex<Position>,
}

#[derive(Default)]
struct Position {
    marker: Option<u64>,
    sequence: u64,
    /// Whether the log told of keys that have not been read yet; it stays so where they could not be.
    keys_changed: bool,
}

impl RevocationFeed {
    pub(super) fn new(store: Arc<dyn Store>, keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Self {
        Self {
            index: RevocationIndex::new(),
            accounts: AccountMemory::new(),
            keys,
            store,
            clock,
            fresh_until: AtomicU64::new(0),
            position: Mutex::default(),
        }
    }

    /// The index as of the last look.
    pub(super) const fn index(&self) -> &RevocationIndex {
        &self.index
    }

    /// The accounts as of the last look.
    pub(super) const fn accounts(&self) -> &AccountMemory {
        &self.accounts
    }

    /// Makes sure that the index and the keys are at most [`POLL_INTERVAL`] behind the log.
    pub(super) async fn freshen(&self) -> Result<(), AuthorityError> {
        if self.is_fresh() {
            return Ok(());
        }
        let mut position = self.position.lock().await;
        if self.is_fresh() {
            return Ok(());
        }
        let looked_at = self.clock.elapsed();
        let marker = self.store.change_marker().await?;
        if position.marker != Some(marker) {
            self.pull(&mut position).await?;
            position.marker = Some(marker);
        }
        let fresh_until = whole_millis(looked_at.saturating_add(POLL_INTERVAL));
        self.fresh_until.store(fresh_until, Ordering::Release);
        Ok(())
    }

    /// Applies everything that is in the log, at once: after this process has revoked something itself.
    pub(super) async fn catch_up(&self) -> Result<(), AuthorityError> {
        self.pull(&mut *self.position.lock().await).await
    }

    /// Drops entries that can no longer match a token.
    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        self.index.forget_expired(now)
    }

    fn is_fresh(&self) -> bool {
        whole_millis(self.clock.elapsed()) < self.fresh_until.load(Ordering::Acquire)
    }

    async fn pull(&self, position: &mut Position) -> Result<(), AuthorityError> {
        self.pull_entries(position).await?;
        if position.keys_changed {
            self.keys.reload_signing_keys(self.store.as_ref()).await?;
            position.keys_changed = false;
        }
        Ok(())
    }

    async fn pull_entries(&self, position: &mut Position) -> Result<(), AuthorityError> {
        loop {
            let entries = self
                .store
                .log_entries_after(position.sequence, BATCH)
                .await?;
            let full = u32::try_from(entries.len()).is_ok_and(|count| count == BATCH);
            for entry in entries {
                // Entries that no token can match are purged, read or not. What one of them said of an account is lost.
                if entry.sequence != position.sequence.saturating_add(1) {
                    self.accounts.drop_all();
                }
                self.accounts.follow(&entry.scope);
                position.keys_changed |= entry.changes_key_ring();
                if let Some(revoked) = entry.to_index_entry() {
                    self.index.apply(&revoked);
                }
                position.sequence = entry.sequence;
            }
            if !full {
                return Ok(());
            }
        }
    }
}

impl std::fmt::Debug for RevocationFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevocationFeed").finish_non_exhaustive()
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Entries read at once.
const BATCH: u32 = 1_000;

#[cfg(test)]
mod tests {
    use countersign_token::{Algorithm, UnixMillis};

    use super::*;
    use crate::clock::ManualClock;
    use crate::keys::{SigningKeySource, plan_promotion, plan_revocation};
    use crate::memory::MemoryStore;
    use crate::policy::{Policy, Preset};
    use crate::random::SystemRandom;
    use crate::secrets::MasterKey;
    use crate::store::{KeyRecords, KeyTransition, KeyVault as _, SigningKeyState};

    const NOON: UnixMillis = UnixMillis::from_seconds(1_893_456_000);

    /// A feed over a store that makes its own keys.
    struct House {
        feed: RevocationFeed,
        keys: Arc<KeyRing>,
        store: MemoryStore,
        clock: Arc<ManualClock>,
    }

    impl House {
        async fn new() -> Self {
            let store = MemoryStore::new();
            let source = SigningKeySource::Stored(Algorithm::Es256);
            KeyRing::found(&store, &master(), &source, &SystemRandom, NOON)
                .await
                .unwrap();
            let keys = KeyRing::load(&store, master(), source).await.unwrap();
            let (keys, clock) = (Arc::new(keys), Arc::new(ManualClock::at(NOON)));
            let (shared, time): (Arc<dyn Store>, Arc<dyn Clock>) =
                (Arc::new(store.clone()), clock.clone());
            let feed = RevocationFeed::new(shared, Arc::clone(&keys), time);
            Self {
                feed,
                keys,
                store,
                clock,
            }
        }

        async fn records(&self) -> KeyRecords {
            self.store.load_keys().await.unwrap().unwrap()
        }

        async fn look_again(&self) -> Result<(), AuthorityError> {
            self.clock.stand_still_for_millis(20);
            self.feed.freshen().await
        }
    }

    fn master() -> MasterKey {
        MasterKey::from_bytes([7; 32])
    }

    #[tokio::test]
    async fn a_new_key_is_published_and_signs_once_it_is_promoted() {
        let house = House::new().await;
        house.feed.freshen().await.unwrap();
        let first = house.keys.active();
        let kid = KeyRing::generate(&house.store, &master(), Algorithm::Es256, NOON)
            .await
            .unwrap();
        assert_eq!(house.keys.verification().len(), 1, "not looked yet");
        house.look_again().await.unwrap();
        assert_eq!(house.keys.verification().len(), 2);
        assert_eq!(house.keys.active(), first);

        let tokens = Policy::preset(Preset::Modern).tokens;
        let plan = plan_promotion(&house.records().await, &kid, &tokens, NOON).unwrap();
        let promoted = KeyRing::promote(&house.store, &plan, NOON).await.unwrap();
        assert_eq!(promoted, KeyTransition::Done);
        house.look_again().await.unwrap();
        assert_eq!(house.keys.active(), kid);
        assert_eq!(house.keys.verification().len(), 2);
    }

    #[tokio::test]
    async fn a_revoked_key_verifies_no_more() {
        let house = House::new().await;
        let stolen = house.keys.active();
        KeyRing::generate(&house.store, &master(), Algorithm::Es256, NOON)
            .await
            .unwrap();
        let records = house.records().await;
        let plan = plan_revocation(&records, &stolen, Algorithm::Es256).unwrap();
        KeyRing::revoke(&house.store, &plan, NOON).await.unwrap();
        house.look_again().await.unwrap();
        assert!(house.keys.verification().get(stolen.as_str()).is_none());
        assert_eq!(Some(house.keys.active()), plan.successor);
    }

    #[tokio::test]
    async fn keys_that_cannot_be_read_stop_every_verdict_until_they_can() {
        let house = House::new().await;
        house.feed.freshen().await.unwrap();
        let mut damaged = house.records().await.signing.remove(0);
        damaged.kid = countersign_token::KeyId::parse("damaged").unwrap();
        damaged.state = SigningKeyState::Standby;
        house.store.add_signing_key(&damaged, None).await.unwrap();
        for _ in 0..2 {
            let refused = house.look_again().await;
            assert!(
                matches!(refused, Err(AuthorityError::Keys(_))),
                "{refused:?}"
            );
        }
        let records = house.records().await;
        let plan = plan_revocation(&records, &damaged.kid, Algorithm::Es256).unwrap();
        KeyRing::revoke(&house.store, &plan, NOON).await.unwrap();
        house.look_again().await.unwrap();
        assert_eq!(house.keys.verification().len(), 1);
    }
}
