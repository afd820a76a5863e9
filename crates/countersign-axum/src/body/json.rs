//! A JSON reader for request bodies: bounded, and with the words of Python's.
//!
//! It keeps the members of the outermost object and walks through everything below them only to see that it is
//! JSON. No library reads JSON in just this way: names that repeat, numbers as they were written, `\ud800` as a
//! fault of one field, and where in the text it went wrong.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::{Members, NotAnObject, Text, Value};

/// What a body holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Document<'a> {
    /// An object.
    Object(Members<'a>),
    /// Anything else.
    Other(NotAnObject),
}

/// How much JSON a body may hold. Its bytes are bounded before.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Levels of arrays and objects.
    depth: usize,
    /// Members and elements, all levels together.
    members: usize,
    /// Characters of a number.
    number: usize,
    /// What else is allowed.
    manners: Manners,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manners {
    /// Of several members of one name the last one counts; half a surrogate pair is a fault of its field.
    Lenient,
    /// Both are refused.
    Strict,
}

impl Limits {
    /// What Python takes, but for a depth that only an attacker needs.
    pub(crate) const DRF: Self = Self {
        depth: 256,
        members: usize::MAX,
        number: 4300,
        manners: Manners::Lenient,
    };

    /// As for tokens.
    pub(crate) const STRICT: Self = Self {
        depth: 32,
        members: 1000,
        number: 40,
        manners: Manners::Strict,
    };
}

/// Why a text is no JSON, or not JSON that we accept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    reason: Reason,
    /// Where in the text, in bytes; `None` if that says nothing.
    at: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    ByteOrderMark,
    Value,
    Name,
    CommaInObject,
    CommaInArray,
    Colon,
    Comma,
    Unterminated,
    Control,
    Escape,
    UnicodeEscape,
    Extra,
    NotFinite(&'static str),
    Depth(usize),
    Members(usize),
    Number(usize),
    Repeated,
    Surrogate,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteOrderMark => "Unexpected UTF-8 BOM (decode using utf-8-sig)",
            Self::Value => "Expecting value",
            Self::Name => "Expecting property name enclosed in double quotes",
            Self::CommaInObject => "Illegal trailing comma before end of object",
            Self::CommaInArray => "Illegal trailing comma before end of array",
            Self::Colon => "Expecting ':' delimiter",
            Self::Comma => "Expecting ',' delimiter",
            Self::Unterminated => "Unterminated string starting at",
            Self::Control => "Invalid control character at",
            Self::Escape => "Invalid \\escape",
            Self::UnicodeEscape => "Invalid \\uXXXX escape",
            Self::Extra => "Extra data",
            Self::Repeated => "Repeated property name",
            Self::Surrogate => "Unpaired surrogate",
            Self::NotFinite(name) => {
                return write!(
                    f,
                    "Out of range float values are not JSON compliant: '{name}'"
                );
            }
            Self::Depth(most) => return write!(f, "Nested deeper than {most} levels"),
            Self::Members(most) => return write!(f, "More than {most} members"),
            Self::Number(most) => return write!(f, "Number longer than {most} characters"),
        })
    }
}

impl Fault {
    const fn at(reason: Reason, at: usize) -> Self {
        Self {
            reason,
            at: Some(at),
        }
    }

    /// The fault in words. `text` is what was read: places are counted in its characters.
    pub(crate) fn told(&self, text: &str) -> String {
        let Some(before) = self.at.and_then(|at| text.get(..at)) else {
            return self.reason.to_string();
        };
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let position = before.chars().count();
        format!(
            "{}: line {line} column {column} (char {position})",
            self.reason
        )
    }
}

/// Reads a whole body.
pub(crate) fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, Fault> {
    if text.starts_with('\u{feff}') {
        return Err(Fault::at(Reason::ByteOrderMark, 0));
    }
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        members: 0,
        limits,
    };
    reader.skip_blanks();
    let document = reader.document()?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(Fault::at(Reason::Extra, reader.at));
    }
    Ok(document)
}

struct Reader<'a, 'l> {
    text: &'a str,
    /// The next byte.
    at: usize,
    depth: usize,
    members: usize,
    limits: &'l Limits,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Result<Document<'a>, Fault> {
        if self.peek() == Some(b'{') {
            return self.outermost().map(Document::Object);
        }
        Ok(Document::Other(match self.value()? {
            Value::Null => NotAnObject::Null,
            Value::Bool => NotAnObject::Value("bool"),
            Value::Integer(_) => NotAnObject::Value("int"),
            Value::Float(_) => NotAnObject::Value("float"),
            Value::Text(_) | Value::File => NotAnObject::Value("str"),
            Value::List => NotAnObject::Value("list"),
            Value::Object => NotAnObject::Value("dict"),
        }))
    }

    /// Reads the outermost object. Names are compared here only: what lies deeper decides nothing.
    fn outermost(&mut self) -> Result<Members<'a>, Fault> {
        let begin = self.at;
        let mut members = Members::with_capacity(2);
        self.object(|name, value| members.push((name.text, value)))?;
        if self.limits.manners == Manners::Strict {
            let names: HashSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
            if names.len() < members.len() {
                return Err(Fault::at(Reason::Repeated, begin));
            }
        }
        Ok(members)
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.object(|_, _| {}).map(|()| Value::Object),
            Some(b'[') => self.array().map(|()| Value::List),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, mut take: impl FnMut(Text<'a>, Value<'a>)) -> Result<(), Fault> {
        self.enter()?;
        self.skip_blanks();
        if self.take(b'}') {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(Fault::at(Reason::Name, self.at));
            }
            let name = self.string()?;
            self.skip_blanks();
            if !self.take(b':') {
                return Err(Fault::at(Reason::Colon, self.at));
            }
            self.skip_blanks();
            self.count()?;
            take(name, self.value()?);
            if self.closes(b'}', Reason::CommaInObject)? {
                self.depth -= 1;
                return Ok(());
            }
        }
    }

    fn array(&mut self) -> Result<(), Fault> {
        self.enter()?;
        self.skip_blanks();
        if self.take(b']') {
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.count()?;
            self.value()?;
            if self.closes(b']', Reason::CommaInArray)? {
                self.depth -= 1;
                return Ok(());
            }
        }
    }

    /// Behind a member: the end, or a comma and another member.
    fn closes(&mut self, end: u8, stray_comma: Reason) -> Result<bool, Fault> {
        self.skip_blanks();
        if self.take(end) {
            return Ok(true);
        }
        let comma = self.at;
        if !self.take(b',') {
            return Err(Fault::at(Reason::Comma, comma));
        }
        self.skip_blanks();
        if self.peek() == Some(end) {
            return Err(Fault::at(stray_comma, comma));
        }
        Ok(false)
    }

    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let begin = self.at;
        self.at += 1;
        let mut string = Text::default();
        loop {
            self.append_run(&mut string);
            match self.peek() {
                None => return Err(Fault::at(Reason::Unterminated, begin)),
                Some(b'"') => break,
                Some(b'\\') => self.escape(begin, &mut string)?,
                Some(_) => return Err(Fault::at(Reason::Control, self.at)),
            }
        }
        self.at += 1;
        if string.lone_surrogate.is_some() && self.limits.manners == Manners::Strict {
            return Err(Fault::at(Reason::Surrogate, begin));
        }
        Ok(string)
    }

    /// Takes everything up to the next character that is special within a string.
    fn append_run(&mut self, string: &mut Text<'a>) {
        let rest = self.rest();
        let length = rest
            .bytes()
            .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
            .unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        if string.text.is_empty() {
            string.text = Cow::Borrowed(run);
        } else {
            string.text += run;
        }
        self.at += length;
    }

    fn escape(&mut self, begin: usize, string: &mut Text<'a>) -> Result<(), Fault> {
        let backslash = self.at;
        self.at += 1;
        let c = match self.peek() {
            None => return Err(Fault::at(Reason::Unterminated, begin)),
            Some(b'u') => {
                self.at += 1;
                let unit = self
                    .hex_unit()
                    .ok_or(Fault::at(Reason::UnicodeEscape, backslash))?;
                self.character(unit).unwrap_or_else(|lone| {
                    string.lone_surrogate.get_or_insert(lone);
                    char::REPLACEMENT_CHARACTER
                })
            }
            Some(letter) => {
                self.at += 1;
                match letter {
                    b'"' | b'\\' | b'/' => char::from(letter),
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    _ => return Err(Fault::at(Reason::Escape, backslash)),
                }
            }
        };
        string.text.to_mut().push(c);
        Ok(())
    }

    /// The character that begins with this UTF-16 unit; takes the other half of a pair along.
    fn character(&mut self, unit: u16) -> Result<char, u16> {
        if let Some(c) = char::from_u32(u32::from(unit)) {
            return Ok(c);
        }
        let here = self.at;
        if self.rest().starts_with("\\u") {
            self.at += 2;
            let pair = self
                .hex_unit()
                .map(|second| char::decode_utf16([unit, second]).next());
            if let Some(Some(Ok(c))) = pair {
                return Ok(c);
            }
        }
        self.at = here;
        Err(unit)
    }

    fn hex_unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Result<Value<'a>, Fault> {
        let begin = self.at;
        if self.rest().starts_with("-Infinity") {
            return Err(not_finite("-Infinity"));
        }
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(Fault::at(Reason::Value, begin));
        }
        let whole = self.at;
        self.fraction();
        self.exponent();
        if self.at - begin > self.limits.number {
            return Err(Fault::at(Reason::Number(self.limits.number), begin));
        }
        let literal = self.text.get(begin..self.at).unwrap_or_default();
        Ok(if self.at == whole {
            Value::Integer(literal)
        } else {
            Value::Float(literal)
        })
    }

    /// Takes a fraction, if it is whole; a lone point is left to whoever reads on.
    fn fraction(&mut self) {
        let point = self.at;
        if self.take(b'.') && self.digits() == 0 {
            self.at = point;
        }
    }

    fn exponent(&mut self) {
        let letter = self.at;
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            if self.digits() == 0 {
                self.at = letter;
            }
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }

    fn word(&mut self) -> Result<Value<'a>, Fault> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool),
            ("false", Value::Bool),
        ] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match ["NaN", "Infinity"]
            .into_iter()
            .find(|name| self.rest().starts_with(name))
        {
            Some(name) => Err(not_finite(name)),
            None => Err(Fault::at(Reason::Value, self.at)),
        }
    }

    fn enter(&mut self) -> Result<(), Fault> {
        if self.depth == self.limits.depth {
            return Err(Fault::at(Reason::Depth(self.limits.depth), self.at));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.members += 1;
        if self.members > self.limits.members {
            return Err(Fault::at(Reason::Members(self.limits.members), self.at));
        }
        Ok(())
    }

    fn skip_blanks(&mut self) {
        let blanks = self
            .rest()
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += blanks.count();
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

const fn not_finite(name: &'static str) -> Fault {
    Fault {
        reason: Reason::NotFinite(name),
        at: None,
    }
}

#[cfg(test)]
mod tests;
