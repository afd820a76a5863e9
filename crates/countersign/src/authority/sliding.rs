//! Sliding tokens: one token that opens resources and renews itself, until its window closes.
//!
//! A sign-in opens one session of generation 0. A refresh reads its row and writes nothing: only `exp` and `iat`
//! change, and claims that settings renew; the token before it stays good until its own `exp`, and what is blacklisted is the session, hence all of
//! them. A sliding token that somebody else minted keeps its id and stays theirs.

use std::time::Duration;

use countersign_token::{
    Authenticated, ClaimsSet, SignedToken, Sliding, Timestamp, UnixMillis, VerifyError,
};

use super::login::{Form, Login};
use super::minting::whole_seconds;
use super::{Authority, AuthorityError, Client, Refresh, SignIn, TokenRefusal};
use crate::account::Account;
use crate::password::PlainPassword;
use crate::rotation::{PresentedToken, Refusal, decide_sliding, later};
use crate::sealed_id::{Opened, TokenAddress};
use crate::session::SessionRecord;

impl Authority {
    /// Signs in with a password, for a sliding token instead of a pair. All else is as with
    /// [`login`](Self::login).
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened, or none that anybody has the token of.
    ///
    /// # Source
    /// SimpleJWT `TokenObtainSlidingView`.
    pub async fn login_sliding(
        &self,
        login: &str,
        password: PlainPassword,
        client: &Client<'_>,
    ) -> Result<SignIn<SignedToken>, AuthorityError> {
        let login = Login {
            by: self.policy.accounts.login,
            text: login,
        };
        let signed_in = self.sign_in(login, password, Form::Sliding, client).await?;
        signed_in.try_map(|opened| self.mint_sliding(&opened))
    }

    /// Refreshes a sliding token: the same token with a new `exp` and `iat`.
    ///
    /// It is refused once it has expired by itself, even while its window is open; and then for the standing of
    /// its session, its account, and its window, in this order. Nothing is written. Further claims are renewed where
    /// the settings say so.
    ///
    /// # Errors
    /// [`AuthorityError`] if the ledger could not be asked.
    ///
    /// # Source
    /// SimpleJWT `TokenRefreshSlidingView`.
    pub async fn refresh_sliding(
        &self,
        token: &str,
        client: &Client<'_>,
    ) -> Result<Refresh<SignedToken>, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Refresh::Refused(error.into())),
        };
        let judged = match self.open_id(&genuine).await? {
            Opened::Foreign => {
                let judged = self.judge_foreign_sliding(&genuine, now).await?;
                judged.map(|account| (None, Some(account)))
            }
            ours @ Opened::Ours { .. } => {
                let judged = self.judge_own_sliding(&genuine, ours, now).await?;
                judged.map(|(session, account)| (Some(session), account))
            }
        };
        match judged {
            Ok((session, account)) => {
                let (session, account) = (session.as_ref(), account.as_ref());
                self.slide(&genuine, session, account, client, now).await
            }
            Err(refusal) => Ok(Refresh::Refused(refusal)),
        }
    }

    async fn judge_own_sliding(
        &self,
        genuine: &Authenticated,
        ours: Opened,
        now: UnixMillis,
    ) -> Result<Result<(SessionRecord, Option<Account>), TokenRefusal>, AuthorityError> {
        if let Err(refusal) = self.expect_kind::<Sliding>(genuine, ours, now).await? {
            return Ok(Err(refusal));
        }
        let Opened::Ours {
            address: TokenAddress::Sliding(address),
            ..
        } = ours
        else {
            return Ok(Err(Refusal::Unknown.into()));
        };
        let account = match self.claimed_owner(genuine, address.session).await? {
            Ok(Some(account)) => account,
            Ok(None) => return Ok(Err(TokenRefusal::NoAccount)),
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if self.is_revoked_wholesale(genuine, Some(address.session)) {
            return Ok(Err(Refusal::Blacklisted.into()));
        }
        if let Some(cause) = self.end_if_changed_elsewhere(address.session, now).await? {
            return Ok(Err(Refusal::Ended(cause).into()));
        }
        let Some(lineage) = self.store.find_session(address.session).await? else {
            return Ok(Err(Refusal::Unknown.into()));
        };
        let token = PresentedToken::of(address, Some(account));
        let found = self.account_at_refresh(Some(account), genuine).await?;
        let decided = decide_sliding(&lineage, found.fitness, &token, now);
        if decided == Err(Refusal::PasswordChanged) {
            self.retire_after_password_change(&lineage.session, genuine.token_id(), None, now)
                .await?;
        }
        Ok(decided
            .map(|()| (lineage.session, found.account))
            .map_err(Into::into))
    }

    async fn judge_foreign_sliding(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Result<Account, TokenRefusal>, AuthorityError> {
        if let Err(refusal) = self.ask_ledger(genuine, Opened::Foreign, now).await? {
            return Ok(Err(refusal));
        }
        if let Err(error) = genuine.has_kind::<Sliding>() {
            return Ok(Err(error.into()));
        }
        if genuine.user().is_none() {
            return Ok(Err(TokenRefusal::NoAccount));
        }
        let account = match self.account_of_foreign(genuine, now).await? {
            Ok(account) => account,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if self.is_revoked_by_time(genuine, &account).await? {
            return Ok(Err(Refusal::Blacklisted.into()));
        }
        Ok(Ok(account))
    }

    /// Moves `exp` and `iat` on. Claims that are not renewed stay as they are, in their order.
    async fn slide(
        &self,
        genuine: &Authenticated,
        session: Option<&SessionRecord>,
        account: Option<&Account>,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Refresh<SignedToken>, AuthorityError> {
        if let Err(refusal) = self.check_window(&genuine.claims()?, now) {
            return Ok(Refresh::Refused(refusal));
        }
        let claims = self
            .claims_at_refresh(genuine, account, client, now)
            .await?;
        let Some(mut claims) = claims else {
            return Ok(Refresh::Refused(Refusal::AccountInactive.into()));
        };
        let lifetime = self.policy.tokens.sliding_lifetime;
        claims.set_expiration(match session {
            Some(session) => self.expires_at(session, lifetime, now),
            None => later(now.timestamp(), whole_seconds(lifetime)),
        });
        claims.set_issued_at(now.timestamp());
        Ok(Refresh::Issued(self.sign(claims)?))
    }

    /// Whether a sliding token's window is open; leeway counts.
    fn check_window(&self, claims: &ClaimsSet, now: UnixMillis) -> Result<(), TokenRefusal> {
        let tokens = &self.policy.tokens;
        let claim = || tokens.sliding_refresh_claim.as_str().into();
        let Some(end) = self.window_end(claims)? else {
            return Err(TokenRefusal::NoRefreshWindow { claim: claim() });
        };
        if UnixMillis::from(end) <= now.minus(tokens.leeway) {
            return Err(TokenRefusal::RefreshWindowClosed { claim: claim() });
        }
        Ok(())
    }

    /// Until when a token can be refreshed, if it says so. A fraction of a second is cut off, as everywhere.
    pub(super) fn window_end(&self, claims: &ClaimsSet) -> Result<Option<Timestamp>, VerifyError> {
        let name = self.policy.tokens.sliding_refresh_claim.as_str();
        let unusable = || VerifyError::ClaimNotAcceptable { claim: name.into() };
        let Some(seconds) = claims.get::<f64>(name) else {
            return Ok(None);
        };
        let since_epoch = seconds
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(unusable)?;
        let end = Timestamp::from_seconds(whole_seconds(since_epoch));
        if end > END_OF_YEAR_9999 {
            return Err(unusable());
        }
        Ok(Some(end))
    }
}

/// The last second that calendars know; `exp` may not lie behind it either.
const END_OF_YEAR_9999: Timestamp = Timestamp::from_seconds(253_402_300_799);
