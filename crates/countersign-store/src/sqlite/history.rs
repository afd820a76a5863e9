//! Tokens that were rotated out: written with the rotation, purged on a walk along the table.

use countersign::rotation::{RotatedOut, RotationStep};
use countersign::session::{Generation, SessionNumber};
use countersign::store::Purged;
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::columns::{Columns, bound};
use super::failure::Failure;
use super::revocations::purged;

/// The token that a session has now, on its way into history.
pub(super) struct Outgoing {
    /// The id that its row gets. Nobody else takes it: there is one writer at a time.
    pub(super) id: i64,
    previous: Option<i64>,
    session: SessionNumber,
    generation: Generation,
    created_at: UnixMillis,
    expires_at: Timestamp,
}

impl Outgoing {
    /// What a step would rotate out, where that is to be recorded. Read before the row moves on, in the same
    /// transaction: an `UPDATE` returns only what it has written.
    pub(super) fn read(
        connection: &Connection,
        step: &RotationStep,
    ) -> Result<Option<Self>, Failure> {
        if step.rotated_out == RotatedOut::Forgotten {
            return Ok(None);
        }
        let session = step.token.session;
        let mut find = connection.prepare_cached(
            "SELECT (SELECT coalesce(max(id), 0) + 1 FROM token_history), history, generation,
                    rotated_at, refresh_expires_at
             FROM session
             WHERE number = :number",
        )?;
        let outgoing = find
            .query_row(named_params! { ":number": bound(session.get()) }, |row| {
                let mut columns = Columns::of(row);
                Ok(Self {
                    id: columns.value()?,
                    previous: columns.value()?,
                    session,
                    generation: columns.parsed(Generation::new)?,
                    created_at: columns.millis()?,
                    expires_at: columns.seconds()?,
                })
            })
            .optional()?;
        Ok(outgoing)
    }

    /// Records it as rotated out.
    pub(super) fn record(self, connection: &Connection, now: UnixMillis) -> Result<(), Failure> {
        let mut insert = connection.prepare_cached(
            "INSERT INTO token_history (
                 id, session, generation, created_at, expires_at, blacklisted_at, previous
             ) VALUES (
                 :id, :session, :generation, :created_at, :expires_at, :now, :previous
             )",
        )?;
        insert.execute(named_params! {
            ":id": self.id,
            ":session": bound(self.session.get()),
            ":generation": self.generation.get(),
            ":created_at": self.created_at.millis(),
            ":expires_at": self.expires_at.seconds(),
            ":now": now.millis(),
            ":previous": self.previous,
        })?;
        Ok(())
    }
}

/// Where the purge of the history is on its way along the table.
///
/// No index knows when a token expired, because every refresh would have to write it. A walk looks at a bounded
/// number of rows at a time and remembers where it stopped; a later horizon begins anew.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HistoryWalk {
    /// The row that was looked at last.
    at: i64,
    /// What the walk looks for.
    horizon: Option<Timestamp>,
}

impl HistoryWalk {
    /// Removes up to `limit` rows that expired before `horizon`, looking at a bounded number.
    pub(super) fn purge(
        &mut self,
        connection: &Connection,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, Failure> {
        if self.horizon != Some(horizon) {
            *self = Self {
                at: 0,
                horizon: Some(horizon),
            };
        }
        let Some(end) = last_of_the_next(connection, self.at)? else {
            *self = Self::default();
            return Ok(Purged::default());
        };
        let removed = purged(remove(connection, self.at, end, horizon, limit)?, limit);
        if !removed.more {
            self.at = end;
        }
        Ok(Purged {
            more: true,
            ..removed
        })
    }
}

/// The last of the rows that a batch looks at.
fn last_of_the_next(connection: &Connection, at: i64) -> Result<Option<i64>, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT max(id)
         FROM (SELECT id FROM token_history WHERE id > :at ORDER BY id LIMIT :rows)",
    )?;
    let parameters = named_params! { ":at": at, ":rows": ROWS_LOOKED_AT };
    Ok(find.query_row(parameters, |row| row.get(0))?)
}

fn remove(
    connection: &Connection,
    at: i64,
    end: i64,
    horizon: Timestamp,
    limit: u32,
) -> Result<usize, Failure> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM token_history
         WHERE id IN (
             SELECT id
             FROM token_history
             WHERE id > :at
               AND id <= :end
               AND expires_at < :horizon
             ORDER BY id
             LIMIT :limit
         )",
    )?;
    let removed = delete.execute(named_params! {
        ":at": at,
        ":end": end,
        ":horizon": horizon.seconds(),
        ":limit": limit,
    })?;
    Ok(removed)
}

/// How many rows one batch of the purge looks at: some milliseconds of the writer's time.
const ROWS_LOOKED_AT: u32 = 10_000;
