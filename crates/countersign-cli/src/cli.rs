//! The command line: what can be said, and what `--help` teaches.

mod audit;
mod django;
mod session;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use countersign::service::{ServiceName, ServiceScope};
use countersign_token::{ClaimsSet, KeyId};

use crate::config::duration;

pub(crate) use self::audit::{AuditCommand, ExportAudit, TailAudit};
pub(crate) use self::django::{ExportCommand, ExportDjango, ImportCommand, ImportDjango};
pub(crate) use self::session::{EndAllSessions, ListSessions, SessionCommand};

/// Issues, refreshes, verifies and revokes tokens.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about = "A token authority: issues, refreshes, verifies and revokes JSON Web Tokens.",
    after_help = "First steps:\n  \
        countersign dev                        try it out: a server, a store and an administrator\n  \
        countersign init                       write countersign.toml and a master key\n  \
        countersign migrate                    make the store and its first keys\n  \
        countersign serve                      run the server\n\n\
        Settings come from --config FILE (./countersign.toml if there is one) and from the environment:\n\
        COUNTERSIGN__JWT__LEEWAY is `leeway` in the section `[jwt]`, and beats the file.\n\n\
        Exit codes: 0 done, 1 it failed, 2 the command line or the configuration is wrong.",
    disable_help_subcommand = true,
    max_term_width = WIDTH
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Configuration file [default: ./countersign.toml if there is one]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// How to print results
    #[arg(short, long, value_enum, value_name = "FORM", global = true, default_value_t = Form::Table)]
    output: Form,
    /// Same as `--output json`
    #[arg(long, global = true)]
    json: bool,
    /// What to log to stderr, such as `info` or `countersign=debug` [default: `$RUST_LOG`, else `info` for servers]
    #[arg(long, value_name = "FILTER", global = true)]
    pub(crate) log: Option<String>,
}

impl Common {
    /// How results are printed.
    pub(crate) const fn form(&self) -> Form {
        if self.json { Form::Json } else { self.output }
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// Everything that can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it out: make ./countersign-dev/ with a store, keys and an administrator, and serve it on loopback
    #[command(
        after_help = "Needs no configuration and reads none, neither file nor environment. Delete the folder to\n\
        start over.\n\n\
        Example:\n  countersign dev --bind 127.0.0.1:9000"
    )]
    Dev(DevArgs),
    /// Run the server
    #[command(
        after_help = "Stops on SIGTERM or SIGINT: requests in progress are finished within 10 seconds.\n\
        Reads the configuration again on SIGHUP, and logs which settings are in force now and which\n\
        need a restart.\n\n\
        Example:\n  countersign serve --config /etc/countersign/countersign.toml"
    )]
    Serve,
    /// Write a commented countersign.toml and a master key
    #[command(
        after_help = "Overwrites nothing. Writes ./countersign.toml unless --config names another file.\n\n\
        Example:\n  countersign init --preset simplejwt"
    )]
    Init(InitArgs),
    /// Make the store, or bring it to this version; an empty store gets its first keys
    #[command(
        after_help = "May run again at any time. Makes the master key file if the store is empty and there is none.\n\n\
        Example:\n  countersign migrate --config countersign.toml"
    )]
    Migrate,
    /// Make, show and change users
    #[command(subcommand)]
    User(UserCommand),
    /// List, show, end and explain sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Issue, explain, list and revoke tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make, list, promote, retire and revoke signing keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Take over users and tokens from another system
    #[command(subcommand)]
    Import(ImportCommand),
    /// Give users and dead tokens back to another system
    #[command(subcommand)]
    Export(ExportCommand),
    /// Make, list and revoke the credentials of programs that use the server's own endpoints
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Show and export the audit log: what happened, to whom, with which result
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `countersign dev`
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Loopback address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub(crate) bind: SocketAddr,
}

/// `countersign init`
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Whose defaults to start from: `modern` or `simplejwt`
    #[arg(long, value_name = "NAME", default_value = "modern")]
    pub(crate) preset: String,
}

/// `countersign user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user
    #[command(
        after_help = "Prints `id=7 username=ann`, or the whole user with --json.\n\n\
        Examples:\n  countersign user create --username ann --email ann@example.org\n  \
        pass show ann | countersign user create --username ann --staff --password-stdin"
    )]
    Create(CreateUser),
    /// List all users
    #[command(after_help = "Example:\n  countersign user list -o json")]
    List,
    /// Show one user
    #[command(after_help = "Example:\n  countersign user show --username ann --json")]
    Show(Username),
    /// Change a user: the address, staff and superuser rights, the role, and what else is kept
    #[command(
        override_usage = "countersign user set [OPTIONS] --username <NAME> <WHAT TO CHANGE>...",
        after_help = "What is not named stays as it is. Another address counts as not verified.\n\n\
        Examples:\n  countersign user set --username ann --staff --role 10\n  \
        countersign user set --username ann --attributes '{\"team\":\"red\"}' --password-needs-reset"
    )]
    Set(SetUser),
    /// Set a new password; what becomes of the user's sessions is for the preset to say
    #[command(
        after_help = "The new password is asked for, or read from the first line of stdin.\n\n\
        Example:\n  countersign user set-password --username ann"
    )]
    SetPassword(SetPassword),
    /// Let a user choose a new password before anything else
    #[command(after_help = "Example:\n  countersign user require-reset --username ann")]
    RequireReset(Username),
    /// Let a user sign in again; revives no tokens
    #[command(after_help = "Example:\n  countersign user activate --username ann")]
    Activate(Username),
    /// Keep a user from signing in; in force in running servers when the command returns
    #[command(after_help = "Example:\n  countersign user deactivate --username ann")]
    Deactivate(Username),
    /// Delete a user; the id never comes back
    #[command(after_help = "Example:\n  countersign user delete --username ann")]
    Delete(Username),
    /// List a user's sessions; the same as `session list`
    #[command(after_help = "Example:\n  countersign user sessions --username ann")]
    Sessions(ListSessions),
}

/// A user, by name.
#[derive(Debug, Args)]
pub(crate) struct Username {
    /// Login name
    #[arg(long, value_name = "NAME")]
    pub(crate) username: String,
}

/// `countersign user create`
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct CreateUser {
    /// Login name
    #[arg(long, value_name = "NAME")]
    pub(crate) username: String,
    /// E-mail address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    pub(crate) email: String,
    /// May read the token lists and administer users without privileges
    #[arg(long)]
    pub(crate) staff: bool,
    /// May do everything
    #[arg(long)]
    pub(crate) superuser: bool,
    /// Cannot sign in until activated
    #[arg(long)]
    pub(crate) inactive: bool,
    /// Is marked as having to choose a new password; nothing demands it yet
    #[arg(long)]
    pub(crate) password_needs_reset: bool,
    /// Role code; 0 for none
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) role: i64,
    /// What else to keep of the user: a JSON object, for claims
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = attributes)]
    pub(crate) attributes: ClaimsSet,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

/// `countersign user set-password`
#[derive(Debug, Args)]
pub(crate) struct SetPassword {
    #[command(flatten)]
    pub(crate) user: Username,
    #[command(flatten)]
    pub(crate) password: PasswordSource,
}

/// Where a password comes from: never from the command line.
#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of stdin instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `countersign user set`
#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true, args = [
    "email", "staff", "no_staff", "superuser", "no_superuser", "role", "password_needs_reset", "no_password_needs_reset",
    "attributes",
])]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct SetUser {
    #[command(flatten)]
    pub(crate) user: Username,
    /// E-mail address; empty for none
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Grant staff rights
    #[arg(long, conflicts_with = "no_staff")]
    staff: bool,
    /// Take staff rights away
    #[arg(long)]
    no_staff: bool,
    /// Grant superuser rights
    #[arg(long, conflicts_with = "no_superuser")]
    superuser: bool,
    /// Take superuser rights away
    #[arg(long)]
    no_superuser: bool,
    /// Role code; 0 for none
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) role: Option<i64>,
    /// Is marked as having to choose a new password; nothing demands it yet
    #[arg(long, conflicts_with = "no_password_needs_reset")]
    password_needs_reset: bool,
    /// Need not choose a new password
    #[arg(long)]
    no_password_needs_reset: bool,
    /// What else to keep of the user, instead of what is kept: a JSON object
    #[arg(long, value_name = "JSON", value_parser = attributes)]
    pub(crate) attributes: Option<ClaimsSet>,
}

impl SetUser {
    /// What is to become of the staff flag, if anything.
    pub(crate) const fn staff(&self) -> Option<bool> {
        wanted(self.staff, self.no_staff)
    }

    /// What is to become of the superuser flag, if anything.
    pub(crate) const fn superuser(&self) -> Option<bool> {
        wanted(self.superuser, self.no_superuser)
    }

    /// Whether a new password must be chosen from now on, if that changes.
    pub(crate) const fn password_needs_reset(&self) -> Option<bool> {
        wanted(self.password_needs_reset, self.no_password_needs_reset)
    }
}

fn token_lifetime(text: &str) -> Result<Duration, String> {
    let too_short = "a life of 1 second or more is needed";
    match duration::parse(text) {
        Some(lifetime) if lifetime >= Duration::from_secs(1) => Ok(lifetime),
        Some(_) => Err(too_short.to_owned()),
        None if text.starts_with('-') => Err(too_short.to_owned()),
        None => Err(format!("{} is expected", duration::EXPECTED)),
    }
}

fn attributes(text: &str) -> Result<ClaimsSet, String> {
    ClaimsSet::parse(text).map_err(|_| "a JSON object is expected".to_owned())
}

const fn wanted(granted: bool, taken: bool) -> Option<bool> {
    match (granted, taken) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// `countersign token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Open a session for a user who may sign in, and print its tokens; or issue one token of any kind, with any data
    #[command(
        after_help = "With --kind: access, refresh, websocket, or one of `jwt.custom_kinds`. The token has a session\n\
        of its own and is revoked like any other; without --username it is nobody's.\n\n\
        Examples:\n  countersign token issue --username ann --json\n  \
        countersign token issue --kind download --data '{\"file\": \"report.pdf\"}' --lifetime 10m\n  \
        countersign token issue --kind refresh --data @roles.json --username ann"
    )]
    Issue(IssueToken),
    /// Say everything about a token: what is in it, whether it is valid, and why not
    #[command(
        after_help = "The token is asked for, or read from the first line of stdin; it is never an argument.\n\n\
        Example:\n  countersign token explain < token.txt"
    )]
    Explain,
    /// Revoke a token and, for a refresh token, its session; in force in running servers when the command returns
    #[command(
        after_help = "The token is asked for, or read from the first line of stdin; its id alone will do, too.\n\n\
        Examples:\n  countersign token revoke < token.txt\n  \
        countersign token revoke --jti 0123456789abcdef0123456789abcdef"
    )]
    Revoke(RevokeToken),
    /// List refresh and sliding tokens: those that are outstanding, or those of them that are blacklisted
    #[command(
        after_help = "The current token of each session, ended or not; those that were rotated out, where\n\
        `blacklist.history` is on; and those that were minted elsewhere and are known here. Newest\n\
        sessions first.\n\n\
        Examples:\n  countersign token list --user ann\n  countersign token list --blacklisted --limit 500 -o json\n  \
        countersign token list --jti 0123456789abcdef0123456789abcdef"
    )]
    List(ListTokens),
    /// Remove what has expired from the store
    #[command(
        after_help = "May run at any time beside a server, in small batches; a server does the same by itself.\n\
        Goes no further than a day past the last purge, because a clock that jumped ahead would\n\
        remove live sessions; --yes goes on.\n\n\
        Examples:\n  countersign token flush-expired --dry-run\n  countersign token flush-expired"
    )]
    FlushExpired(FlushExpired),
}

/// `countersign token issue`
#[derive(Debug, Args)]
pub(crate) struct IssueToken {
    /// Whose it is
    #[arg(long, value_name = "NAME", required_unless_present = "kind")]
    pub(crate) username: Option<String>,
    /// Issue one token of this kind
    #[arg(long, conflicts_with = "allow_inactive")]
    pub(crate) kind: Option<String>,
    /// What it says: a JSON object, or @FILE with one
    #[arg(long, value_name = "JSON|@FILE", requires = "kind")]
    pub(crate) data: Option<String>,
    /// How long it lives, instead of what the settings say
    #[arg(long, value_name = "DURATION", requires = "kind", value_parser = token_lifetime, allow_hyphen_values = true)]
    pub(crate) lifetime: Option<Duration>,
    /// Issue also if the user is inactive, or may not sign in for another reason
    #[arg(long)]
    pub(crate) allow_inactive: bool,
}

/// `countersign token revoke`
#[derive(Debug, Args)]
pub(crate) struct RevokeToken {
    /// Name the token by its id instead of reading it
    #[arg(long, value_name = "ID")]
    pub(crate) jti: Option<String>,
}

/// `countersign token list`
#[derive(Debug, Args)]
pub(crate) struct ListTokens {
    /// Only those that are blacklisted
    #[arg(long)]
    pub(crate) blacklisted: bool,
    /// Only those of this user: a name, or an id
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) user: Option<String>,
    /// Only the one with this id
    #[arg(long, value_name = "ID")]
    pub(crate) jti: Option<String>,
    /// How many, at most 500
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
    /// Go on behind the page that ended with this
    #[arg(long, value_name = "NEXT", conflicts_with = "jti")]
    pub(crate) after: Option<String>,
}

/// `countersign token flush-expired`
#[derive(Debug, Args)]
pub(crate) struct FlushExpired {
    /// Only count what it would remove
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Go on up to now, however long ago the last purge was: the clock is right
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `countersign keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a signing key that running servers publish at once and that does not sign yet
    #[command(
        after_help = "A key goes from standby to active, retiring and retired; `promote` and `retire` take it there.\n\n\
        Example:\n  countersign keys generate --algorithm EdDSA"
    )]
    Generate(GenerateKey),
    /// List the signing keys: their state, since when, and until when their tokens are in force
    #[command(after_help = "Example:\n  countersign keys list")]
    List,
    /// Make a standby key sign; the one before verifies on. In force in running servers when the command returns
    #[command(
        after_help = "Asks first if the key is younger than 5 minutes: others may have an older copy of the key set.\n\n\
        Example:\n  countersign keys promote wd5pcHJGbLmNOOvUDXUr4ZQ4VnBlJ4bZw0OqzQ3lMZk"
    )]
    Promote(PromoteKey),
    /// End the life of a key whose last token has expired: it verifies no more, and its secret is dropped
    #[command(
        after_help = "Refused before that; `keys list` shows until when a key is needed. Asks, for nothing brings\n\
        a secret back that a clock running ahead has dropped.\n\n\
        Example:\n  countersign keys retire wd5pcHJGbLmNOOvUDXUr4ZQ4VnBlJ4bZw0OqzQ3lMZk --yes"
    )]
    Retire(RetireKey),
    /// Revoke a stolen key: what it signed is refused in running servers when the command returns
    #[command(
        after_help = "Says first how many live sessions lose their tokens, and asks. A standby key takes the place of\n\
        the one that signs. Services elsewhere that keep a copy of the JWK Set accept the key until\n\
        they fetch it again: five minutes, if they go by its max-age.\n\n\
        Example:\n  countersign keys revoke wd5pcHJGbLmNOOvUDXUr4ZQ4VnBlJ4bZw0OqzQ3lMZk --yes"
    )]
    Revoke(RevokeKey),
}

/// A signing key, by name.
#[derive(Debug, Args)]
pub(crate) struct NamedKey {
    /// The key's id, as `keys list` shows it
    #[arg(value_name = "KID", value_parser = KeyId::parse, allow_hyphen_values = true)]
    pub(crate) kid: KeyId,
}

/// `countersign keys promote`
#[derive(Debug, Args)]
pub(crate) struct PromoteKey {
    #[command(flatten)]
    pub(crate) key: NamedKey,
    /// Go on without being asked although the key is younger than 5 minutes
    #[arg(long)]
    pub(crate) now: bool,
}

/// `countersign keys retire`
#[derive(Debug, Args)]
pub(crate) struct RetireKey {
    #[command(flatten)]
    pub(crate) key: NamedKey,
    /// Go on without being asked
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `countersign keys revoke`
#[derive(Debug, Args)]
pub(crate) struct RevokeKey {
    #[command(flatten)]
    pub(crate) key: NamedKey,
    /// Go on without being asked
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `countersign keys generate`
#[derive(Debug, Args)]
pub(crate) struct GenerateKey {
    /// Its algorithm, such as `ES256` or `EdDSA` [default: the configured one]
    #[arg(long, value_name = "NAME")]
    pub(crate) algorithm: Option<String>,
}

/// `countersign service …`
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Make a credential and show its secret, once
    #[command(
        after_help = "The secret is the last line of what is printed, or `secret` with --json; only its digest is kept.\n\
        A program shows it as `Authorization: Bearer cs_…`.\n\n\
        Scopes:\n  \
        users       make, change and delete users, administrators included\n  \
        introspect  ask whether a token is live (its endpoint is not built yet)\n  \
        revoke      revoke tokens (the same)\n  \
        feed        follow the revocations (the same)\n  \
        issue       issue tokens of any kind for anybody (the same)\n\n\
        Examples:\n  countersign service create --name signup --scope users --expires 90d\n  \
        countersign service create --name hr --scope users | tail -n 1 > hr.secret"
    )]
    Create(CreateService),
    /// List all credentials: their scopes, and until when they are good
    #[command(after_help = "Example:\n  countersign service list -o json")]
    List,
    /// Revoke a credential; in force in running servers when the command returns
    #[command(after_help = "Example:\n  countersign service revoke --name signup")]
    Revoke(NamedService),
}

/// A service credential, by name.
#[derive(Debug, Args)]
pub(crate) struct NamedService {
    /// What it is called: letters, digits, dots, hyphens and underscores
    #[arg(long, value_name = "NAME", value_parser = ServiceName::parse)]
    pub(crate) name: ServiceName,
}

/// `countersign service create`
#[derive(Debug, Args)]
pub(crate) struct CreateService {
    #[command(flatten)]
    pub(crate) service: NamedService,
    /// What it is good for; more than one may be named
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope())]
    pub(crate) scopes: Vec<ServiceScope>,
    /// For how long it is good, such as `90d` [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    pub(crate) expires: Option<Duration>,
}

fn scope() -> impl TypedValueParser<Value = ServiceScope> {
    PossibleValuesParser::new(ServiceScope::ALL.map(ServiceScope::name))
        .try_map(|name| ServiceScope::parse(&name).ok_or("there is no such scope"))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| format!("expected {}", duration::EXPECTED))
}

/// `countersign config …`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration and exit
    #[command(after_help = "Example:\n  countersign config check --config countersign.toml")]
    Check,
    /// Show every setting in effect, with where it comes from
    #[command(
        after_help = "Secrets are shown as ****.\n\nExample:\n  countersign config show -o json"
    )]
    Show,
}

/// How wide a line of `--help` may be, in columns.
const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_by_example() {
        fn walk(command: &clap::Command, path: &str, missing: &mut Vec<String>) {
            for sub in command.get_subcommands() {
                let path = format!("{path} {}", sub.get_name());
                let taught = sub
                    .get_after_help()
                    .is_some_and(|help| help.to_string().contains("Example"));
                if !taught && !sub.has_subcommands() && sub.get_name() != "help" {
                    missing.push(path.clone());
                }
                walk(sub, &path, missing);
            }
        }
        let mut missing = Vec::new();
        walk(&Cli::command(), "countersign", &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    /// Texts are broken by hand where lines mean something, and a terminal that breaks them again garbles them.
    #[test]
    fn no_line_of_help_is_wider_than_100_columns() {
        fn walk(command: &mut clap::Command, path: &str, wide: &mut Vec<String>) {
            let by_hand = command.get_after_help().map(ToString::to_string);
            let texts = [
                command.render_help().to_string(),
                command.render_long_help().to_string(),
                by_hand.unwrap_or_default(),
            ];
            for line in texts.iter().flat_map(|text| text.lines()) {
                if line.chars().count() > WIDTH {
                    wide.push(format!("{path}: {line}"));
                }
            }
            for sub in command.get_subcommands_mut() {
                let path = format!("{path} {}", sub.get_name());
                walk(sub, &path, wide);
            }
        }
        let mut wide = Vec::new();
        let mut command = Cli::command();
        command.build();
        walk(&mut command, "countersign", &mut wide);
        assert_eq!(wide, Vec::<String>::new());
    }
}
