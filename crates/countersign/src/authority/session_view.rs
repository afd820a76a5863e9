//! A session as people see it: by its public name, and with what there is against it.

use std::collections::BTreeMap;

use countersign_token::{Timestamp, UnixMillis};

use super::login::Form;
use super::{Authority, AuthorityError};
use crate::account::AccountId;
use crate::device::Device;
use crate::rotation::later;
use crate::session::{EndCause, FirstToken, SessionId, SessionRecord, SessionState};

/// A session, with its forks, as its owner or an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its public name.
    pub id: SessionId,
    /// Whose it is, if anybody's. The account may be gone.
    pub account: Option<AccountId>,
    /// When it was opened.
    pub created_at: UnixMillis,
    /// When its refresh token was last rotated, or made. Without rotation, and for sliding tokens, that is when it was
    /// opened: their use is written nowhere.
    pub last_used_at: UnixMillis,
    /// From when on nobody can refresh it, if nobody does until then.
    pub expires_at: Timestamp,
    /// Whether it can be used.
    pub standing: SessionStanding,
    /// The device that it was opened from, where that was recorded.
    pub device: Option<Device>,
}

/// Whether a session can be used, and if not, why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStanding {
    /// It can be used.
    Live,
    /// It waits to be enabled.
    Disabled,
    /// It has run out.
    Expired,
    /// Everybody's sessions up to it are revoked.
    Revoked,
    /// It has ended.
    Ended {
        /// When.
        at: UnixMillis,
        /// Why.
        cause: EndCause,
    },
}

impl SessionStanding {
    /// Whether the session counts among those that are there: it may be used, or will be.
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Live | Self::Disabled)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Ended { .. } => "ended",
        }
    }
}

impl Authority {
    /// Roots as people see them, in their order. The feed must be fresh.
    pub(super) async fn views(
        &self,
        roots: &[SessionRecord],
        now: UnixMillis,
    ) -> Result<Vec<SessionView>, AuthorityError> {
        let numbers: Vec<_> = roots.iter().map(|root| root.number).collect();
        let mut devices = match numbers.as_slice() {
            [] => BTreeMap::new(),
            numbers => self.store.devices_of(numbers).await?,
        };
        let view = |root: &SessionRecord| SessionView {
            id: root.sid,
            account: root.account,
            created_at: root.created_at,
            last_used_at: root.rotated_at,
            expires_at: self.renewable_until(root),
            standing: self.standing(root, now),
            device: devices.remove(&root.number),
        };
        Ok(roots.iter().map(view).collect())
    }

    /// Whether a root can be used. The feed must be fresh.
    pub(super) fn standing(&self, root: &SessionRecord, now: UnixMillis) -> SessionStanding {
        match root.state {
            SessionState::Ended { at, cause } => SessionStanding::Ended { at, cause },
            _ if self.feed.index().revokes_everything_upto(root.number.get()) => {
                SessionStanding::Revoked
            }
            _ if self.renewable_until(root) <= now.timestamp() => SessionStanding::Expired,
            SessionState::Disabled => SessionStanding::Disabled,
            SessionState::Live => SessionStanding::Live,
        }
    }

    /// The latest `exp` of a refresh token of the family. A root knows of its forks by `keep_until` alone.
    fn renewable_until(&self, root: &SessionRecord) -> Timestamp {
        let form = match root.first_token {
            FirstToken::Sliding => Form::Sliding,
            FirstToken::Refresh
            | FirstToken::Foreign
            | FirstToken::GenericRefresh
            | FirstToken::Single => Form::Pair,
        };
        let of_the_family = later(root.keep_until, -self.keep_beyond_seconds(form));
        let latest = root.refresh_expires_at.max(of_the_family);
        root.deadline
            .map_or(latest, |deadline| deadline.min(latest))
    }
}
