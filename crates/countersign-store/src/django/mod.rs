//! A Django database with SimpleJWT's token blacklist: read for a takeover, written on the way back.
//!
//! Its tables are Django's, so nothing here is a store. `map` says which table and columns hold what, `source` reads
//! a page at a time and never writes, `target` writes everything in one transaction.

mod map;
mod source;
mod target;

pub use self::map::{DjangoMap, UserField};
pub use self::source::{DjangoPage, DjangoSource, Flaw, UnreadableRow};
pub use self::target::{DjangoTarget, UserExport};

use std::io;

/// A Django database could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DjangoError {
    /// There is no such file, or it may not be read.
    #[error("the file cannot be opened")]
    File(#[source] io::Error),
    /// A table is missing.
    #[error("there is no table {table:?}")]
    NoTable {
        /// The table that was asked for.
        table: String,
        /// Tables that may hold users: they have a `password` column.
        candidates: Vec<String>,
    },
    /// A column is missing.
    #[error("the table {table:?} has no column {column:?}")]
    NoColumn {
        /// The table.
        table: String,
        /// The column that was asked for.
        column: String,
        /// The columns that it has.
        known: Vec<String>,
    },
    /// Something without which there is no account was left out.
    #[error("an account needs its {0}")]
    Needed(&'static str),
    /// Its users are numbered by something else than whole numbers.
    #[error("{count} rows of the table {table:?} have no whole number in {column:?}")]
    NotNumbers {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many rows.
        count: u64,
    },
    /// SQLite could not do it.
    #[error("the database could not be read or written")]
    Sqlite(#[from] rusqlite::Error),
}
