//! What an operator does with sessions: find, list, end, and learn why one ended.

use countersign_token::UnixMillis;

use super::{Authority, AuthorityError, SessionView};
use crate::account::AccountId;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::session::{EndCause, SessionId, SessionRecord};
use crate::store::{Enabling, Ending};

/// Which sessions of an account are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionList {
    /// Those that are there.
    Live,
    /// The newest of all that are on record: ended and expired ones too, until they are purged.
    All,
}

/// How ending one session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnding {
    /// It has ended.
    Ended,
    /// It had ended before, and keeps its cause.
    Already(EndCause),
    /// There is no such session on record.
    Unknown,
}

/// How ending all sessions of an account went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedSessions {
    /// So many ended.
    Ended(u64),
    /// The one to be spared is none of the account's that are there; nothing ended.
    UnknownException,
}

/// What is known of a session and of what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStory {
    /// The session as it is.
    pub session: SessionView,
    /// The newest events of it, oldest first, with what ended it even if that ended others, too.
    pub events: Vec<AuditEvent>,
    /// Whether there were more events than are shown.
    pub is_cut: bool,
}

impl Authority {
    /// Finds a session, ended or not, while it is on record.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be looked up.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionView>, AuthorityError> {
        let Some(root) = self.root(id).await? else {
            return Ok(None);
        };
        let views = self.views(&[root], self.clock.now()).await?;
        Ok(views.into_iter().next())
    }

    /// The sessions of an account, newest first, at most [`MOST_LISTED`].
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if they could not be read.
    pub async fn sessions_of(
        &self,
        account: AccountId,
        list: SessionList,
    ) -> Result<Vec<SessionView>, AuthorityError> {
        let now = self.clock.now();
        self.feed.freshen().await?;
        let roots = match list {
            SessionList::Live => self.store.live_sessions_of(account).await?,
            SessionList::All => self.store.sessions_of(account, MOST_LISTED).await?,
        };
        let views = self.views(&roots, now).await?;
        Ok(views
            .into_iter()
            .filter(|session| list == SessionList::All || session.standing.is_there())
            .take(usize::try_from(MOST_LISTED).unwrap_or(usize::MAX))
            .collect())
    }

    /// Lets a session be used that [was opened to wait](super::Beginning::waits).
    ///
    /// # Errors
    /// [`AuthorityError::Store`]: it waits as before.
    pub async fn enable_session(&self, id: SessionId) -> Result<Enabling, AuthorityError> {
        let Some(root) = self.root(id).await? else {
            return Ok(Enabling::Unknown);
        };
        let event = AuditEvent::new(self.clock.now(), AuditKind::SessionEnabled, Actor::Operator)
            .about(root.account)
            .in_session(id);
        Ok(self.store.enable_session(root.number, Some(&event)).await?)
    }

    /// Ends a session as the operator.
    ///
    /// # Errors
    /// [`AuthorityError`]: it did not end, or it did in the store and this process could not read it back; asking again
    /// is safe.
    pub async fn end_session(&self, id: SessionId) -> Result<SessionEnding, AuthorityError> {
        let now = self.clock.now();
        let Some(root) = self.root(id).await? else {
            return Ok(SessionEnding::Unknown);
        };
        let cause = EndCause::EndedByOperator;
        let event = by_operator(AuditKind::SessionEnded, cause, now)
            .about(root.account)
            .in_session(id);
        let ending = self
            .store
            .end_session(root.number, cause, now, Some(&event))
            .await?;
        self.feed.catch_up().await?;
        Ok(match ending {
            Ending::Ended => SessionEnding::Ended,
            Ending::Already(cause) => SessionEnding::Already(cause),
            Ending::Unknown => SessionEnding::Unknown,
        })
    }

    /// Ends all sessions of an account as the operator, but one if one is named.
    ///
    /// # Errors
    /// As [`end_session`](Self::end_session).
    pub async fn end_sessions_of(
        &self,
        account: AccountId,
        except: Option<SessionId>,
    ) -> Result<EndedSessions, AuthorityError> {
        let now = self.clock.now();
        let except = match except {
            None => None,
            Some(id) => match self.root(id).await? {
                Some(root)
                    if root.account == Some(account) && self.standing(&root, now).is_there() =>
                {
                    Some(root.number)
                }
                Some(_) | None => return Ok(EndedSessions::UnknownException),
            },
        };
        let cause = EndCause::EndedByOperator;
        let event = by_operator(AuditKind::SessionsEnded, cause, now).about(account);
        let ended = self
            .store
            .end_sessions_of(account, except, cause, now, Some(&event))
            .await?;
        self.feed.catch_up().await?;
        Ok(EndedSessions::Ended(ended))
    }

    /// What became of a session, and what happened to it. May read the whole audit log.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be read.
    pub async fn why(&self, id: SessionId) -> Result<Option<SessionStory>, AuthorityError> {
        let Some(root) = self.root(id).await? else {
            return Ok(None);
        };
        let mut events = self.store.audit_of_session(&root, MOST_LISTED + 1).await?;
        let most = usize::try_from(MOST_LISTED).unwrap_or(usize::MAX);
        let is_cut = events.len() > most;
        events.truncate(most);
        events.reverse();
        let views = self.views(&[root], self.clock.now()).await?;
        Ok(views.into_iter().next().map(|session| SessionStory {
            session,
            events,
            is_cut,
        }))
    }

    async fn root(&self, id: SessionId) -> Result<Option<SessionRecord>, AuthorityError> {
        self.feed.freshen().await?;
        Ok(self.store.find_session_by_sid(id).await?)
    }
}

fn by_operator(kind: AuditKind, cause: EndCause, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(now, kind, Actor::Operator).because(cause)
}

/// The most sessions, or events of one, that are shown to a person.
pub const MOST_LISTED: u32 = 1_000;
