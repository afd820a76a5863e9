//! Every setting that decides about tokens, validated once; and the presets, which only choose defaults.
//!
//! A [`Policy`] is plain data. [`Policy::preset`] fills it with the defaults of one of the systems that this one
//! stands in for; whoever reads a configuration then overrides single fields, and [`Policy::validate`] refuses
//! what contradicts itself before anything is issued.

mod claims;
mod presets;
mod validation;

use std::time::Duration;

use countersign_token::{Algorithm, Timestamp, UnixMillis};

pub use self::claims::{AccountClaim, AccountField, ClaimsAtRefresh, ClaimsPolicy, UnfitClaims};
pub use self::presets::Preset;
pub use self::validation::PolicyError;

use crate::account::Account;
use crate::language::Language;
use crate::password::{Argon2Cost, PasswordRules, Pbkdf2Cost, WrittenForm};
use crate::rotation::{RotatedOut, RotationMode, RotationPolicy};
use crate::session::SessionId;

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Which defaults it started from.
    pub preset: Preset,
    /// What tokens say and how long they live.
    pub tokens: TokenPolicy,
    /// What tokens say of their account besides naming it.
    pub claims: ClaimsPolicy,
    /// What happens to refresh tokens.
    pub rotation: RotationPolicy,
    /// How sessions live and what they decide.
    pub sessions: SessionPolicy,
    /// What becomes of an account's sessions when the account changes.
    pub accounts: AccountPolicy,
    /// Refresh tokens that somebody else minted.
    pub foreign: ForeignTokenPolicy,
    /// From this second on they are refused, whatever `foreign` says: a takeover that ends by itself.
    pub foreign_until: Option<Timestamp>,
    /// Whether tokens can be blacklisted at all (`[blacklist] enabled`); off, the endpoint is absent.
    pub blacklist: Blacklist,
    /// When the verify endpoint asks the ledger.
    pub verify: VerifyPolicy,
    /// What new passwords are like, what hashing one costs, and how many are hashed at once.
    pub passwords: PasswordPolicy,
    /// How many sign-ins may fail.
    pub throttle: ThrottlePolicy,
    /// How requests and answers look.
    pub wire: WirePolicy,
    /// Whether a session that is opened records its [`Device`](crate::device::Device).
    pub collect_devices: bool,
    /// Whether a successful refresh leaves a line in the audit log; every other event always does.
    pub audit_refreshes: bool,
    /// How long events stay in the audit log, from [`Policy::SHORTEST_AUDIT`] up; `None` for ever.
    pub audit_keep: Option<Duration>,
}

impl Policy {
    /// The shortest time that events stay in the audit log: a slip of the unit is no order to destroy evidence.
    pub const SHORTEST_AUDIT: Duration = Duration::from_hours(24);
}

/// What tokens say and how long they live; `[jwt]` in configuration files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPolicy {
    /// The algorithm of new tokens.
    pub algorithm: Algorithm,
    /// Life of an access token, from one second up.
    pub access_lifetime: Duration,
    /// Life of a refresh token, from one second up.
    pub refresh_lifetime: Duration,
    /// Life of a websocket token, from one second up.
    pub websocket_lifetime: Duration,
    /// The kinds that generic tokens may be of besides access, refresh and websocket: at most
    /// [`TokenPolicy::MAX_CUSTOM_KINDS`], each of 1 to 64 lower-case letters, digits, hyphens and underscores. They live
    /// as long as access tokens unless their issue says otherwise.
    pub custom_kinds: Vec<String>,
    /// Life of a sliding token, from one second up. Each refresh begins it anew.
    pub sliding_lifetime: Duration,
    /// How long after its sign-in a sliding token can be refreshed, from one second up.
    pub sliding_refresh_lifetime: Duration,
    /// The claim that says until when a sliding token can be refreshed.
    pub sliding_refresh_claim: String,
    /// The classes of token that resources accept, tried in this order; at least one.
    pub resource_classes: Vec<TokenClass>,
    /// `iss`: written and demanded, if set.
    pub issuer: Option<String>,
    /// `aud`: written and demanded, if not empty.
    pub audience: Vec<String>,
    /// Tolerated clock skew, at most [`TokenPolicy::MAX_LEEWAY`].
    pub leeway: Duration,
    /// The claim that names the kind of token; `None` writes and checks none.
    pub token_type_claim: Option<String>,
    /// The claim that carries the token id.
    pub token_id_claim: String,
    /// The claim that names the account, as text.
    pub user_claim: String,
    /// What of the account it carries.
    pub user_field: UserField,
    /// Whether tokens carry a mark of the password and are refused once it has changed (`CHECK_REVOKE_TOKEN`).
    pub check_password_mark: bool,
    /// The claim that carries the mark.
    pub password_mark_claim: String,
    /// The claim that carries the session's public name; `None` for none.
    pub session_claim: Option<String>,
    /// The claim that carries the second in which the session began; `None` for none.
    pub session_start_claim: Option<String>,
    /// When the header names the key.
    pub key_id: KeyIdInHeader,
}

impl TokenPolicy {
    /// The largest leeway in any configuration.
    pub const MAX_LEEWAY: Duration = Duration::from_mins(5);
    /// The most custom kinds.
    pub const MAX_CUSTOM_KINDS: usize = 64;
    /// The longest life of any token: a hundred years.
    pub const MAX_LIFETIME: Duration = Duration::from_hours(100 * 365 * 24);

    /// A session's public name as the session claim carries it: a UUID; in a claim `session`, the 32 hex digits that
    /// jwt-allauth's clients know.
    pub fn session_claim_text(&self, sid: SessionId) -> String {
        match self.session_claim.as_deref() {
            Some("session") => sid.hex(),
            _ => sid.to_string(),
        }
    }
}

/// What of an account its tokens carry (`USER_ID_FIELD`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserField {
    /// Its number.
    Id,
    /// Its login name.
    Username,
    /// Its e-mail address. Accounts without one, or with one that others share, get no tokens that work.
    Email,
    /// Its UUID.
    Uuid,
}

impl UserField {
    /// Every field there is.
    pub const ALL: [Self; 4] = [Self::Id, Self::Username, Self::Email, Self::Uuid];

    /// The name in configuration files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::Email => "email",
            Self::Uuid => "uuid",
        }
    }

    /// The field of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// A class of token that resources may accept (`AUTH_TOKEN_CLASSES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenClass {
    /// Access tokens.
    Access,
    /// Sliding tokens, each judged by its session's row.
    Sliding,
    /// Refresh tokens, each judged by its session's row. Whoever accepts them gives up what their seclusion is for.
    Refresh,
    /// Tokens of any kind, and of none.
    Untyped,
}

impl TokenClass {
    /// Every class there is.
    pub const ALL: [Self; 4] = [Self::Access, Self::Sliding, Self::Refresh, Self::Untyped];

    /// The name in configuration files, which is also the value of the type claim.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Sliding => "sliding",
            Self::Refresh => "refresh",
            Self::Untyped => "untyped",
        }
    }

    /// The class of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// When the JOSE header carries `kid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyIdInHeader {
    /// Always.
    Always,
    /// Only while the ring holds several keys.
    WhenSeveral,
    /// Never.
    Never,
}

/// How sessions live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    /// Whether an ended session kills its access tokens.
    pub check: SessionCheck,
    /// The absolute life of a session, which rotation cannot stretch.
    pub lifetime: Option<Duration>,
    /// How long a session may go without a refresh, from one second up. It caps the `exp` of refresh tokens, and so
    /// needs rotation to move on. Sliding tokens rest as long as they live.
    pub idle: Option<Duration>,
    /// How many live sessions an account may have; the oldest ends.
    pub limit: Option<u32>,
}

/// Whether an ended session kills its access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCheck {
    /// At the very next request.
    On,
    /// They live until their own `exp`, as SimpleJWT's do.
    Off,
}

/// What people sign in with, beside their password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginName {
    /// Their user name.
    Username,
    /// Their e-mail address, which then is each account's own.
    Email,
}

/// How accounts sign in, and what becomes of their sessions when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountPolicy {
    /// What people sign in with.
    pub login: LoginName,
    /// On deactivation and deletion.
    pub on_deactivation: OnAccountChange,
    /// On a change of the password.
    pub on_password_change: OnAccountChange,
    /// Whether resources and refreshes refuse inactive accounts (`CHECK_USER_IS_ACTIVE`).
    /// A sign-in with a password always does.
    pub check_active: bool,
    /// Whether a sign-in is noted on the account (`UPDATE_LAST_LOGIN`).
    pub record_login: bool,
    /// Who may sign in and refresh, of all that are active.
    pub sign_in: SignInRequirements,
}

/// What an account must have to sign in and to refresh, besides being active; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInRequirements {
    /// The staff flag.
    pub staff: bool,
    /// The superuser flag.
    pub superuser: bool,
    /// A verified e-mail address.
    pub email_verified: bool,
}

impl SignInRequirements {
    /// Whether an account meets all of them.
    pub const fn are_met_by(self, account: &Account) -> bool {
        (!self.staff || account.privileges.staff)
            && (!self.superuser || account.privileges.superuser)
            && (!self.email_verified || account.email_verified)
    }
}

/// What a change of the account does to its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAccountChange {
    /// They end in the same transaction, and nothing brings them back.
    EndSessions,
    /// They live; the account's state is looked at instead.
    KeepSessions,
}

/// Which refresh tokens of others are accepted (`[foreign] refresh`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignTokenPolicy {
    /// None.
    Off,
    /// Those that were imported.
    Recorded,
    /// Any that a key of ours signed and that is not blacklisted; access tokens, too.
    Signed,
}

/// Whether there is a blacklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blacklist {
    /// There is.
    Enabled {
        /// Whether rotated-out tokens are kept for SimpleJWT's lists.
        history: bool,
    },
    /// There is none: `blacklist_after_rotation` is off whatever it says, and the endpoint is absent.
    Disabled,
}

impl Blacklist {
    /// Whether tokens can be blacklisted.
    pub const fn is_enabled(self) -> bool {
        matches!(self, Self::Enabled { .. })
    }
}

/// When the verify endpoint asks the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyPolicy {
    /// Always.
    AsksLedger,
    /// Only while rotation blacklists, as SimpleJWT does.
    AsksLedgerWithBlacklisting,
}

/// How passwords are hashed, and what new ones are like; `[passwords]` in configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The cost of new hashes; stored ones of another cost are upgraded at sign-in.
    pub cost: Argon2Cost,
    /// The scheme of new hashes; stored ones of another are upgraded at sign-in.
    pub write: PasswordScheme,
    /// How many hashes are computed at once, usually one for each core.
    pub slots: usize,
    /// What new passwords must be like.
    pub rules: PasswordRules,
}

/// The scheme of new password hashes (`[passwords] write`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordScheme {
    /// argon2id.
    Argon2id,
    /// What any Django reads: the way back to it.
    Django,
}

impl PasswordPolicy {
    /// The form in which passwords are stored.
    pub fn written_form(&self) -> WrittenForm {
        match self.write {
            PasswordScheme::Argon2id => WrittenForm::Argon2id(self.cost),
            PasswordScheme::Django if self.cost == Argon2Cost::DANGER_CHEAP => {
                WrittenForm::Django(Pbkdf2Cost::DANGER_CHEAP)
            }
            PasswordScheme::Django => WrittenForm::Django(Pbkdf2Cost::DJANGO),
        }
    }
}

/// How many sign-ins may fail within a window; `[throttle]` in configuration files.
/// [`throttle`](crate::throttle) says who is refused then, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottlePolicy {
    /// Whether anything is refused. Off, passwords can be guessed as fast as they are hashed.
    pub enabled: bool,
    /// For one name at one address (IPv6: its first 64 bits).
    pub per_account_and_address: u32,
    /// For one address, whatever the name.
    pub per_address: u32,
    /// For one name, at all addresses together that it was not signed in from.
    pub per_account: u32,
    /// How long a failure counts.
    pub window: Duration,
}

impl ThrottlePolicy {
    /// The largest of the three limits in any configuration: it bounds what is kept.
    pub const MAX_LIMIT: u32 = 1_000;
    /// The longest window in any configuration.
    pub const MAX_WINDOW: Duration = Duration::from_hours(24);
}

/// How requests and answers look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WirePolicy {
    /// How bodies are read, and how verify refuses.
    pub bodies: WireBodies,
    /// The header that carries the token.
    pub auth_header_name: String,
    /// The schemes accepted in it, case-sensitive; the first one stands in challenges.
    pub auth_header_types: Vec<String>,
    /// The languages that a client can ask for, English besides; empty: nobody is asked, and texts are English.
    pub languages: Vec<Language>,
}

/// How bodies are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireBodies {
    /// As Django REST framework does: blanks around credentials are stripped, numbers count as text.
    Drf,
    /// Exactly as sent.
    Strict,
}

impl Policy {
    /// The defaults of a preset.
    pub fn preset(preset: Preset) -> Self {
        presets::defaults(preset)
    }

    /// Whether a refresh spends the presented token.
    pub fn blacklists_after_rotation(&self) -> bool {
        self.rotation.mode == RotationMode::Rotate
    }

    /// Whether tokens that are rotated out are kept for the lists.
    pub const fn rotated_out(&self) -> RotatedOut {
        match self.blacklist {
            Blacklist::Enabled { history: true } => RotatedOut::Recorded,
            Blacklist::Enabled { history: false } | Blacklist::Disabled => RotatedOut::Forgotten,
        }
    }

    /// Which refresh tokens of others are accepted at this moment.
    pub fn foreign_at(&self, now: UnixMillis) -> ForeignTokenPolicy {
        match self.foreign_until {
            Some(until) if now.timestamp() >= until => ForeignTokenPolicy::Off,
            Some(_) | None => self.foreign,
        }
    }

    /// Whether the verify endpoint asks the ledger.
    pub fn verify_asks_ledger(&self) -> bool {
        match self.verify {
            VerifyPolicy::AsksLedger => true,
            VerifyPolicy::AsksLedgerWithBlacklisting => self.blacklists_after_rotation(),
        }
    }

    /// Whether a refresh must look at the account: because its changes do not end its sessions, because they decide
    /// whether it may sign in, because the token says something of it that is to be compared, or because the new
    /// tokens tell of them.
    pub fn reads_account_at_refresh(&self) -> bool {
        let renewed = self.claims.at_refresh == ClaimsAtRefresh::Renewed;
        self.accounts.on_deactivation == OnAccountChange::KeepSessions
            || self.tokens.check_password_mark
            || self.tokens.user_field != UserField::Id
            || self.accounts.sign_in != SignInRequirements::default()
            || (renewed && !self.claims.from_account.is_empty())
    }

    /// Whether an e-mail address must be the account's own, because somebody is told by it.
    pub fn needs_unique_email(&self) -> bool {
        self.accounts.login == LoginName::Email || self.tokens.user_field == UserField::Email
    }
}
