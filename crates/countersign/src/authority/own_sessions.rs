//! The sessions of one account, as its owner sees and ends them.

use std::net::IpAddr;

use countersign_token::UnixMillis;

use super::{Authority, AuthorityError, Client, Identified, SessionView};
use crate::account::AccountId;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::session::{EndCause, SessionId, SessionRecord};
use crate::store::Ending;

/// A session in its owner's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// What is known of it.
    pub session: SessionView,
    /// Whether the request itself belongs to it.
    pub is_current: bool,
}

/// How ending one session went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnEnding {
    /// It has ended.
    Ended,
    /// The owner has no such session any more, or never had. Nobody is told which.
    Unknown,
}

/// The sessions of one account, for whoever proved to own it. Nobody else's are within reach.
#[derive(Debug)]
pub struct OwnSessions<'a> {
    authority: &'a Authority,
    account: AccountId,
    /// The session of the request itself; a foreign token has none.
    current: Option<SessionId>,
    ip: Option<IpAddr>,
}

impl Authority {
    /// The sessions of whoever was identified.
    pub fn sessions_of_owner(&self, owner: &Identified, client: &Client<'_>) -> OwnSessions<'_> {
        OwnSessions {
            authority: self,
            account: owner.account.id,
            current: owner.session,
            ip: client.ip,
        }
    }
}

impl OwnSessions<'_> {
    /// Those that are there, newest first.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if they could not be read.
    pub async fn list(&self) -> Result<Vec<OwnSession>, AuthorityError> {
        let now = self.authority.clock.now();
        self.authority.feed.freshen().await?;
        let roots = self.authority.store.live_sessions_of(self.account).await?;
        let listed = self.authority.views(&roots, now).await?;
        Ok(listed
            .into_iter()
            .filter(|session| session.standing.is_there())
            .map(|session| OwnSession {
                is_current: self.current == Some(session.id),
                session,
            })
            .collect())
    }

    /// Ends one session. Ending the request's own is signing out.
    ///
    /// # Errors
    /// [`AuthorityError`]: it did not end, or it did in the store and this process could not read it back; asking again
    /// is safe.
    pub async fn end(&self, id: SessionId) -> Result<OwnEnding, AuthorityError> {
        let now = self.authority.clock.now();
        let Some(root) = self.find(id, now).await? else {
            return Ok(OwnEnding::Unknown);
        };
        let cause = if self.current == Some(id) {
            EndCause::Logout
        } else {
            EndCause::EndedByOwner
        };
        let event = self
            .event(AuditKind::SessionEnded, cause, now)
            .in_session(id);
        let ending = self
            .authority
            .store
            .end_session(root.number, cause, now, Some(&event))
            .await?;
        self.authority.feed.catch_up().await?;
        Ok(match ending {
            Ending::Ended => OwnEnding::Ended,
            Ending::Already(_) | Ending::Unknown => OwnEnding::Unknown,
        })
    }

    /// Signs out of the request's own session, whether or not it had ended before: where sessions are not checked, an
    /// access token outlives its own. `Unknown` where the request has none.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub async fn log_out(&self) -> Result<OwnEnding, AuthorityError> {
        match self.current {
            Some(current) => {
                self.end(current).await?;
                Ok(OwnEnding::Ended)
            }
            None => Ok(OwnEnding::Unknown),
        }
    }

    /// Ends all sessions but the request's own; returns how many there were.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub async fn end_others(&self) -> Result<u64, AuthorityError> {
        self.end_all_but(self.current).await
    }

    /// Ends all sessions, the request's own as well; returns how many there were.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub async fn end_all(&self) -> Result<u64, AuthorityError> {
        self.end_all_but(None).await
    }

    async fn end_all_but(&self, spared: Option<SessionId>) -> Result<u64, AuthorityError> {
        let now = self.authority.clock.now();
        let spared = match spared {
            Some(id) => self.find(id, now).await?.map(|root| root.number),
            None => None,
        };
        let cause = EndCause::EndedByOwner;
        let event = self.event(AuditKind::SessionsEnded, cause, now);
        let ended = self
            .authority
            .store
            .end_sessions_of(self.account, spared, cause, now, Some(&event))
            .await?;
        self.authority.feed.catch_up().await?;
        Ok(ended)
    }

    /// A session of this account that is there.
    async fn find(
        &self,
        id: SessionId,
        now: UnixMillis,
    ) -> Result<Option<SessionRecord>, AuthorityError> {
        self.authority.feed.freshen().await?;
        let found = self.authority.store.find_session_by_sid(id).await?;
        Ok(found.filter(|root| {
            root.account == Some(self.account) && self.authority.standing(root, now).is_there()
        }))
    }

    fn event(&self, kind: AuditKind, cause: EndCause, now: UnixMillis) -> AuditEvent {
        AuditEvent::new(now, kind, Actor::Client)
            .about(self.account)
            .from_ip(self.ip)
            .because(cause)
    }
}
