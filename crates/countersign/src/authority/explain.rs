//! Explaining a token to an operator: what it says, whether it is good, and what became of its session.

use countersign_token::{ClaimsSet, UnixMillis};

use super::{Authority, AuthorityError, TokenRefusal, Verification};
use crate::sealed_id::{Opened, SealedKind};
use crate::session::{Generation, Lineage};

/// Everything that can be said about a token. It holds no token text and no signature.
#[derive(Debug)]
pub struct Explanation {
    /// The claims of a genuine token; `None` if it does not verify, for then they prove nothing.
    pub claims: Option<ClaimsSet>,
    /// Why it does not verify, or why the ledger refuses it.
    pub refusal: Option<TokenRefusal>,
    /// What its id opens to.
    pub id: Option<OpenedId>,
    /// Its session and root as they are now.
    pub session: Option<Lineage>,
    /// The moment that all of this was judged at.
    pub now: UnixMillis,
}

/// What a token's id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedId {
    /// We sealed it.
    Ours {
        /// The kind of token it was made for.
        kind: SealedKind,
        /// The generation, where its kind has one.
        generation: Option<Generation>,
    },
    /// It opens under no key of ours.
    Foreign,
}

impl Authority {
    /// Explains a token.
    ///
    /// # Errors
    /// [`AuthorityError`] if the ledger could not be asked.
    pub async fn explain(&self, token: &str) -> Result<Explanation, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => {
                return Ok(Explanation {
                    claims: None,
                    refusal: Some(error.into()),
                    id: None,
                    session: None,
                    now,
                });
            }
        };
        let opened = self.open_id(&genuine).await?;
        let session = match opened {
            Opened::Ours { address, .. } => self.store.find_session(address.session()).await?,
            Opened::Foreign => None,
        };
        let refusal = match self.verify_token(token).await? {
            Verification::Valid => None,
            Verification::Refused(refusal) => Some(refusal),
            Verification::Spent(refusal) => Some(refusal.into()),
        };
        Ok(Explanation {
            claims: Some(genuine.claims()?),
            refusal,
            id: Some(describe(opened)),
            session,
            now,
        })
    }
}

fn describe(opened: Opened) -> OpenedId {
    use crate::sealed_id::TokenAddress;
    match opened {
        Opened::Foreign => OpenedId::Foreign,
        Opened::Ours { address, .. } => OpenedId::Ours {
            kind: address.kind(),
            generation: match address {
                TokenAddress::Refresh(at) | TokenAddress::Sliding(at) => Some(at.generation),
                TokenAddress::Access(_) | TokenAddress::Websocket(_) | TokenAddress::Custom(_) => {
                    None
                }
            },
        },
    }
}
