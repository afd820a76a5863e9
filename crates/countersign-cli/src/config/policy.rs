//! From the settings that were given to the [`Policy`] in force: a preset's defaults, overridden one by one.

use std::num::NonZero;
use std::time::Duration;

use countersign::language::Language;
use countersign::password::Argon2Cost;
use countersign::policy::{
    AccountClaim, AccountField, Blacklist, ClaimsAtRefresh, ForeignTokenPolicy, KeyIdInHeader,
    LoginName, PasswordScheme, PolicyError, SessionCheck, SignInRequirements, TokenClass,
    TokenPolicy, UserField, VerifyPolicy, WireBodies,
};
use countersign::rotation::{ReuseDetection, RotationMode};
use countersign::{Policy, Preset};
use countersign_token::{Algorithm, Timestamp, UnixMillis};

use super::diagnostics::{Place, Problem};
use super::settings::Settings;
use super::{Config, Environment, schema};

/// The policy in force, with what it was made from.
pub(super) struct Resolved {
    pub(super) policy: Policy,
    /// Whether the old token is spent on rotation, whether or not there is rotation.
    pub(super) blacklist_after_rotation: bool,
    pub(super) warnings: Vec<Problem>,
}

/// Overrides a preset's defaults by the settings that were given, and validates the whole.
pub(super) fn resolve(settings: &Settings, now: UnixMillis) -> Result<Resolved, Problem> {
    let mut policy = Policy::preset(preset(settings)?);
    override_tokens(&mut policy, settings)?;
    override_sliding(&mut policy, settings)?;
    override_claims(&mut policy, settings)?;
    override_sessions(&mut policy, settings)?;
    override_wire(&mut policy, settings)?;
    let (blacklist_after_rotation, mut warnings) = override_rotation(&mut policy, settings);
    if settings.text("passwords.write") == Some("django") {
        policy.passwords.write = PasswordScheme::Django;
    }
    override_password_rules(&mut policy, settings);
    warnings.extend(override_history(&mut policy, settings));
    warnings.extend(idle_end_of_takeover(&policy, settings, now));
    policy.passwords.slots = std::thread::available_parallelism().map_or(1, NonZero::get);
    if settings.switch("passwords.danger_cheap_hashes") == Some(true) {
        policy.passwords.cost = Argon2Cost::DANGER_CHEAP;
        let message =
            "`passwords.danger_cheap_hashes` is on: stolen password hashes can be reversed";
        warnings.push(
            settings
                .problem("passwords.danger_cheap_hashes", message)
                .help("it is for tests only"),
        );
    }
    warnings.extend(override_throttle(&mut policy, settings));
    refuse_idle_detection(&policy, settings)?;
    policy
        .validate()
        .map_err(|error| refused(settings, policy.preset, &error))?;
    Ok(Resolved {
        policy,
        blacklist_after_rotation,
        warnings,
    })
}

/// What new passwords are like. A length that does not fit is one that validation refuses.
fn override_password_rules(policy: &mut Policy, settings: &Settings) {
    let rules = &mut policy.passwords.rules;
    if let Some(length) = settings.whole("passwords.min_length") {
        rules.min_length = usize::try_from(length).unwrap_or(usize::MAX);
    }
    rules.refuse_common = settings
        .switch("passwords.refuse_common")
        .unwrap_or(rules.refuse_common);
    rules.operator_exempt = settings
        .switch("passwords.operator_exempt")
        .unwrap_or(rules.operator_exempt);
}

fn preset(settings: &Settings) -> Result<Preset, Problem> {
    let name = settings.text("preset").unwrap_or("modern");
    Preset::parse(name).ok_or_else(|| {
        let built: Vec<_> = Preset::ALL
            .iter()
            .map(|preset| format!("`{}`", preset.name()))
            .collect();
        let message = if PLANNED_PRESETS.contains(&name) {
            format!("the preset `{name}` is not built yet")
        } else {
            "there is no preset of that name".to_owned()
        };
        settings
            .problem("preset", message)
            .help(format!("use {}", built.join(", ")))
    })
}

fn override_tokens(policy: &mut Policy, settings: &Settings) -> Result<(), Problem> {
    let tokens = &mut policy.tokens;
    if let Some(name) = settings.text("jwt.algorithm") {
        tokens.algorithm = Algorithm::parse(name).map_err(|refused| {
            settings
                .problem("jwt.algorithm", format!("`jwt.algorithm`: {refused}"))
                .help(nearest_algorithm(name))
        })?;
    }
    set(
        &mut tokens.access_lifetime,
        settings.duration("jwt.access_token_lifetime"),
    );
    set(
        &mut tokens.refresh_lifetime,
        settings.duration("jwt.refresh_token_lifetime"),
    );
    set(
        &mut tokens.websocket_lifetime,
        settings.duration("jwt.websocket_token_lifetime"),
    );
    set(
        &mut tokens.custom_kinds,
        settings.texts("jwt.custom_kinds").map(<[_]>::to_vec),
    );
    set(&mut tokens.leeway, settings.duration("jwt.leeway"));
    set(
        &mut tokens.issuer,
        settings.text("jwt.issuer").map(not_empty),
    );
    set(
        &mut tokens.audience,
        settings.texts("jwt.audience").map(|texts| {
            texts
                .iter()
                .filter(|text| !text.is_empty())
                .cloned()
                .collect()
        }),
    );
    set(
        &mut tokens.token_type_claim,
        settings
            .text("jwt.token_type_claim")
            .map(|name| Some(name.to_owned())),
    );
    set(
        &mut tokens.token_id_claim,
        settings.text("jwt.jti_claim").map(str::to_owned),
    );
    set(
        &mut tokens.user_claim,
        settings.text("jwt.user_id_claim").map(str::to_owned),
    );
    set(
        &mut tokens.user_field,
        settings
            .text("jwt.user_id_field")
            .and_then(UserField::parse),
    );
    set(
        &mut tokens.check_password_mark,
        settings.switch("jwt.check_revoke_token"),
    );
    set(
        &mut tokens.password_mark_claim,
        settings.text("jwt.revoke_token_claim").map(str::to_owned),
    );
    set(
        &mut tokens.session_claim,
        settings.text("session.claim").map(not_empty),
    );
    set(
        &mut tokens.session_start_claim,
        settings.text("session.start_claim").map(not_empty),
    );
    set(
        &mut tokens.key_id,
        settings.text("keys.kid").and_then(key_id),
    );
    Ok(())
}

fn override_sliding(policy: &mut Policy, settings: &Settings) -> Result<(), Problem> {
    let tokens = &mut policy.tokens;
    set(
        &mut tokens.sliding_lifetime,
        settings.duration("jwt.sliding_token_lifetime"),
    );
    set(
        &mut tokens.sliding_refresh_lifetime,
        settings.duration("jwt.sliding_token_refresh_lifetime"),
    );
    set(
        &mut tokens.sliding_refresh_claim,
        settings
            .text("jwt.sliding_token_refresh_exp_claim")
            .map(str::to_owned),
    );
    let classes = settings.texts("jwt.auth_token_classes");
    set(
        &mut tokens.resource_classes,
        classes
            .map(|names| token_classes(names, settings))
            .transpose()?,
    );
    Ok(())
}

fn token_classes(names: &[String], settings: &Settings) -> Result<Vec<TokenClass>, Problem> {
    let class = |name: &String| {
        TokenClass::parse(name).ok_or_else(|| {
            let known = TokenClass::ALL.map(|class| format!("`{}`", class.name()));
            settings
                .problem(
                    "jwt.auth_token_classes",
                    format!("`jwt.auth_token_classes`: there is no class of token `{name}`"),
                )
                .help(format!("use {}", known.join(", ")))
        })
    };
    names.iter().map(class).collect()
}

fn override_claims(policy: &mut Policy, settings: &Settings) -> Result<(), Problem> {
    let claims = settings.pairs(CLAIMS);
    set(
        &mut policy.claims.from_account,
        claims
            .map(|pairs| account_claims(pairs, &policy.tokens, settings))
            .transpose()?,
    );
    set(
        &mut policy.claims.at_refresh,
        settings.text("claims.at_refresh").map(at_refresh),
    );
    let required = settings.texts(REQUIRES);
    set(
        &mut policy.accounts.sign_in,
        required
            .map(|words| sign_in_requirements(words, settings))
            .transpose()?,
    );
    Ok(())
}

fn account_claims(
    pairs: &[(String, String)],
    tokens: &TokenPolicy,
    settings: &Settings,
) -> Result<Vec<AccountClaim>, Problem> {
    let claim = |(name, field): &(String, String)| {
        if tokens.is_own_claim(name) {
            let message = format!("`{CLAIMS}`: the claim `{name}` has another meaning already");
            return Err(settings
                .problem(CLAIMS, message)
                .help("choose another name for it"));
        }
        let field = AccountField::parse(field).ok_or_else(|| {
            let known = AccountField::FIXED.map(|field| format!("`{}`", field.name()));
            settings
                .problem(
                    CLAIMS,
                    format!("`{CLAIMS}`: accounts have no field `{field}`"),
                )
                .help(format!("use {} or `attributes.NAME`", known.join(", ")))
        })?;
        Ok(AccountClaim {
            name: name.clone(),
            field,
        })
    };
    pairs.iter().map(claim).collect()
}

fn sign_in_requirements(
    words: &[String],
    settings: &Settings,
) -> Result<SignInRequirements, Problem> {
    let mut required = SignInRequirements::default();
    for word in words {
        match word.as_str() {
            "staff" => required.staff = true,
            "superuser" => required.superuser = true,
            "email_verified" => required.email_verified = true,
            _ => {
                let message = format!("`{REQUIRES}`: `{word}` cannot be required");
                return Err(settings.problem(REQUIRES, message).help(
                    "use `staff`, `superuser`, `email_verified`; that it is active is required anyway",
                ));
            }
        }
    }
    Ok(required)
}

fn override_sessions(policy: &mut Policy, settings: &Settings) -> Result<(), Problem> {
    let sessions = &mut policy.sessions;
    set(
        &mut sessions.check,
        settings.switch("session.check").map(|on| {
            if on {
                SessionCheck::On
            } else {
                SessionCheck::Off
            }
        }),
    );
    if let Some(limit) = settings.whole("session.limit") {
        let limit = u32::try_from(limit).map_err(|_| {
            let message = "`session.limit` must be at most 4294967295";
            settings
                .problem("session.limit", message)
                .help("0 is for no limit")
        })?;
        sessions.limit = (limit != 0).then_some(limit);
    }
    if settings.text("rotation.session_lifetime").is_some() {
        sessions.lifetime = None;
    }
    set(
        &mut sessions.lifetime,
        settings.duration("rotation.session_lifetime").map(Some),
    );
    if settings.text("session.idle").is_some() {
        sessions.idle = None;
    }
    set(
        &mut sessions.idle,
        settings.duration("session.idle").map(Some),
    );
    set(
        &mut policy.accounts.check_active,
        settings.switch("jwt.check_user_is_active"),
    );
    set(
        &mut policy.accounts.record_login,
        settings.switch("jwt.update_last_login"),
    );
    set(
        &mut policy.accounts.login,
        settings.text("accounts.login").map(login),
    );
    set(
        &mut policy.collect_devices,
        settings.switch("devices.collect"),
    );
    set(
        &mut policy.audit_refreshes,
        settings.switch("audit.refresh"),
    );
    set(
        &mut policy.audit_keep,
        settings.duration("audit.keep").map(Some),
    );
    set(
        &mut policy.foreign,
        settings.text("foreign.refresh").map(foreign),
    );
    policy.foreign_until = foreign_until(settings)?;
    Ok(())
}

/// A date stands for the end of its day, UTC.
fn foreign_until(settings: &Settings) -> Result<Option<Timestamp>, Problem> {
    let text = settings.text("foreign.until").unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let end_of_day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        let next = date.tomorrow().ok()?;
        next.to_zoned(jiff::tz::TimeZone::UTC).ok()
    };
    let moment = if text.contains(['T', 't', ' ']) {
        text.parse::<jiff::Timestamp>().ok()
    } else {
        end_of_day().map(|zoned| zoned.timestamp())
    };
    let until = moment.ok_or_else(|| {
        settings
            .problem(
                "foreign.until",
                "`foreign.until` must be a date or a moment as RFC 3339 writes them",
            )
            .help("such as `2027-01-31` or `2027-01-31T18:00:00Z`")
    })?;
    Ok(Some(Timestamp::from_seconds(until.as_second())))
}

/// Warns of an end to what is over, or never was.
fn idle_end_of_takeover(policy: &Policy, settings: &Settings, now: UnixMillis) -> Option<Problem> {
    policy.foreign_until?;
    if policy.foreign == ForeignTokenPolicy::Off {
        let message =
            "`foreign.until` has no effect: tokens that somebody else minted are refused anyway";
        let help = "leave it out, or say with `foreign.refresh` which ones are accepted until then";
        return Some(settings.problem("foreign.until", message).help(help));
    }
    if policy.foreign_at(now) == ForeignTokenPolicy::Off {
        let message =
            "`foreign.until` has passed: tokens that somebody else minted are refused by now";
        let help = "set a later day; or, if nobody has such tokens any more, `foreign.refresh = \"off\"` without it";
        return Some(settings.problem("foreign.until", message).help(help));
    }
    None
}

fn override_wire(policy: &mut Policy, settings: &Settings) -> Result<(), Problem> {
    let wire = &mut policy.wire;
    set(
        &mut wire.bodies,
        settings.text("wire.bodies").map(|word| {
            if word == "drf" {
                WireBodies::Drf
            } else {
                WireBodies::Strict
            }
        }),
    );
    set(
        &mut wire.auth_header_name,
        settings.text("jwt.auth_header_name").map(str::to_owned),
    );
    set(
        &mut wire.auth_header_types,
        settings.texts("jwt.auth_header_types").map(<[_]>::to_vec),
    );
    let tags = settings.texts("wire.languages");
    set(
        &mut wire.languages,
        tags.map(|tags| languages(tags, settings)).transpose()?,
    );
    refuse_django_key(&wire.auth_header_name, settings)
}

fn languages(tags: &[String], settings: &Settings) -> Result<Vec<Language>, Problem> {
    if tags == ["*"] {
        return Ok(Language::ALL.to_vec());
    }
    let language = |tag: &String| {
        Language::parse(tag).ok_or_else(|| {
            let known = Language::ALL.map(Language::tag);
            let message = format!("`wire.languages`: there are no texts in `{tag}`");
            settings
                .problem("wire.languages", message)
                .help(format!("use \"*\" for all, or {}", known.join(", ")))
        })
    };
    tags.iter().map(language).collect()
}

/// Django's `HTTP_X_ACCESS_TOKEN` is a key of its own, and would pass for the name of a header nobody sends.
fn refuse_django_key(name: &str, settings: &Settings) -> Result<(), Problem> {
    let lower = name.to_ascii_lowercase();
    let Some(words) = lower.strip_prefix("http_") else {
        return Ok(());
    };
    let capitalized = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    let plain: Vec<_> = words.split('_').map(capitalized).collect();
    Err(settings
        .problem(
            "jwt.auth_header_name",
            "`jwt.auth_header_name` is the header's own name, not Django's key for it",
        )
        .help(format!("write `{}`", plain.join("-"))))
}

/// Two switches of `SimpleJWT` make one of three modes. Without a blacklist nothing is spent, whatever they say.
fn override_rotation(policy: &mut Policy, settings: &Settings) -> (bool, Vec<Problem>) {
    let mut warnings = Vec::new();
    let rotates = settings
        .switch("jwt.rotate_refresh_tokens")
        .unwrap_or(policy.rotation.mode != RotationMode::Off);
    let asked_to_spend = settings
        .switch("jwt.blacklist_after_rotation")
        .unwrap_or(policy.rotation.mode == RotationMode::Rotate);
    if settings.switch("blacklist.enabled") == Some(false) {
        policy.blacklist = Blacklist::Disabled;
        if settings.switch("jwt.blacklist_after_rotation") == Some(true) {
            let message =
                "`jwt.blacklist_after_rotation` has no effect: `blacklist.enabled` is false";
            warnings.push(
                settings
                    .problem("jwt.blacklist_after_rotation", message)
                    .help("switch one of them the other way"),
            );
        }
    }
    let spends = asked_to_spend && policy.blacklist.is_enabled();
    policy.rotation.mode = match (rotates, spends) {
        (false, _) => RotationMode::Off,
        (true, false) => RotationMode::Fork,
        (true, true) => RotationMode::Rotate,
    };
    if spends && !rotates && policy.preset == Preset::SimpleJwt {
        // The original's verify endpoint looks at this switch alone.
        policy.verify = VerifyPolicy::AsksLedger;
    }
    let detection = |on| {
        if on {
            ReuseDetection::On
        } else {
            ReuseDetection::Off
        }
    };
    set(
        &mut policy.rotation.reuse_detection,
        settings.switch("rotation.reuse_detection").map(detection),
    );
    set(
        &mut policy.rotation.reuse_grace,
        settings.duration("rotation.reuse_grace"),
    );
    if policy.rotation.reuse_grace > LONG_GRACE {
        let message = "`rotation.reuse_grace` is longer than a retry takes: a stolen token can be used that long";
        warnings.push(
            settings
                .problem("rotation.reuse_grace", message)
                .help("10 seconds are plenty"),
        );
    }
    (spends, warnings)
}

/// Without a blacklist nothing is rotated out of use, and there is no history.
fn override_history(policy: &mut Policy, settings: &Settings) -> Option<Problem> {
    let asked = settings.switch("blacklist.history")?;
    match &mut policy.blacklist {
        Blacklist::Enabled { history } => *history = asked,
        Blacklist::Disabled if asked => {
            let message = "`blacklist.history` has no effect: `blacklist.enabled` is false";
            let help = "switch one of them the other way";
            return Some(settings.problem("blacklist.history", message).help(help));
        }
        Blacklist::Disabled => {}
    }
    None
}

/// Limits out of range are refused with the policy as a whole.
fn override_throttle(policy: &mut Policy, settings: &Settings) -> Option<Problem> {
    let throttle = &mut policy.throttle;
    let limit = |name| {
        let limit = settings.whole(name)?;
        Some(u32::try_from(limit).unwrap_or(u32::MAX))
    };
    set(
        &mut throttle.per_account_and_address,
        limit("throttle.per_account_and_address"),
    );
    set(&mut throttle.per_address, limit("throttle.per_address"));
    set(&mut throttle.per_account, limit("throttle.per_account"));
    set(&mut throttle.window, settings.duration("throttle.window"));
    set(&mut throttle.enabled, settings.switch("throttle.enabled"));
    if throttle.enabled {
        return None;
    }
    let message = "`throttle.enabled` is off: passwords can be guessed as fast as they are hashed";
    Some(
        settings
            .problem("throttle.enabled", message)
            .help("leave it on, unless something before this server counts failed sign-ins"),
    )
}

/// A reuse is told by a token that was spent: it takes the blacklist, and rotation that uses it.
fn refuse_idle_detection(policy: &Policy, settings: &Settings) -> Result<(), Problem> {
    let rotation = &policy.rotation;
    if rotation.mode != RotationMode::Fork || rotation.reuse_detection == ReuseDetection::Off {
        return Ok(());
    }
    let spends = settings
        .switch(SPENDS)
        .unwrap_or(Policy::preset(policy.preset).blacklists_after_rotation());
    let needs = [(BLACKLIST, policy.blacklist.is_enabled()), (SPENDS, spends)];
    let missing: Vec<_> = needs
        .into_iter()
        .filter(|(_, on)| !on)
        .map(|(name, _)| format!("`{name} = true`"))
        .collect();
    let reason = if policy.blacklist.is_enabled() {
        "while rotated tokens stay good"
    } else {
        "without the blacklist"
    };
    // The setting to point at: the one that is refused, or the one whose change made it so.
    let given = |name: &&str| settings.place(name) != Place::Nowhere;
    let place = [DETECTS, BLACKLIST, SPENDS, "jwt.rotate_refresh_tokens"]
        .into_iter()
        .find(given);
    Err(settings
        .problem(
            place.unwrap_or(DETECTS),
            format!("`{DETECTS}` cannot be on {reason}"),
        )
        .help(format!(
            "set `{DETECTS} = false`, or {}",
            missing.join(" and ")
        )))
}

/// What the policy itself refuses.
fn refused(settings: &Settings, preset: Preset, error: &PolicyError) -> Problem {
    let message = format!("`{}`: {}", error.setting, error.message);
    settings
        .problem(error.setting, message)
        .help(way_out(preset, error.setting))
}

fn way_out(preset: Preset, name: &str) -> String {
    // The claim that is refused may be the one that was there first.
    if name.ends_with("claim") {
        return "no two claims share a name, and `exp`, `iat`, `nbf`, `iss` and `aud` are taken"
            .to_owned();
    }
    let setting = schema::find(name);
    let defaults = Config::load(None, &Environment::of_preset(preset)).ok();
    let default = defaults.and_then(|defaults| setting?.effective(&defaults));
    match (setting, default) {
        (Some(setting), Some(default)) => {
            format!(
                "leave it out for the default, `{} = {default}`",
                setting.key()
            )
        }
        _ => "`countersign config show` lists every setting".to_owned(),
    }
}

fn nearest_algorithm(wrong: &str) -> String {
    let known = Algorithm::ALL.map(Algorithm::name);
    let same = known.iter().find(|name| name.eq_ignore_ascii_case(wrong));
    same.map_or_else(
        || format!("use one of {}", known.join(", ")),
        |name| format!("did you mean `{name}`?"),
    )
}

/// `auto` leaves it to the preset.
fn key_id(word: &str) -> Option<KeyIdInHeader> {
    match word {
        "always" => Some(KeyIdInHeader::Always),
        "never" => Some(KeyIdInHeader::Never),
        _ => None,
    }
}

fn login(word: &str) -> LoginName {
    match word {
        "email" => LoginName::Email,
        _ => LoginName::Username,
    }
}

fn at_refresh(word: &str) -> ClaimsAtRefresh {
    match word {
        "carried" => ClaimsAtRefresh::CarriedOver,
        _ => ClaimsAtRefresh::Renewed,
    }
}

fn foreign(word: &str) -> ForeignTokenPolicy {
    match word {
        "recorded" => ForeignTokenPolicy::Recorded,
        "signed" => ForeignTokenPolicy::Signed,
        _ => ForeignTokenPolicy::Off,
    }
}

fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}

const PLANNED_PRESETS: [&str; 1] = ["token-views"];

const CLAIMS: &str = "claims.from_account";
const REQUIRES: &str = "accounts.sign_in_requires";
const DETECTS: &str = "rotation.reuse_detection";
const SPENDS: &str = "jwt.blacklist_after_rotation";
const BLACKLIST: &str = "blacklist.enabled";

const LONG_GRACE: Duration = Duration::from_mins(1);
