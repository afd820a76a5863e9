//! What is done to accounts of our own table, and by whom.

use std::net::IpAddr;

use countersign_token::ClaimsSet;

use super::new_name::new_name;
use super::{Administrator, Authority, AuthorityError, Client};
use crate::account::{Account, AccountId, AccountKey, Privileges, Residence, Standing};
use crate::audit::{AuditEvent, AuditKind};
use crate::password::{EncodedPassword, PlainPassword, WeakPassword};
use crate::policy::{OnAccountChange, UnfitClaims, UserField};
use crate::random::draw;
use crate::session::EndCause;
use crate::store::{
    AccountChange, AccountCreation, AccountEdit, EditTarget, NewAccount, PrivilegeChange,
    SessionsOnChange,
};
use crate::uuid::Uuid;

/// The details of an account to be made; all have a default.
#[derive(Debug, Clone, Default)]
pub struct AccountRequest {
    /// The e-mail address; empty for none.
    pub email: String,
    /// Staff and superuser flags.
    pub privileges: Privileges,
    /// The role code; 0 for none.
    pub role: i64,
    /// Whether it starts deactivated.
    pub inactive: bool,
    /// The owner must choose a new password.
    pub password_needs_reset: bool,
    /// Whatever else is to be kept of it.
    pub attributes: ClaimsSet,
}

/// What is to change of an account; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChanges {
    /// The e-mail address; empty for none. Another one counts as not verified.
    pub email: Option<String>,
    /// The staff and superuser flags.
    pub privileges: PrivilegeChange,
    /// The role code; 0 for none.
    pub role: Option<i64>,
    /// Whether it may sign in. Deactivating does to its sessions what the settings say; activating revives none.
    pub standing: Option<Standing>,
    /// Whether the owner must choose a new password.
    pub password_needs_reset: Option<bool>,
    /// Whatever else is kept of it, as a whole.
    pub attributes: Option<ClaimsSet>,
}

/// A password to be set.
#[derive(Debug)]
pub enum NewPassword {
    /// As it will be typed; it is hashed before it is stored.
    Plain(PlainPassword),
    /// As Django stored it; it is stored as it is, and hashed anew at the next sign-in.
    Encoded(EncodedPassword),
}

/// An account could not be made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The name is empty, too long, has characters that nobody sees, or a blank at an end.
    #[error(
        "a user name has 1 to 150 characters, no control characters or others that nobody sees, \
         and no blank at either end"
    )]
    UnusableName,
    /// The address is too long, or no address.
    #[error(
        "an e-mail address has at most 254 characters, one of them an @ between others, and no blanks"
    )]
    UnusableEmail,
    /// The password is empty or longer than anything we hash.
    #[error("a password has 1 to 1024 bytes")]
    UnusablePassword,
    /// The password is too weak for a new one.
    #[error(transparent)]
    WeakPassword(#[from] WeakPassword),
    /// There is too much of them.
    #[error("attributes have at most {} bytes", MOST_ATTRIBUTE_BYTES)]
    TooManyAttributes,
    /// Fields that become claims do not fit into a token.
    #[error("tokens cannot tell this of the user")]
    UnfitClaims(#[source] UnfitClaims),
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
    /// The account is privileged or would become so, and whoever wants that is no superuser.
    #[error(
        "only a superuser may do this to staff, superusers and roles from 900 on, or make such"
    )]
    SuperuserRequired,
    /// It could not be carried out.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Authority {
    /// Whether the accounts are those of the authority's own store. Those of an embedding program are for that
    /// program to administer.
    pub fn keeps_accounts(&self) -> bool {
        self.accounts.residence() == Residence::InStore
    }

    /// The accounts as somebody may administer them. The audit log will name them and the client's address.
    pub fn administered_by(&self, by: Administrator, client: &Client<'_>) -> Administration<'_> {
        Administration {
            authority: self,
            by,
            ip: client.ip,
        }
    }

    /// Makes an account as the operator. Without a password nobody can sign in to it with one.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was made.
    pub async fn create_account(
        &self,
        username: String,
        password: Option<PlainPassword>,
        request: AccountRequest,
    ) -> Result<Account, AccountError> {
        self.by_operator()
            .create_account(username, password.map(NewPassword::Plain), request)
            .await
    }

    /// Finds an account by its login name.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be looked up.
    pub async fn find_account(&self, username: &str) -> Result<Option<Account>, AuthorityError> {
        let key = AccountKey::Username(username);
        Ok(self.accounts.find_account_by(key).await?)
    }

    /// Sets a new password as the operator; see [`Administration::set_password`].
    ///
    /// # Errors
    /// As there.
    pub async fn set_password(
        &self,
        id: AccountId,
        password: PlainPassword,
    ) -> Result<u64, AccountError> {
        self.by_operator()
            .set_password(id, NewPassword::Plain(password))
            .await
    }

    /// Activates or deactivates an account as the operator; returns how many sessions ended.
    ///
    /// # Errors
    /// As [`Administration::change_account`].
    pub async fn set_standing(
        &self,
        id: AccountId,
        standing: Standing,
    ) -> Result<u64, AccountError> {
        let changes = AccountChanges {
            standing: Some(standing),
            ..AccountChanges::default()
        };
        self.by_operator().change_account(id, changes).await
    }

    /// Deletes an account as the operator; see [`Administration::delete_account`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete_account(&self, id: AccountId) -> Result<u64, AccountError> {
        self.by_operator().delete_account(id).await
    }

    fn by_operator(&self) -> Administration<'_> {
        self.administered_by(Administrator::Operator, &Client::default())
    }
}

/// The accounts of the authority's own store, as one administrator may change them.
#[derive(Debug)]
pub struct Administration<'a> {
    authority: &'a Authority,
    by: Administrator,
    ip: Option<IpAddr>,
}

impl Administration<'_> {
    /// Makes an account. Without a password nobody can sign in to it with one. Its name is kept in Unicode's NFKC,
    /// as Django keeps it, so that two that look the same are one.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was made.
    pub async fn create_account(
        &self,
        username: String,
        password: Option<NewPassword>,
        request: AccountRequest,
    ) -> Result<Account, AccountError> {
        if !self
            .by
            .may_grant(request.privileges.into(), Some(request.role))
        {
            return Err(AccountError::SuperuserRequired);
        }
        let username = new_name(&username).ok_or(AccountError::UnusableName)?;
        self.check_email(&request.email).await?;
        check_attributes(&request.attributes)?;
        let password = match password {
            Some(password) => {
                let owner = (username.as_str(), request.email.as_str());
                self.stored_form(password, owner).await?
            }
            None => self.authority.unusable_password()?,
        };
        let uuid = draw(self.authority.random.as_ref()).map_err(AuthorityError::from)?;
        let created_at = self.authority.clock.now();
        let account = NewAccount {
            uuid: Uuid::from_random(uuid),
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
            role: request.role,
            password_needs_reset: request.password_needs_reset,
            created_at,
            attributes: request.attributes,
        };
        // Its number is not known yet, and no claim tells it.
        let first = account.as_account(AccountId::new(0));
        self.authority.check_fields(&first)?;
        let event = AuditEvent::new(created_at, AuditKind::AccountCreated, self.by.actor())
            .from_ip(self.ip);
        match self
            .authority
            .store
            .create_account(&account, Some(&event))
            .await
            .map_err(AuthorityError::from)?
        {
            AccountCreation::Created(account) => Ok(*account),
            AccountCreation::UsernameTaken => Err(AccountError::NameTaken),
        }
    }

    /// Finds an account by its number.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] if there is none, [`AccountError::Authority`] if it could not be looked up.
    pub async fn find_account(&self, id: AccountId) -> Result<Account, AccountError> {
        let found = self.authority.store.find_account(id).await;
        found
            .map_err(AuthorityError::from)?
            .ok_or(AccountError::Unknown)
    }

    /// Up to `limit` accounts with numbers above `after`, in order of number.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if they could not be read.
    pub async fn list_accounts(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<Account>, AuthorityError> {
        Ok(self.authority.store.list_accounts(after, limit).await?)
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
        password: NewPassword,
    ) -> Result<u64, AccountError> {
        // A hash is work: none for whoever asks in vain. The edit decides once more.
        let account = self.find_account(id).await?;
        if !self.by.reach().covers(&account) {
            return Err(AccountError::SuperuserRequired);
        }
        let owner = (account.username.as_str(), account.email.as_str());
        let edit = AccountEdit::Password(self.stored_form(password, owner).await?);
        let sessions = on_change(
            self.authority.policy.accounts.on_password_change,
            EndCause::PasswordChanged,
        );
        self.edit(id, &[edit], sessions, &[AuditKind::PasswordChanged])
            .await
    }

    /// Changes an account, all in one step; returns how many sessions ended. Nothing to change is no change, and
    /// asks for nothing but the account.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was changed, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn change_account(
        &self,
        id: AccountId,
        changes: AccountChanges,
    ) -> Result<u64, AccountError> {
        if !self.by.may_grant(changes.privileges, changes.role) {
            return Err(AccountError::SuperuserRequired);
        }
        let before = self.find_account(id).await?;
        // The same address once more is as verified as before.
        let email = changes.email.filter(|address| *address != before.email);
        if let Some(address) = &email {
            self.check_email(address).await?;
        }
        if let Some(attributes) = &changes.attributes {
            check_attributes(attributes)?;
        }
        self.check_claims(&before, email.as_ref(), changes.attributes.as_ref())?;
        let changes = AccountChanges { email, ..changes };
        // Tokens that somebody else minted for whoever had the address before are not this account's; its own name
        // another one by now.
        let renamed =
            changes.email.is_some() && self.authority.policy.tokens.user_field == UserField::Email;
        let standing = changes.standing;
        let mut kinds = Vec::new();
        let mut edits = details(changes);
        edits.extend(renamed.then_some(AccountEdit::RefuseForeignTokens));
        if !edits.is_empty() {
            kinds.push(AuditKind::AccountChanged);
        }
        let mut sessions = SessionsOnChange::Keep;
        match standing {
            None => {}
            Some(Standing::Active) => kinds.push(AuditKind::AccountActivated),
            Some(Standing::Inactive) => {
                kinds.push(AuditKind::AccountDeactivated);
                let policy = self.authority.policy.accounts.on_deactivation;
                sessions = on_change(policy, EndCause::AccountDeactivated);
            }
        }
        edits.extend(standing.map(AccountEdit::Standing));
        if edits.is_empty() {
            return Ok(0);
        }
        self.edit(id, &edits, sessions, &kinds).await
    }

    /// Deletes an account; returns how many sessions ended. Its number never comes back.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was deleted, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn delete_account(&self, id: AccountId) -> Result<u64, AccountError> {
        let sessions = on_change(
            self.authority.policy.accounts.on_deactivation,
            EndCause::AccountDeleted,
        );
        let edits = [AccountEdit::Deletion];
        self.edit(id, &edits, sessions, &[AuditKind::AccountDeleted])
            .await
    }

    /// Ends all sessions of an account, whatever the settings say of other changes; returns how many there were.
    ///
    /// # Errors
    /// [`AccountError`]: none ended, or they ended in the store and this process could not read it back; asking
    /// again is safe.
    pub async fn end_sessions(&self, id: AccountId) -> Result<u64, AccountError> {
        let ending = SessionsOnChange::End(EndCause::EndedByOperator);
        self.edit(id, &[], ending, &[AuditKind::SessionsEnded])
            .await
    }

    async fn edit(
        &self,
        id: AccountId,
        edits: &[AccountEdit],
        sessions: SessionsOnChange,
        kinds: &[AuditKind],
    ) -> Result<u64, AccountError> {
        let now = self.authority.clock.now();
        let cause = match sessions {
            SessionsOnChange::Keep => None,
            SessionsOnChange::End(cause) => Some(cause),
        };
        let event = |&kind: &AuditKind| AuditEvent {
            cause: cause.filter(|_| kind == AuditKind::SessionsEnded),
            ..AuditEvent::new(now, kind, self.by.actor())
                .about(id)
                .from_ip(self.ip)
        };
        let events: Vec<_> = kinds.iter().map(event).collect();
        let target = EditTarget {
            account: id,
            reach: self.by.reach(),
        };
        let change = self
            .authority
            .store
            .edit_account(target, edits, sessions, now, &events)
            .await
            .map_err(AuthorityError::from)?;
        self.authority.feed.catch_up().await?;
        match change {
            AccountChange::Changed { ended_sessions } => Ok(ended_sessions),
            AccountChange::Unknown => Err(AccountError::Unknown),
            AccountChange::OutOfReach => Err(AccountError::SuperuserRequired),
        }
    }

    /// Whether an address may become an account's. Where accounts are told apart by it, two that take the same one at
    /// the same moment end up with one that names neither.
    async fn check_email(&self, address: &str) -> Result<(), AccountError> {
        if !is_usable_email(address) {
            return Err(AccountError::UnusableEmail);
        }
        if !self.authority.policy.needs_unique_email() {
            return Ok(());
        }
        if address.is_empty() {
            return Err(AccountError::EmailNeeded);
        }
        let taken = self.authority.store.is_email_taken(address).await;
        if taken.map_err(AuthorityError::from)? {
            return Err(AccountError::EmailTaken);
        }
        Ok(())
    }

    /// Whether what changes still fits into a token. The other fields are short; and whatever an account that came from
    /// elsewhere has in them, it can be deactivated.
    fn check_claims(
        &self,
        before: &Account,
        email: Option<&String>,
        attributes: Option<&ClaimsSet>,
    ) -> Result<(), AccountError> {
        if email.is_none() && attributes.is_none() {
            return Ok(());
        }
        let mut after = before.clone();
        if let Some(email) = email {
            after.email.clone_from(email);
        }
        if let Some(attributes) = attributes {
            after.attributes.clone_from(attributes);
        }
        self.authority.check_fields(&after)
    }

    /// What is stored of a new password of whoever has this name and address.
    async fn stored_form(
        &self,
        password: NewPassword,
        (username, email): (&str, &str),
    ) -> Result<EncodedPassword, AccountError> {
        let password = match password {
            NewPassword::Plain(password) => password,
            NewPassword::Encoded(encoded) => return Ok(encoded),
        };
        if password.is_empty() || password.is_too_long() {
            return Err(AccountError::UnusablePassword);
        }
        let rules = &self.authority.policy.passwords.rules;
        if !(rules.operator_exempt && self.by == Administrator::Operator) {
            rules.judge(&password, username, email)?;
        }
        Ok(self
            .authority
            .hasher
            .encode(password)
            .await
            .map_err(AuthorityError::from)?)
    }
}

impl Authority {
    fn unusable_password(&self) -> Result<EncodedPassword, AccountError> {
        let bytes: [u8; 16] = draw(self.random.as_ref()).map_err(AuthorityError::from)?;
        Ok(EncodedPassword::unusable(&format!(
            "{:032x}",
            u128::from_be_bytes(bytes)
        )))
    }
}

/// The edits that changes amount to, but for the standing.
fn details(changes: AccountChanges) -> Vec<AccountEdit> {
    let mut edits = Vec::new();
    edits.extend(changes.email.map(|address| AccountEdit::Email {
        address,
        verified: false,
    }));
    if changes.privileges != PrivilegeChange::default() {
        edits.push(AccountEdit::Privileges(changes.privileges));
    }
    edits.extend(changes.role.map(AccountEdit::Role));
    edits.extend(
        changes
            .password_needs_reset
            .map(AccountEdit::PasswordNeedsReset),
    );
    edits.extend(changes.attributes.map(AccountEdit::Attributes));
    edits
}

pub(super) const fn on_change(policy: OnAccountChange, cause: EndCause) -> SessionsOnChange {
    match policy {
        OnAccountChange::EndSessions => SessionsOnChange::End(cause),
        OnAccountChange::KeepSessions => SessionsOnChange::Keep,
    }
}

/// Whether an account may have this name, however it came by it.
pub(super) fn is_usable_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=150).contains(&length) && !name.chars().any(char::is_control)
}

/// Not whether mail arrives there: only that it is no other thing, and within Django's length.
fn is_usable_email(address: &str) -> bool {
    let is_address = |(local, domain): (&str, &str)| !local.is_empty() && !domain.is_empty();
    address.is_empty()
        || (address.chars().count() <= 254
            && !address.contains(|c: char| c.is_control() || c.is_whitespace())
            && address.rsplit_once('@').is_some_and(is_address))
}

pub(super) fn check_attributes(attributes: &ClaimsSet) -> Result<(), AccountError> {
    if attributes.to_json().len() > MOST_ATTRIBUTE_BYTES {
        return Err(AccountError::TooManyAttributes);
    }
    Ok(())
}

/// The most that is kept of an account besides its own columns: half of the longest token.
const MOST_ATTRIBUTE_BYTES: usize = 8 * 1024;
