//! The audit log: what happened, to whom, with which result. Append-only, and no token, password or key in it.
//! `docs/audit.md` says of each event what it means, and what is none.

use std::fmt;
use std::net::IpAddr;

use countersign_token::{KeyId, UnixMillis};
use serde::{Serialize, Serializer};

use crate::account::AccountId;
use crate::service::ServiceName;
use crate::session::{EndCause, SessionId};

/// What happened. A closed list; the names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A session was opened with a password.
    Login,
    /// A sign-in was refused.
    LoginFailed,
    /// Sign-ins are refused without a look at the password, because too many failed: told once in a window for each
    /// name at an address, each address, and each name.
    LoginThrottled,
    /// A session was opened without a password, by an operator or an embedding program.
    SessionOpened,
    /// A refresh token was rotated or used.
    Refreshed,
    /// The same successor was handed out once more.
    RefreshReplayed,
    /// A spent token came back within the grace from another client.
    ReplayOtherClient,
    /// A spent token was presented; its session was ended.
    ReuseDetected,
    /// A token named a generation that the store does not know yet: the store is older than its tokens.
    StoreRolledBack,
    /// A token was blacklisted by its holder.
    TokenBlacklisted,
    /// A token was revoked by an operator.
    TokenRevoked,
    /// A session that waited was enabled.
    SessionEnabled,
    /// One session was ended.
    SessionEnded,
    /// All sessions of an account were ended.
    SessionsEnded,
    /// An account was made.
    AccountCreated,
    /// An account's flags or names were changed.
    AccountChanged,
    /// An account's password was changed.
    PasswordChanged,
    /// An account was deactivated.
    AccountDeactivated,
    /// An account was activated.
    AccountActivated,
    /// An account was deleted.
    AccountDeleted,
    /// Accounts were taken over from another system.
    AccountsImported,
    /// Tokens were taken over from another system.
    TokensImported,
    /// A signing key was made.
    KeyGenerated,
    /// A signing key began to sign; the one before it signs no more.
    KeyPromoted,
    /// A signing key whose last token has expired verifies no more.
    KeyRetired,
    /// A signing key that is not to be trusted verifies no more.
    KeyRevoked,
    /// A service credential was made.
    ServiceCreated,
    /// A service credential was revoked.
    ServiceRevoked,
}

impl AuditKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::Login,
        Self::LoginFailed,
        Self::LoginThrottled,
        Self::SessionOpened,
        Self::Refreshed,
        Self::RefreshReplayed,
        Self::ReplayOtherClient,
        Self::ReuseDetected,
        Self::StoreRolledBack,
        Self::TokenBlacklisted,
        Self::TokenRevoked,
        Self::SessionEnabled,
        Self::SessionEnded,
        Self::SessionsEnded,
        Self::AccountCreated,
        Self::AccountChanged,
        Self::PasswordChanged,
        Self::AccountDeactivated,
        Self::AccountActivated,
        Self::AccountDeleted,
        Self::AccountsImported,
        Self::TokensImported,
        Self::KeyGenerated,
        Self::KeyPromoted,
        Self::KeyRetired,
        Self::KeyRevoked,
        Self::ServiceCreated,
        Self::ServiceRevoked,
    ];

    /// The stable name, as stored and exported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::LoginThrottled => "login_throttled",
            Self::SessionOpened => "session_opened",
            Self::Refreshed => "refreshed",
            Self::RefreshReplayed => "refresh_replayed",
            Self::ReplayOtherClient => "replay_other_client",
            Self::ReuseDetected => "reuse_detected",
            Self::StoreRolledBack => "store_rolled_back",
            Self::TokenBlacklisted => "token_blacklisted",
            Self::TokenRevoked => "token_revoked",
            Self::SessionEnabled => "session_enabled",
            Self::SessionEnded => "session_ended",
            Self::SessionsEnded => "sessions_ended",
            Self::AccountCreated => "account_created",
            Self::AccountChanged => "account_changed",
            Self::PasswordChanged => "password_changed",
            Self::AccountDeactivated => "account_deactivated",
            Self::AccountActivated => "account_activated",
            Self::AccountDeleted => "account_deleted",
            Self::AccountsImported => "accounts_imported",
            Self::TokensImported => "tokens_imported",
            Self::KeyGenerated => "key_generated",
            Self::KeyPromoted => "key_promoted",
            Self::KeyRetired => "key_retired",
            Self::KeyRevoked => "key_revoked",
            Self::ServiceCreated => "service_created",
            Self::ServiceRevoked => "service_revoked",
        }
    }

    /// What was answered: whether it was refused.
    ///
    /// It hangs on the kind alone, so that no row can contradict itself.
    pub const fn result(self) -> AuditResult {
        match self {
            Self::LoginFailed
            | Self::LoginThrottled
            | Self::ReplayOtherClient
            | Self::ReuseDetected
            | Self::StoreRolledBack => AuditResult::Refused,
            Self::Login
            | Self::SessionOpened
            | Self::Refreshed
            | Self::RefreshReplayed
            | Self::TokenBlacklisted
            | Self::TokenRevoked
            | Self::SessionEnabled
            | Self::SessionEnded
            | Self::SessionsEnded
            | Self::AccountCreated
            | Self::AccountChanged
            | Self::PasswordChanged
            | Self::AccountDeactivated
            | Self::AccountActivated
            | Self::AccountDeleted
            | Self::AccountsImported
            | Self::TokensImported
            | Self::KeyGenerated
            | Self::KeyPromoted
            | Self::KeyRetired
            | Self::KeyRevoked
            | Self::ServiceCreated
            | Self::ServiceRevoked => AuditResult::Accepted,
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditResult {
    /// What was asked for was done.
    Accepted,
    /// It was refused.
    Refused,
}

impl AuditResult {
    /// The stable name, as exported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Whoever sent the request: the holder of the token or the password.
    Client,
    /// Somebody at the command line.
    Operator,
    /// The program itself.
    System,
    /// A staff member or superuser, with a token.
    Account(AccountId),
    /// A program, with a service credential.
    Service(ServiceName),
}

impl Actor {
    /// The actor whom [`Display`](fmt::Display) writes so.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => match text {
                "client" => Some(Self::Client),
                "operator" => Some(Self::Operator),
                "system" => Some(Self::System),
                _ => None,
            },
            Some(("account", id)) => id.parse().ok().map(|id| Self::Account(AccountId::new(id))),
            Some(("service", name)) => ServiceName::parse(name).ok().map(Self::Service),
            Some(_) => None,
        }
    }
}

/// The stable name: `client`, `operator`, `system`, `account:7`, `service:billing`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => f.write_str("client"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One line of the audit log. It is written in the transaction of what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub kind: AuditKind,
    /// Who did it.
    pub actor: Actor,
    /// Whose account it concerns. A store fills in the number of an account that the same transaction makes.
    pub subject: Option<AccountId>,
    /// Which session it concerns.
    pub session: Option<SessionId>,
    /// The client's address, if a client asked.
    pub ip: Option<IpAddr>,
    /// Why a session ended, where one did.
    pub cause: Option<EndCause>,
    /// Which signing key it concerns.
    pub key: Option<KeyId>,
    /// Which service credential it concerns.
    pub service: Option<ServiceName>,
}

impl AuditEvent {
    /// An event without details yet.
    pub const fn new(at: UnixMillis, kind: AuditKind, actor: Actor) -> Self {
        Self {
            at,
            kind,
            actor,
            subject: None,
            session: None,
            ip: None,
            cause: None,
            key: None,
            service: None,
        }
    }

    /// Names the account that it concerns, if it concerns one.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Option<AccountId>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Names the session that it concerns.
    #[must_use]
    pub const fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Names the address it came from.
    #[must_use]
    pub const fn from_ip(mut self, ip: Option<IpAddr>) -> Self {
        self.ip = ip;
        self
    }

    /// Names the cause of a session's end.
    #[must_use]
    pub const fn because(mut self, cause: EndCause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Names the signing key that it concerns.
    #[must_use]
    pub fn of_key(mut self, key: KeyId) -> Self {
        self.key = Some(key);
        self
    }

    /// Names the service credential that it concerns.
    #[must_use]
    pub fn of_service(mut self, service: ServiceName) -> Self {
        self.service = Some(service);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str = include_str!("../../../docs/audit.md");

    #[test]
    fn the_catalogue_has_every_kind_with_its_result_in_order_and_no_other() {
        let (_, events) = CATALOGUE.split_once("## Events").unwrap();
        let (events, _) = events.split_once("\n## ").unwrap();
        let rows = events.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
            let (result, meaning) = rest.split_once(" | ")?;
            assert!(meaning.len() > 10, "{name} is explained");
            Some((name, result))
        });
        let kinds = AuditKind::ALL
            .iter()
            .map(|kind| (kind.name(), kind.result().name()));
        assert_eq!(rows.collect::<Vec<_>>(), kinds.collect::<Vec<_>>());
    }

    #[test]
    fn the_catalogue_has_every_cause_that_it_points_to() {
        let causes = include_str!("../../../docs/errors.md");
        for cause in EndCause::ALL {
            let row = format!("| `{}` | ", cause.name());
            assert!(causes.contains(&row), "{row}");
        }
    }

    #[test]
    fn every_kind_and_actor_reads_back_by_its_name() {
        for kind in AuditKind::ALL {
            assert_eq!(AuditKind::parse(kind.name()), Some(*kind));
        }
        for (actor, name) in [
            (Actor::Client, "client"),
            (Actor::Operator, "operator"),
            (Actor::System, "system"),
            (Actor::Account(AccountId::new(7)), "account:7"),
            (
                Actor::Service(ServiceName::parse("billing").unwrap()),
                "service:billing",
            ),
        ] {
            assert_eq!(actor.to_string(), name);
            assert_eq!(Actor::parse(name), Some(actor));
        }
        for name in [
            "",
            "Client",
            "account",
            "account:",
            "account:x",
            "service:",
            "service:a b",
        ] {
            assert_eq!(Actor::parse(name), None, "{name:?}");
        }
    }
}
