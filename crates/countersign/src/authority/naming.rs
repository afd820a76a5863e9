//! How tokens name accounts: by number as a rule, or by name, address or UUID where the settings say so.
//!
//! Whose token an id of ours is, its session says; the claim must agree. So a name that was given up and taken
//! again by somebody else inherits nothing. Only foreign tokens are looked up by what they claim.

use countersign_token::{Authenticated, UserClaim};

use super::{Authority, AuthorityError};
use crate::account::{Account, AccountId, AccountKey};
use crate::policy::UserField;
use crate::rotation::Refusal;
use crate::sealed_id::TokenAddress;
use crate::session::SessionNumber;
use crate::store::StoreError;
use crate::uuid::Uuid;

impl Authority {
    /// What tokens call an account; empty if it has no such name. Always text, whatever the account's number is.
    pub(super) fn name_of(&self, account: &Account) -> String {
        match self.policy.tokens.user_field {
            UserField::Id => account.id.to_string(),
            UserField::Username => account.username.clone(),
            UserField::Email => account.email.clone(),
            UserField::Uuid => account.uuid.to_string(),
        }
    }

    /// Whether a token's user claim could name anybody: it has the type and the canonical spelling.
    pub(super) fn could_name(&self, token: &Authenticated) -> bool {
        match self.policy.tokens.user_field {
            UserField::Id => number_of(token).is_some(),
            UserField::Username | UserField::Email => text_of(token).is_some(),
            UserField::Uuid => uuid_of(token).is_some(),
        }
    }

    /// The account that a token's user claim names.
    pub(super) async fn account_named(
        &self,
        token: &Authenticated,
    ) -> Result<Option<Account>, StoreError> {
        let key = match self.policy.tokens.user_field {
            UserField::Id => {
                return match number_of(token) {
                    Some(id) => self.accounts.find_account(id).await,
                    None => Ok(None),
                };
            }
            UserField::Username => text_of(token).map(AccountKey::Username),
            UserField::Email => text_of(token).map(AccountKey::Email),
            UserField::Uuid => uuid_of(token).map(AccountKey::Uuid),
        };
        match key {
            Some(key) => self.accounts.find_account_by(key).await,
            None => Ok(None),
        }
    }

    /// The number of the account that a token's user claim names, looked up only if the claim is not the number.
    pub(super) async fn number_named(
        &self,
        token: &Authenticated,
    ) -> Result<Option<AccountId>, StoreError> {
        if self.policy.tokens.user_field == UserField::Id {
            return Ok(number_of(token));
        }
        Ok(self.account_named(token).await?.map(|account| account.id))
    }

    /// Whether a token's user claim is an account's name. Numbers are compared where the session is.
    pub(super) fn is_named_by(&self, account: &Account, token: &Authenticated) -> bool {
        self.policy.tokens.user_field == UserField::Id
            || text_of(token).is_some_and(|text| text == self.name_of(account))
    }

    /// Whose session a refresh or sliding token claims to be of: what its user claim says, or else what the session
    /// says, whose account is then compared with the claim. `None` if the token names nobody.
    pub(super) async fn claimed_owner(
        &self,
        token: &Authenticated,
        session: SessionNumber,
    ) -> Result<Result<Option<AccountId>, Refusal>, AuthorityError> {
        if self.policy.tokens.user_field == UserField::Id {
            return Ok(Ok(number_of(token)));
        }
        if !self.could_name(token) {
            return Ok(Ok(None));
        }
        let facts = self.session_facts(session).await?;
        Ok(facts.map(|known| known.account))
    }

    /// Whether a token without user claim is of a session without account.
    pub(super) async fn is_nobodys(
        &self,
        token: &Authenticated,
        session: SessionNumber,
    ) -> Result<bool, AuthorityError> {
        if token.user().is_some() {
            return Ok(false);
        }
        let found = self.store.find_session(session).await?;
        Ok(found.is_some_and(|lineage| lineage.session.account.is_none()))
    }

    /// Whose entries in the revocation index concern a token that is no refresh or sliding token.
    pub(super) async fn indexed_owner(
        &self,
        token: &Authenticated,
        address: Option<TokenAddress>,
    ) -> Result<Option<AccountId>, AuthorityError> {
        if self.policy.tokens.user_field == UserField::Id {
            return Ok(number_of(token));
        }
        let Some(address) = address else {
            return Ok(self.number_named(token).await?);
        };
        let facts = self.session_facts(address.session()).await?;
        Ok(facts.ok().and_then(|known| known.account))
    }
}

/// The number that a token's user claim is, in its canonical spelling.
pub(super) fn number_of(token: &Authenticated) -> Option<AccountId> {
    token.user()?.as_account_number().map(AccountId::new)
}

fn text_of(token: &Authenticated) -> Option<&str> {
    match token.user()? {
        UserClaim::Text(text) if !text.is_empty() => Some(text),
        UserClaim::Text(_) | UserClaim::Integer(_) | UserClaim::Other => None,
    }
}

fn uuid_of(token: &Authenticated) -> Option<Uuid> {
    Uuid::parse(text_of(token)?)
}
