//! `GET /api/tokens/outstanding/` and `GET /api/tokens/blacklisted/`: SimpleJWT's lists, for staff to read.
//!
//! `?user=` takes an account's id or a user name, `?jti=` a token's id; `?limit=` is the length of a page, and
//! `?after=` the `next` of the page before. Anything else in a query is refused: a misspelled `user` would list
//! everybody's tokens. What is empty is not there.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use countersign::authority::{AuthorityError, ListedToken, TokenListing, TokenPage, TokenQuery};
use countersign_token::UnixMillis;
use serde::Serialize;

use crate::api::Api;
use crate::exchange::{Answers, View, Viewed};
use crate::headers;
use crate::percent;
use crate::problem::Problem;
use crate::staff::Staff;

/// Either endpoint.
pub(crate) struct TokenLists;

impl Viewed for TokenLists {
    const VIEW: &'static View = &View {
        name: "Token List",
        description: "Lists tokens for staff.",
        method: Answers::ToGet,
        fields: &[],
    };
}

/// Lists every token on record.
pub(crate) async fn outstanding(
    State(api): State<Arc<Api>>,
    _staff: Staff<TokenLists>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::parse(query.as_deref())?;
    page(api.authority.outstanding_tokens(&asked.query()?).await)
}

/// Lists those that are blacklisted.
pub(crate) async fn blacklisted(
    State(api): State<Arc<Api>>,
    _staff: Staff<TokenLists>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let asked = Asked::parse(query.as_deref())?;
    page(api.authority.blacklisted_tokens(&asked.query()?).await)
}

/// What stands in the query.
#[derive(Default)]
struct Asked {
    user: Option<String>,
    jti: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl Asked {
    fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for pair in query.unwrap_or_default().split('&') {
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let parameter = match percent::decode_form(name).as_ref() {
                b"user" => &mut asked.user,
                b"jti" => &mut asked.jti,
                b"after" => &mut asked.after,
                b"limit" => &mut asked.limit,
                _ => return Err(unusable(name, "user, jti, limit and after are known")),
            };
            if value.is_empty() {
                continue;
            }
            let value = String::from_utf8_lossy(&percent::decode_form(value)).into_owned();
            if parameter.replace(value).is_some() {
                return Err(unusable(name, "it is given twice"));
            }
        }
        Ok(asked)
    }

    fn query(&self) -> Result<TokenQuery<'_>, Problem> {
        let limit = match &self.limit {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=TokenQuery::MAX_LIMIT).contains(limit))
                .ok_or_else(|| unusable("limit", "a number from 1 to 500 is needed"))?,
        };
        Ok(TokenQuery {
            user: self.user.as_deref(),
            token_id: self.jti.as_deref(),
            after: self.after.as_deref(),
            limit,
        })
    }
}

fn unusable(name: &str, detail: &'static str) -> Problem {
    Problem::Parameter {
        name: name.to_owned(),
        detail,
    }
}

/// A page as clients read it.
#[derive(Serialize)]
struct Page<'a> {
    results: Vec<Listed<'a>>,
    next: Option<&'a str>,
}

/// A token as clients read it. Moments are RFC 3339, UTC.
#[derive(Serialize)]
struct Listed<'a> {
    jti: &'a str,
    user_id: Option<i64>,
    user: Option<&'a str>,
    created_at: Option<jiff::Timestamp>,
    expires_at: Option<jiff::Timestamp>,
    blacklisted_at: Option<jiff::Timestamp>,
    label: String,
}

fn page(listing: Result<TokenListing, AuthorityError>) -> Result<Response, Problem> {
    let page = match listing {
        Ok(TokenListing::Page(page)) => page,
        Ok(TokenListing::UnknownPlace) => {
            let detail = "it is not the `next` of a page, or no longer: begin without one";
            return Err(unusable("after", detail));
        }
        Err(error) => return Err(Problem::from(error)),
    };
    let TokenPage { tokens, next } = &page;
    let page = Page {
        results: tokens.iter().map(listed).collect(),
        next: next.as_deref(),
    };
    let body = serde_json::to_string(&page).map_err(|_| Problem::Broken)?;
    Ok(([(header::CONTENT_TYPE, headers::JSON)], body).into_response())
}

fn listed(token: &ListedToken) -> Listed<'_> {
    Listed {
        jti: &token.token_id,
        user_id: token.user.as_ref().map(|user| user.id.get()),
        user: token.user.as_ref().map(|user| user.username.as_str()),
        created_at: moment(token.created_at),
        expires_at: moment(token.expires_at.into()),
        blacklisted_at: token.blacklisted_at.and_then(moment),
        label: token.label(),
    }
}

/// `None` for what no calendar knows.
fn moment(at: UnixMillis) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(at.millis()).ok()
}

const DEFAULT_LIMIT: u32 = 50;
