//! Writing to a Django database: the way back.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use countersign::account::{Account, AccountId};
use countersign::authority::DeadToken;
use countersign::store::RetiredAccount;
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::types::Value;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, named_params, params_from_iter,
};

use super::map::{Resolved, columns_of, quoted};
use super::{DjangoError, DjangoMap, UserField};
use crate::sqlite::columns::all;

/// A Django database that is written to, in one transaction: until [`commit`](Self::commit) nothing has happened.
#[derive(Debug)]
pub struct DjangoTarget {
    connection: Connection,
    users: Resolved,
    /// Columns of the users' table that need a value and are not mapped, with one for each.
    fillers: Vec<(String, Value)>,
    outstanding: String,
    blacklisted: String,
}

/// What giving back an account came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserExport {
    /// It was there, and is brought up to date.
    Updated,
    /// It was there, and is as it is here.
    Unchanged,
    /// It is new there.
    Inserted,
    /// The user of its number there has another name: it is somebody else.
    SomebodyElse,
    /// Another user there has its name, or something else that must be unique.
    Taken,
    /// It may not sign in here, and the table has no column to say so.
    NoColumnForInactive,
}

impl DjangoTarget {
    /// Opens a database whose tables Django has made.
    ///
    /// # Errors
    /// [`DjangoError`] if it is not what the map says, or somebody else is writing to it.
    pub fn open(path: &Path, map: &DjangoMap) -> Result<Self, DjangoError> {
        File::open(path).map_err(DjangoError::File)?;
        let path = std::path::absolute(path).map_err(DjangoError::File)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let users = map.resolve(&connection)?;
        for table in [&map.outstanding, &map.blacklisted] {
            if columns_of(&connection, table)?.is_empty() {
                return Err(DjangoError::NoTable {
                    table: table.clone(),
                    candidates: Vec::new(),
                });
            }
        }
        Ok(Self {
            fillers: fillers(&connection, &users)?,
            outstanding: quoted(&map.outstanding),
            blacklisted: quoted(&map.blacklisted),
            users,
            connection,
        })
    }

    /// Brings a user up to date, or makes one.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if it could not be written.
    pub fn put_user(&self, account: &Account) -> Result<UserExport, DjangoError> {
        if !account.is_active() && self.users.quoted(UserField::IsActive).is_none() {
            return Ok(UserExport::NoColumnForInactive);
        }
        let there = self.username_of(account.id)?;
        let values = self.values_of(account);
        let written = match there {
            Some(name) if name != account.username => return Ok(UserExport::SomebodyElse),
            Some(_) => self.update(account.id, &values),
            None => self.insert(account, values),
        };
        match written {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Ok(UserExport::Taken)
            }
            written => Ok(written?),
        }
    }

    /// Keeps a user from signing in: an account that was deleted here, whose number is not given again. Returns whether
    /// there was one that might have.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if it could not be written.
    pub fn shut_out(&self, retired: &RetiredAccount) -> Result<bool, DjangoError> {
        let id = retired.id;
        let there = self.username_of(id)?;
        // Whoever signed up there under a number that was drawn here is somebody else.
        if !retired.imported && there.is_some_and(|name| name != retired.username) {
            return Ok(false);
        }
        let (table, key) = (quoted(&self.users.table), self.quoted_id());
        let password = quoted(self.users.needed(UserField::Password));
        let active = self.users.quoted(UserField::IsActive);
        let (inactive, is_active) = active.map_or_else(Default::default, |column| {
            (format!(", {column} = 0"), format!(" OR {column} IS NOT 0"))
        });
        // Django's form of a password that nothing matches.
        let shut_out = format!(
            "UPDATE {table}
             SET {password} = '!' || lower(hex(randomblob(20))){inactive}
             WHERE {key} = :id
               AND (substr({password}, 1, 1) IS NOT '!'{is_active})",
        );
        let changed = self
            .connection
            .prepare_cached(&shut_out)?
            .execute(named_params! { ":id": id.get() })?;
        self.never_give(id)?;
        Ok(changed > 0)
    }

    /// Blacklists a token. Returns whether it was not blacklisted before.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if it could not be written.
    pub fn put_dead_token(&self, token: &DeadToken) -> Result<bool, DjangoError> {
        let (outstanding, blacklisted) = (&self.outstanding, &self.blacklisted);
        let (table, key) = (quoted(&self.users.table), self.quoted_id());
        let record = format!(
            "INSERT INTO {outstanding} (user_id, jti, token, created_at, expires_at)
             VALUES ((SELECT {key} FROM {table} WHERE {key} = :account), :jti, '',
                     {}, {})
             ON CONFLICT (jti) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)",
            moment(":created_at"),
            moment(":expires_at"),
        );
        self.connection
            .prepare_cached(&record)?
            .execute(named_params! {
                ":account": token.account.map(AccountId::get),
                ":jti": token.token_id,
                ":created_at": token.created_at.millis(),
                ":expires_at": UnixMillis::from(token.expires_at).millis(),
            })?;
        let blacklist = format!(
            "INSERT INTO {blacklisted} (token_id, blacklisted_at)
             SELECT id, {} FROM {outstanding} WHERE jti = :jti
             ON CONFLICT (token_id) DO NOTHING",
            moment(":died_at"),
        );
        let written = self
            .connection
            .prepare_cached(&blacklist)?
            .execute(named_params! {
                ":jti": token.token_id,
                ":died_at": token.died_at.millis(),
            })?;
        Ok(written > 0)
    }

    /// Blacklists every token that was recorded up to a second: of one account, or of everybody. Returns how many
    /// were not blacklisted before.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if they could not be written.
    pub fn blacklist_before(
        &self,
        account: Option<AccountId>,
        second: Timestamp,
        now: UnixMillis,
    ) -> Result<u64, DjangoError> {
        let blacklist = format!(
            "INSERT INTO {} (token_id, blacklisted_at)
             SELECT id, {}
             FROM {}
             WHERE (:account IS NULL OR user_id = :account)
               AND coalesce(unixepoch(created_at), 0) <= :second
             ON CONFLICT (token_id) DO NOTHING",
            self.blacklisted,
            moment(":now"),
            self.outstanding,
        );
        let written = self
            .connection
            .prepare_cached(&blacklist)?
            .execute(named_params! {
                ":account": account.map(AccountId::get),
                ":second": second.seconds(),
                ":now": now.millis(),
            })?;
        Ok(u64::try_from(written).unwrap_or(u64::MAX))
    }

    /// Makes it all so.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`]: nothing was written.
    pub fn commit(self) -> Result<(), DjangoError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    fn username_of(&self, id: AccountId) -> rusqlite::Result<Option<String>> {
        let find = format!(
            "SELECT {} FROM {} WHERE {} = :id",
            quoted(self.users.needed(UserField::Username)),
            quoted(&self.users.table),
            self.quoted_id(),
        );
        self.connection
            .prepare_cached(&find)?
            .query_row(named_params! { ":id": id.get() }, |row| row.get(0))
            .optional()
    }

    fn quoted_id(&self) -> String {
        quoted(self.users.needed(UserField::Id))
    }

    fn never_give(&self, id: AccountId) -> rusqlite::Result<()> {
        if columns_of(&self.connection, "sqlite_sequence")?.is_empty() {
            return Ok(());
        }
        let parameters = named_params! { ":table": self.users.table, ":id": id.get() };
        self.connection
            .prepare_cached("UPDATE sqlite_sequence SET seq = max(seq, :id) WHERE name = :table")?
            .execute(parameters)?;
        Ok(())
    }

    /// Each mapped column but the number, with its value; the expression around it first.
    fn values_of(&self, account: &Account) -> Vec<(String, &'static str, Value)> {
        let time = |at: Option<UnixMillis>| at.map_or(Value::Null, |at| at.millis().into());
        let plain = "?";
        let fields = [
            (UserField::Username, plain, account.username.clone().into()),
            (
                UserField::Password,
                plain,
                account.password.as_stored().to_owned().into(),
            ),
            (UserField::Email, plain, account.email.clone().into()),
            (UserField::IsActive, plain, account.is_active().into()),
            (UserField::IsStaff, plain, account.privileges.staff.into()),
            (
                UserField::IsSuperuser,
                plain,
                account.privileges.superuser.into(),
            ),
            (UserField::LastLogin, MOMENT, time(account.last_login)),
            (
                UserField::DateJoined,
                MOMENT,
                time(Some(account.created_at)),
            ),
        ];
        let mapped = fields
            .into_iter()
            .filter_map(|(field, around, value)| Some((self.users.quoted(field)?, around, value)));
        let kept = self.users.attributes.iter().filter_map(|(name, column)| {
            let value = attribute(account, name)?;
            Some((quoted(column), plain, value))
        });
        mapped.chain(kept).collect()
    }

    /// Writes what differs; whatever collation a column has, another spelling is another text.
    fn update(
        &self,
        id: AccountId,
        values: &[(String, &'static str, Value)],
    ) -> rusqlite::Result<UserExport> {
        let places = (1..).zip(values).map(|(place, (column, around, _))| {
            let value = around.replace('?', &format!("?{place}"));
            (column, value)
        });
        let (set, differs): (Vec<_>, Vec<_>) = places
            .map(|(column, value)| {
                let set = format!("{column} = {value}");
                (set, format!("{column} COLLATE BINARY IS NOT {value}"))
            })
            .unzip();
        let update = format!(
            "UPDATE {} SET {} WHERE {} = ?{} AND ({})",
            quoted(&self.users.table),
            set.join(", "),
            self.quoted_id(),
            values.len() + 1,
            differs.join(" OR "),
        );
        let values = values.iter().map(|(.., value)| value.clone());
        let parameters = params_from_iter(values.chain([id.get().into()]));
        let changed = self
            .connection
            .prepare_cached(&update)?
            .execute(parameters)?;
        Ok(if changed > 0 {
            UserExport::Updated
        } else {
            UserExport::Unchanged
        })
    }

    fn insert(
        &self,
        account: &Account,
        mut values: Vec<(String, &'static str, Value)>,
    ) -> rusqlite::Result<UserExport> {
        values.push((self.quoted_id(), "?", account.id.get().into()));
        if let Some(column) = self.users.quoted(UserField::Uuid) {
            let bits = u128::from_be_bytes(*account.uuid.as_bytes());
            values.push((column, "?", format!("{bits:032x}").into()));
        }
        for (column, value) in &self.fillers {
            if !values.iter().any(|(known, ..)| known == column) {
                values.push((column.clone(), "?", value.clone()));
            }
        }
        let columns: Vec<_> = values.iter().map(|(column, ..)| column.as_str()).collect();
        let places: Vec<_> = values.iter().map(|(_, around, _)| *around).collect();
        let insert = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(&self.users.table),
            columns.join(", "),
            places.join(", "),
        );
        let parameters = params_from_iter(values.into_iter().map(|(.., value)| value));
        self.connection
            .prepare_cached(&insert)?
            .execute(parameters)?;
        Ok(UserExport::Inserted)
    }
}

/// An attribute as SQLite holds it; `None` if the account has none of the name, or one that is a list or an object.
fn attribute(account: &Account, name: &str) -> Option<Value> {
    let attributes = &account.attributes;
    if let Some(Ok(number)) = attributes.get::<i64>(name) {
        return Some(number.into());
    }
    if let Some(Ok(number)) = attributes.get::<f64>(name) {
        return Some(number.into());
    }
    let text = attributes.get::<Option<String>>(name)?.ok()?;
    Some(text.map_or(Value::Null, Value::Text))
}

/// What a new user gets in columns that need a value and that nothing is known about.
fn fillers(connection: &Connection, users: &Resolved) -> rusqlite::Result<Vec<(String, Value)>> {
    let mut statement = connection.prepare(
        "SELECT name, type
         FROM pragma_table_info(:table)
         WHERE \"notnull\" AND dflt_value IS NULL AND NOT pk",
    )?;
    all(
        &mut statement,
        named_params! { ":table": users.table },
        |row| {
            let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
            let kind = kind.to_ascii_lowercase();
            let is_text = ["char", "text", "date"]
                .iter()
                .any(|part| kind.contains(part));
            let filler = if is_text {
                Value::Text(String::new())
            } else {
                Value::Integer(0)
            };
            Ok((quoted(&name), filler))
        },
    )
}

/// A moment as Django writes it: UTC, without a zone.
fn moment(millis: &str) -> String {
    MOMENT.replace('?', millis)
}

const MOMENT: &str = "strftime('%Y-%m-%d %H:%M:%f', ? / 1000.0, 'unixepoch')";

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
