//! The `countersign` binary: configuration, secrets, commands, server.
//!
//! This crate is where the outside comes in: files, the environment, the clock, signals, the terminal. It
//! decides nothing about tokens; that is the business of `countersign`.

#![expect(
    clippy::disallowed_methods,
    reason = "the binary is where the environment and files come in; everything below it takes values"
)]

mod cli;
mod commands;
mod config;
mod failure;
mod housekeeping;
mod impatient;
mod issuer;
mod opening;
mod output;
mod owner_only;
mod progress;
mod prompt;
mod reload;
mod serve;
mod telemetry;
mod webhooks;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;

fn main() -> ExitCode {
    match commands::run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}
