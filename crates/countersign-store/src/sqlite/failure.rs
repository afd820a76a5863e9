//! What can go wrong inside a transaction, and what callers see of it.

use countersign::store::StoreError;
use rusqlite::ErrorCode;

/// Why a piece of work failed; everything it did is undone.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// SQLite could not do it.
    #[error("a statement failed")]
    Driver(#[from] rusqlite::Error),
    /// The store does not hold what it must.
    #[error("{0}")]
    Corrupt(String),
    /// The work itself broke off.
    #[error("an operation panicked")]
    Panicked,
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Driver(error) if is_corruption(&error) => Self::Corrupt(error.to_string()),
            Failure::Driver(error) => Self::unavailable(error),
            Failure::Corrupt(what) => Self::Corrupt(what),
            panicked @ Failure::Panicked => Self::unavailable(panicked),
        }
    }
}

/// Whether SQLite gave up because others kept the file locked for the whole busy time-out.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn is_corruption(error: &rusqlite::Error) -> bool {
    let unreadable = matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
    );
    unreadable
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
}
