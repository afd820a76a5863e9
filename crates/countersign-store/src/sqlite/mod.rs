//! SQLite: one file, one writer that commits in groups, a few readers.
//!
//! - `store` is the handle; `database` opens connections, `migrations` keeps the schema.
//! - `writer` and `readers` are the two ways to the file, `marker` tells cheaply whether the log has grown.
//! - One file per aggregate holds its SQL: `sessions`, `foreign`, `records`, `accounts`, `revocations`, `audit`, `keys`,
//!   `services`, `takeover`, `devices`.
//!   Sessions are the most of it: their rows are in `session_rows`, their purge in `purge`, and the tokens that they
//!   have had in `history`.
//!   Each record has one `from_row`. `columns` turns plain numbers and texts into the authority's types.
//!
//! Times are whole seconds or milliseconds since the epoch, as the authority gives them. Nothing here, and no
//! SQL, reads a clock.

mod accounts;
mod audit;
pub(crate) mod columns;
#[cfg(test)]
mod costs;
mod database;
mod devices;
mod failure;
mod foreign;
mod history;
mod keys;
mod marker;
mod migrations;
mod purge;
mod readers;
mod records;
mod revocations;
mod services;
mod session_rows;
mod sessions;
#[cfg(test)]
mod statements;
mod store;
mod takeover;
mod writer;

pub use self::migrations::MigrationReport;
pub use self::store::{OpenError, SqliteOptions, SqliteStore};
