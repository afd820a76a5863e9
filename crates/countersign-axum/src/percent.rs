//! Percent-encoding: of paths, queries and form bodies.

use std::borrow::Cow;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Decodes `+` and `%xx` as forms do. A `%` that nothing valid follows stands for itself.
pub(crate) fn decode_form(text: &str) -> Cow<'_, [u8]> {
    if text.bytes().any(|byte| byte == b'+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(decode(&spaced).into_owned());
    }
    decode(text)
}

/// The same address with its path decoded once; `None` if nothing is encoded in it, or nothing that an address can
/// hold in clear.
pub(crate) fn decode_path(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains('%') {
        return None;
    }
    let mut decoded = String::from_utf8(decode(path).into_owned()).ok()?;
    if decoded
        .bytes()
        .any(|byte| matches!(byte, b'?' | b'#' | b'%') || !byte.is_ascii_graphic())
    {
        return None;
    }
    if let Some(query) = uri.query() {
        decoded.push('?');
        decoded.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(decoded).ok()?);
    Uri::from_parts(parts).ok()
}

fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        match behind.first_chunk::<2>().copied().and_then(hex_byte) {
            Some(byte) if first == b'%' => {
                decoded.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(first);
                rest = behind;
            }
        }
    }
    Cow::Owned(decoded)
}

fn hex_byte(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_text_is_decoded_once() {
        for (encoded, decoded) in [
            ("a+b", "a b"),
            ("%41%2b", "A+"),
            ("100%", "100%"),
            ("%zz", "%zz"),
            ("%2541", "%41"),
        ] {
            assert_eq!(decode_form(encoded), decoded.as_bytes(), "{encoded}");
        }
    }

    #[test]
    fn an_encoded_path_keeps_its_query() {
        let decoded =
            |uri: &'static str| decode_path(&Uri::from_static(uri)).map(|uri| uri.to_string());
        assert_eq!(
            decoded("/api/t%6Fken/?a=%62").as_deref(),
            Some("/api/token/?a=%62")
        );
        assert_eq!(decoded("/api/token/?a=%62"), None);
        assert_eq!(decoded("/a%3Fb"), None);
        assert_eq!(decoded("/a%00b"), None);
    }
}
