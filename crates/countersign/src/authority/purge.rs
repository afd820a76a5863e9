//! Purging what has expired, in bounded batches that never lock anybody out.

use countersign_token::{Timestamp, UnixMillis};

use super::minting::whole_seconds;
use super::{Authority, AuthorityError};
use crate::policy::TokenPolicy;
use crate::rotation::later;
use crate::store::{Purged, StoreError};

/// How far a purge may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeHorizon {
    /// No further than the last purge wanted to go, and at most one day past where it went: a clock that jumped
    /// ahead deletes nothing that is alive, unless it stays wrong from one purge to the next.
    Cautious,
    /// Up to now, whatever the last one was: somebody has looked at the clock.
    Unbounded,
}

/// How much a purge has removed so far, told after every batch; or would remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeReport {
    /// What expired before this second is removed.
    pub horizon: Timestamp,
    /// Up to where it would go without caution.
    pub wanted: Timestamp,
    /// Whether caution leaves more than the expired rows of two days to later purges: the clock jumped, or the last
    /// purge was long ago.
    pub held_back: bool,
    /// Sessions that were removed.
    pub sessions: u64,
    /// Records of tokens that were rotated out that were removed.
    pub rotated_out: u64,
    /// Foreign tokens that were removed.
    pub foreign_tokens: u64,
    /// Log entries that were removed.
    pub log_entries: u64,
    /// Audit events that were removed, where they are not kept for ever.
    pub audit_events: u64,
}

/// A purge on its way, one bounded batch at a time: how fast it goes is for whoever drives it to say, since every
/// batch has the store's writer to itself for some milliseconds.
///
/// Dropping it is safe at any moment; what is left is for the next one.
#[derive(Debug)]
pub struct Purge<'a> {
    authority: &'a Authority,
    report: PurgeReport,
    /// What the next batch is of; `None` once everything is done.
    next: Option<Kind>,
}

/// What is purged, in this order.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Sessions,
    RotatedOut,
    ForeignTokens,
    LogEntries,
    AuditEvents,
}

impl Purge<'_> {
    /// What it has removed so far.
    pub const fn report(&self) -> &PurgeReport {
        &self.report
    }

    /// Removes one batch. Says whether there may be more to do.
    ///
    /// # Errors
    /// [`AuthorityError::Store`]: the batches before stay removed.
    pub async fn next_batch(&mut self) -> Result<bool, AuthorityError> {
        let Some(kind) = self.next else {
            return Ok(false);
        };
        let Purged { removed, more } = self.remove(kind).await?;
        let total = match kind {
            Kind::Sessions => &mut self.report.sessions,
            Kind::RotatedOut => &mut self.report.rotated_out,
            Kind::ForeignTokens => &mut self.report.foreign_tokens,
            Kind::LogEntries => &mut self.report.log_entries,
            Kind::AuditEvents => &mut self.report.audit_events,
        };
        *total = total.saturating_add(removed);
        if !more {
            self.next = kind.next();
        }
        if self.next.is_none() {
            self.authority.feed.forget_expired(self.report.horizon);
        }
        Ok(self.next.is_some())
    }

    async fn remove(&self, kind: Kind) -> Result<Purged, StoreError> {
        let store = &self.authority.store;
        let horizon = self.report.horizon;
        match kind {
            Kind::Sessions => store.purge_sessions(horizon, BATCH).await,
            Kind::RotatedOut => store.purge_rotated_out(horizon, BATCH).await,
            Kind::ForeignTokens => store.purge_foreign_tokens(horizon, BATCH).await,
            Kind::LogEntries => store.purge_log(horizon, BATCH).await,
            Kind::AuditEvents => match self.authority.audit_horizon(horizon) {
                Some(horizon) => store.purge_audit(horizon, BATCH).await,
                None => Ok(Purged::default()),
            },
        }
    }
}

impl Kind {
    const fn next(self) -> Option<Self> {
        match self {
            Self::Sessions => Some(Self::RotatedOut),
            Self::RotatedOut => Some(Self::ForeignTokens),
            Self::ForeignTokens => Some(Self::LogEntries),
            Self::LogEntries => Some(Self::AuditEvents),
            Self::AuditEvents => None,
        }
    }
}

impl Authority {
    /// Begins to remove what no valid token can need any more: sessions and foreign tokens whose last token expired
    /// longer ago than any leeway, records of tokens that were rotated out once those have, and log entries that can
    /// no longer match; besides, audit events that are older than they are kept.
    ///
    /// # Errors
    /// [`AuthorityError::Store`]: nothing was begun.
    pub async fn begin_purge(&self, horizon: PurgeHorizon) -> Result<Purge<'_>, AuthorityError> {
        let wanted = self.wanted_horizon();
        let horizon = self
            .store
            .move_purge_horizon(wanted, horizon.at_most_seconds())
            .await?;
        let report = PurgeReport {
            horizon,
            wanted,
            held_back: is_held_back(horizon, wanted),
            sessions: 0,
            rotated_out: 0,
            foreign_tokens: 0,
            log_entries: 0,
            audit_events: 0,
        };
        Ok(Purge {
            authority: self,
            report,
            next: Some(Kind::Sessions),
        })
    }

    /// [Purges](Self::begin_purge) without a pause, for whoever has the store alone.
    ///
    /// # Errors
    /// [`AuthorityError::Store`]: the batches before stay removed.
    pub async fn purge_expired(
        &self,
        horizon: PurgeHorizon,
    ) -> Result<PurgeReport, AuthorityError> {
        let mut purge = self.begin_purge(horizon).await?;
        while purge.next_batch().await? {}
        Ok(purge.report)
    }

    /// Says what a purge would remove now, and removes nothing.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be counted.
    pub async fn preview_purge(
        &self,
        horizon: PurgeHorizon,
    ) -> Result<PurgeReport, AuthorityError> {
        let wanted = self.wanted_horizon();
        let preview = self
            .store
            .preview_purge(wanted, horizon.at_most_seconds())
            .await?;
        let audit_events = match self.audit_horizon(preview.horizon) {
            Some(horizon) => self.store.count_audit_before(horizon).await?,
            None => 0,
        };
        Ok(PurgeReport {
            horizon: preview.horizon,
            wanted,
            held_back: is_held_back(preview.horizon, wanted),
            sessions: preview.sessions,
            rotated_out: preview.rotated_out,
            foreign_tokens: preview.foreign_tokens,
            log_entries: preview.log_entries,
            audit_events,
        })
    }

    /// From before when audit events go; `None` where they are kept for ever.
    fn audit_horizon(&self, horizon: Timestamp) -> Option<UnixMillis> {
        let keep = whole_seconds(self.policy.audit_keep?);
        Some(UnixMillis::from(later(horizon, keep.saturating_neg())))
    }

    /// A row that a later, larger leeway could still ask for must be there.
    fn wanted_horizon(&self) -> Timestamp {
        let now = self.clock.now().timestamp();
        later(now, whole_seconds(TokenPolicy::MAX_LEEWAY).saturating_neg())
    }
}

impl PurgeHorizon {
    const fn at_most_seconds(self) -> Option<i64> {
        match self {
            Self::Cautious => Some(ONE_DAY_SECONDS),
            Self::Unbounded => None,
        }
    }
}

impl PurgeReport {
    /// All rows together.
    pub const fn total(&self) -> u64 {
        self.sessions
            .saturating_add(self.rotated_out)
            .saturating_add(self.foreign_tokens)
            .saturating_add(self.log_entries)
            .saturating_add(self.audit_events)
    }
}

fn is_held_back(horizon: Timestamp, wanted: Timestamp) -> bool {
    later(horizon, 2 * ONE_DAY_SECONDS) < wanted
}

const ONE_DAY_SECONDS: i64 = 86_400;

/// Rows removed in one transaction: a millisecond or two in which nobody else can write.
const BATCH: u32 = 200;
