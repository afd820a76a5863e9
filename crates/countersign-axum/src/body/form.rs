//! `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use super::{Members, Text, Value};
use crate::percent;

/// Reads the pairs of a form. What is no UTF-8 after decoding is replaced, as Django does.
pub(crate) fn parse(text: &str) -> Members<'_> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| {
            (
                decoded(name),
                Value::Text(Text {
                    text: decoded(value),
                    lone_surrogate: None,
                }),
            )
        })
        .collect()
}

fn decoded(text: &str) -> Cow<'_, str> {
    match percent::decode_form(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_kept_in_order() {
        let pairs: Vec<(String, String)> = parse("a=1+%C5%BE&&b&a==%FF")
            .into_iter()
            .map(|(name, value)| match value {
                Value::Text(text) => (name.into_owned(), text.text.into_owned()),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [("a", "1 ž"), ("b", ""), ("a", "=\u{fffd}")];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
