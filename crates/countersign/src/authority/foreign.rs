//! Refreshing with a token that somebody else minted: its first use moves the login onto a session of ours.

use countersign_token::{Authenticated, ClaimsSet, Refresh as RefreshKind, Timestamp, UnixMillis};

use super::blacklist::refuse_out_of_use;
use super::login::Form;
use super::refresh::{Presented, Refresh};
use super::{Authority, AuthorityError, Client, TokenRefusal};
use crate::account::{Account, AccountId};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::policy::ForeignTokenPolicy;
use crate::rotation::{PresentedToken, Refusal, RotationMode, later};
use crate::session::{EndCause, FirstToken, Generation, SessionNumber, SessionRecord};
use crate::store::{
    Adopted, Adoption, ForeignBlacklisting, ForeignToken, NewForeignToken, NewSession, StoreError,
};

impl Authority {
    pub(super) async fn refresh_foreign(
        &self,
        genuine: &Authenticated,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Refresh, AuthorityError> {
        let known = match self.admit_foreign(genuine, now).await? {
            Ok(known) => known,
            Err(refusal) => return Ok(Refresh::Refused(refusal)),
        };
        if let Err(error) = genuine.has_kind::<RefreshKind>() {
            return Ok(Refresh::Refused(error.into()));
        }
        if genuine.user().is_none() {
            return Ok(Refresh::Refused(TokenRefusal::NoAccount));
        }
        // What became of the session that it opened counts before the account, as the blacklist does.
        let session = known.and_then(|known| known.session);
        if let Some(session) = session
            && let Some(lineage) = self.store.find_session(session).await?
            && let Err(refusal) = refuse_out_of_use(&lineage)
        {
            return Ok(Refresh::Refused(refusal.into()));
        }
        let account = match self.account_of_foreign(genuine, now).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Refresh::Refused(refusal.into())),
        };
        if let Some(session) = session {
            return self
                .refresh_adopted(genuine, session, &account, client, now)
                .await;
        }
        let claims = self
            .claims_at_refresh(genuine, Some(&account), client, now)
            .await?;
        let Some(claims) = claims else {
            return Ok(Refresh::Refused(Refusal::AccountInactive.into()));
        };
        self.adopt(genuine, &account, &claims, client, now).await
    }

    /// Whether foreign tokens are accepted at all and this one is not blacklisted; and what is recorded of it.
    pub(super) async fn admit_foreign(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Result<Option<ForeignToken>, TokenRefusal>, AuthorityError> {
        if self.policy.foreign_at(now) == ForeignTokenPolicy::Off {
            return Ok(Err(TokenRefusal::Foreign));
        }
        if let Err(refusal) = self.check_foreign_issue_time(genuine, now) {
            return Ok(Err(refusal));
        }
        let known = self.store.find_foreign_token(genuine.token_id()).await?;
        if known
            .as_ref()
            .is_some_and(|known| known.blacklisted_at.is_some())
        {
            return Ok(Err(Refusal::Blacklisted.into()));
        }
        Ok(Ok(known))
    }

    pub(super) async fn account_of_foreign(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Result<Account, Refusal>, AuthorityError> {
        let Some(account) = self.account_named(genuine).await? else {
            return Ok(Err(Refusal::AccountGone));
        };
        if !self.may_refresh(&account) {
            return Ok(Err(Refusal::AccountInactive));
        }
        if !self.has_password_mark(genuine, &account)? {
            self.blacklist_after_password_change(genuine, &account, now)
                .await?;
            return Ok(Err(Refusal::PasswordChanged));
        }
        Ok(Ok(account))
    }

    /// A foreign token whose password has changed is blacklisted, although the request fails; so is the session
    /// that its first use opened.
    async fn blacklist_after_password_change(
        &self,
        genuine: &Authenticated,
        account: &Account,
        now: UnixMillis,
    ) -> Result<(), AuthorityError> {
        let record = self.foreign_record(genuine, Some(account.id));
        let event = AuditEvent::new(now, AuditKind::TokenBlacklisted, Actor::Client)
            .about(account.id)
            .because(EndCause::PasswordChanged);
        let sealing_keys = self.keys.sealing().ids();
        let outcome = self
            .store
            .blacklist_foreign_token(&record, &sealing_keys, now, Some(&event))
            .await?;
        if let ForeignBlacklisting::Adopted(session) = outcome
            && let Some(lineage) = self.store.find_session(session).await?
        {
            self.retire_after_password_change(&lineage.session, genuine.token_id(), None, now)
                .await?;
        }
        self.feed.catch_up().await
    }

    /// What is recorded of a foreign token. A missing `iat` counts as 0.
    pub(super) fn foreign_record(
        &self,
        genuine: &Authenticated,
        account: Option<AccountId>,
    ) -> NewForeignToken {
        NewForeignToken {
            token_id: genuine.token_id().to_owned(),
            account,
            expires_at: self.last_expiry(genuine),
            issued_at: genuine.issued_at().unwrap_or(Timestamp::from_seconds(0)),
        }
    }

    /// The latest `exp` of any token with this id: sliding tokens keep theirs when they are refreshed. A record
    /// that went with the first one's `exp` would let a blacklisted one come back to life.
    fn last_expiry(&self, genuine: &Authenticated) -> Timestamp {
        let claims = genuine.claims();
        let window_end = claims
            .ok()
            .and_then(|claims| self.window_end(&claims).ok()?);
        let last = window_end.map(|end| later(end, self.keep_beyond_seconds(Form::Sliding)));
        last.map_or(genuine.expires_at(), |last| last.max(genuine.expires_at()))
    }

    async fn adopt(
        &self,
        genuine: &Authenticated,
        account: &Account,
        claims: &ClaimsSet,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Refresh, AuthorityError> {
        let adoption = Adoption {
            token: self.foreign_record(genuine, Some(account.id)),
            unrecorded: self.policy.foreign_at(now) == ForeignTokenPolicy::Signed,
            session: self.adopting_session(genuine, account, client, now).await?,
            sealing_keys: self.keys.sealing().ids(),
        };
        let event = AuditEvent::new(now, AuditKind::SessionOpened, Actor::Client)
            .about(account.id)
            .in_session(adoption.session.sid)
            .from_ip(client.ip);
        match self
            .store
            .adopt_foreign_token(&adoption, Some(&event))
            .await?
        {
            Adopted::Opened(session) if self.changed_meanwhile(&session, now).await? => {
                Ok(Refresh::Refused(Refusal::AccountGone.into()))
            }
            Adopted::Opened(session) => {
                let presented = presented(genuine, session.number, account.id, client, now);
                let claims = Some(claims);
                self.refresh_first_use(
                    session,
                    Presented {
                        claims,
                        ..presented
                    },
                )
                .await
            }
            Adopted::Known(ForeignToken {
                session: Some(session),
                ..
            }) => {
                self.refresh_adopted(genuine, session, account, client, now)
                    .await
            }
            Adopted::Known(_) | Adopted::Revoked => {
                Ok(Refresh::Refused(Refusal::Blacklisted.into()))
            }
            Adopted::AccountChanged => Ok(Refresh::Refused(Refusal::AccountGone.into())),
            Adopted::NotRecorded => Ok(Refresh::Refused(TokenRefusal::Foreign)),
            Adopted::SealingKeysChanged => Err(sealing_keys_changed().into()),
        }
    }

    /// The session that a foreign token opens: the token is its generation 0, which rotation spends at once.
    async fn adopting_session(
        &self,
        genuine: &Authenticated,
        account: &Account,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<NewSession, AuthorityError> {
        let mut session = self.new_session(account, Form::Pair, client, now).await?;
        session.first_token = FirstToken::Foreign;
        if self.policy.rotation.mode == RotationMode::Rotate {
            session.generation = Generation::FIRST.next();
        } else {
            session.refresh_expires_at = genuine.expires_at();
            session.keep_until = later(genuine.expires_at(), self.keep_beyond_seconds(Form::Pair))
                .max(session.keep_until);
        }
        Ok(session)
    }

    async fn refresh_first_use(
        &self,
        session: SessionRecord,
        presented: Presented<'_>,
    ) -> Result<Refresh, AuthorityError> {
        if self.policy.rotation.mode == RotationMode::Rotate {
            return self.issue_adopted(&session, presented);
        }
        self.refresh_presented(presented).await
    }

    async fn refresh_adopted(
        &self,
        genuine: &Authenticated,
        session: SessionNumber,
        account: &Account,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Refresh, AuthorityError> {
        let presented = presented(genuine, session, account.id, client, now);
        self.refresh_presented(presented).await
    }
}

/// Another node added a sealing key in this very moment: the next try opens the id, or finds it foreign again.
pub(super) fn sealing_keys_changed() -> StoreError {
    StoreError::unavailable("the sealing keys have just changed")
}

fn presented<'a>(
    genuine: &'a Authenticated,
    session: SessionNumber,
    account: AccountId,
    client: &'a Client<'a>,
    now: UnixMillis,
) -> Presented<'a> {
    let token = PresentedToken {
        session,
        generation: Generation::FIRST,
        salt: None,
        account: Some(account),
    };
    Presented {
        token,
        genuine,
        client,
        now,
        claims: None,
    }
}
