//! Service credentials: few, made and revoked by operators, looked up by every request of a program.

use async_trait::async_trait;
use countersign_token::{Timestamp, UnixMillis};

use super::StoreError;
use crate::audit::AuditEvent;
use crate::service::{ServiceCredential, ServiceDigest, ServiceName, ServiceScopes};

/// A service credential to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewServiceCredential {
    /// What it is called.
    pub name: ServiceName,
    /// The digest of its secret, freshly drawn.
    pub digest: ServiceDigest,
    /// What it is good for.
    pub scopes: ServiceScopes,
    /// When it is made.
    pub created_at: UnixMillis,
    /// From this second on it is refused; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// How making a credential went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceCreation {
    /// It exists now.
    Created,
    /// A live one has that name.
    NameTaken,
}

/// How revoking a credential went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRevocation {
    /// It is refused from now on.
    Revoked,
    /// There is none of that name that is not revoked yet.
    Unknown,
}

/// The service credentials. Only digests of their secrets are kept.
#[async_trait]
pub trait ServiceCredentials: Send + Sync {
    /// Makes a credential, unless a live one has its name: one that is neither revoked nor, at `created_at`, expired.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn create_service(
        &self,
        credential: &NewServiceCredential,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceCreation, StoreError>;

    /// Finds the credential whose secret has this digest, whatever its state.
    ///
    /// # Contract
    /// What another process has revoked is seen by the very next call: nothing here is kept in memory.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be looked up; the caller refuses then.
    async fn find_service(
        &self,
        digest: &ServiceDigest,
    ) -> Result<Option<ServiceCredential>, StoreError>;

    /// All credentials in order of their creation, expired and revoked ones included.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list_services(&self) -> Result<Vec<ServiceCredential>, StoreError>;

    /// Revokes every credential of that name that is not revoked yet, expired ones included.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written.
    async fn revoke_service(
        &self,
        name: &ServiceName,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceRevocation, StoreError>;
}
