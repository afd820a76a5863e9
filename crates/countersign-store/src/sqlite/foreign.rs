//! Foreign tokens.

use async_trait::async_trait;
use countersign::account::AccountId;
use countersign::audit::AuditEvent;
use countersign::sealed_id::SealingKeyId;
use countersign::session::SessionRecord;
use countersign::store::{
    Adopted, Adoption, ForeignBlacklisting, ForeignToken, ForeignTokens, ImportedToken, LogScope,
    NewForeignToken, Purged, StoreError,
};
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::accounts;
use super::audit::record;
use super::columns::{Columns, all, bound};
use super::failure::Failure;
use super::keys::seals_with;
use super::revocations::{append, purged};
use super::sessions::{guard_holds, open};
use super::store::SqliteStore;

#[async_trait]
impl ForeignTokens for SqliteStore {
    async fn find_foreign_token(&self, token_id: &str) -> Result<Option<ForeignToken>, StoreError> {
        self.read(|connection| find(connection, token_id))
    }

    async fn adopt_foreign_token(
        &self,
        adoption: &Adoption,
        event: Option<&AuditEvent>,
    ) -> Result<Adopted, StoreError> {
        let (adoption, event) = (adoption.clone(), event.cloned());
        self.write(move |connection| {
            if let Some(refusal) = adoption_refusal(connection, &adoption)? {
                return Ok(refusal);
            }
            let session = adopt(connection, &adoption)?;
            record(connection, event.as_ref())?;
            Ok(Adopted::Opened(session))
        })
        .await
    }

    async fn blacklist_foreign_token(
        &self,
        token: &NewForeignToken,
        sealing_keys: &[SealingKeyId],
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ForeignBlacklisting, StoreError> {
        let (token, sealing_keys) = (token.clone(), sealing_keys.to_vec());
        let event = event.cloned();
        self.write(move |connection| {
            if !seals_with(connection, &sealing_keys)? {
                return Ok(ForeignBlacklisting::SealingKeysChanged);
            }
            let outcome = blacklist(connection, &token, now)?;
            if outcome == ForeignBlacklisting::Done {
                record(connection, event.as_ref())?;
            }
            Ok(outcome)
        })
        .await
    }

    async fn everybody_revoked_before(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(everybody_revoked_before)
    }

    async fn purge_foreign_tokens(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        self.write(move |connection| purge(connection, horizon, limit))
            .await
    }
}

/// Why a foreign token may not be adopted, judged from the top. It writes nothing.
fn adoption_refusal(
    connection: &Connection,
    adoption: &Adoption,
) -> Result<Option<Adopted>, Failure> {
    if !seals_with(connection, &adoption.sealing_keys)? {
        return Ok(Some(Adopted::SealingKeysChanged));
    }
    match find(connection, &adoption.token.token_id)? {
        Some(known) if known.session.is_some() || known.blacklisted_at.is_some() => {
            return Ok(Some(Adopted::Known(known)));
        }
        None if !adoption.unrecorded => return Ok(Some(Adopted::NotRecorded)),
        Some(_) | None => {}
    }
    let owner = match adoption.session.account {
        Some(id) => accounts::find(connection, id)?,
        None => None,
    };
    let revoked_before = owner
        .and_then(|account| account.revoked_before)
        .max(everybody_revoked_before(connection)?);
    if Some(adoption.token.issued_at) <= revoked_before {
        return Ok(Some(Adopted::Revoked));
    }
    let fit = guard_holds(connection, &adoption.session)?;
    Ok((!fit).then_some(Adopted::AccountChanged))
}

/// Opens the token's session and takes its row, unless that has a session by now.
fn adopt(connection: &Connection, adoption: &Adoption) -> Result<SessionRecord, Failure> {
    let session = open(connection, &adoption.session)?;
    let mut take = connection.prepare_cached(
        "INSERT INTO foreign_token (token_id, account, created_at, expires_at, session)
         VALUES (:token_id, :account, :created_at, :expires_at, :session)
         ON CONFLICT (token_id) DO UPDATE SET session = excluded.session
             WHERE session IS NULL
               AND blacklisted_at IS NULL",
    )?;
    let taken = take.execute(named_params! {
        ":token_id": adoption.token.token_id,
        ":account": adoption.token.account.map(AccountId::get),
        ":created_at": session.created_at.millis(),
        ":expires_at": adoption.token.expires_at.seconds(),
        ":session": bound(session.number.get()),
    })?;
    if taken == 0 {
        let what = "a foreign token was taken within the transaction that takes it";
        return Err(Failure::Corrupt(what.to_owned()));
    }
    Ok(session)
}

fn blacklist(
    connection: &Connection,
    token: &NewForeignToken,
    now: UnixMillis,
) -> Result<ForeignBlacklisting, Failure> {
    let mut blacklist = connection.prepare_cached(
        "INSERT INTO foreign_token (token_id, account, created_at, expires_at, blacklisted_at)
         VALUES (:token_id, :account, :now, :expires_at, :now)
         ON CONFLICT (token_id) DO UPDATE SET blacklisted_at = excluded.blacklisted_at
             WHERE session IS NULL
               AND blacklisted_at IS NULL
         RETURNING expires_at",
    )?;
    let written = blacklist
        .query_row(
            named_params! {
                ":token_id": token.token_id,
                ":account": token.account.map(AccountId::get),
                ":now": now.millis(),
                ":expires_at": token.expires_at.seconds(),
            },
            |row| Columns::of(row).seconds(),
        )
        .optional()?;
    let Some(expires_at) = written else {
        let known = find(connection, &token.token_id)?.and_then(|known| known.session);
        return Ok(known.map_or(ForeignBlacklisting::Already, ForeignBlacklisting::Adopted));
    };
    append(
        connection,
        &LogScope::Token(token.token_id.clone()),
        None,
        now,
        expires_at,
    )?;
    Ok(ForeignBlacklisting::Done)
}

pub(super) fn find(
    connection: &Connection,
    token_id: &str,
) -> Result<Option<ForeignToken>, Failure> {
    let token = connection
        .prepare_cached(
            "SELECT token_id, account, created_at, expires_at, blacklisted_at, session
             FROM foreign_token
             WHERE token_id = :token_id",
        )?
        .query_row(named_params! { ":token_id": token_id }, from_row)
        .optional()?;
    Ok(token)
}

/// In order of id.
pub(super) fn list(
    connection: &Connection,
    after: &str,
    limit: u32,
) -> Result<Vec<ForeignToken>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT token_id, account, created_at, expires_at, blacklisted_at, session
         FROM foreign_token
         WHERE token_id > :after
         ORDER BY token_id
         LIMIT :limit",
    )?;
    let parameters = named_params! { ":after": after, ":limit": limit };
    Ok(all(&mut statement, parameters, from_row)?)
}

/// Writes an imported token's row, or what is new about it; returns until when it counts.
pub(super) fn record_imported(
    connection: &Connection,
    token: &ImportedToken,
) -> Result<Timestamp, Failure> {
    let mut record = connection.prepare_cached(
        "INSERT INTO foreign_token (token_id, account, created_at, expires_at, blacklisted_at)
         VALUES (:token_id, :account, :created_at, :expires_at, :blacklisted_at)
         ON CONFLICT (token_id) DO UPDATE SET
             blacklisted_at = excluded.blacklisted_at,
             expires_at = max(expires_at, excluded.expires_at)
         RETURNING expires_at",
    )?;
    let expires_at = record.query_row(
        named_params! {
            ":token_id": token.token_id,
            ":account": token.account.map(AccountId::get),
            ":created_at": token.created_at.millis(),
            ":expires_at": token.expires_at.seconds(),
            ":blacklisted_at": token.blacklisted_at.map(UnixMillis::millis),
        },
        |row| Columns::of(row).seconds(),
    )?;
    Ok(expires_at)
}

fn everybody_revoked_before(connection: &Connection) -> Result<Option<Timestamp>, Failure> {
    let revoked_before = connection
        .prepare_cached("SELECT revoked_before FROM ledger")?
        .query_row([], |row| Columns::of(row).seconds_if_any())?;
    Ok(revoked_before)
}

fn purge(connection: &Connection, horizon: Timestamp, limit: u32) -> Result<Purged, Failure> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM foreign_token
         WHERE token_id IN (
             SELECT token_id
             FROM foreign_token
             WHERE expires_at < :horizon
             ORDER BY expires_at
             LIMIT :limit
         )",
    )?;
    let removed = delete.execute(named_params! {
        ":horizon": horizon.seconds(),
        ":limit": limit,
    })?;
    Ok(purged(removed, limit))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ForeignToken> {
    let mut columns = Columns::of(row);
    Ok(ForeignToken {
        token_id: columns.value()?,
        account: columns.account_if_any()?,
        created_at: columns.millis()?,
        expires_at: columns.seconds()?,
        blacklisted_at: columns.millis_if_any()?,
        session: columns.number_if_any()?,
    })
}
