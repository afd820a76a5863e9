//! The extractor of the endpoints about accounts: whoever may administer them.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign::authority::{Administration, Administrator};
use countersign::service::ServiceScope;

use crate::api::Api;
use crate::client::Sender;
use crate::owner;
use crate::problem::Problem;
use crate::service;

/// An administrator: a program with a service credential of scope `users`, or a staff member with a token.
///
/// 1. Where the accounts are not the authority's own there is nothing to administer, and no endpoint.
/// 2. A service credential in the `Authorization` header decides alone.
/// 3. Otherwise the token decides, in the header and with the scheme in the settings, of a class that they accept.
///    Its account must be active, and staff or superuser; what that opens is the authority's business.
///
/// Nothing else of a request carries authority: no query, no body, no cookie.
pub(crate) struct Administering {
    api: Arc<Api>,
    by: Administrator,
    sender: Sender,
}

impl Administering {
    /// The accounts, as this administrator may change them.
    pub(crate) fn accounts(&self) -> Administration<'_> {
        let authority = &self.api.authority;
        authority.administered_by(self.by.clone(), &self.sender.client())
    }
}

impl FromRequestParts<Arc<Api>> for Administering {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        if !api.authority.keeps_accounts() {
            return Err(Problem::NotFound);
        }
        let by = match service::shown(&parts.headers)? {
            Some(secret) => {
                let scope = ServiceScope::Users;
                let name = service::authenticate(&api.authority, secret, scope).await?;
                Administrator::Service(name)
            }
            None => holder(api, parts).await?,
        };
        Ok(Self {
            by,
            sender: Sender::of(parts),
            api: Arc::clone(api),
        })
    }
}

/// The administrator behind a token.
async fn holder(api: &Api, parts: &Parts) -> Result<Administrator, Problem> {
    let holder = owner::identified(api, parts).await?;
    let account = holder.ok_or(Problem::NotAuthenticated)?.account;
    if !account.is_active() {
        return Err(Problem::InvalidCredentials);
    }
    Administrator::of(&account).ok_or(Problem::StaffRequired)
}
