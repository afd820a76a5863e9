//! The presets: defaults, and nothing else.

use std::time::Duration;

use countersign_token::Algorithm;

use super::{
    AccountClaim, AccountField, AccountPolicy, Blacklist, ClaimsAtRefresh, ClaimsPolicy,
    ForeignTokenPolicy, KeyIdInHeader, LoginName, OnAccountChange, PasswordPolicy, PasswordScheme,
    Policy, SessionCheck, SessionPolicy, SignInRequirements, ThrottlePolicy, TokenClass,
    TokenPolicy, UserField, VerifyPolicy, WireBodies, WirePolicy,
};
use crate::language::Language;
use crate::password::{Argon2Cost, PasswordRules};
use crate::rotation::{ReuseDetection, RotationMode, RotationPolicy};

/// The systems whose behavior the defaults can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The best of all of them.
    Modern,
    /// djangorestframework-simplejwt, on the wire.
    SimpleJwt,
    /// django-jwt-allauth: sessions, devices, roles.
    JwtAllauth,
    /// The Redis-backed JWT manager: tokens for any data, bound to the client that they were made for.
    JwtManager,
}

impl Preset {
    /// Every preset of this build.
    pub const ALL: [Self; 4] = [
        Self::Modern,
        Self::SimpleJwt,
        Self::JwtAllauth,
        Self::JwtManager,
    ];

    /// The name in configuration files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::SimpleJwt => "simplejwt",
            Self::JwtAllauth => "jwt-allauth",
            Self::JwtManager => "jwt-manager",
        }
    }

    /// The preset of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }
}

pub(super) fn defaults(preset: Preset) -> Policy {
    match preset {
        Preset::Modern => modern(),
        Preset::SimpleJwt => simplejwt(),
        Preset::JwtAllauth => jwt_allauth(),
        Preset::JwtManager => jwt_manager(),
    }
}

fn modern() -> Policy {
    Policy {
        preset: Preset::Modern,
        tokens: TokenPolicy {
            algorithm: Algorithm::Es256,
            access_lifetime: minutes(10),
            refresh_lifetime: days(30),
            leeway: Duration::from_secs(10),
            session_claim: Some("sid".to_owned()),
            key_id: KeyIdInHeader::Always,
            ..token_defaults()
        },
        claims: ClaimsPolicy {
            from_account: Vec::new(),
            at_refresh: ClaimsAtRefresh::Renewed,
        },
        rotation: RotationPolicy {
            mode: RotationMode::Rotate,
            reuse_detection: ReuseDetection::On,
            reuse_grace: Duration::from_secs(10),
        },
        sessions: SessionPolicy {
            check: SessionCheck::On,
            lifetime: Some(days(30)),
            idle: None,
            limit: Some(100),
        },
        accounts: AccountPolicy {
            login: LoginName::Username,
            on_deactivation: OnAccountChange::EndSessions,
            on_password_change: OnAccountChange::EndSessions,
            check_active: true,
            record_login: true,
            sign_in: SignInRequirements::default(),
        },
        foreign: ForeignTokenPolicy::Off,
        foreign_until: None,
        blacklist: Blacklist::Enabled { history: false },
        verify: VerifyPolicy::AsksLedger,
        passwords: password_defaults(),
        throttle: throttle_defaults(),
        wire: wire_defaults(WireBodies::Strict),
        collect_devices: true,
        audit_refreshes: true,
        audit_keep: None,
    }
}

fn simplejwt() -> Policy {
    Policy {
        preset: Preset::SimpleJwt,
        tokens: token_defaults(),
        claims: ClaimsPolicy {
            from_account: Vec::new(),
            at_refresh: ClaimsAtRefresh::CarriedOver,
        },
        rotation: RotationPolicy {
            mode: RotationMode::Off,
            reuse_detection: ReuseDetection::Off,
            reuse_grace: Duration::ZERO,
        },
        sessions: SessionPolicy {
            check: SessionCheck::Off,
            lifetime: None,
            idle: None,
            limit: None,
        },
        accounts: AccountPolicy {
            login: LoginName::Username,
            on_deactivation: OnAccountChange::KeepSessions,
            on_password_change: OnAccountChange::KeepSessions,
            check_active: true,
            record_login: false,
            sign_in: SignInRequirements::default(),
        },
        foreign: ForeignTokenPolicy::Signed,
        foreign_until: None,
        blacklist: Blacklist::Enabled { history: true },
        verify: VerifyPolicy::AsksLedgerWithBlacklisting,
        passwords: PasswordPolicy {
            rules: PasswordRules {
                operator_exempt: true,
                ..password_defaults().rules
            },
            ..password_defaults()
        },
        throttle: throttle_defaults(),
        wire: wire_defaults(WireBodies::Drf),
        collect_devices: false,
        audit_refreshes: true,
        audit_keep: None,
    }
}

fn jwt_allauth() -> Policy {
    Policy {
        preset: Preset::JwtAllauth,
        tokens: TokenPolicy {
            access_lifetime: minutes(30),
            refresh_lifetime: days(14),
            session_claim: Some("session".to_owned()),
            session_start_claim: Some("session_iat".to_owned()),
            ..token_defaults()
        },
        claims: ClaimsPolicy {
            from_account: vec![
                AccountClaim {
                    name: "email_verified".to_owned(),
                    field: AccountField::EmailVerified,
                },
                AccountClaim {
                    name: "role".to_owned(),
                    field: AccountField::Role,
                },
            ],
            at_refresh: ClaimsAtRefresh::Renewed,
        },
        sessions: SessionPolicy {
            lifetime: None,
            ..modern().sessions
        },
        wire: wire_defaults(WireBodies::Drf),
        ..modern()
    }
}

fn jwt_manager() -> Policy {
    Policy {
        preset: Preset::JwtManager,
        tokens: TokenPolicy {
            access_lifetime: minutes(30),
            refresh_lifetime: Duration::from_hours(24),
            session_claim: Some("session".to_owned()),
            ..token_defaults()
        },
        sessions: SessionPolicy {
            lifetime: None,
            ..modern().sessions
        },
        foreign: ForeignTokenPolicy::Signed,
        ..modern()
    }
}

/// SimpleJWT's own defaults, which the other presets vary.
fn token_defaults() -> TokenPolicy {
    TokenPolicy {
        algorithm: Algorithm::Hs256,
        access_lifetime: minutes(5),
        refresh_lifetime: days(1),
        websocket_lifetime: minutes(30),
        custom_kinds: Vec::new(),
        sliding_lifetime: minutes(5),
        sliding_refresh_lifetime: days(1),
        sliding_refresh_claim: "refresh_exp".to_owned(),
        resource_classes: vec![TokenClass::Access],
        issuer: None,
        audience: Vec::new(),
        leeway: Duration::ZERO,
        token_type_claim: Some("token_type".to_owned()),
        token_id_claim: "jti".to_owned(),
        user_claim: "user_id".to_owned(),
        user_field: UserField::Id,
        check_password_mark: false,
        password_mark_claim: "hash_password".to_owned(),
        session_claim: None,
        session_start_claim: None,
        key_id: KeyIdInHeader::WhenSeveral,
    }
}

const fn password_defaults() -> PasswordPolicy {
    PasswordPolicy {
        cost: Argon2Cost::RECOMMENDED,
        write: PasswordScheme::Argon2id,
        slots: 2,
        rules: PasswordRules {
            min_length: 8,
            refuse_common: true,
            operator_exempt: false,
        },
    }
}

/// On for everybody: an original that lets strangers guess without end has a defect, which is not copied.
const fn throttle_defaults() -> ThrottlePolicy {
    ThrottlePolicy {
        enabled: true,
        per_account_and_address: 5,
        per_address: 100,
        per_account: 100,
        window: minutes(5),
    }
}

fn wire_defaults(bodies: WireBodies) -> WirePolicy {
    WirePolicy {
        bodies,
        auth_header_name: "Authorization".to_owned(),
        auth_header_types: vec!["Bearer".to_owned()],
        languages: Language::ALL.to_vec(),
    }
}

const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

const fn days(count: u64) -> Duration {
    Duration::from_hours(count * 24)
}
