//! The audit log.

use std::net::IpAddr;

use async_trait::async_trait;
use countersign::account::AccountId;
use countersign::audit::{Actor, AuditEvent, AuditKind};
use countersign::service::ServiceName;
use countersign::session::{EndCause, SessionId, SessionRecord};
use countersign::store::{AuditLog, StoreError};
use countersign_token::{KeyId, UnixMillis};
use rusqlite::{Connection, Row, named_params};

use super::columns::{Columns, all};
use super::failure::Failure;
use super::store::SqliteStore;

#[async_trait]
impl AuditLog for SqliteStore {
    async fn append_audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        let event = event.clone();
        self.write(move |connection| record(connection, Some(&event)))
            .await
    }

    async fn recent_audit(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.scan(move |connection| {
            let mut newest_first = connection.prepare_cached(
                "SELECT at, kind, actor, subject, session, ip, cause, key, service
                 FROM audit_event
                 ORDER BY id DESC
                 LIMIT :limit",
            )?;
            Ok(all(
                &mut newest_first,
                named_params! { ":limit": limit },
                from_row,
            )?)
        })
        .await
    }

    async fn audit_of_session(
        &self,
        session: &SessionRecord,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let session = session.clone();
        self.scan(move |connection| of_session(connection, &session, limit))
            .await
    }
}

/// No index leads from a session to its events: each refresh would pay for it.
fn of_session(
    connection: &Connection,
    session: &SessionRecord,
    limit: u32,
) -> Result<Vec<AuditEvent>, Failure> {
    let mut newest_first = connection.prepare_cached(
        "SELECT at, kind, actor, subject, session, ip, cause, key, service
         FROM audit_event
         WHERE session = :session
            OR (session IS NULL AND subject = :account AND at = :ended_at)
         ORDER BY id DESC
         LIMIT :limit",
    )?;
    let parameters = named_params! {
        ":session": session.sid.as_bytes(),
        ":account": session.account.get(),
        ":ended_at": session.state.ended_at().map(UnixMillis::millis),
        ":limit": limit,
    };
    Ok(all(&mut newest_first, parameters, from_row)?)
}

/// Appends the event of a change, in the change's own transaction.
pub(super) fn record(connection: &Connection, event: Option<&AuditEvent>) -> Result<(), Failure> {
    let Some(event) = event else {
        return Ok(());
    };
    let mut insert = connection.prepare_cached(
        "INSERT INTO audit_event (at, kind, actor, subject, session, ip, cause, key, service)
         VALUES (:at, :kind, :actor, :subject, :session, :ip, :cause, :key, :service)",
    )?;
    insert.execute(named_params! {
        ":at": event.at.millis(),
        ":kind": event.kind.name(),
        ":actor": event.actor.to_string(),
        ":subject": event.subject.map(AccountId::get),
        ":session": event.session.as_ref().map(SessionId::as_bytes),
        ":ip": event.ip.map(|ip| ip.to_string()),
        ":cause": event.cause.map(EndCause::name),
        ":key": event.key.as_ref().map(KeyId::as_str),
        ":service": event.service.as_ref().map(ServiceName::as_str),
    })?;
    Ok(())
}

/// Appends the event of a change to a session, under the session's public name where it names none.
pub(super) fn record_in(
    connection: &Connection,
    session: SessionId,
    event: Option<AuditEvent>,
) -> Result<(), Failure> {
    let event = event.map(|event| AuditEvent {
        session: event.session.or(Some(session)),
        ..event
    });
    record(connection, event.as_ref())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<AuditEvent> {
    let mut columns = Columns::of(row);
    Ok(AuditEvent {
        at: columns.millis()?,
        kind: columns.parsed(|name: String| AuditKind::parse(&name))?,
        actor: columns.parsed(|name: String| Actor::parse(&name))?,
        subject: columns.account_if_any()?,
        session: columns.sid_if_any()?,
        ip: columns.parsed_if_any(|text: String| text.parse::<IpAddr>().ok())?,
        cause: columns.cause_if_any()?,
        key: columns.parsed_if_any(|name: String| KeyId::parse(&name).ok())?,
        service: columns.parsed_if_any(|name: String| ServiceName::parse(&name).ok())?,
    })
}
