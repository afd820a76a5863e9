//! The configuration file as it stands on disk: its text, its rows, and who may read it.

use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::diagnostics::{Complaint, ConfigError, Place, ShownSource};
use super::schema;

/// A configuration file that was read.
pub(crate) struct ConfigFile {
    path: PathBuf,
    text: Zeroizing<String>,
}

/// One row of the file.
pub(crate) struct Row<'a> {
    /// Section and key, such as `jwt.leeway`.
    pub(crate) name: String,
    /// Where the key stands.
    pub(crate) key: Range<usize>,
    /// Where the value stands.
    pub(crate) span: Range<usize>,
    /// The value.
    pub(crate) value: &'a DeValue<'a>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`] if it cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            let message = format!(
                "the configuration file {} cannot be read: {source}",
                path.display()
            );
            let help = "name another one with --config, or write one with `countersign init`";
            ConfigError::new(
                vec![Complaint::new(Place::Nowhere, message).help(help)],
                None,
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            text: Zeroizing::new(text),
        })
    }

    /// Where it was read.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its table.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no TOML. The line is shown only if no secret can be on it.
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let place = if self.may_hold_secret() {
                Place::FileUnseen(span.start)
            } else {
                Place::File(span)
            };
            let message = error.message().replace('\n', ", ");
            let problem = Complaint::new(place, format!("this is not TOML: {message}"))
                .help("sections stand in brackets and texts in quotes: `[jwt]`, `issuer = \"me\"`");
            ConfigError::new(vec![problem], Some(self.shown(&[])))
        })
    }

    /// The file in the form in which it may be shown.
    pub(crate) fn shown(&self, hidden: &[Range<usize>]) -> ShownSource {
        ShownSource::new(self.path.display().to_string(), &self.text, hidden)
    }

    /// Whether somebody else than the owner may read it.
    pub(crate) fn is_readable_by_others(&self) -> bool {
        is_readable_by_others(&self.path)
    }

    /// A file that is not TOML cannot be searched by setting, only by name.
    fn may_hold_secret(&self) -> bool {
        let text = self.text.to_lowercase();
        ["key", "secret", "password", "@"]
            .iter()
            .any(|word| text.contains(word))
    }
}

/// Whether somebody else than the owner may read the file at `path`.
pub(crate) fn is_readable_by_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// The rows of a table. What is no section of ours is one row, whatever is in it.
pub(crate) fn rows<'a>(table: &'a DeTable<'a>) -> Vec<Row<'a>> {
    let sections = schema::sections();
    let mut rows = Vec::new();
    for (key, value) in table {
        match value.get_ref() {
            DeValue::Table(section) if sections.contains(&key.get_ref().as_ref()) => {
                rows.extend(
                    section
                        .iter()
                        .map(|(inner, value)| row(Some(key.get_ref()), inner, value)),
                );
            }
            _ => rows.push(row(None, key, value)),
        }
    }
    rows
}

/// Where the texts and numbers inside a value stand.
pub(crate) fn leaves(span: Range<usize>, value: &DeValue<'_>) -> Vec<Range<usize>> {
    match value {
        DeValue::Table(table) => table
            .values()
            .flat_map(|inner| leaves(inner.span(), inner.get_ref()))
            .collect(),
        DeValue::Array(items) => items
            .iter()
            .flat_map(|inner| leaves(inner.span(), inner.get_ref()))
            .collect(),
        _ => vec![span],
    }
}

fn row<'a>(
    section: Option<&str>,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &'a Spanned<DeValue<'a>>,
) -> Row<'a> {
    let key_text = key.get_ref();
    Row {
        name: section.map_or_else(
            || key_text.to_string(),
            |section| format!("{section}.{key_text}"),
        ),
        key: key.span(),
        span: value.span(),
        value: value.get_ref(),
    }
}
