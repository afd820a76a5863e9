//! Sessions in memory.

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::{Batch, MemoryStore, Tables};
use crate::account::AccountId;
use crate::audit::AuditEvent;
use crate::rotation::{RotatedOut, RotationStep, later, may_rotate, rotated};
use crate::session::{
    EndCause, FirstToken, Lineage, SessionId, SessionNumber, SessionRecord, SessionState,
};
use crate::store::{
    AccountGuard, Blacklisting, Enabling, Ending, Fork, Forked, LogScope, NewSession, Opening,
    Purged, Rotation, Sessions, StoreError,
};

#[async_trait]
impl Sessions for MemoryStore {
    async fn open_session(
        &self,
        session: &NewSession,
        event: Option<&AuditEvent>,
    ) -> Result<Opening, StoreError> {
        let mut tables = self.tables();
        if !tables.guard_holds(session) {
            return Ok(Opening::AccountChanged);
        }
        let record = tables.open(session)?;
        tables.record_in(record.sid, event);
        Ok(Opening::Opened(record))
    }

    async fn fork_session(
        &self,
        fork: &Fork,
        event: Option<&AuditEvent>,
    ) -> Result<Forked, StoreError> {
        let mut tables = self.tables();
        let Some(lineage) = tables.lineage(fork.from) else {
            return Ok(Forked::Refused(None));
        };
        if !lineage.may_fork() {
            return Ok(Forked::Refused(Some(lineage)));
        }
        let record = fork.opened_from(&lineage.session, tables.draw_number()?);
        tables.keep_at_least(record.root, record.keep_until);
        tables.sessions.insert(record.number, record.clone());
        tables.record_in(record.sid, event);
        Ok(Forked::Opened(record))
    }

    async fn find_session(&self, number: SessionNumber) -> Result<Option<Lineage>, StoreError> {
        Ok(self.tables().lineage(number))
    }

    async fn rotate(
        &self,
        step: &RotationStep,
        event: Option<&AuditEvent>,
    ) -> Result<Rotation, StoreError> {
        let mut tables = self.tables();
        let Some(lineage) = tables.lineage(step.token.session) else {
            return Ok(Rotation::Lost(None));
        };
        if !may_rotate(&lineage, step) {
            return Ok(Rotation::Lost(Some(lineage)));
        }
        if step.rotated_out == RotatedOut::Recorded {
            tables.record_rotated_out(&lineage.session, step);
        }
        let next = rotated(&lineage.session, step);
        tables.keep_at_least(next.root, next.keep_until);
        tables.sessions.insert(next.number, next.clone());
        tables.record_in(next.sid, event);
        Ok(Rotation::Won(next))
    }

    async fn blacklist_session_token(
        &self,
        number: SessionNumber,
        token_id: &str,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Blacklisting, StoreError> {
        let mut tables = self.tables();
        let Some(Lineage { mut session, root }) = tables.lineage(number) else {
            return Ok(Blacklisting::Unknown);
        };
        if session.blacklisted_at.is_some() || session.state.is_ended() || root.is_ended() {
            return Ok(Blacklisting::Already);
        }
        session.blacklisted_at = Some(now);
        tables.append(
            LogScope::Token(token_id.to_owned()),
            None,
            now,
            session.keep_until,
        );
        tables.record_in(session.sid, event);
        tables.sessions.insert(number, session);
        Ok(Blacklisting::Done)
    }

    async fn enable_session(
        &self,
        number: SessionNumber,
        event: Option<&AuditEvent>,
    ) -> Result<Enabling, StoreError> {
        let mut tables = self.tables();
        let root = tables.lineage(number).map(|lineage| lineage.session.root);
        let Some(root) = root.and_then(|root| tables.sessions.get_mut(&root)) else {
            return Ok(Enabling::Unknown);
        };
        match root.state {
            SessionState::Live => return Ok(Enabling::Already),
            SessionState::Ended { cause, .. } => return Ok(Enabling::Ended(cause)),
            SessionState::Disabled => root.state = SessionState::Live,
        }
        let sid = root.sid;
        tables.record_in(sid, event);
        Ok(Enabling::Enabled)
    }

    async fn end_session(
        &self,
        number: SessionNumber,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<Ending, StoreError> {
        let mut tables = self.tables();
        let Some(Lineage { session, root }) = tables.lineage(number) else {
            return Ok(Ending::Unknown);
        };
        if let SessionState::Ended { cause, .. } = root {
            return Ok(Ending::Already(cause));
        }
        tables.end_root(session.root, cause, now);
        tables.record_in(session.sid, event);
        Ok(Ending::Ended)
    }

    async fn end_sessions_of(
        &self,
        account: AccountId,
        except: Option<SessionNumber>,
        cause: EndCause,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let ended = tables.end_account(account, except, cause, now);
        tables.record(event);
        Ok(ended)
    }

    async fn live_sessions_of(&self, account: AccountId) -> Result<Vec<SessionRecord>, StoreError> {
        let tables = self.tables();
        Ok(tables.live_roots(account).rev().cloned().collect())
    }

    async fn sessions_of(
        &self,
        account: AccountId,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let tables = self.tables();
        let newest_first = tables.sessions.values().rev();
        Ok(newest_first
            .filter(|session| session.account == Some(account) && session.is_root())
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }

    async fn find_session_by_sid(
        &self,
        sid: SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let tables = self.tables();
        let mut roots = tables.sessions.values().filter(|session| session.is_root());
        Ok(roots.find(|root| root.sid == sid).cloned())
    }

    async fn move_purge_horizon(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<Timestamp, StoreError> {
        let mut tables = self.tables();
        let horizon = tables.purge_horizon(wanted, at_most_seconds);
        tables.purge_wanted = Some(wanted);
        tables.purged_until = tables.purged_until.max(Some(horizon));
        Ok(horizon)
    }

    async fn purge_sessions(&self, horizon: Timestamp, limit: u32) -> Result<Purged, StoreError> {
        let mut batch = Batch::of(limit);
        let mut tables = self.tables();
        tables
            .sessions
            .retain(|_, session| batch.keeps(session.keep_until < horizon));
        tables.drop_orphaned_devices();
        Ok(batch.purged())
    }
}

impl Tables {
    /// Whether the account is still what the password was checked against.
    pub(super) fn guard_holds(&self, session: &NewSession) -> bool {
        match session.guard {
            AccountGuard::Elsewhere { .. } => session.account.is_some(),
            AccountGuard::Nobody => session.account.is_none(),
            AccountGuard::Stored {
                credential_version,
                must_be_active,
            } => {
                let account = session.account.and_then(|id| self.accounts.get(&id));
                account.is_some_and(|account| {
                    account.credential_version == credential_version
                        && (account.is_active() || !must_be_active)
                })
            }
        }
    }

    /// Writes a session whose guard holds, and ends the oldest above the limit.
    pub(super) fn open(&mut self, session: &NewSession) -> Result<SessionRecord, StoreError> {
        let mut roots = self.sessions.values().filter(|session| session.is_root());
        if roots.any(|root| root.sid == session.sid) {
            return Err(StoreError::unavailable("another session has this name"));
        }
        let number = self.draw_number()?;
        if let (Some(account), Some(limit)) = (session.account, session.limit) {
            self.make_room(account, limit, session.created_at);
        }
        if let Some(device) = &session.device {
            self.devices.insert(number, device.clone());
        }
        let record = session.clone().into_record(number);
        self.sessions.insert(number, record.clone());
        Ok(record)
    }

    /// Up to where a purge may go.
    pub(super) fn purge_horizon(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Timestamp {
        let oldest = self.sessions.values().next();
        let last = self
            .purged_until
            .or(oldest.map(|session| session.created_at.timestamp()))
            .unwrap_or(wanted);
        let wanted_last = self.purge_wanted.unwrap_or(last);
        at_most_seconds.map_or(wanted, |seconds| {
            wanted.min(wanted_last).min(later(last, seconds))
        })
    }

    /// Ends every live root of an account but `except`, under one entry of the log.
    pub(super) fn end_account(
        &mut self,
        account: AccountId,
        except: Option<SessionNumber>,
        cause: EndCause,
        now: UnixMillis,
    ) -> u64 {
        let live: Vec<_> = self.live_roots(account).map(|root| root.number).collect();
        let except = except.filter(|root| live.contains(root));
        let mut ended = 0;
        for number in live.into_iter().filter(|&number| Some(number) != except) {
            if let Some(root) = self.sessions.get_mut(&number) {
                root.state = SessionState::Ended { at: now, cause };
                ended += 1;
            }
        }
        if let Some(account) = self.accounts.get_mut(&account) {
            account.revoked_before = account.revoked_before.max(Some(now.timestamp()));
        }
        let upto = self.highest_number;
        let scope = LogScope::AccountUpto {
            account,
            upto,
            except,
        };
        self.append(scope, Some(cause), now, self.kept_until(account, now));
        ended
    }

    /// Until when any token of an account can matter. Ended sessions count, too: the newest entry of an
    /// account stands for all its older ones.
    pub(super) fn kept_until(&self, account: AccountId, now: UnixMillis) -> Timestamp {
        self.sessions
            .values()
            .filter(|session| session.account == Some(account))
            .map(|session| session.keep_until)
            .fold(now.timestamp(), Timestamp::max)
    }

    pub(super) fn lineage(&self, number: SessionNumber) -> Option<Lineage> {
        let session = self.sessions.get(&number)?.clone();
        let root = self.sessions.get(&session.root)?.state;
        Some(Lineage { session, root })
    }

    /// Oldest first.
    fn live_roots(&self, account: AccountId) -> impl DoubleEndedIterator<Item = &SessionRecord> {
        self.sessions.values().filter(move |session| {
            session.account == Some(account) && session.is_root() && !session.state.is_ended()
        })
    }

    fn make_room(&mut self, account: AccountId, limit: u32, now: UnixMillis) {
        let live: Vec<_> = self
            .live_roots(account)
            .filter(|root| {
                root.keep_until > now.timestamp() && root.first_token != FirstToken::Single
            })
            .map(|root| root.number)
            .collect();
        let places = usize::try_from(limit.saturating_sub(1)).unwrap_or(usize::MAX);
        for &oldest in live.iter().take(live.len().saturating_sub(places)) {
            self.end_root(oldest, EndCause::SessionLimit, now);
        }
    }

    pub(super) fn end_root(&mut self, number: SessionNumber, cause: EndCause, now: UnixMillis) {
        if let Some(root) = self.sessions.get_mut(&number) {
            root.state = SessionState::Ended { at: now, cause };
            let (scope, keep_until) = (
                LogScope::Session {
                    number,
                    sid: root.sid,
                },
                root.keep_until,
            );
            self.append(scope, Some(cause), now, keep_until);
        }
    }

    /// A root's row outlives every token of its forks.
    fn keep_at_least(&mut self, root: SessionNumber, keep_until: Timestamp) {
        if let Some(root) = self.sessions.get_mut(&root) {
            root.keep_until = root.keep_until.max(keep_until);
        }
    }

    fn draw_number(&mut self) -> Result<SessionNumber, StoreError> {
        let number = SessionNumber::new(self.highest_number + 1)
            .ok_or_else(|| StoreError::Corrupt("every session number has been drawn".to_owned()))?;
        self.highest_number = number.get();
        Ok(number)
    }
}
