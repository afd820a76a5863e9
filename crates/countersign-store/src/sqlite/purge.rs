//! The purge of sessions: a walk around the table.

use countersign::rotation::later;
use countersign::store::{PurgePreview, Purged};
use countersign_token::Timestamp;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::columns::Columns;
use super::devices;
use super::failure::Failure;

/// Where the purge of sessions is on its way around the table.
///
/// No index knows `keep_until`, because every rotation moves it. So the purge walks along the primary key, a
/// bounded number of rows at a time, and remembers where it stopped. It has been everywhere once it is back
/// where its round began; a later horizon begins a new round on the spot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PurgeWalk {
    /// The number that was looked at last; 0 before the first.
    at: i64,
    /// Where the round began.
    began_at: i64,
    /// Whether the round has come to the table's end and goes on at its beginning.
    turned: bool,
    /// What the round looks for.
    horizon: Option<Timestamp>,
}

impl PurgeWalk {
    /// Removes up to `limit` rows whose `keep_until` lies before `horizon`, looking at a bounded number.
    pub(super) fn purge(
        &mut self,
        connection: &Connection,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, Failure> {
        self.look_for(horizon);
        let mut removed = 0;
        for _ in 0..ROWS_LOOKED_AT {
            if removed == u64::from(limit) {
                break;
            }
            let next = first_row_after(connection, self.at)?;
            let Some((number, keep_until)) = next.filter(|&(number, _)| self.is_ahead(number))
            else {
                if self.turn_around() {
                    continue;
                }
                return Ok(Purged {
                    removed,
                    more: false,
                });
            };
            self.at = number;
            if keep_until < horizon {
                remove(connection, number)?;
                removed += 1;
            }
        }
        Ok(Purged {
            removed,
            more: true,
        })
    }

    fn look_for(&mut self, horizon: Timestamp) {
        if self.horizon != Some(horizon) {
            let at = self.at;
            *self = Self {
                at,
                began_at: at,
                turned: false,
                horizon: Some(horizon),
            };
        }
    }

    /// Whether a row belongs to what is left of this round.
    fn is_ahead(&self, number: i64) -> bool {
        !self.turned || number <= self.began_at
    }

    /// Goes on at the table's beginning, if the round has not been there. Else the round is over, and the next
    /// one begins where this one stands.
    fn turn_around(&mut self) -> bool {
        let goes_on = !self.turned && self.began_at > 0;
        if goes_on {
            *self = Self {
                at: 0,
                turned: true,
                ..*self
            };
        } else {
            let at = if self.turned { self.at } else { 0 };
            *self = Self {
                at,
                began_at: at,
                turned: false,
                ..*self
            };
        }
        goes_on
    }
}

fn first_row_after(
    connection: &Connection,
    number: i64,
) -> Result<Option<(i64, Timestamp)>, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT number, keep_until
         FROM session
         WHERE number > :number
         ORDER BY number
         LIMIT 1",
    )?;
    let row = find
        .query_row(named_params! { ":number": number }, |row| {
            let mut columns = Columns::of(row);
            Ok((columns.value()?, columns.seconds()?))
        })
        .optional()?;
    Ok(row)
}

fn remove(connection: &Connection, number: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM session WHERE number = :number")?
        .execute(named_params! { ":number": number })?;
    devices::remove(connection, number)
}

/// Says up to where a purge may go, and remembers what was wanted.
pub(super) fn move_purge_horizon(
    connection: &Connection,
    wanted: Timestamp,
    at_most_seconds: Option<i64>,
) -> Result<Timestamp, Failure> {
    let horizon = purge_horizon(connection, wanted, at_most_seconds)?;
    connection
        .prepare_cached(
            "UPDATE ledger
             SET purged_until = max(:horizon, coalesce(purged_until, :horizon)),
                 purge_wanted = :wanted",
        )?
        .execute(named_params! {
            ":horizon": horizon.seconds(),
            ":wanted": wanted.seconds(),
        })?;
    Ok(horizon)
}

fn purge_horizon(
    connection: &Connection,
    wanted: Timestamp,
    at_most_seconds: Option<i64>,
) -> Result<Timestamp, Failure> {
    let (last, wanted_last) = last_purge(connection)?;
    let last = last.unwrap_or(wanted);
    Ok(at_most_seconds.map_or(wanted, |seconds| {
        wanted
            .min(wanted_last.unwrap_or(last))
            .min(later(last, seconds))
    }))
}

/// Counts what a purge would remove, in one reading transaction that holds up no writer.
pub(super) fn preview_purge(
    connection: &Connection,
    wanted: Timestamp,
    at_most_seconds: Option<i64>,
) -> Result<PurgePreview, Failure> {
    let horizon = purge_horizon(connection, wanted, at_most_seconds)?;
    let mut count = connection.prepare_cached(
        "SELECT
             (SELECT count(*) FROM session WHERE keep_until < :horizon),
             (SELECT count(*) FROM token_history WHERE expires_at < :horizon),
             (SELECT count(*) FROM foreign_token WHERE expires_at < :horizon),
             (
                 SELECT count(*)
                 FROM revocation
                 WHERE forget_at < :horizon
                   AND sequence <> (SELECT max(sequence) FROM revocation)
             )",
    )?;
    let preview = count.query_row(named_params! { ":horizon": horizon.seconds() }, |row| {
        let mut columns = Columns::of(row);
        let mut count = || columns.parsed(|count: i64| u64::try_from(count).ok());
        Ok(PurgePreview {
            horizon,
            sessions: count()?,
            rotated_out: count()?,
            foreign_tokens: count()?,
            log_entries: count()?,
        })
    })?;
    Ok(preview)
}

/// Up to where the last purge went, and wanted to go. A store that was never purged counts from its oldest session.
fn last_purge(connection: &Connection) -> Result<(Option<Timestamp>, Option<Timestamp>), Failure> {
    let mut read = connection.prepare_cached(
        "SELECT
             coalesce(
                 purged_until,
                 (SELECT created_at / 1000 FROM session ORDER BY number LIMIT 1)
             ) AS last,
             purge_wanted AS wanted
         FROM ledger",
    )?;
    Ok(read.query_row([], |row| {
        let mut columns = Columns::of(row);
        Ok((columns.seconds_if_any()?, columns.seconds_if_any()?))
    })?)
}

/// How many rows one batch of the purge looks at: a millisecond or two of the writer's time.
const ROWS_LOOKED_AT: u32 = 500;
