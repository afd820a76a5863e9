//! Accounts that live elsewhere: whatever changes them cannot end their sessions in the same transaction, so the
//! authority looks for itself, after it has opened a session and whenever one is refreshed.

use countersign_token::UnixMillis;

use super::{Authority, AuthorityError};
use crate::account::{Account, Residence};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::policy::OnAccountChange;
use crate::session::{EndCause, SessionNumber, SessionRecord};

impl Authority {
    /// Whether an account that lives elsewhere changed while its session was inserted. The session ends then:
    /// whoever knew the old password holds nothing.
    pub(super) async fn changed_meanwhile(
        &self,
        session: &SessionRecord,
        now: UnixMillis,
    ) -> Result<bool, AuthorityError> {
        let change = match self.accounts.residence() {
            Residence::InStore => None,
            Residence::Elsewhere => self.change_since(session).await?,
        };
        if let Some(cause) = change {
            self.end_for_change(session, cause, now).await?;
        }
        Ok(change.is_some())
    }

    /// Ends a session whose account changed elsewhere since its sign-in, where the settings say that such a
    /// change ends sessions; tells why.
    pub(super) async fn end_if_changed_elsewhere(
        &self,
        session: SessionNumber,
        now: UnixMillis,
    ) -> Result<Option<EndCause>, AuthorityError> {
        if self.accounts.residence() == Residence::InStore {
            return Ok(None);
        }
        let Some(lineage) = self.store.find_session(session).await? else {
            return Ok(None);
        };
        let change = self.change_since(&lineage.session).await?;
        let Some(cause) = change.filter(|cause| self.ends_sessions(*cause)) else {
            return Ok(None);
        };
        self.end_for_change(&lineage.session, cause, now).await?;
        Ok(Some(cause))
    }

    async fn change_since(
        &self,
        session: &SessionRecord,
    ) -> Result<Option<EndCause>, AuthorityError> {
        // Nobody's session has no account that could change.
        let Some(account) = session.account else {
            return Ok(None);
        };
        let found = self.accounts.find_account(account).await?;
        Ok(self.change_of(found.as_ref(), session))
    }

    fn change_of(&self, account: Option<&Account>, session: &SessionRecord) -> Option<EndCause> {
        let Some(account) = account else {
            return Some(EndCause::AccountDeleted);
        };
        if self.policy.accounts.check_active && !account.is_active() {
            return Some(EndCause::AccountDeactivated);
        }
        let same = account.credential_version == session.credential_version;
        (!same).then_some(EndCause::PasswordChanged)
    }

    fn ends_sessions(&self, cause: EndCause) -> bool {
        let accounts = &self.policy.accounts;
        let policy = match cause {
            EndCause::PasswordChanged => accounts.on_password_change,
            _ => accounts.on_deactivation,
        };
        policy == OnAccountChange::EndSessions
    }

    async fn end_for_change(
        &self,
        session: &SessionRecord,
        cause: EndCause,
        now: UnixMillis,
    ) -> Result<(), AuthorityError> {
        let event = AuditEvent::new(now, AuditKind::SessionEnded, Actor::System)
            .about(session.account)
            .in_session(session.sid)
            .because(cause);
        self.store
            .end_session(session.number, cause, now, Some(&event))
            .await?;
        self.feed.catch_up().await
    }
}
