//! The mark of the password in tokens (`CHECK_REVOKE_TOKEN`): whoever changes a password thereby refuses the tokens
//! from before.

use std::net::IpAddr;

use countersign_token::{Authenticated, ClaimsError, ClaimsSet, UnixMillis};

use super::{Authority, AuthorityError};
use crate::account::Account;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::session::{EndCause, SessionRecord};

impl Authority {
    /// Puts the mark into a new token's claims, where the settings ask for it.
    pub(super) fn add_password_mark(
        &self,
        claims: &mut ClaimsSet,
        account: &Account,
    ) -> Result<(), ClaimsError> {
        let tokens = &self.policy.tokens;
        if tokens.check_password_mark {
            claims.insert(&tokens.password_mark_claim, account.password_mark.as_str())?;
        }
        Ok(())
    }

    /// Whether a token carries the mark of its account's password. A token without one is older than the setting.
    pub(super) fn has_password_mark(
        &self,
        token: &Authenticated,
        account: &Account,
    ) -> Result<bool, AuthorityError> {
        let tokens = &self.policy.tokens;
        if !tokens.check_password_mark {
            return Ok(true);
        }
        let claimed = token.claims()?.get::<String>(&tokens.password_mark_claim);
        Ok(matches!(claimed, Some(Ok(mark)) if account.password_mark.is(&mark)))
    }

    /// Takes a token whose password has changed out of use, although the request fails: shown again, it is
    /// blacklisted.
    pub(super) async fn retire_after_password_change(
        &self,
        session: &SessionRecord,
        token_id: &str,
        ip: Option<IpAddr>,
        now: UnixMillis,
    ) -> Result<(), AuthorityError> {
        let cause = EndCause::PasswordChanged;
        let event = AuditEvent::new(now, AuditKind::TokenBlacklisted, Actor::Client)
            .about(session.account)
            .in_session(session.sid)
            .because(cause)
            .from_ip(ip);
        // Whether somebody else was faster makes no difference.
        let _already = self
            .take_out_of_use(session, token_id, cause, &event, now)
            .await?;
        self.feed.catch_up().await
    }
}
