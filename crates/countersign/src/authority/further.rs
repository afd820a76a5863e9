//! What settings and hooks add to the authority's own judgement: who else may not sign in, and what else tokens say.

use countersign_token::{Authenticated, ClaimsSet, UnixMillis};

use super::{Authority, AuthorityError, Client};
use crate::account::Account;
use crate::hooks::{ClaimsRefusal, ClaimsRequest, Occasion};
use crate::policy::ClaimsAtRefresh;
use crate::session::SessionId;

impl Authority {
    /// Whether settings and rule let an account sign in and refresh. Whether it is active is another question.
    pub(super) fn admits(&self, account: &Account) -> bool {
        self.policy.accounts.sign_in.are_met_by(account)
            && self.hooks.rule.as_ref().is_none_or(|rule| rule(account))
    }

    /// Whether a refresh must look at the account.
    pub(super) fn reads_account_at_refresh(&self) -> bool {
        self.policy.reads_account_at_refresh()
            || self.hooks.rule.is_some()
            || self.asks_for_claims_at_refresh()
    }

    /// Whether a refresh waits for a source of claims.
    pub(super) fn asks_for_claims_at_refresh(&self) -> bool {
        self.renews_claims() && self.hooks.claims.is_some()
    }

    fn renews_claims(&self) -> bool {
        self.policy.claims.at_refresh == ClaimsAtRefresh::Renewed
    }

    /// What the tokens of a session that is about to be opened say besides naming it; `None` if the account is
    /// refused.
    pub(super) async fn claims_at_sign_in(
        &self,
        account: &Account,
        session: SessionId,
        client: &Client<'_>,
        at: UnixMillis,
    ) -> Result<Option<ClaimsSet>, AuthorityError> {
        let request = ClaimsRequest {
            account,
            occasion: Occasion::SignIn,
            session: Some(session),
            client,
            at,
        };
        self.further_claims(&request).await
    }

    /// What the successors of a token say: the claims of their predecessor, the further ones renewed where the
    /// settings say so. `None` if the account is refused.
    pub(super) async fn claims_at_refresh(
        &self,
        genuine: &Authenticated,
        account: Option<&Account>,
        client: &Client<'_>,
        at: UnixMillis,
    ) -> Result<Option<ClaimsSet>, AuthorityError> {
        let carried = genuine.claims()?;
        if !self.renews_claims() {
            return Ok(Some(carried));
        }
        let mut claims = self.own_claims(&carried)?;
        // Without anything to say, nobody looked at the account.
        let Some(account) = account else {
            return Ok(Some(claims));
        };
        let request = ClaimsRequest {
            account,
            occasion: Occasion::Refresh,
            session: genuine.session().and_then(SessionId::parse),
            client,
            at,
        };
        let Some(further) = self.further_claims(&request).await? else {
            return Ok(None);
        };
        add(&further, &mut claims)?;
        Ok(Some(claims))
    }

    async fn further_claims(
        &self,
        request: &ClaimsRequest<'_>,
    ) -> Result<Option<ClaimsSet>, AuthorityError> {
        let mut claims = self.policy.claims.of(request.account)?;
        if let Some(source) = &self.hooks.claims {
            match source.claims(request).await {
                Ok(given) => add(&given, &mut claims)?,
                Err(ClaimsRefusal::Refused) => return Ok(None),
                Err(ClaimsRefusal::Unavailable(error)) => {
                    return Err(AuthorityError::ClaimsUnavailable(error));
                }
            }
        }
        self.policy.tokens.check_further_claims(&claims)?;
        Ok(Some(claims))
    }

    /// The claims of a token that are ours, but for those that signing adds at the end.
    fn own_claims(&self, carried: &ClaimsSet) -> Result<ClaimsSet, AuthorityError> {
        let mut own = ClaimsSet::new();
        let is_kept = |name: &str| {
            self.policy.tokens.is_own_claim(name) && !ADDED_WHEN_SIGNED.contains(&name)
        };
        for (name, value) in carried.iter().filter(|(name, _)| is_kept(name)) {
            own.insert_raw(name, value)?;
        }
        Ok(own)
    }
}

/// Adds claims to others; what is there already is replaced in its place.
pub(super) fn add(from: &ClaimsSet, into: &mut ClaimsSet) -> Result<(), AuthorityError> {
    for (name, value) in from.iter() {
        into.insert_raw(name, value)?;
    }
    Ok(())
}

/// Claims that are written anew with every signature.
const ADDED_WHEN_SIGNED: [&str; 2] = ["aud", "iss"];
