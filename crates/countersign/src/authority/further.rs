//! What settings and hooks add to the authority's own judgement: who else may not sign in, and what else tokens say.

use countersign_token::{Authenticated, ClaimsSet, UnixMillis};

use super::refresh::Presented;
use super::{AccountError, Authority, AuthorityError, Client};
use crate::account::Account;
use crate::hooks::{ClaimsRefusal, ClaimsRequest, Occasion};
use crate::policy::ClaimsAtRefresh;
use crate::session::{FirstToken, SessionId, SessionNumber};

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
        let asking = Asking {
            account,
            occasion: Occasion::SignIn,
            session: Some(session),
            client,
            at,
        };
        self.further_claims(&asking).await
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
        let asking = Asking {
            account,
            occasion: Occasion::Refresh,
            session: genuine.session().and_then(SessionId::parse),
            client,
            at,
        };
        let Some(further) = self.further_claims(&asking).await? else {
            return Ok(None);
        };
        add(&further, &mut claims)?;
        Ok(Some(claims))
    }

    /// The same for a refresh token of ours, which may have data of its own: its successors keep it.
    pub(super) async fn claims_of_successor(
        &self,
        presented: &Presented<'_>,
        account: Option<&Account>,
    ) -> Result<Option<ClaimsSet>, AuthorityError> {
        let Presented {
            token,
            genuine,
            client,
            now,
            ..
        } = *presented;
        // A token without account says nothing that could be renewed.
        if token.account.is_none() {
            return Ok(Some(genuine.claims()?));
        }
        let renewed = self.claims_at_refresh(genuine, account, client, now);
        let Some(mut claims) = renewed.await? else {
            return Ok(None);
        };
        if self.renews_claims() {
            let carried = genuine.claims()?;
            self.keep_data(&carried, token.session, &mut claims).await?;
        }
        Ok(Some(claims))
    }

    /// Carries over the data of a generic refresh token: what neither we nor the account's fields say in it. What
    /// was just renewed stays as it is.
    ///
    /// The session is looked at only if there is something that may be data.
    async fn keep_data(
        &self,
        carried: &ClaimsSet,
        session: SessionNumber,
        claims: &mut ClaimsSet,
    ) -> Result<(), AuthorityError> {
        let mut data = ClaimsSet::new();
        for (name, value) in carried.iter() {
            if self.policy.may_be_data(name) && !claims.contains(name) {
                data.insert_raw(name, value)?;
            }
        }
        if data.is_empty() {
            return Ok(());
        }
        let known = self.session_facts(session).await?;
        if known.is_ok_and(|known| known.first_token == FirstToken::GenericRefresh) {
            add(&data, claims)?;
        }
        Ok(())
    }

    async fn further_claims(
        &self,
        asking: &Asking<'_>,
    ) -> Result<Option<ClaimsSet>, AuthorityError> {
        let fields = self.claims_of_fields(asking.account)?;
        let Some(source) = &self.hooks.claims else {
            return Ok(Some(fields));
        };
        let request = ClaimsRequest {
            account: asking.account,
            occasion: asking.occasion,
            session: asking.session,
            client: asking.client,
            at: asking.at,
            beside: &fields,
            tokens: &self.policy.tokens,
        };
        match source.claims(&request).await {
            Ok(given) => match request.join(&given) {
                Ok(all) => Ok(Some(all)),
                Err(unfit) => Err(AuthorityError::ClaimsUnavailable(unfit.into())),
            },
            Err(ClaimsRefusal::Refused) => Ok(None),
            Err(ClaimsRefusal::Unavailable(error)) => Err(AuthorityError::ClaimsUnavailable(error)),
        }
    }

    /// What an account's fields say. If they do not fit into a token there is none: one that leaves a claim out may
    /// be read as if nothing stood against its holder.
    fn claims_of_fields(&self, account: &Account) -> Result<ClaimsSet, AuthorityError> {
        let claims = self.policy.claims.of(account)?;
        match self.policy.tokens.check_further_claims(&claims) {
            Ok(()) => Ok(claims),
            Err(source) => Err(AuthorityError::UnfitClaims {
                account: account.id,
                source,
            }),
        }
    }

    /// Whether an account's fields fit into a token. Where none of them becomes a claim nothing can be wrong.
    pub(super) fn check_fields(&self, account: &Account) -> Result<(), AccountError> {
        let claims = self
            .policy
            .claims
            .of(account)
            .map_err(AuthorityError::from)?;
        let checked = self.policy.tokens.check_further_claims(&claims);
        checked.map_err(AccountError::UnfitClaims)
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

/// For whom claims are asked, and what for.
struct Asking<'a> {
    account: &'a Account,
    occasion: Occasion,
    session: Option<SessionId>,
    client: &'a Client<'a>,
    at: UnixMillis,
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
