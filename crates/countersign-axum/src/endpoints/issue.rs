//! `POST /api/token/issue/`: one token of any kind, with any data, for a program with a service credential of scope
//! `issue`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use countersign::account::AccountId;
use countersign::audit::Actor;
use countersign::authority::{GenericKind, GenericRequest, Issue, IssueRefusal, IssuedToken};
use countersign::service::{ServiceName, ServiceScope};
use countersign_token::{ClaimsSet, UnixMillis};
use serde::Serialize;

use crate::api::Api;
use crate::body::members::{MemberFault, Members, Object, Sent};
use crate::client::Sender;
use crate::headers;
use crate::problem::Problem;
use crate::service;

/// A program that may issue tokens. Nothing but its credential in the `Authorization` header carries authority: no
/// token does, whosever it is.
pub(crate) struct Issuing {
    api: Arc<Api>,
    by: ServiceName,
    sender: Sender,
}

impl FromRequestParts<Arc<Api>> for Issuing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let secret = service::shown(&parts.headers)?.ok_or(Problem::NotAuthenticated)?;
        let by = service::authenticate(&api.authority, secret, ServiceScope::Issue).await?;
        Ok(Self {
            by,
            sender: Sender::of(parts),
            api: Arc::clone(api),
        })
    }
}

/// The token to be issued.
pub(crate) struct TokenToIssue {
    kind: GenericKind,
    data: ClaimsSet,
    lifetime: Option<Duration>,
    owner: Owner,
}

/// Whose it is to be.
enum Owner {
    Nobody,
    Number(AccountId),
    Name(String),
}

impl Object for TokenToIssue {
    fn take(members: &mut Members) -> Result<Self, MemberFault> {
        let kind = members.text("kind")?.ok_or(MemberFault::Missing("kind"))?;
        Ok(Self {
            kind: GenericKind::parse(&kind),
            data: members.object("data")?.unwrap_or_default(),
            lifetime: members.number("lifetime")?.map(seconds).transpose()?,
            owner: match (members.text("username")?, members.number("user_id")?) {
                (None, None) => Owner::Nobody,
                (None, Some(id)) => Owner::Number(AccountId::new(id)),
                (Some(name), None) => Owner::Name(name),
                (Some(_), Some(_)) => {
                    return Err(MemberFault::Invalid {
                        name: "user_id",
                        expected: "there is a `username`, too",
                    });
                }
            },
        })
    }
}

/// Not one of these is a life of a token; how long the longest is, the authority says.
fn seconds(count: i64) -> Result<Duration, MemberFault> {
    let positive = u64::try_from(count).ok().filter(|&count| count > 0);
    positive
        .map(Duration::from_secs)
        .ok_or(MemberFault::Invalid {
            name: "lifetime",
            expected: "a whole number of seconds from 1 up is expected",
        })
}

/// Issues the token.
pub(crate) async fn issue(
    Issuing { api, by, sender }: Issuing,
    Sent(token): Sent<TokenToIssue>,
) -> Result<Response, Problem> {
    let authority = &api.authority;
    let account = match token.owner {
        Owner::Nobody => None,
        Owner::Number(id) => Some(id),
        Owner::Name(name) => {
            let refused = Problem::Issue(IssueRefusal::AccountRefused);
            let found = authority.find_account(&name).await?;
            Some(found.ok_or(refused)?.id)
        }
    };
    let request = GenericRequest {
        kind: token.kind,
        data: token.data,
        lifetime: token.lifetime,
        account,
    };
    let issued = authority
        .issue(&request, &Actor::Service(by), &sender.client())
        .await?;
    match issued {
        Issue::Issued(issued) => answer(&request.kind, &issued),
        Issue::Refused(refusal) => Err(Problem::Issue(refusal)),
    }
}

/// The token as the program reads it.
#[derive(Serialize)]
struct Issued<'a> {
    token: &'a str,
    kind: &'a str,
    /// RFC 3339, UTC.
    expires_at: Option<jiff::Timestamp>,
    session: String,
}

fn answer(kind: &GenericKind, issued: &IssuedToken) -> Result<Response, Problem> {
    let expires_at = UnixMillis::from(issued.expires_at).millis();
    let answer = Issued {
        token: issued.token.as_str(),
        kind: kind.name(),
        expires_at: jiff::Timestamp::from_millisecond(expires_at).ok(),
        session: issued.session.to_string(),
    };
    let body = serde_json::to_string(&answer).map_err(|_| Problem::Broken)?;
    Ok(([(header::CONTENT_TYPE, headers::JSON)], body).into_response())
}
