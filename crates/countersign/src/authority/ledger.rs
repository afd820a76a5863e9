//! What the ledger says of a genuine token, whatever it is shown for: its id opens to a row, or is recorded as
//! somebody else's, and the revocation index knows what was revoked since.

use countersign_token::{
    Access, Authenticated, Refresh as RefreshKind, RevokedBy, SessionAddress, Sliding, TokenFacts,
    TokenKind, UnixMillis, VerifyError, Websocket,
};
use quick_cache::sync::Cache;

use super::blacklist::{refuse_ended, refuse_out_of_use};
use super::{Authority, AuthorityError, TokenRefusal};
use crate::account::AccountId;
use crate::policy::{ForeignTokenPolicy, SessionCheck};
use crate::rotation::Refusal;
use crate::sealed_id::{GenerationAddress, Opened, SealedKind, TokenAddress};
use crate::session::{
    FirstToken, Generation, Lineage, Salt, SessionId, SessionNumber, SessionRecord, SessionState,
};
use crate::store::{ForeignToken, StoreError};

/// What never changes about a session, remembered: a protected request asks the store once for each session.
///
/// Whether a session still lives is no part of it: that comes from the revocation index every time.
#[derive(Debug)]
pub(super) struct SessionFacts {
    /// By number, bounded. Numbers are our own, so that nobody can choose what collides.
    known: Cache<u64, KnownSession>,
}

/// What never changes about one session.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownSession {
    /// Whose it is, if anybody's.
    pub(super) account: Option<AccountId>,
    /// Its public name.
    pub(super) sid: SessionId,
    /// What it was opened with.
    pub(super) first_token: FirstToken,
}

impl Default for SessionFacts {
    fn default() -> Self {
        Self {
            known: Cache::new(REMEMBERED_SESSIONS),
        }
    }
}

impl Authority {
    /// Judges a genuine token. Gives its session; `None` for a token that somebody else minted.
    ///
    /// An id of ours counts only in a token of the kind and the account that it was sealed for. The index must be
    /// fresh.
    pub(super) async fn ask_ledger(
        &self,
        genuine: &Authenticated,
        opened: Opened,
        now: UnixMillis,
    ) -> Result<Result<Option<SessionId>, TokenRefusal>, AuthorityError> {
        let Opened::Ours { address, .. } = opened else {
            let judged = self.judge_foreign(genuine, now).await?;
            return Ok(judged.map(|()| None));
        };
        if !self.says_its_kind(genuine, address.kind()) {
            return Ok(Err(Refusal::Unknown.into()));
        }
        let judged = match address {
            TokenAddress::Refresh(at) | TokenAddress::Sliding(at) => {
                self.judge_renewable(genuine, at).await?
            }
            TokenAddress::Access(at) | TokenAddress::Websocket(at) | TokenAddress::Custom(at) => {
                self.judge_access(genuine, address, at.root).await?
            }
        };
        Ok(judged.map(Some).map_err(TokenRefusal::from))
    }

    /// Whether a token is of kind `K`. A refresh or sliding token of another kind is refused for what the ledger has
    /// against it, if that is something: `SimpleJWT` looks at its blacklist before it looks at the kind.
    pub(super) async fn expect_kind<K: TokenKind>(
        &self,
        genuine: &Authenticated,
        opened: Opened,
        now: UnixMillis,
    ) -> Result<Result<(), TokenRefusal>, AuthorityError> {
        let Err(error) = genuine.has_kind::<K>() else {
            return Ok(Ok(()));
        };
        if is_renewable(genuine)
            && let Err(refusal) = self.ask_ledger(genuine, opened, now).await?
        {
            return Ok(Err(refusal));
        }
        Ok(Err(error.into()))
    }

    /// Whether a token says that it is of the kind that its id was sealed for; one of a custom kind, of which.
    pub(super) fn says_its_kind(&self, genuine: &Authenticated, kind: SealedKind) -> bool {
        let said: Result<(), VerifyError> = match kind {
            SealedKind::Refresh => genuine.has_kind::<RefreshKind>(),
            SealedKind::Sliding => genuine.has_kind::<Sliding>(),
            SealedKind::Access => genuine.has_kind::<Access>(),
            SealedKind::Websocket => genuine.has_kind::<Websocket>(),
            SealedKind::Custom => {
                let custom_kinds = &self.policy.tokens.custom_kinds;
                let said = genuine.token_type();
                return said.is_some_and(|said| custom_kinds.iter().any(|kind| kind == said));
            }
        };
        said.is_ok()
    }

    /// What the index knows against a token of `owner`'s.
    pub(super) fn revoked_by(
        &self,
        genuine: &Authenticated,
        address: Option<TokenAddress>,
        owner: Option<AccountId>,
    ) -> Option<RevokedBy> {
        let number = address.map(|address| address.session().get());
        // Where sessions are not checked, what ends them spares their access tokens.
        let checks_sessions = self.policy.sessions.check == SessionCheck::On;
        let session = number
            .filter(|_| checks_sessions)
            .map(SessionAddress::Number);
        let account = owner.filter(|_| checks_sessions).map(AccountId::get);
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
        session: Option<SessionNumber>,
    ) -> bool {
        let facts = TokenFacts {
            token_id: "",
            key_id: genuine.key_id(),
            session: None,
            number: session.map(SessionNumber::get),
            account: None,
        };
        self.feed.index().check(&facts).is_some()
    }

    /// A refresh or sliding token: its session's row decides.
    async fn judge_renewable(
        &self,
        genuine: &Authenticated,
        at: GenerationAddress,
    ) -> Result<Result<SessionId, Refusal>, AuthorityError> {
        if self.is_revoked_wholesale(genuine, Some(at.session)) {
            return Ok(Err(Refusal::Blacklisted));
        }
        let lineage = self.store.find_session(at.session).await?;
        match judge_row(lineage, at.generation, Some(at.salt)) {
            Ok(session) => {
                self.of_its_account(genuine, session.account, session.sid)
                    .await
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// An access token: the index decides, and the row of its session where that was never seen.
    async fn judge_access(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
        root: SessionNumber,
    ) -> Result<Result<SessionId, Refusal>, AuthorityError> {
        let owner = self.indexed_owner(genuine, Some(address)).await?;
        if self.revoked_by(genuine, Some(address), owner).is_some() {
            return Ok(Err(self.why_revoked(root).await));
        }
        match self.session_facts(root).await? {
            Ok(known) => self.of_its_account(genuine, known.account, known.sid).await,
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Why a token that the index refuses is refused, as far as its session's row tells. The refusal stands
    /// whether or not the store can be asked.
    async fn why_revoked(&self, root: SessionNumber) -> Refusal {
        match self.store.find_session(root).await {
            Ok(Some(lineage)) => refuse_ended(&lineage).err().unwrap_or(Refusal::Blacklisted),
            Ok(None) | Err(_) => Refusal::Blacklisted,
        }
    }

    pub(super) async fn session_facts(
        &self,
        number: SessionNumber,
    ) -> Result<Result<KnownSession, Refusal>, AuthorityError> {
        if let Some(facts) = self.sessions.known.get(&number.get()) {
            return Ok(Ok(facts));
        }
        let Some(lineage) = self.store.find_session(number).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        // A blacklisted refresh token dies alone: what its family was given stays good.
        if self.policy.sessions.check == SessionCheck::On
            && let Err(refusal) = refuse_ended(&lineage).and_then(|()| refuse_disabled(&lineage))
        {
            return Ok(Err(refusal));
        }
        let session = lineage.session;
        let facts = KnownSession {
            account: session.account,
            sid: session.sid,
            first_token: session.first_token,
        };
        self.sessions.known.insert(number.get(), facts);
        Ok(Ok(facts))
    }

    /// A token that somebody else minted. Only those that renew are recorded; all others the index knows.
    async fn judge_foreign(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Result<(), TokenRefusal>, AuthorityError> {
        if !is_renewable(genuine) {
            return self.judge_foreign_access(genuine, now).await;
        }
        let known = match self.admit_foreign(genuine, now).await? {
            Ok(known) => known,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if known.is_none() && self.policy.foreign_at(now) != ForeignTokenPolicy::Signed {
            return Ok(Err(TokenRefusal::Foreign));
        }
        // A session that it opened has a number, which tells what was before.
        let has_session = known.as_ref().is_some_and(|known| known.session.is_some());
        if self.is_revoked_wholesale(genuine, None)
            || (!has_session && self.is_foreign_revoked_by_time(genuine).await?)
        {
            return Ok(Err(Refusal::Blacklisted.into()));
        }
        let judged = self.judge_recorded(genuine, known.as_ref()).await?;
        Ok(judged.map_err(TokenRefusal::from))
    }

    async fn judge_foreign_access(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Result<(), TokenRefusal>, AuthorityError> {
        if self.policy.foreign_at(now) != ForeignTokenPolicy::Signed {
            return Ok(Err(TokenRefusal::Foreign));
        }
        if let Err(refusal) = self.check_foreign_issue_time(genuine, now) {
            return Ok(Err(refusal));
        }
        let owner = self.indexed_owner(genuine, None).await?;
        let is_revoked = self.revoked_by(genuine, None, owner).is_some()
            || self.is_foreign_revoked_by_time(genuine).await?;
        Ok(if is_revoked {
            Err(Refusal::Blacklisted.into())
        } else {
            Ok(())
        })
    }

    /// Refuses a token whose user claim names somebody else than its session does. One that names nobody, any more
    /// or at all, proves its session alone.
    pub(super) async fn of_its_account(
        &self,
        genuine: &Authenticated,
        owner: Option<AccountId>,
        session: SessionId,
    ) -> Result<Result<SessionId, Refusal>, AuthorityError> {
        let Some(_) = genuine.user() else {
            return Ok(Ok(session));
        };
        if owner.is_none() || !self.could_name(genuine) {
            return Ok(Err(Refusal::Unknown));
        }
        Ok(match self.number_named(genuine).await? {
            Some(named) if Some(named) != owner => Err(Refusal::Unknown),
            _ => Ok(session),
        })
    }

    /// The record of a foreign token, and the session that its first use opened.
    async fn judge_recorded(
        &self,
        genuine: &Authenticated,
        known: Option<&ForeignToken>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let Some(known) = known else {
            return Ok(Ok(()));
        };
        if known.blacklisted_at.is_some() {
            return Ok(Err(Refusal::Blacklisted));
        }
        let Some(session) = known.session else {
            return Ok(Ok(()));
        };
        if self.is_revoked_wholesale(genuine, Some(session)) {
            return Ok(Err(Refusal::Blacklisted));
        }
        let lineage = self.store.find_session(session).await?;
        Ok(judge_row(lineage, Generation::FIRST, None).map(drop))
    }
}

/// Whether a token is of a kind that buys new ones.
pub(super) fn is_renewable(genuine: &Authenticated) -> bool {
    genuine.has_kind::<RefreshKind>().is_ok() || genuine.has_kind::<Sliding>().is_ok()
}

/// Whether a token buys new ones: one of ours by what its id was sealed for, since it need not say its kind.
pub(super) fn buys_new_ones(genuine: &Authenticated, opened: Opened) -> bool {
    match opened {
        Opened::Ours { address, .. } => {
            matches!(address, TokenAddress::Refresh(_) | TokenAddress::Sliding(_))
        }
        Opened::Foreign => is_renewable(genuine),
    }
}

/// Whether a refresh or sliding token is the current one of a session that lives. A foreign one has no salt.
fn judge_row(
    lineage: Option<Lineage>,
    generation: Generation,
    salt: Option<Salt>,
) -> Result<SessionRecord, Refusal> {
    let lineage = lineage
        .filter(|lineage| salt.is_none_or(|salt| salt == lineage.session.sid.salt()))
        .ok_or(Refusal::Unknown)?;
    refuse_out_of_use(&lineage)?;
    refuse_disabled(&lineage)?;
    match generation.cmp(&lineage.session.generation) {
        std::cmp::Ordering::Less => Err(Refusal::Spent),
        std::cmp::Ordering::Equal => Ok(lineage.session),
        std::cmp::Ordering::Greater => Err(Refusal::StoreRolledBack),
    }
}

/// Refuses a row that waits to be enabled, or whose root does.
fn refuse_disabled(lineage: &Lineage) -> Result<(), Refusal> {
    let states = [lineage.session.state, lineage.root];
    if states.contains(&SessionState::Disabled) {
        return Err(Refusal::Disabled);
    }
    Ok(())
}

/// 64 bytes each or so: six megabytes when full.
const REMEMBERED_SESSIONS: usize = 100_000;
