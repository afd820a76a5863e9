//! The contract that every store keeps, one reported test per clause.

use std::sync::Arc;

use countersign::store::Store;

use crate::fixture::Fixture;

async fn fresh_store() -> Arc<dyn Store> {
    let fixture = Fixture::new();
    let store = Arc::new(fixture.store.clone());
    // The folder belongs to a task that never ends by itself: it goes when the test's runtime goes.
    tokio::spawn(async move {
        let _fixture = fixture;
        std::future::pending::<()>().await;
    });
    store
}

countersign::conformance_tests!(fresh_store);
