//! Keys at rest, wrapped by the master key.

use async_trait::async_trait;
use countersign::audit::AuditEvent;
use countersign::sealed_id::SealingKeyId;
use countersign::store::{
    KeyDrop, KeyRecords, KeyVault, SealingKeyRecord, SigningKeyRecord, SigningKeyState, StoreError,
};
use countersign_token::{Algorithm, KeyId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::audit::record;
use super::columns::{Columns, all};
use super::failure::Failure;
use super::store::SqliteStore;

#[async_trait]
impl KeyVault for SqliteStore {
    async fn load_keys(&self) -> Result<Option<KeyRecords>, StoreError> {
        self.read(|connection| {
            // One transaction for all three tables: keys that belong together are read together.
            let snapshot = connection.unchecked_transaction()?;
            load(&snapshot)
        })
    }

    async fn found_keys(&self, keys: &KeyRecords) -> Result<bool, StoreError> {
        let keys = keys.clone();
        self.write(move |connection| found(connection, &keys)).await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKeyRecord,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        let (key, event) = (key.clone(), event.cloned());
        self.write(move |connection| {
            must_be_founded(connection)?;
            insert_signing(connection, &key)?;
            record(connection, event.as_ref())
        })
        .await
    }

    async fn add_sealing_key(&self, key: &SealingKeyRecord) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |connection| {
            must_be_founded(connection)?;
            insert_sealing(connection, &key)
        })
        .await
    }

    async fn drop_sealing_key(
        &self,
        id: SealingKeyId,
        now: Timestamp,
    ) -> Result<KeyDrop, StoreError> {
        self.write(move |connection| {
            must_be_founded(connection)?;
            if still_seals(connection, id, now)? {
                return Ok(KeyDrop::StillInUse);
            }
            let dropped = connection
                .prepare_cached("DELETE FROM sealing_key WHERE id = :id")?
                .execute(named_params! { ":id": id.get() })?;
            Ok(if dropped > 0 {
                KeyDrop::Dropped
            } else {
                KeyDrop::Unknown
            })
        })
        .await
    }
}

/// Whether the store's sealing keys are exactly these.
pub(super) fn seals_with(
    connection: &Connection,
    expected: &[SealingKeyId],
) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached("SELECT id FROM sealing_key ORDER BY id")?;
    let ours = all(&mut statement, [], |row| Columns::of(row).sealing_key())?;
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    expected.dedup();
    Ok(ours == expected)
}

/// Whether a session under the key must still be kept. It may walk through all sessions: keys are dropped
/// once in a long while.
fn still_seals(connection: &Connection, id: SealingKeyId, now: Timestamp) -> Result<bool, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT 1
         FROM session
         WHERE sealing_key = :id
           AND keep_until > :now
         LIMIT 1",
    )?;
    Ok(find.exists(named_params! { ":id": id.get(), ":now": now.seconds() })?)
}

fn load(connection: &Connection) -> Result<Option<KeyRecords>, Failure> {
    let Some(check_value) = check_value(connection)? else {
        return Ok(None);
    };
    let mut signing = connection.prepare_cached(
        "SELECT kid, algorithm, state, wrapped, created_at
         FROM signing_key
         ORDER BY position",
    )?;
    let mut sealing = connection.prepare_cached(
        "SELECT id, wrapped, created_at
         FROM sealing_key
         ORDER BY position",
    )?;
    Ok(Some(KeyRecords {
        check_value,
        signing: all(&mut signing, [], signing_from_row)?,
        sealing: all(&mut sealing, [], sealing_from_row)?,
    }))
}

/// Only a store without keys takes some.
fn found(connection: &Connection, keys: &KeyRecords) -> Result<bool, Failure> {
    let founded = connection
        .prepare_cached(
            "INSERT INTO key_check (only, value)
             VALUES (1, :value)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! { ":value": keys.check_value })?;
    if founded == 0 {
        return Ok(false);
    }
    keys.signing
        .iter()
        .try_for_each(|key| insert_signing(connection, key))?;
    keys.sealing
        .iter()
        .try_for_each(|key| insert_sealing(connection, key))?;
    Ok(true)
}

fn check_value(connection: &Connection) -> Result<Option<Vec<u8>>, Failure> {
    let value = connection
        .prepare_cached("SELECT value FROM key_check")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(value)
}

fn must_be_founded(connection: &Connection) -> Result<(), Failure> {
    check_value(connection)?
        .map(drop)
        .ok_or_else(|| Failure::Corrupt("the store has not been given any keys".to_owned()))
}

fn insert_signing(connection: &Connection, key: &SigningKeyRecord) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO signing_key (kid, algorithm, state, wrapped, created_at)
         VALUES (:kid, :algorithm, :state, :wrapped, :created_at)",
    )?;
    insert.execute(named_params! {
        ":kid": key.kid.as_str(),
        ":algorithm": key.algorithm.name(),
        ":state": key.state.name(),
        ":wrapped": key.wrapped,
        ":created_at": key.created_at.millis(),
    })?;
    Ok(())
}

fn insert_sealing(connection: &Connection, key: &SealingKeyRecord) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO sealing_key (id, wrapped, created_at)
         VALUES (:id, :wrapped, :created_at)",
    )?;
    insert.execute(named_params! {
        ":id": key.id.get(),
        ":wrapped": key.wrapped,
        ":created_at": key.created_at.millis(),
    })?;
    Ok(())
}

fn signing_from_row(row: &Row<'_>) -> rusqlite::Result<SigningKeyRecord> {
    let mut columns = Columns::of(row);
    Ok(SigningKeyRecord {
        kid: columns.parsed(|name: String| KeyId::parse(&name).ok())?,
        algorithm: columns.parsed(|name: String| Algorithm::parse(&name).ok())?,
        state: columns.parsed(|name: String| SigningKeyState::parse(&name))?,
        wrapped: columns.value()?,
        created_at: columns.millis()?,
    })
}

fn sealing_from_row(row: &Row<'_>) -> rusqlite::Result<SealingKeyRecord> {
    let mut columns = Columns::of(row);
    Ok(SealingKeyRecord {
        id: columns.sealing_key()?,
        wrapped: columns.value()?,
        created_at: columns.millis()?,
    })
}
