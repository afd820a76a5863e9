//! What a setting's value may look like, in a file and in the environment.

use std::borrow::Cow;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use zeroize::Zeroizing;

use super::duration;

/// What a setting's value may look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A text that nobody may see.
    Secret,
    /// A text that nobody need see: people mix up the two halves of a key.
    PublicKey,
    /// One text or a list of them.
    Texts,
    /// A table of names, each with a text.
    Pairs,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A whole number from 0.
    Whole,
    /// A length of time.
    Duration,
    /// A length of time, or an empty text for none.
    DurationOrNone,
    /// A length of time, or seconds with a fraction.
    Seconds,
}

/// A value of the right kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text, or a word.
    Text(String),
    /// A text that nobody may see.
    Secret(Secret),
    /// A list of texts.
    Texts(Vec<String>),
    /// Names and texts, in the order of the names.
    Pairs(Vec<(String, String)>),
    /// A switch.
    Switch(bool),
    /// A number.
    Whole(u64),
    /// A length of time.
    Duration(Duration),
}

/// A text that nobody may see: wiped when dropped, and its `Debug` shows nothing.
#[derive(Clone, PartialEq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text into custody.
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for whoever makes a key of it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(****)")
    }
}

impl Kind {
    /// Whether the value is a secret.
    pub(crate) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret)
    }

    /// Whether the value is kept out of messages.
    pub(crate) const fn is_hidden(self) -> bool {
        matches!(self, Self::Secret | Self::PublicKey)
    }

    /// What is expected, for a message that says `must be …`.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Text | Self::Secret | Self::PublicKey => "a text in quotes".to_owned(),
            Self::Texts => r#"a text or a list of texts, such as ["one", "two"]"#.to_owned(),
            Self::Pairs => r#"a table of texts, such as { one = "first" }"#.to_owned(),
            Self::OneOf(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Self::Switch => "true or false".to_owned(),
            Self::Whole => "a whole number from 0".to_owned(),
            Self::Duration => duration::EXPECTED.to_owned(),
            Self::DurationOrNone => format!(r#"{}; or "" for none"#, duration::EXPECTED),
            Self::Seconds => format!("{}, also with a fraction", duration::EXPECTED),
        }
    }

    /// A value of this kind as a file spells it, for a message that says `such as …`.
    pub(crate) fn example(self) -> String {
        match self {
            Self::Texts => r#"["one", "two"]"#.to_owned(),
            Self::Pairs | Self::Switch | Self::Whole => self.example_text().to_owned(),
            _ => format!("{:?}", self.example_text()),
        }
    }

    /// The same as an environment variable spells it.
    pub(crate) fn example_text(self) -> &'static str {
        match self {
            Self::Text | Self::Secret | Self::PublicKey => "...",
            Self::Texts => r#"["one", "two"]"#,
            Self::Pairs => r#"{ one = "first" }"#,
            Self::OneOf(words) => words.first().copied().unwrap_or_default(),
            Self::Switch => "true",
            Self::Whole => "100",
            Self::Duration | Self::DurationOrNone | Self::Seconds => "10s",
        }
    }

    /// Reads a value of a file; `None` if it is of another kind.
    pub(crate) fn read_toml(self, value: &DeValue<'_>) -> Option<Value> {
        match (self, value) {
            (Self::Texts, DeValue::Array(items)) => texts(items).map(Value::Texts),
            (Self::Pairs, DeValue::Table(table)) => pairs(table).map(Value::Pairs),
            (Self::Switch, DeValue::Boolean(on)) => Some(Value::Switch(*on)),
            (Self::Whole, DeValue::Integer(_)) => whole(value).map(Value::Whole),
            (Self::Duration | Self::DurationOrNone | Self::Seconds, DeValue::Integer(_)) => {
                whole(value).map(|seconds| Value::Duration(Duration::from_secs(seconds)))
            }
            (Self::Seconds, DeValue::Float(seconds)) => fraction(seconds.as_str()),
            (Self::Pairs | Self::Switch | Self::Whole, DeValue::String(_)) => None,
            (_, DeValue::String(text)) => self.read_text(text),
            _ => None,
        }
    }

    /// Reads the text of an environment variable; `None` if it is of another kind.
    pub(crate) fn read_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Text | Self::PublicKey => Some(Value::Text(text.to_owned())),
            Self::Secret => Some(Value::Secret(Secret::new(text.to_owned()))),
            Self::Pairs => {
                let table = DeValue::parse(text).ok()?;
                self.read_toml(table.get_ref())
            }
            Self::Texts if text.starts_with('[') => {
                let list = DeValue::parse(text).ok()?;
                self.read_toml(list.get_ref())
            }
            Self::Texts => Some(Value::Texts(vec![text.to_owned()])),
            Self::OneOf(words) => words.contains(&text).then(|| Value::Text(text.to_owned())),
            Self::Switch => text.parse().ok().map(Value::Switch),
            Self::Whole => text.parse().ok().map(Value::Whole),
            Self::DurationOrNone if text.is_empty() => Some(Value::Text(String::new())),
            Self::Duration | Self::DurationOrNone => duration::parse(text).map(Value::Duration),
            Self::Seconds => duration::parse(text)
                .map(Value::Duration)
                .or_else(|| fraction(text)),
        }
    }
}

fn texts(items: &DeArray<'_>) -> Option<Vec<String>> {
    let text = |item: &DeValue<'_>| match item {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    items.iter().map(|item| text(item.get_ref())).collect()
}

fn pairs(table: &DeTable<'_>) -> Option<Vec<(String, String)>> {
    let pair =
        |(name, value): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| match value.get_ref() {
            DeValue::String(text) => Some((name.get_ref().to_string(), text.to_string())),
            _ => None,
        };
    table.iter().map(pair).collect()
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(integer) = value else {
        return None;
    };
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn fraction(text: &str) -> Option<Value> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .map(Value::Duration)
}
