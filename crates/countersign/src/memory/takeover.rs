//! Taking over, in memory.

use std::ops::Bound;

use async_trait::async_trait;
use countersign_token::{AccountState, Timestamp, UnixMillis};

use super::{MemoryStore, Tables};
use crate::account::AccountId;
use crate::audit::AuditEvent;
use crate::sealed_id::SealingKeyId;
use crate::session::{EndCause, Lineage, SessionNumber};
use crate::store::{
    AccountImport, ForeignToken, ImportEffects, ImportRun, ImportedAccount, ImportedToken,
    LogEntry, LogScope, Merge, RetiredAccount, StoreError, Takeover, TokenImport, TokenImports,
};

#[async_trait]
impl Takeover for MemoryStore {
    async fn leave_account_numbers(&self, upto: AccountId) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        tables.highest_account = tables.highest_account.max(upto.get());
        tables.takes_over = true;
        let Tables {
            accounts, imported, ..
        } = &mut *tables;
        let ours = accounts
            .iter_mut()
            .filter(|(id, _)| !imported.contains_key(id));
        let mut count = 0;
        for (_, account) in ours {
            account.revoked_before = Some(LogEntry::NEVER_FORGOTTEN);
            count += 1;
        }
        Ok(count)
    }

    async fn import_accounts(
        &self,
        accounts: &[ImportedAccount],
        effects: ImportEffects,
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Vec<AccountImport>, StoreError> {
        let mut here = self.tables();
        let mut tables = here.clone();
        let outcomes: Vec<_> = accounts
            .iter()
            .map(|account| tables.import_account(account, effects, now))
            .collect();
        let taken = [AccountImport::Created, AccountImport::Refreshed];
        if outcomes.iter().any(|outcome| taken.contains(outcome)) {
            tables.record(event);
        }
        if run == ImportRun::Real {
            *here = tables;
        }
        Ok(outcomes)
    }

    async fn import_foreign_tokens(
        &self,
        tokens: &[ImportedToken],
        sealing_keys: &[SealingKeyId],
        run: ImportRun,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<TokenImports, StoreError> {
        let mut here = self.tables();
        let mut tables = here.clone();
        if !tables.seals_with(sealing_keys) {
            return Ok(TokenImports::SealingKeysChanged);
        }
        let outcomes: Vec<_> = tokens
            .iter()
            .map(|token| tables.import_token(token, now))
            .collect();
        if outcomes
            .iter()
            .any(|outcome| *outcome != TokenImport::Unchanged)
        {
            tables.record(event);
        }
        if run == ImportRun::Real {
            *here = tables;
        }
        Ok(TokenImports::Done(outcomes))
    }

    async fn list_retired_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<RetiredAccount>, StoreError> {
        let tables = self.tables();
        let later = tables
            .retired
            .range((Bound::Excluded(after), Bound::Unbounded));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(later
            .map(|(_, retired)| retired.0.clone())
            .take(limit)
            .collect())
    }

    async fn list_foreign_tokens(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, StoreError> {
        let tables = self.tables();
        let later = tables
            .foreign
            .range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(later.map(|(_, token)| token.clone()).take(limit).collect())
    }

    async fn list_sessions(&self, after: u64, limit: u32) -> Result<Vec<Lineage>, StoreError> {
        let tables = self.tables();
        let numbers: Vec<SessionNumber> = tables.sessions.keys().copied().collect();
        let later = numbers.into_iter().filter(|number| number.get() > after);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(later
            .filter_map(|number| tables.lineage(number))
            .take(limit)
            .collect())
    }
}

impl Tables {
    fn import_account(
        &mut self,
        imported: &ImportedAccount,
        effects: ImportEffects,
        now: UnixMillis,
    ) -> AccountImport {
        let id = imported.id;
        let Some(account) = self.accounts.get_mut(&id) else {
            return self.import_new(imported);
        };
        let Some(base) = self.imported.get(&id) else {
            account.revoked_before = Some(LogEntry::NEVER_FORGOTTEN);
            return AccountImport::NumberTaken;
        };
        let merge = imported.merge(account, base);
        if merge
            .username
            .as_ref()
            .is_some_and(|name| self.has_username(name))
        {
            return AccountImport::UsernameTaken;
        }
        for edit in &merge.edits {
            self.edit_account(id, std::slice::from_ref(edit), effects.of(edit), now);
        }
        self.finish_merge(imported, &merge, now);
        merge.outcome()
    }

    fn import_new(&mut self, imported: &ImportedAccount) -> AccountImport {
        let id = imported.id;
        if self.retired.contains_key(&id) {
            return AccountImport::NumberRetired;
        }
        if self.has_username(&imported.username) {
            return AccountImport::UsernameTaken;
        }
        let mut others = self.accounts.values();
        if others.any(|other| other.uuid == imported.uuid) {
            return AccountImport::UuidTaken;
        }
        self.accounts.insert(id, imported.to_account());
        self.highest_account = self.highest_account.max(id.get());
        self.imported.insert(id, imported.mark());
        AccountImport::Created
    }

    fn finish_merge(&mut self, imported: &ImportedAccount, merge: &Merge, now: UnixMillis) {
        if let Some(account) = self.accounts.get_mut(&imported.id) {
            if let Some(username) = &merge.username {
                account.username.clone_from(username);
            }
            account.last_login = account.last_login.max(merge.last_login);
        }
        if merge.username.is_some() {
            self.log_state(imported.id, AccountState::RecordChanged, now);
        }
        self.imported.insert(imported.id, merge.mark);
    }

    fn has_username(&self, username: &str) -> bool {
        let mut accounts = self.accounts.values();
        accounts.any(|account| account.username == username)
    }

    fn import_token(&mut self, token: &ImportedToken, now: UnixMillis) -> TokenImport {
        let known = self.foreign.get(&token.token_id);
        if let Some(session) = known.and_then(|known| known.session) {
            return self.end_adopted(session, token, now);
        }
        match (
            known.map(|known| known.blacklisted_at),
            token.blacklisted_at,
        ) {
            (Some(Some(_)), _) | (Some(None), None) => TokenImport::Unchanged,
            (None, None) => {
                self.record_token(token);
                TokenImport::Recorded
            }
            (None | Some(None), Some(_)) => {
                let expires_at = self.record_token(token);
                let scope = LogScope::Token(token.token_id.clone());
                self.append(scope, None, now, expires_at);
                TokenImport::Blacklisted
            }
        }
    }

    /// Writes the row, or what is new about it; returns until when it counts.
    fn record_token(&mut self, token: &ImportedToken) -> Timestamp {
        let row = self
            .foreign
            .entry(token.token_id.clone())
            .or_insert_with(|| ForeignToken {
                token_id: token.token_id.clone(),
                account: token.account,
                created_at: token.created_at,
                expires_at: token.expires_at,
                blacklisted_at: None,
                session: None,
            });
        row.blacklisted_at = token.blacklisted_at;
        row.expires_at = row.expires_at.max(token.expires_at);
        row.expires_at
    }

    fn end_adopted(
        &mut self,
        session: SessionNumber,
        token: &ImportedToken,
        now: UnixMillis,
    ) -> TokenImport {
        let lineage = self.lineage(session);
        match lineage.filter(|lineage| !lineage.root.is_ended()) {
            Some(lineage) if token.blacklisted_at.is_some() => {
                self.end_root(lineage.session.root, EndCause::Logout, now);
                TokenImport::SessionEnded
            }
            Some(_) | None => TokenImport::Unchanged,
        }
    }
}
