//! Reading a Django database, page by page, while Django may be running on it.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use countersign::account::{Privileges, Standing};
use countersign::authority::{ForeignAccount, RecordedToken};
use countersign::password::EncodedPassword;
use countersign::store::LogEntry;
use countersign::uuid::Uuid;
use countersign_token::{ClaimsSet, Timestamp, UnixMillis};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row, named_params};

use super::map::{Resolved, columns_of, quoted};
use super::{DjangoError, DjangoMap, UserField};
use crate::sqlite::columns::all;

/// A Django database that is read and never written.
///
/// Each page is a transaction of its own, so that Django is not held up, however long the whole takes. What
/// changes behind the page that was read last is not seen: read again once Django has stopped.
#[derive(Debug)]
pub struct DjangoSource {
    connection: Connection,
    users: Resolved,
    users_sql: String,
    /// `None` where the blacklist app is not installed.
    tokens: Option<Tokens>,
}

#[derive(Debug)]
struct Tokens {
    table: String,
    sql: String,
}

/// Some rows, in order of their ids.
#[derive(Debug)]
pub struct DjangoPage<T> {
    /// The rows; those that cannot be read say so.
    pub rows: Vec<Result<T, UnreadableRow>>,
    /// Where the next page begins: after this id. `None` if this page is empty.
    pub last: Option<i64>,
}

/// A row that holds something unexpected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its id.
    pub id: i64,
    /// Where the unexpected is.
    pub column: String,
    /// What is unexpected.
    pub flaw: Flaw,
}

/// Why a column cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It holds something of another kind.
    Unexpected,
    /// It holds more than anything of its kind can have. The rest of the row was not looked at.
    TooLong,
}

impl DjangoSource {
    /// Opens a database, and holds the map against what is in it.
    ///
    /// # Errors
    /// [`DjangoError`] if it is not what the map says.
    pub fn open(path: &Path, map: &DjangoMap) -> Result<Self, DjangoError> {
        File::open(path).map_err(DjangoError::File)?;
        let path = std::path::absolute(path).map_err(DjangoError::File)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "query_only", true)?;
        // Nothing that somebody put into the schema runs with our rights.
        connection.pragma_update(None, "trusted_schema", false)?;
        let users = map.resolve(&connection)?;
        must_be_numbers(&connection, &users)?;
        Ok(Self {
            users_sql: users_sql(&users),
            tokens: tokens(&connection, map)?,
            users,
            connection,
        })
    }

    /// How many users there are.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if they could not be counted.
    pub fn count_users(&self) -> Result<u64, DjangoError> {
        self.count(&self.users.table)
    }

    /// The highest id that was ever given to a user, as far as the database knows.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if it could not be read.
    pub fn highest_user_id(&self) -> Result<i64, DjangoError> {
        let (id, table) = (self.users.needed(UserField::Id), &self.users.table);
        let highest = format!(
            "SELECT coalesce(max({}), 0) FROM {}",
            quoted(id),
            quoted(table)
        );
        let highest: i64 = self.connection.query_row(&highest, [], |row| row.get(0))?;
        // The table is there as soon as any table numbers its rows for good, as Django's do.
        if columns_of(&self.connection, "sqlite_sequence")?.is_empty() {
            return Ok(highest);
        }
        let drawn = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = :table";
        let drawn: i64 =
            self.connection
                .query_row(drawn, named_params! { ":table": table }, |row| row.get(0))?;
        Ok(highest.max(drawn))
    }

    /// How many addresses several users share: none of these names anybody here.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if they could not be counted.
    pub fn count_shared_addresses(&self) -> Result<u64, DjangoError> {
        let Some(email) = self.users.quoted(UserField::Email) else {
            return Ok(0);
        };
        let table = quoted(&self.users.table);
        let shared = format!(
            "SELECT count(*)
             FROM (SELECT 1 FROM {table} WHERE {email} <> '' GROUP BY {email} HAVING count(*) > 1)"
        );
        let count: i64 = self.connection.query_row(&shared, [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many tokens were recorded; `None` where there is no blacklist app.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if they could not be counted.
    pub fn count_tokens(&self) -> Result<Option<u64>, DjangoError> {
        let table = self.tokens.as_ref().map(|tokens| &tokens.table);
        table.map(|table| self.count(table)).transpose()
    }

    /// What the users' table says nothing about.
    pub fn fields_without_column(&self) -> Vec<UserField> {
        self.users.without_column()
    }

    /// Up to `limit` users with ids above `after`.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if they could not be read.
    pub fn users_after(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<DjangoPage<ForeignAccount>, DjangoError> {
        let user = |row: &Row<'_>| read_user(row, &self.users.attributes);
        self.page(&self.users_sql, after, limit, user)
    }

    /// Up to `limit` recorded tokens with ids of rows above `after`.
    ///
    /// # Errors
    /// [`DjangoError::Sqlite`] if they could not be read.
    pub fn tokens_after(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<DjangoPage<RecordedToken>, DjangoError> {
        match &self.tokens {
            Some(tokens) => self.page(&tokens.sql, after, limit, read_token),
            None => Ok(DjangoPage {
                rows: Vec::new(),
                last: None,
            }),
        }
    }

    fn count(&self, table: &str) -> Result<u64, DjangoError> {
        let count = format!("SELECT count(*) FROM {}", quoted(table));
        let count: i64 = self.connection.query_row(&count, [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn page<T>(
        &self,
        sql: &str,
        after: i64,
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<T, Unexpected>,
    ) -> Result<DjangoPage<T>, DjangoError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let parameters = named_params! { ":after": after, ":limit": limit };
        let rows = all(&mut statement, parameters, |row| {
            let id = row.get(0)?;
            let unreadable = |column, flaw| UnreadableRow { id, column, flaw };
            let read = match row.get(1)? {
                Some(column) => Err(unreadable(column, Flaw::TooLong)),
                None => {
                    read(row).map_err(|Unexpected(column)| unreadable(column, Flaw::Unexpected))
                }
            };
            Ok((id, read))
        })?;
        Ok(DjangoPage {
            last: rows.last().map(|(id, _)| *id),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
        })
    }
}

/// The column that holds something unexpected.
struct Unexpected(String);

fn must_be_numbers(connection: &Connection, users: &Resolved) -> Result<(), DjangoError> {
    let column = users.needed(UserField::Id);
    let strange = format!(
        "SELECT count(*) FROM {} WHERE typeof({}) <> 'integer'",
        quoted(&users.table),
        quoted(column),
    );
    let count: i64 = connection.query_row(&strange, [], |row| row.get(0))?;
    if count > 0 {
        return Err(DjangoError::NotNumbers {
            table: users.table.clone(),
            column: column.to_owned(),
            count: u64::try_from(count).unwrap_or(0),
        });
    }
    Ok(())
}

/// What finds users: their ids, what is too long of them, and the rest, of which no text is longer than its bound.
fn users_sql(users: &Resolved) -> String {
    let mut texts = Texts::default();
    let mut text = |field: UserField, longest, otherwise: &str| match users.quoted(field) {
        Some(column) => texts.bounded(field.name(), &column, longest),
        None => otherwise.to_owned(),
    };
    let username = text(UserField::Username, LONGEST_NAME, "NULL");
    let password = text(UserField::Password, LONGEST_PASSWORD, "NULL");
    let email = text(UserField::Email, LONGEST_EMAIL, "''");
    let active = text(UserField::IsActive, LONGEST_PLAIN, "1");
    let staff = text(UserField::IsStaff, LONGEST_PLAIN, "0");
    let superuser = text(UserField::IsSuperuser, LONGEST_PLAIN, "0");
    let last_login = text(UserField::LastLogin, LONGEST_PLAIN, "NULL");
    let date_joined = text(UserField::DateJoined, LONGEST_PLAIN, "NULL");
    let uuid = text(UserField::Uuid, LONGEST_PLAIN, "NULL");
    let mut attributes = String::new();
    for (_, column) in &users.attributes {
        let attribute = texts.bounded(column, &quoted(column), LONGEST_ATTRIBUTE);
        attributes.extend([", ", &attribute]);
    }
    format!(
        "SELECT {id}, {too_long}, {username}, {password}, coalesce({email}, ''), {active}, {staff}, {superuser},
                {last_login}, {last_login_millis}, {date_joined}, {date_joined_millis}, {uuid}{attributes}
         FROM {table}
         WHERE {id} > :after
         ORDER BY {id}
         LIMIT :limit",
        id = quoted(users.needed(UserField::Id)),
        too_long = texts.too_long(),
        last_login_millis = millis(&last_login),
        date_joined_millis = millis(&date_joined),
        table = quoted(&users.table),
    )
}

/// What finds the tokens; `None` if their tables are not there.
fn tokens(connection: &Connection, map: &DjangoMap) -> Result<Option<Tokens>, DjangoError> {
    for table in [&map.outstanding, &map.blacklisted] {
        if columns_of(connection, table)?.is_empty() {
            return Ok(None);
        }
    }
    let mut texts = Texts::default();
    let token_id = texts.bounded("jti", "t.jti", LONGEST_TOKEN_ID);
    let sql = format!(
        "SELECT t.id, {}, {token_id}, t.user_id, {}, {}, {}, b.id IS NOT NULL, {}
         FROM {} AS t
         LEFT JOIN {} AS b ON b.token_id = t.id
         WHERE t.id > :after
         ORDER BY t.id
         LIMIT :limit",
        texts.too_long(),
        unless_longer("t.token", LONGEST_TOKEN),
        millis(&unless_longer("t.created_at", LONGEST_PLAIN)),
        millis(&unless_longer("t.expires_at", LONGEST_PLAIN)),
        millis(&unless_longer("b.blacklisted_at", LONGEST_PLAIN)),
        quoted(&map.outstanding),
        quoted(&map.blacklisted),
    );
    let table = map.outstanding.clone();
    Ok(Some(Tokens { table, sql }))
}

/// Columns with bounds: SQLite keeps up to a gigabyte in each, and nothing of it is read before its length is known.
#[derive(Default)]
struct Texts {
    checks: Vec<String>,
}

impl Texts {
    /// A column that is fetched only within its bound, in bytes.
    fn bounded(&mut self, name: &str, column: &str, longest: u32) -> String {
        let name = name.replace('\'', "''");
        let check = format!("WHEN octet_length({column}) > {longest} THEN '{name}'");
        self.checks.push(check);
        unless_longer(column, longest)
    }

    /// The name of the first column that is longer than its bound, if one is.
    fn too_long(&self) -> String {
        format!("CASE {} END", self.checks.join(" "))
    }
}

/// A column, or `NULL` if it is longer.
fn unless_longer(column: &str, longest: u32) -> String {
    format!("CASE WHEN octet_length({column}) <= {longest} THEN {column} END")
}

/// Milliseconds of a column that Django has written: a text in UTC, with a fraction or without.
fn millis(column: &str) -> String {
    format!("CAST(round(unixepoch({column}, 'subsec') * 1000) AS INTEGER)")
}

fn read_user(row: &Row<'_>, attributes: &[(String, String)]) -> Result<ForeignAccount, Unexpected> {
    let flag = |place, field: UserField| row.get::<_, bool>(place).map_err(|_| unexpected(field));
    Ok(ForeignAccount {
        id: row.get(0).map_err(|_| unexpected(UserField::Id))?,
        uuid: uuid(row).map_err(|()| unexpected(UserField::Uuid))?,
        username: row.get(2).map_err(|_| unexpected(UserField::Username))?,
        password: row
            .get(3)
            .map(EncodedPassword::from_stored)
            .map_err(|_| unexpected(UserField::Password))?,
        email: row.get(4).map_err(|_| unexpected(UserField::Email))?,
        standing: if flag(5, UserField::IsActive)? {
            Standing::Active
        } else {
            Standing::Inactive
        },
        privileges: Privileges {
            staff: flag(6, UserField::IsStaff)?,
            superuser: flag(7, UserField::IsSuperuser)?,
        },
        last_login: moment(row, 8, UserField::LastLogin)?,
        created_at: moment(row, 10, UserField::DateJoined)?,
        attributes: read_attributes(row, attributes)?,
    })
}

/// A UUID as Django writes it: 32 hex digits, with hyphens or without.
fn uuid(row: &Row<'_>) -> Result<Option<Uuid>, ()> {
    let text: Option<String> = row.get(UUID).map_err(drop)?;
    let Some(text) = text else { return Ok(None) };
    let hex: String = text.chars().filter(|&c| c != '-').collect();
    let plain = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let bits = u128::from_str_radix(&hex, 16).map_err(drop)?;
    let uuid = Uuid::from_bytes(bits.to_be_bytes());
    plain.then_some(Some(uuid)).ok_or(())
}

/// A moment whose text is in one column and whose milliseconds are in the next.
fn moment(row: &Row<'_>, place: usize, field: UserField) -> Result<Option<UnixMillis>, Unexpected> {
    let unreadable = |_| unexpected(field);
    let millis: Option<i64> = row.get(place + 1).map_err(unreadable)?;
    if row.get_ref(place).map_err(unreadable)? == ValueRef::Null {
        return Ok(None);
    }
    let millis = millis.ok_or_else(|| unexpected(field))?;
    Ok(Some(UnixMillis::from_millis(millis)))
}

fn read_attributes(
    row: &Row<'_>,
    attributes: &[(String, String)],
) -> Result<ClaimsSet, Unexpected> {
    let mut kept = ClaimsSet::new();
    for ((name, column), place) in attributes.iter().zip(FIRST_ATTRIBUTE..) {
        let unreadable = || Unexpected(column.clone());
        let inserted = match row.get_ref(place).map_err(|_| unreadable())? {
            ValueRef::Null => kept.insert(name, ()),
            ValueRef::Integer(number) => kept.insert(name, number),
            ValueRef::Real(number) if number.is_finite() => kept.insert(name, number),
            ValueRef::Text(text) => {
                kept.insert(name, std::str::from_utf8(text).map_err(|_| unreadable())?)
            }
            ValueRef::Real(_) | ValueRef::Blob(_) => return Err(unreadable()),
        };
        inserted.map_err(|_| unreadable())?;
    }
    Ok(kept)
}

/// Of a token that is blacklisted, nothing may get lost with an unreadable date: the record then stays for good.
fn read_token(row: &Row<'_>) -> Result<RecordedToken, Unexpected> {
    let column = |name: &str| Unexpected(name.to_owned());
    let millis = |place| row.get::<_, Option<i64>>(place).ok().flatten();
    let is_blacklisted: bool = row.get(7).map_err(|_| column("token_id"))?;
    let blacklisted_at = UnixMillis::from_millis(millis(8).unwrap_or(0));
    Ok(RecordedToken {
        token_id: row.get(2).map_err(|_| column("jti"))?,
        account: row.get(3).ok().flatten(),
        text: row.get(4).unwrap_or_default(),
        created_at: millis(5).map(UnixMillis::from_millis),
        expires_at: millis(6).map_or(LogEntry::NEVER_FORGOTTEN, |millis| {
            Timestamp::from_seconds(millis.div_euclid(1000))
        }),
        blacklisted_at: is_blacklisted.then_some(blacklisted_at),
    })
}

fn unexpected(field: UserField) -> Unexpected {
    Unexpected(field.name().to_owned())
}

const UUID: usize = 12;

const FIRST_ATTRIBUTE: usize = 13;

/// In bytes, like those below: 150 characters.
const LONGEST_NAME: u32 = 600;

/// 320 characters.
const LONGEST_EMAIL: u32 = 1280;

const LONGEST_PASSWORD: u32 = 1024;

/// All of them together have this bound, too.
const LONGEST_ATTRIBUTE: u32 = 16 * 1024;

/// Of flags, dates and UUIDs.
const LONGEST_PLAIN: u32 = 64;

/// No token may have a longer id.
const LONGEST_TOKEN_ID: u32 = 255;

/// A longer token is good nowhere, and its record counts without it.
const LONGEST_TOKEN: u32 = 20_000;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
