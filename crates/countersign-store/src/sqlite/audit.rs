//! The audit log.

use std::net::IpAddr;

use async_trait::async_trait;
use countersign::account::AccountId;
use countersign::audit::{Actor, AuditEvent, AuditKind};
use countersign::service::ServiceName;
use countersign::session::{EndCause, SessionId, SessionRecord};
use countersign::store::{
    AuditFilter, AuditLog, AuditPage, AuditPlace, AuditSpan, Purged, StoreError,
};
use countersign_token::{KeyId, UnixMillis};
use rusqlite::{Connection, Row, named_params};

use super::columns::{Columns, all, bound};
use super::failure::Failure;
use super::revocations::purged;
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

    async fn audit_page(
        &self,
        filter: &AuditFilter,
        span: AuditSpan,
        look_at: u32,
    ) -> Result<AuditPage, StoreError> {
        let filter = filter.clone();
        self.scan(move |connection| page(connection, &filter, span, look_at))
            .await
    }

    async fn count_audit_before(&self, horizon: UnixMillis) -> Result<u64, StoreError> {
        self.scan(move |connection| {
            let mut count = connection.prepare_cached(
                "SELECT count(*)
                 FROM audit_event
                 WHERE at < :horizon
                   AND id <> (SELECT max(id) FROM audit_event)",
            )?;
            let parameters = named_params! { ":horizon": horizon.millis() };
            Ok(count.query_row(parameters, |row| {
                Columns::of(row).parsed(|count: i64| u64::try_from(count).ok())
            })?)
        })
        .await
    }

    async fn purge_audit(&self, horizon: UnixMillis, limit: u32) -> Result<Purged, StoreError> {
        self.write(move |connection| purge(connection, horizon, limit))
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
        ":account": session.account.map(AccountId::get),
        ":ended_at": session.state.ended_at().map(UnixMillis::millis),
        ":limit": limit,
    };
    Ok(all(&mut newest_first, parameters, from_row)?)
}

/// What was looked at is found first, so that one statement reads either way: events are only ever added, behind it.
fn page(
    connection: &Connection,
    filter: &AuditFilter,
    span: AuditSpan,
    look_at: u32,
) -> Result<AuditPage, Failure> {
    let Some((lowest, highest)) = looked_at(connection, span, look_at)? else {
        return Ok(AuditPage {
            events: Vec::new(),
            looked_at: None,
        });
    };
    let mut events = events_between(connection, filter, lowest, highest)?;
    let looked_at = match span {
        AuditSpan::After(_) => (lowest, highest),
        AuditSpan::Before(_) => {
            events.reverse();
            (highest, lowest)
        }
    };
    Ok(AuditPage {
        events,
        looked_at: Some(looked_at),
    })
}

/// The lowest and the highest of the next places of a span.
fn looked_at(
    connection: &Connection,
    span: AuditSpan,
    look_at: u32,
) -> Result<Option<(AuditPlace, AuditPlace)>, Failure> {
    let (mut find, from) = match span {
        AuditSpan::After(place) => (connection.prepare_cached(FORWARD)?, bound(place.get())),
        AuditSpan::Before(place) => {
            let from = place.map_or(i64::MAX, |place| bound(place.get()));
            (connection.prepare_cached(BACKWARD)?, from)
        }
    };
    let parameters = named_params! { ":from": from, ":look_at": look_at };
    Ok(find.query_row(parameters, |row| {
        let mut columns = Columns::of(row);
        let lowest = columns.parsed_if_any(place)?;
        let highest = columns.parsed_if_any(place)?;
        Ok(lowest.zip(highest))
    })?)
}

const FORWARD: &str = "
    SELECT min(id), max(id)
    FROM (SELECT id FROM audit_event WHERE id > :from ORDER BY id LIMIT :look_at)
";

const BACKWARD: &str = "
    SELECT min(id), max(id)
    FROM (SELECT id FROM audit_event WHERE id < :from ORDER BY id DESC LIMIT :look_at)
";

/// Oldest first.
fn events_between(
    connection: &Connection,
    filter: &AuditFilter,
    lowest: AuditPlace,
    highest: AuditPlace,
) -> Result<Vec<AuditEvent>, Failure> {
    let mut read = connection.prepare_cached(
        "SELECT at, kind, actor, subject, session, ip, cause, key, service
         FROM audit_event
         WHERE id BETWEEN :lowest AND :highest
           AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
           AND (:subject IS NULL OR subject = :subject)
           AND (:session IS NULL OR session = :session)
           AND (:from IS NULL OR at >= :from)
           AND (:before IS NULL OR at < :before)
         ORDER BY id",
    )?;
    let quoted: Vec<_> = filter
        .kinds
        .iter()
        .map(|kind| format!("{:?}", kind.name()))
        .collect();
    let kinds = (!quoted.is_empty()).then(|| format!("[{}]", quoted.join(",")));
    let parameters = named_params! {
        ":lowest": bound(lowest.get()),
        ":highest": bound(highest.get()),
        ":kinds": kinds,
        ":subject": filter.subject.map(AccountId::get),
        ":session": filter.session.as_ref().map(SessionId::as_bytes),
        ":from": filter.from.map(UnixMillis::millis),
        ":before": filter.before.map(UnixMillis::millis),
    };
    Ok(all(&mut read, parameters, from_row)?)
}

/// Looks at the oldest places only: no index knows when an event was, because every event would have to write it.
fn purge(connection: &Connection, horizon: UnixMillis, limit: u32) -> Result<Purged, Failure> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM audit_event
         WHERE id IN (
             SELECT id
             FROM (SELECT id, at FROM audit_event ORDER BY id LIMIT :look_at)
             WHERE at < :horizon
               AND id <> (SELECT max(id) FROM audit_event)
             ORDER BY id
             LIMIT :limit
         )",
    )?;
    let removed = delete.execute(named_params! {
        ":look_at": LOOKED_AT,
        ":horizon": horizon.millis(),
        ":limit": limit,
    })?;
    Ok(purged(removed, limit))
}

/// How many of the oldest events one batch of the purge looks at: more than it removes, so that a few from a clock
/// that ran ahead hold nothing up.
const LOOKED_AT: u32 = 10_000;

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

fn place(id: i64) -> Option<AuditPlace> {
    u64::try_from(id).ok().map(AuditPlace::new)
}
