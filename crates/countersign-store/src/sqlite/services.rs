//! Service credentials.

use async_trait::async_trait;
use countersign::audit::AuditEvent;
use countersign::service::{ServiceCredential, ServiceDigest, ServiceName, ServiceScopes};
use countersign::store::{
    NewServiceCredential, ServiceCreation, ServiceCredentials, ServiceRevocation, StoreError,
};
use countersign_token::{Timestamp, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::audit::record;
use super::columns::{Columns, all};
use super::failure::Failure;
use super::store::SqliteStore;

#[async_trait]
impl ServiceCredentials for SqliteStore {
    async fn create_service(
        &self,
        credential: &NewServiceCredential,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceCreation, StoreError> {
        let (credential, event) = (credential.clone(), event.cloned());
        self.write(move |connection| {
            if !insert(connection, &credential)? {
                return Ok(ServiceCreation::NameTaken);
            }
            record(connection, event.as_ref())?;
            Ok(ServiceCreation::Created)
        })
        .await
    }

    async fn find_service(
        &self,
        digest: &ServiceDigest,
    ) -> Result<Option<ServiceCredential>, StoreError> {
        self.read(|connection| find(connection, digest))
    }

    async fn list_services(&self) -> Result<Vec<ServiceCredential>, StoreError> {
        self.scan(list).await
    }

    async fn revoke_service(
        &self,
        name: &ServiceName,
        now: UnixMillis,
        event: Option<&AuditEvent>,
    ) -> Result<ServiceRevocation, StoreError> {
        let (name, event) = (name.clone(), event.cloned());
        self.write(move |connection| {
            if !revoke(connection, &name, now)? {
                return Ok(ServiceRevocation::Unknown);
            }
            record(connection, event.as_ref())?;
            Ok(ServiceRevocation::Revoked)
        })
        .await
    }
}

/// Whether the name was free.
fn insert(connection: &Connection, credential: &NewServiceCredential) -> Result<bool, Failure> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO service_credential (name, digest, scopes, created_at, expires_at)
             SELECT :name, :digest, :scopes, :created_at, :expires_at
             WHERE NOT EXISTS (
                 SELECT 1
                 FROM service_credential
                 WHERE name = :name
                   AND revoked_at IS NULL
                   AND (expires_at IS NULL OR expires_at > :now)
             )",
        )?
        .execute(named_params! {
            ":name": credential.name.as_str(),
            ":digest": credential.digest.as_bytes(),
            ":scopes": credential.scopes.to_string(),
            ":created_at": credential.created_at.millis(),
            ":expires_at": credential.expires_at.map(Timestamp::seconds),
            ":now": credential.created_at.timestamp().seconds(),
        })?;
    Ok(inserted > 0)
}

fn find(
    connection: &Connection,
    digest: &ServiceDigest,
) -> Result<Option<ServiceCredential>, Failure> {
    let credential = connection
        .prepare_cached(
            "SELECT name, digest, scopes, created_at, expires_at, revoked_at
             FROM service_credential
             WHERE digest = :digest",
        )?
        .query_row(named_params! { ":digest": digest.as_bytes() }, from_row)
        .optional()?;
    Ok(credential)
}

fn list(connection: &Connection) -> Result<Vec<ServiceCredential>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT name, digest, scopes, created_at, expires_at, revoked_at
         FROM service_credential
         ORDER BY position",
    )?;
    Ok(all(&mut statement, [], from_row)?)
}

/// Whether there was something to revoke.
fn revoke(connection: &Connection, name: &ServiceName, now: UnixMillis) -> Result<bool, Failure> {
    let revoked = connection
        .prepare_cached(
            "UPDATE service_credential
             SET revoked_at = :now
             WHERE name = :name
               AND revoked_at IS NULL",
        )?
        .execute(named_params! { ":name": name.as_str(), ":now": now.millis() })?;
    Ok(revoked > 0)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ServiceCredential> {
    let mut columns = Columns::of(row);
    Ok(ServiceCredential {
        name: columns.parsed(|name: String| ServiceName::parse(&name).ok())?,
        digest: columns.value().map(ServiceDigest::from_bytes)?,
        scopes: columns.parsed(|names: String| ServiceScopes::parse(&names))?,
        created_at: columns.millis()?,
        expires_at: columns.seconds_if_any()?,
        revoked_at: columns.millis_if_any()?,
    })
}
