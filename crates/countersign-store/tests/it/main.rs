//! The SQLite store against its contract, against other processes, and against crashes.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code; helpers outside of test functions count as code to clippy"
)]

mod busy;
mod closing;
mod conformance;
mod crash;
mod files;
mod fixture;
mod four_races;
mod group_commit;
mod handles;
mod migrations;
mod purge;
mod walks;
