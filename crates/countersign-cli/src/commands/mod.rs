//! One file per group of commands. Each command opens what it needs, does one thing, and says what it did.

mod audit;
mod config;
mod dev;
mod django;
mod export;
mod import;
mod init;
mod keys;
mod migrate;
mod serve;
mod service;
mod session;
mod token;
mod user;

use crate::cli::{Cli, Command, ExportCommand, ImportCommand};
use crate::failure::Failure;
use crate::telemetry::{self, Verbosity};

/// Does what the command line asks for.
///
/// # Errors
/// [`Failure`] with what to do next.
pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let common = &cli.common;
    let verbosity = match cli.command {
        Command::Dev(_) | Command::Serve => Verbosity::Server,
        _ => Verbosity::Command,
    };
    telemetry::start(common.log.as_deref(), verbosity)?;
    match &cli.command {
        Command::Dev(args) => threads()?.block_on(dev::run(common, args)),
        Command::Serve => threads()?.block_on(serve::run(common)),
        Command::Init(args) => init::run(common, args),
        Command::Migrate => one_thread()?.block_on(migrate::run(common)),
        Command::User(command) => one_thread()?.block_on(user::run(common, command)),
        Command::Token(command) => one_thread()?.block_on(token::run(common, command)),
        Command::Session(command) => one_thread()?.block_on(session::run(common, command)),
        Command::Keys(command) => one_thread()?.block_on(keys::run(common, command)),
        Command::Import(ImportCommand::Django(args)) => {
            one_thread()?.block_on(import::run(common, args))
        }
        Command::Export(ExportCommand::Django(args)) => {
            one_thread()?.block_on(export::run(common, args))
        }
        Command::Service(command) => one_thread()?.block_on(service::run(common, command)),
        Command::Audit(command) => one_thread()?.block_on(audit::run(common, command)),
        Command::Config(command) => config::run(common, command),
    }
}

fn threads() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::of)
}

fn one_thread() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::of)
}
