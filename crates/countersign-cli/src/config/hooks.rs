//! The services that are asked and told: where they are, and the secret that signs what they are sent.

use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Url;
use zeroize::Zeroizing;

use super::diagnostics::Problem;
use super::keys::{Audience, read_key_file, refuse_sample};
use super::kind::Secret;
use super::settings::Settings;

/// `[hooks]` in configuration files.
pub(crate) struct HookSettings {
    /// Who is told of sign-ins.
    pub(crate) login: Option<Url>,
    /// Who is asked for claims.
    pub(crate) claims: Option<Url>,
    /// What signs the messages to both. There is one if there is either of them.
    pub(crate) secret: Option<Secret>,
    /// How long an answer may take.
    pub(crate) timeout: Duration,
    /// What happens without claims.
    pub(crate) on_failure: OnFailure,
}

/// What happens if claims cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// Nothing is issued.
    Refuse,
    /// Tokens are issued without these claims.
    Continue,
}

impl OnFailure {
    /// The name in configuration files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Continue => "continue",
        }
    }
}

impl HookSettings {
    /// The address as it is shown; empty for none.
    pub(super) fn login_url(&self) -> String {
        self.login.as_ref().map(Url::to_string).unwrap_or_default()
    }

    /// The same of the other one.
    pub(super) fn claims_url(&self) -> String {
        self.claims.as_ref().map(Url::to_string).unwrap_or_default()
    }
}

/// Reads the section.
pub(super) fn resolve(settings: &Settings) -> Result<HookSettings, Problem> {
    let (login, claims) = (address(settings, LOGIN)?, address(settings, CLAIMS)?);
    let secret = match (&login, &claims) {
        (None, None) => None,
        (Some(_), _) => Some(secret(settings, LOGIN)?),
        (None, Some(_)) => Some(secret(settings, CLAIMS)?),
    };
    Ok(HookSettings {
        login,
        claims,
        secret,
        timeout: timeout(settings)?,
        on_failure: match settings.text("hooks.on_failure") {
            Some("continue") => OnFailure::Continue,
            _ => OnFailure::Refuse,
        },
    })
}

/// What these messages say is personal, and what is answered becomes claims: neither travels in the clear.
fn address(settings: &Settings, name: &str) -> Result<Option<Url>, Problem> {
    let text = settings.text(name).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let refused =
        |why: &str, help: &str| Err(settings.problem(name, format!("`{name}` {why}")).help(help));
    let Ok(url) = Url::parse(text) else {
        return refused("must be a complete URL", EXAMPLE);
    };
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        let help = "leave name, password and fragment out: the receiver knows us by the signature";
        return refused("must be an address and nothing else", help);
    }
    match url.scheme() {
        "https" => Ok(Some(url)),
        "http" if is_loopback(&url) => Ok(Some(url)),
        "http" => refused("must begin with https: it is not on this machine", EXAMPLE),
        _ => refused("must begin with https", EXAMPLE),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn secret(settings: &Settings, needed_by: &str) -> Result<Secret, Problem> {
    if settings.text(SECRET).unwrap_or_default().is_empty() {
        let message = format!("`{needed_by}` is set without `{SECRET}`");
        return Err(settings.problem(needed_by, message).help(ADVICE));
    }
    let text: Zeroizing<String> = read_key_file(settings, SECRET, Audience::OwnerOnly)?;
    if text.len() < LEAST_SECRET_BYTES {
        let message = format!("`{SECRET}`: a secret has {LEAST_SECRET_BYTES} bytes or more");
        return Err(settings.problem(SECRET, message).help(ADVICE));
    }
    refuse_sample(settings, SECRET, &text, ADVICE)?;
    Ok(Secret::new(text.to_string()))
}

fn timeout(settings: &Settings) -> Result<Duration, Problem> {
    const NAME: &str = "hooks.timeout";
    let timeout = settings.duration(NAME).unwrap_or(USUAL_TIMEOUT);
    if TIMEOUTS.contains(&timeout) {
        return Ok(timeout);
    }
    let message = format!("`{NAME}` must be from 1 millisecond to 10 seconds");
    Err(settings
        .problem(NAME, message)
        .help("leave it out for the default, `timeout = \"500ms\"`"))
}

const LOGIN: &str = "hooks.login_url";
const CLAIMS: &str = "hooks.claims_url";
const SECRET: &str = "hooks.secret_file";

const EXAMPLE: &str =
    "such as `https://accounts.example/countersign`, or `http://127.0.0.1:9000/` on this machine";
const ADVICE: &str = "make one with `(umask 077; openssl rand -base64 48 > hook.secret)`, give the receiver a copy, \
    and name the file in `hooks.secret_file`";

/// As long as the digest of the signature (RFC 2104 §3).
const LEAST_SECRET_BYTES: usize = 32;

const USUAL_TIMEOUT: Duration = Duration::from_millis(500);

/// Requests as a whole are cut off after a minute.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(10);
