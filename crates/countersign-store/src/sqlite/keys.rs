//! Keys at rest, wrapped by the master key.

use async_trait::async_trait;
use countersign::audit::AuditEvent;
use countersign::sealed_id::SealingKeyId;
use countersign::store::{
    KeyDrop, KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, KeyVault, LogEntry, LogScope,
    SealingKeyRecord, SigningKeyRecord, SigningKeyState, StoreError,
};
use countersign_token::{Algorithm, KeyId, Timestamp, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::audit::record;
use super::columns::{Columns, all};
use super::failure::Failure;
use super::revocations::append;
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
            append_entry(connection, &LogScope::KeyRing, key.created_at)?;
            record(connection, event.as_ref())
        })
        .await
    }

    async fn promote_signing_key(
        &self,
        promotion: &KeyPromotion,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError> {
        let (promotion, event) = (promotion.clone(), event.cloned());
        self.write(move |connection| {
            must_be_founded(connection)?;
            if !may_promote(connection, &promotion)? {
                return Ok(KeyTransition::Conflict);
            }
            promote(connection, &promotion, now)?;
            append_entry(connection, &LogScope::KeyRing, now)?;
            record(connection, event.as_ref())?;
            Ok(KeyTransition::Done)
        })
        .await
    }

    async fn retire_signing_key(
        &self,
        kid: &KeyId,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError> {
        let (kid, event) = (kid.clone(), event.cloned());
        self.write(move |connection| {
            must_be_founded(connection)?;
            if !retire(connection, &kid, now)? {
                return Ok(KeyTransition::Conflict);
            }
            append_entry(connection, &LogScope::KeyRing, now)?;
            record(connection, event.as_ref())?;
            Ok(KeyTransition::Done)
        })
        .await
    }

    async fn revoke_signing_key(
        &self,
        revocation: &KeyRevocation,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<KeyTransition, StoreError> {
        let (revocation, events) = (revocation.clone(), events.to_vec());
        self.write(move |connection| {
            must_be_founded(connection)?;
            if !may_revoke(connection, &revocation)? {
                return Ok(KeyTransition::Conflict);
            }
            revoke(connection, &revocation, now)?;
            append_entry(connection, &LogScope::Key(revocation.kid), now)?;
            events
                .iter()
                .try_for_each(|event| record(connection, Some(event)))?;
            Ok(KeyTransition::Done)
        })
        .await
    }

    async fn count_sessions_of_key(&self, kid: &KeyId, now: UnixMillis) -> Result<u64, StoreError> {
        let kid = kid.clone();
        self.scan(move |connection| {
            must_be_founded(connection)?;
            count_sessions(connection, &kid, now)
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
        "SELECT kid, algorithm, state, since, wrapped, created_at, promoted_at, keep_until
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

/// An entry about signing keys is never forgotten.
fn append_entry(connection: &Connection, scope: &LogScope, now: UnixMillis) -> Result<(), Failure> {
    append(connection, scope, None, now, LogEntry::NEVER_FORGOTTEN)
}

fn is_in(connection: &Connection, kid: &KeyId, state: SigningKeyState) -> Result<bool, Failure> {
    let mut find = connection
        .prepare_cached("SELECT 1 FROM signing_key WHERE kid = :kid AND state = :state")?;
    Ok(find.exists(named_params! { ":kid": kid.as_str(), ":state": state.name() })?)
}

fn may_promote(connection: &Connection, promotion: &KeyPromotion) -> Result<bool, Failure> {
    let active: Option<String> = connection
        .prepare_cached("SELECT kid FROM signing_key WHERE state = 'active'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(
        active.as_deref() == promotion.replaces.as_ref().map(KeyId::as_str)
            && is_in(connection, &promotion.kid, SigningKeyState::Standby)?,
    )
}

/// It walks through all sessions, because no index knows `keep_until`: keys are promoted once in a long while.
fn promote(
    connection: &Connection,
    promotion: &KeyPromotion,
    now: UnixMillis,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE signing_key
             SET state = 'retiring',
                 since = :now,
                 keep_until = max(
                     :keep_until,
                     coalesce((SELECT max(keep_until) FROM session), :keep_until)
                 )
             WHERE state = 'active'",
        )?
        .execute(named_params! {
            ":now": now.millis(),
            ":keep_until": promotion.keep_until.seconds(),
        })?;
    activate(connection, &promotion.kid, now)
}

fn activate(connection: &Connection, kid: &KeyId, now: UnixMillis) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE signing_key
             SET state = 'active', since = :now, promoted_at = :now
             WHERE kid = :kid",
        )?
        .execute(named_params! { ":now": now.millis(), ":kid": kid.as_str() })?;
    Ok(())
}

/// Whether the key was due.
fn retire(connection: &Connection, kid: &KeyId, now: UnixMillis) -> Result<bool, Failure> {
    let retired = connection
        .prepare_cached(
            "UPDATE signing_key
             SET state = 'retired', since = :now, wrapped = NULL
             WHERE kid = :kid
               AND state = 'retiring'
               AND keep_until <= :second",
        )?
        .execute(named_params! {
            ":now": now.millis(),
            ":kid": kid.as_str(),
            ":second": now.timestamp().seconds(),
        })?;
    Ok(retired > 0)
}

/// The active key, and only that one, needs a successor.
fn may_revoke(connection: &Connection, revocation: &KeyRevocation) -> Result<bool, Failure> {
    if !is_in(connection, &revocation.kid, revocation.from)? {
        return Ok(false);
    }
    match (&revocation.successor, revocation.from) {
        (Some(successor), SigningKeyState::Active) => {
            is_in(connection, successor, SigningKeyState::Standby)
        }
        (successor, from) => Ok(successor.is_none() && from != SigningKeyState::Active),
    }
}

fn revoke(
    connection: &Connection,
    revocation: &KeyRevocation,
    now: UnixMillis,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE signing_key
             SET state = 'revoked', since = :now, wrapped = NULL
             WHERE kid = :kid",
        )?
        .execute(named_params! { ":now": now.millis(), ":kid": revocation.kid.as_str() })?;
    match &revocation.successor {
        Some(successor) => activate(connection, successor, now),
        None => Ok(()),
    }
}

/// It may walk through all sessions: keys are revoked once in a long while.
fn count_sessions(connection: &Connection, kid: &KeyId, now: UnixMillis) -> Result<u64, Failure> {
    let mut count = connection.prepare_cached(
        "SELECT count(DISTINCT session.root)
         FROM signing_key
         JOIN session
           ON session.rotated_at >= signing_key.promoted_at
          AND (signing_key.state = 'active' OR session.rotated_at <= signing_key.since)
         JOIN session AS root ON root.number = session.root
         WHERE signing_key.kid = :kid
           AND signing_key.state IN ('active', 'retiring')
           AND session.enabled AND session.ended_at IS NULL
           AND root.enabled AND root.ended_at IS NULL
           AND session.blacklisted_at IS NULL
           AND session.refresh_expires_at > :second",
    )?;
    let parameters = named_params! {
        ":kid": kid.as_str(),
        ":second": now.timestamp().seconds(),
    };
    Ok(count.query_row(parameters, |row| Columns::of(row).parsed(whole))?)
}

fn whole(count: i64) -> Option<u64> {
    u64::try_from(count).ok()
}

fn insert_signing(connection: &Connection, key: &SigningKeyRecord) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO signing_key (
             kid, algorithm, state, since, wrapped, created_at, promoted_at, keep_until
         ) VALUES (
             :kid, :algorithm, :state, :since, :wrapped, :created_at, :promoted_at, :keep_until
         )",
    )?;
    insert.execute(named_params! {
        ":kid": key.kid.as_str(),
        ":algorithm": key.algorithm.name(),
        ":state": key.state.name(),
        ":since": key.since.millis(),
        ":wrapped": key.wrapped,
        ":created_at": key.created_at.millis(),
        ":promoted_at": key.promoted_at.map(UnixMillis::millis),
        ":keep_until": key.keep_until.map(Timestamp::seconds),
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
        since: columns.millis()?,
        wrapped: columns.value()?,
        created_at: columns.millis()?,
        promoted_at: columns.millis_if_any()?,
        keep_until: columns.seconds_if_any()?,
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
