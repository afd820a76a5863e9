//! Single tokens by their id.

use super::dated::Dated;
use super::filter::Filter;
use crate::time::Timestamp;

/// Revoked token ids.
///
/// Ids of the authority, and of SimpleJWT, are 32 lower-case hex digits: 16 bytes instead of a
/// string with an allocation of its own, and faster to hash. All other ids are kept as they are.
pub(super) struct Tokens {
    compact: Dated<[u8; 16]>,
    others: Dated<Box<str>>,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            compact: Dated::new(),
            others: Dated::new(),
        }
    }

    pub(super) fn insert(&self, id: &str, forget_at: Timestamp, filter: &Filter) {
        match compact(id) {
            Some(bytes) => self.compact.extend(bytes, forget_at, filter),
            None => self.others.extend(id.into(), forget_at, filter),
        }
    }

    pub(super) fn contains(&self, id: &str, filter: &Filter) -> bool {
        match compact(id) {
            Some(bytes) => self.compact.contains(&bytes, filter),
            None => self.others.contains(id, filter),
        }
    }

    pub(super) fn forget_expired(&self, now: Timestamp) -> usize {
        self.compact.forget_expired(now) + self.others.forget_expired(now)
    }

    pub(super) fn len(&self) -> usize {
        self.compact.len() + self.others.len()
    }

    pub(super) fn mark_all(&self, filter: &Filter) {
        self.compact.mark_all(filter);
        self.others.mark_all(filter);
    }
}

/// The bytes behind an id of exactly 32 lower-case hex digits: one spelling, one value.
///
/// Nothing branches on a single digit: in a random id no processor can guess such a branch, and
/// guessing wrong made this take nine times as long.
fn compact(id: &str) -> Option<[u8; 16]> {
    let digits: &[u8; 32] = id.as_bytes().try_into().ok()?;
    let values = digits.map(hex_value);
    let seen = values.iter().fold(0, |seen, value| seen | value);
    if seen & NO_DIGIT != 0 {
        return None;
    }
    let mut bytes = [0; 16];
    let (pairs, _) = values.as_chunks();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (high << 4) | low;
    }
    Some(bytes)
}

fn hex_value(digit: u8) -> u8 {
    match (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a')) {
        (decimal @ 0..=9, _) => decimal,
        (_, letter @ 0..=5) => letter + 10,
        _ => NO_DIGIT,
    }
}

/// A value that no digit has a bit of.
const NO_DIGIT: u8 = 0xF0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_compact() {
        let bytes = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef";
        assert_eq!(compact("0123456789abcdef0123456789abcdef"), Some(bytes));
        assert_eq!(
            compact("ffffffffffffffffffffffffffffffff"),
            Some([0xFF; 16])
        );
        for id in [
            "ff",
            "000000000000000000000000000000FF",
            "+00000000000000000000000000000ff",
            "0000000000000000000000000000000000000000000000ff",
            "",
        ] {
            assert_eq!(compact(id), None, "{id}");
        }
    }

    #[test]
    fn every_byte_that_is_no_digit_is_refused_in_every_place() {
        let digits = "0123456789abcdef";
        for place in 0..32 {
            for character in '\0'..='\u{7f}' {
                let mut id = digits.repeat(2);
                id.replace_range(place..=place, &character.to_string());
                assert_eq!(compact(&id).is_some(), digits.contains(character), "{id:?}");
            }
        }
        assert_eq!(compact(&"é".repeat(16)), None);
    }

    #[test]
    fn spellings_of_one_number_are_different_tokens() {
        let (tokens, filter) = (Tokens::new(), Filter::for_subjects(1));
        let forget_at = Timestamp::from_seconds(1);
        tokens.insert("000000000000000000000000000000ff", forget_at, &filter);
        assert!(tokens.contains("000000000000000000000000000000ff", &filter));
        assert!(!tokens.contains("000000000000000000000000000000FF", &filter));
    }
}
