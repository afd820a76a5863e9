//! Blacklisting: a client gives its refresh token back, which is how it signs out.

use countersign_token::{Authenticated, Refresh as RefreshKind, UnixMillis};

use super::foreign::sealing_keys_changed;
use super::{Authority, AuthorityError, Client, TokenRefusal};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::rotation::{Refusal, ReuseDetection, RotationMode};
use crate::sealed_id::{Opened, TokenAddress};
use crate::session::{
    EndCause, Generation, Lineage, Salt, SessionNumber, SessionRecord, SessionState,
};
use crate::store::{Blacklisting, Ending, ForeignBlacklisting};

/// How blacklisting went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blacklisted {
    /// The token is dead, durably.
    Done,
    /// The token is refused.
    Refused(TokenRefusal),
    /// There is no blacklist in these settings.
    NotOffered,
}

/// Which refresh token of a session is given back.
struct Returned<'a> {
    session: SessionNumber,
    generation: Generation,
    /// `None` for a foreign token, which has none.
    salt: Option<Salt>,
    token_id: &'a str,
}

impl Authority {
    /// Blacklists a refresh token. Possession suffices; the account is not looked at.
    ///
    /// Any generation ends its session, for whoever lost an answer holds only the old one. Where reuse detection
    /// is off a spent token is refused and ends nothing, as with SimpleJWT. Where rotated tokens stay good only
    /// the one that was given back dies.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing is blacklisted, or it is in the store and this process
    /// could not read it back; asking again is safe.
    ///
    /// # Source
    /// SimpleJWT `TokenBlacklistView`; RFC 7009 in spirit.
    pub async fn blacklist(
        &self,
        token: &str,
        client: &Client<'_>,
    ) -> Result<Blacklisted, AuthorityError> {
        if !self.policy.blacklist.is_enabled() {
            return Ok(Blacklisted::NotOffered);
        }
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Blacklisted::Refused(error.into())),
        };
        let opened = self.open_id(&genuine).await?;
        let Opened::Ours { address, .. } = opened else {
            return self.blacklist_foreign(&genuine, client, now).await;
        };
        if let Err(refusal) = self
            .expect_kind::<RefreshKind>(&genuine, opened, now)
            .await?
        {
            return Ok(Blacklisted::Refused(refusal));
        }
        // The list goes by id alone: a refresh token with the id of a sliding one ends that one's session.
        let (TokenAddress::Refresh(address) | TokenAddress::Sliding(address)) = address else {
            return Ok(Blacklisted::Refused(Refusal::Unknown.into()));
        };
        let returned = Returned {
            session: address.session,
            generation: address.generation,
            salt: Some(address.salt),
            token_id: genuine.token_id(),
        };
        self.blacklist_own(&returned, client, now).await
    }

    async fn blacklist_own(
        &self,
        returned: &Returned<'_>,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Blacklisted, AuthorityError> {
        let lineage = self.store.find_session(returned.session).await?;
        let lineage = match self.may_be_blacklisted(lineage, returned) {
            Ok(lineage) => lineage,
            Err(refusal) => return Ok(Blacklisted::Refused(refusal.into())),
        };
        let session = &lineage.session;
        let event = AuditEvent::new(now, AuditKind::TokenBlacklisted, Actor::Client)
            .about(session.account)
            .in_session(session.sid)
            .from_ip(client.ip);
        let cause = EndCause::Logout;
        let refusal = self
            .take_out_of_use(session, returned.token_id, cause, &event, now)
            .await?;
        self.feed.catch_up().await?;
        Ok(refusal.map_or(Blacklisted::Done, |refusal| {
            Blacklisted::Refused(refusal.into())
        }))
    }

    /// Takes a row's refresh token out of use: where rotated tokens stay good it dies alone, else its session ends.
    /// Gives why that was not needed any more.
    pub(super) async fn take_out_of_use(
        &self,
        session: &SessionRecord,
        token_id: &str,
        cause: EndCause,
        event: &AuditEvent,
        now: UnixMillis,
    ) -> Result<Option<Refusal>, AuthorityError> {
        if self.policy.rotation.mode == RotationMode::Fork || !session.is_root() {
            let number = session.number;
            let blacklisting = self
                .store
                .blacklist_session_token(number, token_id, now, Some(event))
                .await?;
            return Ok(match blacklisting {
                Blacklisting::Done => None,
                Blacklisting::Already => Some(Refusal::Blacklisted),
                Blacklisting::Unknown => Some(Refusal::Unknown),
            });
        }
        let event = event.clone().because(cause);
        let ending = self
            .store
            .end_session(session.number, cause, now, Some(&event))
            .await?;
        Ok(match ending {
            Ending::Ended => None,
            Ending::Already(cause) => Some(Refusal::Ended(cause)),
            Ending::Unknown => Some(Refusal::Unknown),
        })
    }

    fn may_be_blacklisted(
        &self,
        lineage: Option<Lineage>,
        returned: &Returned<'_>,
    ) -> Result<Lineage, Refusal> {
        let lineage = lineage
            .filter(|lineage| {
                returned
                    .salt
                    .is_none_or(|salt| salt == lineage.session.sid.salt())
            })
            .ok_or(Refusal::Unknown)?;
        if returned.generation > lineage.session.generation {
            return Err(Refusal::StoreRolledBack);
        }
        let spent = returned.generation < lineage.session.generation;
        if spent && self.policy.rotation.reuse_detection == ReuseDetection::Off {
            return Err(Refusal::Spent);
        }
        refuse_out_of_use(&lineage)?;
        Ok(lineage)
    }

    async fn blacklist_foreign(
        &self,
        genuine: &Authenticated,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Blacklisted, AuthorityError> {
        let known = match self.admit_foreign(genuine, now).await? {
            Ok(known) => known,
            Err(refusal) => return Ok(Blacklisted::Refused(refusal)),
        };
        if let Err(error) = genuine.has_kind::<RefreshKind>() {
            return Ok(Blacklisted::Refused(error.into()));
        }
        if genuine.user().is_some() && !self.could_name(genuine) {
            return Ok(Blacklisted::Refused(Refusal::AccountGone.into()));
        }
        if let Some(session) = known.and_then(|known| known.session) {
            return self.blacklist_adopted(session, genuine, client, now).await;
        }
        let mut event =
            AuditEvent::new(now, AuditKind::TokenBlacklisted, Actor::Client).from_ip(client.ip);
        let owner = self.number_named(genuine).await?;
        let record = self.foreign_record(genuine, owner);
        event.subject = record.account;
        let sealing_keys = self.keys.sealing().ids();
        let outcome = self
            .store
            .blacklist_foreign_token(&record, &sealing_keys, now, Some(&event))
            .await?;
        self.feed.catch_up().await?;
        match outcome {
            ForeignBlacklisting::Done => Ok(Blacklisted::Done),
            ForeignBlacklisting::Already => Ok(Blacklisted::Refused(Refusal::Blacklisted.into())),
            ForeignBlacklisting::Adopted(session) => {
                self.blacklist_adopted(session, genuine, client, now).await
            }
            ForeignBlacklisting::SealingKeysChanged => Err(sealing_keys_changed().into()),
        }
    }

    async fn blacklist_adopted(
        &self,
        session: SessionNumber,
        genuine: &Authenticated,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<Blacklisted, AuthorityError> {
        let returned = Returned {
            session,
            generation: Generation::FIRST,
            salt: None,
            token_id: genuine.token_id(),
        };
        self.blacklist_own(&returned, client, now).await
    }
}

/// Refuses a refresh token whose row has ended, by itself or with its root, or which is blacklisted itself.
pub(super) fn refuse_out_of_use(lineage: &Lineage) -> Result<(), Refusal> {
    refuse_ended(lineage)?;
    if lineage.session.blacklisted_at.is_some() {
        return Err(Refusal::Blacklisted);
    }
    Ok(())
}

/// Refuses a row that has ended, by itself or with its root.
pub(super) fn refuse_ended(lineage: &Lineage) -> Result<(), Refusal> {
    for state in [lineage.session.state, lineage.root] {
        if let SessionState::Ended { cause, .. } = state {
            return Err(Refusal::Ended(cause));
        }
    }
    Ok(())
}
