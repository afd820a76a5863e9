//! An answer before it becomes a response: status, what it says, at most one header of its own.
//!
//! Texts have no language here: that is chosen when the answer is written down.

use std::borrow::Cow;
use std::fmt;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use countersign::policy::TokenClass;

use super::text::Text;
use super::translation::Translation;
use crate::code::Code;

/// An answer to a request.
///
/// Every 401 carries the challenge (RFC 9110 §15.5.2); whoever turns the answer into a response sees to it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content: Content,
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

impl Answer {
    pub(crate) const fn new(status: StatusCode, content: Content) -> Self {
        Self {
            status,
            content,
            header: None,
        }
    }

    pub(crate) fn ok(json: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::OK, Content::Json(json.into()))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl fmt::Debug for Answer {
    /// The content may hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What an answer says. Languages change the texts, and nothing else of it.
pub(crate) enum Content {
    /// JSON as it stands, with nothing in it for people.
    Json(Cow<'static, str>),
    /// What went wrong, and its name for programs where the original has one.
    Detail { text: Text, code: Option<Code> },
    /// A token that is of none of the classes, and what each of them says.
    NoTypeFits {
        text: Text,
        code: Code,
        messages: Vec<(TokenClass, Text)>,
    },
    /// What is wrong, by field.
    Fields(Vec<(&'static str, Vec<Text>)>),
}

impl Content {
    /// The JSON of it in a language; in English without one. Keys stand in the original's order, without blanks.
    pub(crate) fn into_json(self, translation: Option<&Translation>) -> Cow<'static, str> {
        match self {
            Self::Json(json) => json,
            Self::Detail { text, code } => {
                let mut json = detail(&text, translation);
                if let Some(code) = code {
                    push_code(&mut json, code);
                }
                json.push('}');
                json.into()
            }
            Self::NoTypeFits {
                text,
                code,
                messages,
            } => {
                let mut json = detail(&text, translation);
                push_code(&mut json, code);
                json.push_str(r#","messages":["#);
                push_list(&mut json, &messages, |json, (class, text)| {
                    push_message(json, *class, &text.told(translation));
                });
                json.push_str("]}");
                json.into()
            }
            Self::Fields(fields) => fields_json(&fields, translation).into(),
        }
    }
}

/// The beginning of an object that says what went wrong.
fn detail(text: &Text, translation: Option<&Translation>) -> String {
    let mut json = String::with_capacity(EXPECTED_BYTES);
    json.push_str(r#"{"detail":"#);
    push_quoted(&mut json, &text.told(translation));
    json
}

fn push_code(json: &mut String, code: Code) {
    json.push_str(r#","code":""#);
    json.push_str(code.name());
    json.push('"');
}

fn fields_json(fields: &[(&str, Vec<Text>)], translation: Option<&Translation>) -> String {
    let mut json = String::with_capacity(EXPECTED_BYTES);
    json.push('{');
    push_list(&mut json, fields, |json, (name, texts)| {
        push_quoted(json, name);
        json.push_str(":[");
        push_list(json, texts, |json, text| {
            push_quoted(json, &text.told(translation));
        });
        json.push(']');
    });
    json.push('}');
    json
}

fn push_message(json: &mut String, class: TokenClass, text: &str) {
    let name = match class {
        TokenClass::Access => "AccessToken",
        TokenClass::Sliding => "SlidingToken",
        TokenClass::Refresh => "RefreshToken",
        TokenClass::Untyped => "UntypedToken",
    };
    json.push_str(r#"{"token_class":""#);
    json.push_str(name);
    json.push_str(r#"","token_type":""#);
    json.push_str(class.name());
    json.push_str(r#"","message":"#);
    push_quoted(json, text);
    json.push('}');
}

fn push_list<T>(json: &mut String, items: &[T], mut push: impl FnMut(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        push(json, item);
    }
}

/// Writes a JSON string. Nearly every text is free of what has to be escaped, and is copied as it is.
fn push_quoted(json: &mut String, text: &str) {
    if text.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        json.push_str(&serde_json::Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

/// Nearly every answer with a text fits, so that its JSON is allocated once.
const EXPECTED_BYTES: usize = 256;
