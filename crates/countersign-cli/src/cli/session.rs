//! `countersign session …`

use clap::{Args, Subcommand};
use countersign::session::SessionId;

use super::Username;

/// `countersign session …`
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List a user's sessions, newest first
    #[command(
        after_help = "A session is one sign-in on one client. `last used` is when its refresh token was last rotated.\n\
        With --all also those that ended or expired, until they are purged.\n\n\
        Examples:\n  countersign session list --username ann\n  countersign session list --username ann --all -o json"
    )]
    List(ListSessions),
    /// Show one session
    #[command(
        after_help = "The id is the one that lists, logs and the session claim of tokens show.\n\n\
        Example:\n  countersign session show 5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10"
    )]
    Show(NamedSession),
    /// Enable a session that was opened to wait
    #[command(
        after_help = "A program that opens a session for somebody who has to confirm something first lets it wait:\n\
        nobody refreshes it until it is enabled. Enabling one that does not wait is no failure.\n\n\
        Example:\n  countersign session enable 5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10"
    )]
    Enable(NamedSession),
    /// End one session; in force in running servers when the command returns
    #[command(
        after_help = "Its refresh token is refused from then on; its access tokens too where `session.check` is on, and\n\
        within their lifetime where it is off. Ending one that has ended changes nothing, and is no failure.\n\n\
        Example:\n  countersign session end 5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10"
    )]
    End(NamedSession),
    /// End all sessions of a user; in force in running servers when the command returns
    #[command(
        after_help = "Examples:\n  countersign session end-all --username ann\n  \
        countersign session end-all --username ann --except 5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10"
    )]
    EndAll(EndAllSessions),
    /// Say why a session ended, and what happened to it
    #[command(
        after_help = "Reads the audit log, as far back as it goes. The causes are explained in docs/sessions.md.\n\n\
        Example:\n  countersign session why 5cb3a7e0-1f0c-4b2a-9d58-5a3f7f6f2a10"
    )]
    Why(NamedSession),
}

/// `countersign session list`
#[derive(Debug, Args)]
pub(crate) struct ListSessions {
    #[command(flatten)]
    pub(crate) user: Username,
    /// Also those that ended or expired
    #[arg(long)]
    pub(crate) all: bool,
}

/// A session, by its id.
#[derive(Debug, Args)]
pub(crate) struct NamedSession {
    /// The session's id: a UUID, or 32 hex digits
    #[arg(value_name = "ID", value_parser = session_id)]
    pub(crate) id: SessionId,
}

/// `countersign session end-all`
#[derive(Debug, Args)]
pub(crate) struct EndAllSessions {
    #[command(flatten)]
    pub(crate) user: Username,
    /// Spare this one
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub(crate) except: Option<SessionId>,
}

fn session_id(text: &str) -> Result<SessionId, &'static str> {
    SessionId::parse(text)
        .ok_or("a UUID or 32 hex digits are expected, as `session list` shows them")
}
