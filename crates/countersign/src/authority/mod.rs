//! The authority: one method per operation, one file per method.
//!
//! Each operation follows one line: verify the token (pure), open its id, ask the store for one atomic verb,
//! let [`rotation::decide`](crate::rotation::decide) judge what the verb did not settle, sign the answer.

mod accounts;
mod blacklist;
mod explain;
mod feed;
mod foreign;
mod identify;
mod login;
mod minting;
mod purge;
mod refresh;
mod revoke;
mod verify;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use countersign_token::{Authenticated, SignError, SignedToken, Verifier, VerifyError};

pub use self::accounts::{AccountError, AccountRequest};
pub use self::blacklist::Blacklisted;
pub use self::explain::{Explanation, OpenedId};
pub use self::feed::{POLL_INTERVAL, SETTLE_TIME};
pub use self::identify::{AccessRefusal, Identification, Identified};
pub use self::login::SignIn;
pub use self::purge::{PurgeProgress, PurgeReport};
pub use self::refresh::{Refresh, Refreshed};
pub use self::revoke::Revoked;
pub use self::verify::Verification;

use self::feed::RevocationFeed;
use self::identify::SessionFacts;
use crate::account::{AccountId, Accounts};
use crate::clock::Clock;
use crate::keys::{KeyRing, KeyRingError};
use crate::password::{HasherError, PasswordHasher};
use crate::policy::{Policy, PolicyError};
use crate::random::{NoRandomness, Random, SystemRandom};
use crate::rotation::Refusal;
use crate::sealed_id::{Opened, SealingError};
use crate::session::{ClientDigest, SessionId};
use crate::store::{Store, StoreError};

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
    keys: KeyRing,
    verifier: Verifier,
    store: Arc<dyn Store>,
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hasher: PasswordHasher,
    /// When the decoys are due to be drawn again, in milliseconds; whoever moves it on draws them.
    decoys_due_at: AtomicI64,
    feed: RevocationFeed,
    sessions: SessionFacts,
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
    Keys(#[from] KeyRingError),
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
}

impl AuthorityError {
    /// Whether trying again later may help.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Hasher(HasherError::Overloaded))
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
        Ok(Self {
            verifier: minting::verifier(&policy.tokens, Arc::clone(keys.verification())),
            hasher: PasswordHasher::new(passwords.cost, passwords.slots, Arc::clone(&random))?,
            decoys_due_at: AtomicI64::new(i64::MIN),
            feed: RevocationFeed::new(Arc::clone(&store)),
            sessions: SessionFacts::default(),
            policy,
            keys,
            store,
            accounts,
            clock,
            random,
        })
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
    pub fn jwk_set(&self) -> String {
        self.keys.verification().jwk_set()
    }

    /// Whether the store answers and the revocation index is up to date.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it does not.
    pub async fn check_ready(&self) -> Result<(), AuthorityError> {
        Ok(self.feed.freshen(self.clock.now()).await?)
    }

    fn client_digest(&self, client: &Client<'_>) -> ClientDigest {
        self.keys.client_digest(client.user_agent)
    }

    /// Opens a genuine token's id. Before an id counts as foreign, the sealing keys are read again: another node
    /// may have added one.
    async fn open_id(&self, token: &Authenticated) -> Result<Opened, AuthorityError> {
        let opened = self.keys.open(token.token_id());
        if opened != Opened::Foreign {
            return Ok(opened);
        }
        self.keys.reload_sealing_keys(self.store.as_ref()).await?;
        Ok(self.keys.open(token.token_id()))
    }

    /// A foreign token's `iat` has no tolerance beyond the leeway; ours may lie a little ahead.
    fn check_foreign_issue_time(
        &self,
        token: &Authenticated,
        now: countersign_token::UnixMillis,
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

/// The account that a token's user claim names, if it names one in its canonical spelling.
fn account_of(token: &Authenticated) -> Option<AccountId> {
    token.user()?.as_account_number().map(AccountId::new)
}

#[cfg(test)]
mod tests;
