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

/// How much a purge has removed so far; told after every batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeReport {
    /// What expired before this second is removed.
    pub horizon: Timestamp,
    /// Whether caution leaves more than the expired rows of two days to later purges: the clock jumped, or the last
    /// purge was long ago.
    pub held_back: bool,
    /// Sessions that were removed.
    pub sessions: u64,
    /// Foreign tokens that were removed.
    pub foreign_tokens: u64,
    /// Log entries that were removed.
    pub log_entries: u64,
}

/// Takes the report after every batch, for a progress bar.
pub type PurgeProgress<'a> = &'a mut (dyn FnMut(&PurgeReport) + Send);

impl Authority {
    /// Removes what no valid token can need any more: sessions and foreign tokens whose last token expired longer
    /// ago than any leeway, and log entries that can no longer match.
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

    async fn begin_purge(&self, horizon: PurgeHorizon) -> Result<PurgeReport, StoreError> {
        let now = self.clock.now().timestamp();
        // A row that a later, larger leeway could still ask for must be there.
        let wanted = later(now, whole_seconds(TokenPolicy::MAX_LEEWAY).saturating_neg());
        let at_most = match horizon {
            PurgeHorizon::Cautious => Some(ONE_DAY_SECONDS),
            PurgeHorizon::Unbounded => None,
        };
        let horizon = self.store.move_purge_horizon(wanted, at_most).await?;
        Ok(PurgeReport {
            horizon,
            held_back: later(horizon, 2 * ONE_DAY_SECONDS) < wanted,
            sessions: 0,
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
            more: more_foreign,
        } = self.store.purge_foreign_tokens(horizon, BATCH).await?;
        report.foreign_tokens = report.foreign_tokens.saturating_add(removed);
        let Purged {
            removed,
            more: more_entries,
        } = self.store.purge_log(horizon, BATCH).await?;
        report.log_entries = report.log_entries.saturating_add(removed);
        Ok(more_sessions || more_foreign || more_entries)
    }
}

const ONE_DAY_SECONDS: i64 = 86_400;

/// Rows looked at in one transaction.
const BATCH: u32 = 1_000;
