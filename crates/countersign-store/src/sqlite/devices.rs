//! Devices.

use std::collections::BTreeMap;
use std::net::IpAddr;

use async_trait::async_trait;
use countersign::device::Device;
use countersign::session::SessionNumber;
use countersign::store::{Devices, StoreError};
use rusqlite::{Connection, Row, named_params};

use super::columns::{Columns, bound};
use super::failure::Failure;
use super::store::SqliteStore;

#[async_trait]
impl Devices for SqliteStore {
    async fn devices_of(
        &self,
        sessions: &[SessionNumber],
    ) -> Result<BTreeMap<SessionNumber, Device>, StoreError> {
        let numbers: Vec<_> = sessions
            .iter()
            .map(|number| number.get().to_string())
            .collect();
        let numbers = format!("[{}]", numbers.join(","));
        self.scan(move |connection| find(connection, &numbers))
            .await
    }
}

/// Writes the device of a session that is opened in the same transaction.
pub(super) fn insert(
    connection: &Connection,
    session: SessionNumber,
    device: &Device,
) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO device (
             session, ip, is_mobile, is_tablet, is_pc, is_bot, browser, browser_version, os,
             os_version, device, device_brand, device_model, user_agent
         ) VALUES (
             :session, :ip, :is_mobile, :is_tablet, :is_pc, :is_bot, :browser, :browser_version, :os,
             :os_version, :device, :device_brand, :device_model, :user_agent
         )",
    )?;
    insert.execute(named_params! {
        ":session": bound(session.get()),
        ":ip": device.ip.map(|ip| ip.to_string()),
        ":is_mobile": device.is_mobile,
        ":is_tablet": device.is_tablet,
        ":is_pc": device.is_pc,
        ":is_bot": device.is_bot,
        ":browser": device.browser,
        ":browser_version": device.browser_version,
        ":os": device.os,
        ":os_version": device.os_version,
        ":device": device.device,
        ":device_brand": device.device_brand,
        ":device_model": device.device_model,
        ":user_agent": device.user_agent,
    })?;
    Ok(())
}

/// Removes the device of a session that is removed in the same transaction.
pub(super) fn remove(connection: &Connection, session: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM device WHERE session = :session")?
        .execute(named_params! { ":session": session })?;
    Ok(())
}

/// One statement, however many there are: the numbers come as a JSON array.
fn find(
    connection: &Connection,
    numbers: &str,
) -> Result<BTreeMap<SessionNumber, Device>, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT session, ip, is_mobile, is_tablet, is_pc, is_bot, browser, browser_version, os,
                os_version, device, device_brand, device_model, user_agent
         FROM device
         WHERE session IN (SELECT value FROM json_each(:numbers))",
    )?;
    let found = find.query_map(named_params! { ":numbers": numbers }, from_row)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(SessionNumber, Device)> {
    let mut columns = Columns::of(row);
    let session = columns.number()?;
    let device = Device {
        ip: columns.parsed_if_any(|text: String| text.parse::<IpAddr>().ok())?,
        is_mobile: columns.value()?,
        is_tablet: columns.value()?,
        is_pc: columns.value()?,
        is_bot: columns.value()?,
        browser: columns.value()?,
        browser_version: columns.value()?,
        os: columns.value()?,
        os_version: columns.value()?,
        device: columns.value()?,
        device_brand: columns.value()?,
        device_model: columns.value()?,
        user_agent: columns.value()?,
    };
    Ok((session, device))
}
