//! The security requirements on tokens (T01–T25), each as a test of its name.
//!
//! Elsewhere: T23 (where a token may stand in a request) and T24 (what a request body may put into
//! one) are about HTTP and belong to the crate that speaks it. Of T13, the bound on reloads belongs
//! to whoever loads keys; here nothing is ever loaded. T25 is `properties.rs` and `wycheproof.rs`.

mod claims;
mod shape;
mod signature;
