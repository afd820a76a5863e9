//! Foreign tokens in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::{Batch, MemoryStore, Tables};
use crate::audit::AuditEvent;
use crate::sealed_id::SealingKeyId;
use crate::store::{
    Adopted, Adoption, ForeignBlacklisting, ForeignToken, ForeignTokens, LogScope, NewForeignToken,
    Purged, StoreError,
};

#[async_trait]
impl ForeignTokens for MemoryStore {
    async fn find_foreign_token(&self, token_id: &str) -> Result<Option<ForeignToken>, StoreError> {
        Ok(self.tables().foreign.get(token_id).cloned())
    }

    async fn adopt_foreign_token(
        &self,
        adoption: &Adoption,
        event: Option<&AuditEvent>,
    ) -> Result<Adopted, StoreError> {
        let mut tables = self.tables();
        if let Some(refusal) = tables.adoption_refusal(adoption) {
            return Ok(refusal);
        }
        let session = tables.open(&adoption.session)?;
        let mut row = tables.foreign_row(&adoption.token, session.created_at);
        row.session = Some(session.number);
        tables.foreign.insert(row.token_id.clone(), row);
        tables.record(event);
        Ok(Adopted::Opened(session))
    }

    async fn blacklist_foreign_token(
        &self,
        token: &NewForeignToken,
        sealing_keys: &[SealingKeyId],
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ForeignBlacklisting, StoreError> {
        let mut tables = self.tables();
        if !tables.seals_with(sealing_keys) {
            return Ok(ForeignBlacklisting::SealingKeysChanged);
        }
        let mut row = tables.foreign_row(token, now);
        if let Some(session) = row.session {
            return Ok(ForeignBlacklisting::Adopted(session));
        }
        if row.blacklisted_at.is_some() {
            return Ok(ForeignBlacklisting::Already);
        }
        row.blacklisted_at = Some(now);
        tables.append(
            LogScope::Token(row.token_id.clone()),
            None,
            now,
            row.expires_at,
        );
        tables.foreign.insert(row.token_id.clone(), row);
        tables.record(event);
        Ok(ForeignBlacklisting::Done)
    }

    async fn everybody_revoked_before(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().everybody_revoked_before)
    }

    async fn purge_foreign_tokens(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        let mut batch = Batch::of(limit);
        self.tables()
            .foreign
            .retain(|_, token| batch.keeps(token.expires_at < horizon));
        Ok(batch.purged())
    }
}

impl Tables {
    /// Why a foreign token may not be adopted, judged from the top.
    fn adoption_refusal(&self, adoption: &Adoption) -> Option<Adopted> {
        if !self.seals_with(&adoption.sealing_keys) {
            return Some(Adopted::SealingKeysChanged);
        }
        match self.foreign.get(&adoption.token.token_id) {
            Some(known) if known.session.is_some() || known.blacklisted_at.is_some() => {
                return Some(Adopted::Known(known.clone()));
            }
            None if !adoption.unrecorded => return Some(Adopted::NotRecorded),
            Some(_) | None => {}
        }
        let owner = adoption.session.account;
        let account = owner.and_then(|id| self.accounts.get(&id));
        let revoked_before = account
            .and_then(|account| account.revoked_before)
            .max(self.everybody_revoked_before);
        if Some(adoption.token.issued_at) <= revoked_before {
            return Some(Adopted::Revoked);
        }
        (!self.guard_holds(&adoption.session)).then_some(Adopted::AccountChanged)
    }

    /// The token's row, or the one it gets now.
    fn foreign_row(&self, token: &NewForeignToken, now: UnixMillis) -> ForeignToken {
        self.foreign
            .get(&token.token_id)
            .cloned()
            .unwrap_or_else(|| ForeignToken {
                token_id: token.token_id.clone(),
                account: token.account,
                created_at: now,
                expires_at: token.expires_at,
                blacklisted_at: None,
                session: None,
            })
    }

    /// Whether the store's sealing keys are exactly these.
    pub(super) fn seals_with(&self, expected: &[SealingKeyId]) -> bool {
        let ours: BTreeSet<_> = self
            .keys
            .iter()
            .flat_map(|keys| keys.sealing.iter().map(|key| key.id))
            .collect();
        ours == expected.iter().copied().collect()
    }
}
