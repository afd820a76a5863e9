//! Signing in: a password for a session and its first two tokens.

use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_token::{ClaimsSet, UnixMillis};

use super::{Authority, AuthorityError, Client, TokenPair};
use crate::account::{Account, AccountId, AccountKey, Residence};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::device::Device;
use crate::hooks::{SignInRefused, SignedIn};
use crate::password::{Check, EncodedPassword, PlainPassword, Upgrade};
use crate::policy::LoginName;
use crate::random::draw;
use crate::rotation::later;
use crate::session::{FirstToken, Generation, SessionId, SessionRecord};
use crate::store::{AccountGuard, NewSession, Opening, StoreError};

/// How a sign-in went.
#[derive(Debug)]
pub enum SignIn<T = TokenPair> {
    /// The session is open and durable.
    Opened(T),
    /// No active account has these credentials. Which part was wrong is for the audit log only.
    Refused,
    /// Too many sign-ins have failed. Nobody looked at the password, and whether the name is anybody's makes no
    /// difference.
    Throttled {
        /// How long until another attempt may be made.
        retry_after: Duration,
    },
}

impl<T> SignIn<T> {
    /// The same with something else for what was opened.
    pub(super) fn try_map<U, E>(
        self,
        make: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<SignIn<U>, E> {
        Ok(match self {
            Self::Opened(opened) => SignIn::Opened(make(opened)?),
            Self::Refused => SignIn::Refused,
            Self::Throttled { retry_after } => SignIn::Throttled { retry_after },
        })
    }
}

/// A session that was opened, with what its tokens say besides naming it.
pub(super) struct OpenedSession {
    pub(super) account: Account,
    pub(super) record: SessionRecord,
    pub(super) claims: ClaimsSet,
}

/// How a session without a password begins, where it is not as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beginning {
    /// Its public name, which no other session on record may have; a random one, if none is given. It should be no
    /// client's choice.
    pub id: Option<SessionId>,
    /// Whether it waits for [`Authority::enable_session`]: until then nobody refreshes it, and its access token opens
    /// nothing here where ended sessions kill theirs.
    pub waits: bool,
    /// Whether the account need not be one that may sign in: one that waits to be activated, for instance. Nobody but
    /// the operator should be able to ask for this.
    pub even_if_inactive: bool,
}

/// What somebody signs in with, as it was typed.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) by: LoginName,
    pub(super) text: &'a str,
}

impl<'a> Login<'a> {
    /// Whom it could name; `None` if it could be nobody's.
    pub(super) fn key(self) -> Option<AccountKey<'a>> {
        is_plausible(self.text).then_some(match self.by {
            LoginName::Username => AccountKey::Username(self.text),
            LoginName::Email => AccountKey::Email(self.text),
        })
    }
}

/// The tokens that a session is opened for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// An access and a refresh token.
    Pair,
    /// One sliding token.
    Sliding,
}

impl Form {
    const fn first_token(self) -> FirstToken {
        match self {
            Self::Pair => FirstToken::Refresh,
            Self::Sliding => FirstToken::Sliding,
        }
    }
}

impl Authority {
    /// Signs in with a password; `login` is the user name, or the e-mail address where the settings say so.
    ///
    /// Unknown name, wrong password and inactive account get the same answer after the same work: a password is
    /// hashed in every case. Whoever is active and [not admitted](crate::hooks::Hooks::sign_in_rule) gets that
    /// answer, too. A stored hash that is not today's is replaced on the way; if that fails, the sign-in goes on.
    ///
    /// After too many failures no password is looked at for a while: [`throttle`](crate::throttle) says which those are.
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened, or none that anybody has the tokens of.
    ///
    /// # Source
    /// SimpleJWT `TokenObtainPairView`, `USER_AUTHENTICATION_RULE`, `ON_LOGIN_SUCCESS`, `ON_LOGIN_FAILED`.
    pub async fn login(
        &self,
        login: &str,
        password: PlainPassword,
        client: &Client<'_>,
    ) -> Result<SignIn, AuthorityError> {
        self.login_by(self.policy.accounts.login, login, password, client)
            .await
    }

    /// The same by a name that the caller chooses, whatever the settings say that people sign in with. Failures are
    /// counted by what is typed: those with a user name and those with an address are apart.
    ///
    /// # Errors
    /// As [`login`](Self::login).
    ///
    /// # Source
    /// jwt-allauth `login/`, which takes addresses only.
    pub async fn login_by(
        &self,
        by: LoginName,
        login: &str,
        password: PlainPassword,
        client: &Client<'_>,
    ) -> Result<SignIn, AuthorityError> {
        let login = Login { by, text: login };
        let signed_in = self.sign_in(login, password, Form::Pair, client).await?;
        signed_in.try_map(|opened| self.mint_pair(&opened))
    }

    /// Checks a password and opens a session, unless too many attempts have failed.
    pub(super) async fn sign_in(
        &self,
        login: Login<'_>,
        password: PlainPassword,
        form: Form,
        client: &Client<'_>,
    ) -> Result<SignIn<OpenedSession>, AuthorityError> {
        let now = self.clock.now();
        let attempt = match self.admit_try(login.text, client).await {
            Ok(attempt) => attempt,
            Err(throttled) => {
                self.tell_of_throttling(login, throttled, client, now)
                    .await?;
                let retry_after = throttled.retry_after;
                return Ok(SignIn::Throttled { retry_after });
            }
        };
        let name = is_plausible(login.text).then_some(login.text);
        let checked = self
            .check_and_open(login, password, form, client, now)
            .await;
        let (account, opened) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                attempt.was_none();
                return Err(error);
            }
        };
        if opened.is_some() {
            attempt.succeeded();
        } else {
            drop(attempt);
        }
        self.tell_of_sign_in(name, account.as_ref(), opened.as_ref(), client, now)
            .await?;
        Ok(opened.map_or(SignIn::Refused, SignIn::Opened))
    }

    /// Checks a password and opens a session; `None` if the sign-in is refused.
    async fn check_and_open(
        &self,
        login: Login<'_>,
        password: PlainPassword,
        form: Form,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<(Option<Account>, Option<OpenedSession>), AuthorityError> {
        let account = match login.key() {
            Some(key) if !password.is_too_long() => self.accounts.find_account_by(key).await?,
            _ => None,
        };
        let stored = account.as_ref().map(|account| account.password.clone());
        self.learn_decoys(now).await?;
        let name_digest = self.keys.name_digest(login.text);
        let upgrade = match &account {
            Some(account) if account.is_active() => Upgrade::IfOutdated,
            _ => Upgrade::Never,
        };
        let hashing = self
            .hasher
            .check(bounded(password), stored, name_digest, upgrade);
        // Ready for everybody, and at the first sign-in while the password is hashed.
        let (check, ()) = tokio::join!(hashing, self.prepare_device(client));
        let check = check?;
        let mut opened = None;
        if let (Some(account), Check::Matches { upgrade }) = (&account, check)
            && self.may_sign_in(account)
        {
            self.upgrade_password(account, upgrade).await;
            let session = self.new_session(account, form, client, now).await?;
            opened = self
                .open_for(account, &session, AuditKind::Login, client)
                .await?;
        }
        Ok((account, opened))
    }

    /// Opens a session without a password: for single sign-on, passkeys, and the command line. Its tokens are those
    /// of a sign-in, further claims included; a [`SignInObserver`](crate::hooks::SignInObserver) is not told, for
    /// whoever calls this knows.
    ///
    /// Returns `None` if the account does not exist, is inactive, or is refused by settings or hooks.
    ///
    /// ```
    /// # use countersign::account::AccountId;
    /// # use countersign::authority::{Authority, AuthorityError, Client};
    /// /// Whoever has shown a passkey, or comes back from another service, is known by now.
    /// async fn welcome(authority: &Authority, account: AccountId) -> Result<Option<String>, AuthorityError> {
    ///     let pair = authority.open_session(account, &Client::default()).await?;
    ///     Ok(pair.map(|pair| pair.refresh.as_str().to_owned()))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened.
    pub async fn open_session(
        &self,
        account: AccountId,
        client: &Client<'_>,
    ) -> Result<Option<TokenPair>, AuthorityError> {
        self.begin_session(account, Beginning::default(), client)
            .await
    }

    /// The same for an account that may not sign in: one that waits to be activated, for instance. Nobody but the
    /// operator should be able to ask for this.
    ///
    /// The tokens are genuine, and whoever verifies them elsewhere accepts them. Here, where
    /// [`check_active`](crate::policy::AccountPolicy::check_active) is on, the access token opens nothing until the
    /// account is active. Deactivating the account once more ends the session where deactivation ends sessions.
    ///
    /// Returns `None` if the account does not exist, or if hooks refuse to give it claims.
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened.
    ///
    /// # Source
    /// SimpleJWT `for_user`, which does so for everybody (CVE-2024-22513).
    pub async fn open_session_even_if_inactive(
        &self,
        account: AccountId,
        client: &Client<'_>,
    ) -> Result<Option<TokenPair>, AuthorityError> {
        let beginning = Beginning {
            even_if_inactive: true,
            ..Beginning::default()
        };
        self.begin_session(account, beginning, client).await
    }

    /// Opens a session without a password, and not as usual.
    ///
    /// Returns `None` if the account does not exist, or is refused by settings or hooks.
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened. [`AuthorityError::SessionIdTaken`] if another has the name.
    ///
    /// # Source
    /// jwt-allauth `for_user(user, enabled=False)`, `set_session(id_)`.
    pub async fn begin_session(
        &self,
        account: AccountId,
        beginning: Beginning,
        client: &Client<'_>,
    ) -> Result<Option<TokenPair>, AuthorityError> {
        let Some(account) = self.accounts.find_account(account).await? else {
            return Ok(None);
        };
        let is_admitted = if beginning.even_if_inactive {
            self.can_be_named(&account)
        } else {
            self.may_sign_in(&account)
        };
        if !is_admitted {
            return Ok(None);
        }
        let mut session = self
            .new_session(&account, Form::Pair, client, self.clock.now())
            .await?;
        session.enabled = !beginning.waits;
        if let Some(id) = beginning.id {
            if self.store.find_session_by_sid(id).await?.is_some() {
                return Err(AuthorityError::SessionIdTaken(id));
            }
            session.sid = id;
        }
        let opened = self
            .open_for(&account, &session, AuditKind::SessionOpened, client)
            .await?;
        opened.map(|opened| self.mint_pair(&opened)).transpose()
    }

    /// Asks for the further claims and opens the session: in this order, so that a refusal leaves nothing behind.
    async fn open_for(
        &self,
        account: &Account,
        session: &NewSession,
        kind: AuditKind,
        client: &Client<'_>,
    ) -> Result<Option<OpenedSession>, AuthorityError> {
        let now = session.created_at;
        let claims = self
            .claims_at_sign_in(account, session.sid, client, now)
            .await?;
        let Some(claims) = claims else {
            return Ok(None);
        };
        // Its tokens are signed with the key that signs by now.
        self.feed.freshen().await?;
        let event = AuditEvent::new(now, kind, Actor::Client)
            .about(account.id)
            .in_session(session.sid)
            .from_ip(client.ip);
        let Opening::Opened(record) = self.store.open_session(session, Some(&event)).await? else {
            return Ok(None);
        };
        // Who asks for an inactive account's session has not been overtaken by its deactivation.
        if account.is_active() && self.changed_meanwhile(&record, now).await? {
            return Ok(None);
        }
        if self.policy.accounts.record_login {
            self.accounts.record_login(account.id, now).await?;
        }
        if session.limit.is_some() {
            self.feed.catch_up().await?;
        }
        Ok(Some(OpenedSession {
            account: account.clone(),
            record,
            claims,
        }))
    }

    /// A session for an account as it was just read.
    pub(super) async fn new_session(
        &self,
        account: &Account,
        form: Form,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<NewSession, AuthorityError> {
        Ok(NewSession {
            account: Some(account.id),
            guard: self.guard(account),
            device: self.device_of(client).await,
            limit: self.policy.sessions.limit,
            ..self.new_session_of_nobody(form, client, now)?
        })
    }

    /// A session without account.
    pub(super) fn new_session_of_nobody(
        &self,
        form: Form,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<NewSession, AuthorityError> {
        let sealing = self.keys.sealing();
        let key = sealing.newest().ok_or(crate::sealed_id::SealingError)?;
        let deadline = self.deadline(now);
        let uncapped = self.refresh_expires_at(form, now);
        let refresh_expires_at = deadline.map_or(uncapped, |deadline| deadline.min(uncapped));
        Ok(NewSession {
            sid: SessionId::from_random(draw(self.random.as_ref())?),
            account: None,
            guard: AccountGuard::Nobody,
            sealing_key: key.id(),
            first_token: form.first_token(),
            generation: Generation::FIRST,
            created_at: now,
            refresh_expires_at,
            deadline,
            keep_until: later(refresh_expires_at, self.keep_beyond_seconds(form)),
            client: self.client_digest(client),
            device: None,
            enabled: true,
            limit: None,
        })
    }

    /// What is to be recorded of a client's device.
    async fn device_of(&self, client: &Client<'_>) -> Option<Device> {
        if self.policy.collect_devices {
            Device::of(client).await
        } else {
            None
        }
    }

    async fn prepare_device(&self, client: &Client<'_>) {
        if self.policy.collect_devices {
            Device::prepare(client).await;
        }
    }

    /// Whether an account is active, has the name by which tokens would call it, and is admitted.
    pub(super) fn may_sign_in(&self, account: &Account) -> bool {
        account.is_active() && self.can_be_named(account) && self.admits(account)
    }

    fn can_be_named(&self, account: &Account) -> bool {
        !self.name_of(account).is_empty()
    }

    fn guard(&self, account: &Account) -> AccountGuard {
        let credential_version = account.credential_version;
        match self.accounts.residence() {
            Residence::InStore => AccountGuard::Stored {
                credential_version,
                // Whoever opens a session for an account that he saw inactive means to.
                must_be_active: self.policy.accounts.check_active && account.is_active(),
            },
            Residence::Elsewhere => AccountGuard::Elsewhere { credential_version },
        }
    }

    /// Notes a refusal, and tells of either outcome whoever wants to know.
    async fn tell_of_sign_in(
        &self,
        username: Option<&str>,
        account: Option<&Account>,
        opened: Option<&OpenedSession>,
        client: &Client<'_>,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        if let (Some(account), Some(opened)) = (account, opened) {
            if let Some(observer) = &self.hooks.observer {
                let event = SignedIn {
                    account,
                    session: opened.record.sid,
                    client,
                    at,
                };
                observer.signed_in(&event).await;
            }
            return Ok(());
        }
        let mut event =
            AuditEvent::new(at, AuditKind::LoginFailed, Actor::Client).from_ip(client.ip);
        event.subject = account.map(|account| account.id);
        self.store.append_audit(&event).await?;
        if let Some(observer) = &self.hooks.observer {
            let event = SignInRefused {
                username,
                account,
                client,
                at,
            };
            observer.sign_in_refused(&event).await;
        }
        Ok(())
    }

    /// Looks from time to time at what the accounts' passwords cost to check, for the decoys of unknown names.
    async fn learn_decoys(&self, now: UnixMillis) -> Result<(), AuthorityError> {
        let due = self.decoys_due_at.load(Ordering::Relaxed);
        let next = now.plus(DECOYS_KEPT).millis();
        let is_ours = now.millis() >= due
            && self
                .decoys_due_at
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_ours {
            let samples = self.accounts.sample_passwords(DECOY_SAMPLES).await?;
            self.hasher.learn(samples);
        }
        Ok(())
    }

    async fn upgrade_password(&self, account: &Account, upgrade: Option<EncodedPassword>) {
        let Some(upgrade) = upgrade else { return };
        let written = self
            .accounts
            .upgrade_password(account.id, &account.password, &upgrade)
            .await;
        if let Err(error) = written {
            tracing::warn!(user.id = account.id.get(), error = %error, "a password hash could not be upgraded");
        }
    }
}

/// Whether a name could be anybody's: no store is asked for what it cannot hold.
pub(super) fn is_plausible(login: &str) -> bool {
    !login.is_empty() && login.len() <= MAX_LOGIN_BYTES && !login.contains('\0')
}

/// A password beyond the limit is never hashed: an empty one takes its place, for the same work.
fn bounded(password: PlainPassword) -> PlainPassword {
    if password.is_too_long() {
        PlainPassword::new(String::new())
    } else {
        password
    }
}

/// How long a look at the stored passwords counts.
const DECOYS_KEPT: Duration = Duration::from_mins(10);

/// How many passwords stand for all: enough to tell proportions to within a percent or so.
const DECOY_SAMPLES: u32 = 256;

/// Django's 150 characters of a name, four bytes each, and more than its 254 of an address.
const MAX_LOGIN_BYTES: usize = 600;
