//! Single claims: where their text lies, and how a user is named.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::string_value;

/// A string of the payload: usually just the place where it lies.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Borrowed(Range<usize>),
    /// It was spelled with escapes, so its characters lie nowhere.
    Owned(Box<str>),
}

impl Text {
    /// The value of a claim, if it is a string. `value` must be a slice of `payload`.
    pub(super) fn of_value(payload: &str, value: &str) -> Option<Self> {
        Some(match string_value(value)? {
            Cow::Borrowed(text) => Self::Borrowed(place(payload, text)),
            Cow::Owned(text) => Self::Owned(text.into()),
        })
    }

    pub(super) fn as_str<'a>(&'a self, payload: &'a str) -> &'a str {
        match self {
            Self::Borrowed(range) => payload.get(range.clone()).unwrap_or_default(),
            Self::Owned(text) => text,
        }
    }
}

/// Where a slice lies in the text that it is a slice of.
pub(super) fn place(text: &str, slice: &str) -> Range<usize> {
    let start = slice.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start + slice.len()
}

/// How a token names its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserClaim<'a> {
    /// A string.
    Text(&'a str),
    /// An integer, in the one spelling that it has: digits, no leading zero.
    Integer(i64),
    /// Present, but nothing that names anybody: `null`, `true`, `1.5`, a list, an object.
    Other,
}

impl<'a> UserClaim<'a> {
    /// The number of an account, if this is one in its canonical spelling: `7` or `"7"`.
    ///
    /// Not `"07"`, `" 7"`, `"+7"`, `"7.0"`, `true`, `[7]` or digits of other scripts: two spellings
    /// of one number would be two names of one account, and some check would know only one of them.
    pub fn as_account_number(&self) -> Option<i64> {
        let number = match self {
            Self::Text(text) => canonical_integer(text)?,
            Self::Integer(number) => *number,
            Self::Other => return None,
        };
        (number > 0).then_some(number)
    }

    /// Reads a JSON value.
    pub(super) fn of_value(text: Option<&'a str>, value: &str) -> Self {
        match (text, canonical_integer(value)) {
            (Some(text), _) => Self::Text(text),
            (None, Some(number)) => Self::Integer(number),
            (None, None) => Self::Other,
        }
    }
}

/// The number, if writing it gives the same text again.
fn canonical_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_spelling() {
        for (text, number) in [
            ("0", 0),
            ("7", 7),
            ("-7", -7),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(canonical_integer(text), Some(number));
        }
        for text in [
            "",
            "-",
            "-0",
            "07",
            "+7",
            " 7",
            "7 ",
            "7.0",
            "7e0",
            "９",
            "9223372036854775808",
        ] {
            assert_eq!(canonical_integer(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_text_finds_its_place_again() {
        let payload = r#"{"a":"plain","b":"\u0061"}"#;
        let plain = payload.get(5..12).unwrap();
        let text = Text::of_value(payload, plain).unwrap();
        assert_eq!(
            (text.as_str(payload), place(payload, plain)),
            ("plain", 5..12)
        );
        let escaped = Text::of_value(payload, payload.get(17..25).unwrap()).unwrap();
        assert_eq!(escaped.as_str(payload), "a");
        assert!(Text::of_value(payload, "7").is_none());
    }
}
