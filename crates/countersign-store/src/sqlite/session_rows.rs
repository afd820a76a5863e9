//! The sessions' rows: written, found, read.

use countersign::account::AccountId;
use countersign::session::{
    ClientDigest, EndCause, Generation, Lineage, SessionId, SessionNumber, SessionRecord,
    SessionState,
};
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::{Columns, all, bound, first_token_code};
use super::failure::Failure;

pub(super) fn insert(connection: &Connection, session: &SessionRecord) -> Result<(), Failure> {
    let (ended_at, cause) = match session.state {
        SessionState::Ended { at, cause } => (Some(at), Some(cause)),
        SessionState::Live | SessionState::Disabled => (None, None),
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO session (
             number, sid, root, account, generation, sealing_key, created_at, rotated_at,
             refresh_expires_at, deadline, keep_until, credential_version, client, enabled,
             ended_at, cause, blacklisted_at, first_token
         ) VALUES (
             :number, :sid, :root, :account, :generation, :sealing_key, :created_at, :rotated_at,
             :refresh_expires_at, :deadline, :keep_until, :credential_version, :client, :enabled,
             :ended_at, :cause, :blacklisted_at, :first_token
         )",
    )?;
    insert.execute(named_params! {
        ":number": bound(session.number.get()),
        ":sid": session.sid.as_bytes(),
        ":root": bound(session.root.get()),
        ":account": session.account.map(AccountId::get),
        ":generation": session.generation.get(),
        ":sealing_key": session.sealing_key.get(),
        ":created_at": session.created_at.millis(),
        ":rotated_at": session.rotated_at.millis(),
        ":refresh_expires_at": session.refresh_expires_at.seconds(),
        ":deadline": session.deadline.map(Timestamp::seconds),
        ":keep_until": session.keep_until.seconds(),
        ":credential_version": session.credential_version,
        ":client": session.client.bits().cast_signed(),
        ":enabled": session.state != SessionState::Disabled,
        ":ended_at": ended_at.map(UnixMillis::millis),
        ":cause": cause.map(EndCause::name),
        ":blacklisted_at": session.blacklisted_at.map(UnixMillis::millis),
        ":first_token": first_token_code(session.first_token),
    })?;
    Ok(())
}

/// A session with its root's state; nothing for a row whose root is gone.
pub(super) fn lineage(
    connection: &Connection,
    number: SessionNumber,
) -> Result<Option<Lineage>, Failure> {
    let mut find = connection.prepare_cached(concat!(
        "SELECT ",
        session_columns!(),
        ", root_enabled, root_ended_at, root_cause
         FROM session
         JOIN (
             SELECT number AS root_number, enabled AS root_enabled, ended_at AS root_ended_at,
                    cause AS root_cause
             FROM session
         ) ON root_number = root
         WHERE number = :number"
    ))?;
    let lineage = find
        .query_row(
            named_params! { ":number": bound(number.get()) },
            lineage_from,
        )
        .optional()?;
    Ok(lineage)
}

/// Sessions with their roots' states, in order of number.
pub(super) fn list(
    connection: &Connection,
    after: u64,
    limit: u32,
) -> Result<Vec<Lineage>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        session_columns!(),
        ", root_enabled, root_ended_at, root_cause
         FROM session
         JOIN (
             SELECT number AS root_number, enabled AS root_enabled, ended_at AS root_ended_at,
                    cause AS root_cause
             FROM session
         ) ON root_number = root
         WHERE number > :after
         ORDER BY number
         LIMIT :limit"
    ))?;
    let parameters = named_params! { ":after": bound(after), ":limit": limit };
    Ok(all(&mut statement, parameters, lineage_from)?)
}

pub(super) fn find_root_by_sid(
    connection: &Connection,
    sid: SessionId,
) -> Result<Option<SessionRecord>, Failure> {
    let root = connection
        .prepare_cached(concat!(
            "SELECT ",
            session_columns!(),
            " FROM session
              WHERE sid = :sid
                AND number = root"
        ))?
        .query_row(named_params! { ":sid": sid.as_bytes() }, from_row)
        .optional()?;
    Ok(root)
}

/// Newest first.
pub(super) fn live_roots(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<SessionRecord>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        session_columns!(),
        " FROM session
          WHERE account = :account
            AND number = root
            AND ended_at IS NULL
          ORDER BY number DESC"
    ))?;
    Ok(all(
        &mut statement,
        named_params! { ":account": account.get() },
        from_row,
    )?)
}

/// Newest first, ended ones included.
pub(super) fn roots(
    connection: &Connection,
    account: AccountId,
    limit: u32,
) -> Result<Vec<SessionRecord>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        session_columns!(),
        " FROM session
          WHERE account = :account
            AND number = root
          ORDER BY number DESC
          LIMIT :limit"
    ))?;
    let parameters = named_params! { ":account": account.get(), ":limit": limit };
    Ok(all(&mut statement, parameters, from_row)?)
}

pub(super) fn is_live_root(
    connection: &Connection,
    number: SessionNumber,
    account: AccountId,
) -> Result<bool, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT 1
         FROM session
         WHERE number = :number
           AND account = :account
           AND number = root
           AND ended_at IS NULL",
    )?;
    let parameters = named_params! { ":number": bound(number.get()), ":account": account.get() };
    Ok(find.exists(parameters)?)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    session_from(&mut Columns::of(row))
}

fn lineage_from(row: &Row<'_>) -> rusqlite::Result<Lineage> {
    let mut columns = Columns::of(row);
    Ok(Lineage {
        session: session_from(&mut columns)?,
        root: columns.state()?,
    })
}

fn session_from(columns: &mut Columns<'_, '_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        number: columns.number()?,
        sid: columns.sid()?,
        root: columns.number()?,
        account: columns.account_if_any()?,
        generation: columns.parsed(Generation::new)?,
        sealing_key: columns.sealing_key()?,
        first_token: columns.first_token()?,
        created_at: columns.millis()?,
        rotated_at: columns.millis()?,
        refresh_expires_at: columns.seconds()?,
        deadline: columns.seconds_if_any()?,
        keep_until: columns.seconds()?,
        credential_version: columns.value()?,
        client: columns
            .value()
            .map(|bits: i64| ClientDigest::from_bits(bits.cast_unsigned()))?,
        state: columns.state()?,
        blacklisted_at: columns.millis_if_any()?,
    })
}

/// What `session_from` reads, in its order. A macro, because `concat!` takes literals only.
macro_rules! session_columns {
    () => {
        "number, sid, root, account, generation, sealing_key, first_token, created_at, rotated_at,
         refresh_expires_at, deadline, keep_until, credential_version, client, enabled,
         ended_at, cause, blacklisted_at"
    };
}
pub(super) use session_columns;
