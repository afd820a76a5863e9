//! What owners change of their own account: what is theirs to say, and decides about nothing.

use countersign_token::ClaimsSet;

use super::accounts::check_attributes;
use super::{AccountError, Authority, AuthorityError, Client, Identified};
use crate::account::{Account, Residence};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::store::{AccountChange, AccountEdit, EditTarget, SessionsOnChange};

impl Authority {
    /// Sets attributes of whoever was identified, and returns the account as it is then; the other attributes stay.
    /// Sessions go on: what these attributes are is for the caller to choose, and none may be one that decides about
    /// rights. Nothing to set is no change.
    ///
    /// # Errors
    /// [`AccountError`]: nothing was changed, or it is in the store and this process could not read it back; asking
    /// again is safe. [`AccountError::Unknown`] also where accounts are those of an embedding program.
    pub async fn set_own_attributes(
        &self,
        owner: &Identified,
        attributes: ClaimsSet,
        client: &Client<'_>,
    ) -> Result<Account, AccountError> {
        if self.accounts.residence() != Residence::InStore {
            return Err(AccountError::Unknown);
        }
        let id = owner.account.id;
        let found = self.store.find_account(id).await;
        let mut account = found
            .map_err(AuthorityError::from)?
            .ok_or(AccountError::Unknown)?;
        if attributes.is_empty() {
            return Ok(account);
        }
        account.attributes.update(&attributes);
        check_attributes(&account.attributes)?;
        self.check_fields(&account)?;
        let now = self.clock.now();
        let event = AuditEvent::new(now, AuditKind::AccountChanged, Actor::Account(id))
            .about(id)
            .from_ip(client.ip);
        let change = self
            .store
            .edit_account(
                EditTarget::any(id),
                &[AccountEdit::SetAttributes(attributes)],
                SessionsOnChange::Keep,
                now,
                &[event],
            )
            .await
            .map_err(AuthorityError::from)?;
        self.feed.catch_up().await?;
        match change {
            AccountChange::Changed { .. } => Ok(account),
            AccountChange::Unknown | AccountChange::OutOfReach => Err(AccountError::Unknown),
        }
    }
}
