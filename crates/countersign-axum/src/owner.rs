//! The extractor of the endpoints about one's own sessions: whoever owns the account.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use countersign::account::AccountId;
use countersign::authority::{
    AccessRefusal, Identification, Identified, OwnSessions, TokenRefusal,
};
use countersign::rotation::Refusal;

use crate::api::Api;
use crate::bearer::{self, Credentials};
use crate::client::Sender;
use crate::problem::Problem;

/// The owner of an account, by a token of a class that the settings accept.
///
/// As an option it is `None` only for a request without any credentials that are meant for us: a token that is shown
/// must be good.
pub(crate) struct Owner {
    api: Arc<Api>,
    identified: Box<Identified>,
    sender: Sender,
}

impl Owner {
    /// The owner's sessions.
    pub(crate) fn sessions(&self) -> OwnSessions<'_> {
        let client = self.sender.client();
        self.api
            .authority
            .sessions_of_owner(&self.identified, &client)
    }

    /// The account.
    pub(crate) fn account(&self) -> AccountId {
        self.identified.account.id
    }
}

impl OptionalFromRequestParts<Arc<Api>> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        api: &Arc<Api>,
    ) -> Result<Option<Self>, Problem> {
        let identified = identified(api, parts).await?;
        Ok(identified.map(|identified| Self {
            identified,
            sender: Sender::of(parts),
            api: Arc::clone(api),
        }))
    }
}

impl FromRequestParts<Arc<Api>> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let owner = <Self as OptionalFromRequestParts<_>>::from_request_parts(parts, api).await?;
        owner.ok_or(Problem::TokenRequired)
    }
}

/// The holder of the token that a request shows, if it shows anything.
pub(crate) async fn identified(
    api: &Api,
    parts: &Parts,
) -> Result<Option<Box<Identified>>, Problem> {
    let token = match bearer::read(&parts.headers, &api.token_header, api.schemes()) {
        Credentials::Token(token) => token,
        Credentials::Absent => return Ok(None),
        Credentials::Malformed => return Err(Problem::MalformedCredentials),
        Credentials::NotText => return Err(Problem::InvalidCredentials),
    };
    match api.authority.identify(token).await? {
        Identification::Known(identified) => Ok(Some(identified)),
        Identification::Refused(refusal) => Err(refused(&refusal)),
    }
}

/// Whoever holds a token of a session that ended is told why it did.
fn refused(refusal: &AccessRefusal) -> Problem {
    let AccessRefusal::Token(by_class) = refusal else {
        return Problem::InvalidCredentials;
    };
    let mut causes = by_class.iter().filter_map(|of| match of.refusal {
        TokenRefusal::Ledger(Refusal::Ended(cause)) => Some(cause),
        _ => None,
    });
    causes
        .next()
        .map_or(Problem::InvalidCredentials, Problem::SessionEnded)
}
