//! The route table, on one screen, and the routers made of it.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::HandlerWithoutStateExt as _;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use countersign::Authority;
use tower::ServiceExt as _;

use crate::allauth_prefix::AllauthPrefix;
use crate::api::Api;
use crate::endpoints::{
    add_slash, allauth, blacklist, health, issue, jwks, me, obtain, obtain_sliding, refresh,
    refresh_sliding, sessions, token_lists, unknown, users, verify,
};
use crate::guard::GuardLayer;
use crate::{percent, problem};

type Endpoint = (&'static str, fn() -> MethodRouter<Arc<Api>>);

/// Tokens for passwords, and tokens for tokens.
const TOKEN: &[Endpoint] = &[
    ("/api/token/", || any(obtain::obtain)),
    ("/api/token/refresh/", || any(refresh::refresh)),
    ("/api/token/verify/", || any(verify::verify)),
    ("/api/token/blacklist/", || any(blacklist::blacklist)),
    ("/api/token/sliding/", || any(obtain_sliding::obtain)),
    ("/api/token/sliding/refresh/", || {
        any(refresh_sliding::refresh)
    }),
];

/// The first two under the addresses that `token-views` clients know.
const ALIASES: &[Endpoint] = &[
    ("/accounts/api/token/", || {
        any(obtain::obtain_by::<obtain::Username>)
    }),
    ("/accounts/api/token/refresh/", || any(refresh::refresh)),
];

/// What an access token opens, and tokens of other classes where the settings accept them.
const RESOURCE: &[Endpoint] = &[("/api/me/", || any(me::me))];

/// What owners see of their sessions, and how they end them.
const SESSIONS: &[Endpoint] = &[
    ("/api/logout/", sessions::logging_out),
    ("/api/logout-all/", sessions::logging_out_everywhere),
    ("/api/sessions/", sessions::collection),
    ("/api/sessions/{id}/", sessions::member),
];

/// What staff see of everybody.
const STAFF: &[Endpoint] = &[
    ("/api/tokens/outstanding/", || {
        get(token_lists::outstanding).fallback(problem::method_not_allowed)
    }),
    ("/api/tokens/blacklisted/", || {
        get(token_lists::blacklisted).fallback(problem::method_not_allowed)
    }),
];

/// Accounts, for staff and for programs with a service credential.
const USERS: &[Endpoint] = &[
    ("/api/users/", users::collection),
    ("/api/users/{id}/", users::member),
    ("/api/users/{id}/set-password/", users::password),
    ("/api/users/{id}/end-sessions/", users::sessions),
];

/// Tokens of any kind, for programs with a service credential.
const ISSUE: &[Endpoint] = &[("/api/token/issue/", || {
    post(issue::issue).fallback(problem::method_not_allowed)
})];

/// What verifiers elsewhere need.
const KEYS: &[Endpoint] = &[("/.well-known/jwks.json", || {
    get(jwks::jwks).fallback(problem::method_not_allowed)
})];

/// What whoever runs the server asks.
const HEALTH: &[Endpoint] = &[
    ("/healthz", || {
        get(health::alive).fallback(problem::method_not_allowed)
    }),
    ("/readyz", || {
        get(health::ready).fallback(problem::method_not_allowed)
    }),
];

/// jwt-allauth's, behind the prefix that the settings give them.
const ALLAUTH: &[Endpoint] = &[
    ("login/", || any(allauth::login::login)),
    ("refresh/", || any(allauth::refresh::refresh)),
    ("logout/", || any(allauth::logout::logout)),
    ("logout-all/", || any(allauth::logout_all::logout_all)),
    ("user/", || {
        any(allauth::user::show).patch(allauth::user::change)
    }),
];

/// Everything that is there in every case, with an answer of our own for paths that are not in the table.
///
/// Percent-encoded letters in a path are decoded once, as Django does, before the table is asked a second time.
pub fn router(authority: Arc<Authority>) -> Router {
    complete(authority, Router::new())
}

/// The same, with jwt-allauth's endpoints behind a prefix.
pub fn router_with_allauth(authority: Arc<Authority>, prefix: &AllauthPrefix) -> Router {
    complete(authority, mount(behind(prefix)))
}

fn complete(authority: Arc<Authority>, further: Router<Arc<Api>>) -> Router {
    let api = Api::new(authority);
    let table = mount(plain(&[
        TOKEN, ALIASES, RESOURCE, SESSIONS, STAFF, USERS, ISSUE, KEYS, HEALTH,
    ]))
    .merge(further)
    .with_state(Arc::clone(&api));
    let complete = table
        .clone()
        .fallback_service(unknown::unknown.into_service());
    let guard = GuardLayer::new(&api);
    let fallback = move |request: Request| {
        let complete = complete.clone();
        async move { dispatch_decoded(complete, request).await }
    };
    table.fallback(fallback).layer(guard)
}

/// The token endpoints alone: obtain, refresh, verify, blacklist, and the two of sliding tokens.
pub fn token_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, TOKEN)
}

/// `/api/me/` alone.
pub fn resource_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, RESOURCE)
}

/// `/api/logout/`, `/api/logout-all/`, `/api/sessions/` and what is below it alone.
pub fn session_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, SESSIONS)
}

/// The lists of tokens alone.
pub fn staff_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, STAFF)
}

/// `/api/users/` and what is below it alone.
pub fn user_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, USERS)
}

/// `/api/token/issue/` alone.
pub fn issue_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, ISSUE)
}

/// The JWK Set alone.
pub fn key_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, KEYS)
}

/// `/healthz` and `/readyz` alone.
pub fn health_endpoints(authority: Arc<Authority>) -> Router {
    part(authority, HEALTH)
}

/// jwt-allauth's endpoints alone, behind a prefix.
pub fn allauth_endpoints(authority: Arc<Authority>, prefix: &AllauthPrefix) -> Router {
    let api = Api::new(authority);
    mount(behind(prefix))
        .with_state(Arc::clone(&api))
        .layer(GuardLayer::new(&api))
}

/// Every path of the table that is there in every case, for proxies and for tests that must not forget one.
pub fn paths() -> impl Iterator<Item = &'static str> {
    [
        TOKEN, ALIASES, RESOURCE, SESSIONS, STAFF, USERS, ISSUE, KEYS, HEALTH,
    ]
    .into_iter()
    .flatten()
    .map(|(path, _)| *path)
}

fn part(authority: Arc<Authority>, endpoints: &'static [Endpoint]) -> Router {
    let api = Api::new(authority);
    mount(plain(&[endpoints]))
        .with_state(Arc::clone(&api))
        .layer(GuardLayer::new(&api))
}

type Mounted = (Cow<'static, str>, fn() -> MethodRouter<Arc<Api>>);

fn plain(parts: &[&'static [Endpoint]]) -> Vec<Mounted> {
    let endpoints = parts.iter().copied().flatten();
    endpoints
        .map(|&(path, endpoint)| (path.into(), endpoint))
        .collect()
}

fn behind(prefix: &AllauthPrefix) -> Vec<Mounted> {
    let endpoints = ALLAUTH.iter();
    endpoints
        .map(|&(path, endpoint)| (format!("{prefix}/{path}").into(), endpoint))
        .collect()
}

/// Mounts endpoints; whoever forgets the slash at the end is sent on to it.
fn mount(endpoints: Vec<Mounted>) -> Router<Arc<Api>> {
    let mut table = Router::new();
    for (path, endpoint) in endpoints {
        table = table.route(&path, endpoint());
        if let Some(open) = path.strip_suffix('/') {
            table = table.route(open, any(add_slash::add_slash));
        }
    }
    table
}

/// Tries a path that is not in the table once more without its percent-encoding.
async fn dispatch_decoded(table: Router, mut request: Request) -> Response {
    if let Some(decoded) = percent::decode_path(request.uri()) {
        *request.uri_mut() = decoded;
    }
    table
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {})
}
