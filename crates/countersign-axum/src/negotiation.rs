//! What the client wants back: `Accept` and `?format=`, as Django REST framework reads them.
//!
//! We write JSON only. `text/html` is accepted all the same, for the original has a page for it and browsers ask
//! for nothing else: they get JSON. Quality values are ignored, even `q=0`, as the original ignores them.

use axum::http::request::Parts;
use axum::http::{HeaderValue, Uri, header};

use crate::percent;

/// How JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// Without any blanks.
    Compact,
    /// On lines of their own, each level indented by so many blanks: `Accept: application/json; indent=4`.
    Indented(usize),
}

/// The client accepts nothing that we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAcceptable {
    /// `?format=` names a format that does not exist.
    Format,
    /// `Accept` admits neither JSON nor HTML.
    Accept,
}

/// Finds out how to write the answer.
///
/// The most specific media range that fits decides, wherever it stands; of equals, the first.
pub(crate) fn negotiate(parts: &Parts) -> Result<Rendering, NotAcceptable> {
    let offered = offered(&parts.uri)?;
    let mut lines = parts.headers.get_all(header::ACCEPT).iter().peekable();
    if lines.peek().is_none() {
        return Ok(Rendering::Compact);
    }
    lines
        .filter_map(|line: &HeaderValue| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(MediaRange::parse)
        .filter(|range| offered.iter().any(|format| range.admits(*format)))
        .reduce(|best, range| {
            if range.precedence() > best.precedence() {
                range
            } else {
                best
            }
        })
        .map(|range| range.rendering())
        .ok_or(NotAcceptable::Accept)
}

type Format = (&'static str, &'static str);
const JSON: Format = ("application", "json");
const HTML: Format = ("text", "html");

fn offered(uri: &Uri) -> Result<&'static [Format], NotAcceptable> {
    let Some(query) = uri.query() else {
        return Ok(&[JSON, HTML]);
    };
    let named = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .rfind(|(name, _)| *percent::decode_form(name) == *b"format");
    match named
        .map(|(_, value)| percent::decode_form(value))
        .as_deref()
    {
        None | Some(b"") => Ok(&[JSON, HTML]),
        Some(b"json") => Ok(&[JSON]),
        Some(b"api") => Ok(&[HTML]),
        Some(_) => Err(NotAcceptable::Format),
    }
}

/// One entry of `Accept`.
struct MediaRange<'a> {
    kind: &'a str,
    subkind: &'a str,
    parameters: &'a str,
}

impl<'a> MediaRange<'a> {
    fn parse(text: &'a str) -> Self {
        let (range, parameters) = text.split_once(';').unwrap_or((text, ""));
        let (kind, subkind) = range.split_once('/').unwrap_or((range, ""));
        Self {
            kind: kind.trim(),
            subkind: subkind.trim(),
            parameters,
        }
    }

    fn admits(&self, (kind, subkind): Format) -> bool {
        (self.kind == "*" || self.kind.eq_ignore_ascii_case(kind))
            && (self.subkind == "*" || self.subkind.eq_ignore_ascii_case(subkind))
    }

    fn precedence(&self) -> u8 {
        if self.kind == "*" {
            0
        } else if self.subkind == "*" {
            1
        } else if self
            .parameters()
            .all(|(name, _)| name.eq_ignore_ascii_case("q"))
        {
            2
        } else {
            3
        }
    }

    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.parameters
            .split(';')
            .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
            .filter(|(name, _)| !name.is_empty())
    }

    fn rendering(&self) -> Rendering {
        let asked = self
            .parameters()
            .find(|(name, _)| name.eq_ignore_ascii_case("indent"));
        match asked.and_then(|(_, blanks)| blanks.parse::<u32>().ok()) {
            None | Some(0) => Rendering::Compact,
            Some(blanks) => {
                Rendering::Indented(usize::try_from(blanks.min(MOST_INDENT)).unwrap_or(0))
            }
        }
    }
}

/// The original goes no further.
const MOST_INDENT: u32 = 8;

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn asked(accept: Option<&str>, target: &str) -> Result<Rendering, NotAcceptable> {
        let mut request = Request::builder().uri(target);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        negotiate(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn accept_is_read_as_the_original_reads_it() {
        let compact = Ok(Rendering::Compact);
        let refused = Err(NotAcceptable::Accept);
        for (accept, expected) in [
            ("*/*;q=0.1", compact),
            ("application/*", compact),
            ("application/json;q=0", compact),
            ("APPLICATION/JSON", compact),
            ("text/html", compact),
            ("image/png, application/json", compact),
            ("text/csv;q=0.9,*/*;q=0.1", compact),
            ("application/json; version=2", compact),
            ("application/json; indent=0", compact),
            ("application/json; indent=x", compact),
            (
                "*/*, application/json; indent=4",
                Ok(Rendering::Indented(4)),
            ),
            (
                "application/json, application/json; indent=99",
                Ok(Rendering::Indented(8)),
            ),
            ("", refused),
            ("nonsense", refused),
            ("image/png, text/css", refused),
            ("text/plain", refused),
        ] {
            assert_eq!(asked(Some(accept), "/"), expected, "{accept}");
        }
        assert_eq!(asked(None, "/"), compact);
    }

    #[test]
    fn the_format_parameter_narrows_what_is_offered() {
        assert_eq!(asked(None, "/?format=json"), Ok(Rendering::Compact));
        assert_eq!(asked(None, "/?format="), Ok(Rendering::Compact));
        assert_eq!(asked(None, "/?format=xml"), Err(NotAcceptable::Format));
        assert_eq!(
            asked(None, "/?format=xml&form%61t=json"),
            Ok(Rendering::Compact)
        );
        assert_eq!(
            asked(Some("text/html"), "/?format=json"),
            Err(NotAcceptable::Accept)
        );
        assert_eq!(
            asked(Some("text/html"), "/?format=api"),
            Ok(Rendering::Compact)
        );
    }
}
