//! Refreshing: a refresh token for a new access token and, with rotation, its own successor.

use countersign_token::{
    Authenticated, ClaimsError, ClaimsSet, Refresh as RefreshKind, SignedToken, UnixMillis,
};

use super::login::Form;
use super::{Authority, AuthorityError, Client, TokenRefusal};
use crate::account::{Account, AccountId};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::rotation::{
    AccountAtRefresh, Decision, PresentedToken, Refusal, RotationMode, RotationStep, decide,
};
use crate::sealed_id::{Opened, TokenAddress};
use crate::session::{EndCause, Lineage, SessionRecord};
use crate::store::{Fork, Forked, Rotation, StoreError};

/// How a refresh went.
#[derive(Debug)]
pub enum Refresh<T = Refreshed> {
    /// New tokens, durable.
    Issued(T),
    /// The token is refused. What the refusal entails, such as the end of a reused session, is durable.
    Refused(TokenRefusal),
}

/// What a refresh gives.
#[derive(Debug)]
pub struct Refreshed {
    /// The new access token.
    pub access: SignedToken,
    /// The new refresh token, with rotation.
    pub refresh: Option<SignedToken>,
    /// Whether this is the answer of an earlier refresh once more, within the grace.
    pub replayed: bool,
}

/// A genuine refresh token on its way through the ledger.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    pub(super) token: PresentedToken,
    pub(super) genuine: &'a Authenticated,
    pub(super) client: &'a Client<'a>,
    pub(super) now: UnixMillis,
    /// What its successors say, where that is not what the token says itself.
    pub(super) claims: Option<&'a ClaimsSet>,
}

impl Presented<'_> {
    /// What the token's successors say, but for times and ids.
    fn successor_claims(&self) -> Result<ClaimsSet, ClaimsError> {
        self.claims
            .cloned()
            .map_or_else(|| self.genuine.claims(), Ok)
    }
}

impl FoundAtRefresh {
    pub(super) const fn is_fit(&self) -> bool {
        matches!(
            self.fitness,
            AccountAtRefresh::Unread | AccountAtRefresh::Fit
        )
    }
}

/// The account at a refresh, and what that means.
pub(super) struct FoundAtRefresh {
    pub(super) fitness: AccountAtRefresh,
    /// `None` also if nobody looked.
    pub(super) account: Option<Account>,
}

impl Authority {
    /// Refreshes: with rotation, spends the token and issues its successor with a new access token.
    ///
    /// Concurrent calls with one token share one successor inside the reuse grace; outside it, presenting a spent
    /// token ends the session where reuse detection is on.
    ///
    /// # Errors
    /// [`AuthorityError`]: the token is not spent, unless the store could not tell whether its commit succeeded.
    ///
    /// # Source
    /// RFC 9700 §4.14.2; SimpleJWT `ROTATE_REFRESH_TOKENS`, `BLACKLIST_AFTER_ROTATION`.
    pub async fn refresh(
        &self,
        token: &str,
        client: &Client<'_>,
    ) -> Result<Refresh, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Refresh::Refused(error.into())),
        };
        let opened = self.open_id(&genuine).await?;
        let Opened::Ours { address, .. } = opened else {
            return self.refresh_foreign(&genuine, client, now).await;
        };
        match self
            .expect_kind::<RefreshKind>(&genuine, opened, now)
            .await?
        {
            Ok(()) => self.refresh_own(&genuine, address, client, now).await,
            Err(refusal) => Ok(Refresh::Refused(refusal)),
        }
    }

    async fn refresh_own(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Refresh, AuthorityError> {
        let TokenAddress::Refresh(address) = address else {
            return Ok(Refresh::Refused(Refusal::Unknown.into()));
        };
        let account = match self.claimed_owner(genuine, address.session).await? {
            Ok(Some(account)) => Some(account),
            Ok(None) if self.is_nobodys(genuine, address.session).await? => None,
            Ok(None) => return Ok(Refresh::Refused(TokenRefusal::NoAccount)),
            Err(refusal) => return Ok(Refresh::Refused(refusal.into())),
        };
        let presented = Presented {
            token: PresentedToken::of(address, account),
            genuine,
            client,
            now,
            claims: None,
        };
        self.refresh_presented(presented).await
    }

    /// Carries out a refresh whose session is known.
    pub(super) async fn refresh_presented(
        &self,
        presented: Presented<'_>,
    ) -> Result<Refresh, AuthorityError> {
        if self.is_revoked_wholesale(presented.genuine, Some(presented.token.session)) {
            return Ok(Refresh::Refused(Refusal::Blacklisted.into()));
        }
        let session = presented.token.session;
        if let Some(cause) = self
            .end_if_changed_elsewhere(session, presented.now)
            .await?
        {
            return Ok(Refresh::Refused(Refusal::Ended(cause).into()));
        }
        let found = self
            .account_at_refresh(presented.token.account, presented.genuine)
            .await?;
        let asks = presented.claims.is_none()
            && presented.token.account.is_some()
            && self.asks_for_claims_at_refresh();
        if asks && let Some(refused) = self.refuse_unasked(found.fitness, presented).await? {
            return Ok(refused);
        }
        let may_be_fit = found.is_fit();
        let claims = if may_be_fit && presented.claims.is_none() {
            match self
                .claims_of_successor(&presented, found.account.as_ref())
                .await?
            {
                Some(claims) => Some(claims),
                None => return Ok(Refresh::Refused(Refusal::AccountInactive.into())),
            }
        } else {
            None
        };
        let presented = Presented {
            claims: presented.claims.or(claims.as_ref()),
            ..presented
        };
        let lineage = if self.policy.rotation.mode == RotationMode::Rotate && may_be_fit {
            match self.try_rotate(&presented).await? {
                Rotation::Won(session) => {
                    return self.issue_successor(&session, presented, FirstTime::Yes);
                }
                Rotation::Lost(lineage) => lineage,
            }
        } else {
            self.store.find_session(presented.token.session).await?
        };
        let Some(lineage) = lineage else {
            return Ok(Refresh::Refused(Refusal::Unknown.into()));
        };
        let decision = decide(
            &self.policy.rotation,
            &lineage,
            found.fitness,
            &presented.token,
            self.client_digest(presented.client),
            presented.now,
        );
        self.carry_out(decision, &lineage, presented).await
    }

    /// Refuses what will be refused anyway, before somebody else is asked for claims. Whether a token that passes is
    /// still good afterwards is decided afterwards.
    async fn refuse_unasked(
        &self,
        account: AccountAtRefresh,
        presented: Presented<'_>,
    ) -> Result<Option<Refresh>, AuthorityError> {
        let Some(lineage) = self.store.find_session(presented.token.session).await? else {
            return Ok(Some(Refresh::Refused(Refusal::Unknown.into())));
        };
        let decision = decide(
            &self.policy.rotation,
            &lineage,
            account,
            &presented.token,
            self.client_digest(presented.client),
            presented.now,
        );
        match decision {
            Decision::Refuse(_) | Decision::EndAndRefuse(_) => self
                .carry_out(decision, &lineage, presented)
                .await
                .map(Some),
            _ => Ok(None),
        }
    }

    async fn try_rotate(&self, presented: &Presented<'_>) -> Result<Rotation, StoreError> {
        let step = RotationStep {
            token: presented.token,
            client: self.client_digest(presented.client),
            now: presented.now,
            refresh_expires_at: self.refresh_expires_at(Form::Pair, presented.now),
            keep_beyond_seconds: self.keep_beyond_seconds(Form::Pair),
            rotated_out: self.policy.rotated_out(),
        };
        let event = self.refresh_event(presented, AuditKind::Refreshed);
        self.store.rotate(&step, event.as_ref()).await
    }

    async fn carry_out(
        &self,
        decision: Decision,
        lineage: &Lineage,
        presented: Presented<'_>,
    ) -> Result<Refresh, AuthorityError> {
        match decision {
            Decision::IssueAccess => {
                let access = self.mint_access(
                    &lineage.session,
                    &presented.successor_claims()?,
                    presented.now,
                )?;
                Ok(Refresh::Issued(Refreshed {
                    access,
                    refresh: None,
                    replayed: false,
                }))
            }
            Decision::Fork => self.fork(presented).await,
            Decision::Replay => {
                if let Some(event) = self.refresh_event(&presented, AuditKind::RefreshReplayed) {
                    self.store
                        .append_audit(&event.in_session(lineage.session.sid))
                        .await?;
                }
                self.issue_successor(&lineage.session, presented, FirstTime::No)
            }
            Decision::Refuse(refusal) => self.refuse(refusal, &lineage.session, &presented).await,
            Decision::EndAndRefuse(cause) => {
                self.end_and_refuse(cause, &lineage.session, &presented)
                    .await
            }
            // The store said that the row does not match, and the row says that it does.
            Decision::Rotate => {
                Err(StoreError::Corrupt("a rotation was lost without a reason".to_owned()).into())
            }
        }
    }

    async fn fork(&self, presented: Presented<'_>) -> Result<Refresh, AuthorityError> {
        let fork = Fork {
            from: presented.token.session,
            client: self.client_digest(presented.client),
            now: presented.now,
            refresh_expires_at: self.refresh_expires_at(Form::Pair, presented.now),
            keep_beyond_seconds: self.keep_beyond_seconds(Form::Pair),
        };
        let event = self.refresh_event(&presented, AuditKind::Refreshed);
        match self.store.fork_session(&fork, event.as_ref()).await? {
            Forked::Opened(session) => self.issue_successor(&session, presented, FirstTime::Yes),
            Forked::Refused(lineage) => Ok(Refresh::Refused(end_of(lineage.as_ref()).into())),
        }
    }

    /// The successor of a foreign token whose adoption has just spent it.
    pub(super) fn issue_adopted(
        &self,
        session: &SessionRecord,
        presented: Presented<'_>,
    ) -> Result<Refresh, AuthorityError> {
        self.issue_successor(session, presented, FirstTime::Yes)
    }

    fn issue_successor(
        &self,
        session: &SessionRecord,
        presented: Presented<'_>,
        first_time: FirstTime,
    ) -> Result<Refresh, AuthorityError> {
        let claims = presented.successor_claims()?;
        Ok(Refresh::Issued(Refreshed {
            access: self.mint_access(session, &claims, presented.now)?,
            refresh: Some(self.mint_refresh(session, claims)?),
            replayed: first_time == FirstTime::No,
        }))
    }

    async fn refuse(
        &self,
        refusal: Refusal,
        session: &SessionRecord,
        presented: &Presented<'_>,
    ) -> Result<Refresh, AuthorityError> {
        if refusal == Refusal::PasswordChanged {
            let (token_id, ip) = (presented.genuine.token_id(), presented.client.ip);
            self.retire_after_password_change(session, token_id, ip, presented.now)
                .await?;
        }
        let kind = match refusal {
            Refusal::OtherClient => Some(AuditKind::ReplayOtherClient),
            Refusal::StoreRolledBack => Some(AuditKind::StoreRolledBack),
            _ => None,
        };
        if let Some(kind) = kind {
            let event = event(presented, kind).in_session(session.sid);
            self.store.append_audit(&event).await?;
        }
        Ok(Refresh::Refused(refusal.into()))
    }

    async fn end_and_refuse(
        &self,
        cause: EndCause,
        session: &SessionRecord,
        presented: &Presented<'_>,
    ) -> Result<Refresh, AuthorityError> {
        let kind = match cause {
            EndCause::ReuseDetected => AuditKind::ReuseDetected,
            _ => AuditKind::SessionEnded,
        };
        let event = event(presented, kind)
            .in_session(session.sid)
            .because(cause);
        self.store
            .end_session(session.number, cause, presented.now, Some(&event))
            .await?;
        self.feed.catch_up().await?;
        Ok(Refresh::Refused(Refusal::Ended(cause).into()))
    }

    /// What is known of the account without more work than settings and hooks ask for.
    pub(super) async fn account_at_refresh(
        &self,
        account: Option<AccountId>,
        token: &Authenticated,
    ) -> Result<FoundAtRefresh, AuthorityError> {
        let Some(account) = account.filter(|_| self.reads_account_at_refresh()) else {
            return Ok(FoundAtRefresh {
                fitness: AccountAtRefresh::Unread,
                account: None,
            });
        };
        let account = self.accounts.find_account(account).await?;
        let fitness = match &account {
            None => AccountAtRefresh::Gone,
            Some(account) if !self.is_named_by(account, token) => AccountAtRefresh::Gone,
            Some(account) if !self.may_refresh(account) => AccountAtRefresh::Inactive,
            Some(account) if !self.has_password_mark(token, account)? => {
                AccountAtRefresh::PasswordChanged
            }
            Some(_) => AccountAtRefresh::Fit,
        };
        Ok(FoundAtRefresh { fitness, account })
    }

    /// Whether an account's state lets its tokens be refreshed.
    pub(super) fn may_refresh(&self, account: &Account) -> bool {
        (account.is_active() || !self.policy.accounts.check_active) && self.admits(account)
    }

    fn refresh_event(&self, presented: &Presented<'_>, kind: AuditKind) -> Option<AuditEvent> {
        self.policy.audit_refreshes.then(|| event(presented, kind))
    }
}

/// Whether a successor is issued for the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FirstTime {
    Yes,
    No,
}

fn event(presented: &Presented<'_>, kind: AuditKind) -> AuditEvent {
    AuditEvent::new(presented.now, kind, Actor::Client)
        .about(presented.token.account)
        .from_ip(presented.client.ip)
}

/// Why a session that cannot be forked cannot be.
fn end_of(lineage: Option<&Lineage>) -> Refusal {
    use crate::session::SessionState;
    let Some(lineage) = lineage else {
        return Refusal::Unknown;
    };
    match (lineage.session.state, lineage.root) {
        (SessionState::Ended { cause, .. }, _) | (_, SessionState::Ended { cause, .. }) => {
            Refusal::Ended(cause)
        }
        (SessionState::Disabled, _) | (_, SessionState::Disabled) => Refusal::Disabled,
        (SessionState::Live, SessionState::Live) => Refusal::Blacklisted,
    }
}
