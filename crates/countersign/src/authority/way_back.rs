//! Giving back: which tokens are dead here, for a system that accepts whatever it does not list.

use countersign_token::{Timestamp, UnixMillis};

use super::{Authority, AuthorityError};
use crate::account::AccountId;
use crate::policy::TokenPolicy;
use crate::rotation::RotationMode;
use crate::session::{FirstToken, Generation, Lineage, SessionNumber, SessionRecord, SessionState};
use crate::store::{ForeignToken, LogScope, SealedToken};

/// A token that is refused here although its signature and its time are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadToken {
    /// Its `jti`.
    pub token_id: String,
    /// Whose it is, as far as is known.
    pub account: Option<AccountId>,
    /// When its login was made, or it was first seen.
    pub created_at: UnixMillis,
    /// It expires no later.
    pub expires_at: Timestamp,
    /// When it died, as far as is known.
    pub died_at: UnixMillis,
}

impl Authority {
    /// Tells every refresh and sliding token that is dead here and may not have expired: blacklisted, spent by a
    /// rotation, of an ended session, or revoked.
    ///
    /// Of a session, only the current token's `exp` is kept. When a spent one was made no row tells for sure (the
    /// history may have been off, and is purged), nor how long tokens lived then. So all of them are told until the
    /// last `exp` of the session has passed: their number is that of all rotations of every session that is kept.
    ///
    /// # Errors
    /// What `take` returns, or [`AuthorityError`]; what was told so far is right.
    pub async fn tell_dead_tokens<E: From<AuthorityError>>(
        &self,
        take: &mut impl FnMut(&DeadToken) -> Result<(), E>,
    ) -> Result<(), E> {
        let now = self.clock.now();
        let revoked_upto = self.tell_revoked(now, take).await?;
        let everything = Everything { revoked_upto, now };
        self.tell_foreign(everything, take).await?;
        self.tell_own(everything, take).await
    }

    /// Tokens that were revoked one by one. Returns the number up to which every session is revoked.
    async fn tell_revoked<E: From<AuthorityError>>(
        &self,
        now: UnixMillis,
        take: &mut impl FnMut(&DeadToken) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (mut after, mut revoked_upto) = (0, 0);
        loop {
            let page = self.store.log_entries_after(after, PAGE).await;
            let page = page.map_err(AuthorityError::from)?;
            let Some(last) = page.last() else {
                return Ok(revoked_upto);
            };
            after = last.sequence;
            for entry in page {
                match entry.scope {
                    LogScope::EverythingUpto(upto) => revoked_upto = revoked_upto.max(upto),
                    LogScope::Token(token_id) if may_count(entry.forget_at, now) => {
                        take(&DeadToken {
                            token_id,
                            account: None,
                            created_at: entry.at,
                            expires_at: entry.forget_at,
                            died_at: entry.at,
                        })?;
                    }
                    _ => {}
                }
            }
        }
    }

    async fn tell_foreign<E: From<AuthorityError>>(
        &self,
        everything: Everything,
        take: &mut impl FnMut(&DeadToken) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = String::new();
        loop {
            let page = self.store.list_foreign_tokens(&after, PAGE).await;
            let page = page.map_err(AuthorityError::from)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after.clone_from(&last.token_id);
            for token in page {
                if may_count(token.expires_at, everything.now)
                    && let Some(died_at) = self.foreign_death(&token, everything).await?
                {
                    take(&DeadToken {
                        token_id: token.token_id,
                        account: token.account,
                        created_at: token.created_at,
                        expires_at: token.expires_at,
                        died_at,
                    })?;
                }
            }
        }
    }

    /// When a foreign token died, if it did: blacklisted, or spent by the session that it opened.
    async fn foreign_death(
        &self,
        token: &ForeignToken,
        everything: Everything,
    ) -> Result<Option<UnixMillis>, AuthorityError> {
        let Some(session) = token.session else {
            return Ok(token.blacklisted_at);
        };
        let Some(lineage) = self.store.find_session(session).await? else {
            return Ok(Some(everything.now));
        };
        Ok(self.death(&lineage, Generation::FIRST, everything))
    }

    async fn tell_own<E: From<AuthorityError>>(
        &self,
        everything: Everything,
        take: &mut impl FnMut(&DeadToken) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = 0;
        loop {
            let page = self.store.list_sessions(after, PAGE).await;
            let page = page.map_err(AuthorityError::from)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.session.number.get();
            for lineage in page {
                if may_count(lineage.session.keep_until, everything.now) {
                    self.tell_generations(&lineage, everything, take)?;
                }
            }
        }
    }

    fn tell_generations<E: From<AuthorityError>>(
        &self,
        lineage: &Lineage,
        everything: Everything,
        take: &mut impl FnMut(&DeadToken) -> Result<(), E>,
    ) -> Result<(), E> {
        let session = &lineage.session;
        let mut generation = Generation::FIRST;
        while generation <= session.generation {
            if !has_expired(session, generation, everything.now)
                && let Some(died_at) = self.death(lineage, generation, everything)
                && let Some(token) = token_of(session, generation)
            {
                take(&DeadToken {
                    token_id: self
                        .seal(session, token.address())
                        .map_err(AuthorityError::from)?,
                    account: session.account,
                    created_at: session.created_at,
                    expires_at: session.keep_until,
                    died_at,
                })?;
            }
            generation = generation.next();
        }
        Ok(())
    }

    /// When a generation of a session died, if it did.
    fn death(
        &self,
        lineage: &Lineage,
        generation: Generation,
        everything: Everything,
    ) -> Option<UnixMillis> {
        let Lineage { session, root } = lineage;
        for state in [session.state, *root] {
            match state {
                SessionState::Ended { at, .. } => return Some(at),
                SessionState::Disabled => return Some(everything.now),
                SessionState::Live => {}
            }
        }
        let spent =
            generation < session.generation && self.policy.rotation.mode != RotationMode::Fork;
        let revoked = everything.covers(session.number);
        session
            .blacklisted_at
            .or(spent.then_some(session.rotated_at))
            .or(revoked.then_some(everything.now))
    }
}

/// The token of a generation; `None` where that is a foreign one, which is told for itself.
fn token_of(session: &SessionRecord, generation: Generation) -> Option<SealedToken> {
    SealedToken::of(
        session.number,
        session.sid,
        generation,
        session.first_token,
        session.sealing_key,
    )
}

/// Whether a token with that `exp` may count over there, by whatever leeway.
fn may_count(expires_at: Timestamp, now: UnixMillis) -> bool {
    expires_at >= now.minus(TokenPolicy::MAX_LEEWAY).timestamp()
}

/// Whether a generation has expired for sure. A sliding token can have another `exp` than its window.
fn has_expired(session: &SessionRecord, generation: Generation, now: UnixMillis) -> bool {
    let slides = generation == Generation::FIRST && session.first_token == FirstToken::Sliding;
    generation == session.generation && !slides && !may_count(session.refresh_expires_at, now)
}

/// What holds for every token: the moment, and up to which number every session is revoked.
#[derive(Debug, Clone, Copy)]
struct Everything {
    revoked_upto: u64,
    now: UnixMillis,
}

impl Everything {
    const fn covers(self, number: SessionNumber) -> bool {
        number.get() <= self.revoked_upto
    }
}

const PAGE: u32 = 500;
