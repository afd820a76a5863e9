//! Serves the program on 127.0.0.1:8000, with keys and members that are gone when it ends:
//!
//! ```text
//! cargo run -p countersign-axum --example own_users
//! curl -d 'ann:correct horse battery' http://127.0.0.1:8000/sign-in
//! ```

mod program;

use std::sync::Arc;

use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::memory::MemoryStore;
use countersign::random::SystemRandom;
use countersign::secrets::MasterKey;
use countersign::{Policy, Preset};
use countersign_token::Algorithm;

use program::{Members, Parts, application};

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
    let parts = Parts {
        policy: Policy::preset(Preset::Modern),
        keys: KeyRing::load(store.as_ref(), master(), source).await?,
        store,
        members: Arc::new(Members::of_the_club()),
        clock,
    };
    let router = application(parts).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, router).await?)
}
