//! The token authority: issues, refreshes, rotates, verifies and revokes tokens, and says why a session ended.
//!
//! This crate holds policy and decisions and talks to traits only: no SQL, no HTTP, no clock of its own.
//!
//! - [`Authority`] is the whole of it: one method per operation, one file per method under `authority/`.
//! - [`rotation::decide`] is the heart: what happens to a refresh token that is presented.
//! - [`sealed_id`] makes token ids that are addresses.
//! - [`device`] is what is known of a session's device.
//! - [`hooks`] are what a program of its own adds: who may sign in, what tokens say, what follows a sign-in.
//! - [`store`] is what a database must be able to do; [`memory`] is the reference that keeps it in memory.
//! - [`Policy`] is every setting, with a [`Preset`] for each system that this one stands in for.

pub mod account;
pub mod audit;
pub mod authority;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod device;
pub mod hooks;
pub mod keys;
pub mod language;
pub mod memory;
pub mod password;
pub mod policy;
pub mod random;
pub mod rotation;
pub mod sealed_id;
pub mod secrets;
pub mod service;
pub mod session;
pub mod store;
pub mod throttle;
pub mod uuid;

pub use crate::authority::Authority;
pub use crate::policy::{Policy, Preset};
