//! The reference store keeps the contract, and stores that break it are caught by name.

mod broken;
mod exploration;

use std::sync::Arc;

use countersign::memory::MemoryStore;
use countersign::store::Store;

/// The reference keeps every clause.
mod memory {
    use super::{Arc, MemoryStore, Store};

    async fn fresh_store() -> Arc<dyn Store> {
        Arc::new(MemoryStore::new())
    }

    countersign::conformance_tests!(fresh_store);
}
