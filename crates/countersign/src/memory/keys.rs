//! Keys in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use countersign_token::{KeyId, Timestamp, UnixMillis};

use super::{MemoryStore, Tables};
use crate::audit::AuditEvent;
use crate::sealed_id::SealingKeyId;
use crate::session::{SessionRecord, SessionState};
use crate::store::{
    KeyDrop, KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, KeyVault, LogEntry, LogScope,
    SealingKeyRecord, SigningKeyRecord, SigningKeyState, StoreError,
};

#[async_trait]
impl KeyVault for MemoryStore {
    async fn load_keys(&self) -> Result<Option<KeyRecords>, StoreError> {
        Ok(self.tables().keys.clone())
    }

    async fn found_keys(&self, keys: &KeyRecords) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let empty = tables.keys.is_none();
        tables.keys.get_or_insert_with(|| keys.clone());
        Ok(empty)
    }

    async fn add_signing_key(
        &self,
        key: &SigningKeyRecord,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.founded_keys()?.signing.push(key.clone());
        tables.append_key_entry(LogScope::KeyRing, key.created_at);
        tables.record(event);
        Ok(())
    }

    async fn promote_signing_key(
        &self,
        promotion: &KeyPromotion,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError> {
        let mut tables = self.tables();
        let standing = tables.key_in(&promotion.kid, SigningKeyState::Standby)?
            && tables.active_key()?.as_ref() == promotion.replaces.as_ref();
        if !standing {
            return Ok(KeyTransition::Conflict);
        }
        let sessions = tables.sessions.values().map(|session| session.keep_until);
        let keep_until = sessions.fold(promotion.keep_until, Timestamp::max);
        if let Some(kid) = &promotion.replaces {
            let replaced = tables.move_key(kid, SigningKeyState::Retiring, now)?;
            replaced.keep_until = Some(keep_until);
        }
        tables.activate_key(&promotion.kid, now)?;
        tables.append_key_entry(LogScope::KeyRing, now);
        tables.record(event);
        Ok(KeyTransition::Done)
    }

    async fn retire_signing_key(
        &self,
        kid: &KeyId,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<KeyTransition, StoreError> {
        let mut tables = self.tables();
        let due = tables.signing_key(kid)?.is_some_and(|key| {
            key.state == SigningKeyState::Retiring
                && key.keep_until.is_some_and(|end| end <= now.timestamp())
        });
        if !due {
            return Ok(KeyTransition::Conflict);
        }
        tables.move_key(kid, SigningKeyState::Retired, now)?.wrapped = None;
        tables.append_key_entry(LogScope::KeyRing, now);
        tables.record(event);
        Ok(KeyTransition::Done)
    }

    async fn revoke_signing_key(
        &self,
        revocation: &KeyRevocation,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<KeyTransition, StoreError> {
        let mut tables = self.tables();
        let KeyRevocation {
            kid,
            from,
            successor,
        } = revocation;
        let has_successor = match successor {
            Some(successor) => tables.key_in(successor, SigningKeyState::Standby)?,
            None => false,
        };
        let signs = *from == SigningKeyState::Active;
        if !tables.key_in(kid, *from)? || signs != has_successor || signs != successor.is_some() {
            return Ok(KeyTransition::Conflict);
        }
        tables.move_key(kid, SigningKeyState::Revoked, now)?.wrapped = None;
        if let Some(successor) = successor {
            tables.activate_key(successor, now)?;
        }
        tables.append_key_entry(LogScope::Key(kid.clone()), now);
        for event in events {
            tables.record(Some(event));
        }
        Ok(KeyTransition::Done)
    }

    async fn count_sessions_of_key(&self, kid: &KeyId, now: UnixMillis) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let Some(key) = tables.signing_key(kid)?.cloned() else {
            return Ok(0);
        };
        let signed: BTreeSet<_> = tables
            .sessions
            .values()
            .filter(|session| tables.is_refreshable(session, now) && may_have_signed(&key, session))
            .map(|session| session.root)
            .collect();
        Ok(u64::try_from(signed.len()).unwrap_or(u64::MAX))
    }

    async fn add_sealing_key(&self, key: &SealingKeyRecord) -> Result<(), StoreError> {
        self.tables().founded_keys()?.sealing.push(key.clone());
        Ok(())
    }

    async fn drop_sealing_key(
        &self,
        id: SealingKeyId,
        now: Timestamp,
    ) -> Result<KeyDrop, StoreError> {
        let mut tables = self.tables();
        let in_use = tables
            .sessions
            .values()
            .any(|session| session.sealing_key == id && session.keep_until > now);
        if in_use {
            return Ok(KeyDrop::StillInUse);
        }
        let keys = &mut tables.founded_keys()?.sealing;
        let before = keys.len();
        keys.retain(|key| key.id != id);
        Ok(if keys.len() < before {
            KeyDrop::Dropped
        } else {
            KeyDrop::Unknown
        })
    }
}

impl Tables {
    fn founded_keys(&mut self) -> Result<&mut KeyRecords, StoreError> {
        self.keys
            .as_mut()
            .ok_or_else(|| StoreError::Corrupt("the store has not been given any keys".to_owned()))
    }

    fn signing_key(&mut self, kid: &KeyId) -> Result<Option<&mut SigningKeyRecord>, StoreError> {
        let mut keys = self.founded_keys()?.signing.iter_mut();
        Ok(keys.find(|key| key.kid == *kid))
    }

    fn key_in(&mut self, kid: &KeyId, state: SigningKeyState) -> Result<bool, StoreError> {
        Ok(self.signing_key(kid)?.is_some_and(|key| key.state == state))
    }

    fn active_key(&mut self) -> Result<Option<KeyId>, StoreError> {
        let mut keys = self.founded_keys()?.signing.iter();
        let active = keys.find(|key| key.state == SigningKeyState::Active);
        Ok(active.map(|key| key.kid.clone()))
    }

    /// Moves a key that is known to be there.
    fn move_key(
        &mut self,
        kid: &KeyId,
        state: SigningKeyState,
        now: UnixMillis,
    ) -> Result<&mut SigningKeyRecord, StoreError> {
        let key = self
            .signing_key(kid)?
            .ok_or_else(|| StoreError::Corrupt(format!("the key {kid} is gone")))?;
        key.state = state;
        key.since = now;
        Ok(key)
    }

    fn activate_key(&mut self, kid: &KeyId, now: UnixMillis) -> Result<(), StoreError> {
        let key = self.move_key(kid, SigningKeyState::Active, now)?;
        key.promoted_at = Some(now);
        Ok(())
    }

    fn append_key_entry(&mut self, scope: LogScope, now: UnixMillis) {
        self.append(scope, None, now, LogEntry::NEVER_FORGOTTEN);
    }

    /// Whether a row's own refresh token is in force.
    fn is_refreshable(&self, session: &SessionRecord, now: UnixMillis) -> bool {
        let root = self.sessions.get(&session.root).map(|root| root.state);
        session.state == SessionState::Live
            && root == Some(SessionState::Live)
            && session.blacklisted_at.is_none()
            && session.refresh_expires_at > now.timestamp()
    }
}

/// Whether a row's current refresh token was made while the key was active.
fn may_have_signed(key: &SigningKeyRecord, session: &SessionRecord) -> bool {
    let signed_until = match key.state {
        SigningKeyState::Active => None,
        SigningKeyState::Retiring => Some(key.since),
        SigningKeyState::Standby | SigningKeyState::Retired | SigningKeyState::Revoked => {
            return false;
        }
    };
    key.promoted_at
        .is_some_and(|from| from <= session.rotated_at)
        && signed_until.is_none_or(|until| session.rotated_at <= until)
}
