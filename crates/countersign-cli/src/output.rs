//! What commands print: tables for people, JSON for programs; results on stdout, everything else on stderr.

use std::io::{ErrorKind, Write as _};

use comfy_table::{Table, presets};
use countersign_token::UnixMillis;
use serde::Serialize;

use crate::cli::Form;
use crate::failure::Failure;

/// Prints a line of a result. A reader that has seen enough is no failure.
///
/// # Errors
/// [`Failure`] if the line could not be written.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    line_of_many(text).map(|_| ())
}

/// Whether anybody reads what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Listening,
    /// It has seen enough: `head`, say.
    Gone,
}

/// Prints one of many lines, and says whether to go on.
///
/// # Errors
/// [`Failure`] if the line could not be written.
pub(crate) fn line_of_many(text: &str) -> Result<Reader, Failure> {
    match writeln!(anstream::stdout(), "{text}") {
        Ok(()) => Ok(Reader::Listening),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::of(
            anyhow::Error::new(error).context("the result could not be printed"),
        )
        .help("what the command did is done; see where its output goes")),
    }
}

/// Prints a remark that is no part of the result.
pub(crate) fn remark(text: &str) {
    // There is nowhere left to say that stderr is gone.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints a value as one JSON document.
///
/// # Errors
/// [`Failure`] if the value cannot be written as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::of)?;
    line(&text)
}

/// Prints rows, as a table or as a JSON list of objects.
///
/// # Errors
/// [`Failure`] if a row cannot be written as JSON.
pub(crate) fn rows<R: Serialize>(
    form: Form,
    header: &[&str],
    rows: &[R],
    cells: impl Fn(&R) -> Vec<String>,
) -> Result<(), Failure> {
    if form == Form::Json {
        return json(&rows);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.iter().copied());
    table.add_rows(rows.iter().map(|row| {
        cells(row)
            .iter()
            .map(|cell| printable(cell))
            .collect::<Vec<_>>()
    }));
    line(&table.trim_fmt())
}

/// A text without anything that a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The beginning of a text that somebody else has chosen, with escapes for what cannot be shown.
pub(crate) fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let beginning = characters.by_ref().take(SHOWN_CHARACTERS);
    let mut shown: String = beginning.flat_map(char::escape_debug).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// `yes` or nothing: what is off should not catch the eye.
pub(crate) fn mark(on: bool) -> String {
    if on { "yes".to_owned() } else { String::new() }
}

/// A moment in RFC 3339, UTC.
pub(crate) fn moment(at: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| at.millis().to_string(), |at| at.to_string())
}

/// The longest `jti` that SimpleJWT and we make has 32.
const SHOWN_CHARACTERS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_told_nothing() {
        assert_eq!(printable("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\u{fffd}c");
    }

    #[test]
    fn what_somebody_else_has_chosen_is_shown_short_and_escaped() {
        let exact = "x".repeat(40);
        assert_eq!(shortened(&exact), exact);
        assert_eq!(shortened(&"ü".repeat(41)), format!("{}…", "ü".repeat(40)));
        assert_eq!(
            shortened("a\u{1b}[31m\"b\"\n\u{202e}"),
            r#"a\u{1b}[31m\"b\"\n\u{202e}"#
        );
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(
            moment(UnixMillis::from_seconds(1_893_456_000)),
            "2030-01-01T00:00:00Z"
        );
    }
}
