//! Where everything is kept: `sqlite:PATH`.

use std::fmt;
use std::path::{Path, PathBuf};

use super::settings::Settings;

/// The store's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// A `SQLite` file.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// The store that is used when none is named.
    pub(super) const DEFAULT: &str = "sqlite:countersign.db";

    /// Reads an address; a relative path is beside the configuration file. An error is a message and its remedy.
    pub(super) fn parse(
        text: &str,
        settings: &Settings,
    ) -> Result<Self, (&'static str, &'static str)> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err(("`store.url`: PostgreSQL is not built yet", FIX));
        }
        let rest = text
            .strip_prefix("sqlite:")
            .ok_or(("`store.url` must begin with `sqlite:`", FIX))?;
        let path = sqlite_path(rest).ok_or(("`store.url` must name a file", FIX))?;
        Ok(Self::Sqlite(settings.resolve(path)))
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Sqlite(path) => path,
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.path().display())
    }
}

/// The path behind `sqlite:`, if one file is named: `PATH` as it is, or a URL as Django's have it, where three slashes
/// begin a relative path and four an absolute one. There is no host, and there are no parameters.
pub(crate) fn sqlite_path(rest: &str) -> Option<&str> {
    let path = rest.strip_prefix("///").unwrap_or(rest);
    let is_file = !path.is_empty()
        && !path.starts_with("//")
        && !path.contains(['?', '\0'])
        && !path.starts_with(":memory:");
    is_file.then_some(path)
}

const FIX: &str = "write `sqlite:countersign.db`, or an absolute path such as `sqlite:/var/lib/countersign/countersign.db`";
