//! The crate `jwt-simple` on the cryptography of its feature `pure-rust`: its other one needs a C++ compiler.

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::LazyLock;

use ::jwt_simple::prelude::*;
use countersign_bench::claims::{AUDIENCE, ISSUER, LARGE, SMALL, Size, Tenant};
use countersign_token::Algorithm;
use serde::{Deserialize, Serialize};

use super::{Library, pem};

pub struct JwtSimple {
    sign: Box<Signs>,
    accepts: Box<Accepts>,
    expected: VerificationOptions,
    size: Size,
}

type Signs = dyn Fn(Size) -> Result<String, ::jwt_simple::Error>;
type Accepts = dyn Fn(Size, &str, VerificationOptions) -> bool;

/// The keys of the library share no trait, only the names of their methods.
macro_rules! hands {
    ($signing:expr, $sign:ident, $verifying:expr) => {{
        let (signing, verifying) = ($signing, $verifying);
        let sign: Box<Signs> = Box::new(move |size| match size {
            Size::Small => signing.$sign(small()),
            Size::Large => signing.$sign(large()),
        });
        let accepts: Box<Accepts> = Box::new(move |size, token, expected| match size {
            Size::Small => verifying
                .verify_token::<Small<String>>(token, Some(expected))
                .is_ok_and(|claims| black_box(claims).custom.token_type == "access"),
            Size::Large => verifying
                .verify_token::<Large<String>>(token, Some(expected))
                .is_ok_and(|claims| black_box(claims).custom.token_type == "access"),
        });
        (sign, accepts)
    }};
    (secret $key:expr) => {{
        let key = $key;
        hands!(key.clone(), authenticate, key)
    }};
    (pair $pair:expr) => {{
        let pair = $pair;
        let public = pair.public_key();
        hands!(pair, sign, public)
    }};
}

impl JwtSimple {
    /// `None` for an algorithm that it does not have.
    pub fn new(
        algorithm: Algorithm,
        exported: &[u8],
        size: Size,
    ) -> Result<Option<Self>, ::jwt_simple::Error> {
        let pem = &pem(exported);
        let (sign, accepts) = match algorithm {
            Algorithm::Hs256 => hands!(secret HS256Key::from_bytes(exported)),
            Algorithm::Hs384 => hands!(secret HS384Key::from_bytes(exported)),
            Algorithm::Hs512 => hands!(secret HS512Key::from_bytes(exported)),
            Algorithm::Rs256 => hands!(pair RS256KeyPair::from_pem(pem)?),
            Algorithm::Rs384 => hands!(pair RS384KeyPair::from_pem(pem)?),
            Algorithm::Rs512 => hands!(pair RS512KeyPair::from_pem(pem)?),
            Algorithm::Ps256 => hands!(pair PS256KeyPair::from_pem(pem)?),
            Algorithm::Ps384 => hands!(pair PS384KeyPair::from_pem(pem)?),
            Algorithm::Ps512 => hands!(pair PS512KeyPair::from_pem(pem)?),
            Algorithm::Es256 => hands!(pair ES256KeyPair::from_pem(pem)?),
            Algorithm::Es384 => hands!(pair ES384KeyPair::from_pem(pem)?),
            Algorithm::EdDsa => hands!(pair Ed25519KeyPair::from_pem(pem)?),
            _ => return Ok(None),
        };
        Ok(Some(Self {
            sign,
            accepts,
            expected: expected(size),
            size,
        }))
    }
}

impl Library for JwtSimple {
    fn sign(&self) -> String {
        (self.sign)(self.size).expect("a generated key signs")
    }

    fn accepts(&self, token: &str) -> bool {
        (self.accepts)(self.size, token, self.expected.clone())
    }
}

fn expected(size: Size) -> VerificationOptions {
    let only = |value: &str| Some(HashSet::from([value.to_owned()]));
    let (allowed_issuers, allowed_audiences) = match size {
        Size::Small => (None, None),
        Size::Large => (only(ISSUER), only(AUDIENCE)),
    };
    VerificationOptions {
        time_tolerance: None,
        allowed_issuers,
        allowed_audiences,
        ..VerificationOptions::default()
    }
}

fn small() -> JWTClaims<&'static Small<&'static str>> {
    registered(black_box(&SMALL_CUSTOM))
}

fn large() -> JWTClaims<&'static Large<&'static str>> {
    let mut claims = registered(black_box(&*LARGE_CUSTOM));
    claims.issuer = Some(LARGE.iss.to_owned());
    let audiences = LARGE.aud.iter().copied().map(str::to_owned).collect();
    claims.audiences = Some(Audiences::AsSet(audiences));
    claims
}

fn registered<C>(custom: C) -> JWTClaims<C> {
    let at = |seconds: i64| Some(UnixTimeStamp::from_secs(seconds.unsigned_abs()));
    JWTClaims {
        issued_at: at(SMALL.iat),
        expires_at: at(SMALL.exp),
        invalid_before: None,
        issuer: None,
        subject: None,
        audiences: None,
        jwt_id: Some(SMALL.jti.to_owned()),
        nonce: None,
        custom,
    }
}

/// What of the small claims the library does not know by name.
#[derive(Serialize, Deserialize)]
struct Small<S> {
    token_type: S,
    user_id: S,
}

/// The same of the large claims.
#[derive(Serialize, Deserialize)]
struct Large<S> {
    token_type: S,
    user_id: S,
    sid: S,
    auth_time: i64,
    amr: Vec<S>,
    username: S,
    email: S,
    email_verified: bool,
    locale: S,
    picture: S,
    roles: Vec<S>,
    permissions: Vec<S>,
    tenant: Tenant<S>,
}

static SMALL_CUSTOM: Small<&str> = Small {
    token_type: SMALL.token_type,
    user_id: SMALL.user_id,
};

static LARGE_CUSTOM: LazyLock<Large<&str>> = LazyLock::new(|| Large {
    token_type: LARGE.token_type,
    user_id: LARGE.user_id,
    sid: LARGE.sid,
    auth_time: LARGE.auth_time,
    amr: LARGE.amr.clone(),
    username: LARGE.username,
    email: LARGE.email,
    email_verified: LARGE.email_verified,
    locale: LARGE.locale,
    picture: LARGE.picture,
    roles: LARGE.roles.clone(),
    permissions: LARGE.permissions.clone(),
    tenant: LARGE.tenant.clone(),
});
