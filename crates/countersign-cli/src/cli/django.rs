//! `import django` and `export django`.

use clap::{Args, Subcommand};
use countersign_store::django::{DjangoMap, UserField};

/// `countersign import …`
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Take over users, with their hashes and flags, and the lists of tokens from a Django database
    #[command(
        after_help = "Reads the database and never writes to it; Django may be running. Run it as often as you\n\
        like: what is here already is brought up to date, what was changed here stays, and a run\n\
        that was interrupted is taken up again.\n\
        Run it a last time when Django has stopped. docs/takeover.md walks through a whole takeover.\n\n\
        Examples:\n  countersign import django --from sqlite:////srv/site/db.sqlite3 --dry-run\n  \
        countersign import django --from /srv/site/db.sqlite3\n  \
        countersign import django --from db.sqlite3 --users-table accounts_user \\\n      \
        --column username=email --column is_staff= --attribute first_name --attribute department=dept"
    )]
    Django(ImportDjango),
}

/// `countersign import django`
#[derive(Debug, Args)]
pub(crate) struct ImportDjango {
    #[arg(
        long,
        value_name = "URL",
        help = "The database: a path, sqlite:///relative/path or sqlite:////absolute/path"
    )]
    pub(crate) from: String,
    #[command(flatten)]
    pub(crate) map: DjangoTables,
    /// Say what it would come to, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `countersign export …`
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// The way back: write users, with their hashes and flags, and every token that is dead here into a Django
    /// database
    #[command(
        after_help = "The database is the one of the takeover, or a new one that `manage.py migrate` has made.\n\
        Stop the server and Django first: nothing of what happens here later is in it. All of it is\n\
        one transaction. Live refresh tokens need no row: with the same signing key Django accepts\n\
        them. docs/takeover.md walks through it.\n\n\
        Examples:\n  countersign export django --to /srv/site/db.sqlite3 --dry-run\n  \
        countersign export django --to sqlite:////srv/site/db.sqlite3"
    )]
    Django(ExportDjango),
}

/// `countersign export django`
#[derive(Debug, Args)]
pub(crate) struct ExportDjango {
    #[arg(
        long,
        value_name = "URL",
        help = "The database: a path, sqlite:///relative/path or sqlite:////absolute/path"
    )]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) map: DjangoTables,
    /// Say what it would come to, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Where a Django site keeps what: for custom user models.
#[derive(Debug, Args)]
pub(crate) struct DjangoTables {
    /// The table of users, or a view
    #[arg(long, value_name = "TABLE", default_value = "auth_user")]
    pub(crate) users_table: String,
    /// The table of outstanding tokens
    #[arg(
        long,
        value_name = "TABLE",
        default_value = "token_blacklist_outstandingtoken"
    )]
    pub(crate) outstanding_table: String,
    /// The table of blacklisted tokens
    #[arg(
        long,
        value_name = "TABLE",
        default_value = "token_blacklist_blacklistedtoken"
    )]
    pub(crate) blacklisted_table: String,
    /// The column of a field that has another name there; nothing after the `=` leaves the field out.
    /// Fields: id, uuid, username, password, email, `is_active`, `is_staff`, `is_superuser`, `last_login`, `date_joined`
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = field_and_column)]
    pub(crate) column: Vec<(UserField, String)>,
    /// A further column, kept as an attribute of the account
    #[arg(long, value_name = "NAME[=COLUMN]", value_parser = attribute_and_column)]
    pub(crate) attribute: Vec<(String, String)>,
}

impl DjangoTables {
    /// The same for whoever reads or writes that database.
    pub(crate) fn to_map(&self) -> DjangoMap {
        let mut map = DjangoMap::default();
        map.users.clone_from(&self.users_table);
        map.outstanding.clone_from(&self.outstanding_table);
        map.blacklisted.clone_from(&self.blacklisted_table);
        for (field, column) in &self.column {
            map.map_column(*field, column);
        }
        for (name, column) in &self.attribute {
            map.keep_attribute(name, column);
        }
        map
    }
}

fn field_and_column(text: &str) -> Result<(UserField, String), String> {
    let (name, column) = text.split_once('=').ok_or("write FIELD=COLUMN")?;
    let field = UserField::parse(name).ok_or_else(|| {
        let known = UserField::ALL.map(UserField::name).join(", ");
        format!("there is no field {name:?}; use one of {known}")
    })?;
    Ok((field, column.to_owned()))
}

fn attribute_and_column(text: &str) -> Result<(String, String), String> {
    let (name, column) = text.split_once('=').unwrap_or((text, text));
    if name.is_empty() || column.is_empty() {
        return Err("write NAME or NAME=COLUMN".to_owned());
    }
    Ok((name.to_owned(), column.to_owned()))
}
