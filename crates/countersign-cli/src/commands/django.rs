//! What `import django` and `export django` have in common: where the database is, and what is wrong with it.

use std::path::{Path, PathBuf};

use countersign_store::django::DjangoError;

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
    // Three slashes begin a relative path and four an absolute one, as in Django's database URLs.
    let path = match text.strip_prefix("sqlite:") {
        Some(rest) => rest.strip_prefix("///").unwrap_or(rest),
        None => text,
    };
    if path.is_empty() || path.contains("://") || path.starts_with("//") || path.contains('\0') {
        return Err(Failure::usage("that names no SQLite database")
            .help("write a path, or sqlite:////absolute/path"));
    }
    Ok(PathBuf::from(path))
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
