//! The tokens on record, in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::{Batch, MemoryStore, Tables};
use crate::rotation::RotationStep;
use crate::session::{Generation, SessionNumber, SessionRecord, SessionState};
use crate::store::{
    ForeignToken, LogEntry, LogScope, PurgePreview, Purged, RecordedToken, SealedToken, StoreError,
    TokenFilter, TokenList, TokenName, TokenPlace, TokenRecord, TokenRecords,
};

/// A token that was rotated out.
#[derive(Debug, Clone, Copy)]
pub(super) struct RotatedOutRow {
    /// How many were before it.
    turn: u64,
    created: UnixMillis,
    expires: Timestamp,
    blacklisted: UnixMillis,
}

#[async_trait]
impl TokenRecords for MemoryStore {
    async fn list_tokens(
        &self,
        filter: &TokenFilter,
        after: Option<&TokenPlace>,
        limit: u32,
    ) -> Result<Vec<TokenRecord>, StoreError> {
        let tables = self.tables();
        let is_wanted = |record: &TokenRecord| {
            let account_fits = filter.account.is_none() || record.account == filter.account;
            let list_fits =
                filter.list == TokenList::Outstanding || record.blacklisted_at.is_some();
            let is_behind =
                after.is_none_or(|after| tables.turn(&record.token.place()) > tables.turn(after));
            account_fits && list_fits && is_behind
        };
        let mut listed: Vec<_> = tables.token_records().filter(is_wanted).collect();
        listed.sort_by_key(|record| tables.turn(&record.token.place()));
        listed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(listed)
    }

    async fn find_token(&self, name: &TokenName) -> Result<Option<TokenRecord>, StoreError> {
        let tables = self.tables();
        let mut all = tables.token_records();
        Ok(all.find(|record| record.token.name() == *name))
    }

    async fn preview_purge(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<PurgePreview, StoreError> {
        let tables = self.tables();
        let horizon = tables.purge_horizon(wanted, at_most_seconds);
        let due = |expiries: &mut dyn Iterator<Item = Timestamp>| {
            let due = expiries.filter(|&expires_at| expires_at < horizon);
            u64::try_from(due.count()).unwrap_or(u64::MAX)
        };
        Ok(PurgePreview {
            horizon,
            sessions: due(&mut tables.sessions.values().map(|row| row.keep_until)),
            rotated_out: due(&mut tables.rotated_out.values().map(|row| row.expires)),
            foreign_tokens: due(&mut tables.foreign.values().map(|row| row.expires_at)),
            log_entries: due(&mut tables.forgettable_entries().map(|entry| entry.forget_at)),
        })
    }

    async fn purge_rotated_out(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        let mut batch = Batch::of(limit);
        self.tables()
            .rotated_out
            .retain(|_, token| batch.keeps(token.expires < horizon));
        Ok(batch.purged())
    }
}

impl Tables {
    /// Records the current token of a session that a step rotates out.
    pub(super) fn record_rotated_out(&mut self, session: &SessionRecord, step: &RotationStep) {
        self.tokens_rotated_out += 1;
        let row = RotatedOutRow {
            turn: self.tokens_rotated_out,
            created: session.rotated_at,
            expires: session.refresh_expires_at,
            blacklisted: step.now,
        };
        self.rotated_out
            .insert((session.number, session.generation), row);
    }

    /// What the lists are sorted by. A token that was rotated out and is gone was the last one.
    fn turn(&self, place: &TokenPlace) -> (u8, Reverse<u64>, String) {
        match place {
            TokenPlace::Current(number) => (0, Reverse(number.get()), String::new()),
            TokenPlace::RotatedOut(number, generation) => {
                let row = self.rotated_out.get(&(*number, *generation));
                (1, Reverse(row.map_or(0, |row| row.turn)), String::new())
            }
            TokenPlace::Foreign(id) => (2, Reverse(0), id.clone()),
        }
    }

    /// In no order.
    fn token_records(&self) -> impl Iterator<Item = TokenRecord> {
        let current = self.sessions.values().filter_map(|row| self.current(row));
        let rotated_out = self
            .rotated_out
            .iter()
            .filter_map(|(&at, row)| self.rotated_out(at, row));
        let foreign = self.foreign.values().map(|token| self.foreign(token));
        current.chain(rotated_out).chain(foreign)
    }

    fn current(&self, session: &SessionRecord) -> Option<TokenRecord> {
        self.sessions.get(&session.root)?;
        Some(TokenRecord {
            token: RecordedToken::Current(sealed(session, session.generation)?),
            account: session.account,
            created_at: session.rotated_at,
            expires_at: session.refresh_expires_at,
            blacklisted_at: self.blacklisted_at(session),
        })
    }

    fn rotated_out(
        &self,
        (number, generation): (SessionNumber, Generation),
        row: &RotatedOutRow,
    ) -> Option<TokenRecord> {
        let session = self.sessions.get(&number)?;
        Some(TokenRecord {
            token: RecordedToken::RotatedOut(sealed(session, generation)?),
            account: session.account,
            created_at: row.created,
            expires_at: row.expires,
            blacklisted_at: Some(row.blacklisted),
        })
    }

    fn foreign(&self, token: &ForeignToken) -> TokenRecord {
        let session = token.session.and_then(|number| self.sessions.get(&number));
        TokenRecord {
            token: RecordedToken::Foreign(token.token_id.clone()),
            account: token.account,
            created_at: token.created_at,
            expires_at: token.expires_at,
            blacklisted_at: token
                .blacklisted_at
                .or(session.and_then(|session| self.spent_at(session))),
        }
    }

    /// Since when the token that opened a session is not its current one, or is blacklisted with it. Most are spent
    /// by their first use.
    fn spent_at(&self, session: &SessionRecord) -> Option<UnixMillis> {
        match session.generation.get() {
            0 => self.blacklisted_at(session),
            1 => Some(session.rotated_at),
            _ => Some(session.created_at),
        }
    }

    /// Since when a session's current token is blacklisted.
    fn blacklisted_at(&self, session: &SessionRecord) -> Option<UnixMillis> {
        let root = self.sessions.get(&session.root).map(|root| root.state);
        let ended = |state: SessionState| match state {
            SessionState::Ended { at, .. } => Some(at),
            SessionState::Live | SessionState::Disabled => None,
        };
        let with_everything = self.log.iter().filter_map(|entry| match entry.scope {
            LogScope::EverythingUpto(upto) if session.number.get() <= upto => Some(entry.at),
            _ => None,
        });
        [
            session.blacklisted_at,
            ended(session.state),
            root.and_then(ended),
            with_everything.min(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// All but the newest entry.
    fn forgettable_entries(&self) -> impl Iterator<Item = &LogEntry> {
        self.log.iter().rev().skip(1)
    }
}

fn sealed(session: &SessionRecord, generation: Generation) -> Option<SealedToken> {
    SealedToken::of(
        session.number,
        session.sid,
        generation,
        session.first_token,
        session.sealing_key,
    )
}
