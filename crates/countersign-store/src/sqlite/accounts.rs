//! Accounts.

use async_trait::async_trait;
use countersign::account::{
    Account, AccountId, AccountKey, Accounts, Privileges, Residence, Standing,
};
use countersign::audit::AuditEvent;
use countersign::password::{EncodedPassword, PasswordMark};
use countersign::store::{
    AccountChange, AccountCreation, AccountEdit, AccountTable, EditTarget, LogEntry, LogScope,
    NewAccount, PrivilegeChange, SessionsOnChange, StoreError,
};
use countersign::uuid::Uuid;
use countersign_token::{AccountState, ClaimsSet, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::audit::record;
use super::columns::{Columns, all};
use super::failure::Failure;
use super::revocations::append;
use super::sessions::{end_account, kept_until};
use super::store::SqliteStore;
use super::takeover::retire;

#[async_trait]
impl Accounts for SqliteStore {
    fn residence(&self) -> Residence {
        Residence::InStore
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        self.read(|connection| match key {
            AccountKey::Username(name) => find_by_username(connection, name),
            AccountKey::Email(address) => find_by_email(connection, address),
            AccountKey::Uuid(uuid) => find_by_uuid(connection, uuid),
        })
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.read(|connection| find(connection, id))
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        self.read(|connection| usernames_of(connection, accounts))
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        self.scan(move |connection| sample_passwords(connection, limit))
            .await
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        let (from, to) = (from.clone(), to.clone());
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE account
                     SET password = :to
                     WHERE id = :id
                       AND password = :from",
                )?
                .execute(named_params! {
                    ":id": id.get(),
                    ":from": from.as_stored(),
                    ":to": to.as_stored(),
                })?;
            Ok(())
        })
        .await
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE account SET last_login = :at WHERE id = :id")?
                .execute(named_params! { ":id": id.get(), ":at": at.millis() })?;
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl AccountTable for SqliteStore {
    async fn create_account(
        &self,
        account: &NewAccount,
        event: Option<&AuditEvent>,
    ) -> Result<AccountCreation, StoreError> {
        let (account, event) = (account.clone(), event.cloned());
        self.write(move |connection| {
            let Some(created) = insert(connection, &account)? else {
                return Ok(AccountCreation::UsernameTaken);
            };
            record(
                connection,
                event.map(|event| event.about(created.id)).as_ref(),
            )?;
            Ok(AccountCreation::Created(Box::new(created)))
        })
        .await
    }

    async fn is_email_taken(&self, address: &str) -> Result<bool, StoreError> {
        self.read(|connection| is_email_taken(connection, address))
    }

    async fn list_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        self.scan(move |connection| list(connection, after, limit))
            .await
    }

    async fn edit_account(
        &self,
        target: EditTarget,
        edits: &[AccountEdit],
        sessions: SessionsOnChange,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<AccountChange, StoreError> {
        let (edits, events) = (edits.to_vec(), events.to_vec());
        self.write(move |connection| {
            match find(connection, target.account)? {
                None => return Ok(AccountChange::Unknown),
                Some(account) if !target.reach.covers(&account) => {
                    return Ok(AccountChange::OutOfReach);
                }
                Some(_) => {}
            }
            let ended_sessions = edit(connection, target.account, &edits, sessions, now)?;
            for event in &events {
                record(connection, Some(event))?;
            }
            Ok(AccountChange::Changed { ended_sessions })
        })
        .await
    }
}

/// Changes an account, with all that follows for its sessions and the log. Returns how many sessions ended.
pub(super) fn edit(
    connection: &Connection,
    id: AccountId,
    edits: &[AccountEdit],
    sessions: SessionsOnChange,
    now: UnixMillis,
) -> Result<u64, Failure> {
    for edit in edits {
        change(connection, id, edit, now)?;
    }
    let ended_sessions = match sessions {
        SessionsOnChange::Keep => 0,
        SessionsOnChange::End(cause) => end_account(connection, id, None, cause, now)?,
    };
    for state in edits.iter().map(AccountEdit::state) {
        log_state(connection, id, state, now)?;
    }
    Ok(ended_sessions)
}

/// Appends what became of an account.
pub(super) fn log_state(
    connection: &Connection,
    account: AccountId,
    state: AccountState,
    now: UnixMillis,
) -> Result<(), Failure> {
    let scope = LogScope::AccountState { account, state };
    let kept_until = kept_until(connection, account, now)?;
    append(connection, &scope, None, now, kept_until)
}

pub(super) fn find(connection: &Connection, id: AccountId) -> Result<Option<Account>, Failure> {
    let account = connection
        .prepare_cached(concat!(
            "SELECT ",
            account_columns!(),
            " FROM account WHERE id = :id"
        ))?
        .query_row(named_params! { ":id": id.get() }, from_row)
        .optional()?;
    Ok(account)
}

/// Foreign tokens of the account that were issued up to `now` are refused from here on.
pub(super) fn revoke_foreign_tokens(
    connection: &Connection,
    id: AccountId,
    now: UnixMillis,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE account
             SET revoked_before = max(:now, coalesce(revoked_before, :now))
             WHERE id = :id",
        )?
        .execute(named_params! { ":id": id.get(), ":now": now.timestamp().seconds() })?;
    Ok(())
}

/// One statement, however many are asked for: they are bound as one list.
fn usernames_of(
    connection: &Connection,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, String)>, Failure> {
    let ids: Vec<_> = accounts.iter().map(ToString::to_string).collect();
    let mut find = connection.prepare_cached(
        "SELECT id, username
         FROM account
         WHERE id IN (SELECT value FROM json_each(:ids))",
    )?;
    let named = all(
        &mut find,
        named_params! { ":ids": format!("[{}]", ids.join(",")) },
        |row| {
            let mut columns = Columns::of(row);
            Ok((columns.account()?, columns.value()?))
        },
    )?;
    Ok(named)
}

/// Walks to `limit` places spread evenly between the first id and the last, one look-up each: where accounts
/// were deleted, the next one that is there stands for them.
fn sample_passwords(connection: &Connection, limit: u32) -> Result<Vec<EncodedPassword>, Failure> {
    let mut sample = connection.prepare_cached(
        "WITH RECURSIVE
             ends(first, last) AS (SELECT min(id), max(id) FROM account),
             place(number) AS (
                 VALUES (0)
                 UNION ALL
                 SELECT number + 1 FROM place WHERE number + 1 < :limit
             )
         SELECT DISTINCT id, password
         FROM ends, place, account
         WHERE id = (
             SELECT id
             FROM account
             WHERE id >= first + (last - first + 1) * number / :limit
             ORDER BY id
             LIMIT 1
         )",
    )?;
    let samples = all(&mut sample, named_params! { ":limit": limit }, |row| {
        Ok(EncodedPassword::from_stored(row.get("password")?))
    })?;
    Ok(samples)
}

fn find_by_username(connection: &Connection, username: &str) -> Result<Option<Account>, Failure> {
    let named = concat!(
        "SELECT ",
        account_columns!(),
        " FROM account WHERE username = :key"
    );
    find_the_one(connection, named, &username)
}

fn find_by_email(connection: &Connection, address: &str) -> Result<Option<Account>, Failure> {
    let named = concat!(
        "SELECT ",
        account_columns!(),
        " FROM account WHERE email = :key AND email <> '' LIMIT 2"
    );
    find_the_one(connection, named, &address)
}

pub(super) fn find_by_uuid(
    connection: &Connection,
    uuid: Uuid,
) -> Result<Option<Account>, Failure> {
    let named = concat!(
        "SELECT ",
        account_columns!(),
        " FROM account WHERE uuid = :key"
    );
    find_the_one(connection, named, uuid.as_bytes())
}

/// The account that a statement finds, if it finds exactly one.
fn find_the_one(
    connection: &Connection,
    statement: &str,
    key: &dyn ToSql,
) -> Result<Option<Account>, Failure> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut found = all(&mut statement, named_params! { ":key": key }, from_row)?;
    let first = found.pop();
    Ok(first.filter(|_| found.is_empty()))
}

fn list(connection: &Connection, after: AccountId, limit: u32) -> Result<Vec<Account>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        account_columns!(),
        " FROM account
          WHERE id > :after
          ORDER BY id
          LIMIT :limit"
    ))?;
    let parameters = named_params! { ":after": after.get(), ":limit": limit };
    Ok(all(&mut statement, parameters, from_row)?)
}

/// `None` if the login name is taken; then no id is drawn, as it would be by `ON CONFLICT DO NOTHING`.
fn insert(connection: &Connection, account: &NewAccount) -> Result<Option<Account>, Failure> {
    let mut insert = connection.prepare_cached(concat!(
        "INSERT INTO account (
             uuid, username, email, email_verified, password, password_mark, credential_version,
             active, staff, superuser, role, password_needs_reset, created_at, attributes,
             revoked_before
         )
         SELECT :uuid, :username, :email, :email_verified, :password, :password_mark, 1,
                :active, :staff, :superuser, :role, :password_needs_reset, :created_at, :attributes,
                CASE
                    WHEN EXISTS (SELECT 1 FROM takeover) THEN :never
                    WHEN EXISTS (SELECT 1 FROM retired_account WHERE username = :username)
                        THEN :created_second
                    WHEN EXISTS (SELECT 1 FROM retired_account WHERE email = :email AND email <> '')
                        THEN :created_second
                    WHEN EXISTS (SELECT 1 FROM given_up_email WHERE email = :email)
                        THEN :created_second
                END
         WHERE NOT EXISTS (SELECT 1 FROM account WHERE username = :username)
         RETURNING ",
        account_columns!()
    ))?;
    let created = insert
        .query_row(
            named_params! {
                ":uuid": account.uuid.as_bytes(),
                ":username": account.username,
                ":email": account.email,
                ":email_verified": account.email_verified,
                ":password": account.password.as_stored(),
                ":password_mark": PasswordMark::of(&account.password).as_str(),
                ":active": is_active(account.standing),
                ":staff": account.privileges.staff,
                ":superuser": account.privileges.superuser,
                ":role": account.role,
                ":password_needs_reset": account.password_needs_reset,
                ":created_at": account.created_at.millis(),
                ":created_second": account.created_at.timestamp().seconds(),
                ":never": LogEntry::NEVER_FORGOTTEN.seconds(),
                ":attributes": account.attributes.to_json(),
            },
            from_row,
        )
        .optional()?;
    Ok(created)
}

/// Writes an account of another system under its own number; `AUTOINCREMENT` goes on above it.
pub(super) fn insert_imported(connection: &Connection, account: &Account) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO account (
             id, uuid, username, email, email_verified, password, password_mark,
             credential_version, active, staff, superuser, role, password_needs_reset, created_at,
             last_login, attributes
         ) VALUES (
             :id, :uuid, :username, :email, :email_verified, :password, :password_mark,
             :credential_version, :active, :staff, :superuser, :role, :password_needs_reset,
             :created_at, :last_login, :attributes
         )",
    )?;
    insert.execute(named_params! {
        ":id": account.id.get(),
        ":uuid": account.uuid.as_bytes(),
        ":username": account.username,
        ":email": account.email,
        ":email_verified": account.email_verified,
        ":password": account.password.as_stored(),
        ":password_mark": account.password_mark.as_str(),
        ":credential_version": account.credential_version,
        ":active": is_active(account.standing),
        ":staff": account.privileges.staff,
        ":superuser": account.privileges.superuser,
        ":role": account.role,
        ":password_needs_reset": account.password_needs_reset,
        ":created_at": account.created_at.millis(),
        ":last_login": account.last_login.map(UnixMillis::millis),
        ":attributes": account.attributes.to_json(),
    })?;
    Ok(())
}

pub(super) fn is_username_taken(connection: &Connection, username: &str) -> Result<bool, Failure> {
    let taken = connection
        .prepare_cached("SELECT 1 FROM account WHERE username = :username")?
        .exists(named_params! { ":username": username })?;
    Ok(taken)
}

fn is_email_taken(connection: &Connection, address: &str) -> Result<bool, Failure> {
    let taken = connection
        .prepare_cached("SELECT 1 FROM account WHERE email = :address AND email <> ''")?
        .exists(named_params! { ":address": address })?;
    Ok(taken)
}

fn change(
    connection: &Connection,
    account: AccountId,
    edit: &AccountEdit,
    now: UnixMillis,
) -> Result<(), Failure> {
    let id = account.get();
    match edit {
        AccountEdit::Password(password) => connection
            .prepare_cached(
                "UPDATE account
                 SET password = :password,
                     password_mark = :mark,
                     credential_version = credential_version + 1
                 WHERE id = :id",
            )?
            .execute(named_params! {
                ":id": id,
                ":password": password.as_stored(),
                ":mark": PasswordMark::of(password).as_str(),
            })?,
        AccountEdit::Standing(standing) => connection
            .prepare_cached("UPDATE account SET active = :active WHERE id = :id")?
            .execute(named_params! { ":id": id, ":active": is_active(*standing) })?,
        AccountEdit::Privileges(PrivilegeChange { staff, superuser }) => connection
            .prepare_cached(
                "UPDATE account
                 SET staff = coalesce(:staff, staff), superuser = coalesce(:superuser, superuser)
                 WHERE id = :id",
            )?
            .execute(named_params! { ":id": id, ":staff": staff, ":superuser": superuser })?,
        AccountEdit::Role(role) => connection
            .prepare_cached("UPDATE account SET role = :role WHERE id = :id")?
            .execute(named_params! { ":id": id, ":role": role })?,
        AccountEdit::Email { address, verified } => {
            give_up_email(connection, account, address)?;
            connection
                .prepare_cached(
                    "UPDATE account
                     SET email = :address, email_verified = :verified
                     WHERE id = :id",
                )?
                .execute(named_params! { ":id": id, ":address": address, ":verified": verified })?
        }
        AccountEdit::PasswordNeedsReset(needed) => connection
            .prepare_cached("UPDATE account SET password_needs_reset = :needed WHERE id = :id")?
            .execute(named_params! { ":id": id, ":needed": needed })?,
        AccountEdit::Attributes(attributes) => connection
            .prepare_cached("UPDATE account SET attributes = :attributes WHERE id = :id")?
            .execute(named_params! { ":id": id, ":attributes": attributes.to_json() })?,
        AccountEdit::SetAttributes(set) => {
            let mut attributes = attributes_of(connection, account)?;
            attributes.update(set);
            connection
                .prepare_cached("UPDATE account SET attributes = :attributes WHERE id = :id")?
                .execute(named_params! { ":id": id, ":attributes": attributes.to_json() })?
        }
        AccountEdit::RefuseForeignTokens => {
            return revoke_foreign_tokens(connection, account, now);
        }
        AccountEdit::Deletion => {
            retire(connection, account)?;
            connection
                .prepare_cached("DELETE FROM account WHERE id = :id")?
                .execute(named_params! { ":id": id })?
        }
    };
    Ok(())
}

/// Remembers the address that an account has, if it is to get another one.
fn give_up_email(connection: &Connection, id: AccountId, next: &str) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO given_up_email (email)
             SELECT email FROM account WHERE id = :id AND email NOT IN ('', :next)",
        )?
        .execute(named_params! { ":id": id.get(), ":next": next })?;
    Ok(())
}

fn attributes_of(connection: &Connection, account: AccountId) -> Result<ClaimsSet, Failure> {
    let attributes = connection
        .prepare_cached("SELECT attributes FROM account WHERE id = :id")?
        .query_row(named_params! { ":id": account.get() }, |row| {
            Columns::of(row).parsed(|text: String| ClaimsSet::parse(&text).ok())
        })?;
    Ok(attributes)
}

fn is_active(standing: Standing) -> bool {
    standing == Standing::Active
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Account> {
    let mut columns = Columns::of(row);
    Ok(Account {
        id: columns.account()?,
        uuid: columns.value().map(Uuid::from_bytes)?,
        username: columns.value()?,
        email: columns.value()?,
        email_verified: columns.value()?,
        password: columns.value().map(EncodedPassword::from_stored)?,
        password_mark: columns.value().map(PasswordMark::from_stored)?,
        credential_version: columns.value()?,
        standing: if columns.value()? {
            Standing::Active
        } else {
            Standing::Inactive
        },
        privileges: Privileges {
            staff: columns.value()?,
            superuser: columns.value()?,
        },
        role: columns.value()?,
        password_needs_reset: columns.value()?,
        created_at: columns.millis()?,
        last_login: columns.millis_if_any()?,
        revoked_before: columns.seconds_if_any()?,
        attributes: columns.parsed(|text: String| ClaimsSet::parse(&text).ok())?,
    })
}

/// What `from_row` reads, in its order. A macro, because `concat!` takes literals only.
macro_rules! account_columns {
    () => {
        "id, uuid, username, email, email_verified, password, password_mark, credential_version,
         active, staff, superuser, role, password_needs_reset, created_at, last_login,
         revoked_before, attributes"
    };
}
use account_columns;
