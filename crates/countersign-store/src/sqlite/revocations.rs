//! The revocation log.

use async_trait::async_trait;
use countersign::audit::AuditEvent;
use countersign::session::EndCause;
use countersign::store::{LogEntry, LogScope, Purged, Revocations, StoreError, TokenRevocation};
use countersign_token::{AccountState, KeyId, Timestamp, UnixMillis};
use rusqlite::{Connection, Row, named_params};

use super::audit::record;
use super::columns::{Columns, all, bound};
use super::failure::Failure;
use super::sessions::numbers_drawn;
use super::store::SqliteStore;

#[async_trait]
impl Revocations for SqliteStore {
    async fn change_marker(&self) -> Result<u64, StoreError> {
        self.marker().read()
    }

    async fn log_entries_after(
        &self,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        // Not a scan although it may be long: it is so once, at the start, and short on every request's way.
        self.read(|connection| entries_after(connection, sequence, limit))
    }

    async fn revoke_token(
        &self,
        revocation: &TokenRevocation,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        let (revocation, event) = (revocation.clone(), event.cloned());
        self.write(move |connection| {
            let scope = LogScope::Token(revocation.token_id);
            append(connection, &scope, None, now, revocation.forget_at)?;
            record(connection, event.as_ref())
        })
        .await
    }

    async fn revoke_everything(
        &self,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        let event = event.cloned();
        self.write(move |connection| {
            let upto = numbers_drawn(connection)?;
            append(
                connection,
                &LogScope::EverythingUpto(upto),
                None,
                now,
                LogEntry::NEVER_FORGOTTEN,
            )?;
            revoke_foreign_tokens_of_everybody(connection, now)?;
            record(connection, event.as_ref())
        })
        .await
    }

    async fn purge_log(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError> {
        self.write(move |connection| purge(connection, horizon, limit))
            .await
    }
}

/// Appends an entry. Whoever appends holds the file's write lock, so sequence order is commit order.
pub(super) fn append(
    connection: &Connection,
    scope: &LogScope,
    cause: Option<EndCause>,
    at: UnixMillis,
    forget_at: Timestamp,
) -> Result<(), Failure> {
    let scope = ScopeColumns::from(scope);
    let mut insert = connection.prepare_cached(
        "INSERT INTO revocation (
             scope, token_id, session, sid, account, upto, kid, state, cause, at, forget_at
         ) VALUES (
             :scope, :token_id, :session, :sid, :account, :upto, :kid, :state, :cause, :at, :forget_at
         )",
    )?;
    insert.execute(named_params! {
        ":scope": scope.name,
        ":token_id": scope.token_id,
        ":session": scope.session,
        ":sid": scope.sid,
        ":account": scope.account,
        ":upto": scope.upto,
        ":kid": scope.kid,
        ":state": scope.state,
        ":cause": cause.map(EndCause::name),
        ":at": at.millis(),
        ":forget_at": forget_at.seconds(),
    })?;
    Ok(())
}

/// The sequence of the newest entry, 0 without any.
pub(super) fn newest_sequence(connection: &Connection) -> Result<u64, Failure> {
    let newest = connection
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM revocation")?
        .query_row([], |row| Columns::of(row).parsed(sequence))?;
    Ok(newest)
}

fn entries_after(
    connection: &Connection,
    sequence: u64,
    limit: u32,
) -> Result<Vec<LogEntry>, Failure> {
    let mut newer = connection.prepare_cached(
        "SELECT sequence, scope, token_id, session, sid, account, upto, kid, state, cause, at, forget_at
         FROM revocation
         WHERE sequence > :sequence
         ORDER BY sequence
         LIMIT :limit",
    )?;
    let parameters = named_params! { ":sequence": bound(sequence), ":limit": limit };
    Ok(all(&mut newer, parameters, from_row)?)
}

fn revoke_foreign_tokens_of_everybody(
    connection: &Connection,
    now: UnixMillis,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE ledger
             SET revoked_before = max(:now, coalesce(revoked_before, :now))",
        )?
        .execute(named_params! { ":now": now.timestamp().seconds() })?;
    Ok(())
}

/// The newest entry stays, so that the marker never goes back.
fn purge(connection: &Connection, horizon: Timestamp, limit: u32) -> Result<Purged, Failure> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM revocation
         WHERE sequence IN (
             SELECT sequence
             FROM revocation
             WHERE forget_at < :horizon
               AND sequence <> (SELECT max(sequence) FROM revocation)
             ORDER BY forget_at
             LIMIT :limit
         )",
    )?;
    let removed = delete.execute(named_params! {
        ":horizon": horizon.seconds(),
        ":limit": limit,
    })?;
    Ok(purged(removed, limit))
}

/// What a batch removed; a full one may have left something.
pub(super) fn purged(removed: usize, limit: u32) -> Purged {
    let removed = u64::try_from(removed).unwrap_or(u64::MAX);
    Purged {
        removed,
        more: removed >= u64::from(limit),
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    let mut columns = Columns::of(row);
    let sequence = columns.parsed(sequence)?;
    let name: String = columns.value()?;
    Ok(LogEntry {
        sequence,
        scope: scope_from(&name, &mut columns)?,
        cause: columns.cause_if_any()?,
        at: columns.millis()?,
        forget_at: columns.seconds()?,
    })
}

/// Reads the columns from `token_id` to `state`.
fn scope_from(name: &str, columns: &mut Columns<'_, '_>) -> rusqlite::Result<LogScope> {
    let token_id: Option<String> = columns.value()?;
    let session = columns.number_if_any()?;
    let sid = columns.sid_if_any()?;
    let account = columns.account_if_any()?;
    let upto = columns.parsed_if_any(sequence)?;
    let kid = columns.parsed_if_any(|name: String| KeyId::parse(&name).ok())?;
    let state = columns.parsed_if_any(|name: String| account_state(&name))?;
    let scope = match name {
        "token" => token_id.map(LogScope::Token),
        "session" => session
            .zip(sid)
            .map(|(number, sid)| LogScope::Session { number, sid }),
        "account_upto" => account
            .zip(upto)
            .map(|(account, upto)| LogScope::AccountUpto {
                account,
                upto,
                except: session,
            }),
        "everything_upto" => upto.map(LogScope::EverythingUpto),
        "key" => kid.map(LogScope::Key),
        "key_ring" => Some(LogScope::KeyRing),
        "account_state" => account
            .zip(state)
            .map(|(account, state)| LogScope::AccountState { account, state }),
        _ => None,
    };
    scope.ok_or_else(|| columns.unreadable())
}

/// A scope, spread over the log's columns.
#[derive(Default)]
struct ScopeColumns<'a> {
    name: &'static str,
    token_id: Option<&'a str>,
    session: Option<i64>,
    sid: Option<&'a [u8; 16]>,
    account: Option<i64>,
    upto: Option<i64>,
    kid: Option<&'a str>,
    state: Option<&'static str>,
}

impl<'a> From<&'a LogScope> for ScopeColumns<'a> {
    fn from(scope: &'a LogScope) -> Self {
        match scope {
            LogScope::Token(id) => Self {
                name: "token",
                token_id: Some(id),
                ..Self::default()
            },
            LogScope::Session { number, sid } => Self {
                name: "session",
                session: Some(bound(number.get())),
                sid: Some(sid.as_bytes()),
                ..Self::default()
            },
            LogScope::AccountUpto {
                account,
                upto,
                except,
            } => Self {
                name: "account_upto",
                account: Some(account.get()),
                upto: Some(bound(*upto)),
                session: except.map(|root| bound(root.get())),
                ..Self::default()
            },
            LogScope::EverythingUpto(upto) => Self {
                name: "everything_upto",
                upto: Some(bound(*upto)),
                ..Self::default()
            },
            LogScope::Key(kid) => Self {
                name: "key",
                kid: Some(kid.as_str()),
                ..Self::default()
            },
            LogScope::KeyRing => Self {
                name: "key_ring",
                ..Self::default()
            },
            LogScope::AccountState { account, state } => Self {
                name: "account_state",
                account: Some(account.get()),
                state: Some(state_name(*state)),
                ..Self::default()
            },
        }
    }
}

fn sequence(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}

const fn state_name(state: AccountState) -> &'static str {
    match state {
        AccountState::Deactivated => "deactivated",
        AccountState::Reactivated => "reactivated",
        AccountState::CredentialChanged => "credential_changed",
        AccountState::RecordChanged => "record_changed",
        AccountState::Deleted => "deleted",
    }
}

fn account_state(name: &str) -> Option<AccountState> {
    [
        AccountState::Deactivated,
        AccountState::Reactivated,
        AccountState::CredentialChanged,
        AccountState::RecordChanged,
        AccountState::Deleted,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
}
