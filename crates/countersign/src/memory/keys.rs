//! Keys in memory.

use async_trait::async_trait;
use countersign_token::Timestamp;

use super::{MemoryStore, Tables};
use crate::audit::AuditEvent;
use crate::sealed_id::SealingKeyId;
use crate::store::{KeyDrop, KeyRecords, KeyVault, SealingKeyRecord, SigningKeyRecord, StoreError};

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
        tables.record(event);
        Ok(())
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
}
