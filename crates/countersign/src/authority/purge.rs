//! Purging what has expired, in bounded batches that never lock anybody out.

use countersign_token::Timestamp;

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
}

/// Takes the report after every batch, for a progress bar.
pub type PurgeProgress<'a> = &'a mut (dyn FnMut(&PurgeReport) + Send);

impl Authority {
    /// Removes what no valid token can need any more: sessions and foreign tokens whose last token expired longer
    /// ago than any leeway, records of tokens that were rotated out once those have, and log entries that can no
    /// longer match.
    ///
    /// # Errors
    /// [`AuthorityError::Store`]: the batches before stay removed.
    pub async fn purge_expired(
        &self,
        horizon: PurgeHorizon,
        progress: PurgeProgress<'_>,
    ) -> Result<PurgeReport, AuthorityError> {
        let mut report = self.begin_purge(horizon).await?;
        while self.purge_batch(&mut report).await? {
            progress(&report);
        }
        progress(&report);
        self.feed.forget_expired(report.horizon);
        Ok(report)
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
        Ok(PurgeReport {
            horizon: preview.horizon,
            held_back: is_held_back(preview.horizon, wanted),
            sessions: preview.sessions,
            rotated_out: preview.rotated_out,
            foreign_tokens: preview.foreign_tokens,
            log_entries: preview.log_entries,
        })
    }

    /// A row that a later, larger leeway could still ask for must be there.
    fn wanted_horizon(&self) -> Timestamp {
        let now = self.clock.now().timestamp();
        later(now, whole_seconds(TokenPolicy::MAX_LEEWAY).saturating_neg())
    }

    async fn begin_purge(&self, horizon: PurgeHorizon) -> Result<PurgeReport, StoreError> {
        let wanted = self.wanted_horizon();
        let horizon = self
            .store
            .move_purge_horizon(wanted, horizon.at_most_seconds())
            .await?;
        Ok(PurgeReport {
            horizon,
            held_back: is_held_back(horizon, wanted),
            sessions: 0,
            rotated_out: 0,
            foreign_tokens: 0,
            log_entries: 0,
        })
    }

    /// One batch of each kind; whether another one may find more.
    async fn purge_batch(&self, report: &mut PurgeReport) -> Result<bool, StoreError> {
        let horizon = report.horizon;
        let Purged {
            removed,
            more: more_sessions,
        } = self.store.purge_sessions(horizon, BATCH).await?;
        report.sessions = report.sessions.saturating_add(removed);
        let Purged {
            removed,
            more: more_rotated_out,
        } = self.store.purge_rotated_out(horizon, BATCH).await?;
        report.rotated_out = report.rotated_out.saturating_add(removed);
        let Purged {
            removed,
            more: more_foreign,
        } = self.store.purge_foreign_tokens(horizon, BATCH).await?;
        report.foreign_tokens = report.foreign_tokens.saturating_add(removed);
        let Purged {
            removed,
            more: more_entries,
        } = self.store.purge_log(horizon, BATCH).await?;
        report.log_entries = report.log_entries.saturating_add(removed);
        Ok(more_sessions || more_rotated_out || more_foreign || more_entries)
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
    }
}

fn is_held_back(horizon: Timestamp, wanted: Timestamp) -> bool {
    later(horizon, 2 * ONE_DAY_SECONDS) < wanted
}

const ONE_DAY_SECONDS: i64 = 86_400;

/// Rows looked at in one transaction.
const BATCH: u32 = 1_000;
