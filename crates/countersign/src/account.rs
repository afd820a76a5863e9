//! Accounts: who signs in. Our own table by default, or a table that an embedding program brings.

use std::fmt;

use async_trait::async_trait;
use countersign_token::{ClaimsSet, Role, Timestamp, UnixMillis};

use crate::password::{EncodedPassword, PasswordMark};
use crate::store::StoreError;
use crate::uuid::Uuid;

/// An account's number: from 1 in order of creation, never reused. The user claim carries it as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(i64);

impl AccountId {
    /// An id as a store or a token names it.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The plain number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an account may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not, until it is activated again.
    Inactive,
}

/// What the operator granted: Django's two flags. They decide about staff endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privileges {
    /// May read the token lists and administer accounts without privileges.
    pub staff: bool,
    /// May do everything.
    pub superuser: bool,
}

impl Privileges {
    /// What they make of a role code that was given, where 0 is none.
    const fn role_beside(self, given: i64) -> Role {
        match (given, self.staff, self.superuser) {
            (0, true, _) => Role::STAFF,
            (0, false, true) => Role::SUPERUSER,
            (0, false, false) => Role::USER,
            (given, _, _) => Role::new(given),
        }
    }
}

/// One account, as the authority needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's number.
    pub id: AccountId,
    /// A random name of it that never changes, for tokens that must not count accounts.
    pub uuid: Uuid,
    /// The login name, unique, compared exactly.
    pub username: String,
    /// The e-mail address; empty if there is none.
    pub email: String,
    /// Whether its owner proved to read mail sent there.
    pub email_verified: bool,
    /// The password as stored; its `Debug` shows nothing.
    pub password: EncodedPassword,
    /// The mark of the password: taken when it last changed.
    pub password_mark: PasswordMark,
    /// Moves with every change of the password, never with a re-hash of the same one.
    pub credential_version: i64,
    /// Whether it may sign in.
    pub standing: Standing,
    /// Staff and superuser flags.
    pub privileges: Privileges,
    /// The role code that was given to it: 0 for none. What counts is [`effective_role`](Self::effective_role).
    pub role: i64,
    /// The owner must choose a new password.
    pub password_needs_reset: bool,
    /// When the account was made.
    pub created_at: UnixMillis,
    /// The last sign-in that was recorded.
    pub last_login: Option<UnixMillis>,
    /// Foreign tokens issued up to this second are refused; see the revocation log.
    pub revoked_before: Option<Timestamp>,
    /// Whatever else a program keeps of the account; settings may turn members into claims.
    pub attributes: ClaimsSet,
}

impl Account {
    /// Whether the account may sign in.
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whether it may do what others may not: by a flag, or by a role from
    /// [`ADMINISTRATIVE_ROLES_FROM`](Self::ADMINISTRATIVE_ROLES_FROM) on.
    pub fn is_privileged(&self) -> bool {
        self.privileges.staff
            || self.privileges.superuser
            || self.role >= Self::ADMINISTRATIVE_ROLES_FROM
    }

    /// Roles from this one on open everything in the programs that go by roles.
    pub const ADMINISTRATIVE_ROLES_FROM: i64 = Role::SUPERUSER.code();

    /// The role that its tokens carry: the one that it was given, or else the one of its flags. Staff counts before
    /// superuser.
    ///
    /// # Source
    /// jwt-allauth's roles. 0 is no role given there either, but for an account whose role was set to 0 although it
    /// has a flag: here the flag counts.
    pub const fn effective_role(&self) -> Role {
        self.privileges.role_beside(self.role)
    }
}

/// What names an account besides its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKey<'a> {
    /// Its login name.
    Username(&'a str),
    /// Its e-mail address.
    Email(&'a str),
    /// Its UUID.
    Uuid(Uuid),
}

/// Where accounts live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residence {
    /// In the authority's own store: a session is inserted under a lock on its account.
    InStore,
    /// Somewhere else: the account is read again after its session was inserted.
    Elsewhere,
}

/// Where accounts live, as far as the authority must know: the trait that an embedding program implements
/// over its own users.
///
/// A whole program that does so is `examples/own_users` of `countersign-axum`, and the front page of that crate.
///
/// # Contract
/// Look-ups are exact: case-sensitive, without Unicode normalization. An id that was deleted never comes back.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Where the accounts live. It decides how a sign-in that races a change of the password is caught.
    fn residence(&self) -> Residence;

    /// Finds the one account of that name, address or UUID. `None` if several have it, too: an address that two
    /// accounts share names neither of them.
    ///
    /// # Errors
    /// [`StoreError`] if the look-up could not be made; the caller refuses then.
    async fn find_account_by(&self, key: AccountKey<'_>) -> Result<Option<Account>, StoreError>;

    /// Finds an account by its number.
    ///
    /// # Errors
    /// [`StoreError`] if the look-up could not be made.
    async fn find_account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The login names of those of these accounts that exist, in any order. Lists ask for a page at a time: some
    /// hundreds at most, for which one query must do.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn usernames_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, String)>, StoreError>;

    /// Up to `limit` stored passwords, spread evenly over all accounts. They tell what checking a password costs
    /// here, so that an unknown name costs the same.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn sample_passwords(&self, limit: u32) -> Result<Vec<EncodedPassword>, StoreError>;

    /// Replaces the stored form `from` of an unchanged password by `to`, and does nothing if the account
    /// holds another form by now. The credential version stays.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written; a sign-in goes on all the same.
    async fn upgrade_password(
        &self,
        id: AccountId,
        from: &EncodedPassword,
        to: &EncodedPassword,
    ) -> Result<(), StoreError>;

    /// Notes a sign-in on the account.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be written.
    async fn record_login(&self, id: AccountId, at: UnixMillis) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_role_counts_before_the_flags_and_staff_before_superuser() {
        let rows = [
            (0, false, false, Role::USER),
            (0, false, true, Role::SUPERUSER),
            (0, true, false, Role::STAFF),
            (0, true, true, Role::STAFF),
            (300, false, false, Role::new(300)),
            (300, true, true, Role::new(300)),
            (-1, true, false, Role::new(-1)),
            (1000, false, false, Role::STAFF),
        ];
        for (given, staff, superuser, role) in rows {
            let flags = Privileges { staff, superuser };
            assert_eq!(flags.role_beside(given), role, "{given} {flags:?}");
        }
    }
}
