//! Service credentials: made and revoked by an operator, shown by programs.

use countersign_token::{Timestamp, UnixMillis};

use super::{Authority, AuthorityError};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::random::draw;
use crate::service::{
    ServiceCredential, ServiceDigest, ServiceName, ServiceScope, ServiceScopes, ServiceSecret,
    ServiceState,
};
use crate::store::{NewServiceCredential, ServiceCreation, ServiceRevocation};

/// A service credential could not be made or revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A live credential has that name.
    #[error("a live service credential has that name")]
    NameTaken,
    /// It would be refused from the start.
    #[error("the service credential would have expired already")]
    AlreadyExpired,
    /// There is none of that name, or all of that name are revoked.
    #[error("there is no service credential of that name to revoke")]
    Unknown,
    /// It could not be carried out.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Whether a program may do what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceAuthentication {
    /// It may; this is its name.
    Granted(ServiceName),
    /// It may not.
    Refused(ServiceRefusal),
}

/// Why a service credential does not open what it was shown for. For the log: whoever shows a secret is told of the
/// last one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceRefusal {
    /// Nobody was given that secret.
    #[error("no service credential has this secret")]
    Unknown,
    /// Its time has run out.
    #[error("the service credential has expired")]
    Expired,
    /// An operator revoked it.
    #[error("the service credential is revoked")]
    Revoked,
    /// It is good, and made for something else.
    #[error("the service credential lacks the scope {}", .0.name())]
    MissingScope(ServiceScope),
}

impl Authority {
    /// Makes a service credential and returns its secret, of which only the digest is kept: nobody can show it again.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing was made.
    pub async fn create_service(
        &self,
        name: ServiceName,
        scopes: ServiceScopes,
        expires_at: Option<Timestamp>,
    ) -> Result<ServiceSecret, ServiceError> {
        let now = self.clock.now();
        if expires_at.is_some_and(|expires_at| expires_at <= now.timestamp()) {
            return Err(ServiceError::AlreadyExpired);
        }
        let secret = draw(self.random.as_ref()).map_err(AuthorityError::from)?;
        let secret = ServiceSecret::from_random(secret);
        let event = by_operator(now, AuditKind::ServiceCreated, &name);
        let credential = NewServiceCredential {
            name,
            digest: secret.digest(),
            scopes,
            created_at: now,
            expires_at,
        };
        match self
            .store
            .create_service(&credential, Some(&event))
            .await
            .map_err(AuthorityError::from)?
        {
            ServiceCreation::Created => Ok(secret),
            ServiceCreation::NameTaken => Err(ServiceError::NameTaken),
        }
    }

    /// All service credentials with their state now, in order of their creation.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if they could not be read.
    pub async fn list_services(
        &self,
    ) -> Result<Vec<(ServiceCredential, ServiceState)>, AuthorityError> {
        let now = self.clock.now();
        let credentials = self.store.list_services().await?;
        Ok(credentials
            .into_iter()
            .map(|credential| {
                let state = credential.state(now);
                (credential, state)
            })
            .collect())
    }

    /// Revokes the service credential of that name. Every process on the store refuses it from its next request on:
    /// each asks the store anew.
    ///
    /// # Errors
    /// [`ServiceError`]: nothing was revoked.
    pub async fn revoke_service(&self, name: &ServiceName) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let event = by_operator(now, AuditKind::ServiceRevoked, name);
        match self
            .store
            .revoke_service(name, now, Some(&event))
            .await
            .map_err(AuthorityError::from)?
        {
            ServiceRevocation::Revoked => Ok(()),
            ServiceRevocation::Unknown => Err(ServiceError::Unknown),
        }
    }

    /// Establishes that a program may do what `scope` stands for, by the secret that it shows.
    ///
    /// The secret is compared by looking its digest up: how long that takes tells something of digests at most, and
    /// those of 256 random bits tell nothing of a secret.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if it could not be looked up; the caller refuses then.
    pub async fn authenticate_service(
        &self,
        secret: &str,
        scope: ServiceScope,
    ) -> Result<ServiceAuthentication, AuthorityError> {
        let found = self.store.find_service(&ServiceDigest::of(secret)).await?;
        let Some(credential) = found else {
            return Ok(ServiceAuthentication::Refused(ServiceRefusal::Unknown));
        };
        Ok(match credential.state(self.clock.now()) {
            ServiceState::Expired => ServiceAuthentication::Refused(ServiceRefusal::Expired),
            ServiceState::Revoked => ServiceAuthentication::Refused(ServiceRefusal::Revoked),
            ServiceState::Live if credential.scopes.contains(scope) => {
                ServiceAuthentication::Granted(credential.name)
            }
            ServiceState::Live => {
                ServiceAuthentication::Refused(ServiceRefusal::MissingScope(scope))
            }
        })
    }
}

fn by_operator(now: UnixMillis, what: AuditKind, name: &ServiceName) -> AuditEvent {
    AuditEvent::new(now, what, Actor::Operator).of_service(name.clone())
}
