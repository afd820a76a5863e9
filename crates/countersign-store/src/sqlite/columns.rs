//! Columns to types and back. SQLite holds 64-bit integers, texts and bytes; everything else is made here.

use countersign::account::AccountId;
use countersign::sealed_id::SealingKeyId;
use countersign::session::{EndCause, FirstToken, SessionId, SessionNumber, SessionState};
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::Row;
use rusqlite::types::{FromSql, Type};

/// Reads a row's columns one after the other, in the order in which the statement names them.
///
/// By position, because SQLite compares names anew for every row that is read.
pub(super) struct Columns<'row, 'statement> {
    row: &'row Row<'statement>,
    next: usize,
}

impl<'row, 'statement> Columns<'row, 'statement> {
    pub(super) fn of(row: &'row Row<'statement>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn value<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// A value that not everything in its column stands for.
    pub(super) fn parsed<T: FromSql, P>(
        &mut self,
        parse: impl FnOnce(T) -> Option<P>,
    ) -> rusqlite::Result<P> {
        let value = self.value()?;
        parse(value).ok_or_else(|| self.unreadable())
    }

    /// Like [`parsed`](Self::parsed), for a column that may be empty.
    pub(super) fn parsed_if_any<T: FromSql, P>(
        &mut self,
        parse: impl FnOnce(T) -> Option<P>,
    ) -> rusqlite::Result<Option<P>> {
        let Some(value) = self.value()? else {
            return Ok(None);
        };
        parse(value).map(Some).ok_or_else(|| self.unreadable())
    }

    pub(super) fn account(&mut self) -> rusqlite::Result<AccountId> {
        self.value().map(AccountId::new)
    }

    pub(super) fn account_if_any(&mut self) -> rusqlite::Result<Option<AccountId>> {
        Ok(self.value::<Option<i64>>()?.map(AccountId::new))
    }

    pub(super) fn number(&mut self) -> rusqlite::Result<SessionNumber> {
        self.parsed(session_number)
    }

    pub(super) fn number_if_any(&mut self) -> rusqlite::Result<Option<SessionNumber>> {
        self.parsed_if_any(session_number)
    }

    pub(super) fn sid(&mut self) -> rusqlite::Result<SessionId> {
        self.value().map(SessionId::from_bytes)
    }

    pub(super) fn sid_if_any(&mut self) -> rusqlite::Result<Option<SessionId>> {
        Ok(self.value::<Option<[u8; 16]>>()?.map(SessionId::from_bytes))
    }

    pub(super) fn sealing_key(&mut self) -> rusqlite::Result<SealingKeyId> {
        self.value().map(SealingKeyId::new)
    }

    pub(super) fn first_token(&mut self) -> rusqlite::Result<FirstToken> {
        self.parsed(|code: i64| {
            [
                FirstToken::Refresh,
                FirstToken::Sliding,
                FirstToken::Foreign,
                FirstToken::GenericRefresh,
                FirstToken::Single,
            ]
            .into_iter()
            .find(|&first| first_token_code(first) == code)
        })
    }

    pub(super) fn seconds(&mut self) -> rusqlite::Result<Timestamp> {
        self.value().map(Timestamp::from_seconds)
    }

    pub(super) fn seconds_if_any(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.value::<Option<i64>>()?.map(Timestamp::from_seconds))
    }

    pub(super) fn millis(&mut self) -> rusqlite::Result<UnixMillis> {
        self.value().map(UnixMillis::from_millis)
    }

    pub(super) fn millis_if_any(&mut self) -> rusqlite::Result<Option<UnixMillis>> {
        Ok(self.value::<Option<i64>>()?.map(UnixMillis::from_millis))
    }

    pub(super) fn cause_if_any(&mut self) -> rusqlite::Result<Option<EndCause>> {
        self.parsed_if_any(|name: String| EndCause::parse(&name))
    }

    /// The three columns `enabled`, `ended_at`, `cause`.
    pub(super) fn state(&mut self) -> rusqlite::Result<SessionState> {
        let enabled: bool = self.value()?;
        let ended_at = self.millis_if_any()?;
        let cause = self.cause_if_any()?;
        match (ended_at, cause) {
            (Some(at), Some(cause)) => Ok(SessionState::Ended { at, cause }),
            (None, None) if enabled => Ok(SessionState::Live),
            (None, None) => Ok(SessionState::Disabled),
            (Some(_), None) | (None, Some(_)) => Err(self.unreadable()),
        }
    }

    /// The error about the column that was read last.
    pub(super) fn unreadable(&self) -> rusqlite::Error {
        let column = self.next.saturating_sub(1);
        rusqlite::Error::FromSqlConversionFailure(column, Type::Null, Box::new(Unreadable))
    }
}

/// A column holds what this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("the value stands for nothing that this version knows")]
struct Unreadable;

pub(super) fn session_number(value: i64) -> Option<SessionNumber> {
    u64::try_from(value).ok().and_then(SessionNumber::new)
}

/// A number and not a name: it stands in the narrow row of every session. SQL knows the codes of those that are no refresh tokens of ours.
pub(super) const fn first_token_code(first: FirstToken) -> i64 {
    match first {
        FirstToken::Refresh => 0,
        FirstToken::Sliding => 1,
        FirstToken::Foreign => 2,
        FirstToken::GenericRefresh => 3,
        FirstToken::Single => 4,
    }
}

/// A number or sequence as SQLite binds it.
pub(super) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Runs a query that finds many rows.
pub(crate) fn all<T>(
    statement: &mut rusqlite::Statement<'_>,
    parameters: impl rusqlite::Params,
    from_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    statement.query_map(parameters, from_row)?.collect()
}
