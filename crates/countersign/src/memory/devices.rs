//! Devices in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, Tables};
use crate::device::Device;
use crate::session::SessionNumber;
use crate::store::{Devices, StoreError};

#[async_trait]
impl Devices for MemoryStore {
    async fn devices_of(
        &self,
        sessions: &[SessionNumber],
    ) -> Result<BTreeMap<SessionNumber, Device>, StoreError> {
        let tables = self.tables();
        let device = |number| Some((number, tables.devices.get(&number)?.clone()));
        Ok(sessions.iter().copied().filter_map(device).collect())
    }
}

impl Tables {
    /// Removes the devices whose sessions are gone.
    pub(super) fn drop_orphaned_devices(&mut self) {
        let sessions = &self.sessions;
        self.devices
            .retain(|number, _| sessions.contains_key(number));
    }
}
