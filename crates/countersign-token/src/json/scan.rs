//! A strict scanner for RFC 8259 texts that keeps values as they were written.
//!
//! Stricter than the RFC where security asks for it: names must be unique in their object, also
//! when spelled with escapes (RFC 7515 §4, RFC 7519 §4), surrogates must come in pairs, and depth,
//! members and digits are bounded.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// Why a JSON text is not acceptable, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {offset}")]
pub struct JsonError {
    fault: JsonFault,
    offset: usize,
}

impl JsonError {
    /// What is wrong.
    pub fn fault(&self) -> JsonFault {
        self.fault
    }

    /// The byte at which the scan stopped.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// What can be wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFault {
    /// The grammar of RFC 8259 is broken; also by a byte order mark, a comment or `NaN`.
    Syntax,
    /// A complete value is followed by something else.
    TrailingText,
    /// One object has two members of one name.
    DuplicateName,
    /// Half of a surrogate pair stands alone: no character.
    LoneSurrogate,
    /// More than 32 objects and arrays inside each other.
    TooDeep,
    /// More than 1000 members in all objects together.
    TooManyMembers,
    /// A number of more than 40 digits.
    NumberTooLong,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not JSON",
            Self::TrailingText => "text after the end of the value",
            Self::DuplicateName => "duplicate member name",
            Self::LoneSurrogate => "lone surrogate",
            Self::TooDeep => "nested too deeply",
            Self::TooManyMembers => "too many members",
            Self::NumberTooLong => "number with too many digits",
        })
    }
}

/// Scans a text that must be one object, and shows each of its members: name (without escapes)
/// and value (the text of it, exactly as written).
///
/// Members are shown while the rest is still unread: the caller may rely on them only after `Ok`.
pub(crate) fn scan_object<'a>(
    text: &'a str,
    mut member: impl FnMut(Cow<'a, str>, &'a str),
) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.skip_blanks();
    scanner.object(&mut member)?;
    scanner.end()
}

/// Scans a text that must be one value of any type, to stand inside an object.
pub(crate) fn scan_value(text: &str) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.depth = 1;
    scanner.skip_blanks();
    scanner.value()?;
    scanner.end()
}

/// The value of an already scanned text, if it is a string: borrowed unless it has escapes.
pub(crate) fn string_value(scanned: &str) -> Option<Cow<'_, str>> {
    let inner = scanned.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(scanned).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    members: usize,
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Cow<'a, str>, &'a str);

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            members: 0,
        }
    }

    fn object(&mut self, visit: Visit<'_, 'a>) -> Result<(), JsonError> {
        self.expect(b'{')?;
        self.enter()?;
        let mut names = Names::default();
        self.skip_blanks();
        if !self.take(b'}') {
            loop {
                self.member(&mut names, visit)?;
                if self.separator(b'}')? {
                    break;
                }
                self.skip_blanks();
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn member(&mut self, names: &mut Names<'a>, visit: Visit<'_, 'a>) -> Result<(), JsonError> {
        self.members += 1;
        if self.members > MAX_MEMBERS {
            return Err(self.error(JsonFault::TooManyMembers));
        }
        let name = self.string()?;
        if !names.insert(name.clone()) {
            return Err(self.error(JsonFault::DuplicateName));
        }
        self.skip_blanks();
        self.expect(b':')?;
        self.skip_blanks();
        let start = self.at;
        self.value()?;
        visit(name, self.slice_from(start));
        Ok(())
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.expect(b'[')?;
        self.enter()?;
        self.skip_blanks();
        if !self.take(b']') {
            loop {
                self.value()?;
                if self.separator(b']')? {
                    break;
                }
                self.skip_blanks();
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// After a member or element: `true` at the end of the container, `false` at a comma.
    fn separator(&mut self, close: u8) -> Result<bool, JsonError> {
        self.skip_blanks();
        if self.take(close) {
            return Ok(true);
        }
        self.expect(b',').map(|()| false)
    }

    fn value(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.skip_string().map(drop),
            Some(b'{') => self.object(&mut |_, _| ()),
            Some(b'[') => self.array(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error(JsonFault::Syntax)),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error(JsonFault::Syntax));
        }
        self.at += word.len();
        Ok(())
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    fn number(&mut self) -> Result<(), JsonError> {
        self.take(b'-');
        let mut digits = if self.take(b'0') { 1 } else { self.digits()? };
        if self.take(b'.') {
            digits += self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            digits += self.digits()?;
        }
        if digits > MAX_DIGITS {
            return Err(self.error(JsonFault::NumberTooLong));
        }
        Ok(())
    }

    /// At least one digit; tells how many.
    fn digits(&mut self) -> Result<usize, JsonError> {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if count == 0 {
            return Err(self.error(JsonFault::Syntax));
        }
        self.at += count;
        Ok(count)
    }

    /// Reads a string and resolves its escapes.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at;
        let spelling = self.skip_string()?;
        let quoted = self.slice_from(start);
        let value = match spelling {
            Spelling::Plain => quoted.get(1..quoted.len() - 1).map(Cow::Borrowed),
            Spelling::Escaped => string_value(quoted),
        };
        value.ok_or_else(|| self.error(JsonFault::Syntax))
    }

    /// Checks a string and leaves it as it is.
    fn skip_string(&mut self) -> Result<Spelling, JsonError> {
        self.expect(b'"')?;
        let mut spelling = Spelling::Plain;
        loop {
            self.at += plain_prefix(self.rest());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(spelling);
                }
                Some(b'\\') => {
                    self.at += 1;
                    spelling = Spelling::Escaped;
                    self.escape()?;
                }
                _ => return Err(self.error(JsonFault::Syntax)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                self.unicode_escape()
            }
            _ => Err(self.error(JsonFault::Syntax)),
        }
    }

    /// Four hex digits; a high surrogate must be followed by the escape of a low one.
    fn unicode_escape(&mut self) -> Result<(), JsonError> {
        match self.hex4()? {
            0xDC00..=0xDFFF => Err(self.error(JsonFault::LoneSurrogate)),
            0xD800..=0xDBFF => {
                if !self.rest().starts_with(b"\\u") {
                    return Err(self.error(JsonFault::LoneSurrogate));
                }
                self.at += 2;
                match self.hex4()? {
                    0xDC00..=0xDFFF => Ok(()),
                    _ => Err(self.error(JsonFault::LoneSurrogate)),
                }
            }
            _ => Ok(()),
        }
    }

    fn hex4(&mut self) -> Result<u16, JsonError> {
        let digits = self.text.get(self.at..self.at + 4);
        let unit = digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok())
            .ok_or_else(|| self.error(JsonFault::Syntax))?;
        self.at += 4;
        Ok(unit)
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(JsonFault::TooDeep));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), JsonError> {
        self.skip_blanks();
        if self.at < self.text.len() {
            return Err(self.error(JsonFault::TrailingText));
        }
        Ok(())
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if !self.take(byte) {
            return Err(self.error(JsonFault::Syntax));
        }
        Ok(())
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text from `start` to here. Both are at ASCII characters, so the slice always exists.
    fn slice_from(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn error(&self, fault: JsonFault) -> JsonError {
        JsonError {
            fault,
            offset: self.at,
        }
    }
}

/// Whether a string's characters stand in the text as they are.
#[derive(Clone, Copy)]
enum Spelling {
    Plain,
    Escaped,
}

/// How many bytes from the start stand for themselves in a string: no quote, no backslash, no
/// control character. Looks at eight at a time, which is most of what makes the scan fast.
fn plain_prefix(text: &[u8]) -> usize {
    let (chunks, tail) = text.as_chunks();
    for (position, chunk) in chunks.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            let offset = usize::try_from(special.trailing_zeros() / 8).unwrap_or_default();
            return 8 * position + offset;
        }
    }
    let plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
    8 * chunks.len() + tail.iter().take_while(plain).count()
}

/// Sets the high bit of the first byte that is special; those after it may be wrong.
///
/// `x - n` borrows into the high bit of a byte only if the byte is below `n` (or was at least
/// 0x80 already, which `& !x` takes out), and the lowest such byte has no borrow from below.
fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    let below = |x: u64, n: u64| x.wrapping_sub(ONES * n) & !x;
    let equal = |byte: u8| below(eight ^ (ONES * u64::from(byte)), 1);
    (below(eight, 0x20) | equal(b'"') | equal(b'\\')) & (ONES * 0x80)
}

/// The names of one object.
///
/// A handful without escapes is compared one by one and costs no allocation. All others go into a
/// set whose hasher an attacker cannot predict.
#[derive(Default)]
struct Names<'a> {
    few: [&'a str; FEW_NAMES],
    count: usize,
    many: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    /// Adds a name; `false` if it was there before.
    fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if self.contains(&name) {
            return false;
        }
        match (name, self.few.get_mut(self.count)) {
            (Cow::Borrowed(name), Some(free)) => {
                *free = name;
                self.count += 1;
            }
            (name, _) => {
                self.many.get_or_insert_default().insert(name);
            }
        }
        true
    }

    fn contains(&self, name: &str) -> bool {
        let mut few = self.few.iter().take(self.count);
        few.any(|known| *known == name)
            || self.many.as_ref().is_some_and(|many| many.contains(name))
    }
}

const MAX_DEPTH: usize = 32;
const MAX_MEMBERS: usize = 1000;
const MAX_DIGITS: usize = 40;
const FEW_NAMES: usize = 12;

#[cfg(test)]
mod tests;
