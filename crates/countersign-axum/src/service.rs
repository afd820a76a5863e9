//! Service credentials on the wire: `Authorization: Bearer cs_…`, and nowhere else.

use axum::http::{HeaderMap, header};
use countersign::Authority;
use countersign::authority::{ServiceAuthentication, ServiceRefusal};
use countersign::service::{ServiceName, ServiceScope, ServiceSecret};

use crate::bearer::{self, Credentials};
use crate::problem::Problem;

/// The secret that a request shows, if it shows one.
///
/// The header and the scheme are always these, whatever the settings say of tokens.
///
/// # Errors
/// A [`Problem`] if there are several headers or several values.
pub(crate) fn shown(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    match bearer::read(headers, &header::AUTHORIZATION, &["Bearer"]) {
        Credentials::Token(value) => Ok(Some(value).filter(|it| ServiceSecret::is_meant_by(it))),
        Credentials::Malformed => Err(Problem::MalformedCredentials),
        Credentials::Absent | Credentials::NotText => Ok(None),
    }
}

/// The name behind a secret that is good for a scope.
///
/// # Errors
/// A [`Problem`] if it is not: only a missing scope is told, all else is for the log.
pub(crate) async fn authenticate(
    authority: &Authority,
    secret: &str,
    scope: ServiceScope,
) -> Result<ServiceName, Problem> {
    let refusal = match authority.authenticate_service(secret, scope).await? {
        ServiceAuthentication::Granted(name) => return Ok(name),
        ServiceAuthentication::Refused(refusal) => refusal,
    };
    tracing::info!(refusal = %refusal, "a service credential was refused");
    Err(match refusal {
        ServiceRefusal::MissingScope(scope) => Problem::InsufficientScope(scope),
        ServiceRefusal::Unknown | ServiceRefusal::Expired | ServiceRefusal::Revoked => {
            Problem::InvalidCredentials
        }
    })
}
