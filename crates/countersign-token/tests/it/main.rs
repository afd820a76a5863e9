//! The tests of the crate from outside, in one binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "also the helpers of tests fail by panicking"
)]

mod authenticated;
mod dangerous;
mod jwk;
mod keys;
mod properties;
#[cfg(feature = "remote")]
mod remote;
mod revocation;
mod rfc;
mod security;
mod simplejwt;
mod support;
mod verify_cache;
mod wycheproof;
