//! Every setting there is, one row each: its name, what it may be, what it means, and what it is in effect.
//!
//! The table drives everything else: which names are known, which variables name them, what `config show` and
//! the file that `init` writes say. A setting whose feature is not built yet is accepted only with the value
//! that means *off*.

use countersign_token::remote::KeySetUrl;

use super::kind::{Kind, Value};
use super::{Config, show};

/// One setting.
pub(crate) struct Setting {
    /// Section and key, such as `jwt.leeway`; `preset` alone has no section.
    pub(crate) name: &'static str,
    /// What its value may be.
    pub(crate) kind: Kind,
    /// How far it is built.
    pub(crate) state: State,
    /// What it means, in one line.
    pub(crate) about: &'static str,
}

/// How far a setting is built.
pub(crate) enum State {
    /// It works; what it is in effect, as TOML. `None`: it is not set and has no default.
    Built(fn(&Config) -> Option<String>),
    /// Its feature is not built yet, and only this value is accepted.
    OnlyOff(Off),
    /// It belongs to a feature that is not built yet, and says nothing while that is off. Its default, as TOML.
    Idle(&'static str),
}

/// The value that means *off*.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Off {
    /// A text.
    Text(&'static str),
    /// A switch.
    Switch(bool),
    /// Seconds.
    Seconds(u64),
}

impl Off {
    /// Whether a value says the same.
    pub(crate) fn is(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(off), Value::Text(text)) => off == text,
            (Self::Switch(off), Value::Switch(on)) => off == *on,
            (Self::Seconds(off), Value::Duration(duration)) => {
                duration.as_millis() == u128::from(off) * 1000
            }
            _ => false,
        }
    }

    /// The value as TOML.
    pub(crate) fn show(self) -> String {
        match self {
            Self::Text(text) => show::text(text),
            Self::Switch(on) => on.to_string(),
            Self::Seconds(seconds) => show::duration(std::time::Duration::from_secs(seconds)),
        }
    }
}

impl Setting {
    /// The part of the name before the dot; empty for `preset`.
    pub(crate) fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The part of the name after the dot.
    pub(crate) fn key(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, key)| key)
    }

    /// The value in effect, as TOML.
    pub(crate) fn effective(&self, config: &Config) -> Option<String> {
        match self.state {
            State::Built(show) => show(config),
            State::OnlyOff(off) => Some(off.show()),
            State::Idle(default) => Some(default.to_owned()),
        }
    }
}

/// The setting of that name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Every section, in the order of the table.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut sections = Vec::new();
    for setting in SETTINGS {
        if !setting.section().is_empty() && !sections.contains(&setting.section()) {
            sections.push(setting.section());
        }
    }
    sections
}

const fn built(
    name: &'static str,
    kind: Kind,
    show: fn(&Config) -> Option<String>,
    about: &'static str,
) -> Setting {
    Setting {
        name,
        kind,
        state: State::Built(show),
        about,
    }
}

const fn off(name: &'static str, kind: Kind, off: Off, about: &'static str) -> Setting {
    Setting {
        name,
        kind,
        state: State::OnlyOff(off),
        about,
    }
}

const fn idle(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting {
        name,
        kind,
        state: State::Idle(default),
        about,
    }
}

use Kind::{
    Duration, DurationOrNone, OneOf, Pairs, PublicKey, Seconds, Secret, Switch, Text, Texts, Whole,
};

/// Every setting.
#[rustfmt::skip]
pub(crate) const SETTINGS: &[Setting] = &[
    built("preset", Text, |c| Some(show::text(c.policy.preset.name())), "Whose defaults to start from: modern, simplejwt, jwt-allauth or jwt-manager."),

    built("server.bind", Text, |c| Some(show::text(&c.bind.to_string())), "Address and port that the server listens on."),
    built("server.public_url", Text, |c| Some(show::text(c.public_url.as_deref().unwrap_or(""))), "How the world reaches the server; \"\" for its own address."),
    built("server.trusted_proxies", Texts, |c| Some(show::texts(c.given_proxies())), "Proxies whose `X-Forwarded-For` is believed: addresses and networks (CIDR); [] for none."),
    built("server.allauth_prefix", Text, |c| Some(show::text(&c.allauth_prefix.as_ref().map_or_else(String::new, ToString::to_string))), "The path in front of jwt-allauth's endpoints, such as `/auth`; \"\" for none of them."),

    built("store.url", Text, |c| Some(show::text(&c.store.to_string())), "Where everything is kept, as sqlite:PATH or sqlite:///PATH; a relative path is beside this file."),

    off("redis.url", Text, Off::Text(""), "A Redis server beside the store."),

    built("jwt.access_token_lifetime", Duration, |c| Some(show::duration(c.policy.tokens.access_lifetime)), "Life of an access token."),
    built("jwt.refresh_token_lifetime", Duration, |c| Some(show::duration(c.policy.tokens.refresh_lifetime)), "Life of a refresh token."),
    built("jwt.rotate_refresh_tokens", Switch, |c| show::switch(c.rotates()), "Whether a refresh returns a new refresh token."),
    built("jwt.blacklist_after_rotation", Switch, |c| show::switch(c.blacklist_after_rotation), "Whether the old refresh token is spent then."),
    built("jwt.update_last_login", Switch, |c| show::switch(c.policy.accounts.record_login), "Whether a sign-in is noted on the account."),
    built("jwt.algorithm", Text, |c| Some(show::text(c.policy.tokens.algorithm.name())), "How tokens are signed: ES256, EdDSA, RS256, HS256 or another algorithm of RFC 7518."),
    built("jwt.signing_key", Secret, |c| c.origin("jwt.signing_key").map(|_| show::HIDDEN.to_owned()), "The secret (HS256 and its like) or private key (PEM) that signs. Unset: made by the program and kept, wrapped, in the store."),
    built("jwt.signing_key_file", Text, |c| c.given_text("jwt.signing_key_file"), "A file that holds the signing key instead."),
    built("jwt.verifying_key", PublicKey, |c| c.given_text("jwt.verifying_key"), "The public key (PEM) of the signing key; only compared with it."),
    built("jwt.verifying_key_file", Text, |c| c.given_text("jwt.verifying_key_file"), "A file that holds the public key instead."),
    built("jwt.audience", Texts, |c| Some(show::texts(&c.policy.tokens.audience)), "`aud`: written and demanded, if not empty."),
    built("jwt.issuer", Text, |c| Some(show::text(c.policy.tokens.issuer.as_deref().unwrap_or(""))), "`iss`: written and demanded, if not empty."),
    built("jwt.jwk_url", Text, |c| Some(show::text(c.jwk_url.as_ref().map_or("", KeySetUrl::as_str))), "Where another issuer publishes its keys (https): its tokens are verified with them, too; \"\" for none."),
    built("jwt.leeway", Seconds, |c| Some(show::duration(c.policy.tokens.leeway)), "Tolerated clock skew, at most 300 seconds."),
    built("jwt.auth_header_types", Texts, |c| Some(show::texts(&c.policy.wire.auth_header_types)), "Schemes accepted before a token; the first one stands in challenges."),
    built("jwt.auth_header_name", Text, |c| Some(show::text(&c.policy.wire.auth_header_name)), "The header that carries the token, by its own name."),
    built("jwt.user_id_field", OneOf(&["id", "username", "email", "uuid"]), |c| Some(show::text(c.policy.tokens.user_field.name())), "What tokens call an account by: id, username, email or uuid."),
    built("jwt.user_id_claim", Text, |c| Some(show::text(&c.policy.tokens.user_claim)), "The claim that names the account."),
    built("jwt.auth_token_classes", Texts, |c| Some(show::texts(&c.token_classes())), "Classes of token that resources accept, tried in order: access, sliding, refresh, untyped."),
    built("jwt.token_type_claim", Text, |c| Some(show::text(c.policy.tokens.token_type_claim.as_deref().unwrap_or(""))), "The claim that names the kind of token."),
    built("jwt.jti_claim", Text, |c| Some(show::text(&c.policy.tokens.token_id_claim)), "The claim that carries the token's id."),
    built("jwt.sliding_token_lifetime", Duration, |c| Some(show::duration(c.policy.tokens.sliding_lifetime)), "Life of a sliding token; each refresh begins it anew."),
    built("jwt.sliding_token_refresh_lifetime", Duration, |c| Some(show::duration(c.policy.tokens.sliding_refresh_lifetime)), "How long a sliding token can be refreshed."),
    built("jwt.sliding_token_refresh_exp_claim", Text, |c| Some(show::text(&c.policy.tokens.sliding_refresh_claim)), "The claim that says until when."),
    built("jwt.check_revoke_token", Switch, |c| show::switch(c.policy.tokens.check_password_mark), "Whether tokens carry a mark of the password and die when it changes."),
    built("jwt.revoke_token_claim", Text, |c| Some(show::text(&c.policy.tokens.password_mark_claim)), "The claim that carries the mark."),
    built("jwt.check_user_is_active", Switch, |c| show::switch(c.policy.accounts.check_active), "Whether resources and refreshes refuse inactive accounts."),
    built("jwt.websocket_token_lifetime", Duration, |c| Some(show::duration(c.policy.tokens.websocket_lifetime)), "Life of a websocket token."),
    built("jwt.custom_kinds", Texts, |c| Some(show::texts(&c.policy.tokens.custom_kinds)), "Kinds of generic tokens besides access, refresh and websocket: lower-case letters, digits, - and _."),

    built("blacklist.enabled", Switch, |c| show::switch(c.policy.blacklist.is_enabled()), "Whether refresh tokens can be blacklisted."),
    built("blacklist.history", Switch, |c| show::switch(c.keeps_history()), "Whether rotated-out tokens are kept for the lists."),

    built("rotation.reuse_detection", Switch, |c| show::switch(c.detects_reuse()), "Whether a spent refresh token, shown again, ends its session."),
    built("rotation.reuse_grace", Duration, |c| Some(show::duration(c.policy.rotation.reuse_grace)), "How long the same successor is handed out again to the same client."),
    built("rotation.session_lifetime", DurationOrNone, |c| Some(c.policy.sessions.lifetime.map_or_else(|| show::text(""), show::duration)), "The absolute life of a session; \"\" for none."),

    built("session.claim", Text, |c| Some(show::text(c.policy.tokens.session_claim.as_deref().unwrap_or(""))), "The claim that names the session, by a UUID (`session`: by 32 hex digits); \"\" for none."),
    built("session.start_claim", Text, |c| Some(show::text(c.policy.tokens.session_start_claim.as_deref().unwrap_or(""))), "The claim that says in which second the session began; \"\" for none."),
    built("session.check", Switch, |c| show::switch(c.checks_sessions()), "Whether an ended session kills its access tokens at once."),
    built("session.limit", Whole, |c| Some(c.policy.sessions.limit.unwrap_or(0).to_string()), "Live sessions per account, the oldest ends; 0 for no limit."),
    built("session.idle", DurationOrNone, |c| Some(c.policy.sessions.idle.map_or_else(|| show::text(""), show::duration)), "How long a session may go without a refresh; \"\" for no limit."),

    built("devices.collect", Switch, |c| show::switch(c.policy.collect_devices), "Whether a session records the device that it was opened from."),

    off("feed.max_staleness", Duration, Off::Seconds(5), "How old a node's view of the revocation log may be."),
    off("feed.stale", Text, Off::Text("ask"), "What a node does when its view is older."),

    built("claims.from_account", Pairs, |c| Some(show::pairs(c.account_claims())), "Further claims and the account's field that each tells: username, email, email_verified, uuid, is_staff, is_superuser, role, attributes.NAME."),
    built("claims.at_refresh", OneOf(&["renewed", "carried"]), |c| Some(show::text(c.claims_at_refresh())), "What becomes of further claims at a refresh: they tell of the account as it is now, or as it was at the sign-in."),

    built("hooks.login_url", Text, |c| Some(show::text(&c.hooks.login_url())), "A service that is told of every sign-in with a password, afterwards; \"\" for none."),
    built("hooks.claims_url", Text, |c| Some(show::text(&c.hooks.claims_url())), "A service that is asked for further claims before tokens are issued; \"\" for none."),
    built("hooks.secret_file", Text, |c| Some(c.given_text("hooks.secret_file").unwrap_or_else(|| show::text(""))), "A file with the secret that signs what both are sent: 32 bytes or more, mode 0600, beside this file."),
    built("hooks.timeout", Duration, |c| Some(show::duration(c.hooks.timeout)), "How long an answer may take, at most 10 seconds."),
    built("hooks.on_failure", OneOf(&["refuse", "continue"]), |c| Some(show::text(c.hooks.on_failure.name())), "What happens without an answer about claims: nothing is issued, or tokens without them."),

    built("foreign.refresh", OneOf(&["off", "recorded", "signed"]), |c| Some(show::text(c.foreign())), "Which refresh tokens of other issuers with our key are accepted."),
    built("foreign.until", Text, |c| Some(c.foreign_until()), "When that ends by itself: a date, whose day (UTC) still counts, or a moment; \"\" for never."),

    built("accounts.sign_in_requires", Texts, |c| Some(show::texts(&c.sign_in_requirements())), "What an active account must have to sign in and to refresh, all of it: staff, superuser, email_verified."),
    built("accounts.login", OneOf(&["username", "email"]), |c| Some(show::text(c.login())), "What people sign in with: username or email."),

    built("keys.master_key_file", Text, |c| Some(show::text(&c.master_key_file.display().to_string())), "The key that wraps the keys in the store: 32 bytes, mode 0600, beside this file."),
    built("keys.kid", OneOf(&["auto", "always", "never"]), |c| Some(show::text(c.key_id())), "When a token's header names its key; auto: as the preset does."),

    built("wire.bodies", OneOf(&["strict", "drf"]), |c| Some(show::text(c.bodies())), "How request bodies are read: exactly, or as Django REST framework does."),
    built("wire.languages", Texts, |c| Some(c.languages()), "Languages that error texts can be asked for in, by tag, English besides; \"*\" for all, [] for English only."),

    off("binding.access", Text, Off::Text("off"), "What a changed client does to an access token."),
    off("binding.refresh", Text, Off::Text("off"), "What it does to a refresh token."),
    off("binding.websocket", Text, Off::Text("off"), "What it does to a websocket token."),
    off("binding.level", Text, Off::Text("ua"), "How closely clients are told apart."),

    off("cookies.enabled", Switch, Off::Switch(false), "Whether tokens travel in httpOnly cookies."),
    idle("cookies.access", Text, r#""access_token""#, "Name of the access cookie."),
    idle("cookies.refresh", Text, r#""refresh_token""#, "Name of the refresh cookie."),
    idle("cookies.samesite", Text, r#""lax""#, "SameSite of both."),
    idle("cookies.secure", Switch, "true", "Whether they travel over TLS only."),
    idle("cookies.domain", Text, r#""""#, "Their domain; \"\" for the host alone."),

    off("passwords.scheme", Text, Off::Text("argon2id"), "How new passwords are hashed."),
    built("passwords.write", OneOf(&["argon2id", "django"]), |c| Some(show::text(c.password_scheme())), "The form in which they are written; django: PBKDF2, on the way back to it."),
    built("passwords.min_length", Whole, |c| Some(c.policy.passwords.rules.min_length.to_string()), "The fewest characters of a new password, from 1 to 256."),
    built("passwords.refuse_common", Switch, |c| show::switch(c.policy.passwords.rules.refuse_common), "Whether the 19 640 most common passwords are refused as new ones."),
    built("passwords.operator_exempt", Switch, |c| show::switch(c.policy.passwords.rules.operator_exempt), "Whether `countersign user` may set passwords that these rules refuse."),
    built("passwords.danger_cheap_hashes", Switch, |c| show::switch(c.hashes_cheaply()), "Hashes that cost an attacker nothing. For tests only."),

    built("throttle.enabled", Switch, |c| show::switch(c.policy.throttle.enabled), "Whether sign-ins are refused for a while after too many have failed."),
    built("throttle.per_account_and_address", Whole, |c| Some(c.policy.throttle.per_account_and_address.to_string()), "Failures of one name at one address (IPv6: its first 64 bits) within the window, from 1 to 1000."),
    built("throttle.per_address", Whole, |c| Some(c.policy.throttle.per_address.to_string()), "Failures at one address, whatever the name."),
    built("throttle.per_account", Whole, |c| Some(c.policy.throttle.per_account.to_string()), "Failures of one name at all addresses together that it was not signed in from."),
    built("throttle.window", Duration, |c| Some(show::duration(c.policy.throttle.window)), "How long a failure counts, at most 24 hours."),

    off("mail.smtp_url", Text, Off::Text(""), "The server that mails go out by."),
    off("mail.outbox", Text, Off::Text(""), "A folder that mails are written to instead."),
    off("mail.from", Text, Off::Text(""), "The sender of mails."),

    built("audit.refresh", Switch, |c| show::switch(c.policy.audit_refreshes), "Whether every refresh leaves a line in the audit log."),
    built("audit.keep", DurationOrNone, |c| Some(c.policy.audit_keep.map_or_else(|| show::text(""), show::duration)), "How long events stay in the audit log, 1 day or more; \"\" for ever."),
];

/// Settings of `SimpleJWT` that have no place here, with where to go instead.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    (
        "jwt.auth_header_type",
        "SimpleJWT has removed it: use `auth_header_types`",
    ),
    (
        "jwt.auth_token_class",
        "SimpleJWT has removed it: use `auth_token_classes`",
    ),
    (
        "jwt.secret_key",
        "SimpleJWT has removed it: use `signing_key` or `signing_key_file`",
    ),
    (
        "jwt.token_backend_class",
        "SimpleJWT has removed it: use `algorithm`",
    ),
    (
        "jwt.user_authentication_rule",
        "it names Python code: `accounts.sign_in_requires` says who may sign in; a program of your own gives a rule (`countersign::hooks`)",
    ),
    (
        "jwt.on_login_success",
        "it names Python code: `update_last_login` notes sign-ins, and `hooks.login_url` tells a service of yours",
    ),
    (
        "jwt.on_login_failed",
        "it names Python code: the audit log tells of every refused sign-in; a program of your own gives an observer (`countersign::hooks`)",
    ),
    (
        "jwt.json_encoder",
        "it names Python code: claims are always written as compact JSON",
    ),
    (
        "jwt.token_user_class",
        "it names Python code: a resource server takes `TokenUser` of the crate `countersign-token`",
    ),
    ("jwt.token_obtain_serializer", PYTHON_ENDPOINT),
    ("jwt.token_refresh_serializer", PYTHON_ENDPOINT),
    ("jwt.token_verify_serializer", PYTHON_ENDPOINT),
    ("jwt.token_blacklist_serializer", PYTHON_ENDPOINT),
    ("jwt.sliding_token_obtain_serializer", PYTHON_ENDPOINT),
    ("jwt.sliding_token_refresh_serializer", PYTHON_ENDPOINT),
];

const PYTHON_ENDPOINT: &str = "it names Python code: claims come from `claims.from_account` and `hooks.claims_url`; to change what an endpoint answers, mount your own beside the crate `countersign-axum`";
