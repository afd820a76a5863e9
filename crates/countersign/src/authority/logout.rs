//! Signing out: whoever gives a refresh or sliding token back ends its session, whatever its generation.

use countersign_token::{Authenticated, UnixMillis, VerifyError};

use super::ledger::is_renewable;
use super::{Authority, AuthorityError, Client, TokenRefusal};
use crate::account::AccountId;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::rotation::Refusal;
use crate::sealed_id::{GenerationAddress, Opened, TokenAddress};
use crate::session::EndCause;
use crate::store::Ending;

/// How signing out went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedOut {
    /// The session is over, durably.
    Done,
    /// It was over before, or its token blacklisted.
    Already,
    /// The token is refused.
    Refused(TokenRefusal),
    /// The token is good and of another account than the one that asks; nothing ended.
    OtherAccount,
}

impl Authority {
    /// Ends the session of a refresh or sliding token, with all its forks and the cause `logout`.
    ///
    /// Any generation will do, for whoever lost an answer holds only a spent one; the account is not looked at. Doing so
    /// twice is no error, and whoever asks is not told what ended the session before. Of a foreign token that opened
    /// no session the token itself dies.
    ///
    /// `signed_in` is the account that the request proved by other means, if it did: the token must then be of it.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing ended, or it is in the store and this process could not read it back; asking again
    /// is safe.
    pub async fn logout(
        &self,
        token: &str,
        signed_in: Option<AccountId>,
        client: &Client<'_>,
    ) -> Result<LoggedOut, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(LoggedOut::Refused(error.into())),
        };
        if !is_renewable(&genuine) {
            return Ok(LoggedOut::Refused(VerifyError::WrongType.into()));
        }
        let outcome = match self.open_id(&genuine).await? {
            Opened::Ours { address, .. } => {
                self.logout_own(&genuine, address, signed_in, client, now)
                    .await?
            }
            Opened::Foreign => {
                self.logout_foreign(&genuine, signed_in, client, now)
                    .await?
            }
        };
        self.feed.catch_up().await?;
        Ok(outcome)
    }

    async fn logout_own(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
        signed_in: Option<AccountId>,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<LoggedOut, AuthorityError> {
        let refused = |refusal: Refusal| Ok(LoggedOut::Refused(refusal.into()));
        let (TokenAddress::Refresh(at) | TokenAddress::Sliding(at)) = address else {
            return refused(Refusal::Unknown);
        };
        if !self.says_its_kind(genuine, address.kind()) {
            return refused(Refusal::Unknown);
        }
        let owner = match self.owner_of(genuine, at).await? {
            Ok(owner) => owner,
            Err(refusal) => return refused(refusal),
        };
        if signed_in.is_some_and(|account| Some(account) != owner) {
            return Ok(LoggedOut::OtherAccount);
        }
        let cause = EndCause::Logout;
        let event = AuditEvent::new(now, AuditKind::SessionEnded, Actor::Client)
            .about(owner)
            .from_ip(client.ip)
            .because(cause);
        let ending = self.store.end_session(at.session, cause, now, Some(&event));
        match ending.await? {
            Ending::Ended => Ok(LoggedOut::Done),
            Ending::Already(_) => Ok(LoggedOut::Already),
            Ending::Unknown => refused(Refusal::Unknown),
        }
    }

    /// Whose session a token of ours belongs to, live or not; `None` for nobody's.
    async fn owner_of(
        &self,
        genuine: &Authenticated,
        at: GenerationAddress,
    ) -> Result<Result<Option<AccountId>, Refusal>, AuthorityError> {
        let found = self.store.find_session(at.session).await?;
        let Some(session) = found
            .map(|lineage| lineage.session)
            .filter(|session| session.sid.salt() == at.salt)
        else {
            return Ok(Err(Refusal::Unknown));
        };
        if at.generation > session.generation {
            return Ok(Err(Refusal::StoreRolledBack));
        }
        let agreed = self
            .of_its_account(genuine, session.account, session.sid)
            .await?;
        Ok(agreed.map(|_| session.account))
    }

    async fn logout_foreign(
        &self,
        genuine: &Authenticated,
        signed_in: Option<AccountId>,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<LoggedOut, AuthorityError> {
        match self.admit_foreign(genuine, now).await? {
            Ok(_) => {}
            Err(TokenRefusal::Ledger(Refusal::Blacklisted)) => return Ok(LoggedOut::Already),
            Err(refusal) => return Ok(LoggedOut::Refused(refusal)),
        }
        if genuine.user().is_some() && !self.could_name(genuine) {
            return Ok(LoggedOut::Refused(Refusal::AccountGone.into()));
        }
        let owner = self.number_named(genuine).await?;
        if signed_in.is_some() && signed_in != owner {
            return Ok(LoggedOut::OtherAccount);
        }
        let mut event =
            AuditEvent::new(now, AuditKind::TokenBlacklisted, Actor::Client).from_ip(client.ip);
        event.subject = owner;
        let ended = self
            .end_foreign(genuine, owner, EndCause::Logout, &event)
            .await?;
        Ok(if ended {
            LoggedOut::Done
        } else {
            LoggedOut::Already
        })
    }
}
