//! Subjects that are revoked until they are forgotten, with nothing more to say of them.

use std::borrow::Borrow;
use std::hash::Hash;

use super::filter::Filter;
use super::map::Map;
use crate::time::Timestamp;

/// A set of subjects, each with the second from which on it may be forgotten.
pub(super) struct Dated<K> {
    subjects: Map<K, Second>,
}

/// A second from 1970 to 2106 in four bytes, which make an entry for a session a third smaller.
///
/// Later seconds are the last one, and that never comes: its subjects are not forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Second(u32);

impl<K: Hash + Eq + Clone> Dated<K> {
    pub(super) fn new() -> Self {
        Self {
            subjects: Map::new(),
        }
    }

    /// Keeps a subject until `forget_at`, or longer if it is kept longer already.
    pub(super) fn extend(&self, subject: K, forget_at: Timestamp, filter: &Filter) {
        let forget_at = Second::from(forget_at);
        let known = self.subjects.get(&subject, filter);
        if known.is_none_or(|known| known < forget_at) {
            self.subjects.put(subject, forget_at, filter);
        }
    }

    pub(super) fn contains<Q>(&self, subject: &Q, filter: &Filter) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.subjects.contains(subject, filter)
    }

    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        let now = Second::from(now);
        self.subjects
            .forget(|forget_at| *forget_at <= now && *forget_at != Second::NEVER)
    }

    pub(super) fn len(&self) -> usize {
        self.subjects.len()
    }

    pub(super) fn mark_all(&self, filter: &Filter) {
        self.subjects.mark_all(filter);
    }
}

impl Second {
    const NEVER: Self = Self(u32::MAX);
}

impl From<Timestamp> for Second {
    fn from(time: Timestamp) -> Self {
        let seconds = time.seconds().max(0);
        u32::try_from(seconds).map_or(Self::NEVER, Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_the_last_second_is_not_forgotten() {
        let filter = Filter::for_subjects(4);
        let dated = Dated::new();
        let last = i64::from(u32::MAX);
        for (subject, second) in [(1, 5), (2, last - 1), (3, last), (4, i64::MAX)] {
            dated.extend(subject, Timestamp::from_seconds(second), &filter);
        }
        let forget = |second| dated.forget_expired(Timestamp::from_seconds(second));
        assert_eq!(
            [forget(-1), forget(4), forget(5), forget(last - 2)],
            [0, 0, 1, 0]
        );
        assert_eq!(
            [forget(last - 1), forget(last), forget(i64::MAX)],
            [1, 0, 0]
        );
        assert_eq!(dated.len(), 2);
    }
}
