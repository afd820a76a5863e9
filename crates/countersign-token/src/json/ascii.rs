//! JSON in the spelling of Python's `json.dumps(…, separators=(",", ":"))`.
//!
//! Claims are compared byte for byte with those of the systems we replace, so the spelling is part
//! of the contract: ASCII only (`é` is `\u00e9`, an emoji a surrogate pair), and floats as Python
//! writes them (`1.0`, `1e+16`, `1.5e-07`).

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Writes a value as compact ASCII JSON. Numbers that JSON does not have (`NaN`) become `null`.
pub(crate) fn to_ascii<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    write_ascii(value, &mut bytes)?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// A value that was just written.
pub(crate) struct Written<'a> {
    pub(crate) json: &'a str,
    /// Whether a scan could find no fault: a string, a number, a literal, or a list of these.
    pub(crate) is_acceptable_by_construction: bool,
}

/// The same into an empty buffer.
pub(crate) fn write_ascii<'a, T: Serialize + ?Sized>(
    value: &T,
    bytes: &'a mut Vec<u8>,
) -> serde_json::Result<Written<'a>> {
    let mut writes = Writes::default();
    value.serialize(&mut Serializer::with_formatter(
        &mut *bytes,
        Ascii(&mut writes),
    ))?;
    let json = str::from_utf8(bytes).map_err(serde::ser::Error::custom)?;
    Ok(Written {
        json,
        is_acceptable_by_construction: writes.lists <= 1 && !writes.anything_else,
    })
}

/// Appends a text as a JSON string; tells whether it stands there as it is, without an escape.
pub(crate) fn push_ascii_string(text: &str, json: &mut String) -> bool {
    let is_plain = text.bytes().all(stands_for_itself);
    json.push('"');
    if is_plain {
        json.push_str(text);
    } else {
        push_escaped(text, json);
    }
    json.push('"');
    is_plain
}

fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

fn push_escaped(text: &str, json: &mut String) {
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            ' '..='~' => json.push(character),
            _ => push_escape(character, json),
        }
    }
}

fn push_escape(character: char, json: &mut String) {
    match character {
        '\n' => json.push_str("\\n"),
        '\r' => json.push_str("\\r"),
        '\t' => json.push_str("\\t"),
        '\u{8}' => json.push_str("\\b"),
        '\u{c}' => json.push_str("\\f"),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(json, "\\u{unit:04x}");
            }
        }
    }
}

/// Writes ASCII, and notes what it writes.
struct Ascii<'a>(&'a mut Writes);

/// What a text is made of.
#[derive(Default)]
struct Writes {
    lists: usize,
    /// Objects, whose names may be repeated, and texts that were not written here.
    anything_else: bool,
}

impl Formatter for Ascii<'_> {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.lists += 1;
        writer.write_all(b"[")
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.anything_else = true;
        writer.write_all(b"{")
    }

    fn write_raw_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.0.anything_else = true;
        writer.write_all(fragment.as_bytes())
    }

    fn write_number_str<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        value: &str,
    ) -> io::Result<()> {
        self.0.anything_else = true;
        writer.write_all(value.as_bytes())
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_printable_ascii(fragment.as_bytes()) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(|c: char| !(' '..='~').contains(&c)) {
            let (plain, other) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = other.chars();
            if let Some(character) = characters.next() {
                write_escaped(writer, character)?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_f32<W: Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        writer.write_all(python_float(&format!("{value:e}")).as_bytes())
    }

    fn write_f64<W: Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(python_float(&format!("{value:e}")).as_bytes())
    }
}

/// Whether a text without control characters has no byte from DEL on. Looks at eight at a time.
fn is_printable_ascii(text: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    // One more than DEL, and all above it, have the high bit; a carry comes only from where it is set already.
    let has_other = |eight: [u8; 8]| {
        let eight = u64::from_le_bytes(eight);
        (eight | eight.wrapping_add(ONES)) & (ONES * 0x80) != 0
    };
    let (chunks, tail) = text.as_chunks();
    !chunks.iter().copied().any(has_other) && tail.iter().all(|byte| *byte < 0x7F)
}

fn write_escaped<W: Write + ?Sized>(writer: &mut W, character: char) -> io::Result<()> {
    for unit in character.encode_utf16(&mut [0; 2]) {
        write!(writer, "\\u{unit:04x}")?;
    }
    Ok(())
}

/// Turns Rust's shortest scientific notation (`-1.25e-7`) into Python's `repr`.
///
/// Python writes an exponent, of at least two digits, below 1e-4 and from 1e16 on.
fn python_float(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, magnitude) = match mantissa.strip_prefix('-') {
        Some(magnitude) => ("-", magnitude),
        None => ("", mantissa),
    };
    if !(-4..16).contains(&exponent) {
        return format!("{sign}{magnitude}e{exponent:+03}");
    }
    let digits = magnitude.replace('.', "");
    format!("{sign}{}", positional(&digits, exponent))
}

/// Writes `d.ddd × 10^exponent` without an exponent, for exponents from -4 to 15.
fn positional(digits: &str, exponent: i32) -> String {
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = usize::try_from(exponent.unsigned_abs())
            .unwrap_or_default()
            .saturating_sub(1);
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    let point = exponent + 1;
    match digits.split_at_checked(point) {
        Some((whole, fraction)) if !fraction.is_empty() => format!("{whole}.{fraction}"),
        _ => format!("{digits:0<point$}.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan_value;

    #[test]
    fn text_is_ascii_with_pythons_escapes() {
        let rows = [
            ("é", r#""\u00e9""#),
            ("😀", r#""\ud83d\ude00""#),
            ("a/b<c>", r#""a/b<c>""#),
            ("\u{7f}\u{80}", r#""\u007f\u0080""#),
            ("\"\\\n\r\t\u{8}\u{c}\u{1f}", r#""\"\\\n\r\t\b\f\u001f""#),
            ("aéb😀c", r#""a\u00e9b\ud83d\ude00c""#),
            ("", r#""""#),
        ];
        for (text, expected) in rows {
            assert_eq!(to_ascii(text).unwrap(), expected);
        }
    }

    #[test]
    fn what_needs_no_scan_would_pass_one() {
        fn is_exempt<T: Serialize + ?Sized>(value: &T) -> bool {
            let mut bytes = Vec::new();
            let written = write_ascii(value, &mut bytes).unwrap();
            assert!(scan_value(written.json).is_ok() || !written.is_acceptable_by_construction);
            written.is_acceptable_by_construction
        }
        assert!(is_exempt("a\"\u{7f}é😀\u{1f}"));
        assert!(is_exempt(&u128::MAX) && is_exempt(&i128::MIN));
        assert!(is_exempt(&[f64::MAX, 5e-324, -0.000_123, f64::NAN]));
        assert!(is_exempt(&(true, None::<u8>, 'x', ["a"].first())));
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
        assert!(!is_exempt(&raw(&"9".repeat(41))));
        assert!(!is_exempt(&raw(r#"{"a":1,"a":2}"#)));
        assert!(!is_exempt(&serde_json::json!({"a": 1})));
        assert!(!is_exempt(&[[1]]), "lists in lists may be too deep");
    }

    #[test]
    fn fragments_of_every_length_are_escaped() {
        for len in 0..20 {
            for other in ["", "\u{7f}", "é"] {
                let text = "~".repeat(len) + other + "~ ";
                let escaped = other.replace('\u{7f}', "\\u007f").replace('é', "\\u00e9");
                let expected = format!("\"{}{escaped}~ \"", "~".repeat(len));
                assert_eq!(to_ascii(&text).unwrap(), expected);
            }
        }
    }

    #[test]
    fn floats_look_like_pythons() {
        let rows = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (123_456.789, "123456.789"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e100, "1.25e+100"),
            (1e22, "1e+22"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.000_123, "0.000123"),
        ];
        for (value, expected) in rows {
            assert_eq!(to_ascii(&value).unwrap(), expected);
        }
    }
}
