//! The configuration: one TOML file and the environment, read once, refused as a whole if anything is wrong.

pub(crate) mod diagnostics;
pub(crate) mod duration;
pub(crate) mod environment;
mod file;
mod hooks;
mod issuer;
mod keys;
mod kind;
mod policy;
pub(crate) mod schema;
mod settings;
mod show;
mod store_url;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use annotate_snippets::{Level, Renderer};
use countersign::Policy;
use countersign::clock::{Clock as _, SystemClock};
use countersign::keys::SigningKeySource;
use countersign::language::Language;
use countersign::password::Argon2Cost;
use countersign::policy::{
    ClaimsAtRefresh, ForeignTokenPolicy, KeyIdInHeader, LoginName, PasswordScheme, SessionCheck,
    WireBodies,
};
use countersign::rotation::{ReuseDetection, RotatedOut, RotationMode};
use countersign_axum::{AllauthPrefix, TrustedProxies, UnfitPrefix, UnfitProxy};
use countersign_token::remote::KeySetUrl;

pub(crate) use self::diagnostics::ConfigError;
use self::diagnostics::{Place, Problem, ShownSource};
pub(crate) use self::environment::Environment;
use self::file::ConfigFile;
pub(crate) use self::file::is_readable_by_others;
pub(crate) use self::hooks::{HookSettings, OnFailure};
pub(crate) use self::kind::Secret;
use self::settings::Settings;
pub(crate) use self::store_url::{StoreUrl, sqlite_path};

/// Everything that was configured, in force.
pub(crate) struct Config {
    /// What decides about tokens.
    pub(crate) policy: Policy,
    /// Where the server listens.
    pub(crate) bind: SocketAddr,
    /// How the world reaches it, if that is another address.
    pub(crate) public_url: Option<String>,
    /// The proxies in front of it whose word counts.
    pub(crate) trusted_proxies: TrustedProxies,
    given_proxies: Vec<String>,
    /// Where jwt-allauth's endpoints are, if they are anywhere.
    pub(crate) allauth_prefix: Option<AllauthPrefix>,
    /// Where everything is kept.
    pub(crate) store: StoreUrl,
    /// The key that wraps the keys in the store.
    pub(crate) master_key_file: PathBuf,
    /// Where the signing key comes from.
    pub(crate) signing_key: SigningKeySource,
    /// Where another issuer publishes its keys, if its tokens are to be accepted.
    pub(crate) jwk_url: Option<KeySetUrl>,
    /// Who is asked, and told.
    pub(crate) hooks: HookSettings,
    blacklist_after_rotation: bool,
    warnings: Vec<Problem>,
    places: BTreeMap<&'static str, Place>,
    texts: BTreeMap<&'static str, String>,
    shown: Option<ShownSource>,
}

/// Where a value in effect comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration file.
    File,
    /// The environment.
    Environment,
}

impl Origin {
    /// The origin's name in listings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Environment => "env",
        }
    }
}

impl Config {
    /// The file that is read when none is named.
    pub(crate) const DEFAULT_FILE: &str = "countersign.toml";

    /// Reads a configuration. Without a file, the defaults and the environment stand alone.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong at the first stage that finds anything.
    pub(crate) fn load(
        path: Option<&Path>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let file = path.map(ConfigFile::read).transpose()?;
        let settings = Settings::read(file.as_ref(), environment)?;
        match Parts::resolve(&settings) {
            Ok(parts) => Ok(parts.into_config(settings)),
            Err(problem) => Err(settings.error(vec![problem])),
        }
    }

    /// What works, but hardly as it was meant.
    pub(crate) fn render_warnings(&self, renderer: &Renderer) -> Option<String> {
        let text = || {
            diagnostics::render(
                &self.warnings,
                self.shown.as_ref(),
                &Level::WARNING,
                renderer,
            )
        };
        (!self.warnings.is_empty()).then(text)
    }

    /// Where a setting was given; `None` if a default holds.
    pub(crate) fn origin(&self, name: &str) -> Option<Origin> {
        match self.places.get(name)? {
            Place::Environment(_) => Some(Origin::Environment),
            Place::File(_) | Place::FileUnseen(_) => Some(Origin::File),
            Place::Nowhere => None,
        }
    }

    /// Whether the configuration names the signing key itself.
    pub(crate) const fn names_signing_key(&self) -> bool {
        matches!(self.signing_key, SigningKeySource::Configured(_))
    }

    fn given_text(&self, name: &str) -> Option<String> {
        self.texts.get(name).map(|text| show::text(text))
    }

    /// As they were written.
    fn given_proxies(&self) -> &[String] {
        &self.given_proxies
    }

    fn rotates(&self) -> bool {
        self.policy.rotation.mode != RotationMode::Off
    }

    fn detects_reuse(&self) -> bool {
        self.policy.rotation.reuse_detection == ReuseDetection::On
    }

    fn keeps_history(&self) -> bool {
        self.policy.rotated_out() == RotatedOut::Recorded
    }

    fn hashes_cheaply(&self) -> bool {
        self.policy.passwords.cost == Argon2Cost::DANGER_CHEAP
    }

    fn checks_sessions(&self) -> bool {
        self.policy.sessions.check == SessionCheck::On
    }

    fn token_classes(&self) -> Vec<&'static str> {
        let classes = self.policy.tokens.resource_classes.iter();
        classes.map(|class| class.name()).collect()
    }

    const fn login(&self) -> &'static str {
        match self.policy.accounts.login {
            LoginName::Username => "username",
            LoginName::Email => "email",
        }
    }

    fn languages(&self) -> String {
        let languages = &self.policy.wire.languages;
        if *languages == Language::ALL {
            return show::text("*");
        }
        let tags: Vec<_> = languages.iter().map(|language| language.tag()).collect();
        show::texts(&tags)
    }

    fn account_claims(&self) -> impl Iterator<Item = (String, String)> {
        let claims = self.policy.claims.from_account.iter();
        claims.map(|claim| (claim.name.clone(), claim.field.name()))
    }

    const fn claims_at_refresh(&self) -> &'static str {
        match self.policy.claims.at_refresh {
            ClaimsAtRefresh::Renewed => "renewed",
            ClaimsAtRefresh::CarriedOver => "carried",
        }
    }

    fn sign_in_requirements(&self) -> Vec<&'static str> {
        let required = &self.policy.accounts.sign_in;
        let words = [
            ("staff", required.staff),
            ("superuser", required.superuser),
            ("email_verified", required.email_verified),
        ];
        words
            .into_iter()
            .filter_map(|(word, on)| on.then_some(word))
            .collect()
    }

    const fn foreign(&self) -> &'static str {
        match self.policy.foreign {
            ForeignTokenPolicy::Off => "off",
            ForeignTokenPolicy::Recorded => "recorded",
            ForeignTokenPolicy::Signed => "signed",
        }
    }

    /// As it was written; a date stays a date.
    fn foreign_until(&self) -> String {
        self.given_text("foreign.until")
            .unwrap_or_else(|| show::text(""))
    }

    const fn password_scheme(&self) -> &'static str {
        match self.policy.passwords.write {
            PasswordScheme::Argon2id => "argon2id",
            PasswordScheme::Django => "django",
        }
    }

    const fn key_id(&self) -> &'static str {
        match self.policy.tokens.key_id {
            KeyIdInHeader::Always => "always",
            KeyIdInHeader::WhenSeveral => "auto",
            KeyIdInHeader::Never => "never",
        }
    }

    const fn bodies(&self) -> &'static str {
        match self.policy.wire.bodies {
            WireBodies::Drf => "drf",
            WireBodies::Strict => "strict",
        }
    }
}

/// What is made of the settings, before their places are kept.
struct Parts {
    resolved: policy::Resolved,
    bind: SocketAddr,
    public_url: Option<String>,
    trusted_proxies: TrustedProxies,
    allauth_prefix: Option<AllauthPrefix>,
    store: StoreUrl,
    master_key_file: PathBuf,
    signing_key: SigningKeySource,
    jwk_url: Option<KeySetUrl>,
    hooks: HookSettings,
}

impl Parts {
    fn resolve(settings: &Settings) -> Result<Self, Problem> {
        let mut resolved = policy::resolve(settings, SystemClock::default().now())?;
        let (jwk_url, oddities) = issuer::jwk_url(settings, &resolved.policy)?;
        resolved.warnings.extend(oddities);
        let algorithm = resolved.policy.tokens.algorithm;
        resolved.warnings.extend(keys::warning(settings)?);
        let signing_key = keys::signing_key(settings, algorithm)?.map_or(
            SigningKeySource::Stored(algorithm),
            SigningKeySource::Configured,
        );
        Ok(Self {
            bind: bind(settings)?,
            public_url: public_url(settings)?,
            trusted_proxies: trusted_proxies(settings)?,
            allauth_prefix: allauth_prefix(settings)?,
            store: store(settings)?,
            master_key_file: master_key_file(settings)?,
            signing_key,
            jwk_url,
            hooks: hooks::resolve(settings)?,
            resolved,
        })
    }

    fn into_config(self, settings: Settings) -> Config {
        let texts = PLAIN_TEXTS
            .into_iter()
            .filter_map(|name| Some((name, settings.text(name)?.to_owned())));
        let texts = texts.collect();
        let given_proxies = settings.texts(PROXIES).unwrap_or_default().to_vec();
        let (places, shown) = settings.into_places();
        Config {
            policy: self.resolved.policy,
            bind: self.bind,
            public_url: self.public_url,
            trusted_proxies: self.trusted_proxies,
            given_proxies,
            allauth_prefix: self.allauth_prefix,
            store: self.store,
            master_key_file: self.master_key_file,
            signing_key: self.signing_key,
            jwk_url: self.jwk_url,
            hooks: self.hooks,
            blacklist_after_rotation: self.resolved.blacklist_after_rotation,
            warnings: self.resolved.warnings,
            places,
            texts,
            shown,
        }
    }
}

fn bind(settings: &Settings) -> Result<SocketAddr, Problem> {
    let text = settings.text("server.bind").unwrap_or("127.0.0.1:8000");
    text.parse().map_err(|_| {
        settings
            .problem("server.bind", "`server.bind` must be an address and a port")
            .help("such as `127.0.0.1:8000`, `0.0.0.0:8000` or `[::1]:8000`")
    })
}

fn public_url(settings: &Settings) -> Result<Option<String>, Problem> {
    let text = settings.text("server.public_url").unwrap_or_default();
    let complete = text.starts_with("https://") || text.starts_with("http://");
    if text.is_empty() {
        return Ok(None);
    }
    if complete && !text.contains(char::is_whitespace) {
        return Ok(Some(text.trim_end_matches('/').to_owned()));
    }
    Err(settings
        .problem(
            "server.public_url",
            "`server.public_url` must be a complete URL",
        )
        .help("such as `https://id.example`"))
}

fn trusted_proxies(settings: &Settings) -> Result<TrustedProxies, Problem> {
    let entries = settings.texts(PROXIES).unwrap_or_default();
    TrustedProxies::parse(entries.iter().map(String::as_str)).map_err(|unfit| {
        let help = match unfit {
            UnfitProxy::Everybody(_) => {
                "name the proxies alone: everybody else could choose an address"
            }
            _ => "such as [\"10.0.0.5\", \"192.168.0.0/16\", \"2001:db8::/48\"]; names are not looked up",
        };
        settings
            .problem(PROXIES, format!("`{PROXIES}`: {unfit}"))
            .help(help)
    })
}

fn allauth_prefix(settings: &Settings) -> Result<Option<AllauthPrefix>, Problem> {
    let text = settings.text("server.allauth_prefix").unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    AllauthPrefix::parse(text).map(Some).map_err(|unfit| {
        let help = match unfit {
            UnfitPrefix::Taken(_) => "choose a path beside it, such as `/auth` or `/api/auth`",
            _ => "such as `/auth`, or \"\" to leave these endpoints out",
        };
        settings
            .problem(
                "server.allauth_prefix",
                format!("`server.allauth_prefix`: {unfit}"),
            )
            .help(help)
    })
}

fn store(settings: &Settings) -> Result<StoreUrl, Problem> {
    let text = settings.text("store.url").unwrap_or(StoreUrl::DEFAULT);
    StoreUrl::parse(text, settings)
        .map_err(|(message, help)| settings.problem("store.url", message).help(help))
}

fn master_key_file(settings: &Settings) -> Result<PathBuf, Problem> {
    let text = settings
        .text("keys.master_key_file")
        .unwrap_or("master.key");
    if text.trim().is_empty() {
        return Err(settings
            .problem(
                "keys.master_key_file",
                "`keys.master_key_file` must name a file",
            )
            .help("such as `master.key`, or leave it out: that is the default"));
    }
    Ok(settings.resolve(text))
}

const PROXIES: &str = "server.trusted_proxies";

/// Settings that are shown as they were written.
const PLAIN_TEXTS: [&str; 5] = [
    "foreign.until",
    "hooks.secret_file",
    "jwt.signing_key_file",
    "jwt.verifying_key",
    "jwt.verifying_key_file",
];

#[cfg(test)]
mod effects;
#[cfg(test)]
mod tests;
