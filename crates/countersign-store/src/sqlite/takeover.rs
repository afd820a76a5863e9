//! Taking over, and giving back.

use async_trait::async_trait;
use countersign::account::{Account, AccountId, Privileges, Standing};
use countersign::audit::AuditEvent;
use countersign::sealed_id::SealingKeyId;
use countersign::session::{EndCause, Lineage, SessionNumber};
use countersign::store::{
    AccountImport, ForeignToken, ImportEffects, ImportMark, ImportRun, ImportedAccount,
    ImportedToken, LogEntry, LogScope, Merge, RetiredAccount, StoreError, Takeover, TokenImport,
    TokenImports,
};
use countersign_token::{AccountState, UnixMillis};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::accounts;
use super::audit::record;
use super::columns::{Columns, all};
use super::failure::Failure;
use super::foreign;
use super::keys::seals_with;
use super::revocations::append;
use super::session_rows;
use super::sessions::end_root;
use super::store::SqliteStore;

#[async_trait]
impl Takeover for SqliteStore {
    async fn leave_account_numbers(&self, upto: AccountId) -> Result<u64, StoreError> {
        self.write(move |connection| leave_numbers(connection, upto))
            .await
    }

    async fn import_accounts(
        &self,
        accounts: &[ImportedAccount],
        effects: ImportEffects,
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Vec<AccountImport>, StoreError> {
        let (accounts, event) = (accounts.to_vec(), event.cloned());
        self.import(run, move |connection| {
            let outcomes = accounts
                .iter()
                .map(|account| import_account(connection, account, effects, now))
                .collect::<Result<Vec<_>, _>>()?;
            let taken = [AccountImport::Created, AccountImport::Refreshed];
            if outcomes.iter().any(|outcome| taken.contains(outcome)) {
                record(connection, event.as_ref())?;
            }
            Ok(outcomes)
        })
        .await
    }

    async fn import_foreign_tokens(
        &self,
        tokens: &[ImportedToken],
        sealing_keys: &[SealingKeyId],
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<TokenImports, StoreError> {
        let (tokens, sealing_keys) = (tokens.to_vec(), sealing_keys.to_vec());
        let event = event.cloned();
        self.import(run, move |connection| {
            if !seals_with(connection, &sealing_keys)? {
                return Ok(TokenImports::SealingKeysChanged);
            }
            let outcomes = tokens
                .iter()
                .map(|token| import_token(connection, token, now))
                .collect::<Result<Vec<_>, _>>()?;
            let unchanged = |outcome: &TokenImport| *outcome == TokenImport::Unchanged;
            if !outcomes.iter().all(unchanged) {
                record(connection, event.as_ref())?;
            }
            Ok(TokenImports::Done(outcomes))
        })
        .await
    }

    async fn list_retired_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<RetiredAccount>, StoreError> {
        self.scan(move |connection| retired_accounts(connection, after, limit))
            .await
    }

    async fn list_foreign_tokens(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, StoreError> {
        let after = after.to_owned();
        self.scan(move |connection| foreign::list(connection, &after, limit))
            .await
    }

    async fn list_sessions(&self, after: u64, limit: u32) -> Result<Vec<Lineage>, StoreError> {
        self.scan(move |connection| session_rows::list(connection, after, limit))
            .await
    }
}

impl SqliteStore {
    /// Does the work of an import; a rehearsal is undone when it is done.
    async fn import<T: Send + 'static>(
        &self,
        run: ImportRun,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(move |connection| {
            if run == ImportRun::Real {
                return work(connection);
            }
            connection.execute_batch("SAVEPOINT rehearsal")?;
            let outcome = work(connection);
            connection.execute_batch("ROLLBACK TO rehearsal; RELEASE rehearsal")?;
            outcome
        })
        .await
    }
}

/// Keeps the number of an account that is about to be deleted.
pub(super) fn retire(connection: &Connection, id: AccountId) -> Result<(), Failure> {
    let id = id.get();
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO retired_account (id, username, email, imported)
             SELECT id, username, email, EXISTS (SELECT 1 FROM imported_account WHERE id = :id)
             FROM account WHERE id = :id",
        )?
        .execute(named_params! { ":id": id })?;
    connection
        .prepare_cached("DELETE FROM imported_account WHERE id = :id")?
        .execute(named_params! { ":id": id })?;
    Ok(())
}

fn import_account(
    connection: &Connection,
    imported: &ImportedAccount,
    effects: ImportEffects,
    now: UnixMillis,
) -> Result<AccountImport, Failure> {
    let Some(account) = accounts::find(connection, imported.id)? else {
        return import_new(connection, imported);
    };
    let Some(base) = mark(connection, imported.id)? else {
        accept_no_foreign_token(connection, imported.id)?;
        return Ok(AccountImport::NumberTaken);
    };
    merge(connection, imported, &account, &base, effects, now)
}

fn import_new(
    connection: &Connection,
    imported: &ImportedAccount,
) -> Result<AccountImport, Failure> {
    if is_retired(connection, imported.id)? {
        return Ok(AccountImport::NumberRetired);
    }
    if accounts::is_username_taken(connection, &imported.username)? {
        return Ok(AccountImport::UsernameTaken);
    }
    if accounts::find_by_uuid(connection, imported.uuid)?.is_some() {
        return Ok(AccountImport::UuidTaken);
    }
    accounts::insert_imported(connection, &imported.to_account())?;
    remember(connection, imported.id, &imported.mark())?;
    Ok(AccountImport::Created)
}

fn merge(
    connection: &Connection,
    imported: &ImportedAccount,
    account: &Account,
    base: &ImportMark,
    effects: ImportEffects,
    now: UnixMillis,
) -> Result<AccountImport, Failure> {
    let merge = imported.merge(account, base);
    if let Some(username) = &merge.username
        && accounts::is_username_taken(connection, username)?
    {
        return Ok(AccountImport::UsernameTaken);
    }
    for edit in &merge.edits {
        let (edits, sessions) = (std::slice::from_ref(edit), effects.of(edit));
        accounts::edit(connection, imported.id, edits, sessions, now)?;
    }
    finish_merge(connection, imported.id, &merge, now)?;
    Ok(merge.outcome())
}

fn finish_merge(
    connection: &Connection,
    id: AccountId,
    merge: &Merge,
    now: UnixMillis,
) -> Result<(), Failure> {
    if merge.username.is_some() || merge.last_login.is_some() {
        connection
            .prepare_cached(
                "UPDATE account
                 SET username = coalesce(:username, username),
                     last_login = coalesce(:last_login, last_login)
                 WHERE id = :id",
            )?
            .execute(named_params! {
                ":id": id.get(),
                ":username": merge.username,
                ":last_login": merge.last_login.map(UnixMillis::millis),
            })?;
    }
    if merge.username.is_some() {
        accounts::log_state(connection, id, AccountState::RecordChanged, now)?;
    }
    remember(connection, id, &merge.mark)
}

fn mark(connection: &Connection, id: AccountId) -> Result<Option<ImportMark>, Failure> {
    let mark = connection
        .prepare_cached("SELECT password, active, staff, superuser, profile FROM imported_account WHERE id = :id")?
        .query_row(named_params! { ":id": id.get() }, |row| {
            let mut columns = Columns::of(row);
            Ok(ImportMark {
                password: columns.value()?,
                standing: if columns.value()? {
                    Standing::Active
                } else {
                    Standing::Inactive
                },
                privileges: Privileges {
                    staff: columns.value()?,
                    superuser: columns.value()?,
                },
                profile: columns.value()?,
            })
        })
        .optional()?;
    Ok(mark)
}

fn remember(connection: &Connection, id: AccountId, mark: &ImportMark) -> Result<(), Failure> {
    let mut remember = connection.prepare_cached(
        "INSERT INTO imported_account (id, password, active, staff, superuser, profile)
         VALUES (:id, :password, :active, :staff, :superuser, :profile)
         ON CONFLICT (id) DO UPDATE SET
             password = excluded.password, active = excluded.active, staff = excluded.staff,
             superuser = excluded.superuser, profile = excluded.profile
         WHERE (password, active, staff, superuser, profile)
             IS NOT (excluded.password, excluded.active, excluded.staff, excluded.superuser,
                     excluded.profile)",
    )?;
    remember.execute(named_params! {
        ":id": id.get(),
        ":password": mark.password,
        ":active": mark.standing == Standing::Active,
        ":staff": mark.privileges.staff,
        ":superuser": mark.privileges.superuser,
        ":profile": mark.profile,
    })?;
    Ok(())
}

fn retired_accounts(
    connection: &Connection,
    after: AccountId,
    limit: u32,
) -> Result<Vec<RetiredAccount>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id, username, imported FROM retired_account WHERE id > :after ORDER BY id LIMIT :limit",
    )?;
    let parameters = named_params! { ":after": after.get(), ":limit": limit };
    Ok(all(&mut statement, parameters, |row| {
        let mut columns = Columns::of(row);
        Ok(RetiredAccount {
            id: columns.account()?,
            username: columns.value()?,
            imported: columns.value()?,
        })
    })?)
}

fn is_retired(connection: &Connection, id: AccountId) -> Result<bool, Failure> {
    let retired = connection
        .prepare_cached("SELECT 1 FROM retired_account WHERE id = :id")?
        .exists(named_params! { ":id": id.get() })?;
    Ok(retired)
}

fn leave_numbers(connection: &Connection, upto: AccountId) -> Result<u64, Failure> {
    let upto = upto.get();
    let moved = connection
        .prepare_cached("UPDATE sqlite_sequence SET seq = max(seq, :upto) WHERE name = 'account'")?
        .execute(named_params! { ":upto": upto })?;
    if moved == 0 {
        connection
            .prepare_cached("INSERT INTO sqlite_sequence (name, seq) VALUES ('account', :upto)")?
            .execute(named_params! { ":upto": upto })?;
    }
    let closed = connection
        .prepare_cached(
            "UPDATE account
             SET revoked_before = :never
             WHERE id NOT IN (SELECT id FROM imported_account)",
        )?
        .execute(named_params! { ":never": LogEntry::NEVER_FORGOTTEN.seconds() })?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO takeover (only) VALUES (1)")?
        .execute([])?;
    Ok(u64::try_from(closed).unwrap_or(u64::MAX))
}

/// A foreign token that names this account means somebody else's.
fn accept_no_foreign_token(connection: &Connection, id: AccountId) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE account SET revoked_before = :never WHERE id = :id")?
        .execute(named_params! {
            ":id": id.get(),
            ":never": LogEntry::NEVER_FORGOTTEN.seconds(),
        })?;
    Ok(())
}

fn import_token(
    connection: &Connection,
    token: &ImportedToken,
    now: UnixMillis,
) -> Result<TokenImport, Failure> {
    let known = foreign::find(connection, &token.token_id)?;
    if let Some(session) = known.as_ref().and_then(|known| known.session) {
        return end_adopted(connection, session, token, now);
    }
    let blacklisted_here = known.as_ref().map(|known| known.blacklisted_at.is_some());
    if blacklisted_here == Some(true)
        || blacklisted_here.is_some() && token.blacklisted_at.is_none()
    {
        return Ok(TokenImport::Unchanged);
    }
    let expires_at = foreign::record_imported(connection, token)?;
    if token.blacklisted_at.is_none() {
        return Ok(TokenImport::Recorded);
    }
    let scope = LogScope::Token(token.token_id.clone());
    append(connection, &scope, None, now, expires_at)?;
    Ok(TokenImport::Blacklisted)
}

fn end_adopted(
    connection: &Connection,
    session: SessionNumber,
    token: &ImportedToken,
    now: UnixMillis,
) -> Result<TokenImport, Failure> {
    let live = session_rows::lineage(connection, session)?.filter(|known| !known.root.is_ended());
    match live {
        Some(lineage) if token.blacklisted_at.is_some() => {
            end_root(connection, lineage.session.root, EndCause::Logout, now)?;
            Ok(TokenImport::SessionEnded)
        }
        Some(_) | None => Ok(TokenImport::Unchanged),
    }
}
