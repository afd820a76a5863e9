//! The JOSE header (RFC 7515 §4): two forms that we write, and a strict reader.

use std::borrow::Cow;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{JsonError, scan_object, string_value, to_ascii};
use crate::key::KeyId;

/// What the header of a new token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// Exactly `{"alg":…,"typ":"JWT"}`, as SimpleJWT writes it: enough while there is one key.
    Plain,
    /// `{"alg":…,"kid":…,"typ":"JWT"}`: verifiers with several keys find the right one at once.
    WithKeyId,
}

/// Why a header is not acceptable although it is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// `typ` is neither `JWT` nor `at+jwt` (RFC 8725 §3.11, RFC 9068 §4).
    #[error("`typ` is neither JWT nor at+jwt")]
    Type,
    /// `kid` is not a string of at most 200 bytes.
    #[error("`kid` is not a string of at most 200 bytes")]
    KeyId,
    /// `crit`, `b64`, `zip` or `cty`: they change what the token means, and none is implemented
    /// (RFC 7515 §4.1.11).
    #[error("an extension that is not supported")]
    Extension,
}

/// The header segments of one key, ready to be put before claims.
#[derive(Debug)]
pub(crate) struct PreparedHeaders {
    plain: Box<str>,
    with_key_id: Box<str>,
}

impl PreparedHeaders {
    pub(crate) fn new(algorithm: Algorithm, key_id: &KeyId) -> Self {
        let plain = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
        // A string always has a JSON form; an empty name would only cost the shortcut below.
        let kid = to_ascii(key_id.as_str()).unwrap_or_else(|_| r#""""#.to_owned());
        let with_key_id = format!(r#"{{"alg":"{algorithm}","kid":{kid},"typ":"JWT"}}"#);
        Self {
            plain: base64url::encode(plain.as_bytes()).into(),
            with_key_id: base64url::encode(with_key_id.as_bytes()).into(),
        }
    }

    pub(crate) fn segment(&self, form: HeaderForm) -> &str {
        match form {
            HeaderForm::Plain => &self.plain,
            HeaderForm::WithKeyId => &self.with_key_id,
        }
    }

    /// Whether a segment is the header that names this very key.
    pub(crate) fn names_key(&self, segment: &str) -> bool {
        *self.with_key_id == *segment
    }

    /// Whether a segment is the header that all keys of the algorithm share.
    pub(crate) fn is_plain(&self, segment: &str) -> bool {
        *self.plain == *segment
    }
}

/// What a verifier uses of a header; everything else in it is ignored and followed nowhere.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    /// `alg`, if it is a string at all.
    pub(crate) algorithm: Option<Cow<'a, str>>,
    pub(crate) key_id: Option<Cow<'a, str>>,
}

/// Why a header could not be read.
#[derive(Debug)]
pub(crate) enum HeaderError {
    Json(JsonError),
    Fault(HeaderFault),
}

impl<'a> Header<'a> {
    /// Reads the decoded first segment.
    pub(crate) fn read(text: &'a str) -> Result<Self, HeaderError> {
        let mut header = Self::default();
        let mut fault = None;
        scan_object(text, |name, value| {
            if let Err(found) = header.take_member(&name, value) {
                fault = fault.or(Some(found));
            }
        })
        .map_err(HeaderError::Json)?;
        match fault {
            Some(fault) => Err(HeaderError::Fault(fault)),
            None => Ok(header),
        }
    }

    fn take_member(&mut self, name: &str, value: &'a str) -> Result<(), HeaderFault> {
        match name {
            "alg" => self.algorithm = string_value(value),
            "kid" => self.key_id = Some(key_id(value).ok_or(HeaderFault::KeyId)?),
            "typ" if !is_jwt(value) => return Err(HeaderFault::Type),
            "crit" | "b64" | "zip" | "cty" => return Err(HeaderFault::Extension),
            _ => {}
        }
        Ok(())
    }
}

fn is_jwt(value: &str) -> bool {
    string_value(value)
        .is_some_and(|typ| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"))
}

fn key_id(value: &str) -> Option<Cow<'_, str>> {
    string_value(value).filter(|kid| kid.len() <= KeyId::MAX_LEN)
}
