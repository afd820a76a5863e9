//! A map that one writer changes while any number of readers look things up.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, RandomState};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;

use super::filter::{Filter, place};

/// What the log says of each subject of one sort.
///
/// Methods that change the map are for one writer at a time; the index sees to that. The maps of an
/// index share its [`Filter`]: subjects are marked in it when they come, and looked for only if it
/// may hold them.
///
/// # Invariants
/// Nothing that a reader may be looking at moves or changes. An entry is written once, into an empty
/// slot; a shard that has no room, or something to forget, is replaced as a whole. Shards are many,
/// so that this is a small matter in time and in memory.
pub(super) struct Map<K, V> {
    shards: Box<[ArcSwap<Shard<K, V>>]>,
    len: AtomicUsize,
    /// Each map has keys of its own, so that equal numbers in two of them have different hashes,
    /// and nobody outside can choose subjects that meet in one place.
    hasher: RandomState,
}

impl<K: Hash + Eq + Clone, V: Copy> Map<K, V> {
    pub(super) fn new() -> Self {
        let empty = Arc::new(Shard::with_slots(0));
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty)));
        Self {
            shards: shards.collect(),
            len: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    /// How many subjects there are.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn contains<Q>(&self, key: &Q, filter: &Filter) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let found = self.search(key, filter, |shard, hash| {
            shard.entries_of(hash, key).next().map(|_| ())
        });
        found.is_some()
    }

    pub(super) fn get<Q>(&self, key: &Q, filter: &Filter) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.search(key, filter, |shard, hash| {
            shard.entries_of(hash, key).last().map(|(_, value)| *value)
        })
    }

    /// Adds an entry, or one that counts instead of the known one.
    pub(super) fn put(&self, key: K, value: V, filter: &Filter) {
        let hash = self.hasher.hash_one(&key);
        let Some(shard) = self.shard_of(hash) else {
            return;
        };
        let current = shard.load();
        let is_new = current.entries_of(hash, &key).next().is_none();
        if current.has_room() {
            current.put(hash, key, value);
        } else {
            let next = Shard::of(&current.newest(&self.hasher).collect::<Vec<_>>());
            next.put(hash, key, value);
            shard.store(Arc::new(next));
        }
        filter.mark(hash);
        self.len.fetch_add(usize::from(is_new), Ordering::Relaxed);
    }

    /// Drops the subjects whose newest entry has expired; tells how many.
    pub(super) fn forget(&self, expired: impl Fn(&V) -> bool) -> usize {
        let forgotten = self.shards.iter().map(|shard| {
            let current = shard.load();
            if !current.entries().any(|(_, value)| expired(value)) {
                return 0;
            }
            let (expired, kept): (Vec<_>, Vec<_>) = current
                .newest(&self.hasher)
                .partition(|(_, (_, value))| expired(value));
            shard.store(Arc::new(Shard::of(&kept)));
            expired.len()
        });
        let forgotten = forgotten.sum();
        self.len.fetch_sub(forgotten, Ordering::Relaxed);
        forgotten
    }

    /// Marks all subjects in a new filter.
    pub(super) fn mark_all(&self, filter: &Filter) {
        for shard in &self.shards {
            for (hash, _) in shard.load().newest(&self.hasher) {
                filter.mark(hash);
            }
        }
    }

    fn search<Q, R>(
        &self,
        key: &Q,
        filter: &Filter,
        found: impl FnOnce(&Shard<K, V>, u64) -> Option<R>,
    ) -> Option<R>
    where
        Q: Hash + ?Sized,
    {
        if self.len() == 0 {
            return None;
        }
        let hash = self.hasher.hash_one(key);
        if !filter.may_hold(hash) {
            return None;
        }
        found(&self.shard_of(hash)?.load(), hash)
    }

    /// By bits in the middle: the high ones place a subject within its shard and in the filter.
    fn shard_of(&self, hash: u64) -> Option<&ArcSwap<Shard<K, V>>> {
        self.shards
            .get(place(hash.rotate_left(32), self.shards.len()))
    }
}

/// A table with open addressing.
///
/// An entry is in the first slot that was empty when it came, from the place of its hash on. Of
/// several entries of one subject the newest is therefore the last, and there is an empty slot
/// behind it: a quarter of the slots is never used.
struct Shard<K, V> {
    slots: Box<[OnceLock<(K, V)>]>,
    used: AtomicUsize,
}

impl<K, V> Shard<K, V> {
    fn with_slots(count: usize) -> Self {
        Self {
            slots: (0..count).map(|_| OnceLock::new()).collect(),
            used: AtomicUsize::new(0),
        }
    }

    /// A shard with these entries, given with their hashes, and room for about a third more.
    fn of(entries: &[(u64, &(K, V))]) -> Self
    where
        K: Clone,
        V: Copy,
    {
        let shard = Self::with_slots(entries.len() * 7 / 4 + 4);
        for (hash, (key, value)) in entries {
            shard.put(*hash, key.clone(), *value);
        }
        shard
    }

    fn has_room(&self) -> bool {
        self.used.load(Ordering::Relaxed) < self.slots.len() * 3 / 4
    }

    fn put(&self, hash: u64, key: K, value: V) {
        let empty = self.probe(hash).find(|slot| slot.get().is_none());
        // There is one, because there is room, and it stays empty, because there is one writer.
        if empty.is_some_and(|slot| slot.set((key, value)).is_ok()) {
            self.used.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn entries(&self) -> impl Iterator<Item = &(K, V)> {
        self.slots.iter().filter_map(OnceLock::get)
    }

    /// The entries of one subject, oldest first.
    fn entries_of<Q>(&self, hash: u64, key: &Q) -> impl Iterator<Item = &(K, V)>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.probe(hash)
            .map_while(OnceLock::get)
            .filter(move |(known, _)| known.borrow() == key)
    }

    /// The newest entry of each subject, with its hash.
    fn newest(&self, hasher: &RandomState) -> impl Iterator<Item = (u64, &(K, V))>
    where
        K: Hash + Eq,
    {
        self.entries().filter_map(|entry| {
            let hash = hasher.hash_one(&entry.0);
            let newest = self.entries_of(hash, &entry.0).last()?;
            ptr::eq(newest, entry).then_some((hash, entry))
        })
    }

    fn probe(&self, hash: u64) -> impl Iterator<Item = &OnceLock<(K, V)>> {
        let start = place(hash, self.slots.len());
        let (wrapped, from) = self.slots.split_at_checked(start).unwrap_or_default();
        from.iter().chain(wrapped)
    }
}

const SHARDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(subjects: u64, filter: &Filter) -> Map<u64, u64> {
        let map = Map::new();
        for subject in 0..subjects {
            map.put(subject, subject * 2, filter);
        }
        map
    }

    #[test]
    fn everything_that_was_put_is_found_through_every_growth() {
        let filter = Filter::for_subjects(20_000);
        let map = Map::new();
        for subject in 0_u64..20_000 {
            map.put(subject, subject * 2, &filter);
            for known in [0, subject / 2, subject] {
                assert_eq!(map.get(&known, &filter), Some(known * 2));
            }
            assert!(!map.contains(&(subject + 1), &filter));
        }
        assert_eq!(map.len(), 20_000);
        assert!((0..20_000).all(|subject| map.get(&subject, &filter) == Some(subject * 2)));
        assert!((20_000..90_000).all(|subject| !map.contains(&subject, &filter)));
    }

    #[test]
    fn the_newest_entry_of_a_subject_counts_and_older_ones_leave_with_a_growth() {
        let filter = Filter::for_subjects(1_000_000);
        let map = filled(100, &filter);
        for round in 0..10_000 {
            map.put(7, round, &filter);
            assert_eq!(map.get(&7, &filter), Some(round));
        }
        assert_eq!(map.len(), 100);
        let slots = map.shards.iter().map(|shard| shard.load().slots.len());
        assert!(slots.max() < Some(20));
        assert_eq!(map.get(&8, &filter), Some(16));
    }

    #[test]
    fn what_expired_by_its_newest_entry_is_forgotten() {
        let filter = Filter::for_subjects(20_000);
        let map = filled(10_000, &filter);
        map.put(1, 90_000, &filter);
        map.put(9_999, 0, &filter);
        assert_eq!(map.forget(|value| *value < 10_000), 5_000);
        assert_eq!(map.len(), 5_000);
        for (subject, held) in [
            (0, false),
            (1, true),
            (4_999, false),
            (5_000, true),
            (9_999, false),
        ] {
            assert_eq!(map.contains(&subject, &filter), held, "{subject}");
        }
        assert_eq!(map.forget(|_| true), 5_000);
        assert_eq!(map.len(), 0);
    }
}
