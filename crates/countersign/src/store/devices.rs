//! The devices that sessions were opened from: shown, and asked by no decision.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::StoreError;
use crate::device::Device;
use crate::session::SessionNumber;

/// Devices, at most one for each session, in rows of their own: the session's stays narrow.
///
/// A device is written by the verb that opens its session, in the same step (`NewSession::device`), is never changed, and
/// is purged with its session. A fork has none: it is its root's session on the same device.
#[async_trait]
pub trait Devices: Send + Sync {
    /// The devices of these sessions, by their numbers. A session of which nothing was recorded has none.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn devices_of(
        &self,
        sessions: &[SessionNumber],
    ) -> Result<BTreeMap<SessionNumber, Device>, StoreError>;
}
