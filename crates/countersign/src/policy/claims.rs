//! What tokens say of their account besides naming it.

use countersign_token::{ClaimsError, ClaimsSet};

use super::{Policy, TokenPolicy};
use crate::account::Account;

/// Claims that an account's fields become; `[claims]` in configuration files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsPolicy {
    /// The claims, in the order in which tokens carry them.
    pub from_account: Vec<AccountClaim>,
    /// What becomes of them, and of those that [hooks](crate::hooks) give, at a refresh.
    pub at_refresh: ClaimsAtRefresh,
}

impl ClaimsPolicy {
    /// How long all further claims of a token may be together, as JSON. Verifiers accept tokens up to 16 KiB.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// The claims of an account.
    pub(crate) fn of(&self, account: &Account) -> Result<ClaimsSet, ClaimsError> {
        let mut claims = ClaimsSet::new();
        for claim in &self.from_account {
            claim.field.write(account, &claim.name, &mut claims)?;
        }
        Ok(claims)
    }
}

/// One field of the account as a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountClaim {
    /// The claim's name.
    pub name: String,
    /// What it says.
    pub field: AccountField,
}

/// What becomes of further claims at a refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimsAtRefresh {
    /// They say what a sign-in would say now: the account is read and the hooks are asked again, and what neither
    /// gives any more is gone. A right that was taken away is gone with the next access token.
    Renewed,
    /// They stay as they were at the sign-in, as `SimpleJWT`'s do.
    CarriedOver,
}

/// A field of an account that may become a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountField {
    /// The login name.
    Username,
    /// The e-mail address; an empty text if there is none.
    Email,
    /// Whether its owner proved to read mail sent there.
    EmailVerified,
    /// The random name that never changes.
    Uuid,
    /// The staff flag.
    Staff,
    /// The superuser flag.
    Superuser,
    /// The [effective role](Account::effective_role): as it was given, or else as the flags say.
    Role,
    /// A member of the attributes. An account without it gets no such claim.
    Attribute(String),
}

impl AccountField {
    /// Every field but the attributes, which have names of their own.
    pub const FIXED: [Self; 7] = [
        Self::Username,
        Self::Email,
        Self::EmailVerified,
        Self::Uuid,
        Self::Staff,
        Self::Superuser,
        Self::Role,
    ];

    /// The field of that name, such as `email` or `attributes.team`.
    pub fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix(ATTRIBUTES) {
            Some("") => None,
            Some(attribute) => Some(Self::Attribute(attribute.to_owned())),
            None => Self::FIXED.into_iter().find(|field| field.name() == name),
        }
    }

    /// The name in configuration files.
    pub fn name(&self) -> String {
        match self {
            Self::Username => "username".to_owned(),
            Self::Email => "email".to_owned(),
            Self::EmailVerified => "email_verified".to_owned(),
            Self::Uuid => "uuid".to_owned(),
            Self::Staff => "is_staff".to_owned(),
            Self::Superuser => "is_superuser".to_owned(),
            Self::Role => "role".to_owned(),
            Self::Attribute(name) => format!("{ATTRIBUTES}{name}"),
        }
    }

    fn write(
        &self,
        account: &Account,
        claim: &str,
        claims: &mut ClaimsSet,
    ) -> Result<(), ClaimsError> {
        match self {
            Self::Username => claims.insert(claim, &account.username),
            Self::Email => claims.insert(claim, &account.email),
            Self::EmailVerified => claims.insert(claim, account.email_verified),
            Self::Uuid => claims.insert(claim, account.uuid.to_string()),
            Self::Staff => claims.insert(claim, account.privileges.staff),
            Self::Superuser => claims.insert(claim, account.privileges.superuser),
            Self::Role => claims.insert(claim, account.effective_role().code()),
            Self::Attribute(name) => match account.attributes.raw(name) {
                Some(value) => claims.insert_raw(claim, value),
                None => Ok(()),
            },
        }
    }
}

impl TokenPolicy {
    /// Whether a claim is ours: nobody but the authority says what stands in it. These are the registered ones
    /// (RFC 7519 §4.1) and those that the settings name.
    pub fn is_own_claim(&self, name: &str) -> bool {
        let named = [
            self.token_type_claim.as_deref(),
            Some(self.token_id_claim.as_str()),
            Some(self.user_claim.as_str()),
            self.session_claim.as_deref(),
            self.session_start_claim.as_deref(),
            Some(self.sliding_refresh_claim.as_str()),
            Some(self.password_mark_claim.as_str()),
        ];
        ALWAYS_OWN.contains(&name) || named.contains(&Some(name))
    }
}

impl Policy {
    /// Whether a claim may be data of a generic token: it is not ours, and no field of the account becomes it.
    pub fn may_be_data(&self, name: &str) -> bool {
        let fields = &self.claims.from_account;
        !self.tokens.is_own_claim(name) && fields.iter().all(|claim| claim.name != name)
    }
}

impl TokenPolicy {
    /// Whether claims can stand in a token beside ours.
    ///
    /// # Errors
    /// [`UnfitClaims`] if one of them is ours, if they are too long or too many, or if one holds a number that readers
    /// of JSON cannot hold.
    pub fn check_further_claims(&self, claims: &ClaimsSet) -> Result<(), UnfitClaims> {
        if let Some((name, _)) = claims.iter().find(|(name, _)| self.is_own_claim(name)) {
            return Err(UnfitClaims::Own(name.into()));
        }
        if claims.to_json().len() > ClaimsPolicy::MAX_BYTES {
            return Err(UnfitClaims::TooLong);
        }
        if !leaves_room(claims) {
            return Err(UnfitClaims::TooMany);
        }
        match claims.iter().find(|(_, value)| !can_be_held(value)) {
            Some((name, _)) => Err(UnfitClaims::Number(name.into())),
            None => Ok(()),
        }
    }
}

/// Whether a token with these claims and ours is still one that verifiers read: they count members at every depth.
fn leaves_room(claims: &ClaimsSet) -> bool {
    let mut whole = claims.clone();
    let room = (0..OWN_CLAIMS).try_for_each(|number| whole.insert(&format!("own {number}"), 0));
    room.is_ok() && ClaimsSet::parse(&whole.to_json()).is_ok()
}

/// Whether readers of JSON can hold every number in a value: most read them as floats, and `1e400` is none. Some then
/// refuse the whole token, others read infinity.
fn can_be_held(value: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(value).is_ok()
}

/// More than a token has claims of ours.
const OWN_CLAIMS: u32 = 32;

/// Claims that cannot stand in a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitClaims {
    /// Nobody but the authority says what stands in this claim.
    #[error("the claim {0:?} cannot be given")]
    Own(Box<str>),
    /// They are longer than [`ClaimsPolicy::MAX_BYTES`].
    #[error("the further claims are longer than {} bytes", ClaimsPolicy::MAX_BYTES)]
    TooLong,
    /// They have so many members, those inside of values included, that no verifier would read the token.
    #[error("the further claims have too many members")]
    TooMany,
    /// A number in this claim is beyond what readers of JSON can hold.
    #[error("the claim {0:?} has a number that is too large")]
    Number(Box<str>),
}

const ATTRIBUTES: &str = "attributes.";

/// The registered claims, and the one that tells kinds apart wherever nothing else was agreed on.
const ALWAYS_OWN: [&str; 8] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "token_type",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Preset};

    #[test]
    fn every_field_is_found_by_its_name() {
        let attribute = AccountField::Attribute("team".to_owned());
        for field in AccountField::FIXED.into_iter().chain([attribute]) {
            assert_eq!(AccountField::parse(&field.name()), Some(field));
        }
        for name in ["", "password", "id", "attributes", "attributes.", "Email"] {
            assert_eq!(AccountField::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn further_claims_are_bounded() {
        let tokens = Policy::preset(Preset::Modern).tokens;
        let long = |length: usize| {
            let mut claims = ClaimsSet::new();
            claims.insert("x", "x".repeat(length)).unwrap();
            tokens.check_further_claims(&claims)
        };
        let frame = r#"{"x":""}"#.len();
        assert_eq!(long(ClaimsPolicy::MAX_BYTES - frame), Ok(()));
        assert_eq!(
            long(ClaimsPolicy::MAX_BYTES - frame + 1),
            Err(UnfitClaims::TooLong)
        );
    }

    #[test]
    fn further_claims_leave_room_for_ours() {
        let tokens = Policy::preset(Preset::Modern).tokens;
        let many = |count: u32| {
            let mut claims = ClaimsSet::new();
            let inner: std::collections::BTreeMap<_, _> =
                (0..count).map(|n| (n.to_string(), 0)).collect();
            claims.insert("x", inner).unwrap();
            tokens.check_further_claims(&claims)
        };
        assert_eq!(many(900), Ok(()));
        assert_eq!(many(990), Err(UnfitClaims::TooMany));
    }

    #[test]
    fn a_number_that_no_float_holds_is_unfit_at_any_depth() {
        let tokens = Policy::preset(Preset::Modern).tokens;
        let check = |value: &str| {
            let claims = ClaimsSet::parse(&format!(r#"{{"good":1,"x":{value}}}"#)).unwrap();
            tokens.check_further_claims(&claims)
        };
        let unfit = Err(UnfitClaims::Number("x".into()));
        for value in [
            "1e400",
            "-1e400",
            "1e309",
            "1e99999",
            "[1e400]",
            r#"{"a":[{"b":1E+400}]}"#,
        ] {
            assert_eq!(check(value), unfit, "{value}");
        }
        for value in [
            "1e308",
            "-1.7976931348623157e308",
            "1e-400",
            "0e999",
            "9999999999999999999999999999999999999999",
            r#""1e400""#,
        ] {
            assert_eq!(check(value), Ok(()), "{value}");
        }
        let too_long = format!(r#"{{"x":{}}}"#, "9".repeat(41));
        assert!(ClaimsSet::parse(&too_long).is_err());
    }

    #[test]
    fn registered_and_configured_claims_are_ours() {
        let mut tokens = Policy::preset(Preset::Modern).tokens;
        tokens.user_claim = "uid".to_owned();
        for name in [
            "iss",
            "sub",
            "aud",
            "exp",
            "nbf",
            "iat",
            "jti",
            "token_type",
            "uid",
            "sid",
            "refresh_exp",
            "hash_password",
        ] {
            assert!(tokens.is_own_claim(name), "{name}");
        }
        for name in ["user_id", "email", "is_staff", "EXP"] {
            assert!(!tokens.is_own_claim(name), "{name}");
        }
    }
}
