//! Our own table of accounts: what an operator does to them.

use async_trait::async_trait;
use countersign_token::{ClaimsSet, UnixMillis};

use super::StoreError;
use crate::account::{Account, AccountId, Accounts, Privileges, Standing};
use crate::audit::AuditEvent;
use crate::password::EncodedPassword;
use crate::session::EndCause;
use crate::uuid::Uuid;

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its UUID, freshly drawn.
    pub uuid: Uuid,
    /// The login name.
    pub username: String,
    /// The e-mail address; empty for none.
    pub email: String,
    /// Whether its owner proved to read mail sent there.
    pub email_verified: bool,
    /// The encoded password, or one that never matches.
    pub password: EncodedPassword,
    /// Whether it may sign in.
    pub standing: Standing,
    /// Staff and superuser flags.
    pub privileges: Privileges,
    /// The owner must choose a new password.
    pub password_needs_reset: bool,
    /// When it is made.
    pub created_at: UnixMillis,
    /// Whatever else a program keeps of it.
    pub attributes: ClaimsSet,
}

/// How making an account went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCreation {
    /// It exists now.
    Created(Box<Account>),
    /// The login name is taken.
    UsernameTaken,
}

/// One change of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEdit {
    /// A new password: moves the credential version and takes a new mark.
    Password(EncodedPassword),
    /// Activates or deactivates it.
    Standing(Standing),
    /// Sets the staff and superuser flags.
    Privileges(Privileges),
    /// Sets the role code.
    Role(i64),
    /// Sets the e-mail address.
    Email {
        /// The address; empty for none.
        address: String,
        /// Whether its owner proved to read mail sent there.
        verified: bool,
    },
    /// Whether the owner must choose a new password.
    PasswordNeedsReset(bool),
    /// Replaces what else is kept of it.
    Attributes(ClaimsSet),
    /// Removes it. Its number never comes back.
    Deletion,
}

/// What a change does to the account's sessions, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsOnChange {
    /// They live on.
    Keep,
    /// They all end with this cause, under one log entry up to the highest number drawn so far.
    End(EndCause),
}

/// How a change went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// Done.
    Changed {
        /// How many sessions ended with it.
        ended_sessions: u64,
    },
    /// There is no such account.
    Unknown,
}

/// The accounts' own table. Its [`Residence`](crate::account::Residence) is `InStore`.
#[async_trait]
pub trait AccountTable: Accounts {
    /// Makes an account. Ids count up from 1.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn create_account(
        &self,
        account: &NewAccount,
        event: Option<&AuditEvent>,
    ) -> Result<AccountCreation, StoreError>;

    /// Up to `limit` accounts with ids above `after`, in order of id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_accounts(&self, after: AccountId, limit: u32)
    -> Result<Vec<Account>, StoreError>;

    /// Changes an account, does to its sessions what `sessions` says, and appends the account-state entry
    /// that the change amounts to, all in one step.
    ///
    /// A change that ends sessions also moves the account's `revoked_before` on to `now`, never back, for foreign
    /// tokens.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn edit_account(
        &self,
        id: AccountId,
        edit: &AccountEdit,
        sessions: SessionsOnChange,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<AccountChange, StoreError>;
}
