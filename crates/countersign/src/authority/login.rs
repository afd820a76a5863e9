//! Signing in: a password for a session and its first two tokens.

use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_token::UnixMillis;

use super::{Authority, AuthorityError, Client, TokenPair};
use crate::account::{Account, AccountId, AccountKey, Residence};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::password::{Check, EncodedPassword, PlainPassword, Upgrade};
use crate::policy::LoginName;
use crate::random::draw;
use crate::rotation::later;
use crate::session::{Generation, SessionId, SessionRecord};
use crate::store::{AccountGuard, NewSession, Opening, StoreError};

/// How a sign-in went.
#[derive(Debug)]
pub enum SignIn<T = TokenPair> {
    /// The session is open and durable.
    Opened(T),
    /// No active account has these credentials. Which part was wrong is for the audit log only.
    Refused,
}

/// The tokens that a session is opened for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// An access and a refresh token.
    Pair,
    /// One sliding token.
    Sliding,
}

impl Authority {
    /// Signs in with a password; `login` is the user name, or the e-mail address where the settings say so.
    ///
    /// Unknown name, wrong password and inactive account get the same answer after the same work: a password is
    /// hashed in every case. A stored hash that is not today's is replaced on the way; if that fails, the
    /// sign-in goes on.
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened, or none that anybody has the tokens of.
    pub async fn login(
        &self,
        login: &str,
        password: PlainPassword,
        client: &Client<'_>,
    ) -> Result<SignIn, AuthorityError> {
        let signed_in = self.sign_in(login, password, Form::Pair, client).await?;
        Ok(match signed_in {
            Some((account, session)) => SignIn::Opened(self.mint_pair(&account, &session)?),
            None => SignIn::Refused,
        })
    }

    /// Checks a password and opens a session; `None` if the sign-in is refused.
    pub(super) async fn sign_in(
        &self,
        login: &str,
        password: PlainPassword,
        form: Form,
        client: &Client<'_>,
    ) -> Result<Option<(Account, SessionRecord)>, AuthorityError> {
        let now = self.clock.now();
        let account = if is_plausible(login) && !password.is_too_long() {
            self.accounts.find_account_by(self.login_key(login)).await?
        } else {
            None
        };
        let stored = account.as_ref().map(|account| account.password.clone());
        self.learn_decoys(now).await?;
        let name_digest = self.keys.name_digest(login);
        let upgrade = match &account {
            Some(account) if account.is_active() => Upgrade::IfOutdated,
            _ => Upgrade::Never,
        };
        let check = self
            .hasher
            .check(bounded(password), stored, name_digest, upgrade)
            .await?;
        let (Some(account), Check::Matches { upgrade }) = (account.as_ref(), check) else {
            self.note_refusal(account.as_ref(), client, now).await?;
            return Ok(None);
        };
        if !self.may_sign_in(account) {
            self.note_refusal(Some(account), client, now).await?;
            return Ok(None);
        }
        self.upgrade_password(account, upgrade).await;
        let session = self.new_session(account, form, client, now)?;
        let opened = self
            .open_for(account, &session, AuditKind::Login, client)
            .await?;
        if opened.is_none() {
            self.note_refusal(Some(account), client, now).await?;
        }
        Ok(opened.map(|session| (account.clone(), session)))
    }

    /// Opens a session without a password: for single sign-on, passkeys, and the command line.
    ///
    /// Returns `None` if the account does not exist or is inactive.
    ///
    /// # Errors
    /// [`AuthorityError`]: no session was opened.
    pub async fn open_session(
        &self,
        account: AccountId,
        client: &Client<'_>,
    ) -> Result<Option<TokenPair>, AuthorityError> {
        let found = self.accounts.find_account(account).await?;
        let Some(account) = found.filter(|account| self.may_sign_in(account)) else {
            return Ok(None);
        };
        let session = self.new_session(&account, Form::Pair, client, self.clock.now())?;
        let opened = self
            .open_for(&account, &session, AuditKind::SessionOpened, client)
            .await?;
        opened
            .map(|session| self.mint_pair(&account, &session))
            .transpose()
    }

    async fn open_for(
        &self,
        account: &Account,
        session: &NewSession,
        kind: AuditKind,
        client: &Client<'_>,
    ) -> Result<Option<SessionRecord>, AuthorityError> {
        let now = session.created_at;
        // Its tokens are signed with the key that signs by now.
        self.feed.freshen().await?;
        let event = AuditEvent::new(now, kind, Actor::Client)
            .about(account.id)
            .in_session(session.sid)
            .from_ip(client.ip);
        let Opening::Opened(record) = self.store.open_session(session, Some(&event)).await? else {
            return Ok(None);
        };
        if self.changed_meanwhile(&record, now).await? {
            return Ok(None);
        }
        if self.policy.accounts.record_login {
            self.accounts.record_login(account.id, now).await?;
        }
        if session.limit.is_some() {
            self.feed.catch_up().await?;
        }
        Ok(Some(record))
    }

    /// A session for an account as it was just read.
    pub(super) fn new_session(
        &self,
        account: &Account,
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
            account: account.id,
            guard: self.guard(account),
            sealing_key: key.id(),
            generation: Generation::FIRST,
            created_at: now,
            refresh_expires_at,
            deadline,
            keep_until: later(refresh_expires_at, self.keep_beyond_seconds(form)),
            client: self.client_digest(client),
            limit: self.policy.sessions.limit,
        })
    }

    fn login_key<'a>(&self, login: &'a str) -> AccountKey<'a> {
        match self.policy.accounts.login {
            LoginName::Username => AccountKey::Username(login),
            LoginName::Email => AccountKey::Email(login),
        }
    }

    /// Whether an account is active, and has the name by which tokens would call it.
    fn may_sign_in(&self, account: &Account) -> bool {
        account.is_active() && !self.name_of(account).is_empty()
    }

    fn guard(&self, account: &Account) -> AccountGuard {
        let credential_version = account.credential_version;
        match self.accounts.residence() {
            Residence::InStore => AccountGuard::Stored {
                credential_version,
                must_be_active: self.policy.accounts.check_active,
            },
            Residence::Elsewhere => AccountGuard::Elsewhere { credential_version },
        }
    }

    async fn note_refusal(
        &self,
        account: Option<&Account>,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let mut event =
            AuditEvent::new(now, AuditKind::LoginFailed, Actor::Client).from_ip(client.ip);
        event.subject = account.map(|account| account.id);
        self.store.append_audit(&event).await
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
fn is_plausible(login: &str) -> bool {
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
