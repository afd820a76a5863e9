//! What a program of one's own adds to the authority: who may sign in, what tokens say, what happens after a
//! sign-in.
//!
//! `SimpleJWT` names Python code in its settings. Here is where the same is done:
//!
//! | setting of `SimpleJWT` | here |
//! |---|---|
//! | `USER_AUTHENTICATION_RULE` | [`Hooks::sign_in_rule`]; for the plain cases [`SignInRequirements`](crate::policy::SignInRequirements) |
//! | `ON_LOGIN_SUCCESS`, `ON_LOGIN_FAILED` | [`SignInObserver`] |
//! | `TOKEN_OBTAIN_SERIALIZER` and its like, for claims | [`ClaimsSource`]; for fields of the account [`ClaimsPolicy`](crate::policy::ClaimsPolicy) |
//! | the same, for what an endpoint takes and answers | a route of one's own that calls [`Authority::login`](crate::Authority::login) |
//! | `JSON_ENCODER` | [`ClaimsSet::insert`] takes whatever implements `serde::Serialize`: a type says itself how it is written |
//! | `TOKEN_USER_CLASS` | [`TokenUser`](countersign_token::TokenUser), or a type of one's own made from [`Verified`](countersign_token::Verified) |
//!
//! ```
//! # use std::sync::Arc;
//! # use async_trait::async_trait;
//! # use countersign::hooks::{ClaimsRefusal, ClaimsRequest, ClaimsSource, Hooks};
//! # use countersign_token::ClaimsSet;
//! struct Teams;
//!
//! #[async_trait]
//! impl ClaimsSource for Teams {
//!     async fn claims(&self, request: &ClaimsRequest<'_>) -> Result<ClaimsSet, ClaimsRefusal> {
//!         let mut claims = ClaimsSet::new();
//!         let team = if request.account.privileges.staff { "staff" } else { "guests" };
//!         claims.insert("team", team).map_err(ClaimsRefusal::unavailable)?;
//!         Ok(claims)
//!     }
//! }
//!
//! let hooks = Hooks::default()
//!     .sign_in_rule(|account| account.email_verified)
//!     .claims(Arc::new(Teams));
//! # fn given(authority: countersign::Authority, hooks: Hooks) -> countersign::Authority {
//! authority.with_hooks(hooks)
//! # }
//! ```

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_token::{ClaimsSet, UnixMillis};

use crate::account::Account;
use crate::authority::Client;
use crate::policy::{TokenPolicy, UnfitClaims};
use crate::session::SessionId;

/// The hooks of an [`Authority`](crate::Authority). None by default: then nothing is asked and nobody is told.
#[derive(Clone, Default)]
pub struct Hooks {
    pub(crate) rule: Option<Arc<SignInRule>>,
    pub(crate) claims: Option<Arc<dyn ClaimsSource>>,
    pub(crate) observer: Option<Arc<dyn SignInObserver>>,
}

/// Whether an account may sign in.
type SignInRule = dyn Fn(&Account) -> bool + Send + Sync;

impl Hooks {
    /// A further condition of signing in, asked at every sign-in once the password has proved right, and at every
    /// refresh.
    ///
    /// It can only refuse: an inactive account is refused whatever it says. Whoever is refused is told what a wrong
    /// password is told.
    #[must_use]
    pub fn sign_in_rule(mut self, rule: impl Fn(&Account) -> bool + Send + Sync + 'static) -> Self {
        self.rule = Some(Arc::new(rule));
        self
    }

    /// Where further claims come from.
    #[must_use]
    pub fn claims(mut self, source: Arc<dyn ClaimsSource>) -> Self {
        self.claims = Some(source);
        self
    }

    /// Who is told of sign-ins.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn SignInObserver>) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks")
            .field("rule", &self.rule.is_some())
            .field("claims", &self.claims.is_some())
            .field("observer", &self.observer.is_some())
            .finish()
    }
}

/// Gives claims of its own to the tokens of an account.
///
/// It is asked before a session is opened, so that a refusal leaves nothing behind, and, where the settings say that
/// claims are [renewed](crate::policy::ClaimsAtRefresh), before a refresh token is spent. The client waits meanwhile:
/// an answer that may take long needs a time limit of its own.
#[async_trait]
pub trait ClaimsSource: Send + Sync {
    /// The claims, in the order in which tokens are to carry them: after those that name account and session. Of two of one name, this one counts and not the account's field.
    ///
    /// Claims that are ours ([`TokenPolicy::is_own_claim`](crate::policy::TokenPolicy::is_own_claim)) cannot be given,
    /// nor more than [`ClaimsPolicy::MAX_BYTES`](crate::policy::ClaimsPolicy::MAX_BYTES) of them, the account's fields
    /// included: nothing is issued then, as if they could not be had. [`ClaimsRequest::check`] tells beforehand.
    ///
    /// # Errors
    /// [`ClaimsRefusal`]: nothing is issued, and a refresh token is not spent.
    async fn claims(&self, request: &ClaimsRequest<'_>) -> Result<ClaimsSet, ClaimsRefusal>;
}

/// For whom claims are asked.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ClaimsRequest<'a> {
    /// The account, as it was just read.
    pub account: &'a Account,
    /// What for.
    pub occasion: Occasion,
    /// The session: the one that is about to be opened, or the one that a refresh token names in its claim, if it
    /// does.
    pub session: Option<SessionId>,
    /// Who asks.
    pub client: &'a Client<'a>,
    /// Now.
    pub at: UnixMillis,
    /// What the account's fields say already.
    pub beside: &'a ClaimsSet,
    pub(crate) tokens: &'a TokenPolicy,
}

impl ClaimsRequest<'_> {
    /// Whether claims can be given: beside ours and beside what the account's fields say.
    ///
    /// # Errors
    /// [`UnfitClaims`]: what they would break.
    pub fn check(&self, given: &ClaimsSet) -> Result<(), UnfitClaims> {
        self.join(given).map(drop)
    }

    /// The account's fields and what is given; of two claims of one name the given one.
    pub(crate) fn join(&self, given: &ClaimsSet) -> Result<ClaimsSet, UnfitClaims> {
        let mut all = self.beside.clone();
        for (name, value) in given.iter() {
            // What stands in a claims set already has no reason left to be refused but its size.
            all.insert_raw(name, value)
                .map_err(|_| UnfitClaims::TooMany)?;
        }
        self.tokens.check_further_claims(&all)?;
        Ok(all)
    }
}

/// What claims are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A session is about to be opened.
    SignIn,
    /// A token is about to be refreshed.
    Refresh,
}

/// There are no claims, and therefore no token.
#[derive(Debug, thiserror::Error)]
pub enum ClaimsRefusal {
    /// The account gets no token. Its owner is told what a wrong password is told.
    #[error("the account is refused")]
    Refused,
    /// Nobody can tell what to say. The client is told to try again later.
    #[error("the claims cannot be had")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl ClaimsRefusal {
    /// Nobody can tell what to say, because of an error.
    pub fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Is told of sign-ins with a password. Both methods do nothing by default, and nothing that they do changes the
/// answer; but the client waits for them. Nobody is told of attempts that were
/// [throttled](crate::throttle): they cost nothing, and there is no end to them.
#[async_trait]
pub trait SignInObserver: Send + Sync {
    /// A session was opened and is durable.
    async fn signed_in(&self, event: &SignedIn<'_>) {
        let _ = event;
    }

    /// A sign-in was refused. What this does takes its time before the answer: if that depends on the account, the
    /// answer tells whether there is one.
    async fn sign_in_refused(&self, event: &SignInRefused<'_>) {
        let _ = event;
    }
}

/// A sign-in. The password is no part of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SignedIn<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its new session.
    pub session: SessionId,
    /// Who signed in.
    pub client: &'a Client<'a>,
    /// When.
    pub at: UnixMillis,
}

/// A sign-in that was refused. The password is no part of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SignInRefused<'a> {
    /// The name as it was sent; `None` if no account could have it. People type passwords there, too: it does not
    /// belong in a log.
    pub username: Option<&'a str>,
    /// The account of that name, if there is one.
    pub account: Option<&'a Account>,
    /// Who tried.
    pub client: &'a Client<'a>,
    /// When.
    pub at: UnixMillis,
}
