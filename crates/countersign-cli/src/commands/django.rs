//! What `import django` and `export django` have in common: where the database is, what is wrong with it, and how a
//! report is printed.

use std::path::{Path, PathBuf};

use countersign_store::django::DjangoError;
use serde::Serialize;

use crate::cli::Form;
use crate::config::sqlite_path;
use crate::failure::Failure;
use crate::output;

/// The file that a path or URL names.
///
/// # Errors
/// [`Failure`] if it names something else than a file.
pub(super) fn database_file(text: &str) -> Result<PathBuf, Failure> {
    if text.starts_with("postgres:") || text.starts_with("postgresql:") {
        return Err(
            Failure::usage("a Django database on PostgreSQL cannot be used yet").help(
                "copy it into SQLite first: `manage.py dumpdata` there, `manage.py loaddata` into a site whose \
                 database is SQLite",
            ),
        );
    }
    let path = match text.strip_prefix("sqlite:") {
        Some(rest) => sqlite_path(rest),
        None => Some(text).filter(|path| is_plain(path)),
    };
    path.map(PathBuf::from).ok_or_else(|| {
        Failure::usage("that names no SQLite database")
            .help("write a path, sqlite:///relative/path or sqlite:////absolute/path")
    })
}

/// Whether it may be a path, and is no URL of something else.
fn is_plain(path: &str) -> bool {
    !path.is_empty() && !path.contains("://") && !path.contains('\0')
}

/// What a command of a takeover came to.
pub(super) trait Report: Serialize {
    /// Whether nothing was changed.
    fn is_rehearsal(&self) -> bool;

    /// What is told to people, line by line.
    fn lines(&self) -> Vec<String>;

    /// What else the operator should know.
    fn remarks(&self) -> &[String];
}

/// Prints a report.
///
/// # Errors
/// [`Failure`] if it could not be printed.
pub(super) fn print(report: &impl Report, form: Form) -> Result<(), Failure> {
    if form == Form::Json {
        return output::json(report);
    }
    if report.is_rehearsal() {
        output::line("Nothing was changed. For real, it would come to this:")?;
    }
    for line in report.lines() {
        output::line(&output::printable(&line))?;
    }
    for remark in report.remarks() {
        output::line(&format!("remark: {remark}"))?;
    }
    Ok(())
}

/// What is wrong with a Django database, and what to do about it.
pub(super) fn describe(error: DjangoError, path: &Path) -> Failure {
    let shown = output::printable(&path.display().to_string());
    let listed = |names: &[String]| output::printable(&names.join(", "));
    let help = match &error {
        DjangoError::File(_) => "see whether the path is right and the file may be read".to_owned(),
        DjangoError::NoTable { candidates, .. } if candidates.is_empty() => {
            "it does not look like the database of a Django site".to_owned()
        }
        DjangoError::NoTable { candidates, .. } => format!(
            "name the table with --users-table; these have passwords: {}",
            listed(candidates)
        ),
        DjangoError::NoColumn { known, .. } => {
            format!(
                "name the column with --column or --attribute; there are: {}",
                listed(known)
            )
        }
        DjangoError::Needed(field) => format!("map it with --column {field}=COLUMN"),
        DjangoError::NotNumbers { .. } => {
            "accounts are numbered here, and tokens name the number: a site whose users have other keys cannot be \
             taken over"
                .to_owned()
        }
        DjangoError::Sqlite(_) | _ => {
            "see whether it is a SQLite database, whole, and whether its folder may be written, where it uses a \
             write-ahead log"
                .to_owned()
        }
    };
    Failure::of(anyhow::Error::new(error).context(format!("the database {shown}"))).help(help)
}
