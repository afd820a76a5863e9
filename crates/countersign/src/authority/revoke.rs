//! Revoking by hand: what an operator does with one token.

use countersign_token::{Authenticated, Timestamp, UnixMillis, VerifyError, dangerous};

use super::foreign::sealing_keys_changed;
use super::ledger::is_renewable;
use super::minting::whole_seconds;
use super::{Authority, AuthorityError, TokenRefusal};
use crate::account::AccountId;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::keys::Genuine;
use crate::rotation::{Refusal, later};
use crate::sealed_id::{GenerationAddress, NonceAddress, Opened, TokenAddress};
use crate::session::{EndCause, SessionId, SessionRecord};
use crate::store::{Ending, ForeignBlacklisting, TokenRevocation};

/// What revoking a token did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// A refresh token: its session has ended.
    Session(SessionId),
    /// A refresh token whose session had ended before, with this cause.
    AlreadyEnded(EndCause),
    /// An access token, or a token that somebody else minted: the token itself is revoked.
    Token,
    /// The token cannot be revoked; it is not accepted anyway.
    Refused(TokenRefusal),
}

impl Authority {
    /// Revokes a token: a refresh token ends its session, any other token dies by itself.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing is revoked, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn revoke(&self, token: &str) -> Result<Revoked, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate_early(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Revoked::Refused(error.into())),
        };
        let revoked = match self.open_id(&genuine).await? {
            Opened::Ours { address, .. } => {
                self.revoke_address(address, genuine.token_id(), &Actor::Operator, now)
                    .await?
            }
            Opened::Foreign => self.revoke_foreign(&genuine, &Actor::Operator, now).await?,
        };
        self.feed.catch_up().await?;
        Ok(revoked)
    }

    /// Establishes that a token is genuine, also if it is not valid yet by this process's clock: one whose clock
    /// is behind must be able to revoke what another one accepts.
    pub(super) async fn authenticate_early(
        &self,
        token: &str,
        now: UnixMillis,
    ) -> Result<Result<Genuine, VerifyError>, AuthorityError> {
        match self.authenticate(token, now).await? {
            Err(VerifyError::IssuedInFuture | VerifyError::NotYetValid) => {
                let valid_from = dangerous::read_without_verifying(token)
                    .ok()
                    .and_then(|claims| claims.issued_at().max(claims.not_before()));
                let then = valid_from.map_or(now, UnixMillis::from);
                self.authenticate(token, then).await
            }
            judged => Ok(judged),
        }
    }

    /// Revokes a token of ours by its id alone.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing is revoked, or it is in the store and this process
    /// could not read it back; asking again is safe.
    pub async fn revoke_id(&self, token_id: &str) -> Result<Revoked, AuthorityError> {
        let revoked = match self.keys.open(token_id) {
            Opened::Ours { address, .. } => {
                self.revoke_address(address, token_id, &Actor::Operator, self.clock.now())
                    .await?
            }
            Opened::Foreign => Revoked::Refused(TokenRefusal::Foreign),
        };
        self.feed.catch_up().await?;
        Ok(revoked)
    }

    pub(super) async fn revoke_address(
        &self,
        address: TokenAddress,
        token_id: &str,
        by: &Actor,
        now: UnixMillis,
    ) -> Result<Revoked, AuthorityError> {
        match address {
            TokenAddress::Refresh(at) | TokenAddress::Sliding(at) => {
                self.revoke_session(at, by, now).await
            }
            TokenAddress::Access(at) | TokenAddress::Websocket(at) | TokenAddress::Custom(at) => {
                self.revoke_access(at, token_id, by, now).await
            }
        }
    }

    async fn revoke_session(
        &self,
        at: GenerationAddress,
        by: &Actor,
        now: UnixMillis,
    ) -> Result<Revoked, AuthorityError> {
        let found = self.store.find_session(at.session).await?;
        let Some(session) = found
            .map(|lineage| lineage.session)
            .filter(|session| session.sid.salt() == at.salt)
        else {
            return Ok(Revoked::Refused(Refusal::Unknown.into()));
        };
        self.end_by(&session, by, now).await
    }

    /// Ends a session that one of its tokens was revoked with.
    pub(super) async fn end_by(
        &self,
        session: &SessionRecord,
        by: &Actor,
        now: UnixMillis,
    ) -> Result<Revoked, AuthorityError> {
        let cause = EndCause::EndedByOperator;
        let event = AuditEvent::new(now, AuditKind::SessionEnded, by.clone())
            .about(session.account)
            .in_session(session.sid)
            .because(cause);
        Ok(
            match self
                .store
                .end_session(session.number, cause, now, Some(&event))
                .await?
            {
                Ending::Ended => Revoked::Session(session.sid),
                Ending::Already(cause) => Revoked::AlreadyEnded(cause),
                Ending::Unknown => Revoked::Refused(Refusal::Unknown.into()),
            },
        )
    }

    async fn revoke_access(
        &self,
        at: NonceAddress,
        token_id: &str,
        by: &Actor,
        now: UnixMillis,
    ) -> Result<Revoked, AuthorityError> {
        let Some(lineage) = self.store.find_session(at.root).await? else {
            return Ok(Revoked::Refused(Refusal::Unknown.into()));
        };
        let session = lineage.session;
        let event = AuditEvent::new(now, AuditKind::TokenRevoked, by.clone())
            .about(session.account)
            .in_session(session.sid);
        self.revoke_token_id(token_id, session.keep_until, now, event)
            .await
    }

    pub(super) async fn revoke_foreign(
        &self,
        genuine: &Authenticated,
        by: &Actor,
        now: UnixMillis,
    ) -> Result<Revoked, AuthorityError> {
        let event = AuditEvent::new(now, AuditKind::TokenRevoked, by.clone());
        if !is_renewable(genuine) {
            let leeway = whole_seconds(self.policy.tokens.leeway);
            return self
                .revoke_token_id(
                    genuine.token_id(),
                    later(genuine.expires_at(), leeway),
                    now,
                    event,
                )
                .await;
        }
        let owner = self.number_named(genuine).await?;
        let cause = EndCause::EndedByOperator;
        self.end_foreign(genuine, owner, cause, &event).await?;
        Ok(Revoked::Token)
    }

    /// Ends what a foreign refresh or sliding token of `owner`'s stands for: the session that its first use opened, or
    /// else the token itself. Tells whether that was still good.
    pub(super) async fn end_foreign(
        &self,
        genuine: &Authenticated,
        owner: Option<AccountId>,
        cause: EndCause,
        event: &AuditEvent,
    ) -> Result<bool, AuthorityError> {
        let record = self.foreign_record(genuine, owner);
        let (sealing_keys, now) = (self.keys.sealing().ids(), event.at);
        let outcome = self
            .store
            .blacklist_foreign_token(&record, &sealing_keys, now, Some(event))
            .await?;
        match outcome {
            ForeignBlacklisting::Done => Ok(true),
            ForeignBlacklisting::Already => Ok(false),
            ForeignBlacklisting::Adopted(session) => {
                let event = event.clone().because(cause);
                let ending = self
                    .store
                    .end_session(session, cause, now, Some(&event))
                    .await?;
                Ok(ending == Ending::Ended)
            }
            ForeignBlacklisting::SealingKeysChanged => Err(sealing_keys_changed().into()),
        }
    }

    async fn revoke_token_id(
        &self,
        token_id: &str,
        forget_at: Timestamp,
        now: UnixMillis,
        event: AuditEvent,
    ) -> Result<Revoked, AuthorityError> {
        let revocation = TokenRevocation {
            token_id: token_id.to_owned(),
            forget_at,
        };
        self.store
            .revoke_token(&revocation, now, Some(&event))
            .await?;
        Ok(Revoked::Token)
    }
}
