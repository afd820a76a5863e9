//! What an operator does to accounts of our own table.

use countersign_token::{ClaimsSet, UnixMillis};

use super::{Authority, AuthorityError};
use crate::account::{Account, AccountId, AccountKey, Privileges, Standing};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::password::{EncodedPassword, PlainPassword};
use crate::policy::OnAccountChange;
use crate::random::draw;
use crate::session::EndCause;
use crate::store::{AccountChange, AccountCreation, AccountEdit, NewAccount, SessionsOnChange};
use crate::uuid::Uuid;

/// The details of an account to be made; all have a default.
#[derive(Debug, Clone, Default)]
pub struct AccountRequest {
    /// The e-mail address; empty for none.
    pub email: String,
    /// Staff and superuser flags.
    pub privileges: Privileges,
    /// Whether it starts deactivated.
    pub inactive: bool,
    /// The owner must choose a new password.
    pub password_needs_reset: bool,
    /// Whatever else is to be kept of it.
    pub attributes: ClaimsSet,
}

/// An account could not be made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The name is empty, too long, or has control characters.
    #[error("a user name has 1 to 150 characters and no control characters")]
    UnusableName,
    /// The password is empty or longer than anything we hash.
    #[error("a password has 1 to 1024 bytes")]
    UnusablePassword,
    /// The name is taken.
    #[error("the user name is taken")]
    NameTaken,
    /// Accounts are told apart by their addresses here, and this one has none.
    #[error("an e-mail address is needed: the settings tell accounts apart by it")]
    EmailNeeded,
    /// Accounts are told apart by their addresses here, and this one is taken.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// There is no such account.
    #[error("there is no such user")]
    Unknown,
    /// It could not be carried out.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Authority {
    /// Makes an account. Without a password nobody can sign in to it with one.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was made.
    pub async fn create_account(
        &self,
        username: String,
        password: Option<PlainPassword>,
        request: AccountRequest,
    ) -> Result<Account, AccountError> {
        if !is_usable_name(&username) {
            return Err(AccountError::UnusableName);
        }
        self.check_email(&request.email).await?;
        let password = match password {
            Some(password) => self.encode(password).await?,
            None => self.unusable_password()?,
        };
        let now = self.clock.now();
        let account = NewAccount {
            uuid: Uuid::from_random(draw(self.random.as_ref()).map_err(AuthorityError::from)?),
            username,
            email: request.email,
            email_verified: false,
            password,
            standing: if request.inactive {
                Standing::Inactive
            } else {
                Standing::Active
            },
            privileges: request.privileges,
            password_needs_reset: request.password_needs_reset,
            created_at: now,
            attributes: request.attributes,
        };
        let event = AuditEvent::new(now, AuditKind::AccountCreated, Actor::Operator);
        match self
            .store
            .create_account(&account, Some(&event))
            .await
            .map_err(AuthorityError::from)?
        {
            AccountCreation::Created(account) => Ok(*account),
            AccountCreation::UsernameTaken => Err(AccountError::NameTaken),
        }
    }

    /// Finds an account by its login name.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be looked up.
    pub async fn find_account(&self, username: &str) -> Result<Option<Account>, AuthorityError> {
        let key = AccountKey::Username(username);
        Ok(self.accounts.find_account_by(key).await?)
    }

    /// Sets a new password. What becomes of the account's sessions is for the settings to say; the number of
    /// those that ended is returned.
    ///
    /// # Errors
    /// [`AccountError`]: the password is the old one, or the new one is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn set_password(
        &self,
        id: AccountId,
        password: PlainPassword,
    ) -> Result<u64, AccountError> {
        let encoded = self.encode(password).await?;
        let sessions = on_change(
            self.policy.accounts.on_password_change,
            EndCause::PasswordChanged,
        );
        self.edit(
            id,
            &AccountEdit::Password(encoded),
            sessions,
            AuditKind::PasswordChanged,
        )
        .await
    }

    /// Activates or deactivates an account; returns how many sessions ended. Activating revives none.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was changed, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn set_standing(
        &self,
        id: AccountId,
        standing: Standing,
    ) -> Result<u64, AccountError> {
        let (sessions, kind) = match standing {
            Standing::Active => (SessionsOnChange::Keep, AuditKind::AccountActivated),
            Standing::Inactive => {
                let cause = EndCause::AccountDeactivated;
                (
                    on_change(self.policy.accounts.on_deactivation, cause),
                    AuditKind::AccountDeactivated,
                )
            }
        };
        self.edit(id, &AccountEdit::Standing(standing), sessions, kind)
            .await
    }

    /// Sets the staff and superuser flags.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was changed, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn set_privileges(
        &self,
        id: AccountId,
        privileges: Privileges,
    ) -> Result<(), AccountError> {
        let edit = AccountEdit::Privileges(privileges);
        self.edit(id, &edit, SessionsOnChange::Keep, AuditKind::AccountChanged)
            .await?;
        Ok(())
    }

    /// Sets the role code.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was changed, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn set_role(&self, id: AccountId, role: i64) -> Result<(), AccountError> {
        let edit = AccountEdit::Role(role);
        self.edit(id, &edit, SessionsOnChange::Keep, AuditKind::AccountChanged)
            .await?;
        Ok(())
    }

    /// Deletes an account; returns how many sessions ended. Its number never comes back.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was deleted, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn delete_account(&self, id: AccountId) -> Result<u64, AccountError> {
        let sessions = on_change(
            self.policy.accounts.on_deactivation,
            EndCause::AccountDeleted,
        );
        self.edit(
            id,
            &AccountEdit::Deletion,
            sessions,
            AuditKind::AccountDeleted,
        )
        .await
    }

    async fn edit(
        &self,
        id: AccountId,
        edit: &AccountEdit,
        sessions: SessionsOnChange,
        kind: AuditKind,
    ) -> Result<u64, AccountError> {
        let now: UnixMillis = self.clock.now();
        let event = AuditEvent::new(now, kind, Actor::Operator).about(id);
        let change = self
            .store
            .edit_account(id, edit, sessions, now, Some(&event))
            .await
            .map_err(AuthorityError::from)?;
        self.feed.catch_up().await?;
        match change {
            AccountChange::Changed { ended_sessions } => Ok(ended_sessions),
            AccountChange::Unknown => Err(AccountError::Unknown),
        }
    }

    /// Whether an address may become an account's. Where accounts are told apart by it, two that take the same one at
    /// the same moment end up with one that names neither.
    async fn check_email(&self, address: &str) -> Result<(), AccountError> {
        if !self.policy.needs_unique_email() {
            return Ok(());
        }
        if address.is_empty() {
            return Err(AccountError::EmailNeeded);
        }
        let key = AccountKey::Email(address);
        let taken = self.accounts.find_account_by(key).await;
        match taken.map_err(AuthorityError::from)? {
            Some(_) => Err(AccountError::EmailTaken),
            None => Ok(()),
        }
    }

    async fn encode(&self, password: PlainPassword) -> Result<EncodedPassword, AccountError> {
        if password.is_empty() || password.is_too_long() {
            return Err(AccountError::UnusablePassword);
        }
        Ok(self
            .hasher
            .encode(password)
            .await
            .map_err(AuthorityError::from)?)
    }

    fn unusable_password(&self) -> Result<EncodedPassword, AccountError> {
        let bytes: [u8; 16] = draw(self.random.as_ref()).map_err(AuthorityError::from)?;
        Ok(EncodedPassword::unusable(&format!(
            "{:032x}",
            u128::from_be_bytes(bytes)
        )))
    }
}

const fn on_change(policy: OnAccountChange, cause: EndCause) -> SessionsOnChange {
    match policy {
        OnAccountChange::EndSessions => SessionsOnChange::End(cause),
        OnAccountChange::KeepSessions => SessionsOnChange::Keep,
    }
}

fn is_usable_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=150).contains(&length) && !name.chars().any(char::is_control)
}
