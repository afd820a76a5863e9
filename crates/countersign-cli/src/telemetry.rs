//! Logs: one line per event on stderr, JSON where nobody is looking. No secret is ever an event's field.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// How much is logged unless somebody asks for more.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verbosity {
    /// Commands: only what went wrong.
    Command,
    /// Servers: what happens, too.
    Server,
}

impl Verbosity {
    const fn filter(self) -> &'static str {
        match self {
            Self::Command => "warn",
            Self::Server => "info",
        }
    }
}

/// Starts logging: `--log` counts, else `RUST_LOG`, else the default.
///
/// # Errors
/// [`Failure`] if the filter cannot be read.
pub(crate) fn start(asked: Option<&str>, verbosity: Verbosity) -> Result<(), Failure> {
    let variable = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.is_empty());
    let text = asked.or(variable.as_deref()).unwrap_or(verbosity.filter());
    let filter = EnvFilter::try_new(text).map_err(|error| {
        Failure::usage(format!("the log filter {text:?} cannot be read: {error}"))
            .help("write a level such as `info`, or `countersign=debug,info`")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.compact().init();
    } else {
        builder.json().flatten_event(true).init();
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Says where, not what: the text of a panic may quote anything that a request held.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(
        code.place = place,
        "a bug stopped what was being done; please report it"
    );
}
