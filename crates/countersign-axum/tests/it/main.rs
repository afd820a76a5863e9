//! Drives the real router in process, over the reference store and a clock that stands still.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "also the helpers of tests fail by panicking"
)]

mod allauth;
mod anonymous;
mod devices;
mod failures;
mod gates;
mod golden;
mod guarded;
mod issue;
mod kinds;
mod languages;
mod negotiation;
mod obtain;
mod own_endpoints;
mod own_users;
mod recorded_tokens;
mod refresh;
mod resource;
mod revocation;
mod secrecy;
mod sessions;
mod site;
mod sliding;
mod stateless;
mod throttling;
mod token_lists;
mod transport;
mod users;
