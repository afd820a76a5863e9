//! `Content-Type` of a request.

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use countersign::policy::WireBodies;

/// The bodies that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyType {
    /// `application/json`, and what leaves the choice to us.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`, in `drf` bodies only.
    Multipart,
}

/// A media type with its parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaType<'a>(&'a [u8]);

impl<'a> MediaType<'a> {
    /// The type that a request states; an empty one if it states none.
    pub(crate) fn of(head: &'a HeaderMap) -> Self {
        Self(
            head.get(header::CONTENT_TYPE)
                .map_or(b"", |value| value.as_bytes()),
        )
    }

    /// The text of the header, for answers.
    pub(crate) fn as_sent(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }

    /// Which of our bodies this is.
    pub(crate) fn body_type(self, bodies: WireBodies) -> Option<BodyType> {
        let text = str::from_utf8(self.0)
            .ok()
            .filter(|text| text.len() <= LONGEST)?;
        let range = text.split(';').next().unwrap_or_default();
        let (kind, subkind) = range.split_once('/')?;
        let (kind, subkind) = (kind.trim(), subkind.trim());
        let is = |wanted: &str, subtype: &str| {
            (kind == "*" || kind.eq_ignore_ascii_case(wanted))
                && (subkind == "*" || subkind.eq_ignore_ascii_case(subtype))
        };
        if is("application", "json") {
            Some(BodyType::Json)
        } else if is("application", "x-www-form-urlencoded") {
            Some(BodyType::Form)
        } else if is("multipart", "form-data") && bodies == WireBodies::Drf {
            Some(BodyType::Multipart)
        } else {
            None
        }
    }

    /// The value of a parameter, without its quotes.
    pub(crate) fn parameter(self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.0)
            .ok()?
            .split(';')
            .skip(1)
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().trim_matches('"'))
    }
}

/// The original refuses longer ones, too.
const LONGEST: usize = 256;
