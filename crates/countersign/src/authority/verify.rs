//! Verifying for others: is this token good, whatever its kind?

use countersign_token::{Authenticated, UnixMillis};

use super::ledger::{buys_new_ones, is_renewable};
use super::{Authority, AuthorityError, TokenRefusal};
use crate::rotation::Refusal;
use crate::sealed_id::{Opened, TokenAddress};

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
    /// refused. What an operator revoked is refused in any case, unless it is a refresh or sliding token that only
    /// SimpleJWT's list knows of.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if the ledger could not be asked.
    ///
    /// # Source
    /// SimpleJWT `TokenVerifyView`, `UntypedToken`.
    pub async fn verify_token(&self, token: &str) -> Result<Verification, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(Verification::Refused(error.into())),
        };
        let opened = self.open_id(&genuine).await?;
        let judged = if self.policy.verify_asks_ledger() {
            self.ask_ledger(&genuine, opened, now).await?.map(drop)
        } else {
            self.ask_index(&genuine, opened, now).await?
        };
        Ok(match judged {
            Ok(()) => Verification::Valid,
            Err(TokenRefusal::Ledger(refusal)) if is_renewable(&genuine) => {
                Verification::Spent(refusal)
            }
            Err(refusal) => Verification::Refused(refusal),
        })
    }

    async fn ask_index(
        &self,
        genuine: &Authenticated,
        opened: Opened,
        now: UnixMillis,
    ) -> Result<Result<(), TokenRefusal>, AuthorityError> {
        let address = match opened {
            Opened::Ours { address, .. } if !self.says_its_kind(genuine, address.kind()) => {
                return Ok(Err(Refusal::Unknown.into()));
            }
            Opened::Ours { address, .. } => Some(address),
            Opened::Foreign => {
                if let Err(refusal) = self.check_foreign_issue_time(genuine, now) {
                    return Ok(Err(refusal));
                }
                None
            }
        };
        let is_revoked = if buys_new_ones(genuine, opened) {
            self.is_revoked_wholesale(genuine, address.map(TokenAddress::session))
        } else {
            let owner = self.indexed_owner(genuine, address).await?;
            self.revoked_by(genuine, address, owner).is_some()
        };
        let is_revoked = is_revoked
            || (opened == Opened::Foreign && self.is_foreign_revoked_by_time(genuine).await?);
        Ok(if is_revoked {
            Err(Refusal::Blacklisted.into())
        } else {
            Ok(())
        })
    }
}
