//! Sessions: the rows that decide.

use async_trait::async_trait;
use countersign::account::AccountId;
use countersign::audit::AuditEvent;
use countersign::rotation::RotationStep;
use countersign::session::{
    EndCause, Generation, Lineage, Salt, SessionId, SessionNumber, SessionRecord, SessionState,
};
use countersign::store::{
    AccountGuard, Blacklisting, Enabling, Ending, Fork, Forked, LogScope, NewSession, Opening,
    Purged, Rotation, Sessions, StoreError,
};
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::accounts;
use super::audit::{record, record_in};
use super::columns::{Columns, all, bound};
use super::devices;
use super::failure::Failure;
use super::history::Outgoing;
use super::purge::move_purge_horizon;
use super::revocations::append;
use super::session_rows::{
    find_root_by_sid, from_row, insert, is_live_root, lineage, live_roots, roots, session_columns,
};
use super::store::SqliteStore;

#[async_trait]
impl Sessions for SqliteStore {
    async fn open_session(
        &self,
        session: &NewSession,
        event: Option<&AuditEvent>,
    ) -> Result<Opening, StoreError> {
        let (session, event) = (session.clone(), event.cloned());
        self.write(move |connection| {
            if !guard_holds(connection, &session)? {
                return Ok(Opening::AccountChanged);
            }
            let opened = open(connection, &session)?;
            record_in(connection, opened.sid, event)?;
            Ok(Opening::Opened(opened))
        })
        .await
    }

    async fn fork_session(
        &self,
        fork: &Fork,
        event: Option<&AuditEvent>,
    ) -> Result<Forked, StoreError> {
        let (fork, event) = (fork.clone(), event.cloned());
        self.write(move |connection| {
            let lineage = lineage(connection, fork.from)?;
            let Some(from) = lineage.as_ref().filter(|lineage| lineage.may_fork()) else {
                return Ok(Forked::Refused(lineage));
            };
            let opened = fork.opened_from(&from.session, draw_number(connection)?);
            insert(connection, &opened)?;
            keep_root_for(connection, &opened)?;
            record_in(connection, opened.sid, event)?;
            Ok(Forked::Opened(opened))
        })
        .await
    }

    async fn find_session(&self, number: SessionNumber) -> Result<Option<Lineage>, StoreError> {
        self.read(|connection| lineage(connection, number))
    }

    async fn rotate(
        &self,
        step: &RotationStep,
        event: Option<&AuditEvent>,
    ) -> Result<Rotation, StoreError> {
        let (step, event) = (*step, event.cloned());
        self.write(move |connection| {
            let outgoing = Outgoing::read(connection, &step)?;
            let history = outgoing.as_ref().map(|outgoing| outgoing.id);
            let Some(next) = move_on(connection, &step, history)? else {
                return Ok(Rotation::Lost(lineage(connection, step.token.session)?));
            };
            keep_root_for(connection, &next)?;
            if let Some(outgoing) = outgoing {
                outgoing.record(connection, step.now)?;
            }
            record_in(connection, next.sid, event)?;
            Ok(Rotation::Won(next))
        })
        .await
    }

    async fn blacklist_session_token(
        &self,
        number: SessionNumber,
        token_id: &str,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Blacklisting, StoreError> {
        let (scope, event) = (LogScope::Token(token_id.to_owned()), event.cloned());
        self.write(move |connection| {
            let Some((sid, keep_until)) = blacklist(connection, number, now)? else {
                let known = lineage(connection, number)?;
                return Ok(known.map_or(Blacklisting::Unknown, |_| Blacklisting::Already));
            };
            append(connection, &scope, None, now, keep_until)?;
            record_in(connection, sid, event)?;
            Ok(Blacklisting::Done)
        })
        .await
    }

    async fn enable_session(
        &self,
        number: SessionNumber,
        event: Option<&AuditEvent>,
    ) -> Result<Enabling, StoreError> {
        let event = event.cloned();
        self.write(move |connection| {
            let Some(Lineage { session, root }) = lineage(connection, number)? else {
                return Ok(Enabling::Unknown);
            };
            match root {
                SessionState::Live => Ok(Enabling::Already),
                SessionState::Ended { cause, .. } => Ok(Enabling::Ended(cause)),
                SessionState::Disabled => {
                    connection
                        .prepare_cached("UPDATE session SET enabled = TRUE WHERE number = :root")?
                        .execute(named_params! { ":root": bound(session.root.get()) })?;
                    record_in(connection, session.sid, event)?;
                    Ok(Enabling::Enabled)
                }
            }
        })
        .await
    }

    async fn end_session(
        &self,
        number: SessionNumber,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Ending, StoreError> {
        let event = event.cloned();
        self.write(move |connection| {
            let Some(Lineage { session, root }) = lineage(connection, number)? else {
                return Ok(Ending::Unknown);
            };
            if let SessionState::Ended { cause, .. } = root {
                return Ok(Ending::Already(cause));
            }
            end_root(connection, session.root, cause, now)?;
            record_in(connection, session.sid, event)?;
            Ok(Ending::Ended)
        })
        .await
    }

    async fn end_sessions_of(
        &self,
        account: AccountId,
        except: Option<SessionNumber>,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<u64, StoreError> {
        let event = event.cloned();
        self.write(move |connection| {
            let ended = end_account(connection, account, except, cause, now)?;
            record(connection, event.as_ref())?;
            Ok(ended)
        })
        .await
    }

    async fn live_sessions_of(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError> {
        self.scan(move |connection| live_roots(connection, account))
            .await
    }

    async fn sessions_of(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.scan(move |connection| roots(connection, account, limit))
            .await
    }

    async fn find_session_by_sid(
        &self,
        sid: SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.read(|connection| find_root_by_sid(connection, sid))
    }

    async fn move_purge_horizon(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<Timestamp, StoreError> {
        self.write(move |connection| move_purge_horizon(connection, wanted, at_most_seconds))
            .await
    }

    async fn purge_sessions(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError> {
        let mut walk = self.purge_walk();
        let (purged, walk) = self
            .write(move |connection| Ok((walk.purge(connection, horizon, limit)?, walk)))
            .await?;
        self.walk_on_from(walk);
        Ok(purged)
    }
}

/// Whether the account is still what the password was checked against.
///
/// The account is locked by the transaction itself: there is one writer at a time.
pub(super) fn guard_holds(connection: &Connection, session: &NewSession) -> Result<bool, Failure> {
    let (credential_version, must_be_active) = match session.guard {
        AccountGuard::Stored {
            credential_version,
            must_be_active,
        } => (credential_version, must_be_active),
        AccountGuard::Elsewhere { .. } => return Ok(session.account.is_some()),
        AccountGuard::Nobody => return Ok(session.account.is_none()),
    };
    let Some(id) = session.account else {
        return Ok(false);
    };
    let account = accounts::find(connection, id)?;
    Ok(account.is_some_and(|account| {
        account.credential_version == credential_version && (account.is_active() || !must_be_active)
    }))
}

/// Writes a session whose guard holds, and ends the oldest above the limit.
pub(super) fn open(
    connection: &Connection,
    session: &NewSession,
) -> Result<SessionRecord, Failure> {
    let number = draw_number(connection)?;
    if let (Some(account), Some(limit)) = (session.account, session.limit) {
        make_room(connection, account, limit, session.created_at)?;
    }
    let record = session.clone().into_record(number);
    insert(connection, &record)?;
    if let Some(device) = &session.device {
        devices::insert(connection, number, device)?;
    }
    Ok(record)
}

/// Ends every live root of an account but `except`, under one entry of the log. Returns how many ended.
///
/// An exception that is no live root of the account is none: the entry must not spare what has ended.
pub(super) fn end_account(
    connection: &Connection,
    account: AccountId,
    except: Option<SessionNumber>,
    cause: EndCause,
    now: UnixMillis,
) -> Result<u64, Failure> {
    let except = match except {
        Some(number) if is_live_root(connection, number, account)? => Some(number),
        Some(_) | None => None,
    };
    let ended = connection
        .prepare_cached(
            "UPDATE session
             SET ended_at = :now, cause = :cause
             WHERE account = :account
               AND number = root
               AND ended_at IS NULL
               AND number IS NOT :except",
        )?
        .execute(named_params! {
            ":account": account.get(),
            ":except": except.map(|number| bound(number.get())),
            ":now": now.millis(),
            ":cause": cause.name(),
        })?;
    accounts::revoke_foreign_tokens(connection, account, now)?;
    let scope = LogScope::AccountUpto {
        account,
        upto: numbers_drawn(connection)?,
        except,
    };
    append(
        connection,
        &scope,
        Some(cause),
        now,
        kept_until(connection, account, now)?,
    )?;
    Ok(u64::try_from(ended).unwrap_or(u64::MAX))
}

/// Until when any token of an account can matter. Ended sessions count, too: the newest entry of an account
/// stands for all its older ones.
pub(super) fn kept_until(
    connection: &Connection,
    account: AccountId,
    now: UnixMillis,
) -> Result<Timestamp, Failure> {
    let latest = connection
        .prepare_cached("SELECT max(keep_until) FROM session WHERE account = :account")?
        .query_row(named_params! { ":account": account.get() }, |row| {
            Columns::of(row).seconds_if_any()
        })?;
    Ok(latest.map_or(now.timestamp(), |latest| latest.max(now.timestamp())))
}

/// The highest session number drawn so far.
pub(super) fn numbers_drawn(connection: &Connection) -> Result<u64, Failure> {
    let drawn = connection
        .prepare_cached("SELECT sessions_drawn FROM ledger")?
        .query_row([], |row| {
            Columns::of(row).parsed(|drawn: i64| u64::try_from(drawn).ok())
        })?;
    Ok(drawn)
}

/// The store's compare-and-set: `rotation::may_rotate` as the condition, `rotation::rotated` as the change.
///
/// `history` is the row that the token gets which this rotates out, if it gets one. The expiration is capped to `:ceiling` before seconds are added, so that the sum stays in range.
fn move_on(
    connection: &Connection,
    step: &RotationStep,
    history: Option<i64>,
) -> Result<Option<SessionRecord>, Failure> {
    let mut update = connection.prepare_cached(concat!(
        "UPDATE session SET
             generation = generation + 1,
             rotated_at = :now,
             refresh_expires_at = min(:expires_at, coalesce(deadline, :expires_at)),
             keep_until = max(
                 keep_until,
                 min(:expires_at, coalesce(deadline, :expires_at), :ceiling) + :keep_beyond
             ),
             client = :client,
             history = coalesce(:history, history)
         WHERE number = :number
           AND account IS :account
           AND (:salt IS NULL OR substr(sid, 14) = :salt)
           AND generation = :generation
           AND generation < :last_generation
           AND enabled
           AND ended_at IS NULL
           AND blacklisted_at IS NULL
           AND (deadline IS NULL OR deadline > :now_seconds)
           AND (root = number OR EXISTS (
               SELECT 1
               FROM session AS root_row
               WHERE root_row.number = session.root
                 AND root_row.enabled
                 AND root_row.ended_at IS NULL
           ))
         RETURNING ",
        session_columns!()
    ))?;
    let next = update
        .query_row(
            named_params! {
                ":number": bound(step.token.session.get()),
                ":account": step.token.account.map(AccountId::get),
                ":salt": step.token.salt.map(salt_bytes),
                ":generation": step.token.generation.get(),
                ":last_generation": Generation::LAST.get(),
                ":client": step.client.bits().cast_signed(),
                ":history": history,
                ":now": step.now.millis(),
                ":now_seconds": step.now.timestamp().seconds(),
                ":expires_at": step.refresh_expires_at.seconds(),
                ":keep_beyond": step.keep_beyond_seconds,
                ":ceiling": i64::MAX.saturating_sub(step.keep_beyond_seconds.max(0)),
            },
            from_row,
        )
        .optional()?;
    Ok(next)
}

/// A root's row outlives every token of its forks.
fn keep_root_for(connection: &Connection, session: &SessionRecord) -> Result<(), Failure> {
    if session.is_root() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE session
             SET keep_until = max(keep_until, :keep_until)
             WHERE number = :root",
        )?
        .execute(named_params! {
            ":root": bound(session.root.get()),
            ":keep_until": session.keep_until.seconds(),
        })?;
    Ok(())
}

/// Blacklists a row's own token, once; returns `sid` and `keep_until` if that was now.
fn blacklist(
    connection: &Connection,
    number: SessionNumber,
    now: UnixMillis,
) -> Result<Option<(SessionId, Timestamp)>, Failure> {
    let mut update = connection.prepare_cached(
        "UPDATE session
         SET blacklisted_at = :now
         WHERE number = :number
           AND blacklisted_at IS NULL
           AND ended_at IS NULL
           AND EXISTS (
               SELECT 1
               FROM session AS root_row
               WHERE root_row.number = session.root
                 AND root_row.ended_at IS NULL
           )
         RETURNING sid, keep_until",
    )?;
    let blacklisted = update
        .query_row(
            named_params! { ":number": bound(number.get()), ":now": now.millis() },
            sid_and_keep_until,
        )
        .optional()?;
    Ok(blacklisted)
}

/// Ends a root that has not ended, with an entry of its own.
pub(super) fn end_root(
    connection: &Connection,
    number: SessionNumber,
    cause: EndCause,
    now: UnixMillis,
) -> Result<(), Failure> {
    let mut update = connection.prepare_cached(
        "UPDATE session
         SET ended_at = :now, cause = :cause
         WHERE number = :number
           AND ended_at IS NULL
         RETURNING sid, keep_until",
    )?;
    let (sid, keep_until) = update.query_row(
        named_params! {
            ":number": bound(number.get()),
            ":now": now.millis(),
            ":cause": cause.name(),
        },
        sid_and_keep_until,
    )?;
    append(
        connection,
        &LogScope::Session { number, sid },
        Some(cause),
        now,
        keep_until,
    )
}

/// Ends the oldest live roots of an account, so that there is room for one more.
fn make_room(
    connection: &Connection,
    account: AccountId,
    limit: u32,
    now: UnixMillis,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT number
         FROM session
         WHERE account = :account
           AND number = root
           AND ended_at IS NULL
           AND keep_until > :now
           AND first_token <> 4
         ORDER BY number DESC
         LIMIT -1 OFFSET :places",
    )?;
    let places = limit.saturating_sub(1);
    let parameters = named_params! {
        ":account": account.get(),
        ":now": now.timestamp().seconds(),
        ":places": places,
    };
    let above = all(&mut statement, parameters, |row| Columns::of(row).number())?;
    above
        .into_iter()
        .rev()
        .try_for_each(|oldest| end_root(connection, oldest, EndCause::SessionLimit, now))
}

fn draw_number(connection: &Connection) -> Result<SessionNumber, Failure> {
    let mut draw = connection.prepare_cached(
        "UPDATE ledger
         SET sessions_drawn = sessions_drawn + 1
         WHERE sessions_drawn < :highest
         RETURNING sessions_drawn",
    )?;
    draw.query_row(
        named_params! { ":highest": bound(SessionNumber::MAX.get()) },
        |row| Columns::of(row).number(),
    )
    .optional()?
    .ok_or_else(|| Failure::Corrupt("every session number has been drawn".to_owned()))
}

/// The three bytes at the end of a session's id.
fn salt_bytes(salt: Salt) -> [u8; 3] {
    let [_, bytes @ ..] = salt.get().to_be_bytes();
    bytes
}

fn sid_and_keep_until(row: &Row<'_>) -> rusqlite::Result<(SessionId, Timestamp)> {
    let mut columns = Columns::of(row);
    Ok((columns.sid()?, columns.seconds()?))
}
