//! Which tables and columns of a Django database hold what.

use std::collections::BTreeMap;

use rusqlite::{Connection, named_params};

use super::DjangoError;
use crate::sqlite::columns::all;

/// Which tables and columns hold what. The default is Django's own user model with SimpleJWT's token blacklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DjangoMap {
    /// The table or view of users.
    pub users: String,
    /// The table of outstanding tokens.
    pub outstanding: String,
    /// The table of blacklisted tokens.
    pub blacklisted: String,
    columns: BTreeMap<UserField, Column>,
    attributes: Vec<(String, String)>,
}

/// What is known of a user, by Django's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserField {
    /// The number, needed.
    Id,
    /// A UUID that tokens may name; without a column, each account gets a new one.
    Uuid,
    /// The login name, needed.
    Username,
    /// The stored password, needed.
    Password,
    /// The e-mail address.
    Email,
    /// Whether it may sign in; without a column, everybody may.
    IsActive,
    /// The staff flag.
    IsStaff,
    /// The superuser flag.
    IsSuperuser,
    /// The last sign-in.
    LastLogin,
    /// When the account was made.
    DateJoined,
}

impl UserField {
    /// Every field there is.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Uuid,
        Self::Username,
        Self::Password,
        Self::Email,
        Self::IsActive,
        Self::IsStaff,
        Self::IsSuperuser,
        Self::LastLogin,
        Self::DateJoined,
    ];

    /// Django's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Uuid => "uuid",
            Self::Username => "username",
            Self::Password => "password",
            Self::Email => "email",
            Self::IsActive => "is_active",
            Self::IsStaff => "is_staff",
            Self::IsSuperuser => "is_superuser",
            Self::LastLogin => "last_login",
            Self::DateJoined => "date_joined",
        }
    }

    /// The field of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    const fn is_needed(self) -> bool {
        matches!(self, Self::Id | Self::Username | Self::Password)
    }
}

/// Where a field was mapped to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Named(String),
    LeftOut,
}

/// The map, held against the tables that are there.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub(super) table: String,
    columns: BTreeMap<UserField, String>,
    pub(super) attributes: Vec<(String, String)>,
}

impl Default for DjangoMap {
    fn default() -> Self {
        Self {
            users: "auth_user".to_owned(),
            outstanding: "token_blacklist_outstandingtoken".to_owned(),
            blacklisted: "token_blacklist_blacklistedtoken".to_owned(),
            columns: BTreeMap::new(),
            attributes: Vec::new(),
        }
    }
}

impl DjangoMap {
    /// Takes a field from another column than the one of its name; from none if `column` is empty.
    pub fn map_column(&mut self, field: UserField, column: &str) {
        let column = if column.is_empty() {
            Column::LeftOut
        } else {
            Column::Named(column.to_owned())
        };
        self.columns.insert(field, column);
    }

    /// Keeps a column as an attribute of the account.
    pub fn keep_attribute(&mut self, name: &str, column: &str) {
        self.attributes.push((name.to_owned(), column.to_owned()));
    }

    /// Holds the map against the database. A field that was not mapped may have no column.
    pub(super) fn resolve(&self, connection: &Connection) -> Result<Resolved, DjangoError> {
        let known = columns_of(connection, &self.users)?;
        if known.is_empty() {
            return Err(DjangoError::NoTable {
                table: self.users.clone(),
                candidates: tables_of_users(connection)?,
            });
        }
        let no_column = |column: &str| DjangoError::NoColumn {
            table: self.users.clone(),
            column: column.to_owned(),
            known: known.clone(),
        };
        let mut columns = BTreeMap::new();
        for field in UserField::ALL {
            let column = match self.columns.get(&field) {
                Some(Column::LeftOut) if field.is_needed() => {
                    return Err(DjangoError::Needed(field.name()));
                }
                Some(Column::LeftOut) => continue,
                Some(Column::Named(column)) => column.as_str(),
                None => field.name(),
            };
            if known.iter().any(|name| name == column) {
                columns.insert(field, column.to_owned());
            } else if field.is_needed() || self.columns.contains_key(&field) {
                return Err(no_column(column));
            }
        }
        for (_, column) in &self.attributes {
            if !known.contains(column) {
                return Err(no_column(column));
            }
        }
        Ok(Resolved {
            table: self.users.clone(),
            columns,
            attributes: self.attributes.clone(),
        })
    }
}

impl Resolved {
    /// The column of a field, quoted.
    pub(super) fn quoted(&self, field: UserField) -> Option<String> {
        self.columns.get(&field).map(|column| quoted(column))
    }

    /// The column of a field that is needed, as it is.
    pub(super) fn needed(&self, field: UserField) -> &str {
        self.columns
            .get(&field)
            .map_or(field.name(), String::as_str)
    }

    /// Fields without a column. Django's own users have no UUID, and nobody misses it.
    pub(super) fn without_column(&self) -> Vec<UserField> {
        let missing =
            |field: &UserField| *field != UserField::Uuid && !self.columns.contains_key(field);
        UserField::ALL.into_iter().filter(missing).collect()
    }
}

/// A name as SQL spells it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The columns of a table or view; none if there is none.
pub(super) fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(:table)")?;
    all(&mut statement, named_params! { ":table": table }, |row| {
        row.get(0)
    })
}

fn tables_of_users(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT tables.name
         FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
         WHERE tables.type IN ('table', 'view')
           AND columns.name = 'password'
         ORDER BY tables.name",
    )?;
    all(&mut statement, [], |row| row.get(0))
}
