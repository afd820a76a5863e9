//! What is certainly not in the index, told from one word of memory.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A blocked Bloom filter over the subjects of all entries.
///
/// A subject, given by its hash, has four bits in one word. If one of them is not set, no entry has
/// that subject; if all are set, about one time in a hundred it is chance. The words for a million
/// entries fit into the cache of a processor and the entries do not, which is what makes asking
/// about a token that is not revoked cheap.
///
/// # Invariants
/// Bits are set and never cleared: what was forgotten is gone from the next filter that is built.
pub(super) struct Filter {
    words: Box<[AtomicU64]>,
    marked: AtomicUsize,
}

impl Filter {
    /// An empty filter with room for this many subjects and half as many more.
    pub(super) fn for_subjects(count: usize) -> Self {
        let words = count / SUBJECTS_PER_WORD * 3 / 2 + MIN_WORDS;
        Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            marked: AtomicUsize::new(0),
        }
    }

    /// Whether chance would decide too often if more subjects were marked.
    pub(super) fn is_full(&self) -> bool {
        self.marked.load(Ordering::Relaxed) >= self.words.len() * SUBJECTS_PER_WORD
    }

    pub(super) fn mark(&self, hash: u64) {
        if let Some(word) = self.word_of(hash) {
            word.fetch_or(bits_of(hash), Ordering::Relaxed);
            self.marked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a subject with this hash may have been marked; `false` is certain.
    ///
    /// Relaxed: who knows that an entry was applied knows it by something that orders both.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let bits = bits_of(hash);
        self.word_of(hash)
            .is_some_and(|word| word.load(Ordering::Relaxed) & bits == bits)
    }

    fn word_of(&self, hash: u64) -> Option<&AtomicU64> {
        self.words.get(place(hash, self.words.len()))
    }
}

/// A place among `len` by the high bits of a hash: a multiplication where `%` would divide.
pub(super) fn place(hash: u64, len: usize) -> usize {
    u128::try_from(len)
        .and_then(|len| usize::try_from((u128::from(hash) * len) >> 64))
        .unwrap_or(0)
}

/// Four bits of a word, by the low bits of a hash.
fn bits_of(hash: u64) -> u64 {
    let bit = |shift: u32| 1 << ((hash >> shift) & 63);
    bit(0) | bit(6) | bit(12) | bit(18)
}

/// Almost 13 bits for each subject of a full filter.
const SUBJECTS_PER_WORD: usize = 5;
const MIN_WORDS: usize = 64;

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    #[test]
    fn what_was_marked_is_held_and_little_else_seems_to_be() {
        let hasher = RandomState::new();
        for count in [0_usize, 1, 320, 100_000] {
            let filter = Filter::for_subjects(count);
            for subject in 0..count {
                assert!(!filter.is_full(), "{subject} of {count}");
                filter.mark(hasher.hash_one(subject));
            }
            assert!((0..count).all(|subject| filter.may_hold(hasher.hash_one(subject))));

            let others = count..count + 10_000;
            let mistaken = others.filter(|other| filter.may_hold(hasher.hash_one(other)));
            assert!(mistaken.count() < 200, "{count}");
        }
    }

    #[test]
    fn a_filter_is_full_before_chance_decides_often() {
        let hasher = RandomState::new();
        let filter = Filter::for_subjects(10_000);
        let held = (0_u32..).take_while(|subject| {
            filter.mark(hasher.hash_one(subject));
            !filter.is_full()
        });
        assert!(held.count() > 14_000);
        let others = 1_000_000_u32..1_100_000;
        let mistaken = others.filter(|other| filter.may_hold(hasher.hash_one(other)));
        assert!(mistaken.count() < 2_500);
    }
}
