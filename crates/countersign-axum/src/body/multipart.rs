//! `multipart/form-data` (RFC 7578), for forms that lie in memory whole.
//!
//! Files are noticed and never looked at: no endpoint takes one.

use std::borrow::Cow;

use super::{Members, Text, Value};

/// Why a body is no multipart form, in the original's words where it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The type names no usable boundary.
    Boundary(Option<String>),
    /// The body breaks off.
    Incomplete,
    /// A part does not say what it is.
    Part,
    /// A part is encoded, which no client does any more.
    Encoded,
}

impl Fault {
    /// The fault in words.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Boundary(None) => "Invalid boundary in multipart: None".to_owned(),
            Self::Boundary(Some(named)) => format!("Invalid boundary in multipart: {named}"),
            Self::Incomplete => "Unexpected end of form".to_owned(),
            Self::Part => "Invalid part header".to_owned(),
            Self::Encoded => "Unsupported Content-Transfer-Encoding".to_owned(),
        }
    }
}

/// Reads the parts of a form.
///
/// # Errors
/// The first [`Fault`].
pub(crate) fn parse<'a>(body: &'a [u8], boundary: Option<&str>) -> Result<Members<'a>, Fault> {
    let boundary = boundary
        .filter(|named| is_boundary(named))
        .ok_or_else(|| Fault::Boundary(boundary.map(str::to_owned)))?;
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body_after_preamble(body, &delimiter)?;
    let mut members = Members::new();
    while !rest.starts_with(b"--") {
        let (_, part) = split(rest, b"\r\n").ok_or(Fault::Incomplete)?;
        let (part, behind) = split(part, delimiter.as_bytes()).ok_or(Fault::Incomplete)?;
        members.push(member(part)?);
        rest = behind;
    }
    Ok(members)
}

/// What follows the first delimiter, which may stand at the very beginning.
fn body_after_preamble<'a>(body: &'a [u8], delimiter: &str) -> Result<&'a [u8], Fault> {
    let opening = delimiter.trim_start().as_bytes();
    body.strip_prefix(opening)
        .or_else(|| split(body, delimiter.as_bytes()).map(|(_, behind)| behind))
        .ok_or(Fault::Incomplete)
}

fn member(part: &[u8]) -> Result<(Cow<'_, str>, Value<'_>), Fault> {
    let (head, content) = match part.strip_prefix(b"\r\n") {
        Some(content) => (&b""[..], content),
        None => split(part, b"\r\n\r\n").ok_or(Fault::Part)?,
    };
    let head = str::from_utf8(head).map_err(|_| Fault::Part)?;
    let mut disposition = None;
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':').ok_or(Fault::Part)?;
        if name.eq_ignore_ascii_case("content-disposition") {
            disposition = Some(value.trim());
        } else if name.eq_ignore_ascii_case("content-transfer-encoding") && !is_plain(value.trim())
        {
            return Err(Fault::Encoded);
        }
    }
    let Disposition { name, is_file } =
        Disposition::parse(disposition.ok_or(Fault::Part)?).ok_or(Fault::Part)?;
    let value = if is_file {
        Value::File
    } else {
        Value::Text(Text {
            text: String::from_utf8_lossy(content),
            lone_surrogate: None,
        })
    };
    Ok((Cow::Borrowed(name), value))
}

struct Disposition<'a> {
    name: &'a str,
    is_file: bool,
}

impl<'a> Disposition<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (kind, mut rest) = text.split_once(';')?;
        let mut name = None;
        let mut is_file = false;
        while !rest.trim().is_empty() {
            let (key, value, behind) = parameter(rest)?;
            match key {
                "name" => name = Some(value),
                "filename" | "filename*" => is_file = true,
                _ => {}
            }
            rest = behind;
        }
        kind.trim()
            .eq_ignore_ascii_case("form-data")
            .then_some(())?;
        Some(Self {
            name: name?,
            is_file,
        })
    }
}

/// Takes one `key=value` or `key="value"`, with the semicolon behind it. Quoted values end at the next quote:
/// browsers write a quote within one as `%22`.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (key, value) = text.split_once('=')?;
    let (value, behind) = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => value.split_at(value.find(';').unwrap_or(value.len())),
    };
    let behind = behind.trim_start();
    Some((
        key.trim(),
        value,
        behind.strip_prefix(';').unwrap_or(behind),
    ))
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let begin = bytes.windows(at.len()).position(|window| window == at)?;
    let (before, behind) = bytes.split_at_checked(begin)?;
    Some((before, behind.get(at.len()..)?))
}

/// RFC 2046 §5.1.1 allows 70 characters; the original three times as many.
fn is_boundary(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !text.ends_with(' ')
}

fn is_plain(encoding: &str) -> bool {
    ["7bit", "8bit", "binary"]
        .iter()
        .any(|plain| encoding.eq_ignore_ascii_case(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<'_> {
        Value::Text(Text {
            text: text.into(),
            lone_surrogate: None,
        })
    }

    #[test]
    fn parts_are_read_in_order() {
        let body = "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n\
                    --B  \r\ncontent-disposition: form-data; name=b; x=\"y;z\"\r\nContent-Type: text/plain\r\n\r\n\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"c\"; filename=\"f;g\"\r\n\r\n\u{1}\r\n--B--\r\nend";
        let expected = [("a", text("1\r\n2")), ("b", text("")), ("c", Value::File)];
        assert_eq!(
            parse(body.as_bytes(), Some("B")),
            Ok(expected
                .map(|(name, value)| (Cow::Borrowed(name), value))
                .to_vec())
        );
        assert_eq!(parse(b"--B--", Some("B")), Ok(Members::new()));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let part = |head: &str| format!("--B\r\n{head}\r\n\r\nx\r\n--B--").into_bytes();
        for (body, boundary, fault) in [
            (b"x".to_vec(), None, Fault::Boundary(None)),
            (
                b"x".to_vec(),
                Some("é"),
                Fault::Boundary(Some("é".to_owned())),
            ),
            (b"x".to_vec(), Some("B"), Fault::Incomplete),
            (
                b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx".to_vec(),
                Some("B"),
                Fault::Incomplete,
            ),
            (part("X: y"), Some("B"), Fault::Part),
            (
                part("Content-Disposition: form-data; name=\"a"),
                Some("B"),
                Fault::Part,
            ),
            (
                part("Content-Disposition: attachment; name=\"a\""),
                Some("B"),
                Fault::Part,
            ),
            (
                part(
                    "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
                ),
                Some("B"),
                Fault::Encoded,
            ),
        ] {
            assert_eq!(
                parse(&body, boundary),
                Err(fault),
                "{}",
                String::from_utf8_lossy(&body)
            );
        }
    }
}
