//! Looking for what an endpoint wants in what a client sent.

use std::borrow::Cow;

use countersign::policy::WireBodies;

use super::{Members, Text, Value};

/// Why a field cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldFault {
    /// It was not sent.
    Absent,
    /// It is `null`.
    Null,
    /// It is empty.
    Blank,
    /// It is something else than text.
    NotText,
    /// It holds a NUL, which not every store can.
    Nul,
    /// It holds half of a surrogate pair.
    Surrogate(u16),
    /// It has more than so many characters.
    TooLong(usize),
}

/// The faults by field, in order of declaration.
pub(crate) type FieldErrors = Vec<(&'static str, Vec<FieldFault>)>;

/// Takes fields out of a body and collects what is wrong with them.
///
/// In `drf` bodies blanks around every value are stripped and numbers count as text; `strict` bodies are taken as
/// they are. Of several values under one name the last one counts.
pub(crate) struct Fields<'a> {
    members: &'a Members<'a>,
    bodies: WireBodies,
    errors: FieldErrors,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(members: &'a Members<'a>, bodies: WireBodies) -> Self {
        Self {
            members,
            bodies,
            errors: Vec::new(),
        }
    }

    /// The text of a field that must be there. If it cannot be used the fault is noted, and the text is empty.
    pub(crate) fn text(&mut self, name: &'static str) -> String {
        self.find(name).unwrap_or_else(|faults| {
            self.errors.push((name, faults));
            String::new()
        })
    }

    /// The text of a field that may be left out, and may be empty. If it cannot be used the fault is noted.
    pub(crate) fn optional_text(&mut self, name: &'static str, longest: usize) -> Option<String> {
        let found = match self.find(name) {
            Ok(text) if text.chars().count() > longest => Err(vec![FieldFault::TooLong(longest)]),
            found => found,
        };
        match found {
            Ok(text) => Some(text),
            Err(faults) if faults == [FieldFault::Absent] => None,
            Err(faults) if faults == [FieldFault::Blank] => Some(String::new()),
            Err(faults) => {
                self.errors.push((name, faults));
                None
            }
        }
    }

    /// What was wrong.
    pub(crate) fn into_errors(self) -> FieldErrors {
        self.errors
    }

    fn find(&self, name: &str) -> Result<String, Vec<FieldFault>> {
        let sent = self.members.iter().rev().find(|(member, _)| member == name);
        let text = match sent.map(|(_, value)| value) {
            None => return Err(vec![FieldFault::Absent]),
            Some(Value::Null) => return Err(vec![FieldFault::Null]),
            Some(Value::Text(text)) => Cow::Borrowed(text),
            Some(Value::Integer(literal)) if self.bodies == WireBodies::Drf => {
                Cow::Owned(plain(integer(literal)))
            }
            Some(Value::Float(literal)) if self.bodies == WireBodies::Drf => {
                Cow::Owned(plain(float(literal)))
            }
            Some(_) => return Err(vec![FieldFault::NotText]),
        };
        let stripped = match self.bodies {
            WireBodies::Drf => text.text.trim_matches(is_blank),
            WireBodies::Strict => &text.text,
        };
        if stripped.is_empty() && text.lone_surrogate.is_none() {
            return Err(vec![FieldFault::Blank]);
        }
        match faults_of(stripped, text.lone_surrogate) {
            faults if faults.is_empty() => Ok(stripped.to_owned()),
            faults => Err(faults),
        }
    }
}

fn faults_of(text: &str, lone_surrogate: Option<u16>) -> Vec<FieldFault> {
    let nul = text.contains('\0').then_some(FieldFault::Nul);
    let surrogate = lone_surrogate.map(FieldFault::Surrogate);
    nul.into_iter().chain(surrogate).collect()
}

/// What Python's `str.strip` takes away: Unicode's blanks and four separators of ASCII.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn plain<'a>(text: String) -> Text<'a> {
    Text {
        text: Cow::Owned(text),
        lone_surrogate: None,
    }
}

/// `str(int)`: the literal itself, but for a negative zero.
fn integer(literal: &str) -> String {
    match literal {
        "-0" => "0".to_owned(),
        _ => literal.to_owned(),
    }
}

/// `str(float)`: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
fn float(literal: &str) -> String {
    let value: f64 = literal.parse().unwrap_or(f64::NAN);
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..16 => {
            let text = format!("{value}");
            if text.contains('.') {
                text
            } else {
                text + ".0"
            }
        }
        exponent => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: Value<'_>, bodies: WireBodies) -> Result<String, Vec<FieldFault>> {
        let members = vec![
            (Cow::Borrowed("f"), Value::Bool),
            (Cow::Borrowed("f"), value),
        ];
        Fields::new(&members, bodies).find("f")
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(Text {
            text: text.into(),
            lone_surrogate: None,
        })
    }

    #[test]
    fn drf_strips_and_takes_numbers_for_text() {
        for (value, expected) in [
            (text(" \u{3000}\u{1f}a b\u{85}\n"), "a b"),
            (text("\u{200b}a"), "\u{200b}a"),
            (Value::Integer("5"), "5"),
            (Value::Integer("-0"), "0"),
            (Value::Float("1.50"), "1.5"),
            (Value::Float("1e5"), "100000.0"),
            (Value::Float("1e16"), "1e+16"),
            (Value::Float("0.00001"), "1e-05"),
            (Value::Float("-0.0"), "-0.0"),
            (Value::Float("1e999"), "inf"),
        ] {
            assert_eq!(
                found(value, WireBodies::Drf).as_deref(),
                Ok(expected),
                "{expected}"
            );
        }
    }

    #[test]
    fn strict_takes_text_as_it_is_and_nothing_else() {
        assert_eq!(found(text(" a "), WireBodies::Strict).as_deref(), Ok(" a "));
        assert_eq!(
            found(Value::Integer("5"), WireBodies::Strict),
            Err(vec![FieldFault::NotText])
        );
        assert_eq!(
            found(text(""), WireBodies::Strict),
            Err(vec![FieldFault::Blank])
        );
    }

    #[test]
    fn what_may_be_left_out_may_be_empty_and_has_a_bound() {
        for (value, expected, fault) in [
            (text(" abc "), Some("abc"), None),
            (text(" "), Some(""), None),
            (text("abcd"), None, Some(FieldFault::TooLong(3))),
            (text("äöü"), Some("äöü"), None),
            (Value::Null, None, Some(FieldFault::Null)),
        ] {
            let members = vec![(Cow::Borrowed("f"), value)];
            let mut fields = Fields::new(&members, WireBodies::Drf);
            assert_eq!(fields.optional_text("f", 3).as_deref(), expected);
            assert_eq!(fields.optional_text("g", 3), None);
            let faults: Vec<_> = fault.into_iter().map(|fault| ("f", vec![fault])).collect();
            assert_eq!(fields.into_errors(), faults);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (value, fault) in [
            (Value::Null, FieldFault::Null),
            (Value::Bool, FieldFault::NotText),
            (Value::List, FieldFault::NotText),
            (Value::Object, FieldFault::NotText),
            (Value::File, FieldFault::NotText),
            (text(" \t"), FieldFault::Blank),
            (text("a\0"), FieldFault::Nul),
            (
                Value::Text(Text {
                    text: "\u{fffd}".into(),
                    lone_surrogate: Some(0xd800),
                }),
                FieldFault::Surrogate(0xd800),
            ),
        ] {
            assert_eq!(found(value, WireBodies::Drf), Err(vec![fault]));
        }
    }
}
