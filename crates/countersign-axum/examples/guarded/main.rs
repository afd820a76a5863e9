//! A newspaper on 127.0.0.1:8000, with keys and accounts that are gone when it ends:
//!
//! ```text
//! cargo run -p countersign-axum --example guarded
//! curl -d username=ann -d 'password=correct horse battery' http://127.0.0.1:8000/api/token/
//! curl -H 'Authorization: Bearer <access>' http://127.0.0.1:8000/front-page-plan
//! ```

mod program;

use std::sync::Arc;

use countersign::Authority;
use countersign::authority::AccountRequest;
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::memory::MemoryStore;
use countersign::password::PlainPassword;
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign_axum::Gate;
use countersign_token::{Algorithm, ClaimsSet};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(SystemClock::default());
    let source = SigningKeySource::Stored(Algorithm::Es256);
    let master = || MasterKey::from_bytes([7; 32]); // from a file, in real life
    KeyRing::found(
        store.as_ref(),
        &master(),
        &source,
        &SystemRandom,
        clock.now(),
    )
    .await?;
    let keys = KeyRing::load(store.as_ref(), master(), source).await?;
    let authority = Authority::new(program::policy(), keys, store.clone(), store, clock)?;

    for (name, role) in [("ann", 700), ("bob", 300), ("zoe", 0)] {
        let mut attributes = ClaimsSet::new();
        attributes.insert("desk", "sports")?;
        let request = AccountRequest {
            role,
            attributes,
            ..AccountRequest::default()
        };
        let password = PlainPassword::new("correct horse battery".to_owned());
        authority
            .create_account(name.to_owned(), Some(password), request)
            .await?;
    }

    let authority = Arc::new(authority);
    let router = program::application(Gate::live(Arc::clone(&authority)))
        .merge(countersign_axum::token_endpoints(authority));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, router).await?)
}
