//! Accounts in memory.

use std::ops::Bound;

use async_trait::async_trait;
use countersign_token::{AccountState, Timestamp, UnixMillis};

use super::{MemoryStore, Tables};
use crate::account::{Account, AccountId, AccountKey, Accounts, Residence};
use crate::audit::AuditEvent;
use crate::password::{EncodedPassword, PasswordMark};
use crate::store::{
    AccountChange, AccountCreation, AccountEdit, AccountTable, EditTarget, LogEntry, LogScope,
    NewAccount, PrivilegeChange, RetiredAccount, SessionsOnChange, StoreError,
};

#[async_trait]
impl Accounts for MemoryStore {
    fn residence(&self) -> Residence {
        Residence::InStore
    }

    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError> {
        let tables = self.tables();
        let mut named = tables.accounts.values().filter(|account| match key {
            AccountKey::Username(name) => account.username == name,
            AccountKey::Email(address) => !address.is_empty() && account.email == address,
            AccountKey::Uuid(uuid) => account.uuid == uuid,
        });
        let first = named.next();
        Ok(first.filter(|_| named.next().is_none()).cloned())
    }

    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.tables().accounts.get(&id).cloned())
    }

    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError> {
        let tables = self.tables();
        let known = accounts.iter().filter_map(|id| tables.accounts.get(id));
        Ok(known
            .map(|account| (account.id, account.username.clone()))
            .collect())
    }

    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError> {
        let tables = self.tables();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        let every = tables.accounts.len().div_ceil(limit).max(1);
        let spread = tables.accounts.values().step_by(every);
        Ok(spread.map(|account| account.password.clone()).collect())
    }

    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if let Some(account) = tables.accounts.get_mut(&id)
            && account.password == *from
        {
            account.password = to.clone();
        }
        Ok(())
    }

    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError> {
        if let Some(account) = self.tables().accounts.get_mut(&id) {
            account.last_login = Some(at);
        }
        Ok(())
    }
}

#[async_trait]
impl AccountTable for MemoryStore {
    async fn create_account(
        &self,
        account: &NewAccount,
        event: Option<&AuditEvent>,
    ) -> Result<AccountCreation, StoreError> {
        let mut tables = self.tables();
        if tables
            .accounts
            .values()
            .any(|other| other.username == account.username)
        {
            return Ok(AccountCreation::UsernameTaken);
        }
        tables.highest_account += 1;
        let mut created = account.as_account(AccountId::new(tables.highest_account));
        created.revoked_before = tables.refuses_foreign_tokens_before(account);
        tables.accounts.insert(created.id, created.clone());
        tables.record(event.map(|event| event.clone().about(created.id)).as_ref());
        Ok(AccountCreation::Created(Box::new(created)))
    }

    async fn is_email_taken(&self, address: &str) -> Result<bool, StoreError> {
        let tables = self.tables();
        let mut addresses = tables.accounts.values().map(|account| &account.email);
        Ok(!address.is_empty() && addresses.any(|email| email == address))
    }

    async fn list_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let tables = self.tables();
        let later = tables
            .accounts
            .range((Bound::Excluded(after), Bound::Unbounded));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(later
            .map(|(_, account)| account.clone())
            .take(limit)
            .collect())
    }

    async fn edit_account(
        &self,
        target: EditTarget,
        edits: &[AccountEdit],
        sessions: SessionsOnChange,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<AccountChange, StoreError> {
        let mut tables = self.tables();
        match tables.accounts.get(&target.account) {
            None => return Ok(AccountChange::Unknown),
            Some(account) if !target.reach.covers(account) => return Ok(AccountChange::OutOfReach),
            Some(_) => {}
        }
        let ended_sessions = tables.edit_account(target.account, edits, sessions, now);
        for event in events {
            tables.record(Some(event));
        }
        Ok(AccountChange::Changed { ended_sessions })
    }
}

impl Tables {
    /// Up to when foreign tokens of a new account are refused: for good while another system is taken over, whose
    /// tokens mean that one's accounts; and up to now where somebody had one of its names before.
    fn refuses_foreign_tokens_before(&self, account: &NewAccount) -> Option<Timestamp> {
        if self.takes_over {
            return Some(LogEntry::NEVER_FORGOTTEN);
        }
        let mut retired = self.retired.values();
        let inherits = retired.any(|(retired, email)| {
            retired.username == account.username || (!email.is_empty() && *email == account.email)
        });
        let inherits = inherits || self.given_up.contains(&account.email);
        inherits.then(|| account.created_at.timestamp())
    }

    /// Changes an account, with all that follows for its sessions and the log. Returns how many sessions ended.
    pub(super) fn edit_account(
        &mut self,
        id: AccountId,
        edits: &[AccountEdit],
        sessions: SessionsOnChange,
        now: UnixMillis,
    ) -> u64 {
        for edit in edits {
            self.edit(id, edit, now);
        }
        let ended_sessions = match sessions {
            SessionsOnChange::Keep => 0,
            SessionsOnChange::End(cause) => self.end_account(id, None, cause, now),
        };
        for state in edits.iter().map(AccountEdit::state) {
            self.log_state(id, state, now);
        }
        ended_sessions
    }

    pub(super) fn log_state(&mut self, account: AccountId, state: AccountState, now: UnixMillis) {
        let scope = LogScope::AccountState { account, state };
        let kept_until = self.kept_until(account, now);
        self.append(scope, None, now, kept_until);
    }

    fn edit(&mut self, id: AccountId, edit: &AccountEdit, now: UnixMillis) {
        let Some(account) = self.accounts.get_mut(&id) else {
            return;
        };
        match edit {
            AccountEdit::Password(password) => {
                account.password = password.clone();
                account.password_mark = PasswordMark::of(password);
                account.credential_version += 1;
            }
            AccountEdit::Standing(standing) => account.standing = *standing,
            AccountEdit::Privileges(PrivilegeChange { staff, superuser }) => {
                let flags = &mut account.privileges;
                flags.staff = staff.unwrap_or(flags.staff);
                flags.superuser = superuser.unwrap_or(flags.superuser);
            }
            AccountEdit::Role(role) => account.role = *role,
            AccountEdit::Email { address, verified } => {
                if account.email != *address && !account.email.is_empty() {
                    self.given_up.insert(account.email.clone());
                }
                account.email.clone_from(address);
                account.email_verified = *verified;
            }
            AccountEdit::PasswordNeedsReset(needed) => account.password_needs_reset = *needed,
            AccountEdit::Attributes(attributes) => account.attributes = attributes.clone(),
            AccountEdit::SetAttributes(set) => account.attributes.update(set),
            AccountEdit::RefuseForeignTokens => {
                account.revoked_before = account.revoked_before.max(Some(now.timestamp()));
            }
            AccountEdit::Deletion => {
                let retired = RetiredAccount {
                    id,
                    username: account.username.clone(),
                    imported: self.imported.contains_key(&id),
                };
                let email = account.email.clone();
                self.accounts.remove(&id);
                self.imported.remove(&id);
                self.retired.insert(id, (retired, email));
            }
        }
    }
}
