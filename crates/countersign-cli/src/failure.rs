//! How a command ends when it does not succeed: what went wrong, what to do next, and the exit code.

use std::process::ExitCode;

use annotate_snippets::{Group, Level, Renderer};

use crate::config::ConfigError;
use crate::output;

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Cause,
    help: Option<String>,
}

#[derive(Debug)]
enum Cause {
    /// The configuration is wrong.
    Config(ConfigError),
    /// The command line asks for something that cannot be.
    Usage(String),
    /// Something went wrong on the way.
    Error(anyhow::Error),
}

impl Failure {
    /// A failure in these words.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::of(anyhow::Error::msg(message.into()))
    }

    /// A failure with its causes.
    pub(crate) fn of(error: impl Into<anyhow::Error>) -> Self {
        Self {
            cause: Cause::Error(error.into()),
            help: None,
        }
    }

    /// A wish that the command line cannot be granted.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Usage(message.into()),
            help: None,
        }
    }

    /// Says what to do next.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// 1, or 2 where the command line or the configuration is to blame.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.cause {
            Cause::Config(_) | Cause::Usage(_) => ExitCode::from(2),
            Cause::Error(_) => ExitCode::FAILURE,
        }
    }

    /// Tells the person at the terminal.
    pub(crate) fn report(&self) {
        output::remark(&self.render(&Renderer::styled()));
    }

    /// The same without colors, for a log.
    pub(crate) fn in_words(&self) -> String {
        self.render(&Renderer::plain())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let message = match &self.cause {
            Cause::Config(error) => return error.render(renderer),
            Cause::Usage(message) => message.clone(),
            Cause::Error(error) => format!("{error:#}"),
        };
        let title = renderer.render(&[Group::with_title(Level::ERROR.primary_title(message))]);
        let Some(help) = &self.help else { return title };
        let help = renderer.render(&[Group::with_title(Level::HELP.primary_title(help.as_str()))]);
        format!("{title}\n{help}")
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self {
            cause: Cause::Config(error),
            help: None,
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_tells_its_causes_and_what_to_do() {
        let error =
            Err::<(), _>(std::io::Error::other("no space")).context("the store is not available");
        let failure = Failure::of(error.unwrap_err()).help("make room");
        let shown = failure.render(&Renderer::plain());
        assert_eq!(
            shown,
            "error: the store is not available: no space\nhelp: make room"
        );
    }
}
