//! Service credentials in memory.

use async_trait::async_trait;
use countersign_token::UnixMillis;

use super::MemoryStore;
use crate::audit::AuditEvent;
use crate::service::{ServiceCredential, ServiceDigest, ServiceName, ServiceState};
use crate::store::{
    NewServiceCredential, ServiceCreation, ServiceCredentials, ServiceRevocation, StoreError,
};

#[async_trait]
impl ServiceCredentials for MemoryStore {
    async fn create_service(
        &self,
        credential: &NewServiceCredential,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceCreation, StoreError> {
        let mut tables = self.tables();
        let now = credential.created_at;
        let is_taken = |other: &ServiceCredential| {
            other.name == credential.name && other.state(now) == ServiceState::Live
        };
        if tables.services.iter().any(is_taken) {
            return Ok(ServiceCreation::NameTaken);
        }
        tables.services.push(ServiceCredential {
            name: credential.name.clone(),
            digest: credential.digest,
            scopes: credential.scopes.clone(),
            created_at: credential.created_at,
            expires_at: credential.expires_at,
            revoked_at: None,
        });
        tables.record(event);
        Ok(ServiceCreation::Created)
    }

    async fn find_service(
        &self,
        digest: &ServiceDigest,
    ) -> Result<Option<ServiceCredential>, StoreError> {
        let tables = self.tables();
        let mut services = tables.services.iter();
        Ok(services
            .find(|credential| credential.digest == *digest)
            .cloned())
    }

    async fn list_services(&self) -> Result<Vec<ServiceCredential>, StoreError> {
        Ok(self.tables().services.clone())
    }

    async fn revoke_service(
        &self,
        name: &ServiceName,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceRevocation, StoreError> {
        let mut tables = self.tables();
        let mut revoked = false;
        for credential in &mut tables.services {
            if credential.name == *name && credential.revoked_at.is_none() {
                credential.revoked_at = Some(now);
                revoked = true;
            }
        }
        if !revoked {
            return Ok(ServiceRevocation::Unknown);
        }
        tables.record(event);
        Ok(ServiceRevocation::Revoked)
    }
}
