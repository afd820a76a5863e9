//! The authority: one method per operation, one file per method.
//!
//! Each operation follows one line: verify the token (pure), open its id, ask the store for one atomic verb,
//! let [`rotation::decide`](crate::rotation::decide) judge what the verb did not settle, sign the answer.

mod account_memory;
mod accounts;
mod administrator;
mod audit;
mod blacklist;
mod elsewhere;
mod explain;
mod feed;
mod foreign;
mod further;
mod generic;
mod identify;
mod ledger;
mod login;
mod logout;
mod minting;
mod naming;
mod new_name;
mod own_account;
mod own_sessions;
mod password_mark;
mod purge;
mod records;
mod refresh;
mod revoke;
mod services;
mod session_desk;
mod session_view;
mod sliding;
mod takeover;
mod throttling;
mod verify;
mod way_back;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use countersign_token::{Authenticated, SignError, SignedToken, UnixMillis, VerifyError};

pub use self::accounts::{
    AccountChanges, AccountError, AccountRequest, Administration, NewPassword,
};
pub use self::administrator::Administrator;
pub use self::audit::AuditTail;
pub use self::blacklist::Blacklisted;
pub use self::explain::{Explanation, OpenedId};
pub use self::feed::{POLL_INTERVAL, SETTLE_TIME};
pub use self::generic::{
    GenericKind, GenericRequest, GenericRevocation, GenericVerification, Issue, IssueRefusal,
    IssuedToken, VerifiedToken,
};
pub use self::identify::{AccessRefusal, ClassRefusal, Identification, Identified};
pub use self::login::{Beginning, SignIn};
pub use self::logout::LoggedOut;
pub use self::own_sessions::{OwnEnding, OwnSession, OwnSessions};
pub use self::purge::{Purge, PurgeHorizon, PurgeReport};
pub use self::records::{ListedToken, ListedUser, TokenListing, TokenPage, TokenQuery};
pub use self::refresh::{Refresh, Refreshed};
pub use self::revoke::Revoked;
pub use self::services::{ServiceAuthentication, ServiceError, ServiceRefusal};
pub use self::session_desk::{
    EndedSessions, MOST_LISTED, SessionEnding, SessionList, SessionStory,
};
pub use self::session_view::{SessionStanding, SessionView};
pub use self::takeover::{
    AccountTakeover, ForeignAccount, RecordedToken, TokenTakeover, UnfitAccount,
};
pub use self::verify::Verification;
pub use self::way_back::DeadToken;

use self::feed::RevocationFeed;
use self::ledger::SessionFacts;
use crate::account::{AccountId, Accounts};
use crate::clock::Clock;
use crate::hooks::Hooks;
use crate::keys::{Genuine, KeyRing, KeyRingError, Voucher};
use crate::password::{HasherError, PasswordHasher};
use crate::policy::{Policy, PolicyError, UnfitClaims};
use crate::random::{NoRandomness, Random, SystemRandom};
use crate::rotation::Refusal;
use crate::sealed_id::{Opened, SealingError};
use crate::session::{ClientDigest, SessionId};
use crate::store::{Store, StoreError};
use crate::throttle::Throttle;

/// Owns everything between a password check and `Authorization: Bearer …`.
///
/// Cheap to share behind an [`Arc`]; every method takes `&self`.
///
/// ```
/// # use std::sync::Arc;
/// # use countersign::{Authority, Policy, Preset};
/// # use countersign::authority::{Client, Refresh, SignIn};
/// # use countersign::clock::SystemClock;
/// # use countersign::keys::{KeyRing, SigningKeySource};
/// # use countersign::memory::MemoryStore;
/// # use countersign::password::PlainPassword;
/// # use countersign::random::SystemRandom;
/// # use countersign::secrets::MasterKey;
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = Arc::new(MemoryStore::new());
/// let policy = Policy::preset(Preset::Modern);
/// let source = SigningKeySource::Stored(policy.tokens.algorithm);
/// let master = MasterKey::from_bytes([7; 32]); // from a file, in real life
/// # let now = countersign::clock::Clock::now(&SystemClock::default());
/// KeyRing::found(store.as_ref(), &master, &source, &SystemRandom, now).await?;
/// let keys = KeyRing::load(store.as_ref(), master, source).await?;
///
/// let authority = Authority::new(policy, keys, store.clone(), store, Arc::new(SystemClock::default()))?;
/// let password = || PlainPassword::new("correct horse battery".to_owned());
/// authority.create_account("ann".into(), Some(password()), countersign::authority::AccountRequest::default()).await?;
///
/// let SignIn::Opened(pair) = authority.login("ann", password(), &Client::default()).await? else { panic!() };
/// let Refresh::Issued(next) = authority.refresh(pair.refresh.as_str(), &Client::default()).await? else { panic!() };
/// assert!(next.refresh.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Authority {
    policy: Policy,
    keys: Arc<KeyRing>,
    store: Arc<dyn Store>,
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hooks: Hooks,
    hasher: PasswordHasher,
    /// When the decoys are due to be drawn again, in milliseconds; whoever moves it on draws them.
    decoys_due_at: AtomicI64,
    /// Until when a readiness that was established counts, in milliseconds of elapsed time.
    ready_until: AtomicU64,
    feed: RevocationFeed,
    sessions: SessionFacts,
    throttle: Arc<Throttle>,
}

/// An authority could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A setting cannot be used.
    #[error("the settings contradict themselves")]
    Policy(#[from] PolicyError),
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed with these settings")]
    Hasher(#[from] HasherError),
}

/// An operation could not be carried out. Refusals are no errors: they are outcomes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The store failed; callers answer 503.
    #[error("the store could not be used")]
    Store(#[from] StoreError),
    /// Too much work is waiting; callers answer 503.
    #[error("the password could not be checked")]
    Hasher(#[from] HasherError),
    /// The keys in the store could not be read again.
    #[error("the keys could not be reloaded")]
    Keys(#[source] KeyRingError),
    /// A session was to begin under a name that another one has.
    #[error("another session has the id {0}")]
    SessionIdTaken(SessionId),
    /// A token could not be signed.
    #[error("the token could not be signed")]
    Sign(#[from] SignError),
    /// A token id could not be sealed.
    #[error("the token id could not be sealed")]
    Sealing(#[from] SealingError),
    /// There is no randomness.
    #[error("nothing could be drawn")]
    Randomness(#[from] NoRandomness),
    /// A claim could not be written.
    #[error("the claims could not be written")]
    Claims(#[from] countersign_token::ClaimsError),
    /// What an account's fields say cannot stand in a token, and will not before somebody changes account or
    /// settings; callers answer 503.
    #[error("the fields of user {account} cannot be written as claims")]
    UnfitClaims {
        /// The account.
        account: AccountId,
        /// Why.
        #[source]
        source: UnfitClaims,
    },
    /// A source of claims could not be asked; callers answer 503.
    #[error("the further claims could not be had")]
    ClaimsUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AuthorityError {
    /// Whether trying again later may help.
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Store(_)
                | Self::Hasher(HasherError::Overloaded)
                | Self::UnfitClaims { .. }
                | Self::ClaimsUnavailable(_)
        )
    }
}

impl From<KeyRingError> for AuthorityError {
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Store(error) => Self::Store(error),
            error => Self::Keys(error),
        }
    }
}

/// What is known of whoever sends a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client<'a> {
    /// The whole `User-Agent` header.
    pub user_agent: Option<&'a str>,
    /// The client's address.
    pub ip: Option<IpAddr>,
}

/// A new session's two tokens.
#[derive(Debug)]
pub struct TokenPair {
    /// The access token.
    pub access: SignedToken,
    /// The refresh token.
    pub refresh: SignedToken,
    /// The session they belong to.
    pub session: SessionId,
}

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// It is not genuine, not for us, not of this kind, or not valid now.
    #[error("the token does not verify")]
    Token(#[source] VerifyError),
    /// It is genuine, and the ledger says no.
    #[error("the ledger refuses the token")]
    Ledger(#[source] Refusal),
    /// It is genuine, somebody else minted it, and such tokens are not accepted.
    #[error("the token was minted elsewhere")]
    Foreign,
    /// It names no account.
    #[error("the token names no account")]
    NoAccount,
    /// It is a sliding token that does not say until when it can be refreshed.
    #[error("the token has no refresh window")]
    NoRefreshWindow {
        /// The claim that is missing.
        claim: Box<str>,
    },
    /// It is a sliding token that can no longer be refreshed.
    #[error("the token's refresh window has closed")]
    RefreshWindowClosed {
        /// The claim that says so.
        claim: Box<str>,
    },
}

impl From<VerifyError> for TokenRefusal {
    fn from(error: VerifyError) -> Self {
        Self::Token(error)
    }
}

impl From<Refusal> for TokenRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal)
    }
}

impl Authority {
    /// Puts an authority together. `accounts` may be the store itself or a program's own users.
    ///
    /// # Errors
    /// [`SetupError`] if the settings contradict themselves.
    pub fn new(
        policy: Policy,
        keys: KeyRing,
        store: Arc<dyn Store>,
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        policy.validate()?;
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let passwords = policy.passwords;
        let tokens = policy.tokens.clone();
        let keys = Arc::new(keys.verifying(move |keys| minting::verifier(&tokens, keys)));
        Ok(Self {
            hasher: PasswordHasher::new(
                passwords.written_form(),
                passwords.slots,
                Arc::clone(&random),
            )?,
            decoys_due_at: AtomicI64::new(i64::MIN),
            ready_until: AtomicU64::new(0),
            feed: RevocationFeed::new(Arc::clone(&store), Arc::clone(&keys), Arc::clone(&clock)),
            sessions: SessionFacts::default(),
            throttle: Arc::default(),
            policy,
            keys,
            store,
            accounts,
            clock,
            random,
            hooks: Hooks::default(),
        })
    }

    /// The same authority with what a program of its own adds.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// The same authority with failures that others have counted by the same clock: one that takes the place of
    /// another then forgets none of them.
    #[must_use]
    pub fn with_throttle(mut self, throttle: Arc<Throttle>) -> Self {
        self.throttle = throttle;
        self
    }

    /// The settings.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The store, for lists and reports.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The public JWK Set (RFC 7517 §5). Empty where tokens are signed with a shared secret.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if nobody can tell whether the keys have changed.
    pub async fn jwk_set(&self) -> Result<String, AuthorityError> {
        self.feed.freshen().await?;
        Ok(self.keys.verification().jwk_set())
    }

    /// Whether the revocation index is up to date and the store takes writes. A store that took one within the
    /// last second is not asked again, however many ask.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it does not.
    pub async fn check_ready(&self) -> Result<(), AuthorityError> {
        self.feed.freshen().await?;
        let elapsed = self.clock.elapsed();
        if elapsed < Duration::from_millis(self.ready_until.load(Ordering::Relaxed)) {
            return Ok(());
        }
        self.store.check_writable().await?;
        let until = elapsed.saturating_add(READINESS_KEPT).as_millis();
        self.ready_until
            .store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }

    /// Gives memory back that was kept to hash passwords in, if nobody signed in since the last call. Whoever wants a
    /// small process calls this every few seconds; the next sign-in then takes a few milliseconds longer.
    pub fn release_idle_memory(&self) {
        self.hasher.release_idle_memory();
    }

    /// Establishes that a token is genuine, under the keys that are in force by now.
    ///
    /// A token of another issuer cannot have an id of ours: it would be told from ours nowhere, least of all where
    /// tokens are revoked by their ids.
    async fn authenticate(
        &self,
        token: &str,
        now: UnixMillis,
    ) -> Result<Result<Genuine, VerifyError>, AuthorityError> {
        self.feed.freshen().await?;
        let clock = self.clock.as_ref();
        let genuine = match self.keys.authenticate(token, now, clock).await {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Err(error)),
        };
        if genuine.voucher() == Voucher::OtherIssuer
            && self.open_token_id(genuine.token_id()).await? != Opened::Foreign
        {
            let claim = self.policy.tokens.token_id_claim.as_str().into();
            return Ok(Err(VerifyError::ClaimNotAcceptable { claim }));
        }
        Ok(Ok(genuine))
    }

    fn client_digest(&self, client: &Client<'_>) -> ClientDigest {
        self.keys.client_digest(client.user_agent)
    }

    /// Opens a genuine token's id, if our own keys vouch for the token.
    async fn open_id(&self, token: &Genuine) -> Result<Opened, AuthorityError> {
        match token.voucher() {
            Voucher::Ourselves => self.open_token_id(token.token_id()).await,
            Voucher::OtherIssuer => Ok(Opened::Foreign),
        }
    }

    /// Opens an id. Before it counts as foreign, the sealing keys are read again: another node may have added one.
    async fn open_token_id(&self, token_id: &str) -> Result<Opened, AuthorityError> {
        let opened = self.keys.open(token_id);
        if opened != Opened::Foreign {
            return Ok(opened);
        }
        self.keys.reload_sealing_keys(self.store.as_ref()).await?;
        Ok(self.keys.open(token_id))
    }

    /// A foreign token's `iat` has no tolerance beyond the leeway; ours may lie a little ahead.
    fn check_foreign_issue_time(
        &self,
        token: &Authenticated,
        now: UnixMillis,
    ) -> Result<(), TokenRefusal> {
        let latest = now.plus(self.policy.tokens.leeway).timestamp();
        match token.issued_at() {
            Some(issued_at) if issued_at > latest => Err(VerifyError::IssuedInFuture.into()),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// How long a store that took a write counts as one that takes writes.
const READINESS_KEPT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
