//! Our own table of accounts: what an operator does to them.

use async_trait::async_trait;
use countersign_token::{AccountState, ClaimsSet, UnixMillis};

use super::StoreError;
use crate::account::{Account, AccountId, Accounts, Privileges, Standing};
use crate::audit::AuditEvent;
use crate::password::{EncodedPassword, PasswordMark};
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
    /// The role code: 0 for none.
    pub role: i64,
    /// The owner must choose a new password.
    pub password_needs_reset: bool,
    /// When it is made.
    pub created_at: UnixMillis,
    /// Whatever else a program keeps of it.
    pub attributes: ClaimsSet,
}

impl NewAccount {
    /// The account as it is at first, under the number that a store gives it.
    pub(crate) fn as_account(&self, id: AccountId) -> Account {
        Account {
            id,
            uuid: self.uuid,
            username: self.username.clone(),
            email: self.email.clone(),
            email_verified: self.email_verified,
            password: self.password.clone(),
            password_mark: PasswordMark::of(&self.password),
            credential_version: 1,
            standing: self.standing,
            privileges: self.privileges,
            role: self.role,
            password_needs_reset: self.password_needs_reset,
            created_at: self.created_at,
            last_login: None,
            revoked_before: None,
            attributes: self.attributes.clone(),
        }
    }
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
    /// Sets or clears the staff and superuser flags.
    Privileges(PrivilegeChange),
    /// Sets the role code.
    Role(i64),
    /// Sets the e-mail address. Whoever gets the former one as a new account inherits no foreign token.
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
    /// Sets these members of what else is kept of it. The others stay, also those that came in between.
    SetAttributes(ClaimsSet),
    /// Moves `revoked_before` on to now, never back: foreign tokens from before are refused.
    RefuseForeignTokens,
    /// Removes it. Its number never comes back.
    Deletion,
}

impl AccountEdit {
    /// What the log says of it. There is an entry for every edit: some verifiers hold records in memory.
    pub const fn state(&self) -> AccountState {
        match self {
            Self::Password(_) => AccountState::CredentialChanged,
            Self::Standing(Standing::Active) => AccountState::Reactivated,
            Self::Standing(Standing::Inactive) => AccountState::Deactivated,
            Self::Deletion => AccountState::Deleted,
            Self::Privileges(_)
            | Self::Role(_)
            | Self::Email { .. }
            | Self::PasswordNeedsReset(_)
            | Self::RefuseForeignTokens
            | Self::Attributes(_)
            | Self::SetAttributes(_) => AccountState::RecordChanged,
        }
    }
}

/// What becomes of the two flags of an account; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PrivilegeChange {
    /// The staff flag.
    pub staff: Option<bool>,
    /// The superuser flag.
    pub superuser: Option<bool>,
}

impl From<Privileges> for PrivilegeChange {
    fn from(privileges: Privileges) -> Self {
        Self {
            staff: Some(privileges.staff),
            superuser: Some(privileges.superuser),
        }
    }
}

/// Which accounts somebody may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Everybody,
    /// Those that are not privileged, see [`Account::is_privileged`].
    Unprivileged,
}

impl Reach {
    /// Whether an account is among them.
    pub fn covers(self, account: &Account) -> bool {
        match self {
            Self::Everybody => true,
            Self::Unprivileged => !account.is_privileged(),
        }
    }
}

/// The account to change, and what must still be true of it in the moment of the change: whoever looked at it
/// before may have looked too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditTarget {
    /// Its number.
    pub account: AccountId,
    /// The accounts that may be changed.
    pub reach: Reach,
}

impl EditTarget {
    /// An account, whatever it is.
    pub const fn any(account: AccountId) -> Self {
        Self {
            account,
            reach: Reach::Everybody,
        }
    }
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
    /// It is none of those that may be changed.
    OutOfReach,
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

    /// Whether any account has this address, one or several.
    ///
    /// # Errors
    /// [`StoreError`] if the look-up could not be made.
    async fn is_email_taken(&self, address: &str) -> Result<bool, StoreError>;

    /// Up to `limit` accounts with ids above `after`, in order of id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_accounts(&self, after: AccountId, limit: u32)
    -> Result<Vec<Account>, StoreError>;

    /// Makes all of `edits` in their order, does to the account's sessions what `sessions` says, and appends an
    /// account-state entry for each edit and the events, all in one step. Without any edits only the
    /// sessions change. The account must be within reach before the first edit.
    ///
    /// A change that ends sessions also moves the account's `revoked_before` on to `now`, never back, for foreign
    /// tokens.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn edit_account(
        &self,
        target: EditTarget,
        edits: &[AccountEdit],
        sessions: SessionsOnChange,
        now: UnixMillis,
        events: &[AuditEvent],
    ) -> Result<AccountChange, StoreError>;
}
