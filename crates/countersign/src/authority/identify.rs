//! Identifying: whose request is this? What a protected resource of the authority's own asks.

use countersign_token::{
    Access, Authenticated, Refresh as RefreshKind, Sliding, Timestamp, UnixMillis, VerifyError,
};

use super::{Authority, AuthorityError, TokenRefusal};
use crate::account::Account;
use crate::policy::TokenClass;
use crate::rotation::Refusal;
use crate::sealed_id::{Opened, SealedKind};
use crate::session::SessionId;

/// Whose request it is, or why that is not accepted.
#[derive(Debug, Clone)]
pub enum Identification {
    /// The account, active where the settings ask for it.
    Known(Box<Identified>),
    /// The token or its account is refused.
    Refused(AccessRefusal),
}

/// Whose request it is.
#[derive(Debug, Clone)]
pub struct Identified {
    /// The account. Its `last_login`, and the stored form of a password that did not change, may be older than what the
    /// store has: requests do not read the account each time.
    pub account: Account,
    /// Its session; `None` for a token that somebody else minted.
    pub session: Option<SessionId>,
    /// The token that was shown, with all that it says.
    pub token: Authenticated,
}

/// Why a request is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessRefusal {
    /// The token is refused: for each class that the settings accept, in their order, why it is none of it.
    Token(Vec<ClassRefusal>),
    /// The token is good and names no account.
    NoUserClaim,
    /// The account that it names does not exist.
    AccountUnknown,
    /// The account is deactivated.
    AccountInactive,
    /// The account's password is another one since.
    PasswordChanged,
}

/// Why a token is not accepted as one of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRefusal {
    /// The class.
    pub class: TokenClass,
    /// The reason.
    pub refusal: TokenRefusal,
}

/// A genuine token at a protected resource.
struct Shown<'a> {
    genuine: &'a Authenticated,
    opened: Opened,
    /// The account that its user claim names, if there is one.
    account: Option<&'a Account>,
    now: UnixMillis,
}

impl Authority {
    /// Identifies the holder of a token of one of the classes in the settings, access tokens by default.
    ///
    /// The classes are tried in order. A refresh or sliding token is judged by its session's row.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if something that must be looked up could not be; the caller refuses then.
    ///
    /// # Source
    /// SimpleJWT `JWTAuthentication`, `AUTH_TOKEN_CLASSES`.
    pub async fn identify(&self, token: &str) -> Result<Identification, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(self.refused_by_every_class(&error)),
        };
        let opened = self.open_id(&genuine).await?;
        let account = match opened {
            Opened::Ours { .. } => self.account_remembered(&genuine).await?,
            // Its account's `revoked_before` decides, and moves without an entry about the account.
            Opened::Foreign => self.account_named(&genuine).await?,
        };
        let shown = Shown {
            genuine: &genuine,
            opened,
            account: account.as_ref(),
            now,
        };
        let mut refusals = Vec::new();
        for &class in &self.policy.tokens.resource_classes {
            match self.admit(class, &shown).await? {
                Ok(session) => {
                    return self.account_behind(genuine.into_token(), account, session);
                }
                Err(refusal) => refusals.push(ClassRefusal { class, refusal }),
            }
        }
        Ok(Identification::Refused(AccessRefusal::Token(refusals)))
    }

    fn refused_by_every_class(&self, error: &VerifyError) -> Identification {
        let classes = self.policy.tokens.resource_classes.iter();
        let refusals = classes.map(|&class| ClassRefusal {
            class,
            refusal: error.clone().into(),
        });
        Identification::Refused(AccessRefusal::Token(refusals.collect()))
    }

    /// Whether a token is accepted as one of a class.
    async fn admit(
        &self,
        class: TokenClass,
        shown: &Shown<'_>,
    ) -> Result<Result<Option<SessionId>, TokenRefusal>, AuthorityError> {
        if let Err(refusal) = self.fits(class, shown).await? {
            return Ok(Err(refusal));
        }
        let session = match self
            .ask_ledger(shown.genuine, shown.opened, shown.now)
            .await?
        {
            Ok(session) => session,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if session.is_none()
            && let Some(account) = shown.account
            && self.is_revoked_by_time(shown.genuine, account).await?
        {
            return Ok(Err(Refusal::Blacklisted.into()));
        }
        Ok(Ok(session))
    }

    /// Whether a token is of a class at all, and its id, if it is ours, was sealed for it.
    async fn fits(
        &self,
        class: TokenClass,
        shown: &Shown<'_>,
    ) -> Result<Result<(), TokenRefusal>, AuthorityError> {
        let Shown {
            genuine,
            opened,
            now,
            ..
        } = *shown;
        let (said, sealed_for) = match class {
            TokenClass::Access => (
                genuine.has_kind::<Access>().map_err(TokenRefusal::from),
                SealedKind::Access,
            ),
            TokenClass::Sliding => (
                self.expect_kind::<Sliding>(genuine, opened, now).await?,
                SealedKind::Sliding,
            ),
            TokenClass::Refresh => (
                self.expect_kind::<RefreshKind>(genuine, opened, now)
                    .await?,
                SealedKind::Refresh,
            ),
            TokenClass::Untyped => return Ok(Ok(())),
        };
        Ok(said.and(match opened {
            Opened::Ours { address, .. } if address.kind() != sealed_for => {
                Err(Refusal::Unknown.into())
            }
            Opened::Ours { .. } | Opened::Foreign => Ok(()),
        }))
    }

    fn account_behind(
        &self,
        genuine: Authenticated,
        account: Option<Account>,
        session: Option<SessionId>,
    ) -> Result<Identification, AuthorityError> {
        let refused = |refusal| Ok(Identification::Refused(refusal));
        if genuine.user().is_none() {
            return refused(AccessRefusal::NoUserClaim);
        }
        let Some(account) = account else {
            return refused(AccessRefusal::AccountUnknown);
        };
        if self.policy.accounts.check_active && !account.is_active() {
            return refused(AccessRefusal::AccountInactive);
        }
        if !self.has_password_mark(&genuine, &account)? {
            return refused(AccessRefusal::PasswordChanged);
        }
        Ok(Identification::Known(Box::new(Identified {
            account,
            session,
            token: genuine,
        })))
    }

    /// Whether a foreign token was issued before something that revokes everybody's or its account's.
    pub(super) async fn is_foreign_revoked_by_time(
        &self,
        genuine: &Authenticated,
    ) -> Result<bool, AuthorityError> {
        if let Some(account) = self.account_named(genuine).await? {
            return self.is_revoked_by_time(genuine, &account).await;
        }
        let everybody = self.store.everybody_revoked_before().await?;
        Ok(everybody.is_some_and(|before| is_before(genuine, before)))
    }

    /// Foreign tokens have no session number: for them alone, "before" is a second.
    pub(super) async fn is_revoked_by_time(
        &self,
        genuine: &Authenticated,
        account: &Account,
    ) -> Result<bool, AuthorityError> {
        let everybody = self.store.everybody_revoked_before().await?;
        Ok([account.revoked_before, everybody]
            .into_iter()
            .flatten()
            .any(|before| is_before(genuine, before)))
    }
}

/// Whether a token was not issued after a second; one that does not say when counts as issued long ago.
fn is_before(genuine: &Authenticated, second: Timestamp) -> bool {
    genuine.issued_at().map_or(0, Timestamp::seconds) <= second.seconds()
}
