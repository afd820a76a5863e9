//! The binary as its users meet it: run in a fresh folder, judged by exit code, output, files and HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks at files"
)]

mod audit;
mod client;
mod configuration;
mod crash;
mod dev;
mod django;
mod framing;
mod http;
mod in_force;
mod issuer;
mod keys;
mod processes;
mod program;
mod promises;
mod proxy;
mod reload;
mod secrecy;
mod server;
mod services;
mod sessions;
mod start;
mod takeover;
mod tokens;
mod users;
mod webhooks;
