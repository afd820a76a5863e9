//! The encoding of a body's text.

use std::borrow::Cow;
use std::str::Utf8Error;

use axum::http::StatusCode;
use countersign::policy::WireBodies;

use super::BodyFault;
use super::media_type::MediaType;

/// Decodes a body.
///
/// `strict` bodies are UTF-8. `drf` bodies may be in one of a few others that their `charset` names; a name that
/// means nothing to us means UTF-8, as with the original.
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    media_type: MediaType<'_>,
    bodies: WireBodies,
) -> Result<Cow<'a, str>, BodyFault> {
    let name = media_type.parameter("charset").unwrap_or("utf-8");
    match (Charset::named(name), bodies) {
        (Charset::Utf8, _) | (Charset::Unknown, WireBodies::Drf) => utf8(bytes).map(Cow::Borrowed),
        (Charset::Latin1, WireBodies::Drf) => Ok(bytes.iter().copied().map(char::from).collect()),
        (Charset::Utf16, WireBodies::Drf) => utf16(bytes).map(Cow::Owned),
        (Charset::NotText, WireBodies::Drf) => Err(unsupported(name, StatusCode::BAD_REQUEST)),
        (_, WireBodies::Strict) => Err(unsupported(name, StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

enum Charset {
    /// ASCII, too, is UTF-8.
    Utf8,
    Latin1,
    Utf16,
    /// Names of Python's codecs that do not make text of bytes.
    NotText,
    Unknown,
}

impl Charset {
    fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().replace(['_', ' '], "-").as_str() {
            "utf-8" | "utf8" | "u8" | "us-ascii" | "ascii" => Self::Utf8,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" => Self::Latin1,
            "utf-16" | "utf16" | "u16" => Self::Utf16,
            "base64" | "base64-codec" | "bz2" | "bz2-codec" | "hex" | "hex-codec" | "quopri"
            | "quopri-codec" | "rot13" | "rot-13" | "uu" | "uu-codec" | "zip" | "zlib"
            | "zlib-codec" => Self::NotText,
            _ => Self::Unknown,
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, BodyFault> {
    str::from_utf8(bytes).map_err(|error| BodyFault::Json(undecodable(bytes, error)))
}

/// Byte order by the mark at the beginning; little-endian without one.
fn utf16(bytes: &[u8]) -> Result<String, BodyFault> {
    let (bytes, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        _ => (bytes, u16::from_le_bytes),
    };
    let (pairs, odd) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if odd.is_empty() => Ok(text),
        _ => Err(BodyFault::Json(
            "'utf-16' codec can't decode the body".to_owned(),
        )),
    }
}

fn undecodable(bytes: &[u8], error: Utf8Error) -> String {
    let position = error.valid_up_to();
    let byte = bytes.get(position).copied().unwrap_or_default();
    let reason = match error.error_len() {
        None => "unexpected end of data",
        Some(_) if matches!(byte, 0xc2..=0xf4) => "invalid continuation byte",
        Some(_) => "invalid start byte",
    };
    format!("'utf-8' codec can't decode byte {byte:#04x} in position {position}: {reason}")
}

fn unsupported(name: &str, status: StatusCode) -> BodyFault {
    BodyFault::UnsupportedCharset {
        name: name.to_owned(),
        status,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::*;

    fn decoded(
        bytes: &[u8],
        content_type: &'static str,
        bodies: WireBodies,
    ) -> Result<String, BodyFault> {
        let head =
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        decode(bytes, MediaType::of(&head), bodies).map(Cow::into_owned)
    }

    #[test]
    fn drf_bodies_may_name_their_encoding() {
        for (bytes, content_type, text) in [
            (&b"\xc3\xa9"[..], "application/json", "é"),
            (b"\xc3\xa9", "application/json; charset=klingon", "é"),
            (b"\xc3\xa9", "application/json; CHARSET=\"UTF-8\"", "é"),
            (b"\xe9", "application/json; charset=ISO-8859-1", "é"),
            (b"\xff\xfe\xe9\x00", "application/json; charset=utf-16", "é"),
            (b"\xfe\xff\x00\xe9", "application/json; charset=utf-16", "é"),
        ] {
            assert_eq!(
                decoded(bytes, content_type, WireBodies::Drf).unwrap(),
                text,
                "{content_type}"
            );
        }
        assert!(
            decoded(
                b"{}",
                "application/json; charset=bz2_codec",
                WireBodies::Drf
            )
            .is_err()
        );
        assert!(
            decoded(
                b"\xe9",
                "application/json; charset=klingon",
                WireBodies::Drf
            )
            .is_err()
        );
    }

    #[test]
    fn strict_bodies_are_utf8() {
        assert!(decoded(b"{}", "application/json; charset=utf-8", WireBodies::Strict).is_ok());
        assert!(
            decoded(
                b"{}",
                "application/json; charset=latin-1",
                WireBodies::Strict
            )
            .is_err()
        );
        assert!(
            decoded(
                b"{}",
                "application/json; charset=klingon",
                WireBodies::Strict
            )
            .is_err()
        );
    }
}
