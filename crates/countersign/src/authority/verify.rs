//! Verifying for others: is this token good, whatever its kind?

use countersign_token::{Authenticated, Refresh as RefreshKind, Sliding, UnixMillis};

use super::blacklist::refuse_ended;
use super::{Authority, AuthorityError, TokenRefusal};
use crate::policy::ForeignTokenPolicy;
use crate::rotation::Refusal;
use crate::sealed_id::{GenerationAddress, NonceAddress, Opened, TokenAddress};
use crate::session::Lineage;

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It is good.
    Valid,
    /// It is refused.
    Refused(TokenRefusal),
    /// It is a genuine refresh or sliding token, and the ledger refuses it: what SimpleJWT's blacklist tells.
    Spent(Refusal),
}

impl Authority {
    /// Verifies a token of any kind. No account is looked up.
    ///
    /// Where the settings say so the ledger is asked, too: an ended session, a spent or a blacklisted token is
    /// refused. What an operator revoked is refused in any case, unless it is a refresh token that only SimpleJWT's
    /// list knows of.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if the ledger could not be asked.
    ///
    /// # Source
    /// SimpleJWT `TokenVerifyView`, `UntypedToken`.
    pub async fn verify_token(&self, token: &str) -> Result<Verification, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.verifier.authenticate(token, now) {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Verification::Refused(error.into())),
        };
        let refusal = if self.policy.verify_asks_ledger() {
            self.ask_ledger(&genuine, now).await?
        } else {
            self.ask_index(&genuine, now).await?
        };
        Ok(match refusal {
            None => Verification::Valid,
            Some(TokenRefusal::Ledger(refusal)) if is_renewable(&genuine) => {
                Verification::Spent(refusal)
            }
            Some(refusal) => Verification::Refused(refusal),
        })
    }

    async fn ask_index(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Option<TokenRefusal>, AuthorityError> {
        let opened = self.open_id(genuine).await?;
        if opened == Opened::Foreign
            && let Err(refusal) = self.check_foreign_issue_time(genuine, now)
        {
            return Ok(Some(refusal));
        }
        if genuine.has_kind::<RefreshKind>().is_ok() {
            return Ok(None);
        }
        self.feed.freshen(now).await?;
        let address = match opened {
            Opened::Ours { address, .. } => Some(address),
            Opened::Foreign => None,
        };
        Ok(self
            .revoked_by(genuine, address)
            .map(|_| Refusal::Blacklisted.into()))
    }

    async fn ask_ledger(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Option<TokenRefusal>, AuthorityError> {
        self.feed.freshen(now).await?;
        let verdict = match self.open_id(genuine).await? {
            Opened::Ours { address, .. } => match address {
                TokenAddress::Refresh(at) | TokenAddress::Sliding(at) => {
                    self.judge_generation(genuine, at).await?
                }
                TokenAddress::Access(at) | TokenAddress::Websocket(at) => {
                    self.judge_access(genuine, address, at).await?
                }
            },
            Opened::Foreign => return self.judge_foreign(genuine, now).await,
        };
        Ok(verdict.map(TokenRefusal::from))
    }

    async fn judge_generation(
        &self,
        genuine: &Authenticated,
        at: GenerationAddress,
    ) -> Result<Option<Refusal>, AuthorityError> {
        if genuine.has_kind::<RefreshKind>().is_err() {
            return Ok(Some(Refusal::Unknown));
        }
        if self.is_revoked_wholesale(genuine, at.session) {
            return Ok(Some(Refusal::Blacklisted));
        }
        let lineage = self.store.find_session(at.session).await?;
        Ok(judge_generation(lineage.as_ref(), at).err())
    }

    async fn judge_access(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
        at: NonceAddress,
    ) -> Result<Option<Refusal>, AuthorityError> {
        if genuine.has_kind::<RefreshKind>().is_ok() {
            return Ok(Some(Refusal::Unknown));
        }
        self.judge_session_of_access(genuine, address, at.root)
            .await
    }

    async fn judge_foreign(
        &self,
        genuine: &Authenticated,
        now: UnixMillis,
    ) -> Result<Option<TokenRefusal>, AuthorityError> {
        if genuine.has_kind::<RefreshKind>().is_err()
            && self.policy.foreign != ForeignTokenPolicy::Signed
        {
            return Ok(Some(TokenRefusal::Foreign));
        }
        let known = match self.admit_foreign(genuine, now).await? {
            Ok(known) => known,
            Err(refusal) => return Ok(Some(refusal)),
        };
        let Some(session) = known.and_then(|known| known.session) else {
            return Ok(None);
        };
        if self.is_revoked_wholesale(genuine, session) {
            return Ok(Some(Refusal::Blacklisted.into()));
        }
        let lineage = self.store.find_session(session).await?;
        let first = lineage.as_ref().map(|lineage| GenerationAddress {
            session,
            generation: crate::session::Generation::FIRST,
            salt: lineage.session.sid.salt(),
        });
        Ok(match first {
            None => Some(Refusal::Unknown.into()),
            Some(first) => judge_generation(lineage.as_ref(), first)
                .err()
                .map(TokenRefusal::from),
        })
    }
}

/// Whether a token is of a kind that buys new ones.
fn is_renewable(genuine: &Authenticated) -> bool {
    genuine.has_kind::<RefreshKind>().is_ok() || genuine.has_kind::<Sliding>().is_ok()
}

/// Whether a refresh token is the current one of a session that lives.
fn judge_generation(lineage: Option<&Lineage>, at: GenerationAddress) -> Result<(), Refusal> {
    let lineage = lineage
        .filter(|lineage| lineage.session.sid.salt() == at.salt)
        .ok_or(Refusal::Unknown)?;
    refuse_ended(lineage)?;
    match at.generation.cmp(&lineage.session.generation) {
        std::cmp::Ordering::Less => Err(Refusal::Spent),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Refusal::StoreRolledBack),
    }
}
