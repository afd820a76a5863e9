//! What is wrong with a configuration, where, and what to do: with file, line and the line itself.
//!
//! A value that is or may be a secret is blotted out of the line before it is shown.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

/// A configuration that the program does not start with. Names settings and never shows the value of a secret.
#[derive(Debug)]
pub(crate) struct ConfigError {
    problems: Vec<Problem>,
    shown: Option<ShownSource>,
}

impl ConfigError {
    /// Problems, with the file that they are in, if there is one.
    pub(crate) fn new(problems: Vec<Problem>, shown: Option<ShownSource>) -> Self {
        Self { problems, shown }
    }

    /// Everything that is wrong, as text with or without colors.
    pub(crate) fn render(&self, renderer: &Renderer) -> String {
        render(&self.problems, self.shown.as_ref(), &Level::ERROR, renderer)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl std::error::Error for ConfigError {}

/// Writes problems the way compilers do, one paragraph each.
pub(crate) fn render(
    problems: &[Problem],
    shown: Option<&ShownSource>,
    level: &Level<'_>,
    renderer: &Renderer,
) -> String {
    let paragraphs: Vec<_> = problems
        .iter()
        .map(|problem| problem.render(shown, level.clone(), renderer))
        .collect();
    paragraphs.join("\n\n")
}

/// One thing that is wrong, with what to do about it.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    message: String,
    place: Place,
    help: String,
}

/// What is wrong, before it is said what to do about it: without that, there is no [`Problem`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Complaint {
    message: String,
    place: Place,
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In these bytes of the file.
    File(Range<usize>),
    /// At this byte of the file, where the line itself must not be shown.
    FileUnseen(usize),
    /// In this environment variable.
    Environment(String),
    /// Nowhere in particular: a default, or something missing.
    Nowhere,
}

impl Complaint {
    /// A complaint at a place.
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            place,
        }
    }

    /// Says what to do about it.
    pub(crate) fn help(self, help: impl Into<String>) -> Problem {
        Problem {
            message: self.message,
            place: self.place,
            help: help.into(),
        }
    }
}

impl Problem {
    /// Where in the file it is; what is elsewhere comes last.
    pub(crate) fn offset(&self) -> usize {
        match &self.place {
            Place::File(span) => span.start,
            Place::FileUnseen(offset) => *offset,
            Place::Environment(_) | Place::Nowhere => usize::MAX,
        }
    }

    fn render(&self, shown: Option<&ShownSource>, level: Level<'_>, renderer: &Renderer) -> String {
        let mut group = level
            .primary_title(self.message.as_str())
            .elements(None::<Origin<'_>>);
        match (&self.place, shown) {
            (Place::File(span), Some(shown)) => {
                let mark = AnnotationKind::Primary.span(shown.clamp(span));
                let snippet = Snippet::source(shown.text.as_str()).path(shown.path.as_str());
                group = group.element(snippet.annotation(mark));
            }
            (Place::FileUnseen(offset), Some(shown)) => {
                let (line, column) = shown.line_and_column(*offset);
                group = group.element(
                    Origin::path(shown.path.as_str())
                        .line(line)
                        .char_column(column),
                );
            }
            (Place::Environment(name), _) => {
                group = group.element(
                    Level::NOTE.message(format!("set by the environment variable {name}")),
                );
            }
            (Place::File(_) | Place::FileUnseen(_), None) | (Place::Nowhere, _) => {}
        }
        let group = group.element(Level::HELP.message(self.help.as_str()));
        renderer.render(&[group])
    }
}

/// A configuration file in the form in which it may be shown.
#[derive(Debug, Clone)]
pub(crate) struct ShownSource {
    path: String,
    text: String,
}

impl ShownSource {
    /// Blots out the given ranges of a text: the lines and lengths stay, the characters do not.
    pub(crate) fn new(path: impl Into<String>, text: &str, hidden: &[Range<usize>]) -> Self {
        let blot = |(offset, c): (usize, char)| {
            let covered = c != '\n' && hidden.iter().any(|range| range.contains(&offset));
            if covered {
                "*".repeat(c.len_utf8())
            } else {
                c.to_string()
            }
        };
        Self {
            path: path.into(),
            text: text.char_indices().map(blot).collect(),
        }
    }

    fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let end = span.end.min(self.text.len());
        span.start.min(end)..end
    }

    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before
            .get(line_start..)
            .map_or(0, |line| line.chars().count());
        (before.matches('\n').count() + 1, column + 1)
    }
}

/// The candidate that `wrong` was most likely meant to be, if any is close.
pub(crate) fn closest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let furthest = (wrong.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&wrong, candidate), candidate))
        .filter(|(distance, _)| *distance <= furthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, row by row.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = i + 1;
        next.push(left);
        for ((diagonal, above), b) in row.iter().zip(row.iter().skip(1)).zip(&to) {
            left = (diagonal + usize::from(a != *b))
                .min(above + 1)
                .min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_name_is_found_and_a_far_one_is_not() {
        let names = ["leeway", "issuer", "audience"];
        assert_eq!(closest("leway", names), Some("leeway"));
        assert_eq!(closest("ISSUER", names), Some("issuer"));
        assert_eq!(closest("colour", names), None);
    }

    #[test]
    fn distances_are_levenshteins() {
        for (from, to, distance) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
            ("abc", "", 3),
        ] {
            assert_eq!(edit_distance(from, to), distance, "{from} {to}");
        }
    }

    #[test]
    fn hidden_ranges_are_blotted_out_and_lines_stay() {
        let shown = ShownSource::new("f", "a = \"é\nb\"\nc", &[4..7, 8..10]);
        assert_eq!(shown.text, "a = ***\n**\nc");
    }
}
