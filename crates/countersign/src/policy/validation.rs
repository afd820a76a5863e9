//! What contradicts itself or lies outside its range is refused before anything is issued.

use std::time::Duration;

use super::{Blacklist, Policy, ThrottlePolicy, TokenPolicy};
use crate::password::PasswordRules;
use crate::rotation::{ReuseDetection, RotationMode};

impl Policy {
    /// Refuses settings that contradict each other or lie outside their range.
    ///
    /// # Errors
    /// The first [`PolicyError`], which names the setting as configuration files do.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.validate_lifetimes()?;
        self.validate_claim_names()?;
        self.validate_custom_kinds()?;
        self.validate_account_claims()?;
        self.validate_rotation()?;
        let min_length = self.passwords.rules.min_length;
        if !(1..=PasswordRules::MOST_MIN_LENGTH).contains(&min_length) {
            return Err(PolicyError::new(
                "passwords.min_length",
                "a number of characters from 1 to 256 is needed",
            ));
        }
        self.validate_throttle()?;
        if self.tokens.resource_classes.is_empty() {
            return Err(PolicyError::new(
                "jwt.auth_token_classes",
                "at least one class of token is needed, or no resource could be reached",
            ));
        }
        if self.wire.auth_header_types.is_empty()
            || self
                .wire
                .auth_header_types
                .iter()
                .any(|scheme| !is_token(scheme))
        {
            return Err(PolicyError::new(
                "jwt.auth_header_types",
                "at least one scheme is needed, each of letters, digits and -",
            ));
        }
        if !is_token(&self.wire.auth_header_name) {
            return Err(PolicyError::new(
                "jwt.auth_header_name",
                "the header's own name is needed, such as Authorization or X-Access-Token",
            ));
        }
        Ok(())
    }

    fn validate_lifetimes(&self) -> Result<(), PolicyError> {
        let lifetimes = [
            (
                "jwt.access_token_lifetime",
                Some(self.tokens.access_lifetime),
            ),
            (
                "jwt.refresh_token_lifetime",
                Some(self.tokens.refresh_lifetime),
            ),
            (
                "jwt.websocket_token_lifetime",
                Some(self.tokens.websocket_lifetime),
            ),
            (
                "jwt.sliding_token_lifetime",
                Some(self.tokens.sliding_lifetime),
            ),
            (
                "jwt.sliding_token_refresh_lifetime",
                Some(self.tokens.sliding_refresh_lifetime),
            ),
            ("rotation.session_lifetime", self.sessions.lifetime),
            ("session.idle", self.sessions.idle),
        ];
        for (setting, lifetime) in lifetimes {
            let range = Duration::from_secs(1)..=TokenPolicy::MAX_LIFETIME;
            if lifetime.is_some_and(|lifetime| !range.contains(&lifetime)) {
                return Err(PolicyError::new(
                    setting,
                    "a life from 1 second to 100 years is needed",
                ));
            }
        }
        if self.tokens.leeway > TokenPolicy::MAX_LEEWAY {
            return Err(PolicyError::new(
                "jwt.leeway",
                "at most 300 seconds are tolerated",
            ));
        }
        let kept = Self::SHORTEST_AUDIT..=TokenPolicy::MAX_LIFETIME;
        if self.audit_keep.is_some_and(|keep| !kept.contains(&keep)) {
            return Err(PolicyError::new(
                "audit.keep",
                "a time from 1 day to 100 years is needed, or none for ever",
            ));
        }
        Ok(())
    }

    fn validate_claim_names(&self) -> Result<(), PolicyError> {
        let tokens = &self.tokens;
        let named = [
            ("jwt.token_type_claim", tokens.token_type_claim.as_deref()),
            ("jwt.jti_claim", Some(tokens.token_id_claim.as_str())),
            ("jwt.user_id_claim", Some(tokens.user_claim.as_str())),
            (
                "jwt.revoke_token_claim",
                Some(tokens.password_mark_claim.as_str()),
            ),
            (
                "jwt.sliding_token_refresh_exp_claim",
                Some(tokens.sliding_refresh_claim.as_str()),
            ),
            ("session.claim", tokens.session_claim.as_deref()),
            ("session.start_claim", tokens.session_start_claim.as_deref()),
        ];
        let mut taken = vec!["exp", "iat", "nbf", "iss", "aud"];
        for (setting, name) in named
            .into_iter()
            .filter_map(|(setting, name)| Some((setting, name?)))
        {
            if name.is_empty() || taken.contains(&name) {
                return Err(PolicyError::new(
                    setting,
                    "a claim name of its own is needed",
                ));
            }
            taken.push(name);
        }
        Ok(())
    }

    fn validate_custom_kinds(&self) -> Result<(), PolicyError> {
        const SETTING: &str = "jwt.custom_kinds";
        let tokens = &self.tokens;
        if !tokens.custom_kinds.is_empty() && tokens.token_type_claim.is_none() {
            return Err(PolicyError::new(
                SETTING,
                "without jwt.token_type_claim nobody could tell them apart",
            ));
        }
        if tokens.custom_kinds.len() > TokenPolicy::MAX_CUSTOM_KINDS {
            return Err(PolicyError::new(SETTING, "at most 64 kinds are accepted"));
        }
        let mut taken = vec!["access", "refresh", "sliding", "websocket", "untyped"];
        for kind in &tokens.custom_kinds {
            if !is_kind(kind) || taken.contains(&kind.as_str()) {
                return Err(PolicyError::new(
                    SETTING,
                    "each needs a name of its own: 1 to 64 lower-case letters, digits, - and _",
                ));
            }
            taken.push(kind);
        }
        Ok(())
    }

    fn validate_account_claims(&self) -> Result<(), PolicyError> {
        let mut taken = Vec::new();
        for claim in &self.claims.from_account {
            let name = claim.name.as_str();
            if name.is_empty() || self.tokens.is_own_claim(name) || taken.contains(&name) {
                return Err(PolicyError::new(
                    "claims.from_account",
                    "each needs a name of its own, which none of the authority's claims has",
                ));
            }
            taken.push(name);
        }
        Ok(())
    }

    fn validate_rotation(&self) -> Result<(), PolicyError> {
        let rotation = &self.rotation;
        if rotation.mode == RotationMode::Fork && rotation.reuse_detection == ReuseDetection::On {
            return Err(PolicyError::new(
                "rotation.reuse_detection",
                "it cannot be on while rotated tokens stay good: set jwt.blacklist_after_rotation = true (and blacklist.enabled = true), or switch it off",
            ));
        }
        if rotation.reuse_grace > MAX_REUSE_GRACE {
            return Err(PolicyError::new(
                "rotation.reuse_grace",
                "at most 10 minutes are accepted",
            ));
        }
        if self.sessions.idle.is_some() && rotation.mode == RotationMode::Off {
            return Err(PolicyError::new(
                "session.idle",
                "without rotation nothing tells that a session is in use: set jwt.rotate_refresh_tokens = true, or leave it empty",
            ));
        }
        if self.blacklist == Blacklist::Disabled && rotation.mode == RotationMode::Rotate {
            return Err(PolicyError::new(
                "jwt.blacklist_after_rotation",
                "there is no blacklist: set blacklist.enabled = true or switch it off",
            ));
        }
        Ok(())
    }

    fn validate_throttle(&self) -> Result<(), PolicyError> {
        let throttle = &self.throttle;
        let limits = [
            (
                "throttle.per_account_and_address",
                throttle.per_account_and_address,
            ),
            ("throttle.per_address", throttle.per_address),
            ("throttle.per_account", throttle.per_account),
        ];
        for (setting, limit) in limits {
            if !(1..=ThrottlePolicy::MAX_LIMIT).contains(&limit) {
                return Err(PolicyError::new(
                    setting,
                    "a limit from 1 to 1000 failures is needed",
                ));
            }
        }
        let windows = Duration::from_secs(1)..=ThrottlePolicy::MAX_WINDOW;
        if !windows.contains(&throttle.window) {
            return Err(PolicyError::new(
                "throttle.window",
                "a time from 1 second to 24 hours is needed",
            ));
        }
        Ok(())
    }
}

/// A setting that cannot be used, by the name it has in configuration files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct PolicyError {
    /// The setting, such as `jwt.leeway`.
    pub setting: &'static str,
    /// What is wrong, and what to do.
    pub message: &'static str,
}

impl PolicyError {
    const fn new(setting: &'static str, message: &'static str) -> Self {
        Self { setting, message }
    }
}

/// `security.md` R04: the grace is for retries, not for second owners.
const MAX_REUSE_GRACE: Duration = Duration::from_mins(10);

/// The name of a custom kind.
fn is_kind(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// A `token` of RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AccountClaim, AccountField, Preset};

    #[test]
    fn p01_new_hashes_cost_what_is_recommended_in_every_preset() {
        for preset in Preset::ALL {
            let cost = Policy::preset(preset).passwords.cost;
            assert!(cost.memory_kib >= 19 * 1024, "{}", preset.name());
            assert!(cost.passes >= 2 && cost.lanes >= 1, "{}", preset.name());
        }
        let back = crate::password::Pbkdf2Cost::DJANGO;
        assert!(back.iterations.get() >= 600_000);
    }

    #[test]
    fn the_audit_log_is_kept_for_a_day_or_more() {
        let mut policy = Policy::preset(Preset::Modern);
        for (keep, accepted) in [
            (None, true),
            (Some(Policy::SHORTEST_AUDIT), true),
            (Some(Duration::from_secs(86_399)), false),
            (Some(TokenPolicy::MAX_LIFETIME), true),
            (Some(Duration::MAX), false),
        ] {
            policy.audit_keep = keep;
            let setting = policy.validate().err().map(|error| error.setting);
            assert_eq!(setting, (!accepted).then_some("audit.keep"), "{keep:?}");
        }
    }

    #[test]
    fn every_preset_is_valid_as_it_stands() {
        for preset in Preset::ALL {
            assert_eq!(
                Policy::preset(preset).validate(),
                Ok(()),
                "{}",
                preset.name()
            );
            assert_eq!(Preset::parse(preset.name()), Some(preset));
        }
    }

    #[test]
    fn contradictions_are_refused_by_the_name_of_the_setting() {
        type Change = fn(&mut Policy);
        let cases: [(&str, Change); 23] = [
            ("jwt.access_token_lifetime", |p| {
                p.tokens.access_lifetime = Duration::ZERO;
            }),
            ("jwt.refresh_token_lifetime", |p| {
                p.tokens.refresh_lifetime = Duration::from_hours(36_501 * 24);
            }),
            ("jwt.sliding_token_lifetime", |p| {
                p.tokens.sliding_lifetime = Duration::from_millis(999);
            }),
            ("jwt.sliding_token_refresh_lifetime", |p| {
                p.tokens.sliding_refresh_lifetime = Duration::from_hours(36_501 * 24);
            }),
            ("jwt.sliding_token_refresh_exp_claim", |p| {
                p.tokens.sliding_refresh_claim = "exp".to_owned();
            }),
            ("jwt.auth_token_classes", |p| {
                p.tokens.resource_classes.clear();
            }),
            ("jwt.leeway", |p| p.tokens.leeway = Duration::from_secs(301)),
            ("jwt.user_id_claim", |p| {
                p.tokens.user_claim = "jti".to_owned();
            }),
            ("jwt.token_type_claim", |p| {
                p.tokens.token_type_claim = Some("exp".to_owned());
            }),
            ("claims.from_account", |p| {
                p.claims.from_account = vec![claim("", AccountField::Email)];
            }),
            ("claims.from_account", |p| {
                p.claims.from_account = vec![claim("sid", AccountField::Email)];
            }),
            ("claims.from_account", |p| {
                let twice = claim("mail", AccountField::Email);
                p.claims.from_account = vec![twice.clone(), twice];
            }),
            ("rotation.reuse_detection", |p| {
                p.rotation.mode = RotationMode::Fork;
            }),
            ("rotation.reuse_grace", |p| {
                p.rotation.reuse_grace = Duration::from_secs(601);
            }),
            ("session.idle", |p| {
                p.sessions.idle = Some(Duration::from_millis(1));
            }),
            ("session.idle", |p| {
                p.sessions.idle = Some(Duration::from_hours(1));
                p.rotation.mode = RotationMode::Off;
                p.rotation.reuse_detection = ReuseDetection::Off;
            }),
            ("session.start_claim", |p| {
                p.tokens.session_start_claim = Some("sid".to_owned());
            }),
            ("jwt.blacklist_after_rotation", |p| {
                p.blacklist = Blacklist::Disabled;
            }),
            ("jwt.auth_header_types", |p| {
                p.wire.auth_header_types.clear();
            }),
            ("throttle.per_account_and_address", |p| {
                p.throttle.per_account_and_address = 0;
            }),
            ("throttle.per_address", |p| p.throttle.per_address = 1_001),
            ("throttle.per_account", |p| p.throttle.per_account = 0),
            ("throttle.window", |p| {
                p.throttle.window = Duration::from_hours(25);
            }),
        ];
        for (setting, change) in cases {
            let mut policy = Policy::preset(Preset::Modern);
            change(&mut policy);
            assert_eq!(policy.validate().map_err(|e| e.setting), Err(setting));
        }
    }

    fn claim(name: &str, field: AccountField) -> AccountClaim {
        AccountClaim {
            name: name.to_owned(),
            field,
        }
    }
}
