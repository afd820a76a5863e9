//! Single tokens by their id.

use papaya::HashMap;

use super::{extend, forget, new_map};
use crate::time::Timestamp;

/// Revoked token ids.
///
/// Ids of the authority, and of SimpleJWT, are 32 lower-case hex digits: 16 bytes instead of a
/// string with an allocation of its own, and faster to hash. All other ids are kept as they are.
pub(super) struct Tokens {
    compact: HashMap<u128, Timestamp>,
    others: HashMap<Box<str>, Timestamp>,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            compact: new_map(),
            others: new_map(),
        }
    }

    pub(super) fn insert(&self, id: &str, forget_at: Timestamp) {
        match compact(id) {
            Some(number) => extend(&self.compact, number, forget_at),
            None => extend(&self.others, id.into(), forget_at),
        }
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        match compact(id) {
            Some(number) => self.compact.pin().contains_key(&number),
            None => self.others.pin().contains_key(id),
        }
    }

    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        let expired = |forget_at: &Timestamp| *forget_at <= now;
        forget(&self.compact, expired) + forget(&self.others, expired)
    }

    pub(super) fn len(&self) -> usize {
        self.compact.len() + self.others.len()
    }
}

/// The number behind an id of exactly 32 lower-case hex digits: one spelling, one number.
fn compact(id: &str) -> Option<u128> {
    if id.len() != 32 {
        return None;
    }
    id.bytes().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((number << 4) | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_compact() {
        assert_eq!(compact("000000000000000000000000000000ff"), Some(255));
        assert_eq!(compact("ffffffffffffffffffffffffffffffff"), Some(u128::MAX));
        for id in [
            "ff",
            "000000000000000000000000000000FF",
            "+00000000000000000000000000000ff",
            "",
        ] {
            assert_eq!(compact(id), None, "{id}");
        }
    }

    #[test]
    fn spellings_of_one_number_are_different_tokens() {
        let tokens = Tokens::new();
        tokens.insert(
            "000000000000000000000000000000ff",
            Timestamp::from_seconds(1),
        );
        assert!(tokens.contains("000000000000000000000000000000ff"));
        assert!(!tokens.contains("000000000000000000000000000000FF"));
    }
}
