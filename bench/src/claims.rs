//! What the measured tokens say: as little as SimpleJWT's do, or as much as those of a larger installation.

use std::hint::black_box;

use countersign_token::{ClaimsError, ClaimsSet, Timestamp};
use serde::{Deserialize, Serialize};

/// How much a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The five claims of an access token of SimpleJWT.
    Small,
    /// These, issuer and audiences, and what a program wants to know of a user without asking.
    Large,
}

impl Size {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// The claims as they are put together for every token.
    #[must_use]
    pub fn claims_set(self) -> ClaimsSet {
        let claims = match self {
            Self::Small => small_set(),
            Self::Large => large_set(),
        };
        claims.expect("strings and dates are acceptable claims")
    }

    /// The claims as JSON, by the way that has the least to do.
    #[must_use]
    pub fn to_json(self) -> Vec<u8> {
        let json = match self {
            Self::Small => serde_json::to_vec(black_box(&SMALL)),
            Self::Large => serde_json::to_vec(black_box(&*LARGE)),
        };
        json.expect("strings and numbers have a JSON form")
    }

    /// Reads claims without copying a string, and tells whether they are those of an access token in force,
    /// in the large form also by and for whom they should be.
    #[must_use]
    pub fn is_accepted(self, claims: &[u8]) -> bool {
        match self {
            Self::Small => serde_json::from_slice::<Small<&str>>(claims)
                .is_ok_and(|claims| black_box(claims).is_access_at(NOW)),
            Self::Large => serde_json::from_slice::<Large<&str>>(claims).is_ok_and(|claims| {
                let claims = black_box(claims);
                claims.is_access_at(NOW) && claims.iss == ISSUER && claims.aud.contains(&AUDIENCE)
            }),
        }
    }
}

/// The claims of an access token in SimpleJWT's form, in its order. `S` is a string, borrowed or owned.
#[derive(Serialize, Deserialize)]
pub struct Small<S> {
    /// `access`.
    pub token_type: S,
    /// In the year 2100.
    pub exp: i64,
    /// In the year 2023.
    pub iat: i64,
    /// The token id.
    pub jti: S,
    /// The user.
    pub user_id: S,
}

impl Small<&str> {
    fn is_access_at(&self, now: i64) -> bool {
        self.token_type == "access" && self.iat <= now && now < self.exp
    }
}

/// The claims of a token that saves its readers a question.
#[derive(Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the claims'")]
pub struct Large<S> {
    pub token_type: S,
    pub exp: i64,
    pub iat: i64,
    pub jti: S,
    pub user_id: S,
    pub iss: S,
    pub aud: Vec<S>,
    pub sid: S,
    pub auth_time: i64,
    pub amr: Vec<S>,
    pub username: S,
    pub email: S,
    pub email_verified: bool,
    pub locale: S,
    pub picture: S,
    pub roles: Vec<S>,
    pub permissions: Vec<S>,
    pub tenant: Tenant<S>,
}

/// A claim with members of its own.
#[derive(Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the members'")]
pub struct Tenant<S> {
    pub id: u32,
    pub name: S,
    pub plan: S,
    pub regions: Vec<S>,
}

impl Large<&str> {
    fn is_access_at(&self, now: i64) -> bool {
        self.token_type == "access" && self.iat <= now && now < self.exp
    }
}

fn small_set() -> Result<ClaimsSet, ClaimsError> {
    let mut claims = ClaimsSet::new();
    claims.insert("token_type", SMALL.token_type)?;
    claims.set_expiration(Timestamp::from_seconds(SMALL.exp));
    claims.set_issued_at(Timestamp::from_seconds(SMALL.iat));
    claims.set_token_id(SMALL.jti)?;
    claims.insert("user_id", SMALL.user_id)?;
    Ok(claims)
}

fn large_set() -> Result<ClaimsSet, ClaimsError> {
    let mut claims = small_set()?;
    claims.set_issuer(LARGE.iss)?;
    claims.set_audience(&LARGE.aud)?;
    claims.insert("sid", LARGE.sid)?;
    claims.set_date("auth_time", Timestamp::from_seconds(LARGE.auth_time));
    claims.insert("amr", &LARGE.amr)?;
    claims.insert("username", LARGE.username)?;
    claims.insert("email", LARGE.email)?;
    claims.insert("email_verified", LARGE.email_verified)?;
    claims.insert("locale", LARGE.locale)?;
    claims.insert("picture", LARGE.picture)?;
    claims.insert("roles", &LARGE.roles)?;
    claims.insert("permissions", &LARGE.permissions)?;
    claims.insert("tenant", &LARGE.tenant)?;
    Ok(claims)
}

/// The small claims.
pub const SMALL: Small<&str> = Small {
    token_type: "access",
    exp: 4_102_444_800,
    iat: 1_700_000_000,
    jti: "5f1a8c0e9b3d47265f1a8c0e9b3d4726",
    user_id: "7",
};

/// The large claims.
pub static LARGE: std::sync::LazyLock<Large<&str>> = std::sync::LazyLock::new(|| Large {
    token_type: SMALL.token_type,
    exp: SMALL.exp,
    iat: SMALL.iat,
    jti: SMALL.jti,
    user_id: SMALL.user_id,
    iss: ISSUER,
    aud: vec![AUDIENCE, "billing", "reports"],
    sid: "7d1f0c52-88a1-4a5e-9d0c-3f2b6a9e4c11",
    auth_time: SMALL.iat,
    amr: vec!["pwd", "otp"],
    username: "ann.example",
    email: "ann.example@mail.example.com",
    email_verified: true,
    locale: "en-GB",
    picture: "https://cdn.example.com/avatars/5f1a8c0e/128.png",
    roles: vec!["editor", "reviewer", "billing-admin", "on-call"],
    permissions: vec![
        "orders:read",
        "orders:write",
        "orders:refund",
        "customers:read",
        "customers:write",
        "invoices:read",
        "invoices:write",
        "reports:read",
        "reports:export",
        "users:invite",
        "webhooks:manage",
        "audit:read",
        "catalogue:read",
        "catalogue:write",
        "shipments:read",
        "shipments:schedule",
        "payouts:approve",
    ],
    tenant: Tenant {
        id: 4711,
        name: "Example Trading Ltd",
        plan: "business-annual",
        regions: vec!["eu-central-1", "eu-west-1", "us-east-1"],
    },
});

/// Who issued the large claims.
pub const ISSUER: &str = "https://id.example.com";
/// One of those for whom they are, and the one who asks.
pub const AUDIENCE: &str = "jobs";
/// The second at which ours and the floor judge.
pub const NOW: i64 = 1_893_456_000;
