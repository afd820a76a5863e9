//! The schema, step by step: every step is embedded, numbered without gaps and never edited.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, TransactionBehavior, named_params};

use super::columns::all;
use super::database::Database;
use super::store::{OpenError, SqliteOptions};

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// The names of the steps that were applied now, in order; empty if there was nothing to do.
    pub applied: Vec<&'static str>,
    /// The number of the newest step that the store has now.
    pub version: i64,
}

/// Brings the file at `path` to this version's schema, making it first if need be.
///
/// All steps commit together. Of two processes that migrate at once, the second waits and finds nothing to do.
pub(super) fn migrate(path: &Path) -> Result<MigrationReport, OpenError> {
    let defaults = SqliteOptions::default();
    let database = Database::at(path, defaults.busy_timeout, defaults.checkpoint_after_pages)?;
    database.create_file()?;
    must_be_ours_or_empty(&database.inspector()?)?;
    let mut connection = database.writer()?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(MIGRATION_TABLE)?;
    let pending = pending(&transaction)?;
    for step in pending {
        apply(&transaction, step)?;
    }
    transaction.commit()?;
    Ok(MigrationReport {
        applied: pending.iter().map(|step| step.name).collect(),
        version: newest(),
    })
}

/// Whether a store has exactly this version's schema.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    must_be_ours_or_empty(connection)?;
    let missing = if is_migrated_at_all(connection)? {
        pending(connection)?.len()
    } else {
        MIGRATIONS.len()
    };
    if missing > 0 {
        return Err(OpenError::NotMigrated { missing });
    }
    Ok(())
}

/// One step.
struct Migration {
    number: i64,
    name: &'static str,
    sql: &'static str,
}

impl Migration {
    fn sha256(&self) -> Vec<u8> {
        digest(&SHA256, self.sql.as_bytes()).as_ref().to_vec()
    }
}

/// A step that the store has had.
struct Applied {
    number: i64,
    sha256: Vec<u8>,
}

/// The steps that the store has not had yet, once those that it has had are known to be ours.
fn pending(connection: &Connection) -> Result<&'static [Migration], OpenError> {
    let applied = applied(connection)?;
    let found = applied.last().map_or(0, |step| step.number);
    if found > newest() {
        return Err(OpenError::NewerSchema {
            found,
            known: newest(),
        });
    }
    for (expected, step) in MIGRATIONS.iter().zip(&applied) {
        if step.number != expected.number {
            return Err(OpenError::MigrationGap {
                missing: expected.number,
            });
        }
        if step.sha256 != expected.sha256() {
            return Err(OpenError::MigrationChanged {
                number: expected.number,
            });
        }
    }
    Ok(MIGRATIONS.get(applied.len()..).unwrap_or_default())
}

/// In order of number.
fn applied(connection: &Connection) -> rusqlite::Result<Vec<Applied>> {
    let mut statement =
        connection.prepare("SELECT number, sha256 FROM migration ORDER BY number")?;
    all(&mut statement, [], |row| {
        Ok(Applied {
            number: row.get("number")?,
            sha256: row.get("sha256")?,
        })
    })
}

fn apply(connection: &Connection, step: &Migration) -> rusqlite::Result<()> {
    connection.execute_batch(step.sql)?;
    connection.execute(
        "INSERT INTO migration (number, name, sha256) VALUES (:number, :name, :sha256)",
        named_params! { ":number": step.number, ":name": step.name, ":sha256": step.sha256() },
    )?;
    Ok(())
}

/// Steps are not applied beside another program's tables.
fn must_be_ours_or_empty(connection: &Connection) -> Result<(), OpenError> {
    let empty = connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )?;
    if empty || is_migrated_at_all(connection)? {
        return Ok(());
    }
    Err(OpenError::NotAStore)
}

fn is_migrated_at_all(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration')",
        [],
        |row| row.get(0),
    )
}

fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |step| step.number)
}

/// Not a step itself: it is where steps are written down.
const MIGRATION_TABLE: &str = "
    CREATE TABLE IF NOT EXISTS migration (
        number INTEGER PRIMARY KEY,
        name   TEXT NOT NULL,
        sha256 BLOB NOT NULL
    ) STRICT
";

const MIGRATIONS: [Migration; 13] = [
    Migration {
        number: 1,
        name: "ledger",
        sql: include_str!("migrations/0001_ledger.sql"),
    },
    Migration {
        number: 2,
        name: "accounts",
        sql: include_str!("migrations/0002_accounts.sql"),
    },
    Migration {
        number: 3,
        name: "sessions",
        sql: include_str!("migrations/0003_sessions.sql"),
    },
    Migration {
        number: 4,
        name: "foreign_tokens",
        sql: include_str!("migrations/0004_foreign_tokens.sql"),
    },
    Migration {
        number: 5,
        name: "revocations",
        sql: include_str!("migrations/0005_revocations.sql"),
    },
    Migration {
        number: 6,
        name: "keys",
        sql: include_str!("migrations/0006_keys.sql"),
    },
    Migration {
        number: 7,
        name: "audit",
        sql: include_str!("migrations/0007_audit.sql"),
    },
    Migration {
        number: 8,
        name: "token_history",
        sql: include_str!("migrations/0008_token_history.sql"),
    },
    Migration {
        number: 9,
        name: "takeover",
        sql: include_str!("migrations/0009_takeover.sql"),
    },
    Migration {
        number: 10,
        name: "services",
        sql: include_str!("migrations/0010_services.sql"),
    },
    Migration {
        number: 11,
        name: "given_up_emails",
        sql: include_str!("migrations/0011_given_up_emails.sql"),
    },
    Migration {
        number: 12,
        name: "devices",
        sql: include_str!("migrations/0012_devices.sql"),
    },
    Migration {
        number: 13,
        name: "generic_tokens",
        sql: include_str!("migrations/0013_generic_tokens.sql"),
    },
];
