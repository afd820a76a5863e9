//! Identifying: whose request is this? What a protected resource of the authority's own asks.

use countersign_token::{
    Access, Authenticated, RevokedBy, SessionAddress, TokenFacts, UnixMillis, VerifyError,
};
use quick_cache::sync::Cache;

use super::blacklist::refuse_ended;
use super::{Authority, AuthorityError, TokenRefusal, account_of};
use crate::account::{Account, AccountId};
use crate::policy::{ForeignTokenPolicy, SessionCheck};
use crate::rotation::Refusal;
use crate::sealed_id::{Opened, TokenAddress};
use crate::session::{SessionId, SessionNumber, SessionState};

/// Whose request it is, or why that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identification {
    /// The account, active where the settings ask for it.
    Known(Box<Identified>),
    /// The token or its account is refused.
    Refused(AccessRefusal),
}

/// Whose request it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// The account.
    pub account: Account,
    /// Its session; `None` for a token that somebody else minted.
    pub session: Option<SessionId>,
}

/// Why a request is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessRefusal {
    /// The token is refused.
    Token(TokenRefusal),
    /// The token is good and names no account.
    NoUserClaim,
    /// The account that it names does not exist.
    AccountUnknown,
    /// The account is deactivated.
    AccountInactive,
}

/// What never changes about a session, remembered: a protected request asks the store once for each session.
///
/// Whether a session still lives is no part of it: that comes from the revocation index every time.
#[derive(Debug)]
pub(super) struct SessionFacts {
    /// By number, bounded. Numbers are our own, so that nobody can choose what collides.
    known: Cache<u64, (AccountId, SessionId)>,
}

impl Default for SessionFacts {
    fn default() -> Self {
        Self {
            known: Cache::new(REMEMBERED_SESSIONS),
        }
    }
}

impl Authority {
    /// Identifies the holder of an access token.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if something that must be looked up could not be; the caller refuses then.
    ///
    /// # Source
    /// SimpleJWT `JWTAuthentication`.
    pub async fn identify(&self, token: &str) -> Result<Identification, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate_access(token, now) {
            Ok(genuine) => genuine,
            Err(error) => return Ok(refused(error)),
        };
        self.feed.freshen(now).await?;
        let session = match self.open_id(&genuine).await? {
            Opened::Ours { address, .. } => match self.own_session(&genuine, address).await? {
                Ok(sid) => Some(sid),
                Err(refusal) => return Ok(refused(refusal)),
            },
            Opened::Foreign => match self.admit_foreign_access(&genuine, now) {
                Ok(()) => None,
                Err(refusal) => return Ok(refused(refusal)),
            },
        };
        self.account_behind(&genuine, session).await
    }

    fn authenticate_access(
        &self,
        token: &str,
        now: UnixMillis,
    ) -> Result<Authenticated, VerifyError> {
        let genuine = self.verifier.authenticate(token, now)?;
        genuine.has_kind::<Access>()?;
        Ok(genuine)
    }

    async fn own_session(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
    ) -> Result<Result<SessionId, Refusal>, AuthorityError> {
        let TokenAddress::Access(at) = address else {
            return Ok(Err(Refusal::Unknown));
        };
        if let Some(refusal) = self
            .judge_session_of_access(genuine, address, at.root)
            .await?
        {
            return Ok(Err(refusal));
        }
        let facts = self.session_facts(at.root).await?;
        let named = account_of(genuine);
        Ok(match facts {
            Ok((account, sid)) if Some(account) == named || genuine.user().is_none() => Ok(sid),
            Ok(_) => Err(Refusal::Unknown),
            Err(refusal) => Err(refusal),
        })
    }

    /// Judges an access token's session by the index, and by its row where that was never seen.
    pub(super) async fn judge_session_of_access(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
        root: SessionNumber,
    ) -> Result<Option<Refusal>, AuthorityError> {
        if self.revoked_by(genuine, Some(address)).is_some() {
            return Ok(Some(self.why_revoked(root).await));
        }
        Ok(self.session_facts(root).await?.err())
    }

    /// Why a token that the index refuses is refused, as far as its session's row tells. The refusal stands
    /// whether or not the store can be asked.
    async fn why_revoked(&self, root: SessionNumber) -> Refusal {
        match self.store.find_session(root).await {
            Ok(Some(lineage)) => refuse_ended(&lineage).err().unwrap_or(Refusal::Blacklisted),
            Ok(None) | Err(_) => Refusal::Blacklisted,
        }
    }

    /// What the index knows against a token.
    pub(super) fn revoked_by(
        &self,
        genuine: &Authenticated,
        address: Option<TokenAddress>,
    ) -> Option<RevokedBy> {
        let number = address.map(|address| address.session().get());
        // Where sessions are not checked, what ends them spares their access tokens.
        let checks_sessions = self.policy.sessions.check == SessionCheck::On;
        let session = number
            .filter(|_| checks_sessions)
            .map(SessionAddress::Number);
        let account = account_of(genuine)
            .filter(|_| checks_sessions)
            .map(AccountId::get);
        let facts = TokenFacts {
            token_id: genuine.token_id(),
            key_id: genuine.key_id(),
            session,
            number,
            account,
        };
        // An account's state is judged by its record, which names the reason.
        let revoked_by = self.feed.index().check(&facts);
        revoked_by.filter(|by| !matches!(by, RevokedBy::AccountState(_)))
    }

    /// Whether everything up to a session, or everything that a key signed, is revoked: what no row tells.
    pub(super) fn is_revoked_wholesale(
        &self,
        genuine: &Authenticated,
        session: SessionNumber,
    ) -> bool {
        let facts = TokenFacts {
            token_id: "",
            key_id: genuine.key_id(),
            session: None,
            number: Some(session.get()),
            account: None,
        };
        self.feed.index().check(&facts).is_some()
    }

    async fn session_facts(
        &self,
        number: SessionNumber,
    ) -> Result<Result<(AccountId, SessionId), Refusal>, AuthorityError> {
        if let Some(facts) = self.sessions.known.get(&number.get()) {
            return Ok(Ok(facts));
        }
        let Some(lineage) = self.store.find_session(number).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        let session = lineage.session;
        if self.policy.sessions.check == SessionCheck::On
            && let SessionState::Ended { cause, .. } = session.state
        {
            return Ok(Err(Refusal::Ended(cause)));
        }
        let facts = (session.account, session.sid);
        self.sessions.known.insert(number.get(), facts);
        Ok(Ok(facts))
    }

    fn admit_foreign_access(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<(), TokenRefusal> {
        if self.policy.foreign != ForeignTokenPolicy::Signed {
            return Err(TokenRefusal::Foreign);
        }
        self.check_foreign_issue_time(genuine, now)?;
        match self.revoked_by(genuine, None) {
            Some(_) => Err(Refusal::Blacklisted.into()),
            None => Ok(()),
        }
    }

    async fn account_behind(
        &self,
        genuine: &Authenticated,
        session: Option<SessionId>,
    ) -> Result<Identification, AuthorityError> {
        if genuine.user().is_none() {
            return Ok(Identification::Refused(AccessRefusal::NoUserClaim));
        }
        let found = match account_of(genuine) {
            Some(id) => self.accounts.find_account(id).await?,
            None => None,
        };
        let Some(account) = found else {
            return Ok(Identification::Refused(AccessRefusal::AccountUnknown));
        };
        if session.is_none() && self.is_revoked_by_time(genuine, &account).await? {
            return Ok(refused(Refusal::Blacklisted));
        }
        if self.policy.accounts.check_active && !account.is_active() {
            return Ok(Identification::Refused(AccessRefusal::AccountInactive));
        }
        Ok(Identification::Known(Box::new(Identified {
            account,
            session,
        })))
    }

    /// Foreign tokens have no session number: for them alone, "before" is a second.
    async fn is_revoked_by_time(
        &self,
        genuine: &Authenticated,
        account: &Account,
    ) -> Result<bool, AuthorityError> {
        let everybody = self.store.everybody_revoked_before().await?;
        let issued_at = genuine
            .issued_at()
            .map_or(0, countersign_token::Timestamp::seconds);
        Ok([account.revoked_before, everybody]
            .into_iter()
            .flatten()
            .any(|before| issued_at <= before.seconds()))
    }
}

fn refused(refusal: impl Into<TokenRefusal>) -> Identification {
    Identification::Refused(AccessRefusal::Token(refusal.into()))
}

/// 64 bytes each or so: six megabytes when full.
const REMEMBERED_SESSIONS: usize = 100_000;
